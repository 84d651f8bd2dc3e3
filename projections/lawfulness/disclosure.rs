//! Data passed to third parties (clauses 3.4, 3.5; Art. 9, 10, 15, 16).

use subject_record_schemas::vocabulary::{
    AgreementState, DataCategory, DisclosureGround, ResponsibilityRole, StateRequestDecision,
};
use subject_record_schemas::{Position, Reference};

use crate::finding::FindingCode;
use crate::lawfulness::abroad::{self, Leaving};
use crate::lawfulness::consent::{self, Need};
use crate::lawfulness::{Case, Disclosing, Ground, Objection, Remedy, Weighed, policy};
use crate::subject::{Consent, StateRequest, Told};

pub(super) fn weigh(case: &Case<'_>, disclosing: &Disclosing<'_>) -> Weighed {
    let mut weighed = Weighed::default();
    weighed.objections.extend(policy::outside(case, disclosing.purpose));
    weighed.objections.extend(unfit(case, disclosing));
    match disclosing.ground {
        Some(DisclosureGround::StateBodyRequest) => on_request(case, disclosing, &mut weighed),
        Some(DisclosureGround::Law) => weighed.take(by_law(case, disclosing)),
        Some(DisclosureGround::Consent) | None => weighed.take(on_consent(case, disclosing)),
        Some(DisclosureGround::Agreement) => on_agreement(case, disclosing, &mut weighed),
        Some(DisclosureGround::None | DisclosureGround::Unlisted(_)) => {
            weighed.objections.push(case.objection(FindingCode::F28, remedy(disclosing)));
        }
    }
    if weighed.grounds.is_empty() {
        let to = Some((disclosing.recipient, disclosing.country));
        let new = policy::Added { purpose: disclosing.purpose, categories: disclosing.categories, to };
        weighed.objections.extend(policy::applied_backwards(case, &new));
    }
    if !abroad::is_home(disclosing.country) {
        let rests_on_consent = disclosing.ground.is_none_or(|ground| *ground == DisclosureGround::Consent);
        weighed.take(abroad::weigh(
            case,
            &Leaving {
                country: Some(disclosing.country),
                holder: Some(disclosing.recipient),
                ground: disclosing.cross_border_ground,
                consent: disclosing.ground_ref.filter(|_| rests_on_consent),
                purpose: Some(disclosing.purpose),
                categories: disclosing.categories,
            },
        ));
    }
    weighed
}

/// A consent that would carry it.
fn remedy(disclosing: &Disclosing<'_>) -> Remedy {
    Remedy::AskConsent {
        purpose: disclosing.purpose.clone(),
        categories: disclosing.categories.to_vec(),
        recipient: Some(disclosing.recipient.clone()),
        country: Some(disclosing.country.clone()).filter(|country| !abroad::is_home(country)),
    }
}

/// The recipient was not registered, or has not taken on the duties (F32).
fn unfit(case: &Case<'_>, disclosing: &Disclosing<'_>) -> Option<Objection> {
    let recipient = disclosing.recipient.clone();
    match case.office.recipient(disclosing.recipient, case.at) {
        None => Some(case.objection(FindingCode::F32, Remedy::RegisterRecipient { recipient })),
        Some(registered) if registered.fact.duties_accepted => None,
        Some(registered) => {
            let objection = case.objection(FindingCode::F32, Remedy::HaveDutiesAccepted { recipient });
            Some(objection.shown_by([registered.position]))
        }
    }
}

/// On a reasoned request (clause 3.4.1): as it was decided, no more than was asked, and nothing privileged unseen.
fn on_request(case: &Case<'_>, disclosing: &Disclosing<'_>, weighed: &mut Weighed) {
    let Some(id) = disclosing.ground_ref else {
        weighed.objections.push(case.objection(FindingCode::F28, Remedy::NameRequest));
        return;
    };
    let Some(request) = case.person.dealings.state_requests.get(id) else {
        weighed.objections.push(case.objection(FindingCode::F31, Remedy::NameRequest));
        return;
    };
    let shown = |objection: Objection, decided: Option<Position>| {
        objection.shown_by([request.told.position]).shown_by(decided)
    };
    if request.received.recipient_id != *disclosing.recipient {
        weighed.objections.push(shown(case.objection(FindingCode::F28, Remedy::NameRequest), None));
        return;
    }
    let agreed = |decision| matches!(decision, StateRequestDecision::Comply | StateRequestDecision::Narrow);
    let decided = request.decided.as_ref();
    let Some((decision, told)) = decided.filter(|(decided, _)| agreed(decided.decision)) else {
        let objection = case.objection(FindingCode::F31, Remedy::DecideRequest { request: id.clone() });
        weighed.objections.push(shown(objection, decided.map(|(_, told)| told.position)));
        return;
    };
    let before = weighed.objections.len();
    if let Some(flaw) = improper(case, request) {
        // The decision is found unlawful, not each answer under it.
        weighed.objections.push(shown(flaw.uncoded(vec!["3.4.1".into()]), Some(told.position)));
    }
    let outside = outside(request, disclosing.categories);
    if !outside.is_empty() {
        let objection = case.objection(FindingCode::F30, Remedy::LeaveOut { categories: outside });
        weighed.objections.push(shown(objection, Some(told.position)));
    }
    let is_privileged = |category| case.rules.lists.privileged_categories.contains(category);
    let unseen = !decision.privilege_checked_by.as_ref().is_some_and(|who| is_lawyer(case, who, told));
    if unseen && disclosing.categories.iter().any(is_privileged) {
        let objection = case.objection(FindingCode::F31, Remedy::CheckPrivilege { request: id.clone() });
        weighed.objections.push(shown(objection, Some(told.position)));
    }
    if weighed.objections.len() == before {
        weighed.grounds.push(Ground {
            clause: Some("3.4.1".into()),
            articles: case.articles_of(FindingCode::F28),
            reference: Some(id.clone()),
            events: vec![request.told.position, told.position],
        });
    }
}

