//! A record on PostgreSQL, and instances of the real binary over it, each with a folder of its own.

use std::time::{Duration, Instant};

use crate::doors::client::{Answer, Client};
use crate::doors::server::{House, Server};
use crate::postgres::{Cluster, Proxy};

/// Longer than any of this takes, also on a machine that is busy with other tests.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// A record on a cluster.
pub(super) struct Site<'c> {
    cluster: &'c Cluster,
    pub(super) url: String,
    first: House,
}

/// How an instance reaches the database.
pub(super) enum Way<'p> {
    Direct,
    /// Everything through a proxy.
    Through(&'p Proxy),
    /// Only the keys through a proxy.
    KeysThrough(&'p Proxy),
}

impl Site<'static> {
    /// A new record, on the cluster that tests share.
    pub(super) async fn new() -> Self {
        Site::on(Cluster::shared()).await
    }
}

impl<'c> Site<'c> {
    /// A new record on a cluster.
    pub(super) async fn on(cluster: &'c Cluster) -> Self {
        let url = cluster.database().await;
        let first = House::on(&url);
        Self { cluster, url, first }
    }

    /// A proxy before its cluster.
    pub(super) async fn proxy(&self) -> Proxy {
        Proxy::before(self.cluster).await
    }

    /// The folder of an instance that reaches the database in some way.
    pub(super) fn house(&self, way: &Way<'_>) -> House {
        let (store, vault) = match way {
            Way::Direct => (self.url.clone(), self.url.clone()),
            Way::Through(proxy) => (proxy.url(&self.url), proxy.url(&self.url)),
            Way::KeysThrough(proxy) => (self.url.clone(), proxy.url(&self.url)),
        };
        self.first.beside(&[
            ("store", "url", store.into()),
            ("vault", "url", vault.into()),
            ("vault", "shares_cluster", true.into()),
        ])
    }

    /// An instance, served.
    pub(super) async fn instance(&self, way: Way<'_>) -> Server {
        self.house(&way).serve().await
    }
}

/// Asks again and again until the answer is as wanted, and answers it.
pub(crate) async fn until<F: Future<Output = Answer>>(
    ask: impl Fn() -> F,
    wanted: impl Fn(&Answer) -> bool,
) -> Answer {
    let since = Instant::now();
    loop {
        let answer = tokio::time::timeout(PATIENCE, ask()).await.unwrap();
        if wanted(&answer) {
            return answer;
        }
        assert!(since.elapsed() < PATIENCE, "it never came to that: {answer:?}");
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

/// A 503 that says when to try again.
pub(super) fn is_busy(answer: &Answer) -> bool {
    let says_when = || {
        let after = answer.headers.get("retry-after").unwrap_or_else(|| unreachable!("{answer:?}"));
        after.to_str().unwrap().parse::<u32>().unwrap()
    };
    answer.status == 503 && answer.refusal().0 == 503 && says_when() <= 60
}

/// Waits until the read models of an instance know the last event, and answers its position.
pub(crate) async fn has_caught_up(server: &Server) -> String {
    let operator = server.as_role("operator");
    let last = format!("{:016}", operator_last(&server.as_role("auditor")).await);
    let knows = |answer: &Answer| {
        let body = answer.json();
        let projections = body["projections"].as_array().unwrap();
        projections.iter().all(|status| {
            assert!(status.get("stopped").is_none(), "{status}");
            status["position"].as_str().unwrap() >= last.as_str() && status.get("rebuilding").is_none()
        })
    };
    until(|| operator.get("/v1/projections"), |answer| answer.status == 200 && knows(answer)).await;
    last
}

async fn operator_last(auditor: &Client) -> u64 {
    auditor.last_position().await
}
