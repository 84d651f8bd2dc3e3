//! The form by which an auditor or officer takes away a dossier of the person on the page.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use subject_record_schemas::Reference;
use subject_record_schemas::vocabulary::{AccessPurpose, EvidenceAsker, Language};

use super::super::Service;
use super::super::dossiers::handed_over;
use super::super::readers::subject_of;
use super::audit;
use super::model::{Chrome, Outcome, PersonPage, PersonView};
use super::query::Query;
use super::words::Words;
use super::{chrome_of, language_of, page, reader_of, view};
use crate::accesses::Access;
use crate::dossier::report::Values;
use crate::dossier::{DossierError, DossierQuestion};

/// Who may ask, by the word on the form.
const ASKERS: [EvidenceAsker; 5] = [
    EvidenceAsker::Court,
    EvidenceAsker::Regulator,
    EvidenceAsker::Prosecutor,
    EvidenceAsker::Subject,
    EvidenceAsker::Operator,
];
/// What becomes of values.
const VALUES: [Values; 3] = [Values::Shown, Values::Withheld, Values::None];

/// What the form sends. Fields left empty arrive as empty texts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    lang: String,
    subject: String,
    purpose: String,
    case: String,
    asked_by: String,
    legal_ref: String,
    values: String,
}

/// `POST /dossier`: the file, or the page again with what is wrong.
pub(super) async fn make(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let language = language_of(&asked.lang, &headers);
    let caller = reader_of(&service, &headers).await.filter(|caller| audit::AUDITORS.contains(&caller.role));
    let Some(caller) = caller else {
        return Redirect::to(&format!("/sign-in?lang={language}")).into_response();
    };
    // What is no platform id may be a number of the person's, and is not repeated.
    let subject = subject_of(asked.subject.trim()).map(|subject| subject.to_string()).unwrap_or_default();
    let query = Query { subject, ..Query::empty(language) };
    let problem = |status, problem: String| {
        let chrome = chrome_of(&service, &caller);
        let page_shown = PersonPage { chrome, query: query.clone(), outcome: Outcome::Problem(problem) };
        page(status, view::person_page(&page_shown))
    };
    let problems = &Words::of(language).problems;
    // Another site must not make this one record an export in a reader's name.
    if headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"cross-site") {
        return problem(StatusCode::FORBIDDEN, problems.from_another_site.to_owned());
    }
    let (question, access) = match asked.question(language) {
        Ok(question) => question,
        Err(why) => return problem(StatusCode::BAD_REQUEST, why(problems).to_owned()),
    };
    let Ok(access) = access.allowed_to(caller.role) else {
        return problem(StatusCode::FORBIDDEN, problems.purpose_not_of_role.to_owned());
    };
    match service.app.dossiers.make(&caller, &access, &question).await {
        Ok(dossier) => handed_over(dossier),
        Err(error @ (DossierError::Unknown | DossierError::Secrecy | DossierError::Busy)) => {
            problem(StatusCode::CONFLICT, error.to_string())
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a dossier could not be made");
            problem(StatusCode::SERVICE_UNAVAILABLE, problems.failed.to_owned())
        }
    }
}

/// Which words say what does not read.
type Why = fn(&super::words::ProblemWords) -> &'static str;

impl Asked {
    fn question(&self, language: Language) -> Result<(DossierQuestion, Access), Why> {
        let reference = |text: &str| match text.trim() {
            "" => Ok(None),
            text => Reference::parse(text).map(Some),
        };
        let subject = subject_of(self.subject.trim()).map_err(|_| -> Why { |words| words.id_malformed })?;
        let case_ref = reference(&self.case).map_err(|_| -> Why { |words| words.case_malformed })?;
        let legal_ref = reference(&self.legal_ref).map_err(|_| -> Why { |words| words.case_malformed })?;
        let purpose = self.purpose.parse().map_err(|_| -> Why { |words| words.purpose_unknown })?;
        let asked_by = ASKERS.into_iter().find(|asker| asker.to_string() == self.asked_by);
        let values = VALUES.into_iter().find(|values| values.word() == self.values);
        let question = DossierQuestion {
            subject,
            language,
            period: None,
            groups: Vec::new(),
            values: values.unwrap_or(Values::Withheld),
            asked_by: asked_by.unwrap_or(EvidenceAsker::Operator),
            legal_ref,
        };
        Ok((question, Access { purpose, case_ref }))
    }
}

/// The form, on the page of a person.
pub(super) fn form(words: &Words, chrome: &Chrome, query: &Query, person: &PersonView) -> Markup {
    let text = &words.dossier;
    let purposes = chrome.purposes.iter().copied();
    let chosen = query.purpose.unwrap_or(AccessPurpose::Court);
    html! {
        section class="card" {
            h2 { (text.title) }
            form method="post" action="/dossier" class="dossier" {
                p class="quiet" { (text.text) }
                input type="hidden" name="lang" value=(query.language);
                input type="hidden" name="subject" value=(person.id);
                label for="dossier-asked-by" { (text.asked_by) }
                select id="dossier-asked-by" name="asked_by" {
                    @for asker in ASKERS { option value=(asker) { (text.asker(asker)) } }
                }
                label for="dossier-legal-ref" { (text.legal_ref) }
                input id="dossier-legal-ref" name="legal_ref" maxlength="64" autocomplete="off" spellcheck="false";
                label for="dossier-purpose" { (words.search.purpose) }
                select id="dossier-purpose" name="purpose" {
                    @for purpose in purposes {
                        option value=(purpose) selected[purpose == chosen] { (words.purpose(purpose)) }
                    }
                }
                label for="dossier-case" { (words.search.case) }
                input id="dossier-case" name="case" maxlength="64" autocomplete="off" spellcheck="false"
                    value=(query.case_ref.as_deref().unwrap_or_default());
                label for="dossier-values" { (text.values) }
                select id="dossier-values" name="values" {
                    @for values in VALUES { option value=(values.word()) { (text.of_values(values)) } }
                }
                button type="submit" class="primary" { (text.submit) }
            }
        }
    }
}
