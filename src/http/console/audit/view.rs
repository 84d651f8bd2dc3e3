//! The auditor's lists as HTML: a form of filters, rows, and the events that prove each row.

use maud::{Markup, html};
use subject_record_projections::finding::FindingCode;
use subject_record_projections::sentences::Sentences;
use subject_record_schemas::{EventType, Position};

use super::super::format::{day, local, machine, short_day};
use super::super::view::{framed, icons};
use super::super::words::{AuditWords, Words};
use super::model::{AuditOutcome, AuditPage, DeadlineView, FindingView};
use super::query::{AuditQuery, List};

/// Types of event that findings are about, as the form offers them.
const EVENTS: [EventType; 8] = [
    EventType::DisclosureMade,
    EventType::ProcessingPerformed,
    EventType::ConsentGiven,
    EventType::SubjectRequestReceived,
    EventType::StateRequestDecided,
    EventType::CopyPlaced,
    EventType::DataDestroyed,
    EventType::DisputeChanged,
];

/// A list.
#[must_use]
pub(in super::super) fn page(page: &AuditPage) -> Markup {
    let (query, words) = (&page.query, Words::of(page.query.language));
    let text = &words.audit;
    let title = match query.list {
        List::Findings => text.findings,
        List::Deadlines => text.deadlines,
    };
    let afresh = query.afresh();
    let in_language = |language| AuditQuery { language, ..afresh.clone() }.href();
    let body = html! {
        (form(words, query))
        main id="main" class="audit" tabindex="-1" {
            h1 { (title) }
            @if let Some(date) = query.as_of {
                p class="notice moment" {
                    (icons::clock())
                    span { (words.person.shown_as_of) " " strong { (day(query.language, date)) } }
                    a href=(AuditQuery { as_of: None, ..query.afresh() }.href()) { (words.person.show_latest) }
                }
            }
            @match &page.outcome {
                AuditOutcome::Problem(problem) => p class="notice alarm" role="alert" {
                    (icons::alert()) span { (problem) }
                },
                AuditOutcome::Findings(rows) if rows.is_empty() => p class="empty" { (text.no_findings) },
                AuditOutcome::Deadlines(rows) if rows.is_empty() => p class="empty" { (text.no_deadlines) },
                AuditOutcome::Findings(rows) => ol class="rows" {
                    @for row in rows { (finding(words, query, row)) }
                },
                AuditOutcome::Deadlines(rows) => ol class="rows" {
                    @for row in rows { (deadline(words, query, row)) }
                },
            }
            @if !query.cursor.is_empty() || page.next_href.is_some() {
                nav class="pages" aria-label=(title) {
                    @if !query.cursor.is_empty() {
                        a href=(query.afresh().href()) { "↑ " (words.timeline.from_start) }
                    }
                    @if let Some(href) = &page.next_href {
                        a class="button" href=(href) rel="next" { (text.further) " ↓" }
                    }
                }
            }
        }
    };
    framed(&page.chrome, query.language, title, &in_language, Some(query.list), &body)
}

fn form(words: &Words, query: &AuditQuery) -> Markup {
    let text = &words.audit;
    html! {
        search {
            form class="search" method="get" action=(query.list.path()) aria-label=(text.narrow) {
                input type="hidden" name="lang" value=(query.language);
                @if query.list == List::Findings { (finding_fields(words, query)) }
                (choice("state", text.state, text.any, &query.state, &states(text, query.list)))
                (date("from", text.from, query.from))
                (date("to", text.to, query.to))
                (date("as_of", words.search.as_of, query.as_of))
                button type="submit" class="primary" { (words.search.show) }
            }
        }
    }
}

fn finding_fields(words: &Words, query: &AuditQuery) -> Markup {
    let (text, sentences) = (&words.audit, Sentences::of(query.language));
    let mut codes: Vec<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    codes.sort_unstable();
    let said: Vec<_> = codes.iter().map(|code| format!("{code} · {}", sentences.finding(code))).collect();
    let codes: Vec<_> = codes.into_iter().zip(said.iter().map(String::as_str)).collect();
    let events = EVENTS.map(|event_type| (event_type.wire_name(), sentences.title(event_type)));
    html! {
        (choice("finding", text.finding, text.any, &query.finding, &codes))
        (choice("event", text.event, text.any, &query.event, &events))
        div class="field" {
            label for="recipient" { (text.recipient) }
            input id="recipient" name="recipient" type="text" class="mono" maxlength="64" value=(query.recipient)
                autocomplete="off" autocapitalize="none" spellcheck="false";
        }
    }
}

