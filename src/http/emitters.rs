//! The platform backend's door: `POST /v1/events`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use subject_record_schemas::Revision;

use super::auth::Authenticated;
use super::extract::{InQuery, Parameters};
use super::log;
use super::ndjson;
use super::problem::Problem;
use super::{Service, json_response};
use crate::caller::Caller;
use crate::error;
use crate::intake::check::read_json;
use crate::intake::{DryRun, NewEvent, Recorded, Refusal};
use crate::store::ExpectedRevision;
use crate::store::append::instant_text;

/// Parameters of `POST /v1/events`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AppendQuery {
    /// A batch about one subject is recorded all or nothing, with one status.
    pub(super) atomic: bool,
    /// Everything is checked and nothing written.
    pub(super) dry_run: bool,
    /// Which lines of a stream are answered.
    pub(super) answers: Answers,
}

impl Parameters for AppendQuery {
    const NAMES: &'static [&'static str] = &["atomic", "dry_run", "answers"];
}

/// Which lines of a stream are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answers {
    /// Each, in order. The sender has to read them while it sends: once the sockets between are full of
    /// answers, its lines are not taken any more, and the connection ends after
    /// [`crate::config::Server::request_seconds_max`].
    #[default]
    All,
    /// Refused ones (status 400 and above), and behind all of them one line that counts what became of the
    /// rest. A sender may write everything before it reads.
    Refused,
}

/// The three ways to send events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    One,
    Batch,
    Lines,
}

/// `POST /v1/events`: one event, a batch, or a stream of lines.
pub(super) async fn append(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    InQuery(query): InQuery<AppendQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let sending = sending_of(&headers)?;
    let expected = expected_of(&headers)?;
    if *service.draining.borrow() {
        return Err(Problem::new(error::DRAINING));
    }
    if expected != ExpectedRevision::Any
        && (sending == Sending::Lines || sending == Sending::Batch && !query.atomic)
    {
        return Err(Problem::bad_request("If-Match and If-None-Match go with one event or an atomic batch"));
    }
    if query.atomic && sending != Sending::Batch {
        return Err(Problem::bad_request("atomic=true goes with application/cloudevents-batch+json"));
    }
    if query.answers != Answers::All && sending != Sending::Lines {
        return Err(Problem::bad_request("answers=refused goes with application/x-ndjson"));
    }
    if sending == Sending::Lines {
        return Ok(ndjson::append(service, caller, query, body));
    }
    let bytes = read_body(body, service.app.config.server.body_bytes_max).await?;
    let wait = log::wait_preferred(&headers, &service).filter(|_| !query.dry_run);
    match sending {
        Sending::Batch => append_batch(&service, &caller, &query, expected, &bytes, wait).await,
        Sending::One | Sending::Lines => append_one(&service, &caller, &query, expected, &bytes, wait).await,
    }
}

/// Receipts, with proofs if the sender waits for them and they come in time.
async fn receipts(service: &Service, wait: Option<Duration>, recorded: &[Recorded]) -> (Vec<Value>, bool) {
    let mut receipts: Vec<Value> = recorded.iter().map(receipt).collect();
    let proven = match wait {
        Some(at_most) => log::prove_receipts(service, at_most, &mut receipts).await,
        None => false,
    };
    (receipts, proven)
}

/// Says that the wish for proofs was followed (RFC 7240, section 3).
fn with_wish_followed(mut response: Response, proven: bool) -> Response {
    if proven {
        response.headers_mut().insert("preference-applied", HeaderValue::from_static("wait"));
    }
    response
}

async fn append_one(
    service: &Service,
    caller: &Caller,
    query: &AppendQuery,
    expected: ExpectedRevision,
    bytes: &Bytes,
    wait: Option<Duration>,
) -> Result<Response, Problem> {
    let intake = &service.app.intake;
    take_rate(service, caller, 1)?;
    let event = intake.validators().check(caller, bytes, intake.clock())?;
    let events = [event];
    if query.dry_run {
        return match intake.dry_run_each(&events, expected).await.pop() {
            Some(answer) => answer_of_dry_run(answer?),
            None => Err(Problem::new(error::INTERNAL)),
        };
    }
    match intake.record_each(&caller.token, &events, expected).await.pop() {
        Some(recorded) => {
            let recorded = recorded?;
            let (mut receipts, proven) = receipts(service, wait, std::slice::from_ref(&recorded)).await;
            let response = answer(&recorded, &receipts.pop().unwrap_or_default());
            Ok(with_wish_followed(response, proven))
        }
        None => Err(Problem::new(error::INTERNAL)),
    }
}

