//! The text of `add-checkpoint` (C2SP tlog-witness): the size known so far, a consistency proof, the checkpoint.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;

use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::tree::{Hash, PROOF_MAX};

/// Path of the one request there is.
pub const ADD_CHECKPOINT: &str = "/add-checkpoint";
/// Media type of the answer that tells which size the witness knows.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";
/// Bytes of a request at most: a proof, and a checkpoint with many signatures, post-quantum ones too.
pub const REQUEST_BYTES_MAX: usize = 128 * 1024;

/// What a log asks of a witness.
#[derive(Clone, Debug)]
pub struct AddCheckpoint {
    /// Size of the newest checkpoint that the witness cosigned; 0 when it cosigned none.
    pub old_size: u64,
    /// Consistency proof from there (RFC 6962, section 2.1.2).
    pub proof: Vec<Hash>,
    /// The checkpoint to cosign.
    pub checkpoint: SignedCheckpoint,
}

/// A request that does not read: which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedRequest(&'static str);

impl AddCheckpoint {
    /// Reads a request.
    ///
    /// # Errors
    /// [`MalformedRequest`], saying which part does not read.
    pub fn parse(body: &[u8]) -> Result<Self, MalformedRequest> {
        let text = str::from_utf8(body).map_err(|_| MalformedRequest("the request is not UTF-8"))?;
        let end = MalformedRequest("an empty line should stand between the proof and the checkpoint");
        let (head, checkpoint) = text.split_once("\n\n").ok_or(end)?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(parse_size);
        let old_size = old_size.ok_or(MalformedRequest("the first line should be \"old \" and a size"))?;
        let proof: Option<Vec<Hash>> = lines.map(parse_hash).collect();
        let proof = proof.ok_or(MalformedRequest("a line of the proof is no hash in base64"))?;
        if proof.len() > PROOF_MAX {
            return Err(MalformedRequest("the proof has more than 63 lines"));
        }
        let checkpoint = SignedCheckpoint::parse(checkpoint)
            .map_err(|_| MalformedRequest("the checkpoint does not read"))?;
        Ok(Self { old_size, proof, checkpoint })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for hash in &self.proof {
            writeln!(f, "{}", BASE64.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint.note)
    }
}

/// A size as decimal digits without leading zeros.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain && digits { text.parse().ok() } else { None }
}

fn parse_hash(line: &str) -> Option<Hash> {
    BASE64.decode(line).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_one_spelling() {
        assert_eq!(parse_size("0"), Some(0));
        assert_eq!(parse_size("20852163"), Some(20_852_163));
        for wrong in ["", "00", "07", "+7", "-1", " 7", "7 ", "1e3", "18446744073709551616"] {
            assert_eq!(parse_size(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn each_part_that_does_not_read_is_named() {
        let hash = BASE64.encode([7; 32]);
        let long = format!("{hash}\n").repeat(64);
        for (body, part) in [
            (String::from("old 0\n"), "empty line"),
            (String::from("new 0\n\nx"), "first line"),
            (String::from("old 07\n\nx"), "first line"),
            (format!("old 1\n{hash}=\n\nx"), "base64"),
            (format!("old 1\n{}\n\nx", BASE64.encode([7; 31])), "base64"),
            (format!("old 1\n{long}\nx"), "63"),
            (format!("old 1\n{hash}\n\nno checkpoint"), "checkpoint"),
        ] {
            let said = AddCheckpoint::parse(body.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(part), "{body:?}: {said}");
        }
        assert!(AddCheckpoint::parse(b"old 0\n\n\xff").unwrap_err().to_string().contains("UTF-8"));
    }
}
