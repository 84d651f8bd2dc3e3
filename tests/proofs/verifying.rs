//! `dossier export` and `dossier verify`, as the one who got a dossier runs them: without a server, settings or log.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::given::{Files, PERSON, files_of, log_key};
use crate::demo::{BINARY, program};
use crate::doors::given::{consented, disclosed, registered};
use crate::doors::server::Server;

/// A dossier that the command line made, and the log's key.
struct Given {
    folder: TempDir,
    dossier: PathBuf,
    key: String,
}

impl Given {
    async fn dossier(arguments: &[&str]) -> Self {
        let server = Server::new().await;
        server.emitter().record(&[registered(PERSON), consented(PERSON), disclosed(PERSON)]).await;
        let folder = TempDir::new().unwrap();
        let out = folder.path().to_str().unwrap();
        let export = ["dossier", "export", PERSON, "--asked-by", "court", "--purpose", "court", "--out", out];
        let made = server.run_as("auditor", &[&export, arguments].concat());
        assert!(made.status.success(), "{made:?}");
        let dossier = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim_end());
        assert_eq!(dossier.parent(), Some(folder.path()));
        Self { folder, dossier, key: log_key(&server).await.to_string() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Exit status, answer and complaint of `dossier verify`.
pub(super) fn verify(file: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = program(BINARY).args(["dossier", "verify"]).arg(file).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn save(files: &Files, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
}

#[tokio::test]
async fn the_exit_status_says_whether_all_that_is_required_holds() {
    let it = Given::dossier(&["--lang", "kk", "--values", "withheld"]).await;
    let with_key = |more: &[&str]| verify(&it.dossier, &[&["--key", &it.key], more].concat()).0;
    assert_eq!(with_key(&[]), Some(0));
    assert_eq!(with_key(&["--require", "bytes,history=consistent,completeness=claimed"]), Some(0));
    for unmet in ["witness", "time", "completeness=audited", "witness=anchored", "bytes,time=stamped"] {
        assert_eq!(with_key(&["--require", unmet]), Some(1), "{unmet}");
    }
    for unreadable in ["", "honesty", "completeness=perfect", "bytes=broken", "bytes;history"] {
        assert_eq!(with_key(&["--require", unreadable]), Some(2), "{unreadable}");
    }
    assert_eq!(verify(&it.dossier, &["--key", "no key"]).0, Some(2));
    assert_eq!(verify(&it.dossier, &["--key"]).0, Some(2));
    let (status, said, complaint) = verify(&it.dossier, &[]);
    assert_eq!(status, Some(1), "only the dossier vouches for its key: {said}");
    assert!(complaint.contains("history"), "{complaint}");
    assert_eq!(verify(&it.dossier, &["--require", "bytes,completeness"]).0, Some(0));
    let (status, _, complaint) = verify(&it.path("nothing.pdf"), &["--key", &it.key]);
    assert!(status == Some(1) && complaint.contains("nothing.pdf"), "{complaint}");

    let key = it.path("log.key");
    std::fs::write(&key, format!("{}\n", it.key)).unwrap();
    assert_eq!(
        verify(&it.dossier, &["--key", key.to_str().unwrap()]).0,
        Some(0),
        "a file that holds the key"
    );
    let other = "log.example/other+b7b67d1a+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
    let other = verify(&it.dossier, &["--key", other]);
    assert!(matches!(other.0, Some(1 | 2)), "{other:?}");
}

#[tokio::test]
async fn verdicts_are_a_table_for_people_and_json_for_machines() {
    let it = Given::dossier(&[]).await;
    let (status, table, _) = verify(&it.dossier, &["--key", &it.key]);
    assert_eq!(status, Some(0));
    for word in [
        "bytes",
        "intact",
        "history",
        "consistent",
        "completeness",
        "claimed",
        "witness",
        "self",
        "time",
        "asserted",
    ] {
        assert!(table.contains(word), "{word}: {table}");
    }
    let (status, json, _) = verify(&it.dossier, &["--key", &it.key, "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((status, &json["dossier"]["subject"]), (Some(0), &PERSON.into()));
    let verdicts = json["verdicts"].as_array().unwrap();
    let axes: Vec<_> =
        verdicts.iter().map(|v| (v["axis"].as_str().unwrap(), v["holds"].as_bool().unwrap())).collect();
    assert_eq!(
        axes,
        [("bytes", true), ("history", true), ("completeness", true), ("witness", false), ("time", false)]
    );

    let mut files = files_of(&std::fs::read(&it.dossier).unwrap());
    let events = files.get_mut("events.jsonl").unwrap();
    let at = events.len() / 2;
    events[at] ^= 1;
    save(&files, &it.path("altered"));
    let (status, json, complaint) = verify(&it.path("altered"), &["--key", &it.key, "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((status, &json["verdicts"][0]["level"]), (Some(1), &"altered".into()));
    assert!(complaint.contains("bytes"), "{complaint}");
    let fault = &json["verdicts"][0]["faults"][0];
    assert!(fault["code"].is_string() && fault["text"].is_string(), "{fault}");
    let (status, table, _) = verify(&it.path("altered"), &["--key", &it.key]);
    assert!(status == Some(1) && table.contains("altered") && table.contains("event_altered"), "{table}");
}

#[tokio::test]
async fn poppler_gets_the_evidence_out_and_its_folder_verifies_like_the_file() {
    let it = Given::dossier(&[]).await;
    let folder = it.path("saved");
    std::fs::create_dir(&folder).unwrap();
    let saved =
        Command::new("pdfdetach").arg("-saveall").arg(&it.dossier).current_dir(&folder).output().unwrap();
    assert!(saved.status.success(), "{saved:?}");
    let ours = files_of(&std::fs::read(&it.dossier).unwrap());
    let names =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let theirs: Files = names.map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect();
    assert!(ours == theirs, "{:?} and {:?}", ours.keys(), theirs.keys());
    let arguments = ["--key", &it.key, "--format", "json"];
    let (of_file, of_folder) = (verify(&it.dossier, &arguments), verify(&folder, &arguments));
    assert_eq!((of_folder.0, &of_folder.1), (Some(0), &of_file.1));
    std::fs::write(folder.join("letter.txt"), "by another hand").unwrap();
    assert_eq!(verify(&folder, &arguments).0, Some(1), "a file that no manifest lists");
}
