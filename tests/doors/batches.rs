//! A batch: a status per event, or all or nothing; and the dry run of each media type.

use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::client::{BATCH, LINES, ONE};
use super::given::{Changed, answered, consented, disclosed, lines, moved_to, registered};
use super::log::Log;
use super::server::Server;

fn statuses(results: &[Value]) -> Vec<u64> {
    results.iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_batch_is_answered_event_by_event_in_its_order() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let seen = registered("p-invented-1");
    emitter.record(std::slice::from_ref(&seen)).await;
    let batch = json!([
        answered("p-invented-1"),
        seen,
        seen.clone().with("/data/channel", "app"),
        "no event",
        consented("p-invented-2"),
        consented("p-invented-2").with("/data/form", "telepathy"),
        registered("p-invented-1"),
        answered("p-invented-1").with("/source", "elsewhere"),
        answered("p-invented-2").with("/type", "x.y.v1"),
        disclosed("p-invented-1"),
    ]);
    let answer = emitter.post("/v1/events", BATCH, batch.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let results = answer.json()["results"].as_array().unwrap().clone();
    assert_eq!(statuses(&results), [201, 200, 409, 400, 201, 422, 409, 403, 422, 201]);
    for (event, result) in batch.as_array().unwrap().iter().zip(&results) {
        assert_eq!(result["id"], event.get("id").cloned().unwrap_or_default(), "an answer names its event");
        assert_eq!(result["source"], event.get("source").cloned().unwrap_or_default());
    }
    let log = Log::read(&server.as_role("auditor")).await;
    assert_eq!(log.events.len(), 2 + 3, "what was refused was not written");
    for (event, result) in batch.as_array().unwrap().iter().zip(&results).filter(|(_, r)| r["status"] == 201)
    {
        assert!(log.find("platform/tests", event["id"].as_str().unwrap()).unwrap().is_of(result), "{result}");
    }
    let empty = emitter.post("/v1/events", BATCH, "[]").await;
    assert_eq!((empty.status, empty.json()), (200, json!({ "results": [] })));
    let no_list = emitter.post("/v1/events", BATCH, answered("p-invented-1").to_string()).await;
    assert_eq!(no_list.refusal(), (400, "request.malformed".into()));
}

#[tokio::test]
async fn an_atomic_batch_is_recorded_all_or_nothing_with_one_status() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let send = async |events: &[Value]| {
        emitter.post("/v1/events?atomic=true", BATCH, Value::from(events).to_string()).await
    };
    let good = [registered("p-invented-1"), consented("p-invented-1"), disclosed("p-invented-1")];
    for (spoilt, status) in [
        (disclosed("p-invented-1").with("/data/purpose", "astrology"), 422),
        (disclosed("p-invented-1").with("/source", "elsewhere"), 403),
        (registered("p-invented-1"), 409),
        (json!({}), 400),
        (disclosed("p-invented-2"), 400),
    ] {
        let mut events = good.to_vec();
        events.push(spoilt);
        assert_eq!(send(&events).await.refusal().0, status, "{events:?}");
    }
    assert_eq!(server.as_role("auditor").last_position().await, 1, "nothing was written");
    let first = send(&good).await;
    assert_eq!(first.status, 201, "{first:?}");
    let again = send(&good).await;
    assert_eq!(again.status, 200, "{again:?}");
    let of = |answer: &super::client::Answer, member: &str| -> Vec<Value> {
        answer.json()["results"].as_array().unwrap().iter().map(|result| result[member].clone()).collect()
    };
    assert_eq!(of(&first, "position"), of(&again, "position"), "sent again, the first receipts");
    assert_eq!(of(&first, "revision"), ["0", "1", "2"]);
    let spoilt = [good[0].clone(), good[1].clone().with("/data/public", true), answered("p-invented-1")];
    assert_eq!(send(&spoilt).await.refusal(), (409, "event.other_content".into()));
    let twice = answered("p-invented-1");
    let twins = [twice.clone(), twice.clone().with("/data/language", "ru")];
    assert_eq!(send(&twins).await.refusal(), (409, "event.other_content".into()));
    assert_eq!(server.as_role("auditor").last_position().await, 4, "one bad, nothing written");
    let partly = [good[2].clone(), twice.clone(), twice];
    let partly = send(&partly).await;
    assert_eq!(of(&partly, "revision"), ["2", "3", "3"], "what stands stands, the rest is recorded");
    assert_eq!(of(&partly, "status"), [200, 201, 200]);
}

