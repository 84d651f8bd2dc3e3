//! The database files as such: their pages, their tables as they were made, and the small tables.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row as _, SqliteConnection};

use super::events::Stream;
use super::fault::{Fault, FaultKind, Faults};
use super::rows::{EventRow, cut, ends_of_lines, integers};

/// Entries of an index that are read at a time.
const INDEX_ENTRIES: i64 = 4_096;

const QUICK: &str = "PRAGMA quick_check";
const INTEGRITY: &str = "PRAGMA integrity_check";
const STREAM_INDEX: &str = "PRAGMA integrity_check(streams)";
const SOURCE_INDEX: &str = "PRAGMA integrity_check(sources)";
const OBJECTS: &str = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema \
    UNION ALL SELECT 'migration ' || version || ' ' || description || ' ' || success || ' ' || hex(checksum) \
    FROM _sqlx_migrations";
const STREAMS: &str = "SELECT stream, name FROM streams";
const FENCED: &str = "SELECT stream, position FROM events WHERE mark = 2 AND mark > 0";
const SOURCES: &str = "SELECT source, name FROM sources";
const TEXTS: &str = "SELECT hash, body FROM texts";
const BY_STREAM: &str = "SELECT count(*), group_concat(stream), group_concat(revision), group_concat(position) FROM \
    (SELECT stream, revision, position FROM events INDEXED BY events_by_stream \
    WHERE (stream, revision) > (?1, ?2) ORDER BY stream, revision LIMIT ?3)";
const BY_ID: &str = "SELECT count(*), group_concat(source), group_concat(position), group_concat(id, char(10)) FROM \
    (SELECT source, id, position FROM events INDEXED BY events_by_id \
    WHERE (source, id) > (?1, ?2) ORDER BY source, id LIMIT ?3)";
const MARKED: &str = "SELECT mark, stream, position FROM events INDEXED BY events_marked WHERE mark > 0";

/// What an index should hold, or holds: the sum of the hashes of its entries, whatever their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct IndexSums {
    by_stream: u64,
    by_id: u64,
    marked: u64,
}

impl IndexSums {
    /// Adds what a row must have in each index.
    pub(super) fn add(&mut self, row: &EventRow<'_>, hasher: &RandomState) {
        self.add_stream(row.stream, row.revision, row.position, hasher);
        self.add_id(row.source, row.id, row.position, hasher);
        if row.mark > 0 {
            self.add_marked(row.mark, row.stream, row.position, hasher);
        }
    }

    pub(super) fn take_in(&mut self, other: Self) {
        self.by_stream = self.by_stream.wrapping_add(other.by_stream);
        self.by_id = self.by_id.wrapping_add(other.by_id);
        self.marked = self.marked.wrapping_add(other.marked);
    }

    fn add_stream(&mut self, stream: i64, revision: i64, position: i64, hasher: &RandomState) {
        self.by_stream = self.by_stream.wrapping_add(hasher.hash_one((stream, revision, position)));
    }

    fn add_id(&mut self, source: i64, id: &[u8], position: i64, hasher: &RandomState) {
        self.by_id = self.by_id.wrapping_add(hasher.hash_one((source, id, position)));
    }

    fn add_marked(&mut self, mark: i64, stream: i64, position: i64, hasher: &RandomState) {
        self.marked = self.marked.wrapping_add(hasher.hash_one((mark, stream, position)));
    }

    /// What the indexes of `events` hold.
    ///
    /// # Errors
    /// When one cannot be read, or does not read as what it should hold.
    pub(super) async fn of_indexes(
        connection: &mut SqliteConnection,
        hasher: &RandomState,
    ) -> Result<Self, sqlx::Error> {
        let uneven = || sqlx::Error::Decode("the columns of an index do not add up".into());
        let mut sums = Self::default();
        let mut after = (i64::MIN, i64::MIN);
        loop {
            let query = sqlx::query(BY_STREAM).bind(after.0).bind(after.1).bind(INDEX_ENTRIES);
            let row = query.fetch_one(&mut *connection).await?;
            let count = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
            let column = |column| integers(&row, column, count).map_err(|_| uneven());
            let (streams, revisions, positions) = (column(1)?, column(2)?, column(3)?);
            for ((stream, revision), position) in streams.iter().zip(&revisions).zip(positions) {
                sums.add_stream(*stream, *revision, position, hasher);
            }
            match (streams.last(), revisions.last()) {
                (Some(stream), Some(revision)) => after = (*stream, *revision),
                _ => break,
            }
        }
        let mut after = (i64::MIN, String::new());
        loop {
            let query = sqlx::query(BY_ID).bind(after.0).bind(after.1.as_str()).bind(INDEX_ENTRIES);
            let row = query.fetch_one(&mut *connection).await?;
            let count = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
            let column = |column| integers(&row, column, count).map_err(|_| uneven());
            let (sources, positions) = (column(1)?, column(2)?);
            let ids = row.try_get::<Option<&[u8]>, _>(3)?.unwrap_or_default();
            let ends = ends_of_lines(ids, count).map_err(|_| uneven())?;
            let ids = cut(ids, &ends).map(|id| id.strip_suffix(b"\n").unwrap_or(id));
            let mut last = None;
            for ((source, position), id) in sources.into_iter().zip(positions).zip(ids) {
                sums.add_id(source, id, position, hasher);
                last = Some((source, id));
            }
            let Some((source, id)) = last else { break };
            after = (source, str::from_utf8(id).map_err(|_| uneven())?.to_owned());
        }
        let mut marked = sqlx::query_as::<_, (i64, i64, i64)>(MARKED).fetch(connection);
        while let Some((mark, stream, position)) = marked.try_next().await? {
            sums.add_marked(mark, stream, position, hasher);
        }
        Ok(sums)
    }

