//! The fold of a person: standing, where the profile's values lie, consents, and answers to the policy.

use std::collections::BTreeMap;

use chrono::{DateTime, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Serialize;
use subject_record_schemas::types::consent::{ConsentGiven, WithdrawalLimited};
use subject_record_schemas::types::governance::ConsentTextPublished;
use subject_record_schemas::vocabulary::{
    Country, DataCategory, ErasureDecision, ErasureScope, EvidenceStrength, GivenBy, Language, PolicyAnswer,
    ProfileField, Purpose, SubjectKind, Term,
};
use subject_record_schemas::{Fact, Position, Reference};

use crate::event::{Made, SubjectEvent, in_order};
pub use dealings::{
    Agreement, Dealings, Destruction, Disclosure, Dispute, Representation, Request, Restriction,
    StateRequest, Told,
};
pub use ends::{End, Ends};

mod dealings;
mod ends;

/// A person as the events of their stream tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Person {
    /// Known, registered or erased.
    pub standing: Standing,
    /// When the person registered; kept after an erasure.
    #[serde(skip)]
    pub registered_at: Option<DateTime<Utc>>,
    /// Positions of the events whose boxes hold the profile, oldest first: a later value replaces an earlier, and a box
    /// of which nothing is left is gone from the list.
    pub profile_boxes: Vec<Position>,
    /// Which value a box holds, for those that hold one.
    #[serde(skip)]
    pub box_fields: BTreeMap<Position, ProfileField>,
    /// Consents by the platform's names for them.
    pub consents: BTreeMap<Reference, Consent>,
    /// Answers to the policy, as they were given.
    pub acceptances: Vec<Acceptance>,
    /// Agreements, requests, disclosures, restrictions, disputes.
    #[serde(flatten)]
    pub dealings: Dealings,
    /// No end of a part of a consent that was told of beforehand comes earlier.
    #[serde(skip)]
    next_end: Option<DateTime<Utc>>,
}

/// Where a person stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Standing {
    /// Events name the person, but no registration.
    #[default]
    Unregistered,
    /// Registered.
    Registered {
        /// Person, entity or proprietor.
        kind: SubjectKind,
        /// Language of the form.
        language: Language,
        /// When.
        at: DateTime<Utc>,
    },
    /// Erased: personal values are gone for good.
    Erased {
        /// When it was decided.
        at: DateTime<Utc>,
    },
}

/// A consent and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consent {
    /// State by what was recorded. What time alone ends shows in `until`.
    pub state: ConsentState,
    /// Text, version and hash that were shown.
    pub text: ShownText,
    /// Purposes it was given for.
    pub purposes_given: Vec<Purpose>,
    /// Purposes that still run.
    pub purposes: Vec<Purpose>,
    /// Purposes that were withdrawn and go on for now, because the law or an open obligation bars their end
    /// (Art. 8(2)).
    pub purposes_kept: Vec<Purpose>,
    /// Categories of data.
    pub categories: Vec<DataCategory>,
    /// Recipients named in it.
    pub recipients: Vec<Reference>,
    /// Whether third parties may get data.
    pub third_party: bool,
    /// Whether data may leave the country.
    pub cross_border: bool,
    /// To which countries.
    pub countries: Vec<Country>,
    /// Whether data may be public.
    pub public: bool,
    /// Who gave it.
    pub by: GivenBy,
    /// How strongly it is tied to the person.
    pub strength: EvidenceStrength,
    /// When it was given.
    pub given_at: DateTime<Utc>,
    /// The first instant at which its term has run out, if it has one.
    pub until: Option<DateTime<Utc>>,
    /// Its term, as stated.
    #[serde(skip)]
    pub term: Term,
    /// When it was withdrawn in full or ended, by what was recorded.
    #[serde(skip)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether whoever gave it could: the person, or somebody with authority for it (Art. 8).
    #[serde(skip)]
    pub authorised: bool,
    /// What bars the rest of its withdrawal, if anything was recorded.
    #[serde(skip)]
    pub limited_by: Option<(WithdrawalLimited, Position)>,
    /// When its parts end, by what was recorded.
    #[serde(skip)]
    pub ends: Ends,
    /// Positions of the events that made it what it is.
    pub events: Vec<Position>,
}

