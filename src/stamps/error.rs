//! Why an answer of a time-stamping authority is not accepted.

use chrono::{DateTime, Utc};

use super::ANSWER_BYTES_MAX;

/// Why an answer is not accepted. Nothing of it may be used then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// Longer than is read.
    #[error("the answer is of {bytes} bytes, and at most {ANSWER_BYTES_MAX} are read")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Not DER, or not of the shape that the standard asks for.
    #[error("{part} cannot be read: {reason}")]
    Malformed {
        /// What was being read.
        part: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// The authority answered, and made no stamp.
    #[error("the authority refused: {reason}")]
    Refused {
        /// Its status, the failures it names, and its words.
        reason: String,
    },
    /// The status is good, and there is no stamp.
    #[error("the authority says granted, and sends no stamp")]
    NoToken,
    /// What was sent is not signed time-stamp information.
    #[error("the stamp holds content of type {found}, not signed time-stamp information")]
    OtherContent {
        /// The type that was found, as a dotted object identifier.
        found: String,
    },
    /// The digest in the stamp was not made by SHA-256.
    #[error("the stamp is over a digest of algorithm {found}, not SHA-256")]
    OtherHash {
        /// The algorithm that was found, as a dotted object identifier.
        found: String,
    },
    /// The stamp is over something else.
    #[error("the stamp is over another digest")]
    OtherImprint,
    /// The stamp answers another request, or no request at all.
    #[error("the stamp does not carry the nonce of the request")]
    OtherNonce,
    /// The stamp was made under another policy than the one that was asked for.
    #[error("the stamp was made under policy {found}, not under the one asked for")]
    OtherPolicy {
        /// The policy that was found, as a dotted object identifier.
        found: String,
    },
    /// A stamp has one signature, by the authority (RFC 3161 section 2.4.2).
    #[error("the stamp has {found} signatures, not one")]
    Signatures {
        /// How many there are.
        found: usize,
    },
    /// The certificate that the signature names is not among those sent.
    #[error("the stamp does not hold the certificate that its signature names")]
    NoCertificate,
    /// A signed attribute is absent, doubled, or of another type than it must be.
    #[error("the signed attribute {0} is absent, or there is more than one")]
    Attribute(&'static str),
    /// The signed digest is not the one of the stamp's content.
    #[error("the stamp's content does not have the digest that was signed")]
    OtherDigest,
    /// The signed digest of the certificate is not the one of the certificate sent.
    #[error("the certificate in the stamp is not the one that the authority bound its signature to")]
    OtherCertificate,
    /// Signed in a way that is not checked here.
    #[error("the stamp uses the algorithm {found}, which is not checked here")]
    Algorithm {
        /// The algorithm, as a dotted object identifier.
        found: String,
    },
    /// The signature is wrong.
    #[error("the signature of the stamp does not hold")]
    Signature,
    /// The certificate says nothing of time stamping.
    #[error("the certificate has no extended key usage, so it is not one of a time-stamping authority")]
    NoPurpose,
    /// The certificate may be used for time stamping, and does not insist on it.
    #[error("the certificate's extended key usage is not critical, which RFC 3161 section 2.3 asks for")]
    PurposeNotCritical,
    /// The certificate is for other things as well, or for other things only.
    #[error("the certificate's extended key usage is not time stamping alone")]
    OtherPurpose,
    /// The certificate's key may not sign.
    #[error("the certificate's key usage does not let it sign")]
    KeyUsage,
    /// The chain does not end at a trusted root.
    #[error("no chain of good signatures leads from the certificate to a trusted root")]
    Untrusted,
    /// The chain holds, and not at the time that the stamp tells.
    #[error("a certificate of the chain was not valid at {at}, the time of the stamp")]
    NotValidThen {
        /// The time of the stamp.
        at: DateTime<Utc>,
    },
    /// The chain breaks a rule of RFC 5280.
    #[error("the chain of certificates does not hold: {reason}")]
    Chain {
        /// Which rule.
        reason: String,
    },
}

impl StampError {
    /// Something that could not be read.
    pub(super) fn malformed(part: &'static str) -> impl Fn(der::Error) -> Self {
        move |error| Self::Malformed { part, reason: error.to_string() }
    }
}
