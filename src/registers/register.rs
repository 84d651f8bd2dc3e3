//! The registers that can be asked, each by the columns of its table.

use subject_record_projections::acceptances::ACCEPTANCES;
use subject_record_projections::accesses::ACCESSES;
use subject_record_projections::consents::CONSENTS;
use subject_record_projections::deadlines::DEADLINES;
use subject_record_projections::disclosures::DISCLOSURES;
use subject_record_projections::finding::{FindingCode, Severity};
use subject_record_projections::findings::FINDINGS;
use subject_record_projections::history::HISTORY;
use subject_record_projections::table::{Cell, Column, ColumnKind, Table};
use subject_record_schemas::vocabulary::{AccessPurpose, Language, PolicyAnswer, Role, ViewedThing};
use subject_record_schemas::{EventType, Reference};

/// A read model that is asked for its rows.
#[derive(Debug)]
pub struct Register {
    /// Its table.
    pub table: &'static Table,
    /// Members of its rows that make a line of a table for people, in order.
    pub fields: &'static [&'static str],
}

/// Every event.
pub static HISTORY_REGISTER: Register = Register {
    table: &HISTORY,
    fields: &[
        "position",
        "time",
        "recorded_at",
        "stream",
        "subject",
        "type",
        "sentence",
        "actor",
        "correlationid",
        "source",
        "id",
        "leaf_hash",
        "data",
    ],
};

/// What people allowed.
pub static CONSENTS_REGISTER: Register = Register {
    table: &CONSENTS,
    fields: &[
        "subject",
        "consent_id",
        "purpose",
        "recipient",
        "state",
        "from",
        "until",
        "categories",
        "third_party",
        "cross_border",
        "countries",
        "public",
        "strength",
        "given_by",
        "ended_by",
        "known_from",
    ],
};

/// What people answered to the policy.
pub static ACCEPTANCES_REGISTER: Register = Register {
    table: &ACCEPTANCES,
    fields: &[
        "subject",
        "at",
        "policy_version",
        "answer",
        "language",
        "channel",
        "text_hash",
        "in_force",
        "published",
        "position",
        "known_from",
    ],
};

/// What was passed to whom.
pub static DISCLOSURES_REGISTER: Register = Register {
    table: &DISCLOSURES,
    fields: &[
        "subject",
        "at",
        "disclosure_id",
        "recipient_id",
        "ground",
        "ground_ref",
        "law_article",
        "country",
        "purpose",
        "categories",
        "channel",
        "subject_notice",
        "notice",
        "to_tell",
        "position",
        "known_from",
    ],
};

/// What is due, when, and by which rule.
pub static DEADLINES_REGISTER: Register = Register {
    table: &DEADLINES,
    fields: &[
        "subject",
        "kind",
        "state",
        "reference",
        "recipient",
        "per",
        "started_on",
        "started_at",
        "due",
        "since",
        "pauses",
        "extension",
        "met_at",
        "met_by",
        "position",
        "known_from",
    ],
};

/// What was found unlawful or overdue.
pub static FINDINGS_REGISTER: Register = Register {
    table: &FINDINGS,
    fields: &[
        "subject",
        "finding",
        "severity",
        "state",
        "opened_at",
        "cured_at",
        "about",
        "thing",
        "recipient",
        "ground",
        "purpose",
        "categories",
        "clauses",
        "articles",
        "due",
        "evidence",
        "rule_pack",
        "known_from",
    ],
};

/// Who looked at whom.
pub static ACCESSES_REGISTER: Register = Register {
    table: &ACCESSES,
    fields: &[
        "position",
        "time",
        "subject",
        "viewer",
        "role",
        "purpose",
        "case_ref",
        "what",
        "categories",
        "leaf_hash",
    ],
};

/// Names of the columns that the engine keeps for every table: no column of its own may be called so.
pub const SHARED_NAMES: &[&str] =
    &["subject", "from", "to", "newest_first", "cursor", "limit", "as_of", "known_at", "after", "lang"];

/// A value asked of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The column holds this.
    Is(&'static str, Cell),
    /// The set in the column has the word of this bit.
    Has(&'static str, i64),
}

/// A value that no row of the column can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{column} is one of {words}")]
pub struct NoSuchValue {
    /// Which column.
    pub column: &'static str,
    /// What it may be.
    pub words: String,
}

impl Register {
    /// Names of the parameters that narrow it, beside those that every register has.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> {
        self.table.columns.iter()
    }

    /// Reads a value asked of one of its columns; `None` for a name that is no column.
    #[must_use]
    pub fn asked(&self, name: &str, value: &str) -> Option<Result<Asked, NoSuchValue>> {
        let column = self.columns().find(|column| column.name == name)?;
        Some(match column.kind {
            ColumnKind::Flags(words) => match words.iter().position(|word| *word == value) {
                Some(bit) => Ok(Asked::Has(column.name, 1 << bit)),
                None => Err(NoSuchValue { column: column.name, words: words.join(", ") }),
            },
            ColumnKind::Integer => {
                integer(value).map(|number| Asked::Is(column.name, Cell::Integer(number))).ok_or(
                    NoSuchValue { column: column.name, words: "true, false, a number or a position".into() },
                )
            }
            ColumnKind::Text => text(self.table, column, value),
        })
    }
}

