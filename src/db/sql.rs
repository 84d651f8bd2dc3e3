//! One way to ask both engines: a statement has one text where both can, and two where they cannot.
//!
//! Placeholders are `$1`, `$2` … in both. Numbers are 64-bit and signed, marks are the numbers 0 and 1, so that a
//! column reads alike wherever it stands. Only the writers of events, the hottest statements, are an engine's own.

mod row;

use std::sync::Arc;

use futures::stream::{BoxStream, StreamExt as _};
use sqlx::postgres::{PgArguments, PgPool};
use sqlx::sqlite::{SqliteArguments, SqlitePool};
use sqlx::{Arguments as _, AssertSqlSafe, Connection as _, Executor, PgConnection, SqliteConnection};

pub use self::row::{Column, Row};

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

/// The text of a statement.
#[derive(Debug)]
pub enum Text {
    /// A constant.
    Constant(&'static Sql),
    /// Built of constants, for the engine that is asked: names of tables and columns, and placeholders.
    Built(String),
}

impl From<&'static Sql> for Text {
    fn from(sql: &'static Sql) -> Self {
        Self::Constant(sql)
    }
}

/// A value in the place of a placeholder. Every kind has a null of its own, since PostgreSQL's have types.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Integer(Option<i64>),
    /// A text.
    Text(Option<Arc<str>>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
    /// A column of whole numbers, for PostgreSQL to unnest.
    Integers(Vec<Option<i64>>),
    /// A column of texts, for PostgreSQL to unnest.
    Texts(Vec<Option<Arc<str>>>),
}

macro_rules! value_from {
    ($($from:ty => $kind:ident($value:ident, $into:expr);)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                Self::$kind(Some($into))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$kind(value.map(|$value| $into))
            }
        }
    )*};
}

value_from! {
    i64 => Integer(value, value);
    u32 => Integer(value, i64::from(value));
    u16 => Integer(value, i64::from(value));
    bool => Integer(value, i64::from(value));
    &str => Text(value, value.into());
    String => Text(value, value.into());
    Arc<str> => Text(value, value);
    Vec<u8> => Bytes(value, value);
    &[u8] => Bytes(value, value.to_vec());
}

impl From<Vec<i64>> for Value {
    fn from(numbers: Vec<i64>) -> Self {
        Self::Integers(numbers.into_iter().map(Some).collect())
    }
}

impl From<Vec<Arc<str>>> for Value {
    fn from(texts: Vec<Arc<str>>) -> Self {
        Self::Texts(texts.into_iter().map(Some).collect())
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
            Self::Postgres(connection) => Transaction::Postgres(connection.begin().await?),
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
            Self::Postgres(transaction) => transaction.commit().await,
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

/// Where a statement goes: a connection, a transaction or a pool.
#[derive(Debug)]
pub enum On<'c> {
    /// The writer of a file.
    Sqlite(&'c mut SqliteConnection),
    /// Readers of a file.
    SqlitePool(&'c SqlitePool),
    /// The writer of a schema.
    Postgres(&'c mut PgConnection),
    /// Readers of a schema.
    PostgresPool(&'c PgPool),
}

impl<'c> From<&'c mut Connection> for On<'c> {
    fn from(connection: &'c mut Connection) -> Self {
        match connection {
            Connection::Sqlite(connection) => Self::Sqlite(connection),
            Connection::Postgres(connection) => Self::Postgres(connection),
        }
    }
}

impl<'c> From<&'c mut Transaction<'_>> for On<'c> {
    fn from(transaction: &'c mut Transaction<'_>) -> Self {
        match transaction {
            Transaction::Sqlite(transaction) => Self::Sqlite(transaction),
            Transaction::Postgres(transaction) => Self::Postgres(transaction),
        }
    }
}

impl<'c> From<&'c Pool> for On<'c> {
    fn from(pool: &'c Pool) -> Self {
        match pool {
            Pool::Sqlite(pool) => Self::SqlitePool(pool),
            Pool::Postgres(pool) => Self::PostgresPool(pool),
        }
    }
}

impl<'c> From<&'c mut SqliteConnection> for On<'c> {
    fn from(connection: &'c mut SqliteConnection) -> Self {
        Self::Sqlite(connection)
    }
}

impl<'c> From<&'c mut PgConnection> for On<'c> {
    fn from(connection: &'c mut PgConnection) -> Self {
        Self::Postgres(connection)
    }
}

/// A statement and its values.
#[derive(Debug)]
pub struct Query {
    text: Text,
    values: Vec<Value>,
}

/// A statement without values yet.
#[must_use]
pub fn query(text: impl Into<Text>) -> Query {
    Query { text: text.into(), values: Vec::new() }
}

impl Query {
    /// The value of the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Values of the next placeholders.
    #[must_use]
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.values.extend(values);
        self
    }

