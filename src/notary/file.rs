//! The file of the tree, `log.db`: tiles, checkpoints, stamps. One writer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;
use sqlx::{Connection, Row, SqliteConnection, SqlitePool};
use subject_record_schemas::Position;
use tokio::sync::Mutex;

use super::growth::{Grown, Growth, edge_tiles};
use super::tile::{TILE_WIDTH, TileId, TileSet};
use super::tree::{self, Hash};
use crate::db::{DatabaseError, WriterTuning, open_readers, open_writer};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/log");

const PROGRESS: &str = "SELECT size, position, leaf FROM tree_progress";
const ADVANCE: &str =
    "INSERT OR REPLACE INTO tree_progress (one, size, position, leaf) VALUES (1, ?1, ?2, ?3)";
const PUT_TILE: &str = "INSERT OR REPLACE INTO tiles (tile, hashes) VALUES (?1, ?2)";
const PUT_BUNDLE: &str =
    "INSERT OR REPLACE INTO bundles (bundle, first_position, positions) VALUES (?1, ?2, ?3)";
const TILES: &str = "SELECT tile, hashes FROM tiles WHERE tile IN (SELECT value FROM json_each(?1))";
const BUNDLE: &str = "SELECT first_position, positions FROM bundles WHERE bundle = ?1";
const BUNDLES_OF: &str = "SELECT wanted.value AS position, b.bundle, b.first_position, b.positions \
    FROM json_each(?1) wanted JOIN bundles b ON b.first_position = \
        (SELECT MAX(first_position) FROM bundles WHERE first_position <= wanted.value)";
const CHECKPOINT: &str = "INSERT INTO checkpoints (size, note, kept) VALUES (?1, ?2, ?3) \
    ON CONFLICT (size) DO UPDATE SET note = excluded.note, kept = MAX(kept, excluded.kept)";
const FORGET_CHECKPOINTS: &str = "DELETE FROM checkpoints WHERE kept = 0 AND size < ?1";
const CHECKPOINT_AT: &str = "SELECT note FROM checkpoints WHERE size = ?1";
const KEPT_CHECKPOINTS: &str =
    "SELECT note FROM checkpoints WHERE kept = 1 AND size <= ?1 ORDER BY size DESC LIMIT ?2";
const PUT_STAMP: &str =
    "INSERT OR REPLACE INTO stamps (size, authority, stamped_us, answer) VALUES (?1, ?2, ?3, ?4)";
const STAMPS: &str = "SELECT s.size, s.authority, s.stamped_us, s.answer, c.note FROM stamps s \
    JOIN checkpoints c ON c.size = s.size WHERE s.size <= ?1 ORDER BY s.size DESC LIMIT ?2";

/// Bits of a tile's key below its level.
const TILE_NUMBER_BITS: u32 = 40;

/// A fault of the notary's file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The engine failed.
    #[error("log.db failed")]
    Engine(#[from] sqlx::Error),
    /// A row does not read.
    #[error(
        "log.db holds a row that does not read: {0}; stop the service, remove log.db, and it is made anew"
    )]
    Row(&'static str),
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

/// The file.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) writer: Mutex<SqliteConnection>,
    pub(super) readers: SqlitePool,
}

impl LogFile {
    pub(super) async fn open(path: &Path) -> Result<Self, DatabaseError> {
        let tuning = WriterTuning { page_bytes: 4096, statements_max: 50, wal_checkpoint_pages: 1000 };
        let writer = Mutex::new(open_writer(path, &MIGRATOR, tuning).await?);
        Ok(Self { writer, readers: open_readers(path).await? })
    }

    /// The tree as far as it is kept.
    pub(super) async fn growth(&self) -> Result<Growth, FileError> {
        let Some(row) = sqlx::query(PROGRESS).fetch_optional(&self.readers).await? else {
            return Ok(Growth::default());
        };
        let (size, position) = (unsigned(row.try_get("size")?)?, unsigned(row.try_get("position")?)?);
        let leaf: Vec<u8> = row.try_get("leaf")?;
        let leaf = leaf.try_into().map_err(|_| FileError::Row("leaf"))?;
        let ids: Vec<TileId> = edge_tiles(size).collect();
        let mut tiles = self.tiles(&ids.iter().copied().collect()).await?;
        let edges: Vec<Vec<u8>> = ids.iter().map(|id| tiles.remove(id).unwrap_or_default()).collect();
        for (id, edge) in ids.iter().zip(&edges) {
            let width = (size >> (8 * u32::from(id.level))) % u64::from(TILE_WIDTH);
            if edge.len() as u64 != width * 32 {
                return Err(FileError::Row("the last tile of a level"));
            }
        }
        let mut positions = self.positions_under(size / u64::from(TILE_WIDTH)).await?.unwrap_or_default();
        positions.truncate(usize::try_from(size % u64::from(TILE_WIDTH)).unwrap_or(0));
        Ok(Growth::resume(size, Position::new(position), leaf, edges, positions))
    }

