//! Writes batches: all rows, and how far they are, in one transaction; a few statements each, never one an event.

use std::sync::Arc;

use serde_json::json;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};
use subject_record_projections::table::{Cell, EventRow, Shape};

use super::Projection;
use super::batch::{Batch, Opened, Versioned, number};
use super::file::Use;
use super::tables::Statements;

const LATEST: &str = "INSERT INTO people (subject, latest_us) SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true \
    ON CONFLICT (subject) DO UPDATE SET latest_us = max(latest_us, excluded.latest_us)";
const ADVANCE: &str = "UPDATE progress SET position = ?1, leaf = ?2, advanced_us = ?3 WHERE position = ?4";
const CLEAR_CURSOR: &str = "DELETE FROM judging_anew WHERE position <= ?1";
const KEEP_CURSOR: &str = "INSERT INTO judging_anew (position, subject) VALUES (?1, ?2) \
    ON CONFLICT (position) DO UPDATE SET subject = excluded.subject";

/// Events of one transaction while a file is being built: a page of an index that many batches change is written
/// once.
const HELD_EVENTS: usize = 50_000;

/// Statements of a projection's tables.
#[derive(Debug)]
pub(super) struct Writer {
    tables: Vec<Statements>,
    /// Events that a transaction may take in before it is committed.
    held_events: usize,
    /// Events of the transaction that is open.
    open_events: usize,
}

fn fault(error: sqlx::error::BoxDynError) -> sqlx::Error {
    sqlx::Error::Encode(error)
}

fn bind_cells(arguments: &mut SqliteArguments, cells: &[Cell]) -> Result<(), sqlx::Error> {
    for cell in cells {
        match cell {
            Cell::Null => arguments.add(None::<i64>),
            Cell::Integer(number) => arguments.add(*number),
            Cell::Text(text) => arguments.add(Arc::clone(text)),
        }
        .map_err(fault)?;
    }
    Ok(())
}

fn bind_opened(arguments: &mut SqliteArguments, opened: &Opened) -> Result<(), sqlx::Error> {
    let row = &opened.row;
    arguments.add(Arc::clone(&opened.subject)).map_err(fault)?;
    arguments.add(Arc::clone(&row.key)).map_err(fault)?;
    for number in [
        row.at.timestamp_micros(),
        opened.valid_from,
        opened.valid_until,
        opened.until_known,
        opened.known_from,
        opened.known_until,
        opened.judged_at,
    ] {
        arguments.add(number).map_err(fault)?;
    }
    bind_cells(arguments, &row.cells)?;
    arguments.add(Arc::clone(&row.body)).map_err(fault)
}

fn bind_event(arguments: &mut SqliteArguments, row: &EventRow) -> Result<(), sqlx::Error> {
    arguments.add(number(row.position)).map_err(fault)?;
    arguments.add(Arc::clone(&row.subject)).map_err(fault)?;
    arguments.add(row.at.timestamp_micros()).map_err(fault)?;
    bind_cells(arguments, &row.cells)
}

async fn insert<R>(
    connection: &mut SqliteConnection,
    statements: &Statements,
    rows: &[R],
    bind: impl Fn(&mut SqliteArguments, &R) -> Result<(), sqlx::Error>,
) -> Result<(), sqlx::Error> {
    for (sql, group) in statements.groups(rows) {
        let mut arguments = SqliteArguments::default();
        group.iter().try_for_each(|row| bind(&mut arguments, row))?;
        // The text holds nothing but names of columns and placeholders.
        sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Changes rows of earlier batches. A row that is not there means that rows and events no longer fit together.
async fn change(
    connection: &mut SqliteConnection,
    sql: &str,
    changes: serde_json::Value,
    count: usize,
) -> Result<(), sqlx::Error> {
    if count == 0 {
        return Ok(());
    }
    let changed = sqlx::query(AssertSqlSafe(sql)).bind(changes.to_string()).execute(connection).await?;
    if changed.rows_affected() == u64::try_from(count).unwrap_or(u64::MAX) {
        return Ok(());
    }
    let found = changed.rows_affected();
    Err(sqlx::Error::Protocol(format!("{count} rows were to be changed and {found} were there: rebuild")))
}

async fn change_versioned(
    connection: &mut SqliteConnection,
    statements: &Statements,
    versioned: &Versioned,
) -> Result<(), sqlx::Error> {
    let ended = versioned.ended.iter();
    let ended =
        ended.map(|((subject, key, from), until, position)| json!([**subject, **key, from, until, position]));
    change(connection, &statements.end, ended.collect(), versioned.ended.len()).await?;
    let retracted = versioned.retracted.iter();
    let retracted =
        retracted.map(|((subject, key, from), position)| json!([**subject, **key, from, position]));
    change(connection, &statements.retract, retracted.collect(), versioned.retracted.len()).await
}

impl Writer {
    /// For the tables of a projection.
    pub(super) fn new(projection: Projection, wanted: Use) -> Self {
        let tables = projection.tables().iter().map(|table| Statements::of(table)).collect();
        let held_events = if wanted == Use::Building { HELD_EVENTS } else { 0 };
        Self { tables, held_events, open_events: 0 }
    }

    /// Writes a batch. While a file is being built nobody reads it unless a batch is waited for, so that several
    /// batches may make one transaction.
    pub(super) async fn write(
        &mut self,
        connection: &mut SqliteConnection,
        batch: &Batch,
        now_us: i64,
    ) -> Result<(), sqlx::Error> {
        if self.open_events == 0 {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
        }
        let written = self.write_rows(connection, batch, now_us).await;
        if written.is_err() {
            // The rows stand as before the batch, or the file is thrown away.
            let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
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
    pub(super) async fn commit(&mut self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if self.open_events == 0 {
            return Ok(());
        }
        self.open_events = 0;
        let committed = sqlx::query("COMMIT").execute(&mut *connection).await;
        if committed.is_err() {
            let _ = sqlx::query("ROLLBACK").execute(connection).await;
        }
        committed.map(drop)
    }

    async fn write_rows(
        &self,
        transaction: &mut SqliteConnection,
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
                    insert(transaction, statements, &opened, |to, row| bind_opened(to, row)).await?;
                }
                Shape::Events => {
                    let rows: Vec<_> =
                        batch.rows.iter().filter(|row| row.table == statements.table).collect();
                    insert(transaction, statements, &rows, |to, row| bind_event(to, row)).await?;
                }
            }
        }
        if !batch.latest.is_empty() {
            let latest: Vec<_> =
                batch.latest.iter().map(|(subject, latest)| json!([**subject, latest])).collect();
            let latest = serde_json::Value::from(latest).to_string();
            sqlx::query(LATEST).bind(latest).execute(&mut *transaction).await?;
        }
        match &batch.cursor {
            Some(cursor) => {
                let query = sqlx::query(KEEP_CURSOR).bind(cursor.position).bind(Arc::clone(&cursor.subject));
                query.execute(&mut *transaction).await?;
            }
            None => {
                let passed = number(batch.place.position);
                sqlx::query(CLEAR_CURSOR).bind(passed).execute(&mut *transaction).await?;
            }
        }
        let leaf = batch.place.leaf.map(|leaf| leaf.bytes().to_vec());
        let advance = sqlx::query(ADVANCE).bind(number(batch.place.position)).bind(leaf).bind(now_us);
        let advanced = advance.bind(number(batch.after)).execute(&mut *transaction).await?;
        if advanced.rows_affected() != 1 {
            let cause = "the rows are not where this batch goes on: another writer has the file";
            return Err(sqlx::Error::Protocol(cause.into()));
        }
        Ok(())
    }
}
