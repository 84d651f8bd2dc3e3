//! All that follows from one stream: the person, the findings, and the rows of every read model about them.
//!
//! Events are folded in the order in which they happened. One that comes in that order is learned by itself; one
//! that is late, or that an earlier one waited for, asks for the whole stream to be folded again
//! ([`Learned::Late`]). Both give the same, which a property test holds.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use subject_record_schemas::{Fact, LeafHash, Revision};

use crate::assessor::{self, Step};
use crate::deadlines::Deadlines;
use crate::event::{Made, SubjectEvent, gives, in_order, names};
use crate::findings::Docket;
use crate::governance::Governance;
use crate::subject::Person;
use crate::versions::{Change, Draft, Versions};
use crate::{acceptances, consents, disclosures, profile};

/// About what a person takes beside rows and findings.
const PERSON_BYTES: usize = 4_096;

/// What follows from a stream's events and from what was published.
#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    person: Person,
    docket: Docket,
    deadlines: Deadlines,
    versions: Versions,
    /// The last moment that was folded.
    last: Option<DateTime<Utc>>,
    /// Events that name what nobody has told of yet.
    waiting: Vec<Fact>,
    /// Where the chain of leaf hashes stands.
    chain: Option<(Revision, LeafHash)>,
}

/// What came of telling a chronicle something new.
#[derive(Debug, PartialEq)]
pub enum Learned {
    /// These rows changed.
    Changed(Vec<Change>),
    /// It belongs before what is folded already: fold the stream again, and take the difference.
    Late,
}

impl Chronicle {
    /// Of all events of a stream that are known, in whatever order they come, and of what was published.
    #[must_use]
    pub fn of(mut events: Vec<SubjectEvent>, office: &Governance) -> Self {
        let mut chronicle = Self::default();
        events.sort_by_key(|event| event.revision);
        let broken: HashSet<_> =
            events.iter().filter(|event| !chronicle.links(event)).map(|e| e.position).collect();
        for event in in_order(events) {
            let is_broken = broken.contains(&event.position);
            chronicle.step(&event, is_broken, office);
        }
        chronicle.catch_up(office);
        chronicle
    }

    /// Learns the stream's next event, by position.
    pub fn learn(&mut self, event: &SubjectEvent, office: &Governance) -> Learned {
        let late = self.last.is_some_and(|last| event.occurred_at < last);
        let awaited = gives(&event.fact).is_some_and(|made| self.awaits(&made));
        if late || awaited {
            return Learned::Late;
        }
        let is_broken = !self.links(event);
        Learned::Changed(self.step(event, is_broken, office))
    }

    /// Learns that something was published, which `office` knows already.
    pub fn govern(&mut self, published: &SubjectEvent, office: &Governance) -> Learned {
        if self.last.is_some_and(|last| published.occurred_at <= last) {
            return Learned::Late;
        }
        Learned::Changed(self.catch_up(office))
    }

    /// What became known between an earlier chronicle of the same stream and this one.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        self.versions.changes_since(&before.versions)
    }

    /// Rows of all read models over time.
    #[must_use]
    pub const fn versions(&self) -> &Versions {
        &self.versions
    }

    /// About how many bytes of memory it takes: nearly all of it are rows and findings.
    #[must_use]
    pub fn bytes(&self) -> usize {
        PERSON_BYTES.saturating_add(self.versions.bytes()).saturating_add(self.docket.bytes())
    }

    /// The person after the last event.
    #[must_use]
    pub const fn person(&self) -> &Person {
        &self.person
    }

    /// The last moment that was folded.
    #[must_use]
    pub const fn last(&self) -> Option<DateTime<Utc>> {
        self.last
    }

    /// Takes in every calendar that was published since the last event.
    fn catch_up(&mut self, office: &Governance) -> Vec<Change> {
        let Self { docket, deadlines, versions, .. } = self;
        let mut draft = versions.draft();
        recount(deadlines, docket, office, None, &mut draft);
        let changes = draft.changes();
        if self.deadlines.counted_at() > DateTime::UNIX_EPOCH {
            self.last = self.last.max(Some(self.deadlines.counted_at()));
        }
        changes
    }

    /// Whether an event follows the one before it in its stream, and has the bytes that it was stored with.
    fn links(&mut self, event: &SubjectEvent) -> bool {
        let expected = match self.chain {
            None => event.revision == Revision::FIRST && event.previous.is_none(),
            Some((revision, leaf)) => event.revision == revision.next() && event.previous == Some(leaf),
        };
        self.chain = Some((event.revision, event.leaf_hash));
        expected && event.intact
    }

    fn awaits(&self, made: &Made<'_>) -> bool {
        self.waiting.iter().any(|fact| names(fact).as_ref() == Some(made))
    }

    /// Folds the next event in the order of happening.
    fn step(&mut self, event: &SubjectEvent, is_broken: bool, office: &Governance) -> Vec<Change> {
        let at = self.last.map_or(event.occurred_at, |last| last.max(event.occurred_at));
        self.last = Some(at);
        let waits = names(&event.fact).is_some_and(|made| self.person.maker(&made).is_none());
        let Self { person, docket, deadlines, versions, waiting, .. } = self;
        let mut draft = versions.draft();
        recount(deadlines, docket, office, Some(at), &mut draft);
        let rules = office.rules(at);
        if is_broken {
            let verdicts = assessor::broken(&Step { event, at, person, office, rules, docket });
            docket.take(verdicts, at, &mut draft);
        }
        if waits {
            waiting.push(event.fact.clone());
            return draft.changes();
        }
        person.pass(at);
        let verdicts = assessor::judge(&Step { event, at, person, office, rules, docket });
        docket.take(verdicts, at, &mut draft);
        consents::supersede(&Step { event, at, person, office, rules, docket }, &mut draft);
        person.apply(event, at);
        let verdicts = assessor::settle(&Step { event, at, person, office, rules, docket });
        docket.take(verdicts, at, &mut draft);
        let after = Step { event, at, person, office, rules, docket };
        let verdicts = deadlines.learn(&after, &mut draft);
        acceptances::project(&after, &mut draft);
        consents::project(&after, &mut draft);
        disclosures::project(&after, &mut draft);
        profile::project(&after, &mut draft);
        docket.take(verdicts, at, &mut draft);
        draft.changes()
    }
}

/// Counts open due dates again by each calendar that was published since the last count, up to an instant or to
/// the end.
fn recount(
    deadlines: &mut Deadlines,
    docket: &mut Docket,
    office: &Governance,
    until: Option<DateTime<Utc>>,
    draft: &mut Draft<'_>,
) {
    let published = office.calendars_after(deadlines.counted_at());
    for calendar in published.iter().take_while(|calendar| until.is_none_or(|until| calendar.at <= until)) {
        let verdicts = deadlines.recount(calendar.at, office, draft);
        docket.take(verdicts, calendar.at, draft);
    }
}

#[cfg(test)]
mod tests;
