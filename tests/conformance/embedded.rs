//! What only the embedded engine can get wrong: its file, its writer, its queue.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use subject_record::clock::{Entropy, SeededEntropy};
use subject_record::store::sql::SqlStore;
use subject_record::store::sqlite::SqliteSettings;
use subject_record::store::{
    Append, AppendError, EventStore, ExpectedRevision, Names, Outcome, SealedBox, SealedEvent, StoreError,
};
use subject_record_schemas::{Position, Revision};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::checker::check_log;
use super::given::{Shape, any, append, clock, event, expecting, key, morning, open, person, record};
use crate::traces::traces_in;

/// A connection of somebody who does not go through the store.
async fn intruder(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join("events.db")).connect().await.unwrap()
}

/// What the file answers to a statement: nothing, or why it refuses.
async fn refusal(file: &mut SqliteConnection, sql: &'static str) -> String {
    let result = sqlx::query(sql).execute(file).await;
    result.err().and_then(|error| Some(error.as_database_error()?.message().to_owned())).unwrap_or_default()
}

#[tokio::test]
async fn an_opened_file_goes_on_where_it_ended() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let store = open(folder.path(), SqliteSettings::default(), &clock).await;
    let first = record(&store, any(&person(1), [event("e-1").registering(), event("e-2").boxed(2)])).await;
    record(&store, any(&person(2), [event("e-3").fencing()])).await;
    drop(store);

    let store = open(folder.path(), SqliteSettings::default(), &clock).await;
    assert_eq!(*store.subscribe().borrow(), Position::new(3));
    let again =
        append(&store, expecting(ExpectedRevision::NoStream, &person(1), [event("e-2")])).await.unwrap();
    assert_eq!(again.outcomes, [Outcome::AlreadyRecorded(first[1].clone())]);
    let registered = append(&store, any(&person(1), [event("e-4").registering()])).await;
    assert!(matches!(registered, Err(AppendError::AlreadyRegistered)), "{registered:?}");
    let fenced = append(&store, any(&person(2), [event("e-4").boxed(4)])).await;
    assert!(matches!(fenced, Err(AppendError::Fenced)), "{fenced:?}");
    let exactly = ExpectedRevision::Exactly(Revision::new(1));
    let next = record(&store, expecting(exactly, &person(1), [event("e-4")])).await.remove(0);
    assert_eq!((next.position, next.revision), (Position::new(4), Revision::new(2)));
    assert_eq!(check_log(&store).await.unwrap().events.len(), 4);
}

#[tokio::test]
async fn more_streams_than_heads_are_kept_in_memory_make_no_difference() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let settings = SqliteSettings { stream_heads_max: 2, batch_events_max: 2, ..SqliteSettings::default() };
    let store = open(folder.path(), settings, &clock).await;
    for round in 0..4 {
        let one = |stream| any(&person(stream), [event(&format!("e-{stream}-{round}"))]);
        for result in store.append_each((0..5).map(one).collect()).await {
            assert_eq!(result.unwrap().head, Some(Revision::new(round)));
        }
    }
    assert_eq!(check_log(&store).await.unwrap().events.len(), 20);
}

#[tokio::test]
async fn attack_the_file_refuses_to_change_or_delete_events() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let store = open(folder.path(), SqliteSettings::default(), &clock).await;
    record(&store, any(&person(1), [event("e-1"), event("e-2")])).await;
    let before = check_log(&store).await.unwrap().events;
    let mut file = intruder(folder.path()).await;
    for sql in [
        "UPDATE events SET body = '{}' WHERE position = 1",
        "UPDATE events SET recorded_us = 0",
        "DELETE FROM events WHERE position = 2",
        "DELETE FROM events",
    ] {
        assert_eq!(refusal(&mut file, sql).await, "events are immutable", "{sql}");
    }
    assert_eq!(check_log(&store).await.unwrap().events, before);
}

