//! Rules and working days: which are in force, and how an officer publishes a new rule pack.
//!
//! A pack that is published judges from then on, as far as its rules are in effect; what was judged before is judged
//! anew by whoever reads the `policy` stream. Its text is kept before the event that names it.

mod current;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use subject_record_projections::rules::{RulePack, RulePackError};
use subject_record_projections::subject::end_of_day;
use subject_record_schemas::reference::TextHash;
use subject_record_schemas::types::governance::RulePackPublished;
use subject_record_schemas::{EventId, Fact, Position, Reference, Source, StoredEvent, StreamName};
use tokio::sync::Mutex;

pub use self::current::{Calendar, Current, Origin, Pack};
use crate::caller::{OWN_SOURCE, TokenId};
use crate::error::{self, Code};
use crate::governed::Governed;
use crate::intake::{Intake, Refusal};
use crate::store::{EventKey, EventStore, ExpectedRevision, RecordedEvent, StoreError, TextStore};
use crate::timeline::TimelineError;

/// Longest text of a rule pack, in bytes.
pub const PACK_BYTES_MAX: usize = 1 << 20;

/// Publishes rule packs and says which rules and working days are in force.
#[derive(Debug)]
pub struct Rulebook {
    intake: Arc<Intake>,
    store: Arc<dyn EventStore>,
    texts: Arc<dyn TextStore>,
    governed: Arc<Governed>,
    /// One publication at a time, so that each names the version before it.
    alone: Mutex<()>,
}

/// A rule pack that is published, now or before.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Publication {
    /// What was published.
    #[serde(flatten)]
    pub pack: RulePackPublished,
    /// The event.
    pub position: Position,
    /// When it was stored.
    pub recorded_at: DateTime<Utc>,
    /// Whether the same text was published before under this version.
    pub seen_before: bool,
}

/// Why a rule pack was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The text is no rule pack.
    #[error("{}{what}", .place.map_or_else(String::new, |(line, column)| format!("line {line}, column {column}: ")))]
    Invalid {
        /// Line and column, from 1, where one is to blame.
        place: Option<(usize, usize)>,
        /// What is wrong.
        what: String,
    },
    /// Its name and version make no name of an event.
    #[error(
        "pack_id {pack_id} and version {version} cannot name an event: {why}; choose shorter or plainer ones"
    )]
    Name {
        /// Name of the pack.
        pack_id: Reference,
        /// Its version.
        version: Reference,
        /// Why not.
        why: subject_record_schemas::ids::IdError,
    },
    /// Another text bears that name and version.
    #[error("{name} is there with another text: give it a new version")]
    Taken {
        /// Name and version.
        name: String,
    },
    /// The event could not be appended.
    #[error(transparent)]
    Append(#[from] Refusal),
    /// The `policy` stream does not read.
    #[error(transparent)]
    Stream(#[from] TimelineError),
}

impl From<StoreError> for PublishError {
    fn from(error: StoreError) -> Self {
        Self::Stream(error.into())
    }
}

impl PublishError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Invalid { .. } | Self::Name { .. } => error::RULES_INVALID,
            Self::Taken { .. } => error::RULES_TAKEN,
            Self::Append(refusal) => refusal.code(),
            Self::Stream(_) => error::STORE_FAULT,
        }
    }

    fn of(error: &RulePackError, text: &str) -> Self {
        match error {
            RulePackError::Shape(toml) => {
                let place = toml.span().map(|span| place(text, span.start));
                Self::Invalid { place, what: toml.message().to_owned() }
            }
            other => Self::Invalid { place: None, what: other.to_string() },
        }
    }
}

/// Line and column of a byte of a text, both from 1, the column in characters.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or(before);
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

impl Rulebook {
    /// Over intake, the store, its texts and what was published.
    #[must_use]
    pub fn new(
        intake: Arc<Intake>,
        store: Arc<dyn EventStore>,
        texts: Arc<dyn TextStore>,
        governed: Arc<Governed>,
    ) -> Self {
        Self { intake, store, texts, governed, alone: Mutex::default() }
    }

