//! A person's own copy: all that is held of them, all that was done with it, and who looked (Art. 24, 25).
//!
//! It is folded from the person's own streams when asked, so it lacks nothing that was recorded a moment ago.
//!
//! What a state body asked under secrecy of investigation, and what was passed on because of that, is no part of the
//! copy that the person gets, nor is anything that follows from it: those events are left out before anything is
//! folded. A court gets the whole.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_projections::SubjectEvent;
use subject_record_projections::chronicle::Chronicle;
use subject_record_projections::findings::FINDINGS;
use subject_record_projections::subject::Person;
use subject_record_projections::table::Row;
use subject_record_schemas::vocabulary::{AccessPurpose, DataCategory, DisclosureGround, Role, ViewedThing};
use subject_record_schemas::{Fact, Position, Reference, Revision, StoredEvent, StreamName, SubjectId};

use crate::clock::Clock;
use crate::governed::Governed;
use crate::store::EventStore;
use crate::timeline::{Entry, Question, TimelineError, Timelines};

/// Events read from the store at a time.
const READ_EVENTS: u32 = 1_000;

/// Makes copies.
#[derive(Debug)]
pub struct Exports {
    store: Arc<dyn EventStore>,
    timelines: Arc<Timelines>,
    governed: Arc<Governed>,
    clock: Arc<dyn Clock>,
}

/// What a copy shall hold.
#[derive(Clone, Debug, Default)]
pub struct CopyQuestion {
    /// What had happened by then.
    pub as_of: Option<DateTime<Utc>>,
    /// What was recorded by then.
    pub known_at: Option<DateTime<Utc>>,
    /// With what is under secrecy of investigation.
    pub whole: bool,
    /// With the operator's own judgement.
    pub findings: bool,
}

/// A person's copy, its values sealed yet.
#[derive(Debug)]
pub struct PersonCopy {
    /// The moment whose state it shows.
    pub as_of: DateTime<Utc>,
    /// The last event that it takes into account.
    pub known_at: Position,
    /// The person.
    pub person: Person,
    /// Everything that happened, in order.
    pub entries: Vec<Entry>,
    /// Rows of every read model that keeps rows of people, as they hold at that moment; findings only if asked for.
    pub rows: Vec<Row>,
    /// Looks at the person.
    pub consultations: Vec<Consultation>,
}

/// A look at the person. It names the role of who looked and not the member of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consultation {
    /// When.
    pub at: DateTime<Utc>,
    /// Role of who looked.
    pub role: Role,
    /// Why.
    pub purpose: AccessPurpose,
    /// What was looked at.
    pub what: ViewedThing,
    /// Categories that were opened.
    pub categories: Vec<DataCategory>,
}

impl Exports {
    /// Over a store, its timelines and what was published.
    #[must_use]
    pub fn new(
        store: Arc<dyn EventStore>,
        timelines: Arc<Timelines>,
        governed: Arc<Governed>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, timelines, governed, clock }
    }

    /// The copy of a person, or `None` when nothing is recorded of them.
    ///
    /// # Errors
    /// When the store fails or an event does not read.
    pub async fn gather(
        &self,
        subject: &SubjectId,
        asked: &CopyQuestion,
    ) -> Result<Option<PersonCopy>, TimelineError> {
        let known_at = match asked.known_at {
            Some(instant) => self.store.position_at(instant).await?,
            None => self.store.last_position().await?,
        };
        let as_of = asked.as_of.unwrap_or_else(|| self.clock.now());
        let stream = Timelines::stream_of(subject);
        let question = Question { as_of: Some(as_of), known_at: asked.known_at, types: Vec::new() };
        let mut entries = self.timelines.entries(&stream, &question).await?;
        entries.retain(|entry| entry.event.position <= known_at);
        if entries.is_empty() {
            return Ok(None);
        }
        let office = self.governed.at(Some(known_at)).await?;
        let all: Vec<_> = entries.iter().map(|entry| entry.event.clone()).collect();
        let secret = if asked.whole { HashSet::new() } else { under_secrecy(&all) };
        let told: Vec<_> = all.iter().filter(|event| !secret.contains(&event.position)).cloned().collect();
        let is_finding = |row: &&Row| row.table == &FINDINGS;
        let folded = Chronicle::of(told, &office);
        let mut rows: Vec<Row> =
            folded.versions().all_at(as_of).filter(|row| !is_finding(row)).cloned().collect();
        if asked.findings {
            // Judged with every event: a stream that lacks some is broken. What rests on a secret one is left out.
            let judged = Chronicle::of(all, &office);
            let findings = judged.versions().all_at(as_of).filter(is_finding);
            rows.extend(findings.filter(|row| !rests_on(row, &secret)).cloned());
        }
        rows.sort_by(|one, other| {
            (one.table.name, one.at, &one.key).cmp(&(other.table.name, other.at, &other.key))
        });
        entries.retain(|entry| !secret.contains(&entry.event.position));
        let consultations = self.consultations(subject, as_of, known_at).await?;
        let mut person = folded.person().clone();
        person.pass(as_of);
        Ok(Some(PersonCopy { as_of, known_at, person, entries, rows, consultations }))
    }

    async fn consultations(
        &self,
        subject: &SubjectId,
        as_of: DateTime<Utc>,
        known_at: Position,
    ) -> Result<Vec<Consultation>, TimelineError> {
        let stream = StreamName::Access(subject.clone());
        let mut looks = Vec::new();
        let mut from = Revision::FIRST;
        loop {
            let page = self.store.read_stream(&stream, from, READ_EVENTS).await?;
            let Some(last) = page.last() else { return Ok(looks) };
            from = last.revision.next();
            for recorded in page.iter().filter(|recorded| recorded.position <= known_at) {
                let unreadable = |source| TimelineError::Unreadable { position: recorded.position, source };
                let stored = StoredEvent::read(recorded.bytes.as_bytes()).map_err(unreadable)?;
                if stored.attributes.time > as_of {
                    continue;
                }
                if let Fact::RecordViewed(viewed) = stored.fact().map_err(unreadable)? {
                    looks.push(Consultation {
                        at: stored.attributes.time,
                        role: viewed.role,
                        purpose: viewed.purpose,
                        what: viewed.what,
                        categories: viewed.categories,
                    });
                }
            }
        }
    }
}

