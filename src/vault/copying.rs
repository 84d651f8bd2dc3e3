//! Takes wrapped keys, fences and tokens over from one place to another. The lookup index is made again from the log.
//!
//! A key stays wrapped under the key-encryption key that it was wrapped under. Done again it adds what is missing, and
//! takes away what was fenced since.

use serde_json::{Value as Json, json};

use super::{KeyFile, VaultError};
use crate::db::scrub;
use crate::db::sql::{Connection, Pool, Row, Sql, query};

/// Rows of one statement.
const PAGE_ROWS: u32 = 1_000;

/// A table, in the order of its key.
struct Table {
    /// Up to so many rows behind a key.
    page: Sql,
    /// Rows from one JSON text; what is there stays.
    put: Sql,
    /// A row, and the key that the next page begins behind.
    row: fn(&Row) -> Result<(Json, Key), sqlx::Error>,
}

/// Where a page begins.
type Key = (String, i64);

const FENCES: Table = Table {
    page: Sql::both(
        "SELECT owner, shredded_us, generations FROM fences WHERE owner > $1 AND $2 >= 0 ORDER BY owner LIMIT $3",
    ),
    put: Sql::apart(
        "INSERT INTO fences (owner, shredded_us, generations) SELECT value ->> 0, value ->> 1, value ->> 2 \
        FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
        "INSERT INTO fences (owner, shredded_us, generations) SELECT value ->> 0, (value ->> 1)::bigint, value ->> 2 \
        FROM jsonb_array_elements($1::jsonb) new (value) ON CONFLICT DO NOTHING",
    ),
    row: |row| {
        let owner = row.text("owner")?;
        Ok((json!([owner, row.integer("shredded_us")?, row.text("generations")?]), (owner, 0)))
    },
};

const DEKS: Table = Table {
    page: Sql::both(
        "SELECT owner, generation, kek_id, wrapped FROM deks WHERE (owner, generation) > ($1, $2) \
        ORDER BY owner, generation LIMIT $3",
    ),
    put: Sql::apart(
        "INSERT INTO deks (owner, generation, kek_id, wrapped) \
        SELECT value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3) FROM json_each($1) new \
        WHERE NOT EXISTS (SELECT 1 FROM fences f WHERE f.owner = new.value ->> 0) ON CONFLICT DO NOTHING",
        "INSERT INTO deks (owner, generation, kek_id, wrapped) \
        SELECT value ->> 0, (value ->> 1)::bigint, value ->> 2, decode(value ->> 3, 'hex') \
        FROM jsonb_array_elements($1::jsonb) new (value) \
        WHERE NOT EXISTS (SELECT 1 FROM fences f WHERE f.owner = new.value ->> 0) ON CONFLICT DO NOTHING",
    ),
    row: |row| {
        let (owner, generation) = (row.text("owner")?, row.integer("generation")?);
        let wrapped = hex::encode(row.slice("wrapped")?);
        Ok((json!([owner, generation, row.text("kek_id")?, wrapped]), (owner, generation)))
    },
};

// A revocation is never undone.
const TOKENS: Table = Table {
    page: Sql::both(
        "SELECT token, secret, role, sources, created_us, revoked_us FROM tokens WHERE token > $1 AND $2 >= 0 \
        ORDER BY token LIMIT $3",
    ),
    put: Sql::apart(
        "INSERT INTO tokens (token, secret, role, sources, created_us, revoked_us) SELECT value ->> 0, \
            unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each($1) \
        WHERE true ON CONFLICT (token) DO UPDATE SET revoked_us = coalesce(tokens.revoked_us, excluded.revoked_us) \
        WHERE tokens.secret = excluded.secret",
        "INSERT INTO tokens (token, secret, role, sources, created_us, revoked_us) SELECT value ->> 0, \
            decode(value ->> 1, 'hex'), value ->> 2, value ->> 3, (value ->> 4)::bigint, (value ->> 5)::bigint \
        FROM jsonb_array_elements($1::jsonb) new (value) \
        ON CONFLICT (token) DO UPDATE SET revoked_us = coalesce(tokens.revoked_us, excluded.revoked_us) \
        WHERE tokens.secret = excluded.secret",
    ),
    row: |row| {
        let token = row.text("token")?;
        let row = json!([
            token,
            hex::encode(row.slice("secret")?),
            row.text("role")?,
            row.text("sources")?,
            row.integer("created_us")?,
            row.integer_or_null("revoked_us")?,
        ]);
        Ok((row, (token, 0)))
    },
};

