//! Who signed a stamp: the signed attributes, the certificate and the signature itself (RFC 5652 section 5.4).

use cms::cert::IssuerAndSerialNumber;
use cms::content_info::CmsVersion;
use cms::signed_data::{SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString};
use der::oid::db::rfc5911::{
    ID_AA_SIGNING_CERTIFICATE, ID_AA_SIGNING_CERTIFICATE_V_2, ID_CONTENT_TYPE, ID_MESSAGE_DIGEST,
};
use der::oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ID_EC_PUBLIC_KEY, ID_SHA_1, ID_SHA_256, ID_SHA_384, ID_SHA_512,
    RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use der::{Any, Choice, Decode as _, DecodeValue, Encode as _, Sequence};
use ring::digest;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::EndEntityCert;
use webpki::ring as algorithms;
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::spki::{AlgorithmIdentifier, AlgorithmIdentifierOwned};

use super::answer::{ID_CT_TST_INFO, Token};
use super::error::StampError;

/// `ESSCertID` and `ESSCertIDv2` (RFC 5035): they differ in the digest only. Issuer and number of the certificate may
/// follow; the digest covers them.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct CertificateId {
    #[asn1(optional = "true")]
    algorithm: Option<AlgorithmIdentifierOwned>,
    digest: OctetString,
    #[asn1(optional = "true")]
    issuer_and_serial: Option<Any>,
}

/// `SigningCertificate` and `SigningCertificateV2`: the signer's certificate first.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct SigningCertificate {
    certificates: Vec<CertificateId>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

/// The certificate of the signer, taken from the message by what the signature names.
pub(super) struct Signer {
    pub(super) der: CertificateDer<'static>,
    pub(super) certificate: Certificate,
    /// The other certificates that were sent.
    pub(super) others: Vec<CertificateDer<'static>>,
}

impl Signer {
    /// Finds the signer's certificate.
    pub(super) fn find(token: &Token) -> Result<Self, StampError> {
        let mut found = None;
        let mut others = Vec::new();
        for der in &token.certificates {
            match Certificate::from_der(der) {
                Ok(certificate) if found.is_none() && is_named(&token.signer, &certificate) => {
                    found = Some((der.clone().into(), certificate));
                }
                _ => others.push(der.clone().into()),
            }
        }
        let (der, certificate) = found.ok_or(StampError::NoCertificate)?;
        Ok(Self { der, certificate, others })
    }

    /// Checks that this certificate signed this content.
    pub(super) fn signed(&self, token: &Token) -> Result<(), StampError> {
        let signer = &token.signer;
        let attributes = signer.signed_attrs.as_ref().ok_or(StampError::Attribute("content-type"))?;
        let single = |name: &'static str, oid: ObjectIdentifier| {
            let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
            match (found.next(), found.next()) {
                (None, _) => Ok(None),
                (Some(attribute), None) if attribute.values.len() == 1 => Ok(attribute.values.get(0)),
                _ => Err(StampError::Attribute(name)),
            }
        };
        let required = |name: &'static str, oid| single(name, oid)?.ok_or(StampError::Attribute(name));

        let content_type: ObjectIdentifier =
            read("content-type", required("content-type", ID_CONTENT_TYPE)?)?;
        if content_type != ID_CT_TST_INFO {
            return Err(StampError::OtherContent { found: content_type.to_string() });
        }
        let signed: OctetString = read("message-digest", required("message-digest", ID_MESSAGE_DIGEST)?)?;
        if signed.as_bytes() != hash(&signer.digest_alg, &token.content)?.as_ref() {
            return Err(StampError::OtherDigest);
        }
        let first = single("signing-certificate", ID_AA_SIGNING_CERTIFICATE)?;
        let second = single("signing-certificate-v2", ID_AA_SIGNING_CERTIFICATE_V_2)?;
        if first.is_none() && second.is_none() {
            return Err(StampError::Attribute("signing-certificate"));
        }
        for (value, by_default) in [(first, ID_SHA_1), (second, ID_SHA_256)] {
            if let Some(value) = value {
                self.is_bound_by(value, by_default)?;
            }
        }
        let message = attributes.to_der().map_err(StampError::malformed("the signed attributes"))?;
        self.signature(signer, &message)
    }

    /// Checks that a signed attribute names this certificate by its digest.
    fn is_bound_by(&self, value: &Any, by_default: ObjectIdentifier) -> Result<(), StampError> {
        let value: SigningCertificate = read("signing-certificate", value)?;
        let id = value.certificates.first().ok_or(StampError::Attribute("signing-certificate"))?;
        let by_default = AlgorithmIdentifier { oid: by_default, parameters: None };
        let digest = hash(id.algorithm.as_ref().unwrap_or(&by_default), &self.der)?;
        if id.digest.as_bytes() == digest.as_ref() { Ok(()) } else { Err(StampError::OtherCertificate) }
    }

    /// Checks the signature over the signed attributes.
    fn signature(&self, signer: &SignerInfo, message: &[u8]) -> Result<(), StampError> {
        let certificate = EndEntityCert::try_from(&self.der)
            .map_err(|error| StampError::Chain { reason: error.to_string() })?;
        let holds = candidates(signer)?.iter().any(|algorithm| {
            certificate.verify_signature(*algorithm, message, signer.signature.as_bytes()).is_ok()
        });
        if holds { Ok(()) } else { Err(StampError::Signature) }
    }
}

