//! Whether a use of a person's data is lawful: the one function that answers "may I?" and that judges what was done.
//!
//! It is given the person and what was published, as they were just before the use, and never looks ahead. It does
//! not know whether the use has happened: a decision asks beforehand, the assessor afterwards, and both hear the
//! same.

#![expect(
    clippy::result_large_err,
    reason = "an objection is as common as a ground, and there are few of either"
)]

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_schemas::types::processing::Basis;
use subject_record_schemas::vocabulary::{
    Country, CrossBorderGround, DataCategory, DisclosureGround, MessageChannel, MessageClass,
    ProcessingAction, Purpose,
};
use subject_record_schemas::{Fact, Position, Reference};

use crate::finding::{FindingCode, Severity};
use crate::governance::Governance;
use crate::rules::RulePack;
use crate::subject::{Consent, Person};

pub use remedy::Remedy;

pub(crate) mod abroad;
mod barred;
pub(crate) mod consent;
pub(crate) mod disclosure;
mod message;
mod policy;
mod processing;
mod remedy;
#[cfg(test)]
mod tests;

/// A use of a person's data, done or asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Doing<'a> {
    /// Data is processed by the operator itself (E23).
    Processing(Processing<'a>),
    /// A message is sent to the person (E24).
    Message(Message<'a>),
    /// Data is passed to a third party (E32).
    Disclosure(Disclosing<'a>),
}

/// Processing, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Processing<'a> {
    /// What is done.
    pub action: &'a ProcessingAction,
    /// What for.
    pub purpose: &'a Purpose,
    /// Categories of data.
    pub categories: &'a [DataCategory],
    /// What it is said to rest on; when nothing is said, a consent that covers it is looked for.
    pub basis: Option<&'a Basis>,
}

/// A message, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message<'a> {
    /// Class it is sent as.
    pub class: MessageClass,
    /// Class its template was approved for, if that is known.
    pub template_class: Option<MessageClass>,
    /// Way it goes, and so the address that it uses.
    pub channel: MessageChannel,
    /// Consent it is said to rest on; when none is named, one that covers it is looked for.
    pub consent: Option<&'a Reference>,
}

/// A disclosure to a third party, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disclosing<'a> {
    /// Who gets the data.
    pub recipient: &'a Reference,
    /// Country of the recipient.
    pub country: &'a Country,
    /// What for.
    pub purpose: &'a Purpose,
    /// Categories of data.
    pub categories: &'a [DataCategory],
    /// Clause it is said to rest on; when none is said, a consent that covers it is looked for.
    pub ground: Option<&'a DisclosureGround>,
    /// The consent, agreement or request it is said to rest on.
    pub ground_ref: Option<&'a Reference>,
    /// Act and article, for clause 3.4.2.
    pub law_article: Option<&'a Reference>,
    /// Ground of Art. 16 for leaving the country.
    pub cross_border_ground: Option<&'a CrossBorderGround>,
}

/// What speaks against a use and what carries it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Weighed {
    /// What speaks against it. Where one is a violation, the use is unlawful.
    pub objections: Vec<Objection>,
    /// What carries it.
    pub grounds: Vec<Ground>,
}

/// Something that speaks against a use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Objection {
    /// The finding that it is once the use has happened. Absent where no finding of its own follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingCode>,
    /// How grave it is.
    pub severity: Severity,
    /// Clauses of the policy.
    pub clauses: Vec<String>,
    /// Articles of laws.
    pub articles: Vec<String>,
    /// The consent that does not carry the use, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Reference>,
    /// Events that show it.
    pub events: Vec<Position>,
    /// What would make the use lawful, as far as this objection goes.
    pub remedy: Remedy,
}

/// Something that carries a use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ground {
    /// Clause of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// Articles of laws, such as `94-V/8`.
    pub articles: Vec<String>,
    /// The consent, agreement or request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Events that show it: of the person, and of what was published.
    pub events: Vec<Position>,
}

