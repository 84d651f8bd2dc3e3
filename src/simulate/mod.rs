//! A believable platform over a year: invented people, their lives, and the documents that tell of them.
//!
//! [`Simulation`] is a pure function of seed, number of people and first day. Everything it tells of is a
//! document as an emitter would send it; [`fill`] sends it through intake under a clock that runs through the
//! simulated time. What a story makes unlawful on purpose is listed apart, as [`Planted`]: a test of the code
//! that judges compares, and that code must never read it.
//!
//! The first ten weeks belong to the office and one person, the showcase; everybody else registers after that.
//! So the showcase can be loaded and shown first, and recorded times still never go back.

mod calendar;
mod consenting;
mod disclosing;
mod fill;
mod governance;
mod life;
mod names;
mod people;
mod rights;
mod stories;
#[cfg(test)]
mod tests;
mod texts;
mod wire;
mod working;
mod world;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;
use subject_record_schemas::{EventId, SubjectId};

pub use self::fill::{FillError, fill};
pub use self::texts::{OPERATOR_ADDRESS, OPERATOR_BIN, OPERATOR_NAME};
pub use self::world::{OPENING_DAYS, YEAR_DAYS};
use life::Life;
use people::{Fate, Human};
use stories::{COMPANION_ARRIVES, story_of};
use world::World;

/// Subject id of the showcase.
pub const SHOWCASE: &str = "p-showcase-0001";
/// IIN of the showcase: of the nineteenth century.
pub const SHOWCASE_IIN: &str = "910708200012";
/// Phone number of the showcase.
pub const SHOWCASE_PHONE: &str = "+77000000001";
/// Source pattern of every event that is simulated: what the sending token has to own.
pub const SOURCES: &str = "platform/*";

/// What to simulate. Equal simulations give equal years, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// Seed of everything random.
    pub seed: u64,
    /// People besides the showcase.
    pub subjects: u32,
    /// First day. What is known of working days covers 2025 and 2026.
    pub start: NaiveDate,
}

/// What is told of a part of the simulated time, in the order in which it is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Year {
    /// Documents and when they are sent.
    pub events: Vec<SimulatedEvent>,
    /// What in them is unlawful on purpose.
    pub planted: Vec<Planted>,
    /// Texts that are published in that time.
    pub texts: Vec<PublishedText>,
}

/// A document as an emitter sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedEvent {
    /// When it is sent: a moment after it happened, or weeks.
    pub sent_at: DateTime<Utc>,
    /// The document.
    pub document: Value,
}

/// An unlawful fact that a story tells on purpose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Planted {
    /// Code of the finding, such as `F28`.
    pub finding: &'static str,
    /// The person whom it is about; nobody for what the office did.
    pub subject: Option<SubjectId>,
    /// The event that shows it, or that began it.
    pub event: EventId,
    /// What is wrong, in plain words.
    pub why: &'static str,
}

/// A text that documents name by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublishedText {
    /// SHA-256 of the body's bytes, in hexadecimal.
    pub hash: String,
    /// The text.
    pub body: String,
}

impl Simulation {
    /// First day of a simulation that ends on 16 November 2026.
    #[must_use]
    pub fn default_start() -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 9, 8).unwrap_or_default()
    }

    /// What the office puts in place, and the showcase's life: the first ten weeks.
    #[must_use]
    pub fn showcase(&self) -> Year {
        let world = World::new(self.seed, self.start);
        let mut office = Life::of_office(&world, Fate::Opening);
        governance::opening(&mut office);
        let mut life = Life::of(&world, Human::showcase(), Fate::Showcase);
        stories::showcase(&mut life);
        let texts = World::texts(0..OPENING_DAYS);
        Year { texts, ..Year::default() }.with(office).with(life).in_order()
    }

    /// Everybody else's lives, and what the office does in that year.
    #[must_use]
    pub fn everyone_else(&self) -> Year {
        let world = World::new(self.seed, self.start);
        let mut office = Life::of_office(&world, Fate::Office);
        office.go_to(world.at(OPENING_DAYS, 0));
        let touched = (0..self.subjects).filter(|index| story_of(*index).incident).count();
        governance::year(&mut office, touched);
        let texts = World::texts(OPENING_DAYS..OPENING_DAYS + YEAR_DAYS);
        let year = Year { texts, ..Year::default() }.with(office);
        (0..self.subjects).fold(year, |year, index| year.with(self.life(&world, index))).in_order()
    }

    /// Everything, in the order in which it is sent.
    #[must_use]
    pub fn year(&self) -> Year {
        let (mut year, rest) = (self.showcase(), self.everyone_else());
        year.events.extend(rest.events);
        year.planted.extend(rest.planted);
        year.texts.extend(rest.texts);
        year
    }

    /// The life of the person of an index, which depends on no other life.
    fn life<'w>(&self, world: &'w World, index: u32) -> Life<'w> {
        let story = story_of(index);
        let companion = index.checked_add(1).is_some_and(|next| story_of(next).of_two);
        let human = Human::of(self.seed, index);
        // Who consents for others, is consented for or registers twice is a person.
        let human = if companion || story.of_two { human.into_person() } else { human };
        let mut life = Life::of(world, human, Fate::Person(index));
        if story.of_two {
            life.neighbour = index.checked_sub(1).map(|before| Human::of(self.seed, before).into_person());
        }
        let (first, last) = if companion { COMPANION_ARRIVES } else { story.arrives };
        life.arrive(first, last);
        (story.tell)(&mut life);
        life
    }
}

impl Year {
    fn with(mut self, life: Life<'_>) -> Self {
        self.events.extend(life.events);
        self.planted.extend(life.planted);
        self
    }

    /// A stable sort: what one person tells keeps its order.
    fn in_order(mut self) -> Self {
        self.events.sort_by_key(|event| event.sent_at);
        self
    }
}