/// Whether a signature names a certificate, by issuer and number or by its key's identifier. Which of both it uses
/// says the version (RFC 5652 section 5.3).
fn is_named(signer: &SignerInfo, certificate: &Certificate) -> bool {
    let tbs = &certificate.tbs_certificate;
    match (&signer.sid, signer.version) {
        (SignerIdentifier::IssuerAndSerialNumber(named), CmsVersion::V1) => {
            let IssuerAndSerialNumber { issuer, serial_number } = named;
            *issuer == tbs.issuer && *serial_number == tbs.serial_number
        }
        (SignerIdentifier::SubjectKeyIdentifier(named), CmsVersion::V3) => {
            matches!(tbs.get::<SubjectKeyIdentifier>(), Ok(Some((_, identifier))) if identifier == *named)
        }
        _ => false,
    }
}

/// Whether an algorithm is named without parameters that would change it.
pub(super) fn is_plain(algorithm: &AlgorithmIdentifierOwned) -> bool {
    algorithm.parameters.as_ref().is_none_or(Any::is_null)
}

/// Reads an attribute's value. One of another type than the attribute has is as bad as none.
fn read<T>(name: &'static str, value: &Any) -> Result<T, StampError>
where
    T: for<'a> Choice<'a> + for<'a> DecodeValue<'a>,
{
    value.decode_as().map_err(|_| StampError::Attribute(name))
}

fn unknown(oid: ObjectIdentifier) -> StampError {
    StampError::Algorithm { found: oid.to_string() }
}

/// A digest. SHA-1 is here for one use: older authorities name their own certificate by it (RFC 2634), and the chain
/// is checked besides.
fn hash(algorithm: &AlgorithmIdentifierOwned, bytes: &[u8]) -> Result<digest::Digest, StampError> {
    let function = match algorithm.oid {
        _ if !is_plain(algorithm) => return Err(unknown(algorithm.oid)),
        ID_SHA_1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        ID_SHA_256 => &digest::SHA256,
        ID_SHA_384 => &digest::SHA384,
        ID_SHA_512 => &digest::SHA512,
        other => return Err(unknown(other)),
    };
    Ok(digest::digest(function, bytes))
}

/// Ways in which a signature may have been made: what it names, by the kinds of key that can do it.
fn candidates(
    signer: &SignerInfo,
) -> Result<&'static [&'static dyn SignatureVerificationAlgorithm], StampError> {
    static RSA_256: &[&dyn SignatureVerificationAlgorithm] = &[algorithms::RSA_PKCS1_2048_8192_SHA256];
    static RSA_384: &[&dyn SignatureVerificationAlgorithm] = &[algorithms::RSA_PKCS1_2048_8192_SHA384];
    static RSA_512: &[&dyn SignatureVerificationAlgorithm] = &[algorithms::RSA_PKCS1_2048_8192_SHA512];
    static EC_256: &[&dyn SignatureVerificationAlgorithm] =
        &[algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P384_SHA256];
    static EC_384: &[&dyn SignatureVerificationAlgorithm] =
        &[algorithms::ECDSA_P256_SHA384, algorithms::ECDSA_P384_SHA384];

    let algorithm = &signer.signature_algorithm;
    if !is_plain(algorithm) {
        return Err(unknown(algorithm.oid));
    }
    // The digest that the signature names, or that its algorithm has built in, is the one of the attributes.
    match (algorithm.oid, signer.digest_alg.oid) {
        (RSA_ENCRYPTION | SHA_256_WITH_RSA_ENCRYPTION, ID_SHA_256) => Ok(RSA_256),
        (RSA_ENCRYPTION | SHA_384_WITH_RSA_ENCRYPTION, ID_SHA_384) => Ok(RSA_384),
        (RSA_ENCRYPTION | SHA_512_WITH_RSA_ENCRYPTION, ID_SHA_512) => Ok(RSA_512),
        (ID_EC_PUBLIC_KEY | ECDSA_WITH_SHA_256, ID_SHA_256) => Ok(EC_256),
        (ID_EC_PUBLIC_KEY | ECDSA_WITH_SHA_384, ID_SHA_384) => Ok(EC_384),
        (other, _) => Err(unknown(other)),
    }
}
