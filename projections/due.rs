//! Due dates: when something is missed, and by which rule and calendar that was counted.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use crate::calendar::{Calendars, Counted};
use crate::rules::{DeadlineRule, DeadlineTerm, RulePack};
use crate::subject::{KAZAKHSTAN_OFFSET_SECONDS, midnight_after};

/// A due date and what it was counted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    /// Last day on which the act is in time, in Kazakhstan.
    pub last_day: NaiveDate,
    /// 24:00 of the last day: at this very instant an act is still in time, after it the act is late.
    pub instant: DateTime<Utc>,
    /// Rule that set it.
    pub rule_id: String,
    /// Pack of that rule, with its version: `kz-94v@2026-1`.
    pub rule_pack: String,
    /// Versions of the working-day tables it was counted by, by year; empty when none was needed.
    pub calendars: Vec<String>,
    /// Counted through a year without a table: it may move when that one is published.
    pub provisional: bool,
}

/// When something is due whose clock started at an instant.
#[must_use]
pub fn due(rule: &DeadlineRule, pack: &RulePack, start: DateTime<Utc>, calendars: &Calendars) -> Due {
    let start = legal_day(start);
    let counted = match rule.term {
        DeadlineTerm::WorkingDays { amount } => calendars.add_working_days(start, amount),
        DeadlineTerm::CalendarDays { amount, roll_forward } => {
            calendars.calendar_days(start, amount, roll_forward)
        }
    };
    Due::of(counted, rule.id.to_string(), pack.name())
}

impl Due {
    /// A counted day, with the names of the rule and the pack it was counted by.
    pub(crate) fn of(counted: Counted, rule_id: String, rule_pack: String) -> Self {
        let Counted { due: last_day, calendars, provisional } = counted;
        let instant = midnight_after(last_day).unwrap_or(DateTime::<Utc>::MAX_UTC);
        Self { last_day, instant, rule_id, rule_pack, calendars, provisional }
    }
}

/// The day in Kazakhstan on which an instant falls.
#[must_use]
pub fn legal_day(instant: DateTime<Utc>) -> NaiveDate {
    let offset = TimeDelta::seconds(i64::from(KAZAKHSTAN_OFFSET_SECONDS));
    instant.checked_add_signed(offset).unwrap_or(DateTime::<Utc>::MAX_UTC).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::DeadlineSubject;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn due_of(subject: DeadlineSubject, start: &str) -> Due {
        let (pack, start) = (RulePack::built_in(), at(start));
        due(pack.deadline(subject, legal_day(start)).unwrap(), pack, start, &Calendars::built_in())
    }

    #[test]
    fn a_due_date_names_its_rule_its_pack_and_its_calendars() {
        let due = due_of(DeadlineSubject::Claim, "2025-12-01T06:00:00Z");
        assert_eq!(due.last_day, day("2026-01-16"));
        assert_eq!(due.rule_id, "clause52-claim-30wd");
        assert_eq!(due.rule_pack, "kz-94v@2026-1");
        assert_eq!(due.calendars, ["kz-2025-1", "kz-2026-2"]);
        assert!(!due.provisional);
    }

    #[test]
    fn the_last_day_runs_until_midnight_in_kazakhstan() {
        let due = due_of(DeadlineSubject::BreachNotice, "2026-03-20T09:00:00Z");
        assert_eq!(due.last_day, day("2026-03-26"));
        assert_eq!(due.instant, at("2026-03-26T19:00:00Z"));
    }

    #[test]
    fn a_clock_starts_on_the_day_it_is_in_kazakhstan_not_in_greenwich() {
        assert_eq!(legal_day(at("2026-05-05T18:59:59Z")), day("2026-05-05"));
        assert_eq!(legal_day(at("2026-05-05T19:00:00Z")), day("2026-05-06"));
        let late_evening = due_of(DeadlineSubject::AccessRequest, "2026-05-05T19:30:00Z");
        assert_eq!(late_evening.last_day, day("2026-05-13"));
        assert_eq!(legal_day(DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC.date_naive());
    }

    #[test]
    fn fifteen_days_of_the_digital_code_end_on_a_sunday_if_it_is_the_fifteenth() {
        let due = due_of(DeadlineSubject::DestructionRequest, "2026-08-15T06:00:00Z");
        assert_eq!(due.last_day, day("2026-08-30"));
        assert!(due.calendars.is_empty());
    }

    #[test]
    fn a_due_date_in_a_year_without_a_table_is_provisional() {
        assert!(due_of(DeadlineSubject::DisclosureNotice, "2026-12-28T06:00:00Z").provisional);
    }
}
