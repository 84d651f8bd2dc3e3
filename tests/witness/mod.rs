//! A mirror witness against a log that lies, and the client against a witness that does.

mod asking;
mod fake;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use subject_record::clock::{Clock, SetClock};
use subject_record::config::Server;
use subject_record::http::serve_witness;
use subject_record::notary::note::{CosigningKey, VerifierKey};
use subject_record::outbound::{Trust, client};
use subject_record::witness::client::{WitnessClient, WitnessError};
use subject_record::witness::mirror::{LogReader, Mirror, OpenError, Opening};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use fake::{
    Entry, FakeLog, TOKEN, annotated, consent, heads, opened, policy, registered, signing_key, viewed,
    withdrawn,
};

const NAME: &str = "witness.example/one";

fn cosigning_key() -> CosigningKey {
    CosigningKey::from_seed(NAME, Zeroizing::new([7; 32])).unwrap()
}

/// A mirror that is served, and a client of it.
struct Served {
    mirror: Arc<Mirror>,
    url: String,
    client: WitnessClient,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Served {
    async fn stop(self) {
        let _ = self.stop.send(());
        self.running.await.unwrap();
    }
}

/// A request to the door, by whoever comes by.
async fn get(url: &str) -> reqwest::Response {
    http().get(url).send().await.unwrap()
}

fn http() -> reqwest::Client {
    client("http://127.0.0.1", Trust::Machine).unwrap().build().unwrap()
}

struct Scene {
    log: FakeLog,
    folder: TempDir,
    clock: Arc<SetClock>,
}

impl Scene {
    async fn new(entries: Vec<Entry>) -> Self {
        let clock = Arc::new(SetClock::at("2026-12-20T10:00:00Z".parse().unwrap()));
        Self { log: FakeLog::serve(entries).await, folder: TempDir::new().unwrap(), clock }
    }

    async fn open(&self, audit_again: bool) -> Result<Mirror, OpenError> {
        let opening = Opening {
            folder: self.folder.path(),
            log_key: signing_key().verifier_key().clone(),
            log: LogReader::new(&self.log.url, Some(Zeroizing::new(TOKEN.into()))).unwrap(),
            key: cosigning_key(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            audit_again,
        };
        Mirror::open(opening).await
    }

    async fn mirror(&self) -> Served {
        serve(self.open(false).await.unwrap()).await
    }
}

async fn serve(mirror: Mirror) -> Served {
    let mirror = Arc::new(mirror);
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, told) = oneshot::channel();
    let settings = Server { listen: ([127, 0, 0, 1], 0).into(), ..Server::default() };
    let served = Arc::clone(&mirror);
    let running = tokio::spawn(async move {
        let stop = async move {
            let _ = stopped.await;
        };
        serve_witness(served, &settings, stop, |address| tell.send(address).unwrap()).await.unwrap();
    });
    let url = format!("http://{}", told.await.unwrap());
    let key = cosigning_key().verifier_key().clone();
    let client = WitnessClient::new(&url, key, Duration::from_secs(60)).unwrap();
    Served { mirror, url, client, stop, running }
}

/// What the mirror says to the log's first `size` entries, with a right proof from `old`.
async fn ask(scene: &Scene, served: &Served, old: u64, size: u64) -> Result<Vec<String>, WitnessError> {
    served.client.add_checkpoint(old, &scene.log.prove(old, size), &scene.log.checkpoint(size)).await
}

fn refused_with(answer: &Result<Vec<String>, WitnessError>, words: &str) -> bool {
    matches!(answer, Err(WitnessError::Refused { status: 422, reason }) if reason.contains(words))
}

/// A log of a few people, with its heads written down twice.
fn honest() -> Vec<Entry> {
    let mut entries = vec![opened(), policy(), registered("p-invented-1"), registered("p-invented-2")];
    entries.push(heads(4));
    entries.extend([consent("p-invented-1"), annotated("p-invented-2"), consent("p-invented-1"), policy()]);
    // One entry came between what the heads are of and where they are written down.
    entries.push(heads(8));
    entries.extend([consent("p-invented-2"), registered("p-invented-3")]);
    entries
}

fn long(people: usize) -> Vec<Entry> {
    let mut entries = honest();
    entries.extend((100..100 + people).map(|number| registered(&format!("p-invented-{number}"))));
    entries.push(heads(entries.len() as u64));
    entries
}

#[tokio::test]
async fn an_honest_log_is_cosigned_step_by_step_and_the_mirror_says_what_it_is_at() {
    let scene = Scene::new(long(600)).await;
    let served = scene.mirror().await;
    let key = cosigning_key().verifier_key().clone();
    let mut old = 0;
    for size in [0, 1, 5, 12, 12, 13, 256, 300, 512, scene.log.size()] {
        let lines = ask(&scene, &served, old, size).await.unwrap();
        assert_eq!(lines.len(), 1, "{size}");
        let note = scene.log.checkpoint(size).note.with_signature(&lines[0]).unwrap();
        let at = note.verify(&key).unwrap().at;
        assert_eq!(at, Some(scene.clock.now().timestamp()), "{size}");
        old = size;
    }
    let status = served.mirror.status();
    assert_eq!((status.entries, status.streams, status.heads_found_right), (old, 605, 3));
    assert_eq!(status.cosigned.as_ref().map(|newest| newest.size), Some(old));

    let shown = get(&format!("{}/status", served.url)).await.text().await.unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["cosigned"]["size"], &shown["refused"]), (&old.into(), &serde_json::Value::Null));
    assert_eq!(shown["verifier_key"], key.to_string());
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(fake::ORIGIN));
    let newest = get(&format!("{}/{hash}/checkpoint", served.url)).await;
    assert_eq!(newest.text().await.unwrap(), served.mirror.newest().unwrap().note.to_string());
    assert_eq!(get(&format!("{}/{hash:.63}0/checkpoint", served.url)).await.status(), 404);
}

