//! Writes batches: all rows, and how far they are, in one transaction; a few statements each, never one an event.

use std::sync::Arc;

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe};
use subject_record_projections::table::Shape;

use super::Projection;
use super::batch::{Batch, Name, Versioned, number};
use super::progress::{Use, run};
use super::tables::Statements;
use super::values::{Held, Written, arrays, changes, latest};
use crate::db::sql::{Connection, Engine, Sql, Text, query};

static LATEST: Sql = Sql::apart(
    "INSERT INTO people (subject, latest_us) SELECT value ->> 0, value ->> 1 FROM json_each($1) WHERE true \
     ON CONFLICT (subject) DO UPDATE SET latest_us = max(latest_us, excluded.latest_us)",
    "INSERT INTO people (subject, latest_us) SELECT * FROM UNNEST($1::text[], $2::bigint[]) \
     ON CONFLICT (subject) DO UPDATE SET latest_us = greatest(people.latest_us, excluded.latest_us)",
);
static ADVANCE: Sql =
    Sql::both("UPDATE progress SET position = $1, leaf = $2, advanced_us = $3 WHERE position = $4");
static CLEAR_CURSOR: Sql = Sql::both("DELETE FROM judging_anew WHERE position <= $1");
static KEEP_CURSOR: Sql = Sql::both(
    "INSERT INTO judging_anew (position, subject) VALUES ($1, $2) \
     ON CONFLICT (position) DO UPDATE SET subject = excluded.subject",
);

/// Events of one transaction while a file is being built: a page of an index that many batches change is written
/// once. A schema gains nothing by that, and its server ends a transaction that waits for the next batch for long.
const HELD_EVENTS: usize = 50_000;

/// Statements of a projection's tables.
#[derive(Debug)]
pub(super) struct Writer {
    tables: Vec<Statements>,
    begin: &'static str,
    /// Events that a transaction may take in before it is committed.
    held_events: usize,
    /// Events of the transaction that is open.
    open_events: usize,
}

async fn insert<W: Written>(
    connection: &mut Connection,
    statements: &Statements,
    rows: &[&W],
) -> Result<(), sqlx::Error> {
    match connection {
        Connection::Sqlite(connection) => {
            for (sql, group) in statements.groups(rows) {
                let mut arguments = SqliteArguments::default();
                let mut put = |held: Held<'_>| {
                    let added = match held {
                        Held::Null => arguments.add(None::<i64>),
                        Held::Integer(number) => arguments.add(number),
                        Held::Text(text) => arguments.add(Arc::clone(text)),
                    };
                    added.map_err(sqlx::Error::Encode)
                };
                group.iter().try_for_each(|row| row.each(&mut put))?;
                // The text holds nothing but names of columns and placeholders.
                sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut *connection).await?;
            }
            Ok(())
        }
        Connection::Postgres(_) if rows.is_empty() => Ok(()),
        Connection::Postgres(connection) => {
            let arrays = arrays(statements, rows)?;
            query(Text::Built(statements.insert.clone())).bind_all(arrays).execute(connection).await.map(drop)
        }
    }
}

/// Changes rows of earlier batches. A row that is not there means that rows and events no longer fit together.
async fn change<'r, const N: usize>(
    connection: &mut Connection,
    sql: &str,
    rows: impl ExactSizeIterator<Item = (&'r Name, [i64; N])>,
) -> Result<(), sqlx::Error> {
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    if count == 0 {
        return Ok(());
    }
    let changes = changes(connection.engine(), rows);
    let found = query(Text::Built(sql.to_owned())).bind_all(changes).execute(connection).await?;
    if found == count {
        return Ok(());
    }
    Err(sqlx::Error::Protocol(format!("{count} rows were to be changed and {found} were there: rebuild")))
}

async fn change_versioned(
    connection: &mut Connection,
    statements: &Statements,
    versioned: &Versioned,
) -> Result<(), sqlx::Error> {
    let ended = versioned.ended.iter().map(|(name, until, position)| (name, [*until, *position]));
    change(connection, &statements.end, ended).await?;
    let retracted = versioned.retracted.iter().map(|(name, position)| (name, [*position]));
    change(connection, &statements.retract, retracted).await
}

impl Writer {
    /// For the tables of a projection.
    pub(super) fn new(projection: Projection, wanted: Use, engine: Engine) -> Self {
        let tables = projection.tables().iter().map(|table| Statements::of(table, engine)).collect();
        let (begin, held_events) = match (engine, wanted) {
            (Engine::Sqlite, Use::Building) => ("BEGIN IMMEDIATE", HELD_EVENTS),
            (Engine::Sqlite, Use::Live) => ("BEGIN IMMEDIATE", 0),
            (Engine::Postgres, _) => ("BEGIN", 0),
        };
        Self { tables, begin, held_events, open_events: 0 }
    }

    /// Writes a batch. While a file is being built nobody reads it unless a batch is waited for, so that several
    /// batches may make one transaction.
    pub(super) async fn write(
        &mut self,
        connection: &mut Connection,
        batch: &Batch,
        now_us: i64,
    ) -> Result<(), sqlx::Error> {
        if self.open_events == 0 {
            run(connection, self.begin).await?;
        }
        let written = self.write_rows(connection, batch, now_us).await;
        if written.is_err() {
            // The rows stand as before the batch, or the file is thrown away.
            let _ = run(connection, "ROLLBACK").await;
            self.open_events = 0;
            return written;
        }
        self.open_events += batch.events.max(1);
        if self.open_events > self.held_events || batch.written.is_some() {
            self.commit(connection).await?;
        }
        Ok(())
    }

    /// Ends the transaction that is open, if one is.
    pub(super) async fn commit(&mut self, connection: &mut Connection) -> Result<(), sqlx::Error> {
        if self.open_events == 0 {
            return Ok(());
        }
        self.open_events = 0;
        let committed = run(connection, "COMMIT").await;
        if committed.is_err() {
            let _ = run(connection, "ROLLBACK").await;
        }
        committed
    }

    async fn write_rows(
        &self,
        transaction: &mut Connection,
        batch: &Batch,
        now_us: i64,
    ) -> Result<(), sqlx::Error> {
        for statements in &self.tables {
            match statements.table.shape {
                Shape::Versions => {
                    if let Some(versioned) = batch.versioned.get(statements.table.name) {
                        change_versioned(transaction, statements, versioned).await?;
                    }
                    let opened = batch.opened(statements.table);
                    insert(transaction, statements, &opened).await?;
                }
                Shape::Events => {
                    let rows: Vec<_> =
                        batch.rows.iter().filter(|row| row.table == statements.table).collect();
                    insert(transaction, statements, &rows).await?;
                }
            }
        }
        if !batch.latest.is_empty() {
            query(&LATEST).bind_all(latest(batch, transaction.engine())).execute(&mut *transaction).await?;
        }
        match &batch.cursor {
            Some(cursor) => {
                let query = query(&KEEP_CURSOR).bind(cursor.position).bind(Arc::clone(&cursor.subject));
                query.execute(&mut *transaction).await?;
            }
            None => {
                query(&CLEAR_CURSOR).bind(number(batch.place.position)).execute(&mut *transaction).await?;
            }
        }
        let leaf = batch.place.leaf.map(|leaf| leaf.bytes().to_vec());
        let advance = query(&ADVANCE).bind(number(batch.place.position)).bind(leaf).bind(now_us);
        if advance.bind(number(batch.after)).execute(&mut *transaction).await? != 1 {
            let cause = "the rows are not where this batch goes on: another writer has them";
            return Err(sqlx::Error::Protocol(cause.into()));
        }
        Ok(())
    }
}
