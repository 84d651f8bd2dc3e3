//! What is claimed of the log: its tiles, its checkpoints, and checkpoints that somebody outside holds. Each is held
//! against what follows from the events.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use sqlx::SqliteConnection;

use super::derived::{Derived, HASH_BYTES};
use super::fault::{Fault, FaultKind, Faults};
use super::rows::Run;
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::note::VerifierKey;
use crate::notary::tile::{TILE_WIDTH, TileId, full_tile_root};
use crate::notary::tree::{Hash, leaf_hash};

/// Hashes of a tile that are told one by one when they are wrong.
const WRONG_HASHES_MAX: usize = 16;

/// What is claimed of a log, read by whoever knows where it is kept. Nothing of it is believed.
pub struct Claimed<'a> {
    /// Signed checkpoints of `log.db`, as notes, in any order.
    pub checkpoints: Vec<String>,
    /// Tiles of `log.db`: hashes of 32 bytes side by side, the last tile of a level as wide as it is. Level 0 first.
    pub tiles: BoxStream<'a, Result<(TileId, Vec<u8>), sqlx::Error>>,
    /// The newest signed checkpoint, as it is kept beside the signing key.
    pub kept: Option<String>,
    /// Checkpoints that are held outside.
    pub anchors: Vec<Anchor>,
}

/// A checkpoint that is held outside.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// Who holds it, or the name of its file.
    pub name: String,
    /// The note.
    pub note: String,
}

impl Claimed<'_> {
    /// Nothing is claimed.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            checkpoints: Vec::new(),
            tiles: futures::stream::empty().boxed(),
            kept: None,
            anchors: Vec::new(),
        }
    }
}

impl fmt::Debug for Claimed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = (self.checkpoints.len(), self.kept.is_some());
        f.debug_struct("Claimed").field("own", &own).field("anchors", &self.anchors).finish_non_exhaustive()
    }
}

/// Who says a checkpoint.
enum Holder {
    Log,
    BesideTheKey,
    Outside(String),
}

/// Checkpoints that are signed by the log's key.
pub(super) struct Signed {
    signed: Vec<(Holder, SignedCheckpoint)>,
    /// Entries under the newest checkpoint of `log.db`.
    newest_kept: Option<u64>,
}

/// What held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Held {
    /// Checkpoints of the log itself whose signature and root hold.
    pub checkpoints: u64,
    /// Entries under the largest of them.
    pub checkpoint_size: Option<u64>,
    /// Checkpoints held outside whose signature and root hold.
    pub anchors: u64,
    /// Entries under the largest of them.
    pub anchor_size: Option<u64>,
    /// Tiles that follow from the events.
    pub tiles: u64,
    /// Recorded roots over the ends of all streams that follow from the events.
    pub heads: u64,
    /// Recorded roots that name positions of another engine, and were not derived again.
    pub heads_unplaced: u64,
}

impl Signed {
    /// Reads the notes and checks their signatures.
    pub(super) fn read(
        claimed: &mut Claimed<'_>,
        log_key: Option<&VerifierKey>,
        faults: &mut Faults,
    ) -> Self {
        let mut notes: Vec<(Holder, String)> = Vec::new();
        notes.extend(std::mem::take(&mut claimed.checkpoints).into_iter().map(|note| (Holder::Log, note)));
        notes.extend(claimed.kept.take().map(|note| (Holder::BesideTheKey, note)));
        let anchors = std::mem::take(&mut claimed.anchors).into_iter();
        notes.extend(anchors.map(|anchor| (Holder::Outside(anchor.name), anchor.note)));
        let mut signed = Vec::with_capacity(notes.len());
        for (holder, note) in notes {
            let Some(log_key) = log_key else {
                faults.add(holder.unsigned("the log names no key"));
                continue;
            };
            let read = SignedCheckpoint::parse(&note).and_then(|signed| {
                signed.verify(log_key)?;
                Ok(signed)
            });
            match read {
                Ok(checkpoint) => signed.push((holder, checkpoint)),
                Err(error) => faults.add(holder.unsigned(&error.to_string())),
            }
        }
        signed.sort_by_key(|(_, signed)| signed.checkpoint.size);
        let own = signed.iter().filter(|(holder, _)| matches!(holder, Holder::Log));
        let newest_kept = own.map(|(_, signed)| signed.checkpoint.size).max();
        Self { signed, newest_kept }
    }

