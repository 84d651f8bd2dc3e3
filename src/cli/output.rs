//! How answers are printed: a table for people, JSON and NDJSON for programs.

use std::io::Write;

use serde_json::Value;

use super::CommandError;

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Ndjson,
    /// For spreadsheets; lists only.
    Csv,
}

/// Prints rows under headings, each column as wide as its widest cell; the last one runs free.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> Result<(), CommandError> {
    let width = |column: usize, heading: &&str| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([heading.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<_> =
        headings.iter().enumerate().map(|(column, heading)| width(column, heading)).collect();
    let mut text = String::new();
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    for row in std::iter::once(&headings).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{:<width$}  ", harmless(cell)));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    print(&text)
}

/// Prints an answer as JSON, or one line a member of `rows` when asked for NDJSON.
pub(super) fn json(format: Format, answer: &Value, rows: &str) -> Result<(), CommandError> {
    if format == Format::Csv {
        return Err(CommandError::Said("only lists are printed as CSV: say --format json".into()));
    }
    let lines = match (format, answer.get(rows).and_then(Value::as_array)) {
        (Format::Ndjson, Some(rows)) => rows.iter().map(|row| format!("{row}\n")).collect(),
        (Format::Ndjson, None) => format!("{answer}\n"),
        _ => format!("{answer:#}\n"),
    };
    print(&lines)
}

/// Prints text. A reader that went away, as `head` does, is no failure.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::Io { what: "cannot print".into(), source: error })
        }
        _ => Ok(()),
    }
}

/// A member of a JSON object as plain, [`harmless`] text, empty when it is absent.
pub(super) fn text(value: &Value, member: &str) -> String {
    match value.get(member) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless(text),
        Some(other) => harmless(&other.to_string()),
    }
}

/// A text from elsewhere that cannot steer a terminal: control characters, and those that turn the direction of
/// writing, become U+FFFD, one for one.
pub(super) fn harmless(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// An instant of an answer in Kazakhstan time, as people read it.
pub(super) fn local_time(value: &Value, member: &str) -> String {
    let instant = text(value, member);
    let offset =
        chrono::FixedOffset::east_opt(subject_record_projections::subject::KAZAKHSTAN_OFFSET_SECONDS);
    match (chrono::DateTime::parse_from_rfc3339(&instant), offset) {
        (Ok(parsed), Some(offset)) => parsed.with_timezone(&offset).format("%Y-%m-%d %H:%M:%S").to_string(),
        _ => instant,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_from_a_server_steers_the_terminal() {
        let answer =
            json!({ "a": "\u{1b}[2J\u{7f}\u{9b}\r\n\t\0", "b": "x\u{202e}y\u{2066}\u{200f}", "c": "Ә-қ" });
        assert_eq!(text(&answer, "a"), "\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(text(&answer, "b"), "x\u{fffd}y\u{fffd}\u{fffd}");
        assert_eq!(text(&answer, "c"), "Ә-қ");
    }
}
