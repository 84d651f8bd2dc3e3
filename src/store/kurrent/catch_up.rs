//! Following `$all`: the one way into the index, for what this process appends as for what it finds.

use std::time::Duration;

use sqlx::Connection;
use subject_record_schemas::{Revision, StreamName};

use super::event::{Seen, position};
use super::index::{self, Entry};
use super::writer::Writer;
use crate::store::{EventKey, StoreError};

/// Events of one page, and of one commit of the index.
const PAGE_EVENTS: usize = 500;
/// Times that the log is asked for an event that was acknowledged.
const SEE_TRIES: u32 = 10;
/// Pause after the first time, doubled each time up to a hundredfold: some seconds in all.
const SEE_PAUSE: Duration = Duration::from_millis(5);

/// What the stream itself says of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It stands where it was to stand.
    Recorded,
    /// Another event stands there, so that it can never be written any more.
    Absent,
    /// Nothing stands there: it may still be written, by us or by a message on its way.
    Open,
}

impl Writer {
    /// Brings the index up to the end of the log.
    ///
    /// # Errors
    /// Also when the server does not hold the event that was indexed last: it was rolled back, or is another one.
    pub(super) async fn catch_up(&mut self) -> Result<(), StoreError> {
        while self.take_page().await? > 0 {}
        Ok(())
    }

    /// Takes one page of the log into the index, and says how many events it had.
    async fn take_page(&mut self) -> Result<usize, StoreError> {
        let from = self.last.as_ref().map(|last| last.at);
        // From the last event itself on, never from a checkpoint of the filter: it shows that the log is the same one.
        let page = self.server.read_all(from, PAGE_EVENTS + 1).await?;
        let new = match &self.last {
            None => &page[..],
            Some(last) => match page.split_first() {
                Some((first, new)) if first.commit == last.at.0 && last.is_of(first) => new,
                _ => {
                    let at = last.receipt.position;
                    let fault = format!(
                        "KurrentDB no longer holds the event at {at}: rolled back, or another server"
                    );
                    return Err(StoreError::Row(fault));
                }
            },
        };
        self.take(new).await?;
        Ok(new.len())
    }

    async fn take(&mut self, new: &[Seen]) -> Result<(), StoreError> {
        let Some(last) = new.last() else { return Ok(()) };
        let latest = new.iter().map(|seen| seen.recorded_at).fold(last.recorded_at, std::cmp::Ord::max);
        let mut before = self.last.as_ref().map(|last| last.receipt.position);
        let mut transaction = self.connection.begin().await?;
        for seen in new {
            let at = position(seen.commit);
            if before.is_some_and(|before| before >= at) {
                return Err(StoreError::Row(format!("KurrentDB: positions go back at {at}")));
            }
            before = Some(at);
            index::add(&mut transaction, seen).await?;
            self.claims.mark_stored(&mut transaction, seen).await?;
        }
        transaction.commit().await?;
        new.iter().for_each(|seen| self.claims.close(&seen.key));
        let last = Entry::of(last);
        self.times.go_on_after(Some(latest));
        self.publish.send_replace(last.receipt.position);
        self.last = Some(last);
        Ok(())
    }

    /// Follows the log until it shows these appends, each of which was acknowledged. One that it does not show
    /// within some seconds stays open.
    pub(super) async fn see(&mut self, numbers: &[i64]) -> Result<(), StoreError> {
        for tried in 0..SEE_TRIES {
            while numbers.iter().any(|number| self.claims.get(*number).is_some()) {
                if self.take_page().await? == 0 {
                    break;
                }
            }
            if numbers.iter().all(|number| self.claims.get(*number).is_none()) {
                break;
            }
            tokio::time::sleep(SEE_PAUSE * 2_u32.pow(tried).min(100)).await;
        }
        Ok(())
    }

    /// What the stream says of an append that needs it to end at `needed`.
    pub(super) async fn standing(
        &self,
        stream: &StreamName,
        needed: Option<Revision>,
        first: &EventKey,
    ) -> Result<Standing, StoreError> {
        let place = needed.map_or(Revision::FIRST, Revision::next);
        let there = self.server.read_stream(stream, place, 1).await?;
        Ok(match there.first() {
            Some(seen) if seen.revision == place && seen.key == *first => Standing::Recorded,
            Some(seen) if seen.revision == place => Standing::Absent,
            // An event further on says nothing of a place that was cut off.
            _ => Standing::Open,
        })
    }

    /// Removes the claims of appends that their streams prove absent.
    pub(super) async fn sweep(&mut self) -> Result<(), StoreError> {
        let mut absent = Vec::new();
        for number in self.claims.numbers() {
            let Some(open) = self.claims.get(number) else { continue };
            let Some(first) = open.events.first() else { continue };
            if self.standing(&open.stream, open.needed, &first.key).await? == Standing::Absent {
                absent.push(number);
            }
        }
        Ok(self.claims.remove(&mut self.connection, &absent).await?)
    }
}
