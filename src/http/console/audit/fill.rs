//! Rows of the read models as the lists show them.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use subject_record_projections::deadlines::DEADLINES;
use subject_record_projections::findings::FINDINGS;
use subject_record_projections::sentences::Sentences;
use subject_record_projections::subject::end_of_day;
use subject_record_projections::table::{Cell, Table};
use subject_record_schemas::vocabulary::Language;
use subject_record_schemas::{EventType, Position};

use super::super::model::FindingMark;
use super::super::words::Words;
use super::model::{AuditOutcome, DeadlineView, FindingView};
use super::query::{AuditQuery, List};
use crate::http::Service;
use crate::projector::{Cursor, Filter, Projection, ReadError, VersionRead};

/// Rows of one page of a list.
const PAGE_ROWS: u32 = 50;
/// Findings about one person beside the timeline: more than that is a list of its own.
const MARKS_MAX: u32 = 1_000;
/// How long a timeline waits for findings about what it shows.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where a subject's rows stand that is no person.
const NOBODY: [&str; 2] = ["office", "policy"];

/// A finding as its row says it.
#[derive(Debug, Deserialize)]
struct FindingBody {
    finding: String,
    severity: String,
    state: String,
    about: Position,
    #[serde(default)]
    event: Option<String>,
    opened_at: DateTime<Utc>,
    #[serde(default)]
    cured_at: Option<DateTime<Utc>>,
    clauses: Vec<String>,
    articles: Vec<String>,
    evidence: Vec<Position>,
    #[serde(default)]
    recipient: Option<String>,
    #[serde(default)]
    ground: Option<Value>,
    #[serde(default)]
    purpose: Option<Value>,
    #[serde(default)]
    categories: Vec<Value>,
}

/// A due date as its row says it.
#[derive(Debug, Deserialize)]
struct DeadlineBody {
    kind: String,
    #[serde(default)]
    reference: Option<String>,
    state: String,
    due: DueBody,
    #[serde(default)]
    pauses: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct DueBody {
    last_day: NaiveDate,
    rule_id: String,
    rule_pack: String,
    calendars: Vec<String>,
    provisional: bool,
}

/// The rows that a question asks for, and where the next page begins.
pub(super) async fn rows(
    service: &Service,
    query: &AuditQuery,
) -> Result<(AuditOutcome, Option<String>), ReadError> {
    let (table, newest_first): (&'static Table, bool) = match query.list {
        List::Findings => (&FINDINGS, true),
        List::Deadlines => (&DEADLINES, false),
    };
    let asked: [(&'static str, &String); 4] = [
        ("finding", &query.finding),
        ("event", &query.event),
        ("recipient", &query.recipient),
        ("state", &query.state),
    ];
    let has = |name: &str| table.columns.iter().any(|column| column.name == name);
    let equals = asked.into_iter().filter(|(name, value)| !value.is_empty() && has(name));
    let filter = Filter {
        equals: equals.map(|(name, value)| (name, Cell::text(value))).collect(),
        from_us: query.from.and_then(first_moment),
        to_us: query.to.and_then(|day| first_moment(day.succ_opt()?)),
        newest_first,
        cursor: read_cursor(&query.cursor),
        limit: PAGE_ROWS + 1,
        ..Filter::default()
    };
    let at = query.as_of.and_then(end_of_day).unwrap_or_else(|| service.app.clock.now());
    let model = service.app.projector.reader(Projection::People)?;
    let known = model.progress().await?.position;
    let mut read = model.versions(table, &filter, at.timestamp_micros(), known).await?;
    let goes_on = read.len() > PAGE_ROWS as usize;
    read.truncate(PAGE_ROWS as usize);
    let next = read.last().filter(|_| goes_on).map(cursor_text);
    let outcome = match query.list {
        List::Findings => {
            AuditOutcome::Findings(read.iter().filter_map(|row| finding(row, query.language)).collect())
        }
        List::Deadlines => {
            AuditOutcome::Deadlines(read.iter().filter_map(|row| deadline(row, query.language)).collect())
        }
    };
    Ok((outcome, next))
}

/// Findings about a person, by the position of the event that each is about.
#[derive(Debug, Default)]
pub(in super::super) struct Marks {
    /// Position of the event, and the finding.
    pub(in super::super) marks: Vec<(Position, FindingMark)>,
    /// Whether every event that is shown has been judged. What has not is not shown as clean.
    pub(in super::super) are_complete: bool,
}

/// Findings about a person at a moment, waiting a little for those about the newest event.
pub(in super::super) async fn marks(
    service: &Service,
    subject: &str,
    at: DateTime<Utc>,
    newest: Position,
    language: Language,
) -> Marks {
    let waited = service.app.projector.wait_for(Projection::People, newest, PATIENCE).await;
    let read = async {
        let model = service.app.projector.reader(Projection::People)?;
        let known = model.progress().await?.position;
        let filter = Filter { subject: Some(subject.to_owned()), limit: MARKS_MAX, ..Filter::default() };
        model.versions(&FINDINGS, &filter, at.timestamp_micros(), known).await
    };
    let mark = |row: &VersionRead| {
        let body = body::<FindingBody>(row)?;
        let law = law(&body, language);
        let text = Sentences::of(language).finding(&body.finding).to_owned();
        let FindingBody { about, finding: code, severity, cured_at, .. } = body;
        Some((about, FindingMark { code, text, severity, cured_at, law }))
    };
    match read.await {
        Ok(rows) => Marks { marks: rows.iter().filter_map(mark).collect(), are_complete: waited.is_ok() },
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "findings cannot be read");
            Marks::default()
        }
    }
}

