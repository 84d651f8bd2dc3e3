//! The page that checks a dossier, opened from a file in a real browser. Of sound evidence and of forged it says what
//! the verifier of this crate says.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subject_record::dossier::verify::{Attachments, Axis, Trust, unpack::unpack, verify};
use subject_record::notary::note::{CosigningKey, Note, SigningKey, VerifierKey};
use subject_record_schemas::EventType;
use subject_record_schemas::catalogue::StreamRule;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::browser::Browser;
use crate::doors::given::{answered, consented, registered};
use crate::doors::server::Server;
use crate::tools;

const PAGE: &str = concat!("file://", env!("CARGO_MANIFEST_DIR"), "/src/dossier/page.html");
const SUBJECT: &str = "p-aigerim-01";

/// What the page shows, as the verifier would write it.
const SHOWN: &str = "return [...document.querySelectorAll('tbody[data-axis]')].map(axis => ({
    axis: axis.dataset.axis, level: axis.dataset.level, holds: axis.dataset.holds === 'yes',
    faults: [...axis.querySelectorAll('li[data-code]')]
        .map(fault => [fault.dataset.position ?? '', fault.dataset.code].join(' ').trim()).sort(),
}))";

/// A browser with the page, a dossier, and the key of its log.
struct Desk {
    browser: Browser,
    folder: TempDir,
    pdf: Vec<u8>,
    files: Attachments,
    key: VerifierKey,
}