#[tokio::test]
async fn each_lie_of_a_log_is_refused_by_its_name_and_for_good() {
    type Lie = fn(&FakeLog);
    let lies: [(&str, Option<u64>, Lie); 18] = [
        ("entry_altered", Some(5), |log| log.serve_other_bytes(5)),
        ("root_differs", None, |log| log.serve_other_bytes_and_leaf(11)),
        ("entry_unreadable", Some(5), |log| log.rewrite(|entries| entries[5] = b"{}".to_vec())),
        // Left out of the middle of a stream, and at its end.
        ("chain_broken", Some(6), |log| log.rewrite(|entries| drop(entries.remove(5)))),
        ("heads_wrong", Some(8), |log| log.rewrite(|entries| drop(entries.remove(7)))),
        ("chain_broken", Some(5), |log| log.rewrite(|entries| entries.swap(5, 7))),
        ("chain_broken", Some(6), |log| log.rewrite(|entries| entries.insert(6, entries[5].clone()))),
        ("chain_broken", Some(7), |log| log.rewrite(|entries| entries[5] = fake::altered(&entries[5]))),
        ("chain_broken", Some(5), |log| {
            log.rewrite(|entries| entries[5] = fake::of_another_person(&entries[5]))
        }),
        ("heads_wrong", Some(9), |log| log.rewrite(|entries| entries[9] = fake::with_root(&entries[9]))),
        ("heads_wrong", Some(9), |log| log.rewrite(|entries| entries[9] = fake::with_streams(&entries[9]))),
        ("heads_misplaced", Some(9), |log| log.rewrite(|entries| entries[9] = fake::at(&entries[9], 10))),
        ("heads_misplaced", Some(9), |log| log.rewrite(|entries| entries[9] = fake::at(&entries[9], 3))),
        ("time_back", Some(5), |log| log.rewrite(|entries| entries[5] = fake::recorded_before(&entries[5]))),
        ("chain_broken", Some(11), |log| log.rewrite(|entries| entries[11] = fake::annotation(&entries[11]))),
        ("opening_misplaced", Some(0), |log| log.rewrite(|entries| drop(entries.remove(0)))),
        ("other_log", Some(0), |log| log.rewrite(|entries| entries[0] = fake::of_another_log(&entries[0]))),
        ("opening_misplaced", Some(11), |log| {
            log.rewrite(|entries| entries[11] = fake::opened_again(&entries[9]))
        }),
    ];
    for (code, index, lie) in lies {
        let scene = Scene::new(honest()).await;
        lie(&scene.log);
        let served = scene.mirror().await;
        let size = scene.log.size();
        let answer = ask(&scene, &served, 0, size).await;
        assert!(refused_with(&answer, code), "{code} at {index:?}: {answer:?}");
        let refused = served.mirror.status().refused.unwrap();
        assert_eq!((refused.code.as_str(), refused.index), (code, index), "{refused:?}");
        assert_eq!(
            refused.note,
            scene.log.checkpoint(size).note.to_string(),
            "it is evidence against the log"
        );
        assert!(served.mirror.newest().is_none());

        // Not even once the log is as it should be: it signed what was wrong.
        scene.log.repair(honest());
        assert!(refused_with(&ask(&scene, &served, 0, 3).await, code), "{code}");
        served.stop().await;
        let again = serve(scene.open(false).await.unwrap()).await;
        assert!(refused_with(&ask(&scene, &again, 0, 3).await, code), "{code}, after a restart");
        again.stop().await;
        let told = serve(scene.open(true).await.unwrap()).await;
        assert!(ask(&scene, &told, 0, 3).await.is_ok(), "{code}, once its operator says so");
    }
}

