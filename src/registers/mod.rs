//! The registers: every event, and what follows from them about consents, answers, disclosures, findings and looks.
//!
//! Each is one search over one table of the read models, at a moment (`as_of`) and as known at a position
//! (`known_at`). A search holds the file that it began in: a rebuild that ends meanwhile does not disturb it.

mod cursor;
mod register;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use subject_record_projections::acceptances::ACCEPTANCES;
use subject_record_projections::profile::PROFILE;
use subject_record_projections::table::{Cell, Shape, Table};
use subject_record_schemas::vocabulary::Language;
use subject_record_schemas::{Position, Reference};

pub use self::cursor::NoCursor;
use self::cursor::{cursor_of, text_of};
pub use self::register::*;
use crate::clock::Clock;
use crate::projector::{Filter, Projection, Projector, ReadError, ReadModel};
use crate::store::{EventStore, StoreError};
use crate::timeline::TimelineError;

/// People looked through for one page of those who have not answered.
const PEOPLE_LOOKED_THROUGH_MAX: usize = 5_000;

/// Answers questions to the registers.
#[derive(Debug)]
pub struct Registers {
    store: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
}

/// Which rows of a register.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Whose: a person's id, `policy` or `office`.
    pub subject: Option<String>,
    /// Listed from this instant on.
    pub from: Option<DateTime<Utc>>,
    /// Listed up to this instant, itself included.
    pub to: Option<DateTime<Utc>>,
    /// What columns hold.
    pub asked: Vec<Asked>,
    /// The newest first.
    pub newest_first: bool,
}

/// The moment at which a register is read, and the file that it is read in.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What had happened by then.
    pub as_of: DateTime<Utc>,
    /// What was recorded by then: never more than the rows know.
    pub known_at: Position,
    model: Arc<ReadModel>,
}

/// The moment that is asked about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// What had happened by then; now if absent.
    pub as_of: Option<DateTime<Utc>>,
    /// What was recorded by then; everything if absent.
    pub known_at: Option<Position>,
    /// The event that has to be known, and how long to wait for it.
    pub after: Option<(Position, Duration)>,
}

/// A page of rows, as they are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Value>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Why a register does not answer.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The rows do not know the event that they were to wait for.
    #[error("the rows are told up to position {reached} so far")]
    Behind {
        /// How far they are.
        reached: Position,
    },
    /// The cursor is none.
    #[error(transparent)]
    Cursor(#[from] NoCursor),
    /// The rows could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event could not be read.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        Self::Timeline(error.into())
    }
}

impl Registers {
    /// Over the events that read models come from.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Fixes the moment at which a table is read, once its rows know what they have to.
    ///
    /// # Errors
    /// [`RegisterError::Behind`] when they do not in time.
    pub async fn reading(
        &self,
        projector: &Projector,
        table: &Table,
        moment: Moment,
    ) -> Result<Reading, RegisterError> {
        let projection = Projection::of(table).ok_or(ReadError::Closed)?;
        if let Some((position, patience)) = moment.after {
            let waited = projector.wait_for(projection, position, patience).await;
            waited.map_err(|reached| RegisterError::Behind { reached })?;
        }
        let model = projector.reader(projection)?;
        let reached = model.progress().await?.position;
        Ok(Reading {
            as_of: moment.as_of.unwrap_or_else(|| self.clock.now()),
            known_at: moment.known_at.map_or(reached, |known| known.min(reached)),
            model,
        })
    }

    /// A page of a register.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn page(
        &self,
        register: &Register,
        reading: &Reading,
        search: &Search,
        cursor: Option<&str>,
        limit: u32,
        language: Language,
    ) -> Result<Page, RegisterError> {
        let table = register.table;
        let mut filter = filter_of(search);
        filter.cursor = cursor.map(|cursor| cursor_of(table, cursor)).transpose()?;
        // One more than is shown tells whether there are more.
        filter.limit = limit.saturating_add(1);
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let (as_of_us, known_at) = (reading.as_of.timestamp_micros(), reading.known_at);
        match table.shape {
            Shape::Versions => {
                let mut read = reading.model.versions(table, &filter, as_of_us, known_at).await?;
                let more = read.len() > shown;
                read.truncate(shown);
                let next = read.last().filter(|_| more).map(|last| text_of(&last.into()));
                Ok(Page { rows: rows::versions(&*self.store, read).await?, next })
            }
            Shape::Events => {
                let mut read = reading.model.events(table, &filter, as_of_us, known_at).await?;
                let more = read.len() > shown;
                read.truncate(shown);
                let next = read.last().filter(|_| more).map(|last| text_of(&last.into()));
                Ok(Page { rows: rows::events(&*self.store, table, read, language).await?, next })
            }
        }
    }

    /// People who are registered and have not answered a version of the policy, in the order in which their profiles
    /// are listed. A page may hold fewer than its limit, or none, and still lead on.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn unanswered(
        &self,
        version: &Reference,
        reading: &Reading,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page, RegisterError> {
        let (as_of_us, known_at) = (reading.as_of.timestamp_micros(), reading.known_at);
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut people = Filter {
            equals: vec![("standing", Cell::text("registered"))],
            cursor: cursor.map(|cursor| cursor_of(&PROFILE, cursor)).transpose()?,
            limit: limit.max(100),
            ..Filter::default()
        };
        let mut page = Page::default();
        let mut looked_through = 0;
        while looked_through < PEOPLE_LOOKED_THROUGH_MAX {
            let read = reading.model.versions(&PROFILE, &people, as_of_us, known_at).await?;
            let is_last = u32::try_from(read.len()).is_ok_and(|read| read < people.limit);
            for person in read {
                looked_through += 1;
                let here = (&person).into();
                let answer = Filter {
                    subject: Some(person.subject.clone()),
                    equals: vec![("policy_version", Cell::text(version.as_str()))],
                    limit: 1,
                    ..Filter::default()
                };
                if reading.model.versions(&ACCEPTANCES, &answer, as_of_us, known_at).await?.is_empty() {
                    page.rows.push(rows::person(&person));
                }
                if page.rows.len() == shown {
                    page.next = Some(text_of(&here));
                    return Ok(page);
                }
                people.cursor = Some(here);
            }
            if is_last {
                return Ok(page);
            }
        }
        page.next = people.cursor.as_ref().map(text_of);
        Ok(page)
    }
}

fn filter_of(search: &Search) -> Filter {
    let equals = search.asked.iter().map(|asked| match asked {
        Asked::Is(column, value) => (*column, value.clone()),
        Asked::Has(column, bit) => (*column, Cell::Integer(*bit)),
    });
    Filter {
        equals: equals.collect(),
        subject: search.subject.clone(),
        from_us: search.from.map(|from| from.timestamp_micros()),
        // The engine's end is open, the door's is the last moment that counts.
        to_us: search.to.map(|to| to.timestamp_micros().saturating_add(1)),
        newest_first: search.newest_first,
        ..Filter::default()
    }
}
