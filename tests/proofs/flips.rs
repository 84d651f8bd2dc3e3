//! Any single bit of the file with the events flipped: it is told, or it changes nothing that is stored.

use std::path::Path;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Row as _};
use subject_record::log_check::{Claimed, Question, check};
use subject_record::vault::kek::{FileKek, KekProvider};

use super::given::{PERSON, checkpoint_over, copy, intruder};
use crate::doors::given::{answered, consented, registered};
use crate::doors::server::Server;

/// Bits that are flipped, spread over the whole file.
const FLIPS: usize = 150;

/// All that a database holds: its objects, and every row of every table as literals.
async fn dump(path: &Path) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = intruder(path).await;
    let objects = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY name";
    let mut dump = Vec::new();
    let mut tables = Vec::new();
    for row in sqlx::query(objects).fetch_all(&mut connection).await? {
        let texts: Vec<String> = (0..4).map(|at| row.try_get(at)).collect::<Result<_, _>>()?;
        if texts[0] == "table" {
            tables.push(texts[1].clone());
        }
        dump.push(texts.join("|"));
    }
    for table in tables {
        // When and how fast the tables were made is the migration library's own note, and nothing binds it.
        let columns = format!(
            "SELECT name FROM pragma_table_info('{table}') \
             WHERE '{table}' <> '_sqlx_migrations' OR name NOT IN ('installed_on', 'execution_time')"
        );
        let columns: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(columns)).fetch_all(&mut connection).await?;
        let quoted: Vec<String> =
            columns.iter().map(|column| format!("typeof({column}) || hex(CAST({column} AS BLOB))")).collect();
        let rows = format!("SELECT {} FROM {table} NOT INDEXED", quoted.join(" || '|' || "));
        let rows: Vec<Option<String>> =
            sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(&mut connection).await?;
        dump.extend(rows.into_iter().map(Option::unwrap_or_default));
    }
    Ok(dump)
}

/// Whether the check of a folder finds nothing.
async fn is_clean(data: &Path, kek: &Arc<dyn KekProvider>) -> bool {
    let claimed = Claimed::nothing();
    let question = Question { data, kek: Some(Arc::clone(kek)), verifier_key: None, claimed, workers: 1 };
    check(question, |_| ()).await.is_ok_and(|report| report.is_clean())
}

#[tokio::test]
async fn attack_any_single_bit_of_the_stored_events_flipped() {
    let server = Server::new().await;
    let mut events = vec![registered(PERSON), consented(PERSON)];
    events.extend((0..20).map(|_| answered(PERSON)));
    server.emitter().record(&events).await;
    checkpoint_over(server.address, 23).await;
    let (house, _) = server.stop().await;
    let kek = std::fs::read_dir(house.path("keys")).unwrap().map(|entry| entry.unwrap().path());
    let kek = kek.into_iter().find(|path| path.file_stem().is_some_and(|name| name == "kek")).unwrap();
    let kek: Arc<dyn KekProvider> = Arc::new(FileKek::read(&kek).unwrap());
    let data = house.path("flipped");
    copy(&house.path("data"), &data);
    let path = data.join("events.db");
    let sound = dump(&path).await.unwrap();
    assert!(sound.len() > 30 && is_clean(&data, &kek).await);
    let whole = std::fs::read(&path).unwrap();

    // Half of them where there is something at all: most of a small file is room to spare.
    let filled: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    let spread = |length: usize, nth: usize| nth * length / (FLIPS / 2);
    let places = (0..FLIPS / 2).flat_map(|nth| [spread(whole.len(), nth), filled[spread(filled.len(), nth)]]);
    let (mut caught, mut without_effect) = (0, 0);
    for (nth, at) in places.enumerate() {
        let mut altered = whole.clone();
        altered[at] ^= 1 << (nth % 8);
        std::fs::write(&path, &altered).unwrap();
        for beside in ["events.db-wal", "events.db-shm"] {
            let _ = std::fs::remove_file(data.join(beside));
        }
        if is_clean(&data, &kek).await {
            assert_eq!(dump(&path).await.unwrap(), sound, "bit {} of byte {at}: nobody notices", nth % 8);
            without_effect += 1;
        } else {
            caught += 1;
        }
    }
    println!("flipped bits of events.db: {caught} caught, {without_effect} change nothing that is stored");
    assert!(caught > FLIPS / 4, "{caught} of {FLIPS}");
}
