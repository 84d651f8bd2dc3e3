//! The embedded engine does what the reference engine does, whatever it is asked.

use std::sync::Arc;

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use sqlx::{Connection as _, PgConnection};
use subject_record::clock::{Clock, SetClock};
use subject_record::store::append::STORED_BYTES_MAX;
use subject_record::store::memory::MemoryStore;
use subject_record::store::postgres::PostgresSettings;
use subject_record::store::sqlite::SqliteSettings;
use subject_record::store::{
    Append, AppendError, Appended, EventKey, EventStore, ExpectedRevision, Mark, Names, SealedEvent,
};
use subject_record_schemas::{Position, Revision, Source};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::checker::check_log;
use super::given::{Shape, clock, event_of, key, morning, open, open_postgres, person};
use crate::postgres::Cluster;

/// Few, so that appends meet one another.
const STREAMS: u32 = 3;
const SOURCES: [&str; 2] = ["platform/tests", "platform/other"];
const NAMES: u32 = 9;

/// One thing that is done to both stores.
#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Append>),
    Pass {
        seconds: u32,
    },
    DestroyBoxes {
        stream: u32,
    },
    /// The embedded engine is closed and opened again.
    Reopen,
}

fn events() -> impl Strategy<Value = SealedEvent> {
    let mark = prop_oneof![12 => Just(Mark::None), 2 => Just(Mark::Registration), 1 => Just(Mark::Fence)];
    let bytes = prop_oneof![20 => 0..40_usize, 1 => Just(STORED_BYTES_MAX)];
    let follows = prop::bool::weighted(0.2);
    (0..SOURCES.len(), 0..NAMES, mark, prop::option::of(0..9_u8), bytes, follows).prop_map(
        |(source, id, mark, fill, bytes, follows)| {
            let key = EventKey { source: Source::parse(SOURCES[source]).unwrap(), ..key(&format!("e-{id}")) };
            let event = SealedEvent { mark, follows, ..event_of(key).long(bytes) };
            fill.map_or(event.clone(), |fill| event.boxed(fill))
        },
    )
}

fn appends() -> impl Strategy<Value = Append> {
    let expected = prop_oneof![
        4 => Just(ExpectedRevision::Any),
        1 => Just(ExpectedRevision::NoStream),
        1 => Just(ExpectedRevision::StreamExists),
        3 => (0..5_u64).prop_map(|revision| ExpectedRevision::Exactly(Revision::new(revision))),
    ];
    let names = prop_oneof![3 => Just(Names::MayStand), 1 => Just(Names::MustBeNew)];
    (0..STREAMS, expected, names, vec(events(), 0..4)).prop_map(|(stream, expected, names, events)| Append {
        stream: person(stream),
        expected,
        names,
        events,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => vec(appends(), 1..5).prop_map(Step::Append),
        2 => (0..4_000_u32).prop_map(|seconds| Step::Pass { seconds }),
        1 => (0..STREAMS).prop_map(|stream| Step::DestroyBoxes { stream }),
        1 => Just(Step::Reopen),
    ]
}

/// Answers in a form that can be compared.
fn answers(results: Vec<Result<Appended, AppendError>>) -> Vec<Result<Appended, String>> {
    results.into_iter().map(|result| result.map_err(|error| format!("{error:?}"))).collect()
}

/// Whatever can be read of a store.
async fn contents(store: &dyn EventStore) -> impl PartialEq + std::fmt::Debug {
    let log = check_log(store).await.unwrap();
    let positions: Vec<_> = (0..=log.events.len() as u64 + 1).map(Position::new).collect();
    let mut streams = Vec::new();
    for stream in (0..STREAMS).map(person) {
        streams.push((store.head(&stream).await.unwrap(), store.has_box(&stream).await.unwrap()));
    }
    let mut known = Vec::new();
    for hours in 0..8 {
        known.push(store.position_at(morning() + TimeDelta::hours(hours)).await.unwrap());
    }
    let mut fenced = store.fenced_streams().await.unwrap();
    fenced.sort();
    (log.events, store.boxes(&positions).await.unwrap(), streams, known, fenced)
}

/// Where an engine keeps what it is given, to open it again.
enum Place {
    File(TempDir),
    Database(String),
}

impl Place {
    async fn open(&self, clock: &Arc<SetClock>) -> Box<dyn EventStore> {
        match self {
            Self::File(folder) => Box::new(open(folder.path(), SqliteSettings::default(), clock).await),
            Self::Database(url) => Box::new(open_postgres(url, PostgresSettings::default(), clock).await),
        }
    }
}

/// Takes the steps on the reference and on instances over one place, by turns.
async fn compare(steps: Vec<Step>, place: Place, instances: usize) -> Result<(), TestCaseError> {
    let clock = clock();
    let reference = MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>);
    let mut stores = Vec::new();
    for _ in 0..instances {
        stores.push(place.open(&clock).await);
    }
    for (turn, step) in steps.into_iter().enumerate() {
        let turn = turn % instances;
        match step {
            Step::Append(batch) => {
                let expected = answers(reference.append_each(batch.clone()).await);
                prop_assert_eq!(answers(stores[turn].append_each(batch).await), expected);
            }
            Step::Pass { seconds } => clock.run_to(clock.now() + TimeDelta::seconds(seconds.into())),
            Step::DestroyBoxes { stream } => {
                let expected = reference.destroy_boxes(&person(stream)).await.unwrap();
                prop_assert_eq!(stores[turn].destroy_boxes(&person(stream)).await.unwrap(), expected);
            }
            Step::Reopen => {
                drop(stores.remove(turn));
                stores.insert(turn, place.open(&clock).await);
            }
        }
    }
    for store in &stores {
        prop_assert_eq!(contents(&**store).await, contents(&reference).await);
    }
    Ok(())
}

/// Takes the steps outside of any runtime.
fn compared(
    steps: Vec<Step>,
    place: impl AsyncFnOnce() -> Place,
    instances: usize,
) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { compare(steps, place().await, instances).await })
}

async fn file() -> Place {
    Place::File(TempDir::new().unwrap())
}

/// The one database of a test, emptied: a new one for each case would be megabytes to write.
async fn emptied(database: &OnceCell<String>) -> Place {
    let url = database.get_or_init(|| Cluster::shared().database()).await;
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query("DROP SCHEMA IF EXISTS events CASCADE").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    Place::Database(url.clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_engine_answers_and_keeps_what_the_reference_does(steps in vec(steps(), 1..16)) {
        compared(steps, file, 1)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_instance_over_postgres_answers_and_keeps_what_the_reference_does(steps in vec(steps(), 1..16)) {
        static DATABASE: OnceCell<String> = OnceCell::const_new();
        compared(steps, async || emptied(&DATABASE).await, 1)?;
    }

    #[test]
    fn three_instances_over_postgres_by_turns_are_one_reference(steps in vec(steps(), 1..16)) {
        static DATABASE: OnceCell<String> = OnceCell::const_new();
        compared(steps, async || emptied(&DATABASE).await, 3)?;
    }
}
