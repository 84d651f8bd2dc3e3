//! The same event again: same source and id, so the content is compared.

use subject_record_schemas::{Revision, StoredEvent};

use super::{Intake, NewEvent, Recorded, Refusal, form};
use crate::store::{Receipt, RecordedEvent};
use crate::vault::seal::{BoxPlace, Opening, open_box};
use crate::vault::{KeyOwner, OpeningKey};

impl Intake {
    /// The first receipt, if what was sent again is the same.
    pub(super) async fn seen_before(
        &self,
        event: &NewEvent,
        stored: &RecordedEvent,
        head: Revision,
    ) -> Result<Recorded, Refusal> {
        if !self.same(event, stored).await? {
            return Err(Refusal::OtherContent);
        }
        let receipt = Receipt {
            stream: stored.stream.clone(),
            revision: stored.revision,
            position: stored.position,
            leaf_hash: stored.leaf_hash,
            recorded_at: stored.recorded_at,
        };
        Ok(Recorded { receipt, seen_before: true, head })
    }

    /// Compares in the form of RFC 8785: the public part always, the personal part while its box exists.
    async fn same(&self, event: &NewEvent, stored: &RecordedEvent) -> Result<bool, Refusal> {
        let parsed = StoredEvent::read(stored.bytes.as_bytes()).map_err(|error| {
            tracing::error!(%error, position = %stored.position, "a stored event does not read");
            Refusal::Store
        })?;
        if !form::same_public(event, &parsed) {
            return Ok(false);
        }
        let Some(sealed_box) = self.store.boxes(&[stored.position]).await?.into_iter().flatten().next()
        else {
            // Destroyed, or there never was one: then nothing personal may be there now either, unless the
            // digests say that there was.
            return Ok(event.personal.is_none() || parsed.digests().next().is_some());
        };
        let owner =
            KeyOwner::of(&stored.stream, parsed.attributes.source.as_str(), parsed.attributes.id.as_str());
        match self.vault.opening_key(&owner, sealed_box.generation).await.map_err(Refusal::from)? {
            OpeningKey::Shredded => Ok(true),
            OpeningKey::Lost => Err(Refusal::KeyLost),
            OpeningKey::Ready(dek) => {
                let place = BoxPlace {
                    log_id: &self.log_id,
                    stream: &stored.stream,
                    source: parsed.attributes.source.as_str(),
                    id: parsed.attributes.id.as_str(),
                    event_type: event.event_type,
                };
                let openings = open_box(&dek, &place, &sealed_box.sealed).map_err(|error| {
                    tracing::error!(%error, position = %stored.position, "a box does not open");
                    Refusal::KeyLost
                })?;
                Ok(form::same_personal(event, openings.iter().filter_map(Opening::member)))
            }
        }
    }
}
