//! Axis *bytes*, part one: every attachment is what the manifest says, and manifest and pages say the same.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Attachments;
use super::verdict::Finding;
use crate::dossier::evidence::{REPORT_FILE, TEXT_PREFIX};
use crate::dossier::manifest::{FileEntry, MANIFEST_FILE, Manifest, media_type};

/// Members of the manifest and of the pages that say the same. The operator's word is in no log: that two places
/// have to agree is all that keeps a single slip from passing.
const SAID_TWICE: [(&str, &str); 17] = [
    ("/made_by", "/made_by"),
    ("/scope/locale", "/locale"),
    ("/dossier_id", "/cover/dossier_id"),
    ("/made_at", "/cover/made_at"),
    ("/log_id", "/cover/log_id"),
    ("/origin", "/cover/origin"),
    ("/subject", "/cover/subject"),
    ("/case/asked_by", "/cover/asked_by"),
    ("/case/legal_ref", "/cover/legal_ref"),
    ("/case/purpose", "/cover/purpose"),
    ("/case/case_ref", "/cover/case_ref"),
    ("/scope/as_of", "/cover/as_of"),
    ("/scope/known_at", "/cover/known_at"),
    ("/scope/period/from", "/cover/period/0"),
    ("/scope/period/to", "/cover/period/1"),
    ("/scope/groups", "/cover/groups"),
    ("/scope/values", "/cover/values"),
];

/// Checks the files, and answers the manifest if it could be read.
pub(super) fn check(attachments: &Attachments, found: &mut Finding) -> Option<Manifest> {
    let Some(bytes) = attachments.get(MANIFEST_FILE) else {
        found.fault(None, "manifest_missing", format!("there is no {MANIFEST_FILE}"));
        return None;
    };
    let manifest = match Manifest::read(bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            found.fault(None, "manifest_unreadable", error.to_string());
            return None;
        }
    };
    listed(&manifest, attachments, found);
    texts(attachments, found);
    if let Some(report) = attachments.get(REPORT_FILE) {
        pages(bytes, report, found);
    }
    found.detail(format!("{} attachments are listed with their hashes", manifest.files.len()));
    Some(manifest)
}

fn listed(manifest: &Manifest, attachments: &Attachments, found: &mut Finding) {
    if !manifest.files.is_sorted_by(|before, after| before.name < after.name) {
        found.fault(None, "manifest_order", "the manifest's files are not sorted by name, each once");
    }
    let names: BTreeSet<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    for name in attachments.names().filter(|name| *name != MANIFEST_FILE && !names.contains(name)) {
        found.fault(None, "file_not_listed", format!("{name:?} is attached and not in the manifest"));
    }
    for file in &manifest.files {
        let name = &file.name;
        let Some(bytes) = attachments.get(name) else {
            found.fault(None, "file_missing", format!("{name:?} is in the manifest and not attached"));
            continue;
        };
        let FileEntry { sha256, bytes: size, .. } = FileEntry::of(name, bytes);
        if sha256 != file.sha256 || size != file.bytes {
            found.fault(None, "file_altered", format!("{name:?} is not the file of the manifest's hash"));
        }
        if file.media_type != media_type(name) {
            found.fault(None, "file_kind", format!("{name:?} is called {:?}", file.media_type));
        }
    }
}

/// A published text is named by its own hash, which is what events cite.
fn texts(attachments: &Attachments, found: &mut Finding) {
    for name in attachments.names().filter(|name| name.starts_with(TEXT_PREFIX)) {
        let bytes = attachments.get(name).unwrap_or_default();
        let right = format!("{TEXT_PREFIX}{}.txt", hex::encode(Sha256::digest(bytes)));
        if name != right {
            found.fault(None, "text_altered", format!("{name:?} is not the text of its name"));
        }
    }
}

fn pages(manifest: &[u8], report: &[u8], found: &mut Finding) {
    let (Ok(manifest), Ok(report)) =
        (serde_json::from_slice::<Value>(manifest), serde_json::from_slice::<Value>(report))
    else {
        found.fault(None, "report_unreadable", format!("{REPORT_FILE} is no JSON"));
        return;
    };
    for (here, there) in SAID_TWICE {
        if manifest.pointer(here) != report.pointer(there) {
            let text = format!("{MANIFEST_FILE} at {here} and {REPORT_FILE} at {there} do not say the same");
            found.fault(None, "manifest_differs", text);
        }
    }
}
