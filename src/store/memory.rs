//! The reference engine: everything in memory, one lock, plain code. For tests and for reading.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use subject_record_schemas::{Position, Revision, StreamName};
use tokio::sync::watch;

use super::append::{STORED_BYTES_MAX, leaf_hash};
use super::plan::check_marks;
use super::times::RecordedTimes;
use super::{
    Append, AppendError, Appended, Capabilities, EventKey, EventStore, Mark, Outcome, Receipt, RecordedEvent,
    SealedBox, StoreError, StreamHead, TakenOver, TextStore, append::follow_on,
};
use crate::clock::Clock;

/// The reference engine.
#[derive(Debug)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    contents: Mutex<Contents>,
    last_position: watch::Sender<Position>,
}

#[derive(Debug)]
struct Contents {
    events: Vec<RecordedEvent>,
    by_key: HashMap<EventKey, usize>,
    by_stream: BTreeMap<StreamName, Vec<usize>>,
    marks: HashMap<StreamName, Vec<Mark>>,
    boxes: BTreeMap<Position, SealedBox>,
    texts: HashMap<String, Vec<u8>>,
    times: RecordedTimes,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let contents = Contents {
            events: Vec::new(),
            by_key: HashMap::new(),
            by_stream: BTreeMap::new(),
            marks: HashMap::new(),
            boxes: BTreeMap::new(),
            texts: HashMap::new(),
            times: RecordedTimes::after(None),
        };
        Self { clock, contents: Mutex::new(contents), last_position: watch::Sender::new(Position::START) }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn head(&self, stream: &StreamName) -> Option<StreamHead> {
        let last = self.events.get(*self.by_stream.get(stream)?.last()?)?;
        let marks = self.marks.get(stream).map_or(&[][..], Vec::as_slice);
        Some(StreamHead {
            revision: last.revision,
            leaf_hash: last.leaf_hash,
            registered: marks.contains(&Mark::Registration),
            fenced: marks.contains(&Mark::Fence),
        })
    }

    fn append(&mut self, append: Append, clock: &dyn Clock) -> Result<Appended, AppendError> {
        let mut head = self.head(&append.stream);
        let fresh = append.fresh(|key| self.by_key.contains_key(key))?;
        let new: Vec<_> =
            append.events.iter().zip(fresh).filter_map(|(event, fresh)| fresh.then_some(event)).collect();

        let mut recorded = Vec::new();
        if !new.is_empty() {
            check_marks(head, &new)?;
            let actual = head.map(|h| h.revision);
            if !append.expected.holds(actual) {
                return Err(AppendError::Conflict { actual });
            }
            for event in &new {
                check_marks(head, &[event])?;
                let recorded_at = self.times.next(clock.read()).ok_or(AppendError::ClockLeapt)?;
                let revision = head.map_or(Revision::FIRST, |h| h.revision.next());
                let text = event.stored_text(recorded_at, revision, head.map(|h| h.leaf_hash));
                if text.len() > STORED_BYTES_MAX {
                    return Err(AppendError::TooLarge { bytes: text.len() });
                }
                let number = self.events.len() + recorded.len() + 1;
                let leaf_hash = leaf_hash(text.as_bytes());
                recorded.push(RecordedEvent {
                    position: Position::new(number as u64),
                    stream: append.stream.clone(),
                    revision,
                    leaf_hash,
                    recorded_at,
                    bytes: text.into(),
                });
                let registered = head.is_some_and(|h| h.registered) || event.mark == Mark::Registration;
                let fenced = head.is_some_and(|h| h.fenced) || event.mark == Mark::Fence;
                head = Some(StreamHead { revision, leaf_hash, registered, fenced });
            }
        }

        let mut appended = HashSet::new();
        for (event, recorded) in new.into_iter().zip(recorded) {
            let index = self.events.len();
            if !event.follows {
                appended.insert(event.key.clone());
            }
            self.by_key.insert(event.key.clone(), index);
            self.by_stream.entry(append.stream.clone()).or_default().push(index);
            self.marks.entry(append.stream.clone()).or_default().push(event.mark);
            if let Some(sealed_box) = &event.sealed_box {
                self.boxes.insert(recorded.position, sealed_box.clone());
            }
            self.events.push(recorded);
        }
        let outcomes = append.events.iter().filter(|event| !event.follows).filter_map(|event| {
            let receipt = receipt(self.events.get(*self.by_key.get(&event.key)?)?);
            let is_first = appended.remove(&event.key);
            Some(if is_first { Outcome::Appended(receipt) } else { Outcome::AlreadyRecorded(receipt) })
        });
        let outcomes = outcomes.collect();
        Ok(Appended { outcomes, head: head.map(|h| h.revision) })
    }
}

