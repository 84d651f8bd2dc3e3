//! Keys made once, destroyed for good, and kept no longer than a lease.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use subject_record::clock::Clock;
use subject_record::db::sql::Engine;
use subject_record::vault::kek::KekError;
use subject_record::vault::{KeyOwner, KeyState, OpeningKey, VaultError};
use subject_record_schemas::StreamName;
use tokio::task::JoinSet;

use super::given::{Given, LEASE_SECONDS, all, morning, on_both_engines, person, person_stream, ready};
use crate::traces::traces_in;

on_both_engines! {
    concurrent_mints_of_one_owner_give_one_key
    each_event_of_policy_and_office_has_a_key_of_its_own
    shredding_destroys_every_generation_and_only_of_its_owner
    behind_a_fence_no_key_is_made_ever_again
    no_key_survives_a_shredding_that_runs_among_mints_and_openings
    a_key_is_kept_for_its_lease_and_then_loaded_again
    a_key_that_does_not_unwrap_is_the_fault_of_its_owner_alone
}

async fn concurrent_mints_of_one_owner_give_one_key(engine: Engine) {
    let it = Given::vault(engine).await;
    let mut mints = JoinSet::new();
    for caller in 0..16 {
        let vault = Arc::clone(&it.vault);
        mints.spawn(async move {
            let states = all(vault.mint(&[person(100 + caller), person(1), person(1)]).await);
            states.into_iter().map(ready).map(|live| (live.generation, *live.dek.bytes())).collect::<Vec<_>>()
        });
    }
    let minted = mints.join_all().await;
    let first = minted[0][1];
    assert_eq!(first.0, 1);
    assert!(minted.iter().all(|keys| keys[1] == first && keys[2] == first), "one owner, one key");
    let mut own: Vec<_> = minted.iter().map(|keys| keys[0]).collect();
    own.sort_unstable();
    own.dedup();
    assert_eq!(own.len(), 16, "each of the others has its own");
    assert!(!own.contains(&first));
    assert_eq!(*it.mint(1).await.dek.bytes(), first.1, "minted again, it is the same");
    assert_eq!(it.place.wrapped().await.len(), 17);

    let it = it.reopened().await;
    let found = all(it.vault.find(&[person(1), person(2)]).await);
    assert!(matches!(&found[0], KeyState::Ready(live) if *live.dek.bytes() == first.1), "durable");
    assert!(matches!(found[1], KeyState::Absent), "{:?}", found[1]);
}

async fn each_event_of_policy_and_office_has_a_key_of_its_own(engine: Engine) {
    let owners = [("a", "bc"), ("ab", "c"), ("a", "b")]
        .map(|(source, id)| KeyOwner::of(&StreamName::Office, source, id));
    assert!(owners[0] != owners[1] && owners[1] != owners[2] && owners[0] != owners[2]);
    assert_eq!(KeyOwner::of(&person_stream(1), "a", "b"), KeyOwner::of(&person_stream(1), "c", "d"));
    assert_eq!(KeyOwner::of(&person_stream(1), "a", "b"), person(1));

    let it = Given::vault(engine).await;
    all(it.vault.mint(&owners).await);
    it.vault.shred(&owners[0]).await.unwrap();
    let states = all(it.vault.find(&owners).await);
    assert!(matches!(states[..], [KeyState::Fenced, KeyState::Ready(_), KeyState::Ready(_)]), "{states:?}");
}

