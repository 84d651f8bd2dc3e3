//! Appends and reads of the engines beside one another: SQLite and PostgreSQL, in process, in one run.
//!
//! Events are sealed beforehand, so that what is measured is the engine: its queue, its plan, its statement, its sync.
//! The log is filled first, and appends go to streams all over it. Nothing else runs: no read models, no notary, no HTTP
//! (`--bench append` has all of them). Prints its conditions; nothing here passes or fails.

#![expect(clippy::cast_precision_loss, reason = "figures of a benchmark")]

mod postgres;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use sqlx::{Connection as _, PgConnection};
use subject_record::clock::{SeededEntropy, SystemClock};
use subject_record::config::Store as Settings;
use subject_record::store::sqlite;
use subject_record::store::{
    Append, EventKey, EventStore, ExpectedRevision, Mark, Names, SealedBox, SealedEvent,
};
use subject_record_schemas::{EventId, Position, Source, StreamName, SubjectId};

/// Whatever stops a measurement.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measure engines.
#[derive(Clone, Debug, Parser)]
#[command(name = "engines")]
struct Options {
    /// Seconds of each run.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Runs of each row. Rows take turns, so that a busy moment does not fall on one alone.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Streams, filled before the first run.
    #[arg(long, default_value_t = 10_000)]
    streams: u64,
    /// Events of each of them before the first run.
    #[arg(long, default_value_t = 30)]
    preload: u64,
    /// A PostgreSQL database to measure on. Without it a cluster of its own is started, as safe as it is by default.
    #[arg(long)]
    postgres: Option<String>,
    /// Instances over PostgreSQL; the callers are shared out among them.
    #[arg(long, default_value_t = 1)]
    instances: usize,
    /// One short run: does it work at all?
    #[arg(long)]
    quick: bool,
    /// Where folders are made; the disk under it is what is measured.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// An engine, opened by one instance or several.
struct Engine {
    name: &'static str,
    instances: Vec<Arc<dyn EventStore>>,
}

/// What one row measures.
#[derive(Clone, Copy)]
struct Row {
    callers: usize,
    batch: usize,
}

const ROWS: [Row; 4] = [
    Row { callers: 1, batch: 1 },
    Row { callers: 16, batch: 1 },
    Row { callers: 128, batch: 1 },
    Row { callers: 16, batch: 100 },
];

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Events of about 620 bytes with a box of about 200, for streams all over the log.
fn append(streams: u64, events: usize) -> Result<Append, Failure> {
    let mut sealed = Vec::with_capacity(events);
    let mut stream = 0;
    for _ in 0..events {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        stream = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % streams;
        // Sorts by time, as the ids do that emitters are advised to use.
        let id = format!("0198c0de-{:04x}-7{:03x}-8000-{:012x}", number >> 48, number >> 36 & 0xFFF, number);
        let text_before = format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"platform/bench","type":"processing.performed.v1","subject":"p-bench-{stream}","time":"2026-02-01T00:00:00.000000Z","recordedby":"bench","blinding":"AAAAAAAAAAAAAAAAAAAAAA","#
        );
        let text_after = format!(
            r#""data":{{"action":"stored","categories":["contact"],"personal":{{"_sd":["{}","{}"]}},"_sd_alg":"sha-256"}}}}"#,
            "A".repeat(43),
            "B".repeat(43)
        );
        sealed.push(SealedEvent {
            key: EventKey { source: Source::parse("platform/bench")?, id: EventId::parse(id)? },
            mark: Mark::None,
            text_before,
            text_after,
            sealed_box: Some(SealedBox { generation: 1, sealed: vec![7; 200] }),
            follows: false,
        });
    }
    Ok(Append {
        stream: StreamName::Subject(SubjectId::parse(format!("p-bench-{stream}"))?),
        expected: ExpectedRevision::Any,
        names: Names::MayStand,
        events: sealed,
    })
}

/// A request: one append, or as many as a batch of an emitter makes, each for a stream of its own.
fn request(streams: u64, row: Row) -> Result<Vec<Append>, Failure> {
    (0..row.batch).map(|_| append(streams, 1)).collect()
}

/// Appends for a while; answers events a second, and the times of the requests in microseconds.
async fn run(engine: &Engine, row: Row, streams: u64, time: Duration) -> Result<(f64, Vec<u64>), Failure> {
    let before = engine.instances[0].last_position().await?.number();
    let began = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..row.callers {
        let store = Arc::clone(&engine.instances[caller % engine.instances.len()]);
        callers.spawn(async move {
            let mut times = Vec::new();
            let mut events = 0_u64;
            while began.elapsed() < time {
                let appends = request(streams, row)?;
                let asked = Instant::now();
                for result in store.append_each(appends).await {
                    result?;
                    events += 1;
                }
                times.push(u64::try_from(asked.elapsed().as_micros())?);
            }
            Ok::<_, Failure>((events, times))
        });
    }
    let (mut events, mut times) = (0, Vec::new());
    while let Some(done) = callers.join_next().await {
        let (acknowledged, took) = done??;
        events += acknowledged;
        times.extend(took);
    }
    let rate = events as f64 / began.elapsed().as_secs_f64();
    let stored = engine.instances[0].last_position().await?.number() - before;
    if stored != events {
        return Err(format!("{events} events were acknowledged, and the log took in {stored}").into());
    }
    Ok((rate, times))
}

