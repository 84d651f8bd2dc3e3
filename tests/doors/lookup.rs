//! People found by IIN, BIN, phone number or e-mail address: in any spelling, with a record first, and not once erased.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::task::JoinSet;

use super::client::{Answer, Client};
use super::given::{Changed, IIN, consented, moved_to, registered};
use super::log::Log;
use super::server::{House, Server};
use crate::traces::traces_in;

const PATH: &str = "/v1/subjects/lookup";

/// Asks, for a purpose.
async fn ask(client: &Client, purpose: &str, body: Value) -> Answer {
    let request = client.request(reqwest::Method::POST, PATH).header("access-purpose", purpose);
    client.send(request.json(&body)).await
}

/// The subjects of an answer, each with whether it is a former one.
fn found(answer: &Answer) -> Vec<(String, bool)> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let subjects = answer.json()["subjects"].as_array().unwrap().clone();
    let found = subjects.iter().map(|found| (found["subject"].as_str().unwrap(), found["former"] == true));
    found.map(|(subject, former)| (subject.to_owned(), former)).collect()
}

fn now(subject: &str) -> (String, bool) {
    (subject.to_owned(), false)
}

/// A person with a phone number of their own and nothing else.
fn with_phone(subject: &str, phone: &str) -> Value {
    registered(subject).with("/data/personal", json!({ "phone": phone }))
}

#[tokio::test]
async fn somebody_is_found_in_any_spelling_and_the_look_is_recorded_before_the_answer() {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1"), consented("p-invented-1")]).await;
    let support = server.as_role("support");
    for body in [
        json!({ "iin": "910708 200012" }),
        json!({ "phone": "8 (700) 000-00-01" }),
        json!({ "phone": "+7 700 000 00 01" }),
        json!({ "email": "GULNUR@EXAMPLE.KZ" }),
    ] {
        let before = server.as_role("auditor").last_position().await;
        let answer = ask(&support, "support; case=\"T-1042\"", body.clone()).await;
        assert_eq!(found(&answer), [now("p-invented-1")], "{body}");
        assert_eq!(
            answer.json(),
            json!({
                "simulated": false, "subjects": [{ "subject": "p-invented-1", "former": false }], "more": false,
            })
        );
        assert_eq!(server.as_role("auditor").last_position().await, before + 1, "exactly one event");
        let log = Log::read(&server.as_role("auditor")).await;
        let look = log.stream("access-p-invented-1").last().unwrap().document.clone();
        let kind = body.as_object().unwrap().keys().next().unwrap();
        assert_eq!(look["type"], "record.viewed.v1");
        assert_eq!(
            look["data"],
            json!({
                "viewer": "support-1", "role": "support", "purpose": "support", "case_ref": "T-1042", "what": "lookup",
                "categories": [kind],
            })
        );
    }
}

#[tokio::test]
async fn nobody_found_is_an_empty_list_and_no_look() {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1")]).await;
    let auditor = server.as_role("auditor");
    let last = auditor.last_position().await;
    for body in [
        json!({ "iin": "991231500016" }),
        json!({ "bin": "991240000013" }),
        json!({ "phone": "+77000000002" }),
    ] {
        assert_eq!(found(&ask(&auditor, "audit", body).await), []);
    }
    assert_eq!(auditor.last_position().await, last);
}

#[tokio::test]
async fn nobody_is_looked_for_without_a_purpose_or_by_another_role() {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1")]).await;
    let last = server.as_role("auditor").last_position().await;
    let body = json!({ "iin": IIN });
    for role in ["support", "auditor", "officer"] {
        let answer = server.as_role(role).post(PATH, "application/json", body.to_string()).await;
        assert_eq!(answer.refusal(), (400, "access.purpose_missing".into()));
    }
    for (role, purpose) in
        [("emitter", "support"), ("operator", "support"), ("support", "court"), ("auditor", "claim")]
    {
        let answer = ask(&server.as_role(role), purpose, body.clone()).await;
        assert_eq!(answer.refusal(), (403, "role.forbids".into()), "{role} {purpose}");
    }
    let nobody = server.as_role("support").with_token("sr_support-1_x");
    assert_eq!(ask(&nobody, "support", body).await.refusal().0, 401);
    assert_eq!(server.as_role("support").get(PATH).await.status, 405, "never in an address");
    assert_eq!(server.as_role("auditor").last_position().await, last);
}