    /// Writes what was added, and how far the tree goes by it.
    pub(super) async fn write(&self, growth: &Growth, grown: &Grown) -> Result<(), FileError> {
        let mut writer = self.writer.lock().await;
        let mut together = writer.begin().await?;
        for (id, hashes) in &grown.tiles {
            sqlx::query(PUT_TILE).bind(key(*id)?).bind(hashes).execute(&mut *together).await?;
        }
        for (bundle, positions) in &grown.bundles {
            let Some(first) = positions.first() else { continue };
            let has_gap = positions.windows(2).any(|pair| pair[0] + 1 != pair[1]);
            let written: Option<Vec<u8>> =
                has_gap.then(|| positions.iter().flat_map(|position| position.to_be_bytes()).collect());
            let put = sqlx::query(PUT_BUNDLE).bind(signed(*bundle)?).bind(signed(*first)?).bind(written);
            put.execute(&mut *together).await?;
        }
        let advance = sqlx::query(ADVANCE).bind(signed(growth.size)?).bind(signed(growth.position.number())?);
        advance.bind(growth.leaf.as_slice()).execute(&mut *together).await?;
        Ok(together.commit().await?)
    }

    /// Tiles, those that are there.
    pub(super) async fn tiles(&self, ids: &BTreeSet<TileId>) -> Result<BTreeMap<TileId, Vec<u8>>, FileError> {
        let keys = ids.iter().map(|id| key(*id)).collect::<Result<Vec<_>, _>>()?;
        let rows =
            sqlx::query(TILES).bind(serde_json::json!(keys).to_string()).fetch_all(&self.readers).await?;
        let mut tiles = BTreeMap::new();
        for row in &rows {
            tiles.insert(id_of(row.try_get("tile")?)?, row.try_get("hashes")?);
        }
        Ok(tiles)
    }

    /// Root of the tree of a size that is not larger than the kept one.
    pub(super) async fn root(&self, size: u64) -> Result<Hash, FileError> {
        let tiles = self.tiles(&super::tile::tiles_needed(&[], &[size])).await?;
        tree::root(size, &TileSet::new(tiles)).map_err(|_| FileError::Row("a tile is missing or too short"))
    }

    /// Positions of the entries of a bundle.
    pub(super) async fn positions_under(&self, bundle: u64) -> Result<Option<Vec<u64>>, FileError> {
        let row = sqlx::query(BUNDLE).bind(signed(bundle)?).fetch_optional(&self.readers).await?;
        row.map(|row| positions(row.try_get("first_position")?, row.try_get("positions")?)).transpose()
    }

    /// Position of the last entry of a tree of this size.
    pub(super) async fn position_before(&self, size: u64) -> Result<Position, FileError> {
        let Some(index) = size.checked_sub(1) else { return Ok(Position::START) };
        let positions = self.positions_under(index / u64::from(TILE_WIDTH)).await?.unwrap_or_default();
        let within = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
        let found = positions.get(within).copied().ok_or(FileError::Row("a bundle is too short"))?;
        Ok(Position::new(found))
    }

