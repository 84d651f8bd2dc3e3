//! The HTTP door. One file per kind of caller; every status is decided here and nowhere else.

mod around;
mod auth;
mod console;
mod decisions;
mod dossiers;
mod emitters;
mod export;
mod extract;
mod lines;
mod log;
mod lookup;
mod metrics;
mod ndjson;
mod officers;
mod openapi;
mod operators;
mod patience;
mod policies;
mod problem;
mod projections;
mod readers;
mod registers;
mod rows;
mod rules;
mod serve;
mod texts;
mod witness;

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use subject_record_schemas::vocabulary::Role::{self, Auditor, Emitter, Officer, Operator, Support};
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

use self::auth::{Allowed, Rates};
pub use self::openapi::document as openapi_document;
use self::problem::Problem;
pub use self::serve::{ServeError, serve};
pub use self::witness::serve_witness;
use crate::app::App;
use crate::error;

/// What every handler may use.
#[derive(Debug)]
pub struct Service {
    app: Arc<App>,
    rates: Rates,
    draining: watch::Receiver<bool>,
}

const READERS: &[Role] = &[Support, Auditor, Officer];
const AUDITORS: &[Role] = &[Auditor, Officer];
const WATCHERS: &[Role] = &[Auditor, Officer, Operator];
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
        .route("/v1/events/{position}/proof", route(get(log::proof), &[Emitter, Support, Auditor, Officer]))
        .route("/log/tile/entries/{*path}", route(get(log::entries), AUDITORS))
        .route("/v1/subjects/lookup", route(post(lookup::lookup), READERS))
        .route("/v1/subjects/{id}", route(get(readers::subject), READERS))
        .route("/v1/subjects/{id}/timeline", route(get(readers::timeline), READERS))
        .route("/v1/subjects/{id}/export", route(get(export::export), AUDITORS))
        .route("/v1/subjects/{id}/dossiers", route(post(dossiers::make), AUDITORS))
        .route("/v1/decisions", route(post(decisions::ask), &[Emitter, Auditor, Officer]))
        .route("/v1/policies", route(get(policies::list), READERS))
        .route("/v1/policies/in-force", route(get(policies::in_force), READERS))
        .route("/v1/policies/difference", route(get(policies::difference), READERS))
        .route("/v1/policies/consent-texts", route(get(policies::consent_texts), READERS))
        .route("/v1/policies/{version}", route(get(policies::version), READERS))
        .route("/v1/policies/{version}/unanswered", route(get(registers::unanswered), AUDITORS))
        .route("/v1/history", route(get(registers::history), READERS))
        .route("/v1/consents", route(get(registers::consents), READERS))
        .route("/v1/acceptances", route(get(registers::acceptances), READERS))
        .route("/v1/disclosures", route(get(registers::disclosures), READERS))
        .route("/v1/deadlines", route(get(registers::deadlines), READERS))
        .route("/v1/findings", route(get(registers::findings), READERS))
        .route("/v1/accesses", route(get(registers::accesses), AUDITORS))
        .route("/v1/subjects/{id}/erasure", route(post(officers::erase), &[Officer]))
        .route("/v1/texts/{sha256}", route(axum::routing::put(texts::put), &[Officer]))
        .route("/v1/texts/{sha256}", route(get(texts::get), EVERYONE))
        .route("/v1/rules", route(get(rules::current), WATCHERS))
        .route("/v1/rules", route(post(rules::publish), &[Officer]))
        .route("/v1/rules/text", route(get(rules::text), WATCHERS))
        .route("/v1/projections", route(get(projections::list), WATCHERS))
        .route("/v1/projections/{name}/rebuild", route(post(projections::rebuild), &[Operator]))
        .route("/v1/projections/{name}/rebuild", route(delete(projections::give_up), &[Operator]))
        .route("/v1/projections/{name}/resume", route(post(projections::resume), &[Operator]))
        .route("/v1/projections/{name}/digest", route(get(projections::digest), WATCHERS))
        .route("/metrics", route(get(metrics::metrics), &[Operator]))
        .route("/v1/tokens", route(get(operators::tokens), &[Operator]))
        .route("/v1/tokens", route(post(operators::create_token), &[Operator]))
        .route("/v1/tokens/{name}", route(delete(operators::revoke_token), &[Operator]));
    let for_anybody = Router::new()
        .route("/health/live", get(operators::live))
        .route("/health/ready", get(operators::ready))
        .route("/log/checkpoint", get(log::checkpoint))
        .route("/log/key", get(log::key))
        .route("/log/tile/{*path}", get(log::tile))
        .route("/openapi.json", get(openapi::json))
        .route("/docs", get(openapi::page))
        .route("/assets/docs.css", get(openapi::style))
        .merge(console::routes());
    by_role
        .merge(for_anybody)
        .fallback(|| async { Problem::new(error::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { Problem::new(error::METHOD) })
        .layer(CatchPanicLayer::custom(around::panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(service), around::in_time))
        .layer(middleware::from_fn(around::not_cached))
        .layer(middleware::from_fn_with_state(Arc::clone(service), around::request_ids))
        .with_state(Arc::clone(service))
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
