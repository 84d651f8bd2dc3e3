//! The vault over its file: keys made once, destroyed for good, and kept no longer than a lease; tokens.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};
use subject_record::caller::{Role, SourcePattern, TokenId};
use subject_record::clock::{Clock, Entropy, SeededEntropy, SetClock};
use subject_record::vault::kek::{FileKek, KekError, KekProvider};
use subject_record::vault::seal::Dek;
use subject_record::vault::tokens::{TokenError, Tokens};
use subject_record::vault::{
    KeyFile, KeyOwner, KeyState, LiveDek, OpeningKey, Vault, VaultError, VaultSettings,
};
use subject_record_schemas::{Source, StreamName, SubjectId};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::traces::traces_in;

const LEASE_SECONDS: u64 = 300;

/// A key-encryption key that counts how often it is asked to unwrap.
#[derive(Debug)]
struct CountingKek {
    inner: FileKek,
    unwrapped: AtomicU32,
}

#[async_trait]
impl KekProvider for CountingKek {
    fn kek_id(&self) -> &str {
        self.inner.kek_id()
    }

    async fn wrap(
        &self,
        owner: &str,
        generation: u32,
        dek: &Dek,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, KekError> {
        self.inner.wrap(owner, generation, dek, entropy).await
    }

    async fn unwrap(
        &self,
        kek_id: &str,
        owner: &str,
        generation: u32,
        wrapped: &[u8],
    ) -> Result<Dek, KekError> {
        self.unwrapped.fetch_add(1, Ordering::Relaxed);
        self.inner.unwrap(kek_id, owner, generation, wrapped).await
    }
}

/// A vault in a folder of its own.
struct Given {
    vault: Arc<Vault>,
    clock: Arc<SetClock>,
    kek: Arc<CountingKek>,
    folder: TempDir,
}

impl Given {
    async fn vault() -> Self {
        let (clock, folder) = (Arc::new(SetClock::at(morning())), TempDir::new().unwrap());
        let kek = Arc::new(CountingKek { inner: FileKek::new([5; 32]), unwrapped: AtomicU32::new(0) });
        let vault = vault_in(folder.path(), &kek, &clock).await;
        Self { vault, clock, kek, folder }
    }

    /// The same folder, as after a restart.
    async fn reopened(self) -> Self {
        let Self { vault, clock, kek, folder } = self;
        drop(vault);
        let vault = vault_in(folder.path(), &kek, &clock).await;
        Self { vault, clock, kek, folder }
    }

    /// A connection of somebody who does not go through the vault.
    async fn intruder(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.folder.path().join("keys.db")).connect().await.unwrap()
    }

    /// Every wrapped key in the file, with its owner.
    async fn wrapped(&self) -> Vec<(String, Vec<u8>)> {
        let rows = sqlx::query("SELECT owner, wrapped FROM deks")
            .fetch_all(&mut self.intruder().await)
            .await
            .unwrap();
        rows.iter().map(|row| (row.get("owner"), row.get("wrapped"))).collect()
    }

    /// A key of a later generation, as a rotation leaves it.
    async fn second_generation(&self, number: u32) {
        let stream = person_stream(number).to_string();
        let entropy = SeededEntropy::new(2);
        let wrapped = self.kek.wrap(&stream, 2, &Dek::random(&entropy), &entropy).await.unwrap();
        let insert =
            sqlx::query("INSERT INTO deks (owner, generation, kek_id, wrapped) VALUES (?1, 2, ?2, ?3)");
        let insert = insert.bind(stream).bind(self.kek.kek_id()).bind(wrapped);
        insert.execute(&mut self.intruder().await).await.unwrap();
    }

    /// The first key of a person.
    async fn mint(&self, number: u32) -> LiveDek {
        ready(all(self.vault.mint(&[person(number)]).await).remove(0))
    }

    fn unwrapped(&self) -> u32 {
        self.kek.unwrapped.load(Ordering::Relaxed)
    }
}

async fn vault_in(folder: &Path, kek: &Arc<CountingKek>, clock: &Arc<SetClock>) -> Arc<Vault> {
    let keys = KeyFile::open(&folder.join("keys.db")).await.unwrap();
    let settings = VaultSettings { dek_cache_seconds: LEASE_SECONDS, ..VaultSettings::default() };
    Arc::new(Vault::new(keys, kek.clone(), settings, clock.clone(), Arc::new(SeededEntropy::new(1))))
}

fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn person_stream(number: u32) -> StreamName {
    StreamName::Subject(SubjectId::parse(format!("p-invented-{number}")).unwrap())
}

fn person(number: u32) -> KeyOwner {
    KeyOwner::person(&person_stream(number))
}

/// The states of a batch in which nothing is at fault.
fn all(states: Result<Vec<Result<KeyState, VaultError>>, VaultError>) -> Vec<KeyState> {
    states.unwrap().into_iter().map(Result::unwrap).collect()
}

fn ready(state: KeyState) -> LiveDek {
    match state {
        KeyState::Ready(live) => live,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_mints_of_one_owner_give_one_key() {
    let it = Given::vault().await;
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
    assert_eq!(it.wrapped().await.len(), 17);

    let it = it.reopened().await;
    let found = all(it.vault.find(&[person(1), person(2)]).await);
    assert!(matches!(&found[0], KeyState::Ready(live) if *live.dek.bytes() == first.1), "durable");
    assert!(matches!(found[1], KeyState::Absent), "{:?}", found[1]);
}

#[tokio::test]
async fn each_event_of_policy_and_office_has_a_key_of_its_own() {
    let owners = [("a", "bc"), ("ab", "c"), ("a", "b")]
        .map(|(source, id)| KeyOwner::of(&StreamName::Office, source, id));
    assert!(owners[0] != owners[1] && owners[1] != owners[2] && owners[0] != owners[2]);
    assert_eq!(KeyOwner::of(&person_stream(1), "a", "b"), KeyOwner::of(&person_stream(1), "c", "d"));
    assert_eq!(KeyOwner::of(&person_stream(1), "a", "b"), person(1));

    let it = Given::vault().await;
    all(it.vault.mint(&owners).await);
    it.vault.shred(&owners[0]).await.unwrap();
    let states = all(it.vault.find(&owners).await);
    assert!(matches!(states[..], [KeyState::Fenced, KeyState::Ready(_), KeyState::Ready(_)]), "{states:?}");
}

#[tokio::test]
async fn shredding_destroys_every_generation_and_only_of_its_owner() {
    let it = Given::vault().await;
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
    let owners: Vec<_> = it.wrapped().await.into_iter().map(|(owner, _)| owner).collect();
    assert_eq!(owners, [person_stream(2).to_string()]);
    let kept = it.vault.opening_key(&person(2), 1).await.unwrap();
    assert!(matches!(&kept, OpeningKey::Ready(dek) if dek.bytes() == other.dek.bytes()));
    it.vault.shred(&person(1)).await.unwrap();
    assert_eq!(it.vault.shredded(&person(1)).await.unwrap(), [1, 2], "done twice, it does nothing");
    assert_eq!(it.vault.shredded(&person(2)).await.unwrap(), [0; 0]);
}

#[tokio::test]
async fn behind_a_fence_no_key_is_made_ever_again() {
    let mut it = Given::vault().await;
    it.mint(1).await;
    it.vault.shred(&person(1)).await.unwrap();
    // Somebody who never had a key can be fenced too.
    it.vault.shred(&person(2)).await.unwrap();
    for _ in 0..2 {
        let states = all(it.vault.mint(&[person(1), person(2), person(3)]).await);
        assert!(matches!(states[..], [KeyState::Fenced, KeyState::Fenced, KeyState::Ready(_)]), "{states:?}");
        it = it.reopened().await;
    }
    let mut file = it.intruder().await;
    for (sql, because) in [
        ("DELETE FROM fences", "a fence stands for ever"),
        ("UPDATE fences SET owner = 'nobody'", "a fence stands for ever"),
        (
            "INSERT INTO deks (owner, generation, kek_id, wrapped) VALUES ('subject-p-invented-1', 1, 'k', x'00')",
            "the owner is fenced",
        ),
    ] {
        let refused = sqlx::query(sql).execute(&mut file).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().message(), because, "{sql}");
    }
    assert_eq!(it.wrapped().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_survives_a_shredding_that_runs_among_mints_and_openings() {
    let it = Given::vault().await;
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
    assert_eq!(it.wrapped().await, []);
    let states = all(it.vault.find(&(0..20).map(person).collect::<Vec<_>>()).await);
    assert!(states.iter().all(|state| matches!(state, KeyState::Fenced)), "{states:?}");
}

#[tokio::test]
async fn a_key_is_kept_for_its_lease_and_then_loaded_again() {
    let it = Given::vault().await;
    let minted = it.mint(1).await;
    let loaded = it.unwrapped();
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
    assert_eq!(it.unwrapped(), loaded, "within its lease it comes from memory");

    // Setting the wall clock lengthens no lease.
    it.clock.leap_to(morning() - TimeDelta::days(1));
    it.clock.run_to(it.clock.now() + Duration::from_micros(1));
    use_it().await;
    assert_eq!(it.unwrapped(), loaded + 1, "after it, it is loaded once");
    use_it().await;
    assert_eq!(it.unwrapped(), loaded + 1, "for a new lease");

    // What is gone from the file is gone from memory when the lease ends, and is not called destroyed.
    sqlx::query("DELETE FROM deks").execute(&mut it.intruder().await).await.unwrap();
    use_it().await;
    it.clock.run_to(it.clock.now() + lease);
    let gone = it.vault.opening_key(&person(1), 1).await.unwrap();
    assert!(matches!(gone, OpeningKey::Lost), "{gone:?}");
    assert!(matches!(all(it.vault.find(&[person(1)]).await)[..], [KeyState::Absent]));
}

#[tokio::test]
async fn a_key_that_does_not_unwrap_is_the_fault_of_its_owner_alone() {
    let it = Given::vault().await;
    it.mint(1).await;
    it.mint(2).await;
    let spoiled = sqlx::query("UPDATE deks SET wrapped = x'00' WHERE owner = ?1");
    spoiled.bind(person_stream(1).to_string()).execute(&mut it.intruder().await).await.unwrap();
    let it = it.reopened().await;
    for states in [
        it.vault.find(&[person(1), person(2), person(3)]).await.unwrap(),
        it.vault.mint(&[person(1), person(2)]).await.unwrap(),
    ] {
        assert!(matches!(states[0], Err(VaultError::Kek(KekError::Altered))), "{states:?}");
        assert!(matches!(states[1], Ok(KeyState::Ready(_))), "{states:?}");
    }
    assert_eq!(it.wrapped().await.len(), 2, "a key that does not unwrap is not replaced");
}

#[tokio::test]
async fn no_byte_of_a_shredded_key_is_left_in_any_file() {
    const PEOPLE: u32 = 600;
    let it = Given::vault().await;
    // In an order that splits pages in their middle.
    for chunk in (0..PEOPLE).map(|number| number * 397 % PEOPLE).collect::<Vec<_>>().chunks(20) {
        all(it.vault.mint(&chunk.iter().copied().map(person).collect::<Vec<_>>()).await);
    }
    let wrapped = it.wrapped().await;
    let shredded: Vec<_> = (0..PEOPLE).step_by(29).collect();
    let of = |numbers: &[u32]| {
        let names: Vec<_> = numbers.iter().map(|number| person_stream(*number).to_string()).collect();
        let of_them = wrapped.iter().filter(move |(owner, _)| names.contains(owner));
        // The format's first byte is every key's; all that follows is random.
        of_them.map(|(_, wrapped)| wrapped[1..].to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(traces_in(it.folder.path(), &of(&shredded)), shredded.len(), "the search finds what is there");
    for (done, number) in shredded.iter().enumerate() {
        it.vault.shred(&person(*number)).await.unwrap();
        if done % 7 == 0 {
            assert_eq!(traces_in(it.folder.path(), &of(&[*number])), 0, "person {number}");
        }
    }
    assert_eq!(traces_in(it.folder.path(), &of(&shredded)), 0);
    let kept: Vec<_> = (0..PEOPLE).filter(|number| !shredded.contains(number)).collect();
    assert_eq!(traces_in(it.folder.path(), &of(&kept)), kept.len());
}

#[tokio::test]
async fn a_token_stands_for_its_caller_until_it_is_revoked() {
    let it = Given::vault().await;
    let (keys, entropy) = (it.vault.key_file(), SeededEntropy::new(3));
    let tokens = Tokens::load(keys).await.unwrap();
    let sources = || vec![SourcePattern::parse("platform/*").unwrap()];
    let platform =
        tokens.create(keys, "platform-1", Role::Emitter, sources(), morning(), &entropy).await.unwrap();
    let audit = tokens.create(keys, "audit", Role::Auditor, Vec::new(), morning(), &entropy).await.unwrap();
    assert!(platform.starts_with("sr_platform-1_"), "a leaked one is recognised");

    let caller = tokens.authenticate(&platform).unwrap();
    assert_eq!((caller.token.as_str(), caller.role), ("platform-1", Role::Emitter));
    assert!(caller.owns(&Source::parse("platform/consents").unwrap()));
    assert!(!caller.owns(&Source::parse("audit").unwrap()));

    assert!(tokens.revoke(keys, "platform-1", morning() + TimeDelta::hours(1)).await.unwrap());
    assert!(!tokens.revoke(keys, "platform-1", morning() + TimeDelta::hours(2)).await.unwrap(), "only once");
    assert!(!tokens.revoke(keys, "nobody", morning()).await.unwrap());
    // The same after a restart: what is known by heart is what the file says.
    for tokens in [&tokens, &Tokens::load(keys).await.unwrap()] {
        let live =
            ["platform-1", "audit", "nobody"].map(|name| tokens.is_live(&TokenId::parse(name).unwrap()));
        assert_eq!(live, [false, true, false]);
        assert_eq!(tokens.authenticate(&platform), None);
        assert_eq!(tokens.authenticate(&audit).unwrap().role, Role::Auditor);
        let listed = tokens.list();
        let listed: Vec<_> = listed.iter().map(|info| (info.token.as_str(), info.revoked_at)).collect();
        assert_eq!(listed, [("audit", None), ("platform-1", Some(morning() + TimeDelta::hours(1)))]);
    }
}

#[tokio::test]
async fn attack_a_token_that_is_not_exactly_right_stands_for_nobody() {
    let it = Given::vault().await;
    let (keys, entropy) = (it.vault.key_file(), SeededEntropy::new(3));
    let tokens = Tokens::load(keys).await.unwrap();
    let one = tokens.create(keys, "one", Role::Auditor, Vec::new(), morning(), &entropy).await.unwrap();
    let two = tokens.create(keys, "two", Role::Auditor, Vec::new(), morning(), &entropy).await.unwrap();
    assert!(tokens.authenticate(&one).is_some() && tokens.authenticate(&two).is_some());
    let secret = one.strip_prefix("sr_one_").unwrap();
    let last = if one.ends_with('A') { 'B' } else { 'A' };
    for wrong in [
        String::new(),
        "sr_".into(),
        "sr_one".into(),
        "sr_one_".into(),
        format!("sr_two_{secret}"),
        format!("sr_nobody_{secret}"),
        format!("SR_one_{secret}"),
        format!("sr_ONE_{secret}"),
        format!("one_{secret}"),
        format!(" {}", *one),
        format!("{}=", *one),
        format!("{}{last}", &one[..one.len() - 1]),
        one[..one.len() - 1].to_owned(),
    ] {
        assert_eq!(tokens.authenticate(&wrong), None, "{wrong}");
    }
    assert_eq!(traces_in(it.folder.path(), &[secret.as_bytes().to_vec()]), 0, "the file holds no secret");
}

#[tokio::test]
async fn a_tokens_name_is_used_once_and_fits_its_role() {
    let it = Given::vault().await;
    let (keys, entropy) = (it.vault.key_file(), SeededEntropy::new(3));
    let tokens = Tokens::load(keys).await.unwrap();
    let sources = |text| vec![SourcePattern::parse(text).unwrap()];
    let create =
        async |name, role, sources| tokens.create(keys, name, role, sources, morning(), &entropy).await;
    let first = create("desk", Role::Support, Vec::new()).await.unwrap();
    assert!(matches!(create("desk", Role::Support, Vec::new()).await, Err(TokenError::Taken)));
    assert!(tokens.authenticate(&first).is_some(), "the refused one has not taken its place");
    tokens.revoke(keys, "desk", morning()).await.unwrap();
    assert!(
        matches!(create("desk", Role::Support, Vec::new()).await, Err(TokenError::Taken)),
        "events bear it"
    );
    for name in ["service", "", "Desk", "de_sk", "de sk", "стол"] {
        assert!(matches!(create(name, Role::Support, Vec::new()).await, Err(TokenError::Name)), "{name:?}");
    }
    for (role, sources) in [
        (Role::Emitter, Vec::new()),
        (Role::Officer, Vec::new()),
        (Role::Support, sources("platform")),
        (Role::Auditor, sources("platform/*")),
        (Role::Operator, sources("*")),
    ] {
        assert!(matches!(create("other", role, sources).await, Err(TokenError::Sources)), "{role}");
    }
    assert_eq!(tokens.list().len(), 1);
}
