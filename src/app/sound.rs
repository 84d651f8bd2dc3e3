//! Whether the parts of a data folder belong together.

use std::collections::HashSet;
use std::path::Path;

use subject_record_schemas::{Position, StreamName};

use super::UnsoundError;
use crate::outside::HeldOutside;
use crate::store::EventStore;
use crate::vault::kek::KekProvider;
use crate::vault::{KeyFile, VaultError};

/// A secret must lie outside the data folder, links followed.
///
/// A file that is not there is left to whoever reads it.
pub(super) fn lies_outside(data: &Path, secret: &Path) -> Result<(), UnsoundError> {
    let (Ok(real_data), Ok(real_secret)) = (data.canonicalize(), secret.canonicalize()) else {
        return Ok(());
    };
    if real_secret.starts_with(real_data) {
        return Err(UnsoundError::SecretInData { secret: secret.to_owned(), data: data.to_owned() });
    }
    Ok(())
}

/// Events, boxes, keys, fences and the key-encryption key must be of one service at one time.
pub(super) async fn sound(
    store: &dyn EventStore,
    keys: &KeyFile,
    kek: &dyn KekProvider,
) -> Result<(), UnsoundError> {
    let kek_ids = keys.kek_ids().await.map_err(VaultError::from)?;
    if let Some(wanted) = kek_ids.iter().find(|id| *id != kek.kek_id()) {
        return Err(UnsoundError::OtherKek { wanted: wanted.clone(), given: kek.kek_id().to_owned() });
    }
    let serves_people = keys.served_people().await.map_err(VaultError::from)?;
    // A key of an event alone is what a crash leaves between the first key and the first event.
    if serves_people && store.last_position().await? == Position::START {
        return Err(UnsoundError::EventsLost);
    }
    // Where there is a fence keys may all be destroyed, and a crash may have left the boxes.
    if !serves_people && kek_ids.is_empty() && store.has_any_box().await? {
        return Err(UnsoundError::KeysLost);
    }
    // Keys first: another instance may be erasing somebody, and the log knows of it before the keys do.
    let fenced_here = keys.fenced_people().await.map_err(VaultError::from)?;
    let fenced = store.fenced_streams().await?;
    let fenced: HashSet<_> = fenced.iter().map(ToString::to_string).collect();
    match fenced_here.into_iter().find(|stream| !fenced.contains(stream)) {
        Some(stream) => Err(UnsoundError::RolledBack { stream }),
        None => Ok(()),
    }
}

/// Whoever is erased by the word of an anchor must be erased in the log.
pub(super) async fn not_rolled_back(store: &dyn EventStore, held: &HeldOutside) -> Result<(), UnsoundError> {
    if held.erased.is_empty() {
        return Ok(());
    }
    let fenced = store.fenced_streams().await?;
    let fenced: HashSet<_> = fenced.iter().filter_map(StreamName::subject).collect();
    match held.erased.iter().filter(|id| !fenced.contains(id)).count() {
        0 => Ok(()),
        missing => Err(UnsoundError::ErasedOutside { missing }),
    }
}
