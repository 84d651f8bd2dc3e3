//! The evidence as it was read, each event beside its entry, for all axes alike.

use std::collections::BTreeMap;

use subject_record_schemas::{EventType, Fact, LeafHash, Position, StoredEvent};

use super::Attachments;
use crate::dossier::evidence::{EVENTS_FILE, EVIDENCE_FILE, EntryEvidence, Evidence};
use crate::dossier::manifest::Manifest;
use crate::notary::tree::leaf_hash;

/// The evidence, and the lines that belong to its entries.
pub(super) struct Reading<'a> {
    /// What the dossier calls itself, when it could be read.
    pub(super) manifest: Option<&'a Manifest>,
    /// `evidence.json`.
    pub(super) evidence: Evidence,
    /// One for each entry, in their order.
    pub(super) lines: Vec<Line<'a>>,
    /// Lines of `events.jsonl`, which may be another number.
    pub(super) lines_found: usize,
    /// Whether the last line has its newline.
    pub(super) is_ended: bool,
}

/// A line of `events.jsonl`.
pub(super) struct Line<'a> {
    /// Its bytes; nothing when there are fewer lines than entries.
    pub(super) bytes: Option<&'a [u8]>,
    /// The event, when the bytes hash to the entry's leaf hash and read as one. What does not hash to it is no
    /// evidence of anything, so no other axis looks at it.
    pub(super) event: Option<StoredEvent>,
    /// Whether the bytes hash to the entry's leaf hash.
    pub(super) is_intact: bool,
}

impl<'a> Reading<'a> {
    /// Reads the evidence, or says what stands in the way of reading any.
    pub(super) fn of(attachments: &'a Attachments, manifest: Option<&'a Manifest>) -> Result<Self, String> {
        let missing = |name: &str| format!("there is no {name}");
        let evidence = attachments.get(EVIDENCE_FILE).ok_or_else(|| missing(EVIDENCE_FILE))?;
        let evidence = Evidence::read(evidence).map_err(|error| error.to_string())?;
        let events = attachments.get(EVENTS_FILE).ok_or_else(|| missing(EVENTS_FILE))?;
        let (body, is_ended) = match events.strip_suffix(b"\n") {
            Some(body) => (body, true),
            None => (events, events.is_empty()),
        };
        let found: Vec<&[u8]> =
            if events.is_empty() { Vec::new() } else { body.split(|byte| *byte == b'\n').collect() };
        let lines = evidence.entries.iter().enumerate();
        let lines = lines.map(|(at, entry)| Line::of(found.get(at).copied(), entry)).collect();
        Ok(Self { manifest, evidence, lines, lines_found: found.len(), is_ended })
    }

    /// Each entry with its line.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&EntryEvidence, &Line<'a>)> {
        self.evidence.entries.iter().zip(&self.lines)
    }

    /// Each entry whose event can be read, with it.
    pub(super) fn events(&self) -> impl Iterator<Item = (&EntryEvidence, &StoredEvent)> {
        self.entries().filter_map(|(entry, line)| Some((entry, line.event.as_ref()?)))
    }

    /// What each event of one type says, beside its entry.
    pub(super) fn of_type(&self, wanted: EventType) -> impl Iterator<Item = (&EntryEvidence, Fact)> {
        let of_it = self.events().filter(move |(_, event)| event.event_type().is_ok_and(|own| own == wanted));
        of_it.filter_map(|(entry, event)| Some((entry, event.fact().ok()?)))
    }

    /// The entries of each stream, by revision as they claim it.
    pub(super) fn streams(&self) -> BTreeMap<&str, Vec<(&EntryEvidence, &Line<'a>)>> {
        let mut streams: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (entry, line) in self.entries() {
            streams.entry(&entry.stream).or_default().push((entry, line));
        }
        for entries in streams.values_mut() {
            entries.sort_by_key(|(entry, _)| entry.revision);
        }
        streams
    }

    /// Leaf index up to which a checkpoint must reach to cover every entry.
    pub(super) fn size_needed(&self) -> u64 {
        self.evidence.entries.iter().map(|entry| entry.index.saturating_add(1)).max().unwrap_or(0)
    }

    /// How many of the entries a checkpoint of this size covers, in words.
    pub(super) fn covered(&self, size: u64) -> String {
        let entries = &self.evidence.entries;
        let covered: Vec<Position> =
            entries.iter().filter(|entry| entry.index < size).map(|entry| entry.position).collect();
        match covered.last() {
            None => format!("none of the {} entries", entries.len()),
            Some(_) if covered.len() == entries.len() => format!("all {} entries", entries.len()),
            Some(last) => {
                format!("{} of the {} entries, up to position {last}", covered.len(), entries.len())
            }
        }
    }
}

impl<'a> Line<'a> {
    fn of(bytes: Option<&'a [u8]>, entry: &EntryEvidence) -> Self {
        let is_intact = match bytes {
            Some(bytes) if entry.withdrawn => bytes.is_empty(),
            Some(bytes) => LeafHash::new(leaf_hash(bytes)) == entry.leaf_hash,
            None => false,
        };
        let event = bytes.filter(|_| is_intact && !entry.withdrawn);
        Self { bytes, event: event.and_then(|bytes| StoredEvent::read(bytes).ok()), is_intact }
    }
}
