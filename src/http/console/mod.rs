//! The page for people: find a person, replay their timeline, see the profile as it was on any day.
//!
//! Server-rendered; every view has an address. [`fill`] decides what a reader sees, [`view`] lays it out.

mod audit;
mod dossier;
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
use super::auth::{SESSION_COOKIE, authenticated, caller_of};
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
        .route("/findings", get(audit::findings))
        .route("/deadlines", get(audit::deadlines))
        .route("/dossier", post(dossier::make))
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
            as_of: self.as_of.trim().parse().ok(),
            purpose: self.purpose.trim().parse().ok(),
            case_ref: some(&self.case),
            order: Order::parse(&self.order).unwrap_or_default(),
            cursor: some(&self.cursor),
            reveal: reveal.map(str::to_owned).collect(),
        }
    }

    /// What of it does not read. Shown rather than passed over: another day is another answer.
    fn problem(&self, query: &Query) -> Option<&'static str> {
        let problems = &Words::of(query.language).problems;
        let unread = |text: &str, read: bool| !text.trim().is_empty() && !read;
        if unread(&self.as_of, query.as_of.is_some()) {
            Some(problems.day_malformed)
        } else if unread(&self.purpose, query.purpose.is_some()) {
            Some(problems.purpose_unknown)
        } else {
            None
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
    let Some(caller) = reader_of(&service, &headers).await else {
        let next = (!query.subject.is_empty()).then(|| query.href());
        let next = next.map_or_else(String::new, |next| format!("&next={}", query::encode(&next)));
        return Redirect::to(&format!("/sign-in?lang={}{next}", query.language)).into_response();
    };
    let chrome = chrome_of(&service, &caller);
    let (status, outcome) = if let Some(problem) = asked.problem(&query) {
        (StatusCode::BAD_REQUEST, Outcome::Problem(problem.to_owned()))
    } else if query.subject.is_empty() {
        (StatusCode::OK, Outcome::NotAsked { examples: examples(&service, query.language) })
    } else {
        fill::person(&service, &caller, &query).await
    };
    page(status, view::person_page(&PersonPage { chrome, query, outcome }))
}

/// What surrounds every page of a reader.
fn chrome_of(service: &Service, caller: &Caller) -> Chrome {
    let offered = |purpose: &AccessPurpose| {
        let access = Access { purpose: *purpose, case_ref: None };
        access.allowed_to(caller.role).is_ok()
    };
    Chrome {
        viewer: caller.token.to_string(),
        role: caller.role,
        purposes: AccessPurpose::ALL.iter().copied().filter(offered).collect(),
        simulated: service.app.log.simulated,
        audits: audit::AUDITORS.contains(&caller.role),
    }
}

/// The reader of a request, if its token's role looks at people.
async fn reader_of(service: &Service, headers: &HeaderMap) -> Option<Caller> {
    let caller = caller_of(service, &Method::GET, headers).await.ok().flatten();
    caller.filter(|caller| READERS.contains(&caller.role))
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
        let plain = self.next.bytes().all(|byte| byte.is_ascii_graphic());
        let own = ["/?", "/findings?", "/deadlines?"].iter().any(|start| self.next.starts_with(start));
        (own && plain).then(|| self.next.clone())
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
    // Signing a reader in under somebody else's token from another site would put looks in the wrong name.
    if headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"cross-site") {
        let problem = Some(words.problems.from_another_site.to_owned());
        return sign_in_page(&service, language, problem, None, StatusCode::FORBIDDEN);
    }
    let token = asked.token.trim();
    let caller = authenticated(&service, token).await.ok().flatten();
    let problem = match caller {
        None => words.problems.token_unknown,
        Some(caller) if !READERS.contains(&caller.role) => words.problems.token_of_no_reader,
        Some(_) => {
            let cookie = cookie(&service, &headers, token, SESSION_SECONDS);
            let next = asked.next().unwrap_or_else(|| Query::empty(language).href());
            return ([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response();
        }
    };
    sign_in_page(&service, language, Some(problem.to_owned()), asked.next(), StatusCode::UNAUTHORIZED)
}

/// `POST /sign-out`.
async fn sign_out(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    let cookie = cookie(&service, &headers, "", 0);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response()
}

/// The cookie of a reader, for this many seconds. Over TLS it is never sent without.
fn cookie(service: &Service, headers: &HeaderMap, token: &str, seconds: u32) -> String {
    let secure = service.app.config.server.behind_tls || came_over_tls(headers);
    let secure = if secure { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// Whether what stands in front of the service says that the browser spoke TLS. To claim it falsely only keeps
/// one's own cookie from plain HTTP.
fn came_over_tls(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_or_purpose_that_does_not_read_is_told_and_an_empty_one_is_not() {
        let problem = |as_of: &str, purpose: &str| {
            let asked =
                Asked { lang: "en".into(), as_of: as_of.into(), purpose: purpose.into(), ..Asked::default() };
            asked.problem(&asked.query(&HeaderMap::new()))
        };
        let problems = &Words::of(Language::En).problems;
        assert_eq!(problem("12.03.2026", "support"), Some(problems.day_malformed));
        assert_eq!(problem("", "curiosity"), Some(problems.purpose_unknown));
        assert_eq!(problem(" 2026-03-12 ", "support"), None);
        assert_eq!(problem("", " "), None);
    }

    #[test]
    fn after_signing_in_one_goes_to_an_address_of_this_console_alone() {
        let next = |next: &str| SignIn { next: next.into(), ..SignIn::default() }.next();
        for own in ["/?lang=kk", "/findings?lang=ru&state=open", "/deadlines?lang=en"] {
            assert_eq!(next(own).as_deref(), Some(own));
        }
        for other in ["", "//example.kz", "https://example.kz", "/?a=b c", "/?a\r\nset-cookie:x", "/?ә"] {
            assert_eq!(next(other), None, "{other}");
        }
    }

    #[test]
    fn the_forwarded_scheme_is_read_in_any_case() {
        let with = |value: &'static str| {
            HeaderMap::from_iter([(
                header::HeaderName::from_static("x-forwarded-proto"),
                HeaderValue::from_static(value),
            )])
        };
        assert!(came_over_tls(&with("https")) && came_over_tls(&with("HTTPS")));
        assert!(!came_over_tls(&with("http")) && !came_over_tls(&HeaderMap::new()));
    }
}
