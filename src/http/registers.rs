//! The registers over HTTP: one handler for all of them, by the columns of the table that is asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, json};
use subject_record_projections::profile::PROFILE;
use subject_record_schemas::vocabulary::{Language, Role};
use subject_record_schemas::{Position, Reference, SubjectId};

use super::Service;
use super::auth::Authenticated;
use super::extract::InPath;
use super::policies::known_of;
use super::problem::Problem;
use super::readers::{accepted_language, instant_of};
use super::rows::{self, Form, Page, Telling};
use crate::error;
use crate::registers::{
    ACCEPTANCES_REGISTER, ACCESSES_REGISTER, CONSENTS_REGISTER, DEADLINES_REGISTER, DISCLOSURES_REGISTER,
    FINDINGS_REGISTER, HISTORY_REGISTER, Moment, Reading, Register, RegisterError, Search,
};
use crate::store::append::instant_text;

/// Parameters that every list takes.
const SHARED: &[&str] = &["as_of", "known_at", "after", "cursor", "limit"];

/// Parameters of every register beside those and its columns.
const OF_REGISTERS: &[&str] = &["subject", "from", "to", "newest_first", "lang"];

macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident $register:ident;)+) => {$(
        $(#[$doc])*
        pub(super) async fn $name(
            State(service): State<Arc<Service>>,
            Authenticated(caller): Authenticated,
            uri: Uri,
            headers: HeaderMap,
        ) -> Result<Response, Problem> {
            list(service, &$register, caller.role, &uri, &headers).await
        }
    )+};
}

handlers! {
    /// `GET /v1/history`.
    history HISTORY_REGISTER;
    /// `GET /v1/consents`.
    consents CONSENTS_REGISTER;
    /// `GET /v1/acceptances`.
    acceptances ACCEPTANCES_REGISTER;
    /// `GET /v1/disclosures`.
    disclosures DISCLOSURES_REGISTER;
    /// `GET /v1/deadlines`.
    deadlines DEADLINES_REGISTER;
    /// `GET /v1/findings`.
    findings FINDINGS_REGISTER;
    /// `GET /v1/accesses`.
    accesses ACCESSES_REGISTER;
}

/// Parameters as they were sent, each once.
struct Sent(BTreeMap<String, String>);

impl Sent {
    /// Reads a query whose names are all among these.
    fn read(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let refused = || {
            Problem::bad_request(format!(
                "the query parameters of this request are {}: one is unknown or given twice; see /openapi.json",
                known.join(", ")
            ))
        };
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| refused())?;
        let count = pairs.len();
        let sent: BTreeMap<_, _> = pairs.into_iter().collect();
        let all_known = sent.keys().all(|name| known.contains(&name.as_str()));
        if all_known && sent.len() == count { Ok(Self(sent)) } else { Err(refused()) }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter of another form than text.
    fn parsed<T: std::str::FromStr>(&self, name: &str, form: &str) -> Result<Option<T>, Problem> {
        let parsed = self.text(name).map(str::parse).transpose();
        parsed.map_err(|_| Problem::bad_request(format!("{name} is {form}")))
    }
}

/// The moment of a question: which had happened, what was known, and what has to be.
async fn moment_of(service: &Service, sent: &Sent) -> Result<Moment, Problem> {
    let patience = Duration::from_secs(service.app.config.server.after_seconds_max);
    let after: Option<Position> = sent.parsed("after", "a position")?;
    Ok(Moment {
        as_of: sent.text("as_of").map(instant_of).transpose()?,
        known_at: known_of(service, sent.text("known_at")).await?,
        after: after.map(|position| (position, patience)),
    })
}

/// How the rows of a question are told.
fn telling_of(
    service: &Service,
    sent: &Sent,
    headers: &HeaderMap,
    reading: &Reading,
) -> Result<Telling, Problem> {
    let limit: Option<u32> = sent.parsed("limit", "a number of rows, from 1")?;
    if limit == Some(0) {
        return Err(Problem::bad_request("limit is a number of rows, from 1"));
    }
    let head = [
        ("as_of", json!(instant_text(reading.as_of))),
        ("known_at", json!(reading.known_at)),
        ("simulated", json!(service.app.log.simulated)),
    ];
    let server = &service.app.config.server;
    Ok(Telling {
        form: Form::wanted(headers),
        head: Map::from_iter(head.map(|(name, value)| (name.to_owned(), value))),
        fields: Vec::new(),
        limit,
        page_rows_max: server.page_events_max,
        patience: Duration::from_secs(server.rows_seconds_max),
    })
}