async fn append_batch(
    service: &Service,
    caller: &Caller,
    query: &AppendQuery,
    expected: ExpectedRevision,
    bytes: &Bytes,
    wait: Option<Duration>,
) -> Result<Response, Problem> {
    let Value::Array(documents) = read_json(bytes)? else {
        return Err(Problem::bad_request("a batch is a JSON array of events"));
    };
    let events_max =
        service.app.config.server.batch_events_max.min(service.app.config.store.batch_events_max);
    if documents.len() > events_max {
        let detail = format!("a batch has at most {events_max} events; send application/x-ndjson for more");
        return Err(Problem::with_detail(error::TOO_LARGE, detail));
    }
    take_rate(service, caller, documents.len())?;
    let ids: Vec<_> = documents.iter().map(name_of).collect();
    let intake = &service.app.intake;
    let check = |document| intake.validators().check_value(caller, document, intake.clock());
    let checked: Vec<_> = documents.into_iter().map(check).collect();
    if query.atomic {
        let events = checked.into_iter().collect::<Result<Vec<_>, _>>()?;
        if query.dry_run {
            let answers: Result<Vec<_>, _> =
                intake.dry_run_each(&events, expected).await.into_iter().collect();
            answers?;
            return Ok(json_response(&json!({ "dry_run": true })));
        }
        let recorded = intake.record_atomically(&caller.token, &events, expected).await?;
        let status =
            if recorded.iter().all(|r| r.seen_before) { StatusCode::OK } else { StatusCode::CREATED };
        let (results, proven) = receipts(service, wait, &recorded).await;
        let response = (status, json_response(&json!({ "results": results }))).into_response();
        return Ok(with_wish_followed(response, proven));
    }
    let mut answers = answer_each(service, caller, query.dry_run, checked).await;
    let proven = match wait {
        Some(at_most) => log::prove_receipts(service, at_most, &mut answers).await,
        None => false,
    };
    let results: Vec<_> =
        ids.into_iter().zip(answers).map(|(name, answer)| with_name(name, answer)).collect();
    Ok(with_wish_followed(json_response(&json!({ "results": results })), proven))
}

/// Records those that passed and answers all, in order.
pub(super) async fn answer_each(
    service: &Service,
    caller: &Caller,
    dry_run: bool,
    checked: Vec<Result<NewEvent, Refusal>>,
) -> Vec<Value> {
    let intake = &service.app.intake;
    let mut places = Vec::with_capacity(checked.len());
    let mut events = Vec::with_capacity(checked.len());
    for check in checked {
        match check {
            Ok(event) => {
                events.push(event);
                places.push(None);
            }
            Err(refusal) => places.push(Some(refused(&refusal))),
        }
    }
    let recorded: Vec<Value> = if dry_run {
        let answers = intake.dry_run_each(&events, ExpectedRevision::Any).await;
        answers
            .into_iter()
            .map(|answer| answer.map_or_else(|r| refused(&r), |answer| dry_run_value(&answer)))
            .collect()
    } else {
        let answers = intake.record_each(&caller.token, &events, ExpectedRevision::Any).await;
        answers
            .into_iter()
            .map(|answer| answer.map_or_else(|r| refused(&r), |recorded| receipt(&recorded)))
            .collect()
    };
    let mut recorded = recorded.into_iter();
    let next = |place: Option<Value>| place.or_else(|| recorded.next()).unwrap_or(Value::Null);
    places.into_iter().map(next).collect()
}

/// Source and id of a document, as far as it has them, so that an answer can be told from its neighbours.
pub(super) fn name_of(document: &Value) -> (Value, Value) {
    let member =
        |name: &str| document.get(name).filter(|value| value.is_string()).cloned().unwrap_or(Value::Null);
    (member("source"), member("id"))
}