#[tokio::test]
async fn attack_what_the_writer_would_refuse_the_file_refuses_too() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let store = open(folder.path(), SqliteSettings::default(), &clock).await;
    record(&store, any(&person(1), [event("e-1").registering(), event("e-2").fencing()])).await;
    let before = check_log(&store).await.unwrap().events;
    let mut file = intruder(folder.path()).await;
    for (sql, because) in [
        (
            "INSERT INTO appends (position, stream, revision, source, id, mark, recorded_us, leaf, body) \
             VALUES (3, 1, 2, 1, 'e-3', 1, 0, x'00', '{}')",
            "UNIQUE constraint failed",
        ),
        (
            "INSERT INTO appends (position, stream, revision, source, id, mark, recorded_us, leaf, body, generation, sealed) \
             VALUES (3, 1, 2, 1, 'e-3', 0, 0, x'00', '{}', 1, x'01')",
            "the stream is fenced",
        ),
        (
            "INSERT INTO events SELECT 3, stream, 2, source, id, 0, recorded_us, leaf, body FROM events WHERE position = 1",
            "UNIQUE constraint failed",
        ),
        (
            "INSERT INTO events SELECT 3, stream, revision, source, 'e-3', 0, recorded_us, leaf, body FROM events WHERE position = 1",
            "UNIQUE constraint failed",
        ),
    ] {
        let refused = refusal(&mut file, sql).await;
        assert!(refused.starts_with(because), "{sql}: {refused}");
    }
    assert_eq!(check_log(&store).await.unwrap().events, before);
    assert_eq!(store.boxes(&[Position::new(3)]).await.unwrap(), [None]);
}

/// A fault that the file itself shows, as a full disk would.
const FAULT: &str = "CREATE TRIGGER fault BEFORE INSERT ON events WHEN NEW.id = 'e-3' BEGIN SELECT RAISE(ABORT, 'fault'); END";

#[tokio::test]
async fn a_batch_that_failed_has_written_nothing_and_can_be_sent_again() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let store = open(folder.path(), SqliteSettings::default(), &clock).await;
    record(&store, any(&person(1), [event("e-1")])).await;
    let mut file = intruder(folder.path()).await;
    assert_eq!(refusal(&mut file, FAULT).await, "");
    let batch =
        || vec![any(&person(1), [event("e-2").boxed(2)]), any(&person(2), [event("e-3").registering()])];
    for result in store.append_each(batch()).await {
        assert!(matches!(result, Err(AppendError::Store(_))), "{result:?}");
    }
    assert_eq!(check_log(&store).await.unwrap().events.len(), 1);
    assert!(!store.has_box(&person(1)).await.unwrap());

    assert_eq!(refusal(&mut file, "DROP TRIGGER fault").await, "");
    for result in store.append_each(batch()).await {
        assert!(matches!(result.unwrap().outcomes[..], [Outcome::Appended(_)]));
    }
    assert_eq!(check_log(&store).await.unwrap().events.len(), 3);
}

#[tokio::test]
async fn a_fault_does_not_make_a_clock_that_leapt_believed() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let store = open(folder.path(), SqliteSettings::default(), &clock).await;
    record(&store, any(&person(1), [event("e-1")])).await;
    let mut file = intruder(folder.path()).await;
    assert_eq!(refusal(&mut file, FAULT).await, "");
    assert!(append(&store, any(&person(1), [event("e-3")])).await.is_err());
    assert_eq!(refusal(&mut file, "DROP TRIGGER fault").await, "");

    clock.leap_to(morning() + TimeDelta::days(365));
    let refused = append(&store, any(&person(1), [event("e-3")])).await;
    assert!(matches!(refused, Err(AppendError::ClockLeapt)), "{refused:?}");
}

#[tokio::test]
async fn a_full_queue_refuses_and_what_waits_in_it_is_answered() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let settings = SqliteSettings { queue_events_max: 3, ..SqliteSettings::default() };
    let store = Arc::new(open(folder.path(), settings, &clock).await);
    let mut file = intruder(folder.path()).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut file).await.unwrap();

    let mut waiting = JoinSet::new();
    for number in 0..3 {
        let store = Arc::clone(&store);
        let given = any(&person(1), [event(&format!("e-{number}"))]);
        waiting.spawn(async move { append(&*store, given).await });
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let late = any(&person(1), [event("e-late")]);
    let refused = append(&*store, late.clone()).await;
    assert!(matches!(refused, Err(AppendError::QueueFull)), "{refused:?}");
    assert!(waiting.try_join_next().is_none(), "the others wait");

    sqlx::query("ROLLBACK").execute(&mut file).await.unwrap();
    for answered in waiting.join_all().await {
        assert!(answered.is_ok(), "{answered:?}");
    }
    record(&*store, late).await;
    assert_eq!(check_log(&*store).await.unwrap().events.len(), 4);
}

