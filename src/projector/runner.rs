//! Keeps a projection running: follows, stands at an event that cannot be handled, builds anew and swaps.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::Rebuilding;
use super::batch::Place;
use super::build::build;
use super::engine::{Engine, Fault, Orders};
use super::file::{self, ReadFile, Stop, Use};
use super::following::Following;
use super::read::ReadModel;

/// Pause before what failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// What a projection is told.
#[derive(Debug)]
pub(super) enum Command {
    Rebuild(oneshot::Sender<Result<(), RebuildError>>),
    Cancel,
    Stop,
}

/// Why a rebuild did not take the place of the live rows, which stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// One is under way.
    #[error("a rebuild of this projection is under way")]
    Running,
    /// It was given up.
    #[error("the rebuild was given up")]
    Cancelled,
    /// An event cannot be handled.
    #[error("the event at position {} cannot be handled: {}", .0.position, .0.cause)]
    Event(Stop),
    /// The log or the file failed.
    #[error("the rebuild failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service is stopping.
    #[error("the service is stopping")]
    Closed,
}

impl From<Fault> for RebuildError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Event(stop) => Self::Event(stop),
            Fault::Engine(error) => Self::Engine(error),
        }
    }
}

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<crate::db::DatabaseError> for RebuildError {
    fn from(error: crate::db::DatabaseError) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// A task and what ends it.
struct Task<T> {
    handle: JoinHandle<T>,
    stop: watch::Sender<bool>,
}

impl<T: Send + 'static> Task<T> {
    fn begin<F>(work: impl FnOnce(watch::Receiver<bool>) -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        Self { handle: tokio::spawn(work(stopped)), stop }
    }

    fn tell_to_stop(&self) {
        self.stop.send_replace(true);
    }

    async fn end(mut self) -> Option<T> {
        self.tell_to_stop();
        (&mut self.handle).await.ok()
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

pub(super) type Built = Result<Engine, RebuildError>;

/// What keeps one projection running.
pub(super) struct Supervisor {
    following: Arc<Following>,
    next_generation: u64,
    commands: mpsc::UnboundedReceiver<Command>,
}

impl Supervisor {
    pub(super) fn new(
        following: Arc<Following>,
        next_generation: u64,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        Self { following, next_generation, commands }
    }

    /// Runs until told to stop. `rebuild` begins one at once; `wait` follows only after it.
    pub(super) async fn run(mut self, engine: Engine, rebuild: bool, wait: bool) {
        let mut waiting = None;
        let mut follower = None;
        if wait {
            waiting = Some(engine)
        } else {
            follower = Some(self.follow(engine))
        }
        let mut builder = rebuild.then(|| self.build());
        let mut asked: Vec<oneshot::Sender<Result<(), RebuildError>>> = Vec::new();
        loop {
            let built = tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Rebuild(done)) => {
                        asked.push(done);
                        if builder.is_none() {
                            builder = Some(self.build());
                        }
                        continue;
                    }
                    Some(Command::Cancel) => {
                        if let Some(builder) = &builder {
                            builder.tell_to_stop();
                        }
                        continue;
                    }
                    Some(Command::Stop) | None => break,
                },
                built = ended(&mut builder) => built,
            };
            builder = None;
            let live = match (follower.take(), waiting.take()) {
                (Some(follower), _) => follower.end().await,
                (None, waiting) => waiting,
            };
            let Some(live) = live else { break };
            let (next, result) = match built {
                Ok(new) => self.swap(live, new).await,
                Err(error) => (live, Err(error)),
            };
            {
                let mut state = self.following.lock();
                state.rebuilding = None;
                state.rebuild_failed = result.as_ref().err().map(ToString::to_string);
            }
            if let Err(error) = &result {
                let cause = error as &dyn std::error::Error;
                tracing::error!(
                    cause,
                    projection = self.name(),
                    "a rebuild did not take the place of the live rows"
                );
            }
            let mut result = Some(result);
            for done in asked.drain(..) {
                let _ = done.send(result.take().unwrap_or(Err(RebuildError::Closed)));
            }
            follower = Some(self.follow(next));
        }
        self.following.lock().closing = true;
        if let Some(builder) = builder
            && let Some(Ok(engine)) = builder.end().await
        {
            engine.file.keep();
        }
        if let Some(follower) = follower {
            follower.end().await;
        }
    }

    fn name(&self) -> &'static str {
        self.following.projection.name()
    }

    fn follow(&self, engine: Engine) -> Task<Engine> {
        let following = Arc::clone(&self.following);
        Task::begin(|stop| follow(following, engine, stop))
    }

    fn build(&mut self) -> Task<Built> {
        let following = Arc::clone(&self.following);
        let file = ReadFile::of(&following.folder, following.projection, self.next_generation);
        self.next_generation += 1;
        let total = following.ground.log.head().borrow().number();
        following.lock().rebuilding = Some(Rebuilding { done: 0, total });
        tracing::info!(projection = self.name(), events = total, "a rebuild begins");
        Task::begin(|stop| build(following, file, stop))
    }

    /// Lets a file that was built take the place of the live one, which must not be written any more.
    async fn swap(&self, live: Engine, mut new: Engine) -> (Engine, Result<(), RebuildError>) {
        match self.make_live(&live, &mut new).await {
            Ok(model) => {
                let following = &self.following;
                new.file.keep();
                following.replace_model(model);
                following.lock().stopped = None;
                following.reach(new.place);
                live.file.retire();
                tracing::info!(projection = self.name(), position = %new.place.position, "a rebuild is done");
                (new, Ok(()))
            }
            Err(error) => (live, Err(error)),
        }
    }

    async fn make_live(&self, live: &Engine, new: &mut Engine) -> Result<ReadModel, RebuildError> {
        // Nobody who has seen a position may find the rows before it.
        let (_running, stop) = watch::channel(false);
        let orders = Orders { stop, until: Some(live.place.position) };
        new.run(&self.following.ground, orders, &|_| {}).await?;
        file::finish(&mut new.connection).await?;
        new.wanted = Use::Live;
        Ok(ReadModel::open(self.following.projection, Arc::clone(&new.file)).await?)
    }
}

