//! Of several instances exactly one runs a projection: the one that holds its lease ([`crate::db::lease`]). Its rows are
//! written through the session that is the lease. The others read what its tables say, hand on what they are asked, and
//! take over once it is gone; what it remembered is then folded again from the log.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::batch::Mark;
use super::board::{Asked, Board, Told};
use super::engine::Engine;
use super::follow::until_lost;
use super::following::Home;
use super::progress::{Progress, Use, progress};
use super::read::ReadModel;
use super::runner::{Command, End, RebuildError, Supervisor};
use super::tables::description;
use super::{asking, schema};
use crate::clock::Clock;
use crate::db::lease;
use crate::db::sql::{self, Connection};

/// How often the tables are looked at of a projection that another instance runs.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// What an instance knows while it runs a projection.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// How often the projection has been taken over, with this.
    pub(super) term: i64,
    /// What was told last.
    pub(super) told: Option<Told>,
    /// The last that was asked elsewhere and is known here.
    pub(super) heard: i64,
    pub(super) beats: u32,
}

/// What a turn begins with.
struct Beginning {
    engine: Engine,
    rebuild: bool,
    wait: bool,
}

/// What went wrong in a try to take over or to look: anything, told in the status.
type Trouble = Box<dyn Error + Send + Sync>;

impl Supervisor {
    /// Follows the log whenever it is this instance's turn, until told to stop.
    pub(super) async fn take_turns(mut self, board: Board) {
        while let Some(beginning) = self.wait_for_turn(&board).await {
            tracing::info!(projection = self.name(), "this instance runs a projection");
            let Beginning { engine, rebuild, wait } = beginning;
            let end = self.run(engine, rebuild, wait).await;
            {
                let mut state = self.following.lock();
                (state.leads, state.rebuilding) = (false, None);
            }
            if end == End::Told {
                return;
            }
            tracing::warn!(projection = self.name(), "this instance does not run a projection any more");
        }
    }

    /// Follows the tables until it is this instance's turn. Answers nothing when told to stop.
    async fn wait_for_turn(&mut self, board: &Board) -> Option<Beginning> {
        loop {
            match self.try_to_lead(board).await {
                Ok(Some(beginning)) => return Some(beginning),
                Ok(None) => {}
                Err(error) => self.trouble(&*error),
            }
            let next_try = Instant::now() + jittered(lease::TRY_EVERY, &*self.following.ground.clock);
            while Instant::now() < next_try {
                if let Err(error) = self.look(board).await {
                    self.trouble(&*error);
                }
                tokio::select! {
                    () = tokio::time::sleep_until(next_try.min(Instant::now() + LOOK_EVERY)) => {}
                    command = self.commands.recv() => match command {
                        Some(Command::Stop) | None => return None,
                        Some(Command::Rebuild(asker)) => self.hand_on(vec![asker]),
                        Some(Command::Cancel) => asking::tell(board.clone(), Asked::Cancel),
                        Some(Command::Resume) => asking::tell(board.clone(), Asked::Resume),
                    },
                }
            }
        }
    }

