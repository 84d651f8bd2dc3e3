//! Ways out: HTTP clients for the addresses that this service itself calls.
//!
//! Every client is made here, since the HTTP library brings TLS without the primitives of one, and without them it
//! makes no client at all, not even for plain http.
//!
//! - Through no proxy, after no redirect: what is sent goes to the address that was named and nowhere else.
//! - `https` trusts the certificates of this machine (or those named by `SSL_CERT_FILE` and `SSL_CERT_DIR`), or
//!   exactly those that a caller gives.

use std::sync::Arc;

use reqwest::ClientBuilder;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// Whom `https` trusts.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Whom this machine trusts.
    Machine,
    /// These certificates, in PEM, and no others.
    Only(&'a str),
}

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// There are no certificates to trust.
    #[error(
        "https needs certificates to trust, and this machine has none: install ca-certificates, or name a file in SSL_CERT_FILE"
    )]
    NoCertificates,
    /// A given certificate cannot be read.
    #[error("the certificates to trust cannot be read: {0}")]
    Certificates(String),
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// A client to be, for one address. The machine's certificates are read only where the address needs them.
///
/// # Errors
/// When `https` is asked for and there is nobody to trust.
pub fn client(address: &str, trust: Trust<'_>) -> Result<ClientBuilder, OutboundError> {
    let is_https = address.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    let roots = match trust {
        _ if !is_https => RootCertStore::empty(),
        Trust::Machine => machine(),
        Trust::Only(pem) => given(pem)?,
    };
    if is_https && roots.is_empty() {
        return Err(OutboundError::NoCertificates);
    }
    let primitives = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(primitives)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    #[expect(clippy::disallowed_methods, reason = "the one place that gives it TLS")]
    let builder = reqwest::Client::builder();
    Ok(builder.no_proxy().redirect(Policy::none()).tls_backend_preconfigured(tls))
}

fn machine() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // One that cannot be read is one fewer to trust; none at all is told to the caller.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn given(pem: &str) -> Result<RootCertStore, OutboundError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| OutboundError::Certificates(error.to_string()))?;
        roots.add(certificate).map_err(|error| OutboundError::Certificates(error.to_string()))?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_without_anybody_to_trust_is_refused_and_http_is_not() {
        assert!(matches!(client("HTTPS://tsa.example", Trust::Only("")), Err(OutboundError::NoCertificates)));
        assert!(client("http://tsa.example", Trust::Only("")).unwrap().build().is_ok());
    }
}
