//! Standbys: which of them can lose an acknowledged event is said, and the others lose none when they take over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use subject_record::clock::{SeededEntropy, SystemClock};
use subject_record::store::postgres::{self, PostgresSettings};
use subject_record::store::sql::SqlStore;
use subject_record::store::{EventStore, StoreWarning};
use tokio::task::JoinSet;

use super::{Cluster, Proxy};
use crate::conformance::checker::check_log;
use crate::conformance::given::{Shape, any, append, event, key, person};

const PATIENCE: Duration = Duration::from_secs(60);
const WRITERS: u32 = 12;

async fn store(url: &str) -> Arc<SqlStore> {
    let settings = PostgresSettings { outage_seconds_max: 60, ..PostgresSettings::default() };
    let (clock, entropy) = (Arc::new(SystemClock::default()), Arc::new(SeededEntropy::new(4)));
    Arc::new(postgres::open(url, &settings, clock, entropy).await.unwrap())
}

async fn execute(cluster: &Cluster, sql: &str) {
    let mut connection = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

async fn wait_for_standbys(cluster: &Cluster, names: &str) {
    execute(cluster, &format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'")).await;
    execute(cluster, "SELECT pg_reload_conf()").await;
}

async fn warns(store: &SqlStore, wanted: &[StoreWarning]) {
    let since = Instant::now();
    while store.warnings().await.unwrap() != wanted {
        assert!(since.elapsed() < PATIENCE, "{:?}, not {wanted:?}", store.warnings().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_standby_that_is_not_waited_for_and_a_disk_that_is_not_are_warned_of() {
    let unsynced = store(&Cluster::shared().database().await).await;
    warns(&unsynced, &[StoreWarning::NotSynced]).await;

    let cluster = Cluster::own();
    let store = store(&cluster.database().await).await;
    assert_eq!(store.warnings().await.unwrap(), []);
    let _standby = cluster.standby();
    warns(&store, &[StoreWarning::AsynchronousStandby]).await;
    wait_for_standbys(&cluster, "*").await;
    warns(&store, &[]).await;
    wait_for_standbys(&cluster, "").await;
    warns(&store, &[StoreWarning::AsynchronousStandby]).await;
}

#[tokio::test]
async fn a_role_that_may_not_see_what_standbys_do_is_warned_of_them_too() {
    let cluster = Cluster::own();
    let url = cluster.database().await;
    let database = url.rsplit('/').next().unwrap();
    execute(&cluster, "CREATE ROLE plain LOGIN").await;
    execute(&cluster, &format!("GRANT CREATE ON DATABASE \"{database}\" TO plain")).await;
    let store = store(&url.replace("//postgres@", "//plain@")).await;
    let _standby = cluster.standby();
    warns(&store, &[StoreWarning::AsynchronousStandby]).await;
    wait_for_standbys(&cluster, "*").await;
    warns(&store, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_is_waited_for_takes_over_and_nothing_acknowledged_is_lost() {
    let cluster = Cluster::own();
    let url = cluster.database().await;
    let proxy = Proxy::before(&cluster).await;
    let standby = cluster.standby();
    let store = store(&proxy.url(&url)).await;
    wait_for_standbys(&cluster, "*").await;
    warns(&store, &[]).await;

    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let (mut receipts, since) = (BTreeMap::new(), Instant::now());
            for round in 0.. {
                let id = format!("e-{writer}-{round}");
                let appended =
                    append(&*store, any(&person(writer % 5), [event(&id).boxed(1)])).await.unwrap();
                receipts.insert(id, (appended.outcomes[0].receipt().clone(), since.elapsed()));
                if since.elapsed() > Duration::from_secs(6) {
                    break;
                }
            }
            receipts
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let since = Instant::now();
    cluster.stop().await;
    execute(&standby, "SELECT pg_promote()").await;
    execute(&standby, "ALTER SYSTEM RESET synchronous_standby_names").await;
    execute(&standby, "SELECT pg_reload_conf()").await;
    proxy.leads_to(&standby);
    let took = since.elapsed();
    let receipts: BTreeMap<_, _> = writers.join_all().await.into_iter().flatten().collect();

    let log = check_log(&*store).await.unwrap();
    assert_eq!(log.events.len(), receipts.len(), "every event was acknowledged, and stands once");
    for (id, (receipt, _)) in &receipts {
        assert_eq!(log.receipt(&key(id)).as_ref(), Some(receipt), "{id}");
    }
    let before = receipts.values().filter(|(_, at)| *at < Duration::from_secs(2)).count();
    let after = receipts.values().filter(|(_, at)| *at > Duration::from_secs(2) + took).count();
    println!("{before} events before the standby took over, within {took:?}, and {after} after");
    assert!(before > 0 && after > 0, "{before} {after}");
}
