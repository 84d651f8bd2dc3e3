//! Everybody outside at once: a real log, a real mirror beside it, an anchor's folder, an authority of OpenSSL; and a
//! dossier that all of them vouch for.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::doors::given::{consented, registered};
use crate::doors::server::{House, Server};
use crate::stamps::authority::{Authority, P_256};
use crate::stamps::way::served;

const BINARY: &str = env!("CARGO_BIN_EXE_subject-record");
const PERSON: &str = "p-invented-1";
/// How often it is looked whether something has come to be: for half a minute.
const TRIES: u32 = 1200;
const TRY_AGAIN: Duration = Duration::from_millis(100);

fn run(arguments: &[&str]) -> Output {
    let output = Command::new(BINARY).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.code().is_some(), "{output:?}");
    output
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A port that nobody uses at the moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A mirror, running.
struct Mirror {
    child: Child,
    key: String,
    address: SocketAddr,
}

impl Drop for Mirror {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a mirror's folder for a log, and answers its key.
fn new_mirror(folder: &Path, log_key: &str, token: &str) -> String {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("auditor.token"), token).unwrap();
    let made = printed(&run(&[
        "witness",
        "init",
        "--dir",
        folder.to_str().unwrap(),
        "--name",
        "witness.example.kz/mirror",
        "--log-key",
        log_key,
        "--log-url",
        "http://127.0.0.1:9",
        "--token-file",
        "auditor.token",
    ]));
    let line = made.lines().find_map(|line| line.strip_prefix("verifier key")).unwrap();
    line.trim().to_owned()
}

