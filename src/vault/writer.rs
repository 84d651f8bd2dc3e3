//! The one writer of an instance: to a file, or to a database that is now and then away.

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqliteConnection;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::clock::Entropy;
use crate::db::outage::{Pauses, is_away, within};
use crate::db::postgres::Postgres;
use crate::db::sql::{Connection, Sql, query};

/// How long something is tried again while the database is away.
const OUTAGE_MAX: Duration = Duration::from_secs(5);

/// A key is durable before it is used: a server that acknowledges before it has synced is made to wait for its disk.
/// One that waits for standbys too keeps to that. And what is asked after a lock must see what was written before it.
const SESSION: Sql = Sql::both(
    "SELECT set_config('default_transaction_isolation', 'read committed', false), set_config('synchronous_commit', \
        CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)",
);

/// Prepares a session of PostgreSQL to write keys.
pub(super) async fn prepare(session: &mut Connection) -> Result<(), sqlx::Error> {
    query(&SESSION).fetch_one(session).await.map(drop)
}

/// The writer. To a database its connection is made when it is first needed, and again when it was lost.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Mutex<Option<Connection>>,
    remote: Option<Remote>,
}

#[derive(Debug)]
struct Remote {
    place: Postgres,
    entropy: Arc<dyn Entropy>,
}

impl Writer {
    pub(super) fn of_file(connection: SqliteConnection) -> Self {
        Self { connection: Mutex::new(Some(Connection::Sqlite(connection))), remote: None }
    }

    pub(super) fn of_database(place: Postgres, entropy: Arc<dyn Entropy>) -> Self {
        Self { connection: Mutex::new(None), remote: Some(Remote { place, entropy }) }
    }

    /// Takes the writer for one thing to write.
    pub(super) async fn lock(&self) -> Held<'_> {
        Held {
            connection: self.connection.lock().await,
            remote: self.remote.as_ref(),
            until: Instant::now() + OUTAGE_MAX,
            pauses: Pauses::default(),
            is_settled: true,
        }
    }
}

/// The writer, taken. What is written has to be such that it can be written twice: a commit whose answer was lost may
/// have been done.
pub(super) struct Held<'w> {
    connection: MutexGuard<'w, Option<Connection>>,
    remote: Option<&'w Remote>,
    until: Instant,
    pauses: Pauses,
    is_settled: bool,
}

impl Held<'_> {
    /// Whether it writes to a database, whose answers are not waited for for ever.
    pub(super) fn is_remote(&self) -> bool {
        self.remote.is_some()
    }

    /// The connection, made again if it was lost.
    pub(super) async fn connection(&mut self) -> Result<&mut Connection, sqlx::Error> {
        self.is_settled = false;
        if let (None, Some(remote)) = (&*self.connection, self.remote) {
            let mut connection = Connection::Postgres(remote.place.connect().await?);
            prepare(&mut connection).await?;
            *self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// What came of a try, or nothing when the database was away and it is time for another.
    pub(super) async fn settle<T>(
        &mut self,
        tried: Result<T, sqlx::Error>,
    ) -> Option<Result<T, sqlx::Error>> {
        let (error, remote) = match (tried, self.remote) {
            (Err(error), Some(remote)) => (error, remote),
            (tried, _) => {
                self.is_settled = true;
                return Some(tried);
            }
        };
        *self.connection = None;
        if !is_away(&error) || Instant::now() >= self.until {
            return Some(Err(error));
        }
        self.pauses.next(&*remote.entropy).await;
        None
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Whoever went away amidst a statement leaves a connection of which nobody knows what it is waiting for.
        if !self.is_settled && self.remote.is_some() {
            *self.connection = None;
        }
    }
}

/// Waits for an answer of a database for some seconds, and of a file until it comes.
pub(super) async fn answered<T>(
    is_remote: bool,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    if is_remote { within(answer).await } else { answer.await }
}
