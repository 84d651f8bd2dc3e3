//! subject-record: the record of what an operator did with people's personal data.
//!
//! What an event *is* stands in the crate `subject-record-schemas`, what events *mean* in
//! `subject-record-projections`. This crate is the service: engines below, use cases above them, doors on top.
//! A room uses only rooms below it; `tests/guards.rs` keeps that.
//!
//! Invariants, mostly about absence:
//! - **The log never holds personal data, not even encrypted**: only salted digests. Values lie in boxes.
//! - **Nothing is acknowledged before it is synced**, and nothing acknowledged is doubled or reordered.
//! - **No fact is refused for being unlawful**: intake knows shapes, names and fences, not the law.
//! - **No box is stored behind a fence, and no key is made behind one**, each in the transaction that would.
//! - **No personal value is answered before the look is recorded**: no record, no answer.
//! - **Stored bytes are served as they are**, never written anew.
//! - **Store and vault do not know each other**; use cases do not know HTTP; nothing but the doors prints.
//! - **No clock is read and no randomness drawn** outside [`clock`].
//! - **No subject id, token or personal value is written to the service's own log.**

pub mod accesses;
pub mod anchors;
pub mod app;
pub mod background;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod copying;
pub mod db;
pub mod decision;
pub mod dossier;
pub mod erasure;
pub mod error;
pub mod export;
pub mod governed;
pub mod http;
pub mod intake;
pub mod log_check;
pub mod lookup;
pub mod notary;
pub mod outbound;
pub mod outside;
pub mod policies;
pub mod projector;
pub mod proofs;
pub mod registers;
pub mod rulebook;
pub mod simulate;
pub mod stamps;
pub mod store;
pub mod telemetry;
pub mod timeline;
pub mod vault;
pub mod witness;
