//! What stops a clock, lets it run again, or puts a due date off.

use chrono::{DateTime, Utc};
use subject_record_schemas::types::erasure::{DeadlineExtended, DeadlinePaused, DeadlineResumed};
use subject_record_schemas::vocabulary::{DataCategory, DeadlineReason, RestrictionKind};
use subject_record_schemas::{Position, Reference};

use super::clock::Pause;
use super::item::{Extension, Item, is_destruction};
use super::row::Stated;
use super::{CourtBar, Deadlines, Telling};
use crate::assessor::Step;

impl Deadlines {
    /// A new demand for destruction waits for the blocks, holds and orders that stand already.
    pub(super) fn stop_where_barred(&self, item: &mut Item, step: &Step<'_>) {
        let restrictions = step.person.dealings.restrictions.iter();
        for (id, restriction) in restrictions.filter(|(_, restriction)| restriction.lifted.is_none()) {
            let bar = Bar {
                reason: reason(restriction.kind),
                reference: id,
                categories: &restriction.categories,
                since: restriction.set.at,
                by: restriction.set.position,
            };
            bar.stop(item);
        }
        for order in self.orders.values() {
            order.bar().stop(item);
        }
    }

    /// Destruction waits from now on.
    pub(super) fn bar(&mut self, bar: &Bar<'_>, told: &mut Telling<'_, '_, '_>) {
        let step = told.step;
        for item in self.items.iter_mut().filter(|item| is_destruction(item.kind) && !item.is_late(step.at)) {
            bar.stop(item);
            told.show(item);
        }
    }

    /// What barred destruction has ended.
    pub(super) fn unbar(&mut self, reference: &Reference, told: &mut Telling<'_, '_, '_>) {
        let ended = |pause: &Pause| {
            let is_bar = matches!(
                pause.reason,
                DeadlineReason::Block | DeadlineReason::LegalHold | DeadlineReason::CourtAct
            );
            is_bar && pause.reference.as_ref() == Some(reference)
        };
        self.run(|item| is_destruction(item.kind), ended, told);
    }

    /// A clock was stopped. One that has run out is not stopped any more.
    pub(super) fn paused(&mut self, paused: &DeadlinePaused, told: &mut Telling<'_, '_, '_>) {
        let step = told.step;
        let meant = |item: &&mut Item| item.is_meant(&paused.what, &paused.reference);
        for item in self.items.iter_mut().filter(meant).filter(|item| !item.is_late(step.at)) {
            item.clock.pause(Pause {
                reason: paused.reason.clone(),
                reference: paused.reason_ref.clone(),
                since: step.at,
                by: step.event.position,
                last_day: paused.until,
                ended_at: None,
                is_ordered: true,
            });
            item.count(&step.office.working_days(step.at));
            told.show(item);
        }
    }

    /// A clock that was stopped by an event runs again. What stands and bars the act goes on to do so.
    pub(super) fn resumed(&mut self, resumed: &DeadlineResumed, told: &mut Telling<'_, '_, '_>) {
        let meant = |item: &Item| item.is_meant(&resumed.what, &resumed.reference);
        if let Some(stated) = Stated::of(resumed.until, None, None) {
            for item in self.items.iter_mut().filter(|item| meant(item)) {
                item.stated = Some(stated.clone());
            }
        }
        self.run(meant, |pause| pause.is_ordered, told);
    }

    /// A due date was put off. One that was missed stays so.
    pub(super) fn extended(&mut self, extended: &DeadlineExtended, told: &mut Telling<'_, '_, '_>) {
        let step = told.step;
        let meant = |item: &&mut Item| item.is_meant(&extended.what, &extended.reference);
        for item in self.items.iter_mut().filter(meant).filter(|item| !item.is_late(step.at)) {
            let extension = Extension {
                until: extended.until,
                reason: extended.reason.clone(),
                reference: extended.reason_ref.clone(),
                by: step.event.position,
            };
            item.extend(extension, step.at);
            item.count(&step.office.working_days(step.at));
            told.show(item);
        }
    }

    /// Pauses that `ends` picks, of the items that `meant` picks, have ended.
    fn run(
        &mut self,
        meant: impl Fn(&Item) -> bool,
        ends: impl Fn(&Pause) -> bool,
        told: &mut Telling<'_, '_, '_>,
    ) {
        let step = told.step;
        for item in self.items.iter_mut().filter(|item| meant(item)) {
            if item.clock.resume(step.at, &ends) {
                item.count(&step.office.working_days(step.at));
                told.show(item);
            }
        }
    }
}

/// What bars destruction.
pub(super) struct Bar<'b> {
    pub(super) reason: DeadlineReason,
    pub(super) reference: &'b Reference,
    /// What of the data it covers; empty for all.
    pub(super) categories: &'b [DataCategory],
    pub(super) since: DateTime<Utc>,
    pub(super) by: Position,
}

impl Bar<'_> {
    /// A clock that starts while the bar stands does not run at all.
    fn stop(&self, item: &mut Item) {
        let wanted = &item.matter.categories;
        let all = wanted.is_empty() || self.categories.is_empty();
        if all || self.categories.iter().any(|category| wanted.contains(category)) {
            item.clock.pause(Pause {
                reason: self.reason.clone(),
                reference: Some(self.reference.clone()),
                since: self.since.max(item.started_at.unwrap_or(self.since)),
                by: self.by,
                last_day: None,
                ended_at: None,
                is_ordered: false,
            });
        }
    }
}

impl CourtBar {
    pub(super) fn bar(&self) -> Bar<'_> {
        let (reason, reference) = (DeadlineReason::CourtAct, &self.act);
        Bar { reason, reference, categories: &[], since: self.given.at, by: self.given.position }
    }
}

pub(super) const fn reason(kind: RestrictionKind) -> DeadlineReason {
    match kind {
        RestrictionKind::Block => DeadlineReason::Block,
        RestrictionKind::LegalHold => DeadlineReason::LegalHold,
    }
}
