//! A record that moves to another engine goes on there: log, keys, tokens and proofs.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use subject_record::clock::{Clock as _, SystemClock};

use super::copying::{Said, copied, copied_in, grows, sqlite, stopped};
use super::given::{PERSON, checkpoint_over, log_check, told};
use crate::demo::{BINARY, program};
use crate::doors::given::{answered, consented, moved_to, registered};
use crate::doors::server::{House, Server};
use crate::instances::site::until;
use crate::kurrent::double::Double;
use crate::postgres::Cluster;

fn keys_copied(from: &str, to: &str) -> Value {
    let arguments = ["keys", "copy", "--format", "json", "--from", from, "--to", to];
    let output = program(BINARY).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The settings of a house, with events on another engine and a data folder of its own, to which log and keys are copied.
fn moved(from: &House, events: &str, to: &str) -> (House, Said) {
    let house = from.beside(&[("store", "url", to.into()), ("notary", "heads_seconds", 1.into())]);
    let settings = if events.starts_with("kurrentdb") { from } else { &house };
    let to = if to == "sqlite:" { sqlite(&house.path("data")) } else { to.to_owned() };
    let said = copied_in(settings, events, &to);
    keys_copied(&sqlite(&from.path("data")), &sqlite(&house.path("data")));
    (house, said)
}

/// A service goes on with a log that was moved, under the same key; what it held and what was given before stays.
async fn goes_on(house: House, old: &Path, before: u64, key: &str) -> House {
    let since = SystemClock::default().now();
    let server = house.serve().await;
    grows(&server, old, before, key).await;
    let path = format!("/v1/subjects/{PERSON}/timeline");
    let timeline = server.as_role("officer").look(&path, "incident").await.json();
    assert!(
        timeline.to_string().contains("\"open\"") && !timeline.to_string().contains("lost"),
        "{timeline}"
    );
    commits_to_ends(&server, since).await;
    let (house, status) = server.stop().await;
    assert_eq!(status, Some(0));
    house
}

/// Waits until the ends of all streams were committed to again.
async fn commits_to_ends(server: &Server, since: DateTime<Utc>) {
    let auditor = server.as_role("auditor");
    let is_new = |row: &Value| row["recorded_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() > since;
    let ask = || auditor.look("/v1/history?type=stream_heads.committed.v1", "audit");
    until(ask, |answer| answer.json()["rows"].as_array().is_some_and(|rows| rows.iter().any(is_new))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_moves_from_files_to_kurrentdb_goes_on_there_and_after_it_came_back() {
    let (house, before, key) = stopped().await;
    let (server, dossier) = (Double::start(), house.path("dossier.pdf"));
    let (there, said) = moved(&house, &sqlite(&house.path("data")), &server.url());
    assert_eq!(said.0, said.1);
    let there = goes_on(there, &dossier, before.checkpoint.size, &key).await;
    let (back, said) = moved(&there, &server.url(), "sqlite:");
    assert!(said.0 > before.checkpoint.size && said.0 == said.1, "{said:?}");
    let back = goes_on(back, &dossier, said.0, &key).await;
    let (status, report) = log_check(&back, &[]);
    assert_eq!((status, told(&report)), (Some(0), vec![]));
    assert!(report["held"]["heads_unplaced"].as_u64().unwrap() > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_moves_from_files_to_a_database_takes_its_keys_fences_tokens_and_proofs_along() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON), moved_to(PERSON, "new@example.kz")]).await;
    server.emitter().record(&[registered("p-invented-2"), consented("p-invented-2")]).await;
    let erased = server
        .run_as("officer", &["subject", "erase", "p-invented-2", "--basis", "subject_request", "--yes"]);
    assert!(erased.status.success());
    let before = checkpoint_over(server.address, 8).await;
    let (house, _) = server.stop().await;
    let (files, url) =
        (format!("sqlite:{}", house.path("data").display()), Cluster::shared().database().await);
    copied(&files, &url);
    let keys = keys_copied(&files, &url);
    assert!(keys["keys"].as_u64().unwrap() > 0, "{keys}");
    assert_eq!((&keys["fences"], &keys["tokens"]), (&json!(1), &json!(5)));
    assert_eq!(keys_copied(&files, &url), keys, "again, it is the same");

    let moved = house.beside(&[
        ("store", "url", url.clone().into()),
        ("vault", "url", url.into()),
        ("vault", "shares_cluster", true.into()),
    ]);
    let server = moved.serve().await;
    server.emitter().record(&[answered(PERSON)]).await;
    let after = checkpoint_over(server.address, before.checkpoint.size + 1).await;
    assert!(after.checkpoint.size > before.checkpoint.size, "the log goes on under the same key");
    let shown =
        server.run_as("support", &["subject", "timeline", PERSON, "--purpose", "support", "--case", "T-1"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("new@example.kz"), "{shown}");
    let late = consented("p-invented-2").to_string();
    let late = server.emitter().post("/v1/events", "application/cloudevents+json", late).await;
    assert_eq!(late.status, 410, "{late:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_copied_again_bring_no_revoked_token_back() {
    let (house, ..) = stopped().await;
    let (data, copy) = (sqlite(&house.path("data")), house.beside(&[]));
    let there = sqlite(&copy.path("data"));
    keys_copied(&data, &there);
    assert!(copy.run(&["token", "revoke", "emitter-1"]).status.success());
    let again = program(BINARY).args(["keys", "copy", "--from", &data, "--to", &there]).output().unwrap();
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(!again.status.success() && told.contains("another token"), "{told}");
    let list = copy.run(&["token", "list", "--format", "json"]);
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let is_revoked = |token: &&Value| token["token"] == "emitter-1" && !token["revoked_at"].is_null();
    assert!(list["tokens"].as_array().unwrap().iter().any(|token| is_revoked(&token)), "{list}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_copied_from_where_there_are_some() {
    let house = Server::new().await.stop().await.0;
    let (nowhere, to) = (house.path("nowhere"), sqlite(&house.path("to")));
    let copy = |from: &str| {
        let output = program(BINARY).args(["keys", "copy", "--from", from, "--to", &to]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(copy(&sqlite(&nowhere)).contains("there is no file"));
    assert!(!nowhere.exists(), "nothing is made where nothing was");
    let empty = Cluster::shared().database().await;
    assert!(copy(&empty).contains("no keys, fences or tokens"));
}
