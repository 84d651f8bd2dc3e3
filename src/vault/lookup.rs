//! The blind index: tags that stand for an IIN, BIN, phone number or e-mail address, and whose they are.
//!
//! A tag is an HMAC under a key that is wrapped like any other, so that without the key-encryption key nobody can try
//! out numbers against the file. No value is kept. The index can always be made again from the log, so that a new key
//! only costs the time of reading it once more.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subject_record_schemas::vocabulary::LookupKind;
use subject_record_schemas::{LeafHash, Position, StreamName};
use zeroize::Zeroizing;

use super::index_lead::IndexLead;
use super::mints::hold_off_fences;
use super::seal::Dek;
use super::writer::answered;
use super::{Vault, VaultError};
use crate::db::sql::{Row, Sql, query};

const STATE: Sql = Sql::both("SELECT generation, kek_id, wrapped, position, leaf_hash FROM lookup_state");
const POSITION: Sql = Sql::both("SELECT position FROM lookup_state");
const GENERATION: Sql = Sql::both("SELECT generation FROM lookup_state");
const CLEAR: Sql = Sql::both("DELETE FROM lookup_entries");
const BEGIN: Sql = Sql::both(
    "INSERT INTO lookup_state (one, generation, kek_id, wrapped, position, leaf_hash) \
    VALUES (1, $1, $2, $3, 0, NULL) ON CONFLICT (one) DO UPDATE SET generation = excluded.generation, \
        kek_id = excluded.kek_id, wrapped = excluded.wrapped, position = 0, leaf_hash = NULL",
);
// What is read from the log of somebody who is being erased meanwhile is left out, in the transaction that would add it.
const ADD: Sql = Sql::apart(
    "INSERT OR IGNORE INTO lookup_entries (kind, tag, position, owner, occurred_us) \
    SELECT new.value ->> 0, unhex(new.value ->> 1), new.value ->> 2, new.value ->> 3, new.value ->> 4 \
    FROM json_each($1) new WHERE NOT EXISTS (SELECT 1 FROM fences f WHERE f.owner = new.value ->> 3)",
    "INSERT INTO lookup_entries (kind, tag, position, owner, occurred_us) \
    SELECT new.value ->> 0, decode(new.value ->> 1, 'hex'), (new.value ->> 2)::bigint, new.value ->> 3, \
        (new.value ->> 4)::bigint \
    FROM jsonb_array_elements($1::jsonb) AS new(value) \
    WHERE NOT EXISTS (SELECT 1 FROM fences f WHERE f.owner = new.value ->> 3) ON CONFLICT DO NOTHING",
);
const ADVANCE: Sql = Sql::both("UPDATE lookup_state SET position = $1, leaf_hash = $2");
const FIND: Sql = Sql::both(
    "SELECT found.owner, CAST(MAX(CASE WHEN found.tag = (SELECT newest.tag FROM lookup_entries newest \
        WHERE newest.owner = found.owner AND newest.kind = found.kind \
        ORDER BY newest.occurred_us DESC, newest.position DESC LIMIT 1) THEN 1 ELSE 0 END) AS BIGINT) AS is_current \
    FROM lookup_entries found WHERE found.kind = $1 AND found.tag = $2 \
    GROUP BY found.owner ORDER BY is_current DESC, found.owner LIMIT $3",
);
const HOLDERS: Sql = Sql::apart(
    "SELECT (SELECT json_group_array(json_array(owner, position)) FROM ( \
        SELECT held.owner, held.position FROM lookup_entries held \
        WHERE held.kind = $2 AND held.tag = unhex(wanted.value) AND held.tag = (SELECT newest.tag \
            FROM lookup_entries newest WHERE newest.owner = held.owner AND newest.kind = held.kind \
            ORDER BY newest.occurred_us DESC, newest.position DESC LIMIT 1) \
        ORDER BY held.position LIMIT $3)) AS holders \
    FROM json_each($1) wanted ORDER BY wanted.key",
    "SELECT (SELECT COALESCE(json_agg(json_build_array(owner, position) ORDER BY position), '[]')::text FROM ( \
        SELECT held.owner, held.position FROM lookup_entries held \
        WHERE held.kind = $2 AND held.tag = decode(wanted.value, 'hex') AND held.tag = (SELECT newest.tag \
            FROM lookup_entries newest WHERE newest.owner = held.owner AND newest.kind = held.kind \
            ORDER BY newest.occurred_us DESC, newest.position DESC LIMIT 1) \
        ORDER BY held.position LIMIT $3) AS first_comers) AS holders \
    FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS wanted(value, place) ORDER BY wanted.place",
);

