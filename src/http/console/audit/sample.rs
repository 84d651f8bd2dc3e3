//! Invented lists for tests: every state of a finding and of a due date, an empty list, and a problem.

use chrono::NaiveDate;
use subject_record_projections::sentences::Sentences;
use subject_record_schemas::Position;
use subject_record_schemas::vocabulary::{Language, Role};

use super::super::model::Chrome;
use super::super::view::sample;
use super::super::words::Words;
use super::model::{AuditOutcome, AuditPage, DeadlineView, FindingView};
use super::query::{AuditQuery, List};

fn page(query: AuditQuery, outcome: AuditOutcome) -> AuditPage {
    let chrome = Chrome { viewer: "auditor-1".into(), role: Role::Auditor, audits: true, ..sample::chrome() };
    let next_href = Some(AuditQuery { cursor: "9".into(), ..query.clone() }.href());
    AuditPage { chrome, query, outcome, next_href }
}

fn finding(language: Language, code: &str, severity: &str) -> FindingView {
    let sentences = Sentences::of(language);
    FindingView {
        code: code.into(),
        text: sentences.finding(code).to_owned(),
        severity: severity.into(),
        is_open: true,
        opened_at: "2026-07-14T10:05:00Z".parse().unwrap(),
        cured_at: None,
        subject: Some(sample::SUBJECT.into()),
        law: vec!["3.4.1".into(), "94-V/9".into()],
        event: Some(sentences.title(subject_record_schemas::EventType::DisclosureMade).to_owned()),
        recipient: Some("police-almaty-2".into()),
        ground: Some(sentences.word("3.4.1").to_owned()),
        particulars: vec![sentences.word("service").to_owned(), sentences.word("iin").to_owned()],
        evidence: vec![Position::new(3302), Position::new(3288)],
    }
}

fn deadline(language: Language, state: &str, last_day: Option<NaiveDate>) -> DeadlineView {
    let words = &Words::of(language).audit;
    DeadlineView {
        what: words.due_kind("destruction_request").to_owned(),
        reference: "req-1".into(),
        subject: Some(sample::SUBJECT.into()),
        state: state.into(),
        state_text: words.due_state(state).to_owned(),
        last_day,
        is_provisional: state == "pending",
        counted_by: vec!["digital-code-deletion-15d".into(), "kz-94v@2026-1".into(), "kz-2026-2".into()],
        paused: if state == "paused" { vec!["block (r-1)".into()] } else { Vec::new() },
    }
}

/// Pages of both lists, by name.
pub(in super::super) fn pages(language: Language) -> Vec<(&'static str, AuditPage)> {
    let query = |list| AuditQuery {
        finding: "F28".into(),
        from: NaiveDate::from_ymd_opt(2026, 7, 1),
        as_of: NaiveDate::from_ymd_opt(2026, 9, 30),
        cursor: "8".into(),
        ..AuditQuery::empty(list, language)
    };
    let cured = FindingView {
        is_open: false,
        cured_at: Some("2026-08-01T05:00:00Z".parse().unwrap()),
        subject: None,
        event: None,
        recipient: None,
        ground: None,
        particulars: Vec::new(),
        ..finding(language, "F02", "deadline")
    };
    let findings = vec![finding(language, "F28", "violation"), finding(language, "F09", "warning"), cured];
    let day = NaiveDate::from_ymd_opt(2026, 9, 14);
    let deadlines =
        ["pending", "paused", "missed", "met", "met_late"].map(|state| deadline(language, state, day));
    let afresh = |list| AuditQuery::empty(list, language);
    vec![
        ("findings", page(query(List::Findings), AuditOutcome::Findings(findings))),
        ("deadlines", page(query(List::Deadlines), AuditOutcome::Deadlines(deadlines.into()))),
        ("no findings", page(afresh(List::Findings), AuditOutcome::Findings(Vec::new()))),
        ("no deadlines", page(afresh(List::Deadlines), AuditOutcome::Deadlines(Vec::new()))),
        ("a list that failed", page(afresh(List::Findings), AuditOutcome::Problem("—".into()))),
    ]
}