    /// Names of the indexes that differ.
    pub(super) fn differing(&self, other: &Self) -> impl Iterator<Item = &'static str> {
        let pairs = [
            (self.by_stream != other.by_stream, "events_by_stream"),
            (self.by_id != other.by_id, "events_by_id"),
            (self.marked != other.marked, "events_marked"),
        ];
        pairs.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name)
    }
}

/// How much of a file is checked by the engine itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Pages and values; indexes of the events are compared elsewhere, in a fifth of the time.
    Events,
    /// Pages and values: what can be built again from the events any time.
    Derived,
    /// All, each entry of each index included.
    All,
}

/// Lets the engine check a file.
pub(super) async fn check_pages(
    connection: &mut SqliteConnection,
    path: &Path,
    depth: Depth,
    faults: &mut Faults,
) {
    let questions: &[&'static str] = match depth {
        Depth::Events => &[QUICK, STREAM_INDEX, SOURCE_INDEX],
        Depth::Derived => &[QUICK],
        Depth::All => &[INTEGRITY],
    };
    for question in questions {
        let answers: Result<Vec<String>, _> = sqlx::query_scalar(*question).fetch_all(&mut *connection).await;
        let answers = answers.unwrap_or_else(|error| vec![error.to_string()]);
        for answer in answers.iter().filter(|answer| *answer != "ok") {
            faults.add(Fault::whole(FaultKind::File, format!("{}: {answer}", path.display())));
        }
    }
}

/// Compares tables, indexes and triggers with those that this version makes.
///
/// # Errors
/// When the file cannot be read.
pub(super) async fn check_objects(
    connection: &mut SqliteConnection,
    path: &Path,
    migrator: &Migrator,
    faults: &mut Faults,
) -> Result<(), sqlx::Error> {
    let mut model = SqliteConnectOptions::new().in_memory(true).disable_statement_logging().connect().await?;
    migrator
        .run_direct(None, &mut model, false)
        .await
        .map_err(|error| sqlx::Error::Decode(error.to_string().into()))?;
    let due: BTreeSet<String> = objects(&mut model).await?;
    let found = objects(connection).await?;
    let name = |object: &str| object.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let mut told = |object: &str, what: &str| {
        let text = format!("{}: {} {what}", path.display(), name(object));
        faults.add(Fault::whole(FaultKind::File, text));
    };
    due.difference(&found).for_each(|object| told(object, "is missing, or not as this version makes it"));
    let made: BTreeSet<String> = due.iter().map(|object| name(object)).collect();
    let foreign = found.difference(&due).filter(|object| !made.contains(&name(object)));
    foreign.for_each(|object| told(object, "is none that this version makes"));
    Ok(())
}

async fn objects(connection: &mut SqliteConnection) -> Result<BTreeSet<String>, sqlx::Error> {
    let objects: Vec<String> = sqlx::query_scalar(AssertSqlSafe(OBJECTS)).fetch_all(connection).await?;
    let own = |object: &String| !object.contains("sqlite_autoindex__sqlx_migrations");
    Ok(objects.into_iter().filter(own).collect())
}

/// The streams, by number.
///
/// # Errors
/// When the file cannot be read.
pub(super) async fn streams(
    connection: &mut SqliteConnection,
    faults: &mut Faults,
) -> Result<HashMap<i64, Stream>, sqlx::Error> {
    let mut fenced: HashMap<i64, i64> = HashMap::new();
    for (stream, position) in sqlx::query_as(FENCED).fetch_all(&mut *connection).await? {
        fenced.insert(stream, position);
    }
    let mut streams = HashMap::new();
    let mut rows = sqlx::query_as::<_, (i64, Vec<u8>)>(STREAMS).fetch(connection);
    while let Some((number, name)) = rows.try_next().await? {
        let parsed = str::from_utf8(&name).ok().and_then(|name| name.parse().ok());
        match parsed {
            Some(name) => {
                streams.insert(number, Stream { name, fenced_at: fenced.get(&number).copied() });
            }
            None => {
                let text = format!("the name of stream number {number} names no stream");
                faults.add(Fault::whole(FaultKind::Row, text));
            }
        }
    }
    Ok(streams)
}

/// The sources, by number.
///
/// # Errors
/// When the file cannot be read.
pub(super) async fn sources(connection: &mut SqliteConnection) -> Result<HashMap<i64, String>, sqlx::Error> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(SOURCES).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(number, name)| (number, String::from_utf8_lossy(&name).into_owned())).collect())
}

/// Published texts against their hashes; answers how many there are.
///
/// # Errors
/// When the file cannot be read.
pub(super) async fn check_texts(
    connection: &mut SqliteConnection,
    faults: &mut Faults,
) -> Result<u64, sqlx::Error> {
    let mut texts = 0;
    let mut rows = sqlx::query_as::<_, (Vec<u8>, Vec<u8>)>(TEXTS).fetch(connection);
    while let Some((hash, body)) = rows.try_next().await? {
        texts += 1;
        if hash != hex::encode(Sha256::digest(&body)).as_bytes() {
            let text = format!("the text kept as {} has another hash", String::from_utf8_lossy(&hash));
            faults.add(Fault::whole(FaultKind::Text, text));
        }
    }
    Ok(texts)
}
