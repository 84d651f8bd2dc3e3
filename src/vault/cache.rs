//! Keys in memory: each for its lease, and wiped when it is let go.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::seal::Dek;
use super::{KeyOwner, LiveDek};

/// The keys used last.
#[derive(Debug)]
pub(super) struct Cache {
    lease: Duration,
    deks: Mutex<LruCache<(KeyOwner, u32), Leased>>,
    newest: Mutex<LruCache<KeyOwner, u32>>,
}

#[derive(Debug)]
struct Leased {
    dek: Arc<Dek>,
    /// Running time of the clock at which the lease ends.
    until: Duration,
}

impl Cache {
    pub(super) fn new(entries_max: usize, lease: Duration) -> Self {
        let entries = NonZeroUsize::new(entries_max).unwrap_or(NonZeroUsize::MIN);
        Self { lease, deks: Mutex::new(LruCache::new(entries)), newest: Mutex::new(LruCache::new(entries)) }
    }

    /// How long a key is kept.
    pub(super) fn lease(&self) -> Duration {
        self.lease
    }

    /// Keeps a key from now on.
    pub(super) fn keep(&self, owner: &KeyOwner, generation: u32, dek: &Arc<Dek>, now: Duration) {
        let leased = Leased { dek: Arc::clone(dek), until: now + self.lease };
        lock(&self.deks).put((owner.clone(), generation), leased);
    }

    /// Keeps which generation of an owner's key is the newest.
    pub(super) fn keep_newest(&self, owner: &KeyOwner, generation: u32) {
        lock(&self.newest).put(owner.clone(), generation);
    }

    pub(super) fn get(&self, owner: &KeyOwner, generation: u32, now: Duration) -> Option<Arc<Dek>> {
        let mut deks = lock(&self.deks);
        let key = (owner.clone(), generation);
        let leased = deks.get(&key)?;
        if leased.until > now {
            return Some(Arc::clone(&leased.dek));
        }
        deks.pop(&key);
        None
    }

    pub(super) fn newest(&self, owner: &KeyOwner, now: Duration) -> Option<LiveDek> {
        let generation = *lock(&self.newest).get(owner)?;
        self.get(owner, generation, now).map(|dek| LiveDek { generation, dek })
    }

    /// Lets go of keys whose lease has ended.
    pub(super) fn sweep(&self, now: Duration) {
        let mut deks = lock(&self.deks);
        let ended = deks.iter().filter(|(_, leased)| leased.until <= now).map(|(key, _)| key.clone());
        for key in ended.collect::<Vec<_>>() {
            deks.pop(&key);
        }
    }

    /// Lets go of the keys of an owner, given by name.
    pub(super) fn evict(&self, owner: &str) {
        let owner = KeyOwner(owner.to_owned());
        lock(&self.newest).pop(&owner);
        let mut deks = lock(&self.deks);
        let keys: Vec<_> = deks.iter().map(|(key, _)| key).filter(|(of, _)| *of == owner).cloned().collect();
        for key in keys {
            deks.pop(&key);
        }
    }

    /// Lets go of all keys.
    pub(super) fn clear(&self) {
        lock(&self.newest).clear();
        lock(&self.deks).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
