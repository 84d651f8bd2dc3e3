//! A cluster of its own, as the tests have it.

#[expect(dead_code, clippy::unwrap_used, reason = "what tests do to a cluster")]
#[path = "../../tests/postgres/cluster.rs"]
mod cluster;
#[expect(dead_code, clippy::unwrap_used, reason = "the network is not cut here")]
#[path = "../../tests/postgres/proxy.rs"]
mod proxy;

pub(crate) use cluster::Cluster;
