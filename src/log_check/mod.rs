//! A check that trusts nothing: over the raw databases of a data folder that no process owns, everything that follows
//! from the stored bytes is derived again and held against everything that is kept or claimed.
//!
//! - [`rows`] reads, [`entry`] parses, [`events`] checks one event with its row and its box ([`boxes`]); runs of events
//!   go side by side.
//! - [`chains`] walks the events in their order: positions, times, the chain of each stream, the ends of all.
//! - [`derived`] is the tree (RFC 6962) that follows; [`claimed`] holds tiles and checkpoints against it.
//! - [`files`] looks after pages, tables and indexes.
//!
//! A log that was rewritten as a whole, and signed again with its real key, passes: only a checkpoint that somebody
//! outside holds shows it.

mod boxes;
mod chains;
mod claimed;
mod derived;
mod entry;
mod events;
mod fault;
mod files;
mod report;
mod rows;
#[cfg(test)]
mod tests;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::SqliteConnection;
use subject_record_schemas::types::log::LogOpened;
use subject_record_schemas::{Fact, Position};

pub use self::claimed::{Anchor, Claimed, Held};
pub use self::events::Counts;
pub use self::fault::{Axis, FAULTS_OF_A_KIND_MAX, Fault, FaultKind};
pub use self::report::Report;

use self::boxes::Keys;
use self::chains::{Chains, hash_text};
use self::claimed::{Signed, compare_tiles};
use self::derived::Derived;
use self::entry::Entry;
use self::events::Ground;
use self::fault::Faults;
use self::files::{Depth, IndexSums};
use crate::db::{DatabaseError, open_reader};
use crate::notary::note::VerifierKey;
use crate::store::sqlite::MIGRATOR as EVENTS_MIGRATOR;
use crate::vault::KEYS_MIGRATOR;
use crate::vault::kek::KekProvider;

const FIRST: &str = "SELECT CAST(body AS BLOB) FROM events WHERE position = 1";
const LAST: &str = "SELECT coalesce(max(position), 0) FROM events";
const NAME: &str =
    "SELECT o.name || ' ' || e.id FROM events e JOIN sources o ON o.source = e.source WHERE e.position = ?1";
/// Positions that recorded roots over the ends of streams name. An index finds them; one that it hides is told where
/// the event is met.
const HEADS_WANTED: &str = "SELECT DISTINCT body ->> '$.data.at_position' FROM events e \
    WHERE stream = (SELECT stream FROM streams WHERE name = 'office') \
    AND instr(body, '\"type\":\"stream_heads.committed.v1\"') AND json_valid(body)";

/// What is checked.
#[derive(Debug)]
pub struct Question<'a> {
    /// The data folder. Whoever asks owns it.
    pub data: &'a Path,
    /// What unwraps the keys of boxes. Without it boxes stay shut, and the report says so.
    pub kek: Option<Arc<dyn KekProvider>>,
    /// The log's key, if it is known apart from the log: then the first event must name the same.
    pub verifier_key: Option<VerifierKey>,
    /// What is claimed of the log.
    pub claimed: Claimed<'a>,
    /// Runs that are checked side by side: one a core.
    pub workers: usize,
}

/// How far the check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Events that were checked.
    pub events: u64,
    /// The last position, when the check began.
    pub of: u64,
}

/// Why nothing could be checked. What is merely wrong is a [`Fault`].
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A database does not open.
    #[error(transparent)]
    Open(#[from] DatabaseError),
    /// A database cannot be read at all.
    #[error("{path} cannot be read")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A part of the check stopped.
    #[error("a part of the check stopped before its end")]
    Stopped,
}

