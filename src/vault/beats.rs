//! The beats of an instance: what it takes in of the others, and that it says so.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Vault;
use super::instances::{INSTANCE_BEAT, INSTANCE_LEASE};
use super::keys::Shared;
use super::tokens::{TokenError, Tokens};
use crate::db::sql::{Connection, Sql, query};

/// How long a beat may take. One that fails leaves time for another within the lease.
const BEAT_WAIT_MAX: Duration = Duration::from_secs(2);
/// Beats between two removals of what nobody needs.
const BEATS_OF_A_TIDYING: u32 = 60;
/// How long the row of an instance that is gone stays.
const GONE_AFTER: Duration = Duration::from_hours(24);
/// Pause before the notices are listened for again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

const CHANNEL: &str = "subject_record_invalidated";

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
const REMOVE_GONE: Sql = Sql::both(
    "DELETE FROM instances WHERE seen_us < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - $1",
);
const REMOVE_PASSED: Sql =
    Sql::both("DELETE FROM invalidations WHERE number <= (SELECT MIN(passed) FROM instances)");

/// Wakes the beat when something was invalidated. A notice that is lost costs a moment.
pub(super) async fn listen(pool: sqlx::PgPool, heard: Arc<Notify>) {
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

/// What a beat needs.
pub(super) struct Beater {
    vault: Arc<Vault>,
    tokens: Tokens,
    shared: Shared,
    connection: Option<Connection>,
    /// The last invalidation that was taken in; none before this instance has joined.
    passed: Option<i64>,
    beats: u32,
}

impl Beater {
    pub(super) fn new(vault: Arc<Vault>, tokens: Tokens, shared: Shared) -> Self {
        Self { vault, tokens, shared, connection: None, passed: None, beats: 0 }
    }

    /// Beats for as long as it is let.
    pub(super) async fn run(mut self, heard: Arc<Notify>) {
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
                // The next connection may lead to another server, which lacks what this instance took in last.
                self.passed = None;
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
                // Once it has joined others do not wait for what came before, and it is in memory yet.
                presence.set_until(None);
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
        presence.awaited(&mut *connection, 0).await?;
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
