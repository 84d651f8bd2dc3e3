//! An erasure on one instance is one on all of them before it is answered: no key outlives it in anybody's memory.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use super::site::{PATIENCE, Site, Way, until};
use crate::doors::client::Answer;
use crate::doors::given::{moved_to, registered};
use crate::doors::server::Server;
use crate::postgres::Proxy;

const PERSON: &str = "p-invented-1";
const EMAIL: &str = "kept.in.memory@example.kz";
/// An instance that is cut off holds an erasure up for as long as it may use what it has in memory, and no longer.
const HELD_UP_MAX: Duration = Duration::from_secs(20);

/// What an instance shows of the person's values.
async fn look(server: &Server) -> Answer {
    let path = format!("/v1/subjects/{PERSON}/timeline?type=profile.changed.v1");
    server.as_role("officer").look(&path, "incident").await
}

fn states(answer: &Answer) -> Vec<Value> {
    let entries = answer.json()["entries"].as_array().unwrap().clone();
    entries.iter().map(|entry| entry["personal"]["state"].clone()).collect()
}

fn shows_the_value(answer: &Answer) -> bool {
    String::from_utf8_lossy(&answer.body).contains(EMAIL)
}

/// A person whose values both instances have opened, so that both have the key in memory.
async fn known_to(one: &Server, other: &Server) {
    one.emitter().record(&[registered(PERSON), moved_to(PERSON, EMAIL)]).await;
    for server in [one, other] {
        let shown = until(|| look(server), |answer| answer.status == 200).await;
        assert!(states(&shown) == ["open"] && shows_the_value(&shown), "{shown:?}");
    }
}

/// Erases the person, and answers how long that took.
async fn erase(server: &Server) -> Duration {
    let (since, path) = (Instant::now(), format!("/v1/subjects/{PERSON}/erasure"));
    let officer = server.as_role("officer");
    let body = json!({ "basis": "subject_request" }).to_string();
    let erased = tokio::time::timeout(PATIENCE, officer.post(&path, "application/json", body)).await.unwrap();
    assert_eq!(erased.status, 200, "{erased:?}");
    since.elapsed()
}

/// The sealed boxes, kept by somebody and put back after an erasure: who still has the key can open them.
struct Boxes(PgConnection);

impl Boxes {
    async fn keep(site: &Site<'_>) -> Self {
        let mut connection = PgConnection::connect(&site.url).await.unwrap();
        let keep = "CREATE TABLE public.kept AS SELECT b.* FROM events.boxes b JOIN events.events USING (position) \
            JOIN events.streams USING (stream) WHERE name = 'subject-p-invented-1'";
        sqlx::raw_sql(keep).execute(&mut connection).await.unwrap();
        Self(connection)
    }

    async fn put_back(&mut self) {
        let put =
            "SET session_replication_role = replica; INSERT INTO events.boxes SELECT * FROM public.kept";
        let put = sqlx::raw_sql(put).execute(&mut self.0).await.unwrap();
        assert!(put.rows_affected() > 0, "they were destroyed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_another_instance_has_in_memory_opens_nothing_once_an_erasure_is_answered() {
    let site = Site::new().await;
    let (one, other) = (site.instance(Way::Direct).await, site.instance(Way::Direct).await);
    known_to(&one, &other).await;
    let mut boxes = Boxes::keep(&site).await;
    let took = erase(&one).await;
    boxes.put_back().await;
    for server in [&other, &one] {
        let shown = look(server).await;
        assert!(!shows_the_value(&shown), "{shown:?}");
        assert!(shown.status == 200 && states(&shown) != ["open"], "{shown:?}");
    }
    println!("erased on two instances in {took:?}");
    let late = other.emitter().append(&moved_to(PERSON, EMAIL)).await;
    assert_eq!(late.refusal(), (410, "subject.erased".into()));
}

async fn cut_off_from_the_keys(cut: fn(&Proxy)) {
    let site = Site::new().await;
    let proxy = site.proxy().await;
    let (one, other) = (site.instance(Way::Direct).await, site.instance(Way::KeysThrough(&proxy)).await);
    known_to(&one, &other).await;
    let mut boxes = Boxes::keep(&site).await;
    cut(&proxy);
    let took = erase(&one).await;
    boxes.put_back().await;
    let shown = look(&other).await;
    assert!(!shows_the_value(&shown), "{shown:?}");
    println!("erased in {took:?} beside an instance that is cut off, which then answers {}", shown.status);
    assert!(took < HELD_UP_MAX, "{took:?}");

    proxy.heal();
    let shown = until(|| look(&other), |answer| answer.status == 200).await;
    assert!(!shows_the_value(&shown) && states(&shown) != ["open"], "{shown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_cut_off_from_the_keys_opens_nothing_once_an_erasure_is_answered() {
    cut_off_from_the_keys(Proxy::cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_does_not_hear_of_an_erasure_opens_nothing_once_it_is_answered() {
    cut_off_from_the_keys(Proxy::cut_to_client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_slept_through_an_erasure_opens_nothing_when_it_wakes() {
    let site = Site::new().await;
    let (one, other) = (site.instance(Way::Direct).await, site.instance(Way::Direct).await);
    known_to(&one, &other).await;
    let mut boxes = Boxes::keep(&site).await;
    other.signal("STOP");
    let took = erase(&one).await;
    boxes.put_back().await;
    assert!(took < HELD_UP_MAX, "{took:?}");
    // It is asked before it wakes: the question is the first thing that it sees.
    let asked = tokio::spawn({
        let client = other.as_role("officer");
        async move {
            let path = format!("/v1/subjects/{PERSON}/timeline?type=profile.changed.v1");
            client.look(&path, "incident").await
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    other.signal("CONT");
    let shown = tokio::time::timeout(PATIENCE, asked).await.unwrap().unwrap();
    assert!(!shows_the_value(&shown), "{shown:?}");
    let shown = until(|| look(&other), |answer| answer.status == 200).await;
    assert!(!shows_the_value(&shown), "{shown:?}");
}
