//! A person's page: who it is, how this look was made, and beside the timeline what the facts add up to.

use maud::{Markup, html};
use subject_record_schemas::personal::Personal;

use super::super::dossier;
use super::super::format::{day, last_day, local, machine, short_day};
use super::super::model::{
    AcceptanceView, Chrome, ConsentStanding, ConsentView, MemberValue, PersonView, ProfileRow, StandingView,
};
use super::super::query::Query;
use super::super::words::Words;
use super::{icons, states, timeline};

pub(super) fn person(words: &Words, chrome: &Chrome, query: &Query, person: &PersonView) -> Markup {
    html! {
        (head(words, query, person))
        div class="columns" {
            aside class="side" aria-label=(words.person.profile) {
                (profile(words, &person.profile))
                (consents(words, query, &person.consents))
                (policy(words, query, &person.acceptances))
                @if chrome.audits { (dossier::form(words, chrome, query, person)) }
            }
            (timeline::timeline(words, query, person))
        }
    }
}

fn head(words: &Words, query: &Query, person: &PersonView) -> Markup {
    let name = match &person.name {
        Some(Personal::Open(MemberValue::Shown(name))) => Some(name),
        Some(_) | None => None,
    };
    let erased = matches!(person.standing, StandingView::Erased { .. });
    html! {
        header class="person" {
            div class="identity" {
                @match (name, &person.name) {
                    (Some(name), _) => {
                        h1 { (name) }
                        span class="mono id" { (person.id) }
                    }
                    (None, hidden) => {
                        h1 class="mono" { (person.id) }
                        @if let (Some(hidden), false) = (hidden, erased) { (states::value(&words.states, hidden)) }
                    }
                }
            }
            (standing(words, query, person.standing))
            @if let Some(date) = query.as_of {
                p class="notice moment" {
                    (icons::clock())
                    span { (words.person.shown_as_of) " " strong { (day(query.language, date)) } }
                    a href=(Query { as_of: None, ..query.afresh() }.href()) { (words.person.show_latest) }
                }
            }
            @if let Some(purpose) = person.looked {
                p class="notice looked" {
                    (icons::eye())
                    span {
                        strong { (words.person.looked) } " "
                        code { "record.viewed.v1" } " · "
                        (words.person.looked_purpose) ": " (words.purpose(purpose))
                        @if let Some(case) = &query.case_ref {
                            " · " (words.person.looked_case) ": " span class="mono" { (case) }
                        }
                    }
                }
            } @else if query.purpose.is_none() && !erased {
                p class="notice" { (icons::lock()) span { (words.person.no_purpose) } }
            }
            a class="jump" href="#timeline" { "↓ " (words.timeline.title) }
        }
    }
}

fn standing(words: &Words, query: &Query, standing: StandingView) -> Markup {
    let text = &words.person;
    match standing {
        StandingView::Unregistered => {
            html! { p class="standing" { span class="stamp none" { (text.unregistered) } } }
        }
        StandingView::Registered { kind, since } => html! {
            p class="standing" {
                span class="stamp registered" { (text.registered) }
                span {
                    (text.since) " "
                    time datetime=(machine(since)) { (short_day(query.language, local(since).date_naive())) }
                    " · " (words.subject_kind(kind))
                }
            }
        },
        StandingView::Erased { at } => html! {
            p class="standing erased" role="note" {
                span class="stamp" { (icons::shredded()) (text.erased) }
                time datetime=(machine(at)) { (day(query.language, local(at).date_naive())) }
                span { (text.erased_text) }
            }
        },
    }
}

fn profile(words: &Words, rows: &[ProfileRow]) -> Markup {
    html! {
        section class="card" {
            h2 { (words.person.profile) }
            @if rows.is_empty() {
                p class="empty" { (words.person.profile_empty) }
            } @else {
                dl class="pairs" {
                    @for row in rows {
                        div { dt { (row.label) } dd { (states::value(&words.states, &row.value)) } }
                    }
                }
            }
        }
    }
}

fn consents(words: &Words, query: &Query, consents: &[ConsentView]) -> Markup {
    let text = &words.consents;
    html! {
        section class="card" {
            h2 id="consents" { (text.title) }
            @if consents.is_empty() {
                p class="empty" { (text.empty) }
            } @else {
                table aria-labelledby="consents" {
                    thead {
                        tr {
                            th scope="col" { (text.state) }
                            th scope="col" { (text.until) }
                        }
                    }
                    @for consent in consents { (consent_rows(words, query, consent)) }
                }
            }
        }
    }
}

fn consent_rows(words: &Words, query: &Query, consent: &ConsentView) -> Markup {
    let text = &words.consents;
    let standing = match consent.state {
        ConsentStanding::Running => "runs",
        ConsentStanding::PartlyWithdrawn => "partly",
        ConsentStanding::Withdrawn | ConsentStanding::Expired | ConsentStanding::Ended => "over",
    };
    let reach = [
        (consent.third_party, text.third_party),
        (consent.cross_border, text.cross_border),
        (consent.public, text.public),
    ];
    html! {
        tbody class=(standing) {
            tr {
                td { span class="standing-word" { (words.consent_standing(consent.state)) } }
                td {
                    @match consent.until {
                        Some(until) => span class="date" { (short_day(query.language, last_day(until))) },
                        None => (text.until_achieved),
                    }
                }
            }
            tr {
                td colspan="2" {
                    ul class="chips" aria-label=(text.purposes) {
                        @for purpose in &consent.purposes {
                            li {
                                @if purpose.runs {
                                    span class="chip" { (purpose.label) }
                                } @else {
                                    s class="chip" title=(text.ended_purpose) { (purpose.label) }
                                }
                            }
                        }
                        @for (_, label) in reach.iter().filter(|(reaches, _)| *reaches) {
                            li { span class="chip reach" { (label) } }
                        }
                    }
                    span class="fine" {
                        span class="mono" { (consent.id) } " · " (text.given) " "
                        time datetime=(machine(consent.given_at)) {
                            (short_day(query.language, local(consent.given_at).date_naive()))
                        }
                    }
                }
            }
        }
    }
}

fn policy(words: &Words, query: &Query, acceptances: &[AcceptanceView]) -> Markup {
    let text = &words.policy;
    html! {
        section class="card" {
            h2 { (text.title) }
            @if acceptances.is_empty() {
                p class="empty" { (text.empty) }
            } @else {
                ul class="answers" {
                    @for answer in acceptances {
                        li {
                            span {
                                (text.version) " " span class="mono" { (answer.version) } " "
                                span class="fine" { "(" (answer.language) ")" }
                                @if let Some(href) = &answer.text_href { " " a href=(href) { (text.text) } }
                            }
                            span class="answer" {
                                (words.policy_answer(answer.answer)) " "
                                time datetime=(machine(answer.at)) {
                                    (short_day(query.language, local(answer.at).date_naive()))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
