//! Requests of state bodies, and of those who write like one (clause 3.4.1).

use subject_record_schemas::Fact;
use subject_record_schemas::types::disclosure::StateRequestDecided;
use subject_record_schemas::vocabulary::StateRequestDecision;

use super::{Step, Verdict};
use crate::findings::{Finding, Matter};
use crate::lawfulness::disclosure::improper;
use crate::rules::FindingCode;

/// A request is to be answered that had to be refused or sent back (F29).
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    let Fact::StateRequestDecided(decided) = &step.event.fact else { return Vec::new() };
    found(step, decided).into_iter().collect()
}

/// A later decision on the same request takes its place.
pub(super) fn settle(step: &Step<'_>) -> Vec<Verdict> {
    let Fact::StateRequestDecided(decided) = &step.event.fact else { return Vec::new() };
    let earlier = |finding: &&Finding| {
        finding.about != step.event.position && finding.matter.thing.as_ref() == Some(&decided.request_id)
    };
    if found(step, decided).is_some() {
        return Vec::new();
    }
    let open = step.docket.open(&[FindingCode::F29], step.at);
    open.filter(earlier).map(|finding| step.cures(finding)).collect()
}

fn found(step: &Step<'_>, decided: &StateRequestDecided) -> Option<Verdict> {
    let answers = matches!(decided.decision, StateRequestDecision::Comply | StateRequestDecision::Narrow);
    let request = step.person.dealings.state_requests.get(&decided.request_id).filter(|_| answers)?;
    let flaw = improper(&step.case(), request)?;
    let matter = Matter {
        thing: Some(decided.request_id.clone()),
        recipient: Some(request.received.recipient_id.clone()),
        categories: decided.categories_allowed.clone(),
        ..Matter::default()
    };
    let finding = step.finding(FindingCode::F29).on(matter).shown_by(request.told.position);
    Some(Verdict::Open(flaw.events.into_iter().fold(finding, Finding::shown_by)))
}

#[cfg(test)]
mod tests;
