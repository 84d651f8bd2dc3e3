//! A statement with its values, and where it goes.

use std::time::Duration;

use futures::stream::{BoxStream, StreamExt as _};
use sqlx::postgres::{PgArguments, PgPool};
use sqlx::sqlite::{SqliteArguments, SqlitePool};
use sqlx::{Arguments as _, AssertSqlSafe, Executor, PgConnection, SqliteConnection};

use super::{Connection, Pool, Row, Sql, Transaction, Value};
use crate::db::outage::waited;

/// How long a statement on PostgreSQL is waited for before its connection is given up: a network that is cut says
/// nothing, and a client waits for ever.
const STATEMENT_WAIT_MAX: Duration = Duration::from_secs(30);

/// Waits for a server, but not for ever.
pub(super) async fn limited<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    waited(STATEMENT_WAIT_MAX, answer).await
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
    takes_long: bool,
}

/// A statement without values yet.
#[must_use]
pub fn query(text: impl Into<Text>) -> Query {
    Query { text: text.into(), values: Vec::new(), takes_long: false }
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

    /// It is waited for however long it takes: whole tables are gone through.
    #[must_use]
    pub fn takes_long(mut self) -> Self {
        self.takes_long = true;
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
        let takes_long = self.takes_long;
        macro_rules! run {
            ($to:expr, $args:ident) => {{
                let (text, arguments) = self.$args()?;
                let query = sqlx::query_with(text, arguments);
                async move { Ok($to.execute(query).await?.rows_affected()) }
            }};
        }
        match on.into() {
            On::Sqlite(to) => run!(to, sqlite).await,
            On::SqlitePool(to) => run!(to, sqlite).await,
            On::Postgres(to) if takes_long => run!(to, postgres).await,
            On::Postgres(to) => limited(run!(to, postgres)).await,
            On::PostgresPool(to) => limited(run!(to, postgres)).await,
        }
    }

    /// Its rows, as they come, however long they take.
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
                let query = sqlx::query_with(text, arguments);
                async move { Ok(query.fetch_all($to).await?.into_iter().map(Row::$row).collect()) }
            }};
        }
        match on.into() {
            On::Sqlite(to) => run!(to, sqlite, Sqlite).await,
            On::SqlitePool(to) => run!(to, sqlite, Sqlite).await,
            On::Postgres(to) => limited(run!(to, postgres, Postgres)).await,
            On::PostgresPool(to) => limited(run!(to, postgres, Postgres)).await,
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
