//! Refusals as problem documents (RFC 9457), with a stable code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::erasure::EraseError;
use crate::error::{self, Code};
use crate::intake::{Fault, Refusal};
use crate::lookup::LookupError;
use crate::store::StoreError;
use crate::timeline::TimelineError;

/// Seconds after which a refused caller may try again, when the service is at its limit.
pub(super) const RETRY_AFTER_SECONDS: u32 = 1;

/// A refused request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem(Box<Parts>);

#[derive(Clone, Debug, PartialEq)]
struct Parts {
    code: Code,
    detail: Option<String>,
    errors: Vec<Fault>,
    actual: Option<Value>,
}

impl Problem {
    pub(super) fn new(code: Code) -> Self {
        Self(Box::new(Parts { code, detail: None, errors: Vec::new(), actual: None }))
    }

    pub(super) fn with_detail(code: Code, detail: impl ToString) -> Self {
        let mut problem = Self::new(code);
        problem.0.detail = Some(detail.to_string());
        problem
    }

    /// A fault of one parameter.
    pub(super) fn bad_request(detail: impl ToString) -> Self {
        Self::with_detail(error::BAD_REQUEST, detail)
    }

    /// Faults of a body, each with its pointer.
    pub(super) fn with_errors(code: Code, errors: Vec<Fault>) -> Self {
        let mut problem = Self::new(code);
        problem.0.errors = errors;
        problem
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The document, without the members that only a response has.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "type": format!("urn:subject-record:problem:{}", self.0.code.word),
            "title": self.0.code.title,
            "status": self.0.code.status,
            "code": self.0.code.word,
            "advice": self.0.code.advice,
        });
        if let Some(members) = document.as_object_mut() {
            if let Some(detail) = &self.0.detail {
                members.insert("detail".into(), json!(detail));
            }
            if !self.0.errors.is_empty() {
                members.insert("errors".into(), json!(self.0.errors));
            }
            if let Some(actual) = &self.0.actual {
                members.insert("actual".into(), actual.clone());
            }
        }
        document
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let mut problem = Self::with_detail(refusal.code(), refusal);
        match refusal {
            Refusal::Invalid(faults) => problem.0.errors.clone_from(faults),
            Refusal::FromTheFuture => problem.0.errors = vec![fault("/time", refusal)],
            Refusal::ForeignSource => problem.0.errors = vec![fault("/source", refusal)],
            Refusal::ReservedType | Refusal::RoleForbids(_) | Refusal::UnknownType => {
                problem.0.errors = vec![fault("/type", refusal)];
            }
            Refusal::Erased => problem.0.errors = vec![fault("/data/personal", refusal)],
            Refusal::WrongRevision { actual } => {
                problem.0.actual = Some(json!(actual.map(|revision| revision.to_string())));
            }
            _ => {}
        }
        problem
    }
}

fn fault(pointer: &str, detail: impl ToString) -> Fault {
    Fault { pointer: pointer.into(), detail: detail.to_string() }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::from(&refusal)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::from(Refusal::from(error))
    }
}

impl From<TimelineError> for Problem {
    fn from(error: TimelineError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a timeline could not be read");
        Self::new(error::STORE_FAULT)
    }
}

impl From<EraseError> for Problem {
    fn from(error: EraseError) -> Self {
        match &error {
            EraseError::Append(refusal) => Self::from(refusal),
            EraseError::Unknown => Self::with_detail(error.code(), &error),
            EraseError::Store(_) | EraseError::Vault(_) | EraseError::Timeline(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an erasure stopped");
                Self::new(error.code())
            }
        }
    }
}

impl From<LookupError> for Problem {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Behind { .. } => Self::with_detail(error::LOOKUP_BEHIND, &error),
            LookupError::Store(error) => Self::from(error),
            LookupError::Vault(error) => Self::from(Refusal::from(error)),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.document().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(self.0.code.status, 429 | 503) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        if self.0.code == error::UNAUTHENTICATED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
