//! Dossiers, asked for through the door: who gets one, what it holds, what is recorded of it.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subject_record::app::{App, NewLog};
use subject_record::clock::{SystemClock, SystemEntropy};
use subject_record::config::Config;
use subject_record::dossier::manifest::media_type;
use subject_record::dossier::pages::{Attachment, Relationship, render};
use subject_record::dossier::report::Report;
use subject_record::timeline::{Entry, Sight};
use subject_record_schemas::Position;
use subject_record_schemas::personal::Personal;

use super::given::{
    Files, PERSON, SOUND, ask_dossier, asked_in_secret, dossier, faults, files_of, for_court, holding,
    levels, log_check, log_key, read, stored, verdicts,
};
use crate::doors::client::Answer;
use crate::doors::given::{Changed, IIN, answered, consented, disclosed, moved_to, registered};
use crate::doors::server::{House, Server};

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers[name].to_str().unwrap()
}

/// Types of all events of the log, in order.
async fn types(server: &Server) -> Vec<String> {
    let auditor = server.as_role("auditor");
    let last = auditor.last_position().await;
    let documents = stored(&auditor, last).await;
    let documents = documents.iter().map(|bytes| serde_json::from_slice::<Value>(bytes).unwrap());
    documents.map(|document| document["type"].as_str().unwrap().to_owned()).collect()
}

/// The personal part of an event of a folder that is not served, opened as a look would.
async fn opened(house: &House, position: &str) -> Vec<(String, Value)> {
    let config = Config::load(&house.path("subject-record.toml"), std::iter::empty()).unwrap();
    let clock = Arc::new(SystemClock::default());
    let app = App::open(config, NewLog::Refuse, clock, Arc::new(SystemEntropy)).await.unwrap();
    let position: Position = position.parse().unwrap();
    let mut entry = Entry::read(app.timelines.event_at(position).await.unwrap().unwrap()).unwrap();
    app.timelines.open(std::slice::from_mut(&mut entry), &Sight::All).await.unwrap();
    match entry.personal {
        Some(Personal::Open(members)) => {
            members.into_iter().map(|member| (member.name, member.value)).collect()
        }
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn an_export_is_recorded_with_the_hash_of_the_file_by_the_time_it_is_handed_over() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON), consented(PERSON)]).await;
    let key = log_key(&server).await;
    let answer = dossier(&server, &for_court()).await;
    let (name, position) = (header(&answer, "record-dossier"), header(&answer, "record-position"));
    let sha256 = hex::encode(Sha256::digest(&answer.body));
    assert_eq!(header(&answer, "record-sha256"), sha256);
    assert_eq!(header(&answer, "content-disposition"), format!("attachment; filename=\"{name}.pdf\""));
    assert_eq!(
        types(&server).await,
        [
            "log.opened.v1",
            "subject.registered.v1",
            "consent.given.v1",
            "record.viewed.v1",
            "stream_heads.committed.v1",
            "evidence.exported.v1"
        ],
        "the look comes before the commitment, so that it is proven to be all, and the export last"
    );
    let files = files_of(&answer.body);
    let event = server.as_role("auditor").get(&format!("/v1/events/{position}")).await.json();
    assert_eq!(event["type"], "evidence.exported.v1");
    let (data, manifest) = (&event["data"], read(&files, "manifest.json"));
    assert_eq!((&data["bundle_id"], &manifest["dossier_id"]), (&json!(name), &json!(name)));
    assert_eq!((&data["asked_by"], &data["legal_ref"]), (&json!("court"), &json!("7527-26-00-2")));
    assert_eq!(event["actor"], "auditor-1");
    assert_eq!(data["known_at"], manifest["scope"]["known_at"]);
    assert_eq!(data["checkpoint_size"], manifest["checkpoint"]["size"]);
    assert_eq!(data["checkpoint_root"], manifest["checkpoint"]["root"]);
    assert_eq!(manifest["case"]["case_ref"], "7527-26");
    let verdicts = verdicts(&files, &holding(&key));
    assert_eq!((levels(&verdicts), faults(&verdicts)), (SOUND.to_vec(), vec![]));

    let position = position.to_owned();
    let (house, _) = server.stop().await;
    assert_eq!(opened(&house, &position).await, [("bundle_hash".to_owned(), json!(sha256))]);
    assert_eq!(log_check(&house, &[]).0, Some(0));
}