fn states(text: &AuditWords, list: List) -> Vec<(&'static str, &'static str)> {
    match list {
        List::Findings => vec![("open", text.open), ("cured", text.cured)],
        List::Deadlines => ["pending", "missed", "paused", "met", "met_late"]
            .map(|state| (state, text.due_state(state)))
            .into(),
    }
}

/// A choice among words, each by its name in an address and its label.
fn choice(name: &str, label: &str, any: &str, chosen: &str, words: &[(&str, &str)]) -> Markup {
    html! {
        div class="field" {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                option value="" selected[chosen.is_empty()] { "— " (any) " —" }
                @for (value, word) in words {
                    option value=(value) selected[chosen == *value] { (word) }
                }
            }
        }
    }
}

fn date(name: &str, label: &str, value: Option<chrono::NaiveDate>) -> Markup {
    html! {
        div class="field" {
            label for=(name) { (label) }
            input id=(name) name=(name) type="date" value=[value];
        }
    }
}

/// Where a person's timeline shows an event.
fn person_href(query: &AuditQuery, subject: &str, position: Option<Position>) -> String {
    let at = position.map(|position| format!("#p{position}")).unwrap_or_default();
    format!("/?lang={}&subject={subject}{at}", query.language)
}

fn finding(words: &Words, query: &AuditQuery, row: &FindingView) -> Markup {
    let text = &words.audit;
    let state = if row.is_open { text.open } else { text.cured };
    html! {
        li class={ "row " (row.severity) } {
            p class="head" {
                span class={ "mark " (row.severity) } { (row.code) }
                strong { (row.text) }
                span class={ "state " (if row.is_open { "open" } else { "cured" }) } { (state) }
            }
            dl class="pairs" {
                div {
                    dt { (text.since) }
                    dd {
                        time datetime=(machine(row.opened_at)) {
                            (short_day(query.language, local(row.opened_at).date_naive()))
                        }
                        @if let Some(cured) = row.cured_at {
                            " – " time datetime=(machine(cured)) { (short_day(query.language, local(cured).date_naive())) }
                        }
                    }
                }
                @if let Some(subject) = &row.subject {
                    div {
                        dt { (words.search.subject) }
                        dd { a class="mono" href=(person_href(query, subject, row.evidence.first().copied())) { (subject) } }
                    }
                }
                @if let Some(event) = &row.event { div { dt { (text.event) } dd { (event) } } }
                @if let Some(recipient) = &row.recipient {
                    div { dt { (text.recipient) } dd { span class="mono" { (recipient) } } }
                }
                @if let Some(ground) = &row.ground { div { dt { (text.ground) } dd { (ground) } } }
                @if !row.particulars.is_empty() {
                    div { dt { (text.particulars) } dd { (row.particulars.join(" · ")) } }
                }
                @if !row.law.is_empty() { div { dt { (text.law) } dd { (row.law.join(", ")) } } }
                div {
                    dt { (words.timeline.evidence) }
                    dd {
                        @for position in &row.evidence {
                            a class="mono" href={ "/v1/events/" (position) } { (position) } " "
                        }
                    }
                }
            }
        }
    }
}

fn deadline(words: &Words, query: &AuditQuery, row: &DeadlineView) -> Markup {
    let text = &words.audit;
    html! {
        li class={ "row " (row.state) } {
            p class="head" {
                strong { (row.what) }
                span class="mono" { (row.reference) }
                span class={ "state " (row.state) } { (row.state_text) }
            }
            dl class="pairs" {
                @if let Some(last_day) = row.last_day {
                    div {
                        dt { (text.due) }
                        dd {
                            time datetime=(last_day) { (day(query.language, last_day)) }
                            @if row.is_provisional { " · " (text.provisional) }
                        }
                    }
                }
                @if let Some(subject) = &row.subject {
                    div {
                        dt { (words.search.subject) }
                        dd { a class="mono" href=(person_href(query, subject, None)) { (subject) } }
                    }
                }
                @if !row.paused.is_empty() { div { dt { (text.paused_by) } dd { (row.paused.join(" · ")) } } }
                @if !row.counted_by.is_empty() {
                    div { dt { (text.counted_by) } dd { span class="mono" { (row.counted_by.join(" · ")) } } }
                }
            }
        }
    }
}
