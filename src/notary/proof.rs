//! Proofs that stand alone (C2SP `tlog-proof`): where an entry is, the hashes that lead from it to the root, and
//! the signed checkpoint with that root. A receipt of the log is one.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use thiserror::Error;

use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::tree::{Hash, PROOF_MAX, ProofError, check_inclusion};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Why a text is no proof.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MalformedProof {
    /// A line is not what the format has in its place.
    #[error("malformed proof: {0}")]
    Line(&'static str),
    /// The checkpoint in it is malformed.
    #[error("malformed proof: {0}")]
    Checkpoint(#[from] CheckpointError),
}

/// A proof that an entry is in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Whatever the maker added. Nothing vouches for it.
    pub extra: Option<Vec<u8>>,
    /// Place of the entry in the tree, from 0.
    pub index: u64,
    /// Proof of inclusion, from the leaf up.
    pub hashes: Vec<Hash>,
    /// The checkpoint whose root the hashes lead to.
    pub checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// Reads a proof, and checks nothing that it says.
    ///
    /// # Errors
    /// [`MalformedProof`], when the text is not exactly what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Result<Self, MalformedProof> {
        let (head, note) = text.split_once("\n\n").ok_or(MalformedProof::Line("there is no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(MalformedProof::Line("it does not begin as a tlog-proof"));
        }
        let extra = lines
            .next_if(|line| line.starts_with("extra "))
            .and_then(|line| line.strip_prefix("extra "))
            .map(|extra| BASE64.decode(extra))
            .transpose()
            .map_err(|_| MalformedProof::Line("extra is not base64"))?;
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(|index| index.parse::<u64>().ok())
            .ok_or(MalformedProof::Line("there is no index"))?;
        let hashes = lines
            .take(PROOF_MAX + 1)
            .map(|line| BASE64.decode(line).ok().and_then(|hash| hash.try_into().ok()))
            .collect::<Option<Vec<Hash>>>()
            .filter(|hashes| hashes.len() <= PROOF_MAX)
            .ok_or(MalformedProof::Line("its hashes are not up to 63 of 32 bytes"))?;
        let proof = Self { extra, index, hashes, checkpoint: SignedCheckpoint::parse(note)? };
        // One proof has one text, so that texts can be compared and hashed.
        if proof.to_string() == text { Ok(proof) } else { Err(MalformedProof::Line("a number is padded")) }
    }

    /// Checks that the leaf is in the checkpoint's tree at the index. Who signed the checkpoint is for the caller
    /// to check.
    ///
    /// # Errors
    /// [`ProofError`], when it is not so.
    pub fn check(&self, leaf: &Hash) -> Result<(), ProofError> {
        let checkpoint = &self.checkpoint.checkpoint;
        check_inclusion(&self.hashes, self.index, checkpoint.size, leaf, &checkpoint.root)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", BASE64.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint.note)
    }
}

#[cfg(test)]
mod tests;
