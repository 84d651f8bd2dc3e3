//! What the README promises, as a stranger meets it: its commands as they are written, and what `demo` prints.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use subject_record::clock::SystemClock;
use subject_record::simulate::{SHOWCASE, Simulation};
use subject_record::store::EventStore as _;
use subject_record::store::sqlite::{self, SqliteSettings};
use tempfile::TempDir;

use crate::demo::{BINARY, Demo, PATIENCE_TRIES, Stored, ended, pause, program, simulation, terminate};
use crate::tools;

const README: &str = include_str!("../README.md");

/// A block of the README for a shell, and the heading under which it stands.
struct Block {
    heading: &'static str,
    script: String,
}

fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut heading, mut inside) = ("", false);
    for line in README.lines() {
        match line {
            "```sh" => {
                blocks.push(Block { heading, script: String::new() });
                inside = true;
            }
            "```" => inside = false,
            _ if inside => {
                let script = &mut blocks.last_mut().unwrap().script;
                script.push_str(line);
                script.push('\n');
            }
            _ => heading = line.strip_prefix('#').map_or(heading, |line| line.trim_start_matches('#').trim()),
        }
    }
    blocks
}

/// Runs a script that must succeed, and answers what it printed.
fn shell(folder: &Path, script: &str) -> String {
    let output =
        program("bash").args(["-euo", "pipefail", "-c", script]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{script}\n{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Documents that were printed, one a line.
fn documents(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn document(printed: &str) -> Value {
    serde_json::from_str(printed).unwrap_or_else(|error| unreachable!("{error}: {printed}"))
}

/// Whether bash and curl are there, which the README's examples are written for.
fn can_run_examples() -> bool {
    tools::wanted("curl", &["bash", "curl"])
}

/// The examples of the README, run in order against a demo.
struct Examples {
    demo: Demo,
    tokens: String,
    rest: std::vec::IntoIter<Block>,
}

impl Examples {
    async fn of(folder: &Path) -> Self {
        let demo = Demo::start(folder).await;
        demo.is_followed().await;
        let blocks = blocks();
        let tokens = &blocks.iter().find(|block| block.heading == "The doors").unwrap().script;
        assert_eq!(tokens, ". subject-record-demo/demo.env\n");
        let tokens = tokens.clone();
        let examples: Vec<_> = blocks.into_iter().filter(|block| block.script.contains("curl")).collect();
        Self { demo, tokens, rest: examples.into_iter() }
    }

    /// Runs the next one, which stands under this heading, and answers what it printed.
    fn next(&mut self, heading: &str) -> String {
        let block = self.rest.next().unwrap();
        assert_eq!(block.heading, heading);
        self.run(&block.script)
    }

    /// Runs a script as if it stood in the README.
    fn run(&self, script: &str) -> String {
        let lines = self.demo.folder.join("readme.ndjson");
        let script = script
            .replace("http://127.0.0.1:8080", self.demo.url())
            .replace("/tmp/readme.ndjson", lines.to_str().unwrap());
        shell(&self.demo.folder, &format!("{}{script}", self.tokens))
    }

    /// Sends an event about the person of the examples, and answers its status.
    fn status_of(&self, id: &str, personal: bool) -> String {
        let personal = if personal { json!({ "personal": { "email": "g@example.kz" } }) } else { json!({}) };
        let mut event = json!({
            "specversion": "1.0", "id": id, "source": "platform/profile", "type": "profile.changed.v1",
            "subject": "p-readme-0001", "time": "2025-11-05T10:00:00+05:00",
            "data": { "field": "email", "cause": "subject" },
        });
        event["data"].as_object_mut().unwrap().extend(personal.as_object().unwrap().clone());
        self.run(&format!(
            "curl -s -o answer -w '%{{http_code}}' http://127.0.0.1:8080/v1/events \
             -H \"Authorization: Bearer $EMITTER\" -H 'Content-Type: application/cloudevents+json' -d '{event}'"
        ))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_work_as_they_are_written() {
    if !can_run_examples() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut examples = Examples::of(folder.path()).await;
    let is_receipt = |receipt: &Value, revision: u32| {
        let of_the_stream = receipt["stream"] == "subject-p-readme-0001";
        assert!(of_the_stream && receipt["status"] == 201, "{receipt}");
        assert_eq!(receipt["revision"], revision.to_string());
        assert!(receipt["position"].is_string() && receipt["leaf_hash"].is_string(), "{receipt}");
    };

    let one = document(&examples.next("Append one event"));
    is_receipt(&one, 0);
    let batch = document(&examples.next("Append a batch"));
    let batch = batch["results"].as_array().unwrap();
    assert_eq!(batch.len(), 2);
    is_receipt(&batch[0], 1);
    is_receipt(&batch[1], 2);
    let lines = documents(&examples.next("Append a stream of any length"));
    assert_eq!(lines.len(), 2);
    is_receipt(&lines[0], 3);
    is_receipt(&lines[1], 4);

    let found = document(&examples.next("Find a person"));
    assert_eq!(found["subjects"], json!([{ "subject": SHOWCASE, "former": false }]));
    let timeline = document(&examples.next("Replay"));
    replays_what_was_appended(&timeline);
    let showcase = document(&examples.next("Replay"));
    assert_eq!((&showcase["subject"], &showcase["simulated"]), (&json!(SHOWCASE), &json!(true)));
    assert_eq!(showcase["standing"]["state"], "registered");
    assert!(!showcase["consents"].as_object().unwrap().is_empty(), "{showcase}");
    let unopened = showcase["unopened"].as_array().unwrap();
    assert!(
        !unopened.is_empty() && unopened.iter().all(|of| of["state"] == "sealed"),
        "no purpose: {showcase}"
    );

    let decided = document(&examples.next("Ask before acting"));
    let allowed = |place: usize| &decided["decisions"][place]["allowed"];
    assert_eq!(
        (allowed(0), allowed(1)),
        (&json!("no"), &json!("no")),
        "withdrawn, and never given: {decided}"
    );
    let last = lines[1]["position"].as_str().unwrap();
    let behind = "curl -sf 'http://127.0.0.1:8080/v1/findings?limit=1&after=POSITION' -H \"Authorization: Bearer $AUDITOR\"";
    examples.run(&behind.replace("POSITION", last));
    proves_what_was_unlawful(&mut examples);
    proves_to_a_court(&mut examples);

    let erased = document(&examples.next("Erase"));
    assert_eq!((&erased["subject"], &erased["boxes_destroyed"]), (&json!("p-readme-0001"), &json!(1)));
    assert!(erased["decided"].is_string() && erased["destroyed"].is_string(), "{erased}");
    assert_eq!(examples.status_of("readme-late-1", true), "410", "personal data for an erased person");
    assert_eq!(examples.status_of("readme-late-1", false), "201", "the same event without it");
    assert!(examples.rest.next().is_none(), "an example that nobody checks");
}

/// What an auditor asks of a quarter, on the command line and over HTTP: the same disclosures, and the bytes that prove
/// them. The demo of the tests has few people, so it is asked about a longer time than a quarter.
fn proves_what_was_unlawful(examples: &mut Examples) {
    let heading = "Audit: what was unlawful, and which events prove it";
    let commands = blocks().into_iter().find(|block| block.heading == heading).unwrap().script;
    let longer = |script: &str| script.replace("2026-07-01", "2025-09-01");
    let table = examples.run(&format!("subject-record() {{ {BINARY} \"$@\"; }}\n{}", longer(&commands)));
    let asked = examples.rest.next().unwrap();
    assert_eq!(asked.heading, heading);
    let over_http = document(&examples.run(&longer(&asked.script)));
    let rows = over_http["rows"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap();
        assert!(text("opened_at") >= "2025-08-31T19:00" && text("opened_at") < "2026-08-31T19:00", "{row}");
        let [position, recipient] = ["about", "recipient"].map(text);
        let line = table.lines().find(|line| line.contains(position)).unwrap();
        assert!(line.contains(recipient) && line.contains(text("finding")), "{line}");
        let proof = examples.run(&format!(
            "curl -sf http://127.0.0.1:8080/v1/events/{position} -H \"Authorization: Bearer $AUDITOR\""
        ));
        assert_eq!(document(&proof)["data"]["recipient_id"], recipient);
    }
}

/// A checkpoint, a proof against it, and a dossier that verifies.
fn proves_to_a_court(examples: &mut Examples) {
    let heading = "Prove: a receipt, and a dossier for a court";
    let printed = examples.next(heading);
    let (checkpoint, proof) = printed.split_once("c2sp.org/tlog-proof@v1\n").unwrap();
    assert!(proof.contains(checkpoint.lines().next().unwrap()), "of the same log: {printed}");
    let commands = blocks().into_iter().filter(|block| block.heading == heading).nth(1).unwrap().script;
    let url = "export SUBJECT_RECORD_URL=http://127.0.0.1:8080 SUBJECT_RECORD_TOKEN=$AUDITOR";
    let table = examples.run(&format!("subject-record() {{ {BINARY} \"$@\"; }}\n{url}\n{commands}"));
    for holds in
        ["bytes         intact      yes", "history       consistent  yes", "completeness  claimed     yes"]
    {
        assert!(table.contains(holds), "{holds}: {table}");
    }
}

/// The timeline of the person whom the examples append: sentences, and values as far as support sees them.
fn replays_what_was_appended(timeline: &Value) {
    let entries = timeline["entries"].as_array().unwrap();
    let sentences: Vec<_> = entries.iter().map(|entry| entry["sentence"].as_str().unwrap()).collect();
    let begins = [
        "Registered on the site as a natural person",
        "Accepted version 2026-01 of the privacy policy on the site",
        "Gave consent c-readme-1 to: giving services and sending notices.",
        "Processed data (use): full name.",
        "Data was passed to the recipient lawyer-bureau-7 (disclosure d-readme-1): full name and phone number.",
    ];
    assert_eq!(sentences.len(), begins.len(), "{sentences:#?}");
    for (sentence, begin) in sentences.iter().zip(begins) {
        assert!(sentence.starts_with(begin), "{sentence}");
    }
    let members = entries[0]["personal"]["members"].as_array().unwrap();
    let member = |name: &str| members.iter().find(|member| member["name"] == name).unwrap();
    assert_eq!(member("phone")["value"], "+77000000002", "as it is kept, however it was written");
    assert_eq!(member("full_name")["value"]["given"], "Гүлнұр");
    assert_eq!((&member("iin")["state"], member("iin").get("value")), (&json!("masked"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_example_that_is_run_again_appends_nothing() {
    if !can_run_examples() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let examples = Examples::of(folder.path()).await;
    let appends: Vec<_> = blocks().into_iter().filter(|block| block.heading.starts_with("Append")).collect();
    assert_eq!(appends.len(), 3, "one a media type");
    let without_status = |printed: String| -> Vec<Value> {
        let answers = documents(&printed).into_iter();
        let each = answers.flat_map(|answer| match answer["results"].as_array() {
            Some(results) => results.clone(),
            None => vec![answer],
        });
        let place = |receipt: Value| json!([receipt["status"], receipt["position"], receipt["leaf_hash"]]);
        each.map(place).collect()
    };
    for append in appends {
        let first = without_status(examples.run(&append.script));
        let again = without_status(examples.run(&append.script));
        let expected: Vec<_> = first.iter().map(|receipt| json!([200, receipt[1], receipt[2]])).collect();
        assert!(first.iter().all(|receipt| receipt[0] == 201), "{first:?}");
        assert_eq!(again, expected, "{}", append.heading);
    }
}

#[tokio::test]
async fn the_commands_for_a_real_log_work_as_they_are_written() {
    if !can_run_examples() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let block = blocks().into_iter().find(|block| block.heading == "A real log").unwrap();
    let lines: Vec<_> =
        block.script.lines().map(|line| line.replace("target/release/subject-record", BINARY)).collect();
    let [build, init, serve] = lines.as_slice() else { unreachable!("{lines:?}") };
    assert_eq!(build, "cargo build --release");

    let printed = shell(folder.path(), init);
    let token = printed.lines().find_map(|line| line.trim().strip_prefix("operator-1")).unwrap().trim();
    let log = folder.path().join("log");
    let mut service = program("bash")
        .args(["-euo", "pipefail", "-c", &format!("exec {serve}")])
        .env("SUBJECT_RECORD_SERVER__LISTEN", "127.0.0.1:0")
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut address = None;
    for _ in 0..PATIENCE_TRIES {
        let text = std::fs::read_to_string(&log).unwrap();
        let listening = text.lines().find(|line| line.contains(" listening "));
        address = listening.and_then(|line| Some(line.split("address=").nth(1)?.trim().to_owned()));
        if address.is_some() || service.try_wait().unwrap().is_some() {
            break;
        }
        pause().await;
    }
    let Some(address) = address else { unreachable!("{}", std::fs::read_to_string(&log).unwrap()) };
    let asked = format!("curl -sf http://{address}/v1/tokens -H 'Authorization: Bearer {token}'");
    let tokens = shell(folder.path(), &asked);
    terminate(&service);
    assert_eq!(ended(&mut service).await, Some(0), "it stops when it is asked to");
    assert!(tokens.contains("emitter-1") && !tokens.contains("sr_"), "{tokens}");
}

/// The commands that a demo offers, as it printed them.
fn offered(greeting: &str) -> Vec<&str> {
    let (_, rest) = greeting.split_once("\ntry\n\n").unwrap();
    let (commands, _) = rest.split_once("\n\nCtrl-C").unwrap();
    commands.split("\n\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_that_a_demo_prints_work_as_they_are_printed() {
    if !can_run_examples() {
        return;
    }
    let folder = TempDir::new().unwrap();
    // Not waiting for the rest of the year: whoever reads them may paste them at once.
    let demo = Demo::start(folder.path()).await;
    let commands = offered(&demo.greeting);
    let [timeline, replay, append] = commands.as_slice() else { unreachable!("{commands:?}") };

    let timeline = document(&shell(folder.path(), timeline));
    let sentences = timeline["entries"].as_array().unwrap().iter().map(|entry| &entry["sentence"]);
    let registered = "Registered at the office as a natural person (form reg-4, language: Kazakh).";
    assert!(sentences.into_iter().any(|sentence| sentence == registered), "{timeline}");
    assert!(timeline.to_string().contains("+77000000001"), "support sees the phone number: {timeline}");
    let replay_of = shell(folder.path(), replay);
    assert!(replay_of.contains(registered) && replay_of.contains("phone: +77000000001"), "{replay_of}");
    let appended = document(&shell(folder.path(), append));
    assert_eq!(appended["status"], 201, "{appended}");
    let shown = shell(folder.path(), ". subject-record-demo/demo.env; echo $SUPPORT");
    assert!(demo.greeting.contains(shown.trim()), "the tokens are those of the file");
}

/// Names of the events of a year, in order.
fn platform_events(simulated: &Simulation) -> Vec<String> {
    let name = |document: &Value| format!("{} {}", document["source"], document["id"]);
    simulated.year().events.iter().map(|event| name(&event.document)).collect()
}

/// What of a stored event is the same whenever the same year is told: all but ids and values made at random.
fn telling(stored: &Stored) -> Value {
    let document = &stored.document;
    let of_the_platform = document["source"].as_str().is_some_and(|source| source.starts_with("platform/"));
    let id = if of_the_platform { document["id"].clone() } else { Value::Null };
    json!([
        stored.stream,
        document["sequence"],
        document["type"],
        document["source"],
        id,
        document["recordedtime"]
    ])
}

#[tokio::test]
async fn the_showcase_is_whole_when_the_address_is_printed_and_the_rest_comes_behind_it() {
    let folder = TempDir::new().unwrap();
    let demo = Demo::start(folder.path()).await;
    let (_, timeline) = demo.get("SUPPORT", &format!("/v1/subjects/{SHOWCASE}/timeline?lang=kk")).await;
    for event in simulation().showcase().events {
        assert!(demo.has(&event).await, "{}", event.document);
    }
    let told = simulation().showcase().events.into_iter().map(|event| event.document);
    let mut of_hers: Vec<_> =
        told.filter(|event| event["subject"] == SHOWCASE).map(|event| event["id"].clone()).collect();
    let shown = timeline["entries"].as_array().unwrap().iter();
    let mut shown: Vec<_> = shown
        .filter(|entry| entry["source"].as_str().unwrap().starts_with("platform/"))
        .map(|entry| entry["id"].clone())
        .collect();
    of_hers.sort_by_key(Value::to_string);
    shown.sort_by_key(Value::to_string);
    assert!(shown.len() > 20);
    assert_eq!(shown, of_hers);

    demo.is_followed().await;
    let log = demo.log().await;
    let stored = log.iter().filter(|stored| stored.document["source"] != "subject-record");
    let stored: Vec<_> = stored.map(|s| format!("{} {}", s.document["source"], s.document["id"])).collect();
    assert_eq!(stored, platform_events(&simulation()), "the whole year, in order");
}

#[tokio::test]
async fn a_second_start_serves_what_is_there() {
    let folder = TempDir::new().unwrap();
    let demo = Demo::start(folder.path()).await;
    demo.is_followed().await;
    let (log, tokens) = (
        demo.log().await,
        ["EMITTER", "SUPPORT", "AUDITOR", "OFFICER", "OPERATOR"].map(|role| demo.token(role)),
    );
    demo.stop().await;

    let again = Demo::start_with(folder.path(), &["--subjects", "3", "--seed", "9"]).await;
    for token in &tokens {
        assert!(again.greeting.contains(token), "the tokens are the same");
    }
    again.is_followed().await;
    assert_eq!(again.log().await, log, "whatever it is asked for, it serves what is there");
}

#[tokio::test]
async fn a_demo_that_was_killed_while_it_loaded_goes_on_where_it_was() {
    let folder = TempDir::new().unwrap();
    let undisturbed = Demo::start(folder.path()).await;
    undisturbed.is_followed().await;
    let whole: Vec<_> = undisturbed.log().await.iter().map(telling).collect();
    drop(undisturbed);

    let folder = TempDir::new().unwrap();
    let rest = simulation().everyone_else().events;
    for event in [0, rest.len() / 5, rest.len() / 3] {
        let demo = Demo::start(folder.path()).await;
        demo.wait_for(&rest[event]).await;
        drop(demo);
        let recorded = events_in(&folder.path().join("subject-record-demo/data/events.db")).await;
        assert!(recorded < whole.len() as u64, "killed too late to show anything");
    }
    let demo = Demo::start(folder.path()).await;
    demo.is_followed().await;
    let log: Vec<_> = demo.log().await.iter().map(telling).collect();
    assert_eq!(log, whole);
}

/// Events of a store that nobody has open.
async fn events_in(file: &Path) -> u64 {
    let clock = std::sync::Arc::new(SystemClock::default());
    let store = sqlite::open(file, SqliteSettings::default(), clock).await.unwrap();
    store.last_position().await.unwrap().number()
}
