//! How long something has until it is due, and which time does not count.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Serialize;
use subject_record_schemas::vocabulary::DeadlineReason;
use subject_record_schemas::{Position, Reference};

use crate::calendar::{Calendars, Counted};
use crate::due::{Due, legal_day};
use crate::rules::{DeadlineRule, DeadlineTerm, RulePack, StatedRule};
use crate::subject::midnight_after;

/// A term, the day from which it runs, and when it stood still.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    rule_id: String,
    rule_pack: String,
    term: DeadlineTerm,
    start: NaiveDate,
    pauses: Vec<Pause>,
}

/// A time in which a clock stands still, and why.
///
/// The day on which it stops has run; the day on which it goes on does not count, as no first day does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pause {
    /// Why.
    pub reason: DeadlineReason,
    /// The restriction, dispute, act or article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// From when on this clock stands.
    pub since: DateTime<Utc>,
    /// The event that stopped it.
    pub by: Position,
    /// Last day of the pause, where that was said beforehand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_day: Option<NaiveDate>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether an event ordered it, rather than that something stands which bars the act.
    #[serde(skip)]
    pub(super) is_ordered: bool,
}

impl Pause {
    /// When it is over, if that is known.
    pub(super) fn end(&self) -> Option<DateTime<Utc>> {
        self.ended_at.or_else(|| midnight_after(self.last_day?))
    }

    pub(super) fn stands_at(&self, at: DateTime<Utc>) -> bool {
        self.end().is_none_or(|end| end > at)
    }

    fn is_like(&self, other: &Self) -> bool {
        (&self.reason, &self.reference) == (&other.reason, &other.reference)
    }
}

impl Clock {
    /// Runs for the term of a rule.
    pub(super) fn by_rule(rule: &DeadlineRule, pack: &RulePack, start: NaiveDate) -> Self {
        let (rule_id, rule_pack) = (rule.id.to_string(), pack.name());
        Self { rule_id, rule_pack, term: rule.term, start, pauses: Vec::new() }
    }

    /// Runs until a day that the matter itself states.
    pub(super) fn as_stated(rule: &StatedRule, pack: &RulePack, start: NaiveDate, day: NaiveDate) -> Self {
        let mut clock = Self {
            rule_id: rule.id.to_string(),
            rule_pack: pack.name(),
            term: DeadlineTerm::CalendarDays { amount: 0, roll_forward: false },
            start,
            pauses: Vec::new(),
        };
        clock.put_off(start, day);
        clock
    }

    /// From `today` on it runs until another day, whatever it ran until before. What stands still stays so.
    pub(super) fn put_off(&mut self, today: NaiveDate, until: NaiveDate) {
        self.start = today.min(until);
        let days = (until - self.start).num_days();
        let amount = u16::try_from(days).unwrap_or(u16::MAX);
        self.term = DeadlineTerm::CalendarDays { amount, roll_forward: false };
    }

    /// The day from which it runs.
    pub(super) const fn start(&self) -> NaiveDate {
        self.start
    }

    /// Runs from another day.
    pub(super) const fn start_on(&mut self, day: NaiveDate) {
        self.start = day;
    }

    pub(super) fn pauses(&self) -> &[Pause] {
        &self.pauses
    }

    /// Stops it. One pause for one reason: what stops it already does so no second time.
    pub(super) fn pause(&mut self, pause: Pause) {
        let same = self.pauses.iter_mut().find(|known| known.stands_at(pause.since) && known.is_like(&pause));
        match same {
            Some(known) => known.is_ordered &= pause.is_ordered,
            None => self.pauses.push(pause),
        }
    }

    /// Ends the pauses that stand and that `ends` picks, and says whether there were any.
    pub(super) fn resume(&mut self, at: DateTime<Utc>, ends: impl Fn(&Pause) -> bool) -> bool {
        let mut some = false;
        for pause in self.pauses.iter_mut().filter(|pause| pause.stands_at(at) && ends(pause)) {
            pause.ended_at = Some(at);
            some = true;
        }
        some
    }

