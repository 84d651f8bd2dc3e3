//! Rows of the read models as the tables of a dossier.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use subject_record_projections::acceptances::ACCEPTANCES;
use subject_record_projections::consents::CONSENTS;
use subject_record_projections::deadlines::DEADLINES;
use subject_record_projections::disclosures::DISCLOSURES;
use subject_record_projections::table::Row;

use super::report::{Cell, Table};

/// How a member of a row is set.
#[derive(Clone, Copy, Debug)]
enum Form {
    Words,
    Code,
    At,
    Day,
    Flag,
    Position,
}

/// A column: its key on the pages, where it stands in the row, and how it is set.
type Column = (&'static str, &'static str, Form);

const CONSENT_COLUMNS: &[Column] = &[
    ("consent_id", "/consent_id", Form::Code),
    ("purpose", "/purpose", Form::Words),
    ("recipient", "/recipient", Form::Code),
    ("state", "/state", Form::Words),
    ("from", "/from", Form::At),
    ("until", "/until", Form::At),
    ("categories", "/categories", Form::Words),
    ("third_party", "/third_party", Form::Flag),
    ("cross_border", "/cross_border", Form::Flag),
    ("given_by", "/given_by", Form::Position),
];

const ACCEPTANCE_COLUMNS: &[Column] = &[
    ("at", "/at", Form::At),
    ("answer", "/answer", Form::Words),
    ("policy_version", "/policy_version", Form::Code),
    ("language", "/language", Form::Words),
    ("in_force", "/in_force", Form::Code),
    ("text_hash", "/text_hash", Form::Code),
    ("position", "/position", Form::Position),
];

const DISCLOSURE_COLUMNS: &[Column] = &[
    ("at", "/at", Form::At),
    ("recipient", "/recipient_id", Form::Code),
    ("ground", "/ground", Form::Words),
    ("purpose", "/purpose", Form::Words),
    ("categories", "/categories", Form::Words),
    ("country", "/country", Form::Code),
    ("notice", "/notice", Form::Words),
    ("position", "/position", Form::Position),
];

const DEADLINE_COLUMNS: &[Column] = &[
    ("kind", "/kind", Form::Words),
    ("reference", "/reference", Form::Code),
    ("started_on", "/started_on", Form::Day),
    ("last_day", "/due/last_day", Form::Day),
    ("calendars", "/due/calendars", Form::Code),
    ("state", "/state", Form::Words),
    ("met_at", "/met_at", Form::At),
    ("position", "/position", Form::Position),
];

/// The tables of a dossier, in the order in which they are printed.
const TABLES: [(&str, &[Column]); 4] = [
    (CONSENTS.name, CONSENT_COLUMNS),
    (ACCEPTANCES.name, ACCEPTANCE_COLUMNS),
    (DISCLOSURES.name, DISCLOSURE_COLUMNS),
    (DEADLINES.name, DEADLINE_COLUMNS),
];

/// Tables of these rows; a table without rows is there and empty.
pub(super) fn tables(rows: &[Row]) -> Vec<Table> {
    let table = |(name, columns): (&str, &[Column])| {
        let of_table = rows.iter().filter(|row| row.table.name == name);
        let cells = of_table.map(|row| {
            let body = body(row);
            columns.iter().map(|(_, pointer, form)| cell(body.pointer(pointer), *form)).collect()
        });
        Table {
            name: name.to_owned(),
            columns: columns.iter().map(|(key, _, _)| (*key).to_owned()).collect(),
            rows: cells.collect(),
        }
    };
    TABLES.into_iter().map(table).collect()
}

/// A row's members.
pub(super) fn body(row: &Row) -> Value {
    serde_json::from_str(&row.body).unwrap_or_default()
}

fn cell(value: Option<&Value>, form: Form) -> Cell {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Cell::Empty };
    let words = words(value);
    let text = words.join(", ");
    let read = match form {
        Form::Words => Some(Cell::Words(words)).filter(|_| !text.is_empty()),
        Form::Code => Some(Cell::Code(text.clone())).filter(|_| !text.is_empty()),
        Form::At => text.parse::<DateTime<Utc>>().ok().map(Cell::At),
        Form::Day => text.parse::<NaiveDate>().ok().map(Cell::Day),
        Form::Flag => value.as_bool().map(Cell::Flag),
        Form::Position => text.parse().ok().map(Cell::Position),
    };
    read.unwrap_or(if text.is_empty() { Cell::Empty } else { Cell::Code(text) })
}

/// A word, several, or `unlisted` with what it stands for.
pub(super) fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(word) => vec![word.clone()],
        Value::Array(items) => items.iter().flat_map(words).collect(),
        Value::Object(members) => members.values().flat_map(words).collect(),
        Value::Number(number) => vec![number.to_string()],
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_set_by_its_form_and_as_a_code_when_it_does_not_read_so() {
        assert_eq!(cell(Some(&json!("2026-07-01")), Form::Day), Cell::Day("2026-07-01".parse().unwrap()));
        assert_eq!(cell(Some(&json!("soon")), Form::Day), Cell::Code("soon".into()));
        assert_eq!(cell(Some(&json!(true)), Form::Flag), Cell::Flag(true));
        assert_eq!(
            cell(Some(&json!(["iin", {"unlisted": "scan"}])), Form::Words),
            Cell::Words(vec!["iin".into(), "scan".into()])
        );
        assert_eq!(cell(Some(&Value::Null), Form::At), Cell::Empty);
        assert_eq!(cell(None, Form::Code), Cell::Empty);
        assert_eq!(cell(Some(&json!([])), Form::Words), Cell::Empty);
    }
}
