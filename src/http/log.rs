//! The doors of the transparency log: checkpoints, tiles and entries (C2SP tlog-tiles), and proofs of single events.
//!
//! Checkpoints and tiles are for anybody: they hold nothing but hashes. Entries are events, and for auditors.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use subject_record_schemas::Position;

use super::Service;
use super::auth::Authenticated;
use super::extract::InPath;
use super::problem::Problem;
use super::readers::visible;
use crate::error;
use crate::notary::NotaryError;
use crate::notary::tile::{TILE_WIDTH, parse_entries_path, parse_tile_path};

/// A full tile never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// A partial tile gives way to a wider one; the newest checkpoint to a newer one.
const FOR_A_MOMENT: HeaderValue = HeaderValue::from_static("public, max-age=1");
/// Entries are events: no cache that others share keeps them.
const FOR_EVER_PRIVATELY: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

impl From<NotaryError> for Problem {
    fn from(error: NotaryError) -> Self {
        match error {
            NotaryError::Refused(refusal) => Self::with_detail(error::NOTARY_REFUSES, refusal),
            NotaryError::NotCovered(_) | NotaryError::Unanswered(_) => {
                Self::with_detail(error::NOTARY_BEHIND, &error)
            }
            NotaryError::NoEntry(_) => Self::with_detail(error::NOT_FOUND, &error),
            NotaryError::Closed => Self::new(error::DRAINING),
            NotaryError::Tables(_)
            | NotaryError::Entries(_)
            | NotaryError::Tree(_)
            | NotaryError::Checkpoint(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the notary could not answer");
                Self::new(error::NOTARY_FAULT)
            }
        }
    }
}

fn answer(body: Vec<u8>, content_type: HeaderValue, cache: HeaderValue) -> Response {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, cache)], body).into_response()
}

/// `GET /log/checkpoint`: the newest signed checkpoint.
pub(super) async fn checkpoint(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    let state = service.app.notary.state();
    match (state.checkpoint, state.refusal) {
        (Some(signed), _) => Ok(answer(signed.note.to_string().into_bytes(), TEXT, FOR_A_MOMENT)),
        (None, Some(refusal)) => Err(Problem::with_detail(error::NOTARY_REFUSES, refusal)),
        (None, None) => Err(Problem::new(error::NOT_FOUND)),
    }
}

/// `GET /log/key`: the key that verifies the log's checkpoints, as a C2SP vkey.
pub(super) async fn key(State(service): State<Arc<Service>>) -> Response {
    answer(format!("{}\n", service.app.notary.verifier_key()).into_bytes(), TEXT, FOR_A_MOMENT)
}

/// `GET /log/tile/<L>/<N>[.p/<W>]`: hashes of the tree.
pub(super) async fn tile(
    State(service): State<Arc<Service>>,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let (id, width) = parse_tile_path(&path).ok_or_else(|| Problem::new(error::NOT_FOUND))?;
    let tile = service.app.notary.tile(id, width).await?.ok_or_else(|| Problem::new(error::NOT_FOUND))?;
    Ok(answer(tile, BYTES, if width == TILE_WIDTH { FOR_EVER } else { FOR_A_MOMENT }))
}

/// `GET /log/tile/entries/<N>[.p/<W>]`: the events themselves, each behind its length in two bytes.
pub(super) async fn entries(
    State(service): State<Arc<Service>>,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let (bundle, width) = parse_entries_path(&path).ok_or_else(|| Problem::new(error::NOT_FOUND))?;
    let entries = service.app.notary.entries(bundle, width).await?;
    let entries = entries.ok_or_else(|| Problem::new(error::NOT_FOUND))?;
    let cache = if width == TILE_WIDTH { FOR_EVER_PRIVATELY } else { HeaderValue::from_static("no-store") };
    Ok(answer(entries, BYTES, cache))
}

/// `GET /v1/events/{position}/proof`: that the event stands in the log (C2SP tlog-proof), waited for if need be.
pub(super) async fn proof(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    InPath(position): InPath<Position>,
) -> Result<Response, Problem> {
    let found = service.app.timelines.event_at(position).await?;
    visible(&caller, found)?;
    let notary = &service.app.notary;
    let checkpoint = notary.covering(position, receipt_wait_max(&service)).await?;
    let proof = notary.prove(&[position], &checkpoint).await?.pop();
    let proof = proof.ok_or_else(|| Problem::new(error::NOTARY_FAULT))?;
    Ok(answer(proof.to_string().into_bytes(), TEXT, HeaderValue::from_static("no-store")))
}

fn receipt_wait_max(service: &Service) -> Duration {
    Duration::from_secs(service.app.config.notary.receipt_seconds_max)
}

/// Seconds that a sender is ready to wait for proofs of what it sends: `Prefer: wait=10` (RFC 7240, section 4.3);
/// `wait` alone leaves it to the service.
pub(super) fn wait_preferred(headers: &HeaderMap, service: &Service) -> Option<Duration> {
    let most = receipt_wait_max(service);
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences.flat_map(|value| value.split(',')).find_map(|preference| {
        let preference = preference.split(';').next().unwrap_or_default().trim();
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        if !name.trim().eq_ignore_ascii_case("wait") {
            return None;
        }
        let seconds = value.trim().trim_matches('"').parse().ok().map(Duration::from_secs);
        Some(seconds.map_or(most, |seconds| seconds.min(most)))
    })
}

/// Puts a proof into each receipt. Answers whether it could in time: the events are recorded either way.
pub(super) async fn prove_receipts(service: &Service, at_most: Duration, receipts: &mut [Value]) -> bool {
    let position = |receipt: &Value| receipt.get("position")?.as_str()?.parse::<Position>().ok();
    let positions: Vec<Position> = receipts.iter().filter_map(position).collect();
    let Some(last) = positions.iter().max() else { return false };
    let notary = &service.app.notary;
    let Ok(checkpoint) = notary.covering(*last, at_most).await else { return false };
    let proofs = match notary.prove(&positions, &checkpoint).await {
        Ok(proofs) => proofs,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "receipts could not be proven");
            return false;
        }
    };
    let mut proofs = proofs.into_iter();
    for receipt in receipts.iter_mut().filter(|receipt| position(receipt).is_some()) {
        if let (Some(members), Some(proof)) = (receipt.as_object_mut(), proofs.next()) {
            members.insert("proof".into(), proof.to_string().into());
        }
    }
    true
}
