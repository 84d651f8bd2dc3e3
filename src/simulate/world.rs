//! The platform that everybody lives on: its days, its texts by hash, and who may receive data.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subject_record_schemas::vocabulary::Language;

use super::PublishedText;
use super::calendar::at_local;
use super::texts::{CONSENTS, ConsentText, LANGUAGES, POLICIES, PolicyVersion};

/// Days that the office and the showcase have to themselves before anybody else registers.
pub const OPENING_DAYS: u32 = 70;
/// Days of the year in which everybody else lives.
pub const YEAR_DAYS: u32 = 364;
/// Day on which an incident comes to light.
pub(super) const INCIDENT_DAY: u32 = 230;
/// Day on which the third policy version was posted.
pub(super) const THIRD_POLICY_DAY: u32 = 252;
/// Day on which it took effect.
pub(super) const THIRD_POLICY_EFFECTIVE_DAY: u32 = 262;
/// Day on which a recipient is registered that has been receiving data before.
pub(super) const LATE_RECIPIENT_DAY: u32 = 300;
/// Milliseconds from midnight to ten in the morning, when texts are posted.
pub(super) const POSTING_TIME: u32 = 36_000_000;

/// A recipient, as the office registers it.
pub(super) struct Recipient {
    pub(super) id: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) country: &'static str,
    pub(super) duties_accepted: bool,
}

const fn recipient(id: &'static str, kind: &'static str, name: &'static str) -> Recipient {
    Recipient { id, kind, name, country: "KZ", duties_accepted: true }
}

/// Recipients that are registered before anybody's data goes anywhere.
pub(super) const RECIPIENTS: [Recipient; 12] = [
    recipient("police-almaty-2", "state_body", "Алматы қаласының ойдан шығарылған полиция басқармасы"),
    recipient("akimat-astana-1", "state_body", "Вымышленный аппарат акима"),
    recipient("digital-ministry", "state_body", "Вымышленный уполномоченный орган по защите данных"),
    recipient("court-astana-1", "court", "Вымышленный районный суд"),
    recipient("lawyer-bureau-7", "lawyer", "«Әділ Сөз» ойдан шығарылған адвокаттар кеңсесі"),
    recipient("lawyer-bureau-12", "lawyer", "Вымышленная адвокатская контора «Заозёрная»"),
    recipient("notary-almaty-3", "notary", "Вымышленный нотариус Мостовицына"),
    recipient("bank-03", "bank", "АО «Вымышленный банк»"),
    recipient("provider-sms-1", "provider", "ТОО «Пример-СМС»"),
    Recipient { country: "DE", ..recipient("translator-de-1", "provider", "Beispiel Übersetzungen GmbH") },
    recipient("partner-edu-4", "partner", "ТОО «Вымышленные курсы»"),
    Recipient {
        duties_accepted: false, ..recipient("partner-shop-5", "partner", "ТОО «Примерная лавка»")
    },
];

/// A recipient that is registered only on [`LATE_RECIPIENT_DAY`].
pub(super) const LATE_RECIPIENT: Recipient =
    recipient("expert-bureau-9", "partner", "ТОО «Вымышленная экспертиза»");

/// Places where data lies: name, country, role.
pub(super) const PLACES: [(&str, &str, &str); 4] = [
    ("dc-astana-1", "KZ", "primary"),
    ("dc-almaty-1", "KZ", "replica"),
    ("archive-almaty-1", "KZ", "archive"),
    ("cloud-frankfurt-1", "DE", "replica"),
];

/// The platform.
pub(super) struct World {
    /// Seed of everything random.
    pub(super) seed: u64,
    /// First day.
    pub(super) start: NaiveDate,
    policies: Vec<[String; LANGUAGES.len()]>,
    consents: BTreeMap<(&'static str, &'static str), [String; LANGUAGES.len()]>,
}

impl World {
    pub(super) fn new(seed: u64, start: NaiveDate) -> Self {
        let policies =
            POLICIES.iter().map(|policy| LANGUAGES.map(|language| hash_of(&policy.body(language))));
        let consents = CONSENTS
            .iter()
            .map(|text| ((text.id, text.version), LANGUAGES.map(|language| hash_of(&text.body(language)))));
        Self { seed, start, policies: policies.collect(), consents: consents.collect() }
    }

    /// A day of the simulated time, by number.
    pub(super) fn day(&self, number: u32) -> NaiveDate {
        self.start + Days::new(u64::from(number))
    }

    /// An instant, by number of the day and milliseconds since its midnight in Kazakhstan.
    pub(super) fn at(&self, day: u32, milliseconds: u32) -> DateTime<Utc> {
        at_local(self.day(day), milliseconds)
    }

    /// When everything has happened.
    pub(super) fn end(&self) -> DateTime<Utc> {
        self.at(OPENING_DAYS + YEAR_DAYS, 0)
    }

    /// When a policy version took effect.
    pub(super) fn effective_at(&self, policy: &PolicyVersion) -> DateTime<Utc> {
        self.at(policy.posted_day, POSTING_TIME) + TimeDelta::days(i64::from(policy.effective_after_days))
    }

    /// Number of the policy version in force, from 0.
    pub(super) fn policy_at(&self, instant: DateTime<Utc>) -> usize {
        POLICIES.iter().rposition(|policy| self.effective_at(policy) <= instant).unwrap_or(0)
    }

    /// Hash of a policy version in a language.
    pub(super) fn policy_hash(&self, policy: usize, language: Language) -> Value {
        json!(self.policies.get(policy).map(|hashes| &hashes[place(language)]))
    }

    /// Hash of a consent text in a language.
    pub(super) fn consent_hash(&self, text: &ConsentText, language: Language) -> Value {
        json!(self.consents.get(&(text.id, text.version)).map(|hashes| &hashes[place(language)]))
    }

    /// Texts that are published within a span of days, for the store of texts.
    pub(super) fn texts(days: std::ops::Range<u32>) -> Vec<PublishedText> {
        let policies = POLICIES.iter().filter(|policy| days.contains(&policy.posted_day));
        let consents = CONSENTS.iter().filter(|text| days.contains(&text.posted_day));
        let policies = policies.flat_map(|policy| LANGUAGES.map(|language| policy.body(language)));
        let consents = consents.flat_map(|text| LANGUAGES.map(|language| text.body(language)));
        policies.chain(consents).map(|body| PublishedText { hash: hash_of(&body), body }).collect()
    }
}

/// The consent text of a name, in its first version.
pub(super) fn consent_text(id: &str) -> &'static ConsentText {
    let [services, ..] = &CONSENTS;
    CONSENTS.iter().find(|text| text.id == id).unwrap_or(services)
}

fn place(language: Language) -> usize {
    LANGUAGES.iter().position(|published| *published == language).unwrap_or(0)
}

fn hash_of(body: &str) -> String {
    hex::encode(Sha256::digest(body.as_bytes()))
}
