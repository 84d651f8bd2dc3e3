//! How long a timeline, a page of history, a page of findings and a decision take, on a short log and on a long one.
//!
//! The server is the release binary in a process of its own, over loopback, one client that asks for other people and
//! days each time. Prints its conditions and the ratio between the sizes; nothing here passes or fails.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "figures of a benchmark"
)]

#[path = "../filled.rs"]
mod filled;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use subject_record::clock::SetClock;
use subject_record::projector::Projection;

use self::filled::{Failure, Source, named};

/// How long filling waits for the read models.
const PATIENCE: Duration = Duration::from_secs(7200);
/// Rows of a page.
const PAGE_ROWS: u32 = 50;
/// Requests of each kind before those that count.
const WARM_UP: usize = 200;

/// Measure queries.
#[derive(Debug, Parser)]
#[command(name = "query")]
struct Options {
    /// Events of each log, shortest first.
    #[arg(long, value_delimiter = ',', default_value = "100000")]
    events: Vec<usize>,
    /// Requests of each kind that count.
    #[arg(long, default_value_t = 2_000)]
    requests: usize,
    /// One short run: does it work at all?
    #[arg(long)]
    quick: bool,
    /// Where data folders are made; the disk under it is what is measured.
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is asked, by name.
const KINDS: [&str; 5] = ["timeline", "history page", "findings page", "decision", "many decisions"];

/// Seconds of each request of a kind, by its name.
type Measured = HashMap<&'static str, Vec<f64>>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut options = Options::parse();
    if options.quick {
        (options.events, options.requests) = (vec![2_000], 50);
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let build = if cfg!(debug_assertions) { "debug: the figures mean nothing" } else { "release" };
    println!("machine     {cores} cores, shared by server and client; one client, kept connection");
    println!(
        "build       {build}, of this tree; pages of {PAGE_ROWS}; {} requests of each kind",
        options.requests
    );
    let mut all = Vec::new();
    for events in &options.events {
        let folder = options.dir.join(format!("bench-query-{}-{events}", std::process::id()));
        let measured = measure(&options, *events, &folder).await;
        std::fs::remove_dir_all(&folder)?;
        all.push(measured?);
    }
    report(&options.events, &all);
    Ok(())
}

async fn measure(options: &Options, events: usize, folder: &Path) -> Result<Measured, Failure> {
    let tokens = filled::init(folder)?;
    let source = Source::of(events);
    let began = Instant::now();
    let clock = Arc::new(SetClock::at(source.opens_at()));
    let app = filled::open(folder, &clock).await?;
    let recorded = source.fill(&app, &clock, |_| ()).await?;
    let head = app.store.last_position().await?;
    for projection in Projection::ALL {
        let reached = app.projector.wait_for(projection, head, PATIENCE).await;
        reached.map_err(|at| format!("{} stands at {at}", projection.name()))?;
    }
    app.projector.stop().await;
    drop(app);
    println!("log         {recorded} events, filled and followed in {:.0} s", began.elapsed().as_secs_f64());
    let (server, people) = (Server::start(folder)?, People::of(&source));
    let client = subject_record::outbound::client("", subject_record::outbound::Trust::Machine)?.build()?;
    let token = tokens.get("auditor-1").ok_or("no auditor")?;
    let mut measured = Measured::new();
    for kind in KINDS {
        // Asking for a thousand people takes as long as a thousand questions do.
        let requests = if kind == "many decisions" { options.requests / 50 + 1 } else { options.requests };
        let warm_up = if kind == "many decisions" { 2 } else { WARM_UP };
        let mut seconds = Vec::with_capacity(requests);
        for number in 0..warm_up + requests {
            let request = server.request(&client, kind, number, &people)?.bearer_auth(token);
            let began = Instant::now();
            let response = request.send().await?;
            let status = response.status();
            let body = response.bytes().await?;
            let took = began.elapsed();
            if !status.is_success() {
                return Err(format!("{kind}: {status} {}", String::from_utf8_lossy(&body)).into());
            }
            if number >= warm_up {
                seconds.push(took.as_secs_f64());
            }
        }
        seconds.sort_by(f64::total_cmp);
        measured.insert(kind, seconds);
    }
    Ok(measured)
}

/// The people of a log.
struct People {
    names: Vec<String>,
    copies: usize,
}

impl People {
    fn of(source: &Source) -> Self {
        let registered =
            source.events.iter().filter(|event| event.document["type"] == "subject.registered.v1");
        let names = registered.filter_map(|event| event.document["subject"].as_str().map(str::to_owned));
        Self { names: names.collect(), copies: source.copies }
    }