    fn sqlite(self) -> Result<(AssertSqlSafe<String>, SqliteArguments), sqlx::Error> {
        let mut arguments = SqliteArguments::default();
        for value in self.values {
            match value {
                Value::Integer(number) => arguments.add(number),
                Value::Text(text) => arguments.add(text),
                Value::Bytes(bytes) => arguments.add(bytes),
                Value::Integers(_) | Value::Texts(_) => Err("SQLite takes no arrays".into()),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok((safe(self.text, |sql| sql.sqlite), arguments))
    }

    fn postgres(self) -> Result<(AssertSqlSafe<String>, PgArguments), sqlx::Error> {
        let mut arguments = PgArguments::default();
        for value in self.values {
            match value {
                Value::Integer(number) => arguments.add(number),
                Value::Text(text) => arguments.add(text.as_deref()),
                Value::Bytes(bytes) => arguments.add(bytes),
                Value::Integers(numbers) => arguments.add(numbers),
                Value::Texts(texts) => {
                    arguments.add(texts.iter().map(|text| text.as_deref()).collect::<Vec<_>>())
                }
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok((safe(self.text, |sql| sql.postgres), arguments))
    }

    /// Runs it, and says how many rows it changed.
    ///
    /// # Errors
    /// When the engine failed.
    pub async fn execute<'c>(self, on: impl Into<On<'c>>) -> Result<u64, sqlx::Error> {
        macro_rules! run {
            ($to:expr, $args:ident) => {{
                let (text, arguments) = self.$args()?;
                Ok($to.execute(sqlx::query_with(text, arguments)).await?.rows_affected())
            }};
        }
        match on.into() {
            On::Sqlite(to) => run!(to, sqlite),
            On::SqlitePool(to) => run!(to, sqlite),
            On::Postgres(to) => run!(to, postgres),
            On::PostgresPool(to) => run!(to, postgres),
        }
    }

    /// Its rows, as they come.
    pub fn fetch<'c>(self, on: impl Into<On<'c>>) -> BoxStream<'c, Result<Row, sqlx::Error>> {
        macro_rules! run {
            ($to:expr, $args:ident, $row:ident) => {
                match self.$args() {
                    Ok((text, arguments)) => {
                        sqlx::query_with(text, arguments).fetch($to).map(|row| row.map(Row::$row)).boxed()
                    }
                    Err(error) => futures::stream::once(async { Err(error) }).boxed(),
                }
            };
        }
        match on.into() {
            On::Sqlite(to) => run!(to, sqlite, Sqlite),
            On::SqlitePool(to) => run!(to, sqlite, Sqlite),
            On::Postgres(to) => run!(to, postgres, Postgres),
            On::PostgresPool(to) => run!(to, postgres, Postgres),
        }
    }

    /// All its rows.
    ///
    /// # Errors
    /// When the engine failed.
    pub async fn fetch_all<'c>(self, on: impl Into<On<'c>>) -> Result<Vec<Row>, sqlx::Error> {
        macro_rules! run {
            ($to:expr, $args:ident, $row:ident) => {{
                let (text, arguments) = self.$args()?;
                let rows = sqlx::query_with(text, arguments).fetch_all($to).await?;
                Ok(rows.into_iter().map(Row::$row).collect())
            }};
        }
        match on.into() {
            On::Sqlite(to) => run!(to, sqlite, Sqlite),
            On::SqlitePool(to) => run!(to, sqlite, Sqlite),
            On::Postgres(to) => run!(to, postgres, Postgres),
            On::PostgresPool(to) => run!(to, postgres, Postgres),
        }
    }

    /// Its first row, if there is one.
    ///
    /// # Errors
    /// When the engine failed.
    pub async fn fetch_optional<'c>(self, on: impl Into<On<'c>>) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.fetch_all(on).await?.into_iter().next())
    }

    /// Its one row.
    ///
    /// # Errors
    /// [`sqlx::Error::RowNotFound`], or when the engine failed.
    pub async fn fetch_one<'c>(self, on: impl Into<On<'c>>) -> Result<Row, sqlx::Error> {
        self.fetch_optional(on).await?.ok_or(sqlx::Error::RowNotFound)
    }
}

fn safe(text: Text, of: impl Fn(&Sql) -> &'static str) -> AssertSqlSafe<String> {
    AssertSqlSafe(match text {
        Text::Constant(sql) => of(sql).to_owned(),
        Text::Built(text) => text,
    })
}
