//! The door of a mirror witness: `add-checkpoint` of C2SP tlog-witness, and what the mirror is at.
//!
//! It is a service of its own, with its own port and no tokens: a checkpoint's signature says who asks.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use sha2::{Digest, Sha256};
use tower_http::catch_panic::CatchPanicLayer;

use super::serve::{ServeError, listen};
use super::{around, json_response};
use crate::config::Server;
use crate::witness::mirror::{Mirror, Refusal};
use crate::witness::wire::{ADD_CHECKPOINT, REQUEST_BYTES_MAX, SIZE_MEDIA_TYPE};

/// How long a log is to wait before it asks again.
const RETRY_SECONDS: &str = "5";

/// Serves a mirror until `stop` is done, then lets running requests end.
///
/// # Errors
/// [`ServeError::Listen`] when the address cannot be opened.
pub async fn serve_witness(
    mirror: Arc<Mirror>,
    settings: &Server,
    stop: impl Future<Output = ()> + Send,
    listening: impl FnOnce(std::net::SocketAddr),
) -> Result<(), ServeError> {
    let routes = Router::new()
        .route(ADD_CHECKPOINT, post(add_checkpoint))
        .route("/", get(status))
        .route("/status", get(status))
        .route("/{origin_hash}/checkpoint", get(checkpoint))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(CatchPanicLayer::custom(around::panicked))
        .with_state(mirror);
    listen(settings, routes, stop, || {}, listening).await
}

/// `POST /add-checkpoint`.
async fn add_checkpoint(State(mirror): State<Arc<Mirror>>, body: Bytes) -> Response {
    match mirror.add_checkpoint(&body).await {
        Ok(lines) => lines.into_iter().map(|line| line + "\n").collect::<String>().into_response(),
        Err(refusal) => refused(&refusal),
    }
}

/// The statuses that C2SP tlog-witness names; 422 also for entries that are wrong, 503 for what passes.
fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::KnowsSize { known } => {
            let kind = [(header::CONTENT_TYPE, SIZE_MEDIA_TYPE)];
            return (StatusCode::CONFLICT, kind, format!("{known}\n")).into_response();
        }
        Refusal::Malformed(_) | Refusal::OldAboveNew => StatusCode::BAD_REQUEST,
        Refusal::UnknownOrigin => StatusCode::NOT_FOUND,
        Refusal::NotSigned => StatusCode::FORBIDDEN,
        Refusal::Proof | Refusal::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::NotYet(_) | Refusal::Log(_) | Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::State(_) | Refusal::Cosign(_) => {
            tracing::error!(error = ?refusal, "a checkpoint could not be cosigned");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    let answer = (status, format!("{refusal}\n")).into_response();
    match status {
        StatusCode::SERVICE_UNAVAILABLE => ([(header::RETRY_AFTER, RETRY_SECONDS)], answer).into_response(),
        _ => answer,
    }
}

/// `GET /` and `GET /status`.
async fn status(State(mirror): State<Arc<Mirror>>) -> Response {
    json_response(&mirror.status())
}

/// `GET /<origin hash>/checkpoint`: the newest cosigned checkpoint, for monitors.
async fn checkpoint(State(mirror): State<Arc<Mirror>>, Path(origin_hash): Path<String>) -> Response {
    let known = hex::encode(Sha256::digest(mirror.origin())) == origin_hash;
    match mirror.newest().filter(|_| known) {
        Some(newest) => newest.note.to_string().into_response(),
        None => (StatusCode::NOT_FOUND, "no checkpoint of such a log was cosigned here\n").into_response(),
    }
}
