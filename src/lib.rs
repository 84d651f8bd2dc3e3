//! subject-record: the record of what an operator did with people's personal data.

pub mod caller;
pub mod clock;
pub mod db;
pub mod error;
pub mod intake;
pub mod store;
pub mod vault;
