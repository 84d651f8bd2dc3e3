//! Data that was said to be destroyed: copies that are left, and traces of it afterwards (clause 3.3; Art. 12, 18).

use std::collections::BTreeSet;

use subject_record_schemas::types::rights::DataDestroyed;
use subject_record_schemas::vocabulary::{DataCategory, DestructionScope};
use subject_record_schemas::{Fact, Reference};

use super::{Step, Verdict};
use crate::findings::{Finding, Matter};
use crate::rules::FindingCode;
use crate::subject::{Dealings, Destruction};

/// A destruction that leaves copies, and a change of what was destroyed. Other uses of it are judged where uses are
/// weighed.
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    match &step.event.fact {
        Fact::DataDestroyed(destroyed) if !destroyed.places_left.is_empty() => vec![left(step, destroyed)],
        Fact::ProfileChanged(_) => {
            let gone = step.person.dealings.destroyed();
            let found = |done: crate::subject::Told| step.finding(FindingCode::F37).shown_by(done.position);
            gone.map(|done| Verdict::Open(found(done))).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What a destruction cures: copies that were left, copies abroad, and what was used after an earlier destruction.
pub(super) fn settle(step: &Step<'_>) -> Vec<Verdict> {
    let Fact::DataDestroyed(destroyed) = &step.event.fact else { return Vec::new() };
    let dealings = &step.person.dealings;
    let cured = |finding: &&Finding| match finding.finding {
        FindingCode::F34 => nothing_left(dealings, finding),
        FindingCode::F27 => is_the_copy(destroyed, finding),
        FindingCode::F37 => destroyed.scope == DestructionScope::Subject,
        _ => false,
    };
    let open = step.docket.open(&[FindingCode::F34, FindingCode::F27, FindingCode::F37], step.at);
    open.filter(cured).map(|finding| step.cures(finding)).collect()
}

/// "Destroyed", and some places still hold a copy (F34).
fn left(step: &Step<'_>, destroyed: &DataDestroyed) -> Verdict {
    let matter = Matter {
        thing: destroyed.places_left.first().cloned(),
        categories: destroyed.categories.clone(),
        ..Matter::default()
    };
    let severity = step.rules.finding(FindingCode::F34).severity_otherwise();
    Verdict::Open(step.finding(FindingCode::F34).on(matter).graded(severity))
}

/// Whether later destructions reached every place that one had left.
fn nothing_left(dealings: &Dealings, finding: &Finding) -> bool {
    let all = &dealings.destructions;
    let Some(place) = all.iter().position(|done| done.told.position == finding.about) else { return false };
    let (earlier, later) = (&all[place], &all[place + 1..]);
    let reached = later.iter().filter(|later| reaches(later, earlier)).flat_map(|later| &later.places_done);
    let reached: BTreeSet<&Reference> = reached.collect();
    earlier.places_left.iter().all(|left| reached.contains(left))
}

/// Whether a destruction covers all that an earlier one was about.
fn reaches(later: &Destruction, earlier: &Destruction) -> bool {
    let of_scope = match later.scope {
        // A copy in one place, or everything.
        DestructionScope::Copy | DestructionScope::Subject => true,
        DestructionScope::Document => later.scope == earlier.scope && later.scope_ref == earlier.scope_ref,
        DestructionScope::Field => later.scope == earlier.scope,
    };
    of_scope && covers(&later.categories, &earlier.categories)
}

/// Whether categories contain others. None named means all.
fn covers(categories: &[DataCategory], others: &[DataCategory]) -> bool {
    categories.is_empty()
        || (!others.is_empty() && others.iter().all(|category| categories.contains(category)))
}

/// Whether the copy abroad that a finding is about was destroyed.
fn is_the_copy(destroyed: &DataDestroyed, finding: &Finding) -> bool {
    let place = finding.matter.thing.as_ref();
    matches!(destroyed.scope, DestructionScope::Copy | DestructionScope::Subject)
        && finding.matter.recipient.is_none()
        && place.is_some_and(|place| destroyed.places_done.contains(place))
        && covers(&destroyed.categories, &finding.matter.categories)
}

#[cfg(test)]
mod tests;
