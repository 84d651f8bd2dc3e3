//! Says a parsed sentence of given data.

use chrono::{DateTime, NaiveDate, TimeDelta};
use serde_json::Value;
use subject_record_schemas::vocabulary::Language;

use super::Table;
use super::template::{Condition, Path, Segment, Show, Template};

/// Kazakhstan's time is five hours ahead of UTC, everywhere and all year, since 1 March 2024.
const KAZAKHSTAN: TimeDelta = TimeDelta::hours(5);

/// What is said of a value that is not there, or is not what its placeholder says.
const NOTHING: &str = "—";

/// Says templates in one language.
#[derive(Clone, Copy)]
pub(super) struct Renderer<'a> {
    pub(super) language: Language,
    pub(super) table: &'a Table,
}

impl Renderer<'_> {
    /// The template, said of `data`.
    pub(super) fn text(self, template: &Template, data: &Value) -> String {
        self.segments(&template.0, data)
    }

    fn segments(self, segments: &[Segment], data: &Value) -> String {
        let mut said = String::new();
        for segment in segments {
            match segment {
                // The full stop of an abbreviation ends the sentence as well.
                Segment::Text(text) if said.ends_with('.') => {
                    said.push_str(text.strip_prefix('.').unwrap_or(text))
                }
                Segment::Text(text) => said.push_str(text),
                Segment::Value { path, show } => match member(data, path) {
                    Some(value) => said.push_str(&self.value(value, show)),
                    None => said.push_str(NOTHING),
                },
                Segment::When { path, condition, body } => {
                    if meets(member(data, path), condition) {
                        said.push_str(&self.segments(body, data));
                    }
                }
                Segment::Each { path, body } => {
                    let items = member(data, path).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                    let items: Vec<_> = items.iter().map(|item| self.segments(body, item)).collect();
                    said.push_str(&items.join("; "));
                }
            }
        }
        said
    }

    fn value(self, value: &Value, show: &Show) -> String {
        match (value, show) {
            (Value::Array(items), Show::Count) => items.len().to_string(),
            (Value::Array(items), _) => self.list(items.iter().map(|item| self.value(item, show)).collect()),
            (Value::Object(members), Show::Word | Show::Form(_)) => match members.iter().next() {
                Some((tag, carried)) if members.len() == 1 => match self.table.tagged.get(tag) {
                    Some(template) => self.text(template, carried),
                    None => tag.clone(),
                },
                _ => NOTHING.to_owned(),
            },
            (Value::String(text), _) => self.string(text, show),
            (Value::Number(number), _) => number.to_string(),
            _ => NOTHING.to_owned(),
        }
    }

    fn string(self, text: &str, show: &Show) -> String {
        let said = match show {
            Show::Plain | Show::Count => None,
            Show::Word => self.table.words.get(text).cloned(),
            Show::Form(form) => {
                let in_form = self.table.forms.get(form).and_then(|words| words.get(text));
                in_form.or_else(|| self.table.words.get(text)).cloned()
            }
            Show::Day => self.day(text),
            Show::Instant => self.instant(text),
            Show::Number => text.parse::<u64>().ok().map(|number| number.to_string()),
        };
        said.unwrap_or_else(|| text.to_owned())
    }

    fn list(self, mut items: Vec<String>) -> String {
        match (items.pop(), items.is_empty()) {
            (None, _) => NOTHING.to_owned(),
            (Some(last), true) => last,
            (Some(last), false) => format!("{} {} {last}", items.join(", "), self.table.and),
        }
    }

    fn day(self, text: &str) -> Option<String> {
        let format = match self.language {
            Language::Ru | Language::Kk => "%d.%m.%Y",
            Language::En => "%-d %B %Y",
        };
        Some(text.parse::<NaiveDate>().ok()?.format(format).to_string())
    }

    /// To the minute: who needs the second reads the event itself.
    fn instant(self, text: &str) -> Option<String> {
        let format = match self.language {
            Language::Ru | Language::Kk => "%d.%m.%Y %H:%M",
            Language::En => "%-d %B %Y, %H:%M",
        };
        let utc = DateTime::parse_from_rfc3339(text).ok()?.naive_utc();
        Some(utc.checked_add_signed(KAZAKHSTAN)?.format(format).to_string())
    }
}

fn member<'v>(data: &'v Value, path: &Path) -> Option<&'v Value> {
    path.0.iter().try_fold(data, |value, name| value.get(name))
}

