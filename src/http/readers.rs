//! The door of support staff, auditors and officers: events, people, timelines.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use subject_record_projections::sentences::Sentences;
use subject_record_schemas::personal::Personal;
use subject_record_schemas::vocabulary::{Language, Role, ViewedThing};
use subject_record_schemas::{EventId, EventType, Position, Source, StoredEvent, StreamName, SubjectId};

use super::auth::{Authenticated, access_of};
use super::extract::{InPath, InQuery, Parameters};
use super::problem::Problem;
use super::{Service, json_response};
use crate::accesses::Access;
use crate::app::App;
use crate::caller::{Caller, Powers};
use crate::error;
use crate::store::append::instant_text;
use crate::store::{EventKey, RecordedEvent};
use crate::timeline::{Entry, Member, Question, Sight, Timelines, opened_names};

/// Parameters of a timeline.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TimelineQuery {
    /// What had happened by then: an instant, or a day in Kazakhstan (its end).
    as_of: Option<String>,
    /// What was recorded by then: an instant, or a day in Kazakhstan (its end).
    known_at: Option<String>,
    /// Wire names, separated by commas.
    r#type: Option<String>,
    /// Newest first.
    newest_first: bool,
    /// Where the page before ended.
    cursor: Option<Position>,
    /// Events of the page.
    limit: Option<u32>,
    /// Masked members to open as well, separated by commas.
    reveal: Option<String>,
    /// Language of the sentences.
    lang: Option<Language>,
}

impl Parameters for TimelineQuery {
    const NAMES: &'static [&'static str] =
        &["as_of", "known_at", "type", "newest_first", "cursor", "limit", "reveal", "lang"];
}

/// Parameters of `GET /v1/subjects/{id}`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SubjectQuery {
    as_of: Option<String>,
    known_at: Option<String>,
    reveal: Option<String>,
}

impl Parameters for SubjectQuery {
    const NAMES: &'static [&'static str] = &["as_of", "known_at", "reveal"];
}

/// `GET /v1/events?source=&id=`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NameQuery {
    source: Source,
    id: EventId,
}

impl Parameters for NameQuery {
    const NAMES: &'static [&'static str] = &["source", "id"];
}

/// `GET /v1/events/{position}`: the exact stored bytes.
pub(super) async fn event(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    InPath(position): InPath<Position>,
) -> Result<Response, Problem> {
    let found = service.app.timelines.event_at(position).await?;
    stored_bytes(&caller, found)
}

/// `GET /v1/events?source=&id=`: the same, by the emitter's name for it.
pub(super) async fn event_by_name(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    InQuery(name): InQuery<NameQuery>,
) -> Result<Response, Problem> {
    let found = service.app.store.find(&EventKey { source: name.source, id: name.id }).await?;
    stored_bytes(&caller, found)
}

/// The event if the caller may see it. An emitter sees its own sources' only; support sees what happened to people,
/// not who looked at them.
pub(super) fn visible(caller: &Caller, found: Option<RecordedEvent>) -> Result<RecordedEvent, Problem> {
    let event = found.ok_or_else(|| Problem::new(error::NOT_FOUND))?;
    let may_see = match caller.role {
        Role::Emitter => {
            let stored = StoredEvent::read(event.bytes.as_bytes());
            stored.is_ok_and(|stored| caller.owns(&stored.attributes.source))
        }
        Role::Support => matches!(event.stream, StreamName::Subject(_)),
        Role::Auditor | Role::Officer => true,
        Role::Operator => false,
    };
    if may_see { Ok(event) } else { Err(Problem::new(error::NOT_FOUND)) }
}

