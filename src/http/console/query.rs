//! What a reader asks of the console, and the addresses that ask it.

use std::fmt::Write as _;

use chrono::NaiveDate;
use subject_record_schemas::vocabulary::{AccessPurpose, Language};

/// What is asked, as the search form sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// Language of the page: `lang`.
    pub(super) language: Language,
    /// Platform id as it was typed, which may be no id at all: `subject`.
    pub(super) subject: String,
    /// Day, in Kazakhstan, at whose end the person is shown: `as_of`.
    pub(super) as_of: Option<NaiveDate>,
    /// Why the reader looks: `purpose`.
    pub(super) purpose: Option<AccessPurpose>,
    /// Case the look belongs to: `case`.
    pub(super) case_ref: Option<String>,
    /// Order of the timeline: `order`.
    pub(super) order: Order,
    /// Where the page of the timeline begins, opaque: `cursor`.
    pub(super) cursor: Option<String>,
    /// Personal members to show unmasked, by name: `reveal`, separated by commas.
    pub(super) reveal: Vec<String>,
}

/// Order of the timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first, as it happened.
    Oldest,
}

impl Order {
    /// Name in an address.
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
        }
    }

    /// The order of a name.
    #[must_use]
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Newest, Self::Oldest].into_iter().find(|order| order.name() == name)
    }
}

impl Query {
    /// Nothing asked yet.
    #[must_use]
    pub(super) const fn empty(language: Language) -> Self {
        Self {
            language,
            subject: String::new(),
            as_of: None,
            purpose: None,
            case_ref: None,
            order: Order::Newest,
            cursor: None,
            reveal: Vec::new(),
        }
    }

    /// The address that asks this.
    #[must_use]
    pub(super) fn href(&self) -> String {
        let mut href = format!("/?lang={}", self.language);
        let mut add = |name: &str, value: &str| {
            href.push('&');
            href.push_str(name);
            href.push('=');
            href.push_str(&encode(value));
        };
        if !self.subject.is_empty() {
            add("subject", &self.subject);
        }
        if let Some(day) = self.as_of {
            add("as_of", &day.to_string());
        }
        if let Some(purpose) = self.purpose {
            add("purpose", &purpose.to_string());
        }
        if let Some(case) = &self.case_ref {
            add("case", case);
        }
        if self.order != Order::default() {
            add("order", self.order.name());
        }
        if let Some(cursor) = &self.cursor {
            add("cursor", cursor);
        }
        if !self.reveal.is_empty() {
            add("reveal", &self.reveal.join(","));
        }
        href
    }

    /// The same question from the start of the timeline, with everything masked again.
    #[must_use]
    pub(super) fn afresh(&self) -> Self {
        Self { cursor: None, reveal: Vec::new(), ..self.clone() }
    }

    /// The same page with one more member revealed.
    #[must_use]
    pub(super) fn revealing(&self, member: &str) -> Self {
        let mut query = self.clone();
        if !query.reveal.iter().any(|name| name == member) {
            query.reveal.push(member.to_owned());
        }
        query
    }

    /// The page of the timeline that begins at a cursor.
    #[must_use]
    pub(super) fn at(&self, cursor: impl Into<String>) -> Self {
        Self { cursor: Some(cursor.into()), ..self.clone() }
    }
}

/// Percent-encodes everything but the unreserved characters (RFC 3986, section 2.3).
pub(super) fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_carries_the_whole_question_and_escapes_what_is_not_plain() {
        let query = Query {
            subject: "a b&c=<ә>".into(),
            as_of: NaiveDate::from_ymd_opt(2026, 3, 12),
            purpose: Some(AccessPurpose::SubjectRequest),
            case_ref: Some("T-1042".into()),
            order: Order::Oldest,
            cursor: Some("17".into()),
            reveal: vec!["iin".into(), "email".into()],
            ..Query::empty(Language::Kk)
        };
        assert_eq!(
            query.href(),
            "/?lang=kk&subject=a%20b%26c%3D%3C%D3%99%3E&as_of=2026-03-12&purpose=subject_request\
             &case=T-1042&order=oldest&cursor=17&reveal=iin%2Cemail"
        );
        assert_eq!(Query::empty(Language::En).href(), "/?lang=en");
    }

    #[test]
    fn a_fresh_question_masks_again_what_was_revealed() {
        let query = Query::empty(Language::Ru).at("9").revealing("iin").revealing("iin");
        assert_eq!(query.reveal, ["iin"]);
        assert_eq!(query.afresh(), Query::empty(Language::Ru));
    }

    #[test]
    fn the_name_of_an_order_reads_back() {
        for order in [Order::Newest, Order::Oldest] {
            assert_eq!(Order::parse(order.name()), Some(order));
        }
        assert_eq!(Order::parse("sideways"), None);
    }
}
