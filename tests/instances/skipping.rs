//! A reader that has seen a position never meets a new event below it, however long an append of another instance is
//! held open: the fault that nearly every log on a database once had.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};
use subject_record::clock::SeededEntropy;
use subject_record::store::postgres::{self, PostgresSettings};
use subject_record::store::sql::SqlStore;
use subject_record::store::{Append, AppendError, EventStore, RecordedEvent};
use subject_record_schemas::Position;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::conformance::checker::check_log;
use crate::conformance::given::{Shape, any, append, clock, event, person, record};
use crate::postgres::{Cluster, Proxy};

/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long what must not happen is given to happen.
const WHILE: Duration = Duration::from_millis(700);
/// An instance that is cut off in mid append holds others up at most this long.
const HELD_UP_MAX: Duration = Duration::from_secs(20);

/// Takes the name of a stream and does not commit: an append that makes this stream has taken its positions, and waits.
const HOLD: &str = "INSERT INTO events.streams (stream, name) VALUES (1000000, 'subject-p-invented-1')";
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = 'subject-record'";

/// An instance's way to the events.
async fn instance(url: &str, seed: u64) -> Arc<SqlStore> {
    let entropy = Arc::new(SeededEntropy::new(seed));
    Arc::new(postgres::open(url, &PostgresSettings::default(), clock(), entropy).await.unwrap())
}

/// Somebody who holds a name in an open transaction, and looks who waits for that.
struct Holder {
    held: PgConnection,
    /// Within a transaction one sees the server's activity as it was when one first looked.
    looking: PgConnection,
}

impl Holder {
    async fn of(url: &str) -> Self {
        let (mut held, looking) =
            (PgConnection::connect(url).await.unwrap(), PgConnection::connect(url).await.unwrap());
        sqlx::query("BEGIN").execute(&mut held).await.unwrap();
        sqlx::query(HOLD).execute(&mut held).await.unwrap();
        Self { held, looking }
    }

    async fn lets_go(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.held).await.unwrap();
    }

    /// Waits until so many appends wait for this one or for one another.
    async fn holds(&mut self, appends: i64) {
        let since = Instant::now();
        loop {
            let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&mut self.looking).await.unwrap();
            if waiting == appends {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{waiting} appends wait, not {appends}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

type Appending = JoinHandle<Result<subject_record::store::Appended, AppendError>>;

fn appending(store: &Arc<SqlStore>, given: Append) -> Appending {
    let store = Arc::clone(store);
    tokio::spawn(async move { append(&*store, given).await })
}

async fn position(appending: Appending) -> u64 {
    let appended = timeout(PATIENCE, appending).await.unwrap().unwrap().unwrap();
    appended.outcomes[0].receipt().position.number()
}

/// Reads on and on from where it is, as whatever follows the log does, and never looks back.
fn follower(store: &Arc<SqlStore>, until: u64) -> JoinHandle<Vec<RecordedEvent>> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let mut read: Vec<RecordedEvent> = Vec::new();
        while (read.len() as u64) < until {
            let progress = read.last().map_or(Position::START, |last| last.position);
            read.extend(store.read_all(progress, 100).await.unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        read
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_one_instance_is_in_mid_append_nothing_of_another_is_seen_above_it() {
    let url = Cluster::shared().database().await;
    let (one, other) = (instance(&url, 1).await, instance(&url, 2).await);
    record(&*one, any(&person(0), [event("e-0")])).await;
    let followers = [follower(&one, 5), follower(&other, 5)];

    let mut holder = Holder::of(&url).await;
    let first = appending(&one, any(&person(1), [event("e-1").boxed(1), event("e-2")]));
    holder.holds(1).await;
    // Both ways of another instance: knowing where the log ends, and looking.
    let second = appending(&other, any(&person(2), [event("e-3")]));
    holder.holds(2).await;
    tokio::time::sleep(WHILE).await;
    assert!(!first.is_finished() && !second.is_finished(), "nothing is answered out of order");
    for store in [&one, &other] {
        assert_eq!(store.last_position().await.unwrap(), Position::new(1));
        assert_eq!(store.read_all(Position::START, 100).await.unwrap().len(), 1, "nothing is seen");
    }

    holder.lets_go().await;
    assert_eq!((position(first).await, position(second).await), (2, 4), "in the order of the sequencer");
    record(&*one, any(&person(0), [event("e-4")])).await;
    let log = check_log(&*one).await.unwrap().events;
    for follower in followers {
        assert_eq!(timeout(PATIENCE, follower).await.unwrap().unwrap(), log, "followers skipped nothing");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_session_ends_in_mid_append_leaves_no_gap_and_is_done_once() {
    let url = Cluster::shared().database().await;
    let (one, other) = (instance(&url, 1).await, instance(&url, 2).await);
    let followers = [follower(&one, 3), follower(&other, 3)];
    let mut holder = Holder::of(&url).await;
    let first = appending(&one, any(&person(1), [event("e-1")]));
    holder.holds(1).await;
    let second = appending(&other, any(&person(2), [event("e-2")]));
    holder.holds(2).await;
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
        AND application_name = 'subject-record' AND wait_event_type = 'Lock' \
        ORDER BY query_start LIMIT 1";
    sqlx::query(ended).execute(&mut holder.looking).await.unwrap();
    assert_eq!(position(second).await, 1, "the place of what was rolled back is taken by the next");
    holder.lets_go().await;
    assert_eq!(position(first).await, 2, "it is tried again by itself");
    record(&*other, any(&person(1), [event("e-3")])).await;
    let log = check_log(&*one).await.unwrap().events;
    for follower in followers {
        assert_eq!(timeout(PATIENCE, follower).await.unwrap().unwrap(), log);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_cut_off_in_mid_append_holds_others_up_for_seconds_only() {
    let cluster = Cluster::shared();
    let url = cluster.database().await;
    let proxy = Proxy::before(cluster).await;
    let (one, other) = (instance(&proxy.url(&url), 1).await, instance(&url, 2).await);
    // Appends of both in turn, so that each takes the sequencer's lock first: a transaction that stays open.
    for round in 0..3 {
        record(&*one, any(&person(3), [event(&format!("e-one-{round}"))])).await;
        record(&*other, any(&person(4), [event(&format!("e-other-{round}"))])).await;
    }
    let mut holder = Holder::of(&url).await;
    let first = appending(&one, any(&person(1), [event("e-1")]));
    holder.holds(1).await;
    proxy.cut();
    holder.lets_go().await;

    let since = Instant::now();
    let second = timeout(PATIENCE, append(&*other, any(&person(2), [event("e-2")]))).await.unwrap();
    let waited = since.elapsed();
    println!("an instance cut off in mid append held another up for {waited:?}");
    assert!(waited < HELD_UP_MAX, "{waited:?}");
    assert_eq!(second.unwrap().outcomes[0].receipt().position.number(), 7, "the open transaction was ended");
    let given_up = timeout(PATIENCE, first).await.unwrap().unwrap();
    assert!(matches!(given_up, Err(AppendError::Store(_))), "{given_up:?}");

    proxy.heal();
    record(&*one, any(&person(1), [event("e-1")])).await;
    assert_eq!(check_log(&*other).await.unwrap().events.len(), 8);
}
