//! The load: HTTP/1.1 written by hand on kept connections, all on one thread, so that it takes little of the
//! cores it shares with the server.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Failure;
use super::conditions::cpu_seconds;
use super::events::{Emitter, People};

/// A server to send to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) token: String,
    /// Process whose CPU time is counted.
    pub(super) process: u32,
}

/// What is sent to whom.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) target: Target,
    pub(super) clients: usize,
    /// Events of a request.
    pub(super) batch: usize,
    pub(super) people: People,
    pub(super) warm_up: Duration,
    pub(super) counted: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    /// Events acknowledged in all, warming up included.
    pub(super) acknowledged: u64,
    /// Events of the requests that began and ended within the counted time.
    pub(super) events: u64,
    pub(super) seconds: f64,
    /// Body bytes sent for them.
    pub(super) bytes: u64,
    /// Latencies of those requests in microseconds, sorted.
    pub(super) latencies_us: Vec<u32>,
    /// CPU seconds of the server and of this process in the counted time.
    pub(super) server_cpu: f64,
    pub(super) client_cpu: f64,
    /// Bytes.
    pub(super) peak_memory: u64,
    pub(super) events_per_commit: Option<f64>,
    /// Milliseconds from a commit to a signed checkpoint over it, sorted.
    pub(super) checkpoint_lags_ms: Vec<f64>,
}

/// Runs a load to its end.
pub(super) fn run(load: &Load, emitter: &mut Emitter) -> Result<Measured, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(drive(load, emitter))
}

/// What the clients share. They run on one thread: the locks are never waited for.
struct Shared {
    emitter: Mutex<Emitter>,
    measured: Mutex<Measured>,
    acknowledged: AtomicU64,
    from: Instant,
    until: Instant,
}

async fn drive(load: &Load, emitter: &mut Emitter) -> Result<Measured, Failure> {
    let mut connections = Vec::with_capacity(load.clients);
    for _ in 0..load.clients {
        connections.push(Connection::open(&load.target, load.batch > 1).await?);
    }
    let from = Instant::now() + load.warm_up;
    let shared = Arc::new(Shared {
        emitter: Mutex::new(std::mem::take(emitter)),
        measured: Mutex::default(),
        acknowledged: AtomicU64::new(0),
        from,
        until: from + load.counted,
    });
    let mut tasks = Vec::with_capacity(load.clients);
    for connection in connections {
        tasks.push(tokio::spawn(send_until_the_end(
            connection,
            Arc::clone(&shared),
            load.batch,
            load.people,
        )));
    }
    let cpu = || -> io::Result<(f64, f64)> {
        Ok((cpu_seconds(load.target.process)?, cpu_seconds(std::process::id())?))
    };
    tokio::time::sleep_until(shared.from.into()).await;
    let (server_before, client_before) = cpu()?;
    tokio::time::sleep_until(shared.until.into()).await;
    let (server_after, client_after) = cpu()?;
    for task in tasks {
        task.await??;
    }
    let shared = Arc::into_inner(shared).ok_or("a client is still running")?;
    *emitter = shared.emitter.into_inner()?;
    let mut measured = shared.measured.into_inner()?;
    measured.latencies_us.sort_unstable();
    measured.acknowledged = shared.acknowledged.into_inner();
    measured.seconds = load.counted.as_secs_f64();
    measured.server_cpu = server_after - server_before;
    measured.client_cpu = client_after - client_before;
    Ok(measured)
}

async fn send_until_the_end(
    mut connection: Connection,
    shared: Arc<Shared>,
    batch: usize,
    people: People,
) -> Result<(), Failure> {
    let mut body = Vec::new();
    loop {
        body.clear();
        shared.emitter.lock().map_err(|_| "another client failed")?.write_body(&mut body, batch, people);
        let began = Instant::now();
        if began >= shared.until {
            return Ok(());
        }
        connection.send(&body).await?;
        let ended = Instant::now();
        shared.acknowledged.fetch_add(batch as u64, Ordering::Relaxed);
        if began >= shared.from && ended <= shared.until {
            let mut measured = shared.measured.lock().map_err(|_| "another client failed")?;
            measured.events += batch as u64;
            measured.bytes += body.len() as u64;
            measured.latencies_us.push(u32::try_from((ended - began).as_micros()).unwrap_or(u32::MAX));
        }
    }
}

/// A kept connection that sends events.
pub(super) struct Connection {
    stream: TcpStream,
    head: Vec<u8>,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(target: &Target, batches: bool) -> Result<Self, Failure> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let media_type =
            if batches { "application/cloudevents-batch+json" } else { "application/cloudevents+json" };
        let head = format!(
            "POST /v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: {media_type}\r\nContent-Length: ",
            target.address, target.token
        );
        Ok(Self { stream, head: head.into_bytes(), request: Vec::new(), answer: Vec::new() })
    }

    /// Sends a body and reads the whole answer, which must be a success. Whether each event of a batch was
    /// recorded shows when the store is counted.
    pub(super) async fn send(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.request.clear();
        self.request.extend_from_slice(&self.head);
        self.request.extend_from_slice(format!("{}\r\n\r\n", body.len()).as_bytes());
        self.request.extend_from_slice(body);
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        let mut wanted = None;
        while wanted.is_none_or(|wanted| self.answer.len() < wanted) {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the server closed a connection".into());
            }
            wanted = wanted.or_else(|| length_of(&self.answer));
        }
        if self.answer.starts_with(b"HTTP/1.1 20") {
            return Ok(());
        }
        Err(format!("the server refused: {}", String::from_utf8_lossy(&self.answer)).into())
    }
}

/// Length of an answer with its head, once the head is there.
fn length_of(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(answer.get(..head)?).ok()?;
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some(head + length.parse::<usize>().ok()?)
}
