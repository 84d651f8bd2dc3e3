//! A process that ends at each step of an append: nothing is lost, nothing doubled, and every box is there.

use std::sync::Arc;

use subject_record::store::kurrent::KurrentStore;
use subject_record::store::{Append, EventStore, Outcome};
use subject_record_schemas::Revision;

use super::double::Fault;
use super::given::{It, reaches};
use crate::conformance::checker::check_log;
use crate::conformance::given::{Shape, any, append, box_of, event, key, person, record};

/// An append of several, one of them with a box.
fn several() -> Append {
    any(&person(1), [event("e-1").boxed(1), event("e-2"), event("e-3").boxed(3)])
}

/// Starts an append whose answer nobody waits for.
fn start(store: &Arc<KurrentStore>, given: Append) {
    let store = Arc::clone(store);
    tokio::spawn(async move { append(&*store, given).await });
}

/// The append stands once, wherever the crash came, and with its first boxes.
async fn is_whole(it: &It, store: &KurrentStore) {
    let log = check_log(store).await.unwrap();
    let mut boxes = Vec::new();
    for id in ["e-1", "e-2", "e-3"] {
        let found = store.find(&key(id)).await.unwrap().unwrap();
        boxes.extend(store.boxes(&[found.position]).await.unwrap());
    }
    assert_eq!(boxes, [Some(box_of(1)), None, Some(box_of(3))]);
    assert_eq!((log.events.len(), it.held().len()), (3, 3));
}

/// The platform sends it again, since it got no answer; its openings are new ones.
async fn send_again(store: &KurrentStore) {
    let again = any(&person(1), [event("e-1").boxed(7), event("e-2"), event("e-3").boxed(7)]);
    let again = append(store, again).await.unwrap();
    let is_old = |outcome: &Outcome| matches!(outcome, Outcome::AlreadyRecorded(_));
    assert!(again.outcomes.len() == 3 && again.outcomes.iter().all(is_old), "{again:?}");
    assert_eq!(again.head, Some(Revision::new(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_the_claim_leaves_nothing_in_the_log_and_the_openings_for_the_next_try() {
    let it = It::new();
    let crashing = it.open_apart().await;
    it.server.fail([Fault::HoldBefore]);
    start(&crashing.store, several());
    it.server.reached().await;
    crashing.crash();

    let store = it.open().await;
    assert_eq!(it.held().len(), 0);
    assert_eq!(store.find(&key("e-1")).await.unwrap(), None);
    send_again(&store).await;
    is_whole(&it, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_the_commit_and_before_its_answer_loses_no_box() {
    let it = It::new();
    let crashing = it.open_apart().await;
    it.server.fail([Fault::HoldAfter]);
    start(&crashing.store, several());
    it.server.reached().await;
    crashing.crash();

    let store = it.open().await;
    is_whole(&it, &store).await;
    send_again(&store).await;
    is_whole(&it, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_the_answer_and_before_the_index_loses_no_box() {
    let it = It::new();
    let crashing = it.open_apart().await;
    it.server.hold_reads(true);
    start(&crashing.store, several());
    it.server.reached().await;
    crashing.crash();
    it.server.hold_reads(false);

    let store = it.open().await;
    is_whole(&it, &store).await;
    send_again(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_an_append_was_answered_changes_nothing() {
    let it = It::new();
    let crashing = it.open_apart().await;
    let receipts = record(&*crashing.store, several()).await;
    crashing.crash();

    let store = it.open().await;
    assert_eq!(store.last_position().await.unwrap(), receipts[2].position);
    is_whole(&it, &store).await;
    send_again(&store).await;
    is_whole(&it, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_arrives_after_the_crash_of_its_process_finds_its_box() {
    let it = It::new();
    let crashing = it.open_apart().await;
    it.server.fail([Fault::Late, Fault::HoldBefore]);
    start(&crashing.store, several());
    it.server.reached().await;
    crashing.crash();

    let store = it.open().await;
    assert!(store.has_box(&person(1)).await.unwrap(), "it may still come");
    it.server.release();
    it.server.reached().await;
    let last = it.held().last().unwrap().position;
    reaches(&store, subject_record_schemas::Position::new(last + 1)).await;
    is_whole(&it, &store).await;
    send_again(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_the_server_takes_from_nobody_stops_no_other_after_a_crash() {
    let it = It::new();
    let crashing = it.open_apart().await;
    it.server.fail([Fault::HoldBefore]);
    let large = [event("l-1").long(60_000).boxed(1), event("l-2").long(60_000)];
    start(&crashing.store, any(&person(1), large));
    it.server.reached().await;
    crashing.crash();
    it.server.log().append_bytes_max = 100_000;

    let store = it.open().await;
    record(&*store, any(&person(2), [event("e-1")])).await;
    assert!(!store.has_any_box().await.unwrap(), "it can never be written any more");
    check_log(&*store).await.unwrap();
}