/// State of a consent, by what was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    /// Given and neither withdrawn nor ended.
    Given,
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
}

/// A published text as it was shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownText {
    /// The operator's name for the text.
    pub text_id: Reference,
    /// Its version.
    pub version: Reference,
    /// SHA-256 of its bytes.
    pub text_hash: String,
}

/// An answer to a policy version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Acceptance {
    /// Version that was shown.
    pub policy_version: Reference,
    /// SHA-256 of its text.
    pub text_hash: String,
    /// Language in which it was shown.
    pub language: Language,
    /// What was answered.
    pub answer: PolicyAnswer,
    /// When.
    pub at: DateTime<Utc>,
    /// The event.
    pub position: Position,
}

impl Person {
    /// Folds a stream's events, in whatever order they come.
    #[must_use]
    pub fn fold(events: Vec<SubjectEvent>) -> Self {
        let mut person = Self::default();
        let mut at = DateTime::UNIX_EPOCH;
        for event in in_order(events) {
            at = at.max(event.occurred_at);
            person.apply(&event, at);
        }
        person
    }

    /// Learns the next event, which counts from `at` on.
    pub(crate) fn apply(&mut self, event: &SubjectEvent, at: DateTime<Utc>) {
        self.pass(at);
        self.dealings.apply(event, at);
        let told = Told { position: event.position, at };
        match &event.fact {
            Fact::SubjectRegistered(registered) => {
                self.registered_at.get_or_insert(at);
                if self.standing == Standing::Unregistered {
                    let (kind, language) = (registered.kind, registered.language);
                    self.standing = Standing::Registered { kind, language, at };
                }
                self.profile_boxes.extend(event.has_personal.then_some(event.position));
            }
            Fact::ProfileChanged(changed) if event.has_personal => {
                let Self { profile_boxes, box_fields, .. } = self;
                // Of several changes of one value the last one's box holds it.
                profile_boxes.retain(|held| box_fields.get(held) != Some(&changed.field));
                box_fields.retain(|_, field| *field != changed.field);
                profile_boxes.push(event.position);
                box_fields.insert(event.position, changed.field);
            }
            Fact::PolicyVersionAnswered(answered) => self.acceptances.push(Acceptance {
                policy_version: answered.policy_version.clone(),
                text_hash: answered.text_hash.to_string(),
                language: answered.language,
                answer: answered.answer,
                at,
                position: event.position,
            }),
            Fact::ConsentGiven(given) => {
                let authorised = self.dealings.may_consent(&given.by, at);
                self.consents.insert(given.consent_id.clone(), Consent::of(given, event, at, authorised));
            }
            // An authority that is shown afterwards counts for the days that it covers.
            Fact::RepresentationRecorded(_) => {
                for consent in self.consents.values_mut().filter(|consent| !consent.authorised) {
                    consent.authorised = self.dealings.may_consent(&consent.by, consent.given_at);
                }
            }
            Fact::ConsentWithdrawn(withdrawn) => {
                self.with_consent(&withdrawn.consent_id, told, |consent| consent.withdraw(withdrawn, told));
            }
            Fact::WithdrawalLimited(limited) => {
                self.with_consent(&limited.consent_id, told, |consent| {
                    consent.purposes_kept.clone_from(&limited.purposes_kept);
                    consent.limited_by = Some((limited.clone(), event.position));
                });
            }
            Fact::ConsentEnded(ended) => {
                self.with_consent(&ended.consent_id, told, |consent| consent.end(&ended.reason, told));
            }
            Fact::ErasureDecided(decided)
                if decided.decision == ErasureDecision::Approved
                    && decided.scope == ErasureScope::Subject =>
            {
                self.standing = Standing::Erased { at };
                self.profile_boxes.clear();
                self.box_fields.clear();
            }
            // What the rest means for a person is told by the read models.
            _ => {}
        }
    }