pub(super) fn with_name((source, id): (Value, Value), mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.insert("source".into(), source);
        members.insert("id".into(), id);
    }
    answer
}

fn refused(refusal: &Refusal) -> Value {
    Problem::from(refusal).document()
}

fn receipt(recorded: &Recorded) -> Value {
    let receipt = &recorded.receipt;
    json!({
        "status": if recorded.seen_before { 200 } else { 201 },
        "stream": receipt.stream.to_string(),
        "revision": receipt.revision.to_string(),
        "position": receipt.position,
        "leaf_hash": receipt.leaf_hash,
        "recorded_at": instant_text(receipt.recorded_at),
        "stream_revision": recorded.head.to_string(),
    })
}

fn dry_run_value(answer: &DryRun) -> Value {
    match answer {
        DryRun::WouldRecord => json!({ "status": 200, "dry_run": true, "would_record": true }),
        DryRun::SeenBefore(recorded) => {
            let mut value = receipt(recorded);
            if let Some(members) = value.as_object_mut() {
                members.insert("dry_run".into(), json!(true));
                members.insert("would_record".into(), json!(false));
            }
            value
        }
    }
}

fn answer_of_dry_run(answer: DryRun) -> Result<Response, Problem> {
    Ok(json_response(&dry_run_value(&answer)))
}

/// 201 or 200, with where it stands; `ETag` is what the next `If-Match` should say.
fn answer(recorded: &Recorded, receipt: &Value) -> Response {
    let status = if recorded.seen_before { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = (status, json_response(receipt)).into_response();
    let headers = response.headers_mut();
    for (name, text) in [
        (header::ETAG, format!("\"{}\"", recorded.head)),
        (header::LOCATION, format!("/v1/events/{}", recorded.receipt.position)),
    ] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
    response
}

pub(super) fn take_rate(service: &Service, caller: &Caller, events: usize) -> Result<(), Problem> {
    let per_second = service.app.config.server.token_events_per_second_max;
    let now = service.app.clock.read().running;
    if service.rates.take(&caller.token, events, per_second, now) {
        Ok(())
    } else {
        Err(Problem::new(error::RATE_LIMITED))
    }
}

fn sending_of(headers: &HeaderMap) -> Result<Sending, Problem> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/cloudevents+json" => Ok(Sending::One),
        "application/cloudevents-batch+json" => Ok(Sending::Batch),
        "application/x-ndjson" => Ok(Sending::Lines),
        _ => Err(Problem::new(error::MEDIA_TYPE)),
    }
}

/// `If-Match: "41"`, `If-Match: *` (the stream exists), `If-None-Match: *` (it does not).
fn expected_of(headers: &HeaderMap) -> Result<ExpectedRevision, Problem> {
    let text = |name| {
        headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default().trim().to_owned())
    };
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(ExpectedRevision::Any),
        (Some(_), Some(_)) => Err(Problem::bad_request("send If-Match or If-None-Match, not both")),
        (None, Some(star)) if star == "*" => Ok(ExpectedRevision::NoStream),
        (None, Some(_)) => {
            Err(Problem::bad_request("If-None-Match takes only *: the stream has no event yet"))
        }
        (Some(star), None) if star == "*" => Ok(ExpectedRevision::StreamExists),
        (Some(quoted), None) => {
            let number = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let digits =
                number.filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
            let revision = digits.and_then(|digits| digits.parse().ok()).map(Revision::new);
            let revision = revision
                .ok_or_else(|| Problem::bad_request("If-Match takes a revision in quotes, as in \"41\""))?;
            Ok(ExpectedRevision::Exactly(revision))
        }
    }
}

/// A whole body, up to a size.
pub(super) async fn read_body(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, bytes_max).await.map_err(|error| {
        // The only failures are the limit and a caller that broke off, who reads no answer.
        tracing::debug!(%error, "a body could not be read");
        Problem::with_detail(error::TOO_LARGE, format!("a body has at most {bytes_max} bytes"))
    })
}