async fn ended(builder: &mut Option<Task<Built>>) -> Built {
    match builder {
        Some(builder) => match (&mut builder.handle).await {
            Ok(built) => built,
            Err(error) => Err(RebuildError::Engine(Box::new(error))),
        },
        None => std::future::pending().await,
    }
}

/// Follows the log, standing where an event cannot be handled, until told to stop.
async fn follow(following: Arc<Following>, mut engine: Engine, mut stop: watch::Receiver<bool>) -> Engine {
    let projection = following.projection.name();
    while !*stop.borrow() {
        let is_stopped = following.lock().stopped.is_some();
        if is_stopped {
            tokio::select! {
                () = following.resumed.notified() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            if let Err(error) = file::keep_stop(&mut engine.connection, None).await {
                tracing::error!(%error, projection, "it cannot be kept that a projection tries again");
                continue;
            }
            following.lock().stopped = None;
        }
        let orders = Orders { stop: stop.clone(), until: None };
        let ended = engine.run(&following.ground, orders, &|place| advanced(&following, place)).await;
        match ended {
            Ok(()) => break,
            Err(Fault::Event(stop)) => {
                tracing::error!(projection, position = %stop.position, cause = stop.cause, "ALARM: a projection stands at an event that it cannot handle");
                if let Err(error) = file::keep_stop(&mut engine.connection, Some(&stop)).await {
                    tracing::error!(%error, projection, "the cause of a standing projection cannot be kept");
                }
                following.lock().stopped = Some(stop);
            }
            Err(Fault::Engine(error)) => {
                tracing::error!(
                    error = &*error as &dyn std::error::Error,
                    projection,
                    "a projection failed and is tried again"
                );
                following.lock().trouble = Some(error.to_string());
                tokio::select! {
                    () = tokio::time::sleep(TRY_AGAIN) => {}
                    _ = stop.wait_for(|stop| *stop) => break,
                }
            }
        }
        match file::progress(&mut engine.connection).await {
            Ok(progress) => engine.place = progress.place(),
            Err(error) => tracing::error!(%error, projection, "the progress of a projection cannot be read"),
        }
    }
    engine
}

fn advanced(following: &Following, place: Place) {
    following.lock().trouble = None;
    following.reach(place);
}