    /// Lets withdrawals take effect that were told of before and name an instant that has come by now.
    pub fn pass(&mut self, now: DateTime<Utc>) {
        if self.next_end.is_none_or(|end| end > now) {
            return;
        }
        for consent in self.consents.values_mut() {
            consent.pass(now);
        }
        self.next_end = self.consents.values().filter_map(|consent| consent.ends.next_after(now)).min();
    }

    /// The event that brought something into the world, if it was told of.
    pub(crate) fn maker(&self, made: &Made<'_>) -> Option<Position> {
        let dealings = &self.dealings;
        match made {
            Made::Consent(id) => self.consents.get(*id)?.events.first().copied(),
            Made::Disclosure(id) => dealings.disclosures.get(*id).map(|made| made.told.position),
            Made::StateRequest(id) => dealings.state_requests.get(*id).map(|asked| asked.told.position),
            Made::SubjectRequest(id) => dealings.requests.get(*id).map(|asked| asked.told.position),
        }
    }

    /// Changes a consent that an event names. One that was never recorded as given stays unknown.
    fn with_consent(&mut self, id: &Reference, told: Told, change: impl FnOnce(&mut Consent)) {
        if let Some(consent) = self.consents.get_mut(id) {
            change(consent);
            consent.events.push(told.position);
            self.next_end = self.next_end.into_iter().chain(consent.ends.next_after(told.at)).min();
        }
    }
}

impl ShownText {
    /// Whether this published text is the one that was shown.
    #[must_use]
    pub fn is(&self, text: &ConsentTextPublished) -> bool {
        self.text_hash == text.text_hash.as_str()
            && self.text_id == text.text_id
            && self.version == text.version
    }
}

impl Consent {
    fn of(given: &ConsentGiven, event: &SubjectEvent, at: DateTime<Utc>, authorised: bool) -> Self {
        Self {
            state: ConsentState::Given,
            text: ShownText {
                text_id: given.text_id.clone(),
                version: given.version.clone(),
                text_hash: given.text_hash.to_string(),
            },
            purposes_given: given.purposes.clone(),
            purposes: given.purposes.clone(),
            purposes_kept: Vec::new(),
            categories: given.categories.clone(),
            recipients: given.recipients.clone(),
            third_party: given.third_party,
            cross_border: given.cross_border,
            countries: given.countries.clone(),
            public: given.public,
            by: given.by.clone(),
            strength: given.strength,
            given_at: at,
            until: end_of(&given.term, at),
            term: given.term.clone(),
            ended_at: None,
            authorised,
            limited_by: None,
            ends: Ends::default(),
            events: vec![event.position],
        }
    }
}

/// The offset of the one time zone of Kazakhstan since 1 March 2024, in seconds.
pub const KAZAKHSTAN_OFFSET_SECONDS: i32 = 5 * 3600;

/// First instant after a term. A term of days ends at 24:00 of its last day in Kazakhstan.
fn end_of(term: &Term, given_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match term {
        Term::Until(day) => midnight_after(*day),
        Term::Months(months) => given_at.checked_add_months(Months::new(u32::from(*months))),
        Term::PurposeAchieved | Term::NotStated => None,
    }
}

/// 24:00 of a day in Kazakhstan.
pub(crate) fn midnight_after(day: NaiveDate) -> Option<DateTime<Utc>> {
    let midnight = day.succ_opt()?.and_time(NaiveTime::MIN);
    let local = chrono::FixedOffset::east_opt(KAZAKHSTAN_OFFSET_SECONDS)?;
    midnight.and_local_timezone(local).single().map(|instant| instant.to_utc())
}

/// The last microsecond of a day in Kazakhstan: what "as of this day" means.
#[must_use]
pub fn end_of_day(day: NaiveDate) -> Option<DateTime<Utc>> {
    midnight_after(day).map(|midnight| midnight - TimeDelta::microseconds(1))
}

#[cfg(test)]
mod tests;
