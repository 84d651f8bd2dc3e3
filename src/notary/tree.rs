//! The Merkle tree of RFC 6962, section 2.1 (kept by RFC 9162): roots, and proofs of inclusion and consistency.
//!
//! `tlog_tiles` makes and checks the proofs. It takes sizes and indexes on trust and stops the process at bad ones,
//! so every argument is looked at here first.

use std::cell::RefCell;

use sha2::{Digest, Sha256};
use thiserror::Error;
use tlog_tiles::{
    HashReader, check_record, check_tree, prove_record, prove_tree, split_stored_hash_index, tree_hash,
};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Leaves a tree has at most. Indexes of nodes stay within 64 bits.
pub const SIZE_MAX: u64 = 1 << 62;

/// Hashes a proof has at most: one per level.
pub const PROOF_MAX: usize = 63;

/// Why a root or a proof could not be made.
#[derive(Debug, Error)]
pub enum TreeError {
    /// The index or the older size is not within the size, or the size is above [`SIZE_MAX`].
    #[error("{wanted} is not within a tree of size {size}")]
    OutOfRange {
        /// The index, or the older size.
        wanted: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The nodes at hand do not reach that far.
    #[error("node {} of level {} is missing", .0.index, .0.level)]
    Missing(Node),
    /// What keeps the nodes could not be read.
    #[error("the tree's nodes could not be read: {0}")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What keeps the nodes answered another number of them than it was asked for.
    #[error("asked for {asked} nodes, got {got}")]
    Count {
        /// Nodes asked for.
        asked: usize,
        /// Nodes that came back.
        got: usize,
    },
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// No such proof can be: the index is outside the tree, or the older tree is larger than the newer.
    #[error("{wanted} is not within a tree of size {size}")]
    OutOfRange {
        /// The index, or the older size.
        wanted: u64,
        /// The size of the tree.
        size: u64,
    },
    /// It has more hashes than the proof of any tree.
    #[error("the proof has more than {PROOF_MAX} hashes")]
    TooLong,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root")]
    Mismatch,
}

/// A complete subtree: the `index`-th of those with 2^`level` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height over the leaves; 0 is a leaf.
    pub level: u8,
    /// Its place among the nodes of this level, from 0.
    pub index: u64,
}

/// Something that keeps the nodes of a tree.
pub trait Nodes {
    /// The hashes of these nodes, in this order.
    ///
    /// # Errors
    /// [`TreeError::Missing`] for a node that is not kept, [`TreeError::Read`] when reading fails.
    fn nodes(&self, wanted: &[Node]) -> Result<Vec<Hash>, TreeError>;
}

/// Hash of a leaf: SHA-256 over 0x00 and the entry.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(entry).finalize().into()
}

/// Hash of an inner node: SHA-256 over 0x01 and both children.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [0x01; 65];
    input[1..33].copy_from_slice(left);
    input[33..].copy_from_slice(right);
    Sha256::digest(input).into()
}

/// Root of the tree without leaves: SHA-256 over nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// Root of the tree of the first `size` leaves.
///
/// # Errors
/// [`TreeError`], when the nodes do not reach that far.
pub fn root(size: u64, nodes: &impl Nodes) -> Result<Hash, TreeError> {
    if size == 0 {
        return Ok(empty_root());
    }
    within(size, SIZE_MAX)?;
    let reader = Reader::new(nodes);
    tree_hash(size, &reader).map(|hash| hash.0).map_err(|error| reader.told(error))
}

/// Proof that the leaf at `index` is in the tree of the first `size` leaves, from the leaf up.
///
/// # Errors
/// [`TreeError`], when there is no such leaf or the nodes do not reach that far.
pub fn prove_inclusion(index: u64, size: u64, nodes: &impl Nodes) -> Result<Vec<Hash>, TreeError> {
    within(size, SIZE_MAX)?;
    if index >= size {
        return Err(TreeError::OutOfRange { wanted: index, size });
    }
    let reader = Reader::new(nodes);
    prove_record(size, index, &reader).map(bare).map_err(|error| reader.told(error))
}

/// Proof that the first `old` leaves of the tree of size `new` are the tree of size `old`.
///
/// Nothing needs proof from an empty tree, or from a tree to itself.
///
/// # Errors
/// [`TreeError`], when the older tree is larger or the nodes do not reach that far.
pub fn prove_consistency(old: u64, new: u64, nodes: &impl Nodes) -> Result<Vec<Hash>, TreeError> {
    within(new, SIZE_MAX)?;
    within(old, new)?;
    if old == 0 {
        return Ok(Vec::new());
    }
    let reader = Reader::new(nodes);
    prove_tree(new, old, &reader).map(bare).map_err(|error| reader.told(error))
}

