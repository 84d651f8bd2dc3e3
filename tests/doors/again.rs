//! The same event again: answered like the first time, for ever, whoever sends it at the same time.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use super::client::ONE;
use super::given::{Changed, answered, disclosed, moved_to, registered};
use super::server::Server;

/// A receipt without its status.
fn receipt(answer: &super::client::Answer) -> Value {
    answer.json().without("/status")
}

#[tokio::test]
async fn the_same_event_in_another_spelling_answers_the_first_receipt() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let event = registered("p-invented-1").with("/time", "2026-02-03T09:15:00+05:00").with("/id", "spelt");
    let first = emitter.append(&event).await;
    assert_eq!(first.status, 201, "{first:?}");
    let backwards = r#"{
        "data" : { "personal": { "phone": "8 (700) 000-00-01", "email": "gulnur@EXAMPLE.kz",
            "address_registered": "Алматы, Сынақ көшесі 1, 2-пәтер", "iin": "910708200012",
            "full_name": { "given": "Гүлнұр", "family": "\u04d8лімқұлова" } },
          "language": "kk", "form_version": "reg-4", "channel": "site", "kind": "person" },
        "time": "2026-02-03T04:15:00.000Z", "subject": "p-invented-1", "type": "subject.registered.v1",
        "source": "platform/tests", "id": "spelt", "specversion": "1.0" }"#;
    for body in [event.to_string(), serde_json::to_string_pretty(&event).unwrap(), backwards.to_owned()] {
        let again = emitter.post("/v1/events", ONE, body).await;
        assert_eq!(again.status, 200, "{again:?}");
        assert_eq!(receipt(&again), receipt(&first), "the first receipt");
        assert_eq!(again.headers["location"], first.headers["location"]);
    }
    assert_eq!(server.as_role("auditor").last_position().await, 2);
}

#[tokio::test]
async fn the_same_event_is_the_same_after_others_and_after_a_restart() {
    let server = Server::new().await;
    let event = registered("p-invented-1");
    let first = server.emitter().append(&event).await;
    let later = server.emitter().append(&answered("p-invented-1")).await;
    let server = server.kill().serve().await;
    let again = server.emitter().append(&event).await;
    assert_eq!(again.status, 200, "{again:?}");
    for member in ["stream", "revision", "position", "leaf_hash", "recorded_at"] {
        assert_eq!(again.json()[member], first.json()[member], "{member}");
    }
    let head = later.json()["revision"].clone();
    assert_eq!(again.json()["stream_revision"], head, "and where the stream ends now");
    let expecting = server.emitter().append_if(&event, "if-match", "\"99\"").await;
    assert_eq!(expecting.status, 200, "what stands is answered before the revision is looked at");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_twins_in_flight_one_is_recorded() {
    let server = Server::new().await;
    let emitter = server.emitter();
    for event in [registered("p-invented-1"), answered("p-invented-2"), disclosed("p-invented-1")] {
        let body = event.to_string();
        let answers = join_all((0..50).map(|_| emitter.post("/v1/events", ONE, body.clone()))).await;
        let recorded = answers.iter().filter(|answer| answer.status == 201).count();
        let seen = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!((recorded, seen), (1, 49), "{answers:?}");
        let of = |answer: &super::client::Answer| {
            (answer.json()["position"].clone(), answer.json()["leaf_hash"].clone())
        };
        assert!(answers.iter().all(|answer| of(answer) == of(&answers[0])), "{answers:?}");
    }
    assert_eq!(server.as_role("auditor").last_position().await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_registrations_of_one_person_in_flight_one_is_recorded() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let events: Vec<_> = (0..30).map(|_| registered("p-invented-1")).collect();
    let answers = join_all(events.iter().map(|event| emitter.append(event))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    let refused = answers.iter().filter(|answer| answer.status != 201);
    assert!(
        refused
            .map(super::client::Answer::refusal)
            .all(|refusal| refusal == (409, "subject.already_registered".into()))
    );
    let expecting = (0..30).map(|_| answered("p-invented-1")).collect::<Vec<_>>();
    let answers = join_all(expecting.iter().map(|event| emitter.append_if(event, "if-match", "\"0\""))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1..].iter().all(|status| *status == 412)), (201, true), "{statuses:?}");
    let actual = answers.iter().find(|answer| answer.status == 412).unwrap().json()["actual"].clone();
    assert_eq!(actual, json!("1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_values_of_a_person_may_come_at_the_same_time() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let emitter = &emitter;
    for person in 0..40 {
        let subject = format!("p-invented-{person}");
        let events: Vec<_> = (0..20).map(|n| moved_to(&subject, &format!("n{n}@example.kz"))).collect();
        // A little apart, so that some look for the person's key while others have just made it.
        let answers = join_all(events.iter().enumerate().map(|(n, event)| async move {
            tokio::time::sleep(Duration::from_micros(150 * n as u64)).await;
            emitter.append(event).await
        }));
        let refused: Vec<_> = answers.await.into_iter().filter(|answer| answer.status != 201).collect();
        assert!(refused.is_empty(), "{subject}: {refused:?}");
    }
}
