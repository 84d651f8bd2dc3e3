//! The same rows, however the events come in.

use super::given::{On, Tape, digests, on_both, open, reach, small, year};
use subject_record::projector::Projection;

/// Digests after the last of `steps`, each of which shows more of the log.
async fn after(on: On, steps: &[u64], batch_events: u32) -> Vec<(&'static str, String)> {
    let (tape, folder) = (Tape::of(year().await), on.home().await);
    let projector = open(&folder, small(batch_events), &tape).await;
    let mut last = 0;
    for step in steps {
        tape.show(*step);
        reach(&projector, *step).await;
        last = *step;
    }
    let found = digests(&projector, last).await;
    projector.stop().await;
    found
}

async fn batches_of_any_size_give_the_same_rows(on: On) {
    let all = year().await.len() as u64;
    let expected = after(on, &[all], 2000).await;
    for batch_events in [on.batch_min(), 7] {
        assert_eq!(after(on, &[all], batch_events).await, expected, "batches of {batch_events}");
    }
    let empty = after(on, &[1], 2000).await;
    assert!(expected.iter().zip(&empty).any(|(full, empty)| full != empty), "{empty:?}");
}

async fn rows_built_anew_after_any_prefix_are_those_that_were_followed(on: On) {
    let all = year().await.len() as u64;
    let (tape, folder) = (Tape::of(year().await), on.home().await);
    let projector = open(&folder, small(50), &tape).await;
    let mut earlier = Vec::new();
    for prefix in [1, 30, all / 3, all / 2, all - 1, all] {
        tape.show(prefix);
        reach(&projector, prefix).await;
        let live = digests(&projector, prefix).await;
        for projection in Projection::ALL {
            projector.rebuild(projection).await.unwrap();
            assert!(projector.reader(projection).unwrap().generation() > 1);
        }
        assert_eq!(digests(&projector, prefix).await, live, "after {prefix} events");
        earlier.push((prefix, live));
    }
    for (prefix, then) in earlier {
        assert_eq!(digests(&projector, prefix).await, then, "what was known at {prefix} stays known");
    }
    projector.stop().await;
}

async fn a_start_goes_on_where_the_last_one_ended(on: On) {
    let all = year().await.len() as u64;
    let expected = after(on, &[all], 2000).await;
    let (tape, folder) = (Tape::of(year().await), on.home().await);
    for step in [17, 200, all / 2, all] {
        let projector = open(&folder, small(20), &tape).await;
        tape.show(step);
        reach(&projector, step).await;
        projector.stop().await;
    }
    let projector = open(&folder, small(20), &tape).await;
    assert_eq!(digests(&projector, all).await, expected);
    projector.stop().await;
}

on_both! {
    batches_of_any_size_give_the_same_rows,
    rows_built_anew_after_any_prefix_are_those_that_were_followed,
    a_start_goes_on_where_the_last_one_ended,
}
