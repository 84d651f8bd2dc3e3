//! Where a page ended, as an opaque text: base64url of a JSON array.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subject_record_projections::table::{Shape, Table};
use subject_record_schemas::Position;

use crate::projector::{Cursor, EventRead, VersionRead};

/// A cursor that no page of this list ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not of this list: start again without it")]
pub struct NoCursor;

impl From<&VersionRead> for Cursor {
    fn from(row: &VersionRead) -> Self {
        Self::Version { at_us: row.at_us, subject: row.subject.clone(), key: row.key.clone() }
    }
}

impl From<&EventRead> for Cursor {
    fn from(row: &EventRead) -> Self {
        Self::Event { time_us: row.time_us, position: row.position }
    }
}

/// A cursor as it is handed out.
pub(super) fn text_of(cursor: &Cursor) -> String {
    let array = match cursor {
        Cursor::Version { at_us, subject, key } => serde_json::json!([at_us, subject, key]),
        Cursor::Event { time_us, position } => serde_json::json!([time_us, position.number()]),
    };
    URL_SAFE_NO_PAD.encode(array.to_string())
}

/// Reads a cursor of a table.
pub(super) fn cursor_of(table: &Table, text: &str) -> Result<Cursor, NoCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoCursor)?;
    match table.shape {
        Shape::Versions => {
            let (at_us, subject, key) = serde_json::from_slice(&bytes).map_err(|_| NoCursor)?;
            Ok(Cursor::Version { at_us, subject, key })
        }
        Shape::Events => {
            let (time_us, position) = serde_json::from_slice(&bytes).map_err(|_| NoCursor)?;
            Ok(Cursor::Event { time_us, position: Position::new(position) })
        }
    }
}

#[cfg(test)]
mod tests {
    use subject_record_projections::findings::FINDINGS;
    use subject_record_projections::history::HISTORY;

    use super::*;

    #[test]
    fn a_cursor_reads_back_for_its_own_kind_of_table_alone() {
        let version = Cursor::Version { at_us: -5, subject: "p-0192a1b2".into(), key: "F05:12".into() };
        let event = Cursor::Event { time_us: 7, position: Position::new(9) };
        assert_eq!(cursor_of(&FINDINGS, &text_of(&version)), Ok(version.clone()));
        assert_eq!(cursor_of(&HISTORY, &text_of(&event)), Ok(event.clone()));
        assert_eq!(cursor_of(&HISTORY, &text_of(&version)), Err(NoCursor));
        assert_eq!(cursor_of(&FINDINGS, &text_of(&event)), Err(NoCursor));
        for none in ["", "x", "W10", "0000000000000003"] {
            assert_eq!(cursor_of(&FINDINGS, none), Err(NoCursor), "{none}");
        }
    }
}
