//! Axis *history*: one log, signed by the key that is trusted, in which every entry stands, and which only grew.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use subject_record_schemas::{EventType, Fact};

use super::Trust;
use super::reading::Reading;
use super::verdict::{Axis, Finding, Level, Verdict};
use crate::dossier::evidence::{EntryEvidence, OlderCheckpoint};
use crate::notary::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::notary::note::VerifierKey;
use crate::notary::proof::TlogProof;
use crate::notary::tree::{Hash, PROOF_MAX, check_consistency};

/// Checkpoints of the one log, as far as the dossier proves them: the newest, and older ones that it grew from.
#[derive(Debug, Default)]
pub(super) struct Proven {
    /// The newest, when it reads.
    pub(super) newest: Option<SignedCheckpoint>,
    /// The key that is believed, or else the one inside.
    pub(super) key: Option<VerifierKey>,
    /// Older ones whose consistency with the newest is proven.
    pub(super) older: Vec<SignedCheckpoint>,
    /// Root by size, of all of them.
    roots: BTreeMap<u64, Hash>,
}

/// How a checkpoint from elsewhere stands to the proven ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is one of them.
    Same,
    /// It has the size of one of them and another root: the log was told in two ways.
    Fork,
    /// It is larger than the newest, so that the dossier cannot know it.
    Newer,
    /// The dossier holds no proof about this size.
    Unknown,
}

impl Proven {
    /// All of them, the newest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &SignedCheckpoint> {
        self.newest.iter().chain(&self.older)
    }

    /// Whether a key is not the log's own, which vouches for nothing that it signs anyway.
    pub(super) fn is_outside(&self, key: &VerifierKey) -> bool {
        let point = |key: &VerifierKey| key.to_string().rsplit('+').next().map(|key| BASE64.decode(key).ok());
        self.key.as_ref().is_none_or(|own| {
            let (own, other) = (point(own).flatten(), point(key).flatten());
            own.as_deref().and_then(|own| own.get(1..)) != other.as_deref().and_then(|other| other.get(1..))
        })
    }

    /// How a checkpoint stands to them.
    pub(super) fn standing(&self, of: &Checkpoint) -> Standing {
        match self.roots.get(&of.size) {
            Some(root) if *root == of.root => Standing::Same,
            Some(_) => Standing::Fork,
            None if self.roots.last_key_value().is_some_and(|(newest, _)| of.size > *newest) => {
                Standing::Newer
            }
            None => Standing::Unknown,
        }
    }
}

pub(super) fn check(reading: &Reading<'_>, trust: &Trust) -> (Verdict, Proven) {
    let mut found = Finding::default();
    let proven = Proven { key: key(reading, trust, &mut found), ..Proven::default() };
    let proven = newest(reading, proven, &mut found);
    let proven = older(reading, proven, &mut found);
    inclusion(reading, &proven, &mut found);
    opened(reading, &proven, &mut found);
    anchors(trust, &proven, &mut found);
    let level = match (found.is_sound(), &trust.log_key) {
        (false, _) => Level::Broken,
        (true, None) => Level::Unchecked,
        (true, Some(_)) => Level::Consistent,
    };
    (found.verdict(Axis::History, level, level == Level::Consistent), proven)
}

fn key(reading: &Reading<'_>, trust: &Trust, found: &mut Finding) -> Option<VerifierKey> {
    let inside = &reading.evidence.log.verifier_key;
    if let Some(key) = &trust.log_key {
        if key.to_string() != *inside {
            let text =
                format!("the dossier is of the log of the key {inside:?}, the key that was given is {key}");
            found.fault(None, "other_key", text);
        }
        return Some(key.clone());
    }
    found.detail("key not checked: no key was given, and the one inside vouches only for itself");
    let key = VerifierKey::parse(inside);
    if let Err(error) = &key {
        found.fault(None, "key_unreadable", format!("the key inside does not read: {error}"));
    }
    key.ok()
}

fn newest(reading: &Reading<'_>, mut proven: Proven, found: &mut Finding) -> Proven {
    let newest = match SignedCheckpoint::parse(&reading.evidence.checkpoint) {
        Ok(newest) => newest,
        Err(error) => {
            found.fault(None, "checkpoint_unreadable", format!("the checkpoint does not read: {error}"));
            return proven;
        }
    };
    let Checkpoint { origin, size, root } = &newest.checkpoint;
    if *origin != reading.evidence.log.origin {
        let text =
            format!("the checkpoint is of {origin:?}, the dossier of {:?}", reading.evidence.log.origin);
        found.fault(None, "other_origin", text);
    }
    if let Some(Err(error)) = proven.key.as_ref().map(|key| newest.verify(key)) {
        found.fault(None, "checkpoint_not_signed", format!("the newest checkpoint does not hold: {error}"));
    }
    found.detail(format!("newest checkpoint: {size} entries, root {}, log {origin}", hex::encode(root)));
    proven.roots.insert(*size, *root);
    proven.newest = Some(newest);
    proven
}

