//! Where events are, by URL alone: the engine is a setting.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use subject_record_schemas::vocabulary::Engine;

use super::kurrent::{self, KurrentStore};
use super::postgres;
use super::sqlite;
use super::{EventStore, TextStore};
use crate::clock::{Clock, Entropy};
use crate::config::Store as Settings;
use crate::db::DatabaseError;

/// Name of the file of events in a data folder.
pub const EVENTS_FILE: &str = "events.db";

/// Name of the file beside KurrentDB in a data folder.
pub const BESIDE_FILE: &str = "kurrent.db";

/// A place that does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or schema.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// KurrentDB.
    #[error(transparent)]
    Kurrent(#[from] kurrent::OpenError),
}

/// Where events are.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// `sqlite:` is the data folder of the settings, `sqlite:PATH` another one, or its file of events (`….db`).
    Sqlite(Option<PathBuf>),
    /// `postgres://…`
    Postgres(String),
    /// `kurrentdb://…`, with a file in the data folder beside it.
    Kurrent(String),
}

/// A URL that names no place for events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a place for events is named sqlite: (the data folder), sqlite:PATH, postgres://role@host:5432/database, or kurrentdb://host:2113"
)]
pub struct PlaceError;

impl FromStr for Place {
    type Err = PlaceError;
    fn from_str(url: &str) -> Result<Self, PlaceError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite((!path.is_empty()).then(|| path.into())));
        }
        match url.split_once("://") {
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(Self::Postgres(url.into())),
            Some(("kurrentdb" | "kurrentdb+discover" | "esdb" | "esdb+discover", rest))
                if !rest.is_empty() =>
            {
                Ok(Self::Kurrent(url.into()))
            }
            _ => Err(PlaceError),
        }
    }
}

/// For people: no password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_secret = |url: &str| match url.split_once("://") {
            Some((scheme, rest)) => {
                let (path, _) = rest.split_once('?').unwrap_or((rest, ""));
                let (_, host) = path.rsplit_once('@').unwrap_or(("", path));
                format!("{scheme}://{host}")
            }
            None => String::new(),
        };
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.as_deref().unwrap_or(Path::new("")).display()),
            Self::Postgres(url) | Self::Kurrent(url) => f.write_str(&without_secret(url)),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Events and the texts beside them.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The events.
    pub events: Arc<dyn EventStore>,
    /// The texts.
    pub texts: Arc<dyn TextStore>,
}

impl Opened {
    fn of<S: EventStore + TextStore + 'static>(store: S) -> Self {
        let store = Arc::new(store);
        Self { texts: Arc::<S>::clone(&store), events: store }
    }
}

impl Place {
    /// The word for the engine in the first event of a log.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
            Self::Kurrent(_) => Engine::Kurrentdb,
        }
    }

    /// What an acknowledged event has gone through.
    #[must_use]
    pub const fn durability(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "every acknowledged event is synced (WAL, synchronous=FULL)",
            Self::Postgres(_) => {
                "every acknowledged event is synced, and on the standbys that the server waits for (synchronous_commit)"
            }
            Self::Kurrent(_) => {
                "every acknowledged event is on a majority of the cluster, and its box synced beside it before"
            }
        }
    }

    /// The data folder that a place needs, where `data` is that of the settings: one process may own it.
    #[must_use]
    pub fn folder(&self, data: &Path) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) => events_file(path.as_deref(), data).parent().map(Path::to_owned),
            Self::Kurrent(_) => Some(data.to_owned()),
            Self::Postgres(_) => None,
        }
    }

    /// Opens the store, or makes it.
    ///
    /// # Errors
    /// [`OpenError`], naming the place.
    pub async fn open(
        &self,
        data: &Path,
        settings: &Settings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Opened, OpenError> {
        match self {
            Self::Sqlite(path) => {
                let file = events_file(path.as_deref(), data);
                Ok(Opened::of(sqlite::open(&file, settings.clone(), clock).await?))
            }
            Self::Postgres(url) => Ok(Opened::of(postgres::open(url, settings, clock, entropy).await?)),
            Self::Kurrent(url) => {
                let beside = data.join(BESIDE_FILE);
                Ok(Opened::of(KurrentStore::open(url, &beside, settings.clone(), clock).await?))
            }
        }
    }
}

/// The file of events that a path names: itself when it ends in `.db`, or the one in the folder of that name.
fn events_file(path: Option<&Path>, data: &Path) -> PathBuf {
    match path {
        None => data.join(EVENTS_FILE),
        Some(path) if path.extension().is_some_and(|end| end == "db") => path.to_owned(),
        Some(path) => path.join(EVENTS_FILE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_alone_says_which_engine() {
        let place = |url: &str| url.parse::<Place>();
        assert_eq!(place("sqlite:"), Ok(Place::Sqlite(None)));
        assert_eq!(place("sqlite:data/events.db"), Ok(Place::Sqlite(Some("data/events.db".into()))));
        assert!(matches!(place("postgres://u@h/d"), Ok(Place::Postgres(_))));
        assert!(matches!(place("kurrentdb+discover://h1,h2?tls=true"), Ok(Place::Kurrent(_))));
        for wrong in ["", "data", "mysql://u@h/d", "postgres:", "postgres://"] {
            assert_eq!(place(wrong), Err(PlaceError), "{wrong}");
        }
    }

    #[test]
    fn a_place_is_told_without_its_password() {
        let place: Place = "postgres://role:secret@host:5432/db?password=other".parse().unwrap();
        assert_eq!(format!("{place} {place:?}"), "postgres://host:5432/db postgres://host:5432/db");
    }
}
