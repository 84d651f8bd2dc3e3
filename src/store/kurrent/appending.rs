//! Appending: claims first, then one append after another at an exact revision, then what the log shows of them.
//!
//! | what happens | what is known | what is done |
//! |---|---|---|
//! | nothing reached the server | not written | the claim goes, the caller is told |
//! | no answer, or a broken one | written, or not, or later | the stream is read where the event must stand; while nothing stands there, it is sent again at the same revision, so that one of both at most is written |
//! | wrong revision | perhaps written by an earlier try | the stream is read likewise; another event there proves the append absent, and it is planned again |
//! | acknowledged | nothing yet | the log is followed until it shows the event; what it shows is answered |
//! | the process ends | as without an answer | the claim is durable: the log marks it, the sweeper proves it absent, or it is sent again as it was claimed, with its openings, before anything else is |

use std::collections::{HashMap, HashSet};

use subject_record_schemas::Revision;

use super::index::{self, Entry};
use super::plan::{Placed, plan};
use super::sending::{APPEND_TRIES, Sent};
use super::writer::Writer;
use crate::store::{Append, AppendError, Appended, EventKey, Outcome, StoreError};

/// An append of a wave.
struct Item {
    index: usize,
    planned: Result<Option<Placed>, AppendError>,
    /// Where its stream ends after it.
    head: Option<Revision>,
    /// The number of its claim, if it is to be sent.
    number: Option<i64>,
}

type Results = Vec<Option<Result<Appended, AppendError>>>;

impl Writer {
    /// Appends a batch and answers each append.
    pub(super) async fn append_batch(&mut self, batch: &[Append]) -> Vec<Result<Appended, AppendError>> {
        let mut results: Results = batch.iter().map(|_| None).collect();
        let mut tries = vec![0; batch.len()];
        while results.iter().any(Option::is_none) {
            match self.wave(batch, &mut results).await {
                Ok(None) => {}
                Ok(Some(moved)) => {
                    tries[moved] += 1;
                    if tries[moved] >= APPEND_TRIES {
                        let error = StoreError::Engine("the stream moved again and again".into());
                        results[moved] = Some(Err(error.into()));
                    }
                }
                Err(error) => {
                    tracing::error!(%error, appends = batch.len(), "a batch could not be appended");
                    if let Err(error) = self.load().await {
                        tracing::error!(%error, "the index beside KurrentDB cannot be read");
                    }
                    let cause = match error {
                        StoreError::Engine(cause) => cause.to_string(),
                        other => other.to_string(),
                    };
                    for result in results.iter_mut().filter(|result| result.is_none()) {
                        *result = Some(Err(StoreError::Engine(cause.clone().into()).into()));
                    }
                }
            }
        }
        results.into_iter().flatten().collect()
    }

    /// Plans, claims and sends the appends that are not answered yet, up to the first that does not go through, and
    /// answers those before it. Says which append has to be planned again because its stream moved.
    async fn wave(&mut self, batch: &[Append], results: &mut Results) -> Result<Option<usize>, StoreError> {
        match self.settle_all().await {
            Ok(()) => {}
            Err(AppendError::Store(error)) => return Err(error),
            Err(_) => {
                // Nothing of it can be given a time now.
                let unanswered = results.iter_mut().filter(|result| result.is_none());
                unanswered.for_each(|result| *result = Some(Err(AppendError::ClockLeapt)));
                return Ok(None);
            }
        }
        let mut items = self.plan_wave(batch, results).await?;
        let placed: Vec<_> = items.iter().filter_map(|item| item.planned.as_ref().ok()?.as_ref()).collect();
        let numbers = self.claims.add(&mut self.connection, &placed).await?;
        let mut rest = numbers.into_iter();
        for item in items.iter_mut().filter(|item| matches!(item.planned, Ok(Some(_)))) {
            item.number = rest.next();
        }

        let mut stopped = None;
        for (place, item) in items.iter().enumerate() {
            if let Ok(Some(placed)) = &item.planned {
                match self.send(placed).await {
                    Sent::Stored => {}
                    other => {
                        stopped = Some((place, other));
                        break;
                    }
                }
            }
        }
        let mut unsent = items.split_off(stopped.as_ref().map_or(items.len(), |(place, _)| *place));
        let sent: Vec<_> = items.iter().filter_map(|item| item.number).collect();
        let mut unclaimed: Vec<_> = unsent.iter().filter_map(|item| item.number).collect();
        if matches!(stopped, Some((_, Sent::Unknown(_)))) {
            unclaimed.remove(0);
        }
        // Never sent, or proven absent.
        self.claims.remove(&mut self.connection, &unclaimed).await?;
        self.see(&sent).await?;
        self.answer(batch, items, results).await?;

        let Some((_, why)) = stopped else { return Ok(None) };
        let index = unsent.swap_remove(0).index;
        match why {
            Sent::Stored => Ok(None),
            Sent::Absent => {
                self.catch_up().await?;
                Ok(Some(index))
            }
            Sent::Refused(error) | Sent::Unfit(error) => {
                results[index] = Some(Err(error.into()));
                Ok(None)
            }
            // The others would wait for the same server as long.
            Sent::Down(error) | Sent::Unknown(error) => Err(error),
        }
    }

