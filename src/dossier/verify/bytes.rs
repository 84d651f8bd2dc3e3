//! Axis *bytes*, part two: every event is what its leaf hash says, stands where its own attributes say, and every
//! opening is one that it was recorded with.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subject_record_schemas::vocabulary::Engine as StoreEngine;
use subject_record_schemas::{EventType, Fact, Position, Revision, StoredEvent, StreamName};

use super::reading::{Line, Reading};
use super::verdict::Finding;
use crate::dossier::evidence::{EVENTS_FILE, EVIDENCE_FILE, EntryEvidence, KEY_FILE, StreamRole};
use crate::dossier::manifest::MANIFEST_FILE;
use crate::notary::checkpoint::SignedCheckpoint;

/// Most openings of one event: stored bytes hold no more digests than that.
const OPENINGS_MAX: usize = 2_000;

pub(super) fn check(reading: &Reading<'_>, attached_key: Option<&[u8]>, found: &mut Finding) {
    same_log(reading, attached_key, found);
    let entries = reading.evidence.entries.len();
    if reading.lines_found != entries || !reading.is_ended {
        let text = format!(
            "{EVENTS_FILE} has {} lines{}, {EVIDENCE_FILE} {entries} entries",
            reading.lines_found,
            if reading.is_ended { "" } else { ", the last without its end" },
        );
        found.fault(None, "line_count", text);
    }
    order(&reading.evidence.entries, found);
    gapless(reading, found);
    let mut openings = 0;
    for (entry, line) in reading.entries() {
        openings += entry.openings.len();
        one(entry, line, found);
    }
    withdrawals(reading, found);
    found.detail(format!("{entries} events, {openings} openings of personal values"));
}

/// Manifest, evidence and key file name one log and one checkpoint.
fn same_log(reading: &Reading<'_>, attached_key: Option<&[u8]>, found: &mut Finding) {
    let log = &reading.evidence.log;
    if attached_key != Some(format!("{}\n", log.verifier_key).as_bytes()) {
        found.fault(None, "key_differs", format!("{KEY_FILE} is not the key of {EVIDENCE_FILE}"));
    }
    let Some(manifest) = reading.manifest else { return };
    let checkpoint = SignedCheckpoint::parse(&reading.evidence.checkpoint).ok().map(|read| read.checkpoint);
    let same_checkpoint = checkpoint.is_none_or(|checkpoint| {
        checkpoint.size == manifest.checkpoint.size
            && hex::encode(checkpoint.root) == manifest.checkpoint.root
    });
    if manifest.log_id != log.log_id || manifest.origin != log.origin || !same_checkpoint {
        let text = format!("{MANIFEST_FILE} is of another log or checkpoint than {EVIDENCE_FILE}");
        found.fault(None, "manifest_of_another", text);
    }
}

/// Entries stand by position, and indexes grow no faster than positions.
fn order(entries: &[EntryEvidence], found: &mut Finding) {
    for pair in entries.windows(2) {
        let [before, after] = pair else { continue };
        let positions = after.position.number().checked_sub(before.position.number());
        let indexes = after.index.checked_sub(before.index);
        let in_order = match (positions, indexes) {
            (Some(positions), Some(indexes)) => indexes > 0 && positions >= indexes,
            _ => false,
        };
        if !in_order {
            let text = format!("stands behind position {}, which is not in order", before.position);
            found.fault(Some(after.position), "entry_order", text);
        }
    }
}

/// On engines without gaps the index follows from the position. The log's first event names the engine that it was
/// opened on; the evidence says so when the log was moved to one that has gaps.
fn gapless(reading: &Reading<'_>, found: &mut Finding) {
    if reading.evidence.log.position_gaps {
        return;
    }
    let engine = reading.of_type(EventType::LogOpened).find_map(|(_, fact)| match fact {
        Fact::LogOpened(opened) => Some(opened.engine),
        _ => None,
    });
    if !matches!(engine, Some(StoreEngine::Memory | StoreEngine::Sqlite | StoreEngine::Postgres)) {
        return;
    }
    for entry in &reading.evidence.entries {
        if entry.position.number() != entry.index.saturating_add(1) {
            let text = format!("this log has no gaps, so that index {} is another position", entry.index);
            found.fault(Some(entry.position), "position_differs", text);
        }
    }
}

