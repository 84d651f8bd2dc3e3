//! Roots and proofs of a log, checked by an implementation that shares nothing with this project.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};
use subject_record::notary::proof::TlogProof;
use subject_record::notary::tile::{read_bundle, tiles_needed};
use subject_record::notary::tree::{Hash, prove_consistency};

use super::given::{PERSON, checkpoint_over, tiles};
use crate::doors::client::BATCH;
use crate::doors::given::{answered, registered};
use crate::doors::server::Server;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proofs/check_merkle.py");
/// A Python that has PyPI's `pymerkle`.
const PYTHON: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/pymerkle/bin/python");

/// Events of each batch that waits for its proofs: some trees are full, some even, some odd.
const BATCHES: [usize; 12] = [1, 2, 4, 8, 16, 223, 1, 257, 100, 99, 288, 1];

fn text(hash: &Hash) -> String {
    BASE64.encode(hash)
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(text).collect()
}

/// A log of a thousand events: its entries, every receipt's proof, and consistency between all its checkpoints.
async fn log() -> Value {
    let server = Server::new().await;
    let emitter = server.emitter();
    let mut roots: BTreeMap<u64, Hash> = BTreeMap::new();
    let mut inclusion = Vec::new();
    let mut first = Some(registered(PERSON));
    for events in BATCHES {
        let batch: Vec<Value> =
            (0..events).map(|_| first.take().unwrap_or_else(|| answered(PERSON))).collect();
        let request = emitter.request(reqwest::Method::POST, "/v1/events").header("content-type", BATCH);
        let request = request.header("prefer", "wait=10").body(Value::from(batch).to_string());
        let answer = emitter.send(request).await.json();
        for receipt in answer["results"].as_array().unwrap() {
            let proof = TlogProof::parse(receipt["proof"].as_str().unwrap()).unwrap();
            let checkpoint = &proof.checkpoint.checkpoint;
            roots.insert(checkpoint.size, checkpoint.root);
            inclusion.push(
                json!({ "index": proof.index, "size": checkpoint.size, "hashes": texts(&proof.hashes) }),
            );
        }
    }
    let signed = checkpoint_over(server.address, inclusion.len() as u64 + 1).await.checkpoint;
    roots.insert(signed.size, signed.root);
    let sizes: Vec<u64> = roots.keys().copied().collect();
    let known = tiles(server.address, tiles_needed(&[], &sizes), signed.size).await;
    let mut consistency = Vec::new();
    for (number, old) in sizes.iter().enumerate() {
        for new in &sizes[number + 1..] {
            let hashes = prove_consistency(*old, *new, &known).unwrap();
            consistency.push(json!({ "old": old, "new": new, "hashes": texts(&hashes) }));
        }
    }
    let auditor = server.as_role("auditor");
    let mut entries = Vec::new();
    for bundle in 0..signed.size.div_ceil(256) {
        let width = (signed.size - bundle * 256).min(256);
        let part = if width == 256 { String::new() } else { format!(".p/{width}") };
        let answer = auditor.get(&format!("/log/tile/entries/{bundle:03}{part}")).await;
        entries.extend(read_bundle(&answer.body).unwrap().iter().map(|entry| BASE64.encode(entry)));
    }
    let checkpoints: Vec<Value> =
        roots.iter().map(|(size, root)| json!({ "size": size, "root": text(root) })).collect();
    json!({ "entries": entries, "checkpoints": checkpoints, "inclusion": inclusion, "consistency": consistency })
}

/// What pymerkle says of a log: whether it agrees, and how it put it.
fn pymerkle_agrees(log: &Value) -> (bool, String) {
    let mut python = Command::new(PYTHON)
        .args(["-I", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(log.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// The same log with one bit of a base64 text flipped.
fn altered(log: &Value, pointer: &str) -> Value {
    let mut log = log.clone();
    let place = log.pointer_mut(pointer).unwrap_or_else(|| unreachable!("{pointer}"));
    let mut bytes = BASE64.decode(place.as_str().unwrap()).unwrap();
    bytes[3] ^= 1;
    *place = BASE64.encode(bytes).into();
    log
}

#[tokio::test]
async fn another_implementation_agrees_with_every_root_and_proof_and_refuses_altered_ones() {
    if !crate::tools::wanted("pymerkle", &[PYTHON]) {
        return;
    }
    let log = log().await;
    let (agrees, said) = pymerkle_agrees(&log);
    assert!(agrees, "{said}");
    let lengths = ["entries", "checkpoints", "inclusion", "consistency"]
        .map(|kind| log[kind].as_array().unwrap().len());
    let expected = format!(
        "{} entries, {} checkpoints, {} inclusion, {} consistency",
        lengths[0], lengths[1], lengths[2], lengths[3]
    );
    assert_eq!(said.trim(), expected);
    assert!(lengths[0] > 1000 && lengths[1] >= 10 && lengths[3] >= 45, "{said}");
    for (pointer, refused) in [
        ("/entries/500", "checkpoints"),
        ("/checkpoints/7/root", "checkpoints 7"),
        ("/inclusion/0/hashes/0", "inclusion 0"),
        ("/inclusion/600/hashes/4", "inclusion 600"),
        ("/consistency/0/hashes/0", "consistency 0"),
        ("/consistency/40/hashes/2", "consistency 40"),
    ] {
        let (agrees, said) = pymerkle_agrees(&altered(&log, pointer));
        assert!(!agrees && said.starts_with(refused), "{pointer}: {said}");
    }
    let mut moved = log.clone();
    moved["inclusion"][600]["index"] = json!(log["inclusion"][600]["index"].as_u64().unwrap() + 1);
    let (agrees, said) = pymerkle_agrees(&moved);
    assert!(!agrees && said.starts_with("inclusion 600"), "another index: {said}");
}
