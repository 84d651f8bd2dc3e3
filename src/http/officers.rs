//! The data-protection officer's door: erasure.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use subject_record_schemas::Reference;
use subject_record_schemas::vocabulary::ErasureBasis;

use super::auth::Authenticated;
use super::problem::Problem;
use super::readers::subject_of;
use super::{Service, json_response};

/// Why a person is erased.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErasureBody {
    basis: ErasureBasis,
    #[serde(default)]
    basis_ref: Option<Reference>,
}

/// `POST /v1/subjects/{id}/erasure`: erases a person for good.
pub(super) async fn erase(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    body: Result<Json<ErasureBody>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(body) = body.map_err(|error| Problem::bad_request(error.body_text()))?;
    let subject = subject_of(&id)?;
    let app = Arc::clone(&service.app);
    // An erasure that began is carried out, also when the caller hangs up meanwhile.
    let erasing = async move { app.erasure.erase(&caller.token, &subject, body.basis, body.basis_ref).await };
    match tokio::spawn(erasing).await {
        Ok(erased) => Ok(json_response(&erased?)),
        Err(error) => {
            tracing::error!(%error, "an erasure broke off");
            Err(Problem::new(crate::error::INTERNAL))
        }
    }
}
