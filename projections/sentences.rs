//! The sentences that say an event in plain words: one a type and language, shared by console, command line
//! and dossier.
//!
//! They are written for a support agent or a judge. They say public members only; personal values are shown
//! beside them by whoever may open the box. Each language is one file, `sentences/{ru,kk,en}.toml`:
//!
//! - `and` joins the last two items of a list;
//! - `[words]` labels every value of every closed list;
//! - `[forms.<form>]` labels values of one list as they stand in a sentence, where case or meaning differs
//!   (`phone` is a category of data, and a channel);
//! - `[tagged]` says values that carry something, such as `{"unlisted": "x-1"}`: its `{}` is what they carry;
//! - `[members]` labels the members of `data.personal`;
//! - `[findings]` says each finding by its code;
//! - `[events."<wire name>"]` holds the `title` and the `sentence` of a type.
//!
//! A sentence is text with placeholders and sections. `path` names a public member of `data`, with dots into
//! objects (`basis.kind`); a list is said item by item, with commas and `and`.
//!
//! | written | says |
//! |---|---|
//! | `{path}` | the value as it stands: a reference, a number |
//! | `{path:word}` | a value of a closed list, by `[words]` |
//! | `{path:<form>}` | the same by `[forms.<form>]`, and by `[words]` what is not there |
//! | `{path:day}`, `{path:instant}` | a date; an instant in Kazakhstan's time |
//! | `{path:number}` | a padded number without its leading zeros |
//! | `{path:count}` | how many items a list has |
//! | `[path? text]` | the text when the member is present, and neither `false` nor empty |
//! | `[!path? text]` | the text when it is not |
//! | `[path=value? text]` | the text when the member is exactly this word, `true` or `false` |
//! | `[path* text]` | the text for each item of a list, its paths counted from the item, joined by `; ` |
//!
//! Sections nest. What stands after `?` and `*` is kept as it is, the space included. `{`, `}`, `[` and `]`
//! stand for nothing else.

mod render;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use subject_record_schemas::EventType;
use subject_record_schemas::vocabulary::Language;

use render::Renderer;
use template::Template;

/// The sentences of one language.
#[derive(Debug)]
pub struct Sentences {
    language: Language,
    table: Table,
}

/// A file of sentences, its templates parsed. Empty, it shows wire names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    and: String,
    words: BTreeMap<String, String>,
    forms: BTreeMap<String, BTreeMap<String, String>>,
    tagged: BTreeMap<String, Template>,
    members: BTreeMap<String, String>,
    findings: BTreeMap<String, String>,
    events: BTreeMap<String, EventWords>,
}

/// What is said of one type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventWords {
    title: String,
    sentence: Template,
}

static RUSSIAN: LazyLock<Sentences> = LazyLock::new(|| Sentences::load(Language::Ru));
static KAZAKH: LazyLock<Sentences> = LazyLock::new(|| Sentences::load(Language::Kk));
static ENGLISH: LazyLock<Sentences> = LazyLock::new(|| Sentences::load(Language::En));

impl Sentences {
    /// The sentences of a language, parsed on first use.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::Ru => &RUSSIAN,
            Language::Kk => &KAZAKH,
            Language::En => &ENGLISH,
        }
    }

    /// A file that does not parse must not stop a page: it shows wire names instead.
    fn load(language: Language) -> Self {
        let table = toml::from_str(file(language)).unwrap_or_default();
        Self { language, table }
    }

    /// What the event says, in plain words. `data` is the data of the event, as sent or as stored: only its
    /// public members are read.
    ///
    /// What a member should hold and does not is said as a dash.
    #[must_use]
    pub fn sentence(&self, event_type: EventType, data: &Value) -> String {
        self.table.events.get(event_type.wire_name()).map_or_else(
            || event_type.wire_name().to_owned(),
            |words| Renderer { language: self.language, table: &self.table }.text(&words.sentence, data),
        )
    }

    /// Heading of a type, without a full stop.
    #[must_use]
    pub fn title(&self, event_type: EventType) -> &str {
        let wire_name = event_type.wire_name();
        self.table.events.get(wire_name).map_or(wire_name, |words| words.title.as_str())
    }

    /// Label of a value of a closed list; the value itself if there is none.
    #[must_use]
    pub fn word<'a>(&'a self, value: &'a str) -> &'a str {
        self.table.words.get(value).map_or(value, String::as_str)
    }

    /// What a finding of a code says; the code itself if there are no words for it.
    #[must_use]
    pub fn finding<'a>(&'a self, code: &'a str) -> &'a str {
        self.table.findings.get(code).map_or(code, String::as_str)
    }

    /// Label of a member of `data.personal`; its name if there is none.
    #[must_use]
    pub fn member<'a>(&'a self, name: &'a str) -> &'a str {
        self.table.members.get(name).map_or(name, String::as_str)
    }
}

const fn file(language: Language) -> &'static str {
    match language {
        Language::Ru => include_str!("sentences/ru.toml"),
        Language::Kk => include_str!("sentences/kk.toml"),
        Language::En => include_str!("sentences/en.toml"),
    }
}
