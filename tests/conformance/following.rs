//! Following the log while others append to it.

use std::sync::Arc;
use std::time::Duration;

use subject_record::store::EventStore;
use subject_record_schemas::Position;

use super::checker::check_log;
use super::given::{Fresh, any, event, person, record};

/// Longer than any of this takes; a follower that is not woken waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn a_subscription_wakes_when_something_is_appended(it: &Fresh) {
    let first = record(&*it.store, any(&person(1), [event("e-1")])).await.remove(0);
    let mut subscription = it.store.subscribe();
    assert_eq!(*subscription.borrow_and_update(), first.position, "it shows where the log ends");
    let waiting = tokio::spawn(async move {
        subscription.changed().await.unwrap();
        *subscription.borrow()
    });
    tokio::task::yield_now().await;
    let second = record(&*it.store, any(&person(2), [event("e-2")])).await.remove(0);
    let woken = tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!(woken, second.position);
    assert_eq!(
        it.store.event_at(woken).await.unwrap().unwrap().stream,
        person(2),
        "and what it shows can be read"
    );
}

pub(super) async fn a_follower_of_concurrent_appends_reads_every_position_once_and_in_order(it: &Fresh) {
    const APPENDERS: u32 = 16;
    const APPENDS: u32 = 25;
    let followers: Vec<_> = [1, 7, 1000]
        .into_iter()
        .map(|page| tokio::spawn(follow(Arc::clone(&it.store), page, u64::from(APPENDERS * APPENDS))))
        .collect();
    let appenders = (0..APPENDERS).map(|appender| {
        let store = Arc::clone(&it.store);
        tokio::spawn(async move {
            for number in 0..APPENDS {
                record(&*store, any(&person(number % 4), [event(&format!("e-{appender}-{number}"))])).await;
            }
        })
    });
    for appender in appenders.collect::<Vec<_>>() {
        appender.await.unwrap();
    }
    let log = check_log(&*it.store).await.unwrap();
    for follower in followers {
        let read = tokio::time::timeout(PATIENCE, follower).await.unwrap().unwrap();
        assert_eq!(read, log.events, "a follower keeps what it read: nothing new appears below it");
    }
}

/// Reads on from its own progress, and sleeps only when there is nothing after it.
async fn follow(
    store: Arc<dyn EventStore>,
    page: u32,
    until: u64,
) -> Vec<subject_record::store::RecordedEvent> {
    let mut subscription = store.subscribe();
    let mut read: Vec<subject_record::store::RecordedEvent> = Vec::new();
    while (read.len() as u64) < until {
        let mut progress = read.last().map_or(Position::START, |last| last.position);
        subscription.borrow_and_update();
        let page = store.read_all(progress, page).await.unwrap();
        if page.is_empty() {
            subscription.changed().await.unwrap();
        }
        for event in page {
            assert!(event.position > progress, "a position is read again");
            progress = event.position;
            read.push(event);
        }
    }
    read
}