    /// Sizes whose roots are needed.
    pub(super) fn sizes(&self) -> impl Iterator<Item = u64> {
        self.signed.iter().map(|(_, signed)| signed.checkpoint.size)
    }

    /// Holds every checkpoint against the derived tree. Of those that share a cause only the first one is told.
    pub(super) fn compare(&self, tree: &Derived, faults: &mut Faults) -> Held {
        let mut held = Held::default();
        let mut good = 0;
        let mut told: HashMap<FaultKind, (Fault, u64)> = HashMap::new();
        for (holder, signed) in &self.signed {
            let (size, root) = (signed.checkpoint.size, signed.checkpoint.root);
            let fault = if size > tree.size() {
                let text = format!("{holder} covers {size} entries, and the log has {}", tree.size());
                let first_missing = i64::try_from(tree.size().saturating_add(1)).unwrap_or(i64::MAX);
                Fault::at(first_missing, holder.newer(), text)
            } else if tree.root_at(size) == Some(root) {
                good = size;
                held.count(holder, size);
                continue;
            } else {
                let text = match tree.broken_at() {
                    Some(at) => format!(
                        "{holder} covers {size} entries, and its root cannot be derived, since entry {at} is missing"
                    ),
                    None => format!(
                        "{holder} over {size} entries has another root than the events: they differ between entry {good} and {size}"
                    ),
                };
                Fault::whole(holder.other_root(), text)
            };
            told.entry(fault.kind).and_modify(|(_, more)| *more += 1).or_insert((fault, 0));
        }
        for (mut fault, more) in told.into_values() {
            if more > 0 {
                fault.text.push_str(&format!("; so do {more} larger ones"));
            }
            faults.add(fault);
        }
        held
    }
}

impl Held {
    fn count(&mut self, holder: &Holder, size: u64) {
        let (count, largest) = match holder {
            Holder::Log | Holder::BesideTheKey => (&mut self.checkpoints, &mut self.checkpoint_size),
            Holder::Outside(_) => (&mut self.anchors, &mut self.anchor_size),
        };
        *count += 1;
        *largest = (*largest).max(Some(size));
    }
}

impl Holder {
    fn newer(&self) -> FaultKind {
        match self {
            Self::Log | Self::BesideTheKey => FaultKind::RolledBack,
            Self::Outside(_) => FaultKind::AnchorNewer,
        }
    }

    fn other_root(&self) -> FaultKind {
        match self {
            Self::Log | Self::BesideTheKey => FaultKind::Root,
            Self::Outside(_) => FaultKind::AnchorRoot,
        }
    }

    fn unsigned(&self, why: &str) -> Fault {
        let kind = match self {
            Self::Log | Self::BesideTheKey => FaultKind::Signature,
            Self::Outside(_) => FaultKind::AnchorForeign,
        };
        Fault::whole(kind, format!("{self} is no checkpoint of this log: {why}"))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log => f.write_str("a checkpoint of log.db"),
            Self::BesideTheKey => f.write_str("the checkpoint beside the signing key"),
            Self::Outside(name) => write!(f, "the checkpoint that {name} holds"),
        }
    }
}

