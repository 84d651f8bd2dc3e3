//! What the events of subject-record *mean*: the fold of a person, and the sentences that say it.
//!
//! Everything here is pure: no clock, no network, no database, no cryptography. A fold sees what a stored
//! event says in public and where its box lies; it never sees a personal value.

pub mod acceptances;
pub mod accesses;
pub mod assessor;
pub mod calendar;
pub mod chronicle;
pub mod consents;
pub mod deadlines;
pub mod decision;
pub mod disclosures;
pub mod due;
pub mod event;
pub mod finding;
pub mod findings;
#[cfg(test)]
mod given;
pub mod governance;
pub mod history;
pub mod lawfulness;
pub mod profile;
pub mod rules;
pub mod sentences;
pub mod subject;
pub mod table;
pub mod versions;

pub use event::SubjectEvent;
