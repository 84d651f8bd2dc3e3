//! Keeps a projection running: follows, stands at an event that cannot be handled, builds anew and swaps.

use std::sync::Arc;
use std::time::Duration;

use subject_record_schemas::Position;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use super::Rebuilding;
use super::build::{build, build_schema};
use super::engine::{Engine, Fault, Orders};
use super::file;
use super::follow::follow;
use super::following::{Following, Home};
use super::generation::Generation;
use super::progress::{Stop, Use};
use super::read::ReadModel;
use super::task::Task;
use super::turns::Turn;

/// How often an instance looks for what is asked at others.
const BEAT_EVERY: Duration = Duration::from_millis(400);

/// What a projection is told.
#[derive(Debug)]
pub(super) enum Command {
    Rebuild(Asker),
    Cancel,
    Resume,
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
    /// The instance that runs the projection says why.
    #[error("the instance that runs the projection answers: {0}")]
    Elsewhere(String),
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

pub(super) type Built = Result<Engine, RebuildError>;

/// How it ended that an instance ran a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was told to stop.
    Told,
    /// Another instance may run it now.
    Lost,
}

/// Who waits for a rebuild.
#[derive(Debug)]
pub(super) enum Asker {
    /// Somebody here.
    Here(oneshot::Sender<Result<(), RebuildError>>),
    /// Somebody at another instance, by the number of what was asked.
    There(i64),
}

/// What keeps one projection running.
pub(super) struct Supervisor {
    pub(super) following: Arc<Following>,
    /// Number of the next file.
    next_generation: u64,
    /// By which this instance runs a projection that several could run.
    pub(super) turn: Turn,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
}

impl Supervisor {
    pub(super) fn new(
        following: Arc<Following>,
        next_generation: u64,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        Self { following, next_generation, turn: Turn::default(), commands }
    }

    /// Runs until told to stop, or until another instance may run it. `rebuild` begins one at once; `wait` follows only
    /// after it.
    pub(super) async fn run(&mut self, engine: Engine, rebuild: bool, wait: bool) -> End {
        let mut waiting = None;
        let mut follower = None;
        if wait {
            waiting = Some(engine)
        } else {
            follower = Some(self.follow(engine))
        }
        let mut builder = rebuild.then(|| self.build());
        let mut asked: Vec<Asker> = Vec::new();
        let mut beat = tokio::time::interval(BEAT_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = loop {
            let built = tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Stop) | None => break End::Told,
                    Some(command) => {
                        self.obey(command, &mut builder, &mut asked);
                        continue;
                    }
                },
                built = ended(&mut builder) => built,
                () = gone(&mut follower) => break End::Lost,
                _ = beat.tick() => match self.beat(waiting.as_mut(), &mut builder, &mut asked).await {
                    true => continue,
                    false => break End::Lost,
                },
            };
            builder = None;
            let live = match (follower.take(), waiting.take()) {
                (Some(follower), _) => follower.end().await.flatten(),
                (None, waiting) => waiting,
            };
            let Some(live) = live else { break End::Lost };
            let (next, result) = match built {
                Ok(new) => self.swap(live, new).await,
                Err(error) => (Some(live), Err(error)),
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
            let Some(next) = next else { break End::Lost };
            self.answer(result, asked.drain(..)).await;
            beat.reset_immediately();
            follower = Some(self.follow(next));
        };
        if end == End::Lost {
            self.hand_on(asked);
            return end;
        }
        self.following.lock().closing = true;
        if let Some(builder) = builder
            && let Some(Ok(engine)) = builder.end().await
        {
            engine.generation.keep();
        }
        if let Some(follower) = follower {
            follower.end().await;
        }
        end
    }

    /// Does what it is told, beside stopping.
    pub(super) fn obey(
        &mut self,
        command: Command,
        builder: &mut Option<Task<Built>>,
        asked: &mut Vec<Asker>,
    ) {
        match command {
            Command::Rebuild(asker) => {
                asked.push(asker);
                if builder.is_none() {
                    *builder = Some(self.build());
                }
            }
            Command::Cancel => {
                if let Some(builder) = builder {
                    builder.tell_to_stop();
                }
            }
            Command::Resume => {
                if self.following.lock().stopped.is_some() {
                    self.following.resumed.notify_one();
                }
            }
            Command::Stop => {}
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.following.projection.name()
    }

    fn follow(&self, engine: Engine) -> Task<Option<Engine>> {
        let following = Arc::clone(&self.following);
        Task::begin(|stop| follow(following, engine, stop))
    }

    fn build(&mut self) -> Task<Built> {
        let following = Arc::clone(&self.following);
        let total = following.ground.log.head().borrow().number();
        following.lock().rebuilding = Some(Rebuilding { done: 0, total });
        tracing::info!(projection = self.name(), events = total, "a rebuild begins");
        match &following.home {
            Home::Folder(folder) => {
                let file = Generation::in_folder(folder, following.projection, self.next_generation);
                self.next_generation += 1;
                Task::begin(|stop| build(following, file, stop))
            }
            Home::Postgres(board) => {
                let (board, term) = (board.clone(), self.turn.term);
                Task::begin(move |stop| build_schema(following, board, term, stop))
            }
        }
    }

    /// Lets what was built take the place of the live rows, which must not be written any more. Answers what is
    /// followed from now on; nothing if another instance may run the projection by now.
    async fn swap(&self, live: Engine, mut new: Engine) -> (Option<Engine>, Result<(), RebuildError>) {
        let Home::Folder(_) = self.following.home else { return self.swap_schema(live, new).await };
        match self.make_live(&live, &mut new).await {
            Ok(model) => {
                new.generation.keep();
                self.swapped(&new, model);
                live.generation.retire();
                (Some(new), Ok(()))
            }
            Err(error) => (Some(live), Err(error)),
        }
    }

    async fn make_live(&self, live: &Engine, new: &mut Engine) -> Result<ReadModel, RebuildError> {
        self.catch_up(new, live.place.position).await?;
        file::finish(&mut new.connection).await?;
        new.wanted = Use::Live;
        Ok(ReadModel::open(self.following.projection, Arc::clone(&new.generation)).await?)
    }

    /// Nobody who has seen a position may find the rows before it.
    pub(super) async fn catch_up(&self, new: &mut Engine, position: Position) -> Result<(), RebuildError> {
        let (_running, stop) = watch::channel(false);
        let orders = Orders { stop, until: Some(position) };
        Ok(new.run(&self.following.ground, orders, &|_| {}).await?)
    }

    /// Other rows are read from now on.
    pub(super) fn swapped(&self, new: &Engine, model: ReadModel) {
        let following = &self.following;
        following.replace_model(model);
        following.lock().stopped = None;
        following.reach(new.place);
        tracing::info!(projection = self.name(), position = %new.place.position, "a rebuild is done");
    }
}

/// Waits until a follower ends that was not told to.
async fn gone(follower: &mut Option<Task<Option<Engine>>>) {
    match follower {
        Some(follower) => drop((&mut follower.handle).await),
        None => std::future::pending().await,
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
