//! What the tests of proofs share: the log seen from outside, dossiers taken apart, and hands that reach past the
//! service.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use subject_record::dossier::verify::{Attachments, Axis, Trust, Verdicts, unpack, verify};
use subject_record::notary::checkpoint::SignedCheckpoint;
use subject_record::notary::note::VerifierKey;
use subject_record::notary::tile::{TILE_WIDTH, TileId, TileSet, tile_path};
use subject_record::outbound::{Trust as Certificates, client};

use crate::doors::client::{Answer, Client};
use crate::doors::given::{Changed, disclosed, event, fresh};
use crate::doors::server::{House, Server};

pub(super) const PERSON: &str = "p-invented-1";

/// Tries, 20 milliseconds apart, in which the notary signs.
const PATIENCE_TRIES: u32 = 1500;

/// Asks without a token, as anybody may.
pub(super) async fn public(address: SocketAddr, path: &str) -> Answer {
    let http = client("", Certificates::Machine).unwrap().build().unwrap();
    let response = http.get(format!("http://{address}{path}")).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

/// The key that the first event names.
pub(super) async fn log_key(server: &Server) -> VerifierKey {
    let opened = server.as_role("auditor").get("/v1/events/0000000000000001").await.json();
    let mut key = [0; 32];
    hex::decode_to_slice(opened["data"]["verifier_key"].as_str().unwrap(), &mut key).unwrap();
    VerifierKey::new_ed25519(opened["data"]["verifier_key_name"].as_str().unwrap(), &key).unwrap()
}

/// The stored bytes of the first events.
pub(super) async fn stored(auditor: &Client, events: u64) -> Vec<Vec<u8>> {
    let mut stored = Vec::new();
    for position in 1..=events {
        let answer = auditor.get(&format!("/v1/events/{position}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        stored.push(answer.body);
    }
    stored
}

/// The published checkpoint, once it covers so many entries.
pub(super) async fn checkpoint_over(address: SocketAddr, entries: u64) -> SignedCheckpoint {
    for _ in 0..PATIENCE_TRIES {
        let answer = public(address, "/log/checkpoint").await;
        if answer.status == 200 {
            let signed = SignedCheckpoint::parse(std::str::from_utf8(&answer.body).unwrap()).unwrap();
            if signed.checkpoint.size >= entries {
                return signed;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("no checkpoint covers {entries} entries after a long time")
}

/// Hashes in a tile of a tree of this size.
pub(super) fn width_of(id: TileId, size: u64) -> u16 {
    let hashes = (size >> (8 * u32::from(id.level))) - id.number * u64::from(TILE_WIDTH);
    u16::try_from(hashes.min(TILE_WIDTH.into())).unwrap()
}

/// Tiles of a tree of this size, from the public door.
pub(super) async fn tiles(address: SocketAddr, wanted: BTreeSet<TileId>, size: u64) -> TileSet {
    let mut tiles = BTreeMap::new();
    for id in wanted {
        let answer = public(address, &format!("/log/tile/{}", tile_path(id, width_of(id, size)))).await;
        assert_eq!(answer.status, 200, "{id:?}: {answer:?}");
        tiles.insert(id, answer.body);
    }
    TileSet::new(tiles)
}

/// Asks for a dossier of the invented person.
pub(super) async fn ask_dossier(client: &Client, purpose: &str, body: &Value) -> Answer {
    let request = client.request(reqwest::Method::POST, &format!("/v1/subjects/{PERSON}/dossiers"));
    client.send(request.header("access-purpose", purpose).json(body)).await
}

/// A dossier of the invented person, for a court.
pub(super) async fn dossier(server: &Server, body: &Value) -> Answer {
    let answer = ask_dossier(&server.as_role("auditor"), "court; case=\"7527-26\"", body).await;
    assert_eq!(answer.status, 200, "{answer:?} {}", server.house().log());
    assert_eq!(answer.headers["content-type"], "application/pdf");
    answer
}

/// What a dossier for a court is asked with.
pub(super) fn for_court() -> Value {
    json!({ "asked_by": "court", "legal_ref": "7527-26-00-2", "language": "en" })
}

/// Files by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// The files attached to a dossier.
pub(super) fn files_of(pdf: &[u8]) -> Files {
    files(&unpack::unpack(pdf).unwrap())
}

fn files(attachments: &Attachments) -> Files {
    let file = |name: &str| (name.to_owned(), attachments.get(name).unwrap().to_vec());
    attachments.names().map(file).collect()
}

/// An attachment that is JSON.
pub(super) fn read(files: &Files, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap()
}

/// The verdicts about files, saved to a folder as another program would.
pub(super) fn verdicts(files: &Files, trust: &Trust) -> Verdicts {
    let folder = tempfile::TempDir::new().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    verify(&unpack::open(folder.path()).unwrap(), trust, None)
}

/// Whoever holds the log's key and nothing else.
pub(super) fn holding(key: &VerifierKey) -> Trust {
    Trust { log_key: Some(key.clone()), ..Trust::default() }
}

/// Every axis with its level, and whether it holds.
pub(super) fn levels(verdicts: &Verdicts) -> Vec<(&'static str, &'static str, bool)> {
    verdicts.verdicts.iter().map(|v| (v.axis.word(), v.level.word(), v.holds)).collect()
}

/// What a sound dossier of a log without witnesses is.
pub(super) const SOUND: [(&str, &str, bool); 5] = [
    ("bytes", "intact", true),
    ("history", "consistent", true),
    ("completeness", "claimed", true),
    ("witness", "self", false),
    ("time", "asserted", false),
];

/// Axes and codes of all faults.
pub(super) fn faults(verdicts: &Verdicts) -> Vec<(Axis, &'static str)> {
    let all = verdicts.verdicts.iter();
    let mut faults: Vec<_> =
        all.flat_map(|verdict| verdict.faults.iter().map(|fault| (verdict.axis, fault.code))).collect();
    faults.sort_unstable();
    faults.dedup();
    faults
}

/// A request of a state body under secrecy of investigation, and the disclosure that answers it.
pub(super) fn asked_in_secret(subject: &str) -> Vec<Value> {
    let request = fresh("sr");
    let received = json!({
        "request_id": request, "recipient_id": "police-almaty-2", "number": "7712-26", "dated": "2026-03-13",
        "reasons_given": true, "signed": true, "scope_categories": ["full_name"], "secrecy": true,
    });
    let decided = json!({ "request_id": request, "decision": "comply", "categories_allowed": ["full_name"] });
    let made = disclosed(subject)
        .with("/data/ground", "3.4.1")
        .with("/data/ground_ref", request.as_str())
        .with("/data/recipient_id", "police-almaty-2")
        .with("/time", "2026-03-18T04:00:00Z");
    vec![
        event("state_request.received.v1", subject, received).with("/time", "2026-03-16T04:00:00Z"),
        event("state_request.decided.v1", subject, decided).with("/time", "2026-03-17T04:00:00Z"),
        made,
    ]
}

/// Erases the invented person.
pub(super) async fn erase(server: &Server) {
    let body = json!({ "basis": "subject_request", "basis_ref": "req-7" }).to_string();
    let path = format!("/v1/subjects/{PERSON}/erasure");
    let erased = server.as_role("officer").post(&path, "application/json", body).await;
    assert_eq!(erased.status, 200, "{erased:?}");
}

/// A connection of somebody who does not go through the store.
pub(super) async fn intruder(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

/// Changes a stopped service's events: triggers are taken away and put back as they were.
pub(super) async fn tamper(house: &House, statements: &[String]) {
    let mut connection = intruder(&house.path("data/events.db")).await;
    let triggers: Vec<(String, String)> =
        sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let dropped = triggers.iter().map(|(name, _)| format!("DROP TRIGGER {name}"));
    let put_back = triggers.iter().map(|(_, sql)| sql.clone());
    for statement in dropped.chain(statements.iter().cloned()).chain(put_back) {
        let run = sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut connection).await;
        run.unwrap_or_else(|error| unreachable!("{statement}: {error}"));
    }
}

/// What `log check` says of a folder that is not served, and its exit status.
pub(super) fn log_check(house: &House, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = house.run(&[&["log", "check", "--format", "json"], arguments].concat());
    let report = serde_json::from_slice(&output.stdout);
    (output.status.code(), report.unwrap_or_else(|error| unreachable!("{error}: {output:?}")))
}

/// Position, axis and code of each fault that `log check` tells.
pub(super) fn told(report: &Value) -> Vec<(Option<&str>, &str, &str)> {
    let faults = report["faults"].as_array().unwrap().iter();
    faults
        .map(|fault| {
            (fault["position"].as_str(), fault["axis"].as_str().unwrap(), fault["code"].as_str().unwrap())
        })
        .collect()
}

/// Copies a folder and the folders in it.
pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}