fn integer(value: &str) -> Option<i64> {
    match value {
        "true" => Some(1),
        "false" => Some(0),
        number => number.parse().ok(),
    }
}

fn text(table: &Table, column: &Column, value: &str) -> Result<Asked, NoSuchValue> {
    let is = || Ok(Asked::Is(column.name, Cell::text(value)));
    let refused = |words: String| Err(NoSuchValue { column: column.name, words });
    if let Some(words) = words(table.name, column.name) {
        return if words.iter().any(|word| word == value) { is() } else { refused(words.join(", ")) };
    }
    // What is no closed list is a reference, which can be no IIN, phone or e-mail.
    if Reference::parse(value).is_ok() { is() } else { refused("references of 1 to 64 characters".into()) }
}

/// The closed list of a column, if it has one.
#[must_use]
pub fn words(table: &str, column: &str) -> Option<Vec<String>> {
    fn said<T: ToString>(all: &[T]) -> Vec<String> {
        all.iter().map(T::to_string).collect()
    }
    let plain = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Some(match (table, column) {
        ("history", "type") => EventType::ALL.iter().map(|t| t.wire_name().to_owned()).collect(),
        ("history", "stream") => plain(&["subject", "access", "policy", "office"]),
        ("acceptances", "answer") => said(PolicyAnswer::ALL),
        (_, "language") => said(Language::ALL),
        ("consents", "state") => plain(&[
            "given",
            "kept",
            "withdrawn",
            "expired",
            "purpose_achieved",
            "invalidated",
            "revoked",
            "ended",
            "replaced",
        ]),
        ("consents", "purpose") => plain(subject_record_projections::table::PURPOSES),
        ("disclosures", "notice") => plain(&["none", "deferred", "owed", "told"]),
        ("disclosures", "ground") => plain(&["3.4.1", "3.4.2", "3.5.1", "3.5.2", "none", "unlisted"]),
        ("deadlines", "state") => plain(&["pending", "paused", "met", "met_late", "missed"]),
        ("findings", "finding") => said(FindingCode::ALL),
        ("findings", "severity") => said(Severity::ALL),
        ("findings", "state") => plain(&["open", "cured"]),
        ("accesses", "role") => said(Role::ALL),
        ("accesses", "purpose") => said(AccessPurpose::ALL),
        ("accesses", "what") => said(ViewedThing::ALL),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&Register; 7] = [
        &HISTORY_REGISTER,
        &CONSENTS_REGISTER,
        &ACCEPTANCES_REGISTER,
        &DISCLOSURES_REGISTER,
        &DEADLINES_REGISTER,
        &FINDINGS_REGISTER,
        &ACCESSES_REGISTER,
    ];

    #[test]
    fn no_column_is_named_like_a_parameter_that_every_register_has() {
        for register in ALL {
            assert!(
                register.columns().all(|column| !SHARED_NAMES.contains(&column.name)),
                "{}",
                register.table.name
            );
        }
    }

    #[test]
    fn a_closed_list_belongs_to_a_column_that_is_there() {
        for (table, column) in
            [("history", "type"), ("consents", "state"), ("findings", "finding"), ("accesses", "what")]
        {
            let register = ALL.into_iter().find(|register| register.table.name == table).unwrap();
            assert!(register.columns().any(|there| there.name == column), "{table} {column}");
            assert!(words(table, column).is_some_and(|words| words.len() > 1));
        }
    }

    #[test]
    fn a_value_is_read_by_the_kind_of_its_column_and_refused_when_no_row_can_have_it() {
        let asked = |register: &'static Register, name: &str, value: &str| register.asked(name, value);
        let finding = Asked::Is("finding", Cell::text("F05"));
        assert_eq!(asked(&FINDINGS_REGISTER, "finding", "F05"), Some(Ok(finding)));
        assert_eq!(
            asked(&FINDINGS_REGISTER, "about", "0000000000000012"),
            Some(Ok(Asked::Is("about", Cell::Integer(12))))
        );
        assert_eq!(
            asked(&CONSENTS_REGISTER, "public", "true"),
            Some(Ok(Asked::Is("public", Cell::Integer(1))))
        );
        assert_eq!(asked(&ACCESSES_REGISTER, "categories", "iin"), Some(Ok(Asked::Has("categories", 2))));
        assert_eq!(asked(&FINDINGS_REGISTER, "colour", "red"), None);
        for (register, name, value) in [
            (&FINDINGS_REGISTER, "finding", "F99"),
            (&FINDINGS_REGISTER, "about", "soon"),
            (&FINDINGS_REGISTER, "recipient", "880315100011"),
            (&ACCESSES_REGISTER, "categories", "shoe_size"),
            (&HISTORY_REGISTER, "type", "x.y.v1"),
            (&DISCLOSURES_REGISTER, "ground", "3.9"),
        ] {
            assert!(matches!(asked(register, name, value), Some(Err(_))), "{name}={value}");
        }
    }
}
