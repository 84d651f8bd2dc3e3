//! Read model `consents`: what a person allowed, by consent, purpose and recipient, over time.
//!
//! A row without a recipient is the operator's own use. Categories never differ within a consent, so they are a set
//! in the row. An ended row stays, with what it became: what holds is asked by `state`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_schemas::types::consent::WithdrawalLimited;
use subject_record_schemas::vocabulary::{Country, DataCategory, EvidenceStrength, GivenBy, Purpose};
use subject_record_schemas::{Fact, Position, Reference};

use crate::assessor::Step;
use crate::subject::{Consent, ConsentState, Dealings, End, Person, ShownText, Told};
use crate::table::{CATEGORIES, Cell, Column, ReadRow, Shape, Table};
use crate::versions::Draft;

/// Table of the read model.
pub static CONSENTS: Table = Table {
    name: "consents",
    shape: Shape::Versions,
    columns: &[
        Column::text("consent_id"),
        Column::indexed_text("purpose"),
        Column::indexed_text("recipient"),
        Column::indexed_text("state"),
        Column::flags("categories", CATEGORIES),
        Column::integer("third_party"),
        Column::integer("cross_border"),
        Column::integer("public"),
    ],
};

/// What a consent allows one recipient, or the operator, for one purpose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConsentRow {
    /// The platform's name for the consent.
    pub consent_id: Reference,
    /// What for.
    pub purpose: Purpose,
    /// Who may receive data; nobody beside the operator if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Reference>,
    /// Whether it holds.
    pub state: Standing,
    /// When it was given.
    pub from: DateTime<Utc>,
    /// First instant at which it was or will be over, if that is known. A kept one was withdrawn earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Event that ended it, or will; absent when its term does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<Position>,
    /// Event that limited its withdrawal, while it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_by: Option<Position>,
    /// Categories of data.
    pub categories: Vec<DataCategory>,
    /// Whether third parties may get data.
    pub third_party: bool,
    /// Whether data may leave the country.
    pub cross_border: bool,
    /// To which countries.
    pub countries: Vec<Country>,
    /// Whether data may be public.
    pub public: bool,
    /// The text that was shown.
    pub text: ShownText,
    /// Who gave it.
    pub by: GivenBy,
    /// How strongly it is tied to the person.
    pub strength: EvidenceStrength,
    /// Event by which it was given.
    pub given_by: Position,
}

/// Whether a part of a consent holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It holds.
    Given,
    /// Withdrawn, and still relied on because a law or an open obligation bars the withdrawal (Art. 8(2)).
    Kept,
    /// Withdrawn by the person.
    Withdrawn,
    /// Its term ran out.
    Expired,
    /// Its purpose was achieved.
    PurposeAchieved,
    /// Found invalid.
    Invalidated,
    /// Revoked by the operator.
    Revoked,
    /// Ended for a reason outside the list.
    Ended,
    /// Another consent was recorded under the same name.
    Replaced,
}

impl Standing {
    /// Whether data may be used by it.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Given | Self::Kept)
    }
}

impl From<ConsentState> for Standing {
    fn from(state: ConsentState) -> Self {
        match state {
            ConsentState::Given => Self::Given,
            ConsentState::Withdrawn => Self::Withdrawn,
            ConsentState::Expired => Self::Expired,
            ConsentState::PurposeAchieved => Self::PurposeAchieved,
            ConsentState::Invalidated => Self::Invalidated,
            ConsentState::Revoked => Self::Revoked,
            ConsentState::Ended => Self::Ended,
        }
    }
}

/// How a part of a consent stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) standing: Standing,
    /// First instant at which it is over, if known.
    pub(crate) until: Option<DateTime<Utc>>,
    /// The event that ends it; none if that is its term.
    pub(crate) told: Option<Told>,
}

impl Consent {
    /// How its part for a purpose, for the operator or for third parties, stands at an instant that is not before
    /// the last event.
    pub(crate) fn phase(
        &self,
        dealings: &Dealings,
        purpose: &Purpose,
        third_party: bool,
        at: DateTime<Utc>,
    ) -> Phase {
        let own = self.end_of(purpose);
        let passing = self.ends.third_party.as_ref().filter(|_| third_party);
        let end = own.into_iter().chain(passing).min_by_key(|end| end.at);
        let until = end.map(|end| end.at).into_iter().chain(self.until).min();
        let expires_first = until == self.until && end.map(|end| end.at) != until;
        let told = end.filter(|_| !expires_first).map(|end| end.told);
        if until.is_none_or(|until| until > at) {
            return Phase { standing: Standing::Given, until, told };
        }
        let ended = end.map(|end| Standing::from(end.state)).filter(|_| !expires_first);
        let standing = ended.unwrap_or(Standing::Expired);
        let is_withdrawn = standing == Standing::Withdrawn && passing.is_none_or(|end| end.at > at);
        if is_withdrawn && self.is_kept(purpose, dealings, at) {
            return Phase { standing: Standing::Kept, until: self.until, told };
        }
        Phase { standing, until, told }
    }

    /// Instants at which time alone changes a part of it.
    pub(crate) fn turns(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.ends.all().map(|end| end.at).chain(self.until)
    }

    /// Whether it lets third parties have data, or once did.
    fn names_third_parties(&self) -> bool {
        self.third_party || self.ends.third_party.is_some()
    }

