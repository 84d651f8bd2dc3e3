//! A batch is written: alone by one statement, or under the sequencer's lock when there is a rival or an outcome is
//! unknown.

use sqlx::{Connection as _, PgConnection};
use subject_record_schemas::Position;

use super::arrays::{Given, Numbers, write};
use super::listener::reach;
use super::writer::{Answers, State, Writer};
use crate::db::outage::{is_away, within};
use crate::store::group::is_unique_violation;
use crate::store::plan::Plan;
use crate::store::{Append, reader};

pub(super) const STATE: &str = "SELECT position, recorded_us, streams, sources FROM sequencer";
pub(super) const STATE_LOCKED: &str =
    "SELECT position, recorded_us, streams, sources FROM sequencer FOR UPDATE";

/// Batches for which the lock is taken first, after another instance came in between.
pub(super) const CONTENDED_BATCHES: u32 = 32;

/// A batch that may or may not have been written.
pub(super) type Unknown = Option<Plan>;

impl Writer {
    /// Writes a plan that has events; `None` when the log has moved on.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        plan: &Plan,
    ) -> Result<Option<Given>, sqlx::Error> {
        let numbers = Numbers {
            last_position: self.last_position,
            last_stream: self.last_stream,
            sources: &self.sources,
            last_source: self.last_source,
        };
        within(write(connection, plan, &numbers)).await
    }

    /// Makes a written plan the state in memory, and answers it.
    pub(super) fn settle(&mut self, plan: Plan, given: Given) -> Answers {
        self.look_up_first = plan.repeated;
        self.last_position += plan.events.len() as u64;
        self.last_stream = given.streams.values().copied().max().unwrap_or(self.last_stream);
        self.last_source = given.sources.values().copied().max().unwrap_or(self.last_source);
        self.sources.extend(given.sources);
        for (name, mut known) in plan.streams {
            known.number = known.number.or_else(|| given.streams.get(&name).copied());
            // A stream that is not in the tables is not remembered as absent: it may be the next to come.
            if known.number.is_some() {
                self.heads.put(name, known);
            }
        }
        reach(&self.publish, Position::new(self.last_position));
        plan.results
    }

    /// Writes a batch, or answers `None` when another instance came in between.
    async fn write_alone(
        &mut self,
        connection: &mut PgConnection,
        batch: &[Append],
        unknown: &mut Unknown,
    ) -> Result<Option<Answers>, sqlx::Error> {
        let mut look_up = false;
        loop {
            let (plan, looked_up) = self.plan(connection, batch, look_up).await?;
            if plan.events.is_empty() {
                // A refusal stands only if nothing was appended since what it rests on.
                let state = within(sqlx::query_as(STATE).fetch_one(&mut *connection)).await?;
                return Ok(self.is_where_it_was(state).then(|| self.settle(plan, Given::default())));
            }
            match self.write(connection, &plan).await {
                Ok(given) => return Ok(given.map(|given| self.settle(plan, given))),
                // Somebody sent an event again: find out which.
                Err(error) if !looked_up && is_unique_violation(&error) => look_up = true,
                Err(error) => {
                    *unknown = is_away(&error).then_some(plan);
                    return Err(error);
                }
            }
        }
    }

    /// Writes a batch under the sequencer's lock, unless it turns out to be written already.
    async fn write_locked(
        &mut self,
        connection: &mut PgConnection,
        batch: &[Append],
        unknown: &mut Unknown,
        look_up: bool,
    ) -> Result<Option<Answers>, sqlx::Error> {
        let mut together = within(connection.begin()).await?;
        let state: State = within(sqlx::query_as(STATE_LOCKED).fetch_one(&mut *together)).await?;
        if !self.is_where_it_was(state) {
            self.take_in(&mut together, state).await?;
        } else if unknown.is_none() {
            self.contended = self.contended.saturating_sub(1);
        }
        if let Some(first) = unknown.as_ref().and_then(|plan| plan.events.first()) {
            let found = within(reader::receipts(&mut *together, &[&first.key])).await?;
            let is_written = found.get(&first.key).is_some_and(|receipt| *receipt == first.receipt);
            if is_written && let Some(plan) = unknown.take() {
                within(together.rollback()).await?;
                return Ok(Some(plan.results));
            }
            *unknown = None;
        }
        let (plan, looked_up) = self.plan(&mut together, batch, look_up).await?;
        if plan.events.is_empty() {
            within(together.rollback()).await?;
            return Ok(Some(self.settle(plan, Given::default())));
        }
        match self.write(&mut together, &plan).await {
            Ok(Some(given)) => match within(together.commit()).await {
                Ok(()) => Ok(Some(self.settle(plan, given))),
                Err(error) => {
                    *unknown = Some(plan);
                    Err(error)
                }
            },
            Ok(None) => Err(sqlx::Error::Protocol("the sequencer moved under its lock".into())),
            Err(error) if !looked_up && is_unique_violation(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn attempt(
        &mut self,
        batch: &[Append],
        unknown: &mut Unknown,
    ) -> Result<Answers, sqlx::Error> {
        // Taken out, so that a connection on which anything went wrong is never used again.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let mut answers = None;
        if unknown.is_none() && self.contended == 0 {
            answers = self.write_alone(&mut connection, batch, unknown).await?;
            if answers.is_none() {
                self.contended = CONTENDED_BATCHES;
            }
        }
        let mut look_up = false;
        while answers.is_none() {
            answers = self.write_locked(&mut connection, batch, unknown, look_up).await?;
            look_up = true;
        }
        self.connection = Some(connection);
        answers.ok_or_else(|| sqlx::Error::Protocol("a batch has no answers".into()))
    }
}
