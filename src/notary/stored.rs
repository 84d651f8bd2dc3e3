//! What the tables of the tree claim, read without believing any of it: for whoever checks a log that nobody writes.

use futures::stream::{BoxStream, StreamExt};

use super::Place;
use super::tables::id_of;
use super::tile::TileId;
use crate::db::sql::{Pool, Row, Sql, query};
use crate::db::{DatabaseError, open_readers};

static CHECKPOINTS: Sql = Sql::both("SELECT note FROM checkpoints ORDER BY size");
static TILES: Sql = Sql::both("SELECT tile, hashes FROM tiles ORDER BY tile");
static ARE_THERE: Sql = Sql::apart("SELECT 1", "SELECT 1 WHERE to_regclass('tiles') IS NOT NULL");

/// The tables of a tree that nobody writes.
#[derive(Debug)]
pub struct StoredLog {
    readers: Pool,
}

impl StoredLog {
    /// Opens the tables for reading; `None` when there are none, and so nothing is claimed.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the place.
    pub async fn open(place: &Place) -> Result<Option<Self>, DatabaseError> {
        let readers = match place {
            Place::File(path) if !path.exists() => return Ok(None),
            Place::File(path) => Pool::Sqlite(open_readers(path).await?),
            Place::Postgres(place) => Pool::Postgres(place.pool(1).await?),
        };
        let there = query(&ARE_THERE).fetch_optional(&readers).await;
        let there = there.map_err(|source| place.failed(source))?;
        Ok(there.map(|_| Self { readers }))
    }

    /// Signed checkpoints, as they are kept.
    ///
    /// # Errors
    /// When the tables do not read.
    pub async fn checkpoints(&self) -> Result<Vec<String>, sqlx::Error> {
        let rows = query(&CHECKPOINTS).fetch_all(&self.readers).await?;
        rows.iter().map(|row| row.text("note")).collect()
    }

    /// Tiles, level by level.
    pub fn tiles(&self) -> BoxStream<'_, Result<(TileId, Vec<u8>), sqlx::Error>> {
        let tile = |row: Result<Row, sqlx::Error>| {
            let row = row?;
            let id = id_of(row.integer("tile")?).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            Ok((id, row.bytes("hashes")?))
        };
        query(&TILES).fetch(&self.readers).map(tile).boxed()
    }
}
