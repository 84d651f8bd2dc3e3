//! What is asked of an authority: `TimeStampReq`, RFC 3161 section 2.4.1.

use std::fmt;
use std::str::FromStr;

use der::asn1::{Int, Null, ObjectIdentifier, OctetString};
use der::oid::db::rfc5912::ID_SHA_256;
use der::{Any, Encode as _, Sequence};
use x509_cert::ext::Extensions;
use x509_cert::spki::AlgorithmIdentifier;

use super::error::StampError;
use super::roots::TrustedRoots;
use super::{Stamp, check};

/// A number used once, so that an old answer is not taken for a new one. Draw it at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce([u8; 8]);

impl Nonce {
    /// A nonce of 64 random bits, which is as many as every authority accepts.
    #[must_use]
    pub const fn new(random: [u8; 8]) -> Self {
        Self(random)
    }

    /// The nonce as the bytes of an INTEGER: the fewest that hold it, and not negative.
    pub(super) fn integer(self) -> Vec<u8> {
        let bare = self.0.iter().copied().skip_while(|byte| *byte == 0);
        let sign = bare.clone().next().is_none_or(|first| first >= 0x80);
        sign.then_some(0).into_iter().chain(bare).collect()
    }
}

/// A policy of an authority: under which rules it is to stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy(ObjectIdentifier);

/// Why a text names no policy.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a dotted object identifier, such as 1.3.6.1.4.1.99999.1")]
pub struct PolicyError(String);

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        ObjectIdentifier::new(text).map(Self).map_err(|_| PolicyError(text.to_owned()))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(to)
    }
}

/// `MessageImprint`: what is stamped.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct Imprint {
    pub(super) hash_algorithm: AlgorithmIdentifier<Any>,
    pub(super) hashed_message: OctetString,
}

/// `TimeStampReq`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Query {
    version: u8,
    imprint: Imprint,
    #[asn1(optional = "true")]
    policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    with_certificate: bool,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

/// A request for one stamp. The authority is always asked to send its certificate, without which nobody could check
/// the stamp years later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    imprint: [u8; 32],
    nonce: Nonce,
    policy: Option<Policy>,
}

impl Request {
    /// Asks for a stamp over a SHA-256 digest; without a policy the authority chooses one.
    #[must_use]
    pub const fn new(imprint: [u8; 32], nonce: Nonce, policy: Option<Policy>) -> Self {
        Self { imprint, nonce, policy }
    }

    /// The request as it is sent: `TimeStampReq` in DER.
    ///
    /// # Errors
    /// None that a request of this shape can cause; the encoder is not ours to vouch for.
    pub fn to_der(&self) -> Result<Vec<u8>, StampError> {
        let encode = || {
            let sha_256 = AlgorithmIdentifier { oid: ID_SHA_256, parameters: Some(Any::from(Null)) };
            let query = Query {
                version: 1,
                imprint: Imprint { hash_algorithm: sha_256, hashed_message: OctetString::new(self.imprint)? },
                policy: self.policy.map(|policy| policy.0),
                nonce: Some(Int::new(&self.nonce.integer())?),
                with_certificate: true,
                extensions: None,
            };
            query.to_der()
        };
        encode().map_err(StampError::malformed("the request"))
    }

    /// Checks an answer to this request: all that [`check`] does, and that the policy is the one asked for.
    ///
    /// # Errors
    /// Why the answer is not accepted.
    pub fn check(&self, answer: &[u8], roots: &TrustedRoots) -> Result<Stamp, StampError> {
        let stamp = check(answer, &self.imprint, Some(self.nonce), roots)?;
        match self.policy {
            Some(asked) if asked.to_string() != stamp.policy => {
                Err(StampError::OtherPolicy { found: stamp.policy })
            }
            _ => Ok(stamp),
        }
    }
}