/// The one local checks cannot see: everything is made anew and signed with the real key.
#[tokio::test]
async fn a_log_that_is_rewritten_and_signed_with_the_real_key_is_not_cosigned() {
    let scene = Scene::new(honest()).await;
    let served = scene.mirror().await;
    ask(&scene, &served, 0, 10).await.unwrap();
    let honest_root = scene.log.checkpoint(10).checkpoint.root;
    // Chains, heads, tree and signatures are all right; one consent never was.
    let other = honest().into_iter().enumerate().filter(|(index, _)| *index != 7).map(|(_, entry)| entry);
    let other: Vec<Entry> = other.collect();
    scene.log.repair(other.clone());
    assert_ne!(scene.log.checkpoint(10).checkpoint.root, honest_root);
    let answer = ask(&scene, &served, 10, 11).await;
    assert!(refused_with(&answer, "not shown to extend"), "{answer:?}");
    let answer = ask(&scene, &served, 0, 11).await;
    assert!(matches!(answer, Err(WitnessError::KnowsSize { known: 10 })), "{answer:?}");
    assert!(served.mirror.status().refused.is_none(), "nothing of it was even read");
    assert_eq!(served.mirror.newest().unwrap().checkpoint.root, honest_root);

    // Two trees of one size under one signature: that is kept, and nothing is cosigned any more.
    let forked = scene.log.checkpoint(10).note.to_string();
    let answer = ask(&scene, &served, 10, 10).await;
    assert!(refused_with(&answer, "log_forked"), "{answer:?}");
    scene.log.repair(honest());
    assert!(refused_with(&ask(&scene, &served, 10, 11).await, "log_forked"));
    assert_eq!(served.mirror.status().refused.unwrap().note, forked);
    assert_eq!(served.mirror.newest().unwrap().checkpoint.root, honest_root);
    scene.log.repair(other);
    let anew = Scene { folder: TempDir::new().unwrap(), ..scene };
    assert!(ask(&anew, &anew.mirror().await, 0, 11).await.is_ok(), "a mirror that never saw it believes it");
}

