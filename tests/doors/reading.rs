//! Reading back: exact bytes by place and by name, and the timeline as of a time and as known at a time.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::Client;
use super::given::{Changed, answered, consented, disclosed, fresh, moved_to, now, registered, text_of};
use super::log::{Log, Served};
use super::server::Server;

fn ids(answer: &Value) -> Vec<String> {
    let entries = answer["entries"].as_array().unwrap_or_else(|| unreachable!("{answer}"));
    entries.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

fn id(event: &Value) -> String {
    event["id"].as_str().unwrap().to_owned()
}

async fn timeline(auditor: &Client, query: &str) -> Value {
    let answer = auditor.get(&format!("/v1/subjects/p-invented-1/timeline?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn an_event_is_served_byte_for_byte_by_its_place_and_by_its_name() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let event =
        registered("p-invented-1").with("/actor", "staff-1").with("/time", "2026-02-03T09:15:00+05:00");
    let receipt = emitter.append(&event).await.json();
    let position = receipt["position"].as_str().unwrap();
    let by_place = Served::of(auditor.get(&format!("/v1/events/{position}")).await);
    assert!(by_place.is_of(&receipt), "{by_place:?} {receipt}");
    let by_name = format!("/v1/events?source=platform/tests&id={}", id(&event));
    for caller in [&auditor, &emitter, &server.as_role("officer")] {
        assert_eq!(Served::of(caller.get(&by_name).await).bytes, by_place.bytes);
    }
    let stored = &by_place.document;
    for attribute in ["specversion", "id", "source", "type", "subject", "actor"] {
        assert_eq!(stored[attribute], event[attribute], "{attribute}");
    }
    assert_eq!(stored["time"], "2026-02-03T04:15:00.000000Z");
    assert_eq!(stored["recordedby"], "emitter-1");
    assert!(stored["blinding"].as_str().unwrap().len() >= 22, "128 random bits");
    assert_eq!(stored["data"]["_sd_alg"], "sha-256");
    assert_eq!(stored["data"]["personal"]["_sd"].as_array().unwrap().len(), 5);
    assert_eq!(stored["data"].as_object().unwrap().len(), 6, "{stored}");
    for path in ["/v1/events/999", "/v1/events/0", "/v1/events?source=platform/tests&id=nobody"] {
        assert_eq!(auditor.get(path).await.refusal(), (404, "not_found".into()), "{path}");
    }
    for path in ["/v1/events/x", "/v1/events?source=platform/tests", "/v1/events?source=a&id=b&more=c"] {
        assert_eq!(auditor.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn an_emitter_reads_the_events_of_its_own_sources_only() {
    let server = Server::new().await;
    let other = server.new_token("emitter-2", "emitter", &["platform/consents"]).await;
    let event = consented("p-invented-1").with("/source", "platform/consents");
    let receipt = other.append(&event).await.json();
    let of_another = server.emitter().append(&registered("p-invented-1")).await.json();
    let path = |receipt: &Value| format!("/v1/events/{}", receipt["position"].as_str().unwrap());
    assert_eq!(other.get(&path(&receipt)).await.status, 200);
    for path in [path(&of_another), "/v1/events/1".into(), "/v1/events?source=platform/tests&id=e".into()] {
        assert_eq!(other.get(&path).await.refusal(), (404, "not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn the_timeline_answers_what_was_so_and_what_was_known() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let early = registered("p-invented-1").with("/time", "2026-02-01T10:00:00Z");
    let later = consented("p-invented-1").with("/time", "2026-03-01T18:59:59.999999Z");
    emitter.record(&[early.clone(), later.clone()]).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let before_the_late_one = text_of(now());
    tokio::time::sleep(Duration::from_millis(50)).await;
    // It happened between the two, and nobody knew until now.
    let late = disclosed("p-invented-1").with("/time", "2026-02-15T10:00:00Z");
    emitter.record(std::slice::from_ref(&late)).await;

    let [a, b, c] = [id(&early), id(&late), id(&later)];
    for (query, expected) in [
        (String::new(), vec![&a, &b, &c]),
        ("newest_first=true".into(), vec![&c, &b, &a]),
        ("as_of=2026-02-20T00:00:00Z".into(), vec![&a, &b]),
        (format!("as_of=2026-02-20T00:00:00Z&known_at={before_the_late_one}"), vec![&a]),
        (format!("known_at={before_the_late_one}"), vec![&a, &c]),
        // A day ends at midnight in Kazakhstan, five hours before it does in UTC.
        ("as_of=2026-03-01".into(), vec![&a, &b, &c]),
        ("as_of=2026-02-28".into(), vec![&a, &b]),
        ("as_of=2026-03-01T18:59:59Z".into(), vec![&a, &b]),
        ("as_of=2026-02-15T15:00:00%2B05:00".into(), vec![&a, &b]),
        ("type=consent.given.v1".into(), vec![&c]),
        ("type=consent.given.v1,disclosure.made.v1".into(), vec![&b, &c]),
        ("type=consent.withdrawn.v1".into(), vec![]),
        ("as_of=2020-01-01&type=consent.given.v1".into(), vec![]),
    ] {
        assert_eq!(ids(&timeline(&auditor, &query).await).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    for query in [
        "as_of=yesterday",
        "known_at=2026-13-01",
        "type=x.y.v1",
        "limit=x",
        "unknown=1",
        "cursor=x",
        "cursor=12345",
        "lang=de",
    ] {
        let answer = auditor.get(&format!("/v1/subjects/p-invented-1/timeline?{query}")).await;
        assert_eq!(answer.refusal(), (400, "request.malformed".into()), "{query}");
    }
    let nobody = auditor.get("/v1/subjects/p-nobody-99/timeline").await;
    assert_eq!(nobody.refusal(), (404, "not_found".into()));
    assert_eq!(
        auditor.get("/v1/subjects/910708200012/timeline").await.status,
        400,
        "an IIN never stands in a URL"
    );
}

#[tokio::test]
async fn pages_cover_everything_once_in_both_directions() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let mut events = vec![registered("p-invented-1")];
    events.extend(
        (0..24)
            .map(|n| answered("p-invented-1").with("/time", format!("2026-02-{:02}T00:00:00Z", 4 + n % 9))),
    );
    emitter.record(&events).await;
    let whole = ids(&timeline(&auditor, "").await);
    assert_eq!(whole.len(), 25);
    for (limit, newest_first) in [(1, false), (4, false), (5, true), (24, true), (25, false), (500, true)] {
        let mut read = Vec::new();
        let mut cursor = String::new();
        let mut pages = 0;
        loop {
            let query = format!("limit={limit}&newest_first={newest_first}{cursor}");
            let page = timeline(&auditor, &query).await;
            read.extend(ids(&page));
            pages += 1;
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if newest_first {
            read.reverse();
        }
        assert_eq!(read, whole, "limit {limit}");
        assert_eq!(pages, 25_usize.div_ceil(limit), "no page is empty");
    }
}

#[tokio::test]
async fn a_person_is_folded_as_of_a_time() {
    let server = Server::new().await;
    let (emitter, officer) = (server.emitter(), server.as_role("officer"));
    let consent = consented("p-invented-1").with("/time", "2026-02-10T00:00:00Z");
    let consent_id = consent["data"]["consent_id"].as_str().unwrap().to_owned();
    let moved = moved_to("p-invented-1", "new@example.kz").with("/time", "2026-03-10T00:00:00Z");
    emitter.record(&[registered("p-invented-1"), consent, moved, answered("p-invented-1")]).await;
    let email = async |as_of: &str| {
        let path = format!("/v1/subjects/p-invented-1{as_of}");
        let person = officer.look(&path, "subject_request").await.json();
        (
            person["profile"]["email"]["value"].clone(),
            person["consents"][&consent_id]["state"].clone(),
            person,
        )
    };
    let (now, state, person) = email("").await;
    assert_eq!((now, state), (json!("new@example.kz"), json!("given")), "{person}");
    assert_eq!(person["revision"], "3");
    assert_eq!(person["acceptances"].as_array().unwrap().len(), 1, "{person}");
    let (then, state, person) = email("?as_of=2026-02-05").await;
    assert_eq!((then, state), (json!("gulnur@example.kz"), Value::Null), "{person}");
    let closed = server.as_role("auditor").get("/v1/subjects/p-invented-1").await.json();
    assert!(!closed.to_string().contains("example.kz"), "without a purpose nothing is open: {closed}");
}

#[tokio::test]
async fn a_published_text_is_kept_by_the_hash_of_its_bytes() {
    let server = Server::new().await;
    let officer = server.as_role("officer");
    let text = "Согласие на обработку\r\nперсональных данных\n";
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(text));
    let put = async |hash: &str, text: Vec<u8>| {
        officer.send(officer.request(reqwest::Method::PUT, &format!("/v1/texts/{hash}")).body(text)).await
    };
    assert_eq!(put(&hash, text.into()).await.status, 201);
    assert_eq!(put(&hash, text.into()).await.status, 200, "again");
    assert_eq!(server.as_role("operator").get(&format!("/v1/texts/{hash}")).await.body, text.as_bytes());
    assert_eq!(put(&hash, "other".into()).await.refusal(), (409, "text.hash_mismatch".into()));
    assert_eq!(put("xyz", text.into()).await.refusal(), (400, "request.malformed".into()));
    let bytes = vec![0xff, 0xfe];
    let of_bytes = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    assert_eq!(put(&of_bytes, bytes).await.refusal(), (400, "request.malformed".into()), "not UTF-8");
    assert_eq!(officer.get(&format!("/v1/texts/{}", super::given::TEXT_HASH)).await.refusal().0, 404);
}

#[tokio::test]
async fn the_first_event_opens_the_log() {
    let server = Server::new().await;
    server.emitter().record(&[registered(&fresh("p-invented"))]).await;
    let log = Log::read(&server.as_role("auditor")).await;
    let opened = &log.events[0];
    assert_eq!((opened.wire_name(), opened.stream.as_str()), ("log.opened.v1", "office"));
    assert_eq!(opened.document["data"]["simulated"], false);
    assert_eq!(opened.document["data"]["operator_bin"], "991240000013");
}
