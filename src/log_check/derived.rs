//! The tree of the log, derived from its events alone.

use std::collections::BTreeMap;

use crate::notary::tile::{TILE_WIDTH, TileId, full_tile_root};
use crate::notary::tree::{Frontier, Hash};

/// Bytes of a hash.
pub(super) const HASH_BYTES: usize = 32;
/// Hashes of a full tile.
const WIDTH: usize = TILE_WIDTH as usize;

/// The tree, its leaves not kept: 32 bytes for each full tile.
#[derive(Debug, Default)]
pub(super) struct Derived {
    frontier: Frontier,
    /// First leaf that is missing: nothing that covers it can be derived.
    broken_at: Option<u64>,
    leaves: u64,
    /// The tile of level 0 that is being filled, and whether it lacks a leaf.
    filling: Vec<u8>,
    lacks: bool,
    /// Hashes of the tiles of level 1 and above; `None` where a leaf below is missing.
    above: Vec<Vec<Option<Hash>>>,
    /// Whether a hole was too large to fill: no tile behind it can be told from its place.
    placeless: bool,
    /// Roots at the sizes that were asked for.
    roots: BTreeMap<u64, Option<Hash>>,
}

impl Derived {
    /// An empty tree that will know its roots at these sizes.
    pub(super) fn wanting(sizes: impl IntoIterator<Item = u64>) -> Self {
        Self { roots: sizes.into_iter().map(|size| (size, None)).collect(), ..Self::default() }
    }

    /// Leaves, those that are missing counted.
    pub(super) fn size(&self) -> u64 {
        self.leaves
    }

    /// The first leaf that is missing.
    pub(super) fn broken_at(&self) -> Option<u64> {
        self.broken_at
    }

    /// The root of all, if no leaf is missing.
    pub(super) fn root(&self) -> Option<Hash> {
        self.broken_at.is_none().then(|| self.frontier.root())
    }

    /// The root at a size that was asked for, if it was reached and no leaf of it is missing.
    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        if size == 0 {
            return Some(Frontier::default().root());
        }
        self.roots.get(&size).copied().flatten()
    }

    /// Adds the next leaf.
    pub(super) fn push(&mut self, leaf: Option<Hash>) {
        match (leaf, self.broken_at) {
            (Some(leaf), None) => self.frontier.push(leaf),
            (None, None) => self.broken_at = Some(self.leaves),
            (_, Some(_)) => {}
        }
        self.leaves += 1;
        if self.placeless {
            return;
        }
        self.lacks |= leaf.is_none();
        self.filling.extend_from_slice(&leaf.unwrap_or_default());
        if self.broken_at.is_none()
            && let Some(root) = self.roots.get_mut(&self.leaves)
        {
            *root = Some(self.frontier.root());
        }
        if self.filling.len() == WIDTH * HASH_BYTES {
            let lacks = std::mem::take(&mut self.lacks);
            let hash = if lacks { None } else { full_tile_root(&self.filling) };
            self.filling.clear();
            self.lift(0, hash);
        }
    }

    /// Leaves out the leaves of these positions: they are missing.
    ///
    /// A hole of more than a few tiles is not filled leaf by leaf.
    pub(super) fn skip(&mut self, from: i64, to: i64) {
        let missing = u64::try_from(to.saturating_sub(from)).unwrap_or(0).saturating_add(1);
        if missing > SKIPPED_MAX {
            self.broken_at = self.broken_at.or(Some(self.leaves));
            self.leaves = self.leaves.saturating_add(missing);
            self.placeless = true;
            return;
        }
        (0..missing).for_each(|_| self.push(None));
    }

    fn lift(&mut self, level: usize, hash: Option<Hash>) {
        if self.above.len() <= level {
            self.above.push(Vec::new());
        }
        let Some(hashes) = self.above.get_mut(level) else { return };
        hashes.push(hash);
        if hashes.len() % WIDTH == 0 {
            let tile: Option<Vec<Hash>> = hashes.iter().skip(hashes.len() - WIDTH).copied().collect();
            let root = tile.and_then(|hashes| full_tile_root(&hashes.concat()));
            self.lift(level + 1, root);
        }
    }

    /// The hash at an index of a level of tiles, 1 or above.
    pub(super) fn hash(&self, level: u8, index: u64) -> Option<Hash> {
        let hashes = self.above.get(usize::from(level).checked_sub(1)?)?;
        hashes.get(usize::try_from(index).ok()?).copied().flatten()
    }

    /// Hashes that each level of tiles has in a tree of this size, from level 0 up.
    pub(super) fn widths(size: u64) -> impl Iterator<Item = (u8, u64)> {
        (0_u8..8)
            .map(move |level| (level, size >> (8 * u32::from(level))))
            .take_while(|(_, hashes)| *hashes > 0)
    }

    /// First leaf below a hash of a tile.
    pub(super) fn first_leaf(id: TileId, hash: usize) -> Option<u64> {
        let index = id.number.checked_mul(u64::from(TILE_WIDTH))?.checked_add(hash as u64)?;
        index.checked_shl(8 * u32::from(id.level))
    }
}

/// Leaves that a hole is filled with at most.
const SKIPPED_MAX: u64 = 1 << 22;
