//! The map from every stream to its last event, as one root.
//!
//! A stream's name hash picks one of 65,536 buckets by its first two bytes. A bucket's leaf hashes the name hashes
//! and heads in it, by order; over the buckets stands a complete tree of 16 levels. A bucket shown whole proves
//! that a stream ends with a certain event, or that there is no such stream, and shows of other streams their
//! hashes only.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::tree::{Hash, node_hash};

/// Buckets of the map.
pub const BUCKETS: usize = 65_536;
/// Hashes of a path from a bucket to the root.
const LEVELS: usize = 16;
/// Bytes of a member of a bucket: name hash and head hash.
const MEMBER_BYTES: usize = 64;

/// SHA-256 of a stream's name.
pub type NameHash = Hash;

/// The last event of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamEnd {
    /// Its revision in the stream.
    pub revision: u64,
    /// Its leaf hash in the tree of the log.
    pub leaf_hash: Hash,
}

/// Why a proof about the end of a stream does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeadError {
    /// A member is not 64 bytes of base64, or a hash of the path not 32, or the path has not 16 hashes.
    #[error("the proof is malformed")]
    Malformed,
    /// The members of the bucket are not in order, or one stands there twice.
    #[error("the bucket's members are not in order")]
    Order,
    /// A member belongs to another bucket.
    #[error("the bucket has a member of another bucket")]
    Bucket,
    /// The stream is not in its bucket.
    #[error("the stream is not in its bucket")]
    Missing,
    /// The stream has another last event than the one claimed.
    #[error("the stream ends with another event")]
    OtherEnd,
    /// The stream is in its bucket, though it was claimed that there is none.
    #[error("the stream is in its bucket")]
    Present,
    /// The bucket and the path do not lead to the root.
    #[error("the proof does not lead to the heads root")]
    Root,
}

/// The hash by which a stream is known in the map.
#[must_use]
pub fn name_hash(stream: &str) -> NameHash {
    Sha256::digest(stream).into()
}

/// Hash of a stream's end: SHA-256 over the revision, eight bytes big-endian, and the leaf hash.
#[must_use]
pub fn head_hash(end: &StreamEnd) -> Hash {
    let mut input = [0; 40];
    input[..8].copy_from_slice(&end.revision.to_be_bytes());
    input[8..].copy_from_slice(&end.leaf_hash);
    Sha256::digest(input).into()
}

/// The bucket of a name: its first two bytes, big-endian.
#[must_use]
pub fn bucket_of(name: &NameHash) -> u16 {
    u16::from_be_bytes([name[0], name[1]])
}

/// Leaf of a bucket: SHA-256 over 0x00 and the members, which must be sorted by name hash.
#[must_use]
pub fn bucket_leaf(members: &[(NameHash, Hash)]) -> Hash {
    let mut leaf = Sha256::new_with_prefix([0x00]);
    for (name, head) in members {
        leaf.update(name);
        leaf.update(head);
    }
    leaf.finalize().into()
}

/// The tree over the buckets' leaves: 4 MiB in memory.
#[derive(Clone, Debug)]
pub struct BucketTree {
    /// Node 1 is the root; the children of node n are 2n and 2n + 1; node 0 is not used.
    nodes: Vec<Hash>,
}

impl Default for BucketTree {
    /// Every bucket is empty.
    fn default() -> Self {
        let mut nodes = vec![[0; 32]; 2 * BUCKETS];
        let (mut level, mut hash) = (BUCKETS, bucket_leaf(&[]));
        while level > 0 {
            nodes[level..2 * level].fill(hash);
            hash = node_hash(&hash, &hash);
            level /= 2;
        }
        Self { nodes }
    }
}

impl BucketTree {
    /// Sets the leaf of one bucket.
    pub fn set(&mut self, bucket: u16, leaf: Hash) {
        self.set_all([(bucket, leaf)]);
    }

    /// Sets the leaves of many buckets, and hashes each node over them once.
    pub fn set_all(&mut self, leaves: impl IntoIterator<Item = (u16, Hash)>) {
        let mut touched = Vec::new();
        for (bucket, leaf) in leaves {
            let node = BUCKETS + usize::from(bucket);
            self.nodes[node] = leaf;
            touched.push(node / 2);
        }
        touched.sort_unstable();
        for _ in 0..LEVELS {
            touched.dedup();
            for node in &mut touched {
                self.nodes[*node] = node_hash(&self.nodes[2 * *node], &self.nodes[2 * *node + 1]);
                *node /= 2;
            }
        }
    }

    /// The root over all buckets.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.nodes[1]
    }

    /// The 16 hashes that lead from the leaf of a bucket to the root, from the leaf up.
    #[must_use]
    pub fn path(&self, bucket: u16) -> Vec<Hash> {
        let leaf = BUCKETS + usize::from(bucket);
        (0..LEVELS).map(|level| self.nodes[(leaf >> level) ^ 1]).collect()
    }
}

/// A bucket shown whole, with its path to the heads root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadProof {
    /// Every member of the bucket, by name hash: name hash and head hash, 64 bytes in standard base64.
    pub members: Vec<String>,
    /// The 16 hashes from the bucket's leaf up, in standard base64.
    pub path: Vec<String>,
}

