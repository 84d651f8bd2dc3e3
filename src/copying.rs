//! Takes a whole log over from one store to another, whatever their engines: the very bytes, in the same order, with
//! their boxes and the published texts. Leaf hashes stay, and so every proof that was ever given.
//!
//! It goes on where it was cut short: what the other store holds already is compared, not copied. At the end the copy is
//! read once more, every leaf hashed again, and the roots over both are compared.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};
use subject_record_schemas::stored::StoredEventError;
use subject_record_schemas::{Position, StoredEvent, StreamName};

use crate::intake::mark;
use crate::notary::tree::{Frontier, Hash};
use crate::store::place::Opened;
use crate::store::{EventKey, Mark, RecordedEvent, SealedBox, StoreError, TakenOver};

/// Events that are read, and taken over in one commit.
const PAGE_EVENTS: u32 = 1_000;

/// Why a log was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is nothing to copy.
    #[error("there is no log to copy: nothing was ever recorded there")]
    Nothing,
    /// The other store holds another log.
    #[error(
        "the event at position {0} of the copy is another one than in the original: the copy belongs to another log, or one of them was altered. Run `subject-record log check` on the original, and copy into an empty place"
    )]
    OtherLog(Position),
    /// The other store holds more.
    #[error("the copy holds more events than the original: it was written to since, and is the newer one")]
    Ahead,
    /// The bytes of an event are not those that were recorded.
    #[error(
        "the bytes of the event at position {0} do not have its leaf hash: the original was altered, and is not copied any further. Run `subject-record log check`"
    )]
    Altered(Position),
    /// An event does not read.
    #[error("the event at position {0} does not read, so it cannot be said what the store has to know of it")]
    Unread(Position),
    /// A box is not the same.
    #[error(
        "the sealed box of the event at position {0} is not the same in the copy: empty the copy and begin again"
    )]
    OtherBox(Position),
    /// A box is not where it should be.
    #[error(
        "the sealed box of the event at position {0} is missing in the original, and nobody was erased there: with KurrentDB boxes stand in `kurrent.db`, in the data folder of the service that appended. Run `subject-record log check` where events are files"
    )]
    NoBox(Position),
    /// A text is not the same.
    #[error("the published text {0} is not the same in the copy, or not what its hash says")]
    OtherText(String),
    /// The copy is not the same.
    #[error("the copy has another root than the original: empty it and begin again")]
    OtherRoot,
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many events stand in the copy.
    Copied(u64),
    /// So many of them were read again.
    Verified(u64),
}

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Events under the root.
    pub events: u64,
    /// Of these, copied now.
    pub now: u64,
    /// Boxes in the copy.
    pub boxes: u64,
    /// Published texts.
    pub texts: u64,
    /// Root of the tree over all events (RFC 6962), of both.
    pub root: Hash,
}

/// Copies a log, or what is missing of it.
///
/// # Errors
/// [`CopyError`]. What was copied stays, and is gone on with.
pub async fn copy(
    from: &Opened,
    to: &Opened,
    mut heard: impl FnMut(Progress) + Send,
) -> Result<Copied, CopyError> {
    let fenced: HashSet<StreamName> = from.events.fenced_streams().await?.into_iter().collect();
    let mut tree = Frontier::default();
    let mut after = compare(from, to, &mut tree).await?;
    let before = tree.size();
    heard(Progress::Copied(before));
    loop {
        let page = from.events.read_all(after, PAGE_EVENTS).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        let boxes = boxes_of(from, &page).await?;
        let mut events = Vec::with_capacity(page.len());
        for (event, sealed_box) in page.into_iter().zip(boxes) {
            if !event.kept().intact {
                return Err(CopyError::Altered(event.position));
            }
            tree.push(*event.leaf_hash.bytes());
            let stored = read(&event)?;
            if sealed_box.is_none() && stored.digests().next().is_some() && !fenced.contains(&event.stream) {
                return Err(CopyError::NoBox(event.position));
            }
            let (key, mark) = marks_of(stored).map_err(|_| CopyError::Unread(event.position))?;
            events.push(TakenOver { event, key, mark, sealed_box });
        }
        to.events.take_over(events).await?;
        heard(Progress::Copied(tree.size()));
    }
    if tree.size() == 0 {
        return Err(CopyError::Nothing);
    }
    forget_erased(from, to).await?;
    let texts = copy_texts(from, to).await?;
    let boxes = verify(from, to, tree.root(), &mut heard).await?;
    Ok(Copied { events: tree.size(), now: tree.size() - before, boxes, texts, root: tree.root() })
}

