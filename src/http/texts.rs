//! Published texts by the SHA-256 of their bytes: policies and consent texts as people saw them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subject_record_schemas::reference::TextHash;

use super::Service;
use super::emitters::read_body;
use super::extract::InPath;
use super::problem::Problem;
use crate::error;

/// `PUT /v1/texts/{sha256}`: keeps a text under the hash of its bytes.
pub(super) async fn put(
    State(service): State<Arc<Service>>,
    InPath(hash): InPath<String>,
    body: Body,
) -> Result<Response, Problem> {
    let hash = TextHash::parse(hash).map_err(Problem::bad_request)?;
    let bytes = read_body(body, service.app.config.server.body_bytes_max).await?;
    if hex::encode(Sha256::digest(&bytes)) != hash.as_str() {
        return Err(Problem::new(error::TEXT_MISMATCH));
    }
    if std::str::from_utf8(&bytes).is_err() {
        return Err(Problem::bad_request("a published text is UTF-8"));
    }
    let known = service.app.texts.text(hash.as_str()).await?.is_some();
    service.app.texts.put_text(hash.as_str(), &bytes).await?;
    Ok(if known { StatusCode::OK } else { StatusCode::CREATED }.into_response())
}

/// `GET /v1/texts/{sha256}`: the exact bytes.
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    InPath(hash): InPath<String>,
) -> Result<Response, Problem> {
    let hash = TextHash::parse(hash).map_err(Problem::bad_request)?;
    let body = service.app.texts.text(hash.as_str()).await?.ok_or_else(|| Problem::new(error::NOT_FOUND))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response())
}
