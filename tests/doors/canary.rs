//! Personal values are nowhere on disk, in no spelling; and after an erasure neither are their boxes and keys.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use subject_record::clock::SeededEntropy;
use subject_record::vault::kek::{FileKek, KekProvider};
use subject_record_schemas::EventType;
use subject_record_schemas::catalogue::Writer;
use subject_record_schemas::examples::Examples;
use subject_record_schemas::publish::sent_schema;

use super::given::{Changed, fresh};
use super::log::Log;
use super::server::{House, Server};
use crate::traces::{files_under, traces_in};

/// Invented people who get an event of every type, and those of them who are erased.
const PEOPLE: usize = 12;
const ERASED: usize = 5;

/// Numbers that no living person bears.
const IINS: [&str; 4] = ["880315100011", "910708200012", "910708200304", "880315100200"];

/// Words that stand in personal members and nowhere else.
struct Canaries {
    entropy: SeededEntropy,
    sung: Vec<String>,
}

impl Canaries {
    fn new() -> Self {
        Self { entropy: SeededEntropy::new(20_260_203), sung: IINS.map(String::from).to_vec() }
    }

    /// A new word, which is all letters.
    fn word(&mut self) -> String {
        let entropy: &dyn subject_record::clock::Entropy = &self.entropy;
        let letters: Vec<char> = "абвгдежзиклмнопрстуфхцчшэюяәғқңөұүһі".chars().collect();
        let word: String =
            entropy.bytes::<10>().iter().map(|byte| letters[usize::from(*byte) % letters.len()]).collect();
        self.sing(format!("Канар{word}"))
    }

    fn sing(&mut self, value: String) -> String {
        self.sung.push(value.clone());
        value
    }

    /// A value for a personal member, by the member's schema.
    fn value(&mut self, name: &str, schema: &Value, person: usize) -> Value {
        if schema["type"] == "object" {
            let parts = schema["properties"].as_object().unwrap();
            return parts.keys().map(|part| (part.clone(), json!(self.word()))).collect::<Map<_, _>>().into();
        }
        let entropy: &dyn subject_record::clock::Entropy = &self.entropy;
        let random = entropy.bytes::<32>();
        let digits = u32::from_be_bytes([0, random[0], random[1], random[2]]) % 1_000_000;
        match name {
            "iin" => json!(IINS[person % IINS.len()]),
            "phone" | "phone_used" | "contact_phone" => json!(self.sing(format!("+77000{digits:06}"))),
            "email" | "email_used" | "contact_email" => {
                let local = self.sing(format!("canary.{}", hex::encode(&random[..8])));
                json!(format!("{local}@example.kz"))
            }
            _ if schema["pattern"] == "^[0-9a-f]{64}$" => json!(self.sing(hex::encode(random))),
            _ if schema["format"] == "date" => {
                json!(self.sing(format!("18{:02}-0{}-1{}", 10 + digits % 80, 1 + digits % 9, digits % 7)))
            }
            _ => json!(format!("{} бұл жерде", self.word())),
        }
    }

    /// An event of each type that a platform sends, about a person, with every personal member there is.
    fn events(&mut self, person: usize) -> Vec<Value> {
        let subject = format!("p-invented-{person}");
        let mut events = Vec::new();
        for event_type in EventType::ALL.iter().filter(|event_type| event_type.writer() == Writer::Platform) {
            let schema = sent_schema(*event_type);
            let members = schema.pointer("/properties/data/properties/personal/properties");
            let mut event = Examples::of(*event_type).unwrap().valid;
            event = event.with("/id", fresh("e")).with("/time", "2026-02-03T04:15:00Z");
            if event.get("subject").is_some() {
                event = event.with("/subject", subject.clone());
            }
            if let Some(members) = members.and_then(Value::as_object).filter(|members| !members.is_empty()) {
                let member =
                    |(name, schema): (&String, &Value)| (name.clone(), self.value(name, schema, person));
                let personal: Map<_, _> = members.iter().map(member).collect();
                event = event.with("/data/personal", personal);
            }
            events.push(event);
        }
        events
    }
}

