//! After an erasure: late personal data is refused, the same fact without it is recorded, the log still holds.

use serde_json::json;

use super::client::BATCH;
use super::given::{Changed, answered, consented, disclosed, moved_to, registered};
use super::log::Log;
use super::server::Server;

async fn erase(server: &Server, subject: &str) -> super::client::Answer {
    let body = json!({ "basis": "subject_request", "basis_ref": "req-7" }).to_string();
    server.as_role("officer").post(&format!("/v1/subjects/{subject}/erasure"), "application/json", body).await
}

#[tokio::test]
async fn personal_data_for_an_erased_person_is_refused_and_the_same_event_without_it_recorded() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let before = [registered("p-invented-1"), consented("p-invented-1"), answered("p-invented-1")];
    emitter.record(&before).await;
    // With a number of their own: of a shared one the service would tell, whenever it finds out.
    emitter.record(&[registered("p-invented-2").with("/data/personal/iin", "880315100011")]).await;
    let erased = erase(&server, "p-invented-1").await;
    assert_eq!(erased.status, 200, "{erased:?}");
    let last = auditor.last_position().await;

    let late = moved_to("p-invented-1", "late@example.kz");
    let answer = emitter.append(&late).await;
    assert_eq!(answer.refusal(), (410, "subject.erased".into()));
    assert_eq!(answer.pointers(), ["/data/personal"]);
    let dry = emitter.post("/v1/events?dry_run=true", super::client::ONE, late.to_string()).await;
    assert_eq!(dry.refusal(), (410, "subject.erased".into()));
    let atomic = json!([disclosed("p-invented-1"), late]).to_string();
    let atomic = emitter.post("/v1/events?atomic=true", BATCH, atomic).await;
    assert_eq!(atomic.refusal(), (410, "subject.erased".into()));
    let batch =
        json!([moved_to("p-invented-2", "b@example.kz"), late, consented("p-invented-1")]).to_string();
    let batch = emitter.post("/v1/events", BATCH, batch).await.json();
    let statuses: Vec<_> =
        batch["results"].as_array().unwrap().iter().map(|result| result["status"].clone()).collect();
    assert_eq!(statuses, [201, 410, 410], "another person's data is another thing");
    assert_eq!(auditor.last_position().await, last + 1);

    let without = late.clone().without("/data/personal");
    assert_eq!(emitter.append(&without).await.status, 201, "the fact itself is recorded");
    assert_eq!(emitter.append(&without).await.status, 200);
    assert_eq!(emitter.append(&disclosed("p-invented-1")).await.status, 201);
    let empty = consented("p-invented-1").with("/data/personal", json!({}));
    assert_eq!(emitter.append(&empty).await.status, 201, "an empty personal part is none");
    for event in &before {
        let again = emitter.append(event).await;
        assert_eq!(again.status, 200, "what was recorded before is answered as before: {again:?}");
        let bare = event.clone();
        let bare = if bare["data"].get("personal").is_some() { bare.without("/data/personal") } else { bare };
        assert_eq!(emitter.append(&bare).await.status, 200);
    }
    let other = before[1].clone().with("/data/public", true);
    assert_eq!(emitter.append(&other).await.refusal(), (409, "event.other_content".into()));
    assert_eq!(emitter.append(&registered("p-invented-1").without("/data/personal")).await.refusal().0, 409);
}

