//! Several instances over one schema of keys: what one destroys or revokes, no other uses any more once it is answered.
//!
//! Each instance gives a beat every second: it takes in what the others have invalidated, and then says so. What it read
//! earlier it uses from memory only while its last good beat began less than [`INSTANCE_LEASE`] ago; else it asks the
//! database each time, or fails with it. Whoever invalidates something answers only when every other instance has taken
//! it in, or has been silent for [`INSTANCE_SILENCE`] and so uses nothing from memory.
//!
//! Nobody's wall clock is relied on: a lease ends by the running clock of its holder, silence is measured by the running
//! clock of whoever waits, and begins when the last sign of life was *seen*, which is later than when it was given. Two
//! running clocks may differ by a fifth. An instance that is suspended together with its running clock is not seen
//! through: whoever suspends a machine has to end the service on it first.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Vault;
use super::beats::{Beater, listen};
use super::keys::{KeyFile, Shared};
use super::tokens::Tokens;
use crate::clock::Entropy;
use crate::db::outage::within;
use crate::db::sql::{On, Pool, Sql, Transaction, query};

/// How long an instance uses keys and tokens from memory after its last good beat began.
pub const INSTANCE_LEASE: Duration = Duration::from_secs(4);
/// How long an instance has to be silent until nobody waits for it any more.
pub const INSTANCE_SILENCE: Duration = Duration::from_secs(5);
/// How often an instance gives a beat, if nothing wakes it before.
pub const INSTANCE_BEAT: Duration = Duration::from_secs(1);
/// How long loading a key may take: shorter than any wait for silence, so that a key that was read before it was
/// destroyed is not handed out after the answer.
pub(super) const LOAD_WAIT_MAX: Duration = Duration::from_secs(3);
/// How often is asked whether the others have taken something in.
const ASK_EVERY: Duration = Duration::from_millis(20);
const TELL: Sql = Sql::both(
    "WITH next AS (UPDATE invalidation_counter SET number = number + 1 RETURNING number), \
    told AS (INSERT INTO invalidations (number, kind, name) SELECT number, $1, $2 FROM next) \
    SELECT number, pg_notify('subject_record_invalidated', '') IS NULL FROM next",
);
const LEAVE: Sql = Sql::both("DELETE FROM instances WHERE instance = $1");
const OTHERS: Sql = Sql::both("SELECT instance, seen_us, passed FROM instances WHERE instance <> $1");
/// What must not be used from memory any more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Invalidation<'a> {
    /// Keys of an owner.
    Key(&'a str),
    /// What is known of tokens.
    Token(&'a str),
}

impl Invalidation<'_> {
    /// Tells the other instances, in the transaction that makes it so. Beside a file there are none.
    pub(super) async fn tell(self, together: &mut Transaction<'_>) -> Result<Option<i64>, sqlx::Error> {
        if matches!(together, Transaction::Sqlite(_)) {
            return Ok(None);
        }
        let (kind, name) = match self {
            Self::Key(owner) => ("key", owner),
            Self::Token(token) => ("token", token),
        };
        let told = query(&TELL).bind(kind).bind(name).fetch_one(together).await?;
        Ok(Some(told.integer("number")?))
    }
}

/// This instance among others.
#[derive(Debug)]
pub(super) struct Presence {
    pub(super) instance: String,
    /// When the lease ends; none before the first beat.
    until: Mutex<Option<Instant>>,
    /// The last sign of life of each of the others, and when it was first seen.
    seen: Mutex<HashMap<String, (i64, Instant)>>,
}

impl Presence {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        let instance = hex::encode(entropy.bytes::<16>());
        Self { instance, until: Mutex::new(None), seen: Mutex::new(HashMap::new()) }
    }

    /// Whether what was read earlier may be used.
    pub(super) fn is_live(&self) -> bool {
        lock(&self.until).is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn set_until(&self, until: Option<Instant>) {
        *lock(&self.until) = until;
    }

    /// Whether any of the others has not passed a number and was not silent long enough.
    pub(super) async fn awaited<'c>(&self, on: impl Into<On<'c>>, number: i64) -> Result<bool, sqlx::Error> {
        let asked = Instant::now();
        let rows = within(query(&OTHERS).bind(self.instance.as_str()).fetch_all(on)).await?;
        let answered = Instant::now();
        let mut seen = lock(&self.seen);
        let (mut there, mut is_awaited) = (HashSet::with_capacity(rows.len()), false);
        for row in &rows {
            let (instance, beat) = (row.text("instance")?, row.integer("seen_us")?);
            let since = match seen.get(&instance) {
                Some((known, since)) if *known == beat => *since,
                _ => answered,
            };
            seen.insert(instance.clone(), (beat, since));
            is_awaited |=
                row.integer("passed")? < number && asked.saturating_duration_since(since) < INSTANCE_SILENCE;
            there.insert(instance);
        }
        seen.retain(|instance, _| there.contains(instance));
        Ok(is_awaited)
    }
}

impl KeyFile {
    /// Waits until every other instance has taken an invalidation in, or is silent.
    pub(super) async fn passed_by_all(&self, number: i64) -> Result<(), sqlx::Error> {
        let Some(Shared { presence, .. }) = &self.shared else { return Ok(()) };
        while presence.awaited(&self.readers, number).await? {
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(())
    }
}

/// The beats of this instance, for as long as it is held. Nothing beside a file.
#[derive(Debug)]
pub struct Instances {
    keys: KeyFile,
    tasks: Vec<JoinHandle<()>>,
}

impl Instances {
    /// Begins to give beats for a vault, and for tokens of the same keys.
    #[must_use]
    pub fn start(vault: Arc<Vault>, tokens: Tokens) -> Self {
        let keys = vault.key_file().clone();
        let (Some(shared), Pool::Postgres(pool)) = (keys.shared.clone(), keys.readers.clone()) else {
            return Self { keys, tasks: Vec::new() };
        };
        let heard = Arc::new(Notify::new());
        let listening = tokio::spawn(listen(pool, Arc::clone(&heard)));
        let beater = Beater::new(vault, tokens, shared);
        Self { keys, tasks: vec![listening, tokio::spawn(beater.run(heard))] }
    }

    /// Whether this instance uses keys and tokens from memory: whether it is in touch with the others, if there can be
    /// any. Without it everything works as long as the database does, only slower.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.keys.may_remember()
    }

    /// Leaves the others, so that they do not wait for this instance when it has ended.
    ///
    /// # Errors
    /// When the database fails; then they wait for some seconds, now and then.
    pub async fn leave(&self) -> Result<(), sqlx::Error> {
        self.tasks.iter().for_each(JoinHandle::abort);
        let Some(Shared { presence, .. }) = &self.keys.shared else { return Ok(()) };
        presence.set_until(None);
        within(query(&LEAVE).bind(presence.instance.as_str()).execute(&self.keys.readers)).await.map(drop)
    }
}

impl Drop for Instances {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
