//! The server under test: its own process, its own data folder.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use subject_record::db::sql::{Connection as Reader, Sql, query};

use super::Failure;
use super::ask::get;
use super::client::{Connection, Target};
use super::conditions;
use super::events::{Emitter, People};
use super::log::{self, Log};

/// Memory for folded people: room for all of them, so that rows differ by what they ask for and not by who is still known.
pub(super) const PEOPLE_CACHE_BYTES: u64 = 8 << 30;

/// Connections that fill streams before the first run, and events of each of their requests.
const PRELOAD_CLIENTS: usize = 4;
const PRELOAD_BATCH: usize = 500;

/// How often a server is asked whether its read models have followed.
const SETTLES_EVERY: Duration = Duration::from_millis(100);

/// A running server; ends when it is let go.
pub(super) struct Server {
    /// Begins the names of its rows.
    pub(super) label: String,
    /// Where its events are.
    pub(super) log: Log,
    pub(super) target: Target,
    operator: String,
    /// What it says of its durability.
    pub(super) durability: String,
    child: Child,
    runtime: tokio::runtime::Runtime,
    reader: Reader,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// `init`, then `serve` on a free port; all in the folder, or in a database.
    pub(super) fn start(
        folder: &Path,
        binary: &Path,
        label: &str,
        database: Option<&str>,
    ) -> Result<Self, Failure> {
        let log = database.map_or_else(
            || Log::File(folder.join("data/events.db")),
            |database| Log::Database(database.to_owned()),
        );
        let places = database.map(|url| ["--store", url, "--vault", url, "--shares-cluster"]);
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
            .args(places.iter().flatten())
            .stderr(Stdio::inherit())
            .output()?;
        let printed = String::from_utf8(init.stdout)?;
        let token = |name: &str| {
            let token = printed.lines().find_map(|line| line.trim().strip_prefix(name));
            token.map(|token| token.trim().to_owned()).ok_or_else(|| format!("init printed no token {name}"))
        };
        let (token, operator) = (token("emitter-1")?, token("operator-1")?);
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(folder.join("subject-record.toml"))
            .env("SUBJECT_RECORD_LOG__JSON", "true")
            .env("SUBJECT_RECORD_PROJECTOR__PEOPLE_CACHE_BYTES_MAX", PEOPLE_CACHE_BYTES.to_string())
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
        let reader = runtime.block_on(log.reader())?;
        let (label, durability) = (label.to_owned(), durability.unwrap_or_default());
        Ok(Self { label, log, target, operator, durability, child, runtime, reader })
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

    /// Waits until the read models have followed whatever was appended.
    pub(super) fn settle(&self) -> Result<(), Failure> {
        loop {
            let told: Value =
                serde_json::from_str(&get(self.target.address, "/v1/projections", Some(&self.operator))?)?;
            let all = told["projections"].as_array().ok_or("no list of projections")?;
            if all.iter().all(|projection| projection["lag_events"] == 0) {
                return Ok(());
            }
            std::thread::sleep(SETTLES_EVERY);
        }
    }

    /// Position of the last event.
    pub(super) fn last_position(&mut self) -> Result<i64, Failure> {
        self.runtime.block_on(log::last(&mut self.reader))
    }

    /// Mean size of the commits after a position.
    ///
    /// Fails when the store does not hold exactly the events that were acknowledged.
    pub(super) fn events_per_commit(&mut self, after: i64, acknowledged: u64) -> Result<f64, Failure> {
        let (events, commits) = self.runtime.block_on(log::commits(&mut self.reader, after))?;
        if events != acknowledged {
            return Err(
                format!("{acknowledged} events were acknowledged, and the store took in {events}").into()
            );
        }
        Ok(events as f64 / commits.max(1) as f64)
    }

    /// Bytes of a page of its file, or of its database.
    pub(super) fn page_bytes(&mut self) -> Result<i64, Failure> {
        const PAGE_BYTES: Sql = Sql::apart(
            "SELECT page_size AS bytes FROM pragma_page_size",
            "SELECT current_setting('block_size')::bigint AS bytes",
        );
        let asked = query(&PAGE_BYTES).fetch_one(&mut self.reader);
        Ok(self.runtime.block_on(asked)?.integer("bytes")?)
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
