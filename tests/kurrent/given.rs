//! Stores over a double, that can be ended as a crash ends them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use subject_record::clock::SetClock;
use subject_record::config;
use subject_record::store::kurrent::{KurrentStore, OpenError, STREAM_PREFIX};
use subject_record::store::{EventStore, SealedEvent};
use subject_record_schemas::{Position, Revision, StreamName};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::double::Double;
use super::log::Event;
use super::wire::{Expected, Halves, Proposed, Uuid, UuidValue};
use crate::conformance::given::{clock, morning};

/// A double, and the folder of a store on it.
pub(crate) struct It {
    pub(crate) server: Double,
    pub(crate) clock: Arc<SetClock>,
    folder: TempDir,
}

impl It {
    pub(crate) fn new() -> Self {
        Self::on(Double::start())
    }

    /// On a double that is there already.
    pub(crate) fn on(server: Double) -> Self {
        Self { server, clock: clock(), folder: TempDir::new().unwrap() }
    }

    /// The file beside the server.
    pub(crate) fn beside(&self) -> PathBuf {
        self.folder.path().join("kurrent.db")
    }

    pub(crate) async fn try_open(&self) -> Result<Arc<KurrentStore>, OpenError> {
        let (url, beside) = (self.server.url(), self.beside());
        let store = KurrentStore::open(&url, &beside, config::Store::default(), self.clock.clone());
        store.await.map(Arc::new)
    }

    pub(crate) async fn open(&self) -> Arc<KurrentStore> {
        self.try_open().await.unwrap()
    }

    /// Events of ours that the server holds.
    pub(crate) fn held(&self) -> Vec<Event> {
        let log = self.server.log();
        log.events.iter().filter(|event| event.stream.starts_with(STREAM_PREFIX)).cloned().collect()
    }

    /// Appends an event at the server, past the store: as another hand does it.
    pub(crate) fn by_another_hand(&self, stream: &StreamName, event: &SealedEvent, metadata: &str) {
        let mut log = self.server.log();
        let name = format!("{STREAM_PREFIX}{stream}");
        let head = log.head(&name);
        let revision = Revision::new(head.map_or(0, |head| head + 1));
        let data = event.stored_text(morning(), revision, None);
        let number = i64::try_from(log.events.len()).unwrap();
        let id = UuidValue::Structured(Halves { high: 1, low: number });
        let described = [("type", "consent.given.v1"), ("content-type", "application/json")];
        let proposed = Proposed {
            id: Some(Uuid { value: Some(id) }),
            metadata: described.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            custom_metadata: metadata.to_owned().into(),
            data: data.into(),
        };
        log.append(&name, head.map_or(Expected::NoStream(()), Expected::Revision), vec![proposed]).unwrap();
    }

    /// A store in a process of its own, as it were.
    pub(crate) async fn open_apart(&self) -> Apart {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (url, beside, clock) = (self.server.url(), self.beside(), self.clock.clone());
        let store = runtime.spawn(async move {
            KurrentStore::open(&url, &beside, config::Store::default(), clock).await.map(Arc::new)
        });
        Apart { store: store.await.unwrap().unwrap(), runtime: Some(runtime) }
    }
}

/// Waits until a store shows a position at least this far.
pub(crate) async fn reaches(store: &KurrentStore, position: Position) {
    let mut subscription = store.subscribe();
    let reached = subscription.wait_for(|last| *last >= position);
    tokio::time::timeout(Duration::from_secs(60), reached).await.unwrap().unwrap();
}

/// A store whose tasks can all be ended at once.
pub(crate) struct Apart {
    pub(crate) store: Arc<KurrentStore>,
    runtime: Option<Runtime>,
}

impl Apart {
    /// Ends everything of it where it stands, as a crash does.
    pub(crate) fn crash(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
