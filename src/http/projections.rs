//! Projections: how they stand, and what the operator does about them. No personal data.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use serde_json::json;
use subject_record_projections::table::Table;
use subject_record_schemas::Position;

use super::extract::{InPath, InQuery, Parameters};
use super::problem::Problem;
use super::{Service, json_response};
use crate::error;
use crate::projector::{DigestError, Projection, Projector, ReadError, ReadModel, RebuildError, Status};

/// `GET /v1/projections`: how every projection stands.
pub(super) async fn list(State(service): State<Arc<Service>>) -> Response {
    json_response(&json!({ "projections": service.app.projector.status() }))
}

fn named(name: &str) -> Result<Projection, Problem> {
    name.parse().map_err(|error| Problem::with_detail(error::NOT_FOUND, error))
}

fn status_of(projector: &Projector, projection: Projection) -> Result<Status, Problem> {
    let status = projector.status().into_iter().find(|status| status.projection == projection);
    status.ok_or_else(|| Problem::new(error::NOT_FOUND))
}

/// `POST /v1/projections/{name}/rebuild`: begins to build its rows again, beside the live ones.
pub(super) async fn rebuild(
    State(service): State<Arc<Service>>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let (projector, projection) = (&service.app.projector, named(&name)?);
    projector.begin_rebuild(projection)?;
    accepted(projector, projection)
}

/// `DELETE /v1/projections/{name}/rebuild`: gives up a rebuild; does nothing where none is under way.
pub(super) async fn give_up(
    State(service): State<Arc<Service>>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let (projector, projection) = (&service.app.projector, named(&name)?);
    projector.cancel_rebuild(projection);
    accepted(projector, projection)
}

/// `POST /v1/projections/{name}/resume`: lets a projection that stands try again.
pub(super) async fn resume(
    State(service): State<Arc<Service>>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let (projector, projection) = (&service.app.projector, named(&name)?);
    projector.resume(projection);
    accepted(projector, projection)
}

fn accepted(projector: &Projector, projection: Projection) -> Result<Response, Problem> {
    let status = status_of(projector, projection)?;
    Ok((StatusCode::ACCEPTED, json_response(&status)).into_response())
}

/// As known at which position.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DigestQuery {
    at: Option<Position>,
}

impl Parameters for DigestQuery {
    const NAMES: &'static [&'static str] = &["at"];
}

/// `GET /v1/projections/{name}/digest`: a digest of each of its read models.
///
/// Every row is read, so that the answer begins at once and comes as it is made.
pub(super) async fn digest(
    State(service): State<Arc<Service>>,
    InPath(name): InPath<String>,
    InQuery(query): InQuery<DigestQuery>,
) -> Result<Response, Problem> {
    let projection = named(&name)?;
    let (projector, server) = (&service.app.projector, &service.app.config.server);
    if let Some(at) = query.at {
        let status = status_of(projector, projection)?;
        // What is to come soon is waited for; what cannot come is not.
        let is_coming = at <= status.head && status.stopped.is_none();
        let patience = if is_coming { Duration::from_secs(server.after_seconds_max) } else { Duration::ZERO };
        if let Err(reached) = projector.wait_for(projection, at, patience).await {
            return Err(DigestError::NotThere { reached }.into());
        }
    }
    let model = projector.reader(projection).map_err(DigestError::from)?;
    let at = match query.at {
        Some(at) => at,
        None => model.progress().await.map_err(DigestError::from)?.position,
    };
    let body = written(model, projection, at, Duration::from_secs(server.rows_seconds_max));
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(body)).into_response())
}

/// The answer in pieces: one a read model. It breaks off where one cannot be read or takes too long.
fn written(
    model: Arc<ReadModel>,
    projection: Projection,
    at: Position,
    time_max: Duration,
) -> impl Stream<Item = Result<String, axum::BoxError>> {
    let begin = format!("{{\"projection\":{},\"position\":{},\"digests\":[", json!(projection), json!(at));
    let deadline = tokio::time::Instant::now() + time_max;
    let digests = stream::iter(projection.tables().iter().copied().enumerate());
    let digests = digests.then(move |(place, table): (usize, &'static Table)| {
        let model = Arc::clone(&model);
        async move {
            let made = tokio::time::timeout_at(deadline, model.digest(table, at)).await;
            let digest =
                made.map_err(axum::BoxError::from).and_then(|made| Ok(made?)).inspect_err(|error| {
                    tracing::error!(
                        error = &**error as &dyn std::error::Error,
                        table = table.name,
                        "no digest"
                    );
                })?;
            let comma = if place == 0 { "" } else { "," };
            Ok(format!("{comma}{}", json!({ "table": table.name, "digest": digest })))
        }
    });
    stream::iter([Ok(begin)]).chain(digests).chain(stream::iter([Ok("]}".to_owned())]))
}

impl From<RebuildError> for Problem {
    fn from(error: RebuildError) -> Self {
        match error {
            RebuildError::Running => Self::new(error::REBUILDING),
            RebuildError::Closed => Self::new(error::DRAINING),
            RebuildError::Cancelled
            | RebuildError::Event(_)
            | RebuildError::Engine(_)
            | RebuildError::Elsewhere(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a rebuild failed");
                Self::new(error::ROWS_FAULT)
            }
        }
    }
}

impl From<DigestError> for Problem {
    fn from(error: DigestError) -> Self {
        match &error {
            DigestError::NotThere { .. } => Self::with_detail(error::BEHIND, &error),
            DigestError::Read(ReadError::Closed) => Self::new(error::DRAINING),
            DigestError::Read(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a digest could not be made");
                Self::new(error::ROWS_FAULT)
            }
        }
    }
}
