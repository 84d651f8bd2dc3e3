//! A log of invented people behind an HTTP door, which can be made to lie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get};
use serde_json::{Value, json};
use subject_record::notary::checkpoint::{Checkpoint, SignedCheckpoint};
use subject_record::notary::heads::{HeadsMap, StreamEnd};
use subject_record::notary::note::SigningKey;
use subject_record::notary::tile::{entry_bundle, parse_entries_path, parse_tile_path};
use subject_record::notary::tree::{Frontier, Hash, Node, Nodes, TreeError, leaf_hash, prove_consistency};
use subject_record::witness::wire::AddCheckpoint;
use zeroize::Zeroizing;

pub(crate) const ORIGIN: &str = "record.example/log";
pub(crate) const TOKEN: &str = "sr_an-auditor-of-the-log";

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, Zeroizing::new([1; 32])).unwrap()
}

pub(crate) fn public_key() -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()
}

/// A checkpoint by another key.
pub(crate) fn checkpoint_of(origin: &str, size: u64) -> SignedCheckpoint {
    let key = SigningKey::from_seed(origin, Zeroizing::new([2; 32])).unwrap();
    SignedCheckpoint::sign(Checkpoint { origin: origin.into(), size, root: [1; 32] }, &key).unwrap()
}

/// A checkpoint by the log's key.
pub(crate) fn signed(size: u64, root: Hash) -> SignedCheckpoint {
    SignedCheckpoint::sign(Checkpoint { origin: ORIGIN.into(), size, root }, &signing_key()).unwrap()
}

pub(crate) fn request(old_size: u64, proof: &[Hash], checkpoint: &SignedCheckpoint) -> String {
    AddCheckpoint { old_size, proof: proof.to_vec(), checkpoint: checkpoint.clone() }.to_string()
}

/// The request with another signature of the same shape.
pub(crate) fn flip_signature(request: &str) -> String {
    let at = request.len() - 20;
    let other = if &request[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &request[..at], &request[at + 1..])
}

/// An entry to be made.
#[derive(Clone)]
pub(crate) struct Entry {
    wire_name: &'static str,
    stream: String,
    data: Data,
}

#[derive(Clone)]
enum Data {
    As(Value),
    /// Heads of so many entries.
    Heads(u64),
}

fn entry(wire_name: &'static str, stream: &str, data: Value) -> Entry {
    Entry { wire_name, stream: stream.into(), data: Data::As(data) }
}

pub(crate) fn opened() -> Entry {
    let data = json!({
        "log_id": "0f".repeat(16), "engine": "sqlite", "verifier_key_name": ORIGIN,
        "verifier_key": hex::encode(public_key()), "simulated": false
    });
    entry("log.opened.v1", "office", data)
}

pub(crate) fn policy() -> Entry {
    entry("storage_place.registered.v1", "policy", json!({}))
}

pub(crate) fn registered(person: &str) -> Entry {
    entry("subject.registered.v1", &format!("subject-{person}"), json!({}))
}

pub(crate) fn consent(person: &str) -> Entry {
    entry("consent.given.v1", &format!("subject-{person}"), json!({}))
}

/// Its type does not say in which of a person's streams it stands.
pub(crate) fn annotated(person: &str) -> Entry {
    entry("event.annotated.v1", &format!("subject-{person}"), json!({}))
}

/// Somebody looked at a person.
pub(crate) fn viewed(person: &str) -> Entry {
    entry("record.viewed.v1", &format!("access-{person}"), json!({}))
}

pub(crate) fn withdrawn(stream: &str, index: u64) -> Entry {
    let data = json!({
        "position": format!("{:016}", index + 1), "reason": "personal_data", "decided_by": ["officer-1", "officer-2"]
    });
    entry("event.withdrawn.v1", stream, data)
}

pub(crate) fn heads(of: u64) -> Entry {
    Entry { wire_name: "stream_heads.committed.v1", stream: "office".into(), data: Data::Heads(of) }
}

