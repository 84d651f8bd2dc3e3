//! subject-record: the record of what an operator did with people's personal data.

pub mod accesses;
pub mod app;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod erasure;
pub mod error;
pub mod http;
pub mod intake;
pub mod store;
pub mod telemetry;
pub mod timeline;
pub mod vault;
