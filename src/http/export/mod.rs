//! A person's own copy over HTTP: as JSON, as a page that can be printed, or both in one answer.

mod page;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use subject_record_schemas::vocabulary::{AccessPurpose, Language, Role, ViewedThing};

use super::auth::{Authenticated, access_of};
use super::extract::{InPath, InQuery, Parameters};
use super::problem::Problem;
use super::readers::{accepted_language, entry_value, instant_of, profile, sight_of, subject_of};
use super::{Service, json_response};
use crate::config::Operator;
use crate::error;
use crate::export::{CopyQuestion, PersonCopy};
use crate::store::append::instant_text;
use crate::timeline::opened_names;

/// Name of the form of a copy. It changes when a reader of copies would have to.
const FORM: &str = "subject-record.copy.v1";

/// The page is whole in itself: its style stands within, and nothing runs or is fetched.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Parameters of a copy.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExportQuery {
    as_of: Option<String>,
    known_at: Option<String>,
    /// Language of sentences and page.
    lang: Option<Language>,
    /// With the operator's own judgement, for an auditor.
    findings: bool,
    /// With the page, as the member `page` of the JSON document.
    page: bool,
}

impl Parameters for ExportQuery {
    const NAMES: &'static [&'static str] = &["as_of", "known_at", "lang", "findings", "page"];
}

/// The copy as it is answered.
#[derive(Debug, Serialize)]
pub(super) struct CopyBody {
    form: &'static str,
    subject: String,
    simulated: bool,
    operator: Operator,
    as_of: String,
    known_at: String,
    made_at: String,
    standing: Value,
    profile: Map<String, Value>,
    unopened: Vec<Value>,
    timeline: Vec<Value>,
    consents: Value,
    acceptances: Vec<Box<RawValue>>,
    disclosures: Vec<Box<RawValue>>,
    deadlines: Vec<Box<RawValue>>,
    requests: Value,
    agreements: Value,
    representations: Value,
    restrictions: Value,
    disputes: Value,
    state_requests: Value,
    consultations: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<Box<RawValue>>>,
}

/// `GET /v1/subjects/{id}/export`.
pub(super) async fn export(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    InPath(id): InPath<String>,
    InQuery(query): InQuery<ExportQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let app = &service.app;
    let access = access_of(&caller, &headers)?.ok_or_else(|| Problem::new(error::PURPOSE_MISSING))?;
    if query.findings && caller.role != Role::Auditor {
        let why = "findings are the operator's own judgement: only an auditor's copy has them";
        return Err(Problem::with_detail(error::FORBIDDEN, why));
    }
    let subject = subject_of(&id)?;
    let asked = CopyQuestion {
        as_of: query.as_of.as_deref().map(instant_of).transpose()?,
        known_at: query.known_at.as_deref().map(instant_of).transpose()?,
        whole: access.purpose == AccessPurpose::Court,
        findings: query.findings,
    };
    let copy = app.exports.gather(&subject, &asked).await?;
    let mut copy = copy.ok_or_else(|| Problem::new(error::NOT_FOUND))?;
    app.timelines.open(&mut copy.entries, &sight_of(&caller, Some(&access), None)).await?;
    let seen = opened_names(&copy.entries);
    app.accesses.record(&caller, &subject, &seen, ViewedThing::Export, &access).await?;

    let language = query.lang.unwrap_or_else(|| accepted_language(&headers));
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = body_of(&service, subject.to_string(), &copy, language, query.findings);
    if accept.contains("text/html") {
        let mut response = page::html(&body, language).into_string().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
        return Ok(response);
    }
    let mut answer = serde_json::to_value(&body).map_err(|error| {
        tracing::error!(%error, "a copy cannot be written as JSON");
        Problem::new(error::INTERNAL)
    })?;
    if let (true, Some(members)) = (query.page, answer.as_object_mut()) {
        members.insert("page".into(), page::html(&body, language).into_string().into());
    }
    Ok(json_response(&answer))
}

fn body_of(
    service: &Service,
    subject: String,
    copy: &PersonCopy,
    language: Language,
    findings: bool,
) -> CopyBody {
    let app = &service.app;
    let in_profile =
        |entry: &&crate::timeline::Entry| copy.person.profile_boxes.contains(&entry.event.position);
    let boxes: Vec<_> = copy.entries.iter().filter(in_profile).cloned().collect();
    let (profile, unopened) = profile(&boxes);
    let mut rows: BTreeMap<&str, Vec<Box<RawValue>>> = BTreeMap::new();
    for row in &copy.rows {
        let body = RawValue::from_string(row.body.to_string());
        rows.entry(row.table.name).or_default().extend(body);
    }
    let mut of = |table: &str| rows.remove(table).unwrap_or_default();
    let timeline = copy.entries.iter().map(|entry| {
        let mut value = entry_value(entry, language);
        if let Some(members) = value.as_object_mut() {
            // Counted within the stream, they would tell of what is left out.
            members.remove("revision");
            // Who of the staff acted is the staff's own affair; the roles of those who looked are told.
            members.remove("actor");
        }
        value
    });
    let dealings = &copy.person.dealings;
    CopyBody {
        form: FORM,
        subject,
        simulated: app.log.simulated,
        operator: app.config.operator.clone(),
        as_of: instant_text(copy.as_of),
        known_at: copy.known_at.to_string(),
        made_at: instant_text(app.clock.now()),
        standing: json!(copy.person.standing),
        profile,
        unopened,
        timeline: timeline.collect(),
        consents: json!(copy.person.consents),
        acceptances: of("acceptances"),
        disclosures: of("disclosures"),
        deadlines: of("deadlines"),
        findings: findings.then(|| of("findings")),
        requests: json!(dealings.requests),
        agreements: json!(dealings.agreements),
        representations: json!(dealings.representations),
        restrictions: json!(dealings.restrictions),
        disputes: json!(dealings.disputes),
        state_requests: json!(dealings.state_requests),
        consultations: json!(copy.consultations),
    }
}
