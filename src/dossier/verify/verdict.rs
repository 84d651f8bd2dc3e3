//! Axes, levels, faults, and how a verdict is put together.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use subject_record_schemas::Position;

/// Faults that are listed on one axis. The rest are counted.
pub(super) const FAULTS_MAX: usize = 1_000;

/// What a verdict is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// Is what is shown, to the byte, what the leaf hashes, digests and file hashes say?
    Bytes,
    /// Do all entries stand in the one log that this key signs, and has it only ever grown?
    History,
    /// Is anything of the streams left out?
    Completeness,
    /// Has anybody outside seen it?
    Witness,
    /// Since when can it not have been made up?
    Time,
}

impl Axis {
    /// Every axis, in the order in which they are told.
    pub const ALL: [Self; 5] = [Self::Bytes, Self::History, Self::Completeness, Self::Witness, Self::Time];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::History => "history",
            Self::Completeness => "completeness",
            Self::Witness => "witness",
            Self::Time => "time",
        }
    }

    /// Its levels, the weakest first.
    #[must_use]
    pub fn levels(self) -> &'static [Level] {
        match self {
            Self::Bytes => &[Level::Altered, Level::Intact],
            Self::History => &[Level::Broken, Level::Unchecked, Level::Consistent],
            Self::Completeness => &[Level::Broken, Level::Partial, Level::Claimed, Level::Audited],
            Self::Witness => &[Level::Broken, Level::SelfOnly, Level::Witnessed, Level::Anchored],
            Self::Time => &[Level::Broken, Level::Asserted, Level::Stamped],
        }
    }

    /// Its weakest level.
    #[must_use]
    pub(super) fn lowest(self) -> Level {
        if self == Self::Bytes { Level::Altered } else { Level::Broken }
    }
}

/// How far an axis goes. Which levels an axis has, [`Axis::levels`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Bytes: something is not what its hash says.
    Altered,
    /// Bytes: everything is.
    Intact,
    /// Another axis: its claim is contradicted.
    Broken,
    /// History: no key was given, so that only the dossier vouches for itself.
    Unchecked,
    /// History: one log, which only grew.
    Consistent,
    /// Completeness: complete but for what the dossier declares that it leaves out.
    Partial,
    /// Completeness: by the log's own heads root.
    Claimed,
    /// Completeness: by a heads root that a mirror derived again.
    Audited,
    /// Witness: nobody but the log itself.
    SelfOnly,
    /// Witness: a witness cosigned.
    Witnessed,
    /// Witness: a copy of the checkpoint was held outside.
    Anchored,
    /// Time: by the word of emitters and of the operator.
    Asserted,
    /// Time: by a time-stamping authority.
    Stamped,
}

impl Level {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Intact => "intact",
            Self::Broken => "broken",
            Self::Unchecked => "unchecked",
            Self::Consistent => "consistent",
            Self::Partial => "partial",
            Self::Claimed => "claimed",
            Self::Audited => "audited",
            Self::SelfOnly => "self",
            Self::Witnessed => "witnessed",
            Self::Anchored => "anchored",
            Self::Asserted => "asserted",
            Self::Stamped => "stamped",
        }
    }
}

macro_rules! as_word {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}

as_word!(Axis);
as_word!(Level);

/// No such axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an axis is bytes, history, completeness, witness or time")]
pub struct UnknownAxis;

impl FromStr for Axis {
    type Err = UnknownAxis;
    fn from_str(text: &str) -> Result<Self, UnknownAxis> {
        Self::ALL.into_iter().find(|axis| axis.word() == text).ok_or(UnknownAxis)
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The event at fault, if it is about one.
    pub position: Option<Position>,
    /// What kind of fault, the same in every language and release.
    pub code: &'static str,
    /// In words.
    pub text: String,
}

/// What was found on one axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Which axis.
    pub axis: Axis,
    /// How far it goes.
    pub level: Level,
    /// Whether the claim of this axis holds for the whole of what is shown.
    pub holds: bool,
    /// What exactly holds, and up to where.
    pub details: Vec<String>,
    /// What does not.
    pub faults: Vec<Fault>,
}

/// What is found while an axis is checked.
#[derive(Debug, Default)]
pub(super) struct Finding {
    details: Vec<String>,
    faults: Vec<Fault>,
    faults_not_listed: usize,
}

impl Finding {
    pub(super) fn fault(&mut self, position: Option<Position>, code: &'static str, text: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { position, code, text: text.into() });
        } else {
            self.faults_not_listed += 1;
        }
    }

    pub(super) fn detail(&mut self, text: impl Into<String>) {
        self.details.push(text.into());
    }

    pub(super) fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn verdict(mut self, axis: Axis, level: Level, holds: bool) -> Verdict {
        if self.faults_not_listed > 0 {
            self.details.push(format!("{} more faults are not listed", self.faults_not_listed));
        }
        Verdict { axis, level, holds, details: self.details, faults: self.faults }
    }
}

/// Positions in words: each, or how many when there are many.
pub(super) fn positions(of: &[Position]) -> String {
    const NAMED_MAX: usize = 20;
    let named: Vec<String> = of.iter().take(NAMED_MAX).map(Position::to_string).collect();
    let more = of.len().saturating_sub(NAMED_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}{rest}", if of.len() == 1 { "position" } else { "positions" }, named.join(", "))
}
