//! The sections of the document, from the report to blocks: one file a section.

mod cover;
mod custody;
mod derived;
mod disputes;
mod findings;
mod texts;
mod timeline;
mod verification;

use subject_record_projections::sentences::Sentences;
use subject_record_schemas::vocabulary::{AccessPurpose, Language};

use super::blocks::{Block, Cell, Heading, Para, Table, Widths};
use super::words::Words;
use crate::dossier::report::Report;

/// What the sections share: the language and its words.
#[derive(Clone, Copy)]
pub(super) struct Voice {
    pub(super) language: Language,
    pub(super) words: &'static Words,
    sentences: &'static Sentences,
}

impl Voice {
    pub(super) fn of(language: Language) -> Self {
        Self { language, words: Words::of(language), sentences: Sentences::of(language) }
    }

    /// Label of a value of a closed list.
    fn word(&self, value: &str) -> String {
        self.sentences.word(value).to_owned()
    }

    /// Labels of values, with commas.
    fn listed(&self, values: &[String]) -> String {
        values.iter().map(|value| self.word(value)).collect::<Vec<_>>().join(", ")
    }

    const fn purpose(&self, purpose: AccessPurpose) -> &'static str {
        match purpose {
            AccessPurpose::Support => self.words.for_support,
            AccessPurpose::SubjectRequest => self.words.for_subject_request,
            AccessPurpose::Claim => self.words.for_claim,
            AccessPurpose::Audit => self.words.for_audit,
            AccessPurpose::Regulator => self.words.for_regulator,
            AccessPurpose::Court => self.words.for_court,
            AccessPurpose::Incident => self.words.for_incident,
            AccessPurpose::Verification => self.words.for_verification,
        }
    }

    fn instant(&self, at: chrono::DateTime<chrono::Utc>) -> String {
        super::moments::instant(self.language, at)
    }

    fn day(&self, date: chrono::NaiveDate) -> String {
        super::moments::day(self.language, date)
    }
}

/// The pages before the table of contents.
pub(super) fn front(report: &Report) -> Vec<Block> {
    cover::blocks(report, Voice::of(report.locale))
}

/// The pages after it.
pub(super) fn body(report: &Report) -> Vec<Block> {
    let voice = Voice::of(report.locale);
    let sections = [
        cover::reading(voice),
        disputes::blocks(report, voice),
        timeline::blocks(report, voice),
        derived::blocks(report, voice),
        findings::blocks(report, voice),
        texts::blocks(report, voice),
        custody::blocks(report, voice),
        verification::blocks(report, voice),
        verification::files(report, voice),
    ];
    sections.into_iter().flatten().collect()
}

fn section(text: &str) -> Block {
    Block::Heading(Heading { level: 1, text: text.to_owned() })
}

fn subsection(text: impl Into<String>) -> Block {
    Block::Heading(Heading { level: 2, text: text.into() })
}

fn body_text(text: impl Into<String>) -> Block {
    Block::Para(Para::body(text))
}

/// A label and what belongs to it, row by row.
fn pairs(rows: Vec<(&str, Cell)>) -> Block {
    let rows = rows.into_iter().map(|(label, cell)| vec![Cell::label(label), cell]).collect();
    Block::Table(Table { widths: Widths::Shares(vec![0.34, 0.66]), head: Vec::new(), rows })
}

/// Positions without their leading zeros, which say nothing to a reader.
fn positions(positions: &[subject_record_schemas::Position]) -> String {
    positions.iter().map(|position| number(*position)).collect::<Vec<_>>().join(", ")
}

fn number(position: subject_record_schemas::Position) -> String {
    let text = position.to_string();
    let digits = text.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
}
