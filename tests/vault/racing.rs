//! Instances that do opposite things at the same moment, and a database that goes away amidst them.

use std::sync::Arc;
use std::time::Duration;

use subject_record::clock::SetClock;
use subject_record::db::sql::Engine;
use subject_record::vault::lookup::IndexEntry;
use subject_record::vault::{KeyOwner, KeyState, Vault};
use subject_record_schemas::vocabulary::LookupKind;
use subject_record_schemas::{LeafHash, Position};

use super::given::{Instance, Place, all, morning, person, person_stream, ready};

const PEOPLE: u32 = 120;

struct Given {
    place: Place,
    one: Instance,
    other: Instance,
}

impl Given {
    async fn new() -> Self {
        let (place, clock) = (Place::new(Engine::Postgres).await, Arc::new(SetClock::at(morning())));
        let (one, other) = (place.instance(1, &clock).await, place.instance(2, &clock).await);
        Self { place, one, other }
    }

    /// Shreds a person on the other instance, at moments that differ.
    async fn shreds_a_moment_later(&self, number: u32) {
        tokio::time::sleep(Duration::from_micros(u64::from(number % 8) * 250)).await;
        self.other.vault.shred(&person(number)).await.unwrap();
    }

    /// Returns once they are gone.
    async fn drops_all_connections(&self) {
        let drop = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.place.intruder().await.runs(drop).await.unwrap();
    }
}

async fn minted(vault: Arc<Vault>, owners: Vec<KeyOwner>) -> Vec<[u8; 32]> {
    let states = all(vault.mint(&owners).await);
    states.into_iter().map(|state| *ready(state).dek.bytes()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_that_make_a_key_at_once_use_the_same() {
    let it = Given::new().await;
    for round in 0..20 {
        let there: Vec<_> = (round * 10..round * 10 + 10).map(person).collect();
        let back = there.iter().rev().cloned().collect();
        let (one, other) = (Arc::clone(&it.one.vault), Arc::clone(&it.other.vault));
        let (mine, mut theirs) = tokio::join!(minted(one, there), minted(other, back));
        theirs.reverse();
        assert_eq!(mine, theirs);
    }
    assert_eq!(it.place.wrapped().await.len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_is_left_behind_a_fence_that_another_instance_puts_up_at_that_moment() {
    let it = Given::new().await;
    for number in 0..PEOPLE {
        let owner = [person(number)];
        let (made, shredded) = tokio::join!(it.one.vault.mint(&owner), it.shreds_a_moment_later(number));
        drop((all(made), shredded));
    }
    assert_eq!(it.place.wrapped().await, []);
    for vault in [&it.one.vault, &it.other.vault] {
        let states = all(vault.find(&(0..PEOPLE).map(person).collect::<Vec<_>>()).await);
        assert!(states.iter().all(|state| matches!(state, KeyState::Fenced)), "{states:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_not_yet_committed_is_waited_for_by_the_fence() {
    let it = Given::new().await;
    let mut intruder = it.place.intruder().await;
    intruder.runs("BEGIN").await.unwrap();
    let owner = person_stream(1);
    let make =
        format!("INSERT INTO deks (owner, generation, kek_id, wrapped) VALUES ('{owner}', 1, 'k', '\\x00')");
    intruder.runs(&make).await.unwrap();
    let vault = Arc::clone(&it.one.vault);
    let shredding = tokio::spawn(async move { vault.shred(&person(1)).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!shredding.is_finished(), "it waits");
    intruder.runs("COMMIT").await.unwrap();
    shredding.await.unwrap();
    assert_eq!(it.place.wrapped().await, []);
    assert_eq!(it.one.vault.shredded(&person(1)).await.unwrap(), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_indexed_behind_a_fence_that_another_instance_puts_up_at_that_moment() {
    let it = Given::new().await;
    let lead = it.one.vault.lead_index().await.unwrap().unwrap();
    it.one.vault.begin_index(&lead).await.unwrap();
    let key = it.other.vault.index().await.unwrap().unwrap().key;
    for number in 0..PEOPLE {
        let entry = IndexEntry {
            kind: LookupKind::Phone,
            tag: Some(key.tag(LookupKind::Phone, &format!("+7700{number:07}"))),
            position: Position::new(u64::from(number) + 1),
            owner: person_stream(number),
            occurred_us: 0,
        };
        let (entries, hash) = ([entry], LeafHash::new([7; 32]));
        let adding = it.one.vault.add_to_index(&lead, &entries, Position::new(1), hash);
        let (added, ()) = tokio::join!(adding, it.shreds_a_moment_later(number));
        added.unwrap();
    }
    let mut intruder = it.place.intruder().await;
    assert_eq!(intruder.runs("DELETE FROM lookup_entries").await.unwrap(), 0);
    let late = "INSERT INTO lookup_entries (kind, tag, position, owner, occurred_us) \
                VALUES ('phone', '\\x00', 1, 'subject-p-invented-1', 0)";
    let refused = intruder.runs(late).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().message(), "the person is fenced");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_instance_keeps_the_index_and_whoever_lost_that_right_writes_nothing() {
    let it = Given::new().await;
    let lead = it.one.vault.lead_index().await.unwrap().unwrap();
    assert!(it.other.vault.lead_index().await.unwrap().is_none());
    it.one.vault.begin_index(&lead).await.unwrap();
    assert_eq!(it.one.vault.index_position().await.unwrap(), Position::START);
    // Longer than the server bears silence.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(it.other.vault.lead_index().await.unwrap().is_none(), "it gives signs of life");
    it.drops_all_connections().await;
    let next = it.other.vault.lead_index().await.unwrap().unwrap();
    let (at, hash) = (Position::new(7), LeafHash::new([7; 32]));
    assert!(it.one.vault.add_to_index(&lead, &[], at, hash).await.is_err());
    assert!(it.one.vault.begin_index(&lead).await.is_err());
    lead.lost().await;
    assert_eq!(it.one.vault.index_position().await.unwrap(), Position::START);
    it.other.vault.add_to_index(&next, &[], at, hash).await.unwrap();
    assert_eq!(it.one.vault.index_position().await.unwrap(), at);
    drop(next);
    for _ in 0..100 {
        if it.one.vault.lead_index().await.unwrap().is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!("nobody lets go of the lease")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_made_again_and_nothing_is_refused() {
    let it = Given::new().await;
    for number in 0..10 {
        it.one.mint(number).await;
        it.drops_all_connections().await;
        it.one.mint(100 + number).await;
        it.drops_all_connections().await;
        it.one.vault.shred(&person(number)).await.unwrap();
    }
    assert_eq!(it.place.wrapped().await.len(), 10);
}
