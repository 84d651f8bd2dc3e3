//! A value of the timeline is proved by its opening against the stored bytes, by RFC 9901 and by anybody.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::given::{consented, moved_to, registered};
use super::server::Server;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doors/check_openings.py");

/// A timeline with values open, and the stored bytes of each of its events.
async fn evidence() -> (Value, Vec<(String, String)>) {
    let server = Server::new().await;
    let person = "p-invented-1";
    server.emitter().record(&[registered(person), consented(person), moved_to(person, "ә@example.kz")]).await;
    let auditor = server.as_role("auditor");
    let timeline = auditor.look("/v1/subjects/p-invented-1/timeline", "audit").await.json();
    let mut stored = Vec::new();
    for entry in timeline["entries"].as_array().unwrap() {
        let position = entry["position"].as_str().unwrap();
        let bytes = auditor.get(&format!("/v1/events/{position}")).await.body;
        stored.push((position.to_owned(), String::from_utf8(bytes).unwrap()));
    }
    (timeline, stored)
}

#[tokio::test]
async fn every_opening_hashes_to_a_digest_of_the_stored_bytes() {
    let (timeline, stored) = evidence().await;
    let mut openings = 0;
    for (entry, (_, bytes)) in timeline["entries"].as_array().unwrap().iter().zip(&stored) {
        let document: Value = serde_json::from_str(bytes).unwrap();
        let mut digests = document["data"]["personal"]["_sd"].as_array().unwrap().clone();
        assert!(digests.is_sorted_by_key(Value::to_string), "their order says nothing: {digests:?}");
        for member in entry["personal"]["members"].as_array().unwrap() {
            let opening = member["opening"].as_str().unwrap();
            let digest = BASE64URL.encode(Sha256::digest(opening));
            assert!(digests.contains(&json!(digest)), "{member}");
            digests.retain(|other| *other != digest);
            let decoded: Value = serde_json::from_slice(&BASE64URL.decode(opening).unwrap()).unwrap();
            assert_eq!((&decoded[1], &decoded[2]), (&member["name"], &member["value"]));
            assert!(
                BASE64URL.decode(decoded[0].as_str().unwrap()).unwrap().len() >= 16,
                "128 random bits or more"
            );
            openings += 1;
        }
        assert!(digests.is_empty(), "every digest has its opening");
    }
    assert_eq!(openings, 5 + 1 + 1);
}

/// What the Python script says of a timeline and stored events: whether it agrees, and how it put it.
fn python_agrees(timeline: &Value, stored: &[(String, String)]) -> (bool, String) {
    let input = json!({ "timeline": timeline, "stored": stored }).to_string();
    let mut python = Command::new("python3")
        .args(["-I", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn a_few_lines_of_python_agree() {
    if !crate::tools::wanted("python3", &["python3"]) {
        return;
    }
    let (timeline, stored) = evidence().await;
    let (agrees, said) = python_agrees(&timeline, &stored);
    assert!(agrees && said.contains("7 values"), "{said}");
    let other_value = timeline.to_string().replace("gulnur@example.kz", "aigul@example.kz");
    let (agrees, said) = python_agrees(&serde_json::from_str(&other_value).unwrap(), &stored);
    assert!(!agrees && said.contains("email"), "another value: {said}");
    let altered: Vec<_> =
        stored.iter().map(|(p, text)| (p.clone(), text.replace("reg-4", "reg-5"))).collect();
    let (agrees, said) = python_agrees(&timeline, &altered);
    assert!(!agrees && said.contains("leaf hash"), "other bytes: {said}");
}
