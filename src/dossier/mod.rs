//! The dossier: one file for a court, readable, with the evidence attached inside (`docs/evidence-format.md`).
//!
//! [`make`](Dossiers::make) gathers what is to be shown, proves it and prints it; [`verify`] checks a dossier with
//! nothing but the file and a key. What a dossier is made of ([`evidence`], [`manifest`], [`report`]) is data; the
//! pages are a pure function of it.
//!
//! Order matters: the look at the person is recorded before a value is opened, the ends of all streams are committed
//! to after that, so that the look is part of what is proven complete, and the export is recorded before the file is
//! handed over.

mod cited;
pub mod evidence;
mod gather;
pub mod group;
pub mod manifest;
pub mod pages;
mod prove;
pub mod report;
mod rows;
mod summary;
pub mod verify;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use subject_record_schemas::reference::TextHash;
use subject_record_schemas::types::PersonalFileHash;
use subject_record_schemas::types::access::{EvidenceExported, EvidenceExportedPersonal};
use subject_record_schemas::vocabulary::{EvidenceAsker, EvidenceScope, Language};
use subject_record_schemas::{Position, Reference, StreamName, SubjectId};

use self::gather::Gathered;
use self::group::Group;
use self::prove::Proven;
use self::report::Values;
use crate::accesses::{Access, Accesses};
use crate::caller::Caller;
use crate::clock::{Clock, Entropy};
use crate::governed::Governed;
use crate::intake::{Intake, Refusal};
use crate::notary::{Notary, NotaryError};
use crate::outside::Outside;
use crate::proofs::{CommitError, Proofs};
use crate::store::{EventStore, ExpectedRevision, StoreError, TextStore};
use crate::timeline::{TimelineError, Timelines};

/// Letters of a dossier's name behind `dossier-`.
const NAME_LETTERS: usize = 16;

/// What a dossier is to hold.
#[derive(Clone, Debug)]
pub struct DossierQuestion {
    /// The person.
    pub subject: SubjectId,
    /// Language of the pages.
    pub language: Language,
    /// Only what happened in this period, both ends included.
    pub period: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Only these groups of the catalogue; all when empty.
    pub groups: Vec<Group>,
    /// What becomes of personal values.
    pub values: Values,
    /// Who asked for it.
    pub asked_by: EvidenceAsker,
    /// Request, ruling or article it rests on.
    pub legal_ref: Option<Reference>,
}

/// A dossier that may be handed over.
#[derive(Debug)]
pub struct Dossier {
    /// Its name.
    pub dossier_id: Reference,
    /// The file: PDF/A-3 with attachments.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// Where the export is recorded.
    pub exported_at: Position,
}

/// Why there is no dossier.
#[derive(Debug, thiserror::Error)]
pub enum DossierError {
    /// Nothing is recorded of this person.
    #[error("nothing is recorded of this person")]
    Unknown,
    /// The person's own dossier would tell by its gaps what an investigation keeps secret.
    #[error(
        "what a state body asked about this person is under secrecy, and the gaps of a dossier would tell: give the person a copy instead (GET /v1/subjects/{{id}}/export), or make the dossier for the court, the regulator or the prosecutor"
    )]
    Secrecy,
    /// New events of the person came faster than they could be proven.
    #[error("new events of this person keep coming in: ask again")]
    Busy,
    /// Something could not be recorded, and so nothing is handed over.
    #[error(transparent)]
    Record(#[from] Refusal),
    /// The notary does not answer.
    #[error(transparent)]
    Notary(#[from] NotaryError),
    /// The person's events could not be read.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pages could not be printed, or the evidence not be written.
    #[error("the dossier could not be made")]
    Make(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<CommitError> for DossierError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Notary(error) => error.into(),
            CommitError::Record(refusal) => refusal.into(),
            CommitError::Store(error) => error.into(),
        }
    }
}

fn not_made(error: impl std::error::Error + Send + Sync + 'static) -> DossierError {
    DossierError::Make(Box::new(error))
}