    /// Another person for every number, until all had their turn.
    fn subject(&self, number: usize) -> String {
        let people = self.names.len().max(1);
        let name = self.names.get(number % people).map_or("", String::as_str);
        named(name, number / people % self.copies)
    }
}

/// The server under test; ends when it is let go.
struct Server {
    address: String,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(folder: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_subject-record"))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(folder.join(subject_record::config::FILE_NAME))
            .env("SUBJECT_RECORD_LOG__JSON", "true")
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("the server has no log")?).lines();
        let address = loop {
            let line = lines.next().ok_or("the server ended before it listened")??;
            let said: Value = serde_json::from_str(&line)?;
            if let Some(address) = said["fields"]["address"].as_str() {
                break address.to_owned();
            }
        };
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("server: {line}")));
        Ok(Self { address, child })
    }

    /// The request of a number: another person, type and day each time, the same in every run.
    fn request(
        &self,
        client: &reqwest::Client,
        kind: &str,
        number: usize,
        people: &People,
    ) -> Result<reqwest::RequestBuilder, Failure> {
        const TYPES: [&str; 4] = [
            "disclosure.made.v1",
            "processing.performed.v1",
            "consent.given.v1",
            "subject_request.closed.v1",
        ];
        const FINDINGS: [&str; 4] = ["F28", "F07", "F33", "F41"];
        let at = |path: &str| format!("http://{}{path}", self.address);
        let pick = |count: usize| number.wrapping_mul(2_654_435_761) % count;
        // A day between spring and autumn 2026, so that no page is empty and none is always the same.
        let before = format!("2026-{:02}-{:02}", 3 + pick(7), 1 + pick(28));
        let question = json!({ "message": { "class": "advertising", "channel": "email" } });
        Ok(match kind {
            "timeline" => client.get(at(&format!("/v1/subjects/{}/timeline", people.subject(number)))),
            "history page" => {
                let event_type = TYPES[number % TYPES.len()];
                client.get(at(&format!("/v1/history?type={event_type}&to={before}&limit={PAGE_ROWS}")))
            }
            "findings page" => {
                let finding = FINDINGS[number % FINDINGS.len()];
                client.get(at(&format!("/v1/findings?finding={finding}&to={before}&limit={PAGE_ROWS}")))
            }
            "decision" => client
                .post(at("/v1/decisions"))
                .json(&json!({ "question": question, "subject": people.subject(number) })),
            _ => {
                let subjects: Vec<_> =
                    (0..1_000).map(|place| people.subject(number * 1_000 + place)).collect();
                client.post(at("/v1/decisions")).json(&json!({ "question": question, "subjects": subjects }))
            }
        })
    }
}

/// A latency in milliseconds that this share of the requests did not exceed.
fn share_ms(seconds: &[f64], share: f64) -> f64 {
    let place = ((seconds.len() as f64 * share).ceil() as usize).saturating_sub(1);
    seconds.get(place).copied().unwrap_or_default() * 1000.0
}

fn report(sizes: &[usize], all: &[Measured]) {
    for kind in KINDS {
        let mut line = format!("{kind:<15}");
        let p50: Vec<_> = all.iter().filter_map(|one| Some(share_ms(one.get(kind)?, 0.5))).collect();
        for (size, one) in sizes.iter().zip(all) {
            let Some(seconds) = one.get(kind) else { continue };
            let (half, most) = (share_ms(seconds, 0.5), share_ms(seconds, 0.99));
            line += &format!("  {size} events: p50 {half:.2} ms, p99 {most:.2} ms");
        }
        if let [first, .., last] = p50.as_slice() {
            line += &format!("  ratio of p50 {:.2}", last / first);
        }
        println!("{line}");
    }
}