const FORGET_FENCED: Sql = Sql::both("DELETE FROM deks WHERE owner IN (SELECT owner FROM fences)");

/// What was copied, or stood there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedKeys {
    /// Wrapped keys.
    pub keys: u64,
    /// Fences.
    pub fences: u64,
    /// Tokens.
    pub tokens: u64,
}

/// Why keys were not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyKeysError {
    /// There is nothing to copy.
    #[error("there are no keys, fences or tokens to copy")]
    Nothing,
    /// The other place holds something else under the same name.
    #[error("the copy holds another {0} than the original under the same name: copy into an empty place")]
    Differs(&'static str),
    /// One of both failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<sqlx::Error> for CopyKeysError {
    fn from(error: sqlx::Error) -> Self {
        Self::Vault(error.into())
    }
}

impl KeyFile {
    /// Copies what another holds, or what is missing of it, and compares both. Nobody else may write meanwhile.
    ///
    /// # Errors
    /// [`CopyKeysError`]. What was copied stays, and is gone on with.
    pub async fn take_over(&self, from: &Self) -> Result<CopiedKeys, CopyKeysError> {
        let mut held = self.writer.lock().await;
        let connection = held.connection().await?;
        // Fences first: no key comes in behind one.
        for table in [&FENCES, &DEKS, &TOKENS] {
            put(table, &from.readers, connection).await?;
        }
        query(&FORGET_FENCED).takes_long().execute(&mut *connection).await?;
        let is_scrubbed = match connection {
            Connection::Sqlite(file) => scrub(file).await?,
            Connection::Postgres(_) => true,
        };
        held.settle(Ok(())).await;
        drop(held);
        if !is_scrubbed {
            return Err(VaultError::NotScrubbed.into());
        }
        let copied = CopiedKeys {
            fences: same(&FENCES, &from.readers, &self.readers)
                .await?
                .ok_or(CopyKeysError::Differs("fence"))?,
            keys: same(&DEKS, &from.readers, &self.readers).await?.ok_or(CopyKeysError::Differs("key"))?,
            tokens: same(&TOKENS, &from.readers, &self.readers)
                .await?
                .ok_or(CopyKeysError::Differs("token"))?,
        };
        if copied == CopiedKeys::default() { Err(CopyKeysError::Nothing) } else { Ok(copied) }
    }
}

async fn page(table: &'static Table, pool: &Pool, after: &Key) -> Result<Vec<Row>, sqlx::Error> {
    query(&table.page).bind(after.0.as_str()).bind(after.1).bind(PAGE_ROWS).fetch_all(pool).await
}

fn read(table: &Table, rows: &[Row]) -> Result<(Vec<Json>, Option<Key>), sqlx::Error> {
    let read = rows.iter().map(table.row).collect::<Result<Vec<_>, _>>()?;
    let last = read.last().map(|(_, key)| key.clone());
    Ok((read.into_iter().map(|(row, _)| row).collect(), last))
}

async fn put(table: &'static Table, from: &Pool, to: &mut Connection) -> Result<(), sqlx::Error> {
    let mut after = Key::default();
    loop {
        let (rows, last) = read(table, &page(table, from, &after).await?)?;
        let Some(last) = last else { return Ok(()) };
        query(&table.put).bind(Json::from(rows).to_string()).execute(&mut *to).await?;
        after = last;
    }
}

/// How many rows there are, if they are the same in both.
async fn same(table: &'static Table, one: &Pool, other: &Pool) -> Result<Option<u64>, sqlx::Error> {
    let (mut after, mut count) = (Key::default(), 0);
    loop {
        let (rows, last) = read(table, &page(table, one, &after).await?)?;
        if read(table, &page(table, other, &after).await?)?.0 != rows {
            return Ok(None);
        }
        count += rows.len() as u64;
        let Some(last) = last else { return Ok(Some(count)) };
        after = last;
    }
}
