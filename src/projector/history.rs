//! The projection of every event by itself: what happened, and who looked.

use subject_record_projections::{accesses, history};

use super::batch::{Batch, Mark};
use super::engine::parse;
use super::log::LogEvent;
use super::progress::Stop;

/// Rows of events, up to the first that does not read.
pub(super) fn project(after: Mark, events: &[LogEvent]) -> (Batch, Option<Stop>) {
    let (items, stop) = parse(events, |_| true);
    let mut batch = Batch::after(after);
    for item in items {
        batch.reach(item.place);
        let Some(event) = &item.event else { continue };
        batch.rows.extend(accesses::row(&item.stream, event));
        batch.rows.push(history::row(&item.stream, event));
    }
    (batch, stop)
}
