//! Appends over HTTP to a real server process, with the limits of the machine beside them.
//!
//! The server is the release binary in a process of its own, on a fresh data folder; the load comes from this
//! process over loopback, on the same cores. Events go to people whose streams are long already and lie all
//! over the indexes, or to people never met before. After each run the store is asked whether it holds as many
//! events as were acknowledged; apart from that nothing here passes or fails.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "figures of a benchmark")]

mod ask;
mod client;
mod conditions;
mod echo;
mod events;
mod lag;
mod limits;
mod log;
#[path = "../engines/postgres.rs"]
mod postgres;
mod report;
mod server;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use self::client::{Load, Target};
use self::events::{Emitter, People};
use self::postgres::Cluster;
use self::report::Row;
use self::server::Server;

/// Whatever stops a measurement.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measure appends over HTTP.
#[derive(Clone, Debug, Parser)]
#[command(name = "append")]
struct Options {
    /// Seconds of each run that count; half a second of warming up goes before them.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Runs of each row. Rows take turns, so that a busy moment does not fall on one alone.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// People whose streams are filled before the first run.
    #[arg(long, default_value_t = 10_000)]
    people: u64,
    /// Events in each of these streams before the first run.
    #[arg(long, default_value_t = 30)]
    preload: u64,
    /// One short run on a small store: does it work at all?
    #[arg(long)]
    quick: bool,
    /// Only rows whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Only rows of this many clients.
    #[arg(long)]
    clients: Option<usize>,
    /// Another build of the server to measure beside this one, in the same run.
    #[arg(long)]
    against: Option<PathBuf>,
    /// A server whose events, log, keys and read models are on PostgreSQL, in the same run: a cluster of its own, as
    /// safe as it is by default.
    #[arg(long)]
    postgres: bool,
    /// Where data folders are made; the disk under it is what is measured.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
    /// Be the echo server.
    #[arg(long, hide = true)]
    echo_server: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let mut options = Options::parse();
    if options.quick {
        (options.seconds, options.runs) = (0.5, 1);
        (options.people, options.preload) = (options.people.min(1_000), options.preload.min(5));
    }
    let result = if options.echo_server { echo::serve() } else { measure(&options) };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is measured, in the order of the table.
fn rows(servers: &[Server], echo: &Target) -> Vec<Row> {
    let mut rows = Vec::new();
    for server in servers {
        let row = |what: &str, clients, batch, people| {
            let name = format!("{}{what}", server.label);
            Row::new(name, clients, batch, people, server.target.clone())
        };
        rows.extend([1, 16, 128].map(|clients| row("one event, long streams", clients, 1, People::Known)));
        rows.extend([1, 16, 128].map(|clients| row("one event, new streams", clients, 1, People::New)));
        rows.push(row("batch of 100, long streams", 16, 100, People::Known));
    }
    let echo_row =
        |what: &str, clients, batch| Row::new(what.into(), clients, batch, People::Known, echo.clone());
    rows.extend([1, 16, 128].map(|clients| echo_row("bare HTTP echo, one event", clients, 1)));
    rows.push(echo_row("bare HTTP echo, batch of 100", 16, 100));
    rows
}

fn measure(options: &Options) -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(&options.dir)?;
    // Before the servers, to end after them.
    let cluster = options.postgres.then(Cluster::own);
    let this = Path::new(env!("CARGO_BIN_EXE_subject-record"));
    let mut servers = vec![Server::start(&folder.path().join("a"), this, "", None)?];
    if let Some(other) = &options.against {
        servers.push(Server::start(&folder.path().join("b"), other, "against: ", None)?);
    }
    if let Some(cluster) = &cluster {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let url = runtime.block_on(cluster.database());
        servers.push(Server::start(&folder.path().join("c"), this, "PostgreSQL: ", Some(&url))?);
    }
    let (echo, echo_target) = echo::start()?;
    conditions::print(options, &mut servers);

    let mut emitter = Emitter::new(options.people);
    for server in &mut servers {
        let taken = server.preload(&mut emitter, options.preload)?;
        let events = options.people * options.preload;
        let rate = events as f64 / taken.as_secs_f64();
        println!(
            "{}preload    {events} events in {:.1} s, {rate:.0} events/s",
            server.label,
            taken.as_secs_f64()
        );
    }

    let mut rows = rows(&servers, &echo_target);
    rows.retain(|row| options.only.as_ref().is_none_or(|only| row.name.contains(only.as_str())));
    rows.retain(|row| options.clients.is_none_or(|clients| row.clients == clients));
    let mut limits = limits::Flushes::default();
    for run in 1..=options.runs {
        limits.measure(folder.path(), Duration::from_secs_f64(options.seconds.min(1.0)))?;
        for row in &mut rows {
            eprintln!("run {run} of {}: {}, clients {}", options.runs, row.name, row.clients);
            // Nobody pays for what was appended before.
            for server in &servers {
                server.settle()?;
            }
            let mut server = servers.iter_mut().find(|server| server.target == row.target);
            let load = Load {
                target: row.target.clone(),
                clients: row.clients,
                batch: row.batch,
                people: row.people,
                warm_up: Duration::from_millis(500),
                counted: Duration::from_secs_f64(options.seconds),
            };
            let mut before = 0;
            let mut lag = None;
            if let Some(server) = &mut server {
                before = server.last_position()?;
                server.forget_peak_memory();
                lag = Some(lag::Lag::begin(&server.log, server.target.address));
            }
            let mut measured = client::run(&load, &mut emitter)?;
            if let Some(lag) = lag {
                measured.checkpoint_lags_ms = lag.end()?;
            }
            if let Some(server) = &mut server {
                measured.peak_memory = server.peak_memory();
                measured.events_per_commit = Some(server.events_per_commit(before, measured.acknowledged)?);
            }
            row.runs.push(measured);
        }
    }
    drop(echo);
    report::print(&rows, &limits);
    Ok(())
}