/// Weighs a use at an instant, given the person just before it and what was published.
#[must_use]
pub fn weigh(
    person: &Person,
    office: &Governance,
    rules: &RulePack,
    doing: &Doing<'_>,
    at: DateTime<Utc>,
) -> Weighed {
    let case = Case { person, office, rules, at };
    let mut weighed = match doing {
        Doing::Processing(processing) => processing::weigh(&case, processing),
        Doing::Message(message) => message::weigh(&case, message),
        Doing::Disclosure(disclosing) => disclosure::weigh(&case, disclosing),
    };
    // What bars every use comes first: no consent helps against it.
    weighed.objections.splice(0..0, barred::weigh(&case, doing));
    weighed
}

impl<'a> Doing<'a> {
    /// The use that a recorded fact is, if it is one.
    #[must_use]
    pub fn of(fact: &'a Fact) -> Option<Self> {
        Some(match fact {
            Fact::ProcessingPerformed(done) => Self::Processing(Processing {
                action: &done.action,
                purpose: &done.purpose,
                categories: &done.categories,
                basis: Some(&done.basis),
            }),
            Fact::MessageSent(sent) => Self::Message(Message {
                class: sent.class,
                template_class: sent.template_class,
                channel: sent.channel,
                consent: sent.consent_id.as_ref(),
            }),
            Fact::DisclosureMade(made) => Self::Disclosure(Disclosing {
                recipient: &made.recipient_id,
                country: &made.country,
                purpose: &made.purpose,
                categories: &made.categories,
                ground: Some(&made.ground),
                ground_ref: made.ground_ref.as_ref(),
                law_article: made.law_article.as_ref(),
                cross_border_ground: made.cross_border_ground.as_ref(),
            }),
            _ => return None,
        })
    }
}

impl Weighed {
    /// Whether nothing forbids the use: what else speaks against it is a warning.
    #[must_use]
    pub fn is_lawful(&self) -> bool {
        self.objections.iter().all(|objection| objection.severity != Severity::Violation)
    }

    /// With one more objection, or one more ground.
    pub(crate) fn take(&mut self, found: Result<Ground, Objection>) {
        match found {
            Ok(ground) => self.grounds.push(ground),
            Err(objection) => self.objections.push(objection),
        }
    }
}

/// All that a use is weighed by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    /// The person just before it.
    pub(crate) person: &'a Person,
    /// What was published. Every question to it names `at`.
    pub(crate) office: &'a Governance,
    /// Rules in force.
    pub(crate) rules: &'a RulePack,
    /// When it happens.
    pub(crate) at: DateTime<Utc>,
}

impl Case<'_> {
    /// An objection, with severity, clauses and articles as the rule pack has them.
    pub(crate) fn objection(&self, code: FindingCode, remedy: Remedy) -> Objection {
        let rule = self.rules.finding(code);
        Objection {
            finding: Some(code),
            severity: rule.severity,
            clauses: rule.clauses.clone(),
            articles: rule.articles.clone(),
            consent: None,
            events: Vec::new(),
            remedy,
        }
    }

    /// Articles that a finding of this code would break: those by which whatever prevents it is a ground.
    pub(crate) fn articles_of(&self, code: FindingCode) -> Vec<String> {
        self.rules.finding(code).articles.clone()
    }
}

impl Objection {
    /// About a consent, shown by the events that made it what it is.
    #[must_use]
    pub(crate) fn about(mut self, id: &Reference, consent: &Consent) -> Self {
        self.consent = Some(id.clone());
        self.shown_by(consent.events.iter().copied())
    }

    /// Shown by more events.
    #[must_use]
    pub(crate) fn shown_by(mut self, events: impl IntoIterator<Item = Position>) -> Self {
        self.events.extend(events);
        self
    }

    /// Graver or less grave than the finding usually is.
    #[must_use]
    pub(crate) const fn graded(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// No finding of its own once the use has happened: another rule judges it, or none does yet.
    #[must_use]
    pub(crate) fn uncoded(mut self, clauses: Vec<String>) -> Self {
        (self.finding, self.clauses) = (None, clauses);
        self
    }
}