async fn boxes_of(store: &Opened, page: &[RecordedEvent]) -> Result<Vec<Option<SealedBox>>, StoreError> {
    let positions: Vec<_> = page.iter().map(|event| event.position).collect();
    store.events.boxes(&positions).await
}

/// Goes through what both hold, and answers the last position of it in the original.
async fn compare(from: &Opened, to: &Opened, tree: &mut Frontier) -> Result<Position, CopyError> {
    let (mut there, mut here) = (Position::START, Position::START);
    loop {
        let copied = to.events.read_all(here, PAGE_EVENTS).await?;
        let Some(last) = copied.last() else { return Ok(there) };
        here = last.position;
        let limit = u32::try_from(copied.len()).unwrap_or(PAGE_EVENTS);
        let originals = from.events.read_all(there, limit).await?;
        for (original, copy) in originals.iter().zip(&copied) {
            if original.bytes != copy.bytes || original.stream != copy.stream {
                return Err(CopyError::OtherLog(copy.position));
            }
            tree.push(*original.leaf_hash.bytes());
            there = original.position;
        }
        // Another log may be shorter too.
        if originals.len() < copied.len() {
            return Err(CopyError::Ahead);
        }
    }
}

fn read(event: &RecordedEvent) -> Result<StoredEvent, CopyError> {
    StoredEvent::read(event.bytes.as_bytes()).map_err(|_| CopyError::Unread(event.position))
}

/// What a store must know of an event beside its bytes.
fn marks_of(stored: StoredEvent) -> Result<(EventKey, Mark), StoredEventError> {
    let event_type = stored.event_type()?;
    let mark = stored.data.as_object().map_or(Mark::None, |data| mark(event_type, data));
    Ok((EventKey { source: stored.attributes.source, id: stored.attributes.id }, mark))
}

/// Boxes that were copied before their person was erased in the original go here too.
async fn forget_erased(from: &Opened, to: &Opened) -> Result<(), CopyError> {
    for stream in to.events.fenced_streams().await? {
        if to.events.has_box(&stream).await? && !from.events.has_box(&stream).await? {
            to.events.destroy_boxes(&stream).await?;
        }
    }
    Ok(())
}

async fn copy_texts(from: &Opened, to: &Opened) -> Result<u64, CopyError> {
    let hashes = from.texts.text_hashes().await?;
    for hash in &hashes {
        let other = || CopyError::OtherText(hash.clone());
        let body = from.texts.text(hash).await?.ok_or_else(other)?;
        if hex::encode(Sha256::digest(&body)) != *hash {
            return Err(other());
        }
        to.texts.put_text(hash, &body).await?;
        if to.texts.text(hash).await? != Some(body) {
            return Err(other());
        }
    }
    Ok(hashes.len() as u64)
}

/// Reads the copy again, hashes every leaf and compares every box; answers how many boxes there are.
async fn verify(
    from: &Opened,
    to: &Opened,
    root: Hash,
    heard: &mut (impl FnMut(Progress) + Send),
) -> Result<u64, CopyError> {
    let (mut there, mut here) = (Position::START, Position::START);
    let mut tree = Frontier::default();
    let mut boxes = 0;
    loop {
        let copied = to.events.read_all(here, PAGE_EVENTS).await?;
        let Some(last) = copied.last() else { break };
        here = last.position;
        let limit = u32::try_from(copied.len()).unwrap_or(PAGE_EVENTS);
        let originals = from.events.read_all(there, limit).await?;
        there = originals.last().map_or(there, |event| event.position);
        let (wanted, found) = (boxes_of(from, &originals).await?, boxes_of(to, &copied).await?);
        if let Some(place) = (0..copied.len()).find(|place| wanted.get(*place) != found.get(*place)) {
            return Err(CopyError::OtherBox(copied[place].position));
        }
        boxes += found.iter().flatten().count() as u64;
        copied.iter().for_each(|event| tree.push(crate::notary::tree::leaf_hash(event.bytes.as_bytes())));
        heard(Progress::Verified(tree.size()));
    }
    if tree.root() == root { Ok(boxes) } else { Err(CopyError::OtherRoot) }
}
