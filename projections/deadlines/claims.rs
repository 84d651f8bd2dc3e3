//! The term of a written claim (clause 5.2), counted from the day that each party names.
//!
//! The clause limits whoever complains and lays no duty on the operator: a late claim is a fact, and never gone.

use chrono::NaiveDate;
use subject_record_schemas::types::incident::DisputeChanged;
use subject_record_schemas::vocabulary::DisputeStage;

use super::clock::Clock;
use super::item::Item;
use super::row::{Party, Stated};
use super::{CourtBar, Deadlines, Telling, judged};
use crate::rules::DeadlineSubject;

impl Deadlines {
    /// E40: a dispute arose, the claim came in, a court gave an order, or it is over.
    pub(super) fn disputed(&mut self, changed: &DisputeChanged, told: &mut Telling<'_, '_, '_>) {
        let is_it = |item: &Item| item.kind == DeadlineSubject::Claim && item.is_of(&changed.dispute_id);
        if matches!(changed.stage, DisputeStage::Arisen | DisputeStage::ClaimReceived)
            && let Some(dispute) = told.step.person.dealings.disputes.get(&changed.dispute_id)
        {
            let days = [
                (Party::Subject, dispute.arose_on_per_subject),
                (Party::Operator, dispute.arose_on_per_operator),
            ];
            for (party, day) in days {
                if let Some(day) = day {
                    self.claim_runs(changed, party, day, told);
                }
            }
        }
        match changed.stage {
            DisputeStage::ClaimReceived => {
                let came_at = changed.received_at.unwrap_or(told.step.at);
                let claims: Vec<_> = self.items.iter().filter(|item| is_it(item)).collect();
                judged::late_claim(&claims, came_at, told);
                self.meet(came_at, is_it, told);
            }
            DisputeStage::Closed => self.drop_where(is_it, told),
            DisputeStage::Arisen
            | DisputeStage::ClaimAnswered
            | DisputeStage::Suit
            | DisputeStage::CourtAct => {}
        }
        self.ordered(changed, told);
    }

    /// The term runs from the day that a party names, or names anew.
    fn claim_runs(
        &mut self,
        changed: &DisputeChanged,
        party: Party,
        day: NaiveDate,
        told: &mut Telling<'_, '_, '_>,
    ) {
        let step = told.step;
        let Some(rule) = step.rules.deadline(DeadlineSubject::Claim, day) else { return };
        let is_it = |item: &&mut Item| {
            item.kind == DeadlineSubject::Claim && item.is_of(&changed.dispute_id) && item.per == Some(party)
        };
        let stated = Stated::of(changed.due_at, changed.calendar_version.as_ref(), changed.rule_id.as_ref());
        if let Some(known) = self.items.iter_mut().find(is_it) {
            if known.clock.start() != day || stated.is_some() {
                known.clock.start_on(day);
                known.stated = stated.or(known.stated.take());
                known.count(&step.office.working_days(step.at));
                told.show(known);
            }
            return;
        }
        let clock = Clock::by_rule(rule, step.rules, day);
        let mut item = Item::new(DeadlineSubject::Claim, clock, None, step).of(&changed.dispute_id);
        (item.per, item.stated) = (Some(party), stated);
        self.begin(item, told);
    }

    /// What a court ordered to be kept or blocked is not to be destroyed while that holds.
    fn ordered(&mut self, changed: &DisputeChanged, told: &mut Telling<'_, '_, '_>) {
        let dispute = told.step.person.dealings.disputes.get(&changed.dispute_id);
        let standing = dispute.and_then(|dispute| dispute.preserved);
        if standing == self.orders.get(&changed.dispute_id).map(|order| order.given) {
            return;
        }
        if let Some(ended) = self.orders.remove(&changed.dispute_id) {
            self.unbar(&ended.act, told);
        }
        if let Some(given) = standing {
            let act = changed.act_ref.clone().unwrap_or_else(|| changed.dispute_id.clone());
            let order = CourtBar { act, given };
            self.bar(&order.bar(), told);
            self.orders.insert(changed.dispute_id.clone(), order);
        }
    }
}
