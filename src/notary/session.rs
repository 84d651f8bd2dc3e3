//! The session through which one instance writes the tree.
//!
//! Over a file it is the file's writer, for as long as the process lives. Over PostgreSQL it is the lease of the notary:
//! an instance that lost it has no session, and so no way to write. Any failure of a statement counts as the loss, since
//! over a network nobody knows what became of it: what is in memory is dropped, and read again with the next lease.

use std::time::Duration;

use sqlx::Connection as _;
use tokio::sync::{Mutex, MutexGuard, watch};

use super::tables::TablesError;
use crate::db::lease::{SIGN_OF_LIFE_EVERY, sign_of_life, take};
use crate::db::postgres::Postgres;
use crate::db::sql::Connection;

/// What is taken.
const LEASE: &str = "notary";

/// How long a transaction may take before the network is taken to be cut. The server lets go of the lease much sooner.
const WRITE_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long letting go of a lease in an orderly way may take.
const CLOSE_WAIT_MAX: Duration = Duration::from_millis(500);

/// The way to write.
#[derive(Debug)]
pub(super) struct Session {
    /// Where it is taken; `None` over a file.
    place: Option<Postgres>,
    connection: Mutex<Option<Connection>>,
    is_held: watch::Sender<bool>,
    leads: watch::Sender<bool>,
}

impl Session {
    /// The writer of a file, of which there is one.
    pub(super) fn of_file(connection: Connection) -> Self {
        Self {
            place: None,
            connection: Mutex::new(Some(connection)),
            is_held: watch::channel(true).0,
            leads: watch::channel(true).0,
        }
    }

    /// A session that has yet to be taken.
    pub(super) fn among_several(place: Postgres) -> Self {
        Self {
            place: Some(place),
            connection: Mutex::new(None),
            is_held: watch::channel(false).0,
            leads: watch::channel(false).0,
        }
    }

    /// Whether there may be other instances.
    pub(super) const fn is_among_several(&self) -> bool {
        self.place.is_some()
    }

    /// Whether this instance grows the tree and signs.
    pub(super) fn leads(&self) -> watch::Receiver<bool> {
        self.leads.subscribe()
    }

    /// Takes the lease, unless another instance has it.
    pub(super) async fn take(&self) -> Result<bool, sqlx::Error> {
        let Some(place) = &self.place else { return Ok(true) };
        let mut connection = self.connection.lock().await;
        if connection.is_none() {
            let asked = tokio::time::timeout(WRITE_WAIT_MAX, take(place, LEASE)).await;
            *connection = asked.map_err(|_| sqlx::Error::PoolTimedOut)??;
            self.is_held.send_replace(connection.is_some());
        }
        Ok(connection.is_some())
    }

    /// Says that the tree was held against all that was signed.
    pub(super) async fn lead(&self) -> Result<(), TablesError> {
        let connection = self.connection.lock().await;
        if connection.is_none() {
            return Err(TablesError::Lost);
        }
        self.leads.send_if_modified(|leads| !std::mem::replace(leads, true));
        Ok(())
    }

    /// Lets another instance have it. A file stays.
    pub(super) async fn let_go(&self) {
        if self.is_among_several() {
            let mut connection = self.connection.lock().await;
            self.lose(&mut connection).await;
        }
    }

    async fn lose(&self, connection: &mut Option<Connection>) {
        self.is_held.send_replace(false);
        self.leads.send_if_modified(|leads| std::mem::replace(leads, false));
        if let Some(Connection::Postgres(connection)) = connection.take() {
            let _ = tokio::time::timeout(CLOSE_WAIT_MAX, connection.close()).await;
        }
    }

    /// Waits until there is no session any more.
    pub(super) async fn lost(&self) {
        // The sender is this session's own, so that the channel never closes.
        let _ = self.is_held.subscribe().wait_for(|is_held| !is_held).await;
    }

    /// Gives signs of life for as long as it is polled. Whoever writes meanwhile is sign enough.
    pub(super) async fn live(&self) {
        loop {
            tokio::time::sleep(SIGN_OF_LIFE_EVERY).await;
            let Ok(mut session) = self.connection.try_lock() else { continue };
            let Some(connection) = session.as_mut() else { continue };
            if let Err(error) = sign_of_life(connection).await {
                tracing::warn!(%error, "the lease of the notary is lost");
                self.lose(&mut session).await;
            }
        }
    }

    /// The session for one piece of work, whose outcome has to be told to [`Held::settled`].
    pub(super) async fn lock(&self) -> Held<'_> {
        Held { session: self, connection: self.connection.lock().await }
    }
}

/// The session, in use.
pub(super) struct Held<'s> {
    session: &'s Session,
    connection: MutexGuard<'s, Option<Connection>>,
}

impl Held<'_> {
    /// How long the work may take. A file is waited for, however slow.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.session.is_among_several().then_some(WRITE_WAIT_MAX)
    }

    /// Its connection.
    pub(super) fn connection(&mut self) -> Result<&mut Connection, TablesError> {
        self.connection.as_mut().ok_or(TablesError::Lost)
    }

    /// Takes note of how the work ended.
    pub(super) async fn settled<T>(mut self, done: Result<T, TablesError>) -> Result<T, TablesError> {
        if self.session.is_among_several()
            && let Err(error @ (TablesError::Engine(_) | TablesError::Lost)) = &done
        {
            if self.connection.is_some() {
                tracing::warn!(%error, "the lease of the notary is lost: a statement failed");
            }
            self.session.lose(&mut self.connection).await;
        }
        done
    }
}

/// Waits for work, over a network not for ever: one that is cut says nothing.
pub(super) async fn within<T>(
    patience: Option<Duration>,
    work: impl Future<Output = Result<T, TablesError>>,
) -> Result<T, TablesError> {
    let Some(patience) = patience else { return work.await };
    match tokio::time::timeout(patience, work).await {
        Ok(done) => done,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()),
    }
}
