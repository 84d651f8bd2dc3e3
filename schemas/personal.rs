//! A personal value as a reader meets it: open, sealed, shredded or lost.

use std::fmt;

/// A personal value. Erased is a state of the type, not a mask, so that every reader has to face it.
///
/// There is no `Default` and no `Display`; `Debug` prints the state only.
#[derive(Clone, PartialEq, Eq)]
pub enum Personal<T> {
    /// The box was opened.
    Open(T),
    /// The box exists and was not opened for this reader.
    Sealed,
    /// The key or the box was destroyed, and the log says so.
    Shredded,
    /// There is no box and no recorded destruction: a finding.
    Lost,
}

impl<T> Personal<T> {
    /// The value, if it is open.
    pub fn open(self) -> Option<T> {
        match self {
            Self::Open(value) => Some(value),
            Self::Sealed | Self::Shredded | Self::Lost => None,
        }
    }

    /// The same state with another value inside.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Personal<U> {
        match self {
            Self::Open(value) => Personal::Open(f(value)),
            Self::Sealed => Personal::Sealed,
            Self::Shredded => Personal::Shredded,
            Self::Lost => Personal::Lost,
        }
    }

    /// The state's name on the wire.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Sealed => "sealed",
            Self::Shredded => "shredded",
            Self::Lost => "lost",
        }
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state())
    }
}