/// Every way in which a text might lie on a disk.
fn spellings(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let utf_16: Vec<u16> = text.encode_utf16().collect();
    let escaped: String = utf_16.iter().map(|unit| format!("\\u{unit:04x}")).collect();
    let mut spellings = vec![
        bytes.to_vec(),
        utf_16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        utf_16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        escaped.clone().into_bytes(),
        hex::encode(bytes).into_bytes(),
        hex::encode_upper(bytes).into_bytes(),
    ];
    // Within a longer base64 text a value begins at the first, second or third byte of a group.
    for before in 0..3 {
        let shifted = [&[0; 3][..before], bytes].concat();
        let of_it = (before * 8).div_ceil(6)..shifted.len() * 8 / 6;
        for base64 in [BASE64_STANDARD_NO_PAD.encode(&shifted), BASE64_URL_SAFE_NO_PAD.encode(&shifted)] {
            spellings.push(base64.as_bytes()[of_it.clone()].to_vec());
        }
    }
    spellings
}

/// Which of these byte strings stand in a file under these folders, with the file's name.
fn found_in(folders: &[&Path], wanted: &[Vec<u8>]) -> Vec<String> {
    const BEGINNING: usize = 8;
    let mut by_beginning: HashMap<&[u8], Vec<&[u8]>> = HashMap::new();
    // Most places are ruled out by their first two bytes, without a look into the map.
    let mut begins = vec![false; 1 << 16];
    let pair = |bytes: &[u8]| usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    for bytes in wanted {
        begins[pair(bytes)] = true;
        by_beginning.entry(&bytes[..BEGINNING]).or_default().push(bytes);
    }
    let mut found = Vec::new();
    for folder in folders {
        for path in files_under(folder) {
            let content = std::fs::read(&path).unwrap();
            for (at, window) in
                content.windows(BEGINNING).enumerate().filter(|(_, window)| begins[pair(window)])
            {
                let candidates = by_beginning.get(window).into_iter().flatten();
                let here = candidates.filter(|bytes| content[at..].starts_with(bytes));
                found.extend(
                    here.map(|bytes| format!("{} in {}", String::from_utf8_lossy(bytes), path.display())),
                );
            }
        }
    }
    found
}

/// Where the service writes: the data folder with its write-ahead logs and lock, and what it says of itself.
fn searched(house: &House, wanted: &[Vec<u8>]) -> Vec<String> {
    let (data, logs) = (house.path("data"), house.path("logs"));
    found_in(&[&data, &logs], wanted)
}

