//! Runs projections: read models that follow the log by position, each in a file of its own, or in a schema of
//! PostgreSQL's that several instances read.
//!
//! - A batch of events is read, projected and written with a few bulk statements; its rows and how far they are stand
//!   in one transaction ([`engine`], [`write`]).
//! - What events mean is the business of the pure crate; here it is run ([`history`], [`people`], [`rejudge`]).
//! - A rebuild fills a generation beside the live one and takes its place once it has caught up ([`runner`]).
//! - Of several instances one runs a projection; the others read its rows, and take over when it is gone ([`turns`]).
//! - An event that cannot be handled stops its projection, with position and cause; it is never skipped.
//!
//! Rows hold no personal data, and nothing in them is evidence: they can be thrown away.

mod asking;
mod batch;
mod beat;
mod board;
mod build;
mod digest;
mod engine;
mod file;
mod folds;
mod follow;
mod following;
mod generation;
mod history;
mod log;
mod people;
mod progress;
mod read;
mod rejudge;
mod runner;
mod schema;
mod search;
mod status;
mod tables;
mod task;
mod turns;
mod values;
mod write;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use subject_record_projections::acceptances::ACCEPTANCES;
use subject_record_projections::accesses::ACCESSES;
use subject_record_projections::consents::CONSENTS;
use subject_record_projections::deadlines::DEADLINES;
use subject_record_projections::disclosures::DISCLOSURES;
use subject_record_projections::findings::FINDINGS;
use subject_record_projections::history::HISTORY;
use subject_record_projections::profile::PROFILE;
use subject_record_projections::table::Table;
use subject_record_schemas::Position;

pub use self::digest::DigestError;
use self::following::Following;
pub use self::log::{Log, LogError, LogEvent};
pub use self::progress::{Progress, Stop};
pub use self::read::{Cursor, EventRead, Filter, ReadError, ReadModel, VersionRead};
pub use self::runner::RebuildError;
pub use self::status::{Rebuilding, Status};
use crate::clock::Clock;
use crate::config::Projector as Settings;
use crate::db::DatabaseError;
use crate::db::postgres::Postgres;

/// A projection: read models that are followed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Projection {
    /// Every event by itself: what happened, and who looked.
    History,
    /// What follows from all that is known of a stream.
    People,
}

static HISTORY_TABLES: [&Table; 2] = [&HISTORY, &ACCESSES];
static PEOPLE_TABLES: [&Table; 6] = [&PROFILE, &CONSENTS, &ACCEPTANCES, &DISCLOSURES, &DEADLINES, &FINDINGS];

impl Projection {
    /// Both.
    pub const ALL: [Self; 2] = [Self::History, Self::People];

    /// Its name, as a stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::People => "people",
        }
    }

    /// Tables of its read models.
    #[must_use]
    pub fn tables(self) -> &'static [&'static Table] {
        match self {
            Self::History => &HISTORY_TABLES,
            Self::People => &PEOPLE_TABLES,
        }
    }

    /// The projection of a read model.
    #[must_use]
    pub fn of(table: &Table) -> Option<Self> {
        Self::ALL.into_iter().find(|projection| projection.tables().contains(&table))
    }
}

/// There is no projection of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no projection of this name: history, people")]
pub struct UnknownProjection;

impl FromStr for Projection {
    type Err = UnknownProjection;
    fn from_str(name: &str) -> Result<Self, UnknownProjection> {
        Self::ALL.into_iter().find(|projection| projection.name() == name).ok_or(UnknownProjection)
    }
}

/// Projections did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of read models cannot be made or read.
    #[error("cannot use the folder of read models {path}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file or a schema does not open.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Where read models are kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// Files in a folder of this process.
    Folder(PathBuf),
    /// Schemas of a database, beside this one, that several instances read.
    Postgres(Postgres),
}

/// All projections over one log.
#[derive(Debug)]
pub struct Projector {
    followings: Vec<Arc<Following>>,
}

