//! A network between a service and its database, which can be cut without either being told.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use super::Cluster;

/// The URL of a database behind a port of this machine.
pub(super) fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// Which ways are open.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Open {
    to_server: bool,
    to_client: bool,
}

const BOTH: Open = Open { to_server: true, to_client: true };
const NEITHER: Open = Open { to_server: false, to_client: false };

/// A proxy before a cluster's port. What is sent into a cut waits there, as a network sends lost packets again.
pub(crate) struct Proxy {
    port: u16,
    server: Arc<AtomicU16>,
    open: watch::Sender<Open>,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy before a cluster, on a port of its own.
    pub(crate) async fn before(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, opened) = watch::channel(BOTH);
        let connections = Arc::new(Mutex::new(Vec::new()));
        let server = Arc::new(AtomicU16::new(cluster.port()));
        let (leads_to, kept) = (Arc::clone(&server), Arc::clone(&connections));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let connection =
                    tokio::spawn(carry(client, Arc::clone(&leads_to), opened.clone())).abort_handle();
                let mut kept = kept.lock().unwrap();
                kept.retain(|other: &AbortHandle| !other.is_finished());
                kept.push(connection);
            }
        });
        Self { port, server, open, connections, accepting }
    }

    /// The URL of a database through this proxy, given by its name or by its URL without a proxy.
    pub(crate) fn url(&self, database: &str) -> String {
        url(self.port, database.rsplit('/').next().unwrap_or(database))
    }

    /// From now on it leads to another cluster, as an address does that is moved when a standby takes over.
    pub(crate) fn leads_to(&self, cluster: &Cluster) {
        self.server.store(cluster.port(), Ordering::Relaxed);
        self.reset();
    }

    /// What clients send no longer reaches the server; answers still arrive.
    pub(crate) fn cut_to_server(&self) {
        self.open.send_modify(|open| open.to_server = false);
    }

    /// What the server sends no longer reaches clients; it still hears them.
    pub(crate) fn cut_to_client(&self) {
        self.open.send_modify(|open| open.to_client = false);
    }

    /// Nothing passes either way; both sides believe that they are connected.
    pub(crate) fn cut(&self) {
        self.open.send_replace(NEITHER);
    }

    /// Everything passes again, what was held back too.
    pub(crate) fn heal(&self) {
        self.open.send_replace(BOTH);
    }

    /// Drops all connections, on both sides. New ones are taken.
    pub(crate) fn reset(&self) {
        for connection in self.connections.lock().unwrap().drain(..) {
            connection.abort();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.reset();
    }
}

async fn carry(client: TcpStream, server: Arc<AtomicU16>, opened: watch::Receiver<Open>) {
    let mut to_server = opened.clone();
    // A connection that begins in a cut reaches nobody.
    if to_server.wait_for(|open| open.to_server).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", server.load(Ordering::Relaxed))).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, into_client) = client.into_split();
    let (from_server, into_server) = server.into_split();
    tokio::join!(
        pump(from_client, into_server, to_server, |open| open.to_server),
        pump(from_server, into_client, opened, |open| open.to_client),
    );
}

/// Carries bytes one way, and the end of them, whenever that way is open.
async fn pump(
    mut from: OwnedReadHalf,
    mut into: OwnedWriteHalf,
    mut opened: watch::Receiver<Open>,
    way: fn(&Open) -> bool,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        // An end that was not said in order is an end.
        let read = from.read(&mut buffer).await.unwrap_or(0);
        if opened.wait_for(way).await.is_err() {
            return;
        }
        if read == 0 {
            let _ = into.shutdown().await;
            return;
        }
        if into.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