/// What dossiers are made from.
#[derive(Debug)]
pub struct Parts {
    /// The store.
    pub store: Arc<dyn EventStore>,
    /// Published texts.
    pub texts: Arc<dyn TextStore>,
    /// Timelines, with the power to open values.
    pub timelines: Arc<Timelines>,
    /// What was published.
    pub governed: Arc<Governed>,
    /// Records looks and exports.
    pub intake: Arc<Intake>,
    /// Proves.
    pub notary: Arc<Notary>,
    /// Commits to the ends of all streams.
    pub proofs: Arc<Proofs>,
    /// Asks others to sign.
    pub outside: Arc<Outside>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for names of dossiers.
    pub entropy: Arc<dyn Entropy>,
    /// Id of the log.
    pub log_id: String,
    /// Whether the log is simulated.
    pub simulated: bool,
    /// How long a checkpoint is waited for.
    pub wait_max: Duration,
}

/// What one dossier is made of: what was asked, by whom, what was found, and what proves it.
#[derive(Clone, Copy, Debug)]
struct Matter<'a> {
    dossier_id: &'a Reference,
    access: &'a Access,
    question: &'a DossierQuestion,
    gathered: &'a Gathered,
    proven: &'a Proven,
}

/// Makes dossiers.
#[derive(Debug)]
pub struct Dossiers {
    parts: Parts,
    accesses: Accesses,
}

impl Dossiers {
    /// From these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let accesses = Accesses::new(Arc::clone(&parts.intake));
        Self { parts, accesses }
    }

    /// Makes a dossier and records that it was exported, before it is handed over.
    ///
    /// # Errors
    /// [`DossierError`]; then nothing may be handed over.
    pub async fn make(
        &self,
        caller: &Caller,
        access: &Access,
        question: &DossierQuestion,
    ) -> Result<Dossier, DossierError> {
        let gathered = self.gather(caller, access, question).await?;
        let dossier_id = self.new_name()?;
        let proven = self.prove(&gathered).await?;
        let matter =
            Matter { dossier_id: &dossier_id, access, question, gathered: &gathered, proven: &proven };
        let attached = self.attach(matter).await?;
        // Setting pages is work for a core, not for whoever serves requests.
        let printed = tokio::task::spawn_blocking(move || pages::render(&attached.report, attached.files));
        let bytes = printed.await.map_err(not_made)?.map_err(not_made)?;
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();

        let checkpoint = &proven.checkpoint.checkpoint;
        let data = EvidenceExported {
            bundle_id: dossier_id.clone(),
            asked_by: question.asked_by,
            legal_ref: question.legal_ref.clone(),
            scope: EvidenceScope::Subject(question.subject.clone()),
            as_of: None,
            known_at: gathered.heads.commitment.at_position,
            checkpoint_size: checkpoint.size,
            checkpoint_root: TextHash::parse(hex::encode(checkpoint.root)).map_err(|_| Refusal::Store)?,
        };
        let personal = EvidenceExportedPersonal { bundle_hash: Some(PersonalFileHash(hex::encode(sha256))) };
        let (id, now) = (self.parts.intake.own_id()?, self.parts.clock.now());
        let event = self.parts.intake.own_event(id, StreamName::Office, now, Some(&caller.token), &data)?;
        let event = event.with_personal(&personal)?;
        let recorded = self.parts.intake.record_own(event, ExpectedRevision::Any).await?;
        Ok(Dossier { dossier_id, bytes, sha256, exported_at: recorded.receipt.position })
    }

    /// A name of letters alone: digits might look like an IIN.
    fn new_name(&self) -> Result<Reference, DossierError> {
        let random: [u8; NAME_LETTERS] = {
            let entropy: &dyn Entropy = &*self.parts.entropy;
            entropy.bytes()
        };
        let letters: String = random.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
        Ok(Reference::parse(format!("dossier-{letters}")).map_err(|_| Refusal::Store)?)
    }
}
