//! What an auditor asks of a list, and the address that asks it.

use chrono::NaiveDate;
use serde::Deserialize;
use subject_record_schemas::vocabulary::Language;

use super::super::query::encode;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum List {
    /// Findings.
    Findings,
    /// Due dates.
    Deadlines,
}

impl List {
    /// Its address.
    #[must_use]
    pub(in super::super) const fn path(self) -> &'static str {
        match self {
            Self::Findings => "/findings",
            Self::Deadlines => "/deadlines",
        }
    }
}

/// What the form sends. Fields left empty arrive as empty texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in super::super) struct Asked {
    pub(in super::super) lang: String,
    pub(in super::super) finding: String,
    pub(in super::super) event: String,
    pub(in super::super) recipient: String,
    pub(in super::super) state: String,
    pub(in super::super) from: String,
    pub(in super::super) to: String,
    pub(in super::super) as_of: String,
    pub(in super::super) cursor: String,
}

/// A question to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct AuditQuery {
    /// Which list.
    pub(in super::super) list: List,
    /// Language of the page.
    pub(in super::super) language: Language,
    /// Only findings of this code.
    pub(in super::super) finding: String,
    /// Only findings about events of this type.
    pub(in super::super) event: String,
    /// Only findings about data that this recipient got.
    pub(in super::super) recipient: String,
    /// Only rows of this state.
    pub(in super::super) state: String,
    /// First day, in Kazakhstan.
    pub(in super::super) from: Option<NaiveDate>,
    /// Last day.
    pub(in super::super) to: Option<NaiveDate>,
    /// Day at whose end the list is shown.
    pub(in super::super) as_of: Option<NaiveDate>,
    /// Where the page begins, opaque.
    pub(in super::super) cursor: String,
}

/// A day that does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct MalformedDay;

impl AuditQuery {
    /// Nothing asked yet.
    #[must_use]
    pub(in super::super) const fn empty(list: List, language: Language) -> Self {
        Self {
            list,
            language,
            finding: String::new(),
            event: String::new(),
            recipient: String::new(),
            state: String::new(),
            from: None,
            to: None,
            as_of: None,
            cursor: String::new(),
        }
    }

    /// What a form asked.
    ///
    /// # Errors
    /// When a day does not read. Shown rather than passed over: another day is another answer.
    pub(in super::super) fn of(list: List, language: Language, asked: &Asked) -> Result<Self, MalformedDay> {
        let day = |text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| MalformedDay),
        };
        let word = |text: &str| text.trim().to_owned();
        Ok(Self {
            list,
            language,
            finding: word(&asked.finding),
            event: word(&asked.event),
            recipient: word(&asked.recipient),
            state: word(&asked.state),
            from: day(&asked.from)?,
            to: day(&asked.to)?,
            as_of: day(&asked.as_of)?,
            cursor: word(&asked.cursor),
        })
    }

    /// The address that asks this.
    #[must_use]
    pub(in super::super) fn href(&self) -> String {
        let mut href = format!("{}?lang={}", self.list.path(), self.language);
        for (name, value) in self.parameters() {
            href.push('&');
            href.push_str(name);
            href.push('=');
            href.push_str(&encode(&value));
        }
        href
    }

    /// The same question from the start of the list.
    #[must_use]
    pub(in super::super) fn afresh(&self) -> Self {
        Self { cursor: String::new(), ..self.clone() }
    }

    fn parameters(&self) -> impl Iterator<Item = (&'static str, String)> {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        [
            ("finding", self.finding.clone()),
            ("event", self.event.clone()),
            ("recipient", self.recipient.clone()),
            ("state", self.state.clone()),
            ("from", day(self.from)),
            ("to", day(self.to)),
            ("as_of", day(self.as_of)),
            ("cursor", self.cursor.clone()),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_asks_what_the_form_asked() {
        let asked = Asked {
            finding: "F28".into(),
            event: "disclosure.made.v1".into(),
            recipient: "bank/1 a".into(),
            from: "2026-07-01".into(),
            to: " 2026-09-30 ".into(),
            cursor: "17.x".into(),
            ..Asked::default()
        };
        let query = AuditQuery::of(List::Findings, Language::Kk, &asked).unwrap();
        assert_eq!(
            query.href(),
            "/findings?lang=kk&finding=F28&event=disclosure.made.v1&recipient=bank%2F1%20a&from=2026-07-01\
             &to=2026-09-30&cursor=17.x"
        );
        assert_eq!(AuditQuery::empty(List::Deadlines, Language::En).href(), "/deadlines?lang=en");
        assert!(!query.afresh().href().contains("cursor"));
    }

    #[test]
    fn a_day_that_does_not_read_is_no_day_left_out() {
        let asked = Asked { from: "01.07.2026".into(), ..Asked::default() };
        assert_eq!(AuditQuery::of(List::Findings, Language::Ru, &asked), Err(MalformedDay));
    }
}
