//! Several instances over one schema: what one destroys or revokes, no other uses once it is answered.

use std::sync::Arc;
use std::time::Duration;

use subject_record::caller::Role;
use subject_record::clock::{SeededEntropy, SetClock};
use subject_record::db::sql::{Engine, Text, query};
use subject_record::vault::{KeyState, OpeningKey};
use tokio::time::{Instant, sleep, timeout};

use super::given::{Instance, Place, all, eventually, morning, person, person_stream};
use crate::postgres::{Cluster, Proxy};

/// Longer than anybody waits for an instance that is silent.
const ANSWER_MAX: Duration = Duration::from_secs(60);

struct Given {
    place: Place,
    clock: Arc<SetClock>,
    one: Instance,
}

impl Given {
    async fn new() -> Self {
        let (place, clock) = (Place::new(Engine::Postgres).await, Arc::new(SetClock::at(morning())));
        let one = place.instance(1, &clock).await;
        Self { place, clock, one }
    }

    async fn another(&self) -> Instance {
        self.place.instance(2, &self.clock).await
    }

    async fn shreds(&self, number: u32) {
        timeout(ANSWER_MAX, self.one.vault.shred(&person(number))).await.unwrap().unwrap();
    }

    async fn count(&self, of: &str) -> i64 {
        let count = query(Text::Built(format!("SELECT count(*) FROM {of}")));
        count.fetch_one(&mut self.place.intruder().await.0).await.unwrap().integer(0).unwrap()
    }
}

/// Has an instance keep a key in memory, and makes sure that it does.
async fn holds(instance: &Instance, number: u32) {
    all(instance.vault.find(&[person(number)]).await);
    let loaded = instance.unwrapped();
    let again = all(instance.vault.find(&[person(number)]).await);
    assert!(matches!(again[..], [KeyState::Ready(_)]), "{again:?}");
    assert_eq!(instance.unwrapped(), loaded, "from memory");
}

