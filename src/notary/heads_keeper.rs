//! Keeps the map from stream to its end, behind the log, in the tables of the tree.

use std::collections::{BTreeMap, HashMap};

use subject_record_schemas::Position;

use super::heads::{BucketTree, HeadProof, NameHash, StreamEnd, bucket_leaf, bucket_of, head_hash};
use super::session::within;
use super::tables::{LogTables, TablesError, signed};
use super::tree::Hash;
use crate::db::sql::{Connection, On, Row, Sql, query};

static PROGRESS: Sql = Sql::both("SELECT position, streams FROM heads_progress");
static BUCKETS: Sql = Sql::both("SELECT bucket, leaf FROM buckets");
static PUT_HEADS: Sql = Sql::apart(
    "INSERT INTO heads (bucket, name, head) \
     SELECT given.value ->> 0, unhex(given.value ->> 1), unhex(given.value ->> 2) \
     FROM json_each($1) given WHERE true \
     ON CONFLICT (bucket, name) DO UPDATE SET head = excluded.head",
    "INSERT INTO heads (bucket, name, head) \
     SELECT (given.value ->> 0)::bigint, decode(given.value ->> 1, 'hex'), decode(given.value ->> 2, 'hex') \
     FROM jsonb_array_elements($1::jsonb) AS given (value) \
     ON CONFLICT (bucket, name) DO UPDATE SET head = excluded.head",
);
static MEMBERS: Sql = Sql::apart(
    "SELECT bucket, name, head FROM heads \
     WHERE bucket IN (SELECT value FROM json_each($1)) ORDER BY bucket, name",
    "SELECT bucket, name, head FROM heads \
     WHERE bucket IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb) AS given (value)) \
     ORDER BY bucket, name",
);
static COUNT: Sql = Sql::apart(
    "SELECT COUNT(*) FROM heads WHERE bucket IN (SELECT value FROM json_each($1))",
    "SELECT COUNT(*) FROM heads \
     WHERE bucket IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb) AS given (value))",
);
static PUT_BUCKETS: Sql = Sql::apart(
    "INSERT INTO buckets (bucket, leaf) \
     SELECT given.value ->> 0, unhex(given.value ->> 1) FROM json_each($1) given WHERE true \
     ON CONFLICT (bucket) DO UPDATE SET leaf = excluded.leaf",
    "INSERT INTO buckets (bucket, leaf) \
     SELECT (given.value ->> 0)::bigint, decode(given.value ->> 1, 'hex') \
     FROM jsonb_array_elements($1::jsonb) AS given (value) \
     ON CONFLICT (bucket) DO UPDATE SET leaf = excluded.leaf",
);
static ADVANCE: Sql = Sql::both(
    "INSERT INTO heads_progress (one, position, streams) VALUES (1, $1, $2) \
     ON CONFLICT (one) DO UPDATE SET position = excluded.position, streams = excluded.streams",
);

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
    pub(super) async fn open(tables: &LogTables) -> Result<Self, TablesError> {
        let (position, streams) = match tables.row(query(&PROGRESS)).await? {
            Some(row) => (row.unsigned("position")?, row.unsigned("streams")?),
            None => (0, 0),
        };
        let rows = tables.rows(query(&BUCKETS)).await?;
        let mut leaves = Vec::with_capacity(rows.len());
        for row in &rows {
            leaves.push((bucket(row)?, hash(row.bytes("leaf")?)?));
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
    pub(super) async fn write(&mut self, tables: &LogTables, position: Position) -> Result<(), TablesError> {
        let mut held = tables.session.lock().await;
        let done = within(held.patience(), self.put(held.connection()?, position)).await;
        let (leaves, streams) = held.settled(done).await?;
        self.tree.set_all(leaves);
        self.pending.clear();
        (self.position, self.streams) = (position, streams);
        Ok(())
    }

    /// Answers the leaves that changed, and how many streams there are by then.
    async fn put(
        &self,
        to: &mut Connection,
        position: Position,
    ) -> Result<(Vec<(u16, Hash)>, u64), TablesError> {
        let mut touched: BTreeMap<u16, Vec<(NameHash, Hash)>> = BTreeMap::new();
        for (name, end) in &self.pending {
            touched.entry(bucket_of(name)).or_default().push((*name, head_hash(end)));
        }
        let mut together = to.begin().await?;
        let (mut leaves, mut streams) = (Vec::with_capacity(touched.len()), self.streams);
        let touched: Vec<_> = touched.into_iter().collect();
        for part in touched.chunks(BUCKETS_AT_A_TIME) {
            let buckets =
                serde_json::json!(part.iter().map(|(bucket, _)| bucket).collect::<Vec<_>>()).to_string();
            let before = query(&COUNT).bind(buckets.as_str()).fetch_one(&mut together).await?.unsigned(0)?;
            let heads: Vec<_> = part
                .iter()
                .flat_map(|(bucket, members)| members.iter().map(move |member| (bucket, member)))
                .map(|(bucket, (name, head))| {
                    serde_json::json!([bucket, hex::encode(name), hex::encode(head)])
                })
                .collect();
            let heads = serde_json::Value::from(heads).to_string();
            query(&PUT_HEADS).bind(heads).execute(&mut together).await?;
            let members = members(&mut together, &buckets).await?;
            streams +=
                (members.values().map(|members| members.len() as u64).sum::<u64>()).saturating_sub(before);
            leaves.extend(members.iter().map(|(bucket, members)| (*bucket, bucket_leaf(members))));
        }
        let written: Vec<_> =
            leaves.iter().map(|(bucket, leaf)| serde_json::json!([bucket, hex::encode(leaf)])).collect();
        let written = serde_json::Value::from(written).to_string();
        query(&PUT_BUCKETS).bind(written).execute(&mut together).await?;
        let advance = query(&ADVANCE).bind(signed(position.number())?).bind(signed(streams)?);
        advance.execute(&mut together).await?;
        together.commit().await?;
        Ok((leaves, streams))
    }

    /// Proofs of where these streams end, or that they are not there, in what is written.
    pub(super) async fn prove(
        &self,
        tables: &LogTables,
        names: &[NameHash],
    ) -> Result<Vec<HeadProof>, TablesError> {
        let buckets: Vec<u16> = names.iter().map(bucket_of).collect();
        let wanted = serde_json::json!(buckets).to_string();
        let mut held = tables.session.lock().await;
        let members = within(held.patience(), members(held.connection()?, &wanted)).await;
        let members = held.settled(members).await?;
        let proof = |bucket: &u16| {
            let members = members.get(bucket).map_or(&[][..], Vec::as_slice);
            HeadProof::new(members, &self.tree.path(*bucket))
        };
        Ok(buckets.iter().map(proof).collect())
    }
}

async fn members<'c>(
    on: impl Into<On<'c>>,
    buckets: &str,
) -> Result<BTreeMap<u16, Vec<(NameHash, Hash)>>, TablesError> {
    let rows = query(&MEMBERS).bind(buckets).fetch_all(on).await?;
    let mut members: BTreeMap<u16, Vec<(NameHash, Hash)>> = BTreeMap::new();
    for row in &rows {
        let member = (hash(row.bytes("name")?)?, hash(row.bytes("head")?)?);
        members.entry(bucket(row)?).or_default().push(member);
    }
    Ok(members)
}

fn bucket(row: &Row) -> Result<u16, TablesError> {
    u16::try_from(row.integer("bucket")?).map_err(|_| TablesError::Row("a bucket"))
}

fn hash(bytes: Vec<u8>) -> Result<Hash, TablesError> {
    bytes.try_into().map_err(|_| TablesError::Row("a hash"))
}