impl Projector {
    /// Opens read models, or makes them, and begins to follow the log, or the instance that does.
    ///
    /// # Errors
    /// [`OpenError`]. Read models that do not read or fit are no error: they are built again.
    pub async fn open(
        place: Place,
        settings: Settings,
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let ground = engine::Ground { log, clock, settings };
        let mut followings = Vec::new();
        match place {
            Place::Folder(folder) => {
                let failed = |source| OpenError::Folder { path: folder.clone(), source };
                // For its owner alone, as everything in the data folder.
                let mut make = std::fs::DirBuilder::new();
                make.recursive(true).mode(0o700).create(&folder).map_err(failed)?;
                for projection in Projection::ALL {
                    let ground = ground.clone();
                    followings.push(Following::in_folder(folder.clone(), projection, ground).await?);
                }
            }
            Place::Postgres(base) => {
                for board in board::Board::open(&base).await? {
                    followings.push(Following::beside_others(board, ground.clone()).await);
                }
            }
        }
        Ok(Self { followings })
    }

    fn following(&self, projection: Projection) -> Option<&Arc<Following>> {
        self.followings.iter().find(|following| following.projection == projection)
    }

    /// The rows of a projection that are read now. Whoever holds them reads on in them, also when others take their
    /// place: in a file for as long as it likes, in a schema for five minutes.
    ///
    /// # Errors
    /// [`ReadError::NotThere`] when there are none yet.
    pub fn reader(&self, projection: Projection) -> Result<Arc<ReadModel>, ReadError> {
        let following = self.following(projection).ok_or(ReadError::Closed)?;
        following.model().ok_or(ReadError::NotThere)
    }

    /// Whether this instance runs a projection. Without others it always does.
    #[must_use]
    pub fn leads(&self, projection: Projection) -> bool {
        self.following(projection).is_some_and(|following| following.lock().leads)
    }

    /// Waits until the rows of an event are there, and answers how far they are if time runs out.
    ///
    /// # Errors
    /// The position that is reached.
    pub async fn wait_for(
        &self,
        projection: Projection,
        position: Position,
        patience: Duration,
    ) -> Result<(), Position> {
        let following = self.following(projection).ok_or(Position::START)?;
        let mut reached = following.reached();
        match tokio::time::timeout(patience, reached.wait_for(|reached| *reached >= position)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(*following.reached().borrow()),
        }
    }

    /// How every projection stands.
    #[must_use]
    pub fn status(&self) -> Vec<Status> {
        self.followings.iter().map(|following| following.status()).collect()
    }

    /// Lets a projection that stands try again; does nothing to one that runs.
    pub fn resume(&self, projection: Projection) {
        if let Some(following) = self.following(projection) {
            following.resume();
        }
    }

    /// Builds a projection's read models again from the log, beside the live ones, and answers when they have taken
    /// their place.
    ///
    /// # Errors
    /// [`RebuildError`].
    pub async fn rebuild(&self, projection: Projection) -> Result<(), RebuildError> {
        self.begin_rebuild(projection)?.await.unwrap_or(Err(RebuildError::Closed))
    }

    /// The same, without waiting; [`Projector::status`] says how far it is. Asked at an instance that does not run the
    /// projection, it is handed to the one that does.
    ///
    /// # Errors
    /// [`RebuildError::Running`] when one is under way here. One that is under way elsewhere is waited for.
    pub fn begin_rebuild(
        &self,
        projection: Projection,
    ) -> Result<tokio::sync::oneshot::Receiver<Result<(), RebuildError>>, RebuildError> {
        self.following(projection).ok_or(RebuildError::Closed)?.begin_rebuild()
    }

    /// Gives up a rebuild that is under way.
    pub fn cancel_rebuild(&self, projection: Projection) {
        if let Some(following) = self.following(projection) {
            following.cancel_rebuild();
        }
    }

    /// Stops following, with the batches that are begun written. A rebuild begins again at the next start.
    pub async fn stop(&self) {
        for following in &self.followings {
            following.stop().await;
        }
    }
}

impl Drop for Projector {
    fn drop(&mut self) {
        self.followings.iter().for_each(|following| following.abort());
    }
}
