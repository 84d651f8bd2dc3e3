//! Roots that are trusted to name time-stamping authorities.

use chrono::{DateTime, Utc};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use webpki::anchor_from_trusted_cert;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// Certificates that somebody decided to trust, whatever their own signature says.
#[derive(Clone, Debug)]
pub struct TrustedRoots(Vec<Root>);

#[derive(Clone, Debug)]
struct Root {
    der: CertificateDer<'static>,
    /// Seconds since 1970, both included.
    valid: std::ops::RangeInclusive<u64>,
}

/// Why a text does not hold trusted roots.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// There is none.
    #[error("the text holds no certificate (-----BEGIN CERTIFICATE-----)")]
    Empty,
    /// One of them cannot be read.
    #[error("certificate {number} of the trusted roots cannot be read: {reason}")]
    Malformed {
        /// Which, from 1.
        number: usize,
        /// What the parser says.
        reason: String,
    },
}

impl TrustedRoots {
    /// Reads one or more certificates in PEM; what stands between them is passed over.
    ///
    /// # Errors
    /// When there is none, or one cannot be read.
    pub fn from_pem(text: &str) -> Result<Self, RootsError> {
        let mut roots = Vec::new();
        for (index, der) in CertificateDer::pem_slice_iter(text.as_bytes()).enumerate() {
            let malformed = |reason: String| RootsError::Malformed { number: index + 1, reason };
            let der = der.map_err(|error| malformed(error.to_string()))?;
            let certificate = Certificate::from_der(&der).map_err(|error| malformed(error.to_string()))?;
            anchor_from_trusted_cert(&der).map_err(|error| malformed(error.to_string()))?;
            let validity = certificate.tbs_certificate.validity;
            let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
            roots.push(Root { der, valid: seconds(validity.not_before)..=seconds(validity.not_after) });
        }
        if roots.is_empty() { Err(RootsError::Empty) } else { Ok(Self(roots)) }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.0.iter().map(|root| &root.der)
    }

    /// Those that were valid at a time.
    pub(super) fn valid_at(&self, at: DateTime<Utc>) -> impl Iterator<Item = &CertificateDer<'static>> {
        let valid =
            move |root: &&Root| u64::try_from(at.timestamp()).is_ok_and(|at| root.valid.contains(&at));
        self.0.iter().filter(valid).map(|root| &root.der)
    }
}
