//! The timeline: days by the calendar of Kazakhstan, and what happened in each.

use chrono::NaiveDate;
use maud::{Markup, html};

use super::super::format::{clock, day, full, lateness, local, machine, short_day, weekday};
use super::super::kind::EntryKind;
use super::super::model::{EntryView, FindingMark, PersonView};
use super::super::query::{Order, Query};
use super::super::words::Words;
use super::{icons, states};

pub(super) fn timeline(words: &Words, query: &Query, person: &PersonView) -> Markup {
    let text = &words.timeline;
    let same_day = |a: &EntryView, b: &EntryView| date_of(a) == date_of(b);
    html! {
        section class="timeline" id="timeline" aria-labelledby="timeline-title" {
            div class="bar" {
                h2 id="timeline-title" { (text.title) }
                p class="quiet" { (text.total) ": " (person.events_total) " · " (text.local_time) }
                div class="tools" {
                    button type="button" class="plain" hidden data-open-all data-close-label=(text.close_all) {
                        (text.open_all)
                    }
                    (orders(words, query))
                }
            }
            @if !person.findings_complete {
                p class="notice moment" { (icons::clock()) span { (words.audit.not_caught_up) } }
            }
            @if person.entries.is_empty() { p class="empty" { (text.empty) } }
            @for entries in person.entries.chunk_by(same_day) { (one_day(words, query, entries)) }
            (pages(words, query, person))
        }
    }
}

fn date_of(entry: &EntryView) -> NaiveDate {
    local(entry.occurred_at).date_naive()
}

fn orders(words: &Words, query: &Query) -> Markup {
    let orders = [(Order::Newest, words.timeline.newest), (Order::Oldest, words.timeline.oldest)];
    html! {
        nav class="orders" aria-label=(words.timeline.order) {
            @for (order, label) in orders {
                a href=(Query { order, ..query.afresh() }.href())
                    aria-current=[(order == query.order).then_some("true")] { (label) }
            }
        }
    }
}

fn one_day(words: &Words, query: &Query, entries: &[EntryView]) -> Markup {
    let Some(date) = entries.first().map(date_of) else { return html! {} };
    let as_of = Query { as_of: Some(date), ..query.afresh() };
    html! {
        section class="day" {
            h3 {
                span class="date" { (day(query.language, date)) }
                span class="weekday" { (weekday(query.language, date)) }
                @if query.as_of != Some(date) {
                    a href=(as_of.href()) rel="nofollow" { (words.timeline.as_of_day) }
                }
            }
            ol { @for entry in entries { (one_entry(words, query, entry)) } }
        }
    }
}

fn one_entry(words: &Words, query: &Query, entry: &EntryView) -> Markup {
    let text = &words.timeline;
    let late = lateness(query.language, entry.occurred_at, entry.recorded_at);
    html! {
        li class={ "entry " (class_of(EntryKind::of(entry.event_type))) } id={ "p" (entry.position) } {
            time class="at" datetime=(machine(entry.occurred_at)) { (clock(entry.occurred_at)) }
            div {
                p class="head" {
                    span class="tag" { (entry.title) }
                    @if let Some(late) = &late { span class="late" { (icons::clock()) (late) } }
                }
                p class="sentence" { (entry.sentence) }
                @if !entry.findings.is_empty() { (findings(words, query, &entry.findings)) }
                details {
                    summary {
                        span class="meta" {
                            code { (entry.event_type.wire_name()) }
                            span class="mono" { (entry.position) }
                            @if let Some(personal) = &entry.personal { (states::badge(&words.states, personal)) }
                        }
                        span class="more" { span { (text.details) } }
                    }
                    div class="inside" {
                        @if let Some(personal) = &entry.personal {
                            section {
                                h4 { (text.personal) }
                                (states::members(&words.states, personal))
                            }
                        }
                        (origin(words, query, entry, late.as_deref()))
                    }
                }
            }
        }
    }
}

/// What was found about an event: what it is, on what norm, and whether it still stands.
fn findings(words: &Words, query: &Query, findings: &[FindingMark]) -> Markup {
    html! {
        ul class="findings" aria-label=(words.audit.findings) {
            @for finding in findings {
                li class={ (finding.severity) @if finding.cured_at.is_some() { " cured" } } {
                    span class={ "mark " (finding.severity) } { (finding.code) }
                    span { (finding.text) }
                    @if !finding.law.is_empty() { span class="fine" { (finding.law.join(", ")) } }
                    @if let Some(cured) = finding.cured_at {
                        span class="fine" {
                            (words.audit.cured) " "
                            time datetime=(machine(cured)) { (short_day(query.language, local(cured).date_naive())) }
                        }
                    }
                }
            }
        }
    }
}

fn origin(words: &Words, query: &Query, entry: &EntryView, late: Option<&str>) -> Markup {
    let text = &words.timeline;
    html! {
        section {
            h4 { (text.origin) }
            dl class="pairs" {
                div {
                    dt { (text.happened) }
                    dd { time datetime=(machine(entry.occurred_at)) { (full(query.language, entry.occurred_at)) } }
                }
                div {
                    dt { (text.recorded) }
                    dd {
                        time datetime=(machine(entry.recorded_at)) { (full(query.language, entry.recorded_at)) }
                        @if let Some(late) = late { " · " (late) }
                    }
                }
                div {
                    dt { (text.actor) }
                    dd {
                        @match &entry.actor {
                            Some(actor) => span class="mono" { (actor) },
                            None => span class="quiet" { (text.actor_unknown) },
                        }
                    }
                }
                div { dt { (text.source) } dd { span class="mono" { (entry.source) } } }
                div {
                    dt { (text.evidence) }
                    dd { a href={ "/v1/events/" (entry.position) } { (text.stored_bytes) } }
                }
            }
        }
    }
}

fn pages(words: &Words, query: &Query, person: &PersonView) -> Markup {
    let further = match query.order {
        Order::Newest => words.timeline.older,
        Order::Oldest => words.timeline.later,
    };
    html! {
        @if query.cursor.is_some() || person.next_href.is_some() {
            nav class="pages" aria-label=(words.timeline.title) {
                @if query.cursor.is_some() {
                    a href=(query.afresh().href()) { "↑ " (words.timeline.from_start) }
                }
                @if let Some(href) = &person.next_href {
                    a class="button" href=(href) rel="next" { (further) " ↓" }
                }
            }
        }
    }
}

const fn class_of(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Registration => "registration",
        EntryKind::Consent => "consent",
        EntryKind::Policy => "policy",
        EntryKind::Processing => "processing",
        EntryKind::Disclosure => "disclosure",
        EntryKind::Rights => "rights",
        EntryKind::System => "system",
    }
}
