//! Which rules and working days are in force.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use subject_record_projections::calendar::Calendars;
use subject_record_projections::due::legal_day;
use subject_record_projections::governance::{Governance, Published};
use subject_record_projections::rules::RulePack;
use subject_record_schemas::Position;
use subject_record_schemas::reference::TextHash;
use subject_record_schemas::types::governance::{RulePackPublished, WorkCalendarPublished};

use super::{Rulebook, start_of};
use crate::governed::UnreadPack;
use crate::timeline::TimelineError;

/// Years that a published table of working days may be for.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

/// Rules and working days in force at an instant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Current {
    /// The day in Kazakhstan that was asked about.
    pub today: NaiveDate,
    /// The pack in force.
    pub pack: Pack,
    /// Every pack known by then, the one of the program first, then in the order of publication.
    pub packs: Vec<Pack>,
    /// Published packs by which nothing is judged, since their text does not read.
    pub unread_packs: Vec<UnreadPack>,
    /// Every table of working days known by then, by year and in the order in which they became known.
    pub calendars: Vec<Calendar>,
    /// Last day up to which working days are known without a gap.
    pub last_covered_day: NaiveDate,
    /// Days from today to that day; below 0 when the tables have run out.
    pub days_left: i64,
}

/// A rule pack.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pack {
    /// Name and version, as due dates and findings name it: `kz-94v@2026-1`.
    pub name: String,
    /// Whether it is the one in force.
    pub in_force: bool,
    /// From when its rules hold.
    pub effective_at: DateTime<Utc>,
    /// SHA-256 of its text, if it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_hash: Option<TextHash>,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// A table of the working days of a year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calendar {
    /// Year it is for.
    pub year: i32,
    /// Version of that year's table.
    pub version: String,
    /// Whether days are counted by it: the last one of a year is.
    pub counts: bool,
    /// Days off other than Saturdays and Sundays.
    pub days_off: usize,
    /// Saturdays and Sundays that are worked.
    pub extra_working: usize,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// Where rules or working days come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum Origin {
    /// They are part of the program.
    BuiltIn,
    /// They were published by an event.
    Published {
        /// When.
        published_at: DateTime<Utc>,
        /// The event.
        position: Position,
    },
}

impl<T> From<&Published<T>> for Origin {
    fn from(published: &Published<T>) -> Self {
        Self::Published { published_at: published.at, position: published.position }
    }
}

impl Rulebook {
    /// Rules and working days in force at an instant, by all that is recorded now.
    ///
    /// # Errors
    /// When the store fails or the `policy` stream does not read.
    pub async fn current(&self, at: DateTime<Utc>) -> Result<Current, TimelineError> {
        let office = self.governed.at(None).await?;
        let unread = self.governed.unread().await?;
        Ok(current(&office, unread.as_ref().clone(), at))
    }
}

fn current(office: &Governance, unread_packs: Vec<UnreadPack>, at: DateTime<Utc>) -> Current {
    let rules = office.rules(at).name();
    let built_in = RulePack::built_in();
    let mut packs = vec![Pack {
        name: built_in.name(),
        in_force: false,
        effective_at: start_of(built_in.effective_from),
        text_hash: None,
        origin: Origin::BuiltIn,
    }];
    packs.extend(office.rule_packs(at).iter().map(pack_of));
    let readable = |pack: &&mut Pack| {
        !unread_packs.iter().any(|unread| pack.text_hash.as_ref() == Some(&unread.text_hash))
    };
    // The name tells the pack. Of two entries with one name, the program's own and the same text published, the
    // published one counts.
    let mut in_force = packs.iter_mut().rev().filter(readable).filter(|pack| pack.name == rules);
    if let Some(pack) = in_force.next() {
        pack.in_force = true;
    }
    let pack = packs.iter().find(|pack| pack.in_force).unwrap_or(&packs[0]).clone();
    let (calendars, today) = (office.working_days(at), legal_day(at));
    Current {
        today,
        pack,
        packs,
        unread_packs,
        last_covered_day: calendars.last_covered_day(),
        days_left: calendars.days_left(today),
        calendars: tables(&calendars, office.calendars(at)),
    }
}

fn pack_of(published: &Published<RulePackPublished>) -> Pack {
    Pack {
        name: super::name_of(&published.fact),
        in_force: false,
        effective_at: published.fact.effective_at,
        text_hash: Some(published.fact.text_hash.clone()),
        origin: published.into(),
    }
}

/// Every table. Those of the program stand before those that were published.
fn tables(calendars: &Calendars, published: &[Published<WorkCalendarPublished>]) -> Vec<Calendar> {
    let built_in = Calendars::built_in();
    let of_year = |year: i32| {
        let tables = calendars.tables(year);
        let events = published.iter().filter(move |published| i32::from(published.fact.year) == year);
        let built_in = built_in.tables(year).iter().map(|_| Origin::BuiltIn);
        let origins: Vec<_> = built_in.chain(events.map(Origin::from)).collect();
        tables.iter().zip(origins).enumerate().map(move |(at, (table, origin))| Calendar {
            year,
            version: table.version.clone(),
            counts: at + 1 == tables.len(),
            days_off: table.days_off.len(),
            extra_working: table.extra_working.len(),
            origin,
        })
    };
    YEARS.flat_map(of_year).collect()
}
