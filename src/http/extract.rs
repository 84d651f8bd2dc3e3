//! What a request brings, or a problem document that repeats nothing of it: a mistyped parameter may name a person.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::error;

/// Parameters of a query.
pub(super) trait Parameters: DeserializeOwned + Send {
    /// Their names, for a caller that sent others.
    const NAMES: &'static [&'static str];
}

/// A parameter of the path.
#[derive(Debug)]
pub(super) struct InPath<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(value)| Self(value))
            .map_err(|_| Problem::bad_request("the path of this request does not read; see /openapi.json"))
    }
}

/// The parameters of the query.
#[derive(Debug)]
pub(super) struct InQuery<T>(pub(super) T);

impl<S: Send + Sync, T: Parameters> FromRequestParts<S> for InQuery<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(value)| Self(value)).map_err(|_| {
            Problem::bad_request(format!(
                "the query parameters of this request are {}: one is unknown, missing, given twice or of \
                 another form; see /openapi.json",
                T::NAMES.join(", ")
            ))
        })
    }
}

/// A JSON body.
#[derive(Debug)]
pub(super) struct InBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for InBody<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = Json::<T>::from_request(request, state).await;
        body.map(|Json(value)| Self(value)).map_err(|rejection| problem_of(&rejection))
    }
}

fn problem_of(rejection: &JsonRejection) -> Problem {
    match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::with_detail(error::MEDIA_TYPE, "this request takes application/json")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(error::TOO_LARGE),
        _ => Problem::bad_request(
            "the body is not the JSON document that this request takes; see /openapi.json",
        ),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Uri, header};
    use serde::Deserialize;

    use super::*;
    use crate::http::emitters::AppendQuery;
    use crate::http::readers::{NameQuery, SubjectQuery, TimelineQuery};

    async fn query<T: Parameters>(uri: &str) -> Result<T, Problem> {
        let (mut parts, _) = Request::builder().uri(uri).body(Body::empty()).unwrap().into_parts();
        InQuery::<T>::from_request_parts(&mut parts, &()).await.map(|InQuery(value)| value)
    }

    fn knows_its_names<T: Parameters>() {
        for name in T::NAMES {
            let uri: Uri = format!("/?{name}=").parse().unwrap();
            let error = Query::<T>::try_from_uri(&uri).err().map(|error| error.body_text());
            assert!(!error.is_some_and(|error| error.contains("unknown field")), "{name}");
        }
    }

    #[tokio::test]
    async fn a_refused_query_names_the_parameters_and_repeats_nothing_that_was_sent() {
        for uri in ["/?lang=Gulnur", "/?Gulnur=1", "/?limit=Gulnur", "/?as_of=1&as_of=Gulnur"] {
            let problem = query::<TimelineQuery>(uri).await.unwrap_err();
            assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
            let text = problem.document().to_string();
            assert!(!text.contains("Gulnur") && text.contains("newest_first"), "{text}");
        }
        assert!(query::<TimelineQuery>("/?as_of=2026-03-02&lang=kk").await.is_ok());
        knows_its_names::<AppendQuery>();
        knows_its_names::<NameQuery>();
        knows_its_names::<SubjectQuery>();
        knows_its_names::<TimelineQuery>();
        knows_its_names::<crate::http::rules::TextQuery>();
        knows_its_names::<crate::http::projections::DigestQuery>();
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sent {
        #[expect(dead_code, reason = "only whether it reads matters")]
        basis: bool,
    }

    #[tokio::test]
    async fn a_refused_body_says_by_its_status_what_is_wrong_and_repeats_nothing() {
        for (media_type, body, status) in [
            ("text/plain", "{}".to_owned(), 415),
            ("application/json", "x".repeat(3 * 1024 * 1024), 413),
            ("application/json", "{\"basis\": \"Gulnur\"}".into(), 400),
            ("application/json", "{\"Gulnur\": 1}".into(), 400),
            ("application/json", "{".into(), 400),
        ] {
            let request = Request::builder().header(header::CONTENT_TYPE, media_type);
            let request = request.body(Body::from(body)).unwrap();
            let problem = InBody::<Sent>::from_request(request, &()).await.unwrap_err();
            assert_eq!(problem.status().as_u16(), status);
            assert!(!problem.document().to_string().contains("Gulnur"));
        }
    }
}
