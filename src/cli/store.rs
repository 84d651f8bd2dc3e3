//! `store copy`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{CommandError, Common, Format, output, with_causes};
use crate::clock::{SystemClock, SystemEntropy};
use crate::config::Store as Settings;
use crate::copying::{Progress, copy};
use crate::db::FolderLock;
use crate::store::place::{Opened, Place};

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

/// A place that is opened, and the lock of its folder if it is files.
struct Held {
    opened: Opened,
    _lock: Option<FolderLock>,
}

async fn hold(place: &Place, common: &Common, must_be_there: bool) -> Result<Held, CommandError> {
    // Whoever names both places needs no settings, but KurrentDB has a file in the data folder beside it.
    let data = match place {
        Place::Sqlite(None) | Place::Kurrent(_) => common.config()?.paths.data,
        Place::Sqlite(Some(_)) | Place::Postgres(_) => PathBuf::new(),
    };
    let mut lock = None;
    if let Some(folder) = place.folder(&data) {
        if must_be_there && !folder.is_dir() {
            return Err(CommandError::Said(format!("there is no folder {}", folder.display())));
        }
        let made = std::fs::create_dir_all(&folder);
        made.map_err(CommandError::io(format!("cannot make {}", folder.display())))?;
        lock = Some(FolderLock::take(&folder).map_err(|error| said(&error))?);
    }
    let clock = Arc::new(SystemClock::default());
    let opened = place.open(&data, &Settings::default(), clock, Arc::new(SystemEntropy)).await;
    Ok(Held { opened: opened.map_err(|error| said(&error))?, _lock: lock })
}

impl Copy {
    async fn run(self, common: &Common) -> Result<(), CommandError> {
        if self.from == self.to {
            return Err(CommandError::Said("--from and --to are the same place".into()));
        }
        let from = hold(&self.from, common, true).await?;
        let to = hold(&self.to, common, false).await?;
        let last = from.opened.events.last_position().await.map_err(|error| said(&error))?;
        let bar = progress_bar(last.number());
        let copied = copy(&from.opened, &to.opened, |progress| match progress {
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

/// A bar on a terminal, and nothing elsewhere.
fn progress_bar(events: u64) -> ProgressBar {
    let bar = ProgressBar::new(events).with_message("copied");
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} events {msg}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
