//! A log in memory, and dossiers of it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD as BASE64, BASE64_URL_SAFE_NO_PAD as BASE64URL};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use subject_record_schemas::vocabulary::{AccessPurpose, EvidenceAsker, Language};
use subject_record_schemas::{LeafHash, Position, Revision};
use zeroize::Zeroizing;

use super::super::bytes::digest_of;
use super::super::{Attachments, Axis, Trust, Verdicts, verify};
use crate::dossier::evidence::{
    EVENTS_FILE, EVIDENCE_FILE, EntryEvidence, Evidence, FORMAT, HeadsEvidence, KEY_FILE, LogEvidence,
    OlderCheckpoint, REPORT_FILE, StampEvidence, StreamEvidence, StreamRole,
};
use crate::dossier::manifest::{Case, CheckpointSummary, FileEntry, MANIFEST_FILE, Manifest, Scope};
use crate::dossier::report::Values;
use crate::notary::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::notary::heads::{HeadsMap, StreamEnd};
use crate::notary::note::{CosigningKey, SigningKey};
use crate::notary::proof::TlogProof;
use crate::notary::tree::{
    Frontier, Hash, Node, Nodes, TreeError, leaf_hash, node_hash, prove_consistency, prove_inclusion,
};

pub(super) const ORIGIN: &str = "log.example/record";
pub(super) const LOG_ID: &str = "0f0e0d0c0b0a09080706050403020100";
/// The person that dossiers here are about, and another one.
pub(super) const PERSON: &str = "p-aigerim-01";
pub(super) const OTHER: &str = "p-daniyar-02";
const STAMPED_AT: &str = "2026-03-01T09:00:00Z";

pub(super) fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, Zeroizing::new([7; 32])).unwrap()
}

pub(super) fn cosigner(name: &str) -> CosigningKey {
    let seed = Sha256::digest(name).into();
    CosigningKey::from_seed(name, Zeroizing::new(seed)).unwrap()
}

/// Trust in the log's key, and in nothing else.
pub(super) fn trust() -> Trust {
    Trust { log_key: Some(log_key().verifier_key().clone()), ..Trust::default() }
}

/// An event of the log.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) stream: String,
    pub(super) revision: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) openings: Vec<String>,
    pub(super) is_withdrawn: bool,
}

impl Stored {
    fn leaf(&self) -> Hash {
        leaf_hash(&self.bytes)
    }
}

/// A log without gaps: the event of index i stands at position i + 1.
#[derive(Clone, Default)]
pub(super) struct Log {
    pub(super) events: Vec<Stored>,
}

/// An opening as intake makes it, with a salt that tests can repeat.
pub(super) fn opening(salt: &str, name: &str, value: &Value) -> String {
    let salt = BASE64URL.encode(&Sha256::digest(salt)[..16]);
    BASE64URL.encode(json!([salt, name, value]).to_string())
}

impl Nodes for Log {
    fn nodes(&self, wanted: &[Node]) -> Result<Vec<Hash>, TreeError> {
        Ok(wanted.iter().map(|node| self.node(*node)).collect())
    }
}

impl Log {
    fn node(&self, node: Node) -> Hash {
        match node.level.checked_sub(1) {
            None => self.events[usize::try_from(node.index).unwrap()].leaf(),
            Some(level) => {
                let child = |index| self.node(Node { level, index });
                node_hash(&child(2 * node.index), &child(2 * node.index + 1))
            }
        }
    }

    /// Appends an event, and answers its position.
    pub(super) fn append(
        &mut self,
        (stream, wire_name): (&str, &str),
        data: Value,
        personal: &[(&str, Value)],
    ) -> Position {
        let before: Vec<&Stored> = self.events.iter().filter(|event| event.stream == stream).collect();
        let revision = before.len() as u64;
        let number = self.events.len() + 1;
        let openings: Vec<String> =
            personal.iter().map(|(name, value)| opening(&format!("{number} {name}"), name, value)).collect();
        let mut data = data;
        if !openings.is_empty() {
            let mut digests: Vec<String> = openings.iter().map(|opening| digest_of(opening)).collect();
            digests.sort();
            data["_sd_alg"] = "sha-256".into();
            data["personal"] = json!({ "_sd": digests });
        }
        let blinding = BASE64URL.encode(&Sha256::digest(format!("blinding {number}"))[..16]);
        let mut event = json!({
            "specversion": "1.0", "id": format!("e-{number}"), "source": "platform/tests", "type": wire_name,
            "time": format!("2026-01-{number:02}T10:00:00.000000Z"), "recordedby": "t-1", "blinding": blinding,
            "recordedtime": format!("2026-01-{number:02}T10:00:01.000000Z"),
            "sequence": Revision::new(revision).sequence(), "data": data,
        });
        if let Some(subject) = stream.strip_prefix("subject-").or_else(|| stream.strip_prefix("access-")) {
            event["subject"] = subject.into();
        }
        if let Some(last) = before.last() {
            event["previous"] = LeafHash::new(last.leaf()).to_string().into();
        }
        self.events.push(Stored {
            stream: stream.to_owned(),
            revision,
            bytes: event.to_string().into_bytes(),
            openings,
            is_withdrawn: false,
        });
        Position::new(number as u64)
    }

