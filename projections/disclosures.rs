//! Read model `disclosures`: what was passed to whom, on what ground, and who has to be told to stop.

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_schemas::vocabulary::{
    Country, CrossBorderGround, DataCategory, DeliveryChannel, DisclosureGround, NoticeDuty, Purpose,
    RecipientKind, RecipientMatter,
};
use subject_record_schemas::{Fact, Position, Reference};

use crate::assessor::Step;
use crate::consents::{Standing, instants, touched};
use crate::subject::{Disclosure, Person, Told};
use crate::table::{CATEGORIES, Cell, Column, PURPOSES, ReadRow, Shape, Table};
use crate::versions::Draft;

/// Table of the read model.
pub static DISCLOSURES: Table = Table {
    name: "disclosures",
    shape: Shape::Versions,
    columns: &[
        Column::indexed_text("recipient"),
        Column::indexed_text("ground"),
        Column::indexed_text("country"),
        Column::indexed_flags("purpose", PURPOSES),
        Column::flags("categories", CATEGORIES),
        Column::indexed_text("notice"),
        Column::indexed_integer("to_tell"),
    ],
};

/// Data passed to a third party (clauses 3.4, 3.5).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DisclosureRow {
    /// The platform's name for the disclosure.
    pub disclosure_id: Reference,
    /// The event.
    pub position: Position,
    /// When data was passed on.
    pub at: DateTime<Utc>,
    /// Who received it.
    pub recipient_id: Reference,
    /// The recipient as registered at that moment, if it was.
    pub recipient: Option<RegisteredRecipient>,
    /// Clause it rests on.
    pub ground: DisclosureGround,
    /// The consent, agreement or request it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground_ref: Option<Reference>,
    /// Act and article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub law_article: Option<Reference>,
    /// Country of the recipient.
    pub country: Country,
    /// Ground of Art. 16, if data left the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_border_ground: Option<CrossBorderGround>,
    /// What for.
    pub purpose: Purpose,
    /// Categories of data.
    pub categories: Vec<DataCategory>,
    /// Way by which the data went.
    pub channel: DeliveryChannel,
    /// Whether the person has to be told (Art. 19), as stated.
    pub subject_notice: NoticeDuty,
    /// Ground for telling late or never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice_ground: Option<Reference>,
    /// Where that notice stands.
    pub notice: Notice,
    /// When the person was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notified: Option<Told>,
    /// Whether the recipient has to be told to stop, and nobody did.
    pub to_tell: bool,
    /// Why it has to stop, once the consent that this rests on is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
}

/// A recipient as it was registered (E05).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegisteredRecipient {
    /// What it is.
    pub kind: RecipientKind,
    /// Its country.
    pub country: Country,
    /// Contract with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_ref: Option<Reference>,
    /// Whether it took on the duties.
    pub duties_accepted: bool,
    /// Event by which it was registered so.
    pub registered_by: Position,
}

/// Where the person's notice of a disclosure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// None is owed, as stated.
    None,
    /// Put off.
    Deferred,
    /// Owed.
    Owed,
    /// Given.
    Told,
}

/// Why a recipient has to stop using what it received. The disclosure itself stays what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// What became of the consent.
    pub consent: Standing,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Event that ended it; absent when its term did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<Position>,
    /// When the recipient was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}

impl DisclosureRow {
    /// Of a disclosure at an instant that is not before the step.
    fn of(disclosure: &Disclosure, step: &Step<'_>, at: DateTime<Utc>) -> Self {
        let (made, told) = (&disclosure.made, disclosure.told);
        let registered = step.office.recipient(&made.recipient_id, told.at);
        let recipient = registered.map(|registered| RegisteredRecipient {
            kind: registered.fact.kind.clone(),
            country: registered.fact.country.clone(),
            contract_ref: registered.fact.contract_ref.clone(),
            duties_accepted: registered.fact.duties_accepted,
            registered_by: registered.position,
        });
        let notice = match (disclosure.notified, made.subject_notice) {
            (Some(_), _) => Notice::Told,
            (None, NoticeDuty::Required) => Notice::Owed,
            (None, NoticeDuty::Deferred) => Notice::Deferred,
            (None, NoticeDuty::None) => Notice::None,
        };
        let stop = stop(disclosure, step.person, at);
        Self {
            disclosure_id: made.disclosure_id.clone(),
            position: told.position,
            at: told.at,
            recipient_id: made.recipient_id.clone(),
            recipient,
            ground: made.ground.clone(),
            ground_ref: made.ground_ref.clone(),
            law_article: made.law_article.clone(),
            country: made.country.clone(),
            cross_border_ground: made.cross_border_ground.clone(),
            purpose: made.purpose.clone(),
            categories: made.categories.clone(),
            channel: made.channel,
            subject_notice: made.subject_notice,
            notice_ground: made.notice_ground.clone(),
            notice,
            notified: disclosure.notified,
            to_tell: stop.as_ref().is_some_and(|stop| stop.told.is_none()),
            stop,
        }
    }
}

