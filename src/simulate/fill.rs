//! Records a simulated year through intake, under a clock that runs with it.

use chrono::TimeDelta;
use subject_record_schemas::EventType;

use super::SimulatedEvent;
use crate::caller::Caller;
use crate::clock::SetClock;
use crate::intake::{Intake, Refusal};
use crate::store::ExpectedRevision;

/// Events that are recorded at one simulated moment at most.
const GROUP_EVENTS_MAX: usize = 200;
/// Minutes between the first and the last event of such a group at most. All are recorded at the last one's time,
/// so none seems to be recorded before it was sent, and none much later.
const GROUP_MINUTES_MAX: i64 = 10;

/// A simulated event that was not recorded.
#[derive(Debug, thiserror::Error)]
#[error("event {index} of the simulation, a {event_type}, was not recorded: {refusal}")]
pub struct FillError {
    /// Its place in the simulation, from 0.
    pub index: usize,
    /// Its type, as far as it names one.
    pub event_type: String,
    /// Why.
    #[source]
    pub refusal: Refusal,
}

/// Records events in order, each once `clock` (the one that intake and store run on) has come to the moment at
/// which it is sent; `progress` hears how many are recorded. Answers how many were.
///
/// After a crash it goes on from the start: with the clock at the last recorded time, what is recorded already is
/// answered as such.
///
/// # Errors
/// [`FillError`] for the first event that is refused. What came before it stays recorded.
pub async fn fill(
    intake: &Intake,
    clock: &SetClock,
    caller: &Caller,
    events: &[SimulatedEvent],
    mut progress: impl FnMut(u64),
) -> Result<u64, FillError> {
    let mut recorded = 0_usize;
    while let Some(first) = events.get(recorded) {
        let until = first.sent_at + TimeDelta::minutes(GROUP_MINUTES_MAX);
        let fits = |event: &&SimulatedEvent| event.sent_at <= until;
        let group = events.iter().skip(recorded).take(GROUP_EVENTS_MAX).take_while(fits).collect::<Vec<_>>();
        if let Some(last) = group.last() {
            clock.run_to(last.sent_at);
        }
        let refused = |place: usize, refusal| FillError {
            index: recorded + place,
            event_type: wire_name(group.get(place).copied()),
            refusal,
        };
        let mut checked = Vec::with_capacity(group.len());
        for (place, event) in group.iter().enumerate() {
            let new = intake.validators().check_value(caller, event.document.clone(), clock);
            checked.push(new.map_err(|refusal| refused(place, refusal))?);
        }
        let answers = intake.record_each(&caller.token, &checked, ExpectedRevision::Any).await;
        for (place, answer) in answers.into_iter().enumerate() {
            answer.map_err(|refusal| refused(place, refusal))?;
        }
        recorded += group.len();
        progress(u64::try_from(recorded).unwrap_or(u64::MAX));
    }
    Ok(u64::try_from(recorded).unwrap_or(u64::MAX))
}

fn wire_name(event: Option<&SimulatedEvent>) -> String {
    let name = event.and_then(|event| event.document.get("type")?.as_str());
    name.and_then(|name| name.parse::<EventType>().ok())
        .map_or_else(|| "document".into(), |known| known.to_string())
}