/// Checks a proof of inclusion (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// [`ProofError`], when it does not hold.
pub fn check_inclusion(
    proof: &[Hash],
    index: u64,
    size: u64,
    leaf: &Hash,
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size || size > SIZE_MAX {
        return Err(ProofError::OutOfRange { wanted: index, size });
    }
    let proof = wrapped(proof)?;
    check_record(&proof, size, tlog_tiles::Hash(*root), index, tlog_tiles::Hash(*leaf))
        .map_err(|_| ProofError::Mismatch)
}

/// Checks a proof of consistency between an older and a newer tree, each as size and root (RFC 9162, section
/// 2.1.4.2).
///
/// # Errors
/// [`ProofError`], when it does not hold.
pub fn check_consistency(proof: &[Hash], old: (u64, &Hash), new: (u64, &Hash)) -> Result<(), ProofError> {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size || new_size > SIZE_MAX {
        return Err(ProofError::OutOfRange { wanted: old_size, size: new_size });
    }
    // The empty tree has one root, whatever is claimed of it.
    let empty = empty_root();
    if [old, new].iter().any(|(size, root)| *size == 0 && **root != empty) {
        return Err(ProofError::Mismatch);
    }
    if old_size == 0 || old_size == new_size {
        let same = old_size == 0 || old_root == new_root;
        return if same && proof.is_empty() { Ok(()) } else { Err(ProofError::Mismatch) };
    }
    let proof = wrapped(proof)?;
    check_tree(&proof, new_size, tlog_tiles::Hash(*new_root), old_size, tlog_tiles::Hash(*old_root))
        .map_err(|_| ProofError::Mismatch)
}

/// A tree that only grows: it keeps the complete subtrees of what was pushed, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// The tree of the first `size` leaves, to go on from there.
    ///
    /// # Errors
    /// [`TreeError`], when the nodes do not reach that far.
    pub fn load(size: u64, nodes: &impl Nodes) -> Result<Self, TreeError> {
        within(size, SIZE_MAX)?;
        let mut wanted = Vec::new();
        let mut from = 0;
        for level in (0..=62_u8).rev().filter(|level| size >> level & 1 == 1) {
            wanted.push(Node { level, index: from >> level });
            from += 1 << level;
        }
        let subtrees = nodes.nodes(&wanted)?;
        if subtrees.len() != wanted.len() {
            return Err(TreeError::Count { asked: wanted.len(), got: subtrees.len() });
        }
        Ok(Self { size, subtrees })
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Complete subtrees of what was pushed, largest first: what [`Frontier::load`] asks for.
    #[must_use]
    pub fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }

    /// Adds the hash of a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Every trailing one bit of the old size is a subtree that this leaf completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// Root of the tree as it is now.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.subtrees.iter().rev();
        let Some(last) = smallest_first.next() else { return empty_root() };
        smallest_first.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// Refuses `wanted` above `most`.
fn within(wanted: u64, most: u64) -> Result<(), TreeError> {
    if wanted > most { Err(TreeError::OutOfRange { wanted, size: most }) } else { Ok(()) }
}

fn bare(proof: Vec<tlog_tiles::Hash>) -> Vec<Hash> {
    proof.into_iter().map(|hash| hash.0).collect()
}

/// The proof as `tlog_tiles` takes it. A longer one than any tree needs is refused before it is walked.
fn wrapped(proof: &[Hash]) -> Result<Vec<tlog_tiles::Hash>, ProofError> {
    if proof.len() > PROOF_MAX {
        return Err(ProofError::TooLong);
    }
    Ok(proof.iter().copied().map(tlog_tiles::Hash).collect())
}

/// Lets `tlog_tiles` read [`Nodes`], and keeps their error for the caller.
struct Reader<'a, N> {
    nodes: &'a N,
    failed: RefCell<Option<TreeError>>,
}

impl<'a, N: Nodes> Reader<'a, N> {
    fn new(nodes: &'a N) -> Self {
        Self { nodes, failed: RefCell::new(None) }
    }

    fn told(&self, error: tlog_tiles::Error) -> TreeError {
        self.failed.take().unwrap_or_else(|| TreeError::Read(Box::new(error)))
    }
}

impl<N: Nodes> HashReader for Reader<'_, N> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let wanted: Vec<Node> = indexes
            .iter()
            .map(|stored| {
                let (level, index) = split_stored_hash_index(*stored);
                Node { level, index }
            })
            .collect();
        let failed = match self.nodes.nodes(&wanted) {
            Ok(hashes) if hashes.len() == wanted.len() => {
                return Ok(hashes.into_iter().map(tlog_tiles::Hash).collect());
            }
            Ok(hashes) => TreeError::Count { asked: wanted.len(), got: hashes.len() },
            Err(error) => error,
        };
        self.failed.replace(Some(failed));
        Err(tlog_tiles::Error::IndexesNotInTree)
    }
}

#[cfg(test)]
mod tests;
