//! A cluster of its own, as the tests have it.

#[expect(dead_code, reason = "what tests do to a cluster")]
#[path = "../../tests/postgres/cluster.rs"]
mod cluster;
#[expect(dead_code, reason = "the network is not cut here")]
#[path = "../../tests/postgres/proxy.rs"]
mod proxy;

pub(crate) use cluster::Cluster;