#[tokio::test]
async fn an_append_that_fits_into_no_commit_is_refused_alone() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let settings = SqliteSettings { batch_events_max: 3, ..SqliteSettings::default() };
    let store = open(folder.path(), settings, &clock).await;
    let events: Vec<SealedEvent> = (0..4).map(|number| event(&format!("e-{number}"))).collect();
    let many = Append { stream: person(1), expected: ExpectedRevision::Any, names: Names::MayStand, events };
    let results =
        store.append_each(vec![any(&person(2), [event("f-1")]), many, any(&person(2), [event("f-2")])]).await;
    assert!(results[1].is_err(), "{:?}", results[1]);
    assert!(results[0].is_ok() && results[2].is_ok(), "{results:?}");
    assert_eq!(store.head(&person(1)).await.unwrap(), None);
    assert_eq!(check_log(&store).await.unwrap().events.len(), 2);
}

#[tokio::test]
async fn what_waits_is_written_though_its_callers_and_the_store_are_gone() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let store = Arc::new(open(folder.path(), SqliteSettings::default(), &clock).await);
    record(&*store, any(&person(1), [event("e-first")])).await;
    let mut file = intruder(folder.path()).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut file).await.unwrap();

    let spawn = |number: u32, store: Arc<SqlStore>| {
        let given = any(&person(number), [event(&format!("e-{number}"))]);
        tokio::spawn(async move { append(&*store, given).await })
    };
    // The first is being written when the others come, so that they wait in the queue.
    let first = spawn(10, Arc::clone(&store));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let gone: Vec<_> = (0..5).map(|number| spawn(number, Arc::clone(&store))).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let patient: Vec<_> = (5..10).map(|number| spawn(number, Arc::clone(&store))).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    for caller in gone {
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
    }
    drop(store);
    sqlx::query("ROLLBACK").execute(&mut file).await.unwrap();
    for caller in patient.into_iter().chain([first]) {
        caller.await.unwrap().unwrap();
    }

    let store = open(folder.path(), SqliteSettings::default(), &clock).await;
    assert_eq!(check_log(&store).await.unwrap().events.len(), 12);
    for number in 0..=10 {
        assert!(store.find(&key(&format!("e-{number}"))).await.unwrap().is_some(), "e-{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_writers_lose_nothing_double_nothing_and_leave_no_gap() {
    const WRITERS: u32 = 100;
    const ROUNDS: u32 = 20;
    const STREAMS: u32 = 30;
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let settings = SqliteSettings { stream_heads_max: 9, batch_events_max: 9, ..SqliteSettings::default() };
    let store = Arc::new(open(folder.path(), settings, &clock).await);

    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let mut answered = Vec::new();
            for round in 0..ROUNDS {
                // Every name is sent by several writers, and to a stream that follows from it.
                let number = (writer * 7 + round * 13) % 900;
                let stream = person(number % STREAMS);
                let named = |part: u32| event(&format!("e-{number}-{part}"));
                let expected =
                    match (writer + round) % 4 {
                        0 => store.head(&stream).await.unwrap().map_or(ExpectedRevision::NoStream, |head| {
                            ExpectedRevision::Exactly(head.revision)
                        }),
                        _ => ExpectedRevision::Any,
                    };
                let batch = vec![
                    any(&stream, [named(0), named(1)]),
                    expecting(expected, &stream, [named(2)]),
                    any(&person(writer % STREAMS), [event(&format!("own-{writer}-{round}"))]),
                ];
                let names =
                    batch.iter().map(|append| append.events.iter().map(|event| event.key.clone()).collect());
                let names: Vec<Vec<_>> = names.collect();
                for (names, result) in names.into_iter().zip(store.append_each(batch).await) {
                    match result {
                        Ok(appended) => answered.extend(names.into_iter().zip(appended.outcomes)),
                        Err(AppendError::Conflict { .. }) => {}
                        Err(other) => unreachable!("{other:?}"),
                    }
                }
            }
            answered
        });
    }
    let answered: Vec<_> = writers.join_all().await.into_iter().flatten().collect();

    let log = check_log(&*store).await.unwrap();
    let mut appended = HashMap::new();
    for (key, outcome) in &answered {
        assert_eq!(
            log.receipt(key).as_ref(),
            Some(outcome.receipt()),
            "an answered event stands as it was answered"
        );
        *appended.entry(key).or_insert(0) += u32::from(matches!(outcome, Outcome::Appended(_)));
    }
    assert!(appended.values().all(|times| *times == 1), "each is appended for exactly one caller");
    assert_eq!(appended.len(), log.events.len(), "nothing stands in the log that nobody sent");
    assert!(
        answered.len() > 5_000 && answered.len() > log.events.len(),
        "{} {}",
        answered.len(),
        log.events.len()
    );
}

