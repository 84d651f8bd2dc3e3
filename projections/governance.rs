//! What the operator published, approved and registered, as the `policy` stream tells: what facts are judged by.
//!
//! Every question names an instant: what is published later, or takes effect later, does not count. What is
//! *known* is decided by whoever feeds the events in.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use subject_record_schemas::reference::TextHash;
use subject_record_schemas::types::governance::{
    ConsentTextPublished, DataListApproved, PolicyVersionPublished, RecipientRegistered,
    ResponsibilityAssigned, RulePackPublished, StoragePlaceRegistered, WorkCalendarPublished,
};
use subject_record_schemas::vocabulary::Language;
use subject_record_schemas::{Fact, Position, Reference};

use crate::calendar::Calendars;
use crate::event::SubjectEvent;
use crate::rules::{RulePack, RulePackError};

/// Something that was published, when and by which event.
#[derive(Clone, Debug, PartialEq)]
pub struct Published<T> {
    /// What it says.
    pub fact: T,
    /// From when it counts: by its emitter's word, but calendars and rule packs never before they were recorded.
    pub at: DateTime<Utc>,
    /// The event.
    pub position: Position,
}

/// All that was published, in the order of (`time`, position).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Governance {
    policies: Vec<Published<PolicyVersionPublished>>,
    consent_texts: Vec<Published<ConsentTextPublished>>,
    data_lists: Vec<Published<DataListApproved>>,
    responsibilities: Vec<Published<ResponsibilityAssigned>>,
    recipients: BTreeMap<Reference, Vec<Published<RecipientRegistered>>>,
    places: BTreeMap<Reference, Vec<Published<StoragePlaceRegistered>>>,
    calendars: Vec<Published<WorkCalendarPublished>>,
    /// Working days as known from each of those calendars on.
    working_days: Vec<Calendars>,
    rule_packs: Vec<Published<RulePackPublished>>,
    /// Texts of published packs, parsed, by their hash.
    packs: BTreeMap<TextHash, Arc<RulePack>>,
    last: Option<Position>,
}

fn insert<T>(list: &mut Vec<Published<T>>, fact: T, event: &SubjectEvent) {
    insert_at(list, fact, event.occurred_at, event);
}

/// What counts from the moment on at which it was recorded: due dates are not moved behind anybody's back.
fn insert_recorded<T>(list: &mut Vec<Published<T>>, fact: T, event: &SubjectEvent) {
    insert_at(list, fact, event.occurred_at.max(event.recorded_at), event);
}

fn insert_at<T>(list: &mut Vec<Published<T>>, fact: T, at: DateTime<Utc>, event: &SubjectEvent) {
    let position = event.position;
    let place = list.partition_point(|other| (other.at, other.position) < (at, position));
    list.insert(place, Published { fact, at, position });
}

fn until<T>(list: &[Published<T>], at: DateTime<Utc>) -> &[Published<T>] {
    &list[..list.partition_point(|published| published.at <= at)]
}

