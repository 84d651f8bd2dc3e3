//! Files of read models: one a projection and generation. A rebuild fills the next generation; the newest one that
//! is whole is read.
//!
//! Nothing in them is evidence: a file that does not fit is thrown away and filled again from the log.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, SqliteExecutor};
use subject_record_schemas::{LeafHash, Position};

use super::Projection;
use super::batch::{Cursor, Place};
use super::tables::{create, create_current, create_indexes, description};
use crate::db::{DatabaseError, WriterTuning, open_writer};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/read_models");

const NEW: &str = "INSERT INTO progress (only_row, position, building, tables) VALUES (1, 0, ?1, ?2)";
const PROGRESS: &str =
    "SELECT position, leaf, advanced_us, stopped_at, cause, building, tables FROM progress";
const CURSOR: &str = "SELECT position, subject FROM judging_anew";
const STOP: &str = "UPDATE progress SET stopped_at = ?1, cause = ?2";
const WHOLE: &str = "UPDATE progress SET building = 0";
const LATEST: &str = "CREATE INDEX people_by_latest ON people (latest_us)";

/// A file, removed with its last user once it is retired.
#[derive(Debug)]
pub(super) struct ReadFile {
    pub(super) path: PathBuf,
    pub(super) generation: u64,
    retired: AtomicBool,
}

impl ReadFile {
    /// The file of a generation.
    pub(super) fn of(folder: &Path, projection: Projection, generation: u64) -> Self {
        let path = folder.join(format!("{}-{generation}.db", projection.name()));
        Self { path, generation, retired: AtomicBool::new(false) }
    }

    /// It is removed as soon as nobody uses it any more.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    /// It stays.
    pub(super) fn keep(&self) {
        self.retired.store(false, Ordering::Relaxed);
    }

    fn remove(&self) {
        for end in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.path.clone().into_os_string();
            path.push(end);
            if let Err(error) = std::fs::remove_file(&path)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, file = %self.path.display(), "an old file of read models stays behind");
            }
        }
    }
}

impl Drop for ReadFile {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Relaxed) {
            self.remove();
        }
    }
}

/// What a file says of how far it is.
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
    tables: String,
}

