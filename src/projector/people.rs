//! The projection of streams: what follows from all that is known of a person, the policy or the office.
//!
//! A chronicle a stream is kept in memory, as far as the settings allow; one that is not there is folded again from the
//! stream.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use futures::stream::{StreamExt as _, TryStreamExt as _};
use subject_record_projections::SubjectEvent;
use subject_record_projections::chronicle::{Chronicle, Learned};
use subject_record_projections::governance::Governance;
use subject_record_schemas::{Fact, Position, Revision, StreamName};

use super::batch::{Batch, Cursor, Mark};
use super::engine::{Fault, Ground, Item, Outlet, apart, parse};
use super::folds::Folds;
use super::generation::Generation;
use super::log::LogEvent;
use super::progress::Stop;
use super::rejudge;

/// Streams that are read from the log at a time.
const STREAMS_READ: usize = 4;

/// Streams of a batch that were read from the log.
pub(super) type Streams = HashMap<StreamName, Arc<Vec<SubjectEvent>>>;

/// What is remembered of streams between batches.
#[derive(Debug)]
pub(super) struct People {
    pub(super) office: Governance,
    pub(super) chronicles: Folds,
    /// How far a judging anew had come that was cut short.
    pub(super) cursor: Option<Cursor>,
}

/// Whose rows they are: the person's id, `policy` or `office`.
pub(super) fn subject_of(stream: &StreamName) -> Arc<str> {
    match stream.subject() {
        Some(id) => id.as_str().into(),
        None => stream.to_string().into(),
    }
}

const fn is_projected(stream: &StreamName) -> bool {
    !matches!(stream, StreamName::Access(_))
}

/// Reads streams up to and including a position.
pub(super) async fn read_streams(
    ground: &Ground,
    streams: impl IntoIterator<Item = StreamName>,
    until: Position,
) -> Result<Streams, Fault> {
    let read = |stream: StreamName| {
        let log = Arc::clone(&ground.log);
        async move {
            let events = log.stream(&stream, until).await?;
            Ok::<_, Fault>((stream, events))
        }
    };
    let read: Vec<(StreamName, Vec<LogEvent>)> =
        futures::stream::iter(streams).map(read).buffer_unordered(STREAMS_READ).try_collect().await?;
    let parsed = apart(move || {
        let parse_one = |(stream, events): (StreamName, Vec<LogEvent>)| match parse(&events, |_| true) {
            (items, None) => {
                let events = items.into_iter().filter_map(|item| item.event).collect();
                Ok((stream, Arc::new(events)))
            }
            (_, Some(stop)) => Err(Fault::Event(stop)),
        };
        read.into_iter().map(parse_one).collect::<Result<Streams, Fault>>()
    });
    parsed.await?
}

/// Takes the text of a rule pack into what was published.
pub(super) async fn take_pack(
    office: &mut Governance,
    event: &SubjectEvent,
    ground: &Ground,
) -> Result<(), Fault> {
    let Fact::RulePackPublished(published) = &event.fact else { return Ok(()) };
    let hash = published.text_hash.to_string();
    let Some(text) = ground.log.text(&hash).await? else {
        let cause = format!("the text of the rule pack is missing: store the text of SHA-256 {hash}");
        return Err(Fault::Event(Stop { position: event.position, cause }));
    };
    if let Err(error) = office.take_pack(published, &text) {
        // Its hash fixes the text, so every reading of the log passes it over.
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, position = %event.position, "a published rule pack does not read and judges nothing");
    }
    Ok(())
}

/// Events of a stream up to and including a position.
fn until(events: &[SubjectEvent], position: Position) -> Vec<SubjectEvent> {
    events.iter().take_while(|event| event.position <= position).cloned().collect()
}

impl People {
    /// Ready to go on after a place.
    pub(super) async fn load(ground: &Ground, generation: &Generation, place: Mark) -> Result<Self, Fault> {
        let policy = read_streams(ground, [StreamName::Policy], place.position).await?;
        let mut office = Governance::default();
        for event in policy.values().flat_map(|events| events.iter()) {
            office.learn(event);
            take_pack(&mut office, event, ground).await?;
        }
        let chronicles = Folds::within(ground.settings.people_cache_bytes_max);
        let cursor = rejudge::cursor(generation).await?;
        Ok(Self { office, chronicles, cursor })
    }

