//! Reading rows: a generation as readers hold it, and one generic search over every table.
//!
//! A reader says at which instant (`T`) and as known at which position (`K`) it wants rows. In a file every search
//! names the index that it uses: what it costs must not hang on a planner's guess. A schema has the same indexes.

use std::sync::Arc;

use subject_record_projections::table::{Cell, Table};
use subject_record_schemas::Position;

use super::Projection;
use super::batch::number;
use super::generation::Generation;
use super::progress::{self, Progress};
use super::search::{Search, order, search};
use super::tables::quoted;
use crate::db::DatabaseError;
use crate::db::sql::{Engine, Pool, Row, Text, query};

/// Rows could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file failed.
    #[error("read models cannot be read")]
    Database(#[from] sqlx::Error),
    /// A search names a column that the table does not have, or a word that its set does not have.
    #[error("{table} cannot be searched by {column}")]
    Column {
        /// The table.
        table: &'static str,
        /// What it was asked by.
        column: String,
    },
    /// There are no rows yet that this version of the service could read.
    #[error("the rows are not there yet")]
    NotThere,
    /// The projector has stopped.
    #[error("the service is stopping")]
    Closed,
}

/// Rows of a projection, as they stand in one generation.
#[derive(Debug)]
pub struct ReadModel {
    projection: Projection,
    // Before the generation, so that its connections are let go first.
    readers: Pool,
    generation: Arc<Generation>,
}

/// After which row a page goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// In a table of versions.
    Version {
        /// Instant by which the row is listed, in microseconds.
        at_us: i64,
        /// Whose it is.
        subject: String,
        /// Its key.
        key: String,
    },
    /// In a table with a row an event.
    Event {
        /// When it happened, in microseconds.
        time_us: i64,
        /// Where it stands.
        position: Position,
    },
}

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Columns that hold these values, or contain this word: a set is asked by the bit of one word.
    pub equals: Vec<(&'static str, Cell)>,
    /// Whose.
    pub subject: Option<String>,
    /// Listed from this instant on, in microseconds.
    pub from_us: Option<i64>,
    /// Listed before this instant, in microseconds.
    pub to_us: Option<i64>,
    /// The newest first.
    pub newest_first: bool,
    /// The page before ended here.
    pub cursor: Option<Cursor>,
    /// Rows at most.
    pub limit: u32,
}

/// A row of a table of versions.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRead {
    /// Whose.
    pub subject: String,
    /// Its key.
    pub key: String,
    /// Instant by which it is listed, in microseconds.
    pub at_us: i64,
    /// First instant at which it holds.
    pub valid_from_us: i64,
    /// First instant at which it holds no more, as known at `K`.
    pub valid_until_us: Option<i64>,
    /// The event by which it became known.
    pub known_from: Position,
    /// The last publication it was judged by.
    pub judged_at: Position,
    /// What is shown, as JSON.
    pub body: String,
}

/// A row of a table with a row an event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRead {
    /// Where it stands.
    pub position: Position,
    /// Whose stream it stands in.
    pub subject: String,
    /// When it happened, in microseconds.
    pub time_us: i64,
}

impl ReadModel {
    pub(super) async fn open(
        projection: Projection,
        generation: Arc<Generation>,
    ) -> Result<Self, DatabaseError> {
        let readers = generation.readers().await?;
        Ok(Self { projection, readers, generation })
    }

    pub(super) const fn readers(&self) -> &Pool {
        &self.readers
    }

    /// Where its rows stand.
    pub(super) const fn stands(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// Its projection.
    #[must_use]
    pub const fn projection(&self) -> Projection {
        self.projection
    }

    /// How often it was built anew, beginning with 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.number
    }

    /// How far its rows are. What is read as known at this position never changes any more.
    ///
    /// # Errors
    /// [`ReadError::Database`].
    pub async fn progress(&self) -> Result<Progress, ReadError> {
        Ok(progress::progress(&self.readers).await?)
    }

    /// Rows of a table of versions at an instant, as known at a position.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn versions(
        &self,
        table: &'static Table,
        filter: &Filter,
        at_us: i64,
        known: Position,
    ) -> Result<Vec<VersionRead>, ReadError> {
        let mut search = search(table, filter)?;
        let (at, known) = (search.bind(at_us), search.bind(number(known)));
        search.also(format!(
            "known_from <= {known} AND known_until > {known} AND valid_from <= {at} \
             AND (valid_until > {at} OR until_known > {known})"
        ));
        let columns = format!(
            "subject, key, at_us, valid_from, \
             CASE WHEN until_known <= {known} THEN valid_until END AS valid_until, known_from, judged_at, body"
        );
        let rows = self.fetch(table, filter, search, &columns).await?;
        rows.iter().map(version).collect()
    }

    /// Rows of a table with a row an event: what had happened by an instant, as known at a position.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn events(
        &self,
        table: &'static Table,
        filter: &Filter,
        at_us: i64,
        known: Position,
    ) -> Result<Vec<EventRead>, ReadError> {
        let mut search = search(table, filter)?;
        let (at, known) = (search.bind(at_us), search.bind(number(known)));
        search.also(format!("time_us <= {at} AND position <= {known}"));
        let rows = self.fetch(table, filter, search, "position, subject, time_us").await?;
        rows.iter().map(event).collect()
    }

    async fn fetch(
        &self,
        table: &'static Table,
        filter: &Filter,
        mut search: Search,
        columns: &str,
    ) -> Result<Vec<Row>, ReadError> {
        let way = if filter.newest_first { " DESC" } else { "" };
        let order: Vec<_> = order(table).iter().map(|column| format!("{column}{way}")).collect();
        let limit = search.bind(i64::from(filter.limit));
        let by = match self.readers.engine() {
            Engine::Sqlite => format!(" INDEXED BY {}", search.index),
            Engine::Postgres => String::new(),
        };
        let sql = format!(
            "SELECT {columns} FROM {}{by} WHERE {} ORDER BY {} LIMIT {limit}",
            quoted(table.name),
            search.conditions.join(" AND "),
            order.join(", "),
        );
        // The text holds names of columns, which are constants, and placeholders.
        Ok(query(Text::Built(sql)).bind_all(search.values).fetch_all(&self.readers).await?)
    }
}

fn position(row: &Row, column: &str) -> Result<Position, ReadError> {
    Ok(Position::new(u64::try_from(row.integer(column)?).unwrap_or(0)))
}

fn version(row: &Row) -> Result<VersionRead, ReadError> {
    Ok(VersionRead {
        subject: row.text("subject")?,
        key: row.text("key")?,
        at_us: row.integer("at_us")?,
        valid_from_us: row.integer("valid_from")?,
        valid_until_us: row.integer_or_null("valid_until")?,
        known_from: position(row, "known_from")?,
        judged_at: position(row, "judged_at")?,
        body: row.text("body")?,
    })
}

fn event(row: &Row) -> Result<EventRead, ReadError> {
    Ok(EventRead {
        position: position(row, "position")?,
        subject: row.text("subject")?,
        time_us: row.integer("time_us")?,
    })
}