/// Reads the whole log as a rebuild does; answers events a second.
async fn read(store: &dyn EventStore) -> Result<f64, Failure> {
    let (began, mut events, mut after) = (Instant::now(), 0, Position::START);
    loop {
        let page = store.read_all(after, 2_000).await?;
        let Some(last) = page.last() else { break };
        (events, after) = (events + page.len(), last.position);
    }
    Ok(events as f64 / began.elapsed().as_secs_f64())
}

/// Median [least-most].
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let (first, last) = (values.first().unwrap_or(&0.0), values.last().unwrap_or(&0.0));
    format!("{:.0} [{first:.0}-{last:.0}]", values.get(values.len() / 2).unwrap_or(&0.0))
}

/// The time that so many of a hundred requests took at most, in milliseconds.
fn percentile(times: &mut [u64], percent: usize) -> f64 {
    times.sort_unstable();
    let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(place).map_or(0.0, |us| *us as f64 / 1_000.0)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut options = Options::parse();
    if options.quick {
        (options.seconds, options.runs, options.streams, options.preload) = (1, 1, 1_000, 3);
    }
    let folder = tempfile::tempdir_in(&options.dir)?;
    let clock = || Arc::new(SystemClock::default());
    let sqlite = sqlite::open(&folder.path().join("events.db"), Settings::default(), clock()).await?;
    let mut own = None;
    let url = match options.postgres.clone() {
        Some(url) => url,
        None => own.insert(postgres::Cluster::own()).database().await,
    };
    let mut instances: Vec<Arc<dyn EventStore>> = Vec::new();
    for number in 0..options.instances.max(1) {
        let entropy = Arc::new(SeededEntropy::new(number as u64));
        let store =
            subject_record::store::postgres::open(&url, &Settings::default(), clock(), entropy).await?;
        instances.push(Arc::new(store));
    }
    let engines = [
        Engine { name: "sqlite", instances: vec![Arc::new(sqlite)] },
        Engine { name: "postgres", instances },
    ];
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("machine     {cores} cores, shared by callers, engines and the PostgreSQL server");
    println!("durability  SQLite: WAL, synchronous=FULL; PostgreSQL: fsync and synchronous_commit on");
    println!("instances   {} over PostgreSQL, by a connection each to 127.0.0.1", options.instances);
    println!("runs        {} of {} s each, rows in turn; median [least-most]", options.runs, options.seconds);
    let events = options.streams * options.preload;
    println!("log         {} streams, {events} events before the first run", options.streams);
    for engine in &engines {
        let began = Instant::now();
        let mut left = events;
        while left > 0 {
            let batch = usize::try_from(left.min(1_000))?;
            for result in
                engine.instances[0].append_each(request(options.streams, Row { callers: 1, batch })?).await
            {
                result?;
            }
            left -= batch as u64;
        }
        println!(
            "preload     {}: {:.0} events/s",
            engine.name,
            events as f64 / began.elapsed().as_secs_f64()
        );
    }
    let mut rates = vec![vec![Vec::new(); engines.len()]; ROWS.len()];
    let mut times = vec![vec![Vec::new(); engines.len()]; ROWS.len()];
    let mut reads = vec![Vec::new(); engines.len()];
    for _ in 0..options.runs {
        for (place, row) in ROWS.iter().enumerate() {
            for (column, engine) in engines.iter().enumerate() {
                let time = Duration::from_secs(options.seconds);
                let (rate, took) = run(engine, *row, options.streams, time).await?;
                rates[place][column].push(rate);
                times[place][column].extend(took);
            }
        }
        for (column, engine) in engines.iter().enumerate() {
            reads[column].push(read(&*engine.instances[0]).await?);
        }
    }
    println!(
        "\n{:<10} {:>7} {:>6}  {:>28}  {:>8} {:>8}",
        "engine", "callers", "batch", "events/s", "p50 ms", "p99 ms"
    );
    for (place, row) in ROWS.iter().enumerate() {
        for (column, engine) in engines.iter().enumerate() {
            let took = &mut times[place][column];
            println!(
                "{:<10} {:>7} {:>6}  {:>28}  {:>8.2} {:>8.2}",
                engine.name,
                row.callers,
                row.batch,
                spread(rates[place][column].clone()),
                percentile(took, 50),
                percentile(took, 99)
            );
        }
    }
    let events = engines[0].instances[0].last_position().await?.number() as f64;
    let file = std::fs::metadata(folder.path().join("events.db"))?.len() as f64;
    println!("{:<10} {events:.0} events, {:.0} bytes of file each", engines[0].name, file / events);
    let events = engines[1].instances[0].last_position().await?.number() as f64;
    let mut connection = PgConnection::connect(&url).await?;
    let bytes: i64 =
        sqlx::query_scalar("SELECT pg_database_size(current_database())").fetch_one(&mut connection).await?;
    println!(
        "{:<10} {events:.0} events, {:.0} bytes of database each",
        engines[1].name,
        bytes as f64 / events
    );
    for (column, engine) in engines.iter().enumerate() {
        println!("{:<10} whole log read, pages of 2,000  {:>20}", engine.name, spread(reads[column].clone()));
    }
    Ok(())
}
