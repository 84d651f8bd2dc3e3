//! Several instances of the service over one PostgreSQL.

mod cuts;
mod disorder;
mod erased;
mod site;
mod skipping;
mod tokens;
