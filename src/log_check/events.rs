//! One event at a time: its bytes, its columns, its box. Nothing here needs another event, so runs are checked side
//! by side.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use serde::Serialize;
use subject_record_schemas::catalogue::StreamRule;
use subject_record_schemas::types::log::StreamHeadsCommitted;
use subject_record_schemas::vocabulary::{ErasureDecision, ErasureScope};
use subject_record_schemas::{EventType, Fact, LeafHash, Position, StreamName, SubjectId};

use super::boxes::{Keys, Opened, Place};
use super::entry::Entry;
use super::fault::{Fault, FaultKind, Faults};
use super::files::IndexSums;
use super::rows::{BoxRow, EventRow, Run};
use crate::caller::OWN_SOURCE;
use crate::notary::tree::{Hash, leaf_hash};

/// Marks of a row (`migrations/sqlite/events`).
const MARK_REGISTRATION: i64 = 1;
const MARK_FENCE: i64 = 2;

/// What was read before the events: whose numbers stand in their columns, and what opens their boxes.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) log_id: String,
    pub(super) streams: HashMap<i64, Stream>,
    pub(super) sources: HashMap<i64, String>,
    pub(super) keys: Keys,
    /// Hashes names of events, to find doubles, and entries of indexes.
    pub(super) hasher: RandomState,
}

/// A stream of the file.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) name: StreamName,
    /// The position that the file marks as its fence.
    pub(super) fenced_at: Option<i64>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Events that were read.
    pub events: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Events with a personal part whose every digest has its opening.
    pub opened: u64,
    /// Events with a personal part that was destroyed, and that is recorded.
    pub shredded: u64,
    /// Events with a personal part that is lost, or is not what it was.
    pub lost: u64,
    /// Events with a personal part that was not opened, since there was no key-encryption key.
    pub not_opened: u64,
    /// Events whose bytes were withdrawn.
    pub withdrawn: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.bytes += other.bytes;
        self.opened += other.opened;
        self.shredded += other.shredded;
        self.lost += other.lost;
        self.not_opened += other.not_opened;
        self.withdrawn += other.withdrawn;
    }
}

/// What an event leaves for those after it.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) position: i64,
    /// The stream it belongs to by its bytes, or by its row where they do not say.
    pub(super) stream: i64,
    pub(super) revision: u64,
    pub(super) previous: Before,
    /// `None` when neither bytes nor row give one.
    pub(super) leaf: Option<Hash>,
    pub(super) recorded_us: i64,
    /// Hash of source and id; 0 when they cannot be read.
    pub(super) name: u64,
    pub(super) says: Says,
}

/// What an event says of the one before it in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Its leaf hash, or that there is none.
    Said(Option<Hash>),
    /// Its bytes are gone or do not read.
    Unknown,
}

/// What an event says that the check needs.
#[derive(Debug)]
pub(super) enum Says {
    Nothing,
    HeadsCommitted(Box<StreamHeadsCommitted>),
    Fence,
    Destroyed,
    WithdrawnAt(Position),
    /// Its own bytes are gone.
    IsWithdrawn,
}

/// A checked run.
#[derive(Debug, Default)]
pub(super) struct CheckedRun {
    pub(super) events: Vec<Checked>,
    pub(super) counts: Counts,
    /// What the indexes must hold of it.
    pub(super) sums: IndexSums,
    pub(super) faults: Faults,
}

impl Ground {
    /// Checks the events and boxes of a run.
    pub(super) fn check(&self, run: &Run, mut faults: Faults) -> CheckedRun {
        let mut counts = Counts::default();
        let mut boxes = run.boxes().peekable();
        let mut events = Vec::new();
        let mut sums = IndexSums::default();
        for row in run.events() {
            sums.add(&row, &self.hasher);
            while let Some(stray) = boxes.next_if(|sealed| sealed.position < row.position) {
                faults.add(no_event(&stray));
            }
            let sealed = boxes.next_if(|sealed| sealed.position == row.position);
            events.push(self.check_event(&row, sealed, &mut counts, &mut faults));
        }
        boxes.for_each(|stray| faults.add(no_event(&stray)));
        CheckedRun { events, counts, sums, faults }
    }

