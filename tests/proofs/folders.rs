//! What somebody might do to a whole data folder, seen by `log check` and by the notary of a service started on it.

use serde_json::{Value, json};
use subject_record::notary::checkpoint::SignedCheckpoint;

use super::given::{
    PERSON, ask_dossier, checkpoint_over, copy, dossier, for_court, log_check, public, tamper, told,
};
use crate::doors::client::ONE;
use crate::doors::given::{answered, consented, disclosed, moved_to, registered};
use crate::doors::server::{House, Server};

/// A stopped service's folder, and the checkpoint over its six events as it was published.
async fn stopped() -> (House, String) {
    let server = Server::new().await;
    let events = [
        registered(PERSON),
        consented(PERSON),
        answered(PERSON),
        disclosed(PERSON),
        answered("p-invented-2"),
    ];
    server.emitter().record(&events).await;
    let note = checkpoint_over(server.address, 6).await.note.to_string();
    let (house, status) = server.stop().await;
    assert_eq!(status, Some(0));
    (house, note)
}

/// Puts another folder in the place of one.
fn put_back(house: &House, kept: &str, place: &str) {
    std::fs::remove_dir_all(house.path(place)).unwrap();
    copy(&house.path(kept), &house.path(place));
}

#[tokio::test]
async fn attack_events_removed_cut_swapped_or_moved_are_told_by_the_command_with_position_and_axis() {
    let (house, _) = stopped().await;
    copy(&house.path("data"), &house.path("kept"));
    let (status, report) = log_check(&house, &[]);
    assert_eq!((status, told(&report)), (Some(0), vec![]));
    let place = |number: u64| format!("{number:016}");
    let swapped = "UPDATE events SET body = (SELECT body FROM events o WHERE o.position = CASE events.position \
        WHEN 4 THEN 5 ELSE 4 END) WHERE position IN (4, 5)";
    for (attack, statements, position, axis, code) in [
        ("removed from the middle", vec!["DELETE FROM events WHERE position = 3"], 3, "history", "gap"),
        ("tail cut", vec!["DELETE FROM events WHERE position = 6"], 6, "history", "rolled_back"),
        ("two swapped", vec![swapped], 4, "bytes", "leaf"),
        (
            "moved to another subject",
            vec![
                "UPDATE events SET stream = (SELECT stream FROM streams WHERE name = 'subject-p-invented-2'), \
                  revision = 1 WHERE position = 5",
            ],
            5,
            "bytes",
            "stream",
        ),
    ] {
        let statements: Vec<String> = statements.into_iter().map(str::to_owned).collect();
        tamper(&house, &statements).await;
        let (status, report) = log_check(&house, &[]);
        assert_eq!(status, Some(1), "{attack}");
        let position = place(position);
        assert!(
            told(&report).contains(&(Some(position.as_str()), axis, code)),
            "{attack}: {:?}",
            told(&report)
        );
        let table = house.run(&["log", "check"]);
        let table = String::from_utf8(table.stdout).unwrap();
        assert!(table.contains(&position) && table.contains(code), "{attack}: {table}");
        put_back(&house, "kept", "data");
    }
}

#[tokio::test]
async fn attack_rolled_back_database_with_keys_is_signed_by_no_notary_that_kept_its_checkpoint() {
    let (house, _) = stopped().await;
    copy(&house.path("data"), &house.path("kept"));
    copy(&house.path("keys"), &house.path("kept-keys"));
    let server = house.serve().await;
    server.emitter().record(&[moved_to(PERSON, "new@example.kz"), answered(PERSON)]).await;
    let newest = checkpoint_over(server.address, 8).await;
    let (house, _) = server.stop().await;
    let anchor = house.path("anchor");
    std::fs::write(&anchor, newest.note.to_string()).unwrap();
    let anchored = ["--anchor", anchor.to_str().unwrap()];
    assert_eq!(log_check(&house, &anchored).0, Some(0));

    put_back(&house, "kept", "data");
    let (status, report) = log_check(&house, &[]);
    assert_eq!((status, told(&report)[0]), (Some(1), (Some("0000000000000007"), "history", "rolled_back")));
    let server = house.serve().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let refused = auditor.get("/v1/events/2/proof").await;
    assert_eq!(refused.refusal(), (503, "notary.refuses".into()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("rolled back"), "{refused:?}");
    assert_eq!(public(server.address, "/log/checkpoint").await.refusal(), (503, "notary.refuses".into()));
    let asked = ask_dossier(&auditor, "court", &json!({ "asked_by": "court", "values": "none" })).await;
    assert_eq!(asked.refusal(), (503, "notary.refuses".into()));
    let request = emitter.request(reqwest::Method::POST, "/v1/events").header("content-type", ONE);
    let request = request.header("prefer", "wait=5").body(answered(PERSON).to_string());
    let recorded = emitter.send(request).await;
    assert_eq!(
        (recorded.status, recorded.json().get("proof").cloned()),
        (201, None),
        "events are taken all the same"
    );
    let (house, _) = server.stop().await;

    // With the checkpoint beside the key rolled back too, only what is held outside tells.
    put_back(&house, "kept", "data");
    put_back(&house, "kept-keys", "keys");
    let (status, report) = log_check(&house, &[]);
    assert_eq!((status, told(&report)), (Some(0), vec![]));
    let server = house.serve().await;
    assert_eq!(checkpoint_over(server.address, 6).await.checkpoint.size, 6);
    let (house, _) = server.stop().await;
    let (status, report) = log_check(&house, &anchored);
    assert_eq!(
        (status, told(&report)),
        (Some(1), vec![(Some("0000000000000007"), "witness", "anchor.newer")])
    );
    assert_eq!(report["faults"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn attack_checkpoint_of_a_wrong_origin_or_another_root_is_held_against_the_log() {
    let (house, note) = stopped().await;
    let origin = note.lines().next().unwrap();
    let root = SignedCheckpoint::parse(&note).unwrap().checkpoint;
    let altered =
        [note.replacen(origin, "log.example/other", 1), note.replacen("\n6\n", "\n5\n", 1), "nothing".into()];
    for (number, text) in altered.iter().enumerate() {
        let path = house.path(&format!("anchor-{number}"));
        std::fs::write(&path, text).unwrap();
        let (status, report) = log_check(&house, &["--anchor", path.to_str().unwrap()]);
        assert_eq!((status, told(&report)), (Some(1), vec![(None, "witness", "anchor.foreign")]), "{text}");
    }
    let path = house.path("anchor");
    std::fs::write(&path, &note).unwrap();
    let (status, report) = log_check(&house, &["--anchor", path.to_str().unwrap()]);
    assert_eq!((status, &report["root"]), (Some(0), &Value::from(hex::encode(root.root))));
}

#[tokio::test]
async fn a_log_that_was_served_dossiers_and_stopped_is_clean() {
    let (house, note) = stopped().await;
    let server = house.serve().await;
    dossier(&server, &for_court()).await;
    let (house, _) = server.stop().await;
    let path = house.path("anchor");
    std::fs::write(&path, note).unwrap();
    let (status, report) = log_check(&house, &["--anchor", path.to_str().unwrap()]);
    assert_eq!((status, told(&report)), (Some(0), vec![]));
}