    /// When it is due; none while it stands still and nothing says until when.
    pub(super) fn due(&self, calendars: &Calendars) -> Option<Due> {
        let mut left = match self.term {
            DeadlineTerm::WorkingDays { amount } | DeadlineTerm::CalendarDays { amount, .. } => amount,
        };
        let mut start = self.start;
        let mut counted = self.count(start, left, calendars);
        for (from, until) in self.stands() {
            if counted.due < from {
                break;
            }
            left -= self.ran(start, from, left, calendars);
            start = until?;
            let next = self.count(start, left, calendars);
            let names = next.calendars.into_iter().filter(|name| !counted.calendars.contains(name));
            counted.calendars.extend(names.collect::<Vec<_>>());
            counted.due = next.due;
            counted.provisional |= next.provisional;
        }
        Some(self.named(counted))
    }

    /// When it would be due if it had never stood still.
    pub(super) fn due_unpaused(&self, calendars: &Calendars) -> Due {
        let (DeadlineTerm::WorkingDays { amount } | DeadlineTerm::CalendarDays { amount, .. }) = self.term;
        self.named(self.count(self.start, amount, calendars))
    }

    /// When it would be due by each table of a year that another has replaced, where that is another day.
    pub(super) fn due_otherwise(&self, due: &Due, calendars: &Calendars) -> Vec<Due> {
        let mut others = Vec::new();
        for year in self.start.year()..=due.last_day.year() {
            let Some((_, replaced)) = calendars.tables(year).split_last() else { continue };
            for table in replaced {
                let other = calendars.counted_by(year, &table.version).and_then(|tables| self.due(&tables));
                others.extend(other.filter(|other| other.last_day != due.last_day));
            }
        }
        others
    }

    fn named(&self, counted: Counted) -> Due {
        Due::of(counted, self.rule_id.clone(), self.rule_pack.clone())
    }

    fn count(&self, start: NaiveDate, days: u16, calendars: &Calendars) -> Counted {
        match self.term {
            DeadlineTerm::WorkingDays { .. } => calendars.add_working_days(start, days),
            DeadlineTerm::CalendarDays { roll_forward, .. } => {
                calendars.calendar_days(start, days, roll_forward)
            }
        }
    }

    /// Days of the term that ran after `start` and until the end of `last`, of those that were left.
    fn ran(&self, start: NaiveDate, last: NaiveDate, left: u16, calendars: &Calendars) -> u16 {
        let counts = |day: &NaiveDate| match self.term {
            DeadlineTerm::WorkingDays { .. } => calendars.is_working(*day),
            DeadlineTerm::CalendarDays { .. } => true,
        };
        let days = start.iter_days().skip(1).take_while(|day| *day <= last).filter(counts);
        u16::try_from(days.take(usize::from(left)).count()).unwrap_or(left)
    }

    /// Days between which it stands, in order and apart from each other: the last that ran, and the last that did
    /// not, if that is known.
    fn stands(&self) -> Vec<(NaiveDate, Option<NaiveDate>)> {
        let span = |pause: &Pause| {
            let from = legal_day(pause.since).max(self.start);
            let until = pause.ended_at.map(legal_day).or(pause.last_day);
            (from, until.map(|until| until.max(from)))
        };
        let mut spans: Vec<_> = self.pauses.iter().map(span).collect();
        spans.sort_unstable();
        let mut apart: Vec<(NaiveDate, Option<NaiveDate>)> = Vec::new();
        for (from, until) in spans {
            match apart.last_mut() {
                Some((_, last)) if last.is_none_or(|last| from <= last) => {
                    *last = last.zip(until).map(|(one, other)| one.max(other));
                }
                _ => apart.push((from, until)),
            }
        }
        apart
    }
}
