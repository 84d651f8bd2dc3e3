//! `log check|checkpoint|key`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;

use super::client::Client;
use super::{CommandError, Common, Format, output, with_causes};
use crate::app::NewLog;
use crate::db::FolderLock;
use crate::log_check::{Anchor, Claimed, Progress, Question, check};
use crate::notary::stored::StoredLog;
use crate::notary::{KeptCheckpoint, Place};
use crate::store::place::Place as EventsPlace;
use crate::vault::kek::{FileKek, KekProvider};

/// The transparency log.
#[derive(Debug, Subcommand)]
pub(super) enum Log {
    /// Read every stored byte of a data folder that no process owns, and derive everything again.
    Check(Check),
    /// Print the newest signed checkpoint. Kept elsewhere, it shows later that nothing under it was altered.
    Checkpoint,
    /// Print the log's verifier key, for `dossier verify --key`.
    Key,
}

/// What is checked against what.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// A checkpoint that was kept outside. May be given again.
    #[arg(long = "anchor")]
    anchors: Vec<PathBuf>,
    /// The log's verifier key, from elsewhere; or a file that holds it. Without it the signing key of the settings
    /// says which.
    #[arg(long)]
    key: Option<String>,
    /// Leave sealed boxes unopened, for want of the key-encryption key.
    #[arg(long)]
    without_boxes: bool,
}

impl Log {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        match self {
            Self::Check(check) => check.run(common).await,
            Self::Checkpoint => {
                let client = Client::open(common, NewLog::Refuse).await?;
                let answer = client.send(client.request(Method::GET, "/log/checkpoint")).await;
                let text = text_of(&client, answer).await;
                client.close().await;
                output::print(&text?)
            }
            Self::Key => {
                let client = Client::open(common, NewLog::Refuse).await?;
                let answer = client.send(client.request(Method::GET, "/log/key")).await;
                let text = text_of(&client, answer).await;
                client.close().await;
                output::print(&text?)
            }
        }
    }
}

async fn text_of(
    client: &Client,
    answer: Result<reqwest::Response, CommandError>,
) -> Result<String, CommandError> {
    answer?.text().await.map_err(|error| client.unreachable(error))
}

impl Check {
    async fn run(self, common: &Common) -> Result<(), CommandError> {
        let said = |error: &dyn std::error::Error| CommandError::Said(with_causes(error));
        let config = common.config()?;
        let place: EventsPlace = config.store.url.parse().map_err(|error| said(&error))?;
        if place != EventsPlace::Sqlite(None) {
            return Err(CommandError::Said(format!(
                "the events are at {place}, and log check reads files: copy them into a folder (store copy --from {place} --to sqlite:FOLDER), put keys.db beside them, and check that"
            )));
        }
        let data = &config.paths.data;
        let _owned = FolderLock::take(data).map_err(|error| said(&error))?;
        let stored =
            StoredLog::open(&Place::File(data.join("log.db"))).await.map_err(|error| said(&error))?;
        let mut claimed = Claimed::nothing();
        if let Some(stored) = &stored {
            claimed.checkpoints = stored.checkpoints().await.map_err(|error| said(&error))?;
            claimed.tiles = stored.tiles();
        }
        claimed.kept = std::fs::read_to_string(KeptCheckpoint::beside(&config.paths.signing_key).path()).ok();
        let read = |path: PathBuf| -> Result<Anchor, CommandError> {
            let note = std::fs::read_to_string(&path);
            let note = note.map_err(CommandError::io(format!("cannot read {}", path.display())))?;
            Ok(Anchor { name: path.display().to_string(), note })
        };
        claimed.anchors = self.anchors.into_iter().map(read).collect::<Result<_, _>>()?;
        let origin = claimed.kept.as_deref().and_then(|kept| kept.lines().next()).map(str::to_owned);
        for path in config.notary.anchors.iter().flat_map(|folder| anchored_in(folder)) {
            let anchor: Anchor = read(path)?;
            // An anchor may hold the checkpoints of other logs too.
            if origin.is_none() || anchor.note.lines().next() == origin.as_deref() {
                claimed.anchors.push(anchor);
            }
        }
        let kek: Option<Arc<dyn KekProvider>> = if self.without_boxes {
            None
        } else {
            Some(Arc::new(FileKek::read(&config.paths.kek).map_err(|error| said(&error))?))
        };
        let verifier_key = self.key.as_deref().map(super::dossier::verifier_key).transpose()?;
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let bar = progress_bar();
        let question = Question { data, kek, verifier_key, claimed, workers };
        let report = check(question, |Progress { events, of }| {
            bar.set_length(of);
            bar.set_position(events);
        });
        let report = report.await;
        bar.finish_and_clear();
        let report = report.map_err(|error| said(&error))?;
        if common.format == Format::Table {
            output::table(&["AXIS", "VERDICT", "RESTS ON"], &report.verdict_rows())?;
            if !report.is_clean() {
                output::print("\n")?;
                output::table(&["POSITION", "AXIS", "CODE", "WHAT"], &report.fault_rows())?;
            }
        } else {
            let answer = serde_json::to_value(&report).map_err(|error| said(&error))?;
            output::json(common.format, &answer, "faults")?;
        }
        if report.is_clean() {
            return Ok(());
        }
        let faults = report.faults.len() as u64 + report.faults_left_out;
        Err(CommandError::Said(format!("the log does not hold: {faults} fault(s)")))
    }
}

/// Checkpoints of all logs in an anchor's folder.
fn anchored_in(folder: &std::path::Path) -> Vec<PathBuf> {
    let logs = std::fs::read_dir(folder).into_iter().flatten().flatten();
    logs.map(|log| log.path().join("checkpoint")).filter(|checkpoint| checkpoint.is_file()).collect()
}

/// A bar on a terminal, and nothing elsewhere.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} events, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
