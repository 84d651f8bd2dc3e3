//! The log as its engine holds it, looked at from the side.

use std::path::PathBuf;

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use subject_record::db::postgres::Postgres;
use subject_record::db::sql::{Connection, Sql, query};
use subject_record::store::postgres::SCHEMA;

use super::Failure;

const LAST: Sql = Sql::both("SELECT coalesce(max(position), 0) AS last FROM events");
// What the record says of itself, once a minute, was sent by nobody.
const COMMITS: Sql = Sql::both(
    "SELECT count(*) AS events, count(DISTINCT recorded_us) AS commits FROM events \
    WHERE position > $1 AND stream <> (SELECT stream FROM streams WHERE name = 'office')",
);

/// Where it is.
#[derive(Clone, Debug)]
pub(super) enum Log {
    /// A file.
    File(PathBuf),
    /// A database, by its URL.
    Database(String),
}

impl Log {
    /// Somebody who reads.
    pub(super) async fn reader(&self) -> Result<Connection, Failure> {
        Ok(match self {
            Self::File(path) => Connection::Sqlite(
                SqliteConnectOptions::new().filename(path).read_only(true).connect().await?,
            ),
            Self::Database(url) => Connection::Postgres(Postgres::at(url, SCHEMA)?.connect().await?),
        })
    }
}

/// Position of the last event.
pub(super) async fn last(reader: &mut Connection) -> Result<i64, Failure> {
    Ok(query(&LAST).fetch_one(reader).await?.integer("last")?)
}

/// Events after a position, and the commits they came in. All events of a commit bear one recorded time.
pub(super) async fn commits(reader: &mut Connection, after: i64) -> Result<(u64, u64), Failure> {
    let row = query(&COMMITS).bind(after).fetch_one(reader).await?;
    Ok((row.unsigned("events")?, row.unsigned("commits")?))
}
