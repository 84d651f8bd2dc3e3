//! The tables of the tree: tiles, checkpoints, stamps. Anybody reads them; [`super::writing`] writes them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;
use subject_record_schemas::Position;

use super::Place;
use super::growth::{Growth, edge_tiles};
use super::session::{Session, within};
use super::tile::{TILE_WIDTH, TileId, TileSet};
use super::tree::{self, Hash};
use crate::db::sql::{Connection, Pool, Query, Row, Sql, query};
use crate::db::{DatabaseError, WriterTuning, open_readers, open_writer};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite/log");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres/log");

static PROGRESS: Sql = Sql::both("SELECT size, position, leaf FROM tree_progress");
static TILES: Sql = Sql::apart(
    "SELECT tile, hashes FROM tiles WHERE tile IN (SELECT value FROM json_each($1))",
    "SELECT tile, hashes FROM tiles \
     WHERE tile IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb) AS given (value))",
);
static BUNDLE: Sql = Sql::both("SELECT first_position, positions FROM bundles WHERE bundle = $1");
static BUNDLES_OF: Sql = Sql::apart(
    "SELECT wanted.value AS position, b.bundle, b.first_position, b.positions \
     FROM json_each($1) wanted JOIN bundles b ON b.first_position = \
        (SELECT MAX(first_position) FROM bundles WHERE first_position <= wanted.value)",
    "SELECT wanted.position, b.bundle, b.first_position, b.positions \
     FROM (SELECT value::bigint AS position FROM jsonb_array_elements_text($1::jsonb) AS given (value)) AS wanted \
     CROSS JOIN LATERAL (SELECT * FROM bundles WHERE first_position <= wanted.position \
        ORDER BY first_position DESC LIMIT 1) AS b",
);
static CHECKPOINT_AT: Sql = Sql::both("SELECT note FROM checkpoints WHERE size = $1");
static NEWEST_CHECKPOINT: Sql = Sql::both("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1");
static KEPT_CHECKPOINTS: Sql =
    Sql::both("SELECT note FROM checkpoints WHERE kept = 1 AND size <= $1 ORDER BY size DESC LIMIT $2");
static STAMPS: Sql = Sql::both(
    "SELECT s.size, s.authority, s.stamped_us, s.answer, c.note FROM stamps s \
     JOIN checkpoints c ON c.size = s.size WHERE s.size <= $1 ORDER BY s.size DESC LIMIT $2",
);

/// Bits of a tile's key below its level.
const TILE_NUMBER_BITS: u32 = 40;
/// Connections of one instance that read over a network.
const READERS_MAX: u32 = 4;
/// How long an answer to a reader is waited for over a network.
const READ_WAIT_MAX: Duration = Duration::from_secs(10);

/// A fault of the tables of the tree.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The engine failed.
    #[error("the tables of the transparency log failed")]
    Engine(#[from] sqlx::Error),
    /// A row does not read.
    #[error(
        "a row of the transparency log does not read: {0}; stop the service, remove log.db, or on PostgreSQL all rows of the schema log, and they are made anew"
    )]
    Row(&'static str),
    /// This instance may not write.
    #[error("this instance does not sign for the log now: another one does, or will in a moment")]
    Lost,
}

/// An RFC 3161 stamp over a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptStamp {
    /// Entries under the checkpoint.
    pub size: u64,
    /// The checkpoint, as it was signed.
    pub note: String,
    /// Configured name of the authority.
    pub authority: String,
    /// Time in the stamp.
    pub stamped_at: DateTime<Utc>,
    /// The authority's whole answer.
    pub answer: Vec<u8>,
}

/// The tables.
#[derive(Debug)]
pub(super) struct LogTables {
    pub(super) session: Session,
    pub(super) readers: Pool,
}