impl Governance {
    /// Of these events, in whatever order they come. Those that govern nothing are passed over.
    #[must_use]
    pub fn of<'e>(events: impl IntoIterator<Item = &'e SubjectEvent>) -> Self {
        let mut governance = Self::default();
        for event in events {
            governance.learn(event);
        }
        governance
    }

    /// Learns an event of the `policy` stream.
    pub fn learn(&mut self, event: &SubjectEvent) {
        match &event.fact {
            Fact::PolicyVersionPublished(fact) => insert(&mut self.policies, fact.clone(), event),
            Fact::ConsentTextPublished(fact) => insert(&mut self.consent_texts, fact.clone(), event),
            Fact::DataListApproved(fact) => insert(&mut self.data_lists, fact.clone(), event),
            Fact::ResponsibilityAssigned(fact) => insert(&mut self.responsibilities, fact.clone(), event),
            Fact::RecipientRegistered(fact) => {
                let list = self.recipients.entry(fact.recipient_id.clone()).or_default();
                insert(list, fact.clone(), event);
            }
            Fact::StoragePlaceRegistered(fact) => {
                insert(self.places.entry(fact.place_id.clone()).or_default(), fact.clone(), event);
            }
            Fact::WorkCalendarPublished(fact) => {
                insert_recorded(&mut self.calendars, fact.clone(), event);
                self.count_working_days();
            }
            Fact::RulePackPublished(fact) => insert_recorded(&mut self.rule_packs, fact.clone(), event),
            _ => return,
        }
        self.last = self.last.max(Some(event.position));
    }

    /// Takes in the text of a published rule pack. Until it has, the pack judges nothing.
    ///
    /// The caller has checked the text against the hash that the event names.
    ///
    /// # Errors
    /// [`RulePackError`] when the text is no rule pack, or another one than was published.
    pub fn take_pack(&mut self, published: &RulePackPublished, text: &str) -> Result<(), RulePackError> {
        let pack = RulePack::parse(text)?;
        if (&pack.pack_id, &pack.version) != (&published.pack_id, &published.version) {
            let expected = format!("{}@{}", published.pack_id, published.version);
            return Err(RulePackError::OtherPack { expected, found: pack.name() });
        }
        self.packs.insert(published.text_hash.clone(), Arc::new(pack));
        Ok(())
    }

    /// Rules in force at an instant: of the pack that was published last by then and takes effect by then, or
    /// those that come with this build.
    #[must_use]
    pub fn rules(&self, at: DateTime<Utc>) -> &RulePack {
        let in_effect = self.rule_packs(at).iter().rev().filter(|pack| pack.fact.effective_at <= at);
        let mut known = in_effect.filter_map(|pack| self.packs.get(&pack.fact.text_hash));
        match known.next() {
            Some(pack) => pack,
            None => RulePack::built_in(),
        }
    }

    /// Working days as published by an instant.
    #[must_use]
    pub fn working_days(&self, at: DateTime<Utc>) -> Calendars {
        let last = self.calendars(at).len().checked_sub(1);
        last.and_then(|last| self.working_days.get(last)).cloned().unwrap_or_else(Calendars::built_in)
    }

    /// Calendars are published a few times a year, and asked for at every due date.
    fn count_working_days(&mut self) {
        let grown = self.calendars.iter().scan(Calendars::built_in(), |calendars, published| {
            calendars.publish(&published.fact);
            Some(calendars.clone())
        });
        self.working_days = grown.collect();
    }

    /// Position of the last event that it knows, if it knows any: findings name it.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        self.last
    }

    /// Every policy text published by then, a row a language.
    #[must_use]
    pub fn policies(&self, at: DateTime<Utc>) -> &[Published<PolicyVersionPublished>] {
        until(&self.policies, at)
    }

    /// The policy texts in force at an instant: of one version, a row a language (clause 5.4: from posting on,
    /// unless the text says otherwise; two postings at one moment sort by position).
    #[must_use]
    pub fn policy_in_force(&self, at: DateTime<Utc>) -> Vec<&Published<PolicyVersionPublished>> {
        let texts = self.policies(at);
        // What was told last of a version in a language counts: that it was taken down, for one.
        let told_last = |text: &Published<PolicyVersionPublished>| {
            let last = self.policy_text(&text.fact.version, text.fact.language, at);
            last.is_some_and(|last| last.position == text.position)
        };
        let effective = |text: &&Published<PolicyVersionPublished>| {
            effective_from(&text.fact) <= at
                && text.fact.withdrawn_at.is_none_or(|withdrawn| withdrawn > at)
                && told_last(text)
        };
        let newest = texts
            .iter()
            .filter(effective)
            .max_by_key(|text| (effective_from(&text.fact), text.at, text.position));
        let Some(newest) = newest else { return Vec::new() };
        texts.iter().filter(effective).filter(|text| text.fact.version == newest.fact.version).collect()
    }

    /// The text of a policy version in a language, as published by then.
    #[must_use]
    pub fn policy_text(
        &self,
        version: &Reference,
        language: Language,
        at: DateTime<Utc>,
    ) -> Option<&Published<PolicyVersionPublished>> {
        let same = |text: &&Published<PolicyVersionPublished>| {
            text.fact.version == *version && text.fact.language == language
        };
        self.policies(at).iter().rfind(same)
    }

    /// Every consent text published by then.
    #[must_use]
    pub fn consent_texts(&self, at: DateTime<Utc>) -> &[Published<ConsentTextPublished>] {
        until(&self.consent_texts, at)
    }

    /// The list of data that holds at an instant.
    #[must_use]
    pub fn data_list(&self, at: DateTime<Utc>) -> Option<&Published<DataListApproved>> {
        until(&self.data_lists, at).last()
    }

    /// Assignments recorded by then.
    #[must_use]
    pub fn responsibilities(&self, at: DateTime<Utc>) -> &[Published<ResponsibilityAssigned>] {
        until(&self.responsibilities, at)
    }

    /// A recipient as registered by then.
    #[must_use]
    pub fn recipient(&self, id: &Reference, at: DateTime<Utc>) -> Option<&Published<RecipientRegistered>> {
        until(self.recipients.get(id)?, at).last()
    }

    /// Recipients as registered by then.
    pub fn recipients(&self, at: DateTime<Utc>) -> impl Iterator<Item = &Published<RecipientRegistered>> {
        self.recipients.values().filter_map(move |list| until(list, at).last())
    }

    /// A storage place as registered by then.
    #[must_use]
    pub fn place(&self, id: &Reference, at: DateTime<Utc>) -> Option<&Published<StoragePlaceRegistered>> {
        until(self.places.get(id)?, at).last()
    }

    /// Calendars published by then.
    #[must_use]
    pub fn calendars(&self, at: DateTime<Utc>) -> &[Published<WorkCalendarPublished>] {
        until(&self.calendars, at)
    }

    /// Rule packs published by then.
    #[must_use]
    pub fn rule_packs(&self, at: DateTime<Utc>) -> &[Published<RulePackPublished>] {
        until(&self.rule_packs, at)
    }

    /// Calendars published after an instant, oldest first: each moves due dates that are still open.
    #[must_use]
    pub fn calendars_after(&self, at: DateTime<Utc>) -> &[Published<WorkCalendarPublished>] {
        &self.calendars[self.calendars.partition_point(|published| published.at <= at)..]
    }
}

/// From when a policy text is in force (clause 5.4).
#[must_use]
pub fn effective_from(text: &PolicyVersionPublished) -> DateTime<Utc> {
    text.effective_at.unwrap_or(text.posted_at)
}

#[cfg(test)]
mod tests;
