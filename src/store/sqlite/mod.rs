//! The embedded engine: one SQLite file, one writer, no set-up.
//!
//! [`writer`] owns the file's one writing connection, the stream heads and the next position. Whatever waits when it is
//! free becomes one statement and one sync (group commit). Readers have connections that cannot write.

mod writer;

use std::path::Path;
use std::sync::Arc;

use sqlx::migrate::Migrator;
use subject_record_schemas::Position;
use tokio::sync::watch;

use self::writer::Writer;
use super::group::Queue;
use super::sql::SqlStore;
use crate::clock::Clock;
use crate::db::sql::Pool;
use crate::db::{DatabaseError, WriterTuning, open_readers, open_writer};

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/events");

pub use crate::config::Store as SqliteSettings;

/// Rows of one statement: thirteen variables each, and SQLite takes 32,766.
const BATCH_EVENTS_CEILING: usize = 2_500;

/// Opens the file, or makes it, and starts its writer.
///
/// # Errors
/// [`DatabaseError`], naming the file.
pub async fn open(
    path: &Path,
    settings: SqliteSettings,
    clock: Arc<dyn Clock>,
) -> Result<SqlStore, DatabaseError> {
    let settings = SqliteSettings {
        batch_events_max: settings.batch_events_max.clamp(1, BATCH_EVENTS_CEILING),
        ..settings
    };
    let tuning = WriterTuning {
        page_bytes: 8192,
        // A statement a batch size.
        statements_max: settings.batch_events_max.min(600) + 20,
        wal_checkpoint_pages: settings.wal_checkpoint_pages,
    };
    let open_error = |source| DatabaseError::Open { path: path.to_owned(), source };
    let connection = open_writer(path, &MIGRATOR, tuning).await?;
    let readers = Pool::Sqlite(open_readers(path).await?);
    let (publish, last_position) = watch::channel(Position::START);
    let writer = Writer::open(connection, clock, &settings, publish).await.map_err(open_error)?;
    let queue = Queue::start(writer, settings.queue_events_max, settings.batch_events_max);
    Ok(SqlStore { readers, queue, last_position, listener: None })
}