async fn uses_no_key(instance: &Instance, number: u32) {
    let states = all(instance.vault.find(&[person(number)]).await);
    assert!(matches!(states[..], [KeyState::Fenced]), "{states:?}");
    let opening = instance.vault.opening_key(&person(number), 1).await.unwrap();
    assert!(matches!(opening, OpeningKey::Shredded), "{opening:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_another_instance_holds_in_memory_is_gone_before_its_shredding_is_answered() {
    let it = Given::new().await;
    let other = it.another().await;
    for number in 0..20 {
        it.one.mint(number).await;
        holds(&other, number).await;
        it.shreds(number).await;
        uses_no_key(&other, number).await;
    }
    assert!(other.is_live(), "it was heard, and not only waited out");
    it.one.mint(20).await;
    holds(&other, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_hears_of_a_shredding_late_is_waited_for() {
    let it = Given::new().await;
    let proxy = Proxy::before(Cluster::shared()).await;
    let other = it.place.instance_by(&proxy.url(&it.place.url), 2, &it.clock).await;
    it.one.mint(1).await;
    holds(&other, 1).await;
    proxy.cut();
    let vault = Arc::clone(&it.one.vault);
    let shredding = tokio::spawn(async move { vault.shred(&person(1)).await.unwrap() });
    sleep(Duration::from_millis(500)).await;
    assert!(!shredding.is_finished(), "it may still use the key");
    proxy.heal();
    timeout(ANSWER_MAX, shredding).await.unwrap().unwrap();
    uses_no_key(&other, 1).await;
    assert!(other.is_live(), "it was heard, and not only waited out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_that_shred_at_once_do_not_wait_for_one_another() {
    let it = Given::new().await;
    let other = it.another().await;
    for number in (0..20).step_by(2) {
        it.one.mint(number).await;
        other.mint(number + 1).await;
        let (mine, theirs) = (person(number), person(number + 1));
        let both = async { tokio::join!(it.one.vault.shred(&mine), other.vault.shred(&theirs)) };
        let (one, two) = timeout(ANSWER_MAX, both).await.unwrap();
        one.unwrap();
        two.unwrap();
        uses_no_key(&other, number).await;
        uses_no_key(&it.one, number + 1).await;
    }
    assert!(it.one.is_live() && other.is_live());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_whose_heart_has_stopped_is_waited_for_until_it_uses_nothing_from_memory() {
    let it = Given::new().await;
    let mut other = it.another().await;
    it.one.mint(1).await;
    let entropy = SeededEntropy::new(3);
    let keys = it.one.vault.key_file();
    let token = it.one.tokens.create(keys, "desk", Role::Support, Vec::new(), morning(), &entropy);
    let token = token.await.unwrap();
    holds(&other, 1).await;
    other.stops();
    holds(&other, 1).await;
    let began = Instant::now();
    it.shreds(1).await;
    assert!(began.elapsed() < ANSWER_MAX, "{:?}", began.elapsed());
    uses_no_key(&other, 1).await;
    assert!(other.tokens.authenticate(&token).await.unwrap().is_some());
    it.one.tokens.revoke(keys, "desk", morning()).await.unwrap();
    assert_eq!(other.tokens.authenticate(&token).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_cut_off_uses_its_memory_for_its_lease_and_then_says_that_it_cannot() {
    let it = Given::new().await;
    let proxy = Proxy::before(Cluster::shared()).await;
    let other = it.place.instance_by(&proxy.url(&it.place.url), 2, &it.clock).await;
    it.one.mint(1).await;
    it.one.mint(2).await;
    holds(&other, 1).await;
    holds(&other, 2).await;
    proxy.cut();
    holds(&other, 2).await;
    it.shreds(1).await;
    for number in [1, 2] {
        let found = timeout(ANSWER_MAX, other.vault.find(&[person(number)])).await.unwrap();
        assert!(found.is_err(), "{found:?}");
    }
    proxy.heal();
    proxy.reset();
    eventually(|| other.is_live()).await;
    uses_no_key(&other, 1).await;
    holds(&other, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_good_everywhere_when_it_is_made_and_nowhere_when_it_is_revoked() {
    let it = Given::new().await;
    let other = it.another().await;
    let (keys, entropy) = (it.one.vault.key_file(), SeededEntropy::new(3));
    for number in 0..10 {
        let name = format!("desk-{number}");
        let made = it.one.tokens.create(keys, &name, Role::Support, Vec::new(), morning(), &entropy);
        let text = made.await.unwrap();
        let caller = other.tokens.authenticate(&text).await.unwrap().unwrap();
        assert_eq!(caller.token.as_str(), name);
        assert!(it.one.tokens.revoke(keys, &name, morning()).await.unwrap());
        assert_eq!(other.tokens.authenticate(&text).await.unwrap(), None, "{name}");
        assert!(!other.tokens.is_live(&caller.token).await.unwrap(), "{name}");
        assert_eq!(other.tokens.list().len(), number + 1);
    }
    assert!(other.is_live(), "it was heard, and not only waited out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_took_over_without_the_last_invalidations_is_joined_anew() {
    let it = Given::new().await;
    let proxy = Proxy::before(Cluster::shared()).await;
    let other = it.place.instance_by(&proxy.url(&it.place.url), 2, &it.clock).await;
    for number in 0..3 {
        it.one.mint(number).await;
        it.shreds(number).await;
    }
    assert_eq!(it.count("instances WHERE passed = 3").await, 2);

    let mut intruder = it.place.intruder().await;
    intruder.runs("UPDATE invalidation_counter SET number = 0").await.unwrap();
    intruder.runs("DELETE FROM invalidations").await.unwrap();
    proxy.reset();
    let mut tries = 0;
    while it.count("instances WHERE passed = 0").await == 0 {
        tries += 1;
        assert!(tries < 1_000, "it still goes by what the server that is gone had");
        sleep(Duration::from_millis(20)).await;
    }
    eventually(|| other.is_live()).await;
    it.one.mint(9).await;
    holds(&other, 9).await;
    it.shreds(9).await;
    uses_no_key(&other, 9).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_wait_for_a_silent_database_wait_side_by_side() {
    let it = Given::new().await;
    let proxy = Proxy::before(Cluster::shared()).await;
    let mut other = it.place.instance_by(&proxy.url(&it.place.url), 2, &it.clock).await;
    let (keys, entropy) = (it.one.vault.key_file(), SeededEntropy::new(3));
    let token = it.one.tokens.create(keys, "desk", Role::Support, Vec::new(), morning(), &entropy);
    let token = token.await.unwrap();
    other.stops();
    proxy.cut();
    // From when on it may not go by what it knows.
    while other.tokens.authenticate(&token).await.is_ok() {
        sleep(Duration::from_millis(100)).await;
    }
    let many = (0..100).map(|_| other.tokens.authenticate(&token));
    let answers = timeout(ANSWER_MAX, futures::future::join_all(many)).await.unwrap();
    assert!(answers.iter().all(Result::is_err), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_has_left_is_not_waited_for_and_one_that_is_long_gone_is_forgotten() {
    let it = Given::new().await;
    let mut other = it.another().await;
    assert_eq!(it.count("instances").await, 2);
    it.one.mint(1).await;
    holds(&other, 1).await;
    other.leaves().await;
    assert_eq!(it.count("instances").await, 1);
    it.shreds(1).await;
    uses_no_key(&other, 1).await;

    let mut intruder = it.place.intruder().await;
    intruder.runs("INSERT INTO instances (instance, seen_us, passed) VALUES ('old', 0, 0)").await.unwrap();
    assert_eq!(it.count("invalidations").await, 1);
    // Whoever comes tidies up.
    let _fourth = it.place.instance(4, &it.clock).await;
    for _ in 0..500 {
        let gone = it.count("instances WHERE instance = 'old'").await == 0;
        if gone && it.count("invalidations").await == 0 {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    unreachable!("{} invalidations", it.count("invalidations").await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_the_others_have_forgotten_forgets_too_and_joins_again() {
    let it = Given::new().await;
    it.one.mint(1).await;
    holds(&it.one, 1).await;
    let held = it.one.unwrapped();
    it.place.intruder().await.runs("DELETE FROM instances").await.unwrap();
    for _ in 0..500 {
        all(it.one.vault.find(&[person(1)]).await);
        if it.one.unwrapped() > held && it.count("instances").await == 1 && it.one.is_live() {
            return holds(&it.one, 1).await;
        }
        sleep(Duration::from_millis(20)).await;
    }
    unreachable!("{} {}", person_stream(1), it.count("instances").await)
}
