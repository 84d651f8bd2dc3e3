//! Data that leaves the country: it needs a ground of Art. 16, and no consent that says it stays.

use subject_record_schemas::vocabulary::{
    Country, CountryAssessment, CrossBorderGround, DataCategory, Purpose,
};
use subject_record_schemas::{Position, Reference};

use crate::finding::FindingCode;
use crate::lawfulness::consent::{leave, lives};
use crate::lawfulness::{Case, Ground, Objection, Remedy};
use crate::subject::Consent;

/// Data on its way abroad.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaving<'a> {
    /// Where to; unknown for a storage place that was never registered.
    pub(crate) country: Option<&'a Country>,
    /// Who gets it, or holds the storage place.
    pub(crate) holder: Option<&'a Reference>,
    /// Ground of Art. 16 that is claimed.
    pub(crate) ground: Option<&'a CrossBorderGround>,
    /// Consent that is named.
    pub(crate) consent: Option<&'a Reference>,
    /// What for, where that is told.
    pub(crate) purpose: Option<&'a Purpose>,
    /// Categories of data.
    pub(crate) categories: &'a [DataCategory],
}

/// Whether a country is the operator's own.
pub(crate) fn is_home(country: &Country) -> bool {
    country.as_str() == "KZ"
}

/// Weighs the ground on which data leaves the country (F27).
pub(crate) fn weigh(case: &Case<'_>, leaving: &Leaving<'_>) -> Result<Ground, Objection> {
    let objection = || case.objection(FindingCode::F27, remedy(leaving));
    match leaving.ground {
        // These hold whatever the person agreed to.
        Some(
            CrossBorderGround::Treaty | CrossBorderGround::Law | CrossBorderGround::ConstitutionalRights,
        ) => Ok(ground(case, None, Vec::new())),
        Some(CrossBorderGround::ProtectingState) => {
            match (assured(case, leaving), against(case, leaving)) {
                (Some(assessed), None) => Ok(ground(case, None, vec![assessed])),
                // Clause 3.3 lets data go abroad; it does not override what the person was told.
                (_, Some((id, consent))) => Err(objection().about(id, consent)),
                (None, None) => Err(objection()),
            }
        }
        Some(CrossBorderGround::Consent) => match agreed(case, leaving) {
            Ok((id, consent)) => Ok(ground(case, Some(id), consent.events.clone())),
            Err(Some((id, consent))) => Err(objection().about(id, consent)),
            Err(None) => Err(objection()),
        },
        Some(CrossBorderGround::None | CrossBorderGround::Unlisted(_)) | None => Err(objection()),
    }
}

fn ground(case: &Case<'_>, reference: Option<&Reference>, events: Vec<Position>) -> Ground {
    Ground {
        clause: Some("3.3".into()),
        articles: case.articles_of(FindingCode::F27),
        reference: reference.cloned(),
        events,
    }
}

fn remedy(leaving: &Leaving<'_>) -> Remedy {
    match (leaving.ground, leaving.country, leaving.purpose) {
        (Some(CrossBorderGround::Consent | CrossBorderGround::ProtectingState), country, Some(purpose)) => {
            Remedy::AskConsent {
                purpose: purpose.clone(),
                categories: leaving.categories.to_vec(),
                recipient: leaving.holder.cloned(),
                country: country.cloned(),
            }
        }
        (_, Some(country), _) => Remedy::NameCrossBorderGround { country: country.clone() },
        (_, None, _) => Remedy::RegisterPlace,
    }
}

/// The event by which the country was assessed as protecting personal data: what was said of this holder comes before
/// what was said of others there. No assessment means that nothing assures it.
fn assured(case: &Case<'_>, leaving: &Leaving<'_>) -> Option<Position> {
    let country = leaving.country?;
    let own = leaving.holder.and_then(|holder| case.office.recipient(holder, case.at));
    let own = own.filter(|registered| registered.fact.country == *country);
    let there = case.office.recipients(case.at).filter(|registered| registered.fact.country == *country);
    let newest = || there.max_by_key(|registered| (registered.at, registered.position));
    let said = own.or_else(newest)?;
    (said.fact.country_assessment == CountryAssessment::Assured).then_some(said.position)
}

type Found<'a> = (&'a Reference, &'a Consent);

fn allows(case: &Case<'_>, consent: &Consent, leaving: &Leaving<'_>) -> bool {
    let names = |country| consent.countries.is_empty() || consent.countries.contains(country);
    leave(case, consent.cross_border, consent.ends.cross_border.as_ref()) && leaving.country.is_none_or(names)
}

/// The live consent that lets data go there, or the one that was named and does not.
fn agreed<'a>(case: &Case<'a>, leaving: &Leaving<'_>) -> Result<Found<'a>, Option<Found<'a>>> {
    let person = case.person;
    let fits = |consent: &Consent| lives(case, consent) && allows(case, consent, leaving);
    match leaving.consent {
        Some(id) => match person.consents.get_key_value(id) {
            Some((id, consent)) if fits(consent) => Ok((id, consent)),
            found => Err(found),
        },
        None => person.consents.iter().find(|(_, consent)| fits(consent)).ok_or(None),
    }
}

/// A live consent that says the data stays: the one that is named, or one that covers the data where none lets it go.
fn against<'a>(case: &Case<'a>, leaving: &Leaving<'_>) -> Option<Found<'a>> {
    let named = leaving.consent.and_then(|id| case.person.consents.get_key_value(id));
    if let Some((id, consent)) = named {
        return (!allows(case, consent, leaving)).then_some((id, consent));
    }
    let covers = |consent: &&Consent| {
        lives(case, consent)
            && leaving.categories.iter().any(|category| consent.categories.contains(category))
    };
    let covering = || case.person.consents.iter().filter(|(_, consent)| covers(consent));
    if covering().any(|(_, consent)| allows(case, consent, leaving)) {
        return None;
    }
    covering().next()
}
