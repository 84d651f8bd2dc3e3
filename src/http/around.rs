//! What stands around every handler: an id of the request, a time, headers, and a refusal when it panics.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subject_record_schemas::identifiers::personal_lookalike;
use tracing::Instrument;

use super::Service;
use super::problem::Problem;
use crate::clock::Entropy;
use crate::error;

const REQUEST_ID: &str = "x-request-id";

/// Every request has an id, the caller's own if it sent a plain one, in the answer and in every line that the
/// service logs about it.
pub(super) async fn request_ids(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let sent = header_text(&request, REQUEST_ID).filter(|id| is_plain_id(id)).map(str::to_owned);
    let id = sent.unwrap_or_else(|| {
        let entropy: &dyn Entropy = &*service.app.entropy;
        hex::encode(entropy.bytes::<8>())
    });
    let trace = header_text(&request, "traceparent").filter(|trace| is_trace_parent(trace));
    let trace = trace.unwrap_or("-").to_owned();
    let (method, path) = (request.method().clone(), matched_path(&request));
    // Of the highest level, so that it stands in errors whatever else is filtered.
    let span = tracing::error_span!("request", request_id = id);
    let answered = async {
        let response = next.run(request).await;
        let status = response.status().as_u16();
        tracing::debug!(%method, path, status, traceparent = trace, "answered");
        response
    };
    let mut response = answered.instrument(span).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn header_text<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Whether an id that a caller chose may stand in the log: no text, and nothing that looks like a person's.
fn is_plain_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&id.len()) && id.bytes().all(plain) && personal_lookalike(id).is_none()
}

/// Whether a text is a `traceparent` of version 00 (W3C Trace Context, 3.2).
fn is_trace_parent(text: &str) -> bool {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b'-';
    lengths == [2, 32, 16, 2] && text.starts_with("00-") && text.bytes().all(hexadecimal)
}

/// The route of a request, never its path, which names people.
fn matched_path(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned())
}

/// Nothing of a person is kept by anything in between.
pub(super) async fn not_cached(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Ends a request that takes too long to be answered. A stream answers at once and has its own patience.
pub(super) async fn in_time(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let time_max = Duration::from_secs(service.app.config.server.request_seconds_max);
    match tokio::time::timeout(time_max, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(error::TIMED_OUT).into_response(),
    }
}

/// Answers a request whose handler panicked. What it panicked with is not repeated: it may be of a person.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Problem::new(error::INTERNAL).into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[test]
    fn an_id_that_a_caller_chose_is_taken_only_when_it_names_nobody() {
        for id in ["mine-7", "a", "01926fd8-1c2b-7a11-8f00-000000000117"] {
            assert!(is_plain_id(id), "{id}");
        }
        for id in ["", "910708200012", "+77001234567", "gulnur@example.kz", "a b", "{}", &"a".repeat(65)] {
            assert!(!is_plain_id(id), "{id}");
        }
    }

    #[test]
    fn a_trace_is_taken_only_in_its_standard_form() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_trace_parent(good));
        for bad in [&good.to_uppercase(), &good.replace("00-4", "01-4"), &good[1..], "00-Gulnur", ""] {
            assert!(!is_trace_parent(bad), "{bad}");
        }
    }

    #[tokio::test]
    #[expect(clippy::panic, reason = "the handler under test panics")]
    async fn a_panic_is_answered_with_a_problem_that_repeats_nothing_of_it() {
        async fn handler() -> &'static str {
            panic!("Gulnur")
        }
        let routes: Router = Router::new().route("/", get(handler)).layer(CatchPanicLayer::custom(panicked));
        let request = Request::builder().uri("/").body(Body::empty()).unwrap();
        let response = routes.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("Gulnur"));
    }
}
