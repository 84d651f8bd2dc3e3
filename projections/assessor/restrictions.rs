//! Data that is blocked or held: what was changed or destroyed in spite of it (clauses 4.1, 5.2; Art. 1, 25).
//!
//! What was used or disclosed in spite of a block is judged where uses are weighed.

use subject_record_schemas::types::rights::DataDestroyed;
use subject_record_schemas::types::subject::ProfileChanged;
use subject_record_schemas::vocabulary::{DataCategory, ProfileField, RestrictionKind};
use subject_record_schemas::{Fact, Position};

use super::{Step, Verdict};
use crate::findings::{Finding, Matter};
use crate::rules::FindingCode;

/// What was changed or destroyed in spite of a restriction.
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    match &step.event.fact {
        Fact::ProfileChanged(changed) => changed_while_blocked(step, changed).into_iter().collect(),
        Fact::DataDestroyed(destroyed) => destroyed_while_held(step, destroyed).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// With the last restriction that stood in the way of it, what was done in spite of it ceases to be wrong.
pub(super) fn settle(step: &Step<'_>) -> Vec<Verdict> {
    let may_end = match &step.event.fact {
        Fact::RestrictionChanged(changed) => !changed.set,
        Fact::DisputeChanged(_) => true,
        _ => false,
    };
    if !may_end {
        return Vec::new();
    }
    let dealings = &step.person.dealings;
    let held =
        dealings.restrictions.values().filter(|held| held.lifted.is_none()).map(|held| held.set.position);
    let preserved = dealings.disputes.values().filter_map(|dispute| Some(dispute.preserved?.position));
    let standing: Vec<Position> = held.chain(preserved).collect();
    let ended = |finding: &&Finding| !finding.evidence.iter().any(|shown| standing.contains(shown));
    let open = step.docket.open(&[FindingCode::F35, FindingCode::F36], step.at);
    open.filter(ended).map(|finding| step.cures(finding)).collect()
}

/// A value of the profile was changed while it was blocked (F36).
fn changed_while_blocked(step: &Step<'_>, changed: &ProfileChanged) -> Option<Verdict> {
    let categories = [category_of(changed.field)?];
    let mut blocks = step.person.dealings.standing(RestrictionKind::Block, &categories);
    let (id, block) = blocks.next()?;
    let matter = Matter { thing: Some(id.clone()), categories: categories.to_vec(), ..Matter::default() };
    Some(Verdict::Open(step.finding(FindingCode::F36).on(matter).shown_by(block.set.position)))
}

/// Data was destroyed while it was blocked, on hold, or to be kept by order of a court (F35).
fn destroyed_while_held(step: &Step<'_>, destroyed: &DataDestroyed) -> Option<Verdict> {
    let dealings = &step.person.dealings;
    let held = [RestrictionKind::Block, RestrictionKind::LegalHold]
        .into_iter()
        .flat_map(|kind| dealings.standing(kind, &destroyed.categories))
        .map(|(id, held)| (id, held.set.position));
    let preserved =
        dealings.disputes.iter().filter_map(|(id, dispute)| Some((id, dispute.preserved?.position)));
    let barred: Vec<_> = held.chain(preserved).collect();
    let (first, _) = barred.first()?;
    let matter = Matter {
        thing: Some((*first).clone()),
        categories: destroyed.categories.clone(),
        ..Matter::default()
    };
    let finding = step.finding(FindingCode::F35).on(matter);
    Some(Verdict::Open(barred.into_iter().fold(finding, |finding, (_, shown)| finding.shown_by(shown))))
}

/// Category of a field of the profile. The number of a legal entity is nobody's personal data.
const fn category_of(field: ProfileField) -> Option<DataCategory> {
    Some(match field {
        ProfileField::FullName => DataCategory::FullName,
        ProfileField::Iin => DataCategory::Iin,
        ProfileField::AddressRegistered => DataCategory::AddressRegistered,
        ProfileField::AddressDelivery => DataCategory::AddressDelivery,
        ProfileField::Email => DataCategory::Email,
        ProfileField::Phone => DataCategory::Phone,
        ProfileField::Bin => return None,
    })
}

#[cfg(test)]
mod tests;
