//! An inclusion proof in a large log, whose entries are made up as they are read.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use subject_record::clock::SystemEntropy;
use subject_record::notary::note::SigningKey;
use subject_record::notary::source::{Entries, EntriesError, Entry};
use subject_record::notary::tree::leaf_hash;
use subject_record::notary::{Notary, Opening, Place, Settings};
use subject_record_schemas::{Position, StreamName, SubjectId};
use tokio::sync::watch;

use super::filled::Failure;

/// How long the tree may take to grow.
const PATIENCE: Duration = Duration::from_secs(3600);
/// People among whom the entries are spread.
const PEOPLE: u64 = 100_000;

/// A log of entries that are not kept anywhere.
#[derive(Debug)]
struct MadeUp {
    size: u64,
    head: watch::Sender<Position>,
}

impl MadeUp {
    fn entry(number: u64) -> Option<Entry> {
        let bytes: Arc<str> = format!("{{\"entry\":{number}}}").into();
        let subject = SubjectId::parse(format!("person-{}", number % PEOPLE)).ok()?;
        Some(Entry {
            position: Position::new(number),
            stream: StreamName::Subject(subject),
            revision: number / PEOPLE,
            leaf_hash: leaf_hash(bytes.as_bytes()),
            bytes,
        })
    }
}

#[async_trait]
impl Entries for MadeUp {
    async fn after(&self, position: Position, limit: u32) -> Result<Vec<Entry>, EntriesError> {
        let first = position.number() + 1;
        let last = (position.number() + u64::from(limit)).min(self.size);
        Ok((first..=last).filter_map(Self::entry).collect())
    }

    async fn at(&self, positions: &[Position]) -> Result<Vec<Option<Entry>>, EntriesError> {
        Ok(positions.iter().map(|position| Self::entry(position.number())).collect())
    }

    async fn last(&self) -> Result<Position, EntriesError> {
        Ok(Position::new(self.size))
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }
}

pub(super) async fn measure(folder: &Path, leaves: u64, proofs: usize) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let last = Position::new(leaves);
    let log = Arc::new(MadeUp { size: leaves, head: watch::channel(last).0 });
    let began = Instant::now();
    let notary = Notary::open(Opening {
        place: Place::File(folder.join("log.db")),
        signing_key_file: &folder.join("signing_key"),
        key: Arc::new(SigningKey::from_seed("bench.example/log", zeroize::Zeroizing::new([1; 32]))?),
        entries: log,
        outside: Vec::new(),
        settings: Settings { checkpoint_every: Duration::from_millis(400), batch_events: 10_000 },
        entropy: Arc::new(SystemEntropy),
    })
    .await?;
    let checkpoint = notary.covering(last, PATIENCE).await?;
    let took = began.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(folder.join("log.db"))?.len();
    println!(
        "tree        {leaves} entries of {PEOPLE} streams in {took:.1} s, {:.0} entries/s; {} MiB, {:.1} bytes an entry",
        leaves as f64 / took,
        bytes / 1_048_576,
        bytes as f64 / leaves as f64
    );
    let (mut millis, mut number) = (Vec::with_capacity(proofs), 1_u64);
    for _ in 0..proofs {
        // All over the log, and the same entries in each run.
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let position = Position::new((number >> 11) % leaves + 1);
        let began = Instant::now();
        let proof = notary.prove(&[position], &checkpoint).await?.pop().ok_or("no proof")?;
        millis.push(began.elapsed().as_secs_f64() * 1000.0);
        proof.check(&MadeUp::entry(position.number()).ok_or("no entry")?.leaf_hash)?;
    }
    println!("inclusion   proof of one entry: {}", super::spread(millis));
    Ok(())
}
