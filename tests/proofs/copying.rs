//! `store copy`: a log that goes from engine to engine and comes back is the same log.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use subject_record::notary::checkpoint::SignedCheckpoint;

use super::given::{PERSON, checkpoint_over, copy, log_check, log_key, public, tamper, told};
use super::verifying::verify;
use crate::demo::{BINARY, program};
use crate::doors::given::{answered, consented, disclosed, registered};
use crate::doors::server::{House, Server};
use crate::kurrent::double::Double;
use crate::postgres::Cluster;

fn store_copy(from: &str, to: &str) -> Output {
    program(BINARY).args(["store", "copy", "--format", "json", "--from", from, "--to", to]).output().unwrap()
}

/// The same with the settings of a folder, in which what stands beside KurrentDB is kept.
pub(super) fn copied_in(house: &House, from: &str, to: &str) -> Said {
    said(house.run(&["store", "copy", "--format", "json", "--from", from, "--to", to]))
}

/// Events, copied now, boxes, root.
pub(super) type Said = (u64, u64, u64, String);

/// What `store copy` said of a copy that succeeded.
pub(super) fn copied(from: &str, to: &str) -> Said {
    said(store_copy(from, to))
}

pub(super) fn said(output: Output) -> Said {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |name: &str| said[name].as_u64().unwrap();
    (number("events"), number("copied_now"), number("boxes"), said["root"].as_str().unwrap().to_owned())
}

