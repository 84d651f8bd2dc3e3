//! How fast read models are built again, and how far they are behind while events arrive.
//!
//! In process, on a log of invented people in a fresh folder: real files, one transaction a batch. With the URL of a
//! database that holds no read models, the same log is then followed into PostgreSQL too. Prints its conditions; nothing
//! here passes or fails.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "figures of a benchmark"
)]

#[path = "../filled.rs"]
mod filled;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use subject_record::app::{App, StoreLog};
use subject_record::clock::SetClock;
use subject_record::db::postgres::Postgres;
use subject_record::projector::{Place, Projection, Projector};
use subject_record_schemas::Position;

use self::filled::{Failure, Source};

/// How long a measurement waits for a projection to catch up.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Number from which copies are counted that are told once the log is filled.
const AGAIN: usize = 1_000_000;

/// Copies that are told while the lag is measured.
const COPIES: usize = 100;

/// Measure rebuilding and lag.
#[derive(Debug, Parser)]
#[command(name = "projection")]
struct Options {
    /// Events of the log.
    #[arg(long, default_value_t = 100_000)]
    events: usize,
    /// Times that everything is built again.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Appends a second while the lag is measured.
    #[arg(long, default_value_t = 10_000)]
    rate: u32,
    /// Events appended at that rate.
    #[arg(long, default_value_t = 50_000)]
    paced: usize,
    /// URL of a PostgreSQL database for read models, to measure it beside SQLite.
    #[arg(long, env = "SUBJECT_RECORD_BENCH_POSTGRES")]
    postgres: Option<String>,
    /// One short run: does it work at all?
    #[arg(long)]
    quick: bool,
    /// Where the data folder is made; the disk under it is what is measured.
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut options = Options::parse();
    if options.quick {
        (options.events, options.runs, options.rate, options.paced) = (2_000, 1, 1_000, 1_000);
    }
    let folder = options.dir.join(format!("bench-projection-{}", std::process::id()));
    let measured = measure(&options, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure(options: &Options, folder: &std::path::Path) -> Result<(), Failure> {
    filled::init(folder)?;
    let source = Source::of(options.events);
    let clock = Arc::new(SetClock::at(source.opens_at()));
    let app = Arc::new(filled::open(folder, &clock).await?);
    let began = Instant::now();
    let recorded = source.fill(&app, &clock, |_| ()).await?;
    let filled = began.elapsed();
    caught_up(&app, &app.projector).await?;
    let events = app.store.last_position().await?.number();
    print_conditions(options, events);
    println!(
        "fill        {recorded} events in {:.1} s while both projections follow; caught up {:.2} s after the last",
        filled.as_secs_f64(),
        began.elapsed().saturating_sub(filled).as_secs_f64()
    );
    println!("-- SQLite");
    rebuilds(options, &app.projector, events).await?;
    lag(options, &app, None, &clock, AGAIN).await?;
    if let Some(url) = &options.postgres {
        beside(options, &app, &clock, url).await?;
    }
    app.projector.stop().await;
    Ok(())
}

/// The same into PostgreSQL. The files go on following meanwhile, and share the machine.
async fn beside(options: &Options, app: &Arc<App>, clock: &Arc<SetClock>, url: &str) -> Result<(), Failure> {
    let place = Postgres::at(url, "read_models")?;
    println!("-- {}, read models without synchronous commit", place.name());
    let log = Arc::new(StoreLog::new(Arc::clone(&app.store), Arc::clone(&app.texts)));
    let settings = app.config.projector;
    let projector =
        Projector::open(Place::Postgres(place), settings, log, Arc::<SetClock>::clone(clock)).await?;
    let projector = Arc::new(projector);
    let began = Instant::now();
    caught_up(app, &projector).await?;
    let events = app.store.last_position().await?.number();
    println!("first       {events} events read from the log in {:.1} s", began.elapsed().as_secs_f64());
    rebuilds(options, &projector, events).await?;
    lag(options, app, Some(&projector), clock, AGAIN + COPIES).await?;
    projector.stop().await;
    Ok(())
}

async fn rebuilds(options: &Options, projector: &Projector, events: u64) -> Result<(), Failure> {
    for (name, projections) in [
        ("history", vec![Projection::History]),
        ("people", vec![Projection::People]),
        ("all", Projection::ALL.to_vec()),
    ] {
        let mut rates = Vec::new();
        for _ in 0..options.runs {
            let began = Instant::now();
            let building: Result<Vec<_>, _> =
                projections.iter().map(|projection| projector.begin_rebuild(*projection)).collect();
            for built in building? {
                built.await??;
            }
            rates.push(events as f64 / began.elapsed().as_secs_f64());
        }
        println!("rebuild     {name:<8} {} events/s", spread(rates));
    }
    Ok(())
}

/// Appends at a fixed rate, and asks of each group when its rows are there: those of the app, or of another projector.
async fn lag(
    options: &Options,
    app: &Arc<App>,
    other: Option<&Arc<Projector>>,
    clock: &SetClock,
    first_copy: usize,
) -> Result<(), Failure> {
    const GROUP: usize = 100;
    // Few lives, each told often: as many events of one moment as arrive in a busy hour.
    let source = Source { first_copy, copies: COPIES, ..Source::of(options.paced / COPIES) };
    let (mut waiting, mut due) = (tokio::task::JoinSet::new(), Instant::now());
    let began = Instant::now();
    let mut appended = 0;
    for group in source.groups(app, clock, GROUP)? {
        tokio::time::sleep_until(due.into()).await;
        let group = group?;
        due += Duration::from_secs_f64(group.len() as f64 / f64::from(options.rate));
        let last = Source::record(app, &group).await?;
        appended += group.len();
        let acknowledged = Instant::now();
        let (app, other) = (Arc::clone(app), other.cloned());
        waiting.spawn(async move {
            let projector = other.as_deref().unwrap_or(&app.projector);
            for projection in Projection::ALL {
                let _ = projector.wait_for(projection, last, PATIENCE).await;
            }
            acknowledged.elapsed()
        });
    }
    let rate = appended as f64 / began.elapsed().as_secs_f64();
    let lags = waiting.join_all().await;
    let mut ms: Vec<_> = lags.iter().map(|lag| lag.as_secs_f64() * 1000.0).collect();
    ms.sort_by(f64::total_cmp);
    let share = |share: f64| ms.get(((ms.len() as f64 - 1.0) * share) as usize).copied().unwrap_or_default();
    println!(
        "lag         at {rate:.0} appends/s (asked {}): p50 {:.0} ms, p99 {:.0} ms, most {:.0} ms behind the acknowledgement",
        options.rate,
        share(0.5),
        share(0.99),
        share(1.0)
    );
    Ok(())
}

async fn caught_up(app: &App, projector: &Projector) -> Result<(), Failure> {
    let head = app.store.last_position().await?;
    for projection in Projection::ALL {
        let reached = projector.wait_for(projection, head, PATIENCE).await;
        reached.map_err(|at: Position| format!("{} stands at {at}", projection.name()))?;
    }
    Ok(())
}

fn print_conditions(options: &Options, events: u64) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let build = if cfg!(debug_assertions) { "debug: the figures mean nothing" } else { "release" };
    println!("machine     {cores} cores, shared by log, projections and load");
    println!("log         {events} events of a simulated year; SQLite, WAL, synchronous=FULL for the log");
    println!("build       {build}, of this tree; batches of the default settings");
    println!("runs        {}; median [least-most]", options.runs);
}

/// Median, least and most.
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or_default();
    format!("{:.0} [{:.0}-{:.0}]", at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
}
