//! The key that wraps all others, and where it comes from.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::seal::{Dek, decrypt, encrypt, length_prefixed};
use crate::clock::Entropy;

/// Wraps and unwraps keys. A file today, a key-management service later.
#[async_trait]
pub trait KekProvider: Send + Sync + std::fmt::Debug {
    /// Id of the key-encryption key in use.
    fn kek_id(&self) -> &str;

    /// Wraps a key, bound to its owner, generation and this key-encryption key.
    async fn wrap(
        &self,
        owner: &str,
        generation: u32,
        dek: &Dek,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, KekError>;

    /// Unwraps a key that was wrapped for this owner and generation.
    async fn unwrap(
        &self,
        kek_id: &str,
        owner: &str,
        generation: u32,
        wrapped: &[u8],
    ) -> Result<Dek, KekError>;
}

/// A key-encryption key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KekError {
    /// The file cannot be read.
    #[error("cannot read the key-encryption key at {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file does not hold 32 bytes as hexadecimal text.
    #[error("{0} does not hold a key-encryption key: 64 hexadecimal digits")]
    Malformed(PathBuf),
    /// A key was wrapped under another key-encryption key.
    #[error("the key was wrapped under the key-encryption key {0}, which is not here")]
    OtherKek(String),
    /// Wrong owner, wrong generation, or altered.
    #[error("a wrapped key does not open: wrong owner, wrong generation, or altered")]
    Altered,
}

/// A key-encryption key read from a file outside the data folder. Wiped when it is let go.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct FileKek {
    key: [u8; 32],
    #[zeroize(skip)]
    id: String,
}

impl std::fmt::Debug for FileKek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileKek({})", self.id)
    }
}

impl FileKek {
    /// A key-encryption key from its bytes. Its id is the beginning of a hash of it.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        let hash = Sha256::new().chain_update(b"subject-record kek id").chain_update(key).finalize();
        Self { key, id: hex::encode(hash.get(..8).unwrap_or_default()) }
    }

    /// Reads the file that `init` made.
    ///
    /// # Errors
    /// [`KekError::Read`] or [`KekError::Malformed`], naming the file.
    pub fn read(path: &Path) -> Result<Self, KekError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| KekError::Read { path: path.to_owned(), source })?;
        let text = Zeroizing::new(text);
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), key.as_mut_slice())
            .map_err(|_| KekError::Malformed(path.to_owned()))?;
        Ok(Self::new(*key))
    }

    fn associated_data(&self, owner: &str, generation: u32) -> Vec<u8> {
        length_prefixed(&[b"wrapped dek", owner.as_bytes(), &generation.to_be_bytes(), self.id.as_bytes()])
    }
}

#[async_trait]
impl KekProvider for FileKek {
    fn kek_id(&self) -> &str {
        &self.id
    }

    async fn wrap(
        &self,
        owner: &str,
        generation: u32,
        dek: &Dek,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, KekError> {
        encrypt(&self.key, &self.associated_data(owner, generation), dek.bytes(), entropy)
            .ok_or(KekError::Altered)
    }

    async fn unwrap(
        &self,
        kek_id: &str,
        owner: &str,
        generation: u32,
        wrapped: &[u8],
    ) -> Result<Dek, KekError> {
        if kek_id != self.id {
            return Err(KekError::OtherKek(kek_id.to_owned()));
        }
        let plain =
            decrypt(&self.key, &self.associated_data(owner, generation), wrapped).ok_or(KekError::Altered)?;
        let bytes = Zeroizing::new(plain.as_slice().try_into().map_err(|_| KekError::Altered)?);
        Ok(Dek::from_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededEntropy;

    #[tokio::test]
    async fn attack_a_wrapped_key_of_one_person_does_not_unwrap_for_another() {
        let entropy = SeededEntropy::new(1);
        let kek = FileKek::new([3; 32]);
        let dek = Dek::random(&entropy);
        let wrapped = kek.wrap("subject-a", 1, &dek, &entropy).await.unwrap();
        assert_eq!(kek.unwrap(kek.kek_id(), "subject-a", 1, &wrapped).await.unwrap().bytes(), dek.bytes());
        assert!(matches!(kek.unwrap(kek.kek_id(), "subject-b", 1, &wrapped).await, Err(KekError::Altered)));
        assert!(matches!(kek.unwrap(kek.kek_id(), "subject-a", 2, &wrapped).await, Err(KekError::Altered)));
        let other = FileKek::new([4; 32]);
        assert!(matches!(
            other.unwrap(kek.kek_id(), "subject-a", 1, &wrapped).await,
            Err(KekError::OtherKek(_))
        ));
        assert!(matches!(
            other.unwrap(other.kek_id(), "subject-a", 1, &wrapped).await,
            Err(KekError::Altered)
        ));
    }
}
