//! `simulate`: an invented year of a platform.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use subject_record_projections::subject::end_of_day;

use super::init::Init;
use super::{CommandError, output};
use crate::app::{App, NewLog};
use crate::caller::{Caller, Role, SourcePattern, TokenId};
use crate::clock::{SetClock, SystemEntropy};
use crate::config::{Config, FILE_NAME};
use crate::lookup::LookupError;
use crate::simulate::{
    OPERATOR_ADDRESS, OPERATOR_BIN, OPERATOR_NAME, SOURCES, SimulatedEvent, Simulation, Year,
};

/// Name of the first emitter token, which `init` makes.
const EMITTER: &str = "emitter-1";

/// Invent a year of a platform: NDJSON, or a log opened as simulated.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// The same seed gives the same year.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// People of it.
    #[arg(long, default_value_t = 200)]
    subjects: u32,
    /// First day.
    #[arg(long)]
    start: Option<NaiveDate>,
    /// Write the events here, one a line, instead of to standard output.
    #[arg(long, conflicts_with = "into")]
    out: Option<PathBuf>,
    /// Fill a new log in this folder, opened as simulated, so that recorded times run through the year.
    #[arg(long)]
    into: Option<PathBuf>,
    /// Write here which findings were planted, one a line.
    #[arg(long)]
    planted: Option<PathBuf>,
    /// Write the published texts into this folder, each under its SHA-256.
    #[arg(long)]
    texts: Option<PathBuf>,
}

impl Simulate {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let simulation = simulation(self.seed, self.subjects, self.start);
        let year = simulation.year();
        if let Some(path) = &self.planted {
            write_lines(path, year.planted.iter().map(|planted| json!(planted)))?;
        }
        if let Some(folder) = &self.texts {
            super::make_folder(folder)?;
            for text in &year.texts {
                let path = folder.join(&text.hash);
                std::fs::write(&path, &text.body)
                    .map_err(CommandError::io(format!("cannot write {}", path.display())))?;
            }
        }
        match (&self.into, &self.out) {
            (Some(folder), _) => self.fill(folder, &simulation, &year).await,
            (None, Some(path)) => write_lines(path, year.events.iter().map(|event| event.document.clone())),
            (None, None) => {
                let mut text = String::new();
                for event in &year.events {
                    text.push_str(&event.document.to_string());
                    text.push('\n');
                }
                output::print(&text)
            }
        }
    }

    async fn fill(&self, folder: &Path, simulation: &Simulation, year: &Year) -> Result<(), CommandError> {
        let tokens = demo_operator(folder).make(&SystemEntropy).await?.anew(folder)?;
        let clock = Arc::new(SetClock::at(opens_at(simulation)));
        let app = open_simulated(folder, self.seed, &clock).await?;
        put_texts(&app, year).await?;
        let bar = events_bar(year.events.len());
        fill(&app, &clock, &year.events, |done| bar.set_position(done)).await?;
        bar.finish_and_clear();
        let mut text = format!("{} events in {}\n", year.events.len(), folder.display());
        for (name, token) in tokens {
            text.push_str(&format!("  {name:<10}  {token}\n"));
        }
        output::print(&text)
    }
}

/// The simulation of these settings.
pub(super) fn simulation(seed: u64, subjects: u32, start: Option<NaiveDate>) -> Simulation {
    Simulation { seed, subjects, start: start.unwrap_or_else(Simulation::default_start) }
}

/// The first moment of a simulation: its first day begins in Kazakhstan.
pub(super) fn opens_at(simulation: &Simulation) -> DateTime<Utc> {
    let before = simulation.start.pred_opt().and_then(end_of_day);
    before.unwrap_or_default() + TimeDelta::microseconds(1)
}

/// An operator that does not exist, for logs of invented people.
pub(super) fn demo_operator(folder: &Path) -> Init {
    Init::of(folder, OPERATOR_NAME, OPERATOR_BIN, OPERATOR_ADDRESS)
}

/// Records simulated events as the platform would send them.
pub(super) async fn fill(
    app: &App,
    clock: &SetClock,
    events: &[SimulatedEvent],
    progress: impl FnMut(u64),
) -> Result<(), CommandError> {
    let failed = |what: &dyn std::error::Error| CommandError::Said(super::with_causes(what));
    let token =
        TokenId::parse(EMITTER).ok_or_else(|| CommandError::Said(format!("{EMITTER} is no token id")))?;
    let sources = vec![SourcePattern::parse(SOURCES).map_err(|error| failed(&error))?];
    let platform = Caller { token, role: Role::Emitter, sources };
    let filled = crate::simulate::fill(&app.intake, clock, &platform, events, progress).await;
    filled.map_err(|error| failed(&error))?;
    // What the lookup index has to say of these events is recorded under the simulated clock too.
    let mut before = None;
    loop {
        match app.lookup.caught_up().await {
            // As long as it moves it is waited for.
            Err(LookupError::Behind { indexed, .. }) if before != Some(indexed) => before = Some(indexed),
            waited => return waited.map_err(|error| failed(&error)),
        }
    }
}

/// Opens a log that is filled under a simulated clock.
pub(super) async fn open_simulated(
    folder: &Path,
    seed: u64,
    clock: &Arc<SetClock>,
) -> Result<App, CommandError> {
    let config = Config::load(&folder.join(FILE_NAME), std::env::vars())?;
    let app =
        App::open(config, NewLog::Simulated { seed }, Arc::<SetClock>::clone(clock), Arc::new(SystemEntropy))
            .await?;
    if !app.log.simulated {
        let said =
            format!("the log in {} is not simulated: invented events do not belong in it", folder.display());
        return Err(CommandError::Said(said));
    }
    Ok(app)
}

/// Keeps the published texts of a year.
pub(super) async fn put_texts(app: &App, year: &Year) -> Result<(), CommandError> {
    for text in &year.texts {
        let put = app.texts.put_text(&text.hash, text.body.as_bytes()).await;
        put.map_err(|error| CommandError::Said(super::with_causes(&error)))?;
    }
    Ok(())
}

/// A bar over events with rate and rest.
pub(super) fn events_bar(events: usize) -> ProgressBar {
    let bar = ProgressBar::new(events as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} events  {per_sec}  {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn write_lines(path: &Path, lines: impl Iterator<Item = serde_json::Value>) -> Result<(), CommandError> {
    let writing = || format!("cannot write {}", path.display());
    let mut file = BufWriter::new(std::fs::File::create(path).map_err(CommandError::io(writing()))?);
    for line in lines {
        writeln!(file, "{line}").map_err(CommandError::io(writing()))?;
    }
    file.flush().map_err(CommandError::io(writing()))
}