    /// Takes in events after a place, and sends what they change.
    pub(super) async fn advance(
        mut self: Box<Self>,
        after: Mark,
        events: Vec<LogEvent>,
        ground: &Ground,
        generation: &Generation,
        outlet: &Outlet,
    ) -> Result<Box<Self>, Fault> {
        let (items, stop) = apart(move || parse(&events, is_projected)).await?;
        let mut items = VecDeque::from(items);
        let mut batch = Batch::after(after);
        while let Some(first) = items.front() {
            if first.stream == StreamName::Policy {
                let Some(Item { place, event: Some(event), .. }) = items.pop_front() else { continue };
                batch = self.publish(place, event, batch, ground, generation, outlet).await?;
                continue;
            }
            let segment = items.iter().position(|item| item.stream == StreamName::Policy);
            let mut segment: VecDeque<Item> = items.drain(..segment.unwrap_or(items.len())).collect();
            let last = segment.back().map_or(batch.place.position, |item| item.place.position);
            let mut streams = read_streams(ground, self.wanted(&segment), last).await?;
            while !segment.is_empty() {
                let (back, rest, full, read, missing) = apart(move || {
                    let missing = self.learn(&mut segment, &streams, &mut batch);
                    (self, segment, batch, streams, missing)
                })
                .await?;
                (self, segment, batch, streams) = (back, rest, full, read);
                if let Some(stream) = missing {
                    streams.extend(read_streams(ground, [stream], last).await?);
                }
            }
        }
        if batch.events > 0 {
            outlet.send(batch).await?;
        }
        stop.map_or(Ok(self), |stop| Err(Fault::Event(stop)))
    }

    /// Streams that have to be read before these events can be learned, as far as that can be told beforehand.
    fn wanted(&self, segment: &VecDeque<Item>) -> Vec<StreamName> {
        let mut last = HashMap::new();
        let mut wanted = Vec::new();
        for item in segment {
            let Some(event) = &item.event else { continue };
            let before = last.entry(&item.stream).or_insert_with(|| {
                let chronicle = self.chronicles.peek(&item.stream);
                let is_missing = chronicle.is_none() && event.revision != Revision::FIRST;
                (chronicle.and_then(Chronicle::last), is_missing, false)
            });
            let is_late = before.0.is_some_and(|last| event.occurred_at < last);
            before.0 = before.0.max(Some(event.occurred_at));
            if (before.1 || is_late) && !before.2 {
                before.2 = true;
                wanted.push(item.stream.clone());
            }
        }
        wanted
    }

    /// Learns events, up to one whose stream has to be read first: answers that stream.
    fn learn(
        &mut self,
        segment: &mut VecDeque<Item>,
        streams: &Streams,
        batch: &mut Batch,
    ) -> Option<StreamName> {
        while let Some(item) = segment.front() {
            if let Some(event) = &item.event {
                let known = streams.get(&item.stream).map(|events| events.as_slice());
                if !self.learn_one(&item.stream, event, known, batch) {
                    return Some(item.stream.clone());
                }
            }
            batch.reach(item.place);
            segment.pop_front();
        }
        None
    }

    /// Learns an event, unless its stream has to be known for that and is not.
    pub(super) fn learn_one(
        &mut self,
        stream: &StreamName,
        event: &SubjectEvent,
        known: Option<&[SubjectEvent]>,
        batch: &mut Batch,
    ) -> bool {
        let is_first = event.revision == Revision::FIRST;
        if !self.chronicles.contains(stream) {
            let before = match known {
                _ if is_first => Vec::new(),
                Some(known) => until(known, Position::new(event.position.number().saturating_sub(1))),
                None => return false,
            };
            self.chronicles.put(stream.clone(), Chronicle::of(before, &self.office));
        }
        let learned =
            self.chronicles.change(stream, |chronicle| match chronicle.learn(event, &self.office) {
                Learned::Changed(changes) => Some(changes),
                Learned::Late => {
                    let all = match known {
                        _ if is_first => vec![event.clone()],
                        known => until(known?, event.position),
                    };
                    let anew = Chronicle::of(all, &self.office);
                    let changes = anew.changes_since(chronicle);
                    *chronicle = anew;
                    Some(changes)
                }
            });
        let Some(changes) = learned.flatten() else { return false };
        let subject = subject_of(stream);
        batch.take(&subject, changes, event.position, self.office.position());
        batch.lasts_until(&subject, event.occurred_at);
        true
    }
}
