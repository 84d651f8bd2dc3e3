//! Read model `deadlines`: what is due to whom, by which rule and calendar, and why a clock is paused.
//!
//! Each thing due is one row, from the event that begins it. What time alone does to it (it is missed at 24:00 of
//! its last day, a pause ends on the day that was said) is drafted beforehand; an event that comes in between takes
//! it back. A day is a day in Kazakhstan.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use subject_record_schemas::types::EventKey;
use subject_record_schemas::types::disclosure::DisclosureMade;
use subject_record_schemas::types::incident::IncidentRecorded;
use subject_record_schemas::types::rights::{DataDestroyed, RestrictionChanged, SubjectRequestReceived};
use subject_record_schemas::vocabulary::{
    DeadlineReason, DestructionScope, DestructionTrigger, ErasureBasis, ErasureDecision, ErasureScope,
    IncidentStage, NoticeDuty, RestrictionGround, RestrictionKind,
};
use subject_record_schemas::{Fact, Reference};

use crate::assessor::{Step, Verdict};
use crate::due::legal_day;
use crate::governance::Governance;
use crate::rules::DeadlineSubject;
use crate::subject::Told;
use crate::versions::Draft;

pub use clock::Pause;
pub use item::Extension;
pub use row::{DEADLINES, DeadlineRow, DeadlineState, Party, Stated};

use clock::Clock;
use item::{Item, is_destruction, is_request};
use moved::{Bar, reason};

mod claims;
mod clock;
mod item;
mod judged;
mod moved;
mod row;

/// Due dates of a stream that are open, and by which calendars they were counted last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deadlines {
    items: Vec<Item>,
    /// Orders of courts that bar destruction, by dispute.
    orders: BTreeMap<Reference, CourtBar>,
    counted_at: DateTime<Utc>,
}

/// An order of a court that bars destruction.
#[derive(Clone, Debug, PartialEq)]
struct CourtBar {
    act: Reference,
    given: Told,
}

impl Deadlines {
    /// When the last calendar was published that open due dates were counted by.
    #[must_use]
    pub const fn counted_at(&self) -> DateTime<Utc> {
        self.counted_at
    }

    /// What an event makes due, pauses, moves or ends. The step's person is the one after the event.
    pub(crate) fn learn(&mut self, step: &Step<'_>, draft: &mut Draft<'_>) -> Vec<Verdict> {
        let mut told = Telling { step, draft, verdicts: Vec::new() };
        match &step.event.fact {
            Fact::SubjectRequestReceived(received) => self.requested(received, &mut told),
            Fact::SubjectRequestClosed(closed) => {
                judged::refusal(closed, &mut told);
                if let Some(request) = step.person.dealings.requests.get(&closed.request_id) {
                    let item = self.items.iter().find(|item| item.is_of(&closed.request_id));
                    let was_paused = item.is_some_and(|item| !item.clock.pauses().is_empty());
                    judged::late_refusal(request, was_paused, &mut told);
                }
                let ends = |item: &Item| is_request(item.kind) && item.is_of(&closed.request_id);
                self.meet(step.at, ends, &mut told);
            }
            Fact::StateRequestReceived(received) => {
                let rule = step.rules.stated(DeadlineSubject::StateRequest);
                if let (Some(rule), Some(day)) = (rule, received.answer_due) {
                    let clock = Clock::as_stated(rule, step.rules, legal_day(step.at), day);
                    let item = Item::new(DeadlineSubject::StateRequest, clock, Some(step.at), step);
                    self.begin(item.of(&received.request_id), &mut told);
                }
            }
            Fact::StateRequestDecided(decided) => {
                let kind = DeadlineSubject::StateRequest;
                self.meet(step.at, |item| item.kind == kind && item.is_of(&decided.request_id), &mut told);
            }
            Fact::DisclosureMade(made) => self.disclosed(made, &mut told),
            Fact::DisclosureNotified(notified) => {
                let kind = DeadlineSubject::DisclosureNotice;
                judged::notice(&notified.disclosure_id, &mut told);
                self.meet(
                    step.at,
                    |item| item.kind == kind && item.is_of(&notified.disclosure_id),
                    &mut told,
                );
            }
            Fact::ProfileChanged(changed) => {
                self.done(DeadlineSubject::CorrectionRequest, changed.request_ref.as_ref(), &mut told);
            }
            Fact::PublicFlagChanged(changed) if !changed.public => {
                self.done(DeadlineSubject::PublicRemovalRequest, changed.demand_ref.as_ref(), &mut told);
            }
            Fact::RestrictionChanged(changed) => self.restricted(changed, &mut told),
            Fact::DataDestroyed(destroyed) => self.destroyed(destroyed, &mut told),
            Fact::ErasureRequested(asked) if asked.basis == ErasureBasis::UnlawfulProcessing => {
                let item = Item::by_rule(DeadlineSubject::UnlawfulDataDestruction, step.at, step);
                if let Some(mut item) = item {
                    item.matter.thing.clone_from(&asked.basis_ref);
                    if let ErasureScope::Categories(categories) = &asked.scope {
                        item.matter.categories.clone_from(categories);
                    }
                    item.asked_by =
                        Some(EventKey { source: step.event.source.clone(), id: step.event.id.clone() });
                    self.stop_where_barred(&mut item, step);
                    self.begin(item, &mut told);
                }
            }
            Fact::ErasureDecided(decided) if decided.decision == ErasureDecision::Refused => {
                let asked = |item: &Item| item.asked_by.as_ref() == Some(&decided.request);
                self.meet(step.at, asked, &mut told);
            }
            Fact::IncidentRecorded(recorded) => self.incident(recorded, &mut told),
            Fact::DisputeChanged(changed) => self.disputed(changed, &mut told),
            Fact::DeadlinePaused(paused) => self.paused(paused, &mut told),
            Fact::DeadlineResumed(resumed) => self.resumed(resumed, &mut told),
            Fact::DeadlineExtended(extended) => self.extended(extended, &mut told),
            // Nothing else begins, moves or ends a term.
            _ => {}
        }
        told.verdicts
    }

