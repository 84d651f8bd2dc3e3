//! One thing that is due: its clock, and the row and the finding that follow from it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use subject_record_schemas::types::EventKey;
use subject_record_schemas::vocabulary::{DeadlineKind, DeadlineReason};
use subject_record_schemas::{EventType, Position, Reference};

use super::clock::{Clock, Pause};
use super::row::{DeadlineRow, DeadlineState, Party, Stated, row_key};
use crate::assessor::{Step, Verdict};
use crate::calendar::Calendars;
use crate::due::{Due, legal_day};
use crate::findings::{Finding, Matter};
use crate::rules::{DeadlineSubject, FindingCode, RulePack};
use crate::table::ReadRow;
use crate::versions::Draft;

/// Something that is due and not done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) kind: DeadlineSubject,
    pub(super) matter: Matter,
    pub(super) per: Option<Party>,
    /// The event that began it.
    pub(super) about: Position,
    /// The type of that event.
    begun_by: EventType,
    /// That event by its own name, where a later one refers to it so.
    pub(super) asked_by: Option<EventKey>,
    /// From when it is known.
    opened_at: DateTime<Utc>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) clock: Clock,
    pub(super) due: Due,
    /// By tables that were replaced, where that is another day and matters.
    pub(super) due_otherwise: Vec<Due>,
    /// What time alone opens.
    pub(super) finding: Option<FindingCode>,
    pub(super) stated: Option<Stated>,
    extension: Option<Extension>,
}

/// A due date that was put off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Extension {
    /// New last day.
    pub until: NaiveDate,
    /// Why.
    pub reason: DeadlineReason,
    /// The act or article that allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The event.
    pub by: Position,
}

impl Item {
    /// Begins with an event. `started_at` is the instant from which the clock runs, if it is known to the instant.
    pub(super) fn new(
        kind: DeadlineSubject,
        clock: Clock,
        started_at: Option<DateTime<Utc>>,
        step: &Step<'_>,
    ) -> Self {
        let calendars = step.office.working_days(step.at);
        let due = clock.due_unpaused(&calendars);
        let mut item = Self {
            kind,
            matter: Matter::default(),
            per: None,
            about: step.event.position,
            begun_by: step.event.fact.event_type(),
            asked_by: None,
            opened_at: step.at,
            started_at,
            due,
            clock,
            due_otherwise: Vec::new(),
            finding: opens(kind),
            stated: None,
            extension: None,
        };
        item.count(&calendars);
        item
    }

    /// A term that a rule sets and that began at an instant; none when there is no such rule.
    pub(super) fn by_rule(kind: DeadlineSubject, start: DateTime<Utc>, step: &Step<'_>) -> Option<Self> {
        let rule = step.rules.deadline(kind, legal_day(start))?;
        Some(Self::new(kind, Clock::by_rule(rule, step.rules, legal_day(start)), Some(start), step))
    }

    /// About this request, disclosure, dispute, restriction or incident.
    pub(super) fn of(mut self, thing: &Reference) -> Self {
        self.matter.thing = Some(thing.clone());
        self
    }

    pub(super) fn is_of(&self, thing: &Reference) -> bool {
        self.matter.thing.as_ref() == Some(thing)
    }

    /// Whether an event that moves due dates of some kind moves this one.
    pub(super) fn is_meant(&self, what: &DeadlineKind, reference: &Reference) -> bool {
        let of_kind = match what {
            DeadlineKind::SubjectRequest => is_request(self.kind),
            DeadlineKind::Withdrawal => self.kind == DeadlineSubject::WithdrawalRequest,
            DeadlineKind::Destruction => is_destruction(self.kind),
            DeadlineKind::StateRequest => self.kind == DeadlineSubject::StateRequest,
            DeadlineKind::DisclosureNotice => self.kind == DeadlineSubject::DisclosureNotice,
            DeadlineKind::Unblocking => self.kind == DeadlineSubject::Unblocking,
            DeadlineKind::BreachNotice => self.kind == DeadlineSubject::BreachNotice,
            DeadlineKind::Claim => self.kind == DeadlineSubject::Claim,
        };
        of_kind && self.is_of(reference)
    }

    pub(super) fn is_paused(&self, at: DateTime<Utc>) -> bool {
        self.clock.pauses().iter().any(|pause| pause.stands_at(at))
    }

    /// When the pauses that stand will have ended; none when nothing says so.
    fn runs_again(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let standing = self.clock.pauses().iter().filter(|pause| pause.stands_at(at));
        standing.map(Pause::end).try_fold(at, |latest, end| Some(latest.max(end?)))
    }

    /// Whether an act at an instant is too late: 24:00 of the last day is not.
    pub(super) fn is_late(&self, at: DateTime<Utc>) -> bool {
        at > self.due.instant && !self.is_paused(at)
    }

    /// Counts again, and says whether anything came out differently.
    pub(super) fn count(&mut self, calendars: &Calendars) -> bool {
        let Some(due) = self.clock.due(calendars) else { return false };
        let concerns_others = self.kind == DeadlineSubject::Claim;
        let otherwise = if concerns_others { self.clock.due_otherwise(&due, calendars) } else { Vec::new() };
        let is_new = (&due, &otherwise) != (&self.due, &self.due_otherwise);
        (self.due, self.due_otherwise) = (due, otherwise);
        is_new
    }