#[tokio::test]
async fn rendering_the_attached_report_again_gives_the_same_file() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON), consented(PERSON), disclosed(PERSON)]).await;
    let pdf = dossier(&server, &for_court()).await.body;
    let files = files_of(&pdf);
    let report: Report = serde_json::from_slice(&files["report.json"]).unwrap();
    let again = render(&report, attachments(&files)).unwrap();
    assert!(again == pdf, "{} and {} bytes", again.len(), pdf.len());
    let other = Report { simulated: !report.simulated, ..report };
    assert!(render(&other, attachments(&files)).unwrap() != pdf);
}

/// Attachments in the order in which they were attached: by name, the manifest last.
fn attachments(files: &Files) -> Vec<Attachment> {
    let attachment = |(name, bytes): (&String, &Vec<u8>)| {
        let relationship = match name.as_str() {
            "events.jsonl" => Relationship::Data,
            name if name == "report.json" || name.starts_with("text-") => Relationship::Source,
            _ => Relationship::Supplement,
        };
        let (name, bytes) = (name.clone(), bytes.clone());
        Attachment { media_type: media_type(&name).to_owned(), name, bytes, relationship }
    };
    let mut attachments: Vec<_> = files.iter().map(attachment).collect();
    attachments.sort_by_key(|attachment| attachment.name == "manifest.json");
    attachments
}

#[tokio::test]
async fn a_dossier_is_for_auditors_and_officers_with_a_purpose_of_theirs() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON)]).await;
    let body = for_court();
    for role in ["emitter", "support", "operator"] {
        let answer = ask_dossier(&server.as_role(role), "court", &body).await;
        assert_eq!(answer.refusal(), (403, "role.forbids".into()), "{role}");
    }
    let nobody = ask_dossier(&server.emitter().with_token("sr_nobody_x"), "court", &body).await;
    assert_eq!(nobody.refusal(), (401, "token.missing_or_unknown".into()));
    let auditor = server.as_role("auditor");
    for purpose in ["support", "subject_request", "claim"] {
        let answer = ask_dossier(&auditor, purpose, &body).await;
        assert_eq!(answer.refusal(), (403, "role.forbids".into()), "{purpose}");
    }
    for purpose in ["", "curiosity", "court; case=", "court; case=\"910708200012\""] {
        let answer = ask_dossier(&auditor, purpose, &body).await;
        assert_eq!(answer.refusal(), (400, "access.purpose_missing".into()), "{purpose}");
    }
    let path = format!("/v1/subjects/{PERSON}/dossiers");
    let without = auditor.post(&path, "application/json", body.to_string()).await;
    assert_eq!(without.refusal(), (400, "access.purpose_missing".into()));
    for wrong in [
        json!({}),
        json!({ "asked_by": "neighbour" }),
        json!({ "asked_by": "court", "values": "some" }),
        json!({ "asked_by": "court", "language": "de" }),
        json!({ "asked_by": "court", "groups": ["letters"] }),
        json!({ "asked_by": "court", "from": "2026-03-05", "to": "2026-03-01" }),
        json!({ "asked_by": "court", "from": "yesterday" }),
        json!({ "asked_by": "court", "legal_ref": IIN }),
        json!({ "asked_by": "court", "pages": 3 }),
    ] {
        let answer = ask_dossier(&auditor, "court", &wrong).await;
        assert_eq!(answer.refusal(), (400, "request.malformed".into()), "{wrong}");
    }
    let unknown = auditor.request(reqwest::Method::POST, "/v1/subjects/p-nobody-99/dossiers");
    let unknown = auditor.send(unknown.header("access-purpose", "court").json(&body)).await;
    assert_eq!(unknown.refusal(), (404, "not_found".into()));
    assert_eq!(
        types(&server).await,
        ["log.opened.v1", "subject.registered.v1"],
        "nothing is written of any of it"
    );
}

#[tokio::test]
async fn what_is_under_secrecy_is_in_no_dossier_for_the_person_and_in_one_for_a_court() {
    let server = Server::new().await;
    server.emitter().record(&[vec![registered(PERSON)], asked_in_secret(PERSON)].concat()).await;
    let officer = server.as_role("officer");
    for (purpose, asked_by) in [
        ("subject_request", "subject"),
        ("subject_request", "operator"),
        ("claim", "subject"),
        ("court", "subject"),
    ] {
        for values in ["shown", "withheld", "none"] {
            let body = json!({ "asked_by": asked_by, "values": values });
            let answer = ask_dossier(&officer, purpose, &body).await;
            assert_eq!(answer.refusal(), (409, "dossier.secrecy".into()), "{purpose} {asked_by} {values}");
        }
    }
    assert_eq!(types(&server).await.len(), 5, "nothing is written of it");
    let key = log_key(&server).await;
    let files = files_of(&dossier(&server, &for_court()).await.body);
    let lines = String::from_utf8(files["events.jsonl"].clone()).unwrap();
    assert!(lines.contains("state_request.received.v1") && lines.contains("disclosure.made.v1"));
    assert_eq!(levels(&verdicts(&files, &holding(&key))), SOUND);
}

