//! Decisions over HTTP and the command line. What is lawful is tested where it is decided; here, that the door asks
//! about the right people, at the right moment, with the newest word.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::given::{Changed, consented, event, registered};
use super::server::Server;

async fn ask(client: &Client, body: &Value) -> Answer {
    client.post("/v1/decisions", "application/json", body.to_string()).await
}

fn question(subjects: &[&str]) -> Value {
    json!({ "question": { "processing": { "purpose": "service", "categories": ["full_name"] } }, "subjects": subjects })
}

fn consents(decision: &Value) -> bool {
    decision["grounds"].as_array().unwrap().iter().any(|ground| ground["reference"].is_string())
}

#[tokio::test]
async fn a_decision_knows_what_was_recorded_just_now_and_what_was_so_then() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let consent = consented("p-invented-1").with("/time", "2026-02-10T00:00:00Z");
    let given = emitter.record(&[registered("p-invented-1"), consent.clone()]).await;
    let one = json!({ "question": question(&[])["question"], "subject": "p-invented-1" });
    let decided = async |body: &Value| {
        let answer = ask(&emitter, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["decisions"][0].clone()
    };
    let now = decided(&one).await;
    assert!(consents(&now) && now["known"] == true, "{now}");
    assert!(!consents(&decided(&one.clone().with("/as_of", "2026-02-05")).await), "before the consent");
    let data = json!({ "consent_id": consent["data"]["consent_id"], "scope": "all", "form": "nonstate_service", "effective_at": "2026-03-01T00:00:00Z" });
    let withdrawn = event("consent.withdrawn.v1", "p-invented-1", data).with("/time", "2026-03-01T00:00:00Z");
    emitter.record(&[withdrawn]).await;
    let after = decided(&one).await;
    assert!(after["allowed"] == "no" && !consents(&after), "{after}");
    assert!(after["objections"].as_array().is_some_and(|all| !all.is_empty()), "{after}");
    let before = one.with("/known_at", given[1]["position"].clone());
    assert!(consents(&decided(&before).await), "as it was known before the withdrawal came in");
}

#[tokio::test]
async fn many_are_answered_in_their_order_and_somebody_unknown_is_no_error() {
    let server = Server::new().await;
    let emitter = server.emitter();
    emitter.record(&[registered("p-invented-1"), consented("p-invented-1")]).await;
    let answer = ask(&emitter, &question(&["p-nobody-99", "p-invented-1"])).await.json();
    let decisions = answer["decisions"].as_array().unwrap();
    let told: Vec<_> =
        decisions.iter().map(|d| (d["subject"].as_str().unwrap(), d["known"] == true)).collect();
    assert_eq!(told, [("p-nobody-99", false), ("p-invented-1", true)]);
    assert_eq!(decisions[0]["allowed"], "no");

    let command =
        ["decision", "ask", "p-invented-1", "p-nobody-99", "--purpose", "service", "--category", "full_name"];
    let printed = server.run_as("emitter", &command);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("unknown person") && printed.contains("p-invented-1"), "{printed}");
}

#[tokio::test]
async fn a_question_that_does_not_read_is_refused_and_so_are_too_many_people() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let people: Vec<_> = (0..1001).map(|n| format!("p-invented-{n}")).collect();
    let people: Vec<_> = people.iter().map(String::as_str).collect();
    for body in [
        json!({ "question": { "processing": { "purpose": "fun", "categories": ["iin"] } }, "subject": "p-invented-1" }),
        json!({ "question": { "processing": { "purpose": "service", "categories": [] } }, "subject": "p-invented-1" }),
        json!({ "subject": "p-invented-1" }),
        question(&[]),
        question(&people),
        question(&["p-invented-1"]).with("/subject", "p-invented-2"),
        question(&["p-invented-1"]).with("/as_of", "soon"),
        question(&["910708200012"]),
    ] {
        let refused = ask(&emitter, &body).await;
        assert_eq!(refused.refusal(), (400, "request.malformed".into()), "{refused:?}");
        assert!(!String::from_utf8_lossy(&refused.body).contains("910708200012"), "nothing is repeated");
    }
    assert_eq!(ask(&emitter, &question(&people[..1000])).await.status, 200);
    for role in ["support", "operator"] {
        assert_eq!(ask(&server.as_role(role), &question(&["p-invented-1"])).await.status, 403, "{role}");
    }
}