/// The receipt of a recorded event.
fn receipt(event: &RecordedEvent) -> Receipt {
    Receipt {
        stream: event.stream.clone(),
        revision: event.revision,
        position: event.position,
        leaf_hash: event.leaf_hash,
        recorded_at: event.recorded_at,
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn append_each(&self, appends: Vec<Append>) -> Vec<Result<Appended, AppendError>> {
        let mut contents = self.contents();
        let results = appends.into_iter().map(|append| contents.append(append, &*self.clock)).collect();
        self.last_position.send_replace(Position::new(contents.events.len() as u64));
        results
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let contents = self.contents();
        let indexes = contents.by_stream.get(stream).map_or(&[][..], Vec::as_slice);
        let events = indexes.iter().filter_map(|index| contents.events.get(*index));
        Ok(events.filter(|event| event.revision >= from).take(limit as usize).cloned().collect())
    }

    async fn read_all(&self, after: Position, limit: u32) -> Result<Vec<RecordedEvent>, StoreError> {
        let contents = self.contents();
        let events = contents.events.iter().filter(|event| event.position > after);
        Ok(events.take(limit as usize).cloned().collect())
    }

    async fn event_at(&self, position: Position) -> Result<Option<RecordedEvent>, StoreError> {
        Ok(self.contents().events.iter().find(|event| event.position == position).cloned())
    }

    async fn events_at(&self, positions: &[Position]) -> Result<Vec<Option<RecordedEvent>>, StoreError> {
        let contents = self.contents();
        let at =
            |position: &Position| contents.events.iter().find(|event| event.position == *position).cloned();
        Ok(positions.iter().map(at).collect())
    }

    async fn find(&self, key: &EventKey) -> Result<Option<RecordedEvent>, StoreError> {
        let contents = self.contents();
        Ok(contents.by_key.get(key).and_then(|index| contents.events.get(*index)).cloned())
    }

    async fn head(&self, stream: &StreamName) -> Result<Option<StreamHead>, StoreError> {
        Ok(self.contents().head(stream))
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        Ok(*self.last_position.borrow())
    }

    async fn position_at(&self, known_at: DateTime<Utc>) -> Result<Position, StoreError> {
        let contents = self.contents();
        let known = contents.events.iter().take_while(|event| event.recorded_at <= known_at);
        Ok(known.last().map_or(Position::START, |event| event.position))
    }

    async fn boxes(&self, positions: &[Position]) -> Result<Vec<Option<SealedBox>>, StoreError> {
        let contents = self.contents();
        Ok(positions.iter().map(|position| contents.boxes.get(position).cloned()).collect())
    }

    async fn has_any_box(&self) -> Result<bool, StoreError> {
        Ok(!self.contents().boxes.is_empty())
    }

    async fn ready(&self) -> Result<(), AppendError> {
        let believed = self.contents().times.believes(self.clock.read());
        if believed { Ok(()) } else { Err(AppendError::ClockLeapt) }
    }

    async fn has_box(&self, stream: &StreamName) -> Result<bool, StoreError> {
        let contents = self.contents();
        let in_stream = |position: &Position| {
            contents.events.iter().any(|e| e.position == *position && e.stream == *stream)
        };
        Ok(contents.boxes.keys().any(in_stream))
    }

    async fn destroy_boxes(&self, stream: &StreamName) -> Result<u64, StoreError> {
        let mut contents = self.contents();
        let of_stream = contents.events.iter().filter(|event| event.stream == *stream);
        let positions: Vec<_> = of_stream.map(|event| event.position).collect();
        Ok(positions.iter().filter(|position| contents.boxes.remove(position).is_some()).count() as u64)
    }

    async fn take_over(&self, events: Vec<TakenOver>) -> Result<(), StoreError> {
        let mut contents = self.contents();
        follow_on(&events, |stream| contents.head(stream).map(|head| (head.revision, head.leaf_hash)))?;
        for TakenOver { event, key, mark, sealed_box } in events {
            let index = contents.events.len();
            let position = Position::new(index as u64 + 1);
            contents.times.go_on_after(Some(event.recorded_at));
            contents.by_key.insert(key, index);
            contents.by_stream.entry(event.stream.clone()).or_default().push(index);
            contents.marks.entry(event.stream.clone()).or_default().push(mark);
            contents.boxes.extend(sealed_box.map(|sealed_box| (position, sealed_box)));
            contents.events.push(RecordedEvent { position, ..event });
        }
        self.last_position.send_replace(Position::new(contents.events.len() as u64));
        Ok(())
    }

    async fn fenced_streams(&self) -> Result<Vec<StreamName>, StoreError> {
        let contents = self.contents();
        let fenced = contents.marks.iter().filter(|(_, marks)| marks.contains(&Mark::Fence));
        Ok(fenced.map(|(stream, _)| stream.clone()).collect())
    }

    fn subscribe(&self) -> watch::Receiver<Position> {
        self.last_position.subscribe()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { gapless_positions: true, appends_in_one_commit: true, several_instances: false }
    }
}

#[async_trait]
impl TextStore for MemoryStore {
    async fn put_text(&self, hash: &str, body: &[u8]) -> Result<(), StoreError> {
        self.contents().texts.entry(hash.to_owned()).or_insert_with(|| body.to_vec());
        Ok(())
    }

    async fn text(&self, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.contents().texts.get(hash).cloned())
    }

    async fn text_hashes(&self) -> Result<Vec<String>, StoreError> {
        let mut hashes: Vec<_> = self.contents().texts.keys().cloned().collect();
        hashes.sort_unstable();
        Ok(hashes)
    }
}
