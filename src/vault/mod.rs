//! The vault: a data-encryption key a person, wrapped; sealed boxes; fences.
//!
//! - A key is durable before the first box under it.
//! - Shredding leaves a fence, and no key is ever made behind one.
//! - Keys in memory are wiped when let go, and kept no longer than a lease.
//! - Where several instances share the keys, an erasure by one is an erasure by all before it is answered
//!   ([`instances`]).

mod beats;
mod cache;
pub mod index_lead;
pub mod instances;
pub mod kek;
mod keys;
pub mod lookup;
mod mints;
mod owner;
pub mod seal;
pub mod sweeper;
pub mod tokens;
mod writer;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::RwLock;

use self::cache::Cache;
pub use self::instances::Instances;
use self::kek::{KekError, KekProvider};
pub(crate) use self::keys::MIGRATOR as KEYS_MIGRATOR;
pub use self::keys::{KeyFile, SCHEMA};
use self::keys::{OwnerKeys, WrappedDek};
pub use self::owner::KeyOwner;
use self::seal::Dek;
use crate::clock::{Clock, Entropy};
pub use crate::config::Vault as VaultSettings;

/// A key in use: its generation stands with the box.
#[derive(Clone, Debug)]
pub struct LiveDek {
    /// Generation of the key.
    pub generation: u32,
    /// The key.
    pub dek: Arc<Dek>,
}

/// What the vault has of an owner.
#[derive(Clone, Debug)]
pub enum KeyState {
    /// A key to seal with: its newest generation.
    Ready(LiveDek),
    /// No key was ever made.
    Absent,
    /// All keys were destroyed, and none will be made.
    Fenced,
}

/// What became of a key that a box needs.
#[derive(Clone, Debug)]
pub enum OpeningKey {
    /// Here it is.
    Ready(Arc<Dek>),
    /// It was destroyed.
    Shredded,
    /// It is not here, and no destruction is recorded.
    Lost,
}

/// A fault of the vault.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Their file or database failed.
    #[error("the keys cannot be read or written")]
    Keys(#[from] sqlx::Error),
    /// A key does not unwrap.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// Keys are gone but their bytes may still lie in a file.
    #[error("destroyed keys still lie in the write-ahead log; try again")]
    NotScrubbed,
}

/// The vault.
#[derive(Debug)]
pub struct Vault {
    keys: KeyFile,
    kek: Arc<dyn KekProvider>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    cache: Cache,
    /// Loading and caching a key is shared, shredding is alone: a key that is being destroyed cannot come
    /// back into the cache behind the shredder.
    shredding: RwLock<()>,
}

impl Vault {
    /// A vault over a key file.
    #[must_use]
    pub fn new(
        keys: KeyFile,
        kek: Arc<dyn KekProvider>,
        settings: VaultSettings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let lease = Duration::from_secs(settings.dek_cache_seconds);
        let cache = Cache::new(settings.dek_cache_entries_max, lease);
        Self { keys, kek, clock, entropy, cache, shredding: RwLock::new(()) }
    }

    /// The key file, for what else is kept in it.
    #[must_use]
    pub fn key_file(&self) -> &KeyFile {
        &self.keys
    }

