//! The key file: wrapped keys and fences, by one writer. It is a file of SQLite, or a schema of PostgreSQL that several
//! instances share.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;

use super::instances::{Invalidation, LOAD_WAIT_MAX, Presence};
use super::lookup::FORGET;
use super::mints::Mints;
use super::writer::{Writer, answered};
use crate::clock::Entropy;
use crate::db::outage::within;
use crate::db::postgres::Postgres;
use crate::db::sql::{Connection, Pool, Sql, Transaction, query};
use crate::db::{DatabaseError, WriterTuning, open_readers, open_writer, scrub};

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/keys");
static POSTGRES_MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres/keys");

/// The schema of the keys.
pub const SCHEMA: &str = "keys";

/// Readers of a database, with the one that listens.
const READERS_MAX: u32 = 5;

const LOAD: Sql = Sql::apart(
    "SELECT wanted.value AS owner, d.generation, d.kek_id, d.wrapped, f.owner IS NOT NULL AS fenced \
    FROM json_each($1) wanted LEFT JOIN deks d ON d.owner = wanted.value \
    LEFT JOIN fences f ON f.owner = wanted.value",
    "SELECT wanted.owner, d.generation, d.kek_id, d.wrapped, f.owner IS NOT NULL AS fenced \
    FROM jsonb_array_elements_text($1::jsonb) AS wanted(owner) LEFT JOIN deks d ON d.owner = wanted.owner \
    LEFT JOIN fences f ON f.owner = wanted.owner",
);
const FENCE: Sql = Sql::apart(
    "INSERT OR IGNORE INTO fences (owner, shredded_us, generations) \
    SELECT $1, $2, (SELECT json_group_array(generation) FROM deks WHERE owner = $1)",
    "INSERT INTO fences (owner, shredded_us, generations) SELECT $1, $2, \
        (SELECT COALESCE(json_agg(generation ORDER BY generation), '[]')::text FROM deks WHERE owner = $1) \
    ON CONFLICT DO NOTHING",
);
const SHRED: Sql = Sql::both("DELETE FROM deks WHERE owner = $1");
const SHREDDED: Sql = Sql::apart(
    "SELECT generation.value FROM fences f, json_each(f.generations) generation WHERE f.owner = $1",
    "SELECT generation.value::bigint FROM fences f, jsonb_array_elements_text(f.generations::jsonb) \
        AS generation(value) WHERE f.owner = $1",
);

/// Until the transaction ends no other instance makes what a fence forbids, and nothing that it has made is unseen.
const HOLD_OFF_MAKERS: Sql = Sql::both("SELECT hold_off_makers() IS NULL");
const VACUUM: Sql = Sql::both("VACUUM deks, lookup_entries");

const KEK_IDS: Sql = Sql::both("SELECT DISTINCT kek_id FROM deks");
// From `subject-` up to the next text of that length.
const HOLDS_PERSON: Sql = Sql::both(
    "SELECT EXISTS (SELECT 1 FROM deks WHERE owner >= 'subject-' AND owner < 'subject.') \
    OR EXISTS (SELECT 1 FROM fences)",
);
const FENCED_PEOPLE: Sql =
    Sql::both("SELECT owner FROM fences WHERE owner >= 'subject-' AND owner < 'subject.'");

/// A wrapped key of an owner.
#[derive(Clone, Debug)]
pub(super) struct WrappedDek {
    pub(super) owner: String,
    pub(super) generation: u32,
    pub(super) kek_id: String,
    pub(super) wrapped: Vec<u8>,
}

/// What is kept of an owner.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnerKeys {
    pub(super) deks: Vec<WrappedDek>,
    pub(super) fenced: bool,
}

/// What a shredding has done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shredded {
    /// Whether nothing is left in any file that is ours.
    pub(super) scrubbed: bool,
    /// What the other instances have to take in before it is done everywhere.
    pub(super) invalidation: Option<i64>,
}

/// The key file.
#[derive(Clone, Debug)]
pub struct KeyFile {
    pub(super) readers: Pool,
    pub(super) writer: Arc<Writer>,
    mints: Mints,
    /// This instance among others; none beside a file, which has one process.
    pub(super) shared: Option<Shared>,
}

/// A key file that other instances use too.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) place: Postgres,
    pub(super) presence: Arc<Presence>,
}

impl KeyFile {
    /// Opens the key file, or makes it.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the file.
    pub async fn open(path: &Path) -> Result<Self, DatabaseError> {
        let tuning = WriterTuning { page_bytes: 4096, statements_max: 50, wal_checkpoint_pages: 1000 };
        let writer = Writer::of_file(open_writer(path, &MIGRATOR, tuning).await?);
        Ok(Self::over(Pool::Sqlite(open_readers(path).await?), writer, None))
    }

    /// Opens the keys in a schema ([`SCHEMA`]), or makes them. Keys and tokens are used from memory only once
    /// [`super::Instances`] has been started.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the place.
    pub async fn connect(place: &Postgres, entropy: Arc<dyn Entropy>) -> Result<Self, DatabaseError> {
        place.migrate(&POSTGRES_MIGRATOR).await?;
        let readers = Pool::Postgres(place.pool(READERS_MAX).await?);
        let presence = Arc::new(Presence::new(&*entropy));
        let writer = Writer::of_database(place.clone(), entropy);
        Ok(Self::over(readers, writer, Some(Shared { place: place.clone(), presence })))
    }

