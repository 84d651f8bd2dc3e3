//! The projection of every event by itself: what happened, and who looked.

use subject_record_projections::{accesses, history};

use super::batch::{Batch, Place};
use super::engine::parse;
use super::file::Stop;
use super::log::LogEvent;

/// Rows of events, up to the first that does not read.
pub(super) fn project(after: Place, events: &[LogEvent]) -> (Batch, Option<Stop>) {
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