impl Desk {
    /// A dossier about one person, fetched from a service; nobody where there is no browser.
    async fn laid_out() -> Option<Self> {
        if !tools::wanted("chromium", &["chromium", "chromedriver"]) {
            return None;
        }
        let server = Server::new().await;
        server.emitter().record(&[registered(SUBJECT), answered(SUBJECT), consented(SUBJECT)]).await;
        let auditor = server.as_role("auditor");
        let path = format!("/v1/subjects/{SUBJECT}/dossiers");
        let asked = auditor.request(reqwest::Method::POST, &path).header("access-purpose", "court");
        let asked = asked.header("content-type", "application/json").body(r#"{"asked_by":"court"}"#);
        let answer = auditor.send(asked).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let files = unpack(&answer.body).unwrap();
        let key = std::str::from_utf8(files.get("verifier-key.txt").unwrap()).unwrap();
        let key = VerifierKey::parse(key.trim_end()).unwrap();
        let (browser, folder) = (Browser::start().await, TempDir::new().unwrap());
        Some(Self { browser, folder, pdf: answer.body, files, key })
    }

    /// Trust in the log's key alone.
    fn trust(&self) -> Trust {
        Trust { log_key: Some(self.key.clone()), ..Trust::default() }
    }

    /// Gives the page some files and what is trusted, and answers what it shows.
    async fn checked(&self, files: &[PathBuf], trust: &Trust) -> Value {
        let keys = |keys: &[VerifierKey]| keys.iter().map(|key| format!("{key}\n")).collect::<String>();
        self.browser.go(PAGE).await;
        let paths: Vec<_> = files.iter().map(|path| path.to_str().unwrap()).collect();
        self.browser.type_into("#files", &paths.join("\n")).await;
        self.browser.run("document.querySelector('#outside').open = true").await;
        for (field, text) in [
            ("#key", keys(trust.log_key.as_slice())),
            ("#witnesses", keys(&trust.witnesses)),
            ("#mirrors", keys(&trust.mirrors)),
            ("#anchors", trust.anchors.concat()),
        ] {
            self.browser.type_into(field, &text).await;
        }
        self.browser.click("#check").await;
        self.browser.wait_for("main[data-state=done]").await;
        self.browser.run(SHOWN).await
    }

    /// Gives the page extracted attachments, which it must judge as the verifier does, and answers what it shows.
    async fn agreed(&self, files: &Attachments, trust: &Trust) -> Value {
        let folder = TempDir::new_in(self.folder.path()).unwrap();
        let shown = self.checked(&saved(files, folder.path()), trust).await;
        assert_eq!(shown, told(files, trust));
        shown
    }

    /// The dossier with some files changed and the manifest's hashes made to fit, as a forger would.
    fn forged(&self, changed: &[(&str, Vec<u8>)]) -> Attachments {
        let mut manifest = self.json("manifest.json");
        for file in manifest["files"].as_array_mut().unwrap() {
            let name = file["name"].as_str().unwrap();
            if let Some((_, bytes)) = changed.iter().find(|(changed, _)| *changed == name) {
                file["sha256"] = json!(hex::encode(Sha256::digest(bytes)));
                file["bytes"] = json!(bytes.len());
            }
        }
        let manifest = ("manifest.json", manifest.to_string().into_bytes());
        self.with(&[changed, &[manifest]].concat())
    }

    /// The dossier with some files changed and nothing else.
    fn with(&self, changed: &[(&str, Vec<u8>)]) -> Attachments {
        let kept = self.files.names().map(|name| (name, self.files.get(name).unwrap().to_vec()));
        kept.chain(changed.iter().cloned()).map(|(name, bytes)| (name.to_owned(), bytes)).collect()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(self.files.get(name).unwrap()).unwrap()
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        let events = self.files.get("events.jsonl").unwrap();
        events.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    /// Number of the entry of an event type.
    fn entry_of(&self, wire_name: &str) -> usize {
        let said = format!("\"type\":\"{wire_name}\"");
        let is_it = |line: &Vec<u8>| line.windows(said.len()).any(|part| part == said.as_bytes());
        self.lines().iter().position(is_it).unwrap()
    }
}

/// Writes attachments to a folder, as `pdfdetach -saveall` does.
fn saved(files: &Attachments, folder: &Path) -> Vec<PathBuf> {
    let save = |name: &str| {
        std::fs::write(folder.join(name), files.get(name).unwrap()).unwrap();
        folder.join(name)
    };
    files.names().map(save).collect()
}

/// What the verifier of this crate says, in the form of [`SHOWN`].
fn told(files: &Attachments, trust: &Trust) -> Value {
    let verdicts = verify(files, trust, None).verdicts.into_iter().map(|verdict| {
        let fault = |fault: &subject_record::dossier::verify::Fault| {
            let position = fault.position.map(|position| position.to_string()).unwrap_or_default();
            format!("{position} {}", fault.code).trim().to_owned()
        };
        let mut faults: Vec<String> = verdict.faults.iter().map(fault).collect();
        faults.sort_unstable();
        json!({ "axis": verdict.axis, "level": verdict.level, "holds": verdict.holds, "faults": faults })
    });
    verdicts.collect()
}

/// A note whose last signature no longer holds, and still reads.
fn unsigned(note: &str) -> String {
    let (kept, changed) = note.split_at(note.len() - 12);
    let other = if changed.starts_with('A') { "B" } else { "A" };
    [kept, other, &changed[1..]].concat()
}

/// Level and holding of an axis, and the kinds of its faults.
fn on(shown: &Value, axis: Axis) -> (&str, bool, Vec<&str>) {
    let verdict = shown.as_array().unwrap().iter().find(|verdict| verdict["axis"] == axis.word()).unwrap();
    let faults = verdict["faults"].as_array().unwrap().iter();
    let codes = faults.map(|fault| fault.as_str().unwrap().rsplit(' ').next().unwrap()).collect();
    (verdict["level"].as_str().unwrap(), verdict["holds"] == true, codes)
}

#[test]
fn the_page_knows_every_type_of_event_and_the_streams_it_stands_in() {
    let page = include_str!("../../src/dossier/page.html");
    for event_type in EventType::ALL {
        let streams = match event_type.stream_rule() {
            StreamRule::Subject => "s",
            StreamRule::Access => "a",
            StreamRule::Policy => "p",
            StreamRule::Office => "o",
            StreamRule::SubjectOrOffice => "so",
            StreamRule::Any => "",
        };
        let said = format!("\n  \"{event_type}\": [\"{streams}\", \"");
        assert!(page.contains(&said), "{event_type}");
    }
}

#[tokio::test]
async fn a_dossier_is_checked_from_a_file_and_its_events_are_shown_with_what_was_opened() {
    let Some(desk) = Desk::laid_out().await else { return };
    let path = desk.folder.path().join("dossier.pdf");
    std::fs::write(&path, &desk.pdf).unwrap();
    let shown = desk.checked(std::slice::from_ref(&path), &desk.trust()).await;
    assert_eq!(shown, told(&desk.files, &desk.trust()));
    assert_eq!(on(&shown, Axis::Bytes), ("intact", true, vec![]));
    assert_eq!(on(&shown, Axis::History), ("consistent", true, vec![]));
    assert_eq!(on(&shown, Axis::Completeness), ("claimed", true, vec![]));
    assert_eq!(on(&shown, Axis::Witness), ("self", false, vec![]));
    assert_eq!(on(&shown, Axis::Time), ("asserted", false, vec![]));

    let rows = "return [...document.querySelectorAll('tr[data-position]')].map(row => row.innerText)";
    let rows: Vec<String> = serde_json::from_value(desk.browser.run(rows).await).unwrap();
    assert_eq!(rows.len(), desk.lines().len());
    let registration = &rows[desk.entry_of("subject.registered.v1")];
    assert!(registration.contains("gulnur@example.kz"), "{registration}");
    assert_eq!(desk.browser.complaints().await, Vec::<String>::new(), "nothing was fetched or refused");

    let shown = desk.checked(&[path], &Trust::default()).await;
    assert_eq!(on(&shown, Axis::History), ("unchecked", false, vec![]), "no key, no history");
    assert_eq!(shown, told(&desk.files, &Trust::default()));
}

#[tokio::test]
async fn each_forgery_is_caught_on_the_axis_that_it_breaks() {
    let Some(desk) = Desk::laid_out().await else { return };
    let registration = desk.entry_of("subject.registered.v1");

    let mut lines = desk.lines();
    let at = lines[registration].windows(5).position(|part| part == b"reg-4").unwrap();
    lines[registration][at] ^= 1;
    let shown = desk.agreed(&desk.with(&[("events.jsonl", lines.concat())]), &desk.trust()).await;
    assert_eq!(on(&shown, Axis::Bytes), ("altered", false, vec!["event_altered", "file_altered"]));
    assert_eq!(on(&shown, Axis::History), ("consistent", true, vec![]));

    for left_out in ["policy_version.answered.v1", "consent.given.v1"] {
        let (mut evidence, mut lines) = (desk.json("evidence.json"), desk.lines());
        evidence["entries"].as_array_mut().unwrap().remove(desk.entry_of(left_out));
        lines.remove(desk.entry_of(left_out));
        let evidence = evidence.to_string().into_bytes();
        let changed = [("events.jsonl", lines.concat()), ("evidence.json", evidence)];
        let shown = desk.agreed(&desk.forged(&changed), &desk.trust()).await;
        assert_eq!(on(&shown, Axis::Bytes), ("intact", true, vec![]), "{left_out}");
        assert_eq!(on(&shown, Axis::Completeness), ("broken", false, vec!["left_out"]), "{left_out}");
    }

    let mut evidence = desk.json("evidence.json");
    let foreign = evidence["entries"][desk.entry_of("consent.given.v1")]["openings"][0].take();
    evidence["entries"][registration]["openings"][0] = foreign;
    evidence["entries"][desk.entry_of("consent.given.v1")]["openings"] = json!([]);
    let forged = desk.forged(&[("evidence.json", evidence.to_string().into_bytes())]);
    let shown = desk.agreed(&forged, &desk.trust()).await;
    assert_eq!(on(&shown, Axis::Bytes), ("altered", false, vec!["opening_foreign"]));

    let mut evidence = desk.json("evidence.json");
    evidence["entries"][registration]["index"] = json!(registration + 1);
    let forged = desk.forged(&[("evidence.json", evidence.to_string().into_bytes())]);
    let shown = desk.agreed(&forged, &desk.trust()).await;
    assert!(on(&shown, Axis::History).2.contains(&"not_included"), "{shown}");

    let mut evidence = desk.json("evidence.json");
    let proof = evidence["entries"][registration]["proof"].as_str().unwrap();
    let mut lines: Vec<_> = proof.split('\n').map(str::to_owned).collect();
    lines[2] = format!("{}=", "A".repeat(43));
    evidence["entries"][registration]["proof"] = json!(lines.join("\n"));
    let newest = evidence["checkpoint"].clone();
    let none = json!({ "checkpoint": newest, "consistency": [] });
    let one_too_many = json!({ "checkpoint": newest, "consistency": [lines[2]] });
    evidence["history"] = json!([none, one_too_many]);
    let forged = desk.forged(&[("evidence.json", evidence.to_string().into_bytes())]);
    let shown = desk.agreed(&forged, &desk.trust()).await;
    assert_eq!(on(&shown, Axis::History), ("broken", false, vec!["not_included", "not_consistent"]));

    let mut evidence = desk.json("evidence.json");
    let signed_otherwise = unsigned(evidence["checkpoint"].as_str().unwrap());
    evidence["checkpoint"] = json!(signed_otherwise);
    let forged = desk.forged(&[("evidence.json", evidence.to_string().into_bytes())]);
    let shown = desk.agreed(&forged, &desk.trust()).await;
    assert_eq!(on(&shown, Axis::History), ("broken", false, vec!["checkpoint_not_signed"]));

    let other = SigningKey::from_seed(desk.key.name(), Zeroizing::new([9; 32])).unwrap();
    let trust = Trust { log_key: Some(other.verifier_key().clone()), ..Trust::default() };
    let shown = desk.agreed(&desk.files, &trust).await;
    let (level, holds, codes) = on(&shown, Axis::History);
    assert_eq!((level, holds), ("broken", false));
    assert!(codes.contains(&"other_key") && codes.contains(&"checkpoint_not_signed"), "{codes:?}");
    assert_eq!(on(&shown, Axis::Bytes), ("intact", true, vec![]));
}

#[tokio::test]
async fn whatever_bit_is_flipped_the_page_and_the_verifier_say_the_same_of_it() {
    const FLIPS_A_FILE: usize = 6;
    let Some(desk) = Desk::laid_out().await else { return };
    for name in desk.files.names() {
        let bytes = desk.files.get(name).unwrap();
        for (turn, at) in (0..bytes.len()).step_by(bytes.len() / FLIPS_A_FILE + 1).enumerate() {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << turn;
            let shown = desk.agreed(&desk.with(&[(name, flipped)]), &desk.trust()).await;
            assert!(name == "manifest.json" || !on(&shown, Axis::Bytes).1, "{name}, byte {at}");
        }
    }
}

#[tokio::test]
async fn eyes_outside_raise_completeness_and_witness_and_a_second_story_breaks_both() {
    let Some(desk) = Desk::laid_out().await else { return };
    let mirror = CosigningKey::from_seed("mirror.example", Zeroizing::new([7; 32])).unwrap();
    let mut evidence = desk.json("evidence.json");
    let published = evidence["checkpoint"].as_str().unwrap().to_owned();
    let note = Note::parse(&published).unwrap();
    let line = mirror.cosign(note.text(), 1_800_000_000).unwrap();
    evidence["checkpoint"] = json!(note.with_signature(&line).unwrap().to_string());
    let cosigned = desk.forged(&[("evidence.json", evidence.to_string().into_bytes())]);

    let witnesses = vec![mirror.verifier_key().clone()];
    let shown = desk.agreed(&cosigned, &Trust { witnesses: witnesses.clone(), ..desk.trust() }).await;
    assert_eq!(on(&shown, Axis::Witness), ("witnessed", true, vec![]));
    assert_eq!(on(&shown, Axis::Completeness), ("claimed", true, vec![]), "a witness has not read it");
    let shown = desk.agreed(&cosigned, &Trust { mirrors: witnesses.clone(), ..desk.trust() }).await;
    assert_eq!(on(&shown, Axis::Completeness), ("audited", true, vec![]));

    evidence["checkpoint"] = json!(unsigned(evidence["checkpoint"].as_str().unwrap()));
    let cosigned = desk.forged(&[("evidence.json", evidence.to_string().into_bytes())]);
    let shown = desk.agreed(&cosigned, &Trust { witnesses: witnesses.clone(), ..desk.trust() }).await;
    assert_eq!(on(&shown, Axis::Witness), ("broken", false, vec!["cosignature_wrong"]));

    let anchors = vec![published.clone()];
    let shown = desk.agreed(&desk.files, &Trust { anchors, ..desk.trust() }).await;
    assert_eq!(on(&shown, Axis::Witness), ("anchored", true, vec![]));

    let larger = note.text().replacen('\n', "\n9", 1);
    let anchors = vec![published, format!("{larger}\n{line}\n")];
    let shown = desk.agreed(&desk.files, &Trust { anchors, witnesses, ..desk.trust() }).await;
    assert_eq!(on(&shown, Axis::Witness), ("broken", false, vec!["anchor_unusable"]));
}

#[tokio::test]
async fn verdicts_are_told_in_three_languages_and_fit_a_telephone() {
    let Some(desk) = Desk::laid_out().await else { return };
    let path = desk.folder.path().join("dossier.pdf");
    std::fs::write(&path, &desk.pdf).unwrap();
    desk.browser.narrow(390).await;
    let english = desk.checked(&[path], &desk.trust()).await;
    for (language, word) in [("ru", "не изменено"), ("kk", "өзгертілмеген"), ("en", "intact")]
    {
        desk.browser.click(&format!("button[data-language={language}]")).await;
        assert_eq!(desk.browser.text("return document.documentElement.lang").await, language);
        let bytes = "return document.querySelector('tbody[data-axis=bytes]').innerText";
        assert!(desk.browser.text(bytes).await.contains(word), "{language}");
        assert_eq!(desk.browser.run(SHOWN).await, english, "{language}: the same verdicts");
        let width = "return [innerWidth, document.documentElement.scrollWidth]";
        assert_eq!(desk.browser.run(width).await, json!([390, 390]), "{language}");
    }
}
