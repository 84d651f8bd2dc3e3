//! What the auditor's lists show: plain values, ready to be laid out. Nothing personal is in them.

use chrono::{DateTime, NaiveDate, Utc};
use subject_record_schemas::Position;

use super::super::model::Chrome;
use super::query::AuditQuery;

/// A list and what was asked for.
#[derive(Clone, Debug)]
pub(in super::super) struct AuditPage {
    /// Who looks, and at what kind of log.
    pub(in super::super) chrome: Chrome,
    /// What was asked; the form shows it again.
    pub(in super::super) query: AuditQuery,
    /// What came of it.
    pub(in super::super) outcome: AuditOutcome,
    /// The next page of the list, if there is one.
    pub(in super::super) next_href: Option<String>,
}

/// What came of a question.
#[derive(Clone, Debug)]
pub(in super::super) enum AuditOutcome {
    /// Findings, newest first.
    Findings(Vec<FindingView>),
    /// Due dates, nearest first.
    Deadlines(Vec<DeadlineView>),
    /// The question cannot be answered, and why, in the reader's language.
    Problem(String),
}

/// A finding.
#[derive(Clone, Debug)]
pub(in super::super) struct FindingView {
    /// Its code.
    pub(in super::super) code: String,
    /// What it says, in the reader's language.
    pub(in super::super) text: String,
    /// How grave it is: `violation`, `deadline` or `warning`.
    pub(in super::super) severity: String,
    /// Whether it stands.
    pub(in super::super) is_open: bool,
    /// Since when.
    pub(in super::super) opened_at: DateTime<Utc>,
    /// Until when.
    pub(in super::super) cured_at: Option<DateTime<Utc>>,
    /// The person, if it is about one.
    pub(in super::super) subject: Option<String>,
    /// Clauses and articles, as they are cited.
    pub(in super::super) law: Vec<String>,
    /// What kind of event it is about, in the reader's language.
    pub(in super::super) event: Option<String>,
    /// Who received the data.
    pub(in super::super) recipient: Option<String>,
    /// Ground on which it was passed on, in the reader's language.
    pub(in super::super) ground: Option<String>,
    /// Purpose and categories, in the reader's language.
    pub(in super::super) particulars: Vec<String>,
    /// Positions of the events that show it.
    pub(in super::super) evidence: Vec<Position>,
}

/// A due date.
#[derive(Clone, Debug)]
pub(in super::super) struct DeadlineView {
    /// What is due, in the reader's language.
    pub(in super::super) what: String,
    /// The request, incident, dispute or disclosure.
    pub(in super::super) reference: String,
    /// The person, if it is about one.
    pub(in super::super) subject: Option<String>,
    /// Its state: `pending`, `paused`, `met` or `missed`.
    pub(in super::super) state: String,
    /// The same, in the reader's language.
    pub(in super::super) state_text: String,
    /// The last day.
    pub(in super::super) last_day: Option<NaiveDate>,
    /// Whether a year without published working days was counted.
    pub(in super::super) is_provisional: bool,
    /// Rule, rule pack and calendars by which it was counted.
    pub(in super::super) counted_by: Vec<String>,
    /// Why its clock is paused.
    pub(in super::super) paused: Vec<String>,
}
