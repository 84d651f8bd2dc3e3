//! Looks at a person: each is recorded before it is answered, and a role sees no more than its own.

use serde_json::{Value, json};

use super::client::number;
use super::given::{answered, consented, registered};
use super::log::Log;
use super::server::Server;

const TIMELINE: &str = "/v1/subjects/p-invented-1/timeline";
const PERSON: &str = "/v1/subjects/p-invented-1";

async fn given() -> Server {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1"), consented("p-invented-1")]).await;
    server
}

/// The looks at the person that stand in the log.
async fn looks(server: &Server) -> Vec<Value> {
    let log = Log::read(&server.as_role("auditor")).await;
    let looks = log.stream("access-p-invented-1");
    assert!(looks.iter().all(|look| look.wire_name() == "record.viewed.v1"), "{looks:?}");
    looks.into_iter().map(|look| look.document.clone()).collect()
}

/// The members of the first event of a timeline, by name.
fn first_members(timeline: &Value) -> Value {
    let personal = &timeline["entries"][0]["personal"];
    assert_eq!(personal["state"], "open", "{timeline}");
    let members = personal["members"].as_array().unwrap().iter();
    members
        .map(|member| (member["name"].as_str().unwrap().to_owned(), member.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn a_look_is_recorded_before_it_is_answered() {
    let server = given().await;
    let auditor = server.as_role("auditor");
    let before = auditor.last_position().await;
    let answer = auditor.look(TIMELINE, "court; case=\"C-2026/7\"").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(auditor.last_position().await, before + 1, "exactly one event");
    let [look] = looks(&server).await.try_into().unwrap();
    assert_eq!(look["subject"], "p-invented-1");
    assert_eq!(look["actor"], "auditor-1");
    let expected = json!({
        "viewer": "auditor-1", "role": "auditor", "purpose": "court", "case_ref": "C-2026/7", "what": "timeline",
        "categories": look["data"]["categories"],
    });
    assert_eq!(look["data"], expected);
    let mut categories: Vec<_> =
        look["data"]["categories"].as_array().unwrap().iter().map(Value::to_string).collect();
    categories.sort_unstable();
    let mut expected = [
        "\"address_registered\"",
        "\"email\"",
        "\"full_name\"",
        "\"iin\"",
        "\"phone\"",
        "{\"unlisted\":\"signer\"}",
    ];
    expected.sort_unstable();
    assert_eq!(categories, expected, "what was opened, and nothing else");

    auditor.look(PERSON, "audit").await;
    let profile = looks(&server).await.pop().unwrap();
    assert_eq!((&profile["data"]["what"], profile["data"].get("case_ref")), (&json!("profile"), None));
}

#[tokio::test]
async fn without_a_purpose_nothing_is_opened_and_nothing_recorded() {
    let server = given().await;
    let last = server.as_role("auditor").last_position().await;
    for role in ["support", "auditor", "officer"] {
        for path in [TIMELINE, PERSON, &format!("{TIMELINE}?reveal=iin")] {
            let answer = server.as_role(role).get(path).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let text = String::from_utf8(answer.body).unwrap();
            for value in ["910708200012", "Гүлнұр", "gulnur", "+77000000001", "opening"] {
                assert!(!text.contains(value), "{role} {path}: {text}");
            }
        }
    }
    assert_eq!(server.as_role("auditor").last_position().await, last);
    let nothing_open =
        server.as_role("auditor").look(&format!("{TIMELINE}?type=disclosure.made.v1"), "audit").await;
    assert_eq!(nothing_open.status, 200);
    assert_eq!(server.as_role("auditor").last_position().await, last, "a look at nothing is no look");
}

#[tokio::test]
async fn support_sees_the_iin_masked_until_it_is_revealed() {
    let server = given().await;
    let support = server.as_role("support");
    let members = first_members(&support.look(TIMELINE, "support; case=\"T-1042\"").await.json());
    assert_eq!(members["iin"], json!({ "name": "iin", "state": "masked" }));
    assert_eq!(members["address_registered"], json!({ "name": "address_registered", "state": "masked" }));
    assert_eq!(members["email"]["value"], "gulnur@example.kz");
    assert_eq!(members["full_name"]["state"], "open");
    let revealed = first_members(&support.look(&format!("{TIMELINE}?reveal=iin"), "support").await.json());
    assert_eq!(revealed["iin"]["value"], "910708200012");
    assert_eq!(revealed["address_registered"]["state"], "masked");
    let looks = looks(&server).await;
    let has_iin = |look: &Value| look["data"]["categories"].as_array().unwrap().contains(&json!("iin"));
    assert_eq!(
        looks.iter().map(has_iin).collect::<Vec<_>>(),
        [false, true],
        "the record tells what was seen"
    );
    let profile = support.look(PERSON, "support").await.json();
    assert_eq!(profile["profile"]["iin"]["state"], "masked", "{profile}");
}

#[tokio::test]
async fn a_purpose_that_is_not_the_roles_or_does_not_read_opens_nothing() {
    let server = given().await;
    let last = server.as_role("auditor").last_position().await;
    let inside = ["support", "subject_request", "claim", "incident", "verification"];
    let outside = ["audit", "regulator", "court"];
    for path in [TIMELINE, PERSON] {
        for purpose in outside {
            let answer = server.as_role("support").look(path, purpose).await;
            assert_eq!(answer.refusal(), (403, "role.forbids".into()), "{purpose}");
        }
        for purpose in inside {
            let answer = server.as_role("auditor").look(path, purpose).await;
            assert_eq!(answer.refusal(), (403, "role.forbids".into()), "{purpose}");
        }
        for role in ["emitter", "operator"] {
            for purpose in inside.iter().chain(&outside) {
                assert_eq!(
                    server.as_role(role).look(path, purpose).await.refusal(),
                    (403, "role.forbids".into())
                );
            }
        }
        for purpose in [
            "",
            "curiosity",
            "Support",
            "support; ticket=1",
            "support; case=",
            "support; case=\"a b\"",
            "support; case=\"910708200012\"",
            "support; case=\"x\"; case=\"y\"",
        ] {
            let answer = server.as_role("support").look(path, purpose).await;
            assert_eq!(answer.refusal(), (400, "access.purpose_missing".into()), "{purpose}");
        }
    }
    assert_eq!(server.as_role("auditor").last_position().await, last, "nothing was written");
    for purpose in inside.iter().chain(&outside) {
        assert_eq!(server.as_role("officer").look(TIMELINE, purpose).await.status, 200, "{purpose}");
    }
    assert_eq!(looks(&server).await.len(), inside.len() + outside.len());
}

#[tokio::test]
async fn a_look_does_not_move_the_revision_that_an_emitter_expects() {
    let server = given().await;
    let auditor = server.as_role("auditor");
    let revision = auditor.get(PERSON).await.json()["revision"].clone();
    for _ in 0..3 {
        assert_eq!(auditor.look(TIMELINE, "audit").await.status, 200);
    }
    assert_eq!(auditor.get(PERSON).await.json()["revision"], revision);
    let expected = format!("\"{}\"", revision.as_str().unwrap());
    let answer = server.emitter().append_if(&answered("p-invented-1"), "if-match", &expected).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(looks(&server).await.len(), 3);
}

#[tokio::test]
async fn a_page_records_the_look_at_what_it_shows() {
    let server = given().await;
    let auditor = server.as_role("auditor");
    let second = auditor.get(&format!("{TIMELINE}?limit=1")).await.json()["next"].clone();
    let path = format!("{TIMELINE}?limit=1&cursor={:016}", number(&second));
    assert_eq!(auditor.look(&path, "audit").await.status, 200);
    let [look] = looks(&server).await.try_into().unwrap();
    assert_eq!(
        look["data"]["categories"],
        json!([{ "unlisted": "signer" }]),
        "the consent alone was on that page"
    );
}
