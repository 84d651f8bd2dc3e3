//! What a batch of appends may write: decided in memory, before one statement writes it. Both SQL engines plan so.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use subject_record_schemas::{Position, Revision, StreamName};

use super::append::{STORED_BYTES_MAX, follow_on, leaf_hash};
use super::{
    Append, AppendError, Appended, EventKey, Mark, Outcome, Receipt, SealedBox, SealedEvent, StoreError,
    StreamHead, TakenOver,
};

/// A stream as the writer knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownStream {
    /// Its number in the tables, once it has one.
    pub(super) number: Option<i64>,
    /// Its end.
    pub(super) head: Option<StreamHead>,
}

/// An event to write.
#[derive(Debug)]
pub(super) struct NewEvent {
    pub(super) key: EventKey,
    pub(super) mark: Mark,
    pub(super) receipt: Receipt,
    pub(super) text: Arc<str>,
    pub(super) sealed_box: Option<SealedBox>,
}

/// What a batch will write and answer.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What to write, in order of position.
    pub(super) events: Vec<NewEvent>,
    /// One answer an append.
    pub(super) results: Vec<Result<Appended, AppendError>>,
    /// Streams as they stand once the batch is written.
    pub(super) streams: HashMap<StreamName, KnownStream>,
    /// Whether any append was refused: names must be looked up before that stands, since an event that is
    /// recorded already is never refused.
    pub(super) refused: bool,
    /// Whether any event was recorded already.
    pub(super) repeated: bool,
}

/// What the plan builds on.
pub(super) struct Ground<'a> {
    /// Every stream of the batch.
    pub(super) streams: HashMap<StreamName, KnownStream>,
    /// Receipts of names of the batch that are in the file, as far as they were looked up.
    pub(super) recorded: &'a HashMap<EventKey, Receipt>,
    /// Position of the first new event.
    pub(super) next_position: u64,
    /// Recorded time of the batch, or `None` when the clock leapt.
    pub(super) recorded_at: Option<DateTime<Utc>>,
}

impl Plan {
    /// Plans a batch.
    pub(super) fn of(appends: &[Append], ground: Ground<'_>) -> Self {
        let mut plan = Self { streams: ground.streams, ..Self::default() };
        let mut planned: HashMap<EventKey, Receipt> = HashMap::new();
        for append in appends {
            let known = |key: &EventKey| ground.recorded.get(key).or_else(|| planned.get(key)).cloned();
            let first = ground.next_position + plan.events.len() as u64;
            let result = plan_one(append, &plan.streams, known, first, ground.recorded_at);
            match result {
                Ok(one) => {
                    planned.extend(one.events.iter().map(|event| (event.key.clone(), event.receipt.clone())));
                    plan.repeated |= one.events.len() < append.events.len();
                    plan.events.extend(one.events);
                    if let Some(known) = plan.streams.get_mut(&append.stream) {
                        known.head = one.head.or(known.head);
                    }
                    let head = one.head.map(|head| head.revision);
                    plan.results.push(Ok(Appended { outcomes: one.outcomes, head }));
                }
                Err(error) => {
                    plan.refused = true;
                    plan.results.push(Err(error));
                }
            }
        }
        plan
    }
}

impl Plan {
    /// Events of another store, as they are, from a position on.
    ///
    /// # Errors
    /// [`StoreError::DoesNotFollow`].
    pub(super) fn taken_over(
        events: Vec<TakenOver>,
        streams: HashMap<StreamName, KnownStream>,
        next_position: u64,
    ) -> Result<Self, StoreError> {
        let end = |stream: &StreamName| {
            let head = streams.get(stream).and_then(|known| known.head);
            head.map(|head| (head.revision, head.leaf_hash))
        };
        follow_on(&events, end)?;
        let mut plan = Self { streams, ..Self::default() };
        for (place, TakenOver { event, key, mark, sealed_box }) in events.into_iter().enumerate() {
            let receipt = Receipt {
                stream: event.stream,
                revision: event.revision,
                position: Position::new(next_position + place as u64),
                leaf_hash: event.leaf_hash,
                recorded_at: event.recorded_at,
            };
            let mut mark = mark;
            if let Some(known) = plan.streams.get_mut(&receipt.stream) {
                if mark == Mark::Fence && known.head.is_some_and(|head| head.fenced) {
                    mark = Mark::None;
                }
                let had = |is: fn(&StreamHead) -> bool| known.head.as_ref().is_some_and(is);
                known.head = Some(StreamHead {
                    revision: receipt.revision,
                    leaf_hash: receipt.leaf_hash,
                    registered: had(|head| head.registered) || mark == Mark::Registration,
                    fenced: had(|head| head.fenced) || mark == Mark::Fence,
                });
            }
            plan.events.push(NewEvent { key, mark, receipt, text: event.bytes, sealed_box });
        }
        Ok(plan)
    }
}

