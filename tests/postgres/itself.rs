//! That the database of the tests does what tests rely on.

use std::process::Command;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

use super::{Cluster, Proxy};

/// Long enough for an answer of a server on the same machine that is busy with other tests.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Short enough that a silent way is silent and not slow.
const SILENCE: Duration = Duration::from_millis(400);

async fn number(connection: &mut PgConnection, text: &'static str) -> i64 {
    timeout(ANSWER_MAX, sqlx::query_scalar(text).fetch_one(connection)).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_fresh_database_answers_and_is_nobody_elses() {
    let cluster = Cluster::shared();
    let (one, other) = (cluster.database().await, cluster.database().await);
    assert_ne!(one, other);
    let mut one = PgConnection::connect(&one).await.unwrap();
    sqlx::query("CREATE TABLE here (number BIGINT)").execute(&mut one).await.unwrap();
    let mut other = PgConnection::connect(&other).await.unwrap();
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'here'";
    assert_eq!((number(&mut one, tables).await, number(&mut other, tables).await), (1, 0));
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut one).await.unwrap();
    assert_eq!(encoding, "UTF8");
}

#[tokio::test]
async fn a_crashed_cluster_comes_back_with_what_was_committed() {
    let cluster = Cluster::own();
    let url = cluster.database().await;
    let mut before = PgConnection::connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE kept AS SELECT 7::bigint AS number").execute(&mut before).await.unwrap();
    let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut before).await.unwrap();
    assert_eq!(fsync, "on", "what is crashed is as safe as it is by default");
    cluster.restart_immediate().await;
    assert!(sqlx::query("SELECT 1").execute(&mut before).await.is_err(), "its sessions ended");
    let mut after = PgConnection::connect(&url).await.unwrap();
    assert_eq!(number(&mut after, "SELECT number FROM kept").await, 7);
    assert!(cluster.log().contains("not properly shut down"), "it was a crash: {}", cluster.log());

    cluster.stop().await;
    assert!(PgConnection::connect(&url).await.is_err());
    cluster.start().await;
    PgConnection::connect(&url).await.unwrap();
}

#[tokio::test]
async fn a_cluster_of_ones_own_leaves_nothing_behind() {
    let cluster = Cluster::own();
    let url = cluster.database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let folder: String =
        sqlx::query_scalar("SHOW unix_socket_directories").fetch_one(&mut connection).await.unwrap();
    let port = cluster.port();
    assert!(std::path::Path::new(&folder).exists() && is_served(port));
    drop(cluster);
    assert!(!std::path::Path::new(&folder).exists() && !is_served(port));
}

/// Whether a server listens. One whose files are gone still would, and answer nobody.
fn is_served(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// The process that holds a cluster, and is killed by the test after this one.
#[tokio::test]
#[ignore = "runs as a process that another test kills"]
async fn hold_a_cluster_until_killed() {
    let cluster = Cluster::own();
    println!("holds {}", cluster.port());
    tokio::time::sleep(Duration::from_secs(600)).await;
}

#[tokio::test]
async fn a_cluster_ends_with_its_process_even_when_that_is_killed() {
    use std::io::BufRead as _;
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--nocapture", "--exact", "postgres::itself::hold_a_cluster_until_killed"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(holder.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port: u16 = lines.filter_map(|line| line.split("holds ").nth(1)?.parse().ok()).next().unwrap();
    assert!(is_served(port));
    holder.kill().unwrap();
    holder.wait().unwrap();
    for _ in 0..200 {
        if !is_served(port) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!("the cluster outlived its process: port {port}")
}

#[tokio::test]
async fn a_cut_is_silent_either_way_and_heals() {
    let cluster = Cluster::shared();
    let direct = cluster.database().await;
    let proxy = Proxy::before(cluster).await;
    let url = proxy.url(&direct);
    let mut watching = PgConnection::connect(&direct).await.unwrap();
    sqlx::query("CREATE TABLE heard (number BIGINT)").execute(&mut watching).await.unwrap();
    let count = "SELECT count(*) FROM heard";
    let say = || async {
        let mut connection = PgConnection::connect(&url).await?;
        sqlx::query("INSERT INTO heard VALUES (1)").execute(&mut connection).await?;
        Ok::<_, sqlx::Error>(())
    };
    say().await.unwrap();

    let mut connected = PgConnection::connect(&url).await.unwrap();
    type Cut = fn(&Proxy);
    let cuts: [(Cut, i64); 3] = [(Proxy::cut_to_server, 1), (Proxy::cut, 2), (Proxy::cut_to_client, 4)];
    for (cut, heard) in cuts {
        cut(&proxy);
        let insert = sqlx::query("INSERT INTO heard VALUES (2)").execute(&mut connected);
        let mut insert = std::pin::pin!(insert);
        assert!(timeout(SILENCE, &mut insert).await.is_err(), "no answer, and no error");
        assert_eq!(number(&mut watching, count).await, heard, "whether the server heard it");
        proxy.heal();
        timeout(ANSWER_MAX, insert).await.unwrap().unwrap();
    }
    assert_eq!(number(&mut watching, count).await, 4);

    proxy.cut();
    assert!(timeout(SILENCE, PgConnection::connect(&url)).await.is_err(), "nor is a new one answered");
    proxy.heal();
    proxy.reset();
    assert!(sqlx::query("SELECT 1").execute(&mut connected).await.is_err(), "dropped");
    say().await.unwrap();
}
