//! The door of auditors and officers to dossiers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;
use subject_record_projections::subject::end_of_day;
use subject_record_schemas::Reference;
use subject_record_schemas::vocabulary::{EvidenceAsker, Language};

use super::Service;
use super::auth::{Authenticated, access_of};
use super::extract::{InBody, InPath};
use super::problem::Problem;
use super::readers::{instant_of, subject_of};
use crate::dossier::group::Group;
use crate::dossier::report::Values;
use crate::dossier::{Dossier, DossierError, DossierQuestion};
use crate::error;

/// What a dossier is to hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DossierBody {
    asked_by: EvidenceAsker,
    #[serde(default)]
    legal_ref: Option<Reference>,
    #[serde(default)]
    language: Option<Language>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    values: Option<Values>,
}

/// `POST /v1/subjects/{id}/dossiers`: one file for a court, the export recorded before it is handed over.
pub(super) async fn make(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    InBody(body): InBody<DossierBody>,
) -> Result<Response, Problem> {
    let access = access_of(&caller, &headers)?.ok_or_else(|| Problem::new(error::PURPOSE_MISSING))?;
    let question = DossierQuestion {
        subject: subject_of(&id)?,
        language: body.language.unwrap_or(Language::Ru),
        period: period(body.from.as_deref(), body.to.as_deref(), service.app.clock.now())?,
        groups: groups(&body.groups)?,
        values: body.values.unwrap_or(Values::Shown),
        asked_by: body.asked_by,
        legal_ref: body.legal_ref,
    };
    Ok(handed_over(service.app.dossiers.make(&caller, &access, &question).await?))
}

/// A dossier as a file to keep.
pub(super) fn handed_over(dossier: Dossier) -> Response {
    let mut response = dossier.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    for (name, text) in [
        ("content-disposition", format!("attachment; filename=\"{}.pdf\"", dossier.dossier_id)),
        ("record-dossier", dossier.dossier_id.to_string()),
        ("record-sha256", hex::encode(dossier.sha256)),
        ("record-position", dossier.exported_at.to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
    response
}

/// First and last moment.
type Period = (DateTime<Utc>, DateTime<Utc>);

/// From the first moment of a day, or an instant, to the end of a day, or an instant; open ends reach from 1970
/// and a day beyond now, and so as far as there is anything.
fn period(from: Option<&str>, to: Option<&str>, now: DateTime<Utc>) -> Result<Option<Period>, Problem> {
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let first_moment = |text: &str| match text.parse::<NaiveDate>() {
        // A day is named by its end: it begins right after the end of the one before.
        Ok(day) => day
            .pred_opt()
            .and_then(end_of_day)
            .map(|end| end + TimeDelta::microseconds(1))
            .ok_or_else(|| Problem::bad_request("from is no day")),
        Err(_) => instant_of(text),
    };
    let from = from.map(first_moment).transpose()?.unwrap_or(DateTime::UNIX_EPOCH);
    let to = to.map(instant_of).transpose()?.unwrap_or(now + TimeDelta::days(1));
    if from > to {
        return Err(Problem::bad_request("the period ends before it begins"));
    }
    Ok(Some((from, to)))
}

fn groups(words: &[String]) -> Result<Vec<Group>, Problem> {
    let mut groups: Vec<Group> =
        words.iter().map(|word| word.parse().map_err(Problem::bad_request)).collect::<Result<_, _>>()?;
    groups.sort_unstable();
    groups.dedup();
    Ok(groups)
}

impl From<DossierError> for Problem {
    fn from(error: DossierError) -> Self {
        match error {
            DossierError::Unknown => Self::with_detail(error::NOT_FOUND, &error),
            DossierError::Secrecy => Self::with_detail(error::SECRECY, &error),
            DossierError::Busy => Self::with_detail(error::NOTARY_BEHIND, &error),
            DossierError::Record(refusal) => Self::from(refusal),
            DossierError::Notary(error) => Self::from(error),
            DossierError::Timeline(error) => Self::from(error),
            DossierError::Store(error) => Self::from(error),
            DossierError::Make(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a dossier could not be made");
                Self::new(error::INTERNAL)
            }
        }
    }
}