impl HeadProof {
    /// A proof from the members of a bucket, sorted by name hash, and the path of [`BucketTree::path`].
    #[must_use]
    pub fn new(members: &[(NameHash, Hash)], path: &[Hash]) -> Self {
        let members = members.iter().map(|(name, head)| BASE64.encode([*name, *head].concat())).collect();
        Self { members, path: path.iter().map(|hash| BASE64.encode(hash)).collect() }
    }

    /// Head of the stream that this proof shows under the root; nothing if it shows that there is none.
    fn shown(&self, name: &NameHash, root: &Hash) -> Result<Option<Hash>, HeadError> {
        let bucket = bucket_of(name);
        let members = self.members.iter().map(|text| member(text)).collect::<Result<Vec<_>, _>>()?;
        let path = self.path.iter().map(|text| decoded::<32>(text)).collect::<Result<Vec<_>, _>>()?;
        if path.len() != LEVELS {
            return Err(HeadError::Malformed);
        }
        if !members.is_sorted_by(|(earlier, _), (later, _)| earlier < later) {
            return Err(HeadError::Order);
        }
        if members.iter().any(|(other, _)| bucket_of(other) != bucket) {
            return Err(HeadError::Bucket);
        }
        let reached = path.iter().enumerate().fold(bucket_leaf(&members), |below, (level, beside)| {
            if bucket >> level & 1 == 0 { node_hash(&below, beside) } else { node_hash(beside, &below) }
        });
        if reached != *root {
            return Err(HeadError::Root);
        }
        Ok(members.into_iter().find(|(other, _)| other == name).map(|(_, head)| head))
    }
}

fn decoded<const N: usize>(text: &str) -> Result<[u8; N], HeadError> {
    let bytes = BASE64.decode(text).map_err(|_| HeadError::Malformed)?;
    bytes.try_into().map_err(|_| HeadError::Malformed)
}

fn member(text: &str) -> Result<(NameHash, Hash), HeadError> {
    let bytes = decoded::<MEMBER_BYTES>(text)?;
    let (mut name, mut head) = ([0; 32], [0; 32]);
    name.copy_from_slice(&bytes[..32]);
    head.copy_from_slice(&bytes[32..]);
    Ok((name, head))
}

/// Checks that a stream ends with this event under a heads root.
///
/// # Errors
/// [`HeadError`], when the proof does not show it.
pub fn check_head(stream: &str, end: &StreamEnd, proof: &HeadProof, root: &Hash) -> Result<(), HeadError> {
    match proof.shown(&name_hash(stream), root)? {
        None => Err(HeadError::Missing),
        Some(head) if head != head_hash(end) => Err(HeadError::OtherEnd),
        Some(_) => Ok(()),
    }
}

/// Checks that there is no such stream under a heads root.
///
/// # Errors
/// [`HeadError`], when the proof does not show it.
pub fn check_absent(stream: &str, proof: &HeadProof, root: &Hash) -> Result<(), HeadError> {
    match proof.shown(&name_hash(stream), root)? {
        None => Ok(()),
        Some(_) => Err(HeadError::Present),
    }
}

/// The heads of all streams in memory, 64 bytes each. Only touched buckets are hashed again.
#[derive(Clone, Debug)]
pub struct HeadsMap {
    buckets: Vec<Vec<(NameHash, Hash)>>,
    tree: BucketTree,
    touched: Vec<u16>,
    is_touched: Vec<bool>,
    streams: u64,
}

impl Default for HeadsMap {
    fn default() -> Self {
        Self {
            buckets: vec![Vec::new(); BUCKETS],
            tree: BucketTree::default(),
            touched: Vec::new(),
            is_touched: vec![false; BUCKETS],
            streams: 0,
        }
    }
}

impl HeadsMap {
    /// Sets the end of a stream, in place of the one before.
    pub fn note(&mut self, stream: &str, end: &StreamEnd) {
        let (name, head) = (name_hash(stream), head_hash(end));
        let bucket = bucket_of(&name);
        let at = usize::from(bucket);
        let members = &mut self.buckets[at];
        match members.binary_search_by(|(other, _)| other.cmp(&name)) {
            Ok(place) => members[place].1 = head,
            Err(place) => {
                members.insert(place, (name, head));
                self.streams += 1;
            }
        }
        if !std::mem::replace(&mut self.is_touched[at], true) {
            self.touched.push(bucket);
        }
    }

    /// Number of streams.
    #[must_use]
    pub fn streams(&self) -> u64 {
        self.streams
    }

    /// The heads root.
    #[must_use]
    pub fn root(&mut self) -> Hash {
        self.settle();
        self.tree.root()
    }

    /// Proof of a stream's end, or of there being no such stream.
    #[must_use]
    pub fn proof(&mut self, stream: &str) -> HeadProof {
        self.settle();
        let bucket = bucket_of(&name_hash(stream));
        HeadProof::new(&self.buckets[usize::from(bucket)], &self.tree.path(bucket))
    }

    fn settle(&mut self) {
        let Self { buckets, tree, touched, is_touched, .. } = self;
        tree.set_all(touched.drain(..).map(|bucket| {
            is_touched[usize::from(bucket)] = false;
            (bucket, bucket_leaf(&buckets[usize::from(bucket)]))
        }));
    }
}

#[cfg(test)]
mod tests;
