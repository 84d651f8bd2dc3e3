//! Several instances of the service over one PostgreSQL.

mod cuts;
mod disorder;
mod erased;
pub(crate) mod site;
mod skipping;
mod takeover;
mod tokens;
