//! Resting on a consent: whether it lives, what it covers, and what it lacks (Art. 7, 8).

use subject_record_schemas::types::consent::WithdrawalLimited;
use subject_record_schemas::vocabulary::{AgreementState, DataCategory, GivenBy, Purpose, Term};
use subject_record_schemas::{Position, Reference};

use crate::finding::FindingCode;
use crate::lawfulness::{Case, Ground, Objection, Remedy};
use crate::subject::{Consent, ConsentState, End};

/// What a consent has to cover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need<'a> {
    /// What for.
    pub(crate) purpose: &'a Purpose,
    /// Which categories of data.
    pub(crate) categories: &'a [DataCategory],
}

/// What keeps a consent from carrying a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// It never named the purpose or a category.
    Outside,
    /// It was withdrawn, ran out, was ended, or the purpose was refused.
    Ended,
    /// It has no end of its own, and its purpose was achieved.
    Achieved,
    /// Whoever gave it had no authority.
    Unauthorised,
}

impl Need<'_> {
    /// A consent that would cover it.
    pub(crate) fn remedy(&self) -> Remedy {
        let (purpose, categories) = (self.purpose.clone(), self.categories.to_vec());
        Remedy::AskConsent { purpose, categories, recipient: None, country: None }
    }
}

/// Weighs the consent that is named.
pub(crate) fn named(case: &Case<'_>, id: &Reference, need: &Need<'_>) -> Result<Ground, Objection> {
    match case.person.consents.get(id) {
        Some(consent) => rest_on(case, id, consent, need),
        // Nobody has given it yet.
        None => {
            Err(Objection { consent: Some(id.clone()), ..case.objection(FindingCode::F05, need.remedy()) })
        }
    }
}

/// Looks for the consent that carries a use best, among those that `fits`: the newest that covers it. Where none
/// does, the objection tells of the one that came nearest.
pub(crate) fn best(
    case: &Case<'_>,
    need: &Need<'_>,
    fits: impl Fn(&Consent) -> bool,
) -> Result<Ground, Objection> {
    let of_those = || case.person.consents.iter().filter(|(_, consent)| fits(consent));
    let weighed = of_those().map(|(id, consent)| (lack(case, consent, need), consent.given_at, id, consent));
    // No lack is less than any, and a lack of something that it once covered comes before never having covered it.
    let rank = |found: Option<Lack>| match found {
        None => 2,
        Some(Lack::Outside) => 0,
        Some(_) => 1,
    };
    match weighed.max_by_key(|(found, given_at, ..)| (rank(*found), *given_at)) {
        Some((_, _, id, consent)) => rest_on(case, id, consent, need),
        None => Err(refused(case, need).unwrap_or_else(|| case.objection(FindingCode::F05, need.remedy()))),
    }
}

/// Weighs one consent.
pub(crate) fn rest_on(
    case: &Case<'_>,
    id: &Reference,
    consent: &Consent,
    need: &Need<'_>,
) -> Result<Ground, Objection> {
    let (code, remedy) = match (lack(case, consent, need), &consent.by) {
        (None, _) => return Ok(ground(case, id, consent, need.purpose)),
        (Some(Lack::Outside), _) => {
            let refused = refused(case, need);
            return Err(refused
                .unwrap_or_else(|| case.objection(FindingCode::F07, need.remedy()))
                .about(id, consent));
        }
        (Some(Lack::Unauthorised), GivenBy::Representative(who)) => {
            (FindingCode::F08, Remedy::ShowAuthority { representative: who.clone() })
        }
        (Some(Lack::Achieved), _) => (FindingCode::F13, need.remedy()),
        (Some(Lack::Ended | Lack::Unauthorised), _) => (FindingCode::F06, need.remedy()),
    };
    Err(case.objection(code, remedy).about(id, consent))
}