    /// Places in the tree of entries at these positions, in the same order.
    pub(super) async fn indexes(&self, wanted: &[Position]) -> Result<Vec<Option<u64>>, FileError> {
        let numbers: Vec<u64> = wanted.iter().map(|position| position.number()).collect();
        let rows = sqlx::query(BUNDLES_OF)
            .bind(serde_json::json!(numbers).to_string())
            .fetch_all(&self.readers)
            .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let position = unsigned(row.try_get("position")?)?;
            let bundle = unsigned(row.try_get("bundle")?)?;
            let positions = positions(row.try_get("first_position")?, row.try_get("positions")?)?;
            let within = positions.binary_search(&position).ok().and_then(|place| u64::try_from(place).ok());
            if let Some(within) = within {
                found.insert(position, bundle * u64::from(TILE_WIDTH) + within);
            }
        }
        Ok(numbers.iter().map(|number| found.get(number).copied()).collect())
    }

    /// Writes a checkpoint; one that nobody outside holds gives way to it.
    pub(super) async fn put_checkpoint(&self, size: u64, note: &str, kept: bool) -> Result<(), FileError> {
        let mut writer = self.writer.lock().await;
        let mut together = writer.begin().await?;
        sqlx::query(CHECKPOINT).bind(signed(size)?).bind(note).bind(kept).execute(&mut *together).await?;
        sqlx::query(FORGET_CHECKPOINTS).bind(signed(size)?).execute(&mut *together).await?;
        Ok(together.commit().await?)
    }

    pub(super) async fn checkpoint_at(&self, size: u64) -> Result<Option<String>, FileError> {
        let row = sqlx::query(CHECKPOINT_AT).bind(signed(size)?).fetch_optional(&self.readers).await?;
        Ok(row.map(|row| row.try_get("note")).transpose()?)
    }

    /// Checkpoints that somebody outside holds, up to a size, newest first.
    pub(super) async fn kept_checkpoints(&self, up_to: u64, limit: u32) -> Result<Vec<String>, FileError> {
        let rows =
            sqlx::query(KEPT_CHECKPOINTS).bind(signed(up_to)?).bind(limit).fetch_all(&self.readers).await?;
        Ok(rows.iter().map(|row| row.try_get("note")).collect::<Result<_, _>>()?)
    }

    pub(super) async fn put_stamp(&self, stamp: &KeptStamp) -> Result<(), FileError> {
        let mut writer = self.writer.lock().await;
        let put = sqlx::query(PUT_STAMP).bind(signed(stamp.size)?).bind(&stamp.authority);
        let put = put.bind(stamp.stamped_at.timestamp_micros()).bind(&stamp.answer);
        put.execute(&mut *writer).await?;
        Ok(())
    }

    /// Stamps over checkpoints up to a size, newest first.
    pub(super) async fn stamps(&self, up_to: u64, limit: u32) -> Result<Vec<KeptStamp>, FileError> {
        let rows = sqlx::query(STAMPS).bind(signed(up_to)?).bind(limit).fetch_all(&self.readers).await?;
        let stamp = |row: &sqlx::sqlite::SqliteRow| {
            let stamped = DateTime::from_timestamp_micros(row.try_get("stamped_us")?);
            Ok(KeptStamp {
                size: unsigned(row.try_get("size")?)?,
                note: row.try_get("note")?,
                authority: row.try_get("authority")?,
                stamped_at: stamped.ok_or(FileError::Row("stamped_us"))?,
                answer: row.try_get("answer")?,
            })
        };
        rows.iter().map(stamp).collect()
    }
}

pub(super) fn signed(number: u64) -> Result<i64, FileError> {
    i64::try_from(number).map_err(|_| FileError::Row("a number beyond 2^63"))
}

pub(super) fn unsigned(number: i64) -> Result<u64, FileError> {
    u64::try_from(number).map_err(|_| FileError::Row("a negative number"))
}

fn key(id: TileId) -> Result<i64, FileError> {
    if id.number >> TILE_NUMBER_BITS != 0 {
        return Err(FileError::Row("a tile's number"));
    }
    signed(u64::from(id.level) << TILE_NUMBER_BITS | id.number)
}

pub(super) fn id_of(key: i64) -> Result<TileId, FileError> {
    let key = unsigned(key)?;
    let level = u8::try_from(key >> TILE_NUMBER_BITS).map_err(|_| FileError::Row("a tile's level"))?;
    Ok(TileId { level, number: key & ((1 << TILE_NUMBER_BITS) - 1) })
}

fn positions(first: i64, written: Option<Vec<u8>>) -> Result<Vec<u64>, FileError> {
    let first = unsigned(first)?;
    let Some(written) = written else { return Ok((first..first + u64::from(TILE_WIDTH)).collect()) };
    let chunks = written.chunks_exact(8);
    Ok(chunks.filter_map(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes).collect())
}
