//! A rebuild beside the live rows: readers see one state or the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use subject_record::projector::{Projection, RebuildError};
use subject_record_projections::acceptances::ACCEPTANCES;
use subject_record_projections::history::HISTORY;
use subject_record_schemas::Position;
use tempfile::TempDir;

use super::given::{Tape, digests, open, reach, small, year};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_events_arrive_a_reader_of_a_rebuild_never_sees_a_half_state() {
    let all = year().await.len() as u64;
    let (tape, folder) = (Tape::of(year().await), TempDir::new().unwrap());
    let projector = Arc::new(open(folder.path(), small(100), &tape).await);
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
    let files = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.filter(|name| name.ends_with(".db")).count(), 2, "old files are gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_given_up_leaves_the_live_rows_and_no_file() {
    let all = year().await.len() as u64;
    let (tape, folder) = (Tape::of(year().await), TempDir::new().unwrap());
    let projector = open(folder.path(), small(1), &tape).await;
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
    assert!(!folder.path().join("people-2.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_a_stop_cut_short_begins_again() {
    let all = year().await.len() as u64;
    let (tape, folder) = (Tape::of(year().await), TempDir::new().unwrap());
    let projector = open(folder.path(), small(1), &tape).await;
    tape.show(all);
    reach(&projector, all).await;
    let before = digests(&projector, all).await;
    std::mem::drop(projector.begin_rebuild(Projection::History).unwrap());
    tokio::task::yield_now().await;
    projector.stop().await;
    let projector = open(folder.path(), small(2000), &tape).await;
    while projector.reader(Projection::History).unwrap().generation() == 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(digests(&projector, all).await, before);
    projector.stop().await;
}