/// Stored bytes as they are, their place in the headers.
fn stored_bytes(caller: &Caller, found: Option<RecordedEvent>) -> Result<Response, Problem> {
    let event = visible(caller, found)?;
    let mut response = (event.bytes.as_bytes().to_vec()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/cloudevents+json"));
    for (name, text) in [
        ("record-position", event.position.to_string()),
        ("record-stream", event.stream.to_string()),
        ("record-revision", event.revision.to_string()),
        ("record-leaf-hash", event.leaf_hash.to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

/// `GET /v1/subjects/{id}`: standing, profile, consents, acceptances, folded live.
pub(super) async fn subject(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    InPath(id): InPath<String>,
    InQuery(query): InQuery<SubjectQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let access = access_of(&caller, &headers)?;
    let subject = subject_of(&id)?;
    let question = question_of(query.as_of.as_deref(), query.known_at.as_deref(), None)?;
    let stream = Timelines::stream_of(&subject);
    // Read before the events: who decides on them and sends this revision along is refused if more have come.
    let head = match (question.as_of, question.known_at) {
        (None, None) => service.app.store.head(&stream).await?,
        _ => None,
    };
    let entries = service.app.timelines.entries(&stream, &question).await?;
    if entries.is_empty() {
        return Err(Problem::new(error::NOT_FOUND));
    }
    let person = Timelines::person(&entries, question.as_of.unwrap_or_else(|| service.app.clock.now()));
    let in_profile = |entry: &Entry| person.profile_boxes.contains(&entry.event.position);
    let mut boxes: Vec<_> = entries.iter().filter(|entry| in_profile(entry)).cloned().collect();
    let sight = sight_of(&caller, access.as_ref(), query.reveal.as_deref());
    look(&service.app, &caller, &subject, &mut boxes, &sight, access.as_ref(), ViewedThing::Profile).await?;
    let (profile, unopened) = profile(&boxes);
    let mut body = json!({
        "subject": subject,
        "simulated": service.app.log.simulated,
        "standing": person.standing,
        "profile": profile,
        "unopened": unopened,
        "consents": person.consents,
        "acceptances": person.acceptances,
    });
    let Some(head) = head else { return Ok(json_response(&body)) };
    if let Some(members) = body.as_object_mut() {
        members.insert("revision".into(), json!(head.revision.to_string()));
    }
    let mut response = json_response(&body);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", head.revision)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// `GET /v1/subjects/{id}/timeline`.
pub(super) async fn timeline(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    InPath(id): InPath<String>,
    InQuery(query): InQuery<TimelineQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let access = access_of(&caller, &headers)?;
    let subject = subject_of(&id)?;
    let question = question_of(query.as_of.as_deref(), query.known_at.as_deref(), query.r#type.as_deref())?;
    let limit_max = service.app.config.server.page_events_max;
    let limit = query.limit.unwrap_or(limit_max).clamp(1, limit_max);
    let mut entries = service.app.timelines.entries(&Timelines::stream_of(&subject), &question).await?;
    if entries.is_empty() && question.types.is_empty() {
        return Err(Problem::new(error::NOT_FOUND));
    }
    if query.newest_first {
        entries.reverse();
    }
    let (mut page, next) = page_of(entries, query.cursor, limit)?;
    let sight = sight_of(&caller, access.as_ref(), query.reveal.as_deref());
    look(&service.app, &caller, &subject, &mut page, &sight, access.as_ref(), ViewedThing::Timeline).await?;
    let language = query.lang.unwrap_or_else(|| accepted_language(&headers));
    let entries: Vec<_> = page.iter().map(|entry| entry_value(entry, language)).collect();
    Ok(json_response(&json!({
        "subject": subject,
        "simulated": service.app.log.simulated,
        "entries": entries,
        "next": next,
    })))
}

/// Opens what may be seen, and records the look before anything is answered.
///
/// Nothing is recorded when nothing was opened: a pseudonymous answer is no look at a person.
pub(super) async fn look(
    app: &App,
    caller: &Caller,
    subject: &SubjectId,
    entries: &mut [Entry],
    sight: &Sight,
    access: Option<&Access>,
    what: ViewedThing,
) -> Result<bool, Problem> {
    let Some(access) = access else { return Ok(false) };
    app.timelines.open(entries, sight).await?;
    let seen = opened_names(entries.iter());
    if seen.is_empty() {
        return Ok(false);
    }
    app.accesses.record(caller, subject, &seen, what, access).await?;
    Ok(true)
}

/// What a caller sees: nothing personal without a purpose; the role's members, and those asked for, with one.
pub(super) fn sight_of(caller: &Caller, access: Option<&Access>, reveal: Option<&str>) -> Sight {
    if access.is_none() {
        return Sight::Pseudonymous;
    }
    let Some(at_once) = caller.role.sees_at_once() else { return Sight::All };
    let asked = reveal.into_iter().flat_map(|names| names.split(',')).map(str::trim);
    Sight::Only(at_once.iter().copied().chain(asked).map(str::to_owned).collect())
}

/// One page after a cursor, and the cursor of the next.
pub(super) fn page_of(
    entries: Vec<Entry>,
    cursor: Option<Position>,
    limit: u32,
) -> Result<(Vec<Entry>, Option<Position>), Problem> {
    let from = match cursor {
        None => 0,
        Some(cursor) => {
            let at = entries.iter().position(|entry| entry.event.position == cursor);
            at.ok_or_else(|| {
                Problem::bad_request("the cursor is not of this timeline: start again without it")
            })? + 1
        }
    };
    let more = entries.len().saturating_sub(from) > limit as usize;
    let page: Vec<_> = entries.into_iter().skip(from).take(limit as usize).collect();
    let next = page.last().filter(|_| more).map(|entry| entry.event.position);
    Ok((page, next))
}

pub(super) fn subject_of(id: &str) -> Result<SubjectId, Problem> {
    SubjectId::parse(id).map_err(Problem::bad_request)
}

fn question_of(
    as_of: Option<&str>,
    known_at: Option<&str>,
    types: Option<&str>,
) -> Result<Question, Problem> {
    let instant = |text: Option<&str>| text.map(instant_of).transpose();
    let types =
        types.into_iter().flat_map(|names| names.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let types = types
        .map(|name| name.parse::<EventType>().map_err(|_| Problem::bad_request("type: no such event type")));
    Ok(Question {
        as_of: instant(as_of)?,
        known_at: instant(known_at)?,
        types: types.collect::<Result<_, _>>()?,
    })
}

/// An instant, or the last microsecond of a day in Kazakhstan.
pub(super) fn instant_of(text: &str) -> Result<DateTime<Utc>, Problem> {
    let wrong = || {
        Problem::bad_request(
            "a time is an instant such as 2026-03-02T11:40:00+05:00 or a day such as 2026-03-02",
        )
    };
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    let day: chrono::NaiveDate = text.parse().map_err(|_| wrong())?;
    subject_record_projections::subject::end_of_day(day).ok_or_else(wrong)
}

/// The language a reader asked for, Russian when it asked for none of ours.
pub(super) fn accepted_language(headers: &HeaderMap) -> Language {
    let accepted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = accepted.split(',').filter_map(|part| part.split([';', '-']).next()?.trim().parse().ok());
    wanted.into_iter().next().unwrap_or(Language::Ru)
}

/// The newest state of every personal member of a profile, and the boxes that were not opened, whose members
/// have no names.
pub(super) fn profile(boxes: &[Entry]) -> (Map<String, Value>, Vec<Value>) {
    let mut newest = Map::new();
    let mut unopened = Vec::new();
    for entry in boxes {
        match &entry.personal {
            Some(Personal::Open(members)) => {
                for member in members {
                    let mut value = member_value(member);
                    if let Some(object) = value.as_object_mut() {
                        object.remove("name");
                        object.insert("position".into(), json!(entry.event.position));
                    }
                    newest.insert(member.name.clone(), value);
                }
            }
            Some(closed) => {
                unopened.push(json!({ "position": entry.event.position, "state": closed.state() }));
            }
            None => {}
        }
    }
    (newest, unopened)
}

pub(super) fn entry_value(entry: &Entry, language: Language) -> Value {
    let attributes = &entry.stored.attributes;
    let event_type = entry.event.fact.event_type();
    let sentences = Sentences::of(language);
    let mut data = entry.stored.data.clone();
    if let Some(members) = data.as_object_mut() {
        members.remove("personal");
        members.remove("_sd_alg");
    }
    let mut value = json!({
        "position": entry.event.position,
        "revision": entry.event.revision.to_string(),
        "leaf_hash": entry.recorded.leaf_hash,
        "type": event_type.wire_name(),
        "title": sentences.title(event_type),
        "sentence": sentences.sentence(event_type, &entry.stored.data),
        "time": instant_text(entry.event.occurred_at),
        "recorded_at": instant_text(entry.event.recorded_at),
        "source": attributes.source,
        "id": attributes.id,
        "data": data,
    });
    if let Some(members) = value.as_object_mut() {
        for (name, reference) in [("actor", &attributes.actor), ("correlationid", &attributes.correlationid)]
        {
            if let Some(reference) = reference {
                members.insert(name.into(), json!(reference));
            }
        }
        if let Some(personal) = &entry.personal {
            members.insert("personal".into(), personal_value(personal));
        }
    }
    value
}

fn personal_value(personal: &Personal<Vec<Member>>) -> Value {
    match personal {
        Personal::Open(members) => {
            let members: Vec<_> = members.iter().map(member_value).collect();
            json!({ "state": "open", "members": members })
        }
        unopened => json!({ "state": unopened.state() }),
    }
}

/// A member, with the opening that proves it against the digests of the stored bytes.
fn member_value(member: &Member) -> Value {
    match &member.opening {
        Some(opening) => {
            json!({ "name": member.name, "state": "open", "value": member.value, "opening": opening.text() })
        }
        None => json!({ "name": member.name, "state": "masked" }),
    }
}
