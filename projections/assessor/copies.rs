//! Copies of a person's data in places abroad (clause 3.3; Art. 16).

use subject_record_schemas::Fact;

use super::{Step, Verdict};
use crate::findings::{Finding, Matter};
use crate::lawfulness::abroad::{self, Leaving};
use crate::rules::FindingCode;

/// A copy lies abroad, or nobody knows where, without a ground of Art. 16 (F27).
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    let Fact::CopyPlaced(placed) = &step.event.fact else { return Vec::new() };
    let place = step.office.place(&placed.place_id, step.at);
    if place.is_some_and(|place| abroad::is_home(&place.fact.country)) {
        return Vec::new();
    }
    let leaving = Leaving {
        country: place.map(|place| &place.fact.country),
        holder: place.and_then(|place| place.fact.holder_id.as_ref()),
        ground: placed.cross_border_ground.as_ref(),
        consent: placed.consent_id.as_ref(),
        purpose: None,
        categories: &placed.categories,
    };
    let Err(objection) = abroad::weigh(&step.case(), &leaving) else { return Vec::new() };
    let matter = Matter {
        thing: Some(placed.place_id.clone()),
        categories: placed.categories.clone(),
        ..Matter::default()
    };
    let finding = step.finding(FindingCode::F27).on(matter);
    let shown = place.map(|place| place.position).into_iter().chain(objection.events);
    vec![Verdict::Open(shown.fold(finding, Finding::shown_by))]
}

#[cfg(test)]
mod tests;
