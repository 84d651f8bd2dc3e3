//! Appends that get no answer, a wrong one, or a late one.

use subject_record::store::kurrent::KurrentStore;
use subject_record::store::{Append, AppendError, EventStore, ExpectedRevision, Outcome};
use subject_record_schemas::{Position, Revision};

use super::double::Fault;
use super::given::It;
use crate::conformance::checker::check_log;
use crate::conformance::given::{Shape, any, append, box_of, event, expecting, key, morning, person, record};

/// More faults than an append is tried.
const EVERY_TRY: [Fault; 5] = [Fault::CutBefore; 5];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_holds_the_exact_stored_bytes_under_the_wire_type() {
    let it = It::new();
    let store = it.open().await;
    record(&*store, any(&person(1), [event("e-1").boxed(1), event("e-2").fencing()])).await;
    let served = store.read_all(Position::START, 10).await.unwrap();
    let held = it.held();
    assert_eq!(held.len(), 2);
    for (held, served) in held.iter().zip(&served) {
        assert_eq!(&held.data[..], served.bytes.as_bytes());
        assert_eq!(held.stream, format!("subject-record-{}", person(1)));
        assert_eq!(held.metadata["type"], "consent.given.v1");
        assert_eq!(Position::new(held.position + 1), served.position);
        assert!(!String::from_utf8_lossy(&held.custom_metadata).contains("box"), "no box leaves the house");
    }
    assert_ne!(held[0].id, held[1].id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_before_the_commit_loses_nothing() {
    let it = It::new();
    let store = it.open().await;
    it.server.fail([Fault::CutBefore, Fault::CutBefore]);
    record(&*store, any(&person(1), [event("e-1").boxed(1), event("e-2")])).await;
    assert_eq!((it.server.appends(), it.held().len()), (3, 2), "two tries failed");
    check_log(&*store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_after_the_commit_doubles_nothing() {
    let it = It::new();
    let store = it.open().await;
    it.server.fail([Fault::CutAfter]);
    let receipt = record(&*store, any(&person(1), [event("e-1").boxed(1)])).await.remove(0);
    assert_eq!((it.server.appends(), it.held().len()), (1, 1), "the stream is asked before it is sent again");
    assert_eq!(store.boxes(&[receipt.position]).await.unwrap(), [Some(box_of(1))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_arrives_after_its_retry_is_not_written_again() {
    let it = It::new();
    let store = it.open().await;
    it.server.fail([Fault::Late]);
    record(&*store, any(&person(1), [event("e-1").boxed(1)])).await;
    it.server.release();
    it.server.reached().await;
    record(&*store, any(&person(1), [event("e-2")])).await;
    assert_eq!(it.held().len(), 2);
    check_log(&*store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_sent_again_after_an_unknown_outcome_keeps_its_first_openings() {
    let it = It::new();
    let store = it.open().await;
    it.server.fail(EVERY_TRY);
    let first = append(&*store, any(&person(1), [event("e-1").boxed(1).long(1)])).await;
    assert!(matches!(first, Err(AppendError::Store(_))), "{first:?}");
    assert!(store.has_box(&person(1)).await.unwrap(), "the event may exist, and its box with it");
    assert_eq!(store.find(&key("e-1")).await.unwrap(), None);

    // Other salts, another key generation: what was sent first is what is recorded.
    let again = append(&*store, any(&person(1), [event("e-1").boxed(2).long(2)])).await.unwrap();
    let Outcome::AlreadyRecorded(receipt) = &again.outcomes[0] else { unreachable!("{again:?}") };
    assert_eq!(store.boxes(&[receipt.position]).await.unwrap(), [Some(box_of(1))]);
    let found = store.find(&key("e-1")).await.unwrap().unwrap();
    assert!(found.bytes.ends_with(r#""data":{"fill":"x"}}"#), "{}", found.bytes);
    assert_eq!(it.held().len(), 1);
    check_log(&*store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_goes_only_when_the_stream_proves_its_event_absent() {
    let it = It::new();
    let store = it.open().await;
    it.server.fail(EVERY_TRY);
    assert!(append(&*store, any(&person(1), [event("e-1").boxed(1)])).await.is_err());
    drop(store);
    let store = it.open().await;
    assert!(store.has_box(&person(1)).await.unwrap(), "nothing stands in its place: it may still come");

    // Another event takes the place.
    it.by_another_hand(&person(1), &event("f-1"), "");
    drop(store);
    let store = it.open().await;
    assert!(!store.has_box(&person(1)).await.unwrap(), "it can never be written any more");
    let receipt = record(&*store, any(&person(1), [event("e-1").boxed(2)])).await.remove(0);
    assert_eq!(store.boxes(&[receipt.position]).await.unwrap(), [Some(box_of(2))]);
    assert_eq!(receipt.revision, Revision::new(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_arrives_late_never_stands_behind_a_later_time() {
    let it = It::new();
    let store = it.open().await;
    it.server.fail([Fault::Late].into_iter().chain(EVERY_TRY.into_iter().take(4)));
    assert!(append(&*store, any(&person(1), [event("e-1")])).await.is_err());
    it.clock.run_to(morning() + chrono::TimeDelta::hours(1));
    let other = record(&*store, any(&person(2), [event("e-2")])).await.remove(0);
    it.server.release();
    it.server.reached().await;
    let log = check_log(&*store).await.unwrap();
    assert_eq!(log.events.len(), 2, "the first was settled before the second was sent");
    assert_eq!(log.events[1].position, other.position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_revision_that_is_none_is_tried_again_and_then_told() {
    let it = It::new();
    let store = it.open().await;
    record(&*store, any(&person(1), [event("e-1")])).await;
    it.server.fail([Fault::WrongRevision]);
    record(&*store, any(&person(1), [event("e-2")])).await;
    it.server.fail([Fault::WrongRevision; 5]);
    let refused = append(&*store, any(&person(1), [event("e-3")])).await;
    assert!(matches!(refused, Err(AppendError::Store(_))), "{refused:?}");
    assert_eq!(it.held().len(), 2);
    record(&*store, any(&person(1), [event("e-4")])).await;
    check_log(&*store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_another_hand_moved_is_met_at_its_new_end() {
    let it = It::new();
    let store = it.open().await;
    record(&*store, any(&person(1), [event("e-1")])).await;
    it.by_another_hand(&person(1), &event("f-1"), "");
    let receipt = record(&*store, any(&person(1), [event("e-2")])).await.remove(0);
    assert_eq!(receipt.revision, Revision::new(2));
    let refused = ExpectedRevision::Exactly(Revision::new(2));
    it.by_another_hand(&person(1), &event("f-2"), "");
    let refused = append(&*store, expecting(refused, &person(1), [event("e-3").boxed(3)])).await;
    let actual = Some(Revision::new(3));
    assert!(matches!(refused, Err(AppendError::Conflict { actual: a }) if a == actual), "{refused:?}");
    assert!(!store.has_box(&person(1)).await.unwrap(), "what is refused leaves no box");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fence_that_another_hand_set_is_met_by_the_exact_revision() {
    let it = It::new();
    let store = it.open().await;
    record(&*store, any(&person(1), [event("e-1").boxed(1)])).await;
    it.by_another_hand(&person(1), &event("f-1"), r#"{"mark":"fence"}"#);
    let refused = append(&*store, any(&person(1), [event("e-2").boxed(2)])).await;
    assert!(matches!(refused, Err(AppendError::Fenced)), "{refused:?}");
    assert_eq!(store.fenced_streams().await.unwrap(), [person(1)]);
    assert_eq!(it.held().len(), 2);
    assert_eq!(store.destroy_boxes(&person(1)).await.unwrap(), 1);
    assert!(!store.has_box(&person(1)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_of_what_is_not_stored_is_not_believed() {
    let it = It::new();
    let store = it.open().await;
    it.server.fail([Fault::Lie]);
    let told = append(&*store, any(&person(1), [event("e-1").boxed(1)])).await;
    assert!(matches!(told, Err(AppendError::Store(_))), "{told:?}");
    assert_eq!(store.find(&key("e-1")).await.unwrap(), None);
    assert_eq!(store.last_position().await.unwrap(), Position::START);

    let again = append(&*store, any(&person(1), [event("e-1").boxed(2)])).await.unwrap();
    let position = again.outcomes[0].receipt().position;
    assert_eq!(store.boxes(&[position]).await.unwrap(), [Some(box_of(1))]);
    assert_eq!(it.held().len(), 1);
}

/// As many long events, all or nothing, as reach above a limit.
fn large(events: usize) -> Append {
    let events = (0..events).map(|number| event(&format!("l-{number}")).long(60_000).boxed(1));
    Append { events: events.collect(), ..any(&person(1), []) }
}

/// What a large append is answered among neighbours.
async fn refused_among_neighbours(it: &It, store: &KurrentStore, large: Append) -> AppendError {
    let results =
        store.append_each(vec![any(&person(2), [event("e-1")]), large, any(&person(3), [event("e-2")])]);
    let mut results = results.await;
    assert!(results[0].is_ok() && results[2].is_ok(), "{results:?}");
    assert!(!store.has_any_box().await.unwrap());
    assert_eq!(it.held().len(), 2);
    record(store, any(&person(1), [event("l-0")])).await;
    check_log(store).await.unwrap();
    results.swap_remove(1).unwrap_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_server_takes_at_once_is_refused_before_it_is_sent() {
    let it = It::new();
    let store = it.open().await;
    let refused = refused_among_neighbours(&it, &store, large(20)).await;
    assert!(
        matches!(refused, AppendError::TooLargeTogether { bytes, .. } if bytes > 1_200_000),
        "{refused:?}"
    );
}

/// A server whose limit was set lower.
fn strict() -> It {
    let it = It::new();
    it.server.log().append_bytes_max = 100_000;
    it
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_takes_from_nobody_harms_no_neighbour_and_leaves_nothing() {
    let it = strict();
    let store = it.open().await;
    let refused = refused_among_neighbours(&it, &store, large(3)).await;
    assert!(matches!(refused, AppendError::Store(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_takes_from_nobody_stops_no_append_though_its_first_try_broke_off() {
    let it = strict();
    let store = it.open().await;
    it.server.fail([Fault::CutBefore]);
    let refused = append(&*store, large(3)).await.unwrap_err();
    assert!(matches!(refused, AppendError::Store(_)), "{refused:?}");
    record(&*store, any(&person(2), [event("e-1")])).await;
    assert!(!store.has_any_box().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_append_of_a_batch_meets_does_not_reorder_its_neighbours() {
    let it = It::new();
    let store = it.open().await;
    let batch = |number: u32| any(&person(number % 2), [event(&format!("e-{number}")).boxed(1)]);
    it.server.fail([Fault::Slow(50), Fault::CutBefore, Fault::CutAfter, Fault::WrongRevision]);
    let results = store.append_each((0..8).map(batch).collect()).await;
    let is_new = |result: &Result<_, _>| {
        result.as_ref().is_ok_and(|done: &subject_record::store::Appended| {
            matches!(done.outcomes[0], Outcome::Appended(_))
        })
    };
    assert!(results.iter().all(is_new), "{results:?}");
    let log = check_log(&*store).await.unwrap();
    let order: Vec<_> = log.events.iter().map(|event| event.stream.clone()).collect();
    assert_eq!(order, (0..8).map(|number| person(number % 2)).collect::<Vec<_>>());
}