#[tokio::test]
async fn a_value_that_is_none_is_refused_with_its_pointer_and_never_repeated() {
    let server = House::new().serve_with(&[("SUBJECT_RECORD_LOG__FILTER", "trace")]).await;
    let officer = server.as_role("officer");
    let secrets = ["91070820001", "880315100011", "7000000009", "gulnur.example.kz"];
    for (body, pointer) in [
        (json!({ "iin": secrets[0] }), "/iin"),
        (json!({ "bin": secrets[1] }), "/bin"),
        (json!({ "phone": secrets[2] }), "/phone"),
        (json!({ "email": secrets[3] }), "/email"),
        (json!({ "iin": secrets[1], "email": "a@example.kz" }), ""),
        (json!({}), ""),
        (json!({ "iin": null }), ""),
    ] {
        let answer = ask(&officer, "claim", body.clone()).await;
        assert_eq!(answer.refusal(), (422, "lookup.invalid".into()), "{body}");
        assert_eq!(answer.pointers(), [pointer], "{body}");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    }
    for body in [json!({ "name": secrets[3] }), json!({ "iin": 910_708_200_012_u64 }), json!(secrets[0])] {
        let answer = ask(&officer, "claim", body).await;
        assert_eq!(answer.refusal(), (400, "request.malformed".into()));
        let text = String::from_utf8(answer.body).unwrap();
        assert!(secrets.iter().chain(&[IIN]).all(|secret| !text.contains(secret)), "{text}");
    }
    assert_eq!(found(&ask(&officer, "claim", json!({ "iin": IIN })).await), []);
    let log = server.house().log();
    assert!(log.contains("answered"), "the log tells of requests");
    assert!(secrets.iter().chain(&[IIN]).all(|secret| !log.contains(secret)), "and of no value");
}

#[tokio::test]
async fn a_value_that_was_replaced_finds_whom_it_belonged_to_as_former() {
    let server = Server::new().await;
    let moved = moved_to("p-invented-1", "new@example.kz").with("/time", "2026-02-04T04:15:00Z");
    server.emitter().record(&[registered("p-invented-1"), moved]).await;
    let support = server.as_role("support");
    let by_email = async |email: &str| found(&ask(&support, "support", json!({ "email": email })).await);
    assert_eq!(by_email("new@example.kz").await, [now("p-invented-1")]);
    assert_eq!(by_email("gulnur@example.kz").await, [("p-invented-1".to_owned(), true)]);
}

#[tokio::test]
async fn two_people_with_one_iin_are_both_found_and_the_later_ones_stream_tells_of_it() {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1"), registered("p-invented-2")]).await;
    let answer = ask(&server.as_role("officer"), "claim", json!({ "iin": IIN })).await;
    assert_eq!(found(&answer), [now("p-invented-1"), now("p-invented-2")]);
    let log = Log::read(&server.as_role("auditor")).await;
    for (stream, looks) in [("access-p-invented-1", 1), ("access-p-invented-2", 1)] {
        assert_eq!(log.stream(stream).len(), looks, "a look at each");
    }
    let [_, matched] = log.stream("subject-p-invented-2").try_into().unwrap();
    assert_eq!(
        (matched.wire_name(), &matched.document["source"]),
        ("identifier.matched.v1", &json!("subject-record"))
    );
    assert_eq!(matched.document["data"], json!({ "kind": "iin", "other_subject": "p-invented-1" }));
    assert_eq!(log.stream("subject-p-invented-1").len(), 1);
    let (house, _) = server.stop().await;
    let server = house.serve().await;
    ask(&server.as_role("officer"), "claim", json!({ "iin": IIN })).await;
    let log = Log::read(&server.as_role("auditor")).await;
    assert_eq!(log.stream("subject-p-invented-2").len(), 2, "told once");
}

