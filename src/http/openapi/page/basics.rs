//! What a reader of the page has to know once, and every error code.

use maud::{Markup, html};
use subject_record_schemas::vocabulary::{AccessPurpose, Role};

use super::operation::status;
use crate::accesses::Access;
use crate::caller::Powers;
use crate::error;
use crate::http::problem::Problem;

/// Parts of the beginning.
pub(super) const PARTS: [(&str, &str); 5] = [
    ("tokens", "Tokens and roles"),
    ("event", "An event"),
    ("again", "The same event again"),
    ("revisions", "Expected revisions"),
    ("refusals", "Refusals"),
];

/// Attributes of an event as sent: name, whether required, meaning.
pub(super) const ATTRIBUTES: [(&str, bool, &str); 12] = [
    ("specversion", true, "Always `1.0`."),
    ("type", true, "Wire name of the type, such as `consent.given.v1`."),
    (
        "source",
        true,
        "Which part of the platform emits it: up to 64 of A-Z a-z 0-9 . _ ~ : / -. A token owns its sources.",
    ),
    (
        "id",
        true,
        "Your name for the event: 1 to 64 printable ASCII characters, a UUID v7 at best. `source` and `id` name it for ever.",
    ),
    (
        "subject",
        false,
        "The person it is about: your own opaque id. Required by types of a person's stream, refused by types of policy and office.",
    ),
    ("time", true, "When it happened, by your word: RFC 3339, at most five minutes ahead."),
    ("data", true, "What happened. Personal values stand under `data.personal` and nowhere else."),
    ("actor", false, "Who acted: an opaque reference."),
    ("correlationid", false, "Ties events of one doing together."),
    ("causationid", false, "The event that caused this one."),
    ("datacontenttype", false, "Always `application/json`."),
    ("dataschema", false, "Where the schema of `data` is published."),
];

pub(super) fn before_you_start() -> Markup {
    html! {
        section id="start" {
            h2 { "Before you start" }
            p {
                "Every command on this page can be pasted as it stands: a click selects the whole of it. It needs two \
                 variables, the address of the service and a token of one of the roles that the operation names."
            }
            pre { code { "URL=http://127.0.0.1:8080\nTOKEN=sr_…" } }
            (tokens())
            (event())
            article id="again" {
                h3 { "The same event again" }
                p {
                    "Send whatever was not answered once more. An event that is there already answers its first receipt with 200, \
                     for ever, as long as its content is the same in the form of RFC 8785; with other content it answers 409. \
                     Nothing is lost by sending twice, and nothing doubled."
                }
            }
            article id="revisions" {
                h3 { "Expected revisions" }
                p { (prose(
                    "Events of a stream are numbered from 0: its revisions. `If-Match: \"41\"` appends only when the stream ends \
                     at 41, `If-Match: *` only when it has any event, `If-None-Match: *` only when it has none. Otherwise the \
                     answer is 412, and its `actual` says where the stream ends. Every receipt carries the revision to send next."
                )) }
            }
            article id="refusals" {
                h3 { "Refusals" }
                p { (prose(
                    "A refusal is a problem document (RFC 9457) with a stable `code`. Schema faults are listed all at once, each \
                     with its JSON pointer; no refusal repeats a value. 429 and 503 say in `Retry-After` how long to wait. Every \
                     answer bears `X-Request-Id`: your own, if you sent one."
                )) }
                pre class="answer" { code { (refusal()) } }
            }
        }
    }
}

fn tokens() -> Markup {
    html! {
        article id="tokens" {
            h3 { "Tokens and roles" }
            p { (prose(
                "A token goes as `Authorization: Bearer sr_…`. Its role decides what it may do, its sources whose events it may \
                 send. Personal values are opened only for a purpose, and each look is recorded before it is answered: \
                 `Access-Purpose: support; case=\"T-1042\"` (the case is optional). Without the header answers are pseudonymous, \
                 and leave no record."
            )) }
            table {
                thead { tr { th { "Role" } th { "Is for" } th { "Purposes" } th { "Sees at once" } } }
                @for role in Role::ALL {
                    tr {
                        td { span class="role" { (role) } }
                        td { (is_for(*role)) }
                        td { (words(&purposes(*role))) }
                        td {
                            @match role.sees_at_once() {
                                None => "every personal value",
                                Some([]) => span class="fine" { "nothing personal" },
                                Some(names) => { (super::shape::words(names)) ", others by " code { "reveal" } },
                            }
                        }
                    }
                }
            }
        }
    }
}

const fn is_for(role: Role) -> &'static str {
    match role {
        Role::Emitter => "the platform backend",
        Role::Support => "support staff: one person at a time",
        Role::Auditor => "compliance: reads everything pseudonymous",
        Role::Officer => "data protection: governs, answers requests, erases",
        Role::Operator => "running the service: health and tokens",
    }
}

fn purposes(role: Role) -> Vec<String> {
    let may = |purpose: &AccessPurpose| Access { purpose: *purpose, case_ref: None }.allowed_to(role).is_ok();
    AccessPurpose::ALL.iter().filter(|purpose| may(purpose)).map(ToString::to_string).collect()
}

fn words(words: &[String]) -> Markup {
    if words.is_empty() {
        return html! { span class="fine" { "none" } };
    }
    super::shape::words(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn event() -> Markup {
    html! {
        article id="event" {
            h3 { "An event" }
            p { (prose(
                "A CloudEvents 1.0 document with these attributes and no other. Outside `data.personal` no value is an open \
                 text: what looks like an IIN, BIN, phone number or e-mail address there is refused, since it could never be \
                 erased. A value under `data.personal` is sealed under the person's own key; in the log stands only its digest. \
                 What has an asterisk is required."
            )) }
            table class="fields" {
                @for (name, required, text) in ATTRIBUTES {
                    tr {
                        td { code class="name" { (name) } @if required { span class="must" title="required" { "*" } } }
                        td { (prose(text)) }
                    }
                }
            }
        }
    }
}

fn refusal() -> String {
    let pointer = "/data/purposes";
    let mut document = Problem::new(error::INVALID).document();
    if let Some(members) = document.as_object_mut() {
        members.insert(
            "errors".into(),
            serde_json::json!([{ "pointer": pointer, "detail": "value has less than 1 item" }]),
        );
    }
    super::super::examples::written(&document)
}

pub(super) fn errors() -> Markup {
    let mut codes = error::ALL.to_vec();
    codes.sort_by_key(|code| code.status);
    html! {
        section id="errors" {
            h2 { "Error codes" }
            p class="lead" { "A code never changes its meaning." }
            article {
                table class="codes" {
                    @for code in codes {
                        tr id=(code.word) {
                            td { (status(code.status)) }
                            td { code { (code.word) } }
                            td { (code.title) "." div class="fine" { (prose(code.advice)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Text in which `…` marks code.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
