//! The HTTP door. One file per kind of caller; every status is decided here and nowhere else.

mod auth;
mod console;
mod emitters;
mod ndjson;
mod officers;
mod openapi;
mod operators;
mod problem;
mod readers;
mod serve;
mod texts;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use subject_record_schemas::vocabulary::Role::{self, Auditor, Emitter, Officer, Operator, Support};
use tokio::sync::watch;

use self::auth::{Allowed, Rates};
pub use self::openapi::document as openapi_document;
use self::problem::Problem;
pub use self::serve::{ServeError, serve};
use crate::app::App;
use crate::clock::Entropy;
use crate::error;

/// What every handler may use.
#[derive(Debug)]
pub struct Service {
    app: Arc<App>,
    rates: Rates,
    draining: watch::Receiver<bool>,
}

const READERS: &[Role] = &[Support, Auditor, Officer];
const EVERYONE: &[Role] = &[Emitter, Support, Auditor, Officer, Operator];

/// The routes, each with the roles it is for. The few that are for anybody stand apart.
fn router(service: &Arc<Service>) -> Router {
    let route = |methods: MethodRouter<Arc<Service>>, roles: &'static [Role]| {
        let state = (Arc::clone(service), Allowed(roles));
        methods.layer(middleware::from_fn_with_state(state, auth::require))
    };
    let by_role = Router::new()
        .route("/v1/events", route(post(emitters::append), &[Emitter, Officer]))
        .route("/v1/events", route(get(readers::event_by_name), &[Emitter, Auditor, Officer]))
        .route("/v1/events/{position}", route(get(readers::event), &[Emitter, Support, Auditor, Officer]))
        .route("/v1/subjects/{id}", route(get(readers::subject), READERS))
        .route("/v1/subjects/{id}/timeline", route(get(readers::timeline), READERS))
        .route("/v1/subjects/{id}/erasure", route(post(officers::erase), &[Officer]))
        .route("/v1/texts/{sha256}", route(axum::routing::put(texts::put), &[Officer]))
        .route("/v1/texts/{sha256}", route(get(texts::get), EVERYONE))
        .route("/v1/tokens", route(get(operators::tokens), &[Operator]))
        .route("/v1/tokens", route(post(operators::create_token), &[Operator]))
        .route("/v1/tokens/{name}", route(delete(operators::revoke_token), &[Operator]));
    let for_anybody = Router::new()
        .route("/health/live", get(operators::live))
        .route("/health/ready", get(operators::ready))
        .route("/openapi.json", get(openapi::json))
        .route("/docs", get(openapi::page))
        .route("/assets/docs.css", get(openapi::style))
        .merge(console::routes());
    by_role
        .merge(for_anybody)
        .fallback(|| async { Problem::new(error::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { Problem::new(error::METHOD) })
        .layer(middleware::from_fn(not_cached))
        .layer(middleware::from_fn_with_state(Arc::clone(service), request_ids))
        .with_state(Arc::clone(service))
}

/// Nothing of a person is kept by anything in between.
async fn not_cached(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Every request has an id, the caller's own if it sent one, in the answer and in the service's log.
async fn request_ids(
    axum::extract::State(service): axum::extract::State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let plain = |value: &&HeaderValue| value.len() <= 64 && value.as_bytes().iter().all(u8::is_ascii_graphic);
    let sent = request.headers().get(REQUEST_ID).filter(plain).cloned();
    let id = match sent {
        Some(id) => id,
        None => {
            let entropy: &dyn Entropy = &*service.app.entropy;
            let fresh = hex::encode(entropy.bytes::<8>());
            HeaderValue::from_str(&fresh).unwrap_or(HeaderValue::from_static("none"))
        }
    };
    let trace =
        request.headers().get("traceparent").and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned();
    let (method, path) = (request.method().clone(), matched_path(&request));
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    tracing::debug!(%method, path, status, request_id = ?id, traceparent = trace, "answered");
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The route of a request, never its path, which names people.
fn matched_path(request: &Request) -> String {
    let matched = request.extensions().get::<axum::extract::MatchedPath>();
    matched.map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned())
}

/// JSON of a value, as a response.
fn json_response(value: &impl serde::Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            Problem::new(error::INTERNAL).into_response()
        }
    }
}
