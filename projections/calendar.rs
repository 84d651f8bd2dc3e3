//! Working days of Kazakhstan, five-day week, and how a period is counted by them (Civil Code 172-176).
//!
//! The tables are data: those built in (`rules/calendars.toml`), and those published later as events. A period
//! starts on the day after its event and may be used until 24:00 of its last day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};
use subject_record_schemas::types::governance::WorkCalendarPublished;

static BUILT_IN: LazyLock<Calendars> = LazyLock::new(|| {
    // A test parses the file. Without it no day can be counted, and nothing may be judged.
    let Ok(file) = toml::from_str::<CalendarFile>(include_str!("rules/calendars.toml")) else {
        std::process::abort()
    };
    let mut calendars = Calendars { years: BTreeMap::new(), newest_built_in: i32::MIN };
    for table in file.year {
        calendars.newest_built_in = calendars.newest_built_in.max(table.year);
        calendars.add(Arc::new(table));
    }
    calendars
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    year: Vec<WorkingYear>,
}

/// The working days of one year, as published.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkingYear {
    /// Year it is for.
    pub year: i32,
    /// Version of that year's table, such as `kz-2026-2`.
    pub version: String,
    /// Where it was taken from.
    pub source_note: String,
    /// Days off other than Saturdays and Sundays.
    pub days_off: BTreeSet<NaiveDate>,
    /// Saturdays and Sundays that are worked.
    pub extra_working: BTreeSet<NaiveDate>,
}

/// The last day of a period, and what it was counted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Last day of the period.
    pub due: NaiveDate,
    /// Versions of the tables that were looked at, by year.
    pub calendars: Vec<String>,
    /// A year without a table was looked at: there only Saturdays and Sundays counted as days off.
    pub provisional: bool,
}

/// What is known of working days: of each year, every table in the order in which it became known. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendars {
    years: BTreeMap<i32, Vec<Arc<WorkingYear>>>,
    newest_built_in: i32,
}

impl From<&WorkCalendarPublished> for WorkingYear {
    fn from(published: &WorkCalendarPublished) -> Self {
        Self {
            year: i32::from(published.year),
            version: published.version.to_string(),
            source_note: published.source_ref.to_string(),
            days_off: published.days_off.iter().copied().collect(),
            extra_working: published.extra_working.iter().copied().collect(),
        }
    }
}

impl WorkingYear {
    fn is_working(&self, day: NaiveDate) -> bool {
        if is_weekend(day) { self.extra_working.contains(&day) } else { !self.days_off.contains(&day) }
    }
}

impl Calendars {
    /// What was known when this program was built: 2025 and 2026.
    #[must_use]
    pub fn built_in() -> Self {
        BUILT_IN.clone()
    }

    /// Takes in a published table (E07): from now on it counts for its year.
    ///
    /// The caller decides what is known, and gives the events in the order in which they were recorded.
    pub fn publish(&mut self, published: &WorkCalendarPublished) {
        self.add(Arc::new(published.into()));
    }

    fn add(&mut self, table: Arc<WorkingYear>) {
        self.years.entry(table.year).or_default().push(table);
    }

    /// The table that counts for a year; none for a year that nobody has published.
    #[must_use]
    pub fn table(&self, year: i32) -> Option<&WorkingYear> {
        self.tables(year).last().map(AsRef::as_ref)
    }

    /// Every table of a year, in the order in which they became known: the last one counts.
    #[must_use]
    pub fn tables(&self, year: i32) -> &[Arc<WorkingYear>] {
        self.years.get(&year).map_or(&[], Vec::as_slice)
    }

    /// The same calendars, counted by another table of one year: what a due date was under a superseded one.
    /// None when that year has no table of that version.
    #[must_use]
    pub fn counted_by(&self, year: i32, version: &str) -> Option<Self> {
        let table = self.tables(year).iter().rfind(|table| table.version == version)?.clone();
        let mut calendars = self.clone();
        calendars.add(table);
        Some(calendars)
    }

    /// Whether a day is worked. A year without a table has only Saturdays and Sundays off.
    #[must_use]
    pub fn is_working(&self, day: NaiveDate) -> bool {
        self.table(day.year()).map_or_else(|| !is_weekend(day), |table| table.is_working(day))
    }

    /// The `n`-th working day after `start`. With `n` 0 it is `start` itself, or the next working day.
    #[must_use]
    pub fn add_working_days(&self, start: NaiveDate, n: u16) -> Counted {
        let mut walk = Walk::new(self);
        if n == 0 {
            return walk.until_working(start);
        }
        let mut day = start;
        for _ in 0..n {
            day = match day.succ_opt() {
                Some(next) => walk.first_working(next),
                None => break,
            };
        }
        walk.ends_on(day)
    }

    /// The `n`-th day after `start`, whatever day that is; with `roll_forward`, an end on a day off moves to the
    /// next working day (Civil Code 175).
    #[must_use]
    pub fn calendar_days(&self, start: NaiveDate, n: u16, roll_forward: bool) -> Counted {
        let end = start.checked_add_days(chrono::Days::new(u64::from(n))).unwrap_or(NaiveDate::MAX);
        let walk = Walk::new(self);
        if roll_forward { walk.until_working(end) } else { walk.ends_on(end) }
    }

    /// The last day that has a table: from the built-in years on, without a gap.
    #[must_use]
    pub fn last_covered_day(&self) -> NaiveDate {
        let mut year = self.newest_built_in;
        while self.years.contains_key(&(year + 1)) {
            year += 1;
        }
        NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(NaiveDate::MAX)
    }

    /// Days from `today` to the last covered one; below 0 when the tables have run out.
    #[must_use]
    pub fn days_left(&self, today: NaiveDate) -> i64 {
        self.last_covered_day().signed_duration_since(today).num_days()
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// A walk over days, which remembers the tables that it looked at.
struct Walk<'c> {
    calendars: &'c Calendars,
    /// The year it is in, and that year's table.
    year: Option<(i32, Option<&'c WorkingYear>)>,
    versions: Vec<String>,
    provisional: bool,
}

impl<'c> Walk<'c> {
    fn new(calendars: &'c Calendars) -> Self {
        Self { calendars, year: None, versions: Vec::new(), provisional: false }
    }

    fn is_working(&mut self, day: NaiveDate) -> bool {
        let table = match self.year {
            Some((year, table)) if year == day.year() => table,
            _ => {
                let table = self.calendars.table(day.year());
                self.versions.extend(table.map(|table| table.version.clone()));
                self.provisional |= table.is_none();
                self.year = Some((day.year(), table));
                table
            }
        };
        table.map_or_else(|| !is_weekend(day), |table| table.is_working(day))
    }

    /// The first working day from `day` on; the last day there is when no other follows.
    fn first_working(&mut self, mut day: NaiveDate) -> NaiveDate {
        while !self.is_working(day) {
            match day.succ_opt() {
                Some(next) => day = next,
                None => break,
            }
        }
        day
    }

    fn until_working(mut self, day: NaiveDate) -> Counted {
        let due = self.first_working(day);
        self.ends_on(due)
    }

    fn ends_on(self, due: NaiveDate) -> Counted {
        Counted { due, calendars: self.versions, provisional: self.provisional }
    }
}

#[cfg(test)]
mod tests;