fn older(reading: &Reading<'_>, mut proven: Proven, found: &mut Finding) -> Proven {
    let Some(newest) = proven.newest.as_ref().map(|newest| newest.checkpoint.clone()) else { return proven };
    for item in &reading.evidence.history {
        let earlier = match SignedCheckpoint::parse(&item.checkpoint) {
            Ok(earlier) => earlier,
            Err(error) => {
                found.fault(None, "older_unreadable", format!("an older checkpoint does not read: {error}"));
                continue;
            }
        };
        let size = earlier.checkpoint.size;
        if let Some(Err(error)) = proven.key.as_ref().map(|key| earlier.verify(key)) {
            let text = format!("the older checkpoint of size {size} does not hold: {error}");
            found.fault(None, "older_not_signed", text);
            continue;
        }
        match proven.standing(&earlier.checkpoint) {
            Standing::Fork => {
                found.fault(None, "fork", format!("the log signed two different roots for size {size}"));
                continue;
            }
            Standing::Newer => {
                let text = format!("a checkpoint of size {size} is told as older than the newest");
                found.fault(None, "older_is_newer", text);
                continue;
            }
            Standing::Same | Standing::Unknown => {}
        }
        if !leads(item, &earlier.checkpoint, &newest) {
            let text = format!("the log of the newest checkpoint did not grow from the one of size {size}");
            found.fault(None, "not_consistent", text);
            continue;
        }
        proven.roots.insert(size, earlier.checkpoint.root);
        proven.older.push(earlier);
    }
    if !proven.older.is_empty() {
        let sizes: Vec<String> = proven.older.iter().map(|older| older.checkpoint.size.to_string()).collect();
        found.detail(format!("it grew from the checkpoints of size {}", sizes.join(", ")));
    }
    proven
}

fn leads(item: &OlderCheckpoint, older: &Checkpoint, newest: &Checkpoint) -> bool {
    let hashes = item.consistency.iter().take(PROOF_MAX + 1);
    let hashes: Option<Vec<Hash>> =
        hashes.map(|text| BASE64.decode(text).ok().and_then(|hash| hash.try_into().ok())).collect();
    hashes.is_some_and(|hashes| {
        check_consistency(&hashes, (older.size, &older.root), (newest.size, &newest.root)).is_ok()
    })
}

/// Each entry stands in a tree that the newest checkpoint is of, or grew from.
fn inclusion(reading: &Reading<'_>, proven: &Proven, found: &mut Finding) {
    // A note's signature is checked once, however many proofs repeat the note.
    let mut notes: BTreeMap<String, Result<(), String>> = BTreeMap::new();
    let newest = reading.evidence.checkpoint.as_str();
    let mut standing = 0;
    for entry in &reading.evidence.entries {
        match included(entry, newest, proven, &mut notes) {
            Ok(()) => standing += 1,
            Err(fault) => found.fault(Some(entry.position), "not_included", fault),
        }
    }
    found.detail(format!("{standing} of {} entries stand in it", reading.evidence.entries.len()));
}

fn included(
    entry: &EntryEvidence,
    newest: &str,
    proven: &Proven,
    notes: &mut BTreeMap<String, Result<(), String>>,
) -> Result<(), String> {
    let proof =
        TlogProof::parse(&entry.proof).map_err(|error| format!("its proof does not read: {error}"))?;
    if proof.index != entry.index {
        return Err(format!("its proof is of index {}, not {}", proof.index, entry.index));
    }
    let note = proof.checkpoint.note.to_string();
    if note != newest {
        let known = || belongs(&proof.checkpoint, proven);
        notes.entry(note).or_insert_with(known).clone()?;
    }
    proof.check(entry.leaf_hash.bytes()).map_err(|error| format!("is not in the log at its index: {error}"))
}

/// Whether a checkpoint other than the newest is an authentic one that the newest is, or grew from.
fn belongs(checkpoint: &SignedCheckpoint, proven: &Proven) -> Result<(), String> {
    if proven.standing(&checkpoint.checkpoint) != Standing::Same {
        return Err(
            "its proof leads to a checkpoint that the newest is not shown to have grown from".to_owned()
        );
    }
    match proven.key.as_ref().map(|key| checkpoint.verify(key)) {
        Some(Err(error)) => Err(format!("its proof leads to a checkpoint that does not hold: {error}")),
        Some(Ok(())) | None => Ok(()),
    }
}

/// The log's first event, when it is shown, names the log and the key that signs it.
fn opened(reading: &Reading<'_>, proven: &Proven, found: &mut Finding) {
    let log = &reading.evidence.log;
    for (entry, fact) in reading.of_type(EventType::LogOpened) {
        let Fact::LogOpened(opened) = fact else { continue };
        let position = Some(entry.position);
        if entry.index != 0 {
            found.fault(position, "opened_twice", "opens the log, and is not its first entry");
        }
        let (name, id) = (opened.verifier_key_name.as_str(), opened.log_id.as_str());
        if name != log.origin || id != log.log_id {
            let text = format!(
                "opens the log {id} of {name:?}, the dossier is of {} of {:?}",
                log.log_id, log.origin
            );
            found.fault(position, "other_log", text);
        }
        let key = hex::decode(opened.verifier_key.as_str()).ok().and_then(|key| key.try_into().ok());
        let named = key.and_then(|key| VerifierKey::new_ed25519(name, &key).ok());
        if proven.key.is_some() && named != proven.key {
            found.fault(position, "other_key", "opens the log with another key than the one that signs it");
        }
    }
}

/// A checkpoint kept outside that contradicts the dossier, or another one, breaks the history, whoever is right.
fn anchors(trust: &Trust, proven: &Proven, found: &mut Finding) {
    let mut kept: BTreeMap<u64, Hash> = BTreeMap::new();
    for anchor in trust.anchors.iter().filter_map(|text| SignedCheckpoint::parse(text).ok()) {
        if proven.key.as_ref().is_none_or(|key| anchor.verify(key).is_err()) {
            continue;
        }
        let Checkpoint { size, root, .. } = anchor.checkpoint;
        if proven.standing(&anchor.checkpoint) == Standing::Fork || *kept.entry(size).or_insert(root) != root
        {
            let text = format!("the checkpoint of size {size} that was kept outside has another root");
            found.fault(None, "fork", text);
        }
    }
}