fn one(entry: &EntryEvidence, line: &Line<'_>, found: &mut Finding) {
    let position = Some(entry.position);
    match line.bytes {
        None => return found.fault(position, "line_missing", "there is no line for this entry"),
        Some(bytes) if entry.withdrawn => {
            if !bytes.is_empty() || !entry.openings.is_empty() {
                found.fault(position, "withdrawn_yet_shown", "is called withdrawn, and its bytes are there");
            }
            return;
        }
        Some([]) => return found.fault(position, "line_empty", "its bytes are missing"),
        Some(_) => {}
    }
    if !line.is_intact {
        return found.fault(position, "event_altered", "its bytes do not hash to its leaf hash");
    }
    let Some(event) = &line.event else {
        return found.fault(position, "event_unreadable", "its bytes do not read as a stored event");
    };
    attributes(entry, event, found);
    openings(entry, event, found);
}

/// The event says itself where it belongs.
fn attributes(entry: &EntryEvidence, event: &StoredEvent, found: &mut Finding) {
    let position = Some(entry.position);
    if !is_at_home(event, &entry.stream) {
        let text = format!("is shown in the stream {:?}, where it does not belong", entry.stream);
        found.fault(position, "stream_differs", text);
    }
    if event.sequence != Revision::new(entry.revision).sequence() {
        let text = format!("is shown as revision {}, and says {:?} itself", entry.revision, event.sequence);
        found.fault(position, "revision_differs", text);
    }
    if event.data.get("_sd_alg").is_some_and(|algorithm| algorithm != "sha-256") {
        found.fault(position, "digest_kind", "its digests are not of SHA-256");
    }
}

/// Whether an event belongs into a stream, by its subject and, where the type is known, by its type.
fn is_at_home(event: &StoredEvent, stream: &str) -> bool {
    let Ok(stream) = stream.parse::<StreamName>() else { return false };
    let subject = event.attributes.subject.as_ref();
    if stream.subject() != subject {
        return false;
    }
    // A type that follows another event has no stream of its own; of a type unknown here only the subject is known.
    event.event_type().ok().and_then(|known: EventType| known.stream(subject)).is_none_or(|own| own == stream)
}

/// Digest of an opening: base64url of the SHA-256 of its text (RFC 9901, section 4.2.3).
pub(super) fn digest_of(opening: &str) -> String {
    BASE64URL.encode(Sha256::digest(opening))
}

/// Salt, name and value of an opening.
fn opened(opening: &str) -> Option<(String, String, Value)> {
    let json = BASE64URL.decode(opening).ok()?;
    let (salt, name, value): (String, String, Value) = serde_json::from_slice(&json).ok()?;
    (!salt.is_empty() && !name.is_empty()).then_some((salt, name, value))
}

fn openings(entry: &EntryEvidence, event: &StoredEvent, found: &mut Finding) {
    let position = Some(entry.position);
    if entry.openings.len() > OPENINGS_MAX {
        let text = format!("has {} openings; at most {OPENINGS_MAX} are read", entry.openings.len());
        return found.fault(position, "opening_count", text);
    }
    let digests: BTreeSet<&str> = event.digests().collect();
    let (mut seen, mut names) = (BTreeSet::new(), BTreeSet::new());
    for opening in &entry.openings {
        let Some((_, name, _)) = opened(opening) else {
            found.fault(position, "opening_shape", "has an opening that is no [salt, name, value]");
            continue;
        };
        let digest = digest_of(opening);
        if !digests.contains(digest.as_str()) {
            let text = format!("was not recorded with the value that is shown for {name:?}");
            found.fault(position, "opening_foreign", text);
        }
        if !seen.insert(digest) || !names.insert(name.clone()) {
            found.fault(position, "opening_twice", format!("has two openings for {name:?}"));
        }
    }
}

/// Bytes are withdrawn by an event that says why, in the same stream: a withdrawal cannot be made up to hide one.
fn withdrawals(reading: &Reading<'_>, found: &mut Finding) {
    let said: BTreeSet<(&str, Position)> = reading
        .of_type(EventType::EventWithdrawn)
        .filter_map(|(entry, fact)| match fact {
            Fact::EventWithdrawn(withdrawn) => Some((entry.stream.as_str(), withdrawn.position)),
            _ => None,
        })
        .collect();
    let is_whole = |name: &str| {
        let mut streams = reading.evidence.streams.iter();
        streams.any(|stream| {
            stream.stream == name && stream.role != StreamRole::Cited && stream.left_out.is_empty()
        })
    };
    for entry in reading.evidence.entries.iter().filter(|entry| entry.withdrawn) {
        if said.contains(&(entry.stream.as_str(), entry.position)) {
            continue;
        }
        if is_whole(&entry.stream) {
            let text = "is called withdrawn, and no event of its stream says so";
            found.fault(Some(entry.position), "withdrawal_unexplained", text);
        } else {
            found.detail(format!("the event that withdrew position {} is not shown", entry.position));
        }
    }
}
