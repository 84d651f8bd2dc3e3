//! Tiles of the tree and bundles of entries, as C2SP `tlog-tiles` lays them out.
//!
//! A tile holds up to 256 hashes side by side of every eighth level of the tree; a bundle holds the entries under
//! a tile of level 0. Paths are read here and not by `tlog_tiles`, whose reader stops the process at a width of 0.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::tree::{
    Frontier, Hash, Node, Nodes, SIZE_MAX, TreeError, prove_consistency, prove_inclusion, root,
};

/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// Levels of the tree that one level of tiles spans.
const TILE_HEIGHT: u8 = 8;
/// Bytes of a hash in a tile.
const HASH_BYTES: usize = 32;
/// Highest level of tiles that a path can name.
const LEVEL_MAX: u8 = 63;

/// A tile, whatever its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// Level among the tiles: its hashes are roots of 256^level leaves.
    pub level: u8,
    /// Its place among the tiles of this level, from 0.
    pub number: u64,
}

/// Why a bundle of entries cannot be written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// An entry is longer than the 65,535 bytes its length can say.
    #[error("an entry of {0} bytes does not fit a bundle")]
    TooLong(usize),
    /// There are more than 256 entries.
    #[error("a bundle holds 256 entries at most")]
    TooMany,
    /// The bytes end within an entry.
    #[error("the bundle ends within an entry")]
    Cut,
}

/// The path of a tile after `/tile/`, such as `0/x001/234.p/17`.
///
/// Every width but 1 to 255 names the full tile.
#[must_use]
pub fn tile_path(id: TileId, width: u16) -> String {
    format!("{}/{}", id.level, number_path(id.number, width))
}

/// Reads a path that [`tile_path`] writes. The width is 256 when the path says none.
#[must_use]
pub fn parse_tile_path(text: &str) -> Option<(TileId, u16)> {
    let (level, rest) = text.split_once('/')?;
    let level: u8 = level.parse().ok().filter(|level| *level <= LEVEL_MAX)?;
    let (number, width) = read_number(rest)?;
    let id = TileId { level, number };
    (tile_path(id, width) == text).then_some((id, width))
}

/// Reads the path of a bundle after `/tile/entries/`, such as `x001/234.p/17`, as number and width.
#[must_use]
pub fn parse_entries_path(text: &str) -> Option<(u64, u16)> {
    let (number, width) = read_number(text)?;
    (number_path(number, width) == text).then_some((number, width))
}

fn number_path(number: u64, width: u16) -> String {
    let mut path = format!("{:03}", number % 1_000);
    let mut rest = number / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    if (1..TILE_WIDTH).contains(&width) { format!("{path}.p/{width}") } else { path }
}

/// Reads leniently; the callers compare with what they would have written.
fn read_number(text: &str) -> Option<(u64, u16)> {
    let (number, width) = match text.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok()?),
        None => (text, TILE_WIDTH),
    };
    let mut read: u64 = 0;
    for digits in number.split('/') {
        let group: u64 = digits.strip_prefix('x').unwrap_or(digits).parse().ok()?;
        read = read.checked_mul(1_000)?.checked_add(group)?;
    }
    Some((read, width))
}

/// The bytes of a bundle: each entry after its length as two bytes, big-endian. A withdrawn entry has length 0.
///
/// # Errors
/// [`BundleError`], when an entry is too long or there are too many.
pub fn entry_bundle<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Result<Vec<u8>, BundleError> {
    let mut bundle = Vec::new();
    for (count, entry) in entries.enumerate() {
        if count >= usize::from(TILE_WIDTH) {
            return Err(BundleError::TooMany);
        }
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong(entry.len()))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// The entries of a bundle.
///
/// # Errors
/// [`BundleError`], when the bytes are no bundle.
pub fn read_bundle(bytes: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        if entries.len() >= usize::from(TILE_WIDTH) {
            return Err(BundleError::TooMany);
        }
        let (length, after) = rest.split_first_chunk::<2>().ok_or(BundleError::Cut)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(BundleError::Cut)?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

/// Root of the hashes of a full tile, which is one hash of the tile above. Nothing for bytes of another length.
#[must_use]
pub fn full_tile_root(bytes: &[u8]) -> Option<Hash> {
    (bytes.len() == usize::from(TILE_WIDTH) * HASH_BYTES).then(|| subtree_root(bytes))
}

fn subtree_root(bytes: &[u8]) -> Hash {
    let mut subtree = Frontier::default();
    bytes.as_chunks::<HASH_BYTES>().0.iter().for_each(|hash| subtree.push(*hash));
    subtree.root()
}

/// Tiles in memory. Any complete subtree within them can be read.
#[derive(Clone, Debug, Default)]
pub struct TileSet {
    tiles: BTreeMap<TileId, Vec<u8>>,
}

impl TileSet {
    /// A set of tiles by their bytes: hashes of 32 bytes each, one after the other. They may be wider than the
    /// trees that will be asked about.
    #[must_use]
    pub fn new(tiles: BTreeMap<TileId, Vec<u8>>) -> Self {
        Self { tiles }
    }
}

impl Nodes for TileSet {
    fn nodes(&self, wanted: &[Node]) -> Result<Vec<Hash>, TreeError> {
        wanted
            .iter()
            .map(|node| {
                let missing = || TreeError::Missing(*node);
                let (id, within) = place(*node).ok_or_else(missing)?;
                let bytes = self.tiles.get(&id).and_then(|tile| tile.get(within)).ok_or_else(missing)?;
                Ok(subtree_root(bytes))
            })
            .collect()
    }
}

/// The tile that holds a node, and the bytes in it that the node is the root of.
fn place(node: Node) -> Option<(TileId, std::ops::Range<usize>)> {
    if node.level > 62 || node.index >= SIZE_MAX >> node.level {
        return None;
    }
    let above = node.level % TILE_HEIGHT;
    let first = node.index << above;
    let id = TileId { level: node.level / TILE_HEIGHT, number: first >> TILE_HEIGHT };
    let start = usize::try_from(first % u64::from(TILE_WIDTH)).ok()? * HASH_BYTES;
    Some((id, start..start + (HASH_BYTES << above)))
}

/// Tiles that hold every node needed to prove that the leaves at `indexes` are in trees of these sizes, for their
/// roots, and for proofs of consistency between any two of them.
///
/// An index outside a tree needs nothing of it.
#[must_use]
pub fn tiles_needed(indexes: &[u64], sizes: &[u64]) -> BTreeSet<TileId> {
    let list = WantedTiles::default();
    let largest = sizes.iter().copied().max().unwrap_or_default();
    for size in sizes {
        // Each stops at the first look at a node, which is where the list is written. From one size to the next,
        // a proof takes nodes of the first one's proof to the largest and of the second one's root.
        let _stopped = root(*size, &list);
        let _stopped = prove_consistency(*size, largest, &list);
        for index in indexes {
            let _stopped = prove_inclusion(*index, *size, &list);
        }
    }
    list.tiles.into_inner()
}

/// Writes down which tiles would be read, and reads none.
#[derive(Default)]
struct WantedTiles {
    tiles: RefCell<BTreeSet<TileId>>,
}

impl Nodes for WantedTiles {
    fn nodes(&self, wanted: &[Node]) -> Result<Vec<Hash>, TreeError> {
        self.tiles.borrow_mut().extend(wanted.iter().filter_map(|node| place(*node)).map(|(id, _)| id));
        match wanted.first() {
            Some(first) => Err(TreeError::Missing(*first)),
            None => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