    /// Two people, their consents and disclosures, looks at one of them; no commitment yet.
    pub(super) fn story() -> Self {
        let mut log = Self::default();
        let (person, other, access) =
            (format!("subject-{PERSON}"), format!("subject-{OTHER}"), format!("access-{PERSON}"));
        let key = BASE64.decode(log_key().verifier_key().to_string().rsplit('+').next().unwrap()).unwrap();
        let opened = json!({
            "log_id": LOG_ID, "engine": "sqlite", "verifier_key_name": ORIGIN,
            "verifier_key": hex::encode(&key[1..]), "simulated": false,
        });
        log.append(("office", "log.opened.v1"), opened, &[("operator_name", json!("ТОО «Пример»"))]);
        log.append(("policy", "policy_version.published.v1"), json!({ "version": "1.0" }), &[]);
        let name = json!({ "family": "Әлиева", "given": "Айгерім" });
        let values = [("full_name", name), ("iin", json!("910708200012"))];
        log.append((&person, "subject.registered.v1"), json!({ "channel": "web" }), &values);
        let name = json!({ "family": "Сериков", "given": "Данияр" });
        log.append((&other, "subject.registered.v1"), json!({ "channel": "web" }), &[("full_name", name)]);
        let evidence = [("evidence_note", json!("ticked by hand"))];
        log.append((&person, "consent.given.v1"), json!({ "consent_id": "c-1" }), &evidence);
        log.append((&access, "record.viewed.v1"), json!({ "role": "support" }), &[]);
        log.append((&person, "consent.withdrawn.v1"), json!({ "consent_id": "c-1" }), &[]);
        let recipient = [("recipient_name", json!("Ерлан Примеров"))];
        log.append((&person, "disclosure.made.v1"), json!({ "disclosure_id": "d-1" }), &recipient);
        log.append((&other, "consent.refused.v1"), json!({ "consent_id": "c-2" }), &[]);
        log.append((&access, "record.viewed.v1"), json!({ "role": "officer" }), &[]);
        log
    }

    /// The story, committed to at its end, with one event after it.
    pub(super) fn committed() -> Self {
        let mut log = Self::story();
        log.commit();
        log.append(("office", "backup.restored.v1"), json!({ "backup_id": "b-1" }), &[]);
        log
    }

    pub(super) fn heads(&self, until: usize) -> HeadsMap {
        let mut heads = HeadsMap::default();
        for event in &self.events[..until] {
            heads.note(&event.stream, &StreamEnd { revision: event.revision, leaf_hash: event.leaf() });
        }
        heads
    }

    /// Commits to the ends of all streams as they are now.
    pub(super) fn commit(&mut self) -> Position {
        let at = self.events.len();
        let mut heads = self.heads(at);
        let data = json!({
            "root": hex::encode(heads.root()), "streams": heads.streams(),
            "at_position": Position::new(at as u64).to_string(),
        });
        self.append(("office", "stream_heads.committed.v1"), data, &[])
    }

    pub(super) fn root(&self, size: usize) -> Hash {
        let mut tree = Frontier::default();
        self.events[..size].iter().for_each(|event| tree.push(event.leaf()));
        tree.root()
    }

    pub(super) fn checkpoint(&self, size: usize) -> SignedCheckpoint {
        self.checkpoint_by(&log_key(), size)
    }

    pub(super) fn checkpoint_by(&self, key: &SigningKey, size: usize) -> SignedCheckpoint {
        let origin = key.verifier_key().name().to_owned();
        let checkpoint = Checkpoint { origin, size: size as u64, root: self.root(size) };
        SignedCheckpoint::sign(checkpoint, key).unwrap()
    }

    pub(super) fn older(&self, size: usize) -> OlderCheckpoint {
        let consistency = prove_consistency(size as u64, self.events.len() as u64, self).unwrap();
        OlderCheckpoint {
            checkpoint: self.checkpoint(size).note.to_string(),
            consistency: consistency.iter().map(|hash| BASE64.encode(hash)).collect(),
        }
    }

    pub(super) fn proof(&self, index: u64, checkpoint: &SignedCheckpoint) -> TlogProof {
        let hashes = prove_inclusion(index, checkpoint.checkpoint.size, self).unwrap();
        TlogProof { extra: None, index, hashes, checkpoint: checkpoint.clone() }
    }

