//! `POST /v1/decisions`: may I? Asked before acting, of one person or of many.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use subject_record_projections::decision::Question;
use subject_record_schemas::SubjectId;

use super::extract::InBody;
use super::policies::known_of;
use super::problem::Problem;
use super::readers::instant_of;
use super::{Service, json_response};
use crate::decision::{Moment, SUBJECTS_MAX};

/// A question about one person or many.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    question: Question,
    subject: Option<SubjectId>,
    subjects: Option<Vec<SubjectId>>,
    as_of: Option<String>,
    known_at: Option<String>,
}

/// `POST /v1/decisions`.
pub(super) async fn ask(
    State(service): State<Arc<Service>>,
    InBody(ask): InBody<Ask>,
) -> Result<Response, Problem> {
    let subjects = match (ask.subject, ask.subjects) {
        (Some(subject), None) => vec![subject],
        (None, Some(subjects)) if (1..=SUBJECTS_MAX).contains(&subjects.len()) => subjects,
        _ => {
            let says = format!("ask about one `subject`, or about 1 to {SUBJECTS_MAX} `subjects`");
            return Err(Problem::bad_request(says));
        }
    };
    let moment = Moment {
        as_of: ask.as_of.as_deref().map(instant_of).transpose()?,
        known_at: known_of(&service, ask.known_at.as_deref()).await?,
    };
    let decisions = service.app.decisions.ask(&ask.question, subjects, moment).await?;
    Ok(json_response(&json!({ "decisions": decisions })))
}
