//! The command line: noun, verb. One file a noun.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage.

mod client;
mod decision;
mod demo;
mod doctor;
mod dossier;
mod events;
mod init;
mod keys;
mod listing;
mod log;
mod lookup;
mod output;
mod policy;
mod projection;
mod rules;
mod serve;
mod simulate;
mod store;
mod subject;
mod token;
mod witness;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use self::output::Format;
use crate::clock::Entropy;
use crate::config::{Config, ConfigError, FILE_NAME};

/// The record of what an operator did with people's personal data.
#[derive(Debug, Parser)]
#[command(name = "subject-record", version, arg_required_else_help = true)]
pub struct CommandLine {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Common {
    /// File of settings.
    #[arg(long, global = true, env = "SUBJECT_RECORD_CONFIG", default_value = FILE_NAME)]
    config: PathBuf,
    /// Address of a running server; without it the data folder is opened, if no process owns it.
    #[arg(long, global = true, env = "SUBJECT_RECORD_URL")]
    url: Option<String>,
    /// Token to ask with.
    #[arg(long, global = true, env = "SUBJECT_RECORD_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Let the token and personal data go over plain HTTP to another machine.
    #[arg(long, global = true)]
    insecure: bool,
    /// How answers are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make settings, keys and first tokens for a new data folder.
    Init(init::Init),
    /// Serve HTTP until told to stop (SIGTERM or Ctrl-C).
    Serve(serve::Serve),
    /// Events.
    #[command(subcommand)]
    Events(events::Events),
    /// People.
    #[command(subcommand)]
    Subject(subject::Subject),
    /// Rules and working days.
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Every event, searched by type, time, actor, purpose, ground, recipient, person or correlation.
    History(listing::Listing<listing::History>),
    /// What people allowed.
    #[command(subcommand)]
    Consent(listing::Rows<listing::Consents>),
    /// What people answered to the policy.
    #[command(subcommand)]
    Acceptance(listing::Rows<listing::Acceptances>),
    /// What was passed to third parties.
    #[command(subcommand)]
    Disclosure(listing::Rows<listing::Disclosures>),
    /// What is due, when, and by which rule.
    #[command(subcommand)]
    Deadline(listing::Rows<listing::Deadlines>),
    /// What was found unlawful or overdue.
    #[command(subcommand)]
    Finding(listing::Rows<listing::Findings>),
    /// Who looked at whom, and why.
    #[command(subcommand)]
    Access(listing::Rows<listing::Accesses>),
    /// Versions of the policy.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Decisions: may I?
    #[command(subcommand)]
    Decision(decision::Decision),
    /// The transparency log: checked, its newest checkpoint, its key.
    #[command(subcommand)]
    Log(log::Log),
    /// Dossiers: one file for a court, and its check.
    #[command(subcommand)]
    Dossier(dossier::Dossier),
    /// Read models: how far they are, built anew, resumed, compared.
    #[command(subcommand)]
    Projection(projection::Projection),
    /// A mirror witness: reads every entry of a log before it cosigns its checkpoints.
    #[command(subcommand)]
    Witness(witness::Witness),
    /// Where events are: copied from one engine to another.
    #[command(subcommand)]
    Store(store::Store),
    /// Where wrapped keys, fences and tokens are: copied from one engine to another.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Check that all is well: one line a check, exit status 1 when one fails.
    Doctor(doctor::Doctor),
    /// Invent a year of a platform: NDJSON, or a log opened as simulated.
    Simulate(simulate::Simulate),
    /// Open a simulated log, fill it and serve it: the quickest way to look around.
    Demo(demo::Demo),
}

/// Why a command failed: one line, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The settings do not read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder does not open.
    #[error(transparent)]
    Open(#[from] crate::app::OpenError),
    /// The service does not listen.
    #[error(transparent)]
    Serve(#[from] crate::http::ServeError),
    /// A file or the terminal failed.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The log's filter does not read.
    #[error(transparent)]
    Filter(#[from] crate::telemetry::FilterError),
    /// The server refused.
    #[error("{code}: {detail}")]
    Refused {
        /// The stable code.
        code: String,
        /// What it says.
        detail: String,
    },
    /// The server cannot be reached, or broke off.
    #[error("the server at {url} does not answer")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The command line asks for what there is not.
    #[error("{0}")]
    Usage(String),
    /// Anything else, said in full.
    #[error("{0}")]
    Said(String),
}

impl CommandError {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Threads beside one a core. Folding read models keeps a thread busy for a whole batch; were there only as many as
/// cores, appends and checkpoints would wait for it.
const MORE_THREADS: usize = 4;

/// Runs the command of the process's arguments, on threads of its own.
#[must_use]
pub fn main() -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) + MORE_THREADS;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => {
            eprintln!("error: no threads can be started: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command of the process's arguments.
async fn run() -> ExitCode {
    // What a panic says may hold a value of somebody's: only its place is printed.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("a mistake in this program, at {place}");
    }));
    let line = CommandLine::parse();
    let result = match line.command {
        Command::Init(init) => init.run(&crate::clock::SystemEntropy).await,
        Command::Serve(serve) => serve.run(&line.common).await,
        Command::Events(events) => events.run(&line.common).await,
        Command::Subject(subject) => subject.run(&line.common).await,
        Command::Rules(rules) => rules.run(&line.common).await,
        Command::History(history) => history.run(&line.common).await,
        Command::Consent(rows) => rows.run(&line.common).await,
        Command::Acceptance(rows) => rows.run(&line.common).await,
        Command::Disclosure(rows) => rows.run(&line.common).await,
        Command::Deadline(rows) => rows.run(&line.common).await,
        Command::Finding(rows) => rows.run(&line.common).await,
        Command::Access(rows) => rows.run(&line.common).await,
        Command::Policy(policy) => policy.run(&line.common).await,
        Command::Decision(decision) => decision.run(&line.common).await,
        Command::Log(log) => log.run(&line.common).await,
        Command::Store(store) => store.run(&line.common).await,
        Command::Keys(keys) => keys.run(&line.common).await,
        Command::Dossier(dossier) => dossier.run(&line.common).await,
        Command::Projection(projection) => projection.run(&line.common).await,
        Command::Witness(witness) => witness.run(&line.common, &crate::clock::SystemEntropy).await,
        Command::Token(token) => token.run(&line.common).await,
        Command::Doctor(doctor) => doctor.run(&line.common).await,
        Command::Simulate(simulate) => simulate.run().await,
        Command::Demo(demo) => demo.run().await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            if matches!(error, CommandError::Usage(_)) { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// An error and its causes, each once.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

impl Common {
    fn config(&self) -> Result<Config, ConfigError> {
        Config::load(&self.config, std::env::vars())
    }
}

/// A file for its owner alone, holding a secret; never over one that is there. It survives a loss of power once
/// this returns.
fn write_secret(path: &std::path::Path, text: &str) -> Result<(), CommandError> {
    write_private(path, text.as_bytes())
}

/// The same for any bytes.
fn write_private(path: &std::path::Path, bytes: &[u8]) -> Result<(), CommandError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        std::fs::File::open(folder.unwrap_or(std::path::Path::new(".")))?.sync_all()
    };
    write().map_err(CommandError::io(format!("cannot write {}", path.display())))
}

/// A folder for its owner alone.
fn make_folder(path: &std::path::Path) -> Result<(), CommandError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(CommandError::io(format!("cannot make the folder {}", path.display())))
}

/// 32 random bytes as hexadecimal text.
fn random_key(entropy: &dyn Entropy) -> zeroize::Zeroizing<String> {
    let bytes = zeroize::Zeroizing::new(entropy.bytes::<32>());
    zeroize::Zeroizing::new(format!("{}\n", hex::encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
    }
}
