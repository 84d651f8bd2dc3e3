//! The authority that stamps checkpoints (RFC 3161), and the events that say so.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use subject_record_schemas::reference::TextHash;
use subject_record_schemas::types::log::TimestampObtained;
use subject_record_schemas::{Reference, StreamName};

use super::{Outside, OutsideError};
use crate::clock::Entropy;
use crate::config;
use crate::intake::Refusal;
use crate::notary::KeptStamp;
use crate::outbound::Trust;
use crate::proofs::is_of_the_record_itself;
use crate::stamps;
use crate::store::{ExpectedRevision, StoreError};

/// Events behind the last stamp that are looked at for one that is worth another.
const NEWS_EVENTS: u32 = 16;

/// The authority that stamps.
#[derive(Debug)]
pub(super) struct Authority {
    client: stamps::Client,
    roots: stamps::TrustedRoots,
    name: Reference,
}

impl Outside {
    /// Has the newest checkpoint stamped, and records that.
    pub(super) async fn stamp(
        &self,
        authority: &Authority,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Some(checkpoint) = self.parts.notary.state().checkpoint else { return Ok(()) };
        let imprint = Sha256::digest(checkpoint.note.text().as_bytes()).into();
        let nonce = {
            let entropy: &dyn Entropy = &*self.parts.entropy;
            stamps::Nonce::new(entropy.bytes())
        };
        let request = stamps::Request::new(imprint, nonce, None);
        let (answer, stamp) = authority.client.stamp(&request, &authority.roots).await?;
        let size = checkpoint.checkpoint.size;
        let root = hex::encode(checkpoint.checkpoint.root);
        let token_hash = TextHash::parse(hex::encode(Sha256::digest(&answer))).map_err(|_| Refusal::Store)?;
        let kept = KeptStamp {
            size,
            note: checkpoint.note.to_string(),
            authority: authority.name.to_string(),
            stamped_at: stamp.at,
            answer,
        };
        self.parts.notary.keep_stamp(&kept).await?;
        let data = TimestampObtained {
            checkpoint_size: size,
            checkpoint_root: TextHash::parse(root).map_err(|_| Refusal::Store)?,
            authority: authority.name.clone(),
            token_hash,
            stamped_at: stamp.at,
        };
        let intake = &self.parts.intake;
        let now = self.parts.clock.now();
        let event = intake.own_event(intake.own_id()?, StreamName::Office, now, None, &data)?;
        intake.record_own(event, ExpectedRevision::Any).await?;
        Ok(())
    }

    /// Whether anything but what the record says of itself came since the last stamp.
    pub(super) async fn has_news(&self) -> Result<bool, StoreError> {
        let stamped = self.parts.notary.stamps(u64::MAX >> 1, 1).await.ok().and_then(|mut s| s.pop());
        let Some(stamped) = stamped else { return Ok(true) };
        let Ok(after) = self.parts.notary.position_before(stamped.size).await else { return Ok(true) };
        let events = self.parts.store.read_all(after, NEWS_EVENTS).await?;
        Ok(events.iter().any(|event| !is_of_the_record_itself(event)))
    }
}

/// The authority of the settings, if there is one.
pub(super) fn authority(
    settings: &config::Notary,
    patience: Duration,
) -> Result<Option<Authority>, OutsideError> {
    if settings.timestamp_url.is_empty() {
        return Ok(None);
    }
    let roots = roots(&settings.timestamp_roots)?;
    let client = stamps::Client::patient(&settings.timestamp_url, Trust::Machine, patience);
    let client = client.map_err(OutsideError::Authority)?;
    let name = Reference::parse(&*settings.timestamp_authority).map_err(|_| OutsideError::AuthorityName)?;
    Ok(Some(Authority { client, roots, name }))
}

/// Root certificates of a time-stamping authority, from a file.
///
/// # Errors
/// [`OutsideError::Roots`], naming the file.
pub fn roots(path: &Path) -> Result<stamps::TrustedRoots, OutsideError> {
    let error = |source| OutsideError::Roots { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(|source| error(Box::new(source)))?;
    stamps::TrustedRoots::from_pem(&text).map_err(|source| error(Box::new(source)))
}
