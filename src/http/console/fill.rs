//! What a reader sees of a person: decided here, laid out by the view.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::Value;
use subject_record_projections::sentences::Sentences;
use subject_record_projections::subject::{Consent, ConsentState, Person, Standing, end_of_day};
use subject_record_schemas::personal::Personal;
use subject_record_schemas::vocabulary::{Language, Purpose, ViewedThing};
use subject_record_schemas::{Position, Reference, SubjectId};

use super::audit::{Marks, marks};
use super::model::{
    AcceptanceView, ConsentStanding, ConsentView, EntryView, MemberValue, MemberView, Outcome, PersonView,
    ProfileRow, PurposeChip, StandingView,
};
use super::query::{Order, Query};
use super::words::Words;
use crate::accesses::Access;
use crate::caller::Caller;
use crate::http::Service;
use crate::http::problem::Problem;
use crate::http::readers::{look, page_of, sight_of};
use crate::timeline::{Entry, Member, Question, Timelines};

/// Events of one page of the console.
const PAGE_EVENTS: u32 = 50;

/// Members of the profile, in the order in which they are shown.
const PROFILE: [&str; 6] = ["full_name", "iin", "phone", "email", "address_registered", "address_delivery"];

/// The person of a query, and the status of the page.
pub(super) async fn person(service: &Service, caller: &Caller, query: &Query) -> (StatusCode, Outcome) {
    let words = Words::of(query.language);
    let Ok(subject) = SubjectId::parse(query.subject.clone()) else {
        return (StatusCode::BAD_REQUEST, Outcome::Problem(words.problems.id_malformed.to_owned()));
    };
    let access = match access_of(caller, query) {
        Ok(access) => access,
        Err(problem) => return (StatusCode::BAD_REQUEST, Outcome::Problem(problem(words).to_owned())),
    };
    match view_of(service, caller, query, &subject, access.as_ref()).await {
        Ok(Some(person)) => (StatusCode::OK, Outcome::Person(Box::new(person))),
        Ok(None) => (StatusCode::NOT_FOUND, Outcome::NotFound),
        Err(problem) => (problem.status(), Outcome::Problem(words.problems.failed.to_owned())),
    }
}

/// Why a look is refused, in words of the reader's language.
type Said = fn(&Words) -> &'static str;

fn access_of(caller: &Caller, query: &Query) -> Result<Option<Access>, Said> {
    let Some(purpose) = query.purpose else { return Ok(None) };
    let case_ref = query.case_ref.clone().map(Reference::parse).transpose();
    let case_ref = case_ref.map_err(|_| (|words: &Words| words.problems.case_malformed) as Said)?;
    let access = Access { purpose, case_ref }.allowed_to(caller.role);
    access.map(Some).map_err(|_| (|words: &Words| words.problems.purpose_not_of_role) as Said)
}

async fn view_of(
    service: &Service,
    caller: &Caller,
    query: &Query,
    subject: &SubjectId,
    access: Option<&Access>,
) -> Result<Option<PersonView>, Problem> {
    let app = &service.app;
    let as_of = query.as_of.and_then(end_of_day);
    let question = Question { as_of, ..Question::default() };
    let mut entries = app.timelines.entries(&Timelines::stream_of(subject), &question).await?;
    if entries.is_empty() {
        return Ok(None);
    }
    let moment = as_of.unwrap_or_else(|| app.clock.now());
    let person = Timelines::person(&entries, moment);
    let events_total = entries.len();
    let newest = entries.iter().map(|entry| entry.event.position).max().unwrap_or(Position::START);
    let found = marks(service, subject.as_str(), moment, newest, query.language).await;
    let profile: Vec<_> =
        entries.iter().filter(|e| person.profile_boxes.contains(&e.event.position)).cloned().collect();
    if query.order == Order::Newest {
        entries.reverse();
    }
    let cursor = query.cursor.as_deref().map(str::parse).transpose().map_err(Problem::bad_request)?;
    let (page, next) = page_of(entries, cursor, PAGE_EVENTS)?;

    // One look, one record: the page of the timeline and what the profile shows are opened together.
    let shown = page.len();
    let on_page = |entry: &Entry| page.iter().any(|other| other.event.position == entry.event.position);
    let beside: Vec<_> = profile.iter().filter(|entry| !on_page(entry)).cloned().collect();
    let mut opened: Vec<_> = page.iter().cloned().chain(beside).collect();
    let reveal = query.reveal.join(",");
    let sight = sight_of(caller, access, Some(&reveal));
    let looked = look(app, caller, subject, &mut opened, &sight, access, ViewedThing::Console).await?;

    let is_profile = |entry: &&Entry| person.profile_boxes.contains(&entry.event.position);
    let mut profile: Vec<_> = opened.iter().filter(is_profile).collect();
    profile.sort_by_key(|entry| (entry.event.occurred_at, entry.event.position));
    let mut rows = profile_rows(&profile, query);
    let name = rows.iter().position(|(name, _)| *name == "full_name").map(|at| rows.remove(at).1.value);
    let mut consents: Vec<_> = person
        .consents
        .iter()
        .map(|(id, consent)| consent_view(id, consent, moment, query.language))
        .collect();
    consents.sort_by_key(|consent| {
        (consent.state != ConsentStanding::Running, std::cmp::Reverse(consent.given_at))
    });
    let mut acceptances = Vec::new();
    for accepted in person.acceptances.iter().rev() {
        let kept = app.texts.text(&accepted.text_hash).await?.is_some();
        acceptances.push(AcceptanceView {
            version: accepted.policy_version.to_string(),
            language: accepted.language,
            answer: accepted.answer,
            at: accepted.at,
            text_href: kept.then(|| format!("/v1/texts/{}", accepted.text_hash)),
        });
    }
    Ok(Some(PersonView {
        id: subject.to_string(),
        standing: standing_view(&person),
        name,
        profile: rows.into_iter().map(|(_, row)| row).collect(),
        consents,
        acceptances,
        entries: opened.iter().take(shown).map(|entry| entry_view(entry, &found, query)).collect(),
        events_total,
        findings_complete: found.are_complete,
        next_href: next.map(|next| query.at(next.to_string()).href()),
        looked: access.filter(|_| looked).map(|access| access.purpose),
    }))
}

