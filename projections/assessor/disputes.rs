//! Claims and disputes: what is their evidence is held until they are closed (clauses 5.1, 5.2).

use subject_record_schemas::types::incident::DisputeChanged;
use subject_record_schemas::types::rights::RestrictionChanged;
use subject_record_schemas::vocabulary::{DisputeStage, RestrictionKind};
use subject_record_schemas::{Fact, Reference};

use super::{Step, Verdict};
use crate::findings::{Finding, Matter};
use crate::rules::FindingCode;
use crate::subject::{Dealings, Dispute};

/// A dispute goes on and nothing holds the data (F42).
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    let Fact::DisputeChanged(changed) = &step.event.fact else { return Vec::new() };
    without_hold(step, changed).into_iter().collect()
}

/// A hold that is lifted too early (F42), and what a hold or the end of a dispute cures.
pub(super) fn settle(step: &Step<'_>) -> Vec<Verdict> {
    match &step.event.fact {
        Fact::RestrictionChanged(changed) if changed.kind == RestrictionKind::LegalHold => {
            if is_held(&step.person.dealings) {
                cure(step, |_| true)
            } else {
                lifted_early(step, changed).into_iter().collect()
            }
        }
        Fact::DisputeChanged(changed) if changed.stage == DisputeStage::Closed => {
            let none_open = open_disputes(&step.person.dealings).next().is_none();
            let about_it =
                |finding: &Finding| none_open || finding.matter.thing.as_ref() == Some(&changed.dispute_id);
            cure(step, about_it)
        }
        _ => Vec::new(),
    }
}

fn is_held(dealings: &Dealings) -> bool {
    dealings.standing(RestrictionKind::LegalHold, &[]).next().is_some()
}

fn open_disputes(dealings: &Dealings) -> impl Iterator<Item = (&Reference, &Dispute)> {
    dealings.disputes.iter().filter(|(_, dispute)| dispute.stage != DisputeStage::Closed)
}

fn cure(step: &Step<'_>, which: impl Fn(&Finding) -> bool) -> Vec<Verdict> {
    let open = step.docket.open(&[FindingCode::F42], step.at).filter(|finding| which(finding));
    open.map(|finding| step.cures(finding)).collect()
}

/// One finding a dispute: later stages without a hold add nothing to it.
fn without_hold(step: &Step<'_>, changed: &DisputeChanged) -> Option<Verdict> {
    if changed.stage == DisputeStage::Closed || is_held(&step.person.dealings) {
        return None;
    }
    let about_it = |finding: &Finding| {
        finding.matter.thing.as_ref().is_none_or(|dispute| *dispute == changed.dispute_id)
    };
    if step.docket.open(&[FindingCode::F42], step.at).any(about_it) {
        return None;
    }
    let matter = Matter { thing: Some(changed.dispute_id.clone()), ..Matter::default() };
    Some(Verdict::Open(step.finding(FindingCode::F42).on(matter)))
}

/// The last hold was lifted while disputes are open. Where there are several, the finding is about all of them.
fn lifted_early(step: &Step<'_>, changed: &RestrictionChanged) -> Option<Verdict> {
    let open: Vec<_> = open_disputes(&step.person.dealings).collect();
    if changed.set || open.is_empty() {
        return None;
    }
    let thing = match &open[..] {
        [(only, _)] => Some((*only).clone()),
        _ => None,
    };
    let finding = step.finding(FindingCode::F42).on(Matter { thing, ..Matter::default() });
    let shown = open.iter().fold(finding, |finding, (_, dispute)| finding.shown_by(dispute.told.position));
    Some(Verdict::Open(shown))
}

#[cfg(test)]
mod tests;
