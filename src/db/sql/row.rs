//! A row of either engine, read column by column.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Row as _, TypeInfo as _, ValueRef as _};

/// A row.
#[derive(Debug)]
pub enum Row {
    /// Of a file.
    Sqlite(SqliteRow),
    /// Of a schema.
    Postgres(PgRow),
}

/// A name or a place of a column.
pub trait Column: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + std::fmt::Debug + Copy {}
impl<C: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + std::fmt::Debug + Copy> Column for C {}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident, $or_null:ident: $kind:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// When there is no such column, or it holds something else.
        pub fn $name(&self, column: impl Column) -> Result<$kind, sqlx::Error> {
            match self {
                Self::Sqlite(row) => row.try_get(column),
                Self::Postgres(row) => row.try_get(column),
            }
        }

        /// The same, where there may be none.
        ///
        /// # Errors
        /// When there is no such column, or it holds something else.
        pub fn $or_null(&self, column: impl Column) -> Result<Option<$kind>, sqlx::Error> {
            match self {
                Self::Sqlite(row) => row.try_get(column),
                Self::Postgres(row) => row.try_get(column),
            }
        }
    )*};
}

impl Row {
    getters! {
        /// A whole number.
        integer, integer_or_null: i64;
        /// A text.
        text, text_or_null: String;
        /// Bytes.
        bytes, bytes_or_null: Vec<u8>;
    }

    /// A text, where it lies.
    ///
    /// # Errors
    /// When there is no such column, or it holds something else.
    pub fn str(&self, column: impl Column) -> Result<&str, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// Bytes, where they lie.
    ///
    /// # Errors
    /// When there is no such column, or it holds something else.
    pub fn slice(&self, column: impl Column) -> Result<&[u8], sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    /// A number that is not negative.
    ///
    /// # Errors
    /// When there is no such column, or it holds something else.
    pub fn unsigned(&self, column: impl Column) -> Result<u64, sqlx::Error> {
        u64::try_from(self.integer(column)?)
            .map_err(|_| sqlx::Error::Decode(format!("a negative number in {column:?}").into()))
    }

    /// A condition, or a number that is 0 or 1.
    ///
    /// # Errors
    /// When there is no such column, or it holds something else.
    pub fn flag(&self, column: impl Column) -> Result<bool, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) if row.try_get_raw(column)?.type_info().name() == "BOOL" => {
                row.try_get(column)
            }
            Self::Postgres(_) => Ok(self.integer(column)? != 0),
        }
    }

    /// Columns of it.
    #[must_use]
    pub fn columns(&self) -> usize {
        match self {
            Self::Sqlite(row) => row.len(),
            Self::Postgres(row) => row.len(),
        }
    }
}
