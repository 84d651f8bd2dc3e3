//! Read model `acceptances`: what people answered to the policy, to which text, and which text was in force.

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_schemas::vocabulary::{Channel, Language, PolicyAnswer};
use subject_record_schemas::{Fact, Position, Reference};

use crate::assessor::Step;
use crate::table::{Cell, Column, ReadRow, Shape, Table};
use crate::versions::Draft;

/// Table of the read model.
pub static ACCEPTANCES: Table = Table {
    name: "acceptances",
    shape: Shape::Versions,
    columns: &[Column::indexed_text("policy_version"), Column::text("answer"), Column::text("language")],
};

/// An answer to a policy version (preamble, clauses 5.4, 5.5). It is not a consent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AcceptanceRow {
    /// The event.
    pub position: Position,
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// What was answered.
    pub answer: PolicyAnswer,
    /// Version that was shown.
    pub policy_version: Reference,
    /// SHA-256 of the text that was shown.
    pub text_hash: String,
    /// Language in which it was shown.
    pub language: Language,
    /// Where.
    pub channel: Channel,
    /// Version in force at that moment, if any was.
    pub in_force: Option<Reference>,
    /// Whether that version, in that language and with that hash, was published by then.
    pub published: bool,
}

impl ReadRow for AcceptanceRow {
    const TABLE: &'static Table = &ACCEPTANCES;

    fn key(&self) -> String {
        self.position.to_string()
    }

    fn at(&self) -> DateTime<Utc> {
        self.at
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.policy_version.as_str()),
            Cell::text(self.answer.to_string()),
            Cell::text(self.language.to_string()),
        ]
    }
}

/// Rows that an event brings.
pub(crate) fn project(step: &Step<'_>, draft: &mut Draft<'_>) {
    let Fact::PolicyVersionAnswered(answered) = &step.event.fact else { return };
    let text = step.office.policy_text(&answered.policy_version, answered.language, step.at);
    let in_force = step.office.policy_in_force(step.at);
    let row = AcceptanceRow {
        position: step.event.position,
        at: step.at,
        answer: answered.answer,
        policy_version: answered.policy_version.clone(),
        text_hash: answered.text_hash.to_string(),
        language: answered.language,
        channel: answered.channel,
        in_force: in_force.first().map(|text| text.fact.version.clone()),
        published: text.is_some_and(|text| text.fact.text_hash == answered.text_hash),
    };
    draft.set(step.at, row.row());
}
