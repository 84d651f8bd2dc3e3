//! The key file: wrapped keys and fences, by one writer.

use std::collections::HashMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;
use sqlx::{Connection, Row, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::lookup::FORGET;
use crate::db::{DatabaseError, WriterTuning, open_readers, open_writer, scrub};

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/keys");

const LOAD: &str = "SELECT wanted.value AS owner, d.generation, d.kek_id, d.wrapped, f.owner IS NOT NULL AS fenced \
    FROM json_each(?1) wanted LEFT JOIN deks d ON d.owner = wanted.value \
    LEFT JOIN fences f ON f.owner = wanted.value";
const MINT: &str = "INSERT OR IGNORE INTO deks (owner, generation, kek_id, wrapped) \
    SELECT new.value ->> 0, new.value ->> 1, new.value ->> 2, unhex(new.value ->> 3) FROM json_each(?1) new \
    WHERE NOT EXISTS (SELECT 1 FROM fences f WHERE f.owner = new.value ->> 0) \
      AND NOT EXISTS (SELECT 1 FROM deks d WHERE d.owner = new.value ->> 0)";
const FENCE: &str = "INSERT OR IGNORE INTO fences (owner, shredded_us, generations) \
    SELECT ?1, ?2, (SELECT json_group_array(generation) FROM deks WHERE owner = ?1)";
const SHRED: &str = "DELETE FROM deks WHERE owner = ?1";
const SHREDDED: &str =
    "SELECT generation.value FROM fences f, json_each(f.generations) generation WHERE f.owner = ?1";

const KEK_IDS: &str = "SELECT DISTINCT kek_id FROM deks";
const HOLDS_PERSON: &str = "SELECT EXISTS (SELECT 1 FROM deks WHERE owner GLOB 'subject-*') \
    OR EXISTS (SELECT 1 FROM fences)";
const FENCED_PEOPLE: &str = "SELECT owner FROM fences WHERE owner GLOB 'subject-*'";

/// Owners minted by one commit at most.
const MINT_BATCH_MAX: usize = 1_000;

/// A wrapped key of an owner.
#[derive(Clone, Debug)]
pub(super) struct WrappedDek {
    pub(super) owner: String,
    pub(super) generation: u32,
    pub(super) kek_id: String,
    pub(super) wrapped: Vec<u8>,
}

/// What the file holds of an owner.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnerKeys {
    pub(super) deks: Vec<WrappedDek>,
    pub(super) fenced: bool,
}

/// The key file.
#[derive(Debug)]
pub struct KeyFile {
    pub(super) readers: SqlitePool,
    pub(super) writer: std::sync::Arc<Mutex<SqliteConnection>>,
    mints: mpsc::UnboundedSender<Mint>,
}

struct Mint {
    deks: Vec<WrappedDek>,
    reply: oneshot::Sender<Result<(), std::sync::Arc<sqlx::Error>>>,
}

impl KeyFile {
    /// Opens the key file, or makes it.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the file.
    pub async fn open(path: &Path) -> Result<Self, DatabaseError> {
        let tuning = WriterTuning { page_bytes: 4096, statements_max: 50, wal_checkpoint_pages: 1000 };
        let writer = std::sync::Arc::new(Mutex::new(open_writer(path, &MIGRATOR, tuning).await?));
        let readers = open_readers(path).await?;
        let (mints, inbox) = mpsc::unbounded_channel();
        tokio::spawn(run(std::sync::Arc::clone(&writer), inbox));
        Ok(Self { readers, writer, mints })
    }

    pub(super) async fn load(&self, owners: &[&str]) -> Result<HashMap<String, OwnerKeys>, sqlx::Error> {
        let wanted = serde_json::json!(owners).to_string();
        let rows = sqlx::query(LOAD).bind(wanted).fetch_all(&self.readers).await?;
        let mut found: HashMap<String, OwnerKeys> = HashMap::with_capacity(owners.len());
        for row in &rows {
            let owner: String = row.try_get("owner")?;
            let generation: Option<u32> = row.try_get("generation")?;
            let keys = found.entry(owner.clone()).or_default();
            keys.fenced = row.try_get("fenced")?;
            if let Some(generation) = generation {
                let (kek_id, wrapped) = (row.try_get("kek_id")?, row.try_get("wrapped")?);
                keys.deks.push(WrappedDek { owner, generation, kek_id, wrapped });
            }
        }
        Ok(found)
    }

    /// Keeps first keys for owners that have none and no fence. Durable when it answers. Somebody else's key
    /// may have come first: load again.
    pub(super) async fn mint(&self, deks: Vec<WrappedDek>) -> Result<(), sqlx::Error> {
        let (reply, answer) = oneshot::channel();
        self.mints.send(Mint { deks, reply }).map_err(|_| sqlx::Error::WorkerCrashed)?;
        let result = answer.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        result.map_err(|error| sqlx::Error::Io(std::io::Error::other(error.to_string())))
    }

    /// Fences an owner, destroys all its keys and its place in the lookup index, and empties the write-ahead log of
    /// them.
    ///
    /// Answers whether nothing of them is left in any file.
    pub(super) async fn shred(&self, owner: &str, at: DateTime<Utc>) -> Result<bool, sqlx::Error> {
        let mut writer = self.writer.lock().await;
        // Fence and destruction together: a key behind a fence would still open boxes.
        let mut together = writer.begin().await?;
        sqlx::query(FENCE).bind(owner).bind(at.timestamp_micros()).execute(&mut *together).await?;
        sqlx::query(SHRED).bind(owner).execute(&mut *together).await?;
        sqlx::query(FORGET).bind(owner).execute(&mut *together).await?;
        together.commit().await?;
        scrub(&mut writer).await
    }

    /// Ids of the key-encryption keys that the keys here are wrapped under.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn kek_ids(&self) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(KEK_IDS).fetch_all(&self.readers).await
    }

    /// Whether it was ever used for people: it holds a key of one, or any fence.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn served_people(&self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(HOLDS_PERSON).fetch_one(&self.readers).await
    }

    /// Names of the streams of people who are fenced here.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn fenced_people(&self) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(FENCED_PEOPLE).fetch_all(&self.readers).await
    }

    /// Generations that were shredded.
    pub(super) async fn shredded(&self, owner: &str) -> Result<Vec<u32>, sqlx::Error> {
        sqlx::query_scalar(SHREDDED).bind(owner).fetch_all(&self.readers).await
    }
}

/// Group commit of new keys: whatever waits becomes one statement and one sync.
async fn run(writer: std::sync::Arc<Mutex<SqliteConnection>>, mut inbox: mpsc::UnboundedReceiver<Mint>) {
    while let Some(first) = inbox.recv().await {
        let mut connection = writer.lock().await;
        let mut count = first.deks.len();
        let mut batch = vec![first];
        while count < MINT_BATCH_MAX {
            let Ok(mint) = inbox.try_recv() else { break };
            count += mint.deks.len();
            batch.push(mint);
        }
        let row = |dek: &WrappedDek| {
            serde_json::json!([dek.owner, dek.generation, dek.kek_id, hex::encode(&dek.wrapped)])
        };
        let rows: Vec<_> = batch.iter().flat_map(|mint| &mint.deks).map(row).collect();
        let written =
            sqlx::query(MINT).bind(serde_json::Value::from(rows).to_string()).execute(&mut *connection).await;
        let result = written.map(|_| ()).map_err(std::sync::Arc::new);
        for mint in batch {
            // A caller that went away does not undo the key; nobody uses it.
            let _ = mint.reply.send(result.clone());
        }
    }
}
