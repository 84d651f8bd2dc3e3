//! Attacks on the stored rows.

use super::super::*;
use super::given::{ERASED, Given, PEOPLE, WITHDRAWAL, run};

/// The kinds that are told of a position.
fn kinds_at(report: &Report, position: i64) -> Vec<FaultKind> {
    let at = Some(Position::new(u64::try_from(position).unwrap()));
    report.faults.iter().filter(|fault| fault.position == at).map(|fault| fault.kind).collect()
}

/// That a kind is told of a position, and on its axis it is told of no other.
fn assert_caught(report: &Report, position: i64, kind: FaultKind) {
    assert!(kinds_at(report, position).contains(&kind), "{kind:?} at {position}: {:#?}", report.faults);
    let at = Some(Position::new(u64::try_from(position).unwrap()));
    let elsewhere = report.faults.iter().find(|fault| fault.kind == kind && fault.position != at);
    assert_eq!(elsewhere, None, "told of another position too");
}

#[tokio::test]
async fn a_sound_log_is_clean_and_its_parts_are_counted() {
    let it = Given::log().await;
    let report = it.check().await;
    assert_eq!(report.faults, []);
    let counts = &report.counts;
    assert_eq!(i64::try_from(counts.events).unwrap(), it.size);
    assert_eq!((counts.opened, counts.shredded, counts.lost, counts.not_opened), (10, 3, 0, 0));
    let held = &report.held;
    assert_eq!((held.checkpoints, held.tiles, held.heads, report.texts), (4, 3, 2, 2));
    assert_eq!(held.checkpoint_size.map(|size| size.to_string()), Some(it.size.to_string()));
    for (axis, verdict) in [
        (Axis::Bytes, "intact"),
        (Axis::History, "consistent"),
        (Axis::Completeness, "claimed"),
        (Axis::Witness, "self"),
        (Axis::Time, "asserted"),
    ] {
        assert_eq!(report.verdict(axis), verdict);
    }
    let told = serde_json::to_value(&report).unwrap();
    assert_eq!(told["events"], counts.events);
    assert_eq!(told["origin"], "subject-record");
}

#[tokio::test]
async fn without_the_key_encryption_key_boxes_stay_shut_and_with_another_one_no_key_unwraps() {
    let it = Given::log().await;
    let report = it.try_check(it.claimed(), None).await.unwrap();
    assert!(report.is_clean());
    assert_eq!((report.counts.opened, report.counts.not_opened), (0, 10));
    let report = it.try_check(it.claimed(), Some(9)).await.unwrap();
    // Three people and the one event of the office.
    assert_eq!(report.faults.iter().filter(|fault| fault.kind == FaultKind::Key).count(), 4);
    assert_eq!(report.counts.lost, 10);
}

#[tokio::test]
async fn attack_event_removed_from_the_middle() {
    let it = Given::log().await;
    let (gone, after) = (it.position(PEOPLE[1], 40).await, it.position(PEOPLE[1], 41).await);
    it.tamper("events.db", &[&format!("DELETE FROM events WHERE position = {gone}")]).await;
    let report = it.check().await;
    assert_caught(&report, gone, FaultKind::Gap);
    assert_caught(&report, gone, FaultKind::Tile);
    assert_caught(&report, after, FaultKind::Sequence);
    assert_caught(&report, after, FaultKind::Previous);
    assert_eq!(report.verdict(Axis::History), "broken");
    assert_eq!(report.verdict(Axis::Completeness), "broken");
    assert_eq!(report.root, None, "no root can be derived");
}

