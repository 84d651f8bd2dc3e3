//! Published texts: which versions there are, which bound whom at a moment, and what changed between two.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use subject_record_schemas::vocabulary::Language;
use subject_record_schemas::{Position, Reference};

use super::extract::{InPath, InQuery, Parameters};
use super::problem::Problem;
use super::readers::{accepted_language, instant_of};
use super::{Service, json_response};
use crate::error;
use crate::policies::DifferenceError;
use crate::store::append::instant_text;

/// Parameters of questions about versions.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MomentQuery {
    /// The moment at which a version is in force or not.
    at: Option<String>,
    /// What was recorded by then.
    known_at: Option<String>,
}

impl Parameters for MomentQuery {
    const NAMES: &'static [&'static str] = &["at", "known_at"];
}

/// Parameters of a difference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DifferenceQuery {
    from: Reference,
    to: Reference,
    lang: Option<Language>,
    known_at: Option<String>,
}

impl Parameters for DifferenceQuery {
    const NAMES: &'static [&'static str] = &["from", "to", "lang", "known_at"];
}

/// The last position that was recorded by `known_at`: an instant, a day in Kazakhstan, or a position itself.
pub(super) async fn known_of(service: &Service, known_at: Option<&str>) -> Result<Option<Position>, Problem> {
    let Some(text) = known_at else { return Ok(None) };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Some).map_err(Problem::bad_request);
    }
    Ok(Some(service.app.store.position_at(instant_of(text)?).await?))
}

/// A moment that was asked about, or now.
pub(super) fn moment_of(service: &Service, at: Option<&str>) -> Result<DateTime<Utc>, Problem> {
    at.map_or_else(|| Ok(service.app.clock.now()), instant_of)
}

/// `GET /v1/policies`.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    InQuery(query): InQuery<MomentQuery>,
) -> Result<Response, Problem> {
    let at = moment_of(&service, query.at.as_deref())?;
    let known = known_of(&service, query.known_at.as_deref()).await?;
    let versions = service.app.policies.versions(at, known).await?;
    Ok(json_response(&json!({ "at": instant_text(at), "versions": versions })))
}

/// `GET /v1/policies/consent-texts`.
pub(super) async fn consent_texts(
    State(service): State<Arc<Service>>,
    InQuery(query): InQuery<MomentQuery>,
) -> Result<Response, Problem> {
    let at = moment_of(&service, query.at.as_deref())?;
    let known = known_of(&service, query.known_at.as_deref()).await?;
    let mut texts = service.app.policies.consent_texts(known).await?;
    texts.retain(|text| text.at <= at);
    Ok(json_response(&json!({ "at": instant_text(at), "consent_texts": texts })))
}

/// `GET /v1/policies/in-force`.
pub(super) async fn in_force(
    State(service): State<Arc<Service>>,
    InQuery(query): InQuery<MomentQuery>,
) -> Result<Response, Problem> {
    let at = moment_of(&service, query.at.as_deref())?;
    let known = known_of(&service, query.known_at.as_deref()).await?;
    let version = service.app.policies.in_force(at, known).await?;
    Ok(json_response(&json!({ "at": instant_text(at), "in_force": version })))
}

/// `GET /v1/policies/{version}`.
pub(super) async fn version(
    State(service): State<Arc<Service>>,
    InPath(version): InPath<Reference>,
    InQuery(query): InQuery<MomentQuery>,
) -> Result<Response, Problem> {
    let at = moment_of(&service, query.at.as_deref())?;
    let known = known_of(&service, query.known_at.as_deref()).await?;
    let found = service.app.policies.version(&version, at, known).await?;
    found.map(|found| json_response(&found)).ok_or_else(|| Problem::new(error::NOT_FOUND))
}

/// `GET /v1/policies/difference`.
pub(super) async fn difference(
    State(service): State<Arc<Service>>,
    InQuery(query): InQuery<DifferenceQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let known = known_of(&service, query.known_at.as_deref()).await?;
    let language = query.lang.unwrap_or_else(|| accepted_language(&headers));
    let difference = service.app.policies.difference(&query.from, &query.to, language, known).await;
    match difference {
        Ok(difference) => Ok(json_response(&difference)),
        Err(DifferenceError::Timeline(error)) => Err(error.into()),
        Err(absent) => Err(Problem::with_detail(error::NOT_FOUND, absent)),
    }
}
