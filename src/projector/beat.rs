//! What an instance that runs a projection exchanges with the others, several times a second.

use std::sync::Arc;
use std::time::Duration;

use super::asking;
use super::board::{Asked, Told};
use super::engine::Engine;
use super::following::Home;
use super::runner::{Asker, Built, Command, RebuildError, Supervisor};
use super::task::Task;
use super::turns::sweep;
use crate::db::lease;

/// How long a beat may take, so that nothing else waits for it for long.
const BEAT_WAIT_MAX: Duration = Duration::from_secs(2);

/// Beats between two sweeps: a minute.
const SWEEP_BEATS: u32 = 150;

impl Supervisor {
    /// Looks for what is asked at other instances, and tells them how the projection stands. Answers whether this
    /// instance still runs it. Does nothing where there are no others.
    pub(super) async fn beat(
        &mut self,
        waiting: Option<&mut Engine>,
        builder: &mut Option<Task<Built>>,
        asked: &mut Vec<Asker>,
    ) -> bool {
        let following = Arc::clone(&self.following);
        let Home::Postgres(board) = &following.home else { return true };
        if let Some(engine) = waiting
            && let Err(error) = lease::sign_of_life(&mut engine.connection).await
        {
            self.trouble(&error);
            return false;
        }
        self.turn.beats += 1;
        if self.turn.beats.is_multiple_of(SWEEP_BEATS)
            && let Some(live) = following.model()
        {
            sweep(board, live.generation(), live.generation());
        }
        let told = {
            let state = following.lock();
            let (rebuilding, failed) = (state.rebuilding, state.rebuild_failed.clone());
            Told { rebuilding, failed, trouble: state.trouble.clone() }
        };
        let exchange = async {
            let holds = match self.turn.told.as_ref() == Some(&told) {
                true => board.holds(self.turn.term).await?,
                false => board.tell(self.turn.term, &told).await?,
            };
            Ok::<_, sqlx::Error>((holds, board.asked(self.turn.heard).await?))
        };
        // The session of the lease tells whether the database is there; this one only exchanges words.
        let Ok(Ok((holds, heard))) = tokio::time::timeout(BEAT_WAIT_MAX, exchange).await else { return true };
        self.turn.told = Some(told);
        for (number, what) in heard {
            self.turn.heard = number;
            match what {
                Asked::Rebuild => self.obey(Command::Rebuild(Asker::There(number)), builder, asked),
                Asked::Cancel => self.obey(Command::Cancel, builder, asked),
                Asked::Resume => self.obey(Command::Resume, builder, asked),
            }
            if what != Asked::Rebuild {
                self.answer(Ok(()), [Asker::There(number)].into_iter()).await;
            }
        }
        holds
    }

    /// Answers those who wait for a rebuild.
    pub(super) async fn answer(&self, result: Result<(), RebuildError>, asked: impl Iterator<Item = Asker>) {
        let answer = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let mut result = Some(result);
        for asker in asked {
            match (asker, &self.following.home) {
                (Asker::Here(done), _) => {
                    let _ = done.send(result.take().unwrap_or(Err(RebuildError::Closed)));
                }
                (Asker::There(number), Home::Postgres(board)) => {
                    if let Err(error) = board.answer(number, &answer).await {
                        tracing::warn!(%error, projection = self.name(), "another instance gets no answer");
                    }
                }
                (Asker::There(_), Home::Folder(_)) => {}
            }
        }
    }

    /// Asks the instance that runs the projection, now or soon, in the place of those who asked here. What was asked
    /// elsewhere it finds by itself.
    pub(super) fn hand_on(&self, asked: Vec<Asker>) {
        for asker in asked {
            if let (Asker::Here(done), Home::Postgres(board)) = (asker, &self.following.home) {
                tokio::spawn(asking::rebuild(board.clone(), Arc::clone(&self.following), done));
            }
        }
    }
}
