//! What the events of subject-record *mean*: the fold of a person, and the sentences that say it.
//!
//! Everything here is pure: no clock, no network, no database, no cryptography. A fold sees what a stored
//! event says in public and where its box lies; it never sees a personal value.

pub mod event;
#[cfg(test)]
mod given;
pub mod sentences;
pub mod subject;

pub use event::SubjectEvent;
