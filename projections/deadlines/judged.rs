//! Findings about terms that an event opens by itself, not the passing of time.

use chrono::{DateTime, Utc};
use subject_record_schemas::types::rights::SubjectRequestClosed;
use subject_record_schemas::vocabulary::RequestOutcome;
use subject_record_schemas::{EventType, Position, Reference};

use super::Telling;
use super::item::Item;
use crate::assessor::Verdict;
use crate::due::{Due, due, legal_day};
use crate::findings::{Finding, Matter};
use crate::rules::{DeadlineSubject, FindingCode};
use crate::subject::Request;

/// F33: telling the person was put off, and nothing says on what ground.
pub(super) fn deferral(matter: &Matter, told: &mut Telling<'_, '_, '_>) {
    told.verdicts.push(Verdict::Open(told.step.finding(FindingCode::F33).on(matter.clone())));
}

/// F33: the person was told of the disclosure after all.
pub(super) fn notice(disclosure: &Reference, told: &mut Telling<'_, '_, '_>) {
    cure(told, FindingCode::F33, |finding| finding.matter.thing.as_ref() == Some(disclosure));
}

/// F39 about the answer: a refusal without reasons, which a later answer with reasons cures.
pub(super) fn refusal(closed: &SubjectRequestClosed, told: &mut Telling<'_, '_, '_>) {
    let step = told.step;
    if closed.outcome == RequestOutcome::Refused && closed.reasons.is_empty() {
        let mut finding = step.finding(FindingCode::F39).on(matter(&closed.request_id));
        finding.severity = step.rules.finding(FindingCode::F39).severity_otherwise();
        told.verdicts.push(Verdict::Open(finding));
        return;
    }
    let asked = step.person.dealings.requests.get(&closed.request_id).map(|request| request.told.position);
    cure(told, FindingCode::F39, |finding| {
        finding.matter.thing.as_ref() == Some(&closed.request_id) && Some(finding.about) != asked
    });
}

/// F39 about the request: it was refused after the term of a refusal, and has no shorter term of its own or was
/// still within it.
pub(super) fn late_refusal(request: &Request, was_paused: bool, told: &mut Telling<'_, '_, '_>) {
    let step = told.step;
    let is_first = request.closed.is_some_and(|(outcome, told)| {
        outcome == RequestOutcome::Refused && told.position == step.event.position
    });
    let has_shorter_term = matches!(
        DeadlineSubject::of_request(&request.received.kind),
        Some(
            DeadlineSubject::AccessRequest
                | DeadlineSubject::DisclosuresRequest
                | DeadlineSubject::CorrectionRequest
                | DeadlineSubject::BlockRequest
                | DeadlineSubject::PublicRemovalRequest
        )
    );
    let received_at = request.received.received_at;
    let rule = step.rules.deadline(DeadlineSubject::Refusal, legal_day(received_at));
    let Some(rule) = rule.filter(|_| is_first && !has_shorter_term && !was_paused) else { return };
    let due = due(rule, step.rules, received_at, &step.office.working_days(step.at));
    if step.at > due.instant {
        let finding = Finding::new(
            FindingCode::F39,
            (request.told.position, EventType::SubjectRequestReceived),
            step.at,
            step.rules,
        );
        let finding = finding.on(matter(&request.received.request_id)).missed(due);
        told.verdicts.push(Verdict::Open(finding.shown_by(step.event.position)));
    }
}

/// F43: the claim came after its term by the day of either party, or by either of two tables of a year. It names
/// the earliest due date that was missed, and where that day was first told.
pub(super) fn late_claim(terms: &[&Item], came_at: DateTime<Utc>, told: &mut Telling<'_, '_, '_>) {
    let dues = terms.iter().flat_map(|item| {
        let all = std::iter::once(&item.due).chain(&item.due_otherwise);
        all.filter(|_| !item.is_paused(came_at)).map(|due| (item.about, due))
    });
    let missed: Option<(Position, &Due)> =
        dues.filter(|(_, due)| came_at > due.instant).min_by_key(|(_, due)| due.instant);
    let (Some((arose, due)), Some(item)) = (missed, terms.first()) else { return };
    let finding = told.step.finding(FindingCode::F43).on(item.matter.clone());
    told.verdicts.push(Verdict::Open(finding.shown_by(arose).missed(due.clone())));
}

fn matter(request: &Reference) -> Matter {
    Matter { thing: Some(request.clone()), ..Matter::default() }
}

fn cure(told: &mut Telling<'_, '_, '_>, code: FindingCode, ends: impl Fn(&Finding) -> bool) {
    let codes = [code];
    let open = told.step.docket.open(&codes, told.step.at).filter(|finding| ends(finding));
    told.verdicts.extend(open.map(|finding| told.step.cures(finding)));
}
