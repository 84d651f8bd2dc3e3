//! What only PostgreSQL can get wrong: instances beside one another, a network, a server that crashes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use subject_record::clock::{SeededEntropy, SystemClock};
use subject_record::store::postgres::{self, PostgresSettings};
use subject_record::store::sql::SqlStore;
use subject_record::store::{AppendError, EventStore, ExpectedRevision, Outcome, Receipt, StoreError};
use subject_record_schemas::{Position, Revision};

use super::checker::check_log;
use super::given::{Shape, any, append, clock, event, expecting, key, open_postgres, person, record};
use crate::postgres::{Cluster, Proxy};

/// A connection of somebody who does not go through the store, but owns the tables.
async fn intruder(url: &str) -> PgConnection {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query("SET search_path = events").execute(&mut connection).await.unwrap();
    connection
}

/// What the database answers to a statement: nothing, or why it refuses.
async fn refusal(connection: &mut PgConnection, sql: &'static str) -> String {
    let result = sqlx::query(sql).execute(connection).await;
    result.err().and_then(|error| Some(error.as_database_error()?.message().to_owned())).unwrap_or_default()
}

/// An instance under the machine's clock.
async fn instance(url: &str, settings: PostgresSettings) -> Arc<SqlStore> {
    let (clock, entropy) = (Arc::new(SystemClock::default()), Arc::new(SeededEntropy::new(9)));
    Arc::new(postgres::open(url, &settings, clock, entropy).await.unwrap())
}

async fn reaches(store: &dyn EventStore, position: u64) -> bool {
    let mut heard = store.subscribe();
    let reached = heard.wait_for(|reached| *reached >= Position::new(position));
    tokio::time::timeout(Duration::from_secs(60), reached).await.is_ok()
}

