//! A checker that trusts nothing but stored bytes: it derives again what a store claims about them.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use subject_record::store::{EventKey, EventStore, Receipt, RecordedEvent};
use subject_record_schemas::{EventId, LeafHash, Position, Revision, Source, StreamName};

const PAGE_EVENTS: u32 = 500;

/// What another instance appended is heard of in a moment; never to hear of it is a fault.
const TOLD_WITHIN: Duration = Duration::from_secs(60);

/// A log that holds together.
#[derive(Debug, Default)]
pub(crate) struct CheckedLog {
    /// Every event, by position.
    pub(crate) events: Vec<RecordedEvent>,
    /// Where the event of each name stands in `events`.
    places: HashMap<EventKey, usize>,
    /// Last revision and leaf hash of each stream.
    heads: HashMap<StreamName, (Revision, LeafHash)>,
}

impl CheckedLog {
    /// Where the event of a name stands, as its receipt must say it.
    pub(crate) fn receipt(&self, key: &EventKey) -> Option<Receipt> {
        let event = self.events.get(*self.places.get(key)?)?;
        Some(Receipt {
            stream: event.stream.clone(),
            revision: event.revision,
            position: event.position,
            leaf_hash: event.leaf_hash,
            recorded_at: event.recorded_at,
        })
    }

    /// Takes the event that comes next, or says what is wrong with it.
    fn take(&mut self, event: RecordedEvent, gapless: bool) -> Result<(), String> {
        let must = |holds: bool, fault: &str| if holds { Ok(()) } else { Err(format!("{fault}: {event:?}")) };
        let before = self.events.last().map_or(Position::START, |last| last.position);
        let follows = event.position.number() == self.events.len() as u64 + 1;
        must(follows || !gapless && event.position > before, "positions have a gap or go back")?;
        let time_before = self.events.last().map(|last| last.recorded_at);
        must(time_before.is_none_or(|before| before <= event.recorded_at), "recorded time goes back")?;

        let hash = Sha256::new().chain_update([0]).chain_update(event.bytes.as_bytes()).finalize();
        must(event.leaf_hash == LeafHash::new(hash.into()), "the leaf hash is not that of the bytes")?;

        let head = self.heads.get(&event.stream);
        let revision = head.map_or(0, |(revision, _)| revision.number() + 1);
        must(event.revision == Revision::new(revision), "revisions have a gap or go back")?;

        let stored: Value =
            serde_json::from_str(&event.bytes).map_err(|error| format!("no JSON, {error}: {event:?}"))?;
        let member = |name: &str| stored.get(name).and_then(Value::as_str).map(str::to_owned);
        must(member("sequence") == Some(format!("{revision:012}")), "the sequence is not the revision")?;
        let previous = head.map(|(_, leaf_hash)| hex::encode(leaf_hash.bytes()));
        must(member("previous") == previous, "previous is not the leaf hash of the stream's event before")?;
        let recorded = event.recorded_at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        must(member("recordedtime") == Some(recorded), "the recorded time is not the one in the bytes")?;
        if let (Some(subject), Some(person)) = (member("subject"), event.stream.subject()) {
            must(person.as_str() == subject, "the event stands in another person's stream")?;
        }

        let source = member("source").and_then(|source| Source::parse(source).ok());
        let id = member("id").and_then(|id| EventId::parse(id).ok());
        let key = source.zip(id).map(|(source, id)| EventKey { source, id });
        let key = key.ok_or_else(|| format!("the event has no name: {event:?}"))?;
        must(!self.places.contains_key(&key), "the name stands twice")?;

        self.places.insert(key, self.events.len());
        self.heads.insert(event.stream.clone(), (event.revision, event.leaf_hash));
        self.events.push(event);
        Ok(())
    }
}

/// Checks events as they were read, from the first on.
pub(crate) fn check_events(events: impl IntoIterator<Item = RecordedEvent>) -> Result<CheckedLog, String> {
    let mut log = CheckedLog::default();
    events.into_iter().try_for_each(|event| log.take(event, true))?;
    Ok(log)
}

/// Reads the whole log and checks it; then checks that every other way of reading shows the same. Nothing may
/// be appended meanwhile.
pub(crate) async fn check_log(store: &dyn EventStore) -> Result<CheckedLog, String> {
    let mut log = CheckedLog::default();
    let gapless = store.capabilities().gapless_positions;
    loop {
        let after = log.events.last().map_or(Position::START, |last| last.position);
        let page =
            store.read_all(after, PAGE_EVENTS).await.map_err(|error| format!("read_all: {error:?}"))?;
        if page.is_empty() {
            break;
        }
        page.into_iter().try_for_each(|event| log.take(event, gapless))?;
    }
    check_other_ways(store, &log).await?;
    Ok(log)
}

