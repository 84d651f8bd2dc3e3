//! `store copy`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{CommandError, Common, Format, output, with_causes};
use crate::clock::{SystemClock, SystemEntropy};
use crate::config::Store as Settings;
use crate::copying::{Progress, copy};
use crate::db::FolderLock;
use crate::store::place::{BESIDE_FILE, Opened, Place};

/// Where events are.
#[derive(Debug, Subcommand)]
pub(super) enum Store {
    /// Copy events, their sealed boxes and published texts to another place, byte for byte, and compare the two. Cut
    /// short, it goes on where it was.
    Copy(Copy),
}

/// From where to where.
#[derive(Debug, Args)]
pub(super) struct Copy {
    /// Where the events are: `sqlite:FOLDER`, `postgres://role@host/database` or `kurrentdb://host:2113`. Nobody may
    /// append meanwhile.
    #[arg(long)]
    from: Place,
    /// Where they go: an empty place, or one that holds the beginning of the same log.
    #[arg(long)]
    to: Place,
}

impl Store {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        match self {
            Self::Copy(copy) => copy.run(common).await,
        }
    }
}

fn said(error: &dyn std::error::Error) -> CommandError {
    CommandError::Said(with_causes(error))
}

/// Locks of the folders of both places: one that both need is taken once.
#[derive(Default)]
struct Locks(Vec<(PathBuf, FolderLock)>);

impl Locks {
    fn take(&mut self, folder: &Path) -> Result<(), CommandError> {
        let failed = CommandError::io(format!("cannot use {}", folder.display()));
        let folder = folder.canonicalize().map_err(failed)?;
        if self.0.iter().all(|(taken, _)| *taken != folder) {
            let lock = FolderLock::take(&folder).map_err(|error| said(&error))?;
            self.0.push((folder, lock));
        }
        Ok(())
    }
}

/// Opens a place. Whoever names both needs no settings, but KurrentDB has a file in the data folder beside it.
async fn open(
    place: &Place,
    common: &Common,
    must_be_there: bool,
    locks: &mut Locks,
) -> Result<Opened, CommandError> {
    let data = match place {
        Place::Sqlite(None) | Place::Kurrent(_) => common.config()?.paths.data,
        Place::Sqlite(Some(_)) | Place::Postgres(_) => PathBuf::new(),
    };
    if let Some(folder) = place.folder(&data) {
        if must_be_there && !folder.is_dir() {
            return Err(CommandError::Said(format!("there is no folder {}", folder.display())));
        }
        let beside = folder.join(BESIDE_FILE);
        if must_be_there && matches!(place, Place::Kurrent(_)) && !beside.is_file() {
            return Err(CommandError::Said(format!(
                "there is no file {}, in which boxes and published texts stand beside KurrentDB: name the settings of the service that appended with --config",
                beside.display()
            )));
        }
        let made = std::fs::create_dir_all(&folder);
        made.map_err(CommandError::io(format!("cannot make {}", folder.display())))?;
        locks.take(&folder)?;
    }
    let clock = Arc::new(SystemClock::default());
    let opened = place.open(&data, &Settings::default(), clock, Arc::new(SystemEntropy)).await;
    opened.map_err(|error| said(&error))
}

impl Copy {
    async fn run(self, common: &Common) -> Result<(), CommandError> {
        if self.from == self.to {
            return Err(CommandError::Said("--from and --to are the same place".into()));
        }
        if let (Place::Kurrent(_), Place::Kurrent(_)) = (&self.from, &self.to) {
            return Err(CommandError::Said(
                "the file beside KurrentDB cannot stand beside two: copy to files or PostgreSQL, and from there with other settings".into(),
            ));
        }
        let mut locks = Locks::default();
        let from = open(&self.from, common, true, &mut locks).await?;
        let to = open(&self.to, common, false, &mut locks).await?;
        let last = from.events.last_position().await.map_err(|error| said(&error))?;
        // Elsewhere a position says nothing of how many there are.
        let counts = from.events.capabilities().gapless_positions;
        let bar = progress_bar(counts.then_some(last.number()));
        let copied = copy(&from, &to, |progress| match progress {
            Progress::Copied(events) => bar.set_position(events),
            Progress::Verified(events) => {
                bar.set_message("compared");
                bar.set_position(events);
            }
        });
        let copied = copied.await;
        bar.finish_and_clear();
        let copied = copied.map_err(|error| said(&error))?;
        let root = hex::encode(copied.root);
        if common.format == Format::Table {
            let row = [
                copied.events.to_string(),
                copied.now.to_string(),
                copied.boxes.to_string(),
                copied.texts.to_string(),
                root,
            ];
            return output::table(
                &["EVENTS", "COPIED NOW", "BOXES", "TEXTS", "ROOT OF BOTH"],
                &[row.to_vec()],
            );
        }
        let answer = json!({
            "events": copied.events,
            "copied_now": copied.now,
            "boxes": copied.boxes,
            "texts": copied.texts,
            "root": root,
        });
        output::json(common.format, &answer, "")
    }
}

/// A bar on a terminal, or a count where nobody knows how many there are, and nothing elsewhere.
fn progress_bar(events: Option<u64>) -> ProgressBar {
    let (bar, template) = match events {
        Some(events) => {
            (ProgressBar::new(events), "{bar:40} {human_pos} of {human_len} events {msg}, {eta} left")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {human_pos} events {msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.with_message("copied")
}
