//! The way to an authority: HTTP as RFC 3161 section 3.4 describes it.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Response, Url};

use super::error::StampError;
use super::request::Request;
use super::roots::TrustedRoots;
use super::{ANSWER_BYTES_MAX, QUERY_TYPE, REPLY_TYPE, Stamp};
use crate::outbound::{self, OutboundError, Trust};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one stamp may take from the call to the last byte. Authorities answer within a second or two.
const WHOLE: Duration = Duration::from_secs(20);

/// A way to one authority.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
}

/// Why there is no way to an authority.
#[derive(Debug, thiserror::Error)]
pub enum NewClientError {
    /// The address is none.
    #[error("{url:?} is not the address of an authority, such as https://tsa.example/stamp")]
    Address {
        /// What was given.
        url: String,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The HTTP library makes no client.
    #[error("no HTTP client can be made")]
    Http(#[source] reqwest::Error),
}

/// Why there is no stamp. None of these is a reason to stop appending.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No answer came in time, or none at all.
    #[error("the authority at {url} could not be reached or did not answer in time")]
    Unreachable {
        /// Its address.
        url: Url,
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// Something answered, and not as an authority does when it answers a request.
    #[error("{url} answered with status {status}, not 200")]
    Status {
        /// Its address.
        url: Url,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not one to a time-stamp request.
    #[error("{url} answered with {found:?}, not {REPLY_TYPE}")]
    ContentType {
        /// Its address.
        url: Url,
        /// The media type that came, empty where there was none.
        found: String,
    },
    /// What was answered, or was to be asked, does not do.
    #[error(transparent)]
    Stamp(#[from] StampError),
}

impl Client {
    /// A way to the authority at an address, `http` or `https`. An answer is signed, so that `http` gives away the
    /// digest that is stamped and nothing else.
    ///
    /// # Errors
    /// When the address is none, or TLS cannot be set up.
    pub fn new(url: &str, trust: Trust<'_>) -> Result<Self, NewClientError> {
        Self::patient(url, trust, WHOLE)
    }

    /// The same, with a bound of one's own on how long one stamp may take.
    ///
    /// # Errors
    /// When the address is none, or TLS cannot be set up.
    pub fn patient(url: &str, trust: Trust<'_>, at_most: Duration) -> Result<Self, NewClientError> {
        let address = || NewClientError::Address { url: url.to_owned() };
        let parsed = Url::parse(url).map_err(|_| address())?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(address());
        }
        let http = outbound::client(parsed.as_str(), trust)?.connect_timeout(CONNECT).timeout(at_most);
        Ok(Self { http: http.build().map_err(NewClientError::Http)?, url: parsed })
    }

    /// Asks for a stamp and answers the bytes that came and what they say, checked. Keep the bytes: they are the
    /// stamp.
    ///
    /// # Errors
    /// When no answer came, or it is not accepted.
    pub async fn stamp(
        &self,
        request: &Request,
        roots: &TrustedRoots,
    ) -> Result<(Vec<u8>, Stamp), ClientError> {
        let answer = self.answer(request).await?;
        let stamp = request.check(&answer, roots)?;
        Ok((answer, stamp))
    }

    /// Asks for a stamp and answers the bytes that came, nothing of them checked.
    ///
    /// # Errors
    /// When no answer came, it is not one of an authority by its media type, or it is larger than
    /// [`ANSWER_BYTES_MAX`].
    pub async fn answer(&self, request: &Request) -> Result<Vec<u8>, ClientError> {
        let unreachable = |source| ClientError::Unreachable { url: self.url.clone(), source };
        let asked = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, QUERY_TYPE)
            .header(ACCEPT, REPLY_TYPE)
            .body(request.to_der()?);
        let mut response = asked.send().await.map_err(unreachable)?;
        if response.status() != 200 {
            return Err(ClientError::Status { url: self.url.clone(), status: response.status().as_u16() });
        }
        let found = media_type(&response);
        if !found.eq_ignore_ascii_case(REPLY_TYPE) {
            return Err(ClientError::ContentType { url: self.url.clone(), found });
        }
        let mut answer = Vec::new();
        while let Some(part) = response.chunk().await.map_err(unreachable)? {
            answer.extend_from_slice(&part);
            if answer.len() > ANSWER_BYTES_MAX {
                return Err(StampError::TooLarge { bytes: answer.len() }.into());
            }
        }
        Ok(answer)
    }
}

/// The media type of a response, without its parameters.
fn media_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_owned()
}