#[tokio::test]
async fn attack_the_tables_refuse_to_change_or_lose_events_also_to_their_owner() {
    let (url, clock) = (Cluster::shared().database().await, clock());
    let store = open_postgres(&url, PostgresSettings::default(), &clock).await;
    record(&store, any(&person(1), [event("e-1").registering(), event("e-2").fencing()])).await;
    let before = check_log(&store).await.unwrap().events;
    let mut owner = intruder(&url).await;
    for (sql, because) in [
        ("UPDATE events SET body = '{}' WHERE position = 1", "events are immutable"),
        ("DELETE FROM events WHERE position = 2", "events are immutable"),
        ("TRUNCATE events", "events are immutable"),
        (
            "INSERT INTO events SELECT 3, stream, 2, source, id, 0, recorded_us, leaf, body FROM events WHERE position = 1",
            "duplicate key",
        ),
        (
            "INSERT INTO events SELECT 3, stream, revision, source, 'e-3', 0, recorded_us, leaf, body FROM events WHERE position = 1",
            "duplicate key",
        ),
        (
            "WITH late AS (INSERT INTO boxes VALUES (3, 1, '\\x01')) \
             INSERT INTO events SELECT 3, stream, 2, source, 'e-3', 0, recorded_us, leaf, body FROM events WHERE position = 1",
            "the stream is fenced",
        ),
    ] {
        let refused = refusal(&mut owner, sql).await;
        assert!(refused.starts_with(because), "{sql}: {refused}");
    }
    assert_eq!(check_log(&store).await.unwrap().events, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_beside_one_another_make_one_log_without_a_gap() {
    let url = Cluster::shared().database().await;
    let mut instances = Vec::new();
    for _ in 0..3 {
        instances.push(instance(&url, PostgresSettings::default()).await);
    }
    let mut writers = tokio::task::JoinSet::new();
    for (place, store) in instances.iter().enumerate() {
        for writer in 0..8_u32 {
            let store = Arc::clone(store);
            writers.spawn(async move {
                let mut receipts = Vec::new();
                for round in 0..20 {
                    // Some streams are everybody's, some are the writer's own.
                    let stream = person(if round % 2 == 0 { 1 } else { 100 + writer });
                    let given = any(&stream, [event(&format!("e-{place}-{writer}-{round}")).boxed(7)]);
                    receipts.extend(record(&*store, given).await);
                }
                receipts
            });
        }
    }
    let receipts: Vec<Receipt> = writers.join_all().await.into_iter().flatten().collect();
    for store in &instances {
        assert!(reaches(&**store, 480).await, "followers of every instance hear of every append");
        let log = check_log(&**store).await.unwrap();
        assert_eq!((log.events.len(), receipts.len()), (480, 480));
        for receipt in &receipts {
            let place = usize::try_from(receipt.position.number()).unwrap() - 1;
            assert_eq!(
                (&log.events[place].stream, log.events[place].leaf_hash),
                (&receipt.stream, receipt.leaf_hash)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_instances_that_expect_the_same_end_of_a_stream_one_appends() {
    let url = Cluster::shared().database().await;
    let instances = [
        instance(&url, PostgresSettings::default()).await,
        instance(&url, PostgresSettings::default()).await,
        instance(&url, PostgresSettings::default()).await,
    ];
    for round in 0..15_u64 {
        let expected = round
            .checked_sub(1)
            .map_or(ExpectedRevision::NoStream, |r| ExpectedRevision::Exactly(Revision::new(r)));
        let given = |place: usize| expecting(expected, &person(1), [event(&format!("e-{place}-{round}"))]);
        let (a, b, c) = tokio::join!(
            append(&*instances[0], given(0)),
            append(&*instances[1], given(1)),
            append(&*instances[2], given(2)),
        );
        let all = [a, b, c];
        let conflict = |result: &Result<_, AppendError>| matches!(result, Err(AppendError::Conflict { actual: Some(actual) }) if *actual == Revision::new(round));
        assert_eq!(all.iter().filter(|result| result.is_ok()).count(), 1, "{all:?}");
        assert_eq!(all.iter().filter(|result| conflict(result)).count(), 2, "{all:?}");
    }
}

/// The classic skip: a lower position is committed after a higher one was seen. Here the higher one waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_held_up_holds_up_what_comes_after_it_and_no_follower_skips_it() {
    let (url, clock) = (Cluster::shared().database().await, clock());
    let store = Arc::new(open_postgres(&url, PostgresSettings::default(), &clock).await);
    record(&*store, any(&person(1), [event("e-1")])).await;
    // Another instance, in mid append: its event has the next position and is not committed.
    let mut other = intruder(&url).await;
    for sql in [
        "SET idle_in_transaction_session_timeout = 0",
        "BEGIN",
        "UPDATE sequencer SET position = 2",
        "INSERT INTO events SELECT 2, stream, 1, source, 'e-2', 0, recorded_us, leaf, body FROM events WHERE position = 1",
    ] {
        sqlx::query(sql).execute(&mut other).await.unwrap();
    }
    let later = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { record(&*store, any(&person(2), [event("e-3")])).await })
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!later.is_finished(), "a later position was committed before an earlier one");
    let seen = store.read_all(Position::START, 10).await.unwrap();
    assert_eq!(seen.iter().map(|event| event.position.number()).collect::<Vec<_>>(), [1]);
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(later.await.unwrap()[0].position, Position::new(3));
    let seen = store.read_all(Position::new(1), 10).await.unwrap();
    assert_eq!(seen.iter().map(|event| event.position.number()).collect::<Vec<_>>(), [2, 3]);
}

/// A lone instance over a proxy, warm, so that an append is one statement; another one beside it; and an append that is
/// under way while the network is cut.
async fn cut_in_mid_append(cut: fn(&Proxy)) -> (Proxy, Arc<SqlStore>, tokio::task::JoinHandle<Outcome>) {
    let cluster = Cluster::shared();
    let (url, proxy) = (cluster.database().await, Proxy::before(cluster).await);
    let settings = PostgresSettings { outage_seconds_max: 30, ..PostgresSettings::default() };
    let store = instance(&proxy.url(&url), settings).await;
    let beside = instance(&url, PostgresSettings::default()).await;
    record(&*store, any(&person(1), [event("e-0")])).await;
    cut(&proxy);
    let given = expecting(ExpectedRevision::Exactly(Revision::FIRST), &person(1), [event("e-1")]);
    let appending = tokio::spawn(async move { append(&*store, given).await.unwrap().outcomes.remove(0) });
    (proxy, beside, appending)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_answer_was_lost_is_found_again_and_not_doubled() {
    let (proxy, beside, appending) = cut_in_mid_append(Proxy::cut_to_client).await;
    assert!(reaches(&*beside, 2).await, "the server has committed it");
    // Somebody else appends meanwhile, so that the log does not end there any more.
    record(&*beside, any(&person(1), [event("e-2")])).await;
    assert!(!appending.is_finished());
    proxy.reset();
    proxy.heal();
    let Outcome::Appended(receipt) = appending.await.unwrap() else { unreachable!("it was appended now") };
    let log = check_log(&*beside).await.unwrap();
    assert_eq!((log.events.len(), log.receipt(&key("e-1"))), (3, Some(receipt)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_never_arrived_is_appended_when_the_database_is_reached_again() {
    let (proxy, beside, appending) = cut_in_mid_append(Proxy::cut_to_server).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(beside.last_position().await.unwrap(), Position::new(1));
    proxy.reset();
    proxy.heal();
    let Outcome::Appended(receipt) = appending.await.unwrap() else { unreachable!("it was appended now") };
    let log = check_log(&*beside).await.unwrap();
    assert_eq!((log.events.len(), log.receipt(&key("e-1"))), (2, Some(receipt)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_for_long_is_a_fault_and_what_follows_is_appended_when_it_is_back() {
    let cluster = Cluster::shared();
    let (url, proxy) = (cluster.database().await, Proxy::before(cluster).await);
    let store =
        instance(&proxy.url(&url), PostgresSettings { outage_seconds_max: 1, ..PostgresSettings::default() })
            .await;
    record(&*store, any(&person(1), [event("e-1")])).await;
    proxy.cut();
    let refused = append(&*store, any(&person(1), [event("e-2")])).await;
    assert!(matches!(refused, Err(AppendError::Store(StoreError::Engine(_)))), "{refused:?}");
    assert!(store.ready().await.is_err());
    proxy.reset();
    proxy.heal();
    let again = append(&*store, any(&person(1), [event("e-2")])).await.unwrap();
    assert_eq!(again.head, Some(Revision::new(1)));
    assert!(store.ready().await.is_ok());
    assert_eq!(check_log(&*store).await.unwrap().events.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_outlives_crashes_of_the_server_under_load() {
    let cluster = Cluster::own();
    let url = cluster.database().await;
    let settings = PostgresSettings { outage_seconds_max: 60, ..PostgresSettings::default() };
    let instances = [instance(&url, settings.clone()).await, instance(&url, settings).await];
    let is_over = Arc::new(AtomicBool::new(false));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..16_usize {
        let (store, is_over) = (Arc::clone(&instances[writer % 2]), Arc::clone(&is_over));
        writers.spawn(async move {
            let mut receipts = BTreeMap::new();
            for round in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let id = format!("e-{writer}-{round}");
                let given = any(&person(u32::try_from(writer % 5).unwrap()), [event(&id).boxed(3)]);
                let appended = append(&*store, given).await.unwrap();
                receipts.insert(id, appended.outcomes[0].receipt().clone());
            }
            receipts
        });
    }
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        cluster.restart_immediate().await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    is_over.store(true, Ordering::Relaxed);
    let receipts: BTreeMap<_, _> = writers.join_all().await.into_iter().flatten().collect();
    let log = check_log(&*instances[0]).await.unwrap();
    assert_eq!(log.events.len(), receipts.len(), "every event was answered, each once");
    for (id, receipt) in &receipts {
        assert_eq!(log.receipt(&key(id)).as_ref(), Some(receipt));
    }
}
