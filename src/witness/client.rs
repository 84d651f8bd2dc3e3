//! Asks a witness to cosign a checkpoint (C2SP tlog-witness), and believes only the key it was told of.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};

use super::wire::{ADD_CHECKPOINT, AddCheckpoint, SIZE_MEDIA_TYPE, parse_size};
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::note::{Note, NoteError, VerifierKey};
use crate::notary::tree::Hash;
use crate::outbound::{self, OutboundError, Trust};

/// Bytes of an answer at most: a few signature lines, or a few words.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Characters of a refusal that are passed on.
const REASON_CHARACTERS_MAX: usize = 300;

/// A witness that did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// There is no way to its address.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The client cannot be made.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// It cannot be reached, or broke off.
    #[error("the witness does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// It knows another size than was said: prove again from there.
    #[error("the witness knows the log up to {known} entries")]
    KnowsSize {
        /// Size of the newest checkpoint it cosigned.
        known: u64,
    },
    /// It refuses.
    #[error("the witness refuses ({status}): {reason}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it says.
        reason: String,
    },
    /// Its answer is none that the protocol knows.
    #[error("the witness's answer does not read: {0}")]
    Answer(&'static str),
    /// No line of the answer is of the key it should have.
    #[error("the witness did not sign with the key it is known by")]
    OtherKey,
    /// A line of its key does not verify.
    #[error("the witness's signature does not verify")]
    BadSignature,
}

/// A witness to ask.
#[derive(Clone, Debug)]
pub struct WitnessClient {
    http: reqwest::Client,
    url: String,
    key: VerifierKey,
}

impl WitnessClient {
    /// A witness by its submission prefix and its verifier key (type 0x04), which gets so long for an answer.
    ///
    /// # Errors
    /// [`WitnessError::Outbound`] or [`WitnessError::Client`], when no HTTP client can be made.
    pub fn new(url: &str, key: VerifierKey, answer_within: Duration) -> Result<Self, WitnessError> {
        let http = outbound::client(url, Trust::Machine)?.timeout(answer_within);
        let http = http.build().map_err(WitnessError::Client)?;
        Ok(Self { http, url: format!("{}{ADD_CHECKPOINT}", url.trim_end_matches('/')), key })
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Asks it to cosign, and answers its signature lines, each verified under its key.
    ///
    /// `old_size` is the size it is thought to know, `proof` the consistency proof from there.
    ///
    /// # Errors
    /// [`WitnessError::KnowsSize`] when it knows another size: ask again with a proof from that. Any other means that
    /// it did not cosign now.
    pub async fn add_checkpoint(
        &self,
        old_size: u64,
        proof: &[Hash],
        checkpoint: &SignedCheckpoint,
    ) -> Result<Vec<String>, WitnessError> {
        let request = AddCheckpoint { old_size, proof: proof.to_vec(), checkpoint: checkpoint.clone() };
        let response = self.http.post(&self.url).body(request.to_string()).send().await;
        let response = response.map_err(WitnessError::Unreachable)?;
        let status = response.status();
        let is_size = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == SIZE_MEDIA_TYPE);
        let text = text_of(response).await?;
        match status {
            StatusCode::OK => self.verified(&checkpoint.note, &text),
            StatusCode::CONFLICT if is_size => {
                let known = text.strip_suffix('\n').and_then(parse_size);
                let known = known.ok_or(WitnessError::Answer("the size it knows is no number"))?;
                Err(WitnessError::KnowsSize { known })
            }
            _ => {
                let plain = |c: &char| !c.is_control();
                let reason = text.chars().filter(plain).take(REASON_CHARACTERS_MAX).collect();
                Err(WitnessError::Refused { status: status.as_u16(), reason })
            }
        }
    }

    /// The lines that this witness's key made over the checkpoint. Lines of other keys are passed over.
    fn verified(&self, note: &Note, answer: &str) -> Result<Vec<String>, WitnessError> {
        let malformed = WitnessError::Answer("a line is no signature");
        let Some(answer) = answer.strip_suffix('\n') else { return Err(malformed) };
        let mut lines = Vec::new();
        for line in answer.split('\n') {
            // Alone on the body: whatever else the checkpoint bears has no say here.
            let alone = Note::parse(&format!("{}\n{line}\n", note.text()));
            let Ok(alone) = alone else { return Err(malformed) };
            match alone.verify(&self.key) {
                Ok(verified) if verified.at.is_some_and(|at| at > 0) => lines.push(line.to_owned()),
                Ok(_) => return Err(WitnessError::Answer("the cosignature says no time")),
                Err(NoteError::NotSigned(_)) => {}
                Err(_) => return Err(WitnessError::BadSignature),
            }
        }
        if lines.is_empty() { Err(WitnessError::OtherKey) } else { Ok(lines) }
    }
}

async fn text_of(mut response: Response) -> Result<String, WitnessError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(WitnessError::Unreachable)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(WitnessError::Answer("it is too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| WitnessError::Answer("it is not UTF-8"))
}