/// Checks a whole log.
///
/// # Errors
/// [`CheckError`], when the files cannot be read at all.
pub async fn check(
    question: Question<'_>,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Report, CheckError> {
    let Question { data, kek, verifier_key, mut claimed, workers } = question;
    let (events_path, keys_path) = (data.join("events.db"), data.join("keys.db"));
    let unread = |path: &Path| {
        let path = path.to_owned();
        move |source| CheckError::Read { path, source }
    };
    let mut faults = Faults::default();
    let mut events_file = open_reader(&events_path).await?;
    let mut keys_file = open_reader(&keys_path).await?;

    let opened = first_event(&mut events_file).await.map_err(unread(&events_path))?;
    if opened.is_none() {
        let text = "the first event does not open a log, or cannot be read";
        faults.add(Fault::at(1, FaultKind::Opening, text));
    }
    let log_key = log_key(opened.as_ref(), verifier_key, &mut faults);
    files::check_objects(&mut events_file, &events_path, &EVENTS_MIGRATOR, &mut faults)
        .await
        .map_err(unread(&events_path))?;
    files::check_objects(&mut keys_file, &keys_path, &KEYS_MIGRATOR, &mut faults)
        .await
        .map_err(unread(&keys_path))?;
    let ground = Arc::new(Ground {
        log_id: opened.as_ref().map(|opened| opened.log_id.as_str().to_owned()).unwrap_or_default(),
        streams: files::streams(&mut events_file, &mut faults).await.map_err(unread(&events_path))?,
        sources: files::sources(&mut events_file).await.map_err(unread(&events_path))?,
        keys: Keys::load(&mut keys_file, kek.as_deref(), &mut faults).await.map_err(unread(&keys_path))?,
        hasher: std::hash::RandomState::new(),
    });
    let signed = Signed::read(&mut claimed, log_key.as_ref(), &mut faults);
    let wanted: Vec<Option<String>> =
        sqlx::query_scalar(HEADS_WANTED).fetch_all(&mut events_file).await.unwrap_or_default();
    let wanted: Vec<i64> = wanted.iter().flatten().filter_map(|position| position.parse().ok()).collect();
    let last: i64 =
        sqlx::query_scalar(LAST).fetch_one(&mut events_file).await.map_err(unread(&events_path))?;
    let of = u64::try_from(last).unwrap_or(0);

    // Pages and indexes are gone through while the events are.
    let pages = tokio::spawn(pages(data.to_owned()));
    let indexes = tokio::spawn(index_sums(events_path.clone(), Arc::clone(&ground)));
    let mut chains = Chains::new(&ground, &wanted, Derived::wanting(signed.sizes()));
    let mut counts = Counts::default();
    let mut sums = IndexSums::default();
    let mut walk = walk::Walk::start(&events_path, &ground, workers).await.map_err(unread(&events_path))?;
    while let Some(run) = walk.next().await {
        let run = run?;
        counts.add(&run.counts);
        sums.take_in(run.sums);
        faults.take_in(run.faults);
        run.events.into_iter().for_each(|event| chains.walk(event));
        progress(Progress { events: counts.events, of });
    }
    for (first, again) in chains.finish() {
        let names = [name_of(&mut events_file, first).await, name_of(&mut events_file, again).await];
        if let [Some(one), Some(other)] = names
            && one == other
        {
            let text = format!("it bears the name of the event at position {first}");
            faults.add(Fault::at(again, FaultKind::Name, text));
        }
    }
    let texts = files::check_texts(&mut events_file, &mut faults).await.unwrap_or_else(|error| {
        faults.add(Fault::whole(FaultKind::File, format!("published texts cannot be read: {error}")));
        0
    });
    let (file_faults, files) = pages.await.map_err(|_| CheckError::Stopped)?;
    faults.take_in(file_faults);
    let indexes = indexes.await.map_err(|_| CheckError::Stopped)?;
    match indexes {
        Ok(found) => sums.differing(&found).for_each(|name| {
            let text = format!("the index {name} does not hold what the table of events holds");
            faults.add(Fault::whole(FaultKind::File, text));
        }),
        Err(error) => {
            let text = format!("the indexes of events cannot be read: {error}");
            faults.add(Fault::whole(FaultKind::File, text));
        }
    }
    let mut held = signed.compare(&chains.tree, &mut faults);
    let tiles = compare_tiles(&mut claimed, &signed, &chains.tree, &mut events_file, &mut faults).await;
    held.tiles = tiles.unwrap_or_else(|error| {
        faults.add(Fault::whole(FaultKind::File, format!("log.db: its tiles cannot be read: {error}")));
        0
    });
    (held.heads, held.heads_unplaced) = (chains.heads_held, chains.heads_unplaced);
    let position = Position::new(u64::try_from(chains.position()).unwrap_or(0));
    let (streams, root) = (chains.streams(), chains.tree.root().map(|root| hash_text(&root)));
    faults.take_in(chains.faults);
    let (faults, faults_left_out) = faults.sorted();
    Ok(Report {
        log_id: opened.map(|opened| opened.log_id.as_str().to_owned()),
        origin: log_key.as_ref().map(|key| key.name().to_owned()),
        verifier_key: log_key.as_ref().map(ToString::to_string),
        position,
        streams,
        root,
        counts,
        texts,
        held,
        files,
        faults,
        faults_left_out,
    })
}

