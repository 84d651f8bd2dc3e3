//! What is known of a projection that follows the log, and what it can be told.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use subject_record_schemas::Position;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::batch::Mark;
use super::board::Board;
use super::engine::{Engine, Ground};
use super::file;
use super::generation::{Generation, file_of};
use super::progress::{Progress, Stop, Use};
use super::read::ReadModel;
use super::runner::{Asker, Command, RebuildError, Supervisor};
use super::{OpenError, Projection, Rebuilding, Status};

/// How long an instance that starts waits for rows to be there, its own or another's.
const FIRST_ROWS_WAIT_MAX: Duration = Duration::from_secs(10);

/// Where the generations of a projection stand.
#[derive(Debug)]
pub(super) enum Home {
    /// Files of this process.
    Folder(PathBuf),
    /// Schemas that several instances read.
    Postgres(Board),
}

/// A projection that follows the log.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) projection: Projection,
    pub(super) home: Home,
    pub(super) ground: Ground,
    model: watch::Sender<Option<Arc<ReadModel>>>,
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
    /// Whether this instance runs the projection.
    pub(super) leads: bool,
    /// Whether the service is stopping: a rebuild is then not given up, but begins again at the next start.
    pub(super) closing: bool,
}

impl Following {
    fn new(
        projection: Projection,
        home: Home,
        ground: Ground,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Command>) {
        let (commands, inbox) = mpsc::unbounded_channel();
        let following = Self {
            projection,
            home,
            ground,
            model: watch::channel(None).0,
            reached: watch::channel(Position::START).0,
            state: Mutex::default(),
            resumed: Notify::new(),
            commands,
            supervisor: Mutex::new(None),
        };
        (Arc::new(following), inbox)
    }

    fn supervised(&self, task: JoinHandle<()>) {
        *self.supervisor.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Takes what is in a folder, or makes a file, and follows the log from there.
    pub(super) async fn in_folder(
        folder: PathBuf,
        projection: Projection,
        ground: Ground,
    ) -> Result<Arc<Self>, OpenError> {
        let failed = |source| OpenError::Folder { path: folder.clone(), source };
        let file::Found { live, cut_short, mut next } =
            file::find(&folder, projection).await.map_err(failed)?;
        let (generation, connection, progress) = match live {
            Some(live) => live,
            None => {
                let (number, generation) = (next, Generation::in_folder(&folder, projection, next));
                next += 1;
                let path = file_of(&folder, projection, number);
                let (connection, progress) = file::open(&path, projection, Use::Live).await?;
                (generation, connection, progress)
            }
        };
        let generation = Arc::new(generation);
        let model = ReadModel::open(projection, Arc::clone(&generation)).await?;
        let (following, inbox) = Self::new(projection, Home::Folder(folder), ground);
        following.replace_model(model);
        let is_far_behind = following.take_up(&progress);
        let place = progress.place();
        let engine = Engine { projection, wanted: Use::Live, generation, connection, place, memory: None };
        let mut supervisor = Supervisor::new(Arc::clone(&following), next, inbox);
        following.supervised(tokio::spawn(async move {
            supervisor.run(engine, cut_short || is_far_behind, is_far_behind).await;
        }));
        Ok(following)
    }

    /// Follows the log, or the instance that does.
    pub(super) async fn beside_others(board: Board, ground: Ground) -> Arc<Self> {
        let home = Home::Postgres(board.clone());
        let (following, inbox) = Self::new(board.projection, home, ground);
        let supervisor = Supervisor::new(Arc::clone(&following), 0, inbox);
        following.supervised(tokio::spawn(supervisor.take_turns(board)));
        let mut model = following.model.subscribe();
        let first = model.wait_for(Option::is_some);
        if tokio::time::timeout(FIRST_ROWS_WAIT_MAX, first).await.is_err() {
            let trouble = following.lock().trouble.clone();
            tracing::error!(
                projection = following.projection.name(),
                trouble,
                "there are no rows to read yet"
            );
        }
        following
    }

    /// From here on it is followed. Answers whether it is so far behind that it is to be built first.
    pub(super) fn take_up(&self, progress: &Progress) -> bool {
        let place = progress.place();
        self.reached.send_replace(place.position);
        let mut state = self.lock();
        (state.advanced_at, state.stopped) = (progress.advanced_at, progress.stopped.clone());
        (state.trouble, state.rebuilding, state.leads) = (None, None, true);
        if let Some(stop) = &state.stopped {
            tracing::error!(projection = self.projection.name(), position = %stop.position, cause = stop.cause, "a projection stands; `projection resume` tries again");
        }
        let behind = self.ground.log.head().borrow().number().saturating_sub(place.position.number());
        place == Mark::START && behind > self.ground.settings.rebuild_from_events
    }

    /// Another instance follows: rows are there as its tables say.
    pub(super) fn hear(&self, progress: Progress) {
        let mut state = self.lock();
        (state.advanced_at, state.stopped) = (progress.advanced_at, progress.stopped);
        drop(state);
        let move_to =
            |reached: &mut Position| std::mem::replace(reached, progress.position) != progress.position;
        self.reached.send_if_modified(move_to);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows that are read now, if there are any.
    pub(super) fn model(&self) -> Option<Arc<ReadModel>> {
        self.model.borrow().clone()
    }

    /// Waits until a generation or a later one is read.
    pub(super) async fn reads(&self, generation: u64) {
        let is_read = |model: &Option<Arc<ReadModel>>| {
            model.as_ref().is_some_and(|model| model.generation() >= generation)
        };
        let _ = self.model.subscribe().wait_for(is_read).await;
    }

    /// Other rows are read from now on.
    pub(super) fn replace_model(&self, model: ReadModel) {
        self.model.send_replace(Some(Arc::new(model)));
    }

    /// The last position whose rows are there, as it moves.
    pub(super) fn reached(&self) -> watch::Receiver<Position> {
        self.reached.subscribe()
    }

    /// Rows are there up to a place.
    pub(super) fn reach(&self, place: Mark) {
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
            let _ = self.commands.send(Command::Resume);
        }
    }

    pub(super) fn begin_rebuild(&self) -> Result<oneshot::Receiver<Result<(), RebuildError>>, RebuildError> {
        let total = self.ground.log.head().borrow().number();
        let mut state = self.lock();
        // What another instance does is known a moment late: there, whoever asks joins the rebuild that is under way.
        if state.leads && state.rebuilding.is_some() {
            return Err(RebuildError::Running);
        }
        let (done, answer) = oneshot::channel();
        self.commands.send(Command::Rebuild(Asker::Here(done))).map_err(|_| RebuildError::Closed)?;
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