fn refused(from: &str, to: &str) -> String {
    let output = store_copy(from, to);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

pub(super) fn sqlite(folder: &Path) -> String {
    format!("sqlite:{}", folder.display())
}

/// A stopped service's folder with a few people, one of them erased, the checkpoint over all of it, and the log's key.
/// `dossier.pdf` in it is one that somebody holds.
pub(super) async fn stopped() -> (House, SignedCheckpoint, String) {
    let server = Server::new().await;
    let events = [registered(PERSON), consented(PERSON), answered(PERSON), disclosed(PERSON)];
    server.emitter().record(&events).await;
    server.emitter().record(&[registered("p-invented-2"), consented("p-invented-2")]).await;
    let erased = server
        .run_as("officer", &["subject", "erase", "p-invented-2", "--basis", "subject_request", "--yes"]);
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    let out = server.house().path("dossier.pdf");
    let export = ["dossier", "export", PERSON, "--asked-by", "court", "--purpose", "court", "--out"];
    let made = server.run_as("auditor", &[&export[..], &[out.to_str().unwrap()]].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (checkpoint, key) = (checkpoint_over(server.address, 10).await, log_key(&server).await.to_string());
    let (house, status) = server.stop().await;
    assert_eq!(status, Some(0));
    (house, checkpoint, key)
}

/// A log that was copied grows under the same key, and a dossier that was given before it was copied verifies.
pub(super) async fn grows(server: &Server, dossier: &Path, before: u64, key: &str) {
    server.emitter().record(&[answered(PERSON)]).await;
    let after = checkpoint_over(server.address, before + 1).await;
    assert!(after.checkpoint.size > before);
    let shown = public(server.address, "/log/key").await;
    assert_eq!(String::from_utf8_lossy(&shown.body).trim_end(), key);
    let (status, found, _) = verify(dossier, &["--key", key]);
    assert_eq!(status, Some(0), "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_went_around_all_engines_is_the_same_log_and_its_proofs_hold() {
    let (house, before, key) = stopped().await;
    let postgres = Cluster::shared().database().await;
    let data = sqlite(&house.path("data"));
    let there = copied(&data, &postgres);
    assert_eq!(there.0, there.1);
    assert!(there.0 >= before.checkpoint.size && there.2 > 0);
    let server = Double::start();
    let on = copied_in(&house, &postgres, &server.url());
    assert_eq!(on, there);
    let back = copied_in(&house, &server.url(), &sqlite(&house.path("back")));
    assert_eq!(back, there, "events, boxes and root are the same at the end of the way");

    // The events that came back take the place of those that went.
    for name in ["events.db", "events.db-wal", "events.db-shm"] {
        let _ = std::fs::remove_file(house.path("data").join(name));
        let back = house.path("back").join(name);
        if back.exists() {
            std::fs::copy(back, house.path("data").join(name)).unwrap();
        }
    }
    std::fs::write(house.path("before"), before.note.to_string()).unwrap();
    let (status, report) = log_check(&house, &["--anchor", house.path("before").to_str().unwrap()]);
    assert_eq!(
        (status, told(&report)),
        (Some(0), vec![]),
        "boxes open, tree, ends of streams and checkpoints are right"
    );
    let server = house.serve().await;
    let dossier = server.house().path("dossier.pdf");
    grows(&server, &dossier, before.checkpoint.size, &key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_beside_kurrentdb_goes_along_or_nothing_does() {
    let (house, ..) = stopped().await;
    let server = Double::start();
    let data = sqlite(&house.path("data"));
    let first = copied_in(&house, &data, &server.url());
    assert_eq!(
        copied_in(&house, &server.url(), &sqlite(&house.path("back"))).2,
        first.2,
        "files and KurrentDB may share a data folder"
    );
    let elsewhere = house.beside(&[]);
    let to = sqlite(&elsewhere.path("back"));
    let arguments = ["store", "copy", "--from", &server.url(), "--to", &to];
    std::fs::create_dir(elsewhere.path("data")).unwrap();
    let refused = elsewhere.run(&arguments);
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("kurrent.db") && refused.contains("--config"), "{refused}");
    // As one that was lost and begun anew.
    std::fs::write(elsewhere.path("data/kurrent.db"), "").unwrap();
    let refused = elsewhere.run(&arguments);
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("the sealed box of the event at position"), "{refused}");
    let both = ["store", "copy", "--from", &server.url(), "--to", "kurrentdb://127.0.0.1:1"];
    assert!(String::from_utf8(house.run(&both).stderr).unwrap().contains("cannot stand beside two"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_is_not_what_its_hash_says_is_not_taken_for_it() {
    let (house, ..) = stopped().await;
    let hash = "ab".repeat(32);
    tamper(&house, &[format!("INSERT INTO texts (hash, body) VALUES ('{hash}', x'00')")]).await;
    let told = refused(&sqlite(&house.path("data")), &sqlite(&house.path("to")));
    assert!(told.contains(&hash) && told.contains("published text"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_goes_on_where_it_was_and_takes_what_was_erased_meanwhile_away() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON), consented(PERSON)]).await;
    let (house, _) = server.stop().await;
    let (data, postgres) = (sqlite(&house.path("data")), Cluster::shared().database().await);
    let first = copied(&data, &postgres);
    assert!(first.2 > 0, "boxes of the person are in the copy");
    assert_eq!(copied(&data, &postgres).1, 0, "nothing is copied twice");

    let server = house.serve().await;
    let erased =
        server.run_as("officer", &["subject", "erase", PERSON, "--basis", "subject_request", "--yes"]);
    assert!(erased.status.success());
    let (house, _) = server.stop().await;
    let second = copied(&sqlite(&house.path("data")), &postgres);
    assert!(second.1 > 0 && second.0 == first.0 + second.1);
    let boxes: i64 = {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&postgres).await.unwrap();
        sqlx::query_scalar(
            "SELECT count(*) FROM events.boxes b JOIN events.events e USING (position) \
            JOIN events.streams s USING (stream) WHERE s.name = $1",
        )
        .bind(format!("subject-{PERSON}"))
        .fetch_one(&mut connection)
        .await
        .unwrap()
    };
    assert_eq!(boxes, 0, "boxes that were copied before the erasure are gone");
}

/// Events in a database, or none where there is no table yet.
async fn events_in(url: &str) -> u64 {
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(url).await.unwrap();
    let position = sqlx::query_scalar("SELECT position FROM events.sequencer").fetch_one(&mut connection);
    position.await.map_or(0, |position: i64| u64::try_from(position).unwrap())
}

/// Copies into a fresh database until the first page is there, and kills that. Answers how far it came.
async fn killed_copying(from: &str, all: u64) -> (String, u64) {
    for _ in 0..20 {
        let to = Cluster::shared().database().await;
        let mut copying =
            program(BINARY).args(["store", "copy", "--from", from, "--to", &to]).spawn().unwrap();
        while events_in(&to).await == 0 {
            assert!(copying.try_wait().unwrap().is_none(), "it ended before it began");
        }
        copying.kill().unwrap();
        copying.wait().unwrap();
        let there = events_in(&to).await;
        if there < all {
            return (to, there);
        }
    }
    unreachable!("it was never killed in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_killed_goes_on_where_it_was() {
    const PAGES: usize = 4;
    let server = Server::new().await;
    for _ in 0..PAGES * 2 {
        let events: Vec<_> = (0..500).map(|_| answered(PERSON)).collect();
        server.emitter().record(&events).await;
    }
    let (house, _) = server.stop().await;
    let data = sqlite(&house.path("data"));
    let whole = copied(&data, &sqlite(&house.path("whole")));
    let (to, there) = killed_copying(&data, whole.0).await;
    assert!(there > 0 && there < whole.0, "{there} of {}", whole.0);
    let rest = copied(&data, &to);
    assert_eq!(rest, (whole.0, whole.0 - there, whole.2, whole.3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_log_an_altered_one_and_a_newer_copy_are_refused() {
    let (house, ..) = stopped().await;
    let (other, ..) = stopped().await;
    let postgres = Cluster::shared().database().await;
    let data = sqlite(&house.path("data"));
    copied(&data, &postgres);
    let told = refused(&sqlite(&other.path("data")), &postgres);
    assert!(told.contains("another log"), "{told}");
    assert!(refused(&sqlite(&house.path("nothing")), &postgres).contains("there is no folder"));
    assert!(refused(&data, &data).contains("the same place"));
    std::fs::create_dir(house.path("empty")).unwrap();
    assert!(refused(&sqlite(&house.path("empty")), &sqlite(&house.path("to"))).contains("no log to copy"));

    copy(&house.path("data"), &house.path("newer"));
    let server = house.serve().await;
    server.emitter().record(&[answered(PERSON)]).await;
    let (house, _) = server.stop().await;
    copied(&sqlite(&house.path("data")), &postgres);
    assert!(refused(&sqlite(&house.path("newer")), &postgres).contains("more events"));

    tamper(
        &house,
        &["UPDATE events SET body = replace(body, 'platform', 'plotform') WHERE position = 3".into()],
    )
    .await;
    let altered = refused(&sqlite(&house.path("data")), &sqlite(&house.path("fresh")));
    assert!(altered.contains("position 0000000000000003") && altered.contains("leaf hash"), "{altered}");
}
