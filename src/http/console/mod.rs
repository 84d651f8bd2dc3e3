//! The page for people: find a person, replay their timeline, see the profile as it was on any day.
//!
//! Server-rendered; every view has an address. [`fill`] decides what a reader sees, [`view`] lays it out.

mod fill;
mod format;
mod kind;
mod model;
mod query;
mod view;
mod words;

use std::sync::Arc;

use axum::Form;
use axum::Router;
use axum::extract::{Query as Parameters, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::Markup;
use serde::Deserialize;
use subject_record_schemas::vocabulary::{AccessPurpose, Language, Role};

use self::model::{Chrome, Example, Outcome, PersonPage, SignInPage};
use self::query::{Order, Query};
use self::words::Words;
use super::Service;
use super::auth::{SESSION_COOKIE, caller_of};
use super::readers::accepted_language;
use crate::accesses::Access;
use crate::caller::Caller;
use crate::simulate::SHOWCASE;

/// Nothing from outside, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// How long a reader stays signed in, in seconds: a working day.
const SESSION_SECONDS: u32 = 10 * 3600;

/// Roles that look at people.
const READERS: [Role; 3] = [Role::Support, Role::Auditor, Role::Officer];

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/", get(person))
        .route("/sign-in", get(sign_in_form).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/assets/style.css", get(|| asset("text/css; charset=utf-8", include_str!("style.css"))))
        .route(
            "/assets/script.js",
            get(|| asset("text/javascript; charset=utf-8", include_str!("script.js"))),
        )
        .route("/assets/favicon.svg", get(|| asset("image/svg+xml", include_str!("favicon.svg"))))
}

async fn asset(media_type: &'static str, body: &'static str) -> Response {
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "public, max-age=300")], body)
        .into_response()
}

/// A page with the headers that every page has.
pub(super) fn page(status: StatusCode, markup: Markup) -> Response {
    let mut response = (status, markup.into_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    response
}

/// What the search form sends. Fields left empty arrive as empty texts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    lang: String,
    subject: String,
    as_of: String,
    purpose: String,
    case: String,
    order: String,
    cursor: String,
    reveal: String,
}

impl Asked {
    fn query(&self, headers: &HeaderMap) -> Query {
        let some = |text: &String| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let reveal = self.reveal.split(',').map(str::trim).filter(|name| !name.is_empty());
        Query {
            language: language_of(&self.lang, headers),
            subject: self.subject.trim().to_owned(),
            as_of: self.as_of.parse().ok(),
            purpose: self.purpose.parse().ok(),
            case_ref: some(&self.case),
            order: Order::parse(&self.order).unwrap_or_default(),
            cursor: some(&self.cursor),
            reveal: reveal.map(str::to_owned).collect(),
        }
    }
}

fn language_of(asked: &str, headers: &HeaderMap) -> Language {
    asked.parse().unwrap_or_else(|_| accepted_language(headers))
}

/// `GET /`: the search, and the person it found.
async fn person(
    State(service): State<Arc<Service>>,
    Parameters(asked): Parameters<Asked>,
    headers: HeaderMap,
) -> Response {
    // A look leaves a record: a browser that only guesses where its reader goes next gets nothing.
    let guessing = headers.get("sec-purpose").is_some_and(|value| value.as_bytes().starts_with(b"prefetch"));
    if guessing {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let query = asked.query(&headers);
    let Some(caller) = reader_of(&service, &headers) else {
        let next = (!query.subject.is_empty()).then(|| query.href());
        let next = next.map_or_else(String::new, |next| format!("&next={}", query::encode(&next)));
        return Redirect::to(&format!("/sign-in?lang={}{next}", query.language)).into_response();
    };
    let offered = |purpose: &AccessPurpose| {
        let access = Access { purpose: *purpose, case_ref: None };
        access.allowed_to(caller.role).is_ok()
    };
    let chrome = Chrome {
        viewer: caller.token.to_string(),
        role: caller.role,
        purposes: AccessPurpose::ALL.iter().copied().filter(offered).collect(),
        simulated: service.app.log.simulated,
    };
    let (status, outcome) = if query.subject.is_empty() {
        (StatusCode::OK, Outcome::NotAsked { examples: examples(&service, query.language) })
    } else {
        fill::person(&service, &caller, &query).await
    };
    page(status, view::person_page(&PersonPage { chrome, query, outcome }))
}

/// The reader of a request, if its token's role looks at people.
fn reader_of(service: &Service, headers: &HeaderMap) -> Option<Caller> {
    caller_of(service, &Method::GET, headers).filter(|caller| READERS.contains(&caller.role))
}

fn examples(service: &Service, language: Language) -> Vec<Example> {
    let note = Words::of(language).problems.showcase.to_owned();
    let showcase = Example { subject: SHOWCASE.to_owned(), note };
    if service.app.log.simulated { vec![showcase] } else { Vec::new() }
}

/// What the sign-in page is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SignIn {
    token: String,
    lang: String,
    next: String,
}

impl SignIn {
    /// Where to go afterwards: an address of this console and of nobody else.
    fn next(&self) -> Option<String> {
        (self.next.starts_with("/?") && self.next.is_ascii()).then(|| self.next.clone())
    }
}

/// `GET /sign-in`.
async fn sign_in_form(
    State(service): State<Arc<Service>>,
    Parameters(asked): Parameters<SignIn>,
    headers: HeaderMap,
) -> Response {
    let language = language_of(&asked.lang, &headers);
    sign_in_page(&service, language, None, asked.next(), StatusCode::OK)
}

fn sign_in_page(
    service: &Service,
    language: Language,
    problem: Option<String>,
    next: Option<String>,
    status: StatusCode,
) -> Response {
    let simulated = service.app.log.simulated;
    page(status, view::sign_in_page(&SignInPage { language, simulated, problem, next }))
}

/// `POST /sign-in`: a token becomes a cookie that only this site gets, and no script.
async fn sign_in(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Form(asked): Form<SignIn>,
) -> Response {
    let language = language_of(&asked.lang, &headers);
    let words = Words::of(language);
    let token = asked.token.trim();
    let caller = service.app.tokens.authenticate(token);
    let problem = match caller {
        None => words.problems.token_unknown,
        Some(caller) if !READERS.contains(&caller.role) => words.problems.token_of_no_reader,
        Some(_) => {
            let cookie = format!(
                "{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_SECONDS}"
            );
            let next = asked.next().unwrap_or_else(|| Query::empty(language).href());
            return ([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response();
        }
    };
    sign_in_page(&service, language, Some(problem.to_owned()), asked.next(), StatusCode::UNAUTHORIZED)
}

/// `POST /sign-out`.
async fn sign_out() -> Response {
    let cookie = format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response()
}
