//! The reference for people: one page, without scripts and without anything from outside.

mod basics;
mod catalogue;
mod operation;
mod shape;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, html};

use super::operation::Group;
use super::operations;

/// The page.
pub(super) fn html() -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "subject-record · reference" }
                link rel="stylesheet" href="/assets/docs.css";
            }
            body {
                a class="skip" href="#main" { "To the text" }
                nav aria-label="Contents" { (contents()) }
                main id="main" tabindex="-1" {
                    header class="title" {
                        h1 { "subject-record" span class="version" { (env!("CARGO_PKG_VERSION")) } }
                        p class="lead" {
                            "The record of what an operator did with people's personal data. Facts are appended as "
                            a href="https://cloudevents.io" rel="noreferrer" { "CloudEvents" }
                            " and never changed; a person's timeline and profile are replayed from them."
                        }
                        p class="fine" {
                            "For programs: " a href="/openapi.json" { "/openapi.json" } " (OpenAPI 3.1, with the schema and \
                             examples of every event type)."
                        }
                    }
                    (basics::before_you_start())
                    @for group in Group::ALL {
                        section id=(group.anchor()) {
                            h2 { (group.title()) }
                            p class="lead" { (group.purpose()) }
                            @for op in operations::all().filter(|op| op.group == group) { (operation::section(op)) }
                        }
                    }
                    (basics::errors())
                    (catalogue::section())
                }
            }
        }
    }
}

fn contents() -> Markup {
    html! {
        a class="brand" href="#main" { "subject-record" }
        ul {
            li { a href="#start" { "Before you start" } }
            li {
                ul {
                    @for (anchor, title) in basics::PARTS { li { a href={ "#" (anchor) } { (title) } } }
                }
            }
            @for group in Group::ALL {
                li { a href={ "#" (group.anchor()) } { (group.title()) } }
                li {
                    ul {
                        @for op in operations::all().filter(|op| op.group == group) {
                            li { a href={ "#" (op.id) } { (operation::method(op)) (operation::path(op)) } }
                        }
                    }
                }
            }
            li { a href="#errors" { "Error codes" } }
            li { a href="#types" { "Event types" } }
            li {
                ul {
                    @for chapter in catalogue::CHAPTERS { li { a href={ "#" (chapter.anchor) } { (chapter.title) } } }
                }
            }
        }
    }
}
