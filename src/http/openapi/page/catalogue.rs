//! The catalogue of event types on the page.

use maud::{Markup, html};
use serde_json::Value;
use subject_record_schemas::EventType;
use subject_record_schemas::catalogue::Writer;
use subject_record_schemas::examples::Examples;
use subject_record_schemas::publish::sent_schema;

use super::super::examples::written;
use super::super::schemas::{stream_text, writers};
use super::basics::prose;
use super::shape::{Field, fields, shape};

/// A run of the catalogue.
pub(super) struct Chapter {
    pub(super) anchor: &'static str,
    pub(super) title: &'static str,
    /// First and last code, as `E01` and `E07`.
    codes: (&'static str, &'static str),
}

/// Chapters in the order of the catalogue, types of the service last.
pub(super) const CHAPTERS: [Chapter; 7] = [
    Chapter { anchor: "types-governance", title: "Policy and governance", codes: ("E01", "E07") },
    Chapter { anchor: "types-people", title: "People", codes: ("E08", "E14") },
    Chapter { anchor: "types-consents", title: "Policy answers and consents", codes: ("E15", "E21") },
    Chapter { anchor: "types-processing", title: "Agreements and processing", codes: ("E22", "E28") },
    Chapter { anchor: "types-disclosures", title: "Disclosures", codes: ("E29", "E33") },
    Chapter { anchor: "types-rights", title: "Rights, incidents, disputes", codes: ("E34", "E40") },
    Chapter { anchor: "types-service", title: "Written by the service", codes: ("system", "system") },
];

impl Chapter {
    /// Its types. One that only the service writes stands in the last chapter, whatever its code.
    pub(super) fn types(&self) -> impl Iterator<Item = EventType> {
        let (first, last) = self.codes;
        let service = first == "system";
        EventType::ALL.iter().copied().filter(move |event_type| {
            let reserved = event_type.writer() == Writer::Service;
            reserved == service && (service || (first..=last).contains(&event_type.code()))
        })
    }
}

pub(super) fn section() -> Markup {
    html! {
        section id="types" {
            h2 { "Event types" }
            p class="lead" {
                (EventType::ALL.len()) " types, named noun.past_tense.version. A list that the policy or the law closes has one \
                 more value, " code { "{ \"unlisted\": reference }" } ", so that a fact outside it can be recorded too."
            }
            @for chapter in CHAPTERS {
                section id=(chapter.anchor) {
                    h3 class="chapter" { (chapter.title) }
                    @for event_type in chapter.types() { (entry(event_type)) }
                }
            }
        }
    }
}

fn entry(event_type: EventType) -> Markup {
    let schema = sent_schema(event_type);
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = description.strip_prefix(&format!("{}: ", event_type.code())).unwrap_or(description);
    let mut paragraphs = description.split("\n\n");
    let data = schema.pointer("/properties/data").unwrap_or(&Value::Null);
    let personal = data.pointer("/properties/personal").map(fields).unwrap_or_default();
    html! {
        details class="type" {
            summary {
                span class="code" { @if event_type.code() != "system" { (event_type.code()) } }
                span class="wire" { (event_type.wire_name()) }
                span class="says" { (capital(paragraphs.next().unwrap_or_default())) }
            }
            div class="inside" id=(event_type.wire_name()) {
                @for paragraph in paragraphs { p { (paragraph) } }
                p class="fine" {
                    "Stream " code { (stream_text(event_type)) } ". Sent by "
                    @let roles = writers(event_type);
                    @if roles.is_empty() { "the service alone" }
                    @for (at, role) in roles.iter().enumerate() { @if at > 0 { ", " } span class="role" { (role) } }
                    "."
                }
                (members("data", &fields(data)))
                (members("data.personal", &personal))
                @if event_type.writer() == Writer::Platform { (shown(event_type)) }
            }
        }
    }
}

fn members(name: &str, fields: &[Field<'_>]) -> Markup {
    if fields.is_empty() {
        return html! {};
    }
    let sealed = name.ends_with("personal");
    html! {
        h4 { code { (name) } @if sealed { span class="sealed" { "sealed apart from the log, erasable, each optional" } } }
        table class="fields" {
            @for field in fields {
                tr {
                    td { code class="name" { (field.name) } @if field.required { span class="must" title="required" { "*" } } }
                    td { (prose(field.description())) div class="shape" { (shape(field.schema)) } }
                }
            }
        }
    }
}

fn shown(event_type: EventType) -> Markup {
    let Ok(examples) = Examples::of(event_type) else { return html! {} };
    html! {
        h4 { "An event that is taken" }
        pre { code { (written(&examples.valid)) } }
        h4 { "What is refused, and where the fault is found" }
        ul class="refused" {
            @for example in &examples.invalid {
                li { (capital(&example.why)) ": " code { (example.pointer) } }
            }
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