/// An event and its day.
fn on(event: Value, day: &str) -> Value {
    event.with("/time", format!("{day}T04:15:00Z"))
}

#[tokio::test]
async fn a_period_and_groups_leave_events_out_and_say_so() {
    let server = Server::new().await;
    let events = [
        on(registered(PERSON), "2026-01-10"),
        on(consented(PERSON), "2026-02-10"),
        on(answered(PERSON), "2026-02-28"),
        on(disclosed(PERSON), "2026-03-10"),
        on(moved_to(PERSON, "later@example.kz"), "2026-04-10"),
    ];
    server.emitter().record(&events).await;
    let trust = holding(&log_key(&server).await);
    let gaps = |files: &Files, place: usize| {
        let stream = &read(files, "evidence.json")["streams"][place];
        let gaps = stream["left_out"].as_array().unwrap();
        gaps.iter()
            .map(|gap| {
                (
                    gap["from"].as_u64().unwrap(),
                    gap["to"].as_u64().unwrap(),
                    gap["reason"].as_str().unwrap().to_owned(),
                )
            })
            .collect::<Vec<_>>()
    };
    let gap = |from, to, reason: &str| (from, to, reason.to_owned());
    let partial = ("completeness", "partial", false);

    let month = json!({ "asked_by": "court", "language": "en", "from": "2026-02-10", "to": "2026-02-28" });
    let files = files_of(&dossier(&server, &month).await.body);
    let found = verdicts(&files, &trust);
    assert_eq!((levels(&found)[2], faults(&found)), (partial, vec![]));
    assert_eq!(gaps(&files, 0), [gap(0, 0, "period"), gap(3, 4, "period")], "both days are in it");
    assert_eq!(gaps(&files, 1), [gap(0, 0, "period")], "the look at the person is of today");
    let events = String::from_utf8(files["events.jsonl"].clone()).unwrap();
    assert!(events.contains("consent.given.v1") && events.contains("policy_version.answered.v1"));
    assert!(!events.contains("disclosure.made.v1") && !events.contains("subject.registered.v1"));
    let report = files.values().map(|bytes| String::from_utf8_lossy(bytes)).collect::<String>();
    assert!(!report.contains("later@example.kz") && !report.contains(IIN), "nothing of what is left out");

    let groups = json!({ "asked_by": "court", "language": "en", "groups": ["disclosures", "registration"], "values": "withheld" });
    let files = files_of(&dossier(&server, &groups).await.body);
    let found = verdicts(&files, &trust);
    assert_eq!((levels(&found)[2], faults(&found)), (partial, vec![]));
    assert_eq!(gaps(&files, 0), [gap(1, 2, "group")]);
    assert_eq!(read(&files, "manifest.json")["scope"]["groups"], json!(["registration", "disclosures"]));

    let both = json!({ "asked_by": "court", "language": "en", "groups": ["consents"], "from": "2026-02-11", "to": "2026-12-31", "values": "none" });
    let files = files_of(&dossier(&server, &both).await.body);
    assert_eq!(gaps(&files, 0), [gap(0, 1, "period"), gap(2, 4, "group")]);
    assert_eq!(levels(&verdicts(&files, &trust))[2], partial);
}

#[tokio::test]
async fn an_open_end_of_a_period_reaches_as_far_as_there_is_anything() {
    let server = Server::new().await;
    server
        .emitter()
        .record(&[on(registered(PERSON), "2026-01-10"), on(answered(PERSON), "2026-02-28")])
        .await;
    let trust = holding(&log_key(&server).await);
    for (end, day, left_out) in [("from", "2026-02-01", (0, 0)), ("to", "2026-02-01", (1, 1))] {
        let body = json!({ "asked_by": "court", "language": "en", "values": "withheld" })
            .with(&format!("/{end}"), day);
        let files = files_of(&dossier(&server, &body).await.body);
        let gap = &read(&files, "evidence.json")["streams"][0]["left_out"];
        assert_eq!(*gap, json!([{ "from": left_out.0, "to": left_out.1, "reason": "period" }]), "{end}");
        assert_eq!(faults(&verdicts(&files, &trust)), []);
    }
}

