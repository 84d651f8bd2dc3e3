//! What is written of the tree, all of it through the one session.

use super::growth::{Grown, Growth};
use super::session::within;
use super::tables::{KeptStamp, LogTables, TablesError, key, signed};
use crate::db::sql::{Connection, Sql, query};

static PUT_TILES: Sql = Sql::apart(
    "INSERT INTO tiles (tile, hashes) \
     SELECT given.value ->> 0, unhex(given.value ->> 1) FROM json_each($1) given WHERE true \
     ON CONFLICT (tile) DO UPDATE SET hashes = excluded.hashes",
    "INSERT INTO tiles (tile, hashes) SELECT (given.value ->> 0)::bigint, decode(given.value ->> 1, 'hex') \
     FROM jsonb_array_elements($1::jsonb) AS given (value) \
     ON CONFLICT (tile) DO UPDATE SET hashes = excluded.hashes",
);
static PUT_BUNDLES: Sql = Sql::apart(
    "INSERT INTO bundles (bundle, first_position, positions) \
     SELECT given.value ->> 0, given.value ->> 1, unhex(given.value ->> 2) FROM json_each($1) given WHERE true \
     ON CONFLICT (bundle) DO UPDATE SET first_position = excluded.first_position, positions = excluded.positions",
    "INSERT INTO bundles (bundle, first_position, positions) \
     SELECT (given.value ->> 0)::bigint, (given.value ->> 1)::bigint, decode(given.value ->> 2, 'hex') \
     FROM jsonb_array_elements($1::jsonb) AS given (value) \
     ON CONFLICT (bundle) DO UPDATE SET first_position = excluded.first_position, positions = excluded.positions",
);
static ADVANCE: Sql = Sql::both(
    "INSERT INTO tree_progress (one, size, position, leaf) VALUES (1, $1, $2, $3) \
     ON CONFLICT (one) DO UPDATE SET size = excluded.size, position = excluded.position, leaf = excluded.leaf",
);
static CHECKPOINT: Sql = Sql::apart(
    "INSERT INTO checkpoints (size, note, kept) VALUES ($1, $2, $3) \
     ON CONFLICT (size) DO UPDATE SET note = excluded.note, kept = MAX(kept, excluded.kept)",
    "INSERT INTO checkpoints (size, note, kept) VALUES ($1, $2, $3) \
     ON CONFLICT (size) DO UPDATE SET note = excluded.note, kept = GREATEST(checkpoints.kept, excluded.kept)",
);
static FORGET_CHECKPOINTS: Sql = Sql::both("DELETE FROM checkpoints WHERE kept = 0 AND size < $1");
static PUT_STAMP: Sql = Sql::both(
    "INSERT INTO stamps (size, authority, stamped_us, answer) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (size, authority) DO UPDATE SET stamped_us = excluded.stamped_us, answer = excluded.answer",
);

impl LogTables {
    /// Writes what was added, and how far the tree goes by it.
    pub(super) async fn write(&self, growth: &Growth, grown: &Grown) -> Result<(), TablesError> {
        let mut held = self.session.lock().await;
        let done = within(held.patience(), write(held.connection()?, growth, grown)).await;
        held.settled(done).await
    }

    /// Writes a checkpoint; one that nobody outside holds gives way to it.
    pub(super) async fn put_checkpoint(&self, size: u64, note: &str, kept: bool) -> Result<(), TablesError> {
        let mut held = self.session.lock().await;
        let done = within(held.patience(), put_checkpoint(held.connection()?, size, note, kept)).await;
        held.settled(done).await
    }

    pub(super) async fn put_stamp(&self, stamp: &KeptStamp) -> Result<(), TablesError> {
        let mut held = self.session.lock().await;
        let done = within(held.patience(), put_stamp(held.connection()?, stamp)).await;
        held.settled(done).await
    }
}

async fn write(to: &mut Connection, growth: &Growth, grown: &Grown) -> Result<(), TablesError> {
    let tiles =
        grown.tiles.iter().map(|(id, hashes)| Ok(serde_json::json!([key(*id)?, hex::encode(hashes)])));
    let tiles = tiles.collect::<Result<serde_json::Value, TablesError>>()?;
    let mut bundles = Vec::with_capacity(grown.bundles.len());
    for (bundle, positions) in &grown.bundles {
        let Some(first) = positions.first() else { continue };
        let has_gap = positions.windows(2).any(|pair| pair[0] + 1 != pair[1]);
        let written = has_gap.then(|| {
            let bytes: Vec<u8> = positions.iter().flat_map(|position| position.to_be_bytes()).collect();
            hex::encode(bytes)
        });
        bundles.push(serde_json::json!([signed(*bundle)?, signed(*first)?, written]));
    }
    let mut together = to.begin().await?;
    query(&PUT_TILES).bind(tiles.to_string()).execute(&mut together).await?;
    query(&PUT_BUNDLES).bind(serde_json::Value::from(bundles).to_string()).execute(&mut together).await?;
    let advance = query(&ADVANCE).bind(signed(growth.size)?).bind(signed(growth.position.number())?);
    advance.bind(growth.leaf.as_slice()).execute(&mut together).await?;
    Ok(together.commit().await?)
}

async fn put_checkpoint(to: &mut Connection, size: u64, note: &str, kept: bool) -> Result<(), TablesError> {
    let mut together = to.begin().await?;
    query(&CHECKPOINT).bind(signed(size)?).bind(note).bind(kept).execute(&mut together).await?;
    query(&FORGET_CHECKPOINTS).bind(signed(size)?).execute(&mut together).await?;
    Ok(together.commit().await?)
}

async fn put_stamp(to: &mut Connection, stamp: &KeptStamp) -> Result<(), TablesError> {
    let put = query(&PUT_STAMP).bind(signed(stamp.size)?).bind(stamp.authority.as_str());
    let put = put.bind(stamp.stamped_at.timestamp_micros()).bind(stamp.answer.as_slice());
    put.execute(to).await?;
    Ok(())
}
