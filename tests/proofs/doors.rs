//! The doors of the log: checkpoint and tiles for anybody, entries for auditors, proofs for whoever may see the event.

use serde_json::{Value, json};
use subject_record::notary::checkpoint::SignedCheckpoint;
use subject_record::notary::proof::TlogProof;
use subject_record::notary::tile::{TILE_WIDTH, TileId, read_bundle, tile_path, tiles_needed};
use subject_record::notary::tree::{self, Hash, leaf_hash};

use super::given::{PERSON, checkpoint_over, log_key, public, stored, tiles, width_of};
use crate::doors::client::{Answer, BATCH, Client, ONE};
use crate::doors::given::{Changed, answered, consented, disclosed, moved_to, registered};
use crate::doors::server::Server;

/// Enough answers of one person to fill a tile and begin another.
fn many() -> Vec<Value> {
    let answers = (0..280).map(|_| answered(PERSON));
    std::iter::once(registered(PERSON)).chain(answers).collect()
}

fn hash(text: &Value) -> Hash {
    let mut hash = [0; 32];
    hex::decode_to_slice(text.as_str().unwrap(), &mut hash).unwrap();
    hash
}

#[tokio::test]
async fn the_checkpoint_is_signed_by_the_key_that_the_first_event_names_and_covers_what_was_appended() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON), consented(PERSON)]).await;
    let key = log_key(&server).await;
    let signed = checkpoint_over(server.address, 3).await;
    signed.verify(&key).unwrap();
    assert_eq!((signed.checkpoint.origin.as_str(), signed.checkpoint.size), (key.name(), 3));
    let events = stored(&server.as_role("auditor"), 3).await;
    let leaves: Vec<Hash> = events.iter().map(|bytes| leaf_hash(bytes)).collect();
    let (one, two) = (tree::node_hash(&leaves[0], &leaves[1]), leaves[2]);
    assert_eq!(signed.checkpoint.root, tree::node_hash(&one, &two), "the root by hand");

    let answer = public(server.address, "/log/checkpoint").await;
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["cache-control"], "public, max-age=1");
    let text = String::from_utf8(answer.body).unwrap();
    let larger = SignedCheckpoint::parse(&text.replacen("\n3\n", "\n4\n", 1)).unwrap();
    assert!(larger.verify(&key).is_err(), "not what was signed");
    let printed = server.run_as("auditor", &["log", "checkpoint"]);
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), text);
    let printed = server.run_as("auditor", &["log", "key"]);
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), format!("{key}\n"));
}