    pub(super) fn extend(&mut self, extension: Extension, at: DateTime<Utc>) {
        self.clock.put_off(legal_day(at), extension.until);
        self.extension = Some(extension);
    }

    /// Shows it from an instant on, and what time alone will make of it.
    pub(super) fn show(&self, at: DateTime<Utc>, draft: &mut Draft<'_>) {
        let runs_again = self.runs_again(at);
        let state = if self.is_paused(at) {
            DeadlineState::Paused
        } else if at >= self.due.instant {
            DeadlineState::Missed
        } else {
            DeadlineState::Pending
        };
        draft.set(at, self.row(state, at, None).row());
        let Some(runs_again) = runs_again else { return };
        if runs_again > at {
            draft.set(runs_again, self.row(DeadlineState::Pending, runs_again, None).row());
        }
        if self.due.instant > at {
            draft.set(self.due.instant, self.row(DeadlineState::Missed, self.due.instant, None).row());
        }
    }

    /// What time alone opens, or opens no more while the clock stands.
    pub(super) fn schedule(&self, at: DateTime<Utc>, by: Position, rules: &RulePack) -> Option<Verdict> {
        let code = self.finding?;
        if self.runs_again(at).is_none() {
            return Some(Verdict::Cure { finding: code, about: self.about, by });
        }
        let finding = Finding::new(code, (self.about, self.begun_by), self.due.instant.max(at), rules);
        Some(Verdict::Open(finding.on(self.matter.clone()).missed(self.due.clone())))
    }

    /// It was done at `acted_at`, as an event at `at` tells.
    pub(super) fn meet(
        &self,
        at: DateTime<Utc>,
        acted_at: DateTime<Utc>,
        by: Position,
        draft: &mut Draft<'_>,
    ) {
        let state = if self.is_late(acted_at) { DeadlineState::MetLate } else { DeadlineState::Met };
        draft.set(at, self.row(state, at, Some((by, acted_at))).row());
    }

    /// The key of its rows.
    pub(super) fn key(&self) -> String {
        row_key(self.about, self.per)
    }

    fn row(
        &self,
        state: DeadlineState,
        at: DateTime<Utc>,
        met: Option<(Position, DateTime<Utc>)>,
    ) -> DeadlineRow {
        DeadlineRow {
            kind: self.kind,
            reference: self.matter.thing.clone(),
            recipient: self.matter.recipient.clone(),
            per: self.per,
            position: self.about,
            started_on: self.clock.start(),
            started_at: self.started_at,
            state,
            since: self.since(state, at),
            due: self.due.clone(),
            due_otherwise: self.due_otherwise.clone(),
            stated: self.stated.clone().map(|stated| stated.beside(&self.due)),
            pauses: self.clock.pauses().to_vec(),
            extension: self.extension.clone(),
            met_by: met.map(|(by, _)| by),
            met_at: met.map(|(_, acted_at)| acted_at),
        }
    }

    /// From when on a state is so that holds at an instant.
    fn since(&self, state: DeadlineState, at: DateTime<Utc>) -> DateTime<Utc> {
        let pauses = self.clock.pauses().iter();
        match state {
            DeadlineState::Paused => {
                pauses.filter(|pause| pause.stands_at(at)).map(|pause| pause.since).min().unwrap_or(at)
            }
            DeadlineState::Pending => {
                let ends = pauses.filter_map(Pause::end).filter(|end| *end <= at);
                ends.max().unwrap_or(self.opened_at)
            }
            DeadlineState::Missed => self.due.instant.max(self.opened_at),
            DeadlineState::Met | DeadlineState::MetLate => at,
        }
    }
}

/// What a due date opens that is missed.
const fn opens(kind: DeadlineSubject) -> Option<FindingCode> {
    match kind {
        DeadlineSubject::DisclosureNotice => Some(FindingCode::F33),
        DeadlineSubject::AccessRequest | DeadlineSubject::DisclosuresRequest => Some(FindingCode::F39),
        DeadlineSubject::CorrectionRequest
        | DeadlineSubject::BlockRequest
        | DeadlineSubject::PublicRemovalRequest
        | DeadlineSubject::Unblocking
        | DeadlineSubject::UnlawfulDataDestruction => Some(FindingCode::F40),
        DeadlineSubject::DestructionRequest => Some(FindingCode::F41),
        DeadlineSubject::WithdrawalRequest
        | DeadlineSubject::HumanReviewRequest
        | DeadlineSubject::Complaint
        | DeadlineSubject::Refusal
        | DeadlineSubject::BreachNotice
        | DeadlineSubject::Claim
        | DeadlineSubject::StateRequest => None,
    }
}

/// Whether it is the answer to a person's request.
pub(super) const fn is_request(kind: DeadlineSubject) -> bool {
    matches!(
        kind,
        DeadlineSubject::AccessRequest
            | DeadlineSubject::DisclosuresRequest
            | DeadlineSubject::CorrectionRequest
            | DeadlineSubject::BlockRequest
            | DeadlineSubject::PublicRemovalRequest
            | DeadlineSubject::DestructionRequest
            | DeadlineSubject::WithdrawalRequest
            | DeadlineSubject::HumanReviewRequest
            | DeadlineSubject::Complaint
    )
}

/// Whether it is a destruction, which blocks, holds and orders of a court freeze.
pub(super) const fn is_destruction(kind: DeadlineSubject) -> bool {
    matches!(kind, DeadlineSubject::DestructionRequest | DeadlineSubject::UnlawfulDataDestruction)
}
