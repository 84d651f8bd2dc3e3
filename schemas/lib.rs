//! What an event of subject-record *is*: its types, identifiers, attributes and upcasters.
//!
//! This crate knows no clock, no network, no database and no cryptography. It says which documents an
//! emitter may send ([`catalogue`]), how a stored event reads ([`stored::StoredEvent`]), and what each
//! word means ([`vocabulary`]).
//!
//! Invariants, mostly about what is absent:
//! - **No public field is an open string.** Every value outside `data.personal` is an enumeration, number,
//!   date, flag, hash or a [`reference::Reference`]; a test walks all schemas.
//! - **No personal value is `Display` or visible in `Debug`.**
//! - **Nothing here decides whether a fact is lawful.** That is the assessor's work, in the projections.

pub mod attributes;
pub mod catalogue;
pub mod examples;
#[cfg(test)]
mod faults;
pub mod identifiers;
pub mod ids;
pub mod personal;
pub mod publish;
pub mod reference;
pub mod stored;
pub mod types;
pub mod upcast;
pub mod vocabulary;

pub use catalogue::{EventType, Fact};
pub use ids::{EventId, LeafHash, Position, Revision, Source, StreamName, SubjectId};
pub use reference::Reference;
pub use stored::StoredEvent;