    /// Whether other instances use the same keys.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.keys.shared.is_some()
    }

    /// Keys to seal with, one state an owner. A key that does not unwrap is its owner's fault alone.
    ///
    /// # Errors
    /// When the key file fails.
    pub async fn find(&self, owners: &[KeyOwner]) -> Result<Vec<Result<KeyState, VaultError>>, VaultError> {
        let _shared = self.shredding.read().await;
        let cached: Vec<_> = owners.iter().map(|owner| self.cached_newest(owner)).collect();
        let missing = owners.iter().zip(&cached).filter(|(_, state)| state.is_none());
        let names: Vec<_> = missing.map(|(owner, _)| owner.as_str()).collect();
        let loaded = if names.is_empty() { HashMap::new() } else { self.keys.load(&names).await? };
        let mut states = Vec::with_capacity(owners.len());
        for (owner, state) in owners.iter().zip(cached) {
            states.push(match state {
                Some(state) => Ok(state),
                None => self.state_of(owner, loaded.get(owner.as_str())).await,
            });
        }
        Ok(states)
    }

    /// Makes first keys for owners that have none, durably, and answers what they have now.
    ///
    /// The caller has made sure that no box of theirs exists: a key that was lost is not replaced.
    ///
    /// # Errors
    /// When the key file fails. A key that does not wrap or unwrap is its owner's fault alone.
    pub async fn mint(&self, owners: &[KeyOwner]) -> Result<Vec<Result<KeyState, VaultError>>, VaultError> {
        let mut deks = Vec::with_capacity(owners.len());
        let mut faults = Vec::with_capacity(owners.len());
        for owner in owners {
            let dek = Dek::random(&*self.entropy);
            let generation = 1;
            let wrapped = self.kek.wrap(owner.as_str(), generation, &dek, &*self.entropy).await;
            let kek_id = self.kek.kek_id().to_owned();
            let wrapped =
                wrapped.map(|wrapped| WrappedDek { owner: owner.0.clone(), generation, kek_id, wrapped });
            faults.push(wrapped.map(|wrapped| deks.push(wrapped)).err());
        }
        self.keys.mint(deks).await?;
        let states = self.find(owners).await?.into_iter().zip(faults).map(|(state, fault)| match fault {
            Some(fault) if matches!(state, Ok(KeyState::Absent)) => Err(fault.into()),
            _ => state,
        });
        Ok(states.collect())
    }

    /// The key of a box.
    ///
    /// # Errors
    /// When the key file fails or the key does not unwrap.
    pub async fn opening_key(&self, owner: &KeyOwner, generation: u32) -> Result<OpeningKey, VaultError> {
        let _shared = self.shredding.read().await;
        if let Some(dek) = self.cached(owner, generation) {
            return Ok(OpeningKey::Ready(dek));
        }
        let loaded = self.keys.load(&[owner.as_str()]).await?.remove(owner.as_str()).unwrap_or_default();
        match loaded.deks.iter().find(|dek| dek.generation == generation) {
            Some(wrapped) => Ok(OpeningKey::Ready(self.unwrap(owner, wrapped).await?)),
            None if loaded.fenced => Ok(OpeningKey::Shredded),
            None => Ok(OpeningKey::Lost),
        }
    }

    /// Fences an owner and destroys every generation of its key, where it is kept and in memory, and its place in the
    /// lookup index. When it answers no instance uses such a key any more.
    ///
    /// Done twice, it does nothing the second time.
    ///
    /// # Errors
    /// [`VaultError::NotScrubbed`] when the keys are gone but may still lie in the write-ahead log.
    pub async fn shred(&self, owner: &KeyOwner) -> Result<(), VaultError> {
        let shredded = {
            let _alone = self.shredding.write().await;
            self.cache.evict(owner.as_str());
            self.keys.shred(owner.as_str(), self.clock.now()).await?
        };
        // Not alone any more: what another instance shreds has to be taken in meanwhile.
        if let Some(invalidation) = shredded.invalidation {
            self.keys.passed_by_all(invalidation).await?;
            self.keys.vacuum().await;
        }
        if shredded.scrubbed { Ok(()) } else { Err(VaultError::NotScrubbed) }
    }

    /// Lets go of the keys of owners that another instance has shredded. A key that is just being loaded is waited
    /// for, so that it does not come into memory behind this.
    pub(crate) async fn forget(&self, owners: &[String]) {
        if !owners.is_empty() {
            let _alone = self.shredding.write().await;
            owners.iter().for_each(|owner| self.cache.evict(owner));
        }
    }

    /// Lets go of all keys, as [`Vault::forget`] does.
    pub(crate) async fn forget_all(&self) {
        let _alone = self.shredding.write().await;
        self.cache.clear();
    }

    /// Generations of an owner's key that were shredded.
    ///
    /// # Errors
    /// When the key file fails.
    pub async fn shredded(&self, owner: &KeyOwner) -> Result<Vec<u32>, VaultError> {
        Ok(self.keys.shredded(owner.as_str()).await?)
    }

    /// Whether an owner is fenced and has no key left.
    ///
    /// # Errors
    /// When the key file fails.
    pub async fn is_fenced(&self, owner: &KeyOwner) -> Result<bool, VaultError> {
        let loaded = self.keys.load(&[owner.as_str()]).await?.remove(owner.as_str()).unwrap_or_default();
        Ok(loaded.fenced && loaded.deks.is_empty())
    }

    async fn state_of(&self, owner: &KeyOwner, loaded: Option<&OwnerKeys>) -> Result<KeyState, VaultError> {
        let Some(loaded) = loaded else { return Ok(KeyState::Absent) };
        if loaded.fenced {
            return Ok(KeyState::Fenced);
        }
        let Some(newest) = loaded.deks.iter().max_by_key(|dek| dek.generation) else {
            return Ok(KeyState::Absent);
        };
        let dek = self.unwrap(owner, newest).await?;
        self.cache.keep_newest(owner, newest.generation);
        Ok(KeyState::Ready(LiveDek { generation: newest.generation, dek }))
    }

    async fn unwrap(&self, owner: &KeyOwner, wrapped: &WrappedDek) -> Result<Arc<Dek>, VaultError> {
        let dek =
            self.kek.unwrap(&wrapped.kek_id, owner.as_str(), wrapped.generation, &wrapped.wrapped).await?;
        let dek = Arc::new(dek);
        if self.keys.may_remember() {
            self.cache.keep(owner, wrapped.generation, &dek, self.clock.read().running);
        }
        Ok(dek)
    }

    fn cached(&self, owner: &KeyOwner, generation: u32) -> Option<Arc<Dek>> {
        let dek = self.cache.get(owner, generation, self.clock.read().running)?;
        self.keys.may_remember().then_some(dek)
    }

    fn cached_newest(&self, owner: &KeyOwner) -> Option<KeyState> {
        let newest = self.cache.newest(owner, self.clock.read().running)?;
        self.keys.may_remember().then_some(KeyState::Ready(newest))
    }

    /// Wipes keys whose lease has ended from memory: nobody may ask for them ever again.
    pub fn sweep(&self) {
        if self.keys.may_remember() {
            self.cache.sweep(self.clock.read().running);
        } else {
            self.cache.clear();
        }
    }
}
