//! The roles script: what the service may do with each table, and that it is refused everything else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use subject_record::caller::Role;
use subject_record::clock::{Clock as _, SeededEntropy};
use subject_record::db::postgres::Postgres;
use subject_record::store::EventStore as _;
use subject_record::store::postgres::{PostgresSettings, PostgresStore};
use subject_record::vault::kek::FileKek;
use subject_record::vault::tokens::Tokens;
use subject_record::vault::{Instances, KeyFile, KeyOwner, KeyState, SCHEMA, Vault, VaultSettings};

use super::Cluster;
use crate::conformance::checker::check_log;
use crate::conformance::given::{Shape, any, clock, event, person, record};

/// Permission denied, and only members of a role may.
const INSUFFICIENT: &str = "42501";

/// A database whose schemas, tables and rights are as the script says.
struct Given {
    url: String,
    owner: String,
    service: String,
}

impl Given {
    /// As an installation goes: the script, a first start as owner, the script again.
    async fn new() -> Self {
        // Roles belong to the whole cluster, which other tests share.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let url = Cluster::shared().database().await;
        let given = Self { url, owner: format!("owner_{number}"), service: format!("service \"{number}\"") };
        given.apply().await;
        drop(given.store(&given.owner).await);
        drop(given.vault(&given.owner).await);
        given.apply().await;
        given
    }

    async fn vault(&self, role: &str) -> Vault {
        let (place, entropy) =
            (Postgres::at(&self.url_of(role), SCHEMA).unwrap(), Arc::new(SeededEntropy::new(1)));
        let keys = KeyFile::connect(&place, entropy.clone()).await.unwrap();
        Vault::new(keys, Arc::new(FileKek::new([5; 32])), VaultSettings::default(), clock(), entropy)
    }

    async fn script(&self) -> std::process::Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/postgres-roles.sql");
        let names = [("owner", self.owner.as_str()), ("service", self.service.as_str())];
        Cluster::shared().psql(&self.url, &script, &names).await
    }

    async fn apply(&self) {
        let output = self.script().await;
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }

    fn url_of(&self, role: &str) -> String {
        let role = role.replace(' ', "%20").replace('"', "%22");
        self.url.replace("postgres@", &format!("{role}@"))
    }

    async fn store(&self, role: &str) -> PostgresStore {
        let entropy = Arc::new(SeededEntropy::new(1));
        let settings = PostgresSettings::default();
        PostgresStore::open(&self.url_of(role), &settings, clock(), entropy).await.unwrap()
    }

    async fn connection(&self, role: &str) -> PgConnection {
        PgConnection::connect(&self.url_of(role)).await.unwrap()
    }

    /// What the service may do with each table, as letters: select, insert, update, delete; capital for what none needs.
    async fn rights(&self) -> BTreeMap<String, String> {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT t.schemaname || '.' || t.tablename, \
                coalesce(string_agg(letter, '' ORDER BY n) \
                    FILTER (WHERE has_table_privilege($1, format('%I.%I', t.schemaname, t.tablename), name)), '') \
             FROM pg_tables t, (VALUES (1, 's', 'SELECT'), (2, 'i', 'INSERT'), (3, 'u', 'UPDATE'), (4, 'd', 'DELETE'), \
                (5, 'T', 'TRUNCATE'), (6, 'R', 'REFERENCES'), (7, 'G', 'TRIGGER')) AS p (n, letter, name) \
             WHERE t.schemaname IN ('events', 'log', 'keys', 'read_models') GROUP BY 1",
        )
        .bind(&self.service)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        rows.into_iter().collect()
    }
}

/// The state of a refusal, or nothing.
async fn refusal(connection: &mut PgConnection, sql: &'static str) -> String {
    let result = sqlx::raw_sql(sql).execute(connection).await;
    let error = result.err().and_then(|error| Some(error.as_database_error()?.code()?.into_owned()));
    error.unwrap_or_default()
}

#[tokio::test]
async fn the_service_has_the_rights_it_needs_on_every_table_and_no_more() {
    let given = Given::new().await;
    let wanted = [
        ("events._sqlx_migrations", "s"),
        ("events.boxes", "sid"),
        ("events.events", "si"),
        ("events.sequencer", "su"),
        ("events.sources", "si"),
        ("events.streams", "si"),
        ("events.texts", "si"),
        ("keys._sqlx_migrations", "s"),
        ("keys.deks", "sid"),
        ("keys.fences", "si"),
        ("keys.instances", "siud"),
        ("keys.invalidation_counter", "su"),
        ("keys.invalidations", "sid"),
        ("keys.lookup_entries", "sid"),
        ("keys.lookup_state", "siu"),
        ("keys.tokens", "siu"),
    ];
    let wanted = BTreeMap::from(wanted.map(|(table, rights)| (table.to_owned(), rights.to_owned())));
    assert_eq!(given.rights().await, wanted);

    // Repeated, it changes nothing; and it takes back what somebody gave by hand.
    let mut superuser = PgConnection::connect(&given.url).await.unwrap();
    let given_by_hand = format!(
        "GRANT UPDATE, DELETE, TRUNCATE ON events.events TO {0}; GRANT CREATE ON SCHEMA events TO {0}; \
         ALTER ROLE {0} SUPERUSER",
        format_args!("\"{}\"", given.service.replace('"', "\"\""))
    );
    sqlx::raw_sql(AssertSqlSafe(given_by_hand)).execute(&mut superuser).await.unwrap();
    given.apply().await;
    assert_eq!(given.rights().await, wanted);
    let mut service = given.connection(&given.service).await;
    assert_eq!(refusal(&mut service, "CREATE TABLE events.mine (number BIGINT)").await, INSUFFICIENT);
}

