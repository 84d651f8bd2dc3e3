//! The roles script: what the service may do with each table, and that it is refused everything else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use subject_record::clock::{SeededEntropy, SystemClock};
use subject_record::store::postgres::{self, PostgresSettings};
use subject_record::store::sql::SqlStore;

use super::Cluster;
use crate::conformance::checker::check_log;
use crate::conformance::given::{Shape, any, event, person, record};
use crate::doors::given::{consented, moved_to, registered};
use crate::doors::server::House;
use crate::instances::site::has_caught_up;

const PERSON: &str = "p-invented-1";
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
        let given = Self::bare().await;
        let server = given.house(&given.owner).serve().await;
        has_caught_up(&server).await;
        let (house, _) = server.stop().await;
        assert!(!house.log().contains("ERROR"), "{}", house.log());
        given.apply().await;
        given
    }

    /// Roles and schemas, and no table yet.
    async fn bare() -> Self {
        // Roles belong to the whole cluster, which other tests share.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let url = Cluster::shared().database().await;
        let given = Self { url, owner: format!("owner_{number}"), service: format!("service \"{number}\"") };
        given.apply().await;
        given
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

    /// A folder of an instance that runs as a role.
    fn house(&self, role: &str) -> House {
        House::on(&self.url_of(role))
    }

    async fn store(&self, role: &str) -> SqlStore {
        let entropy = Arc::new(SeededEntropy::new(1));
        let settings = PostgresSettings::default();
        let clock = Arc::new(SystemClock::default());
        postgres::open(&self.url_of(role), &settings, clock, entropy).await.unwrap()
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
        ("events", "si", "events sources streams texts"),
        ("events", "sid", "boxes"),
        ("events", "su", "sequencer"),
        ("log", "siu", "buckets bundles heads heads_progress stamps tiles tree_progress"),
        ("log", "siud", "checkpoints refusals requests"),
        ("keys", "si", "fences"),
        ("keys", "sid", "deks invalidations lookup_entries"),
        ("keys", "siu", "lookup_state tokens"),
        ("keys", "siud", "instances"),
        ("keys", "su", "invalidation_counter"),
        ("read_models", "siu", "projections"),
        ("read_models", "sid", "retired"),
        ("read_models", "siud", "requests"),
    ];
    let mut all = BTreeMap::new();
    for (schema, rights, tables) in wanted {
        all.insert(format!("{schema}._sqlx_migrations"), "s".to_owned());
        all.extend(tables.split(' ').map(|table| (format!("{schema}.{table}"), rights.to_owned())));
    }
    let wanted = all;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_does_its_work_with_the_rights_it_has() {
    let given = Given::bare().await;
    let owner = given.house(&given.owner).serve().await;
    owner.emitter().record(&[registered(PERSON), consented(PERSON)]).await;
    let (house, _) = owner.stop().await;
    given.apply().await;
    let url = given.url_of(&given.service);
    let house = house.beside(&[("store", "url", url.clone().into()), ("vault", "url", url.into())]);
    let server = house.serve().await;
    server.emitter().record(&[moved_to(PERSON, "new@example.kz")]).await;
    has_caught_up(&server).await;
    let operator = server.as_role("operator");
    let rebuilt = operator.send(operator.request(Method::POST, "/v1/projections/people/rebuild")).await;
    assert!(rebuilt.status < 300, "{rebuilt:?}");
    has_caught_up(&server).await;
    let dossier = server.as_role("auditor").request(Method::POST, &format!("/v1/subjects/{PERSON}/dossiers"));
    let body = json!({ "asked_by": "court", "legal_ref": "7527-26-00-2", "language": "en" });
    let dossier =
        operator.send(dossier.header("access-purpose", "court; case=\"7527-26\"").json(&body)).await;
    assert_eq!(dossier.status, 200, "{dossier:?} {}", server.house().log());
    let (officer, path) = (server.as_role("officer"), format!("/v1/subjects/{PERSON}/erasure"));
    let erased = officer.post(&path, "application/json", r#"{"basis":"subject_request"}"#).await;
    assert_eq!(erased.status, 200, "{erased:?}");
    let revoked = operator.send(operator.request(Method::DELETE, "/v1/tokens/support-1")).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
    let log = server.house().log();
    assert!(!log.contains("permission denied"), "{log}");
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
        "UPDATE keys.fences SET owner = 'subject-p-invented-9'",
        "DELETE FROM keys.fences",
        "TRUNCATE keys.fences",
        "UPDATE keys.deks SET owner = 'subject-p-invented-9'",
        "DELETE FROM keys.tokens",
        "DELETE FROM log.tiles",
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
