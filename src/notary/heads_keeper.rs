//! Keeps the map from stream to its end, behind the log, in `log.db`.

use std::collections::{BTreeMap, HashMap};

use sqlx::{Connection, Row, SqliteConnection};
use subject_record_schemas::Position;

use super::file::{FileError, LogFile, signed, unsigned};
use super::heads::{BucketTree, HeadProof, NameHash, StreamEnd, bucket_leaf, bucket_of, head_hash};
use super::tree::Hash;

const PROGRESS: &str = "SELECT position, streams FROM heads_progress";
const BUCKETS: &str = "SELECT bucket, leaf FROM buckets";
const PUT_HEADS: &str = "INSERT INTO heads (bucket, name, head) \
    SELECT new.value ->> 0, unhex(new.value ->> 1), unhex(new.value ->> 2) FROM json_each(?1) new WHERE true \
    ON CONFLICT (bucket, name) DO UPDATE SET head = excluded.head";
const MEMBERS: &str = "SELECT bucket, name, head FROM heads WHERE bucket IN (SELECT value FROM json_each(?1)) ORDER BY bucket, name";
const COUNT: &str = "SELECT COUNT(*) FROM heads WHERE bucket IN (SELECT value FROM json_each(?1))";
const PUT_BUCKETS: &str = "INSERT OR REPLACE INTO buckets (bucket, leaf) \
    SELECT new.value ->> 0, unhex(new.value ->> 1) FROM json_each(?1) new";
const ADVANCE: &str = "INSERT OR REPLACE INTO heads_progress (one, position, streams) VALUES (1, ?1, ?2)";

/// Ends that wait in memory before they are written, whether a root is asked for or not.
pub(super) const PENDING_MAX: usize = 200_000;
/// Buckets whose members are read at a time.
const BUCKETS_AT_A_TIME: usize = 2_048;

/// The map, as far as it is written, and what came since.
#[derive(Debug)]
pub(super) struct HeadsKeeper {
    tree: BucketTree,
    pending: HashMap<NameHash, StreamEnd>,
    /// Last position that is written.
    pub(super) position: Position,
    /// Streams that are written.
    pub(super) streams: u64,
}

impl HeadsKeeper {
    pub(super) async fn open(file: &LogFile) -> Result<Self, FileError> {
        let row = sqlx::query(PROGRESS).fetch_optional(&file.readers).await?;
        let (position, streams) = match row {
            Some(row) => (unsigned(row.try_get("position")?)?, unsigned(row.try_get("streams")?)?),
            None => (0, 0),
        };
        let rows = sqlx::query(BUCKETS).fetch_all(&file.readers).await?;
        let mut leaves = Vec::with_capacity(rows.len());
        for row in &rows {
            let bucket: u16 = row.try_get("bucket")?;
            leaves.push((bucket, hash(row.try_get("leaf")?)?));
        }
        let mut tree = BucketTree::default();
        tree.set_all(leaves);
        Ok(Self { tree, pending: HashMap::new(), position: Position::new(position), streams })
    }

    /// Takes in where a stream ends now.
    pub(super) fn note(&mut self, name: NameHash, end: StreamEnd) {
        self.pending.insert(name, end);
    }

    /// Ends that are not written yet.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Writes what came up to a position, and hashes the buckets it touched.
    pub(super) async fn write(&mut self, file: &LogFile, position: Position) -> Result<(), FileError> {
        let mut touched: BTreeMap<u16, Vec<(NameHash, Hash)>> = BTreeMap::new();
        for (name, end) in &self.pending {
            touched.entry(bucket_of(name)).or_default().push((*name, head_hash(end)));
        }
        let mut writer = file.writer.lock().await;
        let mut together = writer.begin().await?;
        let (mut leaves, mut streams) = (Vec::with_capacity(touched.len()), self.streams);
        let touched: Vec<_> = touched.into_iter().collect();
        for part in touched.chunks(BUCKETS_AT_A_TIME) {
            let buckets =
                serde_json::json!(part.iter().map(|(bucket, _)| bucket).collect::<Vec<_>>()).to_string();
            let before: i64 = sqlx::query_scalar(COUNT).bind(&buckets).fetch_one(&mut *together).await?;
            let heads: Vec<_> = part
                .iter()
                .flat_map(|(bucket, members)| members.iter().map(move |member| (bucket, member)))
                .map(|(bucket, (name, head))| {
                    serde_json::json!([bucket, hex::encode(name), hex::encode(head)])
                })
                .collect();
            sqlx::query(PUT_HEADS)
                .bind(serde_json::Value::from(heads).to_string())
                .execute(&mut *together)
                .await?;
            let members = members(&mut together, &buckets).await?;
            streams += (members.values().map(|members| members.len() as u64).sum::<u64>())
                .saturating_sub(unsigned(before)?);
            leaves.extend(members.iter().map(|(bucket, members)| (*bucket, bucket_leaf(members))));
        }
        let written: Vec<_> =
            leaves.iter().map(|(bucket, leaf)| serde_json::json!([bucket, hex::encode(leaf)])).collect();
        sqlx::query(PUT_BUCKETS)
            .bind(serde_json::Value::from(written).to_string())
            .execute(&mut *together)
            .await?;
        let advance = sqlx::query(ADVANCE).bind(signed(position.number())?).bind(signed(streams)?);
        advance.execute(&mut *together).await?;
        together.commit().await?;
        self.tree.set_all(leaves);
        self.pending.clear();
        (self.position, self.streams) = (position, streams);
        Ok(())
    }

    /// Proofs of where these streams end, or that they are not there, in what is written.
    pub(super) async fn prove(
        &self,
        file: &LogFile,
        names: &[NameHash],
    ) -> Result<Vec<HeadProof>, FileError> {
        let buckets: Vec<u16> = names.iter().map(bucket_of).collect();
        let mut connection = file.writer.lock().await;
        let members = members(&mut connection, &serde_json::json!(buckets).to_string()).await?;
        let proof = |bucket: &u16| {
            let members = members.get(bucket).map_or(&[][..], Vec::as_slice);
            HeadProof::new(members, &self.tree.path(*bucket))
        };
        Ok(buckets.iter().map(proof).collect())
    }
}

async fn members(
    connection: &mut SqliteConnection,
    buckets: &str,
) -> Result<BTreeMap<u16, Vec<(NameHash, Hash)>>, FileError> {
    let rows = sqlx::query(MEMBERS).bind(buckets).fetch_all(connection).await?;
    let mut members: BTreeMap<u16, Vec<(NameHash, Hash)>> = BTreeMap::new();
    for row in &rows {
        let member = (hash(row.try_get("name")?)?, hash(row.try_get("head")?)?);
        members.entry(row.try_get("bucket")?).or_default().push(member);
    }
    Ok(members)
}

fn hash(bytes: Vec<u8>) -> Result<Hash, FileError> {
    bytes.try_into().map_err(|_| FileError::Row("a hash"))
}
