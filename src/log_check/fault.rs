//! What is wrong, where, and on which axis.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use subject_record_schemas::Position;

pub use crate::dossier::verify::Axis;

/// Faults of one kind that are told one by one; of more only the number is told.
pub const FAULTS_OF_A_KIND_MAX: usize = 200;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $code:literal $axis:ident;)+) => {
        /// What can be wrong. Its code is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind { $($(#[$doc])* $variant),+ }

        impl FaultKind {
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The axis it is a fault on.
            #[must_use]
            pub const fn axis(self) -> Axis {
                match self { $(Self::$variant => Axis::$axis),+ }
            }
        }
    };
}

kinds! {
    /// A database file is damaged, or its tables are not as they were made.
    File "file" Bytes;
    /// A row cannot be read, or a column holds what it cannot hold.
    Row "row" Bytes;
    /// Stored bytes are no event.
    Unreadable "unreadable" Bytes;
    /// The bytes have another leaf hash than the one kept beside them.
    Leaf "leaf" Bytes;
    /// A column says something else than the bytes.
    Column "column" Bytes;
    /// The stream of a row is not the one its bytes belong to.
    Stream "stream" Bytes;
    /// Two events bear one name.
    Name "name" Bytes;
    /// A row beside the log belongs to no event, or to none as it is.
    Stray "stray" Bytes;
    /// A box does not open: altered, moved from another event, or sealed under another key.
    BoxShut "box.shut" Bytes;
    /// What a box holds is not what its event says.
    BoxContent "box.content" Bytes;
    /// A box or its key is gone, and no destruction is recorded.
    BoxLost "box.lost" Bytes;
    /// A box or a key is there though its person was erased.
    BoxBehindFence "box.behind_fence" Bytes;
    /// A wrapped key does not open.
    Key "key" Bytes;
    /// A published text does not have its hash.
    Text "text" Bytes;

    /// Positions are missing.
    Gap "gap" History;
    /// The log does not begin with the event that opens a log.
    Opening "opening" History;
    /// A tile of the tree does not follow from the events.
    Tile "tile" History;
    /// A tile of the tree is not there.
    TileMissing "tile.missing" History;
    /// A checkpoint is not signed by the log's key, or is none.
    Signature "signature" History;
    /// A checkpoint's root does not follow from the events.
    Root "root" History;
    /// A signed checkpoint covers more than there is: the log was rolled back.
    RolledBack "rolled_back" History;
    /// Keys were destroyed for an erasure that is not in the log: the log was rolled back.
    ErasureUnknown "erasure.unknown" History;

    /// The revision of an event does not follow that of the event before it in its stream.
    Sequence "sequence" Completeness;
    /// An event does not point at the event before it in its stream.
    Previous "previous" Completeness;
    /// The recorded root over the ends of all streams does not follow from the events.
    Heads "heads" Completeness;
    /// An erasure was decided and the destruction is not recorded.
    ErasureOpen "erasure.open" Completeness;
    /// The bytes of an event are gone, and no withdrawal is recorded.
    NotWithdrawn "not_withdrawn" Completeness;

    /// A checkpoint held outside covers more than there is.
    AnchorNewer "anchor.newer" Witness;
    /// A checkpoint held outside has a root that does not follow from the events.
    AnchorRoot "anchor.root" Witness;
    /// What is held outside is no checkpoint of this log.
    AnchorForeign "anchor.foreign" Witness;

    /// A recorded time is before that of the event before it.
    TimeBack "time.back" Time;
}

impl Serialize for FaultKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// The position that is wrong; `None` where it is no single one.
    pub position: Option<Position>,
    /// On which axis.
    pub axis: Axis,
    /// What it is.
    #[serde(rename = "code")]
    pub kind: FaultKind,
    /// The same in words, without any personal value.
    pub text: String,
}

impl Fault {
    pub(super) fn at(position: i64, kind: FaultKind, text: impl Into<String>) -> Self {
        let position = u64::try_from(position).ok().map(Position::new);
        Self { position, axis: kind.axis(), kind, text: text.into() }
    }

    pub(super) fn whole(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { position: None, axis: kind.axis(), kind, text: text.into() }
    }
}

/// Faults as they are found: the first ones of each kind, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
    counts: BTreeMap<FaultKind, u64>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        let count = self.counts.entry(fault.kind).or_default();
        if *count < FAULTS_OF_A_KIND_MAX as u64 {
            self.found.push(fault);
        }
        *count += 1;
    }

    pub(super) fn take_in(&mut self, other: Self) {
        for fault in &other.found {
            self.add(fault.clone());
        }
        // What the other one left out counts too.
        for (kind, count) in other.counts {
            let told = other.found.iter().filter(|fault| fault.kind == kind).count() as u64;
            *self.counts.entry(kind).or_default() += count.saturating_sub(told);
        }
    }

    /// By position, what has none last; and how many were left out.
    pub(super) fn sorted(mut self) -> (Vec<Fault>, u64) {
        self.found.sort_by(|a, b| {
            let key = |fault: &Fault| (fault.position.is_none(), fault.position, fault.axis, fault.kind);
            key(a).cmp(&key(b))
        });
        let all: u64 = self.counts.values().sum();
        let left_out = all.saturating_sub(self.found.len() as u64);
        (self.found, left_out)
    }
}
