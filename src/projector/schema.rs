//! Schemas of read models, on PostgreSQL: one a projection and generation. Which one is read stands in a table beside
//! them ([`super::board`]); a rebuild fills the next.
//!
//! Nothing in them is evidence, so that no commit waits for the disk but the one that lets a generation take the place
//! of another: what power takes is read from the log again. Rows and progress stand in one transaction all the same.

use std::time::Duration;

use sqlx::migrate::Migrator;

use super::Projection;
use super::generation::{Generation, Stands};
use super::progress::{Progress, Use, progress, run, run_long};
use super::tables::quoted;
use crate::db::DatabaseError;
use crate::db::postgres::Postgres;
use crate::db::sql::{Connection, Engine, Sql, Text, query};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres/read_models");

static ENTER: Sql = Sql::both("SELECT set_config($1, $2, false)");
static SCHEMAS: Sql = Sql::both("SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname, $1)");

static FORGET: Sql = Sql::both("DELETE FROM retired WHERE projection = $1 AND generation = $2");

/// How long a reader may go on in a generation whose place another one has taken.
const READERS_GRACE: Duration = Duration::from_secs(300);

/// Settings of every session in a schema of read models.
const SETTINGS: [(&str, &str); 5] = [
    // See above.
    ("synchronous_commit", "off"),
    // A table that a rebuild fills grows a thousandfold under a plan that was made while it was empty; every search
    // and every change has an index to begin with.
    ("plan_cache_mode", "force_custom_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What the names of a projection's schemas begin with.
fn prefix(base: &Postgres, projection: Projection) -> String {
    format!("{}_{}_", base.schema(), projection.name())
}

/// The name of a generation's schema.
fn name(base: &Postgres, projection: Projection, number: u64) -> String {
    format!("{}{number}", prefix(base, projection))
}

/// A generation of a projection.
pub(super) fn generation(base: &Postgres, projection: Projection, number: u64) -> Generation {
    Generation::in_schema(base.beside(name(base, projection, number), &SETTINGS), number)
}

/// Makes a schema that is not there yet, with a connection of its own.
pub(super) async fn make(
    place: &Postgres,
    projection: Projection,
    wanted: Use,
) -> Result<(Connection, Progress), DatabaseError> {
    let failed = |source| DatabaseError::Connect { place: place.name(), source };
    place.migrate(&MIGRATOR).await?;
    let mut connection = Connection::Postgres(place.connect().await.map_err(failed)?);
    super::progress::make(&mut connection, projection, wanted).await.map_err(failed)?;
    let progress = progress(&mut connection).await.map_err(failed)?;
    Ok((connection, progress))
}

/// Makes one that is followed from its first event on.
pub(super) async fn make_live(
    generation: &Generation,
    projection: Projection,
) -> Result<Progress, DatabaseError> {
    match &generation.stands {
        Stands::Schema { place, .. } => Ok(make(place, projection, Use::Live).await?.1),
        Stands::File { path, .. } => Ok(super::file::open(path, projection, Use::Live).await?.1),
    }
}

/// Lets a session write in a generation.
pub(super) async fn enter(
    connection: &mut Connection,
    base: &Postgres,
    projection: Projection,
    number: u64,
) -> Result<(), sqlx::Error> {
    let schema = name(base, projection, number);
    for (setting, value) in SETTINGS.into_iter().chain([("search_path", schema.as_str())]) {
        query(&ENTER).bind(setting).bind(value).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Tells the planner what is in the tables of a generation that is about to be read. SQLite is told which index to
/// take, and needs it not.
pub(super) async fn analyse(connection: &mut Connection, projection: Projection) -> Result<(), sqlx::Error> {
    if connection.engine() == Engine::Postgres {
        for table in projection.tables() {
            run_long(connection, format!("ANALYZE {}", quoted(table.name))).await?;
        }
    }
    Ok(())
}

/// Lets a generation take the place of another, through the session of the lease: whoever lost it decides nothing.
/// One commit decides, and waits for the disk, which then has everything that was written before.
pub(super) async fn go_live(
    lease: &mut Connection,
    base: &Postgres,
    projection: Projection,
    old: Option<u64>,
    new: u64,
) -> Result<(), sqlx::Error> {
    let schema = base.schema();
    let is_whole = format!("UPDATE {}.progress SET building = 0", name(base, projection, new));
    let swap = format!(
        "UPDATE {schema}.projections SET live = $2 WHERE projection = $1 AND live IS NOT DISTINCT FROM $3::bigint"
    );
    let retire = format!(
        "INSERT INTO {schema}.retired (projection, generation, retired_us) \
         SELECT $1, $2::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint WHERE $2 IS NOT NULL"
    );
    let mut transaction = lease.begin().await?;
    query(Text::Built("SET LOCAL synchronous_commit = on".into())).execute(&mut transaction).await?;
    query(Text::Built(is_whole)).execute(&mut transaction).await?;
    let swap = query(Text::Built(swap)).bind(projection.name()).bind(signed(new)).bind(old.map(signed));
    if swap.execute(&mut transaction).await? != 1 {
        return Err(sqlx::Error::Protocol("another instance has swapped the read models".into()));
    }
    let retire = query(Text::Built(retire)).bind(projection.name()).bind(old.map(signed));
    retire.execute(&mut transaction).await?;
    transaction.commit().await?;
    enter(lease, base, projection, new).await
}

/// Numbers of the generations that have a schema.
pub(super) async fn numbers(
    connection: &mut Connection,
    base: &Postgres,
    projection: Projection,
) -> Result<Vec<u64>, sqlx::Error> {
    let prefix = prefix(base, projection);
    let found = query(&SCHEMAS).bind(prefix.as_str()).fetch_all(connection).await?;
    let names = found.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
    Ok(names.iter().filter_map(|name| name.strip_prefix(&prefix)?.parse().ok()).collect())
}

/// Drops generations up to a number that are of no use any more: all but the live one, and those whose place was taken
/// a short while ago. What cannot be dropped now is tried again the next time.
pub(super) async fn sweep(
    base: &Postgres,
    projection: Projection,
    live: u64,
    until: u64,
) -> Result<(), sqlx::Error> {
    let mut connection = Connection::Postgres(base.connect().await?);
    let grace = format!(
        "SELECT count(*) FROM retired WHERE projection = $1 AND generation = $2 \
         AND retired_us > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - {}",
        READERS_GRACE.as_micros()
    );
    for number in numbers(&mut connection, base, projection).await? {
        let is_wanted = number == live || number > until;
        let kept = query(Text::Built(grace.clone())).bind(projection.name()).bind(signed(number));
        if is_wanted || kept.fetch_one(&mut connection).await?.integer(0)? > 0 {
            continue;
        }
        if let Err(error) = drop_by(&mut connection, base, projection, number).await {
            tracing::warn!(%error, projection = projection.name(), number, "old read models stay behind for now");
        }
    }
    Ok(())
}

/// Drops a generation that nobody reads.
pub(super) async fn drop_one(
    base: &Postgres,
    projection: Projection,
    number: u64,
) -> Result<(), sqlx::Error> {
    let mut connection = Connection::Postgres(base.connect().await?);
    drop_by(&mut connection, base, projection, number).await
}

async fn drop_by(
    connection: &mut Connection,
    base: &Postgres,
    projection: Projection,
    number: u64,
) -> Result<(), sqlx::Error> {
    // Whoever reads in it must not be held up by one who waits to drop it.
    run(connection, "SET lock_timeout = '500ms'").await?;
    run_long(connection, format!("DROP SCHEMA IF EXISTS {} CASCADE", name(base, projection, number))).await?;
    query(&FORGET).bind(projection.name()).bind(signed(number)).execute(connection).await.map(drop)
}
