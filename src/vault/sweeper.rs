//! Keys leave memory when their lease ends, also those that nobody asks for again.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::Vault;

/// The least time between two sweeps, whatever the lease.
const EVERY_MIN: Duration = Duration::from_secs(1);

/// Sweeps a vault for as long as it is held.
#[derive(Debug)]
pub struct Sweeper(JoinHandle<()>);

impl Sweeper {
    /// Sweeps twice a lease, so that no key outlives its lease by more than half of one.
    #[must_use]
    pub fn start(vault: Arc<Vault>) -> Self {
        let every = (vault.cache.lease() / 2).max(EVERY_MIN);
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                vault.sweep();
            }
        }))
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use tempfile::TempDir;

    use super::*;
    use crate::clock::{SeededEntropy, SetClock};
    use crate::vault::kek::FileKek;
    use crate::vault::{KeyFile, KeyOwner, KeyState, LiveDek, VaultSettings};

    const LEASE: Duration = Duration::from_secs(2);

    struct Given {
        vault: Arc<Vault>,
        clock: Arc<SetClock>,
        _folder: TempDir,
    }

    impl Given {
        async fn vault() -> Self {
            let (clock, folder) = (Arc::new(SetClock::at(morning())), TempDir::new().unwrap());
            let keys = KeyFile::open(&folder.path().join("keys.db")).await.unwrap();
            let settings = VaultSettings { dek_cache_seconds: LEASE.as_secs(), ..VaultSettings::default() };
            let (kek, entropy) = (Arc::new(FileKek::new([5; 32])), Arc::new(SeededEntropy::new(1)));
            let vault = Arc::new(Vault::new(keys, kek, settings, clock.clone(), entropy));
            Self { vault, clock, _folder: folder }
        }

        async fn key_of(&self, owner: &str) -> LiveDek {
            match self.vault.mint(&[KeyOwner(owner.into())]).await.unwrap().remove(0) {
                Ok(KeyState::Ready(live)) => live,
                other => unreachable!("{other:?}"),
            }
        }
    }

    fn morning() -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000, 0).unwrap()
    }

    /// Whether the vault holds a key in memory, beside us.
    fn is_held(key: &LiveDek) -> bool {
        Arc::strong_count(&key.dek) > 1
    }

    /// Whether it comes true within a long time.
    async fn happens(it: impl Fn() -> bool) -> bool {
        for _ in 0..500 {
            if it() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    #[tokio::test]
    async fn a_key_leaves_memory_when_its_lease_ends_though_nobody_asks_for_it() {
        let it = Given::vault().await;
        let first = it.key_of("subject-p-invented-1").await;
        it.clock.run_to(morning() + LEASE - Duration::from_micros(1));
        let second = it.key_of("subject-p-invented-2").await;
        it.vault.sweep();
        assert!(is_held(&first) && is_held(&second), "within its lease it stays");
        it.clock.run_to(morning() + LEASE);
        it.vault.sweep();
        assert!(!is_held(&first) && is_held(&second), "each has a lease of its own");
        let again = it.key_of("subject-p-invented-1").await;
        assert_eq!(again.dek.bytes(), first.dek.bytes(), "the key itself is still there");
    }

    #[tokio::test]
    async fn a_sweeper_sweeps_by_itself_and_stops_when_it_is_let_go() {
        let it = Given::vault().await;
        let key = it.key_of("subject-p-invented-1").await;
        it.clock.run_to(morning() + LEASE);
        let sweeper = Sweeper::start(Arc::clone(&it.vault));
        assert!(happens(|| !is_held(&key)).await, "nobody asked for it");
        assert_eq!(Arc::strong_count(&it.vault), 2);
        drop(sweeper);
        assert!(happens(|| Arc::strong_count(&it.vault) == 1).await, "nobody holds the vault but us");
    }
}