    pub(super) fn trouble(&self, error: &(dyn Error + 'static)) {
        let told = Some(error.to_string());
        let mut state = self.following.lock();
        if state.trouble != told {
            tracing::error!(
                error,
                projection = self.name(),
                "a projection cannot be followed and is tried again"
            );
        }
        state.trouble = told;
    }

    /// Takes what the tables say of the projection.
    async fn look(&self, board: &Board) -> Result<(), Trouble> {
        let (live, told) = board.read().await?;
        let following = &self.following;
        if let Some(live) = live {
            let read = following.model();
            if read.as_ref().is_none_or(|read| read.generation() != live) {
                let generation = Arc::new(schema::generation(&board.base, following.projection, live));
                let model = ReadModel::open(following.projection, generation).await?;
                // Rows of another version are none that this one could read.
                if model.progress().await?.tables == self.description() {
                    following.replace_model(model);
                }
            }
        }
        if let Some(model) = following.model() {
            following.hear(model.progress().await?);
        }
        let mut state = following.lock();
        (state.rebuilding, state.rebuild_failed, state.trouble) =
            (told.rebuilding, told.failed, told.trouble);
        Ok(())
    }

    fn description(&self) -> String {
        description(self.following.projection.tables(), sql::Engine::Postgres)
    }

    /// Takes the projection over, unless another instance runs it.
    async fn try_to_lead(&mut self, board: &Board) -> Result<Option<Beginning>, Trouble> {
        let following = Arc::clone(&self.following);
        let projection = following.projection;
        let thing = format!("projection {}", projection.name());
        let Some(mut lease) = lease::take(&board.base, &thing).await? else { return Ok(None) };
        let term = board.take_over(&mut lease).await?;
        let numbers = schema::numbers(&mut lease, &board.base, projection).await?;
        let cut_short = term.live.is_some_and(|live| numbers.iter().any(|number| *number > live));
        self.turn = Turn { term: term.number, ..Turn::default() };
        let whole = match term.live {
            Some(live) => self.whole(board, &mut lease, live).await?.map(|progress| (live, progress)),
            None => None,
        };
        let (number, progress) = match whole {
            Some(whole) => whole,
            None => self.make_first(board, &mut lease, term.live).await?,
        };
        let model = match following.model().filter(|model| model.generation() == number) {
            Some(model) => model,
            None => {
                let generation = Arc::new(schema::generation(&board.base, projection, number));
                following.replace_model(ReadModel::open(projection, generation).await?);
                following.model().ok_or("the rows are gone")?
            }
        };
        sweep(board, number, term.newest);
        let is_far_behind = following.take_up(&progress);
        let engine = Engine {
            projection,
            wanted: Use::Live,
            generation: Arc::clone(model.stands()),
            connection: lease,
            place: progress.place(),
            memory: None,
        };
        Ok(Some(Beginning { engine, rebuild: cut_short || is_far_behind, wait: is_far_behind }))
    }

    /// How far the live generation is, if it is one of this version and can be written.
    async fn whole(
        &self,
        board: &Board,
        lease: &mut Connection,
        live: u64,
    ) -> Result<Option<Progress>, sqlx::Error> {
        schema::enter(lease, &board.base, self.following.projection, live).await?;
        match progress(&mut *lease).await {
            Ok(progress) if !progress.building && progress.tables == self.description() => Ok(Some(progress)),
            Ok(_) => Ok(None),
            Err(sqlx::Error::Database(error)) => {
                let error = error.message();
                tracing::warn!(
                    error,
                    projection = self.name(),
                    "read models that do not open are built again"
                );
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn make_first(
        &self,
        board: &Board,
        lease: &mut Connection,
        live: Option<u64>,
    ) -> Result<(u64, Progress), Trouble> {
        let projection = self.following.projection;
        let next = board.next_generation(self.turn.term).await?;
        let number = next.ok_or("another instance has taken the projection over")?;
        let generation = schema::generation(&board.base, projection, number);
        let made = tokio::select! {
            made = schema::make_live(&generation, projection) => made?,
            error = until_lost(lease) => return Err(error.into()),
        };
        schema::go_live(lease, &board.base, projection, live, number).await?;
        Ok((number, made))
    }

    /// Lets a generation that was built take the place of the live one, through the session of the lease.
    pub(super) async fn swap_schema(
        &self,
        mut live: Engine,
        mut new: Engine,
    ) -> (Option<Engine>, Result<(), RebuildError>) {
        let Home::Postgres(board) = &self.following.home else {
            return (Some(live), Err(RebuildError::Closed));
        };
        let projection = self.following.projection;
        let prepared = tokio::select! {
            prepared = async {
                self.catch_up(&mut new, live.place.position).await?;
                Ok::<_, RebuildError>(ReadModel::open(projection, Arc::clone(&new.generation)).await?)
            } => prepared,
            error = until_lost(&mut live.connection) => return (None, Err(error.into())),
        };
        let model = match prepared {
            Ok(model) => model,
            Err(error) => return (Some(live), Err(error)),
        };
        let (old, number) = (live.generation.number, new.generation.number);
        if let Err(error) =
            schema::go_live(&mut live.connection, &board.base, projection, Some(old), number).await
        {
            return (None, Err(error.into()));
        }
        self.swapped(&new, model);
        sweep(board, number, number);
        let memory = new.memory.take();
        let (generation, place): (_, Mark) = (Arc::clone(&new.generation), new.place);
        let engine =
            Engine { projection, wanted: Use::Live, generation, connection: live.connection, place, memory };
        (Some(engine), Ok(()))
    }
}

/// Drops generations up to a number that are of no use any more, while the work goes on.
pub(super) fn sweep(board: &Board, live: u64, until: u64) {
    let board = board.clone();
    tokio::spawn(async move {
        if let Err(error) = schema::sweep(&board.base, board.projection, live, until).await {
            tracing::warn!(%error, projection = board.projection.name(), "old read models stay behind for now");
        }
    });
}

/// A pause of about this length, so that instances do not all come at once: half of it to one and a half.
fn jittered(pause: Duration, clock: &dyn Clock) -> Duration {
    pause.mul_f64(0.5 + f64::from(clock.now().timestamp_subsec_micros() % 1_000) / 1_000.0)
}