async fn check_other_ways(store: &dyn EventStore, log: &CheckedLog) -> Result<(), String> {
    let fault = |error| format!("{error:?}");
    let last = log.events.last().map_or(Position::START, |last| last.position);
    if store.last_position().await.map_err(fault)? != last {
        return Err(format!("the log ends at {last}, but the store says otherwise"));
    }
    let mut told = store.subscribe();
    let reached = told.wait_for(|reached| *reached >= last);
    let reached = tokio::time::timeout(TOLD_WITHIN, reached).await.ok().and_then(Result::ok);
    let reached = reached.map(|reached| *reached);
    if reached != Some(last) {
        return Err(format!("the log ends at {last}, but followers are told {reached:?}"));
    }
    for (key, place) in &log.places {
        let found = store.find(key).await.map_err(fault)?;
        if found.as_ref() != log.events.get(*place) {
            return Err(format!("{key:?} is found as {found:?}"));
        }
    }
    for (stream, (revision, leaf_hash)) in &log.heads {
        let head = store.head(stream).await.map_err(fault)?;
        if head.is_none_or(|head| (head.revision, head.leaf_hash) != (*revision, *leaf_hash)) {
            return Err(format!("{stream} ends at {revision}, {leaf_hash}, but its head is {head:?}"));
        }
        let read = store.read_stream(stream, Revision::FIRST, u32::MAX).await.map_err(fault)?;
        if !read.iter().eq(log.events.iter().filter(|event| event.stream == *stream)) {
            return Err(format!("{stream} reads otherwise by itself"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::given::{Fresh, any, event, person, record};

    async fn log() -> Vec<RecordedEvent> {
        let it = Fresh::memory().await;
        record(&*it.store, any(&person(1), [event("e-1"), event("e-2")])).await;
        record(&*it.store, any(&person(2), [event("e-3")])).await;
        check_log(&*it.store).await.unwrap().events
    }

    /// Bytes of an event replaced, and its leaf hash with them, as who owns the file would do it.
    fn rewritten(event: &RecordedEvent, from: &str, to: &str) -> RecordedEvent {
        assert!(event.bytes.contains(from), "{event:?}");
        let bytes = event.bytes.replace(from, to);
        let leaf_hash = LeafHash::new(Sha256::new().chain_update([0]).chain_update(&bytes).finalize().into());
        RecordedEvent { bytes: bytes.into(), leaf_hash, ..event.clone() }
    }

    #[tokio::test]
    async fn the_checker_notices_every_kind_of_damage() {
        let whole = log().await;
        let with = |at: usize, event: RecordedEvent| {
            let mut log = whole.clone();
            log[at] = event;
            log
        };
        let [first, second, third] = &whole[..] else { unreachable!("{whole:?}") };
        let other_position = RecordedEvent { position: Position::new(4), ..third.clone() };
        let other_revision = RecordedEvent { revision: Revision::new(1), ..third.clone() };
        let other_stream = RecordedEvent { stream: person(1), ..third.clone() };
        let earlier = RecordedEvent {
            recorded_at: first.recorded_at - chrono::TimeDelta::microseconds(1),
            ..third.clone()
        };
        let other_bytes =
            RecordedEvent { bytes: first.bytes.replace("tests", "testz").into(), ..first.clone() };
        for (fault, log) in [
            ("positions", whole[1..].to_vec()),
            ("positions", vec![first.clone(), third.clone()]),
            ("positions", with(2, other_position)),
            ("revisions", with(2, other_revision)),
            ("revisions", with(2, other_stream)),
            ("recorded time goes", with(2, earlier)),
            ("leaf hash is not", with(0, other_bytes)),
            ("previous", with(0, rewritten(first, "AAAA", "AAAB"))),
            ("previous", with(1, rewritten(second, "\"previous\"", "\"former\""))),
            ("sequence", with(2, rewritten(third, "000000000000", "000000000001"))),
            ("sequence", with(2, rewritten(third, "000000000000", "0"))),
            (
                "recorded time is not",
                with(2, rewritten(third, "\"recordedtime\":\"2026", "\"recordedtime\":\"2025")),
            ),
            ("name stands twice", with(2, rewritten(third, "e-3", "e-1"))),
            ("no name", with(2, rewritten(third, "\"id\"", "\"no\""))),
            (
                "another person",
                with(2, rewritten(third, "\"source\"", "\"subject\":\"p-invented-1\",\"source\"")),
            ),
            ("no JSON", with(2, rewritten(third, "}", ""))),
        ] {
            let found = check_events(log).map(|log| log.events.len());
            assert!(
                found.as_ref().is_err_and(|found| found.starts_with(fault) || found.contains(fault)),
                "{fault}: {found:?}"
            );
        }
        assert_eq!(check_events(whole.clone()).map(|log| log.events), Ok(whole));
    }
}
