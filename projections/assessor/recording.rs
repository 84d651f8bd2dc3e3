//! When facts are recorded: a record that comes long after the fact is weaker evidence of it (clause 4.2; Art. 22).

use chrono::TimeDelta;

use super::{Step, Verdict};
use crate::rules::FindingCode;

/// An event was recorded later than the operator's own limit allows (F47). Nothing cures that.
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    let limit = TimeDelta::hours(i64::from(step.rules.limits.late_recording_hours));
    let late = step.event.recorded_at - step.event.occurred_at > limit;
    if late { vec![Verdict::Open(step.finding(FindingCode::F47))] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
