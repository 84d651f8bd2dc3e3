//! The check of a stamp, from the bytes of an answer to what it says.

use std::time::Duration;

use chrono::{DateTime, Utc};
use der::oid::ObjectIdentifier;
use der::oid::db::rfc5280::ID_KP_TIME_STAMPING;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage as Purpose, anchor_from_trusted_cert};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};

use super::error::StampError;
use super::info::Info;
use super::request::Nonce;
use super::roots::TrustedRoots;
use super::signer::Signer;
use super::{Stamp, answer};

static TIME_STAMPING: ObjectIdentifier = ID_KP_TIME_STAMPING;

/// Checks an answer, the bytes of a `TimeStampResp` as the authority sent them.
///
/// It must be granted, and hold one signed message over time-stamp information whose digest is `imprint` (SHA-256) and
/// whose nonce is the one given. The signed digest, the certificate that the signature is bound to and the signature
/// must hold; the certificate must be for time stamping alone, and critically so; and a chain of certificates, all
/// valid at the time of the stamp, must lead to a trusted root. From a dossier, where the nonce is not known any more,
/// there is none to compare.
///
/// Outside of what the authority signs are only the status (granted, or granted with changes), certificates that the
/// chain does not need, lists of revoked ones, and attributes that are not signed: none of them changes what is
/// answered here. All other bytes are as they were signed, or the answer is not accepted.
///
/// # Errors
/// Why it is not accepted.
pub fn check(
    answer: &[u8],
    imprint: &[u8; 32],
    nonce: Option<Nonce>,
    roots: &TrustedRoots,
) -> Result<Stamp, StampError> {
    let token = answer::read(answer)?;
    let info = Info::read(&token.content)?;
    info.answers(imprint, nonce)?;
    let at = info.at()?;
    let signer = Signer::find(&token)?;
    signer.signed(&token)?;
    is_for_time_stamping(&signer.certificate)?;
    chain(&signer, at, roots)?;
    Ok(Stamp {
        at,
        accuracy: info.accuracy(),
        serial: info.serial(),
        policy: info.policy.to_string(),
        authority_subject: signer.certificate.tbs_certificate.subject.to_string(),
    })
}

/// RFC 3161 section 2.3: one purpose, time stamping, in a critical extension.
fn is_for_time_stamping(certificate: &Certificate) -> Result<(), StampError> {
    let malformed = || StampError::malformed("the certificate's extensions");
    let tbs = &certificate.tbs_certificate;
    let (critical, purposes) =
        tbs.get::<ExtendedKeyUsage>().map_err(malformed())?.ok_or(StampError::NoPurpose)?;
    if purposes.0 != [TIME_STAMPING] {
        return Err(StampError::OtherPurpose);
    }
    if !critical {
        return Err(StampError::PurposeNotCritical);
    }
    match tbs.get::<KeyUsage>().map_err(malformed())? {
        Some((_, usage)) if !usage.digital_signature() && !usage.non_repudiation() => {
            Err(StampError::KeyUsage)
        }
        _ => Ok(()),
    }
}

/// Whether a certificate's key may sign certificates; the path builder asks only whether it is one of an authority.
fn may_sign_certificates(der: &CertificateDer<'_>) -> bool {
    let Ok(certificate) = Certificate::from_der(der) else { return false };
    match certificate.tbs_certificate.get::<KeyUsage>() {
        Ok(Some((_, usage))) => usage.key_cert_sign(),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// Checks the path to a root (RFC 5280 section 6.1) at the time of the stamp.
fn chain(signer: &Signer, at: DateTime<Utc>, roots: &TrustedRoots) -> Result<(), StampError> {
    let between: Vec<_> = signer.others.iter().filter(|der| may_sign_certificates(der)).cloned().collect();
    let judged = path(signer, &between, at, roots.valid_at(at));
    match judged {
        // A root that is trusted and had run out then says more than one that is not known.
        Err(StampError::Untrusted) if path(signer, &between, at, roots.all()).is_ok() => {
            Err(StampError::NotValidThen { at })
        }
        judged => judged,
    }
}

fn path<'a>(
    signer: &Signer,
    between: &[CertificateDer<'static>],
    at: DateTime<Utc>,
    roots: impl Iterator<Item = &'a CertificateDer<'static>>,
) -> Result<(), StampError> {
    let broken = |error: Error| match error {
        Error::UnknownIssuer | Error::InvalidSignatureForPublicKey => StampError::Untrusted,
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => StampError::NotValidThen { at },
        other => StampError::Chain { reason: other.to_string() },
    };
    let seconds = u64::try_from(at.timestamp()).map_err(|_| StampError::NotValidThen { at })?;
    let anchors =
        roots.map(|root| anchor_from_trusted_cert(root)).collect::<Result<Vec<_>, _>>().map_err(broken)?;
    let end = EndEntityCert::try_from(&signer.der).map_err(broken)?;
    end.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        between,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        // Asked of certificates in between only where they limit their purposes at all.
        Purpose::required_if_present(TIME_STAMPING.as_bytes()),
        None,
        None,
    )
    .map(|_| ())
    .map_err(broken)
}
