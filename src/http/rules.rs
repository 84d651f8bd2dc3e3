//! Rules and working days: which are in force, and a new rule pack from the officer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::auth::Authenticated;
use super::emitters::read_body;
use super::extract::{InQuery, Parameters};
use super::problem::Problem;
use super::{Service, json_response};
use crate::error;
use crate::rulebook::{Current, PACK_BYTES_MAX, PublishError};

/// Rules and working days of this log.
#[derive(Debug, Serialize)]
struct InForce {
    simulated: bool,
    #[serde(flatten)]
    current: Current,
}

/// `GET /v1/rules`: the pack in force, every pack and table of working days there is, and how far they reach.
pub(super) async fn current(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    let app = &service.app;
    let current = app.rulebook.current(app.clock.now()).await?;
    Ok(json_response(&InForce { simulated: app.log.simulated, current }))
}

/// `POST /v1/rules`: publishes a rule pack.
pub(super) async fn publish(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    body: Body,
) -> Result<Response, Problem> {
    let bytes = read_body(body, PACK_BYTES_MAX.min(service.app.config.server.body_bytes_max)).await?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Problem::with_detail(error::RULES_INVALID, "a rule pack is UTF-8"))?;
    let published = service.app.rulebook.publish(&caller.token, text).await?;
    let status = if published.seen_before { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, json_response(&published)).into_response())
}

/// Which pack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextQuery {
    version: Option<String>,
}

impl Parameters for TextQuery {
    const NAMES: &'static [&'static str] = &["version"];
}

/// `GET /v1/rules/text`: the text of a pack.
pub(super) async fn text(
    State(service): State<Arc<Service>>,
    InQuery(query): InQuery<TextQuery>,
) -> Result<Response, Problem> {
    let app = &service.app;
    let text = app.rulebook.text(query.version.as_deref(), app.clock.now()).await?;
    let text = text.ok_or_else(|| Problem::new(error::NOT_FOUND))?;
    Ok(([(header::CONTENT_TYPE, "application/toml")], text).into_response())
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Append(refusal) => Self::from(refusal),
            PublishError::Stream(error) => Self::from(error),
            PublishError::Invalid { .. } | PublishError::Name { .. } | PublishError::Taken { .. } => {
                Self::with_detail(error.code(), &error)
            }
        }
    }
}
