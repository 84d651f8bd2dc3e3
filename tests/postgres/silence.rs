//! A network that is cut while a statement is under way: nobody is told, and nobody waits for ever.

use std::time::Duration;

use sqlx::PgPool;
use subject_record::db::postgres::Postgres;
use subject_record::db::sql::{Connection, Pool, Text, query};
use tokio::time::{sleep, timeout};

use super::{Cluster, Proxy};

/// Longer than anybody waits for a statement.
const PATIENCE: Duration = Duration::from_secs(120);
const ONE: &str = "SELECT 1";

struct Given {
    proxy: Proxy,
    place: Postgres,
}

impl Given {
    async fn new() -> Self {
        let proxy = Proxy::before(Cluster::shared()).await;
        let url = proxy.url(&Cluster::shared().database().await);
        Self { place: Postgres::at(&url, "public").unwrap(), proxy }
    }

    /// What goes on while time passes of itself whenever everybody waits.
    async fn in_a_cut<T>(&self, asked: impl Future<Output = T>) -> T {
        self.proxy.cut_to_client();
        tokio::time::pause();
        let answer = timeout(PATIENCE, asked).await.unwrap();
        tokio::time::resume();
        answer
    }
}

fn is_timed_out<T: std::fmt::Debug>(answer: &Result<T, sqlx::Error>) -> bool {
    matches!(answer, Err(sqlx::Error::Io(error)) if error.kind() == std::io::ErrorKind::TimedOut)
}

#[tokio::test]
async fn a_statement_whose_answer_never_comes_is_given_up() {
    let it = Given::new().await;
    let mut writer = Connection::Postgres(it.place.connect().await.unwrap());
    query(Text::Built(ONE.into())).fetch_one(&mut writer).await.unwrap();
    let one = query(Text::Built(ONE.into()));
    let asked = it.in_a_cut(one.fetch_all(&mut writer)).await;
    assert!(is_timed_out(&asked), "{asked:?}");

    it.proxy.heal();
    let mut writer = Connection::Postgres(it.place.connect().await.unwrap());
    let mut together = writer.begin().await.unwrap();
    query(Text::Built("CREATE TABLE here (number BIGINT)".into())).execute(&mut together).await.unwrap();
    let committed = it.in_a_cut(together.commit()).await;
    assert!(is_timed_out(&committed), "{committed:?}");
}

#[tokio::test]
async fn a_statement_that_takes_long_is_waited_for() {
    let it = Given::new().await;
    let mut writer = Connection::Postgres(it.place.connect().await.unwrap());
    it.proxy.cut_to_client();
    tokio::time::pause();
    let index = query(Text::Built(ONE.into())).takes_long();
    let waited = timeout(PATIENCE, index.execute(&mut writer)).await;
    assert!(waited.is_err(), "{waited:?}");
}

async fn has(pool: &PgPool, connections: u32) {
    while pool.size() != connections {
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_any_more_does_not_keep_its_place_in_the_pool() {
    let it = Given::new().await;
    let connections = it.place.pool(1).await.unwrap();
    let pool = Pool::Postgres(connections.clone());
    query(Text::Built(ONE.into())).fetch_one(&pool).await.unwrap();
    let asked = it
        .in_a_cut(async {
            let asked = query(Text::Built(ONE.into())).fetch_one(&pool).await;
            has(&connections, 0).await;
            asked
        })
        .await;
    assert!(asked.is_err(), "{asked:?}");
    it.proxy.heal();
    query(Text::Built(ONE.into())).fetch_one(&pool).await.unwrap();
}
