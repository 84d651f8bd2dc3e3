//! What `log.db` claims, read without believing any of it: for whoever checks a log that no process owns.

use std::path::Path;

use futures::stream::{BoxStream, StreamExt};
use sqlx::{Row, SqlitePool};

use super::file::id_of;
use super::tile::TileId;
use crate::db::{DatabaseError, open_readers};

const CHECKPOINTS: &str = "SELECT note FROM checkpoints ORDER BY size";
const TILES: &str = "SELECT tile, hashes FROM tiles ORDER BY tile";

/// A file of the tree that nobody writes.
#[derive(Debug)]
pub struct StoredLog {
    readers: SqlitePool,
}

impl StoredLog {
    /// Opens the file for reading; `None` when there is none, and so nothing is claimed.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the file.
    pub async fn open(path: &Path) -> Result<Option<Self>, DatabaseError> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Self { readers: open_readers(path).await? }))
    }

    /// Signed checkpoints, as they are kept.
    ///
    /// # Errors
    /// When the file does not read.
    pub async fn checkpoints(&self) -> Result<Vec<String>, sqlx::Error> {
        let rows = sqlx::query(CHECKPOINTS).fetch_all(&self.readers).await?;
        rows.iter().map(|row| row.try_get("note")).collect()
    }

    /// Tiles, level by level.
    pub fn tiles(&self) -> BoxStream<'_, Result<(TileId, Vec<u8>), sqlx::Error>> {
        let rows = sqlx::query(TILES).fetch(&self.readers);
        let tile = |row: Result<sqlx::sqlite::SqliteRow, sqlx::Error>| {
            let row = row?;
            let id = id_of(row.try_get("tile")?).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            Ok((id, row.try_get("hashes")?))
        };
        rows.map(tile).boxed()
    }
}
