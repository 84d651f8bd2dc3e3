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

use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Vault;
use super::keys::{KeyFile, Shared};
use super::tokens::{TokenError, Tokens};
use crate::clock::Entropy;
use crate::db::outage::within;
use crate::db::sql::{Connection, Pool, Sql, Transaction, query};

/// How long an instance uses keys and tokens from memory after its last good beat began.
pub const INSTANCE_LEASE: Duration = Duration::from_secs(4);
/// How long an instance has to be silent until nobody waits for it any more.
pub const INSTANCE_SILENCE: Duration = Duration::from_secs(5);
/// How often an instance gives a beat, if nothing wakes it before.
pub const INSTANCE_BEAT: Duration = Duration::from_secs(1);
/// How long a beat may take. One that fails leaves time for another within the lease.
const BEAT_WAIT_MAX: Duration = Duration::from_secs(2);
/// How long loading a key may take: shorter than any wait for silence, so that a key that was read before it was
/// destroyed is not handed out after the answer.
pub(super) const LOAD_WAIT_MAX: Duration = Duration::from_secs(3);
/// How often is asked whether the others have taken something in.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// Beats between two removals of what nobody needs.
const BEATS_OF_A_TIDYING: u32 = 60;
/// How long the row of an instance that is gone stays.
const GONE_AFTER: Duration = Duration::from_hours(24);
/// Pause before the notices are listened for again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

const CHANNEL: &str = "subject_record_invalidated";

const TELL: Sql = Sql::both(
    "WITH next AS (UPDATE invalidation_counter SET number = number + 1 RETURNING number), \
    told AS (INSERT INTO invalidations (number, kind, name) SELECT number, $1, $2 FROM next) \
    SELECT number, pg_notify('subject_record_invalidated', '') IS NULL FROM next",
);
const NEWS: Sql = Sql::both("SELECT number, kind, name FROM invalidations WHERE number > $1 ORDER BY number");
const JOIN: Sql = Sql::both(
    "INSERT INTO instances (instance, seen_us, passed) \
    SELECT $1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, number FROM invalidation_counter \
    ON CONFLICT (instance) DO UPDATE SET seen_us = excluded.seen_us, passed = excluded.passed RETURNING passed",
);
const BEAT: Sql = Sql::both(
    "UPDATE instances SET seen_us = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, passed = $2 \
    WHERE instance = $1",
);
const LEAVE: Sql = Sql::both("DELETE FROM instances WHERE instance = $1");
const OTHERS: Sql = Sql::both("SELECT instance, seen_us, passed FROM instances WHERE instance <> $1");
const REMOVE_GONE: Sql = Sql::both(
    "DELETE FROM instances WHERE seen_us < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $1",
);
const REMOVE_PASSED: Sql =
    Sql::both("DELETE FROM invalidations WHERE number <= (SELECT MIN(passed) FROM instances)");

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
    instance: String,
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

    fn set_until(&self, until: Option<Instant>) {
        *lock(&self.until) = until;
    }

    /// Those of the others that have not passed a number and that were not silent long enough.
    async fn awaited(&self, readers: &Pool, number: i64) -> Result<bool, sqlx::Error> {
        let asked = Instant::now();
        let rows = within(query(&OTHERS).bind(self.instance.as_str()).fetch_all(readers)).await?;
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
        let beater = Beater { vault, tokens, shared, connection: None, passed: None, beats: 0 };
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
    pub async fn leave(self) -> Result<(), sqlx::Error> {
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

/// Wakes the beat when something was invalidated. A notice that is lost costs a moment.
async fn listen(pool: sqlx::PgPool, heard: Arc<Notify>) {
    loop {
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(CHANNEL).await?;
            loop {
                listener.recv().await?;
                heard.notify_one();
            }
        };
        let ended: Result<(), sqlx::Error> = listening.await;
        if let Err(error) = ended {
            tracing::warn!(%error, "notices of other instances are not heard; they are asked for each second");
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

struct Beater {
    vault: Arc<Vault>,
    tokens: Tokens,
    shared: Shared,
    connection: Option<Connection>,
    /// The last invalidation that was taken in; none before this instance has joined.
    passed: Option<i64>,
    beats: u32,
}

impl Beater {
    async fn run(mut self, heard: Arc<Notify>) {
        loop {
            let beat = tokio::time::timeout(BEAT_WAIT_MAX, self.beat()).await;
            let fault = match beat {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("no answer in time".to_owned()),
            };
            if let Some(fault) = fault {
                tracing::warn!(fault, "a beat of this instance failed");
                self.connection = None;
                if !self.shared.presence.is_live() {
                    self.vault.sweep();
                }
            }
            tokio::select! {
                () = tokio::time::sleep(INSTANCE_BEAT) => {}
                () = heard.notified() => {}
            }
        }
    }

    /// Takes in what is new, says so, and from then on may use what is in memory.
    async fn beat(&mut self) -> Result<(), TokenError> {
        let began = Instant::now();
        let presence = Arc::clone(&self.shared.presence);
        let instance = presence.instance.as_str();
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::Postgres(self.shared.place.connect().await?)),
        };
        let passed = match self.passed.filter(|_| presence.is_live()) {
            Some(passed) => {
                let passed = take_in(connection, &self.vault, &self.tokens, passed).await?;
                let row = query(&BEAT).bind(instance).bind(passed).execute(&mut *connection).await?;
                // Late, or forgotten by the others: they may not have waited for this beat.
                (row > 0 && presence.is_live()).then_some(passed)
            }
            None => {
                let joined = query(&JOIN).bind(instance).fetch_one(&mut *connection).await?;
                // Only behind it: from here on the others wait for this instance.
                self.vault.forget_all().await;
                self.tokens.reload().await?;
                Some(joined.integer("passed")?)
            }
        };
        self.passed = passed;
        presence.set_until(passed.map(|_| began + INSTANCE_LEASE));
        if passed.is_none() {
            self.vault.sweep();
        }
        // So that silence has begun to be seen before anybody has to wait for it.
        presence.awaited(&self.vault.key_file().readers, 0).await?;
        let is_to_tidy = self.beats.is_multiple_of(BEATS_OF_A_TIDYING);
        self.beats = self.beats.wrapping_add(1);
        if is_to_tidy {
            let gone_us = i64::try_from(GONE_AFTER.as_micros()).unwrap_or(i64::MAX);
            query(&REMOVE_GONE).bind(gone_us).execute(&mut *connection).await?;
            query(&REMOVE_PASSED).execute(connection).await?;
        }
        Ok(())
    }
}

/// Takes in what was invalidated above a number, and answers up to where.
async fn take_in(
    connection: &mut Connection,
    vault: &Vault,
    tokens: &Tokens,
    passed: i64,
) -> Result<i64, TokenError> {
    let news = query(&NEWS).bind(passed).fetch_all(connection).await?;
    let (mut last, mut owners, mut are_tokens) = (passed, Vec::new(), false);
    for row in &news {
        last = row.integer("number")?;
        if row.text("kind")? == "key" {
            owners.push(row.text("name")?);
        } else {
            are_tokens = true;
        }
    }
    vault.forget(&owners).await;
    if are_tokens {
        tokens.reload().await?;
    }
    Ok(last)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
