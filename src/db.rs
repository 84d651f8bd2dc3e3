//! Databases as this service opens them: SQLite files, with the lock that keeps a data folder to one process, and
//! schemas of PostgreSQL ([`postgres`]), where several instances share out the work ([`lease`]). [`sql`] asks both.

pub mod lease;
pub(crate) mod outage;
pub mod postgres;
pub mod sql;

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};

/// How long a connection waits for another that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Times the write-ahead log is tried to be emptied.
const SCRUB_TRIES: u32 = 50;
/// Pause after a try that failed.
const SCRUB_PAUSE: Duration = Duration::from_millis(100);

/// Readers of one file. More than the two cores they were measured on gains nothing.
const READERS_MAX: u32 = 2;

/// A database file that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The engine failed.
    #[error("cannot open {path}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Its tables are not those of this build.
    #[error("cannot bring the tables of {path} up to this version")]
    Migrate {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: MigrateError,
    },
    /// A URL names no database.
    #[error("the URL of the database does not read: it should be like postgres://role@host:5432/database")]
    Url(#[source] sqlx::Error),
    /// A database cannot be reached.
    #[error(
        "cannot use {place}: see that it runs, that the database is there, and that deploy/postgres-roles.sql was run on it"
    )]
    Connect {
        /// Which, without its password.
        place: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The tables of a schema are not those of this build.
    #[error(
        "cannot bring the tables of {place} up to this version: start once as the role that owns them, then run deploy/postgres-roles.sql again"
    )]
    MigrateAt {
        /// Which, without its password.
        place: String,
        /// Why.
        #[source]
        source: MigrateError,
    },
}

/// How a SQLite file is opened: synced at every commit, deleted content overwritten. Its writer decides on the
/// write-ahead log; readers take the file as it is.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        // Erasure is worth nothing while free pages keep what was deleted.
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

/// A file opened for its one writer, with its tables brought up to date.
///
/// # Errors
/// [`DatabaseError`], naming the file.
pub async fn open_writer(
    path: &Path,
    migrator: &Migrator,
    tune: WriterTuning,
) -> Result<SqliteConnection, DatabaseError> {
    let options = options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .page_size(tune.page_bytes)
        .statement_cache_capacity(tune.statements_max)
        .pragma("wal_autocheckpoint", tune.wal_checkpoint_pages.to_string());
    let open_error = |source| DatabaseError::Open { path: path.to_owned(), source };
    private(path).map_err(|error| open_error(sqlx::Error::Io(error)))?;
    let mut connection = options.connect().await.map_err(open_error)?;
    // Not `run`: its future cannot be sent to another thread.
    let migrated = migrator.run_direct(None, &mut connection, false).await;
    migrated.map_err(|source| DatabaseError::Migrate { path: path.to_owned(), source })?;
    Ok(connection)
}

/// Makes the file for its owner alone before the engine would make it for others too; the engine gives its
/// write-ahead log the same mode.
fn private(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path).map(drop)
}

/// Settings of a writer's connection.
#[derive(Clone, Copy, Debug)]
pub struct WriterTuning {
    /// Bytes of a page of a new file.
    pub page_bytes: u32,
    /// Prepared statements kept.
    pub statements_max: usize,
    /// Pages of write-ahead log after which a commit copies them into the file. Longer intervals rewrite
    /// hot index pages less often.
    pub wal_checkpoint_pages: u32,
}

/// A file opened for readers only.
///
/// # Errors
/// [`DatabaseError::Open`], naming the file.
pub async fn open_readers(path: &Path) -> Result<SqlitePool, DatabaseError> {
    let options = options(path).create_if_missing(false).pragma("query_only", "ON");
    // A file does not hang up: asking it before each use would double the cost of a short read.
    let pool = SqlitePoolOptions::new().max_connections(READERS_MAX).test_before_acquire(false);
    let pool = pool.connect_with(options).await;
    pool.map_err(|source| DatabaseError::Open { path: path.to_owned(), source })
}

/// One connection that reads and cannot write, for whoever goes through a whole file.
///
/// # Errors
/// [`DatabaseError::Open`], naming the file.
pub(crate) async fn open_reader(path: &Path) -> Result<SqliteConnection, DatabaseError> {
    let options = options(path).create_if_missing(false).pragma("query_only", "ON");
    options.connect().await.map_err(|source| DatabaseError::Open { path: path.to_owned(), source })
}

/// Empties the write-ahead log into its file, so that nothing deleted is left in it.
///
/// Answers whether it could: a reader may still hold an old part of it.
///
/// # Errors
/// When the engine failed.
async fn empty_write_ahead_log(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Whoever holds a part of it is not waited for: the writer has other things to do, and asks again.
    sqlx::query("PRAGMA busy_timeout = 0").execute(&mut *connection).await?;
    let emptied = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
    let wait_again = format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis());
    sqlx::query(AssertSqlSafe(wait_again)).execute(connection).await?;
    let (busy, _, _): (i64, i64, i64) = emptied?;
    Ok(busy == 0)
}

/// Empties the write-ahead log as [`empty_write_ahead_log`] does, waiting up to five seconds for readers to let
/// go of it.
///
/// Answers whether it could.
///
/// # Errors
/// When the engine failed.
pub async fn scrub(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    for _ in 0..SCRUB_TRIES {
        if empty_write_ahead_log(connection).await? {
            return Ok(true);
        }
        tokio::time::sleep(SCRUB_PAUSE).await;
    }
    Ok(false)
}

/// The lock of a data folder, held by the one process that owns it for as long as it lives.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// A data folder that cannot be owned.
#[derive(Debug, thiserror::Error)]
pub enum FolderLockError {
    /// Another process owns it.
    #[error("another process owns {0}: stop it, or talk to it with --url")]
    Owned(PathBuf),
    /// The lock file cannot be opened.
    #[error("cannot lock {path}")]
    Io {
        /// The data folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl FolderLock {
    /// Takes the folder for this process.
    ///
    /// # Errors
    /// [`FolderLockError::Owned`] when another process has it.
    pub fn take(folder: &Path) -> Result<Self, FolderLockError> {
        let io_error = |source| FolderLockError::Io { path: folder.to_owned(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"));
        let file = file.map_err(io_error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(FolderLockError::Owned(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(io_error(source)),
        }
    }
}
