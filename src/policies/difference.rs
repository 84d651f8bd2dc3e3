//! The difference of two published texts: changed lines with a few around them, and the changed words within.

use std::time::Duration;

use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use subject_record_schemas::Reference;
use subject_record_schemas::reference::TextHash;
use subject_record_schemas::vocabulary::Language;

/// Unchanged lines shown around a change.
const LINES_AROUND: usize = 3;

/// After this the comparison ends with what it has: still true, though no longer the shortest.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is different between two texts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The older version.
    pub from: Reference,
    /// The newer version.
    pub to: Reference,
    /// Language of both texts.
    pub language: Language,
    /// SHA-256 of the older text.
    pub old_hash: TextHash,
    /// SHA-256 of the newer text.
    pub new_hash: TextHash,
    /// Places where they differ; none for texts that are the same.
    pub hunks: Vec<Hunk>,
}

/// A place where two texts differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hunk {
    /// Its lines, those around the change too.
    pub lines: Vec<Line>,
}

/// A line of one text or of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// In which of them it is.
    pub change: LineKind,
    /// Its number in the older text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_line: Option<usize>,
    /// Its number in the newer text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_line: Option<usize>,
    /// Its text in parts, without its end.
    pub parts: Vec<Part>,
}

/// In which of two texts a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// In both.
    Same,
    /// Only in the older.
    Removed,
    /// Only in the newer.
    Added,
}

/// Words of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The words.
    pub text: String,
    /// Whether the other text has other words here.
    pub changed: bool,
}

/// Where two texts differ.
pub(super) fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let compared = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let line = |change: &similar::InlineChange<'_, str>| {
        let kind = match change.tag() {
            ChangeTag::Equal => LineKind::Same,
            ChangeTag::Delete => LineKind::Removed,
            ChangeTag::Insert => LineKind::Added,
        };
        let parts = change
            .iter_strings_lossy()
            .map(|(changed, text)| Part { text: text.trim_end_matches(['\n', '\r']).to_owned(), changed });
        Line {
            change: kind,
            old_line: change.old_index().map(|index| index + 1),
            new_line: change.new_index().map(|index| index + 1),
            parts: parts.filter(|part| !part.text.is_empty()).collect(),
        }
    };
    let groups = compared.grouped_ops(LINES_AROUND);
    let lines = |operations: &Vec<similar::DiffOp>| {
        let changes = operations.iter().flat_map(|operation| compared.iter_inline_changes(operation));
        Hunk { lines: changes.map(|change| line(&change)).collect() }
    };
    groups.iter().map(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "1\n2\n3\n4\n5. Данные хранятся в Казахстане.\n6\n7\n8\n9\n10\n";

    fn said(line: &Line) -> (LineKind, String) {
        let marked = |part: &Part| if part.changed { format!("[{}]", part.text) } else { part.text.clone() };
        (line.change, line.parts.iter().map(marked).collect())
    }

    #[test]
    fn a_changed_word_is_marked_within_its_line_and_far_lines_are_left_out() {
        let hunks = hunks(OLD, &OLD.replace("в Казахстане", "за рубежом"));
        assert_eq!(hunks.len(), 1);
        let lines: Vec<_> = hunks[0].lines.iter().map(said).collect();
        let same = |text: &str| (LineKind::Same, text.to_owned());
        assert_eq!(lines[..3], [same("2"), same("3"), same("4")]);
        assert_eq!(lines[3].0, LineKind::Removed);
        assert!(lines[3].1.contains("5. Данные хранятся ") && lines[3].1.contains("[в"), "{lines:?}");
        assert_eq!(lines[4].0, LineKind::Added);
        assert!(lines[4].1.contains("[за"), "{lines:?}");
        assert_eq!(lines[5..], [same("6"), same("7"), same("8")]);
        assert_eq!((hunks[0].lines[3].old_line, hunks[0].lines[3].new_line), (Some(5), None));
    }

    #[test]
    fn texts_that_are_the_same_differ_nowhere() {
        assert_eq!(hunks(OLD, OLD), []);
    }
}
