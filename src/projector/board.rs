//! What instances tell one another of projections: which generation is read, how far a rebuild is, and what is asked of
//! the instance that runs a projection. A few rows in tables beside the read models, on PostgreSQL only.

use sqlx::migrate::Migrator;

use super::{Projection, Rebuilding};
use crate::db::DatabaseError;
use crate::db::postgres::Postgres;
use crate::db::sql::{Connection, Pool, Sql, query};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres/projections");

static FIRST: Sql = Sql::both(
    "INSERT INTO projections (projection, term, newest) VALUES ($1, 0, 0) ON CONFLICT (projection) DO NOTHING",
);
static TAKE_OVER: Sql =
    Sql::both("UPDATE projections SET term = term + 1 WHERE projection = $1 RETURNING term, live, newest");
static NEXT: Sql = Sql::both(
    "UPDATE projections SET newest = newest + 1 WHERE projection = $1 AND term = $2 RETURNING newest",
);
static READ: Sql =
    Sql::both("SELECT live, done, total, failed, trouble FROM projections WHERE projection = $1");
static HOLDS: Sql = Sql::both("SELECT count(*) FROM projections WHERE projection = $1 AND term = $2");
static TELL: Sql = Sql::both(
    "UPDATE projections SET done = $3, total = $4, failed = $5, trouble = $6 WHERE projection = $1 AND term = $2",
);
static ASK: Sql = Sql::both(
    "INSERT INTO requests (projection, kind, asked_us) \
     VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) RETURNING number",
);
static ASKED: Sql = Sql::both(
    "SELECT number, kind FROM requests WHERE projection = $1 AND answer IS NULL AND number > $2 ORDER BY number",
);
static ANSWER: Sql = Sql::both("UPDATE requests SET answer = $2 WHERE number = $1");
static ANSWERED: Sql = Sql::both("SELECT answer FROM requests WHERE number = $1");
// Whoever asked looks several times a second, unless it is gone.
static FORGET: Sql = Sql::both(
    "DELETE FROM requests WHERE projection = $1 AND answer IS NOT NULL \
     AND asked_us < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - 86400000000",
);

/// Connections to it, of one instance.
const CONNECTIONS_MAX: u32 = 3;

/// What is asked of the instance that runs a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Rebuild,
    Cancel,
    Resume,
}

impl Asked {
    const ALL: [Self; 3] = [Self::Rebuild, Self::Cancel, Self::Resume];

    const fn name(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuild",
            Self::Cancel => "cancel",
            Self::Resume => "resume",
        }
    }
}

/// What the instance that runs a projection says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) rebuilding: Option<Rebuilding>,
    pub(super) failed: Option<String>,
    pub(super) trouble: Option<String>,
}

/// How a projection was taken over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    /// How often it has been, with this.
    pub(super) number: i64,
    /// The generation that is read.
    pub(super) live: Option<u64>,
    /// The last generation that was begun.
    pub(super) newest: u64,
}

/// The tables, for one projection.
#[derive(Clone, Debug)]
pub(super) struct Board {
    pub(super) base: Postgres,
    pub(super) projection: Projection,
    pool: Pool,
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Board {
    /// Makes the tables if they are not there yet, and opens them for every projection.
    pub(super) async fn open(base: &Postgres) -> Result<Vec<Self>, DatabaseError> {
        base.migrate(&MIGRATOR).await?;
        let pool = Pool::Postgres(base.pool(CONNECTIONS_MAX).await?);
        let mut boards = Vec::new();
        for projection in Projection::ALL {
            let first = query(&FIRST).bind(projection.name()).execute(&pool).await;
            first.map_err(|source| DatabaseError::Connect { place: base.name(), source })?;
            boards.push(Self { base: base.clone(), projection, pool: pool.clone() });
        }
        Ok(boards)
    }

    /// Takes the projection over, through the session of its lease.
    pub(super) async fn take_over(&self, lease: &mut Connection) -> Result<Term, sqlx::Error> {
        let row = query(&TAKE_OVER).bind(self.projection.name()).fetch_one(lease).await?;
        Ok(Term {
            number: row.integer("term")?,
            live: row.integer_or_null("live")?.map(unsigned),
            newest: row.unsigned("newest")?,
        })
    }

    /// A number for a new generation. None when another instance has taken over.
    pub(super) async fn next_generation(&self, term: i64) -> Result<Option<u64>, sqlx::Error> {
        let row = query(&NEXT).bind(self.projection.name()).bind(term).fetch_optional(&self.pool).await?;
        row.map(|row| row.unsigned(0)).transpose()
    }

    /// The generation that is read, and what is told of the projection.
    pub(super) async fn read(&self) -> Result<(Option<u64>, Told), sqlx::Error> {
        let row = query(&READ).bind(self.projection.name()).fetch_one(&self.pool).await?;
        let rebuilding = match (row.integer_or_null("done")?, row.integer_or_null("total")?) {
            (Some(done), Some(total)) => Some(Rebuilding { done: unsigned(done), total: unsigned(total) }),
            _ => None,
        };
        let (failed, trouble) = (row.text_or_null("failed")?, row.text_or_null("trouble")?);
        Ok((row.integer_or_null("live")?.map(unsigned), Told { rebuilding, failed, trouble }))
    }

    /// Whether nobody has taken over since.
    pub(super) async fn holds(&self, term: i64) -> Result<bool, sqlx::Error> {
        let held = query(&HOLDS).bind(self.projection.name()).bind(term).fetch_one(&self.pool).await?;
        Ok(held.integer(0)? == 1)
    }

    /// Tells how the projection stands. Answers whether it is still this instance's to tell.
    pub(super) async fn tell(&self, term: i64, told: &Told) -> Result<bool, sqlx::Error> {
        let told = query(&TELL)
            .bind(self.projection.name())
            .bind(term)
            .bind(told.rebuilding.map(|rebuilding| signed(rebuilding.done)))
            .bind(told.rebuilding.map(|rebuilding| signed(rebuilding.total)))
            .bind(told.failed.clone())
            .bind(told.trouble.clone());
        Ok(told.execute(&self.pool).await? == 1)
    }

    /// Asks something of the instance that runs the projection; answers the number of what was asked.
    pub(super) async fn ask(&self, asked: Asked) -> Result<i64, sqlx::Error> {
        let ask = query(&ASK).bind(self.projection.name()).bind(asked.name());
        ask.fetch_one(&self.pool).await?.integer(0)
    }

    /// What is asked, and has no answer yet, after a number.
    pub(super) async fn asked(&self, after: i64) -> Result<Vec<(i64, Asked)>, sqlx::Error> {
        let rows = query(&ASKED).bind(self.projection.name()).bind(after).fetch_all(&self.pool).await?;
        let mut asked = Vec::new();
        for row in rows {
            let kind = row.text("kind")?;
            // What only a later version knows stays for it.
            let known = Asked::ALL.into_iter().find(|asked| asked.name() == kind);
            asked.extend(known.map(|known| row.integer("number").map(|number| (number, known))));
        }
        asked.into_iter().collect()
    }

    /// Answers what was asked: with nothing if it is done.
    pub(super) async fn answer(&self, number: i64, answer: &str) -> Result<(), sqlx::Error> {
        query(&ANSWER).bind(number).bind(answer).execute(&self.pool).await?;
        query(&FORGET).bind(self.projection.name()).execute(&self.pool).await.map(drop)
    }

    /// The answer to what was asked, once there is one.
    pub(super) async fn answered(&self, number: i64) -> Result<Option<String>, sqlx::Error> {
        query(&ANSWERED).bind(number).fetch_one(&self.pool).await?.text_or_null(0)
    }
}
