//! Data in public sources (clause 3.2; Art. 6, 15).

use subject_record_schemas::Fact;
use subject_record_schemas::types::disclosure::PublicFlagChanged;
use subject_record_schemas::vocabulary::PublicityGround;

use super::{Step, Verdict};
use crate::findings::{Finding, Matter};
use crate::lawfulness::consent::{leave, lives};
use crate::rules::FindingCode;
use crate::subject::Consent;

/// Data became public with neither consent nor law (F12).
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    let Fact::PublicFlagChanged(changed) = &step.event.fact else { return Vec::new() };
    if !changed.public || is_grounded(step, changed) {
        return Vec::new();
    }
    let matter = Matter {
        thing: changed.consent_id.clone(),
        categories: changed.categories.clone(),
        ..Matter::default()
    };
    let named = changed.consent_id.as_ref().and_then(|id| step.person.consents.get(id));
    let shown = named.into_iter().flat_map(|consent| &consent.events);
    let finding = step.finding(FindingCode::F12).on(matter);
    vec![Verdict::Open(shown.fold(finding, |finding, event| finding.shown_by(*event)))]
}

/// Once none of it is public any more, it is mended.
pub(super) fn settle(step: &Step<'_>) -> Vec<Verdict> {
    let Fact::PublicFlagChanged(changed) = &step.event.fact else { return Vec::new() };
    if changed.public {
        return Vec::new();
    }
    let public = &step.person.dealings.public;
    let gone =
        |finding: &&Finding| finding.matter.categories.iter().all(|category| !public.contains_key(category));
    let open = step.docket.open(&[FindingCode::F12], step.at);
    open.filter(gone).map(|finding| step.cures(finding)).collect()
}

fn is_grounded(step: &Step<'_>, changed: &PublicFlagChanged) -> bool {
    let case = step.case();
    let allows = |consent: &Consent| {
        leave(&case, consent.public, consent.ends.public.as_ref())
            && lives(&case, consent)
            && changed.categories.iter().all(|category| consent.categories.contains(category))
    };
    match changed.ground {
        PublicityGround::Consent => match &changed.consent_id {
            Some(id) => step.person.consents.get(id).is_some_and(allows),
            None => step.person.consents.values().any(allows),
        },
        PublicityGround::Law | PublicityGround::CourtAct | PublicityGround::StateBodyDecision => {
            changed.demand_ref.is_some()
        }
        PublicityGround::SubjectDemand | PublicityGround::None | PublicityGround::Unlisted(_) => false,
    }
}

#[cfg(test)]
mod tests;