impl LogTables {
    pub(super) async fn open(place: Place) -> Result<Self, DatabaseError> {
        match place {
            Place::File(path) => {
                let tuning =
                    WriterTuning { page_bytes: 4096, statements_max: 50, wal_checkpoint_pages: 1000 };
                let writer = open_writer(&path, &SQLITE, tuning).await?;
                let readers = Pool::Sqlite(open_readers(&path).await?);
                Ok(Self { session: Session::of_file(Connection::Sqlite(writer)), readers })
            }
            Place::Postgres(place) => {
                place.migrate(&POSTGRES).await?;
                let readers = Pool::Postgres(place.pool(READERS_MAX).await?);
                Ok(Self { session: Session::among_several(place), readers })
            }
        }
    }

    pub(super) async fn rows(&self, query: Query) -> Result<Vec<Row>, TablesError> {
        let patience = self.session.is_among_several().then_some(READ_WAIT_MAX);
        within(patience, async { Ok(query.fetch_all(&self.readers).await?) }).await
    }

    pub(super) async fn row(&self, query: Query) -> Result<Option<Row>, TablesError> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// The tree as far as it is kept.
    pub(super) async fn growth(&self) -> Result<Growth, TablesError> {
        let Some((size, position, leaf)) = self.progress().await? else { return Ok(Growth::default()) };
        let ids: Vec<TileId> = edge_tiles(size).collect();
        let mut tiles = self.tiles(&ids.iter().copied().collect()).await?;
        let edges: Vec<Vec<u8>> = ids.iter().map(|id| tiles.remove(id).unwrap_or_default()).collect();
        for (id, edge) in ids.iter().zip(&edges) {
            let width = (size >> (8 * u32::from(id.level))) % u64::from(TILE_WIDTH);
            if edge.len() as u64 != width * 32 {
                return Err(TablesError::Row("the last tile of a level"));
            }
        }
        let mut positions = self.positions_under(size / u64::from(TILE_WIDTH)).await?.unwrap_or_default();
        positions.truncate(usize::try_from(size % u64::from(TILE_WIDTH)).unwrap_or(0));
        Ok(Growth::resume(size, position, leaf, edges, positions))
    }

    /// Size of the tree, and position and leaf hash of its last entry.
    pub(super) async fn progress(&self) -> Result<Option<(u64, Position, Hash)>, TablesError> {
        let Some(row) = self.row(query(&PROGRESS)).await? else { return Ok(None) };
        let leaf = row.bytes("leaf")?.try_into().map_err(|_| TablesError::Row("leaf"))?;
        Ok(Some((row.unsigned("size")?, Position::new(row.unsigned("position")?), leaf)))
    }

    /// Tiles, those that are there.
    pub(super) async fn tiles(
        &self,
        ids: &BTreeSet<TileId>,
    ) -> Result<BTreeMap<TileId, Vec<u8>>, TablesError> {
        let keys = ids.iter().map(|id| key(*id)).collect::<Result<Vec<_>, _>>()?;
        let rows = self.rows(query(&TILES).bind(serde_json::json!(keys).to_string())).await?;
        let mut tiles = BTreeMap::new();
        for row in &rows {
            tiles.insert(id_of(row.integer("tile")?)?, row.bytes("hashes")?);
        }
        Ok(tiles)
    }

    /// Root of the tree of a size that is not larger than the kept one.
    pub(super) async fn root(&self, size: u64) -> Result<Hash, TablesError> {
        let tiles = self.tiles(&super::tile::tiles_needed(&[], &[size])).await?;
        tree::root(size, &TileSet::new(tiles)).map_err(|_| TablesError::Row("a tile is missing or too short"))
    }

    /// Positions of the entries of a bundle.
    pub(super) async fn positions_under(&self, bundle: u64) -> Result<Option<Vec<u64>>, TablesError> {
        let row = self.row(query(&BUNDLE).bind(signed(bundle)?)).await?;
        row.map(|row| positions(&row)).transpose()
    }

    /// Position of the last entry of a tree of this size.
    pub(super) async fn position_before(&self, size: u64) -> Result<Position, TablesError> {
        let Some(index) = size.checked_sub(1) else { return Ok(Position::START) };
        let positions = self.positions_under(index / u64::from(TILE_WIDTH)).await?.unwrap_or_default();
        let within = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
        let found = positions.get(within).copied().ok_or(TablesError::Row("a bundle is too short"))?;
        Ok(Position::new(found))
    }

