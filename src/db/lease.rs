//! Exactly one of several instances does a thing.
//!
//! A lease is a database session that holds an advisory lock. Whoever holds it writes through that very session, so
//! that a holder who lost it can write nothing any more: there is no token to compare and no clock to trust. The server
//! ends a session that is silent for three seconds, whether its instance died, hangs or is cut off; so the holder gives
//! a sign of life each second, and another instance takes over within five.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sqlx::Connection as _;

use super::outage::within;
use super::postgres::{Postgres, SILENCE_SECONDS_MAX};
use super::sql::Connection;

/// How often an instance that does not hold a lease tries to get it.
pub const TRY_EVERY: Duration = Duration::from_millis(500);

/// How often the holder gives a sign of life.
pub const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(1);

/// Takes the lease of a thing, unless another instance holds it. It is held for as long as the connection lives.
///
/// # Errors
/// When the database cannot be asked.
pub async fn take(place: &Postgres, thing: &str) -> Result<Option<Connection>, sqlx::Error> {
    within(taken(place, thing)).await
}

async fn taken(place: &Postgres, thing: &str) -> Result<Option<Connection>, sqlx::Error> {
    let mut connection = place.connect().await?;
    let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(number_of(place.schema(), thing))
        .fetch_one(&mut connection)
        .await?;
    if !taken {
        connection.close().await?;
        return Ok(None);
    }
    let silence = format!("{}s", SILENCE_SECONDS_MAX);
    sqlx::query("SELECT set_config('idle_session_timeout', $1, false)")
        .bind(silence)
        .execute(&mut connection)
        .await?;
    Ok(Some(Connection::Postgres(connection)))
}

/// Says that the holder lives. A file has one owner for as long as its process lives, and needs no sign.
///
/// # Errors
/// When the lease is lost.
pub async fn sign_of_life(connection: &mut Connection) -> Result<(), sqlx::Error> {
    match connection {
        Connection::Sqlite(_) => Ok(()),
        Connection::Postgres(connection) => {
            match tokio::time::timeout(SIGN_OF_LIFE_EVERY, connection.ping()).await {
                Ok(answered) => answered,
                Err(_) => Err(sqlx::Error::PoolTimedOut),
            }
        }
    }
}

/// The lock of a thing in a schema. Databases have locks of their own each.
fn number_of(schema: &str, thing: &str) -> i64 {
    let hash = Sha256::new().chain_update(schema).chain_update([0]).chain_update(thing).finalize();
    hash.iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte))
}
