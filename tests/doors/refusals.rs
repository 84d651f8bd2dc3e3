//! Every refusal of an event: its status, its code, and that nothing was written.

use serde_json::{Value, json};

use super::client::{BATCH, Client, LINES, ONE, number};
use super::given::{Changed, answered, consented, disclosed, event, fresh, from_now, moved_to, registered};
use super::server::Server;

/// The service with one invented person in it, and where the log ends.
struct Given {
    server: Server,
    emitter: Client,
    person: Value,
    last: u64,
}

async fn given() -> Given {
    let server = Server::new().await;
    let emitter = server.emitter();
    let person = registered("p-invented-1");
    let recorded = emitter.append(&person).await;
    assert_eq!(recorded.status, 201, "{recorded:?}");
    let last = number(&recorded.json()["position"]);
    Given { server, emitter, person, last }
}

impl Given {
    /// Nothing was written since: not an event, and not a key either.
    async fn nothing_was_written(&self) {
        assert_eq!(self.server.as_role("auditor").last_position().await, self.last);
        let next = self.emitter.append(&answered("p-invented-1").with("/id", "the-next")).await.json();
        assert_eq!(number(&next["position"]), self.last + 1, "{next}");
    }

    async fn refuses(&self, status: u16, code: &str, events: Vec<Value>) {
        for event in events {
            let answer = self.emitter.append(&event).await;
            assert_eq!(answer.refusal(), (status, code.to_owned()), "{event}");
        }
        self.nothing_was_written().await;
    }
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let it = given().await;
    for body in ["", "{", "nonsense", "{\"id\":\"a\",}", "\u{feff}{}", "{} {}"] {
        let answer = it.emitter.post("/v1/events", ONE, body).await;
        assert_eq!(answer.refusal(), (400, "event.not_json".into()), "{body}");
    }
    let bytes = it.emitter.post("/v1/events", ONE, b"{\"id\":\"\xff\"}".to_vec()).await;
    assert_eq!(bytes.refusal(), (400, "event.not_json".into()), "not UTF-8");
    let deep = it.emitter.post("/v1/events", ONE, "[".repeat(100_000)).await;
    assert_eq!(deep.refusal(), (400, "event.not_json".into()), "nested too deep");
    let batch = it.emitter.post("/v1/events", BATCH, "[").await;
    assert_eq!(batch.refusal(), (400, "event.not_json".into()));
    it.nothing_was_written().await;
}

