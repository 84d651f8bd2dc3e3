//! `witness.db`: what a mirror derived, as of the newest checkpoint that it cosigned. One writer.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::{Connection, Row, SqliteConnection};

use super::audit::{Audit, Waiting};
use crate::db::{DatabaseError, WriterTuning, open_writer};
use crate::notary::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::notary::heads::StreamEnd;
use crate::notary::tree::{Frontier, Hash, Node, Nodes, TreeError};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/witness");
const TUNING: WriterTuning =
    WriterTuning { page_bytes: 4096, statements_max: 16, wal_checkpoint_pages: 10_000 };

const PROGRESS: &str = "SELECT size, edge, note, heads_at, recorded_us, withdrawn, commitments FROM progress";
const HEADS: &str = "SELECT stream, revision, leaf FROM heads";
const SINCE: &str = "SELECT place, stream, revision, leaf FROM entries_since ORDER BY place";
const REFUSED: &str = "SELECT place, code, reason, note, refused_us FROM refused";
const PUT_HEADS: &str = "INSERT INTO heads (stream, revision, leaf) \
    SELECT new.value ->> 0, new.value ->> 1, unhex(new.value ->> 2) FROM json_each(?1) new WHERE true \
    ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision, leaf = excluded.leaf";
const DROP_SINCE: &str = "DELETE FROM entries_since WHERE place < ?1";
const PUT_SINCE: &str = "INSERT INTO entries_since (place, stream, revision, leaf) \
    SELECT new.value ->> 0, new.value ->> 1, new.value ->> 2, unhex(new.value ->> 3) FROM json_each(?1) new";
const PUT_PROGRESS: &str = "INSERT OR REPLACE INTO progress \
    (one, size, edge, note, heads_at, recorded_us, withdrawn, commitments) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const PUT_REFUSED: &str = "INSERT OR REPLACE INTO refused (one, place, code, reason, note, refused_us) \
    VALUES (1, ?1, ?2, ?3, ?4, ?5)";
const FORGET_REFUSED: &str = "DELETE FROM refused";

/// Rows of one statement.
const ROWS_MAX: usize = 5_000;