#[tokio::test]
async fn attack_event_removed_and_the_others_moved_up() {
    let it = Given::log().await;
    let gone = it.position(PEOPLE[1], 40).await;
    let up = |table: &str| {
        [
            format!("UPDATE {table} SET position = -position WHERE position > {gone}"),
            format!("UPDATE {table} SET position = -position - 1 WHERE position < 0"),
        ]
    };
    let mut statements = vec![format!("DELETE FROM events WHERE position = {gone}")];
    statements.extend(up("events"));
    statements.extend(up("boxes"));
    it.tamper("events.db", &statements.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let report = it.check().await;
    assert!(
        kinds_at(&report, gone).contains(&FaultKind::Tile),
        "the first that differs: {:#?}",
        report.faults
    );
    assert!(!report.faults.iter().any(|fault| fault.kind == FaultKind::Gap));
    assert_caught(&report, it.position(PEOPLE[1], 41).await, FaultKind::Previous);
    assert_caught(&report, it.size, FaultKind::RolledBack);
}

#[tokio::test]
async fn attack_tail_cut() {
    let it = Given::log().await;
    let cut = [
        format!("DELETE FROM events WHERE position > {}", it.size - 2),
        format!("DELETE FROM boxes WHERE position > {}", it.size - 2),
    ];
    it.tamper("events.db", &[&cut[0], &cut[1]]).await;
    let report = it.check().await;
    assert_caught(&report, it.size - 1, FaultKind::RolledBack);
    assert!(kinds_at(&report, it.size).contains(&FaultKind::Tile));
    assert_eq!(report.verdict(Axis::History), "broken");
}

#[tokio::test]
async fn attack_rolled_back_behind_an_erasure() {
    let it = Given::log().await;
    let fence = it.number("SELECT position FROM events WHERE mark = 2").await;
    let cut = [
        format!("DELETE FROM events WHERE position >= {}", fence - 1),
        format!("DELETE FROM boxes WHERE position >= {}", fence - 1),
    ];
    it.tamper("events.db", &[&cut[0], &cut[1]]).await;
    let report = it.check_claimed(Claimed::nothing()).await;
    assert!(report.faults.iter().any(|fault| fault.kind == FaultKind::ErasureUnknown), "the keys tell");
}

#[tokio::test]
async fn attack_two_events_swapped() {
    let it = Given::log().await;
    let (one, other) = (it.position(PEOPLE[0], 30).await, it.position(PEOPLE[0], 60).await);
    it.tamper(
        "events.db",
        &[
            &format!("UPDATE events SET position = -1 WHERE position = {one}"),
            &format!("UPDATE events SET position = {one} WHERE position = {other}"),
            &format!("UPDATE events SET position = {other} WHERE position = -1"),
        ],
    )
    .await;
    let report = it.check().await;
    for position in [one, other] {
        let kinds = kinds_at(&report, position);
        assert!(kinds.contains(&FaultKind::Tile), "{kinds:?}");
        assert!(kinds.contains(&FaultKind::Sequence) && kinds.contains(&FaultKind::Previous), "{kinds:?}");
    }
    assert_eq!(report.verdict(Axis::Time), "broken");
    assert_eq!(report.verdict(Axis::Bytes), "intact", "each of them is whole");
}

#[tokio::test]
async fn attack_row_moved_to_another_subject() {
    let it = Given::log().await;
    let moved = it.position(PEOPLE[0], 30).await;
    let other = it.number(&format!("SELECT stream FROM streams WHERE name = 'subject-{}'", PEOPLE[1])).await;
    let statement = format!("UPDATE events SET stream = {other}, revision = 5000 WHERE position = {moved}");
    it.tamper("events.db", &[&statement]).await;
    let report = it.check().await;
    assert_eq!(kinds_at(&report, moved), [FaultKind::Column, FaultKind::Stream]);
    assert_eq!(report.faults.len(), 2, "{:#?}", report.faults);
}

#[tokio::test]
async fn attack_bytes_altered_with_their_leaf_hash() {
    let it = Given::log().await;
    let (altered, after) = (it.position(PEOPLE[2], 50).await, it.position(PEOPLE[2], 51).await);
    let body = format!("SELECT replace(body, 'true', 'false') FROM events WHERE position = {altered}");
    let body: String = sqlx::query_scalar(sqlx::AssertSqlSafe(body))
        .fetch_one(&mut it.intruder("events.db").await)
        .await
        .unwrap();
    let leaf = hex::encode(crate::notary::tree::leaf_hash(body.as_bytes()));
    let statement = format!("UPDATE events SET body = '{body}', leaf = x'{leaf}' WHERE position = {altered}");
    it.tamper("events.db", &[&statement]).await;
    let report = it.check().await;
    assert_caught(&report, altered, FaultKind::Tile);
    assert_caught(&report, after, FaultKind::Previous);
    assert!(report.faults.iter().any(|fault| fault.kind == FaultKind::Root));
    assert!(!report.faults.iter().any(|fault| fault.axis == Axis::Bytes), "{:#?}", report.faults);
}

#[tokio::test]
async fn attack_a_column_says_something_else_than_the_bytes() {
    for (column, value) in [
        ("revision", "revision + 1000"),
        ("recorded_us", "recorded_us + 1"),
        ("mark", "1"),
        ("id", "id || 'x'"),
        ("source", "(SELECT max(source) FROM sources) + 1"),
    ] {
        let it = Given::log().await;
        let at = it.position(PEOPLE[0], 30).await;
        // A mark stands once a stream: the one that is altered is that of the registration.
        let (at, value) = if column == "mark" { (it.position(PEOPLE[0], 0).await, "0") } else { (at, value) };
        it.tamper("events.db", &[&format!("UPDATE events SET {column} = {value} WHERE position = {at}")])
            .await;
        let report = it.check().await;
        assert_caught(&report, at, FaultKind::Column);
        assert_eq!(report.faults.len(), 1, "{column}: {:#?}", report.faults);
        assert!(report.faults[0].text.contains(column));
    }
}

#[tokio::test]
async fn attack_boxes() {
    type Case = (&'static str, FaultKind);
    let cases: [Case; 5] = [
        (
            "UPDATE boxes SET sealed = (SELECT sealed FROM boxes WHERE position = {other}) WHERE position = {at}",
            FaultKind::BoxShut,
        ),
        (
            "UPDATE boxes SET sealed = CAST(substr(sealed, 1, 60) || x'00' || substr(sealed, 62) AS BLOB) WHERE position = {at}",
            FaultKind::BoxShut,
        ),
        ("UPDATE boxes SET sealed = substr(sealed, 1, 60) WHERE position = {at}", FaultKind::BoxShut),
        ("DELETE FROM boxes WHERE position = {at}", FaultKind::BoxLost),
        ("UPDATE boxes SET generation = 2 WHERE position = {at}", FaultKind::BoxLost),
    ];
    for (statement, kind) in cases {
        let it = Given::log().await;
        let (at, other) = (it.position(PEOPLE[0], 1).await, it.position(PEOPLE[0], 2).await);
        let statement = statement.replace("{at}", &at.to_string()).replace("{other}", &other.to_string());
        it.tamper("events.db", &[&statement]).await;
        let report = it.check().await;
        assert_caught(&report, at, kind);
        assert_eq!((report.faults.len(), report.counts.lost), (1, 1), "{statement}: {:#?}", report.faults);
        assert_eq!(report.faults[0].axis, Axis::Bytes);
    }
}

#[tokio::test]
async fn attack_a_box_or_a_key_is_put_back_behind_a_fence() {
    let it = Given::log().await;
    let at = it.position(ERASED, 1).await;
    it.tamper("events.db", &[&format!("INSERT INTO boxes VALUES ({at}, 1, x'0102')")]).await;
    let report = it.check().await;
    assert_caught(&report, at, FaultKind::BoxBehindFence);

    let it = Given::log().await;
    let statement = format!("INSERT INTO deks VALUES ('subject-{ERASED}', 1, 'kek', x'00')");
    it.tamper("keys.db", &[&statement]).await;
    let report = it.check().await;
    assert!(report.faults.iter().any(|fault| fault.kind == FaultKind::BoxBehindFence));

    let it = Given::log().await;
    it.tamper("keys.db", &["DELETE FROM fences"]).await;
    let fence = it.number("SELECT position FROM events WHERE mark = 2").await;
    assert_caught(&it.check().await, fence, FaultKind::BoxBehindFence);
}

#[tokio::test]
async fn attack_a_box_without_an_event_or_a_digest() {
    let it = Given::log().await;
    let (at, far) = (it.position(PEOPLE[0], 30).await, it.size + 5_000);
    let statement = format!("INSERT INTO boxes VALUES ({at}, 1, x'01'), ({far}, 1, x'01')");
    it.tamper("events.db", &[&statement]).await;
    let report = it.check().await;
    assert_eq!(kinds_at(&report, at), [FaultKind::Stray]);
    assert_eq!(kinds_at(&report, far), [FaultKind::Stray]);
}

#[tokio::test]
async fn attack_a_published_text_altered() {
    let it = Given::log().await;
    it.tamper(
        "events.db",
        &["UPDATE texts SET body = CAST('Ереже' AS BLOB) WHERE hash = (SELECT min(hash) FROM texts)"],
    )
    .await;
    let report = it.check().await;
    assert_eq!(report.faults.len(), 1);
    assert_eq!((report.faults[0].kind, report.faults[0].axis), (FaultKind::Text, Axis::Bytes));
}

#[tokio::test]
async fn attack_a_trigger_is_gone() {
    let it = Given::log().await;
    run(&mut it.intruder("events.db").await, "DROP TRIGGER events_refuse_update").await;
    let report = it.check().await;
    assert_eq!(report.faults.len(), 1, "{:#?}", report.faults);
    assert!(report.faults[0].text.contains("trigger events_refuse_update"), "{}", report.faults[0].text);
}

#[tokio::test]
async fn attack_an_index_does_not_hold_what_its_table_holds() {
    let it = Given::log().await;
    let at = it.position(PEOPLE[0], 30).await;
    // Without its index in the schema, the engine changes the table alone.
    let mut connection = it.intruder("events.db").await;
    let kept = "CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'events_by_id'";
    for statement in [
        "PRAGMA writable_schema = ON",
        kept,
        "DELETE FROM sqlite_schema WHERE name IN ('events_by_id', 'events_refuse_delete')",
        "PRAGMA writable_schema = RESET",
    ] {
        run(&mut connection, statement).await;
    }
    drop(connection);
    let report = it.check().await;
    assert!(report.faults.iter().all(|fault| fault.kind == FaultKind::File), "{:#?}", report.faults);
    assert!(!report.is_clean(), "position {at}");
}

#[tokio::test]
async fn attack_bytes_taken_away_without_a_withdrawal() {
    let it = Given::log().await;
    let at = it.position(PEOPLE[0], 30).await;
    it.tamper("events.db", &[&format!("UPDATE events SET body = '' WHERE position = {at}")]).await;
    let report = it.check().await;
    assert_eq!(kinds_at(&report, at), [FaultKind::NotWithdrawn]);
    assert_eq!(report.faults.len(), 1);

    let mut it = Given::log().await;
    it.go_on(async |house| house.withdraw(PEOPLE[0], at).await).await;
    it.tamper("events.db", &[&format!("UPDATE events SET body = '' WHERE position = {at}")]).await;
    it.claim_again().await;
    let report = it.check().await;
    assert_eq!(report.faults, [], "{WITHDRAWAL} tells it");
    assert_eq!(report.counts.withdrawn, 1);
}

#[tokio::test]
async fn attack_a_wrong_root_over_the_ends_of_streams() {
    let mut it = Given::log().await;
    it.go_on(async |house| house.commit_heads(false).await).await;
    it.claim_again().await;
    let report = it.check().await;
    assert_caught(&report, it.size, FaultKind::Heads);
    assert_eq!((report.faults.len(), report.held.heads), (1, 2));
    assert_eq!(report.faults[0].axis, Axis::Completeness);
}

#[tokio::test]
async fn attack_an_event_far_behind_the_end_is_no_endless_work() {
    let it = Given::log().await;
    it.tamper("events.db", &[&format!("UPDATE events SET position = 1 << 60 WHERE position = {}", it.size)])
        .await;
    let report = it.check().await;
    assert_caught(&report, it.size, FaultKind::Gap);
    assert!(report.faults_left_out == 0);
}