async fn serve_mirror(folder: &Path, key: String, port: u16, log: SocketAddr) -> Mirror {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let child = Command::new(BINARY)
        .args(["witness", "serve", "--dir", folder.to_str().unwrap()])
        .args(["--listen", &address.to_string(), "--url", &format!("http://{log}")])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mirror = Mirror { child, key, address };
    for _ in 0..TRIES {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return mirror;
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
    unreachable!("the mirror does not listen")
}

/// A log with everybody outside.
struct Given {
    server: Server,
    mirror: Mirror,
    authority: Arc<Authority>,
    outside: TempDir,
    log_key: String,
}

impl Given {
    async fn log() -> Self {
        let outside = TempDir::new().unwrap();
        let server = Server::new().await;
        server.emitter().record(&[registered(PERSON), consented(PERSON)]).await;
        let log_key = printed(&server.run_as("auditor", &["log", "key"])).trim().to_owned();
        let (house, _) = server.stop().await;

        let (folder, port) = (outside.path().join("mirror"), free_port());
        let mirror_key = new_mirror(&folder, &log_key, house.token("auditor"));
        let authority = Arc::new(Authority::new(P_256));
        let stamps = served(Arc::clone(&authority)).await;
        std::fs::create_dir(outside.path().join("anchor")).unwrap();
        let settings = format!(
            "\n[notary]\nanchors = [{:?}]\nanchor_seconds = 0\nwitness_seconds = 0\ntimestamp_url = \"http://{stamps}/stamp\"\n\
             timestamp_authority = \"invented\"\ntimestamp_roots = {:?}\n\n\
             [[notary.witnesses]]\nurl = \"http://127.0.0.1:{port}\"\nverifier_key = \"{mirror_key}\"\n",
            outside.path().join("anchor"),
            authority.path("root.pem"),
        );
        let file = house.path("subject-record.toml");
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, before + &settings).unwrap();
        let server = house.serve().await;
        let mirror = serve_mirror(&folder, mirror_key, port, server.address).await;
        Self { server, mirror, authority, outside, log_key }
    }

    /// Waits until the log has been stamped, which is an event.
    async fn is_stamped(&self) {
        let auditor = self.server.as_role("auditor");
        for _ in 0..TRIES {
            let stamps = auditor.get("/v1/history?type=timestamp.obtained.v1").await;
            if stamps.status == 200 && !stamps.json()["rows"].as_array().unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        unreachable!("no checkpoint was stamped: {}", self.server.house().log())
    }

    fn dossier(&self, name: &str) -> String {
        let path = self.outside.path().join(name);
        let path = path.to_str().unwrap();
        printed(&self.server.run_as(
            "auditor",
            &["dossier", "export", PERSON, "--asked-by", "court", "--purpose", "court", "--out", path],
        ));
        path.to_owned()
    }

    fn verify(&self, dossier: &str, more: &[&str]) -> (Option<i32>, Value) {
        let output = run(&[
            &["dossier", "verify", dossier, "--key", &self.log_key, "--format", "json"],
            more,
        ]
        .concat());
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
    }
}

fn level(verdicts: &Value, axis: &str) -> String {
    let verdicts = verdicts["verdicts"].as_array().unwrap();
    let verdict = verdicts.iter().find(|verdict| verdict["axis"] == axis).unwrap();
    format!("{} {}", verdict["level"].as_str().unwrap(), verdict["holds"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_that_everybody_outside_vouches_for_holds_on_every_axis_and_on_none_without_them() {
    let given = Given::log().await;
    given.is_stamped().await;
    let dossier = given.dossier("first.pdf");
    let (anchor, roots) = (given.outside.path().join("anchor"), given.authority.path("root.pem"));
    let anchor = anchor.to_str().unwrap();

    let all = [
        "--mirror",
        &given.mirror.key,
        "--anchor",
        anchor,
        "--authority",
        roots.to_str().unwrap(),
        "--require",
        "bytes,history,completeness=audited,witness=anchored,time",
    ];
    let (status, verdicts) = given.verify(&dossier, &all);
    assert_eq!(status, Some(0), "{verdicts:#}");
    assert_eq!(level(&verdicts, "completeness"), "audited true");
    assert_eq!(level(&verdicts, "witness"), "anchored true");
    assert_eq!(level(&verdicts, "time"), "stamped true");

    let (status, verdicts) = given.verify(&dossier, &["--require", "witness,time"]);
    assert_eq!(status, Some(1), "nobody is believed who was not named");
    let words = ["completeness", "witness", "time"].map(|axis| level(&verdicts, axis));
    assert_eq!(words, ["claimed true", "self false", "asserted false"]);
    let (status, _) = given.verify(&dossier, &["--require", "colour"]);
    assert_eq!(status, Some(2), "a requirement that there is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outside_stops_an_append_and_whoever_is_away_only_lowers_a_verdict() {
    let given = Given::log().await;
    let Given { server, mirror, authority, outside, log_key } = given;
    let (key, address) = (mirror.key.clone(), mirror.address);
    drop(mirror);
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "it is away");
    std::fs::remove_dir_all(outside.path().join("anchor")).unwrap();
    let other = "p-invented-2";
    server.emitter().record(&[registered(other), consented(other)]).await;
    let mirror = Mirror { child: Command::new("true").spawn().unwrap(), key, address };
    let given = Given { server, mirror, authority, outside, log_key };
    let dossier = given.dossier("second.pdf");
    let (status, verdicts) = given.verify(&dossier, &["--mirror", &given.mirror.key]);
    assert_eq!(status, Some(0), "{verdicts:#}");
    assert!(level(&verdicts, "completeness").ends_with("true"), "{verdicts:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_older_than_its_anchor_is_not_signed_and_one_that_forgot_an_erasure_is_not_opened() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON), consented(PERSON)]).await;
    let (house, _) = server.stop().await;
    let anchor = house.path("anchor");
    std::fs::create_dir(&anchor).unwrap();
    let file = house.path("subject-record.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{before}\n[notary]\nanchors = [{anchor:?}]\nanchor_seconds = 0\n"))
        .unwrap();
    copy(&house, "data", "data-old");
    copy(&house, "keys", "keys-old");

    let server = house.serve().await;
    let other = "p-invented-2";
    server.emitter().record(&[registered(other)]).await;
    let last = server.emitter().last_position().await;
    wait_for_anchor(&anchor, last).await;
    let (house, _) = server.stop().await;
    put_back(&house);
    let server = house.serve().await;
    let ready = server.as_role("operator").get("/health/ready").await;
    let mut refuses = ready.json()["notary"]["refuses"].clone();
    for _ in 0..TRIES {
        if refuses.is_string() {
            break;
        }
        tokio::time::sleep(TRY_AGAIN).await;
        refuses = server.as_role("operator").get("/health/ready").await.json()["notary"]["refuses"].clone();
    }
    assert!(refuses.as_str().unwrap().contains("rolled back"), "{refuses}");
    server.emitter().record(&[registered("p-invented-3")]).await;

    // With an erasure anchored, the old copy is not even opened.
    let (house, _) = server.stop().await;
    std::fs::remove_dir_all(&anchor).unwrap();
    std::fs::create_dir(&anchor).unwrap();
    put_back(&house);
    let server = house.serve().await;
    let body = json!({ "basis": "subject_request" }).to_string();
    let (officer, path) = (server.as_role("officer"), format!("/v1/subjects/{PERSON}/erasure"));
    assert_eq!(officer.post(&path, "application/json", body).await.status, 200);
    for _ in 0..TRIES {
        if register(&anchor).contains(PERSON) {
            break;
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
    assert!(register(&anchor).contains(PERSON));
    let (house, _) = server.stop().await;
    put_back(&house);
    let refused = house.run(&["subject", "show", PERSON, "--token", house.token("auditor")]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("an anchor knows 1 erased people"), "{said}");
}

fn copy(house: &House, from: &str, to: &str) {
    let copied = Command::new("cp").args(["-r"]).arg(house.path(from)).arg(house.path(to)).status();
    assert!(copied.unwrap().success());
}

fn put_back(house: &House) {
    for name in ["data", "keys"] {
        std::fs::remove_dir_all(house.path(name)).unwrap();
        copy(house, &format!("{name}-old"), name);
    }
}

fn file_in(anchor: &Path, name: &str) -> String {
    let logs = std::fs::read_dir(anchor).unwrap().flatten();
    let texts = logs.filter_map(|log| std::fs::read_to_string(log.path().join(name)).ok());
    texts.collect()
}

fn register(anchor: &Path) -> String {
    file_in(anchor, "erased")
}

async fn wait_for_anchor(anchor: &Path, position: u64) {
    for _ in 0..TRIES {
        let checkpoint = file_in(anchor, "checkpoint");
        if checkpoint
            .lines()
            .nth(1)
            .and_then(|size| size.parse().ok())
            .is_some_and(|size: u64| size >= position)
        {
            return;
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
    unreachable!("the anchor does not get as far as {position}")
}