#[tokio::test]
async fn no_byte_of_a_destroyed_box_is_left_in_any_file() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let settings = SqliteSettings { wal_checkpoint_pages: 40, ..SqliteSettings::default() };
    let store = open(folder.path(), settings, &clock).await;
    let entropy = SeededEntropy::new(11);
    let mut sealed_of: HashMap<u32, Vec<Vec<u8>>> = HashMap::new();
    for number in 0..240_u32 {
        let mut sealed = vec![0; [90, 300, 2_500, 20_000][number as usize % 4]];
        entropy.fill(&mut sealed);
        let stream = number % 11;
        sealed_of.entry(stream).or_default().push(sealed.clone());
        let sealed_box = Some(SealedBox { generation: 1, sealed });
        let given = SealedEvent { sealed_box, ..event(&format!("e-{number}")) };
        record(&store, any(&person(stream), [given])).await;
    }
    let destroyed: BTreeSet<u32> = [0, 3, 4, 10].into();
    for stream in &destroyed {
        assert_eq!(
            traces_in(folder.path(), &sealed_of[stream]),
            sealed_of[stream].len(),
            "the search finds what is there"
        );
        assert_eq!(store.destroy_boxes(&person(*stream)).await.unwrap(), sealed_of[stream].len() as u64);
    }
    for (stream, sealed) in &sealed_of {
        let left = if destroyed.contains(stream) { 0 } else { sealed.len() };
        assert_eq!(traces_in(folder.path(), sealed), left, "stream {stream}");
    }
}

#[tokio::test]
async fn an_append_is_answered_while_a_reader_holds_the_file() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let store = open(folder.path(), SqliteSettings::default(), &clock).await;
    record(&store, any(&person(1), [event("e-1")])).await;
    let mut file = intruder(folder.path()).await;
    sqlx::query("BEGIN").execute(&mut file).await.unwrap();
    let count = "SELECT count(*) FROM events";
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut file).await.unwrap(), 1);
    record(&store, any(&person(1), [event("e-2")])).await;
    assert_eq!(
        sqlx::query_scalar::<_, i64>(count).fetch_one(&mut file).await.unwrap(),
        1,
        "it reads its own moment"
    );
    assert_eq!(check_log(&store).await.unwrap().events.len(), 2);
}

#[tokio::test]
async fn boxes_that_a_reader_still_holds_are_not_called_gone() {
    let (clock, folder) = (clock(), TempDir::new().unwrap());
    let store = open(folder.path(), SqliteSettings::default(), &clock).await;
    record(&store, any(&person(1), [event("e-1").boxed(1)])).await;
    let mut file = intruder(folder.path()).await;
    sqlx::query("BEGIN").execute(&mut file).await.unwrap();
    sqlx::query("SELECT count(*) FROM boxes").fetch_one(&mut file).await.unwrap();
    let held = tokio::time::timeout(Duration::from_secs(60), store.destroy_boxes(&person(1))).await;
    assert!(matches!(held, Ok(Err(StoreError::NotScrubbed))), "{held:?}");
    assert!(!store.has_box(&person(1)).await.unwrap());

    sqlx::query("ROLLBACK").execute(&mut file).await.unwrap();
    assert_eq!(store.destroy_boxes(&person(1)).await.unwrap(), 0);
}
