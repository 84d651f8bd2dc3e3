use chrono::{Days, TimeZone, Utc};
use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// As it was counted before March 2026.
fn january() -> Calendars {
    Calendars::built_in().counted_by(2026, "kz-2026-1").unwrap()
}

fn published(year: u16, version: &str, days_off: &[&str], extra_working: &[&str]) -> WorkCalendarPublished {
    let dates = |days: &[&str]| days.iter().copied().map(day).collect();
    WorkCalendarPublished {
        year,
        version: version.parse().unwrap(),
        days_off: dates(days_off),
        extra_working: dates(extra_working),
        source_ref: "order-1".parse().unwrap(),
        published_at: Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).unwrap(),
    }
}

#[test]
fn the_built_in_tables_parse() {
    let file: CalendarFile = toml::from_str(include_str!("../rules/calendars.toml")).unwrap();
    assert_eq!(file.year.len(), 3);
}

/// Working days of each month, counted apart from the tables.
#[test]
fn months_and_years_have_as_many_working_days_as_were_published() {
    let now = Calendars::built_in();
    for (calendars, year, months, sum) in [
        (&now, 2025, [20, 20, 17, 22, 19, 20, 22, 21, 21, 22, 20, 22], 246),
        (&now, 2026, [19, 20, 18, 22, 17, 22, 22, 21, 22, 21, 21, 22], 247),
        (&january(), 2026, [19, 20, 18, 22, 17, 22, 22, 20, 22, 21, 21, 22], 246),
    ] {
        let worked = |month| {
            let days = NaiveDate::from_ymd_opt(year, month, 1).unwrap().iter_days();
            days.take_while(|d| d.month() == month).filter(|d| calendars.is_working(*d)).count()
        };
        let counted: Vec<_> = (1..=12).map(worked).collect();
        assert_eq!(counted, months, "{year}");
        assert_eq!(counted.iter().sum::<usize>(), sum, "{year}");
    }
}

#[test]
fn periods_of_working_days_end_on_the_days_that_were_counted_by_hand() {
    let (now, january) = (Calendars::built_in(), january());
    for (start, n, due, due_by_january) in [
        ("2024-12-31", 1, "2025-01-05", "2025-01-05"),
        ("2025-01-03", 1, "2025-01-05", "2025-01-05"),
        ("2025-03-20", 1, "2025-03-26", "2025-03-26"),
        ("2025-03-20", 3, "2025-03-28", "2025-03-28"),
        ("2025-12-01", 30, "2026-01-16", "2026-01-16"),
        ("2026-03-20", 1, "2026-03-26", "2026-03-26"),
        ("2026-03-20", 3, "2026-03-30", "2026-03-30"),
        ("2026-05-06", 3, "2026-05-13", "2026-05-13"),
        ("2026-08-28", 1, "2026-08-31", "2026-09-01"),
        ("2026-08-03", 30, "2026-09-14", "2026-09-15"),
    ] {
        assert_eq!(now.add_working_days(day(start), n).due, day(due), "{start} + {n}");
        let by_january = january.add_working_days(day(start), n).due;
        assert_eq!(by_january, day(due_by_january), "{start} + {n}, January table");
    }
}

#[test]
fn a_due_day_names_each_table_it_was_counted_by() {
    let calendars = Calendars::built_in();
    let over_new_year = calendars.add_working_days(day("2025-12-01"), 30);
    assert_eq!(over_new_year.calendars, ["kz-2025-1", "kz-2026-2"]);
    assert!(!over_new_year.provisional);
    let within = calendars.add_working_days(day("2024-12-31"), 1);
    assert_eq!(within.calendars, ["kz-2025-1"], "the day on which a period's event happens is not counted");
    assert_eq!(january().add_working_days(day("2026-08-28"), 1).calendars, ["kz-2026-1"]);
}

#[test]
fn beyond_the_tables_only_weekends_are_off_and_the_day_is_provisional() {
    let calendars = Calendars::built_in();
    let counted = calendars.add_working_days(day("2026-12-30"), 3);
    assert_eq!(counted.due, day("2027-01-04"), "1 January 2027 is a Friday");
    assert_eq!(counted.calendars, ["kz-2026-2"]);
    assert!(counted.provisional);
    assert!(!calendars.add_working_days(day("2026-12-30"), 1).provisional);
}