/// Instant from which a list is asked: a day begins at midnight in Kazakhstan.
fn from_of(text: &str) -> Result<DateTime<Utc>, Problem> {
    let instant = instant_of(text)?;
    let is_day = text.parse::<chrono::NaiveDate>().is_ok();
    Ok(if is_day { instant - TimeDelta::days(1) + TimeDelta::microseconds(1) } else { instant })
}

fn search_of(register: &Register, role: Role, sent: &Sent) -> Result<Search, Problem> {
    let subject = sent.text("subject").map(|text| match text {
        "policy" | "office" => Ok(text.to_owned()),
        id => SubjectId::parse(id).map(String::from).map_err(Problem::bad_request),
    });
    let mut search = Search {
        subject: subject.transpose()?,
        from: sent.text("from").map(from_of).transpose()?,
        to: sent.text("to").map(instant_of).transpose()?,
        asked: Vec::new(),
        newest_first: sent.parsed("newest_first", "true or false")?.unwrap_or_default(),
    };
    for (name, value) in &sent.0 {
        if let Some(asked) = register.asked(name, value) {
            search.asked.push(asked.map_err(Problem::bad_request)?);
        }
    }
    if role == Role::Support {
        let of_a_person = search.subject.as_deref().is_some_and(|id| !matches!(id, "policy" | "office"));
        if !of_a_person {
            let says = "support staff ask about one person: name it with `subject`";
            return Err(Problem::with_detail(error::FORBIDDEN, says));
        }
        // Who looked at the person stands under the person's id too, and is not for support.
        if register.columns().any(|column| column.name == "stream") {
            let only = register.asked("stream", "subject").and_then(Result::ok);
            search.asked.extend(only);
        }
    }
    Ok(search)
}

async fn list(
    service: Arc<Service>,
    register: &'static Register,
    role: Role,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let columns = register.columns().map(|column| column.name);
    let known: Vec<_> = OF_REGISTERS.iter().chain(SHARED).copied().chain(columns).collect();
    let sent = Sent::read(uri, &known)?;
    let search = search_of(register, role, &sent)?;
    let language: Option<Language> = sent.parsed("lang", "ru, kk or en")?;
    let language = language.unwrap_or_else(|| accepted_language(headers));
    let moment = moment_of(&service, &sent).await?;
    let reading = service.app.registers.reading(&service.app.projector, register.table, moment).await?;
    let mut telling = telling_of(&service, &sent, headers, &reading)?;
    telling.fields = register.fields.to_vec();
    let cursor = sent.text("cursor").map(str::to_owned);
    let asked = Arc::new((service, reading, search));
    rows::answer(telling, cursor, move |cursor, limit| {
        let asked = Arc::clone(&asked);
        async move {
            let (service, reading, search) = &*asked;
            let registers = &service.app.registers;
            let page = registers.page(register, reading, search, cursor.as_deref(), limit, language).await?;
            Ok(Page { rows: page.rows, next: page.next })
        }
    })
    .await
}

/// `GET /v1/policies/{version}/unanswered`.
pub(super) async fn unanswered(
    State(service): State<Arc<Service>>,
    InPath(version): InPath<Reference>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sent = Sent::read(&uri, SHARED)?;
    let moment = moment_of(&service, &sent).await?;
    let reading = service.app.registers.reading(&service.app.projector, &PROFILE, moment).await?;
    let published = service.app.policies.version(&version, reading.as_of, Some(reading.known_at)).await?;
    if published.is_none() {
        return Err(Problem::new(error::NOT_FOUND));
    }
    let mut telling = telling_of(&service, &sent, &headers, &reading)?;
    telling.fields = vec!["subject", "at", "kind", "language", "registered_at"];
    let cursor = sent.text("cursor").map(str::to_owned);
    let asked = Arc::new((service, reading, version));
    rows::answer(telling, cursor, move |cursor, limit| {
        let asked = Arc::clone(&asked);
        async move {
            let (service, reading, version) = &*asked;
            let page = service.app.registers.unanswered(version, reading, cursor.as_deref(), limit).await?;
            Ok(Page { rows: page.rows, next: page.next })
        }
    })
    .await
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match &error {
            RegisterError::Behind { .. } => Self::with_detail(error::BEHIND, &error),
            RegisterError::Cursor(cursor) => Self::bad_request(cursor),
            RegisterError::Read(_) | RegisterError::Timeline(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a register could not be read");
                Self::new(error::ROWS_FAULT)
            }
        }
    }
}
