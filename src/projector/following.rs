//! What is known of a projection that follows the log, and what it can be told.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use subject_record_schemas::Position;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::batch::Place;
use super::engine::{Engine, Ground};
use super::file::{self, Found, ReadFile, Stop, Use};
use super::read::ReadModel;
use super::runner::{Command, RebuildError, Supervisor};
use super::{OpenError, Projection, Rebuilding, Status};

/// A projection that follows the log.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) projection: Projection,
    pub(super) folder: PathBuf,
    pub(super) ground: Ground,
    model: RwLock<Arc<ReadModel>>,
    reached: watch::Sender<Position>,
    state: Mutex<State>,
    /// Somebody says to try again.
    pub(super) resumed: Notify,
    commands: mpsc::UnboundedSender<Command>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

/// What changes while it follows.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) advanced_at: Option<DateTime<Utc>>,
    pub(super) stopped: Option<Stop>,
    pub(super) trouble: Option<String>,
    pub(super) rebuilding: Option<Rebuilding>,
    pub(super) rebuild_failed: Option<String>,
    /// Whether the service is stopping: a rebuild is then not given up, but begins again at the next start.
    pub(super) closing: bool,
}

impl Following {
    /// Takes what was found in the folder, or makes a file, and follows the log from there.
    pub(super) async fn start(
        folder: &Path,
        projection: Projection,
        found: Found,
        ground: Ground,
    ) -> Result<Arc<Self>, OpenError> {
        let Found { live, cut_short, mut next } = found;
        let (read_file, connection, progress) = match live {
            Some(live) => live,
            None => {
                let read_file = ReadFile::of(folder, projection, next);
                next += 1;
                let (connection, progress) = file::open(&read_file, projection, Use::Live).await?;
                (read_file, connection, progress)
            }
        };
        let read_file = Arc::new(read_file);
        let model = ReadModel::open(projection, Arc::clone(&read_file)).await?;
        let place = progress.place();
        let behind = ground.log.head().borrow().number().saturating_sub(place.position.number());
        let is_far_behind = place == Place::START && behind > ground.settings.rebuild_from_events;
        let (commands, inbox) = mpsc::unbounded_channel();
        let following = Arc::new(Self {
            projection,
            folder: folder.to_owned(),
            ground,
            model: RwLock::new(Arc::new(model)),
            reached: watch::channel(place.position).0,
            state: Mutex::new(State {
                advanced_at: progress.advanced_at,
                stopped: progress.stopped,
                ..State::default()
            }),
            resumed: Notify::new(),
            commands,
            supervisor: Mutex::new(None),
        });
        if let Some(stop) = &following.lock().stopped {
            tracing::error!(projection = projection.name(), position = %stop.position, cause = stop.cause, "a projection stands; `projection resume` tries again");
        }
        let engine =
            Engine { projection, wanted: Use::Live, file: read_file, connection, place, memory: None };
        let supervisor = Supervisor::new(Arc::clone(&following), next, inbox);
        let task = tokio::spawn(supervisor.run(engine, cut_short || is_far_behind, is_far_behind));
        *following.supervisor.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(following)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that is read now.
    pub(super) fn model(&self) -> Arc<ReadModel> {
        Arc::clone(&self.model.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another file is read from now on.
    pub(super) fn replace_model(&self, model: ReadModel) {
        let mut held = self.model.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(model);
    }

    /// The last position whose rows are there, as it moves.
    pub(super) fn reached(&self) -> watch::Receiver<Position> {
        self.reached.subscribe()
    }

    /// Rows are there up to a place.
    pub(super) fn reach(&self, place: Place) {
        self.lock().advanced_at = Some(self.ground.clock.now());
        self.reached.send_replace(place.position);
    }

    pub(super) fn status(&self) -> Status {
        let (position, head) = (*self.reached.borrow(), *self.ground.log.head().borrow());
        let state = self.lock();
        let age = state.advanced_at.map(|at| self.ground.clock.now() - at);
        Status {
            projection: self.projection,
            models: self.projection.tables().iter().map(|table| table.name).collect(),
            position,
            head,
            lag_events: head.number().saturating_sub(position.number()),
            last_advanced_at: state.advanced_at,
            last_advanced_seconds: age.map(|age| age.as_seconds_f64()),
            stopped: state.stopped.clone(),
            trouble: state.trouble.clone(),
            rebuilding: state.rebuilding,
            rebuild_failed: state.rebuild_failed.clone(),
        }
    }

    pub(super) fn resume(&self) {
        // Whoever resumes what runs must not make the next stop be passed over.
        if self.lock().stopped.is_some() {
            self.resumed.notify_one();
        }
    }

    pub(super) fn begin_rebuild(&self) -> Result<oneshot::Receiver<Result<(), RebuildError>>, RebuildError> {
        let total = self.ground.log.head().borrow().number();
        let mut state = self.lock();
        if state.rebuilding.is_some() {
            return Err(RebuildError::Running);
        }
        let (done, answer) = oneshot::channel();
        self.commands.send(Command::Rebuild(done)).map_err(|_| RebuildError::Closed)?;
        state.rebuilding = Some(Rebuilding { done: 0, total });
        state.rebuild_failed = None;
        Ok(answer)
    }

    pub(super) fn cancel_rebuild(&self) {
        let _ = self.commands.send(Command::Cancel);
    }

    /// Ends at once: what is not committed is not written.
    pub(super) fn abort(&self) {
        if let Some(task) = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    pub(super) async fn stop(&self) {
        let _ = self.commands.send(Command::Stop);
        let task = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, projection = self.projection.name(), "a projection ended badly");
        }
    }
}