    /// The entry and the line by which a dossier shows the event of an index.
    pub(super) fn shown(&self, index: usize, newest: &SignedCheckpoint) -> (EntryEvidence, Vec<u8>) {
        let event = &self.events[index];
        let entry = EntryEvidence {
            position: Position::new(index as u64 + 1),
            index: index as u64,
            stream: event.stream.clone(),
            revision: event.revision,
            leaf_hash: LeafHash::new(event.leaf()),
            proof: self.proof(index as u64, newest).to_string(),
            withdrawn: event.is_withdrawn,
            openings: if event.is_withdrawn { Vec::new() } else { event.openings.clone() },
        };
        (entry, if event.is_withdrawn { Vec::new() } else { event.bytes.clone() })
    }

    /// The dossier of the person, as the newest commitment allows it.
    pub(super) fn dossier(&self) -> Dossier {
        let newest = self.checkpoint(self.events.len());
        let committed =
            |event: &Stored| String::from_utf8_lossy(&event.bytes).contains("stream_heads.committed");
        let heads_at = self.events.iter().rposition(committed).unwrap();
        let mut heads = self.heads(heads_at);
        let person = [format!("subject-{PERSON}"), format!("access-{PERSON}")];
        let (mut entries, mut lines) = (Vec::new(), Vec::new());
        for (index, event) in self.events.iter().enumerate() {
            let is_shown =
                index == heads_at || index < 2 || index < heads_at && person.contains(&event.stream);
            if !is_shown {
                continue;
            }
            let (entry, line) = self.shown(index, &newest);
            entries.push(entry);
            lines.push(line);
        }
        let roles = [StreamRole::Subject, StreamRole::Access];
        let mut streams: Vec<StreamEvidence> = person
            .iter()
            .zip(roles)
            .map(|(name, role)| {
                let end = self.events[..heads_at].iter().rfind(|event| event.stream == *name);
                StreamEvidence {
                    stream: name.clone(),
                    role,
                    revision: end.map(|event| event.revision),
                    leaf_hash: end.map(|event| LeafHash::new(event.leaf())),
                    left_out: Vec::new(),
                    proof: Some(heads.proof(name)),
                }
            })
            .collect();
        for name in ["office", "policy"] {
            streams.push(StreamEvidence {
                stream: name.to_owned(),
                role: StreamRole::Cited,
                revision: None,
                leaf_hash: None,
                left_out: Vec::new(),
                proof: None,
            });
        }
        let stamped = self.checkpoint(8).note.to_string();
        let evidence = Evidence {
            format: FORMAT.to_owned(),
            log: LogEvidence {
                log_id: LOG_ID.to_owned(),
                origin: ORIGIN.to_owned(),
                verifier_key: log_key().verifier_key().to_string(),
                position_gaps: false,
            },
            checkpoint: newest.note.to_string(),
            entries,
            heads: HeadsEvidence {
                position: Position::new(heads_at as u64 + 1),
                at_position: Position::new(heads_at as u64),
                root: LeafHash::new(heads.root()),
            },
            streams,
            history: vec![self.older(5), self.older(8)],
            timestamps: vec![StampEvidence {
                checkpoint: stamped,
                authority: "tsa.example".to_owned(),
                file: "timestamp-8.tsr".to_owned(),
            }],
        };
        let text = "Политика, версия 1.0\n";
        let files = BTreeMap::from([
            (format!("text-{}.txt", hex::encode(Sha256::digest(text))), text.as_bytes().to_vec()),
            ("timestamp-8.tsr".to_owned(), stamp(&self.checkpoint(8))),
        ]);
        let known_at = evidence.heads.at_position;
        Dossier { evidence, lines, files, manifest: manifest(known_at), report: Value::Null }
    }
}

/// What stands here for an authority's answer: the imprint behind a word.
pub(super) fn stamp(checkpoint: &SignedCheckpoint) -> Vec<u8> {
    [b"stamped".as_slice(), &Sha256::digest(checkpoint.note.text())].concat()
}

/// Checks such an answer.
pub(super) fn stamps(answer: &[u8], imprint: [u8; 32]) -> Result<DateTime<Utc>, String> {
    if answer.strip_prefix(b"stamped") == Some(&imprint) {
        Ok(STAMPED_AT.parse().unwrap())
    } else {
        Err("the imprint is another".to_owned())
    }
}

