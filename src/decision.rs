//! Decisions: may this be done with these people's data, now or at a moment, and on what ground?
//!
//! Each person is folded from the store when asked, so that a withdrawal of a moment ago counts. What was published
//! is kept in memory and read on ([`Governed`]).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use subject_record_projections::decision::{Allowed, Answer, Question, decide};
use subject_record_projections::governance::Governance;
use subject_record_projections::subject::Person;
use subject_record_schemas::{Position, SubjectId};

use crate::clock::Clock;
use crate::governed::Governed;
use crate::store::EventStore;
use crate::timeline::{Question as Part, TimelineError, Timelines};

/// People asked about at once at most.
pub const SUBJECTS_MAX: usize = 1_000;

/// People read from the store at a time, by one question.
const AT_A_TIME: usize = 8;

/// Decides.
#[derive(Debug)]
pub struct Decisions {
    store: Arc<dyn EventStore>,
    timelines: Arc<Timelines>,
    governed: Arc<Governed>,
    clock: Arc<dyn Clock>,
}

/// The answer about one person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// The person.
    pub subject: SubjectId,
    /// Whether anything was recorded of the person. Of somebody unknown nothing is allowed.
    pub known: bool,
    /// Whether it may be done, and why.
    #[serde(flatten)]
    pub answer: Answer,
}

/// Which moment is decided about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// What had happened by then; now if absent.
    pub as_of: Option<DateTime<Utc>>,
    /// What was recorded by then; everything if absent.
    pub known_at: Option<Position>,
}

impl Decisions {
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

    /// Decides a question about each of these people, in their order.
    ///
    /// # Errors
    /// When the store fails or an event does not read.
    pub async fn ask(
        &self,
        question: &Question,
        subjects: Vec<SubjectId>,
        moment: Moment,
    ) -> Result<Vec<Decision>, TimelineError> {
        let last = self.store.last_position().await?;
        let known_at = moment.known_at.map_or(last, |known| known.min(last));
        let as_of = moment.as_of.unwrap_or_else(|| self.clock.now());
        let office = self.governed.at(Some(known_at)).await?;
        let answers =
            subjects.into_iter().map(|subject| self.one(question, subject, &office, as_of, known_at));
        futures::stream::iter(answers).buffered(AT_A_TIME).try_collect().await
    }

    async fn one(
        &self,
        question: &Question,
        subject: SubjectId,
        office: &Governance,
        as_of: DateTime<Utc>,
        known_at: Position,
    ) -> Result<Decision, TimelineError> {
        let part = Part { as_of: Some(as_of), ..Part::default() };
        let entries = self.timelines.entries(&Timelines::stream_of(&subject), &part).await?;
        let events: Vec<_> =
            entries.into_iter().map(|entry| entry.event).filter(|event| event.position <= known_at).collect();
        let known = !events.is_empty();
        let mut person = Person::fold(events);
        person.pass(as_of);
        let mut answer = decide(&person, office, office.rules(as_of), question, as_of).known_at(known_at);
        if !known {
            answer.allowed = Allowed::No;
        }
        Ok(Decision { subject, known, answer })
    }
}
