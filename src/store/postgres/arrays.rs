//! The one statement that appends a batch: rows go in as arrays, a column each.

use std::collections::HashMap;

use sqlx::PgConnection;
use subject_record_schemas::{Source, StreamName};

use crate::store::plan::Plan;

/// Appends a batch if the log ends where it is thought to, all or nothing; otherwise it changes no row.
const APPEND: &str = "WITH moved AS (UPDATE sequencer SET position = $1, recorded_us = $2, streams = $3, sources = $4 \
        WHERE position = $5 RETURNING pg_notify('subject_record_appended', $1::text)), \
    streams_added AS (INSERT INTO streams (stream, name) SELECT new.stream, new.name \
        FROM unnest($6::bigint[], $7::text[]) new (stream, name) WHERE EXISTS (SELECT 1 FROM moved)), \
    sources_added AS (INSERT INTO sources (source, name) SELECT new.source, new.name \
        FROM unnest($8::bigint[], $9::text[]) new (source, name) WHERE EXISTS (SELECT 1 FROM moved)), \
    boxes_added AS (INSERT INTO boxes (position, generation, sealed) SELECT new.position, new.generation, new.sealed \
        FROM unnest($10::bigint[], $11::bigint[], $12::bytea[]) new (position, generation, sealed) \
        WHERE EXISTS (SELECT 1 FROM moved)) \
    INSERT INTO events (position, stream, revision, source, id, mark, recorded_us, leaf, body) \
    SELECT new.position, new.stream, new.revision, new.source, new.id, new.mark, new.recorded_us, new.leaf, new.body \
    FROM unnest($13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::text[], $18::bigint[], $19::bigint[], \
        $20::bytea[], $21::text[]) \
        new (position, stream, revision, source, id, mark, recorded_us, leaf, body) \
    WHERE EXISTS (SELECT 1 FROM moved)";

/// Numbers of streams and sources, as far as they are given out.
#[derive(Debug)]
pub(super) struct Numbers<'w> {
    pub(super) last_position: u64,
    pub(super) last_stream: i64,
    pub(super) sources: &'w HashMap<Source, i64>,
    pub(super) last_source: i64,
}

/// Numbers that a batch gave out.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) streams: HashMap<StreamName, i64>,
    pub(super) sources: HashMap<Source, i64>,
}

/// Columns of the statement.
#[derive(Default)]
struct Columns<'p> {
    positions: Vec<i64>,
    streams: Vec<i64>,
    revisions: Vec<i64>,
    sources: Vec<i64>,
    ids: Vec<&'p str>,
    marks: Vec<i64>,
    recorded: Vec<i64>,
    leaves: Vec<&'p [u8]>,
    bodies: Vec<&'p str>,
    boxed: Vec<i64>,
    generations: Vec<i64>,
    sealed: Vec<&'p [u8]>,
}

/// A number as PostgreSQL holds it. Positions and revisions stay far below its limit.
fn row_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Writes a plan that has events. `None` when the log has moved on meanwhile, and nothing was written.
pub(super) async fn write(
    connection: &mut PgConnection,
    plan: &Plan,
    numbers: &Numbers<'_>,
) -> Result<Option<Given>, sqlx::Error> {
    let mut given = Given::default();
    let mut columns = Columns::default();
    let (mut last_stream, mut last_source) = (numbers.last_stream, numbers.last_source);
    for event in &plan.events {
        let receipt = &event.receipt;
        let known = plan.streams.get(&receipt.stream).and_then(|known| known.number);
        let stream = known.or_else(|| given.streams.get(&receipt.stream).copied()).unwrap_or_else(|| {
            last_stream += 1;
            given.streams.insert(receipt.stream.clone(), last_stream);
            last_stream
        });
        let source = &event.key.source;
        let known = numbers.sources.get(source).or_else(|| given.sources.get(source)).copied();
        let source = known.unwrap_or_else(|| {
            last_source += 1;
            given.sources.insert(source.clone(), last_source);
            last_source
        });
        let position = row_number(receipt.position.number());
        columns.positions.push(position);
        columns.streams.push(stream);
        columns.revisions.push(row_number(receipt.revision.number()));
        columns.sources.push(source);
        columns.ids.push(event.key.id.as_str());
        columns.marks.push(event.mark.number());
        columns.recorded.push(receipt.recorded_at.timestamp_micros());
        columns.leaves.push(receipt.leaf_hash.bytes().as_slice());
        columns.bodies.push(&event.text);
        if let Some(sealed_box) = &event.sealed_box {
            columns.boxed.push(position);
            columns.generations.push(i64::from(sealed_box.generation));
            columns.sealed.push(&sealed_box.sealed);
        }
    }
    let new_streams: (Vec<i64>, Vec<String>) =
        given.streams.iter().map(|(name, number)| (*number, name.to_string())).unzip();
    let new_sources: (Vec<i64>, Vec<&str>) =
        given.sources.iter().map(|(name, number)| (*number, name.as_str())).unzip();
    let done = sqlx::query(APPEND)
        .bind(columns.positions.last())
        .bind(columns.recorded.last())
        .bind(last_stream)
        .bind(last_source)
        .bind(row_number(numbers.last_position))
        .bind(&new_streams.0)
        .bind(&new_streams.1)
        .bind(&new_sources.0)
        .bind(&new_sources.1)
        .bind(&columns.boxed)
        .bind(&columns.generations)
        .bind(&columns.sealed)
        .bind(&columns.positions)
        .bind(&columns.streams)
        .bind(&columns.revisions)
        .bind(&columns.sources)
        .bind(&columns.ids)
        .bind(&columns.marks)
        .bind(&columns.recorded)
        .bind(&columns.leaves)
        .bind(&columns.bodies)
        .execute(connection)
        .await?
        .rows_affected();
    match usize::try_from(done) {
        Ok(0) => Ok(None),
        Ok(done) if done == plan.events.len() => Ok(Some(given)),
        _ => Err(sqlx::Error::Protocol(format!("{done} events of {} were appended", plan.events.len()))),
    }
}
