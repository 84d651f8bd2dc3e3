//! Taking over events of another store: sent as they are, one after another, so that their order stays.
//!
//! Their bytes are fixed, recorded time included. So a copy that is cut short sends the same again at the same exact
//! revision, and whichever try arrives is right.

use super::index;
use super::plan::{Placed, place};
use super::sending::Sent;
use super::writer::Writer;
use crate::store::append::{follow_on, store_members};
use crate::store::{SealedEvent, StoreError, StreamHead, TakenOver};

impl Writer {
    /// Claims, sends and sees events of another store.
    pub(super) async fn take_over_all(&mut self, events: Vec<TakenOver>) -> Result<(), StoreError> {
        self.catch_up().await?;
        let streams = events.iter().map(|taken| &taken.event.stream);
        let mut heads = index::heads(&mut self.connection, streams).await?;
        follow_on(&events, |stream| heads.get(stream).map(|head| (head.revision, head.leaf_hash)))?;
        let mut placed = Vec::with_capacity(events.len());
        for taken in events {
            let (stream, position) = (taken.event.stream.clone(), taken.event.position);
            let head = heads.get(&stream).copied();
            let (recorded_at, leaf_hash) = (taken.event.recorded_at, taken.event.leaf_hash);
            let sealed = sealed(taken, head).ok_or(StoreError::DoesNotFollow(position))?;
            let one = place(&stream, head, std::iter::once(sealed), Some(recorded_at));
            let one = one.map_err(|error| StoreError::Engine(Box::new(error)))?;
            let one = one.filter(|one| one.after.leaf_hash == leaf_hash);
            let one = one.ok_or(StoreError::DoesNotFollow(position))?;
            heads.insert(stream, one.after);
            placed.push((position, one));
        }
        // Those of an earlier try stand: what they claim is the same.
        let is_claimed =
            |one: &Placed| one.events.iter().any(|(event, _)| self.claims.of(&event.key).is_some());
        let new: Vec<_> = placed.iter().map(|(_, one)| one).filter(|one| !is_claimed(one)).collect();
        self.claims.add(&mut self.connection, &new).await?;
        for (position, one) in &placed {
            match self.send(one).await {
                Sent::Stored => {}
                Sent::Absent => return Err(StoreError::DoesNotFollow(*position)),
                Sent::Refused(error) | Sent::Unfit(error) | Sent::Down(error) | Sent::Unknown(error) => {
                    return Err(error);
                }
            }
        }
        let keys = placed.iter().flat_map(|(_, one)| &one.events).map(|(event, _)| &event.key);
        let open: Vec<_> = keys.filter_map(|key| self.claims.of(key)).collect();
        self.see(&open).await?;
        if open.iter().any(|number| self.claims.get(*number).is_some()) {
            return Err(StoreError::Engine("KurrentDB's log does not show what its streams do".into()));
        }
        Ok(())
    }
}

/// An event as it was before its store gave it a place; `None` when its bytes do not say the place that it has.
fn sealed(taken: TakenOver, head: Option<StreamHead>) -> Option<SealedEvent> {
    let TakenOver { event, key, mark, sealed_box } = taken;
    let members = store_members(event.recorded_at, event.revision, head.map(|head| head.leaf_hash));
    let (before, after) = event.bytes.split_once(&members)?;
    Some(SealedEvent {
        key,
        mark,
        text_before: before.to_owned(),
        text_after: after.to_owned(),
        sealed_box,
        follows: false,
    })
}
