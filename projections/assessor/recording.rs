//! When facts are recorded: a record that comes long after the fact, or that puts it before what it follows from, is
//! weaker evidence of it (clause 4.2; Art. 22).

use chrono::TimeDelta;

use super::{Step, Verdict};
use crate::event::names;
use crate::findings::Finding;
use crate::rules::FindingCode;

/// An event was recorded later than the operator's own limit allows, or tells of a time before what it names (F47).
/// Nothing cures that.
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    let limit = TimeDelta::hours(i64::from(step.rules.limits.late_recording_hours));
    let late = step.event.recorded_at - step.event.occurred_at > limit;
    // An event counts later than it says only where it waited for what it names.
    let disordered = step.at > step.event.occurred_at;
    if !late && !disordered {
        return Vec::new();
    }
    let named = names(&step.event.fact).filter(|_| disordered);
    let shown = named.and_then(|made| step.person.maker(&made));
    let finding = step.finding(FindingCode::F47);
    vec![Verdict::Open(shown.into_iter().fold(finding, Finding::shown_by))]
}

#[cfg(test)]
mod tests;
