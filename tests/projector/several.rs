//! Several instances over one log and one database: one runs a projection, the others read its rows, and nothing is
//! lost when the one is gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};
use subject_record::projector::{Projection, Projector, Status};
use subject_record_schemas::Position;

use super::given::{Home, On, PATIENCE, Tape, digests, open, reach, small, year};
use crate::postgres::{Cluster, Proxy};

/// Within which another instance goes on: five seconds, and time on a busy machine.
const TAKEOVER_MAX: Duration = Duration::from_secs(15);

/// Ends every session that holds the lease of a projection, and says how many there were.
async fn end_sessions(home: &Home) -> i64 {
    let Home::Database(url) = home else { unreachable!("only a database has sessions") };
    let mut connection = PgConnection::connect(url).await.unwrap();
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    sqlx::query_scalar(ended).fetch_one(&mut connection).await.unwrap()
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waited).await.is_ok(), "never: {what}");
}

fn status(projector: &Projector, projection: Projection) -> Status {
    projector.status().into_iter().find(|status| status.projection == projection).unwrap()
}

/// What a file that was never used before comes to.
async fn expected(tape: &Arc<Tape>, at: u64) -> Vec<(&'static str, String)> {
    let home = On::Sqlite.home().await;
    let projector = open(&home, small(2000), tape).await;
    reach(&projector, at).await;
    let found = digests(&projector, at).await;
    projector.stop().await;
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_hold_the_same_rows() {
    let all = year().await.len() as u64;
    let (tape, home) = (Tape::of(year().await), On::Postgres.home().await);
    tape.show_all();
    let projector = open(&home, small(70), &tape).await;
    reach(&projector, all).await;
    assert_eq!(digests(&projector, all).await, expected(&tape, all).await);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_instances_one_runs_a_projection_and_all_read_it() {
    let all = year().await.len() as u64;
    let (tape, home) = (Tape::of(year().await), On::Postgres.home().await);
    let instances = [open(&home, small(50), &tape).await, open(&home, small(50), &tape).await];
    for shown in [all / 3, all] {
        tape.show(shown);
        for projection in Projection::ALL {
            let leaders = instances.iter().filter(|instance| instance.leads(projection)).count();
            assert_eq!(leaders, 1, "{}", projection.name());
        }
        for instance in &instances {
            reach(instance, shown).await;
        }
    }
    assert_eq!(digests(&instances[0], all).await, digests(&instances[1], all).await);
    for instance in instances {
        instance.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_instance_goes_on_within_seconds_and_skips_nothing() {
    let all = year().await.len() as u64;
    let (tape, home) = (Tape::of(year().await), On::Postgres.home().await);
    let first = open(&home, small(7), &tape).await;
    let second = open(&home, small(7), &tape).await;
    assert!(Projection::ALL.into_iter().all(|projection| first.leads(projection)));
    tape.show(all / 2);
    second.wait_for(Projection::People, Position::new(all / 4), PATIENCE).await.unwrap();
    tape.show(all);
    // As with a process that is killed: in the midst of a batch.
    drop(first);
    let gone = Instant::now();
    eventually("the other takes over", async || {
        Projection::ALL.into_iter().all(|projection| second.leads(projection))
    })
    .await;
    assert!(gone.elapsed() < TAKEOVER_MAX, "{:?}", gone.elapsed());
    reach(&second, all).await;
    let found = digests(&second, all).await;
    assert_eq!(found, expected(&tape, all).await);
    for projection in Projection::ALL {
        second.rebuild(projection).await.unwrap();
    }
    assert_eq!(digests(&second, all).await, found);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_is_done_by_the_one_and_read_by_the_other_wherever_it_is_asked() {
    let all = year().await.len() as u64;
    let (tape, home) = (Tape::of(year().await), On::Postgres.home().await);
    tape.show(all);
    let holder = open(&home, small(500), &tape).await;
    let other = open(&home, small(500), &tape).await;
    for instance in [&holder, &other] {
        reach(instance, all).await;
    }
    let before = digests(&other, all).await;
    let generation = |projector: &Projector| projector.reader(Projection::History).unwrap().generation();
    let held = other.reader(Projection::History).unwrap();
    holder.rebuild(Projection::History).await.unwrap();
    assert_eq!(generation(&holder), 2);
    eventually("the other reads what was built", async || generation(&other) == 2).await;
    other.rebuild(Projection::History).await.unwrap();
    assert_eq!((generation(&holder), generation(&other)), (3, 3), "whoever asked reads what was built");
    assert!(holder.leads(Projection::History) && !other.leads(Projection::History));
    assert_eq!(digests(&other, all).await, before);
    // Whoever reads on in the old rows is not disturbed, until it had its time.
    assert_eq!(held.progress().await.unwrap().position.number(), all);
    assert_eq!(home.generations(Projection::History).await, 3);
    let hurried =
        "WITH hurried AS (UPDATE retired SET retired_us = 0 RETURNING 1) SELECT count(*) FROM hurried";
    assert_eq!(home.number(Projection::History, 3, hurried).await, 2);
    other.rebuild(Projection::History).await.unwrap();
    eventually("old rows are dropped", async || home.generations(Projection::History).await == 2).await;
    for instance in [holder, other] {
        instance.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_are_ended_lose_and_double_nothing() {
    let all = year().await.len() as u64;
    let (tape, home) = (Tape::of(year().await), On::Postgres.home().await);
    let instances = [open(&home, small(3), &tape).await, open(&home, small(3), &tape).await];
    let mut ended = 0;
    for part in 1..=6 {
        tape.show(all * part / 6);
        tokio::time::sleep(Duration::from_millis(150 * part)).await;
        ended += end_sessions(&home).await;
    }
    assert!(ended >= 6, "{ended} sessions were ended");
    for instance in &instances {
        reach(instance, all).await;
    }
    assert_eq!(digests(&instances[0], all).await, expected(&tape, all).await);
    for instance in instances {
        instance.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_projection_stands_is_known_everywhere_and_it_goes_on_from_anywhere() {
    let all = year().await.len() as u64;
    let at = all / 2;
    let original = year().await[usize::try_from(at).unwrap() - 1].bytes.clone();
    let (tape, home) = (Tape::of(year().await), On::Postgres.home().await);
    tape.alter(at, |event| event.bytes = "{}".into());
    let holder = open(&home, small(50), &tape).await;
    let other = open(&home, small(50), &tape).await;
    tape.show(all);
    let projection = Projection::History;
    for projection in Projection::ALL {
        eventually("it stands", async || status(&other, projection).stopped.is_some()).await;
    }
    // The holder still has its session after a while, though it has nothing to write.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(holder.leads(projection), "{:?}", holder.status());
    let stop = status(&other, projection).stopped.unwrap();
    assert_eq!(stop.position.number(), at);
    tape.alter(at, |event| event.bytes = original);
    Projection::ALL.into_iter().for_each(|projection| other.resume(projection));
    reach(&other, all).await;
    assert_eq!(digests(&other, all).await, expected(&tape, all).await);
    for instance in [holder, other] {
        instance.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_told_and_its_return_is_noticed() {
    let all = year().await.len() as u64;
    let cluster = Cluster::own();
    let (tape, home) = (Tape::of(year().await), Home::Database(cluster.database().await));
    let projector = open(&home, small(20), &tape).await;
    tape.show(all / 2);
    reach(&projector, all / 2).await;
    cluster.stop().await;
    tape.show(all);
    eventually("its absence is told", async || status(&projector, Projection::People).trouble.is_some())
        .await;
    cluster.start().await;
    reach(&projector, all).await;
    eventually("it is over", async || status(&projector, Projection::People).trouble.is_none()).await;
    cluster.restart_immediate().await;
    for projection in Projection::ALL {
        eventually("it has gone on after a crash", async || {
            projector.leads(projection)
                && matches!(&projector.reader(projection), Ok(read) if read.progress().await.is_ok_and(|at| at.position.number() == all))
        })
        .await;
    }
    assert_eq!(digests(&projector, all).await, expected(&tape, all).await);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_an_instance_that_is_cut_off_writes_nothing_any_more() {
    let all = year().await.len() as u64;
    let cluster = Cluster::own();
    let database = cluster.database().await;
    let name = database.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let proxy = Proxy::before(&cluster).await;
    let (near, far) = (Home::Database(database), Home::Database(proxy.url(&name)));
    let tape = Tape::of(year().await);
    let first = open(&far, small(5), &tape).await;
    tape.show(all / 2);
    let second = open(&near, small(5), &tape).await;
    assert!(first.leads(Projection::People));
    second.wait_for(Projection::People, Position::new(all / 4), PATIENCE).await.unwrap();
    proxy.cut();
    let cut = Instant::now();
    eventually("the other takes over", async || second.leads(Projection::People)).await;
    assert!(cut.elapsed() < Duration::from_secs(6), "{:?}", cut.elapsed());
    tape.show(all);
    proxy.heal();
    reach(&second, all).await;
    reach(&first, all).await;
    assert_eq!(digests(&second, all).await, expected(&tape, all).await);
    for instance in [first, second] {
        instance.stop().await;
    }
}
