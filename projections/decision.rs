//! Decisions: may this be done with a person's data, now or at an instant, and on what ground?
//!
//! A question is weighed by the function that judges recorded events ([`crate::lawfulness`]), so that what a decision
//! allows is no finding when it is done at that instant, and what it forbids is one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use subject_record_schemas::types::governance::PolicyVersionPublished;
use subject_record_schemas::types::processing::Basis;
use subject_record_schemas::vocabulary::{
    Country, CrossBorderGround, DataCategory, DisclosureGround, Language, MessageChannel, MessageClass,
    ProcessingAction, Purpose,
};
use subject_record_schemas::{Position, Reference};

use crate::governance::{Governance, Published};
use crate::lawfulness::{Disclosing, Doing, Ground, Message, Objection, Processing, weigh};
use crate::rules::RulePack;
use crate::subject::Person;

/// What is to be done: `{"processing": {…}}`, `{"message": {…}}` or `{"disclosure": {…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// May the operator process this data?
    Processing(ProcessingQuestion),
    /// May this message be sent?
    Message(MessageQuestion),
    /// May this data be passed on?
    Disclosure(DisclosureQuestion),
}

/// May the operator process these categories for this purpose?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessingQuestion {
    /// What is to be done; to use it, if nothing is said.
    #[serde(default = "to_use")]
    pub action: ProcessingAction,
    /// What for.
    pub purpose: Purpose,
    /// Categories of data, one at least.
    #[serde(deserialize_with = "some")]
    pub categories: Vec<DataCategory>,
    /// What it is to rest on; when nothing is said, a consent that covers it is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
}

/// May this message be sent?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageQuestion {
    /// Service or advertising.
    pub class: MessageClass,
    /// Way it is to go, and so the address that it uses.
    pub channel: MessageChannel,
    /// Class its template was approved for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_class: Option<MessageClass>,
    /// Consent it is to rest on; when none is named, one that covers it is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_id: Option<Reference>,
}

/// May these categories be passed to this recipient in this country?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureQuestion {
    /// Who is to get them.
    pub recipient_id: Reference,
    /// Where that is.
    pub country: Country,
    /// What for.
    pub purpose: Purpose,
    /// Categories of data, one at least.
    #[serde(deserialize_with = "some")]
    pub categories: Vec<DataCategory>,
    /// Clause it is to rest on; when none is said, a consent that covers it is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<DisclosureGround>,
    /// The consent, agreement or request it is to rest on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground_ref: Option<Reference>,
    /// Act and article, for clause 3.4.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law_article: Option<Reference>,
    /// Ground of Art. 16 for leaving the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_border_ground: Option<CrossBorderGround>,
}

/// Whether something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    /// Nothing speaks against it.
    Yes,
    /// Nothing forbids it, and somebody should look.
    WithWarnings,
    /// It would break the law or the policy.
    No,
}

/// The answer to a question about one person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// Whether it may be done.
    pub allowed: Allowed,
    /// What carries it.
    pub grounds: Vec<Ground>,
    /// What speaks against it, each with what would make it lawful.
    pub objections: Vec<Objection>,
    /// The instant that was asked about.
    pub as_of: DateTime<Utc>,
    /// Position up to which events are known, once it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_at: Option<Position>,
    /// Texts of the policy version in force then, one a language.
    pub policy_in_force: Vec<PolicyText>,
    /// Rule pack it was decided by, as `id@version`.
    pub rule_pack: String,
}

/// A text of the policy in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyText {
    /// Its version.
    pub version: Reference,
    /// Its language.
    pub language: Language,
    /// SHA-256 of its bytes.
    pub text_hash: String,
    /// The event that published it.
    pub event: Position,
}

/// Decides a question about a person, as the person was at that instant.
#[must_use]
pub fn decide(
    person: &Person,
    office: &Governance,
    rules: &RulePack,
    question: &Question,
    at: DateTime<Utc>,
) -> Answer {
    let weighed = weigh(person, office, rules, &question.doing(), at);
    let allowed = match (weighed.is_lawful(), weighed.objections.is_empty()) {
        (true, true) => Allowed::Yes,
        (true, false) => Allowed::WithWarnings,
        (false, _) => Allowed::No,
    };
    let text = |text: &Published<PolicyVersionPublished>| PolicyText {
        version: text.fact.version.clone(),
        language: text.fact.language,
        text_hash: text.fact.text_hash.to_string(),
        event: text.position,
    };
    Answer {
        allowed,
        grounds: weighed.grounds,
        objections: weighed.objections,
        as_of: at,
        known_at: None,
        policy_in_force: office.policy_in_force(at).into_iter().map(text).collect(),
        rule_pack: rules.name(),
    }
}

impl Question {
    /// What is to be done, as it is weighed.
    #[must_use]
    pub fn doing(&self) -> Doing<'_> {
        match self {
            Self::Processing(asked) => Doing::Processing(Processing {
                action: &asked.action,
                purpose: &asked.purpose,
                categories: &asked.categories,
                basis: asked.basis.as_ref(),
            }),
            Self::Message(asked) => Doing::Message(Message {
                class: asked.class,
                template_class: asked.template_class,
                channel: asked.channel,
                consent: asked.consent_id.as_ref(),
            }),
            Self::Disclosure(asked) => Doing::Disclosure(Disclosing {
                recipient: &asked.recipient_id,
                country: &asked.country,
                purpose: &asked.purpose,
                categories: &asked.categories,
                ground: asked.ground.as_ref(),
                ground_ref: asked.ground_ref.as_ref(),
                law_article: asked.law_article.as_ref(),
                cross_border_ground: asked.cross_border_ground.as_ref(),
            }),
        }
    }
}

impl Answer {
    /// Says up to which position events were known.
    #[must_use]
    pub fn known_at(mut self, position: Position) -> Self {
        self.known_at = Some(position);
        self
    }
}

const fn to_use() -> ProcessingAction {
    ProcessingAction::Use
}

/// A list that holds something: of nothing, anything may be done.
fn some<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<DataCategory>, D::Error> {
    let list = Vec::deserialize(list)?;
    if list.is_empty() {
        return Err(serde::de::Error::invalid_length(0, &"one category of data at least"));
    }
    Ok(list)
}

#[cfg(test)]
mod tests;