#[test]
fn a_published_table_counts_from_then_on_and_the_earlier_one_can_still_be_asked() {
    let mut calendars = Calendars::built_in();
    calendars.publish(&published(2027, "kz-2027-1", &["2027-01-01"], &["2027-01-02"]));
    let counted = calendars.add_working_days(day("2026-12-31"), 1);
    assert_eq!((counted.due, counted.provisional), (day("2027-01-02"), false));
    assert_eq!(counted.calendars, ["kz-2027-1"]);
    calendars.publish(&published(2027, "kz-2027-2", &["2027-01-01"], &[]));
    assert_eq!(calendars.add_working_days(day("2026-12-31"), 1).due, day("2027-01-04"));
    let versions: Vec<_> = calendars.tables(2027).iter().map(|table| table.version.as_str()).collect();
    assert_eq!(versions, ["kz-2027-1", "kz-2027-2"]);
    let before = calendars.counted_by(2027, "kz-2027-1").unwrap();
    assert_eq!(before.add_working_days(day("2026-12-31"), 1).due, day("2027-01-02"));
    assert_eq!(calendars.counted_by(2027, "kz-2027-9"), None);
}

#[test]
fn calendar_days_shift_only_when_the_rule_says_so() {
    let calendars = Calendars::built_in();
    let plain = calendars.calendar_days(day("2026-08-15"), 15, false);
    assert_eq!(plain, Counted { due: day("2026-08-30"), calendars: vec![], provisional: false });
    let shifted = calendars.calendar_days(day("2026-08-15"), 15, true);
    assert_eq!((shifted.due, shifted.calendars), (day("2026-08-31"), vec!["kz-2026-2".to_owned()]));
    assert_eq!(january().calendar_days(day("2026-08-15"), 15, true).due, day("2026-09-01"));
}

#[test]
fn the_end_of_the_tables_is_known_sixty_days_ahead() {
    let mut calendars = Calendars::built_in();
    assert_eq!(calendars.last_covered_day(), day("2026-12-31"));
    assert_eq!(calendars.days_left(day("2026-11-01")), 60);
    assert_eq!(calendars.days_left(day("2027-01-02")), -2);
    calendars.publish(&published(2028, "kz-2028-1", &[], &[]));
    assert_eq!(calendars.last_covered_day(), day("2026-12-31"), "2027 is missing");
    calendars.publish(&published(2027, "kz-2027-1", &[], &[]));
    assert_eq!(calendars.last_covered_day(), day("2028-12-31"));
}

#[test]
fn a_table_has_days_of_its_own_year_and_every_version_once() {
    let mut versions = BTreeSet::new();
    for table in Calendars::built_in().years.values().flatten() {
        assert!(versions.insert(table.version.clone()), "{}", table.version);
        assert!(table.days_off.iter().all(|day| day.year() == table.year && !is_weekend(*day)));
        assert!(table.extra_working.iter().all(|day| day.year() == table.year && is_weekend(*day)));
    }
}

#[test]
fn the_end_of_time_is_no_reason_to_fail() {
    let calendars = Calendars::built_in();
    assert_eq!(calendars.add_working_days(NaiveDate::MAX, 3).due, NaiveDate::MAX);
    assert_eq!(calendars.calendar_days(NaiveDate::MAX, 3, true).due, NaiveDate::MAX);
}

proptest! {
    #[test]
    fn a_later_start_or_a_longer_period_never_ends_earlier(start in 0_u64..1200, later in 0_u64..40, n in 0_u16..60) {
        let calendars = Calendars::built_in();
        let first = day("2024-06-01") + Days::new(start);
        let due = calendars.add_working_days(first, n).due;
        prop_assert!(calendars.add_working_days(first + Days::new(later), n).due >= due);
        let longer = calendars.add_working_days(first, n + 1).due;
        prop_assert!(longer > due || n == 0 && longer == due);
        prop_assert!(calendars.is_working(due));
        prop_assert!(due >= first);
    }

    #[test]
    fn a_period_holds_exactly_its_number_of_working_days(start in 0_u64..1200, n in 1_u16..60) {
        let calendars = Calendars::built_in();
        let start = day("2024-06-01") + Days::new(start);
        let due = calendars.add_working_days(start, n).due;
        let worked = start.iter_days().skip(1).take_while(|d| *d <= due).filter(|d| calendars.is_working(*d));
        prop_assert_eq!(worked.count(), usize::from(n));
    }

    #[test]
    fn no_working_days_end_on_the_start_or_the_next_working_day(start in 0_u64..1200) {
        let calendars = Calendars::built_in();
        let start = day("2024-06-01") + Days::new(start);
        let due = calendars.add_working_days(start, 0).due;
        prop_assert!(start.iter_days().take_while(|d| *d < due).all(|d| !calendars.is_working(d)));
        prop_assert_eq!(due == start, calendars.is_working(start));
    }
}