impl Progress {
    /// Position and leaf hash together.
    pub(super) const fn place(&self) -> Place {
        Place { position: self.position, leaf: self.leaf }
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

/// Reads how far a file is.
pub(super) async fn progress(file: impl SqliteExecutor<'_>) -> Result<Progress, sqlx::Error> {
    let row = sqlx::query(PROGRESS).fetch_one(file).await?;
    let position = |number: i64| Position::new(u64::try_from(number).unwrap_or(0));
    let leaf: Option<&[u8]> = row.try_get("leaf")?;
    let leaf = leaf.map(|bytes| bytes.try_into().map(LeafHash::new));
    let leaf = leaf.transpose().map_err(|_| sqlx::Error::Decode("a leaf hash is not 32 bytes".into()))?;
    let stopped_at: Option<i64> = row.try_get("stopped_at")?;
    let cause: Option<String> = row.try_get("cause")?;
    let advanced: Option<i64> = row.try_get("advanced_us")?;
    Ok(Progress {
        position: position(row.try_get("position")?),
        leaf,
        advanced_at: advanced.and_then(DateTime::from_timestamp_micros),
        stopped: stopped_at.map(|at| Stop { position: position(at), cause: cause.unwrap_or_default() }),
        building: row.try_get("building")?,
        tables: row.try_get("tables")?,
    })
}

/// Reads how far a judging anew has come.
pub(super) async fn cursor(file: impl SqliteExecutor<'_>) -> Result<Option<Cursor>, sqlx::Error> {
    let found: Option<(i64, String)> = sqlx::query_as(CURSOR).fetch_optional(file).await?;
    Ok(found.map(|(position, subject)| Cursor { position, subject: subject.into() }))
}

/// Keeps that a projection stands at an event, or that it is to try again.
pub(super) async fn keep_stop(
    connection: &mut SqliteConnection,
    stop: Option<&Stop>,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(STOP)
        .bind(stop.map(|stop| super::batch::number(stop.position)))
        .bind(stop.map(|stop| stop.cause.as_str()));
    query.execute(connection).await.map(drop)
}

/// Whether a rebuild fills a file, or readers read it while it is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Live,
    Building,
}

async fn run(connection: &mut SqliteConnection, sql: String) -> Result<(), sqlx::Error> {
    // Built from descriptions of tables, which are constants.
    sqlx::query(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

/// Opens a file for its writer, or makes it.
pub(super) async fn open(
    file: &ReadFile,
    projection: Projection,
    wanted: Use,
) -> Result<(SqliteConnection, Progress), DatabaseError> {
    let tuning = WriterTuning { page_bytes: 8192, statements_max: 100, wal_checkpoint_pages: 10_000 };
    let failed = |source| DatabaseError::Open { path: file.path.clone(), source };
    let mut connection = open_writer(&file.path, &MIGRATOR, tuning).await?;
    set_up(&mut connection, projection, wanted).await.map_err(failed)?;
    let progress = progress(&mut connection).await.map_err(failed)?;
    Ok((connection, progress))
}

async fn set_up(
    connection: &mut SqliteConnection,
    projection: Projection,
    wanted: Use,
) -> Result<(), sqlx::Error> {
    // What power takes from these files is read from the log again; nothing in them is personal.
    run(connection, "PRAGMA secure_delete = OFF".into()).await?;
    run(connection, "PRAGMA cache_size = -65536".into()).await?;
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM progress").fetch_one(&mut *connection).await?;
    if made == 0 {
        make(connection, projection, wanted).await?;
    }
    match wanted {
        Use::Live => run(connection, "PRAGMA synchronous = NORMAL".into()).await,
        // The disk knows by now that the file is being built. It is never gone on with: what is cut short is thrown
        // away and begun again, so nothing in it has to be undone.
        Use::Building => {
            run(connection, "PRAGMA journal_mode = OFF".into()).await?;
            run(connection, "PRAGMA synchronous = OFF".into()).await
        }
    }
}

/// Makes the tables, and says in the same commit whether the file is being built.
async fn make(
    connection: &mut SqliteConnection,
    projection: Projection,
    wanted: Use,
) -> Result<(), sqlx::Error> {
    run(connection, "BEGIN".into()).await?;
    for table in projection.tables() {
        run(connection, create(table)).await?;
        if let Some(index) = create_current(table) {
            run(connection, index).await?;
        }
    }
    if wanted == Use::Live {
        index(connection, projection).await?;
    }
    let tables = description(projection.tables());
    let new = sqlx::query(NEW).bind(wanted == Use::Building).bind(tables);
    new.execute(&mut *connection).await?;
    run(connection, "COMMIT".into()).await
}

/// Makes the indexes of searches.
pub(super) async fn index(
    connection: &mut SqliteConnection,
    projection: Projection,
) -> Result<(), sqlx::Error> {
    for statement in projection.tables().iter().flat_map(|table| create_indexes(table)) {
        run(connection, statement).await?;
    }
    run(connection, LATEST.into()).await
}

/// Ends the building of a file: from now on it is the one that is read. One commit decides.
pub(super) async fn finish(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // Everything that was written without waiting for the disk is on it before the file is called whole: the change
    // of its mode is a commit, which waits for the whole file.
    run(connection, "PRAGMA synchronous = FULL".into()).await?;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await?;
    if mode != "wal" {
        return Err(sqlx::Error::Protocol(format!("a file that was built keeps the journal mode {mode}")));
    }
    sqlx::query(WHOLE).execute(&mut *connection).await?;
    run(connection, "PRAGMA synchronous = NORMAL".into()).await
}

/// What of a projection lies in a folder.
#[derive(Debug)]
pub(super) struct Found {
    /// The newest whole file of this form, opened.
    pub(super) live: Option<(ReadFile, SqliteConnection, Progress)>,
    /// Whether a rebuild was cut short.
    pub(super) cut_short: bool,
    /// The next generation that is free.
    pub(super) next: u64,
}

/// Looks through a folder, and removes what is of no use any more.
pub(super) async fn find(folder: &Path, projection: Projection) -> std::io::Result<Found> {
    let mut generations = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".db"));
        let number = name.and_then(|name| name.strip_prefix(projection.name())?.strip_prefix('-'));
        generations.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    generations.sort_unstable_by(|a, b| b.cmp(a));
    let next = generations.first().map_or(1, |newest| newest + 1);
    let mut found = Found { live: None, cut_short: false, next };
    let wanted = description(projection.tables());
    for generation in generations {
        let file = ReadFile::of(folder, projection, generation);
        if found.live.is_none() {
            match open(&file, projection, Use::Live).await {
                Ok((connection, progress)) if !progress.building && progress.tables == wanted => {
                    found.live = Some((file, connection, progress));
                    continue;
                }
                Ok((_, progress)) => found.cut_short |= progress.building,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, file = %file.path.display(), "read models that do not open are built again");
                }
            }
        }
        file.retire();
    }
    Ok(found)
}
