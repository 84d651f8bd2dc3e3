//! Instances are killed, put to sleep and started again, and the database crashes, at random moments among sixty-four
//! writers: nothing acknowledged is lost, doubled or skipped, and the notary never signs two histories.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use subject_record::clock::{Entropy, SeededEntropy};
use subject_record::notary::checkpoint::SignedCheckpoint;
use subject_record::notary::note::VerifierKey;
use subject_record::notary::tree::{Frontier, Hash};

use super::site::{PATIENCE, Site, Way, has_caught_up, is_busy, until};
use crate::doors::client::{Answer, Client, ONE};
use crate::doors::given::{Changed, answered, moved_to};
use crate::doors::log::Log;
use crate::doors::server::{House, Server};
use crate::postgres::Cluster;

const INSTANCES: usize = 3;
const WRITERS: usize = 64;
const TRY_AGAIN: Duration = Duration::from_millis(60);
/// A sleep in which an instance loses all that it holds.
const SLEEP: Duration = Duration::from_secs(6);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where instances are at the moment: all clients of one have its emitter's token.
type Doors = Arc<Vec<Mutex<Option<Client>>>>;

/// What the writers were told.
#[derive(Default)]
struct Told {
    receipts: HashMap<String, Value>,
    new: HashMap<String, u32>,
    refused: usize,
    unanswered: usize,
}

impl Told {
    fn take(&mut self, id: &str, answer: &Answer) {
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        let new = self.new.entry(id.to_owned()).or_default();
        *new += u32::from(answer.status == 201);
        assert!(*new <= 1, "{id} was recorded as new twice");
        let receipt = answer.json().without("/status").without("/stream_revision");
        let first = self.receipts.entry(id.to_owned()).or_insert_with(|| receipt.clone());
        assert_eq!(*first, receipt, "an id has one receipt for ever, on every instance");
    }
}

struct Writers {
    doors: Doors,
    people: usize,
    /// How long each rests between events: so that what is recorded is also read again in bounded time.
    rest: Duration,
    told: Mutex<Told>,
    is_over: AtomicBool,
}

impl Writers {
    fn door(&self, number: usize) -> Option<Client> {
        self.doors[number % INSTANCES].lock().unwrap().clone()
    }

    /// Sends an event to one instance after another until one acknowledges it.
    async fn send(&self, event: &Value, mut door: usize) {
        let (id, since) = (event["id"].as_str().unwrap(), Instant::now());
        loop {
            assert!(since.elapsed() < PATIENCE * 2, "nobody takes {id}");
            if let Some(client) = self.door(door) {
                let request = client.request(reqwest::Method::POST, "/v1/events");
                let request = request.header("content-type", ONE).body(event.to_string());
                match tokio::time::timeout(PATIENCE, client.try_send(request)).await.unwrap() {
                    Some(answer) if is_busy(&answer) => self.told.lock().unwrap().refused += 1,
                    Some(answer) => return self.told.lock().unwrap().take(id, &answer),
                    None => self.told.lock().unwrap().unanswered += 1,
                }
            }
            door += 1;
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }

    async fn write(&self, writer: usize) {
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let person = format!("p-invented-{}", (writer + number) % self.people);
            let event = match number % 4 {
                0 => moved_to(&person, &format!("w{writer}n{number}@example.kz")),
                _ => answered(&person),
            };
            let event = event.with("/id", format!("w{writer}-{number}"));
            self.send(&event, writer + number).await;
            if number % 5 == 0 {
                self.send(&event, writer + number + 1).await;
            }
            tokio::time::sleep(self.rest).await;
        }
    }
}

/// A checkpoint that an instance showed, and when.
struct Shown {
    at: Instant,
    size: u64,
}

/// Every checkpoint that anybody was ever shown.
#[derive(Default)]
struct Watched {
    signed: Mutex<BTreeMap<(u64, Hash), SignedCheckpoint>>,
    shown: Mutex<Vec<Shown>>,
}

impl Watched {
    /// Looks at one instance for as long as it is let.
    async fn watch(&self, doors: &Doors, number: usize) {
        let mut last = 0;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let Some(client) = doors[number].lock().unwrap().clone() else { continue };
            let request = client.request(reqwest::Method::GET, "/log/checkpoint");
            let Some(answer) = client.try_send(request).await else { continue };
            if answer.status != 200 {
                continue;
            }
            let signed = SignedCheckpoint::parse(std::str::from_utf8(&answer.body).unwrap()).unwrap();
            let (size, root) = (signed.checkpoint.size, signed.checkpoint.root);
            assert!(size >= last, "instance {number} showed {size} after {last}");
            last = size;
            self.shown.lock().unwrap().push(Shown { at: Instant::now(), size });
            self.signed.lock().unwrap().insert((size, root), signed);
        }
    }

    /// How long after an instant anybody showed a checkpoint that goes further than all before.
    fn grew_after(&self, at: Instant) -> Option<Duration> {
        let shown = self.shown.lock().unwrap();
        let before = shown.iter().filter(|shown| shown.at <= at).map(|shown| shown.size).max().unwrap_or(0);
        let after = shown.iter().find(|shown| shown.at > at && shown.size > before)?;
        Some(after.at - at)
    }
}