/// What the first event says, if it opens a log.
async fn first_event(connection: &mut SqliteConnection) -> Result<Option<LogOpened>, sqlx::Error> {
    let body: Option<Vec<u8>> = sqlx::query_scalar(FIRST).fetch_optional(connection).await?;
    let Some(body) = body else { return Ok(None) };
    let fact = Entry::read(&body).and_then(|entry| {
        let event_type = entry.event_type()?;
        Fact::parse(event_type, entry.data()).map_err(|error| error.to_string())
    });
    Ok(match fact {
        Ok(Fact::LogOpened(opened)) => Some(opened),
        _ => None,
    })
}

/// The key that checkpoints must be signed by.
fn log_key(
    opened: Option<&LogOpened>,
    known: Option<VerifierKey>,
    faults: &mut Faults,
) -> Option<VerifierKey> {
    let named = opened.and_then(|opened| {
        let mut key = [0; 32];
        hex::decode_to_slice(opened.verifier_key.as_str(), &mut key).ok()?;
        VerifierKey::new_ed25519(opened.verifier_key_name.as_str(), &key).ok()
    });
    if let (Some(named), Some(known)) = (&named, &known)
        && named.to_string() != known.to_string()
    {
        let text =
            "the first event names another key than the log's: this is another log, or it was rewritten";
        faults.add(Fault::at(1, FaultKind::Opening, text));
    }
    known.or(named)
}

async fn name_of(connection: &mut SqliteConnection, position: i64) -> Option<String> {
    sqlx::query_scalar(NAME).bind(position).fetch_optional(connection).await.ok().flatten()
}

async fn index_sums(path: PathBuf, ground: Arc<Ground>) -> Result<IndexSums, String> {
    let mut connection = open_reader(&path).await.map_err(|error| error.to_string())?;
    IndexSums::of_indexes(&mut connection, &ground.hasher).await.map_err(|error| error.to_string())
}

/// Lets the engine check every database file of the folder.
async fn pages(data: PathBuf) -> (Faults, Vec<String>) {
    let mut faults = Faults::default();
    let mut names = Vec::new();
    let mut files = database_files(&data);
    files.extend(database_files(&data.join("read_models")));
    for path in files {
        let name = path.strip_prefix(&data).unwrap_or(&path).to_owned();
        let depth = match name.parent() {
            _ if name == Path::new("events.db") => Depth::Events,
            Some(folder) if folder == Path::new("read_models") => Depth::Derived,
            _ => Depth::All,
        };
        match open_reader(&path).await {
            Ok(mut connection) => files::check_pages(&mut connection, &name, depth, &mut faults).await,
            Err(error) => {
                let text = format!("{}: {error}", name.display());
                faults.add(Fault::whole(FaultKind::File, text));
            }
        }
        names.push(name.display().to_string());
    }
    (faults, names)
}

fn database_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "db"))
        .collect();
    files.sort();
    files
}
