//! What is proven from the tables of the tree, on any instance.

use subject_record_schemas::Position;

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::proof::TlogProof;
use super::tables::{KeptStamp, TablesError};
use super::tile::{TILE_WIDTH, TileId, TileSet, entry_bundle, tiles_needed};
use super::tree::{Hash, prove_consistency, prove_inclusion};
use super::{Notary, NotaryError};

/// Bytes of a hash in a tile.
const HASH_BYTES: usize = 32;

impl Notary {
    /// The first `width` hashes of a tile, if a published checkpoint covers them.
    ///
    /// # Errors
    /// When the tables fail.
    pub async fn tile(&self, id: TileId, width: u16) -> Result<Option<Vec<u8>>, NotaryError> {
        if !self.covers(id, width) {
            return Ok(None);
        }
        let tile = self.tables.tiles(&[id].into()).await?.remove(&id);
        Ok(tile.and_then(|tile| tile.get(..usize::from(width) * HASH_BYTES).map(<[u8]>::to_vec)))
    }

    /// The first `width` entries of a bundle (C2SP tlog-tiles), if a published checkpoint covers them.
    ///
    /// # Errors
    /// When the tables or the log fail.
    pub async fn entries(&self, bundle: u64, width: u16) -> Result<Option<Vec<u8>>, NotaryError> {
        if !self.covers(TileId { level: 0, number: bundle }, width) {
            return Ok(None);
        }
        let Some(mut positions) = self.tables.positions_under(bundle).await? else { return Ok(None) };
        positions.truncate(usize::from(width));
        let positions: Vec<Position> = positions.into_iter().map(Position::new).collect();
        let entries = self.entries.at(&positions).await?;
        // An entry whose bytes were withdrawn has no bytes here; its hash stands in the tile.
        let bytes =
            entries.iter().map(|entry| entry.as_ref().map_or(&[][..], |entry| entry.bytes.as_bytes()));
        Ok(Some(entry_bundle(bytes).map_err(|_| TablesError::Row("an entry is too long"))?))
    }

    fn covers(&self, id: TileId, width: u16) -> bool {
        let size = self.state.borrow().checkpoint.as_ref().map_or(0, |signed| signed.checkpoint.size);
        let hashes = size.checked_shr(8 * u32::from(id.level)).unwrap_or(0);
        let wanted =
            id.number.checked_mul(u64::from(TILE_WIDTH)).and_then(|first| first.checked_add(width.into()));
        (1..=TILE_WIDTH).contains(&width) && wanted.is_some_and(|wanted| wanted <= hashes)
    }

    /// Places in the tree of the entries at these positions.
    ///
    /// # Errors
    /// When the tables fail.
    pub async fn indexes(&self, positions: &[Position]) -> Result<Vec<Option<u64>>, NotaryError> {
        Ok(self.tables.indexes(positions).await?)
    }

    /// Proofs that the entries at these positions stand under a checkpoint (C2SP tlog-proof), in the same order.
    ///
    /// # Errors
    /// [`NotaryError::NoEntry`] for a position that has none, [`NotaryError::NotCovered`] for one above the
    /// checkpoint.
    pub async fn prove(
        &self,
        positions: &[Position],
        checkpoint: &SignedCheckpoint,
    ) -> Result<Vec<TlogProof>, NotaryError> {
        let size = checkpoint.checkpoint.size;
        let mut indexes = Vec::with_capacity(positions.len());
        for (position, index) in positions.iter().zip(self.tables.indexes(positions).await?) {
            match index {
                Some(index) if index < size => indexes.push(index),
                Some(_) => return Err(NotaryError::NotCovered(*position)),
                None => return Err(NotaryError::NoEntry(*position)),
            }
        }
        let tiles = TileSet::new(self.tables.tiles(&tiles_needed(&indexes, &[size])).await?);
        let prove = |index: u64| {
            let hashes = prove_inclusion(index, size, &tiles)?;
            Ok(TlogProof { extra: None, index, hashes, checkpoint: checkpoint.clone() })
        };
        indexes.into_iter().map(prove).collect()
    }

    /// Proof that the tree of one size is the beginning of that of another.
    ///
    /// # Errors
    /// When the tables fail, or the sizes are not of this tree.
    pub async fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, NotaryError> {
        let tiles = TileSet::new(self.tables.tiles(&tiles_needed(&[], &[old, new])).await?);
        Ok(prove_consistency(old, new, &tiles)?)
    }

    /// Checkpoints that somebody outside holds, up to a size, newest first.
    ///
    /// # Errors
    /// When the tables fail, or one of them does not read.
    pub async fn kept_checkpoints(
        &self,
        up_to: u64,
        limit: u32,
    ) -> Result<Vec<SignedCheckpoint>, NotaryError> {
        let notes = self.tables.kept_checkpoints(up_to, limit).await?;
        Ok(notes.iter().map(|note| SignedCheckpoint::parse(note)).collect::<Result<_, _>>()?)
    }

    /// Whether the log as it is kept extends a checkpoint.
    ///
    /// # Errors
    /// When the tables fail.
    pub async fn extends(&self, checkpoint: &Checkpoint) -> Result<bool, NotaryError> {
        let size = self.state.borrow().checkpoint.as_ref().map_or(0, |signed| signed.checkpoint.size);
        Ok(checkpoint.size <= size && self.tables.root(checkpoint.size).await? == checkpoint.root)
    }

    /// Position of the last entry of a tree of this size.
    ///
    /// # Errors
    /// When the tables fail or the tree is not that large.
    pub async fn position_before(&self, size: u64) -> Result<Position, NotaryError> {
        Ok(self.tables.position_before(size).await?)
    }

    /// Stamps over checkpoints up to a size, newest first.
    ///
    /// # Errors
    /// When the tables fail.
    pub async fn stamps(&self, up_to: u64, limit: u32) -> Result<Vec<KeptStamp>, NotaryError> {
        Ok(self.tables.stamps(up_to, limit).await?)
    }
}