fn manifest(known_at: Position) -> Manifest {
    Manifest {
        format: FORMAT.to_owned(),
        dossier_id: "d-2026-0001".to_owned(),
        made_by: "subject-record 0.1.0".to_owned(),
        made_at: "2026-03-02T08:30:00Z".parse().unwrap(),
        log_id: LOG_ID.to_owned(),
        origin: ORIGIN.to_owned(),
        subject: PERSON.to_owned(),
        case: Case {
            asked_by: EvidenceAsker::Court,
            legal_ref: Some("claim-17".to_owned()),
            purpose: AccessPurpose::Court,
            case_ref: Some("case-4".to_owned()),
        },
        scope: Scope {
            as_of: None,
            known_at,
            period: None,
            groups: Vec::new(),
            values: Values::Shown,
            locale: Language::Ru,
        },
        checkpoint: CheckpointSummary { size: 0, root: String::new() },
        files: Vec::new(),
    }
}

/// A dossier that can be changed, and then packed as a forger would: with every hash of the manifest made again.
#[derive(Clone)]
pub(super) struct Dossier {
    pub(super) evidence: Evidence,
    pub(super) lines: Vec<Vec<u8>>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) manifest: Manifest,
    /// The pages, if they are to say something else than the manifest.
    pub(super) report: Value,
}

impl Dossier {
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        let mut manifest = self.manifest.clone();
        if let Ok(newest) = SignedCheckpoint::parse(&self.evidence.checkpoint) {
            let Checkpoint { size, root, .. } = newest.checkpoint;
            manifest.checkpoint = CheckpointSummary { size, root: hex::encode(root) };
        }
        manifest.log_id.clone_from(&self.evidence.log.log_id);
        manifest.origin.clone_from(&self.evidence.log.origin);
        let events: Vec<u8> = self.lines.iter().flat_map(|line| [line, b"\n".as_slice()].concat()).collect();
        files.insert(EVENTS_FILE.to_owned(), events);
        files.insert(EVIDENCE_FILE.to_owned(), self.evidence.to_bytes().unwrap());
        files.insert(KEY_FILE.to_owned(), format!("{}\n", self.evidence.log.verifier_key).into_bytes());
        let report = if self.report.is_null() { report(&manifest) } else { self.report.clone() };
        files.insert(REPORT_FILE.to_owned(), report.to_string().into_bytes());
        manifest.files = files.iter().map(|(name, bytes)| FileEntry::of(name, bytes)).collect();
        files.insert(MANIFEST_FILE.to_owned(), manifest.to_bytes().unwrap());
        files
    }

    pub(super) fn packed(&self) -> Attachments {
        self.files().into_iter().collect()
    }

    pub(super) fn verified(&self) -> Verdicts {
        verify(&self.packed(), &trust(), None)
    }

    /// The entry at a position, and its line's place.
    pub(super) fn at(&self, position: u64) -> usize {
        self.evidence.entries.iter().position(|entry| entry.position.number() == position).unwrap()
    }

    /// Shows one more event of the log, after the entry `change` has been at it.
    pub(super) fn show(&mut self, log: &Log, index: usize, change: impl FnOnce(&mut EntryEvidence)) {
        let newest = SignedCheckpoint::parse(&self.evidence.checkpoint).unwrap();
        let (mut entry, line) = log.shown(index, &newest);
        change(&mut entry);
        let at = self.evidence.entries.partition_point(|other| other.position < entry.position);
        self.evidence.entries.insert(at, entry);
        self.lines.insert(at, line);
    }

    pub(super) fn remove(&mut self, position: u64) {
        let at = self.at(position);
        self.evidence.entries.remove(at);
        self.lines.remove(at);
    }
}

/// The part of the pages that repeats the manifest.
pub(super) fn report(manifest: &Manifest) -> Value {
    let of = serde_json::to_value(manifest).unwrap();
    let mut cover = Map::new();
    for name in ["dossier_id", "made_at", "log_id", "origin", "subject"] {
        cover.insert(name.to_owned(), of[name].clone());
    }
    for (part, names) in [
        ("case", ["asked_by", "legal_ref", "purpose", "case_ref"].as_slice()),
        ("scope", ["as_of", "known_at", "groups", "values"].as_slice()),
    ] {
        for name in names {
            if let Some(value) = of[part].get(*name) {
                cover.insert((*name).to_owned(), value.clone());
            }
        }
    }
    if let Some(period) = of["scope"].get("period") {
        cover.insert("period".to_owned(), json!([period["from"], period["to"]]));
    }
    json!({ "locale": of["scope"]["locale"], "made_by": of["made_by"], "cover": cover })
}

/// Axis and code of every fault, each once.
pub(super) fn faults(verdicts: &Verdicts) -> Vec<(Axis, &'static str)> {
    let of = |verdict: &super::super::Verdict| {
        let axis = verdict.axis;
        verdict.faults.iter().map(move |fault| (axis, fault.code)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = verdicts.verdicts.iter().flat_map(of).collect();
    all.sort_unstable();
    all.dedup();
    all
}
