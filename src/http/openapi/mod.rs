//! What the HTTP door offers, told twice from one table: to programs at `/openapi.json`, to people at `/docs`.
//!
//! [`operations`] is the table. A test holds it to the routes of the door, their roles included. Event types
//! come from the catalogue with their published schemas and examples, error codes from [`crate::error`].

mod answers;
mod bodies;
mod describe;
mod examples;
mod operation;
mod operations;
mod page;
mod schemas;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value;

use super::problem::Problem;
use crate::error;

/// The page holds no script and nothing from outside; its one style sheet is this service's.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The OpenAPI 3.1 document. Null only if it could not be written as JSON, which a test rules out.
#[must_use]
pub fn document() -> Value {
    describe::document().unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document cannot be written as JSON");
        Value::Null
    })
}

/// `GET /openapi.json`.
pub(super) async fn json() -> Response {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| match document() {
        Value::Null => Bytes::new(),
        document => document.to_string().into(),
    });
    if TEXT.is_empty() {
        return Problem::new(error::INTERNAL).into_response();
    }
    ([(header::CONTENT_TYPE, "application/json")], TEXT.clone()).into_response()
}

/// `GET /docs`.
pub(super) async fn page() -> Response {
    static HTML: LazyLock<Bytes> = LazyLock::new(|| page::html().into_string().into());
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, PAGE_POLICY)];
    (headers, HTML.clone()).into_response()
}

/// `GET /assets/docs.css`.
pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("docs.css")).into_response()
}
