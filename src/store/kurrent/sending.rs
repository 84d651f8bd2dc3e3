//! Sending one append until it has an end, and bringing those to one that had none.

use std::time::Duration;

use tokio::time::Instant;

use super::catch_up::Standing;
use super::event::to_send;
use super::index;
use super::plan::{Placed, place};
use super::server::Fault;
use super::writer::Writer;
use crate::store::{AppendError, StoreError};

/// Times that an append is sent, and times that it is planned, while its stream moves or its outcome is unknown.
pub(super) const APPEND_TRIES: u32 = 5;
/// Times that a server is tried that is not there. The client tries several times by itself.
const DOWN_TRIES: u32 = 2;
/// An append that took this long is not sent again: others wait for the one writer.
const SEND_MAX: Duration = Duration::from_secs(15);
/// Pause after the first try; it doubles.
const PAUSE: Duration = Duration::from_millis(20);

/// What became of an append that was sent.
pub(super) enum Sent {
    /// The server says that it is written, or the stream shows it.
    Stored,
    /// The stream proves that it is not written and never will be.
    Absent,
    /// The server does not let us.
    Refused(StoreError),
    /// The server never takes it, and never took it.
    Unfit(StoreError),
    /// The server is not there.
    Down(StoreError),
    /// It may be written.
    Unknown(StoreError),
}

impl Writer {
    /// Sends an append until it is written or proven absent, a bounded number of times.
    pub(super) async fn send(&self, placed: &Placed) -> Sent {
        let Placed { stream, needed, events, after } = placed;
        let sendable = events.iter().map(|(event, text)| to_send(&event.key, event.mark, text));
        let sendable: Vec<_> = match sendable.collect::<Result<_, _>>() {
            Ok(sendable) => sendable,
            Err(error) => return Sent::Unfit(error),
        };
        let Some((first, _)) = events.first() else { return Sent::Stored };
        let (mut under_way, mut is_unfit) = (false, false);
        let mut last_error = StoreError::Engine("KurrentDB did not say where the stream ends".into());
        let begun = Instant::now();
        for tried in 0..APPEND_TRIES {
            if begun.elapsed() > SEND_MAX {
                break;
            }
            if tried > 0 {
                tokio::time::sleep(PAUSE * 2_u32.pow(tried)).await;
            }
            match self.server.append(stream, *needed, sendable.clone()).await {
                Ok(end) if end == after.revision => return Sent::Stored,
                Err(Fault::Unfit(error)) if !under_way => return Sent::Unfit(error),
                Err(Fault::Unfit(error)) => (is_unfit, last_error) = (true, error),
                Err(Fault::Refused(error)) if !under_way => return Sent::Refused(error),
                Err(Fault::Down(error)) if !under_way && tried + 1 >= DOWN_TRIES => return Sent::Down(error),
                Err(Fault::Elsewhere(error)) if !under_way && tried + 1 >= APPEND_TRIES => {
                    return Sent::Down(error);
                }
                Err(Fault::Down(error) | Fault::Elsewhere(error)) if !under_way => {
                    last_error = error;
                    continue;
                }
                // An end elsewhere is that of another event which the server takes for this one.
                Ok(_) | Err(Fault::Moved) => under_way = true,
                Err(
                    Fault::Unknown(error)
                    | Fault::Down(error)
                    | Fault::Elsewhere(error)
                    | Fault::Refused(error),
                ) => {
                    under_way = true;
                    last_error = error;
                }
            }
            match self.standing(stream, *needed, &first.key).await {
                Ok(Standing::Recorded) => return Sent::Stored,
                Ok(Standing::Absent) => return Sent::Absent,
                Ok(Standing::Open) if is_unfit => return Sent::Unfit(last_error),
                Ok(Standing::Open) => {}
                Err(error) => last_error = error,
            }
        }
        if under_way { Sent::Unknown(last_error) } else { Sent::Down(last_error) }
    }

    /// Settles every earlier append whose outcome nobody knows, before anything else is sent: one that arrives late
    /// would bring an older recorded time behind a newer one.
    pub(super) async fn settle_all(&mut self) -> Result<(), AppendError> {
        for number in self.claims.numbers() {
            self.settle(number).await?;
        }
        Ok(())
    }

    /// Brings an open append to an end: it is seen in the log, proven absent, or sent again as it was claimed.
    pub(super) async fn settle(&mut self, number: i64) -> Result<(), AppendError> {
        self.catch_up().await?;
        let Some(open) = self.claims.get(number).cloned() else { return Ok(()) };
        let Some(first) = open.events.first() else { return Ok(()) };
        let standing = self.standing(&open.stream, open.needed, &first.key).await?;
        let absent = match standing {
            Standing::Recorded => false,
            Standing::Absent => true,
            Standing::Open => {
                let heads = index::heads(&mut self.connection, std::iter::once(&open.stream)).await?;
                let head = heads.get(&open.stream).copied();
                if head.map(|head| head.revision) != open.needed {
                    return Err(StoreError::Row("KurrentDB: a stream ends before its own end".into()).into());
                }
                let events = open.events.iter().cloned();
                let recorded_at = self.next_time();
                let Some(placed) = place(&open.stream, head, events, recorded_at)? else { return Ok(()) };
                match self.send(&placed).await {
                    Sent::Stored => false,
                    Sent::Absent => true,
                    // An earlier try had the same bytes, so that it is not taken either if it was not yet.
                    Sent::Unfit(_) => {
                        let standing = self.standing(&open.stream, open.needed, &first.key).await?;
                        !matches!(standing, Standing::Recorded)
                    }
                    Sent::Refused(error) | Sent::Down(error) | Sent::Unknown(error) => {
                        return Err(error.into());
                    }
                }
            }
        };
        if absent {
            self.claims.remove(&mut self.connection, &[number]).await.map_err(StoreError::from)?;
            return Ok(self.catch_up().await?);
        }
        self.see(&[number]).await?;
        match self.claims.get(number) {
            None => Ok(()),
            Some(_) => {
                Err(StoreError::Engine("KurrentDB's log does not show what its stream does".into()).into())
            }
        }
    }
}
