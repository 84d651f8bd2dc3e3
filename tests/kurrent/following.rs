//! The index and the log it is made of: foreign events, disconnections, another server.

use subject_record::store::EventStore;
use subject_record::store::kurrent::KurrentStore;
use subject_record_schemas::{Position, Revision};

use super::double::Double;
use super::given::{It, reaches};
use crate::conformance::checker::check_log;
use crate::conformance::given::{Shape, any, append, box_of, event, person, record};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_others_make_gaps_and_are_never_shown() {
    let it = It::new();
    let store = it.open().await;
    let mut positions = Vec::new();
    for number in 0..4 {
        for stream in
            ["$stats-0.0.0.0:2113", "subject-record-2-subject-somebody", "subject", "$$subject-record-policy"]
        {
            it.server.log().system_event(stream);
        }
        let receipts = record(&*store, any(&person(number), [event(&format!("e-{number}"))])).await;
        positions.push(receipts[0].position);
    }
    assert!(positions.windows(2).all(|pair| pair[1].number() > pair[0].number() + 1), "{positions:?}");
    let all = store.read_all(Position::START, 100).await.unwrap();
    assert!(all.iter().map(|event| event.position).eq(positions));
    assert!(it.server.log().events.len() >= 20);
    check_log(&*store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_somebody_else_under_a_reserved_name_is_told_of() {
    let it = It::new();
    let store = it.open().await;
    it.server.log().system_event("subject-record-officers");
    let told = format!("{:?}", append(&*store, any(&person(1), [event("e-1")])).await.unwrap_err());
    assert!(told.contains("subject-record-officers") && told.contains("reserved"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_goes_on_where_it_was_after_a_disconnection() {
    let it = It::new();
    let store = it.open().await;
    let receipts = record(&*store, any(&person(1), [event("e-1"), event("e-2")])).await;
    it.server.stop();
    let failed = append(&*store, any(&person(1), [event("e-3")])).await;
    assert!(failed.is_err(), "{failed:?}");
    assert!(store.ready().await.is_err());
    assert!(store.event_at(receipts[0].position).await.is_err());
    assert!(!store.has_any_box().await.unwrap());

    it.server.go_on();
    it.by_another_hand(&person(1), &event("f-1"), "");
    let last = it.held().last().unwrap().position;
    reaches(&store, Position::new(last + 1)).await;
    store.ready().await.unwrap();
    let receipt = record(&*store, any(&person(1), [event("e-3")])).await.remove(0);
    assert_eq!(receipt.revision, Revision::new(3));
    let all = store.read_all(Position::START, 100).await.unwrap();
    assert_eq!(all.iter().map(|event| event.revision.number()).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_is_made_again_from_the_server() {
    let it = It::new();
    let store = it.open().await;
    let given = [event("e-1").registering().boxed(1), event("e-2"), event("e-3").fencing()];
    let receipts = record(&*store, any(&person(1), given)).await;
    record(&*store, any(&person(2), [event("e-4").boxed(4)])).await;
    let before = check_log(&*store).await.unwrap().events;
    let head = store.head(&person(1)).await.unwrap();
    assert!(head.is_some_and(|head| head.registered && head.fenced));
    drop(store);

    KurrentStore::forget_index(&it.beside(), subject_record::config::Store::default()).await.unwrap();
    let store = it.open().await;
    assert_eq!(check_log(&*store).await.unwrap().events, before);
    assert_eq!(store.head(&person(1)).await.unwrap(), head);
    assert_eq!(store.boxes(&[receipts[0].position]).await.unwrap(), [Some(box_of(1))]);
    assert_eq!(store.fenced_streams().await.unwrap(), [person(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_is_taken_up_page_by_page() {
    let it = It::new();
    for number in 0..1_203 {
        it.by_another_hand(&person(number % 3), &event(&format!("f-{number}")), "");
    }
    let store = it.open().await;
    let all = store.read_all(Position::START, u32::MAX).await.unwrap();
    assert_eq!(all.len(), 1_203);
    assert_eq!(store.read_stream(&person(2), Revision::FIRST, u32::MAX).await.unwrap().len(), 401);
    assert_eq!(*store.subscribe().borrow(), all[1_202].position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forgot_what_was_indexed_is_not_followed() {
    let it = It::new();
    let store = it.open().await;
    record(&*store, any(&person(1), [event("e-1")])).await;
    let last = record(&*store, any(&person(1), [event("e-2")])).await.remove(0);
    it.server.log().forget_last();
    let refused = append(&*store, any(&person(2), [event("e-3")])).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(store.last_position().await.unwrap(), last.position);
    let again = it.try_open().await.map(drop).unwrap_err();
    let told = std::error::Error::source(&again).map(ToString::to_string).unwrap_or_default();
    assert!(told.contains("rolled back, or another server"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_were_changed_at_the_server_show() {
    let it = It::new();
    let store = it.open().await;
    let receipt = record(&*store, any(&person(1), [event("e-1")])).await.remove(0);
    assert!(store.event_at(receipt.position).await.unwrap().unwrap().kept().intact);
    for event in &mut it.server.log().events {
        event.data =
            String::from_utf8_lossy(&event.data).replace("tests\",\"blinding", "other\",\"blinding").into();
    }
    assert!(!store.event_at(receipt.position).await.unwrap().unwrap().kept().intact);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_not_the_leader_leads_to_it_and_takes_over_when_it_dies() {
    let leader = Double::start();
    let it = It::on(Double::replica_of(&leader));
    let store = it.open().await;
    let receipt = record(&*store, any(&person(1), [event("e-1").boxed(1)])).await.remove(0);
    assert!(store.event_at(receipt.position).await.unwrap().is_some());
    assert_eq!((leader.appends(), it.server.appends()), (1, 0));

    leader.stop();
    assert!(append(&*store, any(&person(1), [event("e-2")])).await.is_err(), "nobody leads");
    it.server.lead();
    append(&*store, any(&person(1), [event("e-2")])).await.unwrap();
    assert_eq!(check_log(&*store).await.unwrap().events.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_found_by_its_gossip_and_a_password_is_never_shown() {
    let it = It::new();
    let clock = crate::conformance::given::clock();
    let settings = subject_record::config::Store::default();
    let beside = it.beside();
    let url = it.server.cluster_url();
    let store = KurrentStore::open(&url, &beside, settings.clone(), clock.clone()).await.unwrap();
    record(&store, any(&person(1), [event("e-1")])).await;
    assert!(!format!("{store:?}").contains(&url));
    for bad in ["kurrentdb://user:hush@:bad", "postgres://user:hush@host", "hush"] {
        let refused = KurrentStore::open(bad, &beside, settings.clone(), clock.clone()).await.unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("hush"), "{refused:?}");
    }
}