/// Empties the index of a person.
pub(super) const FORGET: Sql = Sql::both("DELETE FROM lookup_entries WHERE owner = $1");

/// What the index key is wrapped for: no person's stream and no event's owner has this name.
const KEY_OWNER: &str = "lookup";

/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;

/// Stands for a value of a kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag([u8; 32]);

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tag(…)")
    }
}

/// The key that makes tags. Wiped when it is let go.
#[derive(Debug)]
pub struct IndexKey(Dek);

impl IndexKey {
    /// The tag of a value in its one spelling.
    #[must_use]
    pub fn tag(&self, kind: LookupKind, value: &str) -> Tag {
        // A key shorter than a block is padded with zeros (RFC 2104, section 2).
        let mut block = Zeroizing::new([0; BLOCK_BYTES]);
        block.iter_mut().zip(self.0.bytes()).for_each(|(to, from)| *to = *from);
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
        mac.update(kind.to_string().as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        Tag(mac.finalize().into_bytes().into())
    }
}

/// The index as far as it goes.
#[derive(Debug)]
pub struct IndexState {
    /// Its key.
    pub key: IndexKey,
    /// Last position that is indexed.
    pub position: Position,
    /// Leaf hash of the event there; none at the start.
    pub leaf_hash: Option<LeafHash>,
}

/// A value that an event brought.
#[derive(Clone, Debug)]
pub struct IndexEntry {
    /// What kind of value.
    pub kind: LookupKind,
    /// What stands for it, or `None` when the event replaced the value before it and did not tell the new one.
    pub tag: Option<Tag>,
    /// The event.
    pub position: Position,
    /// The person's stream.
    pub owner: StreamName,
    /// When it happened, in microseconds since 1970: the newest value of a person is the current one.
    pub occurred_us: i64,
}

/// Somebody who bears a value, or bore it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The person's stream.
    pub owner: StreamName,
    /// Whether another value has replaced it.
    pub former: bool,
}

/// Somebody who bears a value now, and since which event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The person's stream.
    pub owner: StreamName,
    /// The first event that brought it.
    pub position: Position,
}

impl Vault {
    /// The index with its key, or `None` before there is one.
    ///
    /// # Errors
    /// When the key file fails, or the key does not unwrap: then [`Vault::begin_index`] starts from another.
    pub async fn index(&self) -> Result<Option<IndexState>, VaultError> {
        let state = query(&STATE).fetch_optional(&self.keys.readers);
        let Some(row) = answered(self.is_shared(), state).await? else { return Ok(None) };
        let generation = u32::try_from(row.unsigned("generation")?).unwrap_or(u32::MAX);
        let (kek_id, wrapped) = (row.text("kek_id")?, row.bytes("wrapped")?);
        let key = self.kek.unwrap(&kek_id, KEY_OWNER, generation, &wrapped).await?;
        Ok(Some(IndexState {
            key: IndexKey(key),
            position: Position::new(row.unsigned("position")?),
            leaf_hash: row.text_or_null("leaf_hash")?.and_then(|hash| hash.parse().ok()),
        }))
    }