    fn check_event(
        &self,
        row: &EventRow<'_>,
        sealed: Option<BoxRow<'_>>,
        counts: &mut Counts,
        faults: &mut Faults,
    ) -> Checked {
        let position = row.position;
        counts.events += 1;
        counts.bytes += row.body.len() as u64;
        let by_row = Checked {
            position,
            stream: row.stream,
            revision: u64::try_from(row.revision).unwrap_or(u64::MAX),
            previous: Before::Unknown,
            leaf: row.leaf.try_into().ok(),
            recorded_us: row.recorded_us,
            name: 0,
            says: Says::IsWithdrawn,
        };
        if row.body.is_empty() {
            counts.withdrawn += 1;
            if by_row.leaf.is_none() {
                faults.add(Fault::at(position, FaultKind::Row, "its leaf hash does not have 32 bytes"));
            }
            if sealed.is_some() {
                faults.add(Fault::at(
                    position,
                    FaultKind::Stray,
                    "its bytes are withdrawn and its box is there",
                ));
            }
            return by_row;
        }
        let leaf = leaf_hash(row.body);
        if leaf != *row.leaf {
            let text = "its bytes do not have the leaf hash that is kept beside them";
            faults.add(Fault::at(position, FaultKind::Leaf, text));
        }
        let leaf = Some(leaf);
        match self.read_event(row, sealed, counts, faults) {
            Ok(checked) => Checked { leaf, ..checked },
            Err(why) => {
                faults.add(Fault::at(position, FaultKind::Unreadable, why));
                Checked { leaf, says: Says::Nothing, ..by_row }
            }
        }
    }

    /// Everything but the leaf. The error says why the bytes do not read.
    fn read_event(
        &self,
        row: &EventRow<'_>,
        sealed: Option<BoxRow<'_>>,
        counts: &mut Counts,
        faults: &mut Faults,
    ) -> Result<Checked, String> {
        let position = row.position;
        let entry = Entry::read(row.body)?;
        let event_type = entry.event_type()?;
        let (revision, recorded_us) = (entry.revision()?, entry.recorded_us()?);
        let previous = entry.previous()?.map(|hash: LeafHash| *hash.bytes());
        let digests = entry.digests()?;
        let says = says(&entry, event_type)?;

        let mut column = |name: &str| {
            let text = format!("the column {name} of its row says something else than its bytes");
            faults.add(Fault::at(position, FaultKind::Column, text));
        };
        if u64::try_from(row.revision) != Ok(revision) {
            column("revision");
        }
        if row.recorded_us != recorded_us {
            column("recorded_us");
        }
        if row.id != entry.id.as_bytes() {
            column("id");
        }
        if self.sources.get(&row.source).is_none_or(|source| *source != entry.source) {
            column("source");
        }
        let by_row = self.streams.get(&row.stream);
        let fenced_at = by_row.and_then(|stream| stream.fenced_at);
        if !self.mark_fits(row, event_type, &says, fenced_at) {
            column("mark");
        }

        // A row that was moved is checked as part of the stream that its bytes name.
        let mut stream = row.stream;
        let belongs = by_row.is_some_and(|stream| belongs(&stream.name, event_type, entry.subject));
        if !belongs {
            let told = by_row.map_or("no stream at all".to_owned(), |stream| stream.name.to_string());
            let text = format!("its row stands in {told}, where its bytes do not belong");
            faults.add(Fault::at(position, FaultKind::Stream, text));
            let own =
                self.streams.iter().find(|(_, known)| belongs_to(&known.name, event_type, entry.subject));
            stream = own.map_or(row.stream, |(number, _)| *number);
        }
        if let Some(known) = self.streams.get(&stream) {
            let place = Place {
                log_id: &self.log_id,
                stream: &known.name,
                source: &entry.source,
                id: &entry.id,
                event_type,
            };
            self.check_box(position, &place, &digests, sealed, known.fenced_at.is_some(), counts, faults);
        }
        Ok(Checked {
            position,
            stream,
            revision,
            previous: Before::Said(previous),
            leaf: None,
            recorded_us,
            name: self.hasher.hash_one((entry.source.as_ref(), entry.id.as_ref())).max(1),
            says,
        })
    }

