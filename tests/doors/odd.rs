//! Facts that are unlawful, odd or early are recorded all the same: the record judges, it does not look away.

use serde_json::{Value, json};

use super::client::Client;
use super::given::{Changed, answered, consented, disclosed, event, fresh, registered};
use super::log::Log;
use super::server::Server;

async fn is_recorded(emitter: &Client, event: Value) {
    let answer = emitter.append(&event).await;
    assert_eq!(answer.status, 201, "{event}: {answer:?}");
}

#[tokio::test]
async fn what_is_unlawful_or_unknown_is_recorded() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let person = "p-never-registered";
    // Nobody registered this person, this recipient, this policy version or this consent.
    is_recorded(&emitter, consented(person)).await;
    is_recorded(&emitter, answered(person).with("/data/policy_version", "2999-99")).await;
    is_recorded(&emitter, disclosed(person).with("/data/recipient_id", "nobody-knows-them")).await;
    is_recorded(&emitter, disclosed(person).with("/data/ground", "none").without("/data/ground_ref")).await;
    let unlisted = json!({ "unlisted": "astrology" });
    is_recorded(&emitter, disclosed(person).with("/data/ground", unlisted.clone())).await;
    is_recorded(&emitter, disclosed(person).with("/data/purpose", unlisted.clone())).await;
    is_recorded(&emitter, disclosed(person).with("/data/categories", json!([unlisted.clone()]))).await;
    is_recorded(&emitter, disclosed(person).with("/data/country", "AQ")).await;
    is_recorded(&emitter, consented(person).with("/data/purposes", json!([unlisted.clone()]))).await;
    let withdrawn = json!({ "consent_id": "c-never-given", "scope": "all", "form": "nonstate_service",
        "effective_at": "2026-04-02T00:00:00Z" });
    is_recorded(&emitter, event("consent.withdrawn.v1", person, withdrawn)).await;
    let used = json!({
        "action": "use", "purpose": unlisted, "categories": ["document"], "basis": { "kind": "none" },
        "automated": true, "system": "matcher", "subjects_count": 1,
    });
    is_recorded(&emitter, event("processing.performed.v1", person, used)).await;
    is_recorded(&emitter, answered(person).with("/time", "1999-12-31T23:59:59Z")).await;
    is_recorded(&emitter, registered(person)).await;
    let log = Log::read(&server.as_role("auditor")).await;
    assert_eq!(log.stream(&format!("subject-{person}")).len(), 13);
}

/// What the service appended about a number, right behind the event that holds it: `None` for nothing.
async fn noticed(server: &Server, pointer: &str, number: &str) -> Option<Value> {
    let person = fresh("p-invented");
    let mut event = registered(&person).with(pointer, number);
    if pointer == "/data/bin" {
        event = event.with("/data/kind", "entity").without("/data/personal/iin");
    }
    let receipt = server.emitter().append(&event).await;
    assert_eq!(receipt.status, 201, "{number}: {receipt:?}");
    let receipt = receipt.json();
    let log = Log::read(&server.as_role("auditor")).await;
    let stream = log.stream(&format!("subject-{person}"));
    assert!(stream[0].is_of(&receipt), "{number}: the receipt is of the event that was sent");
    assert_eq!(receipt["stream_revision"], (stream.len() - 1).to_string(), "{receipt}");
    let text = String::from_utf8(stream.last().unwrap().bytes.clone()).unwrap();
    if stream.len() == 1 {
        return None;
    }
    assert_eq!((stream.len(), stream[1].wire_name()), (2, "identifier.checked.v1"), "{number}");
    assert!(!text.contains(number), "the number itself does not stand there: {text}");
    let noticed = &stream[1].document;
    assert_eq!(noticed["source"], "subject-record");
    assert_eq!(noticed["data"]["event"], json!({ "source": event["source"], "id": event["id"] }));
    assert_eq!(noticed["data"].get("personal"), None);
    Some(noticed["data"].clone())
}

#[tokio::test]
async fn a_number_that_fails_its_check_or_is_odd_is_recorded_and_the_service_says_so() {
    let server = Server::new().await;
    for (number, check_digit, warnings) in [
        ("880315100012", "fails", json!(null)),
        ("991231500016", "passes", json!(["birth_date_in_future"])),
        ("960229600013", "passes", json!(["birth_date_in_future"])),
    ] {
        let data =
            noticed(&server, "/data/personal/iin", number).await.unwrap_or_else(|| unreachable!("{number}"));
        assert_eq!(data["which"], "iin", "{data}");
        assert!(data["check_digit"].as_str().unwrap().starts_with(check_digit), "{number}: {data}");
        assert_eq!(data.get("warnings").cloned().unwrap_or_default(), warnings, "{number}: {data}");
    }
    // Both passes of this number give ten, so that no last digit is right.
    for last in 0..10 {
        let data = noticed(&server, "/data/personal/iin", &format!("88031510025{last}")).await;
        assert!(data.is_some(), "88031510025{last}");
    }
    let bin = noticed(&server, "/data/bin", "991240000014").await.unwrap();
    assert_eq!(bin["which"], "bin", "{bin}");
}

#[tokio::test]
async fn a_number_in_order_is_recorded_without_a_word() {
    let server = Server::new().await;
    for number in ["880315100011", "910708200012", "910708200304", "880315100200"] {
        assert_eq!(noticed(&server, "/data/personal/iin", number).await, None, "{number}");
    }
    for number in ["991240000013", "991240000402", "991241000019", "991250000018", "991260000012"] {
        assert_eq!(noticed(&server, "/data/bin", number).await, None, "{number}");
    }
}

#[tokio::test]
async fn an_odd_number_sent_again_is_noticed_once() {
    let server = Server::new().await;
    let event = registered("p-invented-1").with("/data/personal/iin", "880315100012");
    let first = server.emitter().append(&event).await;
    let second = server.emitter().append(&event).await;
    assert_eq!((first.status, second.status), (201, 200), "{second:?}");
    assert_eq!(first.json()["position"], second.json()["position"]);
    let log = Log::read(&server.as_role("auditor")).await;
    assert_eq!(log.stream("subject-p-invented-1").len(), 2);
}