    /// How far the index has come by what is written of it, whoever keeps it. Where nobody does it is at the start.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub async fn index_position(&self) -> Result<Position, VaultError> {
        let row = query(&POSITION).fetch_optional(&self.keys.readers);
        let row = answered(self.is_shared(), row).await?;
        Ok(Position::new(row.map(|row| row.unsigned("position")).transpose()?.unwrap_or(0)))
    }

    /// Starts an empty index under a new key, whatever there was.
    ///
    /// # Errors
    /// When the key file fails or the key does not wrap.
    pub async fn begin_index(&self, lead: &IndexLead) -> Result<(), VaultError> {
        let mut session = lead.session(&self.keys).await;
        let connection = session.connection().await?;
        let before = query(&GENERATION).fetch_optional(&mut *connection).await?;
        let before = before.map(|row| row.unsigned(0)).transpose()?;
        let generation = before.map_or(1, |last| u32::try_from(last).unwrap_or(u32::MAX).saturating_add(1));
        let key = Dek::random(&*self.entropy);
        let wrapped = self.kek.wrap(KEY_OWNER, generation, &key, &*self.entropy).await?;
        let mut together = connection.begin().await?;
        query(&CLEAR).takes_long().execute(&mut together).await?;
        query(&BEGIN).bind(generation).bind(self.kek.kek_id()).bind(wrapped).execute(&mut together).await?;
        together.commit().await?;
        session.settled();
        Ok(())
    }

    /// Adds what was read up to a position, and keeps that position, in one transaction. Done twice, it adds nothing
    /// the second time. Whoever is fenced is left out.
    ///
    /// # Errors
    /// When the key file fails; then nothing was added.
    pub async fn add_to_index(
        &self,
        lead: &IndexLead,
        entries: &[IndexEntry],
        position: Position,
        leaf_hash: LeafHash,
    ) -> Result<(), VaultError> {
        let row = |entry: &IndexEntry| {
            let tag = entry.tag.map_or_else(String::new, |tag| hex::encode(tag.0));
            let (owner, at) = (entry.owner.to_string(), entry.position.number());
            serde_json::json!([entry.kind, tag, at, owner, entry.occurred_us])
        };
        let rows: Vec<_> = entries.iter().map(row).collect();
        let rows = serde_json::Value::from(rows).to_string();
        let at = i64::try_from(position.number()).unwrap_or(i64::MAX);
        let mut session = lead.session(&self.keys).await;
        let mut together = session.connection().await?.begin().await?;
        hold_off_fences(&mut together).await?;
        query(&ADD).bind(rows).execute(&mut together).await?;
        query(&ADVANCE).bind(at).bind(leaf_hash.to_string()).execute(&mut together).await?;
        together.commit().await?;
        session.settled();
        Ok(())
    }

    /// Up to `limit` people who bear or bore a value, those who bear it first.
    ///
    /// # Errors
    /// When the key file fails or the index key does not unwrap.
    pub async fn bearers(
        &self,
        kind: LookupKind,
        value: &str,
        limit: u32,
    ) -> Result<Vec<Bearer>, VaultError> {
        let Some(IndexState { key, .. }) = self.index().await? else { return Ok(Vec::new()) };
        let tag = key.tag(kind, value);
        let found = query(&FIND).bind(kind.to_string()).bind(tag.0.as_slice()).bind(limit);
        let rows = answered(self.is_shared(), found.fetch_all(&self.keys.readers)).await?;
        let bearer = |row: &Row| {
            Ok(Bearer { owner: stream_of(&row.text("owner")?)?, former: !row.flag("is_current")? })
        };
        rows.iter().map(bearer).collect()
    }

    /// Up to `limit` people for each tag who bear its value now, first comers first.
    ///
    /// # Errors
    /// When the key file fails.
    pub async fn holders(
        &self,
        kind: LookupKind,
        tags: &[Tag],
        limit: u32,
    ) -> Result<Vec<Vec<Holder>>, VaultError> {
        let wanted: Vec<_> = tags.iter().map(|tag| hex::encode(tag.0)).collect();
        let holders = query(&HOLDERS).bind(serde_json::json!(wanted).to_string());
        let rows = holders.bind(kind.to_string()).bind(limit).fetch_all(&self.keys.readers);
        let rows = answered(self.is_shared(), rows).await?;
        let mut found = Vec::with_capacity(tags.len());
        for row in &rows {
            let pairs: Vec<(String, u64)> = serde_json::from_str(&row.text("holders")?)
                .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            let holder = |(owner, at): (String, u64)| {
                Ok::<_, sqlx::Error>(Holder { owner: stream_of(&owner)?, position: Position::new(at) })
            };
            found.push(pairs.into_iter().map(holder).collect::<Result<_, _>>()?);
        }
        Ok(found)
    }
}

fn stream_of(name: &str) -> Result<StreamName, sqlx::Error> {
    name.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_hmac_of_kind_zero_and_value() {
        let key = IndexKey(Dek::from_bytes([7; 32]));
        let tag = |kind| hex::encode(key.tag(kind, "910708200012").0);
        // As Python's hmac and hashlib have it.
        assert_eq!(tag(LookupKind::Iin), "2d6269de6c6248076a5843e92eea7b731c4a0717814970cbe19c277e35052853");
        assert_eq!(
            tag(LookupKind::Phone),
            "bbb42acbf16fad4138b84f0bc50dc0deebd97477cc23c43d349f88f634e7b323"
        );
        assert_eq!(format!("{key:?} {:?}", key.tag(LookupKind::Bin, "1")), "IndexKey(Dek(…)) Tag(…)");
    }
}
