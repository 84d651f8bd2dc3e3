//! Uses of data that were unlawful when they happened, and what makes up for them later (F01, F03, F05 to F07, F10,
//! F11, F13 and what bars a use).

use subject_record_schemas::types::rights::DataDestroyed;
use subject_record_schemas::vocabulary::{BasisKind, DestructionScope, DestructionTrigger};
use subject_record_schemas::{Fact, Reference};

use crate::assessor::{Step, Verdict};
use crate::finding::FindingCode;
use crate::findings::{Finding, Matter};
use crate::lawfulness::consent::{Need, rest_on};
use crate::lawfulness::{Case, Doing, Objection, Remedy, weigh};
use crate::subject::Standing;

/// What a consent or the destruction of the data makes up for.
const CURED: &[FindingCode] = &[
    FindingCode::F01,
    FindingCode::F03,
    FindingCode::F05,
    FindingCode::F06,
    FindingCode::F07,
    FindingCode::F08,
    FindingCode::F10,
    FindingCode::F11,
    FindingCode::F13,
];

/// What was unlawful about a use: what a decision would have objected to it just before.
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    let Some(doing) = Doing::of(&step.event.fact) else { return Vec::new() };
    if touches_many(step) {
        return Vec::new();
    }
    let weighed = weigh(step.person, step.office, step.rules, &doing, step.at);
    let mut findings: Vec<Finding> = Vec::new();
    for objection in weighed.objections {
        let Some(code) = objection.finding else { continue };
        // There is one finding of a code about an event: a second objection adds to it.
        let known = findings.iter().position(|finding| finding.finding == code);
        let finding = known.map(|known| findings.swap_remove(known)).unwrap_or_else(|| {
            let finding = Finding { severity: objection.severity, ..step.finding(code) };
            finding.on(matter(&doing, &objection))
        });
        findings.push(objection.events.iter().fold(finding, |finding, event| finding.shown_by(*event)));
    }
    findings.into_iter().map(Verdict::Open).collect()
}

/// Processing of many people's data that the office records: whether each consented is told in their own streams.
fn touches_many(step: &Step<'_>) -> bool {
    let Fact::ProcessingPerformed(done) = &step.event.fact else { return false };
    done.subjects_count.is_some_and(|people| people > 1)
        && done.basis.kind == BasisKind::Consent
        && step.person.standing == Standing::Unregistered
        && step.person.consents.is_empty()
}

/// What a cure has to know of an objection.
fn matter(doing: &Doing<'_>, objection: &Objection) -> Matter {
    let (stated, purpose, categories, recipient) = match doing {
        Doing::Processing(done) => {
            let stated = done.basis.and_then(|basis| basis.reference.as_ref());
            (stated, Some(done.purpose), done.categories, None)
        }
        Doing::Message(sent) => (sent.consent, None, &[][..], None),
        Doing::Disclosure(made) => {
            (made.ground_ref, Some(made.purpose), made.categories, Some(made.recipient))
        }
    };
    // What would have made it lawful says what of it was not.
    let categories = match &objection.remedy {
        Remedy::AskConsent { categories, .. } => categories,
        _ => categories,
    };
    let ground = match doing {
        Doing::Disclosure(made) => made.ground.cloned(),
        Doing::Processing(_) | Doing::Message(_) => None,
    };
    Matter {
        ground,
        thing: objection.consent.as_ref().or(stated).cloned(),
        recipient: recipient.cloned(),
        purpose: purpose.cloned(),
        categories: categories.to_vec(),
    }
}

/// What an event makes up for.
pub(super) fn settle(step: &Step<'_>) -> Vec<Verdict> {
    match &step.event.fact {
        Fact::ConsentGiven(given) => consented(step, &given.consent_id),
        Fact::RepresentationRecorded(_) => authority_shown(step),
        Fact::DataDestroyed(destroyed) => gone(step, destroyed),
        _ => Vec::new(),
    }
}

/// A consent that covers now what was used without one.
fn consented(step: &Step<'_>, id: &Reference) -> Vec<Verdict> {
    let Some(consent) = step.person.consents.get(id) else { return Vec::new() };
    let case = Case { person: step.person, office: step.office, rules: step.rules, at: step.at };
    let covers = |finding: &&Finding| {
        let Some(purpose) = &finding.matter.purpose else { return false };
        let need = Need { purpose, categories: &finding.matter.categories };
        let passes = |who: &Reference| consent.third_party && consent.recipients.contains(who);
        rest_on(&case, id, consent, &need).is_ok() && finding.matter.recipient.as_ref().is_none_or(passes)
    };
    step.docket.open(CURED, step.at).filter(covers).map(|finding| step.cures(finding)).collect()
}

/// An authority that covers the day of a consent after all.
fn authority_shown(step: &Step<'_>) -> Vec<Verdict> {
    let authorised = |finding: &&Finding| {
        let consent = finding.matter.thing.as_ref().and_then(|id| step.person.consents.get(id));
        consent.is_some_and(|consent| consent.authorised)
    };
    let open = step.docket.open(&[FindingCode::F08], step.at);
    open.filter(authorised).map(|finding| step.cures(finding)).collect()
}

/// The data is gone: all of it, or what was used unlawfully, since it was.
fn gone(step: &Step<'_>, destroyed: &DataDestroyed) -> Vec<Verdict> {
    if !destroyed.places_left.is_empty() {
        return Vec::new();
    }
    let whole = destroyed.scope == DestructionScope::Subject;
    let unlawful = destroyed.trigger == DestructionTrigger::UnlawfulProcessing;
    let reached = |finding: &&Finding| {
        let categories = &finding.matter.categories;
        let named = categories.iter().all(|category| destroyed.categories.contains(category));
        whole && destroyed.categories.is_empty() || (unlawful && named && !categories.is_empty())
    };
    step.docket.open(CURED, step.at).filter(reached).map(|finding| step.cures(finding)).collect()
}

#[cfg(test)]
mod tests;