/// A consent as a ground: the events of the person, and the text that was shown.
fn ground(case: &Case<'_>, id: &Reference, consent: &Consent, purpose: &Purpose) -> Ground {
    let texts = case.office.consent_texts(case.at).iter();
    let shown = texts.filter(|text| consent.text.is(&text.fact)).map(|text| text.position);
    Ground {
        clause: case.rules.lists.purposes.get(purpose).cloned(),
        articles: case.articles_of(FindingCode::F05),
        reference: Some(id.clone()),
        events: consent.events.iter().copied().chain(shown.take(1)).collect(),
    }
}

fn lack(case: &Case<'_>, consent: &Consent, need: &Need<'_>) -> Option<Lack> {
    if gone(case, consent, need.purpose) || consent.until.is_some_and(|until| until <= case.at) {
        Some(Lack::Ended)
    } else if is_achieved(case, consent, need.purpose) {
        Some(Lack::Achieved)
    } else if !covers(consent, need) {
        Some(Lack::Outside)
    } else {
        (!consent.authorised).then_some(Lack::Unauthorised)
    }
}

/// Whether it names the purpose and all the categories, ended or not.
pub(crate) fn covers(consent: &Consent, need: &Need<'_>) -> bool {
    consent.purposes_given.contains(need.purpose)
        && need.categories.iter().all(|category| consent.categories.contains(category))
}

/// Whether an obligation or a law can bar the end of a purpose (Art. 8(2)): of what serves the agreement only.
/// Advertising and research stop at once.
pub(crate) const fn can_be_kept(purpose: &Purpose) -> bool {
    matches!(purpose, Purpose::Service | Purpose::Identify | Purpose::Notify)
}

/// Whether it was ended or withdrawn, as far as this purpose goes.
fn gone(case: &Case<'_>, consent: &Consent, purpose: &Purpose) -> bool {
    if !matches!(consent.state, ConsentState::Given | ConsentState::Withdrawn) {
        return true;
    }
    let barred = |(limited, _): &(WithdrawalLimited, Position)| case.person.dealings.bars(limited);
    let kept = can_be_kept(purpose) && consent.purposes_kept.contains(purpose);
    if kept && consent.limited_by.as_ref().is_some_and(barred) {
        return false;
    }
    let ended = |purpose: &Purpose| consent.ends.purposes.get(purpose).is_some_and(|end| end.at <= case.at);
    ended(purpose) || consent.purposes_given.iter().all(ended)
}

/// Whether what it was given for is over, where it has no end of its own: the agreement ended, and none goes on.
fn is_achieved(case: &Case<'_>, consent: &Consent, purpose: &Purpose) -> bool {
    let endless = matches!(consent.term, Term::PurposeAchieved | Term::NotStated);
    let mut agreements = case.person.dealings.agreements.values();
    let ended = |state| state == AgreementState::Ended;
    endless
        && can_be_kept(purpose)
        && agreements.clone().any(|one| ended(one.state) && one.told.at >= consent.given_at)
        && !agreements.any(|one| matches!(one.state, AgreementState::Live | AgreementState::Suspended))
}

/// A refusal of the purpose that no later consent took back.
fn refused(case: &Case<'_>, need: &Need<'_>) -> Option<Objection> {
    let of_purpose = case.person.dealings.refusals.iter().filter(|(purpose, _)| purpose == need.purpose);
    let (_, last) = of_purpose.max_by_key(|(_, told)| (told.at, told.position))?;
    let since =
        |consent: &Consent| consent.given_at >= last.at && consent.purposes_given.contains(need.purpose);
    let taken_back = case.person.consents.values().any(since);
    let objection = || case.objection(FindingCode::F06, need.remedy()).shown_by([last.position]);
    (!taken_back).then(objection)
}

/// Whether any of it still runs.
pub(crate) fn lives(case: &Case<'_>, consent: &Consent) -> bool {
    consent.authorised
        && consent.until.is_none_or(|until| case.at < until)
        && consent.purposes_given.iter().any(|purpose| !gone(case, consent, purpose))
}

/// Whether leave that a consent gave (to pass data on, to send it abroad, to publish it) still runs.
pub(crate) fn leave(case: &Case<'_>, given: bool, end: Option<&End>) -> bool {
    given && end.is_none_or(|end| end.at > case.at)
}
