//! What governs: the `policy` stream folded once, with the texts of the rule packs that it names.
//!
//! This is the one place where use cases get it from: [`Governed::at`]. The stream is short. It is kept folded and
//! read on when its end has moved, so that an answer is the store's newest word and never that of a read model that
//! lags.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use subject_record_projections::SubjectEvent;
use subject_record_projections::governance::Governance;
use subject_record_schemas::reference::TextHash;
use subject_record_schemas::types::governance::RulePackPublished;
use subject_record_schemas::{Fact, Position, Reference, Revision, StreamName};
use tokio::sync::Mutex;

use crate::store::{EventStore, StoreError, TextStore};
use crate::timeline::TimelineError;

/// Events read from the store at a time.
const READ_EVENTS: u32 = 1_000;

/// The `policy` stream, folded and kept.
#[derive(Debug)]
pub struct Governed {
    store: Arc<dyn EventStore>,
    texts: Arc<dyn TextStore>,
    kept: Mutex<Kept>,
}

/// The stream as far as it was read.
#[derive(Clone, Debug, Default)]
struct Kept {
    events: Arc<Vec<SubjectEvent>>,
    office: Arc<Governance>,
    unread: Arc<Vec<UnreadPack>>,
    /// Revision of the first event that was not read.
    next: Revision,
}

/// A published rule pack by which nothing is judged, since its text does not read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UnreadPack {
    /// Name of the pack.
    pub pack_id: Reference,
    /// Its version.
    pub version: Reference,
    /// SHA-256 of the text that was published.
    pub text_hash: TextHash,
    /// What is wrong.
    pub why: String,
}

impl Governed {
    /// Over a store and its texts.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, texts: Arc<dyn TextStore>) -> Self {
        Self { store, texts, kept: Mutex::default() }
    }

    /// What was published, by all that is recorded now, or by what was recorded up to a position. The texts of its
    /// rule packs are taken in; see [`Self::unread`] for those that do not read.
    ///
    /// # Errors
    /// When the store fails or an event of the stream does not read.
    pub async fn at(&self, known: Option<Position>) -> Result<Arc<Governance>, TimelineError> {
        let kept = self.kept().await?;
        match known {
            Some(known) if kept.office.position().is_some_and(|last| last > known) => {
                let mut office = Governance::of(kept.events.iter().filter(|event| event.position <= known));
                self.take_packs(&mut office).await?;
                Ok(Arc::new(office))
            }
            _ => Ok(kept.office),
        }
    }

    /// Published packs by which nothing is judged, since their text is not there or does not read. Until that is
    /// mended the pack before each of them stays in force.
    ///
    /// # Errors
    /// As for [`Self::at`].
    pub async fn unread(&self) -> Result<Arc<Vec<UnreadPack>>, TimelineError> {
        Ok(self.kept().await?.unread)
    }

    /// The stream to its end.
    async fn kept(&self) -> Result<Kept, TimelineError> {
        let mut kept = self.kept.lock().await;
        let head = self.store.head(&StreamName::Policy).await?;
        let has_more = head.is_some_and(|head| head.revision >= kept.next);
        // A text that was lost may be put again, which is no event.
        if !has_more && kept.unread.is_empty() {
            return Ok(kept.clone());
        }
        let (read, next) = self.read(kept.next).await?;
        let mut office = Governance::clone(&kept.office);
        read.iter().for_each(|event| office.learn(event));
        let mut unread = Arc::clone(&kept.unread);
        if !unread.is_empty() || read.iter().any(|event| matches!(event.fact, Fact::RulePackPublished(_))) {
            let found = self.take_packs(&mut office).await?;
            if found != *unread {
                found.iter().for_each(report);
                unread = Arc::new(found);
            }
        }
        let mut events = Vec::clone(&kept.events);
        events.extend(read);
        *kept = Kept { events: Arc::new(events), office: Arc::new(office), unread, next };
        Ok(kept.clone())
    }

    /// Events of the stream from a revision on, and the revision after them.
    async fn read(&self, from: Revision) -> Result<(Vec<SubjectEvent>, Revision), TimelineError> {
        let (mut read, mut next) = (Vec::new(), from);
        loop {
            let page = self.store.read_stream(&StreamName::Policy, next, READ_EVENTS).await?;
            let Some(last) = page.last() else { return Ok((read, next)) };
            next = last.revision.next();
            for recorded in &page {
                let position = recorded.position;
                let event = SubjectEvent::parse(recorded.kept(), &recorded.bytes);
                read.push(event.map_err(|source| TimelineError::Unreadable { position, source })?);
            }
        }
    }

    /// Gives each published pack its text, and answers those that have none that reads.
    async fn take_packs(&self, office: &mut Governance) -> Result<Vec<UnreadPack>, StoreError> {
        let published = office.rule_packs(DateTime::<Utc>::MAX_UTC);
        let published: Vec<_> = published.iter().map(|published| published.fact.clone()).collect();
        let mut unread = Vec::new();
        for pack in published {
            if let Err(why) = self.take_pack(office, &pack).await? {
                let RulePackPublished { pack_id, version, text_hash, .. } = pack;
                unread.push(UnreadPack { pack_id, version, text_hash, why });
            }
        }
        Ok(unread)
    }

    async fn take_pack(
        &self,
        office: &mut Governance,
        pack: &RulePackPublished,
    ) -> Result<Result<(), String>, StoreError> {
        let Some(bytes) = self.texts.text(pack.text_hash.as_str()).await? else {
            return Ok(Err("its text is not kept here".into()));
        };
        if hex::encode(Sha256::digest(&bytes)) != pack.text_hash.as_str() {
            return Ok(Err("the text that is kept is not the one that was published".into()));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| "its text is not UTF-8".to_owned());
        Ok(text.and_then(|text| office.take_pack(pack, text).map_err(|error| error.to_string())))
    }
}

fn report(pack: &UnreadPack) {
    let name = format!("{}@{}", pack.pack_id, pack.version);
    tracing::error!(
        pack = name,
        why = pack.why,
        "a published rule pack does not read: nothing is judged by it"
    );
}