#[tokio::test]
async fn an_atomic_batch_expects_a_revision() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let send = async |header: &str, value: &str, events: &[Value]| {
        let request =
            emitter.request(reqwest::Method::POST, "/v1/events?atomic=true").header("content-type", BATCH);
        emitter.send(request.header(header, value).body(Value::from(events).to_string())).await
    };
    let two = [registered("p-invented-1"), consented("p-invented-1")];
    let refused = send("if-match", "\"0\"", &two).await;
    assert_eq!(refused.refusal(), (412, "stream.wrong_revision".into()));
    assert_eq!(send("if-none-match", "*", &two).await.status, 201);
    let refused = send("if-none-match", "*", &[disclosed("p-invented-1")]).await;
    assert_eq!((refused.refusal().0, refused.json()["actual"].clone()), (412, json!("1")));
    assert_eq!(
        send("if-match", "\"1\"", &[disclosed("p-invented-1"), answered("p-invented-1")]).await.status,
        201
    );
    assert_eq!(
        send("if-none-match", "*", &two).await.status,
        200,
        "what stands is answered before the revision"
    );
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_makes_no_key() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let event = registered("p-invented-1");
    let dry = async |media_type: &str, query: &str, body: String| {
        emitter.post(&format!("/v1/events?dry_run=true{query}"), media_type, body).await
    };
    let one = dry(ONE, "", event.to_string()).await;
    assert_eq!((one.status, one.json()["would_record"].clone()), (200, json!(true)), "{one:?}");
    let batch = json!([event, consented("p-invented-2"), consented("p-invented-2").with("/data/form", "x")]);
    let batch = dry(BATCH, "", batch.to_string()).await;
    assert_eq!(statuses(batch.json()["results"].as_array().unwrap()), [200, 200, 422]);
    let atomic =
        dry(BATCH, "&atomic=true", json!([event, moved_to("p-invented-1", "b@example.kz")]).to_string())
            .await;
    assert_eq!(atomic.status, 200, "{atomic:?}");
    let each = dry(LINES, "", lines(&[event.clone(), consented("p-invented-2")])).await;
    assert_eq!(statuses(&each.lines()), [200, 200]);
    assert_eq!(server.as_role("auditor").last_position().await, 1, "nothing was written");
    assert_eq!(keys_of_people(&server).await, 0, "and no key was made");

    emitter.record(std::slice::from_ref(&event)).await;
    assert_eq!(keys_of_people(&server).await, 1, "the count finds keys");
    let seen = dry(ONE, "", event.to_string()).await;
    assert_eq!((seen.status, seen.json()["would_record"].clone()), (200, json!(false)), "{seen:?}");
    let other = dry(ONE, "", event.with("/data/channel", "app").to_string()).await;
    assert_eq!(other.refusal(), (409, "event.other_content".into()));
    assert_eq!(dry(ONE, "", registered("p-invented-1").to_string()).await.refusal().0, 409);
}

/// Wrapped keys of people in the key file.
async fn keys_of_people(server: &Server) -> i64 {
    let path = server.house().path("data/keys.db");
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut keys = SqliteConnection::connect_with(&options).await.unwrap();
    let count = sqlx::query_scalar("SELECT count(*) FROM deks WHERE owner LIKE 'subject-%'");
    let count = count.fetch_one(&mut keys).await.unwrap();
    keys.close().await.unwrap();
    count
}