    /// Counts open due dates again by what was published by `at`. What was missed by then stays missed: the day was
    /// right when it came.
    pub(crate) fn recount(
        &mut self,
        at: DateTime<Utc>,
        office: &Governance,
        draft: &mut Draft<'_>,
    ) -> Vec<Verdict> {
        self.counted_at = at;
        let mut open = self.items.iter_mut().filter(|item| !item.is_late(at)).peekable();
        if open.peek().is_none() {
            return Vec::new();
        }
        let (calendars, rules) = (office.working_days(at), office.rules(at));
        let mut verdicts = Vec::new();
        for item in open {
            if item.count(&calendars) {
                item.show(at, draft);
                verdicts.extend(item.schedule(at, item.about, rules));
            }
        }
        verdicts
    }

    /// Something is due from now on.
    fn begin(&mut self, item: Item, told: &mut Telling<'_, '_, '_>) {
        told.show(&item);
        self.items.push(item);
    }

    /// What `ends` picks was done at `acted_at`.
    fn meet(
        &mut self,
        acted_at: DateTime<Utc>,
        ends: impl Fn(&Item) -> bool,
        told: &mut Telling<'_, '_, '_>,
    ) {
        let by = told.step.event.position;
        self.items.retain(|item| {
            let is_done = ends(item);
            if is_done {
                item.meet(told.step.at, acted_at, by, told.draft);
                let cure = |finding| Verdict::Cure { finding, about: item.about, by };
                told.verdicts.extend(item.finding.map(cure));
            }
            !is_done
        });
    }

    /// What a request asked for was done, before the request was closed.
    fn done(&mut self, kind: DeadlineSubject, request: Option<&Reference>, told: &mut Telling<'_, '_, '_>) {
        if let Some(request) = request {
            self.meet(told.step.at, |item| item.kind == kind && item.is_of(request), told);
        }
    }

    /// E34: `received_at` starts the clock. A kind without a term in the rules has no due date.
    fn requested(&mut self, received: &SubjectRequestReceived, told: &mut Telling<'_, '_, '_>) {
        let kind = DeadlineSubject::of_request(&received.kind);
        let item = kind.and_then(|kind| Item::by_rule(kind, received.received_at, told.step));
        let Some(mut item) = item.map(|item| item.of(&received.request_id)) else { return };
        item.stated =
            Stated::of(received.due_at, received.calendar_version.as_ref(), received.rule_id.as_ref());
        if is_destruction(item.kind) {
            self.stop_where_barred(&mut item, told.step);
        }
        self.begin(item, told);
    }

    /// E32: the person is told within the term (Art. 19). A notice that is put off on a ground waits until its
    /// clock is resumed; without a ground it is due as ever.
    fn disclosed(&mut self, made: &DisclosureMade, told: &mut Telling<'_, '_, '_>) {
        let step = told.step;
        if made.subject_notice == NoticeDuty::None {
            return;
        }
        let Some(item) = Item::by_rule(DeadlineSubject::DisclosureNotice, step.at, step) else { return };
        let mut item = item.of(&made.disclosure_id);
        item.matter.recipient = Some(made.recipient_id.clone());
        if made.subject_notice == NoticeDuty::Deferred {
            match &made.notice_ground {
                Some(ground) => item.clock.pause(Pause {
                    reason: DeadlineReason::Law,
                    reference: Some(ground.clone()),
                    since: step.at,
                    by: step.event.position,
                    last_day: None,
                    ended_at: None,
                    is_ordered: true,
                }),
                None => {
                    judged::deferral(&item.matter, told);
                    item.finding = None;
                }
            }
        }
        self.begin(item, told);
    }

