//! Single bits, flipped all over the databases.

use sqlx::{AssertSqlSafe, Row as _};

use super::super::*;
use super::given::Given;

/// Columns whose every bit counts. Not among them, since nothing binds them: when a key was shredded and which
/// generations (`fences`), tokens, and the lookup index, which is derived.
const COLUMNS: [(&str, &str, &str, &[&str]); 7] = [
    (
        "events.db",
        "events",
        "position",
        &["position", "stream", "revision", "source", "id", "mark", "recorded_us", "leaf", "body"],
    ),
    ("events.db", "boxes", "position", &["position", "generation", "sealed"]),
    ("events.db", "streams", "stream", &["stream", "name"]),
    ("events.db", "sources", "source", &["source", "name"]),
    ("events.db", "texts", "hash", &["hash", "body"]),
    ("keys.db", "deks", "owner", &["owner", "generation", "kek_id", "wrapped"]),
    ("keys.db", "fences", "owner", &["owner"]),
];

/// Rows of a table that are tried.
const ROWS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_one_bit_flipped_in_any_column_of_any_row_that_counts() {
    let mut tried = 0;
    for (file, table, key, columns) in COLUMNS {
        for column in columns {
            for nth in 0..ROWS {
                let it = Given::log().await;
                let Some(position) = flip(&it, file, table, key, column, nth).await else { continue };
                let report = it.check().await;
                tried += 1;
                assert!(!report.is_clean(), "{table}.{column}, row {nth}");
                let told = |fault: &Fault| fault.position == position && fault.axis != Axis::Witness;
                if position.is_some() {
                    assert!(
                        report.faults.iter().any(told),
                        "{table}.{column} of {position:?}: {:#?}",
                        report.faults
                    );
                }
            }
        }
    }
    assert!(tried > 60, "only {tried} bits were tried");
}

/// Flips a bit of a column in one of the rows, and answers its position if it has one; `None` when no bit could be.
async fn flip(
    it: &Given,
    file: &str,
    table: &str,
    key: &str,
    column: &str,
    nth: usize,
) -> Option<Option<Position>> {
    let mut connection = it.intruder(file).await;
    let query = format!(
        "SELECT {key}, {column}, typeof({column}), CAST({column} AS BLOB), quote({key}) FROM {table} ORDER BY {key}"
    );
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
    drop(connection);
    let row = rows.get((rows.len() / ROWS).max(1) * nth + nth)?;
    let (kind, bytes, name): (String, Vec<u8>, String) = (row.get(2), row.get(3), row.get(4));
    let altered = match kind.as_str() {
        "integer" => {
            let value: i64 = row.get(1);
            // A mark stands once a stream, and a low bit of a position or a revision would meet its neighbour.
            let bit = if column == "mark" || column == "generation" { 2 } else { 13 };
            format!("{}", value ^ (1 << bit))
        }
        kind => {
            let mut bytes = bytes;
            let at = (nth * 131) % bytes.len();
            bytes[at] ^= 1 << (nth % 7);
            let blob = format!("x'{}'", hex::encode(bytes));
            if kind == "text" { format!("CAST({blob} AS TEXT)") } else { blob }
        }
    };
    it.tamper(file, &[&format!("UPDATE {table} SET {column} = {altered} WHERE {key} = {name}")]).await;
    let is_placed = key == "position";
    Some(is_placed.then(|| Position::new(u64::try_from(row.get::<i64, _>(0)).unwrap())))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_one_bit_flipped_in_the_stored_bytes_of_a_file() {
    let it = Given::log().await;
    let whole = std::fs::read(it.path("events.db")).unwrap();
    let mut tried = 0;
    for position in [2, 57, 200, it.size] {
        let body: String = sqlx::query_scalar("SELECT body FROM events WHERE position = ?1")
            .bind(position)
            .fetch_one(&mut it.intruder("events.db").await)
            .await
            .unwrap();
        // Pages that were split keep copies that nobody reads any more.
        let windows = whole.windows(body.len()).enumerate();
        let starts: Vec<_> =
            windows.filter(|(_, window)| *window == body.as_bytes()).map(|(at, _)| at).collect();
        for at in (0..body.len()).step_by(37) {
            let mut altered = whole.clone();
            starts.iter().for_each(|start| altered[start + at] ^= 1 << (at % 8));
            std::fs::write(it.path("events.db"), &altered).unwrap();
            let report = it.check().await;
            let at_position = Some(Position::new(u64::try_from(position).unwrap()));
            let told = |fault: &Fault| fault.position == at_position && fault.kind == FaultKind::Leaf;
            assert!(report.faults.iter().any(told), "byte {at} of {position}: {:#?}", report.faults);
            tried += 1;
        }
    }
    assert!(tried > 40, "only {tried} bits were tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_whole_pages_overwritten_end_neither_in_silence_nor_in_a_panic() {
    let it = Given::log().await;
    let whole = std::fs::read(it.path("events.db")).unwrap();
    let pages = whole.len() / 8_192;
    assert!(pages > 20);
    // The first page is the file's own description; the pages behind the middle hold rows of events.
    for page in (pages / 2..pages).step_by(3) {
        let mut altered = whole.clone();
        altered[page * 8_192..(page + 1) * 8_192].fill(0xff);
        std::fs::write(it.path("events.db"), &altered).unwrap();
        if let Ok(report) = it.try_check(it.claimed(), Some(5)).await {
            assert!(!report.is_clean(), "page {page}");
        }
    }
}