#[tokio::test]
async fn an_erasure_leaves_its_record_and_a_log_that_holds() {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1"), consented("p-invented-1")]).await;
    let erased = erase(&server, "p-invented-1").await.json();
    assert_eq!(
        (&erased["boxes_destroyed"], &erased["key_generations"]),
        (&json!(2), &json!([1])),
        "{erased}"
    );
    assert_eq!(erased["seen_before"], false);
    let again = erase(&server, "p-invented-1").await.json();
    assert_eq!(again["seen_before"], true, "{again}");
    assert_eq!((&again["decided"], &again["destroyed"]), (&erased["decided"], &erased["destroyed"]));
    let check = async |server: &Server| {
        let log = Log::read(&server.as_role("auditor")).await;
        let stream = log.stream("subject-p-invented-1");
        let names: Vec<_> = stream.iter().map(|event| event.wire_name()).collect();
        assert_eq!(
            names,
            [
                "subject.registered.v1",
                "consent.given.v1",
                "erasure.requested.v1",
                "erasure.decided.v1",
                "data.destroyed.v1"
            ]
        );
        assert_eq!(stream[2].document["data"]["basis"], "subject_request");
        assert_eq!(stream[3].document["data"]["decision"], "approved");
        assert_eq!(stream[2].document["actor"], "officer-1");
        let person = server.as_role("officer").look("/v1/subjects/p-invented-1", "claim").await.json();
        assert_eq!(person["standing"]["state"], "erased", "{person}");
    };
    check(&server).await;
    // A service that starts again finds the erasure done, and still knows the fence.
    let server = server.kill().serve().await;
    check(&server).await;
    let late = server.emitter().append(&moved_to("p-invented-1", "late@example.kz")).await;
    assert_eq!(late.refusal(), (410, "subject.erased".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_among_writers_leaves_no_value_behind() {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1")]).await;
    let writers: Vec<_> = (0..30)
        .map(|writer| {
            let emitter = server.emitter();
            tokio::spawn(async move {
                let mut statuses = Vec::new();
                for step in 0..8 {
                    let email = format!("w{writer}s{step}@example.kz");
                    statuses.push(emitter.append(&moved_to("p-invented-1", &email)).await.status);
                }
                statuses
            })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let erased = erase(&server, "p-invented-1").await;
    assert_eq!(erased.status, 200, "{erased:?}");
    let fence = super::client::number(&erased.json()["decided"]);
    let mut recorded = 0;
    for writer in writers {
        let statuses = writer.await.unwrap();
        assert!(
            statuses.is_sorted() && statuses.iter().all(|status| [201, 410].contains(status)),
            "{statuses:?}"
        );
        recorded += statuses.iter().filter(|status| **status == 201).count();
    }
    let log = Log::read(&server.as_role("auditor")).await;
    let with_digests = log.events.iter().filter(|event| event.document["data"]["personal"]["_sd"].is_array());
    let places: Vec<u64> = with_digests.map(|event| event.position.parse().unwrap()).collect();
    // The first two are the opening of the log and the registration.
    assert_eq!(places.len(), 2 + recorded);
    assert!(places.iter().all(|place| *place < fence), "nothing personal behind the fence");
    let officer = server.as_role("officer");
    let timeline = officer.look("/v1/subjects/p-invented-1/timeline", "claim").await.json();
    let states =
        timeline["entries"].as_array().unwrap().iter().filter_map(|entry| entry.pointer("/personal/state"));
    assert!(
        states.clone().count() == recorded + 1 && states.clone().all(|state| state == "shredded"),
        "{timeline}"
    );
}

#[tokio::test]
async fn nobody_unknown_is_erased_and_the_basis_is_from_the_list() {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1")]).await;
    assert_eq!(erase(&server, "p-nobody-99").await.refusal(), (404, "not_found".into()));
    let officer = server.as_role("officer");
    for body in [
        "",
        "{}",
        "{\"basis\":\"whim\"}",
        "{\"basis\":\"law\",\"note\":\"x\"}",
        "{\"basis\":\"law\",\"basis_ref\":\"910708200012\"}",
    ] {
        let answer = officer.post("/v1/subjects/p-invented-1/erasure", "application/json", body).await;
        assert_eq!(answer.refusal(), (400, "request.malformed".into()), "{body}");
    }
    let without_yes = server.run_as("officer", &["subject", "erase", "p-invented-1", "--basis", "law"]);
    assert!(!without_yes.status.success() && String::from_utf8_lossy(&without_yes.stderr).contains("--yes"));
    let as_emitter =
        server.run_as("emitter", &["subject", "erase", "p-invented-1", "--basis", "law", "--yes"]);
    assert_eq!(as_emitter.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&as_emitter.stderr).contains("role.forbids"), "{as_emitter:?}");
    assert_eq!(server.as_role("auditor").last_position().await, 2, "nothing was written");
}
