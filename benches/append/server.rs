//! The server under test: its own process, its own data folder.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use super::Failure;
use super::client::{Connection, Target};
use super::conditions;
use super::events::{Emitter, People};

/// Connections that fill streams before the first run, and events of each of their requests.
const PRELOAD_CLIENTS: usize = 4;
const PRELOAD_BATCH: usize = 500;

/// A running server; ends when it is let go.
pub(super) struct Server {
    /// Begins the names of its rows.
    pub(super) label: String,
    /// Its settings and data.
    pub(super) folder: std::path::PathBuf,
    pub(super) target: Target,
    /// What it says of its durability.
    pub(super) durability: String,
    child: Child,
    runtime: tokio::runtime::Runtime,
    reader: SqliteConnection,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// `init`, then `serve` on a free port.
    pub(super) fn start(folder: &Path, binary: &Path, label: &str) -> Result<Self, Failure> {
        let init = Command::new(binary)
            .args([
                "init",
                "--name",
                "Benchmark LLP",
                "--bin",
                "991240000013",
                "--address",
                "Astana",
                "--dir",
            ])
            .arg(folder)
            .stderr(Stdio::inherit())
            .output()?;
        let printed = String::from_utf8(init.stdout)?;
        let token = printed.lines().find_map(|line| line.trim().strip_prefix("emitter-1"));
        let token = token.ok_or("init printed no emitter's token")?.trim().to_owned();
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(folder.join("subject-record.toml"))
            .env("SUBJECT_RECORD_LOG__JSON", "true")
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("the server has no log")?).lines();
        let (mut durability, mut address) = (None, None);
        while address.is_none() {
            let line = lines.next().ok_or("the server ended before it listened")??;
            let fields: Value = serde_json::from_str(&line)?;
            let text = |name: &str| fields["fields"][name].as_str().map(str::to_owned);
            durability = durability.or_else(|| text("durability"));
            address = text("address");
        }
        // Whatever it has to say from here on is seen, and its pipe never fills.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("server: {line}")));
        let address = address.ok_or("the server names no address")?.parse()?;
        let target = Target { address, token, process: child.id() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let file = SqliteConnectOptions::new().filename(folder.join("data/events.db")).read_only(true);
        let reader = runtime.block_on(file.connect())?;
        let (label, durability) = (label.to_owned(), durability.unwrap_or_default());
        Ok(Self { label, folder: folder.to_owned(), target, durability, child, runtime, reader })
    }

    /// Fills the streams of the known people, as many events each, in no order.
    pub(super) fn preload(&mut self, emitter: &mut Emitter, each: u64) -> Result<Duration, Failure> {
        let (began, before) = (Instant::now(), self.last_position()?);
        let events = emitter.known() * each;
        self.runtime.block_on(async {
            let mut free = Vec::new();
            for _ in 0..PRELOAD_CLIENTS {
                free.push(Connection::open(&self.target, true).await?);
            }
            let mut sending = tokio::task::JoinSet::new();
            let mut left = usize::try_from(events)?;
            while left > 0 || !sending.is_empty() {
                while left > 0
                    && let Some(mut connection) = free.pop()
                {
                    let batch = left.min(PRELOAD_BATCH);
                    left -= batch;
                    let mut body = Vec::new();
                    emitter.write_body(&mut body, batch, People::KnownInTurn);
                    sending.spawn(async move { connection.send(&body).await.map(|()| connection) });
                }
                if let Some(sent) = sending.join_next().await {
                    free.push(sent??);
                }
            }
            Ok::<_, Failure>(())
        })?;
        let taken = began.elapsed();
        self.events_per_commit(before, events)?;
        Ok(taken)
    }

    /// Position of the last event.
    pub(super) fn last_position(&mut self) -> Result<i64, Failure> {
        let query = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM events");
        Ok(self.runtime.block_on(query.fetch_one(&mut self.reader))?)
    }

    /// Mean size of the commits after a position. All events of a commit bear one recorded time.
    ///
    /// Fails when the store does not hold exactly the events that were acknowledged.
    pub(super) fn events_per_commit(&mut self, after: i64, acknowledged: u64) -> Result<f64, Failure> {
        let query = sqlx::query_as(
            // What the record says of itself, once a minute, was sent by nobody.
            "SELECT count(*), count(DISTINCT recorded_us) FROM events \
                WHERE position > ?1 AND stream <> (SELECT stream FROM streams WHERE name = 'office')",
        );
        let query = query.bind(after).fetch_one(&mut self.reader);
        let (events, commits): (i64, i64) = self.runtime.block_on(query)?;
        if u64::try_from(events)? != acknowledged {
            return Err(
                format!("{acknowledged} events were acknowledged, and the store took in {events}").into()
            );
        }
        Ok(events as f64 / commits.max(1) as f64)
    }

    /// A number that the file itself knows, such as `page_size`.
    pub(super) fn pragma(&mut self, name: &'static str) -> Result<i64, Failure> {
        let query = sqlx::query_scalar(name).fetch_one(&mut self.reader);
        Ok(self.runtime.block_on(query)?)
    }

    /// Lets the peak of memory begin anew, where the kernel allows it.
    pub(super) fn forget_peak_memory(&self) {
        // Without it the peak is that of the process's whole life.
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.target.process), "5");
    }

    /// Peak of memory in bytes, or 0 where the kernel does not say.
    pub(super) fn peak_memory(&self) -> u64 {
        conditions::peak_memory(self.target.process)
    }
}