/// What keeps a request from being a reasoned request of a state body: who asks is a fact, not a choice of clause.
pub(crate) fn improper(case: &Case<'_>, request: &StateRequest) -> Option<Objection> {
    let received = &request.received;
    let registered = case.office.recipient(&received.recipient_id, case.at);
    let of_state = registered.is_some_and(|who| case.rules.lists.state_bodies.contains(&who.fact.kind));
    let proper = received.reasons_given && received.signed && of_state;
    let objection = || {
        let remedy = Remedy::RefuseRequest { request: received.request_id.clone() };
        let objection = case.objection(FindingCode::F29, remedy);
        objection.shown_by(registered.filter(|_| !of_state).map(|who| who.position))
    };
    (!proper).then(objection)
}

/// Categories that were not allowed, or where nothing says which are, not asked for. A request that names none asks
/// for all.
fn outside(request: &StateRequest, categories: &[DataCategory]) -> Vec<DataCategory> {
    let asked = &request.received.scope_categories[..];
    let allowed = request.decided.as_ref().map_or(&[][..], |(decision, _)| &decision.categories_allowed);
    let is_outside = |category: &&DataCategory| {
        [asked, allowed].into_iter().any(|list| !list.is_empty() && !list.contains(category))
    };
    categories.iter().filter(is_outside).cloned().collect()
}

/// Whether somebody was the operator's lawyer when a decision was made.
fn is_lawyer(case: &Case<'_>, who: &Reference, decided: &Told) -> bool {
    case.office.responsibilities(case.at).iter().any(|assigned| {
        let held = &assigned.fact;
        held.role == ResponsibilityRole::Lawyer
            && held.holder_ref == *who
            && held.from <= decided.at
            && held.until.is_none_or(|until| decided.at < until)
    })
}

/// Another case in law (clause 3.4.2): it is named by act and article.
fn by_law(case: &Case<'_>, disclosing: &Disclosing<'_>) -> Result<Ground, Objection> {
    let Some(article) = disclosing.law_article else {
        return Err(case.objection(FindingCode::F28, Remedy::NameArticle));
    };
    Ok(Ground {
        clause: Some("3.4.2".into()),
        articles: vec![article.to_string()],
        reference: None,
        events: Vec::new(),
    })
}

fn lets_pass(case: &Case<'_>, consent: &Consent, recipient: &Reference) -> bool {
    consent::leave(case, consent.third_party, consent.ends.third_party.as_ref())
        && consent.recipients.contains(recipient)
}

/// On consent (clause 3.5.1): one that covers purpose and categories, and names the recipient, at that instant.
fn on_consent(case: &Case<'_>, disclosing: &Disclosing<'_>) -> Result<Ground, Objection> {
    let need = Need { purpose: disclosing.purpose, categories: disclosing.categories };
    let fits = |consent: &Consent| lets_pass(case, consent, disclosing.recipient);
    let outside = || case.objection(FindingCode::F07, remedy(disclosing));
    let found = match disclosing.ground_ref {
        Some(id) => match case.person.consents.get(id) {
            Some(consent) => consent::rest_on(case, id, consent, &need).and_then(|ground| {
                if fits(consent) { Ok(ground) } else { Err(outside().about(id, consent)) }
            }),
            None => Err(outside()),
        },
        None if case.person.consents.values().any(fits) => consent::best(case, &need, fits),
        None => Err(outside()),
    };
    let clause = |ground: Ground| Ground { clause: Some("3.5.1".into()), ..ground };
    found.map(clause).map_err(|objection| Objection { remedy: remedy(disclosing), ..objection })
}

/// For the agreement (clause 3.5.2): it has to be live; and since the law knows no such ground, a consent has to let
/// the recipient have the data too (F09).
fn on_agreement(case: &Case<'_>, disclosing: &Disclosing<'_>, weighed: &mut Weighed) {
    let agreements = &case.person.dealings.agreements;
    let agreement = disclosing.ground_ref.and_then(|id| agreements.get_key_value(id));
    let Some((id, agreement)) = agreement.filter(|(_, named)| named.state == AgreementState::Live) else {
        let severity = case.rules.finding(FindingCode::F09).severity_otherwise();
        let objection = case.objection(FindingCode::F09, Remedy::EnterAgreement).graded(severity);
        let told = agreement.map(|(_, ended)| ended.told.position);
        weighed.objections.push(objection.shown_by(told));
        return;
    };
    weighed.grounds.push(Ground {
        clause: Some("3.5.2".into()),
        articles: Vec::new(),
        reference: Some(id.clone()),
        events: vec![agreement.told.position],
    });
    let lets =
        |consent: &&Consent| consent::lives(case, consent) && lets_pass(case, consent, disclosing.recipient);
    match case.person.consents.iter().find(|(_, consent)| lets(consent)) {
        Some((id, consent)) => weighed.grounds.push(Ground {
            clause: Some("3.5.1".into()),
            articles: case.articles_of(FindingCode::F05),
            reference: Some(id.clone()),
            events: consent.events.clone(),
        }),
        None => weighed.objections.push(case.objection(FindingCode::F09, remedy(disclosing))),
    }
}

#[cfg(test)]
mod tests;
