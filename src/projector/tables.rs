//! Tables and bulk statements of read models, built from the description of their rows.
//!
//! Rows go in as variables of a statement of many rows, in groups of a
//! few sizes, so that each text is prepared once; what is changed goes in as one JSON text.

use std::fmt::Write as _;

use subject_record_projections::table::{Column, ColumnKind, Shape, Table};

/// What stands for "none" in a column of an end: later than every instant and position.
pub(super) const NONE: i64 = i64::MAX;

/// Sizes of the groups in which rows are written, the largest first. Seventeen variables a row and more; SQLite
/// takes 32,766 in a statement.
const GROUPS: [usize; 5] = [512, 128, 32, 8, 1];

/// Columns of every versioned table, before its own. The body comes after them.
const VERSIONED: [&str; 9] = [
    "subject",
    "key",
    "at_us",
    "valid_from",
    "valid_until",
    "until_known",
    "known_from",
    "known_until",
    "judged_at",
];

/// Columns of every table with a row an event, before its own.
const OF_EVENTS: [&str; 3] = ["position", "subject", "time_us"];

/// Name in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// Statement that makes a table.
pub(super) fn create(table: &Table) -> String {
    let mut sql = format!("CREATE TABLE {} (", quoted(table.name));
    sql.push_str(match table.shape {
        Shape::Versions => {
            "row INTEGER PRIMARY KEY, subject TEXT NOT NULL, key TEXT NOT NULL, at_us INTEGER NOT NULL, \
             valid_from INTEGER NOT NULL, valid_until INTEGER NOT NULL, until_known INTEGER NOT NULL, \
             known_from INTEGER NOT NULL, known_until INTEGER NOT NULL, judged_at INTEGER NOT NULL"
        }
        Shape::Events => "position INTEGER PRIMARY KEY, subject TEXT NOT NULL, time_us INTEGER NOT NULL",
    });
    for column in table.columns {
        let kind = match column.kind {
            ColumnKind::Text => "TEXT",
            ColumnKind::Integer | ColumnKind::Flags(_) => "INTEGER",
        };
        let _ = write!(sql, ", {} {kind}", quoted(column.name));
    }
    sql.push_str(match table.shape {
        Shape::Versions => ", body TEXT NOT NULL) STRICT",
        Shape::Events => ") STRICT",
    });
    sql
}

/// Name of the index of the rows that are not retracted.
fn current(table: &Table) -> String {
    quoted(&format!("{}_current", table.name))
}

/// Statement that makes the index without which ends and retractions find no row.
pub(super) fn create_current(table: &Table) -> Option<String> {
    (table.shape == Shape::Versions).then(|| {
        format!(
            "CREATE UNIQUE INDEX {} ON {} (subject, key, valid_from) WHERE known_until = {NONE}",
            current(table),
            quoted(table.name)
        )
    })
}

/// Name of the index by which a search begins: with everything, one subject, a column, or a bit of one.
pub(super) fn index_name(table: &Table, by: &str) -> String {
    quoted(&format!("{}_by_{by}", table.name))
}

/// Condition that a set of words holds one of them, as its index has it.
pub(super) fn has_word(column: &Column, place: usize) -> String {
    format!("({} & {}) <> 0", quoted(column.name), 1_i64 << place)
}

/// Statements that make the indexes of searches.
pub(super) fn create_indexes(table: &Table) -> Vec<String> {
    let (everything, rest, of_subject) = match table.shape {
        Shape::Versions => ("at_us, subject, key", "at_us, subject, key", "subject, at_us, key"),
        Shape::Events => ("time_us", "time_us", "subject, time_us"),
    };
    let index = |by: &str, columns: &str, condition: &str| {
        format!("CREATE INDEX {} ON {} ({columns}){condition}", index_name(table, by), quoted(table.name))
    };
    let mut statements = vec![index("time", everything, ""), index("subject", of_subject, "")];
    for column in table.columns.iter().filter(|column| column.indexed) {
        match column.kind {
            ColumnKind::Flags(words) => {
                for (place, word) in words.iter().enumerate() {
                    let condition = format!(" WHERE {}", has_word(column, place));
                    statements.push(index(&format!("{}_{word}", column.name), rest, &condition));
                }
            }
            ColumnKind::Integer | ColumnKind::Text => {
                statements.push(index(column.name, &format!("{}, {rest}", quoted(column.name)), ""));
            }
        }
    }
    statements
}

