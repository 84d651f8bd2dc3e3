//! The engine over KurrentDB does what the reference engine does, whatever it is asked and whatever fails below it.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use subject_record::clock::{Clock, SetClock};
use subject_record::store::memory::MemoryStore;
use subject_record::store::{
    Append, AppendError, Appended, EventStore, ExpectedRevision, Names, Outcome, RecordedEvent, SealedEvent,
};
use subject_record_schemas::{Position, Revision};

use super::double::Fault;
use super::given::It;
use crate::conformance::checker::check_log;
use crate::conformance::given::{Shape, event, person};

const STREAMS: u32 = 2;
const NAMES: u32 = 6;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Append>),
    DestroyBoxes {
        stream: u32,
    },
    /// What the next appends meet; each heals within the tries of one.
    Fail(Vec<Fault>),
    /// The process ends, and another begins.
    Crash,
}

fn events() -> impl Strategy<Value = SealedEvent> {
    (0..NAMES, 0..12_u8, prop::option::of(0..9_u8), prop::bool::weighted(0.2)).prop_map(
        |(id, mark, fill, follows)| {
            let event = event(&format!("e-{id}"));
            let event = match mark {
                0 => event.fencing(),
                1 | 2 => event.registering(),
                _ => event,
            };
            let event = SealedEvent { follows, ..event };
            fill.map_or(event.clone(), |fill| event.boxed(fill))
        },
    )
}

fn appends() -> impl Strategy<Value = Append> {
    let expected = prop_oneof![
        4 => Just(ExpectedRevision::Any),
        1 => Just(ExpectedRevision::NoStream),
        1 => Just(ExpectedRevision::StreamExists),
        2 => (0..3_u64).prop_map(|revision| ExpectedRevision::Exactly(Revision::new(revision))),
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
    let fault = prop_oneof![
        Just(Fault::CutBefore),
        Just(Fault::CutAfter),
        Just(Fault::WrongRevision),
        Just(Fault::Slow(1))
    ];
    prop_oneof![
        8 => vec(appends(), 1..4).prop_map(Step::Append),
        1 => (0..STREAMS).prop_map(|stream| Step::DestroyBoxes { stream }),
        4 => vec(fault, 1..3).prop_map(Step::Fail),
        1 => Just(Step::Crash),
    ]
}

/// Answers without positions, which have gaps here.
fn answers(results: Vec<Result<Appended, AppendError>>) -> Vec<String> {
    let answer = |result: Result<Appended, AppendError>| match result {
        Ok(mut appended) => {
            for outcome in &mut appended.outcomes {
                let (Outcome::Appended(receipt) | Outcome::AlreadyRecorded(receipt)) = outcome;
                receipt.position = Position::START;
            }
            format!("{appended:?}")
        }
        Err(error) => format!("{error:?}"),
    };
    results.into_iter().map(answer).collect()
}

/// Whatever can be read of a store, without positions.
async fn contents(store: &dyn EventStore) -> impl PartialEq + std::fmt::Debug {
    let log = check_log(store).await.unwrap();
    let positions: Vec<_> = log.events.iter().map(|event| event.position).collect();
    let boxes = store.boxes(&positions).await.unwrap();
    let mut streams = Vec::new();
    for stream in (0..STREAMS).map(person) {
        streams.push((store.head(&stream).await.unwrap(), store.has_box(&stream).await.unwrap()));
    }
    let bare = |event: RecordedEvent| RecordedEvent { position: Position::START, ..event };
    (log.events.into_iter().map(bare).collect::<Vec<_>>(), boxes, streams)
}

async fn compare(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let it = It::new();
    let clock: Arc<SetClock> = Arc::clone(&it.clock);
    let reference = MemoryStore::new(clock as Arc<dyn Clock>);
    let mut store = it.open_apart().await;
    for step in steps {
        match step {
            Step::Append(batch) => {
                let expected = answers(reference.append_each(batch.clone()).await);
                prop_assert_eq!(answers(store.store.append_each(batch).await), expected);
            }
            Step::DestroyBoxes { stream } => {
                let expected = reference.destroy_boxes(&person(stream)).await.unwrap();
                prop_assert_eq!(store.store.destroy_boxes(&person(stream)).await.unwrap(), expected);
            }
            Step::Fail(faults) => it.server.fail_only(faults),
            Step::Crash => {
                store.crash();
                store = it.open_apart().await;
            }
        }
    }
    prop_assert_eq!(contents(&*store.store).await, contents(&reference).await);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_over_kurrentdb_answers_and_keeps_what_the_reference_does(steps in vec(steps(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let compared = runtime.block_on(compare(steps));
        runtime.shutdown_background();
        compared?;
    }
}
