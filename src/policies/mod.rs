//! What the operator published: versions of the policy and of the consent texts, which of them bound whom and when.

mod difference;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_projections::governance::{Governance, Published, effective_from};
use subject_record_schemas::reference::TextHash;
use subject_record_schemas::types::governance::{ConsentTextPublished, PolicyVersionPublished};
use subject_record_schemas::vocabulary::{Country, DataCategory, Language, Purpose};
use subject_record_schemas::{Position, Reference};

pub use self::difference::{Difference, Hunk, Line, LineKind, Part};
use crate::governed::Governed;
use crate::store::TextStore;
use crate::timeline::TimelineError;

/// What was published.
#[derive(Debug)]
pub struct Policies {
    governed: Arc<Governed>,
    texts: Arc<dyn TextStore>,
}

/// A version of the policy, all its languages together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyVersion {
    /// The operator's name for it.
    pub version: Reference,
    /// When its first text was posted.
    pub posted_at: DateTime<Utc>,
    /// From when its first text is in force: from posting on, unless it says otherwise (clause 5.4).
    pub effective_from: DateTime<Utc>,
    /// When its last text was taken down, if all are.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Whether it is in force at the moment that was asked about.
    pub in_force: bool,
    /// Versions that it says it replaces.
    pub supersedes: BTreeSet<Reference>,
    /// Purposes that it says are new.
    pub new_purposes: BTreeSet<Purpose>,
    /// Categories of data that it says are new.
    pub new_categories: BTreeSet<DataCategory>,
    /// Recipients that it says are new.
    pub new_recipients: BTreeSet<Reference>,
    /// Countries that it says are new.
    pub new_countries: BTreeSet<Country>,
    /// Its texts, one a language.
    pub texts: Vec<PolicyText>,
}

/// The text of a policy version in one language.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyText {
    /// Language.
    pub language: Language,
    /// SHA-256 of its bytes.
    pub text_hash: TextHash,
    /// Whether the text itself is kept here.
    pub kept: bool,
    /// When it was posted.
    pub posted_at: DateTime<Utc>,
    /// From when it is in force.
    pub effective_from: DateTime<Utc>,
    /// When it was taken down, if it was.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// The event that published it, as it was told last.
    pub position: Position,
}

/// A published consent text in one language.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConsentText {
    /// When it was published.
    pub at: DateTime<Utc>,
    /// The event.
    pub position: Position,
    /// Whether the text itself is kept here.
    pub kept: bool,
    /// What it says of itself.
    #[serde(flatten)]
    pub text: ConsentTextPublished,
}

/// Why two texts cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DifferenceError {
    /// The version has no text in that language.
    #[error("version {version} has no text in the language {language}")]
    NoText {
        /// Which version.
        version: Reference,
        /// Which language.
        language: Language,
    },
    /// The text's bytes are not kept here.
    #[error("the text {text_hash} of version {version} is not kept here: put it at /v1/texts/{text_hash}")]
    NotKept {
        /// Which version.
        version: Reference,
        /// SHA-256 of its bytes.
        text_hash: TextHash,
    },
    /// The stream or the text could not be read.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
}

impl Policies {
    /// Over what governs and the texts it names.
    #[must_use]
    pub const fn new(governed: Arc<Governed>, texts: Arc<dyn TextStore>) -> Self {
        Self { governed, texts }
    }

