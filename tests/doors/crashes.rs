//! Killed at random moments among a hundred writers: nothing acknowledged is lost, nothing doubled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use subject_record::clock::{Entropy, SeededEntropy};

use super::client::{Answer, Client};
use super::given::{Changed, answered, moved_to};
use super::log::Log;
use super::server::{House, Server};

const WRITERS: usize = 100;
const PEOPLE: usize = 20;
/// Events of one round, which all writers send, each in an order of its own.
const EVENTS: usize = 400;

/// What the writers were told.
#[derive(Default)]
struct Told {
    /// The receipt of each id, without its status.
    receipts: HashMap<String, Value>,
    /// How often each id was said to be new.
    new: HashMap<String, u32>,
}

impl Told {
    fn take(&mut self, id: &str, answer: &Answer) {
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        *self.new.entry(id.to_owned()).or_default() += u32::from(answer.status == 201);
        let receipt = answer.json().without("/status").without("/stream_revision");
        let first = self.receipts.entry(id.to_owned()).or_insert_with(|| receipt.clone());
        assert_eq!(*first, receipt, "an id has one receipt for ever");
        assert!(self.new[id] <= 1, "{id} was recorded as new twice");
    }
}

fn event_of(round: usize, number: usize) -> Value {
    let person = format!("p-invented-{}", number % PEOPLE);
    let event = match number % 4 {
        0 => moved_to(&person, &format!("n{number}@example.kz")),
        _ => answered(&person),
    };
    event.with("/id", format!("r{round}-{number}"))
}

/// Sends all events of a round, from a place of its own on, until the service is gone.
async fn write(writer: usize, emitter: Client, events: Arc<Vec<Value>>, told: Arc<Mutex<Told>>) {
    for step in 0..events.len() {
        let event = &events[(writer * 37 + step * (1 + writer % 7)) % events.len()];
        let request = emitter.request(reqwest::Method::POST, "/v1/events");
        let request = request.header("content-type", super::client::ONE).body(event.to_string());
        let Some(answer) = emitter.try_send(request).await else { return };
        told.lock().unwrap().take(event["id"].as_str().unwrap(), &answer);
    }
}

async fn survives_kills(rounds: usize, seed: u64) {
    let entropy = SeededEntropy::new(seed);
    let entropy: &dyn Entropy = &entropy;
    let told = Arc::new(Mutex::new(Told::default()));
    let mut log = Log::default();
    let mut server = House::new().serve().await;
    let mut acknowledged = 0;
    for round in 0..rounds {
        let events = Arc::new((0..EVENTS).map(|number| event_of(round, number)).collect::<Vec<_>>());
        let emitter = server.emitter();
        let writers = (0..WRITERS)
            .map(|writer| tokio::spawn(write(writer, emitter.clone(), events.clone(), told.clone())))
            .collect::<Vec<_>>();
        let moment = u64::from(u16::from_be_bytes(entropy.bytes::<2>())) % 400;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let house = server.kill();
        for writer in writers {
            writer.await.unwrap();
        }
        server = house.serve().await;
        log.read_on(&server.as_role("auditor")).await;
        holds_what_was_told(&log, &told);
        acknowledged += events.iter().filter(|event| is_told(&told, event)).count();
        send_the_rest(&server, &events, &told).await;
    }
    assert!(acknowledged > 0, "no writer was ever answered before a kill: the loop shows nothing");
    log.read_on(&server.as_role("auditor")).await;
    holds_what_was_told(&log, &told);
    assert_eq!(told.lock().unwrap().receipts.len(), rounds * EVENTS);
    assert_eq!(log.events.len(), 1 + rounds * EVENTS, "and nothing that nobody sent");
    // Read once more from the start, and every box opens: no key was lost or made twice.
    assert_eq!(Log::read(&server.as_role("auditor")).await.events.len(), log.events.len());
    for person in 0..PEOPLE {
        let path = format!("/v1/subjects/p-invented-{person}/timeline?type=profile.changed.v1");
        let timeline = server.as_role("officer").look(&path, "incident").await.json();
        let open = |entry: &Value| entry.pointer("/personal/state") == Some(&json!("open"));
        assert!(timeline["entries"].as_array().unwrap().iter().all(open), "{timeline}");
    }
}

fn is_told(told: &Mutex<Told>, event: &Value) -> bool {
    told.lock().unwrap().receipts.contains_key(event["id"].as_str().unwrap())
}

fn holds_what_was_told(log: &Log, told: &Mutex<Told>) {
    for (id, receipt) in &told.lock().unwrap().receipts {
        let event = log.find("platform/tests", id);
        assert!(event.is_some_and(|event| event.is_of(receipt)), "acknowledged: {receipt}, found: {event:?}");
    }
}

/// What was not answered is sent again, and gets its one receipt.
async fn send_the_rest(server: &Server, events: &[Value], told: &Mutex<Told>) {
    let rest: Vec<_> = events.iter().filter(|event| !is_told(told, event)).collect();
    let emitter = server.emitter();
    for group in rest.chunks(50) {
        let answers = join_all(group.iter().map(|event| emitter.append(event))).await;
        for (event, answer) in group.iter().zip(&answers) {
            told.lock().unwrap().take(event["id"].as_str().unwrap(), answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled_by_a_kill() {
    survives_kills(3, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes: cargo test -- --ignored two_hundred"]
async fn nothing_acknowledged_is_lost_or_doubled_by_two_hundred_kills() {
    survives_kills(200, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_writers_lose_and_double_nothing() {
    let server = Server::new().await;
    let told = Arc::new(Mutex::new(Told::default()));
    let events = Arc::new((0..60).map(|number| event_of(0, number)).collect::<Vec<_>>());
    let emitter = server.emitter();
    join_all((0..WRITERS).map(|writer| write(writer, emitter.clone(), events.clone(), told.clone()))).await;
    let log = Log::read(&server.as_role("auditor")).await;
    holds_what_was_told(&log, &told);
    assert_eq!(log.events.len(), 1 + events.len());
    assert!(told.lock().unwrap().new.values().all(|new| *new == 1), "each was new to exactly one writer");
}
