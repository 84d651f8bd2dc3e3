//! The operator's door: health and tokens. No personal data.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use subject_record_schemas::vocabulary::Role;

use super::extract::{InBody, InPath};
use super::problem::Problem;
use super::{Service, json_response};
use crate::caller::SourcePattern;
use crate::clock::Entropy;
use crate::error;
use crate::vault::tokens::TokenError;

/// `GET /health/live`: the process answers.
pub(super) async fn live() -> &'static str {
    "live\n"
}

/// How long the store may take to say that it writes.
const READY_MAX: Duration = Duration::from_secs(1);

/// `GET /health/ready`: events can be taken now, by the word of whatever writes them.
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Response {
    let draining = *service.draining.borrow();
    let store = &service.app.store;
    let writes = matches!(tokio::time::timeout(READY_MAX, store.ready()).await, Ok(Ok(())));
    let warnings = match tokio::time::timeout(READY_MAX, store.warnings()).await {
        Ok(Ok(warnings)) => warnings.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    let status = if writes && !draining { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // Read models that lag, and a notary that refuses, take no event away: they are shown and do not count.
    let projections = service.app.projector.status();
    let notary = service.app.notary.state();
    let body = json!({
        "ready": writes && !draining, "store": writes, "warnings": warnings, "draining": draining,
        "projections": projections,
        "notary": {
            "checkpoint_size": notary.checkpoint.as_ref().map_or(0, |signed| signed.checkpoint.size),
            "position": notary.position,
            "leads": *service.app.notary.leads().borrow(),
            "refuses": notary.refusal.map(|refusal| refusal.to_string()),
        },
    });
    (status, json_response(&body)).into_response()
}

/// `GET /v1/tokens`: all tokens, never their secrets.
pub(super) async fn tokens(State(service): State<Arc<Service>>) -> Response {
    json_response(&json!({ "tokens": service.app.tokens.list() }))
}

/// A token to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    name: String,
    role: Role,
    #[serde(default)]
    sources: Vec<SourcePattern>,
}

/// `POST /v1/tokens`: makes a token; its text is answered once and never again.
pub(super) async fn create_token(
    State(service): State<Arc<Service>>,
    InBody(new): InBody<NewToken>,
) -> Result<Response, Problem> {
    let app = &service.app;
    let entropy: &dyn Entropy = &*app.entropy;
    let created = app
        .tokens
        .create(app.vault.key_file(), &new.name, new.role, new.sources, app.clock.now(), entropy)
        .await;
    let text = created.map_err(|error| problem_of(&error))?;
    let body = json!({ "name": new.name, "role": new.role, "token": *text });
    Ok((StatusCode::CREATED, json_response(&body)).into_response())
}

/// `DELETE /v1/tokens/{name}`.
pub(super) async fn revoke_token(
    State(service): State<Arc<Service>>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let app = &service.app;
    let revoked = app.tokens.revoke(app.vault.key_file(), &name, app.clock.now()).await;
    match revoked.map_err(|error| problem_of(&error))? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Problem::new(error::NOT_FOUND)),
    }
}

fn problem_of(error: &TokenError) -> Problem {
    match error {
        TokenError::Name | TokenError::Taken | TokenError::Sources => Problem::bad_request(error),
        TokenError::Keys(_) | TokenError::Row(_) => {
            tracing::error!(error = error as &dyn std::error::Error, "tokens cannot be kept");
            Problem::new(error::VAULT_FAULT)
        }
    }
}
