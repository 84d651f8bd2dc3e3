//! The search form, and what stands below it when there is nobody to show.

use maud::{Markup, html};
use subject_record_schemas::vocabulary::AccessPurpose;

use super::super::model::Example;
use super::super::query::{Order, Query};
use super::super::words::Words;
use super::icons;

/// What the platform's id of a person looks like; keeps an IIN or a phone from being sent in an address.
const SUBJECT_PATTERN: &str = "(?=.*[A-Za-z])[A-Za-z0-9_\\-]{8,64}";

/// What a case reference looks like.
const CASE_LENGTH_MAX: u8 = 64;

pub(super) fn form(words: &Words, query: &Query, purposes: &[AccessPurpose]) -> Markup {
    let search = &words.search;
    html! {
        search {
            form class="search" method="get" action="/" aria-label=(search.title) {
                input type="hidden" name="lang" value=(query.language);
                @if query.order != Order::default() {
                    input type="hidden" name="order" value=(query.order.name());
                }
                div class="field wide" {
                    label for="subject" { (search.subject) }
                    input id="subject" name="subject" type="search" class="mono" required value=(query.subject)
                        pattern=(SUBJECT_PATTERN) title=(search.subject_hint) maxlength="64"
                        autocomplete="off" autocapitalize="none" spellcheck="false" data-focus-on-slash;
                }
                div class="field" {
                    label for="as_of" { (search.as_of) }
                    input id="as_of" name="as_of" type="date" value=[query.as_of];
                }
                div class="field middle" {
                    label for="purpose" { (search.purpose) }
                    select id="purpose" name="purpose" {
                        option value="" selected[query.purpose.is_none()] { "— " (search.purpose_none) " —" }
                        @for &purpose in purposes {
                            option value=(purpose) selected[query.purpose == Some(purpose)] {
                                (words.purpose(purpose))
                            }
                        }
                    }
                }
                div class="field narrow" {
                    label for="case" { (search.case) }
                    input id="case" name="case" type="text" class="mono" maxlength=(CASE_LENGTH_MAX)
                        value=[query.case_ref.as_deref()] placeholder="T-1042" autocomplete="off" spellcheck="false";
                }
                button type="submit" class="primary" { (search.show) }
            }
        }
    }
}

pub(super) fn welcome(words: &Words, query: &Query, examples: &[Example]) -> Markup {
    let search = &words.search;
    html! {
        section class="blank" {
            h1 { (search.welcome) }
            p { (search.welcome_find) }
            p { (search.welcome_day) }
            p { (search.welcome_purpose) }
            @if !examples.is_empty() {
                h2 { (search.examples) }
                ul class="examples" {
                    @for example in examples {
                        @let asked = Query { subject: example.subject.clone(), ..query.afresh() };
                        li {
                            a class="mono" href=(asked.href()) { (example.subject) }
                            span { (example.note) }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn not_found(words: &Words, query: &Query) -> Markup {
    html! {
        section class="blank" {
            h1 { (words.search.not_found) }
            p class="asked mono" { (query.subject) }
            p { (words.search.not_found_text) }
            p class="quiet" { (words.search.subject_hint) }
        }
    }
}

pub(super) fn problem(words: &Words, problem: &str) -> Markup {
    html! {
        section class="blank" {
            h1 { (words.search.problem) }
            p class="notice alarm" role="alert" { (icons::alert()) span { (problem) } }
        }
    }
}
