//! Reads a log's tiles and bundles of entries over HTTP (C2SP tlog-tiles).

use std::time::Duration;

use reqwest::StatusCode;
use zeroize::Zeroizing;

use crate::notary::tile::{BundleError, TILE_WIDTH, TileId, read_bundle, tile_path};
use crate::notary::tree::Hash;
use crate::outbound::{self, OutboundError, Trust};

/// Bytes of a bundle at most: 256 entries with their lengths.
const BUNDLE_BYTES_MAX: usize = 256 * (65_535 + 2);
/// Bytes of a tile at most.
const TILE_BYTES_MAX: usize = 256 * 32;
/// Times that a part of the log is asked for.
const TRIES: u32 = 3;
/// Pause after a try that failed.
const PAUSE: Duration = Duration::from_millis(200);
/// How long one part may take.
const PART_SECONDS_MAX: u64 = 60;

/// A log that cannot be read now. It says nothing about the log's honesty.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no way to its address.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// No client can be made.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// The log cannot be reached, or broke off.
    #[error("the log does not answer for {path}")]
    Unreachable {
        /// What was asked for.
        path: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It answers with another status.
    #[error("the log answers {status} for {path}{}", hint(*.status))]
    Status {
        /// What was asked for.
        path: String,
        /// HTTP status.
        status: u16,
    },
    /// The answer is longer than it can be.
    #[error("{path} is longer than it can be")]
    TooLong {
        /// What was asked for.
        path: String,
    },
    /// The bundle's framing is wrong.
    #[error("{path} does not read")]
    Bundle {
        /// What was asked for.
        path: String,
        /// Why.
        #[source]
        source: BundleError,
    },
    /// Fewer entries or hashes than the checkpoint covers.
    #[error("{path} holds {held} of {wanted} entries that the log signed")]
    Short {
        /// What was asked for.
        path: String,
        /// What it holds.
        held: usize,
        /// What it should hold.
        wanted: u16,
    },
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => ": entries need the token of an auditor",
        _ => "",
    }
}

/// Entries under one tile of level 0, and their leaves in it.
#[derive(Debug)]
pub(super) struct Part {
    bytes: Vec<u8>,
    leaves: Vec<u8>,
    width: u16,
    path: String,
}

impl Part {
    /// Each entry's bytes and leaf, in order. No bytes: they were withdrawn.
    pub(super) fn entries(&self) -> Result<Vec<(&[u8], &Hash)>, ReadError> {
        let entries = read_bundle(&self.bytes)
            .map_err(|source| ReadError::Bundle { path: self.path.clone(), source })?;
        let leaves = self.leaves.as_chunks::<32>().0;
        let (wanted, held) = (usize::from(self.width), entries.len().min(leaves.len()));
        if held < wanted {
            return Err(ReadError::Short { path: self.path.clone(), held, wanted: self.width });
        }
        Ok(entries.into_iter().zip(leaves).take(wanted).collect())
    }
}

/// Where a log is read.
#[derive(Clone, Debug)]
pub struct LogReader {
    http: reqwest::Client,
    base: String,
    token: Option<Zeroizing<String>>,
}

impl LogReader {
    /// A log by the address of its server, and the token of an auditor there.
    ///
    /// # Errors
    /// [`ReadError::Outbound`] or [`ReadError::Client`], when no HTTP client can be made.
    pub fn new(base: &str, token: Option<Zeroizing<String>>) -> Result<Self, ReadError> {
        let http = outbound::client(base, Trust::Machine)?.timeout(Duration::from_secs(PART_SECONDS_MAX));
        let http = http.build().map_err(ReadError::Client)?;
        Ok(Self { http, base: format!("{}/log/tile/", base.trim_end_matches('/')), token })
    }

    /// The first `width` entries of a bundle, with their leaves.
    pub(super) async fn part(&self, number: u64, width: u16) -> Result<Part, ReadError> {
        let id = TileId { level: 0, number };
        let entries = |width| format!("entries/{}", tile_path(id, width).trim_start_matches("0/"));
        let (path, full) = (entries(width), entries(TILE_WIDTH));
        let bytes = self.either(&path, &full, BUNDLE_BYTES_MAX);
        let (tile, full_tile) = (tile_path(id, width), tile_path(id, TILE_WIDTH));
        let leaves = self.either(&tile, &full_tile, TILE_BYTES_MAX);
        let (bytes, leaves) = futures::future::try_join(bytes, leaves).await?;
        Ok(Part { bytes, leaves, width, path })
    }

    /// A partial part, or the full one once the partial is gone (C2SP tlog-tiles, "Partial Tiles").
    async fn either(&self, partial: &str, full: &str, most: usize) -> Result<Vec<u8>, ReadError> {
        match self.get(partial, most).await {
            Err(ReadError::Status { status: 404, .. }) if partial != full => self.get(full, most).await,
            answer => answer,
        }
    }

    async fn get(&self, path: &str, most: usize) -> Result<Vec<u8>, ReadError> {
        for _ in 1..TRIES {
            match self.try_get(path, most).await {
                Err(ReadError::Unreachable { .. } | ReadError::Status { status: 500.., .. }) => {
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
        self.try_get(path, most).await
    }

    async fn try_get(&self, path: &str, most: usize) -> Result<Vec<u8>, ReadError> {
        let unreachable = |source| ReadError::Unreachable { path: path.to_owned(), source };
        let mut request = self.http.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.as_str());
        }
        let mut response = request.send().await.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(ReadError::Status { path: path.to_owned(), status: response.status().as_u16() });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > most {
                return Err(ReadError::TooLong { path: path.to_owned() });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}
