//! Working days of Kazakhstan, five-day week, as far as simulated people and offices need them.
//!
//! The simulator counts by itself, and does not ask the code that judges: so each can find a mistake of the other.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};

/// Hours by which the one time zone of Kazakhstan is ahead of UTC since 1 March 2024.
const OFFSET_HOURS: i64 = 5;

/// The working days of one year, as published.
pub(super) struct YearTable {
    /// Year it is for.
    pub(super) year: i32,
    /// Version of that year's table.
    pub(super) version: &'static str,
    /// Days off (month, day) other than Saturdays and Sundays.
    pub(super) days_off: &'static [(u32, u32)],
    /// Saturdays and Sundays (month, day) that are worked.
    pub(super) extra_working: &'static [(u32, u32)],
}

/// The tables, oldest first. In March 2026 it became known that 30 August is no holiday any more.
pub(super) const TABLES: [YearTable; 3] = [
    YearTable {
        year: 2025,
        version: "2025-1",
        days_off: &[
            (1, 1),
            (1, 2),
            (1, 3),
            (1, 7),
            (3, 10),
            (3, 21),
            (3, 24),
            (3, 25),
            (5, 1),
            (5, 7),
            (5, 9),
            (6, 6),
            (7, 7),
            (9, 1),
            (10, 27),
            (12, 16),
        ],
        extra_working: &[(1, 5)],
    },
    YearTable {
        year: 2026,
        version: "2026-1",
        days_off: &[
            (1, 1),
            (1, 2),
            (1, 7),
            (3, 9),
            (3, 23),
            (3, 24),
            (3, 25),
            (5, 1),
            (5, 7),
            (5, 11),
            (5, 27),
            (7, 6),
            (8, 31),
            (10, 26),
            (12, 16),
        ],
        extra_working: &[],
    },
    YearTable {
        year: 2026,
        version: "2026-2",
        days_off: &[
            (1, 1),
            (1, 2),
            (1, 7),
            (3, 9),
            (3, 23),
            (3, 24),
            (3, 25),
            (5, 1),
            (5, 7),
            (5, 11),
            (5, 27),
            (7, 6),
            (10, 26),
            (12, 16),
        ],
        extra_working: &[],
    },
];

/// Day from which the later table of 2026 is known.
pub(super) fn corrected_from() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 19).unwrap_or_default()
}

impl YearTable {
    /// The table for a day, as known on another; none for years that nobody has published.
    pub(super) fn of(day: NaiveDate, known_on: NaiveDate) -> Option<&'static Self> {
        let known = |table: &&Self| table.version != "2026-2" || known_on >= corrected_from();
        TABLES.iter().filter(known).rfind(|table| table.year == day.year())
    }

    /// The days of a list, as dates.
    pub(super) fn dates(&self, days: &[(u32, u32)]) -> Vec<NaiveDate> {
        days.iter().filter_map(|&(month, day)| NaiveDate::from_ymd_opt(self.year, month, day)).collect()
    }
}

/// Whether a day is worked, as known on another day. Years without a table have weekends only.
pub(super) fn is_working(day: NaiveDate, known_on: NaiveDate) -> bool {
    let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let month_and_day = (day.month(), day.day());
    match YearTable::of(day, known_on) {
        Some(table) if weekend => table.extra_working.contains(&month_and_day),
        Some(table) => !table.days_off.contains(&month_and_day),
        None => !weekend,
    }
}

/// The last day of a term of working days, which starts on the day after `from`.
pub(super) fn add_working_days(from: NaiveDate, working_days: u32, known_on: NaiveDate) -> NaiveDate {
    let mut day = from;
    let mut left = working_days;
    while left > 0 {
        day = day + Days::new(1);
        if is_working(day, known_on) {
            left -= 1;
        }
    }
    day
}

/// The day on the calendar of Kazakhstan.
pub(super) fn local_day(instant: DateTime<Utc>) -> NaiveDate {
    (instant + TimeDelta::hours(OFFSET_HOURS)).date_naive()
}

/// Seconds since midnight in Kazakhstan.
pub(super) fn local_seconds(instant: DateTime<Utc>) -> i64 {
    (instant - at_local(local_day(instant), 0)).num_seconds()
}

/// The instant of a day in Kazakhstan, by milliseconds since its midnight.
pub(super) fn at_local(day: NaiveDate, milliseconds: u32) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(OFFSET_HOURS);
    midnight + TimeDelta::milliseconds(i64::from(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Working days of each month, counted apart from the tables.
    #[test]
    fn months_have_as_many_working_days_as_were_published() {
        for (known_on, year, months) in [
            ("2026-04-01", 2025, [20, 20, 17, 22, 19, 20, 22, 21, 21, 22, 20, 22]),
            ("2026-04-01", 2026, [19, 20, 18, 22, 17, 22, 22, 21, 22, 21, 21, 22]),
            ("2026-01-01", 2026, [19, 20, 18, 22, 17, 22, 22, 20, 22, 21, 21, 22]),
        ] {
            for (month, expected) in (1..).zip(months) {
                let days = NaiveDate::from_ymd_opt(year, month, 1).unwrap().iter_days();
                let worked =
                    days.take_while(|d| d.month() == month).filter(|d| is_working(*d, day(known_on))).count();
                assert_eq!(worked, expected, "{year}-{month} as known on {known_on}");
            }
        }
    }

    #[test]
    fn terms_end_on_the_days_that_were_counted_by_hand() {
        for (from, term, known_on, due) in [
            ("2025-01-03", 1, "2025-01-03", "2025-01-05"),
            ("2025-03-20", 3, "2025-03-20", "2025-03-28"),
            ("2025-12-01", 30, "2025-12-01", "2026-01-16"),
            ("2026-03-20", 1, "2026-03-20", "2026-03-26"),
            ("2026-08-28", 1, "2026-01-10", "2026-09-01"),
            ("2026-08-28", 1, "2026-04-10", "2026-08-31"),
            ("2026-08-03", 30, "2026-04-10", "2026-09-14"),
        ] {
            assert_eq!(add_working_days(day(from), term, day(known_on)), day(due), "{from} + {term}");
        }
    }
}