async fn shredding_destroys_every_generation_and_only_of_its_owner(engine: Engine) {
    let it = Given::vault(engine).await;
    let (first, other) = (it.mint(1).await, it.mint(2).await);
    it.second_generation(1).await;
    let it = it.reopened().await;
    let newest = ready(all(it.vault.find(&[person(1)]).await).remove(0));
    assert_eq!(newest.generation, 2, "the newest generation seals");
    let opening = it.vault.opening_key(&person(1), 1).await.unwrap();
    assert!(
        matches!(&opening, OpeningKey::Ready(dek) if dek.bytes() == first.dek.bytes()),
        "the older one opens"
    );
    assert!(
        matches!(it.vault.opening_key(&person(1), 3).await.unwrap(), OpeningKey::Lost),
        "no fence explains it"
    );

    assert!(!it.vault.is_fenced(&person(1)).await.unwrap());
    it.vault.shred(&person(1)).await.unwrap();
    assert!(it.vault.is_fenced(&person(1)).await.unwrap());
    for generation in 1..=3 {
        let gone = it.vault.opening_key(&person(1), generation).await.unwrap();
        assert!(
            matches!(gone, OpeningKey::Shredded),
            "generation {generation} from the cache or the file: {gone:?}"
        );
    }
    assert!(matches!(all(it.vault.find(&[person(1)]).await)[..], [KeyState::Fenced]));
    let owners: Vec<_> = it.place.wrapped().await.into_iter().map(|(owner, _)| owner).collect();
    assert_eq!(owners, [person_stream(2).to_string()]);
    let kept = it.vault.opening_key(&person(2), 1).await.unwrap();
    assert!(matches!(&kept, OpeningKey::Ready(dek) if dek.bytes() == other.dek.bytes()));
    it.vault.shred(&person(1)).await.unwrap();
    assert_eq!(it.vault.shredded(&person(1)).await.unwrap(), [1, 2], "done twice, it does nothing");
    assert_eq!(it.vault.shredded(&person(2)).await.unwrap(), [0; 0]);
}

async fn behind_a_fence_no_key_is_made_ever_again(engine: Engine) {
    let mut it = Given::vault(engine).await;
    it.mint(1).await;
    it.vault.shred(&person(1)).await.unwrap();
    // Somebody who never had a key can be fenced too.
    it.vault.shred(&person(2)).await.unwrap();
    for _ in 0..2 {
        let states = all(it.vault.mint(&[person(1), person(2), person(3)]).await);
        assert!(matches!(states[..], [KeyState::Fenced, KeyState::Fenced, KeyState::Ready(_)]), "{states:?}");
        it = it.reopened().await;
    }
    let mut intruder = it.place.intruder().await;
    let byte = match engine {
        Engine::Sqlite => "x'00'",
        Engine::Postgres => "'\\x00'",
    };
    let make = format!(
        "INSERT INTO deks (owner, generation, kek_id, wrapped) VALUES ('subject-p-invented-1', 1, 'k', {byte})"
    );
    for (sql, because) in [
        ("DELETE FROM fences", "a fence stands for ever"),
        ("UPDATE fences SET owner = 'nobody'", "a fence stands for ever"),
        (make.as_str(), "the owner is fenced"),
    ] {
        let refused = intruder.runs(sql).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().message(), because, "{sql}");
    }
    assert_eq!(it.place.wrapped().await.len(), 1);
}

async fn no_key_survives_a_shredding_that_runs_among_mints_and_openings(engine: Engine) {
    let it = Given::vault(engine).await;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        for _ in 0..3 {
            let vault = Arc::clone(&it.vault);
            tasks.spawn(async move {
                all(vault.mint(&[person(number)]).await);
                vault.opening_key(&person(number), 1).await.unwrap();
            });
        }
        let vault = Arc::clone(&it.vault);
        tasks.spawn(async move {
            vault.shred(&person(number)).await.unwrap();
            let after = vault.opening_key(&person(number), 1).await.unwrap();
            assert!(matches!(after, OpeningKey::Shredded), "{after:?}");
        });
    }
    tasks.join_all().await;
    assert_eq!(it.place.wrapped().await, []);
    let states = all(it.vault.find(&(0..20).map(person).collect::<Vec<_>>()).await);
    assert!(states.iter().all(|state| matches!(state, KeyState::Fenced)), "{states:?}");
}