#[tokio::test]
async fn an_old_size_that_is_not_the_known_one_is_answered_with_that_and_asked_again() {
    let scene = Scene::new(honest()).await;
    let served = scene.mirror().await;
    ask(&scene, &served, 0, 5).await.unwrap();
    for (old, size) in [(0, 9), (4, 9), (6, 9), (0, 3)] {
        let answer = ask(&scene, &served, old, size).await;
        let Err(WitnessError::KnowsSize { known }) = answer else { unreachable!("{old} {size}: {answer:?}") };
        assert_eq!(known, 5);
    }
    assert_eq!(ask(&scene, &served, 5, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn every_status_is_the_one_the_protocol_names() {
    let scene = Scene::new(honest()).await;
    let served = scene.mirror().await;
    ask(&scene, &served, 0, 5).await.unwrap();
    let right = fake::request(5, &scene.log.prove(5, 9), &scene.log.checkpoint(9));
    let other_log = fake::checkpoint_of("other.example", 9);
    let other_key = fake::checkpoint_of(fake::ORIGIN, 9);
    let of_nothing = fake::signed(0, [1; 32]);
    for (status, body, why) in [
        (400, String::from("x"), "no request"),
        (400, right.replacen("old 5", "old 05", 1), "a size with a leading zero"),
        (400, fake::request(10, &[], &scene.log.checkpoint(9)), "an old size above the new"),
        (400, fake::request(5, &[[1; 32]; 64], &scene.log.checkpoint(9)), "a proof too long"),
        (404, fake::request(5, &[], &other_log), "another origin"),
        (403, fake::request(5, &[], &other_key), "another key"),
        (403, fake::flip_signature(&right), "a signature that does not hold"),
        (409, fake::request(4, &[], &scene.log.checkpoint(9)), "another old size"),
        (422, fake::request(5, &[[1; 32]; 3], &scene.log.checkpoint(9)), "a wrong proof"),
        (422, fake::request(5, &[[1; 32]], &scene.log.checkpoint(5)), "a proof where none is needed"),
        (409, fake::request(0, &[], &of_nothing), "an empty tree after others"),
        (413, " ".repeat(200_000), "a long body"),
        (200, right.clone(), "as it should be"),
    ] {
        let answer = http().post(format!("{}/add-checkpoint", served.url)).body(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{why}");
        if status == 409 {
            assert_eq!(answer.headers()["content-type"], "text/x.tlog.size");
            assert_eq!(answer.text().await.unwrap(), "5\n");
        }
    }
    let anew = Scene { folder: TempDir::new().unwrap(), ..scene };
    let answer = anew.mirror().await.client.add_checkpoint(0, &[], &of_nothing).await;
    assert!(refused_with(&answer, "not shown"), "an empty tree has one root: {answer:?}");
}

#[tokio::test]
async fn a_mirror_that_was_stopped_goes_on_where_it_was_and_reads_nothing_twice() {
    let scene = Scene::new(long(300)).await;
    let served = scene.mirror().await;
    for (old, size) in [(0, 6), (6, 11), (11, 280)] {
        ask(&scene, &served, old, size).await.unwrap();
    }
    let before = served.mirror.status();
    served.stop().await;
    scene.log.forget_first_bundle();
    let served = scene.mirror().await;
    let after = served.mirror.status();
    assert_eq!((after.entries, after.streams, after.heads_found_right), (280, before.streams, 2));
    assert_eq!(after.cosigned.unwrap().at, before.cosigned.unwrap().at);
    assert_eq!(ask(&scene, &served, 280, scene.log.size()).await.unwrap().len(), 1);
    assert_eq!(served.mirror.status().heads_found_right, 3, "the heads map was kept");
}

#[tokio::test]
async fn a_folder_belongs_to_one_process_and_one_log() {
    let scene = Scene::new(honest()).await;
    let served = scene.mirror().await;
    ask(&scene, &served, 0, 3).await.unwrap();
    assert!(matches!(scene.open(false).await, Err(OpenError::Folder(_))));
    served.stop().await;
    let other = Opening {
        folder: scene.folder.path(),
        log_key: VerifierKey::new_ed25519("other.example", &fake::public_key()).unwrap(),
        log: LogReader::new(&scene.log.url, None).unwrap(),
        key: cosigning_key(),
        clock: Arc::clone(&scene.clock) as Arc<dyn Clock>,
        audit_again: false,
    };
    assert!(matches!(Mirror::open(other).await, Err(OpenError::OtherLog { .. })));
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_tried_again_and_nothing_is_held_against_it() {
    let scene = Scene::new(honest()).await;
    let served = scene.mirror().await;
    ask(&scene, &served, 0, 5).await.unwrap();
    for fail in [FakeLog::refuse_token, FakeLog::cut_bundles, FakeLog::serve_fewer] {
        fail(&scene.log);
        let answer = ask(&scene, &served, 5, 11).await;
        assert!(matches!(answer, Err(WitnessError::Refused { status: 503, .. })), "{answer:?}");
        assert!(served.mirror.status().last_failure.is_some());
        scene.log.repair(honest());
    }
    assert!(ask(&scene, &served, 5, 11).await.is_ok());
    let status = served.mirror.status();
    assert!(status.last_failure.is_none() && status.refused.is_none());
}

#[tokio::test]
async fn a_full_bundle_serves_where_the_partial_one_is_gone() {
    let scene = Scene::new(long(600)).await;
    scene.log.forget_partials();
    let served = scene.mirror().await;
    assert!(ask(&scene, &served, 0, 300).await.is_ok());
}

#[tokio::test]
async fn a_withdrawn_entry_is_counted_once_the_log_says_who_withdrew_it() {
    let mut entries = honest();
    // The last of its stream, and one in the middle of another.
    entries.extend([withdrawn("subject-p-invented-3", 11), withdrawn("subject-p-invented-1", 5)]);
    entries.extend([consent("p-invented-3"), heads(14)]);
    let scene = Scene::new(entries).await;
    scene.log.withdraw(&[5, 11]);
    let served = scene.mirror().await;
    for size in [6, 12, 13] {
        let answer = ask(&scene, &served, 0, size).await;
        let passes = matches!(&answer, Err(WitnessError::Refused { status: 503, reason }) if reason.contains("withdrawal_unexplained"));
        assert!(passes, "{size}: {answer:?}");
    }
    assert!(ask(&scene, &served, 0, scene.log.size()).await.is_ok());
    let status = served.mirror.status();
    assert_eq!((status.withdrawn, status.heads_found_right), (2, 3));
}

#[tokio::test]
async fn a_withdrawn_entry_stands_in_the_stream_of_the_entry_that_follows_it() {
    // Both streams of the person have one entry; the event that withdraws leaves either.
    let mut entries =
        vec![opened(), registered("p-invented-1"), viewed("p-invented-1"), viewed("p-invented-1")];
    entries.extend([viewed("p-invented-1"), withdrawn("access-p-invented-1", 3), consent("p-invented-1")]);
    entries.push(heads(7));
    let scene = Scene::new(entries).await;
    scene.log.withdraw(&[3]);
    let served = scene.mirror().await;
    ask(&scene, &served, 0, 8).await.unwrap();
    let status = served.mirror.status();
    assert_eq!((status.withdrawn, status.streams, status.heads_found_right), (1, 3, 1));
}

#[tokio::test]
async fn a_type_of_a_later_build_and_another_engine_are_not_lies() {
    for (change, words) in [
        (fake::of_a_later_type as fn(&[u8]) -> Vec<u8>, "update the witness"),
        (fake::on_kurrentdb, "not supported"),
    ] {
        let scene = Scene::new(honest()).await;
        let index = usize::from(words.contains("update")) * 11;
        scene.log.rewrite(|entries| entries[index] = change(&entries[index]));
        let served = scene.mirror().await;
        let answer = ask(&scene, &served, 0, scene.log.size()).await;
        let passes =
            matches!(&answer, Err(WitnessError::Refused { status: 503, reason }) if reason.contains(words));
        assert!(passes, "{answer:?}");
        assert!(served.mirror.status().refused.is_none());
    }
}

#[tokio::test]
async fn no_bytes_at_the_door_stop_the_mirror() {
    let scene = Scene::new(honest()).await;
    let served = scene.mirror().await;
    let right = fake::request(0, &[], &scene.log.checkpoint(5)).into_bytes();
    let mut random = fake::Random(0x5eed);
    for round in 0..3_000 {
        let mut body = if round % 2 == 0 { right.clone() } else { random.bytes(600) };
        for _ in 0..1 + random.below(4) {
            let at = random.below(body.len());
            match random.below(3) {
                0 => body[at] = random.bytes(1)[0],
                1 => drop(body.remove(at)),
                _ => body.insert(at, b'\n'),
            }
        }
        if body != right {
            let _ = served.mirror.add_checkpoint(&body).await;
        }
    }
    served
        .client
        .add_checkpoint(
            served_size(&served),
            &scene.log.prove(served_size(&served), 6),
            &scene.log.checkpoint(6),
        )
        .await
        .unwrap();
}

fn served_size(served: &Served) -> u64 {
    served.mirror.newest().map_or(0, |newest| newest.checkpoint.size)
}

/// The cosignature as the text of C2SP tlog-cosignature says it, checked by OpenSSL.
#[tokio::test]
async fn openssl_agrees_with_a_cosignature() {
    let scene = Scene::new(honest()).await;
    let served = scene.mirror().await;
    let lines = ask(&scene, &served, 0, 9).await.unwrap();
    let signature = BASE64.decode(lines[0].rsplit(' ').next().unwrap()).unwrap();
    assert_eq!(signature.len(), 4 + 8 + 64);
    let key = cosigning_key().verifier_key().to_string();
    let public_key = BASE64.decode(key.splitn(3, '+').nth(2).unwrap()).unwrap();
    let time = i64::from_be_bytes(signature[4..12].try_into().unwrap());
    assert_eq!(time, scene.clock.now().timestamp());
    let message = format!("cosignature/v1\ntime {time}\n{}", scene.log.checkpoint(9).note.text());
    assert!(openssl_verifies(&public_key[1..], message.as_bytes(), &signature[12..]));
    let other = message.replacen("time 1", "time 2", 1);
    assert!(!openssl_verifies(&public_key[1..], other.as_bytes(), &signature[12..]));
}

fn openssl_verifies(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    // RFC 8410: the SubjectPublicKeyInfo of an Ed25519 key is this, then the key.
    let key = [&hex::decode("302a300506032b6570032100").unwrap(), public_key].concat();
    let output = Command::new("openssl")
        .args(["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", "-inkey"])
        .arg(file("key", &key))
        .arg("-in")
        .arg(file("message", message))
        .arg("-sigfile")
        .arg(file("signature", signature))
        .output();
    assert!(output.is_ok(), "this test needs the program openssl in PATH (Debian: openssl): {output:?}");
    output.unwrap().status.success()
}