fn body<'r, B: Deserialize<'r>>(row: &'r VersionRead) -> Option<B> {
    serde_json::from_str(&row.body)
        .inspect_err(|error| tracing::error!(%error, key = row.key, "a row of a read model does not read"))
        .ok()
}

/// The first moment of a day in Kazakhstan, in microseconds.
fn first_moment(day: NaiveDate) -> Option<i64> {
    let last_of_before = end_of_day(day.pred_opt()?)?;
    Some((last_of_before + TimeDelta::microseconds(1)).timestamp_micros())
}

/// Clauses and articles, as they are cited.
fn law(body: &FindingBody, language: Language) -> Vec<String> {
    let clause = Words::of(language).audit.clause;
    let clauses = body.clauses.iter().map(|number| format!("{clause} {number}"));
    clauses.chain(body.articles.iter().cloned()).collect()
}

fn word(value: &Value, sentences: &Sentences) -> Option<String> {
    match value {
        Value::String(word) => Some(sentences.word(word).to_owned()),
        Value::Object(unlisted) => unlisted.values().find_map(Value::as_str).map(str::to_owned),
        _ => None,
    }
}

fn person(row: &VersionRead) -> Option<String> {
    (!NOBODY.contains(&row.subject.as_str())).then(|| row.subject.clone())
}

fn finding(row: &VersionRead, language: Language) -> Option<FindingView> {
    let body = body::<FindingBody>(row)?;
    let sentences = Sentences::of(language);
    let event = body.event.as_deref().and_then(|name| name.parse::<EventType>().ok());
    let particulars = body.purpose.iter().chain(&body.categories);
    Some(FindingView {
        text: sentences.finding(&body.finding).to_owned(),
        is_open: body.state == "open",
        subject: person(row),
        law: law(&body, language),
        event: event.map(|event_type| sentences.title(event_type).to_owned()),
        ground: body.ground.as_ref().and_then(|ground| word(ground, sentences)),
        particulars: particulars.filter_map(|value| word(value, sentences)).collect(),
        code: body.finding,
        severity: body.severity,
        opened_at: body.opened_at,
        cured_at: body.cured_at,
        recipient: body.recipient,
        evidence: body.evidence,
    })
}

fn deadline(row: &VersionRead, language: Language) -> Option<DeadlineView> {
    let body = body::<DeadlineBody>(row)?;
    let (words, sentences) = (&Words::of(language).audit, Sentences::of(language));
    let reason = |pause: &Value| {
        let why = word(pause.get("reason")?, sentences)?;
        let by = pause.get("reference").and_then(Value::as_str);
        Some(by.map_or(why.clone(), |by| format!("{why} ({by})")))
    };
    let paused =
        if body.state == "paused" { body.pauses.iter().filter_map(reason).collect() } else { Vec::new() };
    let mut counted_by = vec![body.due.rule_id, body.due.rule_pack];
    counted_by.extend(body.due.calendars);
    Some(DeadlineView {
        what: words.due_kind(&body.kind).to_owned(),
        reference: body.reference.unwrap_or_default(),
        subject: person(row),
        state_text: words.due_state(&body.state).to_owned(),
        state: body.state,
        last_day: Some(body.due.last_day),
        is_provisional: body.due.provisional,
        counted_by,
        paused,
    })
}

/// A cursor is opaque to readers, and holds nothing that an address may not.
fn cursor_text(row: &VersionRead) -> String {
    format!("{}.{}.{}", row.at_us, row.subject, row.key)
}

/// One that does not read begins the list again.
fn read_cursor(text: &str) -> Option<Cursor> {
    let mut parts = text.splitn(3, '.');
    let at_us = parts.next()?.parse().ok()?;
    Some(Cursor::Version { at_us, subject: parts.next()?.to_owned(), key: parts.next()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_another_text_begins_again() {
        let row = VersionRead {
            subject: "p-showcase-0001".into(),
            key: "F28:0000000000000012".into(),
            at_us: -5,
            valid_from_us: 0,
            valid_until_us: None,
            known_from: Position::new(1),
            judged_at: Position::new(1),
            body: String::new(),
        };
        let expected = Cursor::Version { at_us: -5, subject: row.subject.clone(), key: row.key.clone() };
        assert_eq!(read_cursor(&cursor_text(&row)), Some(expected));
        assert_eq!(read_cursor("17"), None);
        assert_eq!(read_cursor("x.y.z"), None);
    }

    #[test]
    fn a_day_begins_at_midnight_in_kazakhstan() {
        let day = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
        let moment = DateTime::from_timestamp_micros(first_moment(day).unwrap()).unwrap();
        assert_eq!(moment.to_rfc3339(), "2026-06-30T19:00:00+00:00");
    }
}