/// Every checkpoint is one of the tree over the log as it is in the end, and signed by its key.
fn are_of_one_history(watched: &Watched, log: &Log) -> usize {
    let opened = &log.events[0].document["data"];
    let mut key = [0; 32];
    hex::decode_to_slice(opened["verifier_key"].as_str().unwrap(), &mut key).unwrap();
    let key = VerifierKey::new_ed25519(opened["verifier_key_name"].as_str().unwrap(), &key).unwrap();
    let mut tree = Frontier::default();
    let mut roots = vec![tree.root()];
    for event in &log.events {
        let mut leaf = Hash::default();
        hex::decode_to_slice(&event.leaf_hash, &mut leaf).unwrap();
        tree.push(leaf);
        roots.push(tree.root());
    }
    let signed = watched.signed.lock().unwrap();
    for ((size, root), signed) in signed.iter() {
        signed.verify(&key).unwrap();
        assert_eq!(*root, roots[usize::try_from(*size).unwrap()], "a fork at {size}");
    }
    signed.len()
}

/// The instances, and what is done to them.
struct Disorder<'c> {
    site: Site<'c>,
    cluster: &'c Cluster,
    doors: Doors,
    servers: Vec<Option<Server>>,
    /// What was done, when it began and how long it took until all was up again.
    done: Vec<(&'static str, Instant, Duration)>,
}

impl Disorder<'_> {
    fn opens(&self, number: usize) {
        *self.doors[number].lock().unwrap() = self.servers[number].as_ref().map(Server::emitter);
    }

    fn kill(&mut self, number: usize) -> House {
        self.doors[number].lock().unwrap().take();
        self.servers[number].take().unwrap().kill()
    }

    async fn start(&mut self, number: usize, house: House) {
        self.servers[number] = Some(house.serve().await);
        self.opens(number);
    }

    async fn happen(&mut self, what: u8, number: usize, pause: Duration) {
        let other = (number + 1) % INSTANCES;
        let at = Instant::now();
        let name = match what % 8 {
            0..=3 => {
                let house = self.kill(number);
                tokio::time::sleep(pause).await;
                self.start(number, house).await;
                "one instance killed"
            }
            4 => {
                let houses = [self.kill(number), self.kill(other)];
                tokio::time::sleep(pause).await;
                for (number, house) in [number, other].into_iter().zip(houses) {
                    self.start(number, house).await;
                }
                "two instances killed"
            }
            5 | 6 => {
                self.cluster.restart_immediate().await;
                "the database crashed"
            }
            _ => {
                self.servers[number].as_ref().unwrap().signal("STOP");
                tokio::time::sleep(SLEEP).await;
                self.servers[number].as_ref().unwrap().signal("CONT");
                "one instance asleep"
            }
        };
        self.done.push((name, at, at.elapsed()));
    }
}

async fn digests(server: &Server, at: &str) -> Vec<Value> {
    let operator = server.as_role("operator");
    let mut digests = Vec::new();
    for name in ["history", "people"] {
        let path = format!("/v1/projections/{name}/digest?at={at}");
        digests.push(until(|| operator.get(&path), |answer| answer.status == 200).await.json());
    }
    digests
}

/// All read models are built anew from the log, by whichever instance may.
async fn rebuild(servers: &[&Server]) {
    for name in ["history", "people"] {
        let turn = AtomicUsize::new(0);
        let ask = || {
            let server = servers[turn.fetch_add(1, Ordering::Relaxed) % servers.len()];
            let operator = server.as_role("operator");
            async move {
                let path = format!("/v1/projections/{name}/rebuild");
                operator.send(operator.request(reqwest::Method::POST, &path)).await
            }
        };
        until(ask, |answer| (200..300).contains(&answer.status)).await;
    }
    // It may take a moment until one that was handed over shows.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for server in servers {
        has_caught_up(server).await;
    }
}