#[tokio::test]
async fn the_service_starts_appends_and_destroys_boxes() {
    let given = Given::new().await;
    let store = given.store(&given.service).await;
    record(&store, any(&person(1), [event("e-1").boxed(1), event("e-2")])).await;
    assert_eq!(store.destroy_boxes(&person(1)).await.unwrap(), 1);
    assert_eq!(check_log(&store).await.unwrap().events.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_makes_and_destroys_keys_keeps_tokens_and_indexes() {
    let given = Given::new().await;
    let vault = Arc::new(given.vault(&given.service).await);
    let tokens = Tokens::load(vault.key_file()).await.unwrap();
    let beats = Instances::start(Arc::clone(&vault), tokens.clone());
    for _ in 0..500 {
        if beats.is_live() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(beats.is_live());
    let (owner, now) = (KeyOwner::person(&person(1)), clock().now());
    assert!(matches!(vault.mint(&[owner.clone()]).await.unwrap()[..], [Ok(KeyState::Ready(_))]));
    vault.shred(&owner).await.unwrap();
    let entropy = SeededEntropy::new(2);
    let text =
        tokens.create(vault.key_file(), "desk", Role::Support, Vec::new(), now, &entropy).await.unwrap();
    assert!(tokens.authenticate(&text).await.unwrap().is_some());
    assert!(tokens.revoke(vault.key_file(), "desk", now).await.unwrap());
    let lead = vault.lead_index().await.unwrap().unwrap();
    vault.begin_index(&lead).await.unwrap();
    vault.begin_index(&lead).await.unwrap();
    beats.leave().await.unwrap();
    let mut service = given.connection(&given.service).await;
    for sql in ["DELETE FROM keys.fences", "UPDATE keys.deks SET owner = ''", "DELETE FROM keys.tokens"] {
        assert_eq!(refusal(&mut service, sql).await, INSUFFICIENT, "{sql}");
    }
}

#[tokio::test]
async fn attack_the_service_changes_or_removes_an_event() {
    let given = Given::new().await;
    let store = given.store(&given.service).await;
    record(&store, any(&person(1), [event("e-1").boxed(1), event("e-2")])).await;
    let before = check_log(&store).await.unwrap().events;
    let mut service = given.connection(&given.service).await;
    for sql in [
        "UPDATE events.events SET body = '{}' WHERE position = 1",
        "DELETE FROM events.events WHERE position = 2",
        "TRUNCATE events.events",
        "SELECT * FROM events.events FOR UPDATE",
        "INSERT INTO events.events SELECT * FROM events.events ON CONFLICT (position) DO UPDATE SET body = '{}'",
        "MERGE INTO events.events e USING events.streams s ON e.stream = s.stream WHEN MATCHED THEN DELETE",
        "UPDATE events.boxes SET sealed = ''",
        "UPDATE events.streams SET name = 'office'",
        "UPDATE events.texts SET body = ''",
        "DELETE FROM events.sequencer",
        "DROP TABLE events.events",
        "ALTER TABLE events.events DISABLE TRIGGER ALL",
        "DROP TRIGGER events_refuse_change ON events.events",
        "CREATE RULE gone AS ON SELECT TO events.events DO INSTEAD NOTHING",
        "ALTER TABLE events.events ENABLE ROW LEVEL SECURITY",
        "CREATE OR REPLACE FUNCTION events.refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        "CREATE TABLE events.mine (number BIGINT)",
        "SET session_replication_role = replica",
        "DELETE FROM events._sqlx_migrations",
        "DROP SCHEMA events CASCADE",
    ] {
        assert_eq!(refusal(&mut service, sql).await, INSUFFICIENT, "{sql}");
    }
    let become_owner = format!("SET ROLE {}", given.owner);
    let refused = sqlx::raw_sql(AssertSqlSafe(become_owner)).execute(&mut service).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), INSUFFICIENT);

    // The owner has the right, and the table itself refuses.
    let mut owner = given.connection(&given.owner).await;
    for sql in ["UPDATE events.events SET body = '{}'", "DELETE FROM events.events", "TRUNCATE events.events"]
    {
        assert_eq!(refusal(&mut owner, sql).await, "P0001", "{sql}");
    }
    assert_eq!(check_log(&store).await.unwrap().events, before);
}

#[tokio::test]
async fn a_service_that_is_a_member_of_the_owner_is_not_set_up() {
    let given = Given::new().await;
    let mut superuser = PgConnection::connect(&given.url).await.unwrap();
    let member = format!("GRANT {} TO \"{}\"", given.owner, given.service.replace('"', "\"\""));
    sqlx::raw_sql(AssertSqlSafe(member)).execute(&mut superuser).await.unwrap();
    let output = given.script().await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("is a member of"), "{said}");
}
