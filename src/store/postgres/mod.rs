//! PostgreSQL: several instances over one log.
//!
//! - [`writer`]: each instance gathers what waits into one statement. The one-row sequencer makes the instances' commits
//!   one order: positions have no gaps and nobody sees one before those below it, without waiting for any time-out.
//! - [`batch`]: alone, or under the sequencer's lock.
//! - [`arrays`]: that statement, rows as arrays.
//! - [`listener`]: followers are woken by what any instance commits.

mod arrays;
mod batch;
mod listener;
mod writer;

use std::sync::Arc;

use sqlx::migrate::Migrator;
use subject_record_schemas::Position;
use tokio::sync::watch;

use self::writer::Writer;
use super::group::Queue;
use super::sql::SqlStore;
use crate::clock::{Clock, Entropy};
pub use crate::config::Store as PostgresSettings;
use crate::db::DatabaseError;
use crate::db::postgres::Postgres;
use crate::db::sql::Pool;

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres/events");

/// The schema of the events.
pub const SCHEMA: &str = "events";

/// Events of one commit at most, whatever the settings say.
const BATCH_EVENTS_CEILING: usize = 10_000;

/// Opens the schema, or makes it, and starts this instance's writer.
///
/// # Errors
/// [`DatabaseError`], naming the place.
pub async fn open(
    url: &str,
    settings: &PostgresSettings,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<SqlStore, DatabaseError> {
    let place = Postgres::at(url, SCHEMA)?;
    place.migrate(&MIGRATOR).await?;
    let pool = place.pool(settings.connections_max.max(2)).await?;
    let batch_events_max = settings.batch_events_max.clamp(1, BATCH_EVENTS_CEILING);
    let (publish, last_position) = watch::channel(Position::START);
    let publish = Arc::new(publish);
    let failed = |source| DatabaseError::Connect { place: place.name(), source };
    let writer = Writer::open(&place, settings, clock, entropy, Arc::clone(&publish));
    let writer = writer.await.map_err(failed)?;
    let listener = Some(tokio::spawn(listener::listen(pool.clone(), publish)));
    let queue = Queue::start(writer, settings.queue_events_max, batch_events_max);
    Ok(SqlStore { readers: Pool::Postgres(pool), queue, last_position, listener })
}