async fn survives(duration: Duration, people: usize, rest: Duration, seed: u64) {
    let cluster = Cluster::own();
    let site = Site::on(&cluster).await;
    let doors: Doors = Arc::new((0..INSTANCES).map(|_| Mutex::new(None)).collect());
    let mut disorder = Disorder {
        site,
        cluster: &cluster,
        doors: Arc::clone(&doors),
        servers: Vec::new(),
        done: Vec::new(),
    };
    for number in 0..INSTANCES {
        disorder.servers.push(Some(disorder.site.instance(Way::Direct).await));
        disorder.opens(number);
    }
    let told = Mutex::default();
    let is_over = AtomicBool::new(false);
    let writers = Arc::new(Writers { doors: Arc::clone(&doors), people, rest, told, is_over });
    let writing: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let writers = Arc::clone(&writers);
            tokio::spawn(async move { writers.write(writer).await })
        })
        .collect();
    let watched = Arc::new(Watched::default());
    let watching: Vec<_> = (0..INSTANCES)
        .map(|number| {
            let (watched, doors) = (Arc::clone(&watched), Arc::clone(&doors));
            tokio::spawn(async move { watched.watch(&doors, number).await })
        })
        .collect();

    let (entropy, since) = (SeededEntropy::new(seed), Instant::now());
    let entropy: &dyn Entropy = &entropy;
    while since.elapsed() < duration {
        let [what, number, pause, calm] = entropy.bytes::<4>();
        tokio::time::sleep(Duration::from_millis(1_000 + u64::from(calm) * 8)).await;
        disorder
            .happen(what, usize::from(number) % INSTANCES, Duration::from_millis(u64::from(pause) * 6))
            .await;
    }
    writers.is_over.store(true, Ordering::Relaxed);
    for writer in writing {
        writer.await.unwrap();
    }
    holds(&disorder, &writers, &watched).await;
    for watching in watching {
        assert!(!watching.is_finished(), "{:?}", watching.await);
        watching.abort();
    }
}

/// What must be so in the end.
async fn holds(disorder: &Disorder<'_>, writers: &Writers, watched: &Watched) {
    let servers: Vec<&Server> = disorder.servers.iter().flatten().collect();
    let log = Log::read(&servers[0].as_role("auditor")).await;
    {
        let told = writers.told.lock().unwrap();
        for (id, receipt) in &told.receipts {
            let event = log.find("platform/tests", id);
            assert!(event.is_some_and(|event| event.is_of(receipt)), "{receipt}, found: {event:?}");
        }
        let theirs = log.events.iter().filter(|event| event.document["source"] == "platform/tests").count();
        assert_eq!(theirs, told.receipts.len(), "nothing stands there that nobody was told of");
        println!(
            "{theirs} events acknowledged; {} answers said to try again, {} never came",
            told.refused, told.unanswered
        );
    }
    let last = has_caught_up(servers[0]).await;
    let live = digests(servers[0], &last).await;
    for server in &servers {
        has_caught_up(server).await;
        assert_eq!(digests(server, &last).await, live, "rows are the same on every instance");
    }
    rebuild(&servers).await;
    for server in &servers {
        assert_eq!(
            digests(server, &last).await,
            live,
            "a follower skipped something: built anew, rows differ"
        );
    }
    for person in 0..writers.people {
        let path = format!("/v1/subjects/p-invented-{person}/timeline?type=profile.changed.v1");
        let server = servers[person % servers.len()];
        let timeline = server.as_role("officer").look(&path, "incident").await.json();
        let entries = timeline["entries"].as_array().unwrap();
        let is_open = |entry: &Value| entry.pointer("/personal/state") == Some(&Value::from("open"));
        assert!(
            !entries.is_empty() && entries.iter().all(is_open),
            "a key was lost or made twice: {timeline}"
        );
    }

    // Every instance shows a checkpoint over all that was written.
    let size = u64::try_from(log.events.len()).unwrap();
    for server in &servers {
        let covers = |answer: &Answer| {
            let signed = SignedCheckpoint::parse(std::str::from_utf8(&answer.body).unwrap());
            answer.status == 200 && signed.unwrap().checkpoint.size >= size
        };
        let client = server.emitter();
        until(|| async { client.get("/log/checkpoint").await }, covers).await;
    }
    // The watchers see it too, and what was logged meanwhile is read.
    tokio::time::sleep(LOOK_EVERY * 5).await;
    let mut log = log;
    log.read_on(&servers[0].as_role("auditor")).await;
    let checkpoints = are_of_one_history(watched, &log);
    println!("{checkpoints} checkpoints of one history; until the tree grew again:");
    for (what, at, took) in &disorder.done {
        let grew = watched.grew_after(*at).unwrap_or_else(|| unreachable!("the tree never grew again"));
        println!("  {grew:>8.1?} after {what}; all was up again after {took:.1?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_skipped_among_instances_in_disorder() {
    survives(Duration::from_secs(60), 24, Duration::from_millis(350), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half an hour: cargo test -- --ignored for_half_an_hour"]
async fn nothing_is_lost_doubled_or_skipped_among_instances_in_disorder_for_half_an_hour() {
    survives(Duration::from_secs(25 * 60), 400, Duration::from_secs(1), 2).await;
}