/// The stored bytes of entries, each chained to its stream.
fn stored(entries: &[Entry]) -> Vec<Vec<u8>> {
    let mut ends: HashMap<&str, StreamEnd> = HashMap::new();
    let mut placed: Vec<(&str, StreamEnd)> = Vec::new();
    let mut made = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let end = ends.get(entry.stream.as_str());
        let revision = end.map_or(0, |end| end.revision + 1);
        let data = match &entry.data {
            Data::As(data) => data.clone(),
            Data::Heads(of) => {
                let mut map = HeadsMap::default();
                for (stream, end) in placed.iter().take(usize::try_from(*of).unwrap()) {
                    map.note(stream, end);
                }
                json!({ "root": hex::encode(map.root()), "streams": map.streams(), "at_position": format!("{of:016}") })
            }
        };
        let mut document = json!({
            "specversion": "1.0", "id": format!("e-{index}"), "source": "platform/test", "type": entry.wire_name,
            "time": "2026-02-02T00:00:00Z", "recordedby": "service", "blinding": format!("{index:022}"),
            "recordedtime": format!("2026-12-20T09:{:02}:{:02}.000000Z", index / 60 % 60, index % 60),
            "sequence": format!("{revision:012}"), "data": data
        });
        let members = document.as_object_mut().unwrap();
        if let Some((_, person)) = entry.stream.split_once('-') {
            members.insert("subject".into(), json!(person));
        }
        if let Some(end) = end {
            members.insert("previous".into(), json!(hex::encode(end.leaf_hash)));
        }
        let bytes = document.to_string().into_bytes();
        let end = StreamEnd { revision, leaf_hash: leaf_hash(&bytes) };
        ends.insert(&entry.stream, end);
        placed.push((&entry.stream, end));
        made.push(bytes);
    }
    made
}

/// The stored bytes with members of the document replaced.
fn changed(bytes: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(bytes).unwrap();
    *document.pointer_mut(pointer).unwrap() = value;
    document.to_string().into_bytes()
}

pub(crate) fn altered(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, "/time", json!("2026-02-03T00:00:00Z"))
}

pub(crate) fn of_another_person(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, "/subject", json!("p-invented-2"))
}

pub(crate) fn with_root(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, "/data/root", json!(hex::encode([9; 32])))
}

pub(crate) fn with_streams(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, "/data/streams", json!(5))
}

pub(crate) fn at(bytes: &[u8], entries: u64) -> Vec<u8> {
    changed(bytes, "/data/at_position", json!(format!("{entries:016}")))
}

pub(crate) fn recorded_before(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, "/recordedtime", json!("2026-12-20T09:00:03.999999Z"))
}

pub(crate) fn of_a_later_type(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, "/type", json!("consent.given.v9"))
}

pub(crate) fn annotation(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, "/type", json!("event.annotated.v1"))
}

pub(crate) fn on_kurrentdb(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, "/data/engine", json!("kurrentdb"))
}

/// What follows an entry of the office: the log opened once more.
pub(crate) fn opened_again(before: &[u8]) -> Vec<u8> {
    let document: Value = serde_json::from_slice(before).unwrap();
    let revision: u64 = document["sequence"].as_str().unwrap().parse().unwrap();
    let first = stored(&[opened()]).remove(0);
    let mut document: Value = serde_json::from_slice(&first).unwrap();
    document["recordedtime"] = json!("2026-12-20T09:59:59.000000Z");
    document["sequence"] = json!(format!("{:012}", revision + 1));
    document["previous"] = json!(hex::encode(leaf_hash(before)));
    document.to_string().into_bytes()
}

pub(crate) fn of_another_log(bytes: &[u8]) -> Vec<u8> {
    changed(bytes, "/data/verifier_key_name", json!("other.example"))
}

/// What is served: bytes and leaves as shown, and the leaves that the log signs.
#[derive(Default)]
struct Shown {
    entries: Vec<Vec<u8>>,
    leaves: Vec<Hash>,
    signed: Vec<Hash>,
    refuses: bool,
    cuts: bool,
    fewer: bool,
    no_partials: bool,
    no_first_bundle: bool,
}

impl Shown {
    fn of(entries: Vec<Vec<u8>>) -> Self {
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        Self { entries, signed: leaves.clone(), leaves, ..Self::default() }
    }
}

type Shared = Arc<Mutex<Shown>>;

pub(crate) struct FakeLog {
    pub(crate) url: String,
    shown: Shared,
}

impl FakeLog {
    pub(crate) async fn serve(entries: Vec<Entry>) -> Self {
        let shown: Shared = Arc::new(Mutex::new(Shown::of(stored(&entries))));
        let routes = Router::new()
            .route("/log/tile/entries/{*path}", get(bundle))
            .route("/log/tile/{*path}", get(tile))
            .with_state(Arc::clone(&shown));
        Self { url: listen(routes).await, shown }
    }

    fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.lock().unwrap());
    }

    pub(crate) fn size(&self) -> u64 {
        self.shown.lock().unwrap().signed.len() as u64
    }

    pub(crate) fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let shown = self.shown.lock().unwrap();
        let mut tree = Frontier::default();
        shown.signed.iter().take(usize::try_from(size).unwrap()).for_each(|leaf| tree.push(*leaf));
        signed(size, tree.root())
    }

    /// A consistency proof; none where there can be none.
    pub(crate) fn prove(&self, old: u64, new: u64) -> Vec<Hash> {
        prove_consistency(old, new, &Leaves(&self.shown.lock().unwrap().signed)).unwrap_or_default()
    }

    /// Serves other entries, without a lie.
    pub(crate) fn repair(&self, entries: Vec<Entry>) {
        self.change(|shown| *shown = Shown::of(stored(&entries)));
    }

    /// Changes stored bytes and makes tree and signatures anew.
    pub(crate) fn rewrite(&self, lie: impl FnOnce(&mut Vec<Vec<u8>>)) {
        self.change(|shown| {
            let mut entries = std::mem::take(&mut shown.entries);
            lie(&mut entries);
            *shown = Shown::of(entries);
        });
    }

    pub(crate) fn serve_other_bytes(&self, index: usize) {
        self.change(|shown| shown.entries[index] = altered(&shown.entries[index]));
    }

    pub(crate) fn serve_other_bytes_and_leaf(&self, index: usize) {
        self.serve_other_bytes(index);
        self.change(|shown| shown.leaves[index] = leaf_hash(&shown.entries[index]));
    }

    pub(crate) fn withdraw(&self, indexes: &[usize]) {
        self.change(|shown| indexes.iter().for_each(|index| shown.entries[*index].clear()));
    }

    pub(crate) fn refuse_token(&self) {
        self.change(|shown| shown.refuses = true);
    }

    pub(crate) fn cut_bundles(&self) {
        self.change(|shown| shown.cuts = true);
    }

    pub(crate) fn serve_fewer(&self) {
        self.change(|shown| shown.fewer = true);
    }

    pub(crate) fn forget_partials(&self) {
        self.change(|shown| shown.no_partials = true);
    }

    pub(crate) fn forget_first_bundle(&self) {
        self.change(|shown| shown.no_first_bundle = true);
    }
}

type Answer = Result<Vec<u8>, StatusCode>;

/// The places of a part, if it is served.
fn part(
    shown: &Shown,
    part: Option<(u64, u16)>,
    length: usize,
) -> Result<std::ops::Range<usize>, StatusCode> {
    let (number, width) = part.ok_or(StatusCode::NOT_FOUND)?;
    let first = usize::try_from(number).unwrap() * 256;
    let end = first + usize::from(width);
    let is_partial = width < 256;
    // Of a full part that is not full yet what there is.
    let end = if is_partial { end } else { end.min(length) };
    let gone = is_partial && shown.no_partials || number == 0 && shown.no_first_bundle;
    if gone || end > length || first >= end { Err(StatusCode::NOT_FOUND) } else { Ok(first..end) }
}

async fn bundle(State(shown): State<Shared>, headers: HeaderMap, Path(path): Path<String>) -> Answer {
    let shown = shown.lock().unwrap();
    let by = headers.get("authorization").map(|value| value.to_str().unwrap());
    if shown.refuses || by != Some(&format!("Bearer {TOKEN}")) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let mut places = part(&shown, parse_entries_path(&path), shown.entries.len())?;
    places.end -= usize::from(shown.fewer);
    let mut bytes = entry_bundle(shown.entries[places].iter().map(Vec::as_slice)).unwrap();
    if shown.cuts {
        bytes.pop();
    }
    Ok(bytes)
}

async fn tile(State(shown): State<Shared>, Path(path): Path<String>) -> Answer {
    let shown = shown.lock().unwrap();
    let named = parse_tile_path(&path).filter(|(id, _)| id.level == 0).map(|(id, width)| (id.number, width));
    Ok(shown.leaves[part(&shown, named, shown.leaves.len())?].concat())
}

struct Leaves<'a>(&'a [Hash]);

impl Nodes for Leaves<'_> {
    fn nodes(&self, wanted: &[Node]) -> Result<Vec<Hash>, TreeError> {
        let root = |node: &Node| {
            let first = usize::try_from(node.index << node.level).unwrap();
            let leaves = self.0.get(first..first + (1 << node.level)).ok_or(TreeError::Missing(*node))?;
            let mut tree = Frontier::default();
            leaves.iter().for_each(|leaf| tree.push(*leaf));
            Ok(tree.root())
        };
        wanted.iter().map(root).collect()
    }
}

async fn listen(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    url
}

/// A server that answers everything so.
pub(crate) async fn answering(status: u16, text: String) -> String {
    let status = StatusCode::from_u16(status).unwrap();
    listen(Router::new().fallback(any(move || async move { (status, text) }))).await
}

/// A server that answers nothing.
pub(crate) async fn silent() -> String {
    listen(Router::new().fallback(any(|| async { std::future::pending::<()>().await }))).await
}

/// Bytes that follow from a seed (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}
