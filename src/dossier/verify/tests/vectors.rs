//! The worked example of `docs/evidence-format.md`, computed again: the document must hold what comes out here.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD as BASE64, BASE64_URL_SAFE_NO_PAD as BASE64URL};

use super::super::bytes::digest_of;
use super::given::{LOG_ID, Log, ORIGIN, PERSON, Stored, log_key};
use crate::notary::heads::{StreamEnd, bucket_leaf, bucket_of, check_head, head_hash, name_hash};
use crate::notary::tree::{Hash, leaf_hash, node_hash, prove_consistency, prove_inclusion};

const DOCUMENT: &str = include_str!("../../../../docs/evidence-format.md");
/// Salt, name and value of the one opening, as JSON.
const OPENED: &str = r#"["lklxF5jMYlGTPUovMNIvCA","email","aigerim@example.kz"]"#;

fn event(id: u64, wire_name: &str, members: &str, revision: u64, data: &str) -> Vec<u8> {
    let blinding = BASE64URL.encode([u8::try_from(id).unwrap(); 16]);
    format!(
        r#"{{"specversion":"1.0","id":"v-{id}","source":"platform/vectors","type":"{wire_name}",{members}"time":"2026-01-0{id}T10:00:00.000000Z","recordedby":"t-1","blinding":"{blinding}","recordedtime":"2026-01-0{id}T10:00:01.000000Z","sequence":"{revision:012}","data":{data}}}"#
    )
    .into_bytes()
}

fn stored(stream: &str, revision: u64, bytes: Vec<u8>, openings: Vec<String>) -> Stored {
    Stored { stream: stream.to_owned(), revision, bytes, openings, is_withdrawn: false }
}

/// Three events: the log is opened, a person is registered, the ends of the streams are committed to.
fn log() -> Log {
    let vkey = log_key().verifier_key().to_string();
    let key = BASE64.decode(vkey.rsplit('+').next().unwrap()).unwrap();
    let opened = format!(
        r#"{{"log_id":"{LOG_ID}","engine":"sqlite","verifier_key_name":"{ORIGIN}","verifier_key":"{}","simulated":true}}"#,
        hex::encode(&key[1..])
    );
    let first = event(1, "log.opened.v1", "", 0, &opened);
    let opening = BASE64URL.encode(OPENED);
    let registered = format!(
        r#"{{"channel":"web","_sd_alg":"sha-256","personal":{{"_sd":["{}"]}}}}"#,
        digest_of(&opening)
    );
    let subject = format!(r#""subject":"{PERSON}","#);
    let second = event(2, "subject.registered.v1", &subject, 0, &registered);
    let previous = format!(r#""previous":"{}","#, hex::encode(leaf_hash(&first)));
    let mut log = Log::default();
    log.events.push(stored("office", 0, first, Vec::new()));
    log.events.push(stored(&format!("subject-{PERSON}"), 0, second, vec![opening]));
    let committed = format!(
        r#"{{"root":"{}","streams":2,"at_position":"0000000000000002"}}"#,
        hex::encode(log.heads(2).root())
    );
    let third = event(3, "stream_heads.committed.v1", &previous, 1, &committed);
    log.events.push(stored("office", 1, third, Vec::new()));
    log
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn base64s(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| format!("{}\n", BASE64.encode(hash))).collect()
}

fn hexes(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| format!("{}\n", hex::encode(hash))).collect()
}

/// What the document says, block by block.
fn blocks() -> Vec<(&'static str, String)> {
    let log = log();
    let leaves: Vec<Hash> = log.events.iter().map(|event| leaf_hash(&event.bytes)).collect();
    let events = log.events.iter().map(|event| format!("{}\n", text(&event.bytes))).collect();
    let opening = &log.events[1].openings[0];
    let opened = format!("{OPENED}\n{opening}\n{}\n", digest_of(opening));
    let roots = [log.root(1), log.root(2), log.root(3)];
    assert_eq!(roots[2], node_hash(&node_hash(&leaves[0], &leaves[1]), &leaves[2]));
    let newest = log.checkpoint(3);
    let signed = format!("{}\n{}", log_key().verifier_key(), newest.note);
    let consistency = prove_consistency(2, 3, &log).unwrap();
    let name = format!("subject-{PERSON}");
    let end = StreamEnd { revision: 0, leaf_hash: leaves[1] };
    let (name_hash, head) = (name_hash(&name), head_hash(&end));
    let mut heads = log.heads(2);
    let proof = heads.proof(&name);
    assert_eq!(check_head(&name, &end, &proof, &heads.root()), Ok(()));
    let head = format!(
        "name hash    {}\nhead hash    {}\nbucket       {}\nbucket leaf  {}\nheads root   {}\n",
        hex::encode(name_hash),
        hex::encode(head),
        bucket_of(&name_hash),
        hex::encode(bucket_leaf(&[(name_hash, head)])),
        hex::encode(heads.root()),
    );
    let bucket = format!("{}\n", serde_json::to_string_pretty(&proof).unwrap());
    assert_eq!(prove_inclusion(1, 3, &log).unwrap(), [leaves[0], leaves[2]]);
    vec![
        ("the three lines of events.jsonl", events),
        ("leaf hashes of the three lines", hexes(&leaves)),
        ("roots of the trees of one, two and three leaves", hexes(&roots)),
        ("an opening, as JSON, as it is attached, and its digest", opened),
        ("verifier key and checkpoint", signed),
        ("proof of the second event", log.proof(1, &newest).to_string()),
        ("consistency from size 2 to size 3", base64s(&consistency)),
        ("end of the person's stream", head),
        ("the bucket it stands in, and the path to the root", bucket),
    ]
}

#[test]
fn the_worked_example_of_the_document_is_what_is_computed() {
    for (title, block) in blocks() {
        let told = format!("{title}:\n\n```text\n{block}```\n");
        let told = told[..1].to_uppercase() + &told[1..];
        assert!(DOCUMENT.contains(&told), "docs/evidence-format.md must hold:\n{told}");
    }
}

#[test]
fn the_document_names_every_fault_and_a_test_causes_it() {
    let sources = [
        include_str!("../mod.rs"),
        include_str!("../files.rs"),
        include_str!("../bytes.rs"),
        include_str!("../history.rs"),
        include_str!("../completeness.rs"),
        include_str!("../witness.rs"),
        include_str!("../time.rs"),
    ];
    let codes = sources.iter().flat_map(|source| source.split('"').skip(1).step_by(2)).filter(|text| {
        text.contains('_') && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    });
    let tests = [
        include_str!("attacks.rs"),
        include_str!("levels.rs"),
        include_str!("shapes.rs"),
        include_str!("sound.rs"),
        include_str!("unpacking.rs"),
    ];
    let mut found = 0;
    for code in codes {
        found += 1;
        assert!(tests.iter().any(|test| test.contains(&format!("\"{code}\""))), "no test causes {code}");
        assert!(DOCUMENT.contains(&format!("`{code}`")), "docs/evidence-format.md must name `{code}`");
    }
    assert!(found > 30, "{found}");
}
