//! The same facts in another order, late and more than once: in the end the same rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use subject_record::clock::{Entropy, SeededEntropy};
use subject_record::projector::{Filter, LogEvent, Projection, Projector};
use subject_record::simulate::{SimulatedEvent, Simulation};
use subject_record_projections::table::Shape;
use subject_record_schemas::{Position, StoredEvent};

use super::given::{On, Tape, on_both, open, reach, recorded, small};

/// Another order, with some events twice. What happened to one person at one moment keeps its order: nothing but
/// that order says which was first. Calendars are recorded when they were: days are counted by one from its recorded
/// time on, so one that is recorded late gives other rows by right.
fn shuffled(events: &[SimulatedEvent], seed: u64) -> Vec<SimulatedEvent> {
    let entropy = SeededEntropy::new(seed);
    let entropy: &dyn Entropy = &entropy;
    let moment =
        |event: &SimulatedEvent| event.document["time"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    let mut moments: BTreeMap<DateTime<Utc>, Vec<SimulatedEvent>> = BTreeMap::new();
    let is_calendar = |event: &&SimulatedEvent| event.document["type"].as_str().unwrap().contains("calendar");
    let last = events.iter().map(|event| event.sent_at).max().unwrap();
    for event in events.iter().filter(|event| !is_calendar(event)) {
        moments.entry(moment(event)).or_default().push(SimulatedEvent { sent_at: last, ..event.clone() });
    }
    let mut groups: Vec<_> = moments.into_values().map(|group| (entropy.bytes::<8>(), group)).collect();
    groups.sort_by_key(|(random, _)| *random);
    let mut order: Vec<_> = events.iter().filter(is_calendar).cloned().collect();
    order.extend(groups.into_iter().flat_map(|(_, group)| group));
    order.extend(events.iter().step_by(5).map(|event| SimulatedEvent { sent_at: last, ..event.clone() }));
    order
}

/// All rows that hold at the end, with the names of events in place of their positions.
async fn rows(projector: &Projector, log: &[LogEvent]) -> Vec<String> {
    let names: Vec<_> = log
        .iter()
        .map(|event| {
            let stored = StoredEvent::read(event.bytes.as_bytes()).unwrap();
            (
                event.kept.position.to_string(),
                format!("{}/{}", stored.attributes.source, stored.attributes.id),
            )
        })
        .collect();
    let named = |text: String| {
        // Positions are sixteen digits, which nothing else in a row is.
        names.iter().fold(text, |text, (position, name)| text.replace(position, name))
    };
    let known = Position::new(log.len() as u64);
    let everything = Filter { limit: u32::MAX, ..Filter::default() };
    let mut found = Vec::new();
    let reader = projector.reader(Projection::People).unwrap();
    for table in Projection::People.tables() {
        assert_eq!(table.shape, Shape::Versions);
        for row in reader.versions(table, &everything, i64::MAX - 1, known).await.unwrap() {
            // That an event was recorded long after it happened is about its delivery: here, about the order
            // itself. The pure tests of F47 have its cases.
            if row.key.starts_with("F47:") {
                continue;
            }
            let times = (row.at_us, row.valid_from_us, row.valid_until_us);
            found.push(named(format!("{} {} {} {times:?} {}", table.name, row.subject, row.key, row.body)));
        }
    }
    found.sort();
    found
}

async fn after(on: On, events: &[SimulatedEvent]) -> Vec<String> {
    let log = recorded(events).await;
    let (tape, folder) = (Tape::of(&log), on.home().await);
    let projector = open(&folder, small(40), &tape).await;
    reach(&projector, { tape.show_all() }.number()).await;
    let rows = rows(&projector, &log).await;
    projector.stop().await;
    rows
}

async fn late_doubled_and_reordered_delivery_gives_the_same_rows(on: On) {
    let simulation = Simulation { seed: 2, subjects: 20, start: Simulation::default_start() };
    let events = Arc::new(simulation.year().events);
    let in_order = after(on, &events).await;
    assert!(in_order.len() > 100, "{}", in_order.len());
    for seed in [1, 2] {
        let other = after(on, &shuffled(&events, seed)).await;
        let lost: Vec<_> = in_order.iter().filter(|row| !other.contains(row)).collect();
        let new: Vec<_> = other.iter().filter(|row| !in_order.contains(row)).collect();
        assert!(
            lost.is_empty() && new.is_empty(),
            "lost {}: {lost:#?}\nnew {}: {new:#?}",
            lost.len(),
            new.len()
        );
    }
}

on_both! {
    late_doubled_and_reordered_delivery_gives_the_same_rows,
}
