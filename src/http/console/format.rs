//! Dates, times and spans as a reader in Kazakhstan writes them.

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, Offset as _, TimeDelta, Utc};
use subject_record_projections::subject::KAZAKHSTAN_OFFSET_SECONDS;
use subject_record_schemas::vocabulary::Language;

use super::words::Words;

/// Recorded within this many seconds of happening counts as at once.
const AT_ONCE_SECONDS: i64 = 60;

/// An instant by the clocks of Kazakhstan.
#[must_use]
pub(super) fn local(instant: DateTime<Utc>) -> DateTime<FixedOffset> {
    let offset = FixedOffset::east_opt(KAZAKHSTAN_OFFSET_SECONDS).unwrap_or_else(|| Utc.fix());
    instant.with_timezone(&offset)
}

/// A day in full: `12 марта 2026`, `2026 жылғы 12 наурыз`, `12 March 2026`.
#[must_use]
pub(super) fn day(language: Language, date: NaiveDate) -> String {
    let month = Words::of(language).dates.months.get(date.month0() as usize).copied().unwrap_or_default();
    let (number, year) = (date.day(), date.year());
    match language {
        Language::Ru | Language::En => format!("{number}\u{a0}{month} {year}"),
        Language::Kk => format!("{year}\u{a0}жылғы {number}\u{a0}{month}"),
    }
}

/// The name of a day of the week.
#[must_use]
pub(super) fn weekday(language: Language, date: NaiveDate) -> &'static str {
    let number = date.weekday().num_days_from_monday() as usize;
    Words::of(language).dates.weekdays.get(number).copied().unwrap_or_default()
}

/// A day in short: `12.03.2026`, and in English, where that could be read two ways, `12 Mar 2026`.
#[must_use]
pub(super) fn short_day(language: Language, date: NaiveDate) -> String {
    match language {
        Language::Ru | Language::Kk => date.format("%d.%m.%Y").to_string(),
        Language::En => date.format("%-d\u{a0}%b\u{a0}%Y").to_string(),
    }
}

/// Hour and minute in Kazakhstan.
#[must_use]
pub(super) fn clock(instant: DateTime<Utc>) -> String {
    local(instant).format("%H:%M").to_string()
}

/// Day and time to the second in Kazakhstan.
#[must_use]
pub(super) fn full(language: Language, instant: DateTime<Utc>) -> String {
    let local = local(instant);
    format!("{} {}", short_day(language, local.date_naive()), local.format("%H:%M:%S"))
}

/// For machines: RFC 3339 in UTC.
#[must_use]
pub(super) fn machine(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// The last day of a term, given the first instant after it.
#[must_use]
pub(super) fn last_day(until: DateTime<Utc>) -> NaiveDate {
    let before = until.checked_sub_signed(TimeDelta::nanoseconds(1)).unwrap_or(until);
    local(before).date_naive()
}

/// How much later than it happened a fact was recorded, in words; `None` when at once.
#[must_use]
pub(super) fn lateness(
    language: Language,
    occurred: DateTime<Utc>,
    recorded: DateTime<Utc>,
) -> Option<String> {
    let late = recorded.signed_duration_since(occurred);
    if late.num_seconds() < AT_ONCE_SECONDS {
        return None;
    }
    let words = &Words::of(language).dates;
    let (number, unit) = match (late.num_minutes(), late.num_hours(), late.num_days()) {
        (minutes, 0, _) => (minutes, words.minutes),
        (_, hours, days) if days < 2 => (hours, words.hours),
        (_, _, days) => (days, words.days),
    };
    Some(format!("{}{number}\u{a0}{unit}{}", words.late_before, words.late_after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_at_midnight_in_kazakhstan() {
        let late_evening = instant("2026-03-11T18:59:59Z");
        let midnight = instant("2026-03-11T19:00:00Z");
        assert_eq!(local(late_evening).date_naive().to_string(), "2026-03-11");
        assert_eq!(local(midnight).date_naive().to_string(), "2026-03-12");
        assert_eq!(clock(midnight), "00:00");
        assert_eq!(last_day(midnight).to_string(), "2026-03-11");
    }

    #[test]
    fn a_day_is_written_as_each_language_writes_it() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 12).unwrap();
        assert_eq!(day(Language::Ru, date), "12\u{a0}марта 2026");
        assert_eq!(day(Language::Kk, date), "2026\u{a0}жылғы 12\u{a0}наурыз");
        assert_eq!(day(Language::En, date), "12\u{a0}March 2026");
        assert_eq!(weekday(Language::Kk, date), "бейсенбі");
        assert_eq!(short_day(Language::Ru, date), "12.03.2026");
        assert_eq!(short_day(Language::En, date), "12\u{a0}Mar\u{a0}2026");
    }

    #[test]
    fn lateness_is_told_in_the_largest_fitting_unit_and_not_at_all_within_a_minute() {
        let occurred = instant("2026-03-12T09:00:00Z");
        let late = |seconds| lateness(Language::Ru, occurred, occurred + TimeDelta::seconds(seconds));
        assert_eq!(late(59), None);
        assert_eq!(late(-5), None);
        assert_eq!(late(60).unwrap(), "записано на 1\u{a0}мин позже");
        assert_eq!(late(3 * 3600 + 100).unwrap(), "записано на 3\u{a0}ч позже");
        assert_eq!(late(47 * 3600).unwrap(), "записано на 47\u{a0}ч позже");
        assert_eq!(late(4 * 86_400).unwrap(), "записано на 4\u{a0}дн. позже");
        let kk = lateness(Language::Kk, occurred, occurred + TimeDelta::hours(3));
        assert_eq!(kk.unwrap(), "3\u{a0}сағ кейін жазылған");
    }
}