    /// Places in the tree of entries at these positions, in the same order.
    pub(super) async fn indexes(&self, wanted: &[Position]) -> Result<Vec<Option<u64>>, TablesError> {
        let numbers: Vec<u64> = wanted.iter().map(|position| position.number()).collect();
        let rows = self.rows(query(&BUNDLES_OF).bind(serde_json::json!(numbers).to_string())).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let (position, bundle) = (row.unsigned("position")?, row.unsigned("bundle")?);
            let place = positions(row)?.binary_search(&position).ok();
            if let Some(within) = place.and_then(|place| u64::try_from(place).ok()) {
                found.insert(position, bundle * u64::from(TILE_WIDTH) + within);
            }
        }
        Ok(numbers.iter().map(|number| found.get(number).copied()).collect())
    }

    pub(super) async fn checkpoint_at(&self, size: u64) -> Result<Option<String>, TablesError> {
        let row = self.row(query(&CHECKPOINT_AT).bind(signed(size)?)).await?;
        Ok(row.map(|row| row.text("note")).transpose()?)
    }

    /// The newest checkpoint that was signed over this tree.
    pub(super) async fn newest_checkpoint(&self) -> Result<Option<String>, TablesError> {
        let row = self.row(query(&NEWEST_CHECKPOINT)).await?;
        Ok(row.map(|row| row.text("note")).transpose()?)
    }

    /// Checkpoints that somebody outside holds, up to a size, newest first.
    pub(super) async fn kept_checkpoints(&self, up_to: u64, limit: u32) -> Result<Vec<String>, TablesError> {
        let rows = self.rows(query(&KEPT_CHECKPOINTS).bind(signed(up_to)?).bind(limit)).await?;
        Ok(rows.iter().map(|row| row.text("note")).collect::<Result<_, _>>()?)
    }

    /// Stamps over checkpoints up to a size, newest first.
    pub(super) async fn stamps(&self, up_to: u64, limit: u32) -> Result<Vec<KeptStamp>, TablesError> {
        let rows = self.rows(query(&STAMPS).bind(signed(up_to)?).bind(limit)).await?;
        let stamp = |row: &Row| {
            let stamped = DateTime::from_timestamp_micros(row.integer("stamped_us")?);
            Ok(KeptStamp {
                size: row.unsigned("size")?,
                note: row.text("note")?,
                authority: row.text("authority")?,
                stamped_at: stamped.ok_or(TablesError::Row("stamped_us"))?,
                answer: row.bytes("answer")?,
            })
        };
        rows.iter().map(stamp).collect()
    }
}

pub(super) fn signed(number: u64) -> Result<i64, TablesError> {
    i64::try_from(number).map_err(|_| TablesError::Row("a number beyond 2^63"))
}

pub(super) fn key(id: TileId) -> Result<i64, TablesError> {
    if id.number >> TILE_NUMBER_BITS != 0 {
        return Err(TablesError::Row("a tile's number"));
    }
    signed(u64::from(id.level) << TILE_NUMBER_BITS | id.number)
}

pub(super) fn id_of(key: i64) -> Result<TileId, TablesError> {
    let key = u64::try_from(key).map_err(|_| TablesError::Row("a negative number"))?;
    let level = u8::try_from(key >> TILE_NUMBER_BITS).map_err(|_| TablesError::Row("a tile's level"))?;
    Ok(TileId { level, number: key & ((1 << TILE_NUMBER_BITS) - 1) })
}

fn positions(row: &Row) -> Result<Vec<u64>, TablesError> {
    let first = row.unsigned("first_position")?;
    let Some(written) = row.bytes_or_null("positions")? else {
        return Ok((first..first + u64::from(TILE_WIDTH)).collect());
    };
    let chunks = written.chunks_exact(8);
    Ok(chunks.filter_map(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes).collect())
}
