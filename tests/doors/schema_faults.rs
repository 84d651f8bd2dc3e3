//! What its schema refuses: every fault by its pointer, never a value; and nothing personal in a public place.

use serde_json::{Value, json};
use subject_record_schemas::EventType;
use subject_record_schemas::catalogue::Writer;
use subject_record_schemas::examples::Examples;

use super::client::Client;
use super::given::{Changed, answered, consented, disclosed, fresh, registered};
use super::server::Server;

async fn faults(emitter: &Client, event: &Value) -> Vec<String> {
    let answer = emitter.append(event).await;
    assert_eq!(answer.refusal(), (422, "event.invalid".into()), "{event}");
    answer.pointers()
}

async fn nothing_was_written(server: &Server) {
    // The opening of the log is all there is.
    assert_eq!(server.as_role("auditor").last_position().await, 1);
}

#[tokio::test]
async fn all_faults_of_a_document_are_listed() {
    let server = Server::new().await;
    let event = registered("p-invented-1")
        .with("/partitionkey", "7")
        .with("/time", "yesterday")
        .with("/subject", "short")
        .with("/data/kind", "robot")
        .with("/data/note", "free text")
        .without("/data/language")
        .with("/data/personal/iin", "123")
        .with("/data/personal/shoe_size", "42");
    assert_eq!(
        faults(&server.emitter(), &event).await,
        [
            "/data/kind",
            "/data/language",
            "/data/note",
            "/data/personal/iin",
            "/data/personal/shoe_size",
            "/partitionkey",
            "/subject",
            "/time",
        ]
    );
    nothing_was_written(&server).await;
}

#[tokio::test]
async fn an_unknown_attribute_is_refused() {
    let server = Server::new().await;
    for attribute in
        ["partitionkey", "recordedtime", "recordedby", "sequence", "previous", "blinding", "traceparent"]
    {
        let event = answered("p-invented-1").with(&format!("/{attribute}"), "x");
        assert_eq!(faults(&server.emitter(), &event).await, [format!("/{attribute}")]);
    }
    let digits = answered("p-invented-1").with("/data_base64", "x");
    assert_eq!(
        faults(&server.emitter(), &digits).await,
        [""],
        "a name with digits may be a number, and is not repeated"
    );
    for (pointer, value) in
        [("/datacontenttype", "text/plain"), ("/subject", ""), ("/id", ""), ("/source", "")]
    {
        let event = answered("p-invented-1").with(pointer, value);
        assert!(faults(&server.emitter(), &event).await.iter().all(|fault| fault == pointer), "{pointer}");
    }
    nothing_was_written(&server).await;
}

#[tokio::test]
async fn an_identifier_look_alike_has_no_public_place() {
    let server = Server::new().await;
    for hidden in [
        "910708200012",
        "+77000000001",
        "87000000001",
        "8-700-000-00-01",
        "7000000001",
        "gulnur@example.kz",
        "case/910708200012",
    ] {
        for pointer in [
            "/id",
            "/source",
            "/actor",
            "/correlationid",
            "/causationid",
            "/dataschema",
            "/data/recipient_id",
            "/data/ground_ref",
        ] {
            let event = disclosed("p-invented-1").with(pointer, hidden);
            let found = faults(&server.emitter(), &event).await;
            assert!(
                !found.is_empty() && found.iter().all(|fault| fault == pointer),
                "{hidden} in {pointer}: {found:?}"
            );
        }
        let unlisted = disclosed("p-invented-1").with("/data/purpose", json!({ "unlisted": hidden }));
        let found = faults(&server.emitter(), &unlisted).await;
        assert!(found.iter().all(|fault| fault.starts_with("/data/purpose")), "{hidden}: {found:?}");
    }
    for hidden in ["910708200012", "77000000001", "gulnur@example.kz"] {
        assert_eq!(faults(&server.emitter(), &answered(hidden)).await, ["/subject"], "{hidden}");
    }
    nothing_was_written(&server).await;
}

#[tokio::test]
async fn a_personal_member_outside_of_data_personal_is_refused() {
    let server = Server::new().await;
    let personal = registered("p-invented-1")["data"]["personal"].clone();
    for (name, value) in personal.as_object().unwrap() {
        let event = registered("p-invented-1").with(&format!("/data/{name}"), value.clone());
        assert_eq!(faults(&server.emitter(), &event).await, [format!("/data/{name}")]);
    }
    let names = registered("p-invented-1").with("/data/Әлімқұлова Гүлнұр", 1);
    let answer = server.emitter().append(&names).await;
    assert_eq!(answer.pointers(), ["/data"], "a member's name may be personal too, and is not repeated");
    assert!(!String::from_utf8_lossy(&answer.body).contains("Гүлнұр"));
    for personal in [json!(null), json!("x"), json!([]), json!({ "unknown": "x" })] {
        let event = consented("p-invented-1").with("/data/personal", personal.clone());
        let found = faults(&server.emitter(), &event).await;
        assert!(found.iter().all(|fault| fault.starts_with("/data/personal")), "{personal}: {found:?}");
    }
    nothing_was_written(&server).await;
}

#[tokio::test]
async fn a_refusal_repeats_no_value() {
    let server = Server::new().await;
    let secret = "Канарейкина-из-отказа";
    for pointer in [
        "/data/kind",
        "/data/personal/iin",
        "/data/personal/email",
        "/data/personal/full_name",
        "/data/form_version",
        "/time",
    ] {
        let event = registered("p-invented-1").with(pointer, secret);
        let answer = server.emitter().append(&event).await;
        assert_eq!(answer.refusal(), (422, "event.invalid".into()), "{pointer}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("Канарейкина"), "{answer:?}");
    }
    assert!(!server.house().log().contains("Канарейкина"), "nor does the service's log");
}

#[tokio::test]
async fn every_valid_example_is_recorded_and_every_invalid_one_refused_at_its_pointer() {
    let server = Server::new().await;
    let emitter = server.emitter();
    for event_type in EventType::ALL.iter().filter(|event_type| event_type.writer() == Writer::Platform) {
        let examples = Examples::of(*event_type).unwrap();
        for (example, document) in examples.invalid_documents() {
            let found = faults(&emitter, &document).await;
            assert!(found.contains(&example.pointer), "{event_type}: {}: {found:?}", example.why);
        }
        let answer = emitter
            .append(&examples.valid.with("/id", fresh("valid")).with("/time", "2026-02-03T04:15:00Z"))
            .await;
        assert_eq!(answer.status, 201, "{event_type}: {answer:?}");
    }
}
