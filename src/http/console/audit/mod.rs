//! The auditor's lists: findings and due dates, each row with the events that prove it.

mod fill;
mod model;
mod query;
#[cfg(test)]
pub(super) mod sample;
pub(super) mod view;

use std::sync::Arc;

use axum::extract::{Query as Parameters, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use subject_record_schemas::vocabulary::Role;

pub(super) use self::fill::{Marks, marks};
use self::model::{AuditOutcome, AuditPage};
pub(super) use self::query::List;
use self::query::{Asked, AuditQuery};
use super::words::Words;
use super::{language_of, page};
use crate::http::Service;
use crate::http::auth::caller_of;

/// Roles whose lists these are.
pub(super) const AUDITORS: [Role; 2] = [Role::Auditor, Role::Officer];

/// `GET /findings`.
pub(super) async fn findings(
    State(service): State<Arc<Service>>,
    Parameters(asked): Parameters<Asked>,
    headers: HeaderMap,
) -> Response {
    list(&service, List::Findings, &asked, &headers).await
}

/// `GET /deadlines`.
pub(super) async fn deadlines(
    State(service): State<Arc<Service>>,
    Parameters(asked): Parameters<Asked>,
    headers: HeaderMap,
) -> Response {
    list(&service, List::Deadlines, &asked, &headers).await
}

async fn list(service: &Service, list: List, asked: &Asked, headers: &HeaderMap) -> Response {
    let language = language_of(&asked.lang, headers);
    let caller = caller_of(service, &Method::GET, headers).await;
    let Some(caller) = caller.ok().flatten().filter(|caller| AUDITORS.contains(&caller.role)) else {
        let next = super::query::encode(&AuditQuery::empty(list, language).href());
        return Redirect::to(&format!("/sign-in?lang={language}&next={next}")).into_response();
    };
    let words = Words::of(language);
    let (status, query, outcome, next) = match AuditQuery::of(list, language, asked) {
        Err(query::MalformedDay) => {
            let problem = AuditOutcome::Problem(words.problems.day_malformed.to_owned());
            (StatusCode::BAD_REQUEST, AuditQuery::empty(list, language), problem, None)
        }
        Ok(query) => match fill::rows(service, &query).await {
            Ok((outcome, next)) => (StatusCode::OK, query, outcome, next),
            Err(error) => {
                tracing::error!(%error, "a list cannot be read");
                let problem = AuditOutcome::Problem(words.problems.failed.to_owned());
                (StatusCode::SERVICE_UNAVAILABLE, query, problem, None)
            }
        },
    };
    let next_href = next.map(|cursor| AuditQuery { cursor, ..query.clone() }.href());
    let chrome = super::chrome_of(service, &caller);
    page(status, view::page(&AuditPage { chrome, query, outcome, next_href }))
}
