//! Time stamps of an outside authority (RFC 3161, with the certificate digests of RFC 5816).
//!
//! A stamp says that a digest existed at a time, in the words of somebody who has no interest in it. What is asked is
//! a [`Request`]; what comes back is kept whole, as the bytes of a `TimeStampResp`, and is checked by [`check`] from
//! these bytes alone: when it arrives, and years later from a dossier. `openssl ts -verify` reads the same bytes.
//!
//! - **The certificate is judged at the time that the stamp tells**, never at the time of the check.
//! - **Revocation is not asked for**: a check works without a network, so a key that was stolen before a stamp was
//!   made is not noticed here. Remove the authority's root from the trusted ones, or stamp with a second authority.
//! - **No clock is read and no randomness drawn here**: a [`Nonce`] is an argument.

mod answer;
mod check;
mod client;
mod error;
mod info;
mod request;
mod roots;
mod signer;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use self::check::check;
pub use self::client::{Client, ClientError, NewClientError};
pub use self::error::StampError;
pub use self::request::{Nonce, Policy, PolicyError, Request};
pub use self::roots::{RootsError, TrustedRoots};

/// Largest answer that is read, in bytes. Answers with a chain of certificates are of 2 to 8 kB; in base64 this many
/// still fit an entry of the log (65,535 bytes).
pub const ANSWER_BYTES_MAX: usize = 32 * 1024;

/// Media type of a request (RFC 3161 section 3.4).
pub const QUERY_TYPE: &str = "application/timestamp-query";

/// Media type of an answer (RFC 3161 section 3.4).
pub const REPLY_TYPE: &str = "application/timestamp-reply";

/// What a checked answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When the digest existed, by the authority's clock (`genTime`).
    pub at: DateTime<Utc>,
    /// How far `at` may be off, in either direction, where the authority says so.
    pub accuracy: Option<Duration>,
    /// The authority's number for this stamp, in lower-case hex.
    pub serial: String,
    /// The policy under which it was made, as a dotted object identifier.
    pub policy: String,
    /// Name of the certificate that signed, as RFC 4514 writes names.
    pub authority_subject: String,
}
