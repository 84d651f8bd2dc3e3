//! One way to ask both engines: a statement has one text where both can, and two where they cannot.
//!
//! Placeholders are `$1`, `$2` … in both. Numbers are 64-bit and signed, marks are the numbers 0 and 1, so that a
//! column reads alike wherever it stands. Only the writers of events, the hottest statements, are an engine's own.

mod query;
mod row;
mod value;

use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use self::query::limited;
pub use self::query::{On, Query, Text, query};
pub use self::row::{Column, Row};
pub use self::value::Value;

/// Which engine answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Files in the data folder.
    Sqlite,
    /// Schemas of a database.
    Postgres,
}

/// A statement.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Sql {
    /// One text for both.
    #[must_use]
    pub const fn both(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }

    /// A text each.
    #[must_use]
    pub const fn apart(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }
}

/// The one connection that writes.
#[derive(Debug)]
pub enum Connection {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a schema.
    Postgres(PgConnection),
}

impl Connection {
    /// Which engine answers.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Begins a transaction, rolled back unless it is committed.
    ///
    /// # Errors
    /// When the engine failed.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(connection) => Transaction::Sqlite(connection.begin().await?),
            Self::Postgres(connection) => Transaction::Postgres(limited(connection.begin()).await?),
        })
    }
}

/// What is written together.
#[derive(Debug)]
pub enum Transaction<'c> {
    /// In a file.
    Sqlite(sqlx::Transaction<'c, sqlx::Sqlite>),
    /// In a schema.
    Postgres(sqlx::Transaction<'c, sqlx::Postgres>),
}

impl Transaction<'_> {
    /// Ends it; durable when it answers.
    ///
    /// # Errors
    /// When the engine failed. Over a network it is then unknown whether it was written.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => limited(transaction.commit()).await,
        }
    }
}

/// Connections that read.
#[derive(Clone, Debug)]
pub enum Pool {
    /// Of a file.
    Sqlite(SqlitePool),
    /// Of a schema.
    Postgres(PgPool),
}

impl Pool {
    /// Which engine answers.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Lets go of its connections, once they are done.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
