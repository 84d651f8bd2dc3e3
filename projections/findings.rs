//! Read model `findings`: what was found unlawful or overdue, since when, and what cured it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_schemas::vocabulary::{DataCategory, DisclosureGround, Purpose};
use subject_record_schemas::{EventType, Position, Reference};

use crate::assessor::Verdict;
use crate::due::Due;
use crate::rules::{FindingCode, RulePack, Severity};
use crate::table::{Cell, Column, ReadRow, Shape, Table};
use crate::versions::Draft;

/// Table of the read model.
pub static FINDINGS: Table = Table {
    name: "findings",
    shape: Shape::Versions,
    columns: &[
        Column::indexed_text("finding"),
        Column::text("severity"),
        Column::indexed_text("state"),
        Column::indexed_text("event"),
        Column::integer("about"),
        Column::indexed_text("recipient"),
    ],
};

/// A finding about one event, as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Its code.
    pub finding: FindingCode,
    /// How grave it is.
    pub severity: Severity,
    /// Open or cured.
    pub state: FindingState,
    /// The event it is about.
    pub about: Position,
    /// Wire name of that event's type.
    pub event: &'static str,
    /// From when it is so.
    pub opened_at: DateTime<Utc>,
    /// From when it is so no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cured_at: Option<DateTime<Utc>>,
    /// The event that cured it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cured_by: Option<Position>,
    /// Clauses of the policy.
    pub clauses: Vec<String>,
    /// Articles of the law.
    pub articles: Vec<String>,
    /// Events that show it, the one it is about first.
    pub evidence: Vec<Position>,
    /// The due date that was missed, if time alone opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// What it is about, as far as a cure has to know.
    #[serde(flatten)]
    pub matter: Matter,
    /// Rule pack that it was judged by, as `id@version`.
    pub rule_pack: String,
}

/// Whether a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// It stands.
    Open,
    /// A later fact ended it.
    Cured,
}

/// What a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matter {
    /// The consent, agreement, disclosure, request, dispute or place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thing: Option<Reference>,
    /// Who received the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Reference>,
    /// Clause on which the data was passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<DisclosureGround>,
    /// What for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// Categories of data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<DataCategory>,
}

impl Finding {
    /// A finding about an event, with severity, clauses and articles as the rule pack has them.
    #[must_use]
    pub fn new(
        code: FindingCode,
        (about, event): (Position, EventType),
        opened_at: DateTime<Utc>,
        rules: &RulePack,
    ) -> Self {
        let rule = rules.finding(code);
        Self {
            finding: code,
            severity: rule.severity,
            state: FindingState::Open,
            about,
            event: event.wire_name(),
            opened_at,
            cured_at: None,
            cured_by: None,
            clauses: rule.clauses.clone(),
            articles: rule.articles.clone(),
            evidence: vec![about],
            due: None,
            matter: Matter::default(),
            rule_pack: rules.name(),
        }
    }

    /// With another event that shows it.
    #[must_use]
    pub fn shown_by(mut self, event: Position) -> Self {
        if !self.evidence.contains(&event) {
            self.evidence.push(event);
        }
        self
    }

    /// Graver or less grave than the finding usually is.
    #[must_use]
    pub const fn graded(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// About this matter.
    #[must_use]
    pub fn on(mut self, matter: Matter) -> Self {
        self.matter = matter;
        self
    }

    /// Opened by a due date that was missed.
    #[must_use]
    pub fn missed(mut self, due: Due) -> Self {
        self.due = Some(due);
        self
    }

    fn cured(mut self, at: DateTime<Utc>, by: Position) -> Self {
        (self.state, self.cured_at, self.cured_by) = (FindingState::Cured, Some(at), Some(by));
        self
    }
}

fn key(code: FindingCode, about: Position) -> String {
    format!("{code}:{about}")
}

impl ReadRow for Finding {
    const TABLE: &'static Table = &FINDINGS;

    fn key(&self) -> String {
        key(self.finding, self.about)
    }

    fn at(&self) -> DateTime<Utc> {
        self.opened_at
    }

    fn cells(&self) -> Vec<Cell> {
        let state = match self.state {
            FindingState::Open => "open",
            FindingState::Cured => "cured",
        };
        vec![
            Cell::text(self.finding.to_string()),
            Cell::text(self.severity.as_str()),
            Cell::text(state),
            Cell::text(self.event),
            Cell::Integer(i64::try_from(self.about.number()).unwrap_or(i64::MAX)),
            Cell::maybe(self.matter.recipient.as_ref().map(Reference::as_str)),
        ]
    }
}

/// Findings of a stream that stand, or that time alone will open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Docket {
    open: BTreeMap<(FindingCode, Position), Finding>,
}

/// About how many bytes of memory a finding takes: its texts are a dozen small allocations.
const FINDING_BYTES: usize = 1_280;

impl Docket {
    /// About how many bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.open.len().saturating_mul(FINDING_BYTES)
    }

    /// Findings that stand at an instant, of one of these codes.
    pub fn open<'d>(
        &'d self,
        codes: &'d [FindingCode],
        at: DateTime<Utc>,
    ) -> impl Iterator<Item = &'d Finding> {
        self.scheduled(codes).filter(move |finding| finding.opened_at <= at)
    }

    /// Findings of these codes that stand or will.
    pub fn scheduled<'d>(&'d self, codes: &'d [FindingCode]) -> impl Iterator<Item = &'d Finding> {
        let of_code = |code: &FindingCode| (*code, Position::new(0))..=(*code, Position::new(u64::MAX));
        codes.iter().flat_map(move |code| self.open.range(of_code(code)).map(|(_, finding)| finding))
    }

    /// Takes verdicts of an event at `at` into the docket and the rows.
    pub(crate) fn take(&mut self, verdicts: Vec<Verdict>, at: DateTime<Utc>, draft: &mut Draft<'_>) {
        for verdict in verdicts {
            match verdict {
                Verdict::Open(finding) => {
                    let name = (finding.finding, finding.about);
                    draft.clear(&FINDINGS, &key(name.0, name.1), at.min(finding.opened_at));
                    draft.set(finding.opened_at, finding.row());
                    self.open.insert(name, finding);
                }
                Verdict::Cure { finding: code, about, by } => {
                    let Some(finding) = self.open.remove(&(code, about)) else { continue };
                    if finding.opened_at < at {
                        draft.set(at, finding.cured(at, by).row());
                    } else {
                        draft.clear(&FINDINGS, &key(code, about), at);
                    }
                }
            }
        }
    }
}
