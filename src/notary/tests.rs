//! The notary over a log in memory, and what it does when the log, its file or the key's checkpoint is another one.

use std::sync::Mutex;

use async_trait::async_trait;
use subject_record_schemas::SubjectId;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::checkpoint::Checkpoint;
use super::heads::{StreamEnd, check_absent, check_head};
use super::source::{EntriesError, Entry};
use super::tile::read_bundle;
use super::tree::{check_consistency, leaf_hash};
use super::*;
use crate::clock::SystemEntropy;
use crate::db::sql::{Sql, query};

/// A log of which a test may change anything.
#[derive(Debug)]
struct TestLog {
    entries: Mutex<Vec<Entry>>,
    head: watch::Sender<Position>,
    /// Between two positions.
    step: u64,
}

impl TestLog {
    fn new(step: u64) -> Arc<Self> {
        Arc::new(Self { entries: Mutex::default(), head: watch::channel(Position::START).0, step })
    }

    fn add(&self, events: u64) {
        let mut entries = self.entries.lock().unwrap();
        for _ in 0..events {
            let number = entries.len() as u64;
            let bytes: Arc<str> = format!("{{\"event\":{number}}}").into();
            let stream = stream(&format!("person-{}", number % 7));
            let leaf_hash = leaf_hash(bytes.as_bytes());
            let position = Position::new((number + 1) * self.step);
            entries.push(Entry { position, stream, revision: number / 7, leaf_hash, bytes });
        }
        self.head.send_replace(entries.last().unwrap().position);
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Entry>)) {
        change(&mut self.entries.lock().unwrap());
    }

    fn last(&self) -> Position {
        *self.head.borrow()
    }

    fn root(&self) -> Hash {
        let mut tree = tree::Frontier::default();
        self.entries.lock().unwrap().iter().for_each(|entry| tree.push(entry.leaf_hash));
        tree.root()
    }
}

#[async_trait]
impl Entries for TestLog {
    async fn after(&self, position: Position, limit: u32) -> Result<Vec<Entry>, EntriesError> {
        let entries = self.entries.lock().unwrap();
        Ok(entries.iter().filter(|entry| entry.position > position).take(limit as usize).cloned().collect())
    }

    async fn at(&self, positions: &[Position]) -> Result<Vec<Option<Entry>>, EntriesError> {
        let entries = self.entries.lock().unwrap();
        let at = |position: &Position| entries.iter().find(|entry| entry.position == *position).cloned();
        Ok(positions.iter().map(at).collect())
    }

    async fn last(&self) -> Result<Position, EntriesError> {
        Ok(*self.head.borrow())
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }
}

fn stream(subject: &str) -> StreamName {
    StreamName::Subject(SubjectId::parse(subject).unwrap())
}

