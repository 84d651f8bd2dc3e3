//! The tables of both SQL engines are the same, but for what only several instances need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::{Connection as _, PgConnection, SqliteConnection};
use subject_record::clock::SeededEntropy;
use subject_record::db::postgres::Postgres;
use subject_record::store::postgres::PostgresSettings;
use subject_record::vault::{self, KeyFile};
use tempfile::TempDir;

use super::Cluster;
use crate::conformance::given::{clock, open, open_postgres};

type Tables = BTreeMap<String, BTreeSet<String>>;

/// What only PostgreSQL has, since only there several instances meet.
const OF_SEVERAL: [&str; 4] = ["sequencer", "instances", "invalidations", "invalidation_counter"];

async fn in_file(path: &std::path::Path) -> Tables {
    let mut file = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE '\\_%' ESCAPE '\\'",
    )
    .fetch_all(&mut file)
    .await
    .unwrap();
    tables(rows)
}

async fn in_schema(url: &str, schema: &str) -> Tables {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns \
         WHERE table_schema = $1 AND table_name NOT LIKE '\\_%'",
    )
    .bind(schema)
    .fetch_all(&mut connection)
    .await
    .unwrap();
    tables(rows)
}

fn tables(rows: Vec<(String, String)>) -> Tables {
    let mut tables = Tables::new();
    for (table, column) in rows {
        if !OF_SEVERAL.contains(&table.as_str()) {
            tables.entry(table).or_default().insert(column);
        }
    }
    tables
}

#[tokio::test]
async fn tables_of_events_and_keys_have_the_same_columns_on_both_engines() {
    let (folder, url, clock) = (TempDir::new().unwrap(), Cluster::shared().database().await, clock());
    drop(open(folder.path(), Default::default(), &clock).await);
    drop(open_postgres(&url, PostgresSettings::default(), &clock).await);
    assert_eq!(in_file(&folder.path().join("events.db")).await, in_schema(&url, "events").await);

    drop(KeyFile::open(&folder.path().join("keys.db")).await.unwrap());
    let keys = Postgres::at(&url, vault::SCHEMA).unwrap();
    drop(KeyFile::connect(&keys, Arc::new(SeededEntropy::new(3))).await.unwrap());
    let in_file = in_file(&folder.path().join("keys.db")).await;
    assert!(in_file.contains_key("deks") && in_file["tokens"].contains("secret"));
    assert_eq!(in_file, in_schema(&url, vault::SCHEMA).await);
}
