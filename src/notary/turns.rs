//! Whose turn it is: an instance follows the log while it holds the lease, and otherwise waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Refusal;
use super::follower::{Command, Commands, Fault, Follower};
use super::tables::TablesError;
use crate::db::lease::TRY_EVERY;

/// Pause before what failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Pause of an instance whose own files keep it from signing, so that another one gets the lease.
const STAND_BACK: Duration = Duration::from_secs(10);

/// How a turn ended.
enum Turn {
    /// The notary is let go.
    Over,
    /// Another instance has the lease.
    Others,
}

impl Follower {
    /// Runs until the notary is let go, or, alone over a file, refuses to sign.
    pub(super) async fn run(self: Arc<Self>, mut commands: Commands) {
        loop {
            match self.follow_in_turn(&mut commands).await {
                Ok(Turn::Over) => {
                    self.tables.session.let_go().await;
                    return;
                }
                Ok(Turn::Others) => {
                    self.set_failed(false);
                    if !self.rest(&mut commands, TRY_EVERY).await {
                        return;
                    }
                }
                Err(Fault::Refused(refusal)) => {
                    tracing::error!(%refusal, "no checkpoint is signed any more");
                    self.state.send_modify(|state| state.refusal = Some(refusal.clone()));
                    let goes_on = self.refuse(&refusal, &mut commands).await;
                    if !(goes_on && self.rest(&mut commands, TRY_EVERY).await) {
                        return;
                    }
                }
                Err(fault) => {
                    self.fails(&fault);
                    self.tables.session.let_go().await;
                    if !self.rest(&mut commands, TRY_AGAIN).await {
                        return;
                    }
                }
            }
        }
    }

    async fn follow_in_turn(&self, commands: &mut Commands) -> Result<Turn, Fault> {
        if !self.tables.session.take().await.map_err(TablesError::Engine)? {
            return Ok(Turn::Others);
        }
        self.follow(commands).await.map(|()| Turn::Over)
    }

    /// Signs nothing. Among several instances the lease is held on to, or one that kept less would sign; unless it is
    /// this instance's own files that are wrong. Answers `false` when the notary is let go.
    async fn refuse(&self, refusal: &Refusal, commands: &mut Commands) -> bool {
        if self.tables.session.is_among_several() {
            if matches!(refusal, Refusal::OtherOrigin { .. } | Refusal::KeptNotSigned { .. }) {
                self.tables.session.let_go().await;
                return self.rest(commands, STAND_BACK).await;
            }
            if let Err(error) = self.tables.put_refusal(&refusal.to_string()).await {
                tracing::warn!(%error, "the other instances are not told why nothing is signed");
            }
        }
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Heads { reply, .. }) => drop(reply.send(Err(refusal.clone()))),
                    Some(Command::Sign) => {}
                    None => return false,
                },
                () = self.tables.session.lost() => {
                    // Whether what another instance does holds is for the onlooker to say.
                    self.state.send_if_modified(|state| {
                        let is_this = state.refusal.as_ref() == Some(refusal);
                        is_this && state.refusal.take().is_some()
                    });
                    return true;
                }
            }
        }
    }

    /// Waits between a half and one and a half of a pause, so that instances do not try in step. Answers `false` when
    /// the notary is let go.
    async fn rest(&self, commands: &mut Commands, pause: Duration) -> bool {
        if !self.tables.session.is_among_several() {
            tokio::time::sleep(pause).await;
            return true;
        }
        let [byte] = self.entropy.bytes::<1>();
        let until = Instant::now() + pause / 2 + pause * u32::from(byte) / 255;
        loop {
            match tokio::time::timeout_at(until, commands.recv()).await {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// Tells of a fault.
    fn fails(&self, fault: &Fault) {
        let error = fault as &dyn std::error::Error;
        match fault {
            Fault::Tables(TablesError::Lost) => tracing::warn!("the notary starts over: its lease is lost"),
            _ => tracing::error!(error, "the notary does not go on; it tries again"),
        }
        self.set_failed(true);
    }

    fn set_failed(&self, fails: bool) {
        if self.tables.session.is_among_several() {
            self.state.send_if_modified(|state| match (&state.refusal, fails) {
                (None, true) => state.refusal.replace(Refusal::Failed).is_none(),
                (Some(Refusal::Failed), false) => state.refusal.take().is_some(),
                _ => false,
            });
        }
    }
}
