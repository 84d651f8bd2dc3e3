//! What an authority answers: `TimeStampResp` (RFC 3161 section 2.4.2) and the signed message in it (RFC 5652).

use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignerInfo};
use der::asn1::{BitString, OctetStringRef, SetOfVec};
use der::oid::ObjectIdentifier;
use der::oid::db::rfc5911::ID_SIGNED_DATA;
use der::{Any, Decode as _, Encode as _, Sequence};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::ANSWER_BYTES_MAX;
use super::error::StampError;

/// `id-ct-TSTInfo`, the type of time-stamp information.
pub(super) const ID_CT_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// `PKIStatusInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct StatusInfo {
    status: u8,
    #[asn1(optional = "true")]
    words: Option<Vec<String>>,
    #[asn1(optional = "true")]
    failures: Option<BitString>,
}

/// `TimeStampResp`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Answer {
    status: StatusInfo,
    #[asn1(optional = "true")]
    token: Option<ContentInfo>,
}

/// `SignedData`. Certificates stay as they came, since their exact bytes are hashed and signed; lists of revoked ones
/// are not used.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct SignedData {
    version: CmsVersion,
    digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    content: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    certificates: Option<Vec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    revoked: Option<Vec<Any>>,
    signers: SetOfVec<SignerInfo>,
}

/// A stamp as it was read, nothing of it checked.
pub(super) struct Token {
    /// The bytes of `TSTInfo`.
    pub(super) content: Vec<u8>,
    /// Every certificate that was sent, in DER.
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) signer: SignerInfo,
}

/// Failures by their bit (RFC 3161 section 2.4.2).
const FAILURES: [(usize, &str); 8] = [
    (0, "badAlg"),
    (2, "badRequest"),
    (5, "badDataFormat"),
    (14, "timeNotAvailable"),
    (15, "unacceptedPolicy"),
    (16, "unacceptedExtension"),
    (17, "addInfoNotAvailable"),
    (25, "systemFailure"),
];

/// Most characters of an authority's own words that are repeated.
const WORDS_MAX: usize = 200;

/// Reads a stamp from an answer.
pub(super) fn read(answer: &[u8]) -> Result<Token, StampError> {
    if answer.len() > ANSWER_BYTES_MAX {
        return Err(StampError::TooLarge { bytes: answer.len() });
    }
    let answer = Answer::from_der(answer).map_err(StampError::malformed("the answer"))?;
    // Granted, or granted with changes, which the later checks judge.
    if answer.status.status > 1 {
        return Err(StampError::Refused { reason: answer.status.reason() });
    }
    let token = answer.token.ok_or(StampError::NoToken)?;
    if token.content_type != ID_SIGNED_DATA {
        return Err(StampError::OtherContent { found: token.content_type.to_string() });
    }
    signed(&token.content)
}

/// Reads the signed message.
fn signed(message: &Any) -> Result<Token, StampError> {
    let part = "the signed message";
    let malformed = || StampError::malformed(part);
    let signed: SignedData = message.decode_as().map_err(malformed())?;
    if signed.content.econtent_type != ID_CT_TST_INFO {
        return Err(StampError::OtherContent { found: signed.content.econtent_type.to_string() });
    }
    let unlike = |reason: &str| StampError::Malformed { part, reason: reason.to_owned() };
    // RFC 5652 section 5.1: content that is not plain data makes it version 3.
    if signed.version != CmsVersion::V3 {
        return Err(unlike("it is not of version 3"));
    }
    let content = signed.content.econtent.ok_or_else(|| unlike("it holds no content"))?;
    let content = content.decode_as::<OctetStringRef<'_>>().map_err(malformed())?.as_bytes().to_vec();
    let found = signed.signers.len();
    let signers: Result<[SignerInfo; 1], _> = signed.signers.into_vec().try_into();
    let [signer] = signers.map_err(|_| StampError::Signatures { found })?;
    if !signed.digest_algorithms.iter().any(|named| *named == signer.digest_alg) {
        return Err(unlike("it does not name the digest algorithm of its signature"));
    }
    let certificates = signed.certificates.unwrap_or_default();
    let certificates = certificates.iter().map(Any::to_der).collect::<Result<_, _>>().map_err(malformed())?;
    Ok(Token { content, certificates, signer })
}

impl StatusInfo {
    /// What the authority says, on one line.
    fn reason(&self) -> String {
        let status = match self.status {
            2 => "rejection".to_owned(),
            3 => "waiting".to_owned(),
            4 => "revocationWarning".to_owned(),
            5 => "revocationNotification".to_owned(),
            other => format!("status {other}"),
        };
        let set: Vec<bool> = self.failures.iter().flat_map(BitString::bits).collect();
        let names = FAILURES.iter().filter(|(bit, _)| set.get(*bit) == Some(&true)).map(|(_, name)| *name);
        let words = self.words.iter().flatten().flat_map(|line| line.chars());
        let words: String = words.filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        let named = names.collect::<Vec<_>>().join(", ");
        [status, named, words].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
    }
}
