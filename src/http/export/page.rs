//! The copy as a page: whole in itself, without scripts, made to be read and printed.

use chrono::{DateTime, FixedOffset};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use serde_json::value::RawValue;
use subject_record_projections::sentences::Sentences;
use subject_record_projections::subject::KAZAKHSTAN_OFFSET_SECONDS;
use subject_record_schemas::vocabulary::Language;

use super::CopyBody;
use super::words::Words;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
    color:#1a1a1a;background:#fff}h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem;break-after:avoid}\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;\
    border-bottom:1px solid #ccc}th{font-weight:600}tr{break-inside:avoid}.quiet{color:#555}\
    .note{border:1px solid #999;padding:.5rem .8rem}td:first-child{white-space:nowrap}\
    @media print{body{margin:0;max-width:none;font-size:11pt}}";

/// The page of a copy.
pub(super) fn html(copy: &CopyBody, language: Language) -> Markup {
    let words = Words::of(language);
    let reader = Reader { words, sentences: Sentences::of(language) };
    html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (words.title) " · " (copy.subject) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (words.title) }
                @if copy.simulated { p class="note" { (words.simulated) } }
                (reader.head(copy))
                (reader.profile(copy))
                (reader.consents(&copy.consents))
                (reader.answers(&copy.acceptances))
                (reader.disclosures(copy))
                (reader.rows(words.deadlines, &copy.deadlines))
                @if let Some(findings) = &copy.findings { (reader.rows(words.findings, findings)) }
                (reader.consultations(&copy.consultations))
                (reader.timeline(words.timeline, &copy.timeline))
            }
        }
    }
}

