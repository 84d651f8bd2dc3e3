//! Read model `deadlines`: what is due to whom, by which rule and calendar, and why a clock is paused.

use chrono::{DateTime, Utc};

use crate::assessor::{Step, Verdict};
use crate::findings::Docket;
use crate::governance::Governance;
use crate::versions::Draft;

/// Due dates of a stream that are open, and by which calendars they were counted last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deadlines {
    counted_at: DateTime<Utc>,
}

impl Deadlines {
    /// When the last calendar was published that open due dates were counted by.
    #[must_use]
    pub const fn counted_at(&self) -> DateTime<Utc> {
        self.counted_at
    }

    /// What an event makes due, pauses, moves or ends. The step's person is the one after the event.
    pub(crate) fn learn(&mut self, _step: &Step<'_>, _draft: &mut Draft<'_>) -> Vec<Verdict> {
        Vec::new()
    }

    /// Counts open due dates again by what was published by `at`.
    pub(crate) fn recount(
        &mut self,
        at: DateTime<Utc>,
        _office: &Governance,
        _docket: &Docket,
        _draft: &mut Draft<'_>,
    ) -> Vec<Verdict> {
        self.counted_at = at;
        Vec::new()
    }
}
