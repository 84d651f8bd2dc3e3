//! The real service through its doors: a process of its own, over HTTP and the command line.

mod accesses;
mod again;
mod batches;
mod canary;
mod client;
mod crashes;
mod draining;
mod erased;
mod given;
mod health;
mod lines;
mod log;
mod lookup;
mod mutants;
mod odd;
mod openings;
mod properties;
mod reading;
mod refusals;
mod rules;
mod schema_faults;
mod senders;
mod server;
