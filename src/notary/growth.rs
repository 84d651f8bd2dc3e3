//! The growing edge of the tree: the last tile of each level, in memory.

use std::collections::BTreeMap;

use subject_record_schemas::Position;

use super::tile::{TILE_WIDTH, TileId, TileSet, full_tile_root};
use super::tree::{self, Hash, TreeError};

/// Bytes of a hash.
const HASH_BYTES: usize = 32;
/// Bytes of a full tile.
const TILE_BYTES: usize = TILE_WIDTH as usize * HASH_BYTES;

/// The tree's size, its newest entry, and the last tile of each level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Growth {
    pub(super) size: u64,
    pub(super) position: Position,
    pub(super) leaf: Hash,
    edges: Vec<Vec<u8>>,
    positions: Vec<u64>,
    full_tiles: Vec<(TileId, Vec<u8>)>,
    full_bundles: Vec<(u64, Vec<u64>)>,
}

/// What has to be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Grown {
    /// Tiles, full and partial.
    pub(super) tiles: Vec<(TileId, Vec<u8>)>,
    /// Positions under level-0 tiles.
    pub(super) bundles: Vec<(u64, Vec<u64>)>,
}

impl Growth {
    /// Goes on from what is kept: the last tile of each level from 0 up, and the positions under the last bundle.
    pub(super) fn resume(
        size: u64,
        position: Position,
        leaf: Hash,
        edges: Vec<Vec<u8>>,
        positions: Vec<u64>,
    ) -> Self {
        Self { size, position, leaf, edges, positions, ..Self::default() }
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, position: Position, leaf: Hash) {
        self.positions.push(position.number());
        if self.positions.len() == usize::from(TILE_WIDTH) {
            let bundle = self.size / u64::from(TILE_WIDTH);
            self.full_bundles.push((bundle, std::mem::take(&mut self.positions)));
        }
        let mut hash = leaf;
        let mut number = self.size / u64::from(TILE_WIDTH);
        for level in 0.. {
            let Some(edge) = self.edge(level) else { break };
            edge.extend_from_slice(&hash);
            if edge.len() < TILE_BYTES {
                break;
            }
            let full = std::mem::take(edge);
            let Some(root) = full_tile_root(&full) else { break };
            hash = root;
            self.full_tiles.push((TileId { level, number }, full));
            number /= u64::from(TILE_WIDTH);
        }
        self.size += 1;
        self.position = position;
        self.leaf = leaf;
    }

    fn edge(&mut self, level: u8) -> Option<&mut Vec<u8>> {
        let level = usize::from(level);
        if self.edges.len() <= level {
            self.edges.resize(level + 1, Vec::new());
        }
        self.edges.get_mut(level)
    }

    /// What was added since this was asked last, partial tiles with it.
    pub(super) fn grown(&mut self) -> Grown {
        let mut tiles = std::mem::take(&mut self.full_tiles);
        tiles.extend(self.partial());
        let mut bundles = std::mem::take(&mut self.full_bundles);
        if !self.positions.is_empty() {
            bundles.push((self.size / u64::from(TILE_WIDTH), self.positions.clone()));
        }
        Grown { tiles, bundles }
    }

    fn partial(&self) -> impl Iterator<Item = (TileId, Vec<u8>)> + '_ {
        edge_tiles(self.size)
            .zip(&self.edges)
            .filter(|(_, edge)| !edge.is_empty())
            .map(|(id, e)| (id, e.clone()))
    }

    /// Root of the whole tree.
    pub(super) fn root(&self) -> Result<Hash, TreeError> {
        let tiles: BTreeMap<TileId, Vec<u8>> = self.partial().collect();
        tree::root(self.size, &TileSet::new(tiles))
    }
}

/// The last tile of each level of a tree, from level 0 up, partial or yet empty.
pub(super) fn edge_tiles(size: u64) -> impl Iterator<Item = TileId> {
    let number = move |level: u8| size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
    (0_u8..8).map(move |level| TileId { level, number: number(level) })
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Frontier, leaf_hash};
    use super::*;

    #[test]
    fn the_edge_has_the_root_of_the_whole_tree_at_every_size() {
        let (mut growth, mut frontier) = (Growth::default(), Frontier::default());
        for entry in 0..70_000_u32 {
            let leaf = leaf_hash(&entry.to_be_bytes());
            growth.push(Position::new(u64::from(entry) + 1), leaf);
            frontier.push(leaf);
            if entry < 600 || entry % 4_093 == 0 || (65_500..65_600).contains(&entry) {
                assert_eq!(growth.root().unwrap(), frontier.root(), "{} entries", entry + 1);
            }
        }
    }

    #[test]
    fn every_tile_and_bundle_is_written_once_full_and_grows_until_then() {
        let mut growth = Growth::default();
        let mut tiles = BTreeMap::new();
        let mut bundles = BTreeMap::new();
        for entry in 0..1_000_u64 {
            growth.push(Position::new(2 * entry + 5), leaf_hash(&entry.to_be_bytes()));
            if entry % 77 == 0 || entry == 999 {
                let grown = growth.grown();
                tiles.extend(grown.tiles);
                bundles.extend(grown.bundles);
            }
        }
        assert_eq!(tiles.len(), 5, "four level-0 tiles and one above");
        assert_eq!(tiles[&TileId { level: 0, number: 3 }].len(), 232 * HASH_BYTES);
        assert_eq!(tiles[&TileId { level: 1, number: 0 }].len(), 3 * HASH_BYTES);
        let positions: Vec<u64> = bundles.into_values().flatten().collect();
        assert_eq!(positions, (0..1_000).map(|entry| 2 * entry + 5).collect::<Vec<_>>());
    }
}
