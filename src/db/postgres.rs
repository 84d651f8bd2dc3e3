//! PostgreSQL as this service opens it: a schema a room, connections that do not wait for ever.

use std::borrow::Cow;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::{Migrate as _, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use super::DatabaseError;

/// How long a connection may take to be had.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long a connection that goes back to its pool may take to answer.
const RELEASE_WAIT_MAX: Duration = Duration::from_secs(1);

/// How long the server waits for a peer that does not acknowledge before it lets go of its locks.
pub(super) const SILENCE_SECONDS_MAX: u32 = 3;

/// Serialises the making of tables by instances that start together. Any number that nobody else uses.
const MIGRATING: i64 = 0x7375_626A_6563_7401;

const SCHEMA_EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)";
const APPLIED_EXISTS: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";

/// A schema of a database.
#[derive(Clone)]
pub struct Postgres {
    options: Box<PgConnectOptions>,
    schema: Cow<'static, str>,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

impl Postgres {
    /// The schema `schema` of the database at a URL.
    ///
    /// # Errors
    /// [`DatabaseError::Url`] when it does not read.
    pub fn at(url: &str, schema: &'static str) -> Result<Self, DatabaseError> {
        let options = PgConnectOptions::from_str(url).map_err(DatabaseError::Url)?;
        let silence = SILENCE_SECONDS_MAX.to_string();
        let silence_ms = (SILENCE_SECONDS_MAX * 1_000).to_string();
        let options = options
            .application_name("subject-record")
            .options([
                // Of what instances that start together make at once, one finds it made.
                ("client_min_messages", "warning"),
                ("search_path", schema),
                // An instance that is cut off must not hold its locks for longer than others are to wait.
                ("tcp_keepalives_idle", "1"),
                ("tcp_keepalives_interval", "1"),
                ("tcp_keepalives_count", silence.as_str()),
                ("tcp_user_timeout", silence_ms.as_str()),
                ("idle_in_transaction_session_timeout", silence_ms.as_str()),
            ])
            .disable_statement_logging();
        Ok(Self { options: Box::new(options), schema: Cow::Borrowed(schema) })
    }

    /// Another schema of the same database, whose sessions have settings of their own.
    #[must_use]
    pub fn beside(&self, schema: String, settings: &[(&str, &str)]) -> Self {
        // Of a setting that is given twice, the last one counts.
        let options = (*self.options).clone().options([("search_path", schema.as_str())]);
        let options = Box::new(options.options(settings.iter().copied()));
        Self { options, schema: Cow::Owned(schema) }
    }

    /// Where it is, for people: host, database and schema, no password.
    #[must_use]
    pub fn name(&self) -> String {
        let database = self.options.get_database().unwrap_or_default();
        format!(
            "postgres://{}:{}/{database} ({})",
            self.options.get_host(),
            self.options.get_port(),
            self.schema
        )
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Whether another place is in the same cluster, and so in the same backups.
    #[must_use]
    pub fn shares_cluster_with(&self, other: &Self) -> bool {
        (self.options.get_host(), self.options.get_port(), self.options.get_socket())
            == (other.options.get_host(), other.options.get_port(), other.options.get_socket())
    }

    fn failed(&self, source: sqlx::Error) -> DatabaseError {
        DatabaseError::Connect { place: self.name(), source }
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// When there is none within five seconds.
    pub async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        match tokio::time::timeout(CONNECT_WAIT_MAX, self.options.connect()).await {
            Ok(connected) => connected,
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// Connections for readers.
    ///
    /// # Errors
    /// [`DatabaseError::Connect`].
    pub async fn pool(&self, connections_max: u32) -> Result<PgPool, DatabaseError> {
        let pool = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(CONNECT_WAIT_MAX)
            // One that was given up in mid-answer would keep its place until the system gives it up, minutes later.
            .after_release(|connection, _| {
                Box::pin(async move {
                    let answer = tokio::time::timeout(RELEASE_WAIT_MAX, connection.ping()).await;
                    answer.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|()| true)
                })
            });
        pool.connect_with((*self.options).clone()).await.map_err(|source| self.failed(source))
    }

    /// Makes the schema and brings its tables up to date. Where all is there, nothing is asked for that a role which
    /// may not change tables could not do.
    ///
    /// # Errors
    /// [`DatabaseError`], naming the place.
    pub async fn migrate(&self, migrator: &Migrator) -> Result<(), DatabaseError> {
        let mut connection = self.connect().await.map_err(|source| self.failed(source))?;
        let migrated = self.migrate_by(&mut connection, migrator).await;
        let _ = connection.close().await;
        migrated
    }

    async fn migrate_by(
        &self,
        connection: &mut PgConnection,
        migrator: &Migrator,
    ) -> Result<(), DatabaseError> {
        let failed = |source| self.failed(source);
        if self.is_up_to_date(connection, migrator).await? {
            return Ok(());
        }
        // Another instance may be at it.
        sqlx::query("SELECT pg_advisory_lock($1)")
            .bind(MIGRATING)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        let exists: bool = sqlx::query_scalar(SCHEMA_EXISTS)
            .bind(&*self.schema)
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        if !exists {
            let create = AssertSqlSafe(format!("CREATE SCHEMA {}", self.schema));
            sqlx::query(create).execute(&mut *connection).await.map_err(failed)?;
        }
        let migrated = migrator.run_direct(None, connection, false).await;
        migrated.map_err(|source| DatabaseError::MigrateAt { place: self.name(), source })?;
        sqlx::query("SELECT pg_advisory_unlock($1)")
            .bind(MIGRATING)
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Whether every migration of this build is applied as it stands here.
    async fn is_up_to_date(
        &self,
        connection: &mut PgConnection,
        migrator: &Migrator,
    ) -> Result<bool, DatabaseError> {
        let is_there: bool = sqlx::query_scalar(APPLIED_EXISTS)
            .fetch_one(&mut *connection)
            .await
            .map_err(|source| self.failed(source))?;
        if !is_there {
            return Ok(false);
        }
        let applied = connection.list_applied_migrations("_sqlx_migrations").await;
        let applied = applied.map_err(|source| DatabaseError::MigrateAt { place: self.name(), source })?;
        let has = |wanted: &sqlx::migrate::Migration| {
            applied.iter().any(|done| done.version == wanted.version && done.checksum == wanted.checksum)
        };
        Ok(migrator.iter().all(has) && applied.len() == migrator.iter().count())
    }
}