#[tokio::test]
async fn tiles_hold_the_leaf_hashes_of_the_events_and_lead_to_the_signed_root() {
    let server = Server::new().await;
    let receipts = server.emitter().record(&many()).await;
    let leaves: Vec<Hash> = receipts.iter().map(|receipt| hash(&receipt["leaf_hash"])).collect();
    let signed = checkpoint_over(server.address, 282).await.checkpoint;
    let tile = async |path: &str| public(server.address, &format!("/log/tile/{path}")).await;

    let full = tile("0/000").await;
    assert_eq!((full.status, full.body.len()), (200, 256 * 32));
    assert_eq!(full.body[32..], leaves[..255].concat(), "the first leaf is the opening of the log");
    assert_eq!(full.headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(full.headers["content-type"], "application/octet-stream");
    for width in [1, 25, width_of(TileId { level: 0, number: 1 }, signed.size)] {
        let part = tile(&format!("0/001.p/{width}")).await;
        assert_eq!((part.status, part.body.len()), (200, usize::from(width) * 32));
        assert_eq!(part.headers["cache-control"], "public, max-age=1");
        assert_eq!(part.body, leaves[255..255 + usize::from(width)].concat());
    }
    let above = tile("1/000.p/1").await;
    assert_eq!(above.body.len(), 32);
    assert_eq!(tile("0/000.p/7").await.body, full.body[..7 * 32], "the beginning of a full tile");

    let all = tiles(server.address, tiles_needed(&[], &[signed.size]), signed.size).await;
    assert_eq!(tree::root(signed.size, &all).unwrap(), signed.root);
}

#[tokio::test]
async fn what_is_no_tile_under_the_checkpoint_is_not_found() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON)]).await;
    checkpoint_over(server.address, 2).await;
    assert_eq!(public(server.address, "/log/tile/0/000.p/2").await.status, 200);
    for path in [
        "0/000",
        "0/000.p/3",
        "0/001.p/1",
        "1/000.p/1",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/02",
        "0/0.p/2",
        "00/000.p/2",
        "0/x000/000.p/2",
        "64/000.p/1",
        "-1/000.p/1",
        "0/000.p/",
        "0/",
        "0",
        "0/000.p/2/",
        "0/%30%30%30.p/2x",
        "18446744073709551616/000.p/1",
        "0/x999/x999/x999/x999/x999/x999/999.p/1",
    ] {
        let answer = public(server.address, &format!("/log/tile/{path}")).await;
        assert_eq!(answer.refusal(), (404, "not_found".into()), "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
    }
    for path in ["000", "000.p/3", "001.p/1", "000.p/0", "0.p/2", "x000/000.p/2"] {
        let answer = server.as_role("auditor").get(&format!("/log/tile/entries/{path}")).await;
        assert_eq!(answer.refusal(), (404, "not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn entries_are_for_auditors_alone_and_hash_to_the_tiles() {
    let server = Server::new().await;
    server.emitter().record(&many()).await;
    let signed = checkpoint_over(server.address, 282).await.checkpoint;
    for path in ["/log/tile/entries/000", "/log/tile/entries/001.p/3"] {
        assert_eq!(public(server.address, path).await.refusal(), (401, "token.missing_or_unknown".into()));
        for role in ["emitter", "support", "operator"] {
            assert_eq!(
                server.as_role(role).get(path).await.refusal(),
                (403, "role.forbids".into()),
                "{role}"
            );
        }
        assert_eq!(server.as_role("officer").get(path).await.status, 200);
    }
    let auditor = server.as_role("auditor");
    let log = stored(&auditor, signed.size).await;
    for number in [0, 1] {
        let id = TileId { level: 0, number };
        let path = tile_path(id, width_of(id, signed.size));
        let hashes = public(server.address, &format!("/log/tile/{path}")).await.body;
        let bundle = auditor.get(&format!("/log/tile/entries/{}", path.trim_start_matches("0/"))).await;
        assert_eq!(bundle.headers["content-type"], "application/octet-stream");
        let cache = if number == 0 { "private, max-age=31536000, immutable" } else { "no-store" };
        assert_eq!(bundle.headers["cache-control"], cache, "no cache that others share keeps events");
        let entries = read_bundle(&bundle.body).unwrap();
        let hashed: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        assert_eq!(hashed.concat(), hashes);
        let first = usize::try_from(number).unwrap() * usize::from(TILE_WIDTH);
        assert_eq!(entries, log[first..first + entries.len()], "exactly the stored bytes");
    }
}

/// The proof of an event, as the caller gets it.
async fn proof(client: &Client, position: &Value) -> Answer {
    client.get(&format!("/v1/events/{}/proof", position.as_str().unwrap())).await
}

fn parsed(answer: &Answer) -> TlogProof {
    assert_eq!(answer.status, 200, "{answer:?}");
    TlogProof::parse(std::str::from_utf8(&answer.body).unwrap()).unwrap()
}

#[tokio::test]
async fn an_event_is_proven_to_whoever_may_see_it() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let receipts = emitter.record(&[registered(PERSON), consented(PERSON), disclosed(PERSON)]).await;
    let key = log_key(&server).await;
    for receipt in &receipts {
        let answer = proof(&emitter, &receipt["position"]).await;
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
        let proof = parsed(&answer);
        proof.checkpoint.verify(&key).unwrap();
        let leaf = hash(&receipt["leaf_hash"]);
        proof.check(&leaf).unwrap();
        assert_eq!(proof.index + 1, crate::doors::client::number(&receipt["position"]));
        let off_by_one = TlogProof { index: proof.index - 1, ..proof.clone() };
        assert!(off_by_one.check(&leaf).is_err(), "the same hashes at another index");
        assert!(proof.check(&hash(&receipts[0]["leaf_hash"])).is_ok() == (receipt == &receipts[0]));
    }
    let of_person = &receipts[1]["position"];
    for role in ["support", "auditor", "officer"] {
        parsed(&proof(&server.as_role(role), of_person).await);
    }
    let other = server.new_token("other-1", "emitter", &["other/*"]).await;
    assert_eq!(proof(&other, of_person).await.refusal(), (404, "not_found".into()), "not its own source");
    let opened = json!("0000000000000001");
    assert_eq!(proof(&emitter, &opened).await.refusal(), (404, "not_found".into()));
    assert_eq!(proof(&server.as_role("support"), &opened).await.refusal(), (404, "not_found".into()));
    parsed(&proof(&server.as_role("auditor"), &opened).await);
    let operator = server.as_role("operator");
    assert_eq!(proof(&operator, of_person).await.refusal(), (403, "role.forbids".into()));
    let nobody = public(server.address, "/v1/events/0000000000000002/proof").await;
    assert_eq!(nobody.refusal(), (401, "token.missing_or_unknown".into()));
    let auditor = server.as_role("auditor");
    assert_eq!(proof(&auditor, &json!("0000000000000099")).await.refusal(), (404, "not_found".into()));
    assert_eq!(proof(&auditor, &json!("last")).await.refusal(), (400, "request.malformed".into()));
}

/// Sends events with a wish for proofs.
async fn send_waiting(emitter: &Client, query: &str, media_type: &str, body: &Value, wish: &str) -> Answer {
    let request = emitter.request(reqwest::Method::POST, &format!("/v1/events{query}"));
    let request = request.header("content-type", media_type).header("prefer", wish);
    emitter.send(request.body(body.to_string())).await
}

#[tokio::test]
async fn an_emitter_that_waits_gets_proofs_in_its_receipts() {
    let server = Server::new().await;
    let (emitter, key) = (server.emitter(), log_key(&server).await);
    let check = |receipt: &Value| {
        let proof = TlogProof::parse(receipt["proof"].as_str().unwrap()).unwrap();
        proof.checkpoint.verify(&key).unwrap();
        proof.check(&hash(&receipt["leaf_hash"])).unwrap();
    };
    let first = registered(PERSON);
    for (wish, status) in [("wait", 201), ("wait=10", 200), ("respond-async, WAIT=\"5\"", 200)] {
        let one = send_waiting(&emitter, "", ONE, &first, wish).await;
        assert_eq!((one.status, one.headers["preference-applied"].to_str().unwrap()), (status, "wait"));
        check(&one.json());
    }
    let too_late = moved_to(PERSON, "late@example.kz").with("/time", "2999-01-01T00:00:00Z");
    let batch = json!([consented(PERSON), too_late, answered(PERSON)]);
    let batch = send_waiting(&emitter, "", BATCH, &batch, "wait=10").await;
    assert_eq!(batch.headers["preference-applied"], "wait");
    let results = batch.json()["results"].as_array().unwrap().clone();
    assert_eq!(results.iter().map(|result| result["status"].clone()).collect::<Vec<_>>(), [201, 422, 201]);
    check(&results[0]);
    assert_eq!(results[1].get("proof"), None, "what is refused has none");
    check(&results[2]);
    let atomic = json!([disclosed(PERSON), answered(PERSON)]);
    let atomic = send_waiting(&emitter, "?atomic=true", BATCH, &atomic, "wait=10").await;
    assert_eq!((atomic.status, atomic.headers["preference-applied"].to_str().unwrap()), (201, "wait"));
    atomic.json()["results"].as_array().unwrap().iter().for_each(check);
}

#[tokio::test]
async fn nobody_gets_proofs_who_does_not_wait_or_writes_nothing() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let without = async |query: &str, media_type: &str, body: &Value, wish: &str| {
        let answer = send_waiting(&emitter, query, media_type, body, wish).await;
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.headers.get("preference-applied"), None, "{query} {wish}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("tlog-proof"), "{query} {wish}: {answer:?}");
    };
    let (one, batch) = (registered(PERSON), json!([consented(PERSON), answered(PERSON)]));
    without("?dry_run=true", ONE, &one, "wait").await;
    without("", ONE, &one, "return=minimal").await;
    without("", ONE, &one, "waiting=10, x; wait=3").await;
    without("?dry_run=true", BATCH, &batch, "wait=10").await;
    without("?dry_run=true&atomic=true", BATCH, &batch, "wait=10").await;
    without("", BATCH, &batch, "handling=lenient").await;
    // Not even a checkpoint comes at once: the event is recorded all the same.
    let hasty = send_waiting(&emitter, "", ONE, &disclosed(PERSON), "wait=0").await;
    assert_eq!(hasty.status, 201);
    assert_eq!(server.as_role("auditor").last_position().await, 5);
}

#[tokio::test]
async fn public_tiles_alone_show_that_the_log_only_grew() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON), consented(PERSON), answered(PERSON)]).await;
    let old = checkpoint_over(server.address, 4).await.checkpoint;
    server.emitter().record(&(0..300).map(|_| answered(PERSON)).collect::<Vec<_>>()).await;
    let new = checkpoint_over(server.address, 304).await.checkpoint;
    assert!(old.size < new.size);
    let known = tiles(server.address, tiles_needed(&[], &[old.size, new.size]), new.size).await;
    let proof = tree::prove_consistency(old.size, new.size, &known).unwrap();
    tree::check_consistency(&proof, (old.size, &old.root), (new.size, &new.root)).unwrap();
    assert!(tree::check_consistency(&proof, (old.size, &new.root), (new.size, &new.root)).is_err());
    assert!(tree::check_consistency(&proof, (old.size + 1, &old.root), (new.size, &new.root)).is_err());
    assert!(tree::check_consistency(&proof, (old.size, &old.root), (new.size, &old.root)).is_err());
}
