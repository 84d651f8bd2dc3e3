//! Group commit of new keys: whatever waits becomes one statement and one sync.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::keys::WrappedDek;
use super::writer::{Writer, answered};
use crate::db::sql::{Engine, Sql, Transaction, query};

// In one order everywhere: two instances that make keys of the same owners must not wait for one another in a ring.
const MINT: Sql = Sql::apart(
    "INSERT OR IGNORE INTO deks (owner, generation, kek_id, wrapped) \
    SELECT new.value ->> 0, new.value ->> 1, new.value ->> 2, unhex(new.value ->> 3) FROM json_each($1) new \
    WHERE NOT EXISTS (SELECT 1 FROM fences f WHERE f.owner = new.value ->> 0) \
      AND NOT EXISTS (SELECT 1 FROM deks d WHERE d.owner = new.value ->> 0)",
    "INSERT INTO deks (owner, generation, kek_id, wrapped) \
    SELECT new.value ->> 0, (new.value ->> 1)::bigint, new.value ->> 2, decode(new.value ->> 3, 'hex') \
    FROM jsonb_array_elements($1::jsonb) AS new(value) \
    WHERE NOT EXISTS (SELECT 1 FROM fences f WHERE f.owner = new.value ->> 0) \
      AND NOT EXISTS (SELECT 1 FROM deks d WHERE d.owner = new.value ->> 0) \
    ORDER BY (new.value ->> 0) COLLATE \"C\" ON CONFLICT DO NOTHING",
);
/// Until the transaction ends no other instance fences anybody, and none that has begun to is unseen.
const HOLD_OFF_FENCES: Sql = Sql::both("SELECT hold_off_fences() IS NULL");

/// Owners minted by one commit at most.
const MINT_BATCH_MAX: usize = 1_000;

/// Where new keys wait.
#[derive(Clone, Debug)]
pub(super) struct Mints(mpsc::UnboundedSender<Mint>);

#[derive(Debug)]
struct Mint {
    deks: Vec<WrappedDek>,
    reply: oneshot::Sender<Result<(), Arc<sqlx::Error>>>,
}

impl Mints {
    /// Keeps what comes, for as long as anybody may send.
    pub(super) fn start(writer: Arc<Writer>) -> Self {
        let (mints, inbox) = mpsc::unbounded_channel();
        tokio::spawn(run(writer, inbox));
        Self(mints)
    }

    /// Keeps keys of owners that have none and no fence, durably.
    pub(super) async fn keep(&self, deks: Vec<WrappedDek>) -> Result<(), sqlx::Error> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Mint { deks, reply }).map_err(|_| sqlx::Error::WorkerCrashed)?;
        let result = answer.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        result.map_err(|error| sqlx::Error::Io(std::io::Error::other(error.to_string())))
    }
}

async fn run(writer: Arc<Writer>, mut inbox: mpsc::UnboundedReceiver<Mint>) {
    while let Some(first) = inbox.recv().await {
        let mut held = writer.lock().await;
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
        let rows: Arc<str> = serde_json::Value::from(rows).to_string().into();
        let is_remote = held.is_remote();
        let result = loop {
            let tried = answered(is_remote, async {
                let connection = held.connection().await?;
                let mint = query(&MINT).bind(Arc::clone(&rows));
                if connection.engine() == Engine::Sqlite {
                    return mint.execute(connection).await.map(drop);
                }
                let mut together = connection.begin().await?;
                hold_off_fences(&mut together).await?;
                mint.execute(&mut together).await?;
                together.commit().await
            });
            let tried = tried.await;
            if let Some(result) = held.settle(tried).await {
                break result.map_err(Arc::new);
            }
        };
        for mint in batch {
            // A caller that went away does not undo the key; nobody uses it.
            let _ = mint.reply.send(result.clone());
        }
    }
}

/// Holds off fences for the rest of a transaction. A file has one writer, so nobody fences meanwhile.
pub(super) async fn hold_off_fences(together: &mut Transaction<'_>) -> Result<(), sqlx::Error> {
    if matches!(together, Transaction::Postgres(_)) {
        query(&HOLD_OFF_FENCES).fetch_one(together).await?;
    }
    Ok(())
}