/// A street that is not the operator's.
const ADDRESS: &str = "Тараз, Канарейка көшесі 9, 3-пәтер";

/// Values of the invented person, as they were sent.
const VALUES: [&str; 6] =
    ["Әлімқұлова", "Гүлнұр", IIN, "Канарейка көшесі 9", "gulnur@example.kz", "+77000000001"];

/// Those of the values that stand in bytes: as they are, as JSON escapes them, or within base64.
fn values_in(bytes: &[u8]) -> Vec<&'static str> {
    let mut readings = vec![bytes.to_vec()];
    for run in bytes.split(|byte| !byte.is_ascii_alphanumeric() && !b"-_".contains(byte)) {
        // A run may begin within a group of four.
        readings.extend((0..4).filter_map(|skip| {
            let run = run.get(skip..)?;
            BASE64URL.decode(&run[..run.len() / 4 * 4]).ok()
        }));
    }
    let spellings = |value: &str| {
        let escaped: String = value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let utf_16: Vec<u8> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
        [value.as_bytes().to_vec(), escaped.into_bytes(), utf_16]
    };
    let is_in =
        |needle: &[u8]| readings.iter().any(|hay| hay.windows(needle.len()).any(|part| part == needle));
    VALUES.into_iter().filter(|value| spellings(value).iter().any(|needle| is_in(needle))).collect()
}

/// Those of the values that stand in a dossier: in its bytes, its unpacked streams, or what is attached.
fn values_of(pdf: &[u8]) -> Vec<&'static str> {
    let document = lopdf::Document::load_mem(pdf).unwrap();
    let mut found = values_in(pdf);
    for object in document.objects.values() {
        if let Ok(stream) = object.as_stream() {
            found.extend(values_in(&stream.get_plain_content().unwrap_or_default()));
        }
    }
    found.extend(files_of(pdf).values().flat_map(|bytes| values_in(bytes)));
    found.sort_unstable();
    found.dedup();
    found
}

#[tokio::test]
async fn withheld_values_are_nowhere_in_the_file_and_only_a_look_at_values_is_recorded_as_one() {
    let server = Server::new().await;
    let registered = registered(PERSON).with("/data/personal/address_registered", ADDRESS);
    server.emitter().record(&[registered, consented(PERSON)]).await;
    let trust = holding(&log_key(&server).await);
    let looks =
        async || types(&server).await.iter().filter(|wire_name| *wire_name == "record.viewed.v1").count();
    for (values, looked) in [("withheld", 0), ("none", 0), ("shown", 1)] {
        let before = looks().await;
        let body = json!({ "asked_by": "court", "language": "kk", "values": values });
        let pdf = dossier(&server, &body).await.body;
        assert_eq!(looks().await - before, looked, "{values}");
        let found = values_of(&pdf);
        let files = files_of(&pdf);
        let verdicts = verdicts(&files, &trust);
        assert_eq!((levels(&verdicts), faults(&verdicts)), (SOUND.to_vec(), vec![]), "{values}");
        let evidence = read(&files, "evidence.json");
        let of_person = |entry: &&Value| entry["stream"] == format!("subject-{PERSON}");
        let openings = evidence["entries"].as_array().unwrap().iter().filter(of_person);
        let openings: usize = openings.map(|entry| entry["openings"].as_array().unwrap().len()).sum();
        if values == "shown" {
            assert_eq!(found.len(), VALUES.len(), "the search finds what is there: {found:?}");
            assert_eq!(openings, 5 + 1);
        } else {
            assert_eq!((found, openings), (vec![], 0), "{values}");
        }
    }
}

#[tokio::test]
async fn a_dossier_speaks_three_languages() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON), consented(PERSON)]).await;
    let trust = holding(&log_key(&server).await);
    let mut sentences = Vec::new();
    for language in [Some("ru"), Some("kk"), Some("en"), None] {
        let body = json!({ "asked_by": "regulator", "values": "withheld" });
        let body = language.map_or(body.clone(), |language| body.with("/language", language));
        let files = files_of(&dossier(&server, &body).await.body);
        assert_eq!(levels(&verdicts(&files, &trust)), SOUND);
        let report = read(&files, "report.json");
        assert_eq!(report["locale"], language.unwrap_or("ru"), "Russian when nothing is said");
        sentences.push(report["timeline"][0]["sentence"].as_str().unwrap().to_owned());
    }
    assert_eq!(sentences[0], sentences[3]);
    sentences.truncate(3);
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), 3, "{sentences:?}");
}