async fn a_key_is_kept_for_its_lease_and_then_loaded_again(engine: Engine) {
    let it = Given::vault(engine).await;
    let minted = it.mint(1).await;
    let loaded = it.only.unwrapped();
    let use_it = async || {
        let sealing = ready(all(it.vault.find(&[person(1)]).await).remove(0));
        let OpeningKey::Ready(opening) = it.vault.opening_key(&person(1), 1).await.unwrap() else {
            unreachable!()
        };
        assert_eq!((sealing.dek.bytes(), opening.bytes()), (minted.dek.bytes(), minted.dek.bytes()));
    };
    let lease = Duration::from_secs(LEASE_SECONDS);
    it.clock.run_to(morning() + lease - Duration::from_micros(1));
    use_it().await;
    assert_eq!(it.only.unwrapped(), loaded, "within its lease it comes from memory");

    // Setting the wall clock lengthens no lease.
    it.clock.leap_to(morning() - TimeDelta::days(1));
    it.clock.run_to(it.clock.now() + Duration::from_micros(1));
    use_it().await;
    assert_eq!(it.only.unwrapped(), loaded + 1, "after it, it is loaded once");
    use_it().await;
    assert_eq!(it.only.unwrapped(), loaded + 1, "for a new lease");

    // What is gone from the file is gone from memory when the lease ends, and is not called destroyed.
    it.place.intruder().await.runs("DELETE FROM deks").await.unwrap();
    use_it().await;
    it.clock.run_to(it.clock.now() + lease);
    let gone = it.vault.opening_key(&person(1), 1).await.unwrap();
    assert!(matches!(gone, OpeningKey::Lost), "{gone:?}");
    assert!(matches!(all(it.vault.find(&[person(1)]).await)[..], [KeyState::Absent]));
}

async fn a_key_that_does_not_unwrap_is_the_fault_of_its_owner_alone(engine: Engine) {
    let it = Given::vault(engine).await;
    it.mint(1).await;
    it.mint(2).await;
    let spoil = format!("UPDATE deks SET wrapped = kek_wrapped WHERE owner = '{}'", person_stream(1));
    let byte = if engine == Engine::Sqlite { "x'00'" } else { "'\\x00'" };
    it.place.intruder().await.runs(&spoil.replace("kek_wrapped", byte)).await.unwrap();
    let it = it.reopened().await;
    for states in [
        it.vault.find(&[person(1), person(2), person(3)]).await.unwrap(),
        it.vault.mint(&[person(1), person(2)]).await.unwrap(),
    ] {
        assert!(matches!(states[0], Err(VaultError::Kek(KekError::Altered))), "{states:?}");
        assert!(matches!(states[1], Ok(KeyState::Ready(_))), "{states:?}");
    }
    assert_eq!(it.place.wrapped().await.len(), 2, "a key that does not unwrap is not replaced");
}

#[tokio::test]
async fn no_byte_of_a_shredded_key_is_left_in_any_file() {
    const PEOPLE: u32 = 600;
    let it = Given::vault(Engine::Sqlite).await;
    // In an order that splits pages in their middle.
    for chunk in (0..PEOPLE).map(|number| number * 397 % PEOPLE).collect::<Vec<_>>().chunks(20) {
        all(it.vault.mint(&chunk.iter().copied().map(person).collect::<Vec<_>>()).await);
    }
    let wrapped = it.place.wrapped().await;
    let shredded: Vec<_> = (0..PEOPLE).step_by(29).collect();
    let of = |numbers: &[u32]| {
        let names: Vec<_> = numbers.iter().map(|number| person_stream(*number).to_string()).collect();
        let of_them = wrapped.iter().filter(move |(owner, _)| names.contains(owner));
        // The format's first byte is every key's; all that follows is random.
        of_them.map(|(_, wrapped)| wrapped[1..].to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(
        traces_in(it.place.folder.path(), &of(&shredded)),
        shredded.len(),
        "the search finds what is there"
    );
    for (done, number) in shredded.iter().enumerate() {
        it.vault.shred(&person(*number)).await.unwrap();
        if done % 7 == 0 {
            assert_eq!(traces_in(it.place.folder.path(), &of(&[*number])), 0, "person {number}");
        }
    }
    assert_eq!(traces_in(it.place.folder.path(), &of(&shredded)), 0);
    let kept: Vec<_> = (0..PEOPLE).filter(|number| !shredded.contains(number)).collect();
    assert_eq!(traces_in(it.place.folder.path(), &of(&kept)), kept.len());
}
