//! What an append may write, decided on the heads that the index knows.

use chrono::{DateTime, Utc};
use subject_record_schemas::{Revision, StreamName};

use crate::store::append::{STORED_BYTES_MAX, leaf_hash};
use crate::store::plan::check_marks;
use crate::store::{Append, AppendError, EventKey, Mark, SealedEvent, StreamHead};

/// What a server takes in one append, as it is set up (`MaxAppendSize`).
pub(super) const APPEND_BYTES_MAX: usize = 1024 * 1024;
/// More than an event takes beside its bytes: its name, id and metadata.
const EVENT_BYTES: usize = 512;

/// Events with a place, ready to be sent as one.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) stream: StreamName,
    /// Where the stream must end.
    pub(super) needed: Option<Revision>,
    /// The events, and the exact bytes of each.
    pub(super) events: Vec<(SealedEvent, String)>,
    /// Where the stream ends with them.
    pub(super) after: StreamHead,
}

/// Plans an append. `None`: every event of it is recorded already.
///
/// # Errors
/// What the contract of the store refuses.
pub(super) fn plan(
    append: &Append,
    head: Option<StreamHead>,
    is_recorded: impl Fn(&EventKey) -> bool,
    recorded_at: Option<DateTime<Utc>>,
) -> Result<Option<Placed>, AppendError> {
    let fresh = append.fresh(is_recorded)?;
    let new: Vec<_> =
        append.events.iter().zip(fresh).filter_map(|(event, fresh)| fresh.then_some(event)).collect();
    if new.is_empty() {
        return Ok(None);
    }
    // Fence, registration and revision, in this order, before anything else is looked at.
    check_marks(head, &new)?;
    let actual = head.map(|head| head.revision);
    if !append.expected.holds(actual) {
        return Err(AppendError::Conflict { actual });
    }
    let placed = place(&append.stream, head, new.into_iter().cloned(), recorded_at)?;
    let bytes =
        placed.iter().flat_map(|placed| &placed.events).map(|(_, text)| EVENT_BYTES + text.len()).sum();
    if bytes > APPEND_BYTES_MAX {
        return Err(AppendError::TooLargeTogether { bytes, max: APPEND_BYTES_MAX });
    }
    Ok(placed)
}

/// Gives events their places after a head. `None`: there are no events.
///
/// # Errors
/// What one event forbids the next, a size, or a clock that leapt.
pub(super) fn place(
    stream: &StreamName,
    head: Option<StreamHead>,
    events: impl Iterator<Item = SealedEvent>,
    recorded_at: Option<DateTime<Utc>>,
) -> Result<Option<Placed>, AppendError> {
    let needed = head.map(|head| head.revision);
    let (mut head, mut placed) = (head, Vec::new());
    for mut event in events {
        check_marks(head, &[&event])?;
        let recorded_at = recorded_at.ok_or(AppendError::ClockLeapt)?;
        let revision = head.map_or(Revision::FIRST, |head| head.revision.next());
        let text = event.stored_text(recorded_at, revision, head.map(|head| head.leaf_hash));
        if text.len() > STORED_BYTES_MAX {
            return Err(AppendError::TooLarge { bytes: text.len() });
        }
        let (registered, fenced) = head.map_or((false, false), |head| (head.registered, head.fenced));
        // A second fence adds nothing to the first: it is an event like any other.
        if event.mark == Mark::Fence && fenced {
            event.mark = Mark::None;
        }
        head = Some(StreamHead {
            revision,
            leaf_hash: leaf_hash(text.as_bytes()),
            registered: registered || event.mark == Mark::Registration,
            fenced: fenced || event.mark == Mark::Fence,
        });
        placed.push((event, text));
    }
    let stream = stream.clone();
    Ok(head.filter(|_| !placed.is_empty()).map(|after| Placed { stream, needed, events: placed, after }))
}
