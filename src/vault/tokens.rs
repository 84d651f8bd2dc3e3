//! Tokens: kept as hashes of their secrets, known by heart by the process that owns the folder, and by instances that
//! share the keys for as long as their lease lasts.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::KeyFile;
use super::instances::Invalidation;
use super::writer::answered;
use crate::caller::{Caller, Role, SourcePattern, TokenId};
use crate::clock::Entropy;
use crate::db::sql::{Query, Row, Sql, query};

const ALL: Sql = Sql::both(
    "SELECT token, secret, role, sources, created_us, revoked_us FROM tokens ORDER BY created_us, token",
);
// A commit whose answer was lost is tried again, and finds what it has done itself.
const CREATE: Sql = Sql::both(
    "INSERT INTO tokens (token, secret, role, sources, created_us) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (token) DO UPDATE SET created_us = excluded.created_us WHERE tokens.secret = excluded.secret",
);
const REVOKE: Sql = Sql::both(
    "UPDATE tokens SET revoked_us = $2 WHERE token = $1 AND (revoked_us IS NULL OR revoked_us = $2)",
);

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
    /// The file or database failed.
    #[error("the keys cannot be read or written")]
    Keys(#[from] sqlx::Error),
    /// A row does not read.
    #[error("beside the keys stands a token that does not read: {0}")]
    Row(String),
}

struct Known {
    secret_hash: Vec<u8>,
    info: TokenInfo,
}

/// All tokens.
#[derive(Clone)]
pub struct Tokens {
    keys: KeyFile,
    known: Arc<RwLock<HashMap<TokenId, Known>>>,
    /// Read and known one after the other: what was read earlier never replaces what was read later. Holds when the
    /// last reading began.
    reading: Arc<Mutex<Option<Instant>>>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// Reads all tokens.
    ///
    /// # Errors
    /// When the file or database fails or a row does not read.
    pub async fn load(keys: &KeyFile) -> Result<Self, TokenError> {
        let tokens = Self { keys: keys.clone(), known: Arc::default(), reading: Arc::default() };
        tokens.reload().await?;
        Ok(tokens)
    }

    /// Reads all tokens again, unless somebody else did so meanwhile: of many who wait one reads for all.
    pub(crate) async fn reload(&self) -> Result<(), TokenError> {
        let asked = Instant::now();
        // The wait for those who asked before counts too: while the database says nothing they only become more.
        let read = answered(self.keys.shared.is_some(), async {
            let last_began = self.reading.lock().await;
            if last_began.is_some_and(|began| began > asked) {
                return Ok(None);
            }
            let began = Instant::now();
            Ok(Some((last_began, began, query(&ALL).fetch_all(&self.keys.readers).await?)))
        });
        let Some((mut last_began, began, rows)) = read.await? else { return Ok(()) };
        let known = rows.iter().map(known_of).collect::<Result<_, _>>()?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        *last_began = Some(began);
        Ok(())
    }

    /// Reads all tokens again if what is known may be out of date.
    async fn refresh(&self) -> Result<(), TokenError> {
        if self.keys.may_remember() { Ok(()) } else { self.reload().await }
    }

    /// Who a token's text stands for, or `None` when it is unknown, wrong or revoked.
    ///
    /// # Errors
    /// When this instance has lost touch with the others and the database cannot be asked either.
    pub async fn authenticate(&self, text: &str) -> Result<Option<Caller>, TokenError> {
        let named = text.strip_prefix(PREFIX).and_then(|text| text.split_once('_'));
        let Some((name, secret)) = named else { return Ok(None) };
        let Some(token) = TokenId::parse(name) else { return Ok(None) };
        self.refresh().await?;
        let hash = hash_of(secret);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        // Hashes of 256-bit random secrets: a timing difference tells nothing that could be used.
        let token =
            known.get(&token).filter(|token| token.info.revoked_at.is_none() && token.secret_hash == hash);
        Ok(token.map(|Known { info, .. }| Caller {
            token: info.token.clone(),
            role: info.role,
            sources: info.sources.clone(),
        }))
    }

    /// Whether there is a token of this name that was not revoked.
    ///
    /// # Errors
    /// As [`Tokens::authenticate`].
    pub async fn is_live(&self, token: &TokenId) -> Result<bool, TokenError> {
        self.refresh().await?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Ok(known.get(token).is_some_and(|known| known.info.revoked_at.is_none()))
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
        let create = || {
            let row = query(&CREATE).bind(token.as_str()).bind(secret_hash.as_slice()).bind(role.to_string());
            row.bind(serde_json::json!(sources).to_string()).bind(now.timestamp_micros())
        };
        if !self.write(keys, create, token.as_str()).await? {
            return Err(TokenError::Taken);
        }
        Ok(Zeroizing::new(format!("{PREFIX}{token}_{}", *secret)))
    }

    /// Revokes a token; answers whether there was a live one of this name.
    ///
    /// # Errors
    /// When the file fails.
    pub async fn revoke(&self, keys: &KeyFile, name: &str, now: DateTime<Utc>) -> Result<bool, TokenError> {
        let revoke = || query(&REVOKE).bind(name).bind(now.timestamp_micros());
        self.write(keys, revoke, name).await
    }

    /// Changes a token durably, says whether there was anything to change, and waits until no instance goes by what it
    /// knew before.
    async fn write(
        &self,
        keys: &KeyFile,
        change: impl Fn() -> Query,
        name: &str,
    ) -> Result<bool, TokenError> {
        let mut held = keys.writer.lock().await;
        let is_remote = held.is_remote();
        let (changed, invalidation) = loop {
            let tried = answered(is_remote, async {
                let mut together = held.connection().await?.begin().await?;
                let changed = change().execute(&mut together).await? > 0;
                let invalidation = Invalidation::Token(name).tell(&mut together).await?;
                together.commit().await?;
                Ok((changed, invalidation))
            });
            let tried = tried.await;
            if let Some(result) = held.settle(tried).await {
                break result?;
            }
        };
        drop(held);
        self.reload().await?;
        if let Some(invalidation) = invalidation {
            keys.passed_by_all(invalidation).await?;
        }
        Ok(changed)
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

fn known_of(row: &Row) -> Result<(TokenId, Known), TokenError> {
    let name = row.text("token")?;
    let bad = || TokenError::Row(name.clone());
    let instant = |us: i64| DateTime::from_timestamp_micros(us).ok_or_else(bad);
    let info = TokenInfo {
        token: TokenId::parse(&name).ok_or_else(bad)?,
        role: row.text("role")?.parse().map_err(|_| bad())?,
        sources: serde_json::from_str(&row.text("sources")?).map_err(|_| bad())?,
        created_at: instant(row.integer("created_us")?)?,
        revoked_at: row.integer_or_null("revoked_us")?.map(instant).transpose()?,
    };
    Ok((info.token.clone(), Known { secret_hash: row.bytes("secret")?, info }))
}