    fn mark_fits(
        &self,
        row: &EventRow<'_>,
        event_type: EventType,
        says: &Says,
        fenced_at: Option<i64>,
    ) -> bool {
        match (event_type, says) {
            (EventType::SubjectRegistered, _) => row.mark == MARK_REGISTRATION,
            // A second fence adds nothing to the first, and is not marked.
            (_, Says::Fence) => {
                row.mark == MARK_FENCE
                    || (row.mark == 0 && fenced_at.is_some_and(|first| first < row.position))
            }
            _ => row.mark == 0,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a step of one function, named for its own sake")]
    fn check_box(
        &self,
        position: i64,
        place: &Place<'_>,
        digests: &[&str],
        sealed: Option<BoxRow<'_>>,
        fenced: bool,
        counts: &mut Counts,
        faults: &mut Faults,
    ) {
        if digests.is_empty() {
            if sealed.is_some() {
                faults.add(Fault::at(position, FaultKind::Stray, "it has a box and no digest"));
            }
            return;
        }
        match self.keys.open(place, digests, sealed, fenced) {
            Opened::Whole => counts.opened += 1,
            Opened::Shredded => counts.shredded += 1,
            Opened::NotTried => counts.not_opened += 1,
            Opened::KeyShut => counts.lost += 1,
            Opened::Wrong(kind, why) => {
                counts.lost += 1;
                faults.add(Fault::at(position, kind, why));
            }
        }
    }
}

fn no_event(stray: &BoxRow<'_>) -> Fault {
    Fault::at(stray.position, FaultKind::Stray, "there is a box and no event")
}

/// What of an event's public part is needed.
fn says(entry: &Entry<'_>, event_type: EventType) -> Result<Says, String> {
    let wanted = matches!(
        event_type,
        EventType::StreamHeadsCommitted | EventType::ErasureDecided | EventType::EventWithdrawn
    );
    if event_type == EventType::DataDestroyed && entry.source == OWN_SOURCE {
        return Ok(Says::Destroyed);
    }
    if !wanted {
        return Ok(Says::Nothing);
    }
    let fact = Fact::parse(event_type, entry.data());
    Ok(match fact.map_err(|_| "its data is not that of its type".to_owned())? {
        Fact::StreamHeadsCommitted(committed) => Says::HeadsCommitted(Box::new(committed)),
        Fact::EventWithdrawn(withdrawn) => Says::WithdrawnAt(withdrawn.position),
        Fact::ErasureDecided(decided)
            if decided.decision == ErasureDecision::Approved && decided.scope == ErasureScope::Subject =>
        {
            Says::Fence
        }
        _ => Says::Nothing,
    })
}

/// Whether an event may stand in a stream.
fn belongs(stream: &StreamName, event_type: EventType, subject: Option<&str>) -> bool {
    if event_type.stream_rule() != StreamRule::Any {
        return belongs_to(stream, event_type, subject);
    }
    // It follows another event, which may stand anywhere.
    stream.subject().map(SubjectId::as_str) == subject
}

/// Whether a stream is the one that an event names.
fn belongs_to(stream: &StreamName, event_type: EventType, subject: Option<&str>) -> bool {
    let same = |id: &SubjectId| subject == Some(id.as_str());
    match (event_type.stream_rule(), stream) {
        (StreamRule::Subject | StreamRule::SubjectOrOffice | StreamRule::Any, StreamName::Subject(id))
        | (StreamRule::Access, StreamName::Access(id)) => same(id),
        (StreamRule::Policy, StreamName::Policy)
        | (StreamRule::Office | StreamRule::SubjectOrOffice, StreamName::Office) => subject.is_none(),
        _ => false,
    }
}