fn meets(value: Option<&Value>, condition: &Condition) -> bool {
    let holds = match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Bool(true) | Value::Number(_)) => true,
    };
    match condition {
        Condition::Holds => holds,
        Condition::Lacks => !holds,
        Condition::Is(word) => match value {
            Some(Value::String(text)) => text == word,
            Some(Value::Bool(flag)) => flag.to_string() == *word,
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn table() -> Table {
        let words = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(value, word)| ((*value).to_owned(), (*word).to_owned())).collect()
        };
        Table {
            and: "and".to_owned(),
            words: words(&[("phone", "phone number"), ("email", "e-mail address")]),
            forms: BTreeMap::from([("by".to_owned(), words(&[("phone", "by phone")]))]),
            tagged: BTreeMap::from([
                ("unlisted".to_owned(), "outside the list ({})".parse().unwrap()),
                ("until".to_owned(), "until {:day}".parse().unwrap()),
                ("categories".to_owned(), "of {:word}".parse().unwrap()),
            ]),
            ..Table::default()
        }
    }

    fn said(language: Language, template: &str, data: &Value) -> String {
        let template = template.parse().unwrap();
        Renderer { language, table: &table() }.text(&template, data)
    }

    #[test]
    fn lists_are_joined_with_commas_and_the_last_with_and() {
        for (items, expected) in [
            (json!([]), "—"),
            (json!(["phone"]), "phone number"),
            (json!(["phone", "email"]), "phone number and e-mail address"),
            (json!(["phone", {"unlisted": "x-1"}, "fax"]), "phone number, outside the list (x-1) and fax"),
        ] {
            assert_eq!(said(Language::En, "{a:word}", &json!({ "a": items })), expected);
        }
    }

    #[test]
    fn a_form_goes_before_the_general_word_and_a_plain_value_is_never_looked_up() {
        let data = json!({ "a": ["phone", "email"] });
        assert_eq!(said(Language::En, "{a:by}; {a}", &data), "by phone and e-mail address; phone and email");
    }

    #[test]
    fn what_a_value_carries_is_said_by_its_tag() {
        let data =
            json!({ "term": { "until": "2027-02-03" }, "scope": { "categories": ["phone", "email"] } });
        let words = "{term:word} {scope:word} {term.until:day}";
        assert_eq!(
            said(Language::En, words, &data),
            "until 3 February 2027 of phone number and e-mail address 3 February 2027"
        );
    }

    #[test]
    fn instants_are_told_in_kazakhstans_time() {
        let data = json!({ "utc": "2026-03-01T19:30:59.5Z", "local": "2026-03-02T00:30:00+05:00", "day": "2026-03-02" });
        let words = "{utc:instant} / {local:instant} / {day:day}";
        assert_eq!(said(Language::Ru, words, &data), "02.03.2026 00:30 / 02.03.2026 00:30 / 02.03.2026");
        assert_eq!(
            said(Language::En, words, &data),
            "2 March 2026, 00:30 / 2 March 2026, 00:30 / 2 March 2026"
        );
    }

    #[test]
    fn a_reference_that_looks_like_a_date_stays_as_it_is() {
        assert_eq!(said(Language::Kk, "{version}", &json!({ "version": "2026-03-02" })), "2026-03-02");
    }

    #[test]
    fn sections_follow_what_is_there() {
        let words = "[a?yes][!a?no][a=true? true][a=false? false][a=x? x]";
        for (data, expected) in [
            (json!({}), "no"),
            (json!({ "a": [] }), "no"),
            (json!({ "a": false }), "no false"),
            (json!({ "a": true }), "yes true"),
            (json!({ "a": "x" }), "yes x"),
            (json!({ "a": 0 }), "yes"),
        ] {
            assert_eq!(said(Language::En, words, &data), expected, "{data}");
        }
    }

    #[test]
    fn a_full_stop_after_an_abbreviation_is_written_once() {
        assert_eq!(said(Language::Ru, "Срок: {a}. Далее", &json!({ "a": "12 мес." })), "Срок: 12 мес. Далее");
    }

    #[test]
    fn each_item_is_said_from_its_own_members() {
        let data = json!({ "a": [{ "n": 1, "r": "x" }, { "n": 2 }], "p": "0000000000000311" });
        assert_eq!(said(Language::En, "[a*{n}[r? ({r})]], {a:count}, {p:number}", &data), "1 (x); 2, 2, 311");
    }

    #[test]
    fn data_of_another_shape_is_said_as_a_dash_or_as_it_stands() {
        for data in [json!(null), json!({ "a": { "b": 1, "c": 2 } }), json!({ "a": true })] {
            assert_eq!(said(Language::En, "{a:word}", &data), "—");
        }
        assert_eq!(said(Language::En, "{a:day} {a:instant}", &json!({ "a": "soon" })), "soon soon");
    }
}
