//! A real PostgreSQL for tests: a cluster in a temporary folder, a database a test, crashes, and a network that is cut.
//!
//! ```ignore
//! let url = Cluster::shared().database().await;      // a fresh database, on the cluster of this test process
//! let cluster = Cluster::own();                      // a private one, to crash it
//! let proxy = Proxy::before(&cluster).await;         // a network, to cut it
//! ```

mod cluster;
mod itself;
mod proxy;
mod roles;
mod silence;
mod standby;
mod step;

pub(crate) use cluster::Cluster;
pub(crate) use proxy::Proxy;
