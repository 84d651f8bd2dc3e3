//! What must hold for a dossier to pass: axes, and how far each has to go.

use std::fmt;
use std::str::FromStr;

use super::Verdicts;
use super::verdict::{Axis, Level};

/// An axis that must hold, at least at a level if one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The axis.
    pub axis: Axis,
    /// The weakest level that will do. Without one the axis must hold.
    pub at_least: Option<Level>,
}

/// Everything that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements(Vec<Requirement>);

impl Default for Requirements {
    /// Bytes, history and completeness: what a dossier can show by itself, given the log's key.
    fn default() -> Self {
        let axes = [Axis::Bytes, Axis::History, Axis::Completeness];
        Self(axes.into_iter().map(|axis| Requirement { axis, at_least: None }).collect())
    }
}

/// A list of requirements that does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// No such axis.
    #[error("{0:?} is no axis: bytes, history, completeness, witness or time")]
    Axis(String),
    /// The axis has no such level that could be asked for.
    #[error("{axis} has no level {level:?}: {known}")]
    Level {
        /// The axis.
        axis: Axis,
        /// What was asked for.
        level: String,
        /// What could be.
        known: String,
    },
}

impl FromStr for Requirements {
    type Err = RequirementError;

    /// Reads `axis` or `axis=level`, separated by commas.
    fn from_str(text: &str) -> Result<Self, RequirementError> {
        text.split(',').map(|one| one.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;
    fn from_str(text: &str) -> Result<Self, RequirementError> {
        let (axis, level) = text.split_once('=').map_or((text, None), |(axis, level)| (axis, Some(level)));
        let axis: Axis = axis.parse().map_err(|_| RequirementError::Axis(axis.to_owned()))?;
        let Some(level) = level else { return Ok(Self { axis, at_least: None }) };
        // The weakest level says that the claim is contradicted: nobody can want that.
        let levels = axis.levels().get(1..).unwrap_or_default();
        let at_least = levels.iter().copied().find(|known| known.word() == level);
        let unknown = || RequirementError::Level {
            axis,
            level: level.to_owned(),
            known: levels.iter().map(|known| known.word()).collect::<Vec<_>>().join(", "),
        };
        Ok(Self { axis, at_least: Some(at_least.ok_or_else(unknown)?) })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at_least {
            Some(level) => write!(f, "{}={level}", self.axis),
            None => self.axis.fmt(f),
        }
    }
}

impl Requirements {
    /// Those that a dossier does not meet.
    #[must_use]
    pub fn unmet(&self, verdicts: &Verdicts) -> Vec<Requirement> {
        self.0.iter().copied().filter(|requirement| !requirement.is_met(verdicts)).collect()
    }
}

impl Requirement {
    fn is_met(self, verdicts: &Verdicts) -> bool {
        let Some(verdict) = verdicts.on(self.axis) else { return false };
        let Some(at_least) = self.at_least else { return verdict.holds };
        let rank = |level| self.axis.levels().iter().position(|known| *known == level);
        let first_that_holds = match self.axis {
            Axis::Bytes => Level::Intact,
            Axis::History => Level::Consistent,
            Axis::Completeness => Level::Claimed,
            Axis::Witness => Level::Witnessed,
            Axis::Time => Level::Stamped,
        };
        // A level below those that hold is asked for to put up with what does not; above, the axis must hold too.
        verdict.faults.is_empty()
            && rank(verdict.level) >= rank(at_least)
            && (verdict.holds || rank(at_least) < rank(first_that_holds))
    }
}