/// A mirror's file that does not serve.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] DatabaseError),
    /// The engine failed.
    #[error("the witness's file failed")]
    Engine(#[from] sqlx::Error),
    /// A row does not read as what it should be.
    #[error("the witness's file holds a row that does not read: {0}")]
    Row(&'static str),
    /// The checkpoint in it does not read.
    #[error("the witness's file holds a checkpoint that does not read")]
    Checkpoint(#[from] CheckpointError),
}

/// Why nothing is cosigned any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Place of the entry at fault, if it is one entry's.
    pub index: Option<u64>,
    /// Stable code.
    pub code: String,
    /// In words.
    pub reason: String,
    /// The checkpoint that was not cosigned: with the log's signature on it, evidence against the log.
    pub note: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The file.
#[derive(Debug)]
pub(super) struct StateFile(SqliteConnection);

impl StateFile {
    pub(super) async fn open(path: &Path) -> Result<Self, StateError> {
        Ok(Self(open_writer(path, &MIGRATOR, TUNING).await?))
    }

    /// The newest checkpoint that was cosigned, and what was derived of the entries under it.
    pub(super) async fn load(&mut self) -> Result<(Option<SignedCheckpoint>, Audit), StateError> {
        let mut audit = Audit::default();
        let Some(row) = sqlx::query(PROGRESS).fetch_optional(&mut self.0).await? else {
            return Ok((None, audit));
        };
        let cosigned = SignedCheckpoint::parse(row.try_get("note")?)?;
        audit.edge = edge(unsigned(row.try_get("size")?)?, row.try_get("edge")?)?;
        audit.heads_at = unsigned(row.try_get("heads_at")?)?;
        audit.recorded = row
            .try_get::<Option<i64>, _>("recorded_us")?
            .map(|micros| DateTime::from_timestamp_micros(micros).ok_or(StateError::Row("a time")))
            .transpose()?;
        audit.withdrawn = unsigned(row.try_get("withdrawn")?)?;
        audit.commitments = unsigned(row.try_get("commitments")?)?;
        for row in sqlx::query(HEADS).fetch_all(&mut self.0).await? {
            audit.restore_head(row.try_get::<&str, _>("stream")?.into(), end(&row)?);
        }
        for row in sqlx::query(SINCE).fetch_all(&mut self.0).await? {
            let stream: Arc<str> = row.try_get::<&str, _>("stream")?.into();
            audit.restore_entry(Waiting { index: unsigned(row.try_get("place")?)?, stream, end: end(&row)? });
        }
        if audit.size() != cosigned.checkpoint.size || audit.edge.root() != cosigned.checkpoint.root {
            return Err(StateError::Row("a tree that is not that of its checkpoint"));
        }
        Ok((Some(cosigned), audit))
    }

    /// Makes durable what was derived, and the checkpoint that may be cosigned with it.
    ///
    /// `before` is the size that is kept so far.
    pub(super) async fn save(
        &mut self,
        before: u64,
        cosigned: &SignedCheckpoint,
        audit: &mut Audit,
    ) -> Result<(), StateError> {
        let mut together = self.0.begin().await?;
        let heads: Vec<_> = audit.changed.iter().collect();
        for heads in heads.chunks(ROWS_MAX) {
            sqlx::query(PUT_HEADS).bind(head_rows(heads)).execute(&mut *together).await?;
        }
        sqlx::query(DROP_SINCE).bind(signed(audit.heads_at)?).execute(&mut *together).await?;
        let since: Vec<_> = audit.waiting.iter().filter(|waiting| waiting.index >= before).collect();
        for since in since.chunks(ROWS_MAX) {
            sqlx::query(PUT_SINCE).bind(since_rows(since)).execute(&mut *together).await?;
        }
        sqlx::query(PUT_PROGRESS)
            .bind(signed(audit.size())?)
            .bind(audit.edge.subtrees().concat())
            .bind(cosigned.note.as_str())
            .bind(signed(audit.heads_at)?)
            .bind(audit.recorded.map(|recorded| recorded.timestamp_micros()))
            .bind(signed(audit.withdrawn)?)
            .bind(signed(audit.commitments)?)
            .execute(&mut *together)
            .await?;
        together.commit().await?;
        audit.saved();
        Ok(())
    }

    /// Why nothing is cosigned any more, if it is so.
    pub(super) async fn refused(&mut self) -> Result<Option<Refused>, StateError> {
        let Some(row) = sqlx::query(REFUSED).fetch_optional(&mut self.0).await? else { return Ok(None) };
        let at =
            DateTime::from_timestamp_micros(row.try_get("refused_us")?).ok_or(StateError::Row("a time"))?;
        Ok(Some(Refused {
            index: row.try_get::<Option<i64>, _>("place")?.map(unsigned).transpose()?,
            code: row.try_get("code")?,
            reason: row.try_get("reason")?,
            note: row.try_get("note")?,
            at,
        }))
    }

    pub(super) async fn refuse(&mut self, refused: &Refused) -> Result<(), StateError> {
        sqlx::query(PUT_REFUSED)
            .bind(refused.index.map(signed).transpose()?)
            .bind(&refused.code)
            .bind(&refused.reason)
            .bind(&refused.note)
            .bind(refused.at.timestamp_micros())
            .execute(&mut self.0)
            .await?;
        Ok(())
    }

    pub(super) async fn forget_refusal(&mut self) -> Result<(), StateError> {
        sqlx::query(FORGET_REFUSED).execute(&mut self.0).await?;
        Ok(())
    }
}

fn head_rows(heads: &[(&Arc<str>, &StreamEnd)]) -> String {
    let row =
        |(stream, end): &(&Arc<str>, &StreamEnd)| json!([**stream, end.revision, hex::encode(end.leaf_hash)]);
    Value::from_iter(heads.iter().map(row)).to_string()
}

fn since_rows(since: &[&Waiting]) -> String {
    let row = |waiting: &&Waiting| {
        json!([waiting.index, *waiting.stream, waiting.end.revision, hex::encode(waiting.end.leaf_hash)])
    };
    Value::from_iter(since.iter().map(row)).to_string()
}

/// Complete subtrees as kept: in the order in which a frontier asks for them.
struct Edge<'a>(&'a [Hash]);

impl Nodes for Edge<'_> {
    fn nodes(&self, _wanted: &[Node]) -> Result<Vec<Hash>, TreeError> {
        Ok(self.0.to_vec())
    }
}

fn edge(size: u64, bytes: &[u8]) -> Result<Frontier, StateError> {
    Frontier::load(size, &Edge(bytes.as_chunks().0)).map_err(|_| StateError::Row("the edge of the tree"))
}

fn end(row: &sqlx::sqlite::SqliteRow) -> Result<StreamEnd, StateError> {
    let leaf: &[u8] = row.try_get("leaf")?;
    let leaf_hash = leaf.try_into().map_err(|_| StateError::Row("a leaf hash"))?;
    Ok(StreamEnd { revision: unsigned(row.try_get("revision")?)?, leaf_hash })
}

fn unsigned(number: i64) -> Result<u64, StateError> {
    number.try_into().map_err(|_| StateError::Row("a number"))
}

fn signed(number: u64) -> Result<i64, StateError> {
    number.try_into().map_err(|_| StateError::Row("a number"))
}
