//! Rows of the read model.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use subject_record_schemas::{Position, Reference};

use super::clock::Pause;
use super::item::Extension;
use crate::due::Due;
use crate::rules::DeadlineSubject;
use crate::table::{Cell, Column, ReadRow, Shape, Table};

/// Table of the read model.
pub static DEADLINES: Table = Table {
    name: "deadlines",
    shape: Shape::Versions,
    columns: &[
        Column::indexed_text("kind"),
        Column::indexed_text("state"),
        // Null while the clock is paused and nothing says until when.
        Column::integer("due_us"),
        Column::integer("provisional"),
        Column::text("reference"),
    ],
};

/// Something that is due, as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeadlineRow {
    /// What it is.
    pub kind: DeadlineSubject,
    /// The request, disclosure, dispute, restriction or incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Who received the data, where somebody is to be told of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Reference>,
    /// By whose word the clock started, where the parties may differ (clause 5.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<Party>,
    /// The event that began it.
    pub position: Position,
    /// Day in Kazakhstan from which the clock runs. It is not counted itself.
    pub started_on: NaiveDate,
    /// The instant, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// How it stands.
    pub state: DeadlineState,
    /// From when on it stands so.
    pub since: DateTime<Utc>,
    /// When it is due. While the clock is paused and nothing says until when, this is when it was due before.
    pub due: Due,
    /// When it is due by tables of working days that others have replaced, where that is another day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub due_otherwise: Vec<Due>,
    /// What the emitter counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<Stated>,
    /// Why the clock stands, or stood.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// To when it was put off last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// The event by which it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met_by: Option<Position>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met_at: Option<DateTime<Utc>>,
}

/// How something due stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineState {
    /// It is due, and there is time.
    Pending,
    /// It is due, and the clock stands.
    Paused,
    /// It was done in time.
    Met,
    /// It was done, too late.
    MetLate,
    /// It is not done, and was due.
    Missed,
}

impl DeadlineState {
    /// As rows are searched by it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::MetLate => "met_late",
            Self::Missed => "missed",
        }
    }
}

/// A party to a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The person.
    Subject,
    /// The operator.
    Operator,
}

/// A due date as the emitter counted it. The record counts by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stated {
    /// Its last day.
    pub due_at: NaiveDate,
    /// Table of working days that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar_version: Option<Reference>,
    /// Rule that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<Reference>,
    /// Whether it is another day than the record counts.
    pub differs: bool,
}

impl Stated {
    /// What an event says, if it says any due date.
    pub(super) fn of(
        due_at: Option<NaiveDate>,
        calendar_version: Option<&Reference>,
        rule_id: Option<&Reference>,
    ) -> Option<Self> {
        let (calendar_version, rule_id) = (calendar_version.cloned(), rule_id.cloned());
        Some(Self { due_at: due_at?, calendar_version, rule_id, differs: false })
    }

    pub(super) fn beside(mut self, due: &Due) -> Self {
        self.differs = self.due_at != due.last_day;
        self
    }
}

impl DeadlineRow {
    /// Whether the clock stands and nothing says until when.
    fn has_no_due_date(&self) -> bool {
        self.state == DeadlineState::Paused && self.pauses.iter().any(|pause| pause.end().is_none())
    }
}

/// Key of the row that an event begins.
pub(super) fn row_key(position: Position, per: Option<Party>) -> String {
    match per {
        None => position.to_string(),
        Some(Party::Subject) => format!("{position}:subject"),
        Some(Party::Operator) => format!("{position}:operator"),
    }
}

impl ReadRow for DeadlineRow {
    const TABLE: &'static Table = &DEADLINES;

    fn key(&self) -> String {
        row_key(self.position, self.per)
    }

    fn at(&self) -> DateTime<Utc> {
        self.due.instant
    }

    fn cells(&self) -> Vec<Cell> {
        let due = if self.has_no_due_date() { Cell::Null } else { Cell::instant(self.due.instant) };
        let kind = serde_json::to_value(self.kind).ok();
        vec![
            Cell::maybe(kind.as_ref().and_then(serde_json::Value::as_str)),
            Cell::text(self.state.as_str()),
            due,
            Cell::flag(self.due.provisional),
            Cell::maybe(self.reference.as_ref().map(Reference::as_str)),
        ]
    }
}
