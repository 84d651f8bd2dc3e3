//! What a generation of read models says of itself, in a file or a schema alike: how far its rows are, and why they
//! stand.

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_schemas::{LeafHash, Position};

use super::Projection;
use super::batch::{Cursor, Mark, number};
use super::tables::{create, create_current, create_indexes, description};
use crate::db::sql::{Connection, On, Sql, Text, query};

static NEW: Sql =
    Sql::both("INSERT INTO progress (only_row, position, building, tables) VALUES (1, 0, $1, $2)");
static PROGRESS: Sql =
    Sql::both("SELECT position, leaf, advanced_us, stopped_at, cause, building, tables FROM progress");
static CURSOR: Sql = Sql::both("SELECT position, subject FROM judging_anew");
static STOP: Sql = Sql::both("UPDATE progress SET stopped_at = $1, cause = $2");
static LATEST: Sql = Sql::both("CREATE INDEX people_by_latest ON people (latest_us)");

/// What a generation says of how far it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The last event whose rows are written.
    pub position: Position,
    /// Its leaf hash; absent before the first event.
    pub leaf: Option<LeafHash>,
    /// When they were.
    pub advanced_at: Option<DateTime<Utc>>,
    /// The event that could not be handled, and why.
    pub stopped: Option<Stop>,
    /// Whether a rebuild still fills it.
    pub(super) building: bool,
    pub(super) tables: String,
}

impl Progress {
    /// Position and leaf hash together.
    pub(super) const fn place(&self) -> Mark {
        Mark { position: self.position, leaf: self.leaf }
    }
}

/// Why a projection stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// The event that it cannot handle.
    pub position: Position,
    /// Why.
    pub cause: String,
}

/// Reads how far a generation is.
pub(super) async fn progress(on: impl Into<On<'_>>) -> Result<Progress, sqlx::Error> {
    let row = query(&PROGRESS).fetch_one(on).await?;
    let position = |number: i64| Position::new(u64::try_from(number).unwrap_or(0));
    let leaf = row.bytes_or_null("leaf")?.map(|bytes| bytes.try_into().map(LeafHash::new));
    let leaf = leaf.transpose().map_err(|_| sqlx::Error::Decode("a leaf hash is not 32 bytes".into()))?;
    let cause = row.text_or_null("cause")?;
    Ok(Progress {
        position: position(row.integer("position")?),
        leaf,
        advanced_at: row.integer_or_null("advanced_us")?.and_then(DateTime::from_timestamp_micros),
        stopped: row
            .integer_or_null("stopped_at")?
            .map(|at| Stop { position: position(at), cause: cause.unwrap_or_default() }),
        building: row.flag("building")?,
        tables: row.text("tables")?,
    })
}

/// Reads how far a judging anew has come.
pub(super) async fn cursor(on: impl Into<On<'_>>) -> Result<Option<Cursor>, sqlx::Error> {
    let Some(row) = query(&CURSOR).fetch_optional(on).await? else { return Ok(None) };
    Ok(Some(Cursor { position: row.integer("position")?, subject: row.text("subject")?.into() }))
}

/// Keeps that a projection stands at an event, or that it is to try again.
pub(super) async fn keep_stop(connection: &mut Connection, stop: Option<&Stop>) -> Result<(), sqlx::Error> {
    let at = stop.map(|stop| number(stop.position));
    let query = query(&STOP).bind(at).bind(stop.map(|stop| stop.cause.as_str()));
    query.execute(connection).await.map(drop)
}

/// Whether a rebuild fills a generation, or readers read it while it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Live,
    Building,
}

/// Runs a statement that is built of constants: descriptions of tables, names and numbers.
pub(super) async fn run(connection: &mut Connection, sql: impl Into<String>) -> Result<(), sqlx::Error> {
    query(Text::Built(sql.into())).execute(connection).await.map(drop)
}

/// [`run`], however long it takes: it goes through whole tables.
pub(super) async fn run_long(connection: &mut Connection, sql: impl Into<String>) -> Result<(), sqlx::Error> {
    query(Text::Built(sql.into())).takes_long().execute(connection).await.map(drop)
}

/// Makes the tables, and says in the same commit whether the generation is being built.
pub(super) async fn make(
    connection: &mut Connection,
    projection: Projection,
    wanted: Use,
) -> Result<(), sqlx::Error> {
    let engine = connection.engine();
    run(connection, "BEGIN").await?;
    for table in projection.tables() {
        run(connection, create(table, engine)).await?;
        if let Some(index) = create_current(table) {
            run(connection, index).await?;
        }
    }
    if wanted == Use::Live {
        index(connection, projection).await?;
    }
    let new = query(&NEW).bind(wanted == Use::Building).bind(description(projection.tables(), engine));
    new.execute(&mut *connection).await?;
    run(connection, "COMMIT").await
}

/// Makes the indexes of searches.
pub(super) async fn index(connection: &mut Connection, projection: Projection) -> Result<(), sqlx::Error> {
    for statement in projection.tables().iter().flat_map(|table| create_indexes(table)) {
        run_long(connection, statement).await?;
    }
    query(&LATEST).takes_long().execute(connection).await.map(drop)
}