/// The consent that a disclosure rests on, by its own word (clause 3.5.1).
fn consent_of(disclosure: &Disclosure) -> Option<&Reference> {
    let rests = disclosure.made.ground == DisclosureGround::Consent;
    disclosure.made.ground_ref.as_ref().filter(|_| rests)
}

/// Why the recipient of a disclosure has to stop at an instant, if it does.
fn stop(disclosure: &Disclosure, person: &Person, at: DateTime<Utc>) -> Option<Stop> {
    let id = consent_of(disclosure)?;
    let consent = person.consents.get(id)?;
    let phase = consent.phase(&person.dealings, &disclosure.made.purpose, true, at);
    if phase.standing.holds() {
        return None;
    }
    let since = phase.until.unwrap_or(at);
    let asked = phase.told.map_or(since, |told| told.at).max(disclosure.told.at);
    let answers = |(notice, told): &&(_, Told)| {
        let notice: &subject_record_schemas::types::disclosure::RecipientNotified = notice;
        let about = notice.reference.as_ref();
        notice.recipient_id == disclosure.made.recipient_id
            && matches!(notice.matter, RecipientMatter::ConsentWithdrawn | RecipientMatter::Destroyed)
            && about.is_none_or(|about| about == id || *about == disclosure.made.disclosure_id)
            && told.at >= asked
    };
    let told = person.dealings.recipient_notices.iter().find(answers).map(|(_, told)| *told);
    Some(Stop { consent: phase.standing, since, ended_by: phase.told.map(|told| told.position), told })
}

impl ReadRow for DisclosureRow {
    const TABLE: &'static Table = &DISCLOSURES;

    fn key(&self) -> String {
        self.disclosure_id.to_string()
    }

    fn at(&self) -> DateTime<Utc> {
        self.at
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.recipient_id.as_str()),
            Cell::word(&self.ground),
            Cell::text(self.country.as_str()),
            Cell::set(PURPOSES, [&self.purpose]),
            Cell::set(CATEGORIES, &self.categories),
            Cell::word(&self.notice),
            Cell::flag(self.to_tell),
        ]
    }
}

/// Rows that an event changes.
pub(crate) fn project(step: &Step<'_>, draft: &mut Draft<'_>) {
    let made = &step.person.dealings.disclosures;
    match &step.event.fact {
        Fact::DisclosureMade(disclosed) => set(made.get(&disclosed.disclosure_id), step, draft),
        Fact::DisclosureNotified(notified) => set(made.get(&notified.disclosure_id), step, draft),
        Fact::RecipientNotified(notified) => {
            let named = |held: &&Disclosure| {
                let about = notified.reference.as_ref();
                held.made.recipient_id == notified.recipient_id
                    && consent_of(held).is_some_and(|consent| {
                        about.is_none_or(|about| about == consent || *about == held.made.disclosure_id)
                    })
            };
            set(made.values().filter(named), step, draft);
        }
        fact => {
            let consents = touched(fact, step.person);
            let rests = |held: &&Disclosure| consent_of(held).is_some_and(|id| consents.contains(&id));
            if !consents.is_empty() {
                set(made.values().filter(rests), step, draft);
            }
        }
    }
}

fn set<'d>(disclosures: impl IntoIterator<Item = &'d Disclosure>, step: &Step<'_>, draft: &mut Draft<'_>) {
    for disclosure in disclosures {
        let consent = consent_of(disclosure).and_then(|id| step.person.consents.get(id));
        let turns = consent.into_iter().flat_map(|consent| consent.turns());
        for at in instants(step.at, turns) {
            draft.set(at, DisclosureRow::of(disclosure, step, at).row());
        }
    }
}

#[cfg(test)]
mod tests;