#[tokio::test]
async fn what_is_not_a_cloudevent_is_refused() {
    let it = given().await;
    let whole = || answered("p-invented-1");
    it.refuses(
        400,
        "event.not_a_cloudevent",
        vec![
            json!([]),
            json!("text"),
            json!(null),
            json!({}),
            whole().without("/specversion"),
            whole().with("/specversion", "0.3"),
            whole().with("/specversion", 1.0),
            whole().without("/id"),
            whole().with("/id", 7),
            whole().without("/source"),
            whole().without("/type"),
            whole().with("/type", json!(["consent.given.v1"])),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_type_or_version_that_does_not_exist_is_refused() {
    let it = given().await;
    let named = |name: &str| answered("p-invented-1").with("/type", name);
    let types = vec![
        named("policy_version.answered.v9"),
        named("policy_version.answered"),
        named("soul.sold.v1"),
        named(""),
    ];
    it.refuses(422, "event.unknown_type", types).await;
}

#[tokio::test]
async fn a_time_over_five_minutes_ahead_is_refused_and_one_of_four_minutes_is_recorded() {
    let it = given().await;
    let late = answered("p-invented-1").with("/time", from_now(301));
    it.refuses(
        422,
        "event.from_the_future",
        vec![late, answered("p-invented-1").with("/time", "2999-01-01T00:00:00Z")],
    )
    .await;
    let four_minutes = it.emitter.append(&answered("p-invented-1").with("/time", from_now(240))).await;
    assert_eq!(four_minutes.status, 201, "{four_minutes:?}");
}

#[tokio::test]
async fn a_type_that_only_the_service_writes_is_refused_to_everybody() {
    let it = given().await;
    let officer = it.server.as_role("officer");
    for event_type in subject_record_schemas::EventType::ALL {
        if event_type.writer() != subject_record_schemas::catalogue::Writer::Service {
            continue;
        }
        let examples = subject_record_schemas::examples::Examples::of(*event_type).unwrap();
        let event = examples.valid.with("/source", "platform/tests").with("/id", fresh("reserved"));
        for caller in [&it.emitter, &officer] {
            let answer = caller.append(&event).await;
            assert_eq!(answer.refusal(), (403, "event.reserved_type".into()), "{event}");
        }
    }
    it.nothing_was_written().await;
}

#[tokio::test]
async fn a_second_registration_is_refused() {
    let it = given().await;
    let second = registered("p-invented-1").without("/data/personal").with("/data/channel", "app");
    it.refuses(409, "subject.already_registered", vec![registered("p-invented-1"), second]).await;
    let again = it.emitter.append(&it.person).await;
    assert_eq!(again.status, 200, "the same one again is no second one: {again:?}");
}

#[tokio::test]
async fn the_same_id_with_other_content_is_refused() {
    let it = given().await;
    let person = || it.person.clone();
    let others = vec![
        person().with("/data/channel", "app"),
        person().with("/time", "2026-02-03T04:15:00.000001Z"),
        person().with("/actor", "staff-1"),
        person().with("/data/personal/phone", "+77000000002"),
        person().with("/data/personal/full_name/given", "Айгүл"),
        person().with("/data/personal/address_delivery", "Алматы"),
        // Of a number that is refused the service has nothing to say.
        person().with("/data/personal/iin", "880315100012"),
        person().without("/data/personal/phone"),
        person().without("/data/personal"),
        person().with("/subject", "p-invented-2"),
        answered("p-invented-1").with("/id", person()["id"].clone()),
        answered("p-invented-2").with("/id", person()["id"].clone()),
    ];
    it.refuses(409, "event.other_content", others).await;
}

#[tokio::test]
async fn another_revision_than_the_expected_one_is_refused_and_the_actual_one_told() {
    let it = given().await;
    for (header, value, actual) in [
        ("if-match", "\"1\"", json!("0")),
        ("if-match", "\"18446744073709551615\"", json!("0")),
        ("if-none-match", "*", json!("0")),
    ] {
        let answer = it.emitter.append_if(&answered("p-invented-1"), header, value).await;
        assert_eq!(answer.refusal(), (412, "stream.wrong_revision".into()), "{header}: {value}");
        assert_eq!(answer.json()["actual"], actual);
    }
    for value in ["\"0\"", "*"] {
        let answer = it.emitter.append_if(&consented("p-nobody-1"), "if-match", value).await;
        assert_eq!(answer.refusal(), (412, "stream.wrong_revision".into()), "{value}");
        assert_eq!(answer.json()["actual"], json!(null), "the stream has no event");
    }
    it.nothing_was_written().await;
    let right = it.emitter.append_if(&answered("p-invented-1"), "if-match", "\"1\"").await;
    assert_eq!((right.status, right.headers["etag"].to_str().unwrap()), (201, "\"2\""), "{right:?}");
    let new = it.emitter.append_if(&answered("p-invented-3"), "if-none-match", "*").await;
    assert_eq!(new.status, 201, "{new:?}");
}

#[tokio::test]
async fn an_expectation_that_does_not_read_is_refused() {
    let it = given().await;
    let event = answered("p-invented-1");
    for (header, value) in [
        ("if-match", "0"),
        ("if-match", "\"-1\""),
        ("if-match", "W/\"0\""),
        ("if-match", "\"\""),
        ("if-none-match", "\"0\""),
    ] {
        let answer = it.emitter.append_if(&event, header, value).await;
        assert_eq!(answer.refusal(), (400, "request.malformed".into()), "{header}: {value}");
    }
    for media_type in [LINES, BATCH] {
        let request =
            it.emitter.request(reqwest::Method::POST, "/v1/events").header("content-type", media_type);
        let answer = it.emitter.send(request.header("if-match", "\"0\"").body(format!("{event}\n"))).await;
        assert_eq!(answer.refusal(), (400, "request.malformed".into()), "{media_type}");
    }
    it.nothing_was_written().await;
}

/// A list of data with so many full entries, and a shortest one with so many characters more.
fn list_of_data(id: &str, full: usize, more: usize) -> Value {
    let reference = |characters| "x".repeat(characters);
    let entry = |category, purpose| {
        json!({ "category": { "unlisted": reference(category) }, "purpose": { "unlisted": reference(purpose) },
            "necessity": "required", "end_trigger": "agreement_ended", "retention": "none" })
    };
    let [category, purpose, version] = [0, 63, 126].map(|before| 1 + more.saturating_sub(before).min(63));
    let entries: Vec<_> = (0..full).map(|_| entry(64, 1)).chain([entry(category, purpose)]).collect();
    let data = json!({ "list_version": reference(version), "entries": entries });
    event("data_list.approved.v1", "", data).without("/subject").with("/id", id)
}

#[tokio::test]
async fn a_stored_form_over_65535_bytes_is_refused() {
    let it = given().await;
    it.refuses(413, "event.too_large", vec![list_of_data("list-0", 499, 189)]).await;

    // Three that are recorded tell how long another one will be.
    let stored_bytes = async |list: &Value| {
        let receipt = it.emitter.append(list).await;
        assert_eq!(receipt.status, 201, "{receipt:?}");
        it.emitter.get(receipt.headers["location"].to_str().unwrap()).await.body.len()
    };
    stored_bytes(&list_of_data("list-1", 0, 0)).await;
    let shortest = stored_bytes(&list_of_data("list-2", 0, 0)).await;
    let entry = stored_bytes(&list_of_data("list-3", 1, 0)).await - shortest;
    let (full, more) = ((65_535 - shortest) / entry, (65_535 - shortest) % entry);
    let one_more = it.emitter.append(&list_of_data("list-4", full, more + 1)).await;
    assert_eq!(one_more.refusal(), (413, "event.too_large".into()));
    assert_eq!(
        stored_bytes(&list_of_data("list-5", full, more)).await,
        65_535,
        "{full} of {entry}, and {more}"
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let it = given().await;
    let body = format!("{}{}", answered("p-invented-1"), " ".repeat(8 * 1024 * 1024));
    for media_type in [ONE, BATCH] {
        let answer = it.emitter.post("/v1/events", media_type, body.clone()).await;
        assert_eq!(answer.refusal(), (413, "event.too_large".into()), "{media_type}");
    }
    let many: Vec<_> = (0..1001).map(|_| disclosed("p-invented-1")).collect();
    let answer = it.emitter.post("/v1/events", BATCH, Value::from(many).to_string()).await;
    assert_eq!(answer.refusal(), (413, "event.too_large".into()));
    it.nothing_was_written().await;
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let it = given().await;
    for media_type in
        ["application/json", "text/plain", "application/cloudevents+xml", "", "application/cloudevents"]
    {
        let answer = it.emitter.post("/v1/events", media_type, answered("p-invented-1").to_string()).await;
        assert_eq!(answer.refusal(), (415, "request.media_type".into()), "{media_type}");
    }
    it.nothing_was_written().await;
    let spelt = "Application/CloudEvents+JSON; charset=utf-8";
    let answer = it.emitter.post("/v1/events", spelt, answered("p-invented-1").to_string()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[tokio::test]
async fn an_atomic_batch_is_about_one_subject() {
    let it = given().await;
    let events = json!([answered("p-invented-1"), moved_to("p-invented-2", "b@example.kz")]);
    let answer = it.emitter.post("/v1/events?atomic=true", BATCH, events.to_string()).await;
    assert_eq!(answer.refusal(), (400, "request.malformed".into()));
    for (media_type, body) in
        [(ONE, answered("p-invented-1").to_string()), (LINES, answered("p-invented-1").to_string())]
    {
        let answer = it.emitter.post("/v1/events?atomic=true", media_type, body).await;
        assert_eq!(answer.refusal(), (400, "request.malformed".into()), "{media_type}");
    }
    it.nothing_was_written().await;
}
