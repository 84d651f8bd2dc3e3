//! `POST /v1/subjects/lookup`: who bears an IIN, BIN, phone number or e-mail address.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use subject_record_schemas::vocabulary::{LookupKind, ViewedThing};
use zeroize::Zeroizing;

use super::auth::{Authenticated, access_of};
use super::extract::InBody;
use super::problem::Problem;
use super::{Service, json_response};
use crate::error;
use crate::intake::Fault;
use crate::lookup::Wanted;

/// What to look for: exactly one of these. It has no `Debug`, so that nothing shows the value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookupBody {
    #[serde(default)]
    iin: Option<String>,
    #[serde(default)]
    bin: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

impl LookupBody {
    fn wanted(self) -> Result<Wanted, Problem> {
        let wrong = |pointer: String, detail: String| {
            Problem::with_errors(error::LOOKUP_INVALID, vec![Fault { pointer, detail }])
        };
        let all = [
            (LookupKind::Iin, self.iin),
            (LookupKind::Bin, self.bin),
            (LookupKind::Phone, self.phone),
            (LookupKind::Email, self.email),
        ];
        let mut given = all.into_iter().filter_map(|(kind, text)| Some((kind, Zeroizing::new(text?))));
        let (Some((kind, text)), None) = (given.next(), given.next()) else {
            return Err(wrong(String::new(), "one of iin, bin, phone and email, and no other".into()));
        };
        Wanted::parse(kind, &text).map_err(|fault| wrong(format!("/{kind}"), fault.to_string()))
    }
}

/// Everybody who bears or bore the value, each with a record of this look before the answer.
pub(super) async fn lookup(
    State(service): State<Arc<Service>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    InBody(body): InBody<LookupBody>,
) -> Result<Response, Problem> {
    let access = access_of(&caller, &headers)?.ok_or_else(|| Problem::new(error::PURPOSE_MISSING))?;
    let wanted = body.wanted()?;
    let found = service.app.lookup.find(&wanted).await?;
    let subjects: Vec<_> = found.subjects.iter().map(|found| found.subject.clone()).collect();
    let member = [wanted.kind().to_string()];
    service.app.accesses.record_group(&caller, &subjects, &member, ViewedThing::Lookup, &access).await?;
    Ok(json_response(&json!({
        "simulated": service.app.log.simulated,
        "subjects": found.subjects,
        "more": found.more,
    })))
}
