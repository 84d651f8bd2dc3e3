//! Consents that were given, limited and ended as the law does not let them be (F04, F08, F14).

use subject_record_schemas::types::consent::{ConsentGiven, WithdrawalLimited};
use subject_record_schemas::vocabulary::{GivenBy, LimitationGround};
use subject_record_schemas::{EventType, Fact, Position, Reference};

use crate::assessor::{Step, Verdict};
use crate::due::legal_day;
use crate::finding::FindingCode;
use crate::findings::{Finding, Matter};
use crate::lawfulness::consent::can_be_kept;
use crate::subject::{Consent, midnight_after};

/// What is wrong about a consent or what became of it.
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    match &step.event.fact {
        Fact::ConsentGiven(given) => judge_given(step, given),
        Fact::WithdrawalLimited(limited) => judge_limited(step, limited),
        _ => Vec::new(),
    }
}

fn judge_given(step: &Step<'_>, given: &ConsentGiven) -> Vec<Verdict> {
    let matter = || Matter {
        thing: Some(given.consent_id.clone()),
        categories: given.categories.clone(),
        ..Matter::default()
    };
    let mut verdicts = Vec::new();
    if !is_published(step, given) {
        verdicts.push(Verdict::Open(step.finding(FindingCode::F04).on(matter())));
    }
    if !step.person.dealings.may_consent(&given.by, step.at) {
        let held = step.person.dealings.representations.values().filter(
            |held| matches!(&given.by, GivenBy::Representative(who) if held.recorded.representative == *who),
        );
        let finding = step.finding(FindingCode::F08).on(matter());
        let finding = held.fold(finding, |finding, held| finding.shown_by(held.told.position));
        verdicts.push(Verdict::Open(finding));
    }
    verdicts
}

/// Whether the text, version and hash that were shown were published by then.
fn is_published(step: &Step<'_>, given: &ConsentGiven) -> bool {
    step.office.consent_texts(step.at).iter().any(|text| {
        let text = &text.fact;
        (&text.text_id, &text.version, &text.text_hash) == (&given.text_id, &given.version, &given.text_hash)
    })
}

/// A withdrawal waits without a ground, or for what no law and no obligation bars (Art. 8(2)).
fn judge_limited(step: &Step<'_>, limited: &WithdrawalLimited) -> Vec<Verdict> {
    let listed = matches!(limited.ground, LimitationGround::Law | LimitationGround::UnfulfilledObligation);
    let barred = listed && limited.ground_ref.is_some() && step.person.dealings.bars(limited);
    if barred && limited.purposes_kept.iter().all(can_be_kept) {
        return Vec::new();
    }
    vec![Verdict::Open(step.finding(FindingCode::F14).on(of_consent(&limited.consent_id)))]
}

/// What a withdrawal waits for is over: from the next day on it stands unexecuted.
fn waited_for(step: &Step<'_>) -> Vec<Verdict> {
    let Some(opens) = midnight_after(legal_day(step.at)) else { return Vec::new() };
    let known =
        |about: Position| step.docket.scheduled(&[FindingCode::F14]).any(|finding| finding.about == about);
    let waits = |(id, consent): (&Reference, &Consent)| {
        let (limited, about) = consent.limited_by.as_ref()?;
        let finding =
            Finding::new(FindingCode::F14, (*about, EventType::WithdrawalLimited), opens, step.rules);
        let finding = finding.shown_by(step.event.position);
        let open = !step.person.dealings.bars(limited) && !known(*about);
        open.then(|| Verdict::Open(finding.on(of_consent(id))))
    };
    step.person.consents.iter().filter_map(waits).collect()
}

fn of_consent(id: &Reference) -> Matter {
    Matter { thing: Some(id.clone()), ..Matter::default() }
}

/// What an event mends.
pub(super) fn settle(step: &Step<'_>) -> Vec<Verdict> {
    match &step.event.fact {
        Fact::ConsentGiven(given) => replaced(step, given),
        Fact::AgreementChanged(_) => waited_for(step),
        Fact::ConsentWithdrawn(_) | Fact::ConsentEnded(_) | Fact::WithdrawalLimited(_) => {
            [ended(step), executed(step)].concat()
        }
        Fact::DataDestroyed(_) if step.person.dealings.destroyed().is_some() => executed_by_destruction(step),
        _ => Vec::new(),
    }
}

/// A consent for the same purposes to a published text, by somebody who may, takes the place of a faulty one.
fn replaced(step: &Step<'_>, given: &ConsentGiven) -> Vec<Verdict> {
    let sound = is_published(step, given) && step.person.dealings.may_consent(&given.by, step.at);
    let same = |finding: &&Finding| {
        let faulty = finding.matter.thing.as_ref().and_then(|id| step.person.consents.get(id));
        faulty.is_some_and(|faulty| {
            faulty.purposes_given.iter().all(|purpose| given.purposes.contains(purpose))
                && faulty.categories.iter().all(|category| given.categories.contains(category))
        })
    };
    let open = step.docket.open(FAULTY, step.at).filter(|finding| sound && is_about_consent(step, finding));
    open.filter(same).map(|finding| step.cures(finding)).collect()
}

const FAULTY: &[FindingCode] = &[FindingCode::F04, FindingCode::F08];

/// Whether a finding is about the giving of a consent, and not about a use that rested on it.
fn is_about_consent(step: &Step<'_>, finding: &Finding) -> bool {
    let consent = finding.matter.thing.as_ref().and_then(|id| step.person.consents.get(id));
    consent.is_some_and(|consent| consent.events.first() == Some(&finding.about))
}

/// A faulty consent that has ended carries nothing any more.
fn ended(step: &Step<'_>) -> Vec<Verdict> {
    let over = |finding: &&Finding| {
        let consent = finding.matter.thing.as_ref().and_then(|id| step.person.consents.get(id));
        consent.is_some_and(|consent| consent.purposes.is_empty() && consent.purposes_kept.is_empty())
    };
    let open = step.docket.open(FAULTY, step.at).filter(|finding| is_about_consent(step, finding));
    open.filter(over).map(|finding| step.cures(finding)).collect()
}

/// A withdrawal that waited was carried out, or waits for something else now.
fn executed(step: &Step<'_>) -> Vec<Verdict> {
    let waits_by = |id: &Reference| -> Option<Position> {
        step.person.consents.get(id)?.limited_by.as_ref().map(|(_, position)| *position)
    };
    let over = |finding: &&Finding| {
        finding.matter.thing.as_ref().is_some_and(|id| waits_by(id) != Some(finding.about))
    };
    let scheduled = step.docket.scheduled(&[FindingCode::F14]);
    scheduled.filter(over).map(|finding| step.cures(finding)).collect()
}

/// With the data gone, nothing of the consent goes on.
fn executed_by_destruction(step: &Step<'_>) -> Vec<Verdict> {
    step.docket.scheduled(&[FindingCode::F14]).map(|finding| step.cures(finding)).collect()
}

#[cfg(test)]
mod tests;