    async fn plan_wave(&mut self, batch: &[Append], results: &Results) -> Result<Vec<Item>, StoreError> {
        let left: Vec<_> = (0..batch.len()).filter(|index| results[*index].is_none()).collect();
        let keys = left.iter().flat_map(|index| &batch[*index].events).map(|event| &event.key);
        let mut recorded: HashSet<EventKey> =
            index::named(&mut self.connection, keys).await?.into_keys().collect();
        let streams = left.iter().map(|index| &batch[*index].stream);
        let mut heads = index::heads(&mut self.connection, streams).await?;
        let recorded_at = self.next_time();
        let mut items = Vec::with_capacity(left.len());
        for index in left {
            let append = &batch[index];
            let head = heads.get(&append.stream).copied();
            let planned = plan(append, head, |key| recorded.contains(key), recorded_at);
            if let Ok(Some(placed)) = &planned {
                recorded.extend(placed.events.iter().map(|(event, _)| event.key.clone()));
                heads.insert(append.stream.clone(), placed.after);
            }
            let head = heads.get(&append.stream).map(|head| head.revision);
            items.push(Item { index, planned, head, number: None });
        }
        Ok(items)
    }

    /// Answers appends that went through, from what the index shows.
    async fn answer(
        &mut self,
        batch: &[Append],
        items: Vec<Item>,
        results: &mut Results,
    ) -> Result<(), StoreError> {
        let keys = items.iter().flat_map(|item| &batch[item.index].events).map(|event| &event.key);
        let entries = index::named(&mut self.connection, keys).await?;
        for item in items {
            let result = match item.planned {
                Err(refusal) => Err(refusal),
                Ok(_) if item.number.is_some_and(|number| self.claims.get(number).is_some()) => {
                    let fault = "KurrentDB acknowledged an append that its log does not show";
                    Err(StoreError::Engine(fault.into()).into())
                }
                Ok(placed) => {
                    let outcomes = outcomes(&batch[item.index], placed.as_ref(), &entries);
                    Ok(Appended { outcomes, head: item.head })
                }
            };
            results[item.index] = Some(result);
        }
        Ok(())
    }
}

/// One outcome an event, those that follow another left out.
fn outcomes(append: &Append, placed: Option<&Placed>, entries: &HashMap<EventKey, Entry>) -> Vec<Outcome> {
    let new = placed.into_iter().flat_map(|placed| &placed.events).filter(|(event, _)| !event.follows);
    let mut new: HashSet<_> = new.map(|(event, _)| &event.key).collect();
    let answered = append.events.iter().filter(|event| !event.follows).filter_map(|event| {
        let receipt = entries.get(&event.key)?.receipt.clone();
        // A name that stands twice in one append is the same event: the second one is answered like any repeated one.
        let is_new = new.remove(&event.key);
        Some(if is_new { Outcome::Appended(receipt) } else { Outcome::AlreadyRecorded(receipt) })
    });
    answered.collect()
}