    /// When its part for a purpose ends; for a purpose that it never named, when the last of them does.
    fn end_of(&self, purpose: &Purpose) -> Option<&End> {
        if self.purposes_given.contains(purpose) {
            return self.ends.purposes.get(purpose);
        }
        let ends: Option<Vec<_>> =
            self.purposes_given.iter().map(|given| self.ends.purposes.get(given)).collect();
        ends?.into_iter().max_by_key(|end| end.at)
    }

    fn is_kept(&self, purpose: &Purpose, dealings: &Dealings, at: DateTime<Utc>) -> bool {
        let bars = |(limited, _): &(WithdrawalLimited, Position)| dealings.bars(limited);
        self.purposes_kept.contains(purpose)
            && self.until.is_none_or(|until| until > at)
            && self.limited_by.as_ref().is_some_and(bars)
    }

    /// Its rows at an instant that is not before the last event.
    fn rows(&self, id: &Reference, dealings: &Dealings, at: DateTime<Utc>) -> Vec<ConsentRow> {
        let Some(given_by) = self.events.first().copied() else { return Vec::new() };
        let runs = |end: Option<End>| end.is_none_or(|end| end.at > at);
        let passed_on = self.recipients.iter().filter(|_| self.names_third_parties()).map(Some);
        let row = |purpose: &Purpose, recipient: Option<&Reference>| {
            let phase = self.phase(dealings, purpose, recipient.is_some(), at);
            let kept_by = self.limited_by.as_ref().filter(|_| phase.standing == Standing::Kept);
            ConsentRow {
                consent_id: id.clone(),
                purpose: purpose.clone(),
                recipient: recipient.cloned(),
                state: phase.standing,
                from: self.given_at,
                until: phase.until,
                ended_by: phase.told.map(|told| told.position),
                kept_by: kept_by.map(|(_, position)| *position),
                categories: self.categories.clone(),
                third_party: self.third_party && runs(self.ends.third_party),
                cross_border: self.cross_border && runs(self.ends.cross_border),
                countries: self.countries.clone(),
                public: self.public && runs(self.ends.public),
                text: self.text.clone(),
                by: self.by.clone(),
                strength: self.strength,
                given_by,
            }
        };
        let recipients: Vec<_> = std::iter::once(None).chain(passed_on).collect();
        let each = |purpose| recipients.iter().map(move |recipient| row(purpose, *recipient));
        self.purposes_given.iter().flat_map(each).collect()
    }
}

impl ReadRow for ConsentRow {
    const TABLE: &'static Table = &CONSENTS;

    /// References hold no `|`, so two consents never share a key.
    fn key(&self) -> String {
        let recipient = self.recipient.as_ref().map_or("-", Reference::as_str);
        let purpose = match &self.purpose {
            Purpose::Unlisted(reference) => format!("unlisted:{reference}"),
            listed => Cell::word_of(listed),
        };
        format!("{}|{purpose}|{recipient}", self.consent_id)
    }

    fn at(&self) -> DateTime<Utc> {
        self.from
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.consent_id.as_str()),
            Cell::word(&self.purpose),
            Cell::maybe(self.recipient.as_ref().map(Reference::as_str)),
            Cell::word(&self.state),
            Cell::set(CATEGORIES, &self.categories),
            Cell::flag(self.third_party),
            Cell::flag(self.cross_border),
            Cell::flag(self.public),
        ]
    }
}

/// What is over because a consent is recorded under a name that another one had. The step's person is the one before
/// the event.
pub(crate) fn supersede(step: &Step<'_>, draft: &mut Draft<'_>) {
    let Fact::ConsentGiven(given) = &step.event.fact else { return };
    let Some(old) = step.person.consents.get(&given.consent_id) else { return };
    for mut row in old.rows(&given.consent_id, &step.person.dealings, step.at) {
        if row.state.holds() {
            (row.state, row.until) = (Standing::Replaced, Some(step.at));
            (row.ended_by, row.kept_by) = (Some(step.event.position), None);
        }
        draft.set(step.at, row.row());
    }
}

/// Rows that an event changes.
pub(crate) fn project(step: &Step<'_>, draft: &mut Draft<'_>) {
    for id in touched(&step.event.fact, step.person) {
        let Some(consent) = step.person.consents.get(id) else { continue };
        for at in instants(step.at, consent.turns()) {
            for row in consent.rows(id, &step.person.dealings, at) {
                draft.set(at, row.row());
            }
        }
    }
}

/// Consents that stand otherwise after an event, or may.
pub(crate) fn touched<'a>(fact: &'a Fact, person: &'a Person) -> Vec<&'a Reference> {
    match fact {
        Fact::ConsentGiven(given) => vec![&given.consent_id],
        Fact::ConsentWithdrawn(withdrawn) => vec![&withdrawn.consent_id],
        Fact::WithdrawalLimited(limited) => vec![&limited.consent_id],
        Fact::ConsentEnded(ended) => vec![&ended.consent_id],
        // An agreement decides what a limited withdrawal still keeps.
        Fact::AgreementChanged(_) => {
            let limited = person.consents.iter().filter(|(_, consent)| consent.limited_by.is_some());
            limited.map(|(id, _)| id).collect()
        }
        _ => Vec::new(),
    }
}

/// An instant and those after it at which time alone changes something, in order.
pub(crate) fn instants(
    at: DateTime<Utc>,
    turns: impl IntoIterator<Item = DateTime<Utc>>,
) -> Vec<DateTime<Utc>> {
    let mut instants: Vec<_> = turns.into_iter().filter(|turn| *turn > at).collect();
    instants.push(at);
    instants.sort_unstable();
    instants.dedup();
    instants
}

#[cfg(test)]
mod tests;