/// What one append writes.
struct One {
    events: Vec<NewEvent>,
    outcomes: Vec<Outcome>,
    head: Option<StreamHead>,
}

fn plan_one(
    append: &Append,
    streams: &HashMap<StreamName, KnownStream>,
    known: impl Fn(&EventKey) -> Option<Receipt>,
    first_position: u64,
    recorded_at: Option<DateTime<Utc>>,
) -> Result<One, AppendError> {
    let mut head = streams.get(&append.stream).and_then(|known| known.head);
    let mut one = One { events: Vec::new(), outcomes: Vec::with_capacity(append.events.len()), head };
    // A name that stands twice in one append is the same event: the second one is answered like the first.
    let mut own: HashMap<&EventKey, Receipt> = HashMap::new();
    let fresh = append.fresh(|key| known(key).is_some())?;
    let new: Vec<_> =
        append.events.iter().zip(&fresh).filter_map(|(event, fresh)| fresh.then_some(event)).collect();
    if !new.is_empty() {
        check_state(append, head, &new)?;
    }
    for (event, fresh) in append.events.iter().zip(fresh) {
        if !fresh {
            if let Some(receipt) = known(&event.key).or_else(|| own.get(&event.key).cloned())
                && !event.follows
            {
                one.outcomes.push(Outcome::AlreadyRecorded(receipt));
            }
            continue;
        }
        // The append's own events before this one count too.
        check_marks(head, &[event])?;
        let recorded_at = recorded_at.ok_or(AppendError::ClockLeapt)?;
        let revision = head.map_or(Revision::FIRST, |head| head.revision.next());
        let text = event.stored_text(recorded_at, revision, head.map(|head| head.leaf_hash));
        if text.len() > STORED_BYTES_MAX {
            return Err(AppendError::TooLarge { bytes: text.len() });
        }
        let leaf_hash = leaf_hash(text.as_bytes());
        let receipt = Receipt {
            stream: append.stream.clone(),
            revision,
            position: Position::new(first_position + one.events.len() as u64),
            leaf_hash,
            recorded_at,
        };
        let before = head;
        let had = |mark: fn(&StreamHead) -> bool| before.as_ref().is_some_and(mark);
        head = Some(StreamHead {
            revision,
            leaf_hash,
            registered: had(|head| head.registered) || event.mark == Mark::Registration,
            fenced: had(|head| head.fenced) || event.mark == Mark::Fence,
        });
        own.insert(&event.key, receipt.clone());
        if !event.follows {
            one.outcomes.push(Outcome::Appended(receipt.clone()));
        }
        one.events.push(NewEvent {
            key: event.key.clone(),
            // A second fence adds nothing to the first: it is an event like any other.
            mark: if event.mark == Mark::Fence && had(|head| head.fenced) { Mark::None } else { event.mark },
            receipt,
            text: text.into(),
            sealed_box: event.sealed_box.clone(),
        });
    }
    one.head = head;
    Ok(one)
}

/// Fence, registration and revision, in this order, for an append that has something new.
fn check_state(append: &Append, head: Option<StreamHead>, new: &[&SealedEvent]) -> Result<(), AppendError> {
    check_marks(head, new)?;
    let actual = head.map(|head| head.revision);
    if append.expected.holds(actual) { Ok(()) } else { Err(AppendError::Conflict { actual }) }
}

/// What the fence and the registration of a stream forbid.
pub(super) fn check_marks(head: Option<StreamHead>, new: &[&SealedEvent]) -> Result<(), AppendError> {
    if head.is_some_and(|head| head.fenced) && new.iter().any(|event| event.sealed_box.is_some()) {
        return Err(AppendError::Fenced);
    }
    if head.is_some_and(|head| head.registered) && new.iter().any(|event| event.mark == Mark::Registration) {
        return Err(AppendError::AlreadyRegistered);
    }
    Ok(())
}
