//! Holds each fact against the consents, the policy and the law, as they were at that moment.
//!
//! Pure functions of (the person, what was published, the event) give [`Verdict`]s. A verdict never looks ahead: it
//! rests on what had happened by the event's own time. What time alone opens is a finding whose `opened_at` lies in
//! the future; a fact that comes in time takes it back.

use chrono::{DateTime, Utc};
use subject_record_schemas::Position;

use crate::event::SubjectEvent;
use crate::findings::{Docket, Finding};
use crate::governance::Governance;
use crate::lawfulness::Case;
use crate::rules::{FindingCode, RulePack};
use crate::subject::Person;

mod consents;
mod copies;
mod destructions;
mod disputes;
mod publicity;
mod recipients;
mod recording;
mod restrictions;
mod state_requests;
mod texts;
mod uses;

/// What an event means for the docket.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "verdicts live for a moment, and few at a time")]
pub enum Verdict {
    /// A finding stands from its `opened_at` on; one of the same code about the same event is replaced.
    Open(Finding),
    /// From the judged event's moment on it stands no more; if it had not opened by then, it never will.
    Cure {
        /// Its code.
        finding: FindingCode,
        /// The event it is about.
        about: Position,
        /// The event that cures it.
        by: Position,
    },
}

/// An event at the moment from which it counts, and all that it is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The event.
    pub event: &'a SubjectEvent,
    /// When it happened, and never before what it names.
    pub at: DateTime<Utc>,
    /// The person: just before the event in [`judge`], just after it in [`settle`].
    pub person: &'a Person,
    /// What was published. Every question to it names `at`.
    pub office: &'a Governance,
    /// Rules in force at `at`.
    pub rules: &'a RulePack,
    /// Findings that stand or are bound to come.
    pub docket: &'a Docket,
}

impl Step<'_> {
    /// A finding about this event, from now on.
    #[must_use]
    pub fn finding(&self, code: FindingCode) -> Finding {
        Finding::new(code, (self.event.position, self.event.fact.event_type()), self.at, self.rules)
    }

    /// What a use of the data at this moment is weighed by.
    pub(crate) const fn case(&self) -> Case<'_> {
        Case { person: self.person, office: self.office, rules: self.rules, at: self.at }
    }

    /// This event cures a finding.
    #[must_use]
    pub fn cures(&self, finding: &Finding) -> Verdict {
        Verdict::Cure { finding: finding.finding, about: finding.about, by: self.event.position }
    }
}

/// An event does not follow the one before it in its stream, or its bytes are not those that were stored (F50).
#[must_use]
pub fn broken(step: &Step<'_>) -> Vec<Verdict> {
    vec![Verdict::Open(step.finding(FindingCode::F50))]
}

/// What is unlawful about an event, given the person just before it.
#[must_use]
pub fn judge(step: &Step<'_>) -> Vec<Verdict> {
    let judges = [
        recording::judge,
        texts::judge,
        consents::judge,
        uses::judge,
        publicity::judge,
        state_requests::judge,
        copies::judge,
        restrictions::judge,
        destructions::judge,
        disputes::judge,
    ];
    judges.iter().flat_map(|judge| judge(step)).collect()
}

/// What an event cures, given the person just after it.
#[must_use]
pub fn settle(step: &Step<'_>) -> Vec<Verdict> {
    let settlements = [
        texts::settle,
        consents::settle,
        uses::settle,
        publicity::settle,
        state_requests::settle,
        recipients::settle,
        restrictions::settle,
        destructions::settle,
        disputes::settle,
    ];
    settlements.iter().flat_map(|settle| settle(step)).collect()
}