/// Holds every tile against the derived tree, and answers how many are as they should be.
///
/// A tile that is off only because one below it is off is not told.
///
/// # Errors
/// When the tiles or the events cannot be read.
pub(super) async fn compare_tiles(
    claimed: &mut Claimed<'_>,
    signed: &Signed,
    tree: &Derived,
    connection: &mut SqliteConnection,
    faults: &mut Faults,
) -> Result<u64, sqlx::Error> {
    let mut good = 0;
    let mut off: HashSet<TileId> = HashSet::new();
    let mut widths: BTreeMap<TileId, u64> = BTreeMap::new();
    while let Some((id, bytes)) = claimed.tiles.try_next().await? {
        let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
        widths.insert(id, hashes.len() as u64);
        if !rest.is_empty() || hashes.is_empty() || hashes.len() > usize::from(TILE_WIDTH) {
            let text = format!("tile {} of level {} has {} bytes", id.number, id.level, bytes.len());
            faults.add(Fault::whole(FaultKind::Tile, text));
            off.insert(id);
            continue;
        }
        let wrong = wrong_hashes(id, &bytes, hashes, tree, connection).await;
        if wrong.is_empty() {
            good += 1;
            continue;
        }
        off.insert(id);
        for at in wrong {
            let below = id.level.checked_sub(1).map(|level| TileId {
                level,
                number: id.number.saturating_mul(u64::from(TILE_WIDTH)).saturating_add(at as u64),
            });
            if below.is_none_or(|below| !off.contains(&below)) {
                faults.add(wrong_hash(id, at, tree));
            }
        }
    }
    for (level, hashes) in Derived::widths(signed.newest_kept.unwrap_or(0).min(tree.size())) {
        let tiles = hashes.div_ceil(u64::from(TILE_WIDTH));
        for number in 0..tiles {
            let id = TileId { level, number };
            let due = (hashes - number * u64::from(TILE_WIDTH)).min(u64::from(TILE_WIDTH));
            if widths.get(&id).is_none_or(|width| *width < due) {
                let first = Derived::first_leaf(id, 0).and_then(|leaf| i64::try_from(leaf).ok());
                let text = format!("tile {number} of level {level} is missing or cut short");
                faults.add(Fault::at(first.unwrap_or(0).saturating_add(1), FaultKind::TileMissing, text));
            }
        }
    }
    Ok(good)
}

/// Which hashes of a tile do not follow from the events.
async fn wrong_hashes(
    id: TileId,
    bytes: &[u8],
    hashes: &[Hash],
    tree: &Derived,
    connection: &mut SqliteConnection,
) -> Vec<usize> {
    let index = |at: usize| id.number.checked_mul(u64::from(TILE_WIDTH))?.checked_add(at as u64);
    let differ = |derived: &dyn Fn(usize) -> Option<Hash>| {
        let wrong = hashes.iter().enumerate().filter(|(at, hash)| derived(*at) != Some(**hash));
        wrong.map(|(at, _)| at).take(WRONG_HASHES_MAX).collect()
    };
    if id.level > 0 {
        return differ(&|at| tree.hash(id.level, index(at)?));
    }
    // The root of a full tile tells whether its hashes are right; only otherwise are they derived once more.
    if full_tile_root(bytes).is_some_and(|root| tree.hash(1, id.number) == Some(root)) {
        return Vec::new();
    }
    let Some(first) = index(0).and_then(|index| i64::try_from(index).ok()?.checked_add(1)) else {
        return vec![0];
    };
    // Rows that do not read are told where the events are walked.
    let run = Run::read(connection, first, &mut Faults::default()).await;
    let mut leaves: HashMap<i64, Hash> = HashMap::with_capacity(hashes.len());
    for row in run.events() {
        let kept = if row.body.is_empty() { row.leaf.try_into().ok() } else { Some(leaf_hash(row.body)) };
        leaves.extend(kept.map(|leaf| (row.position, leaf)));
    }
    differ(&|at| leaves.get(&first.checked_add(i64::try_from(at).ok()?)?).copied())
}

fn wrong_hash(id: TileId, at: usize, tree: &Derived) -> Fault {
    let leaf = Derived::first_leaf(id, at);
    let text = match leaf {
        Some(leaf) if leaf >= tree.size() => "a tile covers it, and the log ends before".to_owned(),
        _ if id.level == 0 => "the tree was built of another event than the one that stands here".to_owned(),
        _ => format!("hash {at} of tile {} of level {} does not follow from the events", id.number, id.level),
    };
    match leaf.and_then(|leaf| i64::try_from(leaf).ok()) {
        Some(leaf) => Fault::at(leaf.saturating_add(1), FaultKind::Tile, text),
        None => Fault::whole(FaultKind::Tile, text),
    }
}
