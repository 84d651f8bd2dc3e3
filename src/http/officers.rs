//! The data-protection officer's door: erasure.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use subject_record_schemas::Reference;
use subject_record_schemas::vocabulary::ErasureBasis;
use tracing::Instrument;

use super::auth::Authenticated;
use super::extract::{InBody, InPath};
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
    InPath(id): InPath<String>,
    InBody(body): InBody<ErasureBody>,
) -> Result<Response, Problem> {
    let subject = subject_of(&id)?;
    let app = Arc::clone(&service.app);
    // An erasure that began is carried out, also when the caller hangs up meanwhile.
    let erasing = async move { app.erasure.erase(&caller.token, &subject, body.basis, body.basis_ref).await };
    match tokio::spawn(erasing.in_current_span()).await {
        Ok(erased) => Ok(json_response(&erased?)),
        Err(error) => {
            tracing::error!(%error, "an erasure broke off");
            Err(Problem::new(crate::error::INTERNAL))
        }
    }
}