struct Given {
    folder: TempDir,
    log: Arc<TestLog>,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Given {
    fn log(step: u64) -> Self {
        Self { folder: TempDir::new().unwrap(), log: TestLog::new(step) }
    }

    async fn notary(&self) -> Notary {
        self.notary_with("example.kz/log", Vec::new()).await
    }

    async fn notary_with(&self, origin: &str, outside: Vec<SignedCheckpoint>) -> Notary {
        let opening = Opening {
            place: Place::File(self.folder.path().join("log.db")),
            signing_key_file: &self.folder.path().join("signing_key"),
            key: Arc::new(key(origin)),
            entries: Arc::clone(&self.log) as Arc<dyn Entries>,
            outside,
            settings: Settings { checkpoint_every: Duration::from_millis(5), batch_events: 100 },
            entropy: Arc::new(SystemEntropy),
        };
        Notary::open(opening).await.unwrap()
    }

    fn kept(&self) -> KeptCheckpoint {
        KeptCheckpoint::beside(&self.folder.path().join("signing_key"))
    }
}

fn key(origin: &str) -> SigningKey {
    SigningKey::from_seed(origin, Zeroizing::new([7; 32])).unwrap()
}

async fn refusal(notary: &Notary, log: &TestLog) -> Refusal {
    match notary.covering(log.last(), PATIENCE).await {
        Err(NotaryError::Refused(refusal)) => refusal,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_checkpoint_covers_every_entry_and_is_kept_beside_the_key_before_it_is_published() {
    let given = Given::log(1);
    let notary = given.notary().await;
    for events in [1, 254, 1, 1, 700] {
        given.log.add(events);
        let signed = notary.covering(given.log.last(), PATIENCE).await.unwrap();
        signed.verify(notary.verifier_key()).unwrap();
        assert_eq!(signed.checkpoint.root, given.log.root());
        let kept = given.kept().read().unwrap().unwrap();
        assert!(kept.checkpoint.size >= signed.checkpoint.size);
    }
}

#[tokio::test]
async fn every_entry_is_proven_and_older_trees_are_beginnings_of_newer_ones_whatever_the_positions() {
    for step in [1, 3] {
        let given = Given::log(step);
        let notary = given.notary().await;
        given.log.add(300);
        let old = notary.covering(given.log.last(), PATIENCE).await.unwrap();
        given.log.add(613);
        let new = notary.covering(given.log.last(), PATIENCE).await.unwrap();
        let entries = given.log.entries.lock().unwrap().clone();
        let positions: Vec<Position> = entries.iter().map(|entry| entry.position).collect();
        for (index, (proof, entry)) in
            notary.prove(&positions, &new).await.unwrap().iter().zip(&entries).enumerate()
        {
            assert_eq!(proof.index, index as u64);
            proof.check(&entry.leaf_hash).unwrap();
        }
        let (old, new) = (&old.checkpoint, &new.checkpoint);
        let consistency = notary.prove_consistency(old.size, new.size).await.unwrap();
        check_consistency(&consistency, (old.size, &old.root), (new.size, &new.root)).unwrap();
        let above = Position::new(positions.last().unwrap().number() + step);
        assert!(matches!(
            notary.prove(&[above], &notary.state().checkpoint.unwrap()).await,
            Err(NotaryError::NoEntry(_) | NotaryError::NotCovered(_))
        ));
        if step == 3 {
            let between = notary.prove(&[Position::new(4)], &notary.state().checkpoint.unwrap()).await;
            assert!(matches!(between, Err(NotaryError::NoEntry(_))), "{between:?}");
        }
    }
}

#[tokio::test]
async fn tiles_and_entries_are_served_as_far_as_a_checkpoint_covers_them_and_no_further() {
    let given = Given::log(1);
    let notary = given.notary().await;
    given.log.add(600);
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    let level_0 = |number| TileId { level: 0, number };
    assert_eq!(notary.tile(level_0(1), 256).await.unwrap().unwrap().len(), 256 * 32);
    assert_eq!(notary.tile(level_0(2), 88).await.unwrap().unwrap().len(), 88 * 32);
    assert_eq!(notary.tile(level_0(2), 89).await.unwrap(), None);
    assert_eq!(notary.tile(TileId { level: 1, number: 0 }, 2).await.unwrap().unwrap().len(), 64);
    assert_eq!(notary.tile(TileId { level: 1, number: 0 }, 3).await.unwrap(), None);
    assert_eq!(notary.tile(level_0(u64::MAX), 256).await.unwrap(), None);
    assert_eq!(notary.tile(TileId { level: 255, number: 0 }, 1).await.unwrap(), None);
    let bundle = notary.entries(2, 88).await.unwrap().unwrap();
    let entries = read_bundle(&bundle).unwrap();
    assert_eq!((entries.len(), entries[87]), (88, &b"{\"event\":599}"[..]));
}

#[tokio::test]
async fn heads_are_proven_and_so_is_that_a_stream_is_not_there() {
    let given = Given::log(1);
    let notary = given.notary().await;
    for events in [5, 20, 900] {
        given.log.add(events);
        let streams = vec![stream("person-3"), stream("nobody-1")];
        let heads = notary.commit_heads(streams).await.unwrap();
        assert_eq!(heads.at_position, given.log.last());
        let entries = given.log.entries.lock().unwrap().clone();
        let last = entries.iter().rfind(|entry| entry.stream == stream("person-3")).unwrap();
        let end = StreamEnd { revision: last.revision, leaf_hash: last.leaf_hash };
        check_head("subject-person-3", &end, &heads.proofs[0], &heads.root).unwrap();
        check_absent("subject-nobody-1", &heads.proofs[1], &heads.root).unwrap();
        assert_eq!(heads.streams, events.min(7));
        let before = StreamEnd { revision: last.revision + 1, ..end };
        assert!(check_head("subject-person-3", &before, &heads.proofs[0], &heads.root).is_err());
    }
}

#[tokio::test]
async fn a_notary_goes_on_where_it_stopped_and_makes_its_file_anew_if_that_is_gone() {
    let given = Given::log(1);
    let root_of = async |notary: &Notary| {
        let signed = notary.covering(given.log.last(), PATIENCE).await.unwrap();
        let heads = notary.commit_heads(Vec::new()).await.unwrap();
        (signed.checkpoint.root, heads.root, heads.streams)
    };
    given.log.add(333);
    let first = root_of(&given.notary().await).await;
    assert_eq!(root_of(&given.notary().await).await, first, "nothing new");
    given.log.add(333);
    let second = root_of(&given.notary().await).await;
    assert_eq!(second.0, given.log.root());
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(given.folder.path().join(format!("log.db{ending}")));
    }
    assert_eq!(root_of(&given.notary().await).await, second, "made anew");
}

#[tokio::test]
async fn a_log_that_was_cut_is_refused_with_and_without_the_file_of_the_tree() {
    for removes_file in [false, true] {
        let given = Given::log(1);
        given.log.add(400);
        let notary = given.notary().await;
        notary.covering(given.log.last(), PATIENCE).await.unwrap();
        drop(notary);
        given.log.change(|entries| entries.truncate(390));
        given.log.head.send_replace(Position::new(390));
        if removes_file {
            std::fs::remove_file(given.folder.path().join("log.db")).unwrap();
        }
        let refused = refusal(&given.notary().await, &given.log).await;
        assert!(matches!(refused, Refusal::RolledBack { signed: 400, .. }), "{refused:?}");
        assert!(refused.to_string().contains("open a new log"), "{refused}");
    }
}

#[tokio::test]
async fn a_rewritten_entry_is_refused_even_when_the_tree_is_made_anew_of_it() {
    let given = Given::log(1);
    given.log.add(400);
    let notary = given.notary().await;
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    drop(notary);
    given.log.change(|entries| {
        entries[17].bytes = "{\"event\":\"another\"}".into();
        entries[17].leaf_hash = leaf_hash(entries[17].bytes.as_bytes());
    });
    std::fs::remove_file(given.folder.path().join("log.db")).unwrap();
    given.log.add(1);
    assert_eq!(refusal(&given.notary().await, &given.log).await, Refusal::OtherRoot { size: 400 });
}

#[tokio::test]
async fn bytes_without_their_leaf_hash_are_never_put_under_a_checkpoint() {
    let given = Given::log(1);
    given.log.add(10);
    given.log.change(|entries| entries[6].bytes = "{\"event\":\"another\"}".into());
    assert_eq!(
        refusal(&given.notary().await, &given.log).await,
        Refusal::Altered { position: Position::new(7) }
    );
}

#[tokio::test]
async fn an_altered_tile_is_not_signed_over() {
    let given = Given::log(1);
    given.log.add(600);
    let notary = given.notary().await;
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    {
        static ALTER: Sql = Sql::both("UPDATE tiles SET hashes = zeroblob(64) WHERE tile >= (1 << 40)");
        let mut held = notary.tables.session.lock().await;
        query(&ALTER).execute(held.connection().unwrap()).await.unwrap();
    }
    drop(notary);
    assert_eq!(refusal(&given.notary().await, &given.log).await, Refusal::OtherRoot { size: 600 });
}

#[tokio::test]
async fn nothing_is_signed_that_does_not_extend_what_is_held_outside() {
    let given = Given::log(1);
    given.log.add(50);
    let signed = |size, root| {
        let checkpoint = Checkpoint { origin: "example.kz/log".into(), size, root };
        SignedCheckpoint::sign(checkpoint, &key("example.kz/log")).unwrap()
    };
    let newer = vec![signed(51, given.log.root())];
    let refused = refusal(&given.notary_with("example.kz/log", newer).await, &given.log).await;
    assert!(matches!(refused, Refusal::RolledBack { signed: 51, .. }), "{refused:?}");
    let other = vec![signed(50, [1; 32])];
    let refused = refusal(&given.notary_with("example.kz/log", other).await, &given.log).await;
    assert_eq!(refused, Refusal::OtherRoot { size: 50 });
    let same = vec![signed(50, given.log.root())];
    let notary = given.notary_with("example.kz/log", same).await;
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_key_of_another_log_signs_nothing_for_this_one() {
    let given = Given::log(1);
    given.log.add(5);
    let notary = given.notary_with("example.kz/other", Vec::new()).await;
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    drop(notary);
    let refused = refusal(&given.notary().await, &given.log).await;
    assert!(matches!(refused, Refusal::OtherOrigin { .. }), "{refused:?}");
}

#[tokio::test]
async fn signatures_of_others_stay_with_the_checkpoint_they_were_given_for() {
    let given = Given::log(1);
    let notary = given.notary().await;
    given.log.add(5);
    let signed = notary.covering(given.log.last(), PATIENCE).await.unwrap();
    let witness = note::CosigningKey::from_seed("witness.example/w1", Zeroizing::new([9; 32])).unwrap();
    let line = witness.cosign(signed.note.text(), 1_800_000_000).unwrap();
    let cosigned = notary.add_signatures(&signed, &[line]).await.unwrap();
    cosigned.note.verify(witness.verifier_key()).unwrap();
    assert_eq!(*notary.state().checkpoint.unwrap(), cosigned, "published");
    given.log.add(5);
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    assert_eq!(notary.kept_checkpoints(100, 9).await.unwrap(), [cosigned]);
}