/// Positions of requests under secrecy and of all that speaks of them: decisions, disclosures, notices, due dates,
/// restrictions, annotations. What was said last of a request decides whether it is secret.
pub(crate) fn under_secrecy(events: &[SubjectEvent]) -> HashSet<Position> {
    let mut requests: HashSet<&Reference> = HashSet::new();
    for event in events {
        if let Fact::StateRequestReceived(received) = &event.fact {
            if received.secrecy {
                requests.insert(&received.request_id);
            } else {
                requests.remove(&received.request_id);
            }
        }
    }
    if requests.is_empty() {
        return HashSet::new();
    }
    let rests_on_one = |ground_ref: &Option<Reference>| {
        ground_ref.as_ref().is_some_and(|reference| requests.contains(reference))
    };
    let disclosures: HashSet<&Reference> = events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::DisclosureMade(made)
                if made.ground == DisclosureGround::StateBodyRequest && rests_on_one(&made.ground_ref) =>
            {
                Some(&made.disclosure_id)
            }
            _ => None,
        })
        .collect();
    let either = |reference: &Reference| requests.contains(reference) || disclosures.contains(reference);
    let speaks_of_one = |event: &SubjectEvent| match &event.fact {
        Fact::StateRequestReceived(received) => requests.contains(&received.request_id),
        Fact::StateRequestDecided(decided) => requests.contains(&decided.request_id),
        Fact::DisclosureMade(made) => disclosures.contains(&made.disclosure_id),
        Fact::DisclosureNotified(notified) => disclosures.contains(&notified.disclosure_id),
        Fact::RecipientNotified(notified) => notified.reference.as_ref().is_some_and(either),
        Fact::RestrictionChanged(changed) => rests_on_one(&changed.ground_ref),
        Fact::DeadlinePaused(paused) => either(&paused.reference),
        Fact::DeadlineResumed(resumed) => either(&resumed.reference),
        Fact::DeadlineExtended(extended) => either(&extended.reference),
        _ => false,
    };
    let mut secret: HashSet<Position> =
        events.iter().filter(|event| speaks_of_one(event)).map(|event| event.position).collect();
    // A restriction is lifted, a notice acknowledged and an event annotated without naming the request again.
    let restrictions: HashSet<&Reference> = events
        .iter()
        .filter(|event| secret.contains(&event.position))
        .filter_map(|event| match &event.fact {
            Fact::RestrictionChanged(changed) => Some(&changed.restriction_id),
            Fact::RecipientNotified(notified) => Some(&notified.notice_id),
            _ => None,
        })
        .collect();
    let follows: Vec<_> = events
        .iter()
        .filter(|event| match &event.fact {
            Fact::RestrictionChanged(changed) => restrictions.contains(&changed.restriction_id),
            Fact::RecipientNoticeAcknowledged(answer) => restrictions.contains(&answer.notice_id),
            Fact::EventAnnotated(annotated) => secret.contains(&annotated.position),
            Fact::EventWithdrawn(withdrawn) => secret.contains(&withdrawn.position),
            _ => false,
        })
        .map(|event| event.position)
        .collect();
    secret.extend(follows);
    secret
}

/// Whether a finding is shown or cured by one of these events.
fn rests_on(row: &Row, secret: &HashSet<Position>) -> bool {
    let body: serde_json::Value = serde_json::from_str(&row.body).unwrap_or_default();
    let named = ["about", "cured_by"].into_iter().filter_map(|member| body.get(member));
    let evidence = body.get("evidence").and_then(serde_json::Value::as_array).into_iter().flatten();
    let positions = named.chain(evidence).filter_map(|value| value.as_str()?.parse::<Position>().ok());
    positions.into_iter().any(|position| secret.contains(&position))
}
