//! The times at which events are recorded.

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Reading;

/// The next recorded time: never before the last one, and never more than a minute off what the clock's own
/// running time says, since a wrong time could not be taken back.
#[derive(Debug)]
pub(super) struct RecordedTimes {
    last: Option<DateTime<Utc>>,
    trusted: Option<Reading>,
}

/// A clock that is set back or forward by more than this is not believed.
const CLOCK_LEAP_SECONDS_MAX: i64 = 60;

impl RecordedTimes {
    /// Times after `last`, the recorded time of the last event in the store.
    pub(super) fn after(last: Option<DateTime<Utc>>) -> Self {
        Self { last, trusted: None }
    }

    /// Takes over the recorded time of the last event in the store, when the outcome of a write is unknown. What
    /// is known of the clock stays known.
    pub(super) fn go_on_after(&mut self, last: Option<DateTime<Utc>>) {
        self.last = last;
    }

    /// Whether a reading of the clock is believed.
    pub(super) fn believes(&self, reading: Reading) -> bool {
        let leap_max = TimeDelta::seconds(CLOCK_LEAP_SECONDS_MAX);
        let leapt_back = self.last.is_some_and(|last| last - reading.wall > leap_max);
        let leapt = self.trusted.is_some_and(|trusted| {
            let ran = TimeDelta::from_std(reading.running.saturating_sub(trusted.running));
            ran.map_or(true, |ran| (reading.wall - trusted.wall - ran).abs() > leap_max)
        });
        !leapt && !leapt_back
    }

    /// The recorded time of events stored now, or `None` when the clock leapt.
    ///
    /// A leap forward shows against the clock's running time, so only while this process runs; a leap back
    /// shows against the last recorded time too. It heals when the clock is set right, or at a restart.
    pub(super) fn next(&mut self, reading: Reading) -> Option<DateTime<Utc>> {
        if !self.believes(reading) {
            return None;
        }
        self.trusted = Some(reading);
        let next = self.last.map_or(reading.wall, |last| last.max(reading.wall));
        self.last = Some(next);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SetClock};

    fn clock() -> SetClock {
        SetClock::at(DateTime::from_timestamp(1_770_000_000, 0).unwrap())
    }

    #[test]
    fn recorded_times_never_go_back() {
        let clock = clock();
        let mut times = RecordedTimes::after(None);
        let first = times.next(clock.read()).unwrap();
        clock.leap_to(first - TimeDelta::seconds(30));
        assert_eq!(times.next(clock.read()), Some(first));
    }

    #[test]
    fn a_leap_of_over_a_minute_is_not_believed_until_the_clock_is_set_right() {
        let clock = clock();
        let mut times = RecordedTimes::after(None);
        let first = times.next(clock.read()).unwrap();
        for leap in [61, -61, 31_536_000] {
            clock.leap_to(first + TimeDelta::seconds(leap));
            assert_eq!(times.next(clock.read()), None, "leap of {leap} s");
        }
        clock.leap_to(first);
        clock.run_to(first + TimeDelta::hours(9));
        assert_eq!(times.next(clock.read()), Some(first + TimeDelta::hours(9)), "a quiet night is no leap");
    }

    #[test]
    fn a_store_from_the_future_is_not_appended_to() {
        let clock = clock();
        let mut times = RecordedTimes::after(Some(clock.now() + TimeDelta::seconds(61)));
        assert_eq!(times.next(clock.read()), None);
    }
}