/// Sealed boxes and wrapped keys of a person, and the keys themselves, as they lie on the disk now.
async fn secrets_of(house: &House, subject: &str) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let open = async |file: &str| {
        let options = SqliteConnectOptions::new().filename(house.path(file)).read_only(true);
        SqliteConnection::connect_with(&options).await.unwrap()
    };
    let mut events = open("data/events.db").await;
    let mut keys = open("data/keys.db").await;
    let stream = format!("subject-{subject}");
    let boxes =
        "SELECT sealed FROM boxes JOIN events USING (position) JOIN streams USING (stream) WHERE name = ?1";
    let boxes: Vec<Vec<u8>> = sqlx::query_scalar(boxes).bind(&stream).fetch_all(&mut events).await.unwrap();
    let deks = "SELECT kek_id, generation, wrapped FROM deks WHERE owner = ?1";
    let deks: Vec<(String, u32, Vec<u8>)> =
        sqlx::query_as(deks).bind(&stream).fetch_all(&mut keys).await.unwrap();
    events.close().await.unwrap();
    keys.close().await.unwrap();
    assert!(!boxes.is_empty() && deks.len() == 1, "{} boxes, {} keys", boxes.len(), deks.len());
    let kek = FileKek::read(&house.path("keys/kek")).unwrap();
    let mut plain = Vec::new();
    for (kek_id, generation, wrapped) in &deks {
        let dek = kek.unwrap(kek_id, &stream, *generation, wrapped).await.unwrap();
        plain.extend([dek.bytes().to_vec(), hex::encode(dek.bytes()).into_bytes()]);
        plain.push(BASE64_URL_SAFE_NO_PAD.encode(dek.bytes()).into_bytes());
    }
    // Format bytes in front are no secret.
    let sealed =
        boxes.iter().chain(deks.iter().map(|(_, _, wrapped)| wrapped)).map(|bytes| bytes[1..].to_vec());
    (sealed.collect(), plain)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_personal_value_is_on_the_disk_before_or_after_an_erasure() {
    let mut canaries = Canaries::new();
    let (name, address) = (canaries.word(), canaries.word());
    let house = House::of(&name, &address);
    let server = house.serve_with(&[("SUBJECT_RECORD_LOG__FILTER", "trace")]).await;
    let everything = server.new_token("emitter-all", "emitter", &["platform/*"]).await;
    let mut sent = Vec::new();
    for person in 0..PEOPLE {
        let events = canaries.events(person);
        everything.record(&events).await;
        sent.push(events);
    }
    // What is refused is not written down either.
    let refused = sent[0][7].clone().with("/id", fresh("e")).with("/data/kind", canaries.word());
    assert!(everything.append(&refused).await.status >= 400);
    for person in 0..PEOPLE {
        let path = format!("/v1/subjects/p-invented-{person}/timeline?reveal=iin,address_registered");
        assert_eq!(server.as_role("support").look(&path, "support").await.status, 200);
        let seen = server.as_role("officer").look(&path, "claim").await;
        assert!(String::from_utf8(seen.body).unwrap().contains("Канар"), "the values are there to be seen");
    }

    for file in
        ["events.db", "events.db-wal", "events.db-shm", "keys.db", "keys.db-wal", "keys.db-shm", "lock"]
    {
        assert!(server.house().path("data").join(file).exists(), "{file} is searched too");
    }
    let wanted: Vec<_> = canaries.sung.iter().flat_map(|canary| spellings(canary)).collect();
    let control = server.house().path("data/control");
    std::fs::write(&control, wanted.join(&b"  "[..])).unwrap();
    assert!(searched(server.house(), &wanted).len() >= wanted.len(), "the search finds what is there");
    std::fs::remove_file(&control).unwrap();
    assert_eq!(searched(server.house(), &wanted), Vec::<String>::new());
    for role in ["emitter", "support", "auditor", "officer", "operator"] {
        let secret = server.house().token(role).splitn(3, '_').nth(2).unwrap().as_bytes().to_vec();
        assert_eq!(searched(server.house(), &[secret]), Vec::<String>::new(), "the secret of a token");
    }

    erase_some(&server, &wanted).await;
    let (house, status) = server.stop().await;
    assert_eq!(status, Some(0));
    assert_eq!(searched(&house, &wanted), Vec::<String>::new(), "nor when it has stopped");
}

async fn erase_some(server: &Server, wanted: &[Vec<u8>]) {
    let data = server.house().path("data");
    let mut gone = Vec::new();
    for person in 0..ERASED {
        let subject = format!("p-invented-{person}");
        let (sealed, plain) = secrets_of(server.house(), &subject).await;
        assert_eq!(traces_in(&data, &sealed), sealed.len(), "the search finds what is there");
        assert_eq!(searched(server.house(), &plain), Vec::<String>::new(), "a key never lies open");
        let erased =
            server.run_as("officer", &["subject", "erase", &subject, "--basis", "subject_request", "--yes"]);
        assert!(erased.status.success(), "{erased:?}");
        gone.extend(sealed);
        assert_eq!(traces_in(&data, &gone), 0, "boxes and wrapped keys");
        assert_eq!(searched(server.house(), &plain), Vec::<String>::new());
        let path = format!("/v1/subjects/{subject}/timeline");
        let timeline = server.as_role("auditor").look(&path, "audit").await.json();
        let states = timeline["entries"].as_array().unwrap().iter().filter_map(|entry| entry.get("personal"));
        let states: Vec<_> = states.map(|personal| personal["state"].clone()).collect();
        assert!(states.len() > 5 && states.iter().all(|state| state == "shredded"), "{states:?}");
    }
    assert_eq!(searched(server.house(), wanted), Vec::<String>::new());
    let (kept, _) = secrets_of(server.house(), &format!("p-invented-{}", PEOPLE - 1)).await;
    assert_eq!(traces_in(&data, &kept), kept.len(), "others keep theirs");
    Log::read(&server.as_role("auditor")).await;
}
