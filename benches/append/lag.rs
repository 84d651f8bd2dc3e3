//! How far signed checkpoints are behind what is committed, while a load runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Failure;
use super::ask::get;
use super::log::{Log, last};

/// How often both are looked at.
const EVERY: Duration = Duration::from_millis(20);
/// How long the last checkpoint is waited for once the load is over.
const PATIENCE: Duration = Duration::from_secs(120);

/// Two numbers of one moment.
struct Sample {
    at: Instant,
    committed: i64,
    under_checkpoint: i64,
}

/// Looks at a server until told to stop.
pub(super) struct Lag {
    stop: Arc<AtomicBool>,
    running: JoinHandle<Result<Vec<Sample>, Failure>>,
}

impl Lag {
    /// Begins to look.
    pub(super) fn begin(log: &Log, address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (log, told) = (log.clone(), Arc::clone(&stop));
        Self { stop, running: std::thread::spawn(move || look(&log, address, &told)) }
    }

    /// Stops once a checkpoint covers everything, and answers the lags in milliseconds, sorted.
    pub(super) fn end(self) -> Result<Vec<f64>, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let samples = self.running.join().map_err(|_| "looking at the lag failed")??;
        let mut lags = Vec::with_capacity(samples.len());
        let mut covering = 0;
        for sample in &samples {
            while samples.get(covering).is_some_and(|other| other.under_checkpoint < sample.committed) {
                covering += 1;
            }
            if let Some(covered) = samples.get(covering) {
                lags.push(covered.at.saturating_duration_since(sample.at).as_secs_f64() * 1000.0);
            }
        }
        lags.sort_by(f64::total_cmp);
        Ok(lags)
    }
}

fn look(log: &Log, address: SocketAddr, stop: &AtomicBool) -> Result<Vec<Sample>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut reader = runtime.block_on(log.reader())?;
    let mut samples: Vec<Sample> = Vec::new();
    let mut until = None;
    loop {
        let committed = runtime.block_on(last(&mut reader))?;
        let sample = Sample { at: Instant::now(), committed, under_checkpoint: checkpoint_size(address)? };
        let is_covered = sample.under_checkpoint >= sample.committed;
        samples.push(sample);
        if stop.load(Ordering::Relaxed) {
            let until = until.get_or_insert_with(|| Instant::now() + PATIENCE);
            if is_covered || Instant::now() > *until {
                return Ok(samples);
            }
        }
        std::thread::sleep(EVERY);
    }
}

/// Entries under the published checkpoint: its second line.
fn checkpoint_size(address: SocketAddr) -> Result<i64, Failure> {
    let body = get(address, "/log/checkpoint", None)?;
    Ok(body.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0))
}