    /// Publishes a rule pack. The same text again answers the first publication.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing was published, though the text may be kept.
    pub async fn publish(&self, by: &TokenId, text: &str) -> Result<Publication, PublishError> {
        let pack = RulePack::parse(text).map_err(|error| PublishError::of(&error, text))?;
        if pack.name() == RulePack::built_in().name() && text != RulePack::BUILT_IN_TEXT {
            return Err(PublishError::Taken { name: pack.name() });
        }
        let _alone = self.alone.lock().await;
        let key = key_of(&pack)?;
        let text_hash = TextHash::parse(hex::encode(Sha256::digest(text))).map_err(|_| Refusal::Store)?;
        if let Some(stored) = self.store.find(&key).await? {
            return published_before(&stored, &pack, &text_hash);
        }
        self.texts.put_text(text_hash.as_str(), text.as_bytes()).await?;
        let now = self.intake.clock().now();
        let before = self.governed.at(None).await?.rules(now).version.clone();
        let fact = RulePackPublished {
            pack_id: pack.pack_id.clone(),
            version: pack.version.clone(),
            text_hash: text_hash.clone(),
            effective_at: start_of(pack.effective_from),
            supersedes: (before != pack.version).then_some(before),
        };
        let event = self.intake.own_event(key.id.clone(), StreamName::Policy, now, Some(by), &fact)?;
        match self.intake.record_own(event, ExpectedRevision::Any).await {
            Ok(recorded) => Ok(Publication {
                pack: fact,
                position: recorded.receipt.position,
                recorded_at: recorded.receipt.recorded_at,
                seen_before: recorded.seen_before,
            }),
            // A caller that went away while its append was on the way let the next one in before it stood.
            Err(refusal @ Refusal::OtherContent) => match self.store.find(&key).await? {
                Some(stored) => published_before(&stored, &pack, &text_hash),
                None => Err(refusal.into()),
            },
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Text of a pack by its name (`kz-94v@2026-1`) or its version alone, or of the one in force; none when no such
    /// pack is known at that instant. Of several with one version it is the one that was published last.
    ///
    /// # Errors
    /// When the store fails or the `policy` stream does not read.
    pub async fn text(
        &self,
        version: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<Option<String>, TimelineError> {
        let office = self.governed.at(None).await?;
        let in_force = office.rules(at).name();
        let wanted = version.unwrap_or(&in_force);
        let is_wanted = |name: &str, version: &Reference| wanted == name || wanted == version.as_str();
        let mut published = office.rule_packs(at).iter().rev().map(|published| &published.fact);
        if let Some(pack) = published.find(|pack| is_wanted(&name_of(pack), &pack.version)) {
            let bytes = self.texts.text(pack.text_hash.as_str()).await?;
            return Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()));
        }
        let built_in = RulePack::built_in();
        let is_built_in = is_wanted(&built_in.name(), &built_in.version);
        Ok(is_built_in.then(|| RulePack::BUILT_IN_TEXT.to_owned()))
    }
}

/// Name and version, as due dates and findings name a pack.
fn name_of(pack: &RulePackPublished) -> String {
    format!("{}@{}", pack.pack_id, pack.version)
}

/// The name under which a version is published, always the same: there is one text of it.
fn key_of(pack: &RulePack) -> Result<EventKey, PublishError> {
    let id = EventId::parse(format!("rule-pack-{}-{}", pack.pack_id, pack.version));
    let id = id.map_err(|why| {
        let (pack_id, version) = (pack.pack_id.clone(), pack.version.clone());
        PublishError::Name { pack_id, version, why }
    })?;
    let source = Source::parse(OWN_SOURCE).map_err(|_| Refusal::Store)?;
    Ok(EventKey { source, id })
}

/// What stands under the name of a pack, if it is the same text.
fn published_before(
    stored: &RecordedEvent,
    pack: &RulePack,
    text_hash: &TextHash,
) -> Result<Publication, PublishError> {
    let position = stored.position;
    let fact = StoredEvent::read(stored.bytes.as_bytes()).and_then(|stored| stored.fact());
    match fact.map_err(|source| TimelineError::Unreadable { position, source })? {
        Fact::RulePackPublished(published)
            if published.text_hash == *text_hash && name_of(&published) == pack.name() =>
        {
            Ok(Publication { pack: published, position, recorded_at: stored.recorded_at, seen_before: true })
        }
        _ => Err(PublishError::Taken { name: pack.name() }),
    }
}

/// First instant of a day in Kazakhstan.
fn start_of(day: NaiveDate) -> DateTime<Utc> {
    let before = day.pred_opt().and_then(end_of_day);
    before.map_or(DateTime::<Utc>::MIN_UTC, |last| last + TimeDelta::microseconds(1))
}

#[cfg(test)]
mod tests;