    /// E36: it answers a request to block, bars destruction, or is to be lifted itself.
    fn restricted(&mut self, changed: &RestrictionChanged, told: &mut Telling<'_, '_, '_>) {
        let step = told.step;
        if !changed.set {
            let kind = DeadlineSubject::Unblocking;
            self.meet(step.at, |item| item.kind == kind && item.is_of(&changed.restriction_id), told);
            self.unbar(&changed.restriction_id, told);
            return;
        }
        if changed.kind == RestrictionKind::Block {
            self.done(DeadlineSubject::BlockRequest, changed.ground_ref.as_ref(), told);
            // A block that stands although no violation was found: it is to be lifted (Art. 25).
            if changed.ground == RestrictionGround::ViolationNotConfirmed {
                let item = Item::by_rule(DeadlineSubject::Unblocking, step.at, step);
                if let Some(item) = item {
                    self.begin(item.of(&changed.restriction_id), told);
                }
            }
        }
        self.bar(
            &Bar {
                reason: reason(changed.kind),
                reference: &changed.restriction_id,
                categories: &changed.categories,
                since: step.at,
                by: step.event.position,
            },
            told,
        );
    }

    /// E37: destroyed as asked, if nothing is left.
    fn destroyed(&mut self, destroyed: &DataDestroyed, told: &mut Telling<'_, '_, '_>) {
        if !destroyed.places_left.is_empty() {
            return;
        }
        let is_whole = destroyed.scope == DestructionScope::Subject;
        let is_unlawful = destroyed.trigger == DestructionTrigger::UnlawfulProcessing;
        let names = |item: &Item| destroyed.trigger_ref.as_ref().is_some_and(|named| item.is_of(named));
        let ends = |item: &Item| match item.kind {
            DeadlineSubject::DestructionRequest => is_whole && names(item),
            DeadlineSubject::UnlawfulDataDestruction => is_whole || is_unlawful || names(item),
            _ => false,
        };
        self.meet(told.step.at, ends, told);
    }

    /// E38: the authorised body is told of a breach within the term, from its detection (Art. 25).
    fn incident(&mut self, recorded: &IncidentRecorded, told: &mut Telling<'_, '_, '_>) {
        let kind = DeadlineSubject::BreachNotice;
        let is_it = |item: &Item| item.kind == kind && item.is_of(&recorded.incident_id);
        let stages = told.step.person.dealings.incidents.get(&recorded.incident_id);
        let was = |stage| stages.is_some_and(|stages| stages.iter().any(|(other, _)| other.stage == stage));
        match recorded.stage {
            IncidentStage::Detected | IncidentStage::BreachConfirmed => {
                let is_known = self.items.iter().any(is_it) || was(IncidentStage::AuthorityTold);
                let item = Item::by_rule(kind, recorded.at, told.step).filter(|_| !is_known);
                if let Some(mut item) = item {
                    item.stated = Stated::of(
                        recorded.due_at,
                        recorded.calendar_version.as_ref(),
                        recorded.rule_id.as_ref(),
                    );
                    self.begin(item.of(&recorded.incident_id), told);
                }
            }
            IncidentStage::AuthorityTold => self.meet(recorded.at, is_it, told),
            // An incident that was never confirmed was no breach: nobody had to be told.
            IncidentStage::Closed if !was(IncidentStage::BreachConfirmed) => self.drop_where(is_it, told),
            IncidentStage::SubjectsTold | IncidentStage::Closed => {}
        }
    }

    /// What `goes` picks is due no more, and was not done.
    fn drop_where(&mut self, goes: impl Fn(&Item) -> bool, told: &mut Telling<'_, '_, '_>) {
        self.items.retain(|item| {
            let is_gone = goes(item) && !item.is_late(told.step.at);
            if is_gone {
                told.clear(item);
            }
            !is_gone
        });
    }
}

/// What an event says, and what comes of it.
struct Telling<'t, 's, 'v> {
    step: &'t Step<'s>,
    draft: &'t mut Draft<'v>,
    verdicts: Vec<Verdict>,
}

impl Telling<'_, '_, '_> {
    /// Shows an item as it stands after the event, and what time alone will open.
    fn show(&mut self, item: &Item) {
        item.show(self.step.at, self.draft);
        self.verdicts.extend(item.schedule(self.step.at, self.step.event.position, self.step.rules));
    }

    fn clear(&mut self, item: &Item) {
        self.draft.clear(&DEADLINES, &item.key(), self.step.at);
    }
}

#[cfg(test)]
mod tests;
