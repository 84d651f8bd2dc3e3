//! Reads on in the log up to a checkpoint, and compares the tree with it.

use futures::stream::{self, BoxStream, StreamExt};

use super::Mirror;
use super::audit::Audit;
use super::fault::Fault;
use super::log::{Part, ReadError};
use super::withdrawn::Withdrawals;
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::tile::TILE_WIDTH;

/// Parts that are asked for ahead of the one that is audited.
const PARTS_AHEAD: usize = 4;

/// Why the audit did not come to its end.
#[derive(Debug)]
pub(super) enum Failed {
    Fault(Fault),
    Log(ReadError),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Self {
        Self::Log(error)
    }
}

impl Mirror {
    /// Audits every entry up to a checkpoint, and that they make its tree.
    pub(super) async fn read_to(
        &self,
        audit: &mut Audit,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(), Failed> {
        let size = checkpoint.checkpoint.size;
        let mut withdrawals = None;
        let mut parts = self.parts(audit.size(), size);
        while let Some((skip, part)) = parts.next().await {
            let part = part?;
            for (bytes, leaf) in part.entries()?.into_iter().skip(skip) {
                if bytes.is_empty() {
                    let known = match withdrawals.take() {
                        Some(known) => known,
                        None => self.look_ahead(audit.size(), size).await?,
                    };
                    audit.take_withdrawn(leaf, &known)?;
                    withdrawals = Some(known);
                } else {
                    audit.take(bytes, leaf, self.origin())?;
                }
            }
            self.status.send_modify(|status| status.audited(audit));
        }
        if audit.edge.root() != checkpoint.checkpoint.root {
            return Err(Fault::Root { size }.into());
        }
        Ok(())
    }

    /// What the entries from `from` on say of withdrawn ones.
    async fn look_ahead(&self, from: u64, size: u64) -> Result<Withdrawals, Failed> {
        let mut withdrawals = Withdrawals::default();
        let mut parts = self.parts(from, size);
        while let Some((skip, part)) = parts.next().await {
            let part = part?;
            for (bytes, leaf) in part.entries()?.into_iter().skip(skip) {
                if bytes.is_empty() {
                    withdrawals.note_missing(*leaf);
                } else {
                    withdrawals.note(bytes);
                }
            }
        }
        Ok(withdrawals)
    }

    /// Parts of the log from an entry on, each with how many of its entries come before that one.
    fn parts(&self, from: u64, size: u64) -> BoxStream<'static, (usize, Result<Part, ReadError>)> {
        let width = u64::from(TILE_WIDTH);
        let numbers = if from < size { from / width..size.div_ceil(width) } else { 0..0 };
        let log = self.log.clone();
        let parts = stream::iter(numbers).map(move |number| {
            let first = number * width;
            // Both fit: they are at most the width of a tile.
            let held = u16::try_from((size - first).min(width)).unwrap_or(TILE_WIDTH);
            let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
            let log = log.clone();
            async move { (skip, log.part(number, held).await) }
        });
        parts.buffered(PARTS_AHEAD).boxed()
    }
}
