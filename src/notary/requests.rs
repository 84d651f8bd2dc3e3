//! What instances ask of the one that signs, and what it tells them: rows that one writes and the other reads.
//!
//! A file belongs to one process, which asks itself without: over SQLite there is nothing to read here.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use subject_record_schemas::{Position, StreamName};

use super::HeadsCommitment;
use super::heads::{HeadProof, name_hash};
use super::session::within;
use super::tables::{LogTables, TablesError};
use super::tree::Hash;
use crate::db::sql::{Connection, Sql, query};

/// How often the one that signs looks for requests, and others for answers.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How soon an answer is looked for first. It may be this very instance that gives it.
pub(super) const LOOK_FIRST: Duration = Duration::from_millis(10);
/// How long an answer is waited for: long enough for another instance to take over.
pub(super) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(15);

static OPEN: Sql = Sql::both(
    "SELECT number, streams FROM requests WHERE answer IS NULL \
     AND asked_us > (extract(epoch FROM now()) * 1000000)::bigint - 60000000 ORDER BY number LIMIT 100",
);
static ASK: Sql = Sql::both("INSERT INTO requests (streams) VALUES ($1) RETURNING number");
static ANSWER: Sql = Sql::both("UPDATE requests SET answer = $2 WHERE number = $1");
static FORGET: Sql = Sql::both(
    "DELETE FROM requests WHERE asked_us < (extract(epoch FROM now()) * 1000000)::bigint - 60000000",
);
static ANSWER_OF: Sql = Sql::both("SELECT answer FROM requests WHERE number = $1 AND answer IS NOT NULL");
static REFUSE: Sql = Sql::both(
    "INSERT INTO refusals (one, why) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET why = excluded.why",
);
static REFUSE_NO_MORE: Sql = Sql::both("DELETE FROM refusals");
static NEWS: Sql = Sql::both(
    "SELECT (SELECT why FROM refusals) AS why, (SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1) AS note",
);

/// What another instance wants to know.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) number: i64,
    /// Streams that proofs are wanted for, by the hashes of their names.
    pub(super) names: Vec<Hash>,
}

/// What it is told.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    root: String,
    streams: u64,
    at_position: u64,
    proofs: Vec<HeadProof>,
}

impl LogTables {
    /// Waits until somebody asks something.
    pub(super) async fn asked(&self) -> Result<(), TablesError> {
        if !self.session.is_among_several() {
            std::future::pending::<()>().await;
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if !self.rows(query(&OPEN)).await?.is_empty() {
                return Ok(());
            }
        }
    }

    /// What is asked and not answered, the oldest first.
    pub(super) async fn requests(&self) -> Result<Vec<Request>, TablesError> {
        if !self.session.is_among_several() {
            return Ok(Vec::new());
        }
        let rows = self.rows(query(&OPEN)).await?;
        let request = |row: &crate::db::sql::Row| {
            // What does not read gets an answer without proofs, which whoever asked does not take.
            let streams: Vec<String> = serde_json::from_str(&row.text("streams")?).unwrap_or_default();
            let names = streams.iter().map(|stream| name_hash(stream)).collect();
            Ok(Request { number: row.integer("number")?, names })
        };
        rows.iter().map(request).collect()
    }

    /// Answers a request, and forgets old ones.
    pub(super) async fn answer(&self, number: i64, heads: &HeadsCommitment) -> Result<(), TablesError> {
        let answer = Answer {
            root: hex::encode(heads.root),
            streams: heads.streams,
            at_position: heads.at_position.number(),
            proofs: heads.proofs.clone(),
        };
        let answer = serde_json::to_string(&answer).map_err(|_| TablesError::Row("an answer"))?;
        let mut held = self.session.lock().await;
        let done = within(held.patience(), put_answer(held.connection()?, number, answer)).await;
        held.settled(done).await
    }

    /// Asks for the root over all heads, with proofs for some streams.
    pub(super) async fn ask(&self, streams: &[StreamName]) -> Result<i64, TablesError> {
        let names: Vec<String> = streams.iter().map(ToString::to_string).collect();
        let asked = self.row(query(&ASK).bind(serde_json::json!(names).to_string())).await?;
        Ok(asked.ok_or(sqlx::Error::RowNotFound)?.integer("number")?)
    }

    /// The answer to a request, once it is there.
    pub(super) async fn answer_to(
        &self,
        number: i64,
        streams: usize,
    ) -> Result<Option<HeadsCommitment>, TablesError> {
        let Some(row) = self.row(query(&ANSWER_OF).bind(number)).await? else { return Ok(None) };
        let bad = |_| TablesError::Row("an answer");
        let answer: Answer = serde_json::from_str(&row.text("answer")?).map_err(bad)?;
        let mut root = [0; 32];
        if hex::decode_to_slice(&answer.root, &mut root).is_err() || answer.proofs.len() != streams {
            return Err(TablesError::Row("an answer"));
        }
        let Answer { streams, at_position, proofs, .. } = answer;
        Ok(Some(HeadsCommitment { root, streams, at_position: Position::new(at_position), proofs }))
    }

    /// Tells the others why nothing is signed.
    pub(super) async fn put_refusal(&self, why: &str) -> Result<(), TablesError> {
        let mut held = self.session.lock().await;
        let done = within(held.patience(), put_refusal(held.connection()?, why)).await;
        held.settled(done).await
    }

    /// Tells the others that it is signed again.
    pub(super) async fn clear_refusal(&self) -> Result<(), TablesError> {
        if !self.session.is_among_several() {
            return Ok(());
        }
        let mut held = self.session.lock().await;
        let done = within(held.patience(), clear_refusal(held.connection()?)).await;
        held.settled(done).await
    }

    /// What the one that signs tells: why it does not, and its newest checkpoint.
    pub(super) async fn news(&self) -> Result<(Option<String>, Option<String>), TablesError> {
        let row = self.row(query(&NEWS)).await?.ok_or(sqlx::Error::RowNotFound)?;
        Ok((row.text_or_null("why")?, row.text_or_null("note")?))
    }
}

async fn put_answer(to: &mut Connection, number: i64, answer: String) -> Result<(), TablesError> {
    let mut together = to.begin().await?;
    query(&FORGET).execute(&mut together).await?;
    query(&ANSWER).bind(number).bind(answer).execute(&mut together).await?;
    Ok(together.commit().await?)
}

async fn put_refusal(to: &mut Connection, why: &str) -> Result<(), TablesError> {
    query(&REFUSE).bind(why).execute(to).await?;
    Ok(())
}

async fn clear_refusal(to: &mut Connection) -> Result<(), TablesError> {
    query(&REFUSE_NO_MORE).execute(to).await?;
    Ok(())
}
