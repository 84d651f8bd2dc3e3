//! Wakes followers when any instance has appended. What is heard is only how far the log goes, so a notice that is lost
//! costs a moment and never an event: the log is asked anyway, every now and then.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use subject_record_schemas::Position;
use tokio::sync::watch;

use crate::db::sql::{Pool, query};
use crate::store::sql::POSITION;

/// Channel of notices, whose text is the last position.
pub(super) const CHANNEL: &str = "subject_record_appended";

/// How often the log is asked when no notice comes.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Publishes a position unless a later one is known.
pub(super) fn reach(publish: &watch::Sender<Position>, position: Position) {
    publish.send_if_modified(|reached| {
        let is_later = position > *reached;
        if is_later {
            *reached = position;
        }
        is_later
    });
}

/// Listens for as long as it is let.
pub(super) async fn listen(pool: PgPool, publish: Arc<watch::Sender<Position>>) {
    let readers = Pool::Postgres(pool.clone());
    loop {
        if let Err(error) = hear(&pool, &readers, &publish).await {
            tracing::warn!(%error, "notices of the event store are not heard; it is asked every now and then");
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

async fn hear(pool: &PgPool, readers: &Pool, publish: &watch::Sender<Position>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let position = match tokio::time::timeout(ASK_EVERY, listener.recv()).await {
            Ok(notice) => notice?.payload().parse().unwrap_or(0),
            Err(_) => query(&POSITION).fetch_one(readers).await?.unsigned("position")?,
        };
        reach(publish, Position::new(position));
    }
}