/// A member as plain text; empty when it is absent.
fn text(value: &Value, member: &str) -> String {
    match value.get(member) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// An instant by the clocks of Kazakhstan.
fn local(instant: &str) -> String {
    let offset = FixedOffset::east_opt(KAZAKHSTAN_OFFSET_SECONDS);
    match (DateTime::parse_from_rfc3339(instant), offset) {
        (Ok(instant), Some(offset)) => instant.with_timezone(&offset).format("%d.%m.%Y %H:%M:%S").to_string(),
        _ => instant.to_owned(),
    }
}

struct Reader {
    words: &'static Words,
    sentences: &'static Sentences,
}

impl Reader {
    /// Words of a closed list, or a value outside it by its reference.
    fn said(&self, value: &Value) -> String {
        match value {
            Value::Null => String::new(),
            Value::String(word) => self.sentences.word(word).to_owned(),
            Value::Array(items) => items.iter().map(|item| self.said(item)).collect::<Vec<_>>().join(", "),
            Value::Object(members) => {
                members.values().map(|inner| self.said(inner)).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        }
    }

    fn member(&self, value: &Value, member: &str) -> String {
        value.get(member).map(|value| self.said(value)).unwrap_or_default()
    }

    /// A section with a table, or with the words for nothing.
    fn table(&self, title: &str, headings: &[&str], rows: &[Vec<String>]) -> Markup {
        html! {
            section {
                h2 { (title) }
                @if rows.is_empty() {
                    p class="quiet" { (self.words.nothing) }
                } @else {
                    table {
                        thead { tr { @for heading in headings { th scope="col" { (heading) } } } }
                        tbody { @for row in rows { tr { @for cell in row { td { (cell) } } } } }
                    }
                }
            }
        }
    }

    fn head(&self, copy: &CopyBody) -> Markup {
        let words = self.words;
        let operator = &copy.operator;
        html! {
            table {
                tr { th scope="row" { (words.subject) } td { (copy.subject) } }
                tr {
                    th scope="row" { (words.operator) }
                    td { (operator.name) " · " (words.bin) " " (operator.bin) br; (operator.address) }
                }
                tr { th scope="row" { (words.as_of) } td { (local(&copy.as_of)) } }
                tr { th scope="row" { (words.made_at) } td { (local(&copy.made_at)) } }
            }
        }
    }

    fn profile(&self, copy: &CopyBody) -> Markup {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (name, member) in &copy.profile {
            rows.push(vec![self.sentences.member(name).to_owned(), self.value(member)]);
        }
        for unopened in &copy.unopened {
            rows.push(vec![
                text(unopened, "position"),
                self.words.state_word(&text(unopened, "state")).into(),
            ]);
        }
        self.table(self.words.profile, &[self.words.what, ""], &rows)
    }

    /// A personal member, or why it is not shown.
    fn value(&self, member: &Value) -> String {
        match member.get("value") {
            None | Some(Value::Null) => self.words.state_word(&text(member, "state")).to_owned(),
            Some(Value::String(value)) => value.clone(),
            Some(value) if value.get("family").is_some() => {
                let parts = ["family", "given", "patronymic"].map(|part| text(value, part));
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
            }
            Some(other) => other.to_string(),
        }
    }

    fn consents(&self, consents: &Value) -> Markup {
        let words = self.words;
        let row = |consent: &Value| {
            vec![
                local(&text(consent, "given_at")),
                self.member(consent, "purposes_given"),
                self.member(consent, "categories"),
                local(&text(consent, "until")),
                self.member(consent, "state"),
            ]
        };
        let rows: Vec<_> =
            consents.as_object().into_iter().flat_map(|consents| consents.values().map(row)).collect();
        let headings = [words.given, words.purposes, words.categories, words.until, words.state];
        self.table(words.consents, &headings, &rows)
    }

    fn answers(&self, answers: &[Box<RawValue>]) -> Markup {
        let words = self.words;
        let row = |answer: &Value| {
            vec![
                local(&text(answer, "at")),
                text(answer, "policy_version"),
                self.member(answer, "language"),
                self.member(answer, "answer"),
            ]
        };
        let rows: Vec<_> = values(answers).iter().map(row).collect();
        self.table(words.answers, &[words.when, words.version, words.language, words.answer], &rows)
    }

    /// Disclosures in the words of the timeline.
    fn disclosures(&self, copy: &CopyBody) -> Markup {
        let made = copy.timeline.iter().filter(|entry| text(entry, "type").starts_with("disclosure.made."));
        let entries: Vec<_> = made.cloned().collect();
        self.timeline(self.words.disclosures, &entries)
    }

    /// Rows of a read model, member by member: their labels are the words of the documents they come from.
    fn rows(&self, title: &str, rows: &[Box<RawValue>]) -> Markup {
        let line = |row: &Value| {
            let members = row.as_object().into_iter().flatten();
            let told = members.filter(|(_, value)| !value.is_null() && value.as_array() != Some(&Vec::new()));
            told.map(|(name, value)| {
                let value = self.said(value);
                format!(
                    "{}: {}",
                    self.sentences.word(name),
                    if value.contains('T') { local(&value) } else { value }
                )
            })
            .collect::<Vec<_>>()
            .join("; ")
        };
        let rows: Vec<_> = values(rows).iter().map(|row| vec![line(row)]).collect();
        self.table(title, &[self.words.what], &rows)
    }

    fn consultations(&self, looks: &Value) -> Markup {
        let words = self.words;
        let row = |look: &Value| {
            vec![
                local(&text(look, "at")),
                self.member(look, "role"),
                self.member(look, "purpose"),
                self.member(look, "categories"),
            ]
        };
        let rows: Vec<_> = looks.as_array().into_iter().flatten().map(row).collect();
        html! {
            (self.table(words.consultations, &[words.when, words.role, words.purpose, words.categories], &rows))
            p class="quiet" { (words.consultations_text) }
        }
    }

    fn timeline(&self, title: &str, entries: &[Value]) -> Markup {
        let row = |entry: &Value| {
            let mut what = text(entry, "sentence");
            let members = entry.pointer("/personal/members").and_then(Value::as_array);
            for member in members.into_iter().flatten() {
                let name = text(member, "name");
                what.push_str(&format!(" {}: {}.", self.sentences.member(&name), self.value(member)));
            }
            if members.is_none() && entry.get("personal").is_some() {
                let state = entry.pointer("/personal/state").and_then(Value::as_str).unwrap_or_default();
                what.push_str(&format!(" ({})", self.words.state_word(state)));
            }
            vec![local(&text(entry, "time")), text(entry, "title"), what]
        };
        let rows: Vec<_> = entries.iter().map(row).collect();
        self.table(title, &[self.words.when, self.words.what, ""], &rows)
    }
}

fn values(rows: &[Box<RawValue>]) -> Vec<Value> {
    rows.iter().filter_map(|row| serde_json::from_str(row.get()).ok()).collect()
}
