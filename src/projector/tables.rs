//! Tables and bulk statements of read models, built from the description of their rows.
//!
//! Into SQLite rows go as variables of a statement of many rows, in groups of a few sizes, so that each text is prepared
//! once, and what is changed goes as one JSON text. Into PostgreSQL everything goes as an array a column.

use subject_record_projections::table::{Column, ColumnKind, Shape, Table};

use crate::db::sql::Engine;

/// What stands for "none" in a column of an end: later than every instant and position.
pub(super) const NONE: i64 = i64::MAX;

/// Sizes of the groups in which rows are written, the largest first. Seventeen variables a row and more; SQLite
/// takes 32,766 in a statement.
const GROUPS: [usize; 5] = [512, 128, 32, 8, 1];

/// Columns of every versioned table, before its own. The body comes after them.
const VERSIONED: [(&str, Kind); 9] = [
    ("subject", Kind::Text),
    ("key", Kind::Text),
    ("at_us", Kind::Integer),
    ("valid_from", Kind::Integer),
    ("valid_until", Kind::Integer),
    ("until_known", Kind::Integer),
    ("known_from", Kind::Integer),
    ("known_until", Kind::Integer),
    ("judged_at", Kind::Integer),
];

/// Columns of every table with a row an event, before its own.
const OF_EVENTS: [(&str, Kind); 3] =
    [("position", Kind::Integer), ("subject", Kind::Text), ("time_us", Kind::Integer)];

/// What a column holds, as SQL has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Text,
}

impl Kind {
    /// Its name. Texts are ordered by their bytes in both engines.
    const fn name(self, engine: Engine) -> &'static str {
        match (self, engine) {
            (Self::Integer, Engine::Sqlite) => "INTEGER",
            (Self::Text, Engine::Sqlite) => "TEXT",
            (Self::Integer, Engine::Postgres) => "BIGINT",
            (Self::Text, Engine::Postgres) => "TEXT COLLATE \"C\"",
        }
    }

    /// An array of it, in PostgreSQL.
    const fn array(self) -> &'static str {
        match self {
            Self::Integer => "bigint[]",
            Self::Text => "text[]",
        }
    }
}

/// Columns of a table that are written, in order, under their names in SQL.
pub(super) fn columns(table: &Table) -> Vec<(String, Kind)> {
    let shape: &[(&str, Kind)] = match table.shape {
        Shape::Versions => &VERSIONED,
        Shape::Events => &OF_EVENTS,
    };
    let own = table.columns.iter().map(|column| match column.kind {
        ColumnKind::Text => (quoted(column.name), Kind::Text),
        ColumnKind::Integer | ColumnKind::Flags(_) => (quoted(column.name), Kind::Integer),
    });
    let body = (table.shape == Shape::Versions).then(|| ("body".to_owned(), Kind::Text));
    shape.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).chain(own).chain(body).collect()
}

/// Name in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// Statement that makes a table.
pub(super) fn create(table: &Table, engine: Engine) -> String {
    let mut sql = format!("CREATE TABLE {} (", quoted(table.name));
    if table.shape == Shape::Versions {
        sql.push_str(match engine {
            Engine::Sqlite => "row INTEGER PRIMARY KEY, ",
            Engine::Postgres => "\"row\" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ",
        });
    }
    let columns: Vec<_> = columns(table)
        .iter()
        .map(|(name, kind)| {
            let is_own = name.starts_with('"');
            let must = match name.as_str() {
                "position" => " PRIMARY KEY",
                _ if is_own => "",
                _ => " NOT NULL",
            };
            format!("{name} {}{must}", kind.name(engine))
        })
        .collect();
    sql.push_str(&columns.join(", "));
    sql.push_str(match engine {
        Engine::Sqlite => ") STRICT",
        Engine::Postgres => ")",
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
pub(super) fn description(tables: &[&'static Table], engine: Engine) -> String {
    let mut text = String::new();
    for table in tables {
        let all =
            [create(table, engine)].into_iter().chain(create_current(table)).chain(create_indexes(table));
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
    /// Text of an insert of any number of rows.
    pub(super) insert: String,
    /// Ends of rows become known. Its variable is `[[subject, key, valid_from, valid_until, position], …]`, or an array
    /// for each of them.
    pub(super) end: String,
    /// Rows are retracted: `[[subject, key, valid_from, position], …]`.
    pub(super) retract: String,
}

/// Text of a statement that changes rows of earlier batches, named by subject, key and first instant; `more` are the
/// columns of what is changed after these three.
fn changed(table: &Table, engine: Engine, set: &str, more: &[&str]) -> String {
    let (from, by) = match engine {
        Engine::Sqlite => {
            let members = ["s", "k", "f"].iter().chain(more).enumerate();
            let members: Vec<_> =
                members.map(|(place, member)| format!("value ->> {place} AS {member}")).collect();
            let from = format!("(SELECT {} FROM json_each($1)) AS changed", members.join(", "));
            // Which index it takes must not hang on a planner's guess.
            (from, format!(" INDEXED BY {}", current(table)))
        }
        Engine::Postgres => {
            let kinds = [Kind::Text, Kind::Text].into_iter().chain(more.iter().map(|_| Kind::Integer));
            let kinds = kinds.chain([Kind::Integer]);
            let arrays: Vec<_> =
                kinds.enumerate().map(|(place, kind)| format!("${}::{}", place + 1, kind.array())).collect();
            let members = ["s", "k", "f"].iter().chain(more).copied().collect::<Vec<_>>().join(", ");
            (format!("UNNEST({}) AS changed ({members})", arrays.join(", ")), String::new())
        }
    };
    format!(
        "UPDATE {name}{by} SET {set} FROM {from} WHERE {name}.known_until = {NONE} \
         AND {name}.subject = changed.s AND {name}.key = changed.k AND {name}.valid_from = changed.f",
        name = quoted(table.name),
    )
}

impl Statements {
    /// Of a table.
    pub(super) fn of(table: &'static Table, engine: Engine) -> Self {
        let columns = columns(table);
        let names: Vec<_> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let into = format!("INSERT INTO {} ({})", quoted(table.name), names.join(", "));
        let row = format!("({})", vec!["?"; columns.len()].join(","));
        let insert = |rows: usize| format!("{into} VALUES {}", vec![row.as_str(); rows].join(","));
        let arrays = columns.iter().enumerate();
        let arrays: Vec<_> =
            arrays.map(|(place, (_, kind))| format!("${}::{}", place + 1, kind.array())).collect();
        Self {
            table,
            inserts: match engine {
                Engine::Sqlite => GROUPS.iter().map(|rows| (*rows, insert(*rows))).collect(),
                Engine::Postgres => Vec::new(),
            },
            insert: format!("{into} SELECT * FROM UNNEST({})", arrays.join(", ")),
            end: changed(table, engine, "valid_until = changed.u, until_known = changed.p", &["u", "p"]),
            retract: changed(table, engine, "known_until = changed.p", &["p"]),
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
        let statements = Statements::of(&ACCEPTANCES, Engine::Sqlite);
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
