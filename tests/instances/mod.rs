//! Several instances of the service over one PostgreSQL.

mod skipping;
