//! A sentence as it is written, parsed into segments. The syntax is described at [`super`].

use std::str::FromStr;

use serde::Deserialize;

/// A parsed sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Template(pub(super) Vec<Segment>);

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Words as they stand.
    Text(String),
    /// A value.
    Value {
        /// Where it stands.
        path: Path,
        /// How it is said.
        show: Show,
    },
    /// Words that are said under a condition.
    When {
        /// Member that it looks at.
        path: Path,
        /// The condition.
        condition: Condition,
        /// What is said.
        body: Vec<Segment>,
    },
    /// Words that are said for each item of a list.
    Each {
        /// Where the list stands.
        path: Path,
        /// What is said of an item.
        body: Vec<Segment>,
    },
}

/// Names of members, from the outside in; none for the value itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(pub(super) Vec<String>);

/// How a value is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Show {
    /// As it stands.
    Plain,
    /// By the label of the closed list's value.
    Word,
    /// By the label in this form.
    Form(String),
    /// As a date.
    Day,
    /// As an instant.
    Instant,
    /// As a number without leading zeros.
    Number,
    /// By how many items it has.
    Count,
}

/// When a section is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// The member is present, and neither false nor empty.
    Holds,
    /// It is not.
    Lacks,
    /// It is exactly this word, `true` or `false`.
    Is(String),
}

/// Why a text is no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    /// A bracket that was opened and never closed.
    #[error("a bracket is never closed")]
    Unclosed,
    /// A bracket that closes nothing.
    #[error("a bracket closes nothing")]
    Unopened,
    /// A section without `?` or `*`, or a name with other characters than `a-z 0-9 _`.
    #[error("a placeholder or section names no member")]
    Head,
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut rest = text;
        let segments = segments(&mut rest)?;
        if rest.is_empty() { Ok(Self(segments)) } else { Err(TemplateError::Unopened) }
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        text.parse()
    }
}

/// Reads up to the end or to a closing bracket, which stays in `rest`.
fn segments(rest: &mut &str) -> Result<Vec<Segment>, TemplateError> {
    let mut found = Vec::new();
    loop {
        let (text, mark) = match rest.find(['{', '}', '[', ']']) {
            Some(at) => rest.split_at(at),
            None => (*rest, ""),
        };
        if !text.is_empty() {
            found.push(Segment::Text(text.to_owned()));
        }
        *rest = mark;
        if let Some(inner) = mark.strip_prefix('{') {
            let (head, after) = inner.split_once('}').ok_or(TemplateError::Unclosed)?;
            found.push(placeholder(head)?);
            *rest = after;
        } else if let Some(inner) = mark.strip_prefix('[') {
            *rest = inner;
            found.push(section(rest)?);
        } else {
            return if mark.starts_with('}') { Err(TemplateError::Unopened) } else { Ok(found) };
        }
    }
}

fn placeholder(head: &str) -> Result<Segment, TemplateError> {
    let (path, show) = match head.split_once(':') {
        None => (head, Show::Plain),
        Some((path, "word")) => (path, Show::Word),
        Some((path, "day")) => (path, Show::Day),
        Some((path, "instant")) => (path, Show::Instant),
        Some((path, "number")) => (path, Show::Number),
        Some((path, "count")) => (path, Show::Count),
        Some((path, form)) => (path, Show::Form(name(form)?)),
    };
    let path = if path.is_empty() { Path(Vec::new()) } else { self::path(path)? };
    Ok(Segment::Value { path, show })
}

/// Reads a section of which the opening bracket is gone.
fn section(rest: &mut &str) -> Result<Segment, TemplateError> {
    let at = rest.find(['?', '*', '{', '}', '[', ']']).ok_or(TemplateError::Unclosed)?;
    let (head, mark) = rest.split_at(at);
    let each = mark.starts_with('*');
    *rest = mark.strip_prefix(['?', '*']).ok_or(TemplateError::Head)?;
    let body = segments(rest)?;
    *rest = rest.strip_prefix(']').ok_or(TemplateError::Unclosed)?;
    if each {
        return Ok(Segment::Each { path: path(head)?, body });
    }
    let (head, condition) = match (head.strip_prefix('!'), head.split_once('=')) {
        (Some(head), _) => (head, Condition::Lacks),
        (None, Some((head, word))) => (head, Condition::Is(word.to_owned())),
        (None, None) => (head, Condition::Holds),
    };
    Ok(Segment::When { path: path(head)?, condition, body })
}

fn path(text: &str) -> Result<Path, TemplateError> {
    text.split('.').map(name).collect::<Result<_, _>>().map(Path)
}

fn name(text: &str) -> Result<String, TemplateError> {
    let fits = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if !text.is_empty() && text.bytes().all(fits) { Ok(text.to_owned()) } else { Err(TemplateError::Head) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_nest_and_keep_their_spaces() {
        let template: Template = "A {a}[b.c? x[!d?y]].".parse().unwrap();
        let path = |text: &str| super::path(text).unwrap();
        let text = |text: &str| Segment::Text(text.to_owned());
        let inner = Segment::When { path: path("d"), condition: Condition::Lacks, body: vec![text("y")] };
        assert_eq!(
            template.0,
            [
                text("A "),
                Segment::Value { path: path("a"), show: Show::Plain },
                Segment::When {
                    path: path("b.c"),
                    condition: Condition::Holds,
                    body: vec![text(" x"), inner]
                },
                text("."),
            ]
        );
    }

    #[test]
    fn a_template_that_is_badly_written_is_refused() {
        for (text, error) in [
            ("{a", TemplateError::Unclosed),
            ("[a? b", TemplateError::Unclosed),
            ("[a", TemplateError::Unclosed),
            ("a}", TemplateError::Unopened),
            ("a]", TemplateError::Unopened),
            ("[a? }]", TemplateError::Unopened),
            ("[a]", TemplateError::Head),
            ("{A}", TemplateError::Head),
            ("{a:}", TemplateError::Head),
            ("[? a]", TemplateError::Head),
        ] {
            assert_eq!(text.parse::<Template>(), Err(error), "{text}");
        }
    }
}
