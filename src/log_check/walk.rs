//! Runs of events, read and checked side by side, handed on in their order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::CheckError;
use super::events::{CheckedRun, Ground};
use super::fault::Faults;
use super::rows::{Run, runs};
use crate::db::{DatabaseError, open_reader};

/// Checked runs that may wait to be walked, for each worker.
const WAITING_RUNS: usize = 4;

/// The runs of a log on their way.
pub(super) struct Walk {
    checked: mpsc::Receiver<Result<(usize, CheckedRun), DatabaseError>>,
    /// Runs that came before their turn.
    early: BTreeMap<usize, CheckedRun>,
    next: usize,
    count: usize,
}

impl Walk {
    /// Starts as many workers as asked for, each with a connection and a thread of its own.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) async fn start(
        path: &Path,
        ground: &Arc<Ground>,
        workers: usize,
    ) -> Result<Self, sqlx::Error> {
        let mut connection =
            open_reader(path).await.map_err(|error| sqlx::Error::Configuration(error.into()))?;
        let runs = Arc::new(runs(&mut connection).await?);
        let workers = workers.clamp(1, runs.len().max(1));
        let (send, checked) = mpsc::channel(workers * WAITING_RUNS);
        let taken = Arc::new(AtomicUsize::new(0));
        let count = runs.len();
        for _ in 0..workers {
            let worker = Worker {
                path: path.to_owned(),
                ground: Arc::clone(ground),
                runs: Arc::clone(&runs),
                taken: Arc::clone(&taken),
                checked: send.clone(),
            };
            let handle = Handle::current();
            tokio::task::spawn_blocking(move || handle.block_on(worker.work()));
        }
        Ok(Self { checked, early: BTreeMap::new(), next: 0, count })
    }

    /// The next run in order; nothing after the last.
    pub(super) async fn next(&mut self) -> Option<Result<CheckedRun, CheckError>> {
        if self.next == self.count {
            return None;
        }
        loop {
            if let Some(run) = self.early.remove(&self.next) {
                self.next += 1;
                return Some(Ok(run));
            }
            match self.checked.recv().await {
                Some(Ok((number, run))) => {
                    self.early.insert(number, run);
                }
                Some(Err(error)) => return Some(Err(error.into())),
                None => return Some(Err(CheckError::Stopped)),
            }
        }
    }
}

struct Worker {
    path: PathBuf,
    ground: Arc<Ground>,
    runs: Arc<Vec<i64>>,
    /// Runs that some worker took.
    taken: Arc<AtomicUsize>,
    checked: mpsc::Sender<Result<(usize, CheckedRun), DatabaseError>>,
}

impl Worker {
    async fn work(self) {
        let mut connection = match open_reader(&self.path).await {
            Ok(connection) => connection,
            Err(error) => {
                let _ = self.checked.send(Err(error)).await;
                return;
            }
        };
        loop {
            let number = self.taken.fetch_add(1, Ordering::Relaxed);
            let Some(first) = self.runs.get(number) else { return };
            let mut faults = Faults::default();
            let run = Run::read(&mut connection, *first, &mut faults).await;
            let checked = self.ground.check(&run, faults);
            // Nobody waits any more: the check was given up.
            if self.checked.send(Ok((number, checked))).await.is_err() {
                return;
            }
        }
    }
}