    /// Every version of the policy, in the order of publication, as known at a position; two of one moment sort by
    /// position.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn versions(
        &self,
        at: DateTime<Utc>,
        known: Option<Position>,
    ) -> Result<Vec<PolicyVersion>, TimelineError> {
        let office = self.governed.at(known).await?;
        let in_force = version_in_force(&office, at);
        let published = office.policies(DateTime::<Utc>::MAX_UTC);
        let mut names: Vec<&Reference> = Vec::new();
        for text in published {
            if !names.contains(&&text.fact.version) {
                names.push(&text.fact.version);
            }
        }
        let mut versions = Vec::with_capacity(names.len());
        for name in names {
            versions.extend(self.version_of(published, name, in_force.as_ref() == Some(name)).await?);
        }
        Ok(versions)
    }

    /// One version of the policy.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn version(
        &self,
        version: &Reference,
        at: DateTime<Utc>,
        known: Option<Position>,
    ) -> Result<Option<PolicyVersion>, TimelineError> {
        let office = self.governed.at(known).await?;
        let in_force = version_in_force(&office, at).as_ref() == Some(version);
        self.version_of(office.policies(DateTime::<Utc>::MAX_UTC), version, in_force).await
    }

    /// The version that bound everybody at an instant, with its texts in force then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn in_force(
        &self,
        at: DateTime<Utc>,
        known: Option<Position>,
    ) -> Result<Option<PolicyVersion>, TimelineError> {
        let office = self.governed.at(known).await?;
        let texts: Vec<_> = office.policy_in_force(at).into_iter().cloned().collect();
        match texts.first() {
            Some(text) => self.version_of(&texts, &text.fact.version, true).await,
            None => Ok(None),
        }
    }

    /// Every consent text, in the order of publication.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn consent_texts(&self, known: Option<Position>) -> Result<Vec<ConsentText>, TimelineError> {
        let office = self.governed.at(known).await?;
        let mut texts = Vec::new();
        for Published { fact, at, position } in office.consent_texts(DateTime::<Utc>::MAX_UTC) {
            let kept = self.texts.text(fact.text_hash.as_str()).await?.is_some();
            texts.push(ConsentText { at: *at, position: *position, kept, text: fact.clone() });
        }
        Ok(texts)
    }

    /// What is different between the texts of two versions, by lines and the words in them.
    ///
    /// # Errors
    /// [`DifferenceError`], when one of them is not there.
    pub async fn difference(
        &self,
        from: &Reference,
        to: &Reference,
        language: Language,
        known: Option<Position>,
    ) -> Result<Difference, DifferenceError> {
        let office = self.governed.at(known).await?;
        let (old_hash, old) = self.text_of(&office, from, language).await?;
        let (new_hash, new) = self.text_of(&office, to, language).await?;
        let compared = tokio::task::spawn_blocking(move || difference::hunks(&old, &new)).await;
        // The task neither panics nor is cancelled; if it was, there is nothing to show.
        let hunks = compared.unwrap_or_default();
        Ok(Difference { from: from.clone(), to: to.clone(), language, old_hash, new_hash, hunks })
    }

    async fn text_of(
        &self,
        office: &Governance,
        version: &Reference,
        language: Language,
    ) -> Result<(TextHash, String), DifferenceError> {
        let text = office.policy_text(version, language, DateTime::<Utc>::MAX_UTC);
        let text = text.ok_or_else(|| DifferenceError::NoText { version: version.clone(), language })?;
        let text_hash = text.fact.text_hash.clone();
        let bytes = self.texts.text(text_hash.as_str()).await.map_err(TimelineError::from)?;
        let not_kept = || DifferenceError::NotKept { version: version.clone(), text_hash: text_hash.clone() };
        let text = String::from_utf8_lossy(&bytes.ok_or_else(not_kept)?).into_owned();
        Ok((text_hash, text))
    }

    /// One version out of published texts, the newest word on each language.
    async fn version_of(
        &self,
        published: &[Published<PolicyVersionPublished>],
        version: &Reference,
        in_force: bool,
    ) -> Result<Option<PolicyVersion>, TimelineError> {
        let mut newest: Vec<&Published<PolicyVersionPublished>> = Vec::new();
        for text in published.iter().filter(|text| text.fact.version == *version) {
            newest.retain(|other| other.fact.language != text.fact.language);
            newest.push(text);
        }
        let mut texts = Vec::with_capacity(newest.len());
        for text in &newest {
            texts.push(PolicyText {
                language: text.fact.language,
                text_hash: text.fact.text_hash.clone(),
                kept: self.texts.text(text.fact.text_hash.as_str()).await?.is_some(),
                posted_at: text.fact.posted_at,
                effective_from: effective_from(&text.fact),
                withdrawn_at: text.fact.withdrawn_at,
                position: text.position,
            });
        }
        texts.sort_by_key(|text| text.language);
        let (Some(posted_at), Some(effective_from)) = (
            texts.iter().map(|text| text.posted_at).min(),
            texts.iter().map(|text| text.effective_from).min(),
        ) else {
            return Ok(None);
        };
        let all_down = texts.iter().all(|text| text.withdrawn_at.is_some());
        let down_at = texts.iter().filter_map(|text| text.withdrawn_at).max();
        let facts = || newest.iter().map(|text| &text.fact);
        Ok(Some(PolicyVersion {
            version: version.clone(),
            posted_at,
            effective_from,
            withdrawn_at: down_at.filter(|_| all_down),
            in_force,
            supersedes: facts().filter_map(|fact| fact.supersedes.clone()).collect(),
            new_purposes: facts().flat_map(|fact| fact.new_purposes.iter().cloned()).collect(),
            new_categories: facts().flat_map(|fact| fact.new_categories.iter().cloned()).collect(),
            new_recipients: facts().flat_map(|fact| fact.new_recipients.iter().cloned()).collect(),
            new_countries: facts().flat_map(|fact| fact.new_countries.iter().cloned()).collect(),
            texts,
        }))
    }
}

fn version_in_force(office: &Governance, at: DateTime<Utc>) -> Option<Reference> {
    office.policy_in_force(at).first().map(|text| text.fact.version.clone())
}