fn standing_view(person: &Person) -> StandingView {
    match &person.standing {
        Standing::Unregistered => StandingView::Unregistered,
        Standing::Registered { kind, at, .. } => StandingView::Registered { kind: *kind, since: *at },
        Standing::Erased { at } => StandingView::Erased { at: *at },
    }
}

/// The newest state of each member of the profile. Boxes that were not opened show as one row for the name.
fn profile_rows(profile: &[&Entry], query: &Query) -> Vec<(&'static str, ProfileRow)> {
    let sentences = Sentences::of(query.language);
    let newest = |name: &str| {
        let states = profile.iter().rev().filter_map(|entry| match entry.personal.as_ref()? {
            Personal::Open(members) => {
                let member = members.iter().find(|member| member.name == name)?;
                Some(Personal::Open(member_value(member, query)))
            }
            Personal::Sealed => (name == "full_name").then_some(Personal::Sealed),
            Personal::Shredded => (name == "full_name").then_some(Personal::Shredded),
            Personal::Lost => (name == "full_name").then_some(Personal::Lost),
        });
        states.into_iter().next()
    };
    let row = |name: &'static str| {
        Some((name, ProfileRow { label: sentences.member(name).to_owned(), value: newest(name)? }))
    };
    PROFILE.into_iter().filter_map(row).collect()
}

fn member_value(member: &Member, query: &Query) -> MemberValue {
    match &member.opening {
        Some(_) => MemberValue::Shown(plain(&member.value)),
        None => MemberValue::Masked { reveal_href: Some(query.revealing(&member.name).href()) },
    }
}

/// A personal value as one line.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(parts) if parts.contains_key("family") => {
            let part = |name: &str| parts.get(name).and_then(Value::as_str);
            ["family", "given", "patronymic"].into_iter().filter_map(part).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

fn entry_view(entry: &Entry, found: &Marks, query: &Query) -> EntryView {
    let sentences = Sentences::of(query.language);
    let event_type = entry.event.fact.event_type();
    let attributes = &entry.stored.attributes;
    let view = |member: &Member| MemberView {
        label: sentences.member(&member.name).to_owned(),
        value: member_value(member, query),
    };
    EntryView {
        position: entry.event.position.to_string(),
        event_type,
        title: sentences.title(event_type).to_owned(),
        sentence: sentences.sentence(event_type, &entry.stored.data),
        occurred_at: entry.event.occurred_at,
        recorded_at: entry.event.recorded_at,
        actor: attributes.actor.as_ref().map(ToString::to_string),
        source: attributes.source.to_string(),
        personal: entry
            .personal
            .clone()
            .map(|personal| personal.map(|members| members.iter().map(view).collect())),
        findings: found
            .marks
            .iter()
            .filter(|(about, _)| *about == entry.event.position)
            .map(|(_, mark)| mark.clone())
            .collect(),
    }
}

fn consent_view(id: &Reference, consent: &Consent, moment: DateTime<Utc>, language: Language) -> ConsentView {
    let runs =
        |purpose: &Purpose| consent.purposes.contains(purpose) || consent.purposes_kept.contains(purpose);
    let chip =
        |purpose: &Purpose| PurposeChip { label: purpose_word(purpose, language), runs: runs(purpose) };
    let ran_out = consent.until.is_some_and(|until| until <= moment);
    let state = match consent.state {
        ConsentState::Given if ran_out => ConsentStanding::Expired,
        ConsentState::Given if consent.purposes.len() < consent.purposes_given.len() => {
            ConsentStanding::PartlyWithdrawn
        }
        ConsentState::Given => ConsentStanding::Running,
        ConsentState::Withdrawn => ConsentStanding::Withdrawn,
        ConsentState::Expired => ConsentStanding::Expired,
        ConsentState::PurposeAchieved
        | ConsentState::Invalidated
        | ConsentState::Revoked
        | ConsentState::Ended => ConsentStanding::Ended,
    };
    ConsentView {
        id: id.to_string(),
        state,
        purposes: consent.purposes_given.iter().map(chip).collect(),
        given_at: consent.given_at,
        until: consent.until,
        third_party: consent.third_party,
        cross_border: consent.cross_border,
        public: consent.public,
    }
}

fn purpose_word(purpose: &Purpose, language: Language) -> String {
    match serde_json::to_value(purpose) {
        Ok(Value::String(word)) => Sentences::of(language).word(&word).to_owned(),
        Ok(Value::Object(unlisted)) => unlisted.values().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}