/// What the index holds of a person, as it lies on the disk.
async fn tags_of(house: &House, subject: &str) -> Vec<Vec<u8>> {
    let options = SqliteConnectOptions::new().filename(house.path("data/keys.db")).read_only(true);
    let mut keys = SqliteConnection::connect_with(&options).await.unwrap();
    let tags = sqlx::query_scalar("SELECT tag FROM lookup_entries WHERE owner = ?1");
    let tags = tags.bind(format!("subject-{subject}")).fetch_all(&mut keys).await.unwrap();
    keys.close().await.unwrap();
    tags
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_person_is_found_no_more_and_no_trace_of_the_index_is_left() {
    const PEOPLE: usize = 40;
    let server = Server::new().await;
    let emitter = server.emitter();
    let phone = |person: usize| format!("+770000{person:05}");
    for person in 0..PEOPLE {
        let subject = format!("p-invented-{person}");
        let email = format!("old-{person}@example.kz");
        let event = with_phone(&subject, &phone(person)).with("/data/personal/email", email);
        emitter.record(&[event, moved_to(&subject, &format!("new-{person}@example.kz"))]).await;
    }
    let support = server.as_role("support");
    let by_phone = async |client: &Client, person| {
        found(&ask(client, "support", json!({ "phone": phone(person) })).await)
    };
    assert_eq!(by_phone(&support, 7).await, [now("p-invented-7")]);
    let data = server.house().path("data");
    for person in [7, 0, 39] {
        let subject = format!("p-invented-{person}");
        let tags = tags_of(server.house(), &subject).await;
        assert!(tags.len() == 3 && tags.iter().all(|tag| tag.len() == 32));
        assert_eq!(traces_in(&data, &tags), 3, "the search finds what is there");
        let arguments = ["subject", "erase", &subject, "--basis", "subject_request", "--yes"];
        assert!(server.run_as("officer", &arguments).status.success());
        assert_eq!(traces_in(&data, &tags), 0, "nor in the write-ahead log");
        assert_eq!(by_phone(&support, person).await, []);
        for email in [format!("old-{person}@example.kz"), format!("new-{person}@example.kz")] {
            assert_eq!(found(&ask(&support, "support", json!({ "email": email })).await), []);
        }
    }
    let kept = tags_of(server.house(), "p-invented-8").await;
    assert_eq!((kept.len(), traces_in(&data, &kept)), (3, 3), "others keep theirs");
    let server = server.kill().serve().await;
    assert_eq!(by_phone(&server.as_role("support"), 7).await, []);
    assert_eq!(by_phone(&server.as_role("support"), 8).await, [now("p-invented-8")]);
    assert_eq!(tags_of(server.house(), "p-invented-7").await, Vec::<Vec<u8>>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_acknowledged_is_found_at_once_among_many_and_after_a_crash() {
    const CLIENTS: usize = 64;
    let mut server = Server::new().await;
    for round in 0..3 {
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let (emitter, support) = (server.emitter(), server.as_role("support"));
            clients.spawn(async move {
                let (subject, phone) = (format!("p-{round}-{number:06}"), format!("+7700{round}{number:06}"));
                assert_eq!(emitter.append(&with_phone(&subject, &phone)).await.status, 201);
                assert_eq!(
                    found(&ask(&support, "support", json!({ "phone": phone })).await),
                    [now(&subject)]
                );
                let (subject, phone) = (format!("q-{round}-{number:06}"), format!("+7701{round}{number:06}"));
                assert_eq!(emitter.append(&with_phone(&subject, &phone)).await.status, 201);
                (subject, phone)
            });
        }
        let acknowledged = clients.join_all().await;
        server = server.kill().serve().await;
        for (subject, phone) in acknowledged {
            let answer = ask(&server.as_role("support"), "support", json!({ "phone": phone })).await;
            assert_eq!(found(&answer), [now(&subject)]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_takes_the_value_from_standard_input() {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1")]).await;
    let given = ["subject", "lookup", "--email", "Gulnur@example.kz", "--purpose", "support"];
    let output = server.run_as("support", &given);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "SUBJECT       BEARS IT\np-invented-1  now\n");

    let mut child = Command::new(env!("CARGO_BIN_EXE_subject-record"))
        .args([
            "subject",
            "lookup",
            "--phone",
            "-",
            "--purpose",
            "claim",
            "--case",
            "C-7",
            "--format",
            "ndjson",
        ])
        .args(["--url", &format!("http://{}", server.address), "--token", server.house().token("officer")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all("8 700 000-00-01\n".as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line, json!({ "subject": "p-invented-1", "former": false }));
    let log = Log::read(&server.as_role("auditor")).await;
    let look = log.stream("access-p-invented-1").last().unwrap().document.clone();
    assert_eq!((&look["data"]["case_ref"], &look["data"]["what"]), (&json!("C-7"), &json!("lookup")));

    let nobody =
        server.run_as("support", &["subject", "lookup", "--iin", "880315100011", "--purpose", "support"]);
    assert_eq!(String::from_utf8(nobody.stdout).unwrap(), "nobody was found\n");
    for wrong in [
        &["--purpose", "support"][..],
        &["--iin", "1", "--bin", "1", "--purpose", "support"],
        &["--iin", IIN],
    ] {
        let output = server.run_as("support", &[&["subject", "lookup"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}