/// Everything that makes a table, in one text: another text is another form of the rows.
pub(super) fn description(tables: &[&'static Table]) -> String {
    let mut text = String::new();
    for table in tables {
        let all = [create(table)].into_iter().chain(create_current(table)).chain(create_indexes(table));
        all.for_each(|statement| text.extend([statement.as_str(), ";\n"]));
    }
    text
}

/// Bulk statements of a table.
#[derive(Debug)]
pub(super) struct Statements {
    /// The table.
    pub(super) table: &'static Table,
    /// Text of an insert of so many rows.
    inserts: Vec<(usize, String)>,
    /// Ends of rows become known: variable 1 is `[[subject, key, valid_from, valid_until, position], …]`.
    pub(super) end: String,
    /// Rows are retracted: variable 1 is `[[subject, key, valid_from, position], …]`.
    pub(super) retract: String,
}

impl Statements {
    /// Of a table.
    pub(super) fn of(table: &'static Table) -> Self {
        let shape: &[&str] = match table.shape {
            Shape::Versions => &VERSIONED,
            Shape::Events => &OF_EVENTS,
        };
        let own = table.columns.iter().map(|column| quoted(column.name));
        let mut columns: Vec<String> = shape.iter().map(|name| (*name).to_owned()).chain(own).collect();
        if table.shape == Shape::Versions {
            columns.push("body".to_owned());
        }
        let row = format!("({})", vec!["?"; columns.len()].join(","));
        let insert = |rows: usize| {
            let rows = vec![row.as_str(); rows].join(",");
            format!("INSERT INTO {} ({}) VALUES {rows}", quoted(table.name), columns.join(", "))
        };
        let changed = |set: &str, members: &str| {
            format!(
                "UPDATE {name} INDEXED BY {index} SET {set} FROM (SELECT {members} FROM json_each(?1)) AS changed \
                 WHERE {name}.known_until = {NONE} AND {name}.subject = changed.s AND {name}.key = changed.k \
                 AND {name}.valid_from = changed.f",
                name = quoted(table.name),
                index = current(table),
            )
        };
        let named = "value ->> 0 AS s, value ->> 1 AS k, value ->> 2 AS f";
        Self {
            table,
            inserts: GROUPS.iter().map(|rows| (*rows, insert(*rows))).collect(),
            end: changed(
                "valid_until = changed.u, until_known = changed.p",
                &format!("{named}, value ->> 3 AS u, value ->> 4 AS p"),
            ),
            retract: changed("known_until = changed.p", &format!("{named}, value ->> 3 AS p")),
        }
    }

    /// Rows in groups, each with the statement that writes it.
    pub(super) fn groups<'r, R>(&self, mut rows: &'r [R]) -> Vec<(&str, &'r [R])> {
        let mut groups = Vec::new();
        for (size, statement) in &self.inserts {
            while rows.len() >= *size {
                let (group, rest) = rows.split_at(*size);
                groups.push((statement.as_str(), group));
                rows = rest;
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use subject_record_projections::acceptances::ACCEPTANCES;

    use super::*;

    #[test]
    fn every_row_stands_in_one_group() {
        let statements = Statements::of(&ACCEPTANCES);
        for count in [0, 1, 7, 8, 9, 511, 512, 2000] {
            let rows: Vec<usize> = (0..count).collect();
            let groups = statements.groups(&rows);
            assert!(groups.iter().all(|(sql, rows)| sql.matches('(').count() == rows.len() + 1));
            assert_eq!(groups.concat_rows(), rows);
        }
    }

    trait Concat {
        fn concat_rows(&self) -> Vec<usize>;
    }

    impl Concat for Vec<(&str, &[usize])> {
        fn concat_rows(&self) -> Vec<usize> {
            self.iter().flat_map(|(_, rows)| rows.iter().copied()).collect()
        }
    }
}
