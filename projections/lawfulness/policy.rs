//! What the policy has to say about a use: its closed list of purposes, and what its new versions cannot do.

use subject_record_schemas::Reference;
use subject_record_schemas::vocabulary::{Country, DataCategory, Purpose};

use crate::finding::FindingCode;
use crate::governance::effective_from;
use crate::lawfulness::{Case, Objection, Remedy};
use crate::subject::Consent;

/// A use, as far as a policy version can have brought it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Added<'a> {
    /// What for.
    pub(super) purpose: &'a Purpose,
    /// Categories of data.
    pub(super) categories: &'a [DataCategory],
    /// To whom and where to, if data is passed on.
    pub(super) to: Option<(&'a Reference, &'a Country)>,
}

/// The purpose is outside clause 2.2 (F10).
pub(super) fn outside(case: &Case<'_>, purpose: &Purpose) -> Option<Objection> {
    let listed = case.rules.lists.purposes.contains_key(purpose);
    (!listed).then(|| case.objection(FindingCode::F10, Remedy::KeepToPolicy))
}

/// A use that nothing carries rests on what a policy version added after the person's data was collected (F11). The
/// new version binds from posting on, but does not widen what was consented to before.
pub(super) fn applied_backwards(case: &Case<'_>, added: &Added<'_>) -> Option<Objection> {
    let collected = case.person.registered_at?;
    let versions = case.office.policies(case.at).iter();
    let mut since = versions.filter(|text| {
        let from = effective_from(&text.fact);
        collected < from && from <= case.at
    });
    let consents = || case.person.consents.values();
    let text = since.find(|text| {
        let new = &text.fact;
        let consented = |named: &dyn Fn(&Consent) -> bool| consents().any(named);
        let purpose = new.new_purposes.contains(added.purpose)
            && !consented(&|consent| consent.purposes_given.contains(added.purpose));
        let category = |category: &DataCategory| {
            new.new_categories.contains(category)
                && !consented(&|consent| consent.categories.contains(category))
        };
        let recipient = |(who, country): (&Reference, &Country)| {
            (new.new_recipients.contains(who) && !consented(&|consent| consent.recipients.contains(who)))
                || (new.new_countries.contains(country)
                    && !consented(&|consent| consent.countries.contains(country)))
        };
        purpose || added.categories.iter().any(category) || added.to.is_some_and(recipient)
    })?;
    Some(case.objection(FindingCode::F11, remedy(added)).shown_by([text.position]))
}

fn remedy(added: &Added<'_>) -> Remedy {
    Remedy::AskConsent {
        purpose: added.purpose.clone(),
        categories: added.categories.to_vec(),
        recipient: added.to.map(|(who, _)| who.clone()),
        country: added.to.map(|(_, country)| country.clone()),
    }
}
