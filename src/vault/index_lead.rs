//! Who keeps the lookup index: one instance, through the session that makes it the one.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::keys::{KeyFile, Shared};
use super::writer::{Held, prepare};
use super::{Vault, VaultError};
use crate::db::lease;
use crate::db::outage::within;
use crate::db::sql::Connection;

/// What the lease is of.
const THING: &str = "lookup";

/// The right to write the index. Beside a file whoever has the file has it.
#[derive(Debug)]
pub struct IndexLead(Option<Leased>);

/// The right, as long as a session lives.
#[derive(Debug)]
struct Leased {
    session: Arc<Mutex<Option<Connection>>>,
    lost: watch::Receiver<bool>,
    keeping: JoinHandle<()>,
}

impl Drop for Leased {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

impl Vault {
    /// Takes the right to write the index, unless another instance has it. Try every [`lease::TRY_EVERY`].
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn lead_index(&self) -> Result<Option<IndexLead>, VaultError> {
        let Some(Shared { place, .. }) = &self.keys.shared else { return Ok(Some(IndexLead(None))) };
        let taken = within(async {
            let Some(mut session) = lease::take(place, THING).await? else { return Ok(None) };
            prepare(&mut session).await?;
            Ok(Some(session))
        });
        let Some(session) = taken.await? else { return Ok(None) };
        let session = Arc::new(Mutex::new(Some(session)));
        let (losing, lost) = watch::channel(false);
        let keeping = tokio::spawn(keep(Arc::clone(&session), losing));
        Ok(Some(IndexLead(Some(Leased { session, lost, keeping }))))
    }
}

/// Gives signs of life until there is nothing to keep.
async fn keep(session: Arc<Mutex<Option<Connection>>>, losing: watch::Sender<bool>) {
    loop {
        sleep(lease::SIGN_OF_LIFE_EVERY).await;
        let mut session = session.lock().await;
        let given = match &mut *session {
            Some(connection) => lease::sign_of_life(connection).await,
            None => Err(sqlx::Error::PoolClosed),
        };
        if let Err(error) = given {
            tracing::warn!(%error, "another instance may keep the lookup index from now on");
            *session = None;
            losing.send_replace(true);
            return;
        }
    }
}

impl IndexLead {
    /// Whether others read how far the index is from what is written of it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.is_some()
    }

    /// Ends when the right was lost; never beside a file.
    pub async fn lost(&self) {
        match &self.0 {
            // Its end is a loss too.
            Some(leased) => drop(leased.lost.clone().wait_for(|lost| *lost).await),
            None => std::future::pending().await,
        }
    }

    /// Where the index is written.
    pub(super) async fn session<'l>(&'l self, keys: &'l KeyFile) -> Session<'l> {
        match &self.0 {
            Some(leased) => Session::Leased { session: leased.session.lock().await, is_settled: false },
            None => Session::Own(keys.writer.lock().await),
        }
    }
}

/// What the index is written through, taken for one thing to write.
pub(super) enum Session<'l> {
    /// The writer of a file.
    Own(Held<'l>),
    /// The session that holds the lease.
    Leased {
        /// None when it was lost.
        session: MutexGuard<'l, Option<Connection>>,
        /// Whether all that was asked has been answered.
        is_settled: bool,
    },
}

impl Session<'_> {
    pub(super) async fn connection(&mut self) -> Result<&mut Connection, sqlx::Error> {
        match self {
            Self::Own(held) => held.connection().await,
            Self::Leased { session, .. } => session.as_mut().ok_or(sqlx::Error::PoolClosed),
        }
    }

    /// Says that it was written.
    pub(super) fn settled(&mut self) {
        if let Self::Leased { is_settled, .. } = self {
            *is_settled = true;
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // A session amidst something is given up, and the lease with it.
        if let Self::Leased { session, is_settled: false } = self {
            **session = None;
        }
    }
}
