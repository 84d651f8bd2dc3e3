//! Killed at random moments while it follows and while it builds anew: nothing is lost, nothing doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use subject_record::app::StoreLog;
use subject_record::clock::{Entropy, SeededEntropy, SystemClock};
use subject_record::projector::{Place, Projection, Projector};
use subject_record::store::EventStore;
use subject_record::store::sqlite::{self, SqliteSettings};
use tempfile::TempDir;

use super::given::{digests, reach};
use crate::doors::client::ONE;
use crate::doors::given::{Changed, answered, consented, disclosed};
use crate::doors::server::{House, Server};

/// One event a transaction, so that a kill meets many; a rebuild at every start with nothing to read.
const SLOW: [(&str, &str); 2] =
    [("SUBJECT_RECORD_PROJECTOR__BATCH_EVENTS", "1"), ("SUBJECT_RECORD_PROJECTOR__REBUILD_FROM_EVENTS", "0")];

/// Sends events until the service is gone.
fn send(server: &Server, round: usize, sent: Arc<AtomicUsize>) -> tokio::task::JoinHandle<()> {
    let emitter = server.emitter();
    tokio::spawn(async move {
        for number in 0.. {
            let person = format!("p-invented-{}", number % 7);
            let event = match number % 3 {
                0 => consented(&person),
                1 => disclosed(&person),
                _ => answered(&person),
            };
            let event = event.with("/id", format!("r{round}-{number}"));
            let request = emitter.request(reqwest::Method::POST, "/v1/events");
            let request = request.header("content-type", ONE).body(event.to_string());
            if emitter.try_send(request).await.is_none() {
                return;
            }
            sent.fetch_add(1, Ordering::Relaxed);
        }
    })
}

/// Projections over a folder's log, with files of their own or those that are there.
async fn projections(house: &House, files: &std::path::Path) -> (Projector, u64) {
    let clock = Arc::new(SystemClock::default());
    let events = house.path("data/events.db");
    let store = Arc::new(sqlite::open(&events, SqliteSettings::default(), clock.clone()).await.unwrap());
    let last = store.last_position().await.unwrap().number();
    let log = Arc::new(StoreLog::new(store.clone(), store));
    let settings = subject_record::config::Projector {
        rebuild_from_events: u64::MAX,
        ..subject_record::config::Projector::default()
    };
    (Projector::open(Place::Folder(files.to_owned()), settings, log, clock).await.unwrap(), last)
}

/// What a killed service left is what a folder that was never used before comes to.
async fn is_whole(house: &House) -> u64 {
    let fresh = TempDir::new().unwrap();
    let (left, last) = projections(house, &house.path("data/read_models")).await;
    let (clean, _) = projections(house, fresh.path()).await;
    reach(&left, last).await;
    reach(&clean, last).await;
    assert_eq!(digests(&left, last).await, digests(&clean, last).await);
    left.stop().await;
    clean.stop().await;
    last
}

async fn survives(rounds: usize, forget: bool) {
    let entropy = SeededEntropy::new(3);
    let entropy: &dyn Entropy = &entropy;
    let mut house = House::new();
    let mut killed_at_work = 0;
    for round in 0..rounds {
        let server = house.serve_with(&SLOW).await;
        let sent = Arc::new(AtomicUsize::new(0));
        let sending = send(&server, round, sent.clone());
        // Some work, however slow the machine is.
        while sent.load(Ordering::Relaxed) < 8 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let moment = 50 + u64::from(entropy.bytes::<1>()[0]);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        house = server.kill();
        sending.await.unwrap();
        let files = std::fs::read_dir(house.path("data/read_models")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let generations = names.filter(|name| name.ends_with(".db")).count();
        killed_at_work += usize::from(generations > Projection::ALL.len());
        if forget {
            std::fs::remove_dir_all(house.path("data/read_models")).unwrap();
        }
    }
    assert!(!forget || killed_at_work > 0, "no kill met a rebuild: the loop shows nothing");
    let server = house.serve_with(&SLOW).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    house = server.kill();
    assert!(is_whole(&house).await > 20, "hardly any event was sent: the loop shows nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_while_it_follows_lose_and_double_nothing() {
    survives(4, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_while_it_builds_anew_lose_and_double_nothing() {
    survives(4, true).await;
}
