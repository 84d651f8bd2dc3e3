//! The engine over KurrentDB, against a double of the server: what goes wrong between both, and what is left of it.
//!
//! The conformance suite runs on the double too (`tests/conformance`), and on a real server where `KURRENTDB_URL`
//! names one.

mod appends;
mod boxes;
mod crashes;
mod differential;
pub(crate) mod double;
mod following;
mod given;
mod log;
mod wire;
