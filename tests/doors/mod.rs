//! The real service through its doors: a process of its own, over HTTP and the command line.

mod accesses;
mod again;
mod batches;
mod canary;
pub(crate) mod client;
mod crashes;
mod decisions;
mod draining;
mod erased;
mod export;
pub(crate) mod given;
mod health;
mod lines;
mod log;
mod lookup;
mod mutants;
mod odd;
mod openings;
mod policies;
mod properties;
mod reading;
mod refusals;
mod registers;
mod rules;
mod schema_faults;
mod senders;
pub(crate) mod server;
