//! Read model `accesses`: who looked at whom, and why.

use subject_record_schemas::{Fact, Reference, StreamName};

use crate::event::SubjectEvent;
use crate::history::subject;
use crate::table::{CATEGORIES, Cell, Column, EventRow, Shape, Table};

/// Table of the read model.
pub static ACCESSES: Table = Table {
    name: "accesses",
    shape: Shape::Events,
    columns: &[
        Column::indexed_text("viewer"),
        Column::text("role"),
        Column::indexed_text("purpose"),
        Column::text("what"),
        Column::indexed_text("case_ref"),
        Column::flags("categories", CATEGORIES),
    ],
};

/// The row of a look at a person's data (E25); no other event has one.
#[must_use]
pub fn row(stream: &StreamName, event: &SubjectEvent) -> Option<EventRow> {
    let Fact::RecordViewed(viewed) = &event.fact else { return None };
    Some(EventRow {
        table: &ACCESSES,
        position: event.position,
        subject: subject(stream),
        at: event.occurred_at,
        cells: vec![
            Cell::text(viewed.viewer.as_str()),
            Cell::word(&viewed.role),
            Cell::word(&viewed.purpose),
            Cell::word(&viewed.what),
            Cell::maybe(viewed.case_ref.as_ref().map(Reference::as_str)),
            Cell::set(CATEGORIES, &viewed.categories),
        ],
    })
}

#[cfg(test)]
mod tests {
    use subject_record_schemas::SubjectId;

    use super::*;
    use crate::given::Given;
    use crate::given::facts::example;

    fn looked_at() -> StreamName {
        StreamName::Access(SubjectId::parse("p-0192a1b2").unwrap())
    }

    #[test]
    fn a_look_says_who_looked_at_whom_at_what_and_why() {
        let event = Given::default().at(3, example("record.viewed.v1", |_| {})).events().remove(0);
        let row = row(&looked_at(), &event).unwrap();
        assert_eq!((&*row.subject, row.position.number(), row.at), ("p-0192a1b2", 1, event.occurred_at));
        let words = ["support-asel", "support", "support", "profile", "T-1042"].map(Cell::text);
        assert_eq!(row.cells[..5], words);
        assert_eq!(row.cells[5], Cell::Integer(0b10_0001), "full name and phone");
        assert_eq!(row.cells.len(), ACCESSES.columns.len());
    }

    #[test]
    fn what_is_no_look_has_no_row_among_the_looks() {
        let event = Given::default().at(0, example("access.refused.v1", |_| {})).events().remove(0);
        assert_eq!(row(&looked_at(), &event), None);
    }
}
