//! What a mirror finds wrong with a log. None of it names a person: entries are told by their place.

use subject_record_schemas::StoredEvent;

/// Characters of a type's name that are repeated.
const TYPE_CHARACTERS_MAX: usize = 64;

/// Why a tree is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are not those that stand in the tree.
    #[error("the bytes of entry {index} do not hash to its leaf in the log's tree")]
    Altered {
        /// Place in the tree, from 0.
        index: u64,
    },
    /// The bytes are no event as this service stores them.
    #[error("the bytes of entry {index} do not read as a stored event")]
    Unreadable {
        /// Place in the tree, from 0.
        index: u64,
    },
    /// Its sequence or `previous` does not follow the end of its stream.
    #[error(
        "entry {index} does not follow the last entry of its stream: one before it was left out, moved, doubled or altered"
    )]
    Chain {
        /// Place in the tree, from 0.
        index: u64,
    },
    /// It was recorded before the entry before it.
    #[error("the recorded time of entry {index} lies before that of the entry before it")]
    TimeBack {
        /// Place in the tree, from 0.
        index: u64,
    },
    /// The first entry does not open a log, or another one does.
    #[error("entry {index} should open the log and does not, or opens it once more")]
    Opening {
        /// Place in the tree, from 0.
        index: u64,
    },
    /// The first entry opens a log of another origin.
    #[error("the first entry opens a log of another origin than its checkpoints name")]
    OtherLog,
    /// The heads that the log wrote down are not those of its entries.
    #[error("entry {index} writes down heads of the first {at} entries that are not theirs")]
    Heads {
        /// Place in the tree, from 0.
        index: u64,
        /// Entries it speaks of.
        at: u64,
    },
    /// The heads that the log wrote down are of entries that come later, or go back.
    #[error(
        "entry {index} writes down heads of the first {at} entries, which is ahead of itself or behind the ones before"
    )]
    HeadsPlace {
        /// Place in the tree, from 0.
        index: u64,
        /// Entries it speaks of.
        at: u64,
    },
    /// The entries make another tree than the log signed.
    #[error("the first {size} entries have another root than the checkpoint over them")]
    Root {
        /// Entries under the checkpoint.
        size: u64,
    },
    /// The log signed two trees of one size.
    #[error("the log signed another tree of {size} entries than the one that was cosigned here: it forked")]
    Fork {
        /// Entries under both.
        size: u64,
    },
    /// The bytes of an entry are gone and nothing under the checkpoint says who withdrew them.
    #[error("entry {index} has no bytes, and no entry under this checkpoint says that it was withdrawn")]
    Unexplained {
        /// Place in the tree, from 0.
        index: u64,
    },
    /// A type that this build does not know.
    #[error("entry {index} has the type {wire_name}, which this build does not know: update the witness")]
    UnknownType {
        /// Place in the tree, from 0.
        index: u64,
        /// Its type.
        wire_name: String,
    },
    /// The engine's positions have gaps.
    #[error(
        "logs on this engine are not supported by the mirror yet: its positions have gaps, and entries do not tell theirs"
    )]
    Engine,
}

impl Fault {
    /// For a type that is not in the catalogue. A name that is none is not repeated.
    pub(super) fn unknown_type(index: u64, event: &StoredEvent) -> Self {
        let name = &event.attributes.wire_name;
        let plain = name.len() <= TYPE_CHARACTERS_MAX
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.');
        match plain {
            true => Self::UnknownType { index, wire_name: name.clone() },
            false => Self::Unreadable { index },
        }
    }

    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "entry_altered",
            Self::Unreadable { .. } => "entry_unreadable",
            Self::Chain { .. } => "chain_broken",
            Self::TimeBack { .. } => "time_back",
            Self::Opening { .. } => "opening_misplaced",
            Self::OtherLog => "other_log",
            Self::Heads { .. } => "heads_wrong",
            Self::HeadsPlace { .. } => "heads_misplaced",
            Self::Root { .. } => "root_differs",
            Self::Fork { .. } => "log_forked",
            Self::Unexplained { .. } => "withdrawal_unexplained",
            Self::UnknownType { .. } => "type_unknown",
            Self::Engine => "engine_unsupported",
        }
    }

    /// Place in the tree of the entry at fault, if it is one entry's.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        match self {
            Self::Altered { index }
            | Self::Unreadable { index }
            | Self::Chain { index }
            | Self::TimeBack { index }
            | Self::Opening { index }
            | Self::Heads { index, .. }
            | Self::HeadsPlace { index, .. }
            | Self::Unexplained { index }
            | Self::UnknownType { index, .. } => Some(*index),
            Self::OtherLog | Self::Engine => Some(0),
            Self::Root { .. } | Self::Fork { .. } => None,
        }
    }

    /// Whether it holds for good: nothing that extends this tree can be right.
    ///
    /// The others pass: the log says later who withdrew an entry, or the witness is updated.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Unexplained { .. } | Self::UnknownType { .. } | Self::Engine)
    }
}
