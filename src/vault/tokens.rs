//! Tokens: kept as hashes of their secrets, known by heart by the process that owns the folder.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::Row;
use zeroize::Zeroizing;

use super::KeyFile;
use crate::caller::{Caller, Role, SourcePattern, TokenId};
use crate::clock::Entropy;

const ALL: &str =
    "SELECT token, secret, role, sources, created_us, revoked_us FROM tokens ORDER BY created_us, token";
const CREATE: &str =
    "INSERT INTO tokens (token, secret, role, sources, created_us) VALUES (?1, ?2, ?3, ?4, ?5)";
const REVOKE: &str = "UPDATE tokens SET revoked_us = ?2 WHERE token = ?1 AND revoked_us IS NULL";

/// What every token begins with, so that one that leaked is recognised.
const PREFIX: &str = "sr_";
const SECRET_BYTES: usize = 32;

/// A token as it is listed: never its secret.
#[derive(Clone, Debug, Serialize)]
pub struct TokenInfo {
    /// Its id.
    pub token: TokenId,
    /// What it may do.
    pub role: Role,
    /// Sources it owns.
    pub sources: Vec<SourcePattern>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A refusal to make or revoke a token, or a fault of the file.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name is no token id.
    #[error(
        "a token's name is 1 to 64 of a-z, 0-9 and -, begins with a letter or digit, looks like no IIN or phone number, and is not `service`"
    )]
    Name,
    /// The name is taken, also when that token was revoked.
    #[error("there is or was a token of this name; names are not used twice, since events bear them")]
    Taken,
    /// An emitter needs sources; no other role has any use for them but the officer.
    #[error("an emitter or officer needs at least one --source, and other roles none")]
    Sources,
    /// The file failed.
    #[error("the key file failed")]
    Keys(#[from] sqlx::Error),
    /// A row does not read.
    #[error("the key file holds a token that does not read: {0}")]
    Row(String),
}

struct Known {
    secret_hash: Vec<u8>,
    info: TokenInfo,
}

/// All tokens.
pub struct Tokens {
    known: RwLock<HashMap<TokenId, Known>>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// Reads all tokens of the key file.
    ///
    /// # Errors
    /// When the file fails or a row does not read.
    pub async fn load(keys: &KeyFile) -> Result<Self, TokenError> {
        let mut known = HashMap::new();
        for row in sqlx::query(ALL).fetch_all(&keys.readers).await? {
            let name: String = row.try_get("token")?;
            let bad = || TokenError::Row(name.clone());
            let instant = |us: i64| DateTime::from_timestamp_micros(us).ok_or_else(bad);
            let revoked: Option<i64> = row.try_get("revoked_us")?;
            let info = TokenInfo {
                token: TokenId::parse(&name).ok_or_else(bad)?,
                role: row.try_get::<&str, _>("role")?.parse().map_err(|_| bad())?,
                sources: serde_json::from_str(row.try_get("sources")?).map_err(|_| bad())?,
                created_at: instant(row.try_get("created_us")?)?,
                revoked_at: revoked.map(instant).transpose()?,
            };
            known.insert(info.token.clone(), Known { secret_hash: row.try_get("secret")?, info });
        }
        Ok(Self { known: RwLock::new(known) })
    }

    /// Who a token's text stands for, or `None` when it is unknown, wrong or revoked.
    #[must_use]
    pub fn authenticate(&self, text: &str) -> Option<Caller> {
        let (name, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let token = known.get(&TokenId::parse(name)?)?;
        let hash = hash_of(secret);
        // Hashes of 256-bit random secrets: a timing difference tells nothing that could be used.
        if token.info.revoked_at.is_some() || token.secret_hash != hash {
            return None;
        }
        let info = &token.info;
        Some(Caller { token: info.token.clone(), role: info.role, sources: info.sources.clone() })
    }

    /// Whether there is a token of this name that was not revoked.
    #[must_use]
    pub fn is_live(&self, token: &TokenId) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(token).is_some_and(|known| known.info.revoked_at.is_none())
    }

    /// Makes a token and answers its text, which is never shown again.
    ///
    /// # Errors
    /// [`TokenError`] when the name is taken or no name, or the file fails.
    pub async fn create(
        &self,
        keys: &KeyFile,
        name: &str,
        role: Role,
        sources: Vec<SourcePattern>,
        now: DateTime<Utc>,
        entropy: &dyn Entropy,
    ) -> Result<Zeroizing<String>, TokenError> {
        let token =
            TokenId::parse(name).filter(|token| *token != TokenId::service()).ok_or(TokenError::Name)?;
        if matches!(role, Role::Emitter | Role::Officer) == sources.is_empty() {
            return Err(TokenError::Sources);
        }
        let secret = Zeroizing::new(BASE64URL.encode(entropy.bytes::<SECRET_BYTES>()));
        let secret_hash = hash_of(&secret);
        let stored = sqlx::query(CREATE)
            .bind(token.as_str())
            .bind(&secret_hash)
            .bind(role.to_string())
            .bind(serde_json::json!(sources).to_string())
            .bind(now.timestamp_micros())
            .execute(&mut *keys.writer.lock().await)
            .await;
        match stored {
            Err(error) if error.as_database_error().is_some_and(|e| e.is_unique_violation()) => {
                return Err(TokenError::Taken);
            }
            other => other?,
        };
        let text = Zeroizing::new(format!("{PREFIX}{token}_{}", *secret));
        let info = TokenInfo { token: token.clone(), role, sources, created_at: now, revoked_at: None };
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(token, Known { secret_hash, info });
        Ok(text)
    }

    /// Revokes a token; answers whether there was a live one of this name.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn revoke(&self, keys: &KeyFile, name: &str, now: DateTime<Utc>) -> Result<bool, TokenError> {
        let query = sqlx::query(REVOKE).bind(name).bind(now.timestamp_micros());
        let revoked = query.execute(&mut *keys.writer.lock().await).await?;
        if let Some(token) = TokenId::parse(name) {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.get_mut(&token) {
                known.info.revoked_at.get_or_insert(now);
            }
        }
        Ok(revoked.rows_affected() > 0)
    }

    /// All tokens, oldest first, revoked ones too.
    #[must_use]
    pub fn list(&self) -> Vec<TokenInfo> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = known.values().map(|known| known.info.clone()).collect();
        all.sort_by(|a, b| (a.created_at, &a.token).cmp(&(b.created_at, &b.token)));
        all
    }
}

fn hash_of(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