    fn over(readers: Pool, writer: Writer, shared: Option<Shared>) -> Self {
        let writer = Arc::new(writer);
        let mints = Mints::start(Arc::clone(&writer));
        Self { readers, writer, mints, shared }
    }

    /// Whether what was read a while ago may be used from memory.
    pub(super) fn may_remember(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.presence.is_live())
    }

    pub(super) async fn load(&self, owners: &[&str]) -> Result<HashMap<String, OwnerKeys>, sqlx::Error> {
        let wanted = query(&LOAD).bind(serde_json::json!(owners).to_string());
        let rows = match &self.shared {
            None => wanted.fetch_all(&self.readers).await?,
            Some(_) => match tokio::time::timeout(LOAD_WAIT_MAX, wanted.fetch_all(&self.readers)).await {
                Ok(loaded) => loaded?,
                Err(_) => return Err(sqlx::Error::PoolTimedOut),
            },
        };
        let mut found: HashMap<String, OwnerKeys> = HashMap::with_capacity(owners.len());
        for row in &rows {
            let owner = row.text("owner")?;
            let generation = row.integer_or_null("generation")?;
            let keys = found.entry(owner.clone()).or_default();
            keys.fenced = row.flag("fenced")?;
            if let Some(generation) = generation {
                let generation = number_of(generation)?;
                let (kek_id, wrapped) = (row.text("kek_id")?, row.bytes("wrapped")?);
                keys.deks.push(WrappedDek { owner, generation, kek_id, wrapped });
            }
        }
        Ok(found)
    }

    /// Keeps first keys for owners that have none and no fence. Durable when it answers. Somebody else's key
    /// may have come first: load again.
    pub(super) async fn mint(&self, deks: Vec<WrappedDek>) -> Result<(), sqlx::Error> {
        self.mints.keep(deks).await
    }

    /// Fences an owner, destroys all its keys and its place in the lookup index, and empties the write-ahead log of
    /// SQLite of them.
    pub(super) async fn shred(&self, owner: &str, at: DateTime<Utc>) -> Result<Shredded, sqlx::Error> {
        let mut held = self.writer.lock().await;
        let is_remote = held.is_remote();
        let invalidation = loop {
            let tried = answered(is_remote, async {
                // Fence and destruction together: a key behind a fence would still open boxes.
                let mut together = held.connection().await?.begin().await?;
                if matches!(together, Transaction::Postgres(_)) {
                    query(&HOLD_OFF_MAKERS).fetch_one(&mut together).await?;
                }
                query(&FENCE).bind(owner).bind(at.timestamp_micros()).execute(&mut together).await?;
                query(&SHRED).bind(owner).execute(&mut together).await?;
                query(&FORGET).bind(owner).execute(&mut together).await?;
                let invalidation = Invalidation::Key(owner).tell(&mut together).await?;
                together.commit().await?;
                Ok(invalidation)
            });
            let tried = tried.await;
            if let Some(result) = held.settle(tried).await {
                break result?;
            }
        };
        let scrubbed = match held.connection().await? {
            Connection::Sqlite(file) => scrub(file).await?,
            Connection::Postgres(_) => true,
        };
        held.settle(Ok(())).await;
        Ok(Shredded { scrubbed, invalidation })
    }

    /// Has PostgreSQL let go of deleted rows, if the role may and no reader still needs them. Nothing for a file, which
    /// is scrubbed as it is shredded.
    ///
    /// This is tidiness and no promise. Deleted keys may lie on in the unused part of a page until it is written over,
    /// in the write-ahead log, in its archive, on standbys and in base backups, none of which a statement reaches. They
    /// are wrapped: what makes them worthless is that the key-encryption key they are under is replaced and destroyed.
    pub(super) async fn vacuum(&self) {
        let Some(Shared { place, .. }) = &self.shared else { return };
        let vacuumed = within(async {
            // On a connection of its own: nobody who makes keys waits for it.
            let mut connection = Connection::Postgres(place.connect().await?);
            query(&VACUUM).execute(&mut connection).await
        });
        if let Err(error) = vacuumed.await {
            tracing::warn!(%error, "deleted keys could not be vacuumed; autovacuum will");
        }
    }

    /// Ids of the key-encryption keys that the keys here are wrapped under.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn kek_ids(&self) -> Result<Vec<String>, sqlx::Error> {
        query(&KEK_IDS).fetch_all(&self.readers).await?.iter().map(|row| row.text(0)).collect()
    }

    /// Whether it was ever used for people: it holds a key of one, or any fence.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn served_people(&self) -> Result<bool, sqlx::Error> {
        query(&HOLDS_PERSON).fetch_one(&self.readers).await?.flag(0)
    }

    /// Names of the streams of people who are fenced here.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn fenced_people(&self) -> Result<Vec<String>, sqlx::Error> {
        query(&FENCED_PEOPLE).fetch_all(&self.readers).await?.iter().map(|row| row.text(0)).collect()
    }

    /// Generations that were shredded.
    pub(super) async fn shredded(&self, owner: &str) -> Result<Vec<u32>, sqlx::Error> {
        let rows = query(&SHREDDED).bind(owner).fetch_all(&self.readers);
        let rows = answered(self.shared.is_some(), rows).await?;
        rows.iter().map(|row| number_of(row.integer(0)?)).collect()
    }
}

fn number_of(generation: i64) -> Result<u32, sqlx::Error> {
    u32::try_from(generation).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
