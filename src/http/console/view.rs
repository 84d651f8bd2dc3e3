//! The pages of the console, from what they show to HTML.
//!
//! - **No inline style, script or event handler**, so that the content security policy can forbid them all.
//! - **Nothing from outside**: three assets, served by this service.
//! - **No personal value in a title or an address**: both end up in histories.
//! - Works without JavaScript; the script only spares some steps.

pub(super) mod icons;
mod person;
#[cfg(test)]
pub(super) mod sample;
mod search;
mod states;
#[cfg(test)]
mod tests;
mod timeline;

use maud::{DOCTYPE, Markup, html};
use subject_record_schemas::vocabulary::Language;

use super::audit::List;
use super::model::{Chrome, Outcome, PersonPage, SignInPage};
use super::query::encode;
use super::words::Words;

/// Name of the product, the same in every language.
const PRODUCT: &str = "subject-record";

/// The page of one person, or of the search for one.
#[must_use]
pub(super) fn person_page(page: &PersonPage) -> Markup {
    let language = page.query.language;
    let words = Words::of(language);
    let title = match &page.outcome {
        Outcome::Person(person) => format!("{} · {}", person.id, words.timeline.title),
        Outcome::NotAsked { .. } | Outcome::NotFound | Outcome::Problem(_) => words.search.title.to_owned(),
    };
    let afresh = page.query.afresh();
    let in_language = |language| super::query::Query { language, ..afresh.clone() }.href();
    let body = html! {
        (search::form(words, &page.query, &page.chrome.purposes))
        main id="main" tabindex="-1" {
            @match &page.outcome {
                Outcome::NotAsked { examples } => (search::welcome(words, &page.query, examples)),
                Outcome::NotFound => (search::not_found(words, &page.query)),
                Outcome::Problem(problem) => (search::problem(words, problem)),
                Outcome::Person(person) => (person::person(words, &page.chrome, &page.query, person)),
            }
        }
    };
    framed(&page.chrome, language, &title, &in_language, None, &body)
}

/// A page of a signed-in reader: who it is, and the lists that are the role's.
#[must_use]
pub(super) fn framed(
    chrome: &Chrome,
    language: Language,
    title: &str,
    in_language: &dyn Fn(Language) -> String,
    list: Option<List>,
    body: &Markup,
) -> Markup {
    let words = Words::of(language);
    let lists = [(List::Findings, words.audit.findings), (List::Deadlines, words.audit.deadlines)];
    let account = html! {
        @if chrome.audits {
            nav class="lists" aria-label=(words.chrome.lists) {
                a href={ "/?lang=" (language) } aria-current=[list.is_none().then_some("page")] { (words.audit.people) }
                @for (other, label) in lists {
                    a href={ (other.path()) "?lang=" (language) }
                        aria-current=[(list == Some(other)).then_some("page")] { (label) }
                }
            }
        }
        div class="account" {
            span {
                span class="quiet" { (words.chrome.signed_in) " " }
                span class="mono" { (chrome.viewer) }
                span class="quiet" { " · " (words.role(chrome.role)) }
            }
            form method="post" action="/sign-out" {
                button type="submit" class="plain" { (words.chrome.sign_out) }
            }
        }
    };
    layout(language, &format!("{title} · {PRODUCT}"), chrome.simulated, in_language, &account, body)
}

/// The page on which a reader shows a token.
#[must_use]
pub(super) fn sign_in_page(page: &SignInPage) -> Markup {
    let words = Words::of(page.language);
    let title = format!("{} · {PRODUCT}", words.sign_in.title);
    let in_language = |language| {
        let next = page.next.as_deref().map(|next| format!("&next={}", encode(next))).unwrap_or_default();
        format!("/sign-in?lang={}{next}", language)
    };
    let body = html! {
        main id="main" class="sign-in" tabindex="-1" {
            form class="card" method="post" action="/sign-in" data-sign-in {
                h1 { (words.sign_in.title) }
                p class="quiet" { (words.sign_in.text) }
                @if let Some(problem) = &page.problem {
                    p class="notice alarm" role="alert" { (icons::alert()) span { (problem) } }
                }
                input type="hidden" name="lang" value=(page.language);
                @if let Some(next) = &page.next {
                    input type="hidden" name="next" value=(next);
                }
                label for="token" { (words.sign_in.token) }
                input id="token" name="token" type="password" required autofocus
                    autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="token-hint";
                p id="token-hint" class="hint" { (words.sign_in.token_hint) }
                button type="submit" class="primary" { (words.sign_in.submit) }
            }
        }
    };
    layout(page.language, &title, page.simulated, &in_language, &html! {}, &body)
}

/// What every page has around it.
fn layout(
    language: Language,
    title: &str,
    simulated: bool,
    in_language: &dyn Fn(Language) -> String,
    account: &Markup,
    body: &Markup,
) -> Markup {
    let words = &Words::of(language).chrome;
    html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow";
                title { (title) }
                link rel="icon" type="image/svg+xml" href="/assets/favicon.svg";
                link rel="stylesheet" href="/assets/style.css";
                script src="/assets/script.js" defer {}
            }
            body {
                a class="skip" href="#main" { (words.skip) }
                @if simulated {
                    p class="simulated" role="note" {
                        strong { (words.simulated) } " " span { (words.simulated_text) }
                    }
                }
                header class="top" {
                    a class="brand" href={ "/?lang=" (language) } {
                        (icons::mark())
                        span class="product" { (PRODUCT) }
                        span class="tagline" { (words.tagline) }
                    }
                    (account)
                    nav class="languages" aria-label=(words.languages) {
                        @for &other in Language::ALL {
                            @let name = Words::of(other);
                            a href=(in_language(other)) lang=(other) hreflang=(other)
                                aria-current=[(other == language).then_some("true")]
                                title=(name.language) { (name.language_short) }
                        }
                    }
                }
                (body)
            }
        }
    }
}
