//! A rebuild beside the live rows: readers see one state or the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use subject_record::projector::{Projection, RebuildError};
use subject_record_projections::acceptances::ACCEPTANCES;
use subject_record_projections::history::HISTORY;
use subject_record_schemas::Position;

use super::given::{On, Tape, digests, on_both, open, reach, small, year};

async fn while_events_arrive_a_reader_of_a_rebuild_never_sees_a_half_state(on: On) {
    let all = year().await.len() as u64;
    let (tape, folder) = (Tape::of(year().await), on.home().await);
    let projector = Arc::new(open(&folder, small(100), &tape).await);
    let begin = all / 2;
    tape.show(begin);
    reach(&projector, begin).await;
    let then: Vec<_> = digests(&projector, begin).await;
    let expected = |name: &str| then.iter().find(|(table, _)| *table == name).unwrap().1.clone();
    let (history, acceptances) = (expected("history"), expected("acceptances"));

    let done = Arc::new(AtomicBool::new(false));
    let reading = {
        let (projector, done) = (projector.clone(), done.clone());
        tokio::spawn(async move {
            let (mut last, mut generations) = ([0; 2], std::collections::BTreeSet::new());
            while !done.load(Ordering::Relaxed) {
                for (place, projection) in Projection::ALL.into_iter().enumerate() {
                    let reader = projector.reader(projection).unwrap();
                    let position = reader.progress().await.unwrap().position.number();
                    assert!(position >= last[place], "{position} after {}", last[place]);
                    last[place] = position;
                    generations.insert((projection.name(), reader.generation()));
                    let at = Position::new(begin);
                    let (table, expected) = if projection == Projection::History {
                        (&HISTORY, &history)
                    } else {
                        (&ACCEPTANCES, &acceptances)
                    };
                    assert_eq!(reader.digest(table, at).await.unwrap(), *expected);
                }
            }
            generations
        })
    };
    let writing = {
        let tape = tape.clone();
        tokio::spawn(async move {
            for shown in begin..=all {
                tape.show(shown);
                tokio::task::yield_now().await;
            }
        })
    };
    for _ in 0..3 {
        for projection in Projection::ALL {
            projector.rebuild(projection).await.unwrap();
        }
    }
    writing.await.unwrap();
    reach(&projector, all).await;
    done.store(true, Ordering::Relaxed);
    let generations = reading.await.unwrap();
    assert!(generations.len() > 2, "{generations:?}");
    projector.stop().await;
    drop(projector);
    for projection in Projection::ALL {
        let left = folder.generations(projection).await;
        // Readers in a schema have time to come to their end.
        assert_eq!(left, if on == On::Sqlite { 1 } else { 4 }, "of {}", projection.name());
    }
}

async fn a_rebuild_that_is_given_up_leaves_the_live_rows_and_no_file(on: On) {
    let all = year().await.len() as u64;
    let (tape, folder) = (Tape::of(year().await), on.home().await);
    let projector = open(&folder, small(on.batch_min()), &tape).await;
    tape.show(all);
    reach(&projector, all).await;
    let before = digests(&projector, all).await;
    let building = projector.begin_rebuild(Projection::People).unwrap();
    assert!(matches!(projector.begin_rebuild(Projection::People), Err(RebuildError::Running)));
    projector.cancel_rebuild(Projection::People);
    assert!(matches!(building.await.unwrap(), Err(RebuildError::Cancelled)));
    assert_eq!(digests(&projector, all).await, before);
    assert_eq!(projector.reader(Projection::People).unwrap().generation(), 1);
    projector.stop().await;
    assert_eq!(folder.generations(Projection::People).await, 1);
}

async fn a_rebuild_that_a_stop_cut_short_begins_again(on: On) {
    let all = year().await.len() as u64;
    let (tape, folder) = (Tape::of(year().await), on.home().await);
    let projector = open(&folder, small(on.batch_min()), &tape).await;
    tape.show(all);
    reach(&projector, all).await;
    let before = digests(&projector, all).await;
    std::mem::drop(projector.begin_rebuild(Projection::History).unwrap());
    tokio::task::yield_now().await;
    projector.stop().await;
    let projector = open(&folder, small(2000), &tape).await;
    while projector.reader(Projection::History).unwrap().generation() == 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(digests(&projector, all).await, before);
    projector.stop().await;
}

on_both! {
    while_events_arrive_a_reader_of_a_rebuild_never_sees_a_half_state,
    a_rebuild_that_is_given_up_leaves_the_live_rows_and_no_file,
    a_rebuild_that_a_stop_cut_short_begins_again,
}
