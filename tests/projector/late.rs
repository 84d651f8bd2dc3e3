//! A simulated year of which much becomes known late, what was published too: whoever it touches is judged anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use subject_record::clock::{Entropy, SeededEntropy};
use subject_record::projector::{Cursor, Filter, LogEvent, Projection, Projector};
use subject_record::simulate::{SimulatedEvent, Simulation};
use subject_record_projections::SubjectEvent;
use subject_record_projections::chronicle::Chronicle;
use subject_record_projections::governance::Governance;
use subject_record_projections::history::HISTORY;
use subject_record_projections::table::{Cell, ColumnKind, Row};
use subject_record_schemas::{Position, Revision, StreamName};
use tokio::sync::OnceCell;

use super::given::{Home, On, Tape, digests, on_both, open, reach, recorded, small};

/// Moves events to a later place; each is sent when its new neighbour is.
fn delay(events: &mut Vec<SimulatedEvent>, is_late: impl Fn(&Value) -> bool) {
    let (late, mut rest): (Vec<_>, Vec<_>) = events.drain(..).partition(|event| is_late(&event.document));
    let step = rest.len() / (late.len() + 2);
    for (number, mut event) in late.into_iter().enumerate() {
        let found = rest.iter().position(|other| other.sent_at > event.sent_at).unwrap_or(rest.len());
        let place = (found + step * (number % 5 + 1)).min(rest.len());
        event.sent_at = rest[place.saturating_sub(1)].sent_at.max(event.sent_at);
        rest.insert(place, event);
    }
    rest.sort_by_key(|event| event.sent_at);
    *events = rest;
}

/// Events of a year in which publications and some facts of persons come in long after they happened.
async fn late() -> &'static [LogEvent] {
    static LATE: OnceCell<Vec<LogEvent>> = OnceCell::const_new();
    LATE.get_or_init(|| async {
        let mut events =
            Simulation { seed: 4, subjects: 12, start: Simulation::default_start() }.year().events;
        let word = |document: &Value| document["type"].as_str().unwrap().to_owned();
        delay(&mut events, |document| word(document).contains("recipient.registered"));
        delay(&mut events, |document| word(document).contains("policy.version"));
        delay(&mut events, |document| word(document).contains("consent.withdrawn"));
        recorded(&events).await
    })
    .await
}

fn parsed(log: &[LogEvent]) -> Vec<(StreamName, SubjectEvent)> {
    let read =
        |event: &LogEvent| (event.stream.clone(), SubjectEvent::parse(event.kept, &event.bytes).unwrap());
    log.iter().map(read).collect()
}

/// What holds at an instant by those events alone that had happened by then and stand up to a position.
fn refolded(log: &[(StreamName, SubjectEvent)], at: DateTime<Utc>, known: u64) -> Vec<(String, Row)> {
    let (mut office, mut streams) = (Governance::default(), BTreeMap::<String, (StreamName, Vec<_>)>::new());
    for (stream, event) in log {
        if event.position.number() > known || event.occurred_at > at {
            continue;
        }
        if *stream == StreamName::Policy {
            office.learn(event);
        }
        let subject = stream.subject().map_or_else(|| stream.to_string(), |id| id.as_str().to_owned());
        let (_, events) = streams.entry(subject).or_insert_with(|| (stream.clone(), Vec::new()));
        // The chain of what is left has no gaps.
        let mut event = event.clone();
        event.revision = Revision::new(events.len() as u64);
        event.previous = events.last().map(|before: &SubjectEvent| before.leaf_hash);
        events.push(event);
    }
    let mut rows = Vec::new();
    for (subject, (stream, events)) in streams {
        if matches!(stream, StreamName::Access(_)) {
            continue;
        }
        let chronicle = Chronicle::of(events, &office);
        rows.extend(chronicle.versions().all_at(at).map(|row| (subject.clone(), row.clone())));
    }
    rows.sort_by(|(one, a), (other, b)| (a.at, one, &a.key).cmp(&(b.at, other, &b.key)));
    rows
}

fn everything() -> Filter {
    Filter { limit: u32::MAX, ..Filter::default() }
}

async fn followed(folder: &Home) -> (Projector, Arc<Tape>, u64) {
    let tape = Tape::of(late().await);
    let projector = open(folder, small(40), &tape).await;
    let all = tape.show_all().number();
    reach(&projector, all).await;
    (projector, tape, all)
}

fn instant(us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(us).unwrap()
}

async fn at_any_instant_and_position_rows_are_those_of_a_fold_from_nothing(on: On) {
    let folder = on.home().await;
    let (projector, _tape, all) = followed(&folder).await;
    let log = parsed(late().await);
    let late_publications = log.windows(2).filter(|pair| {
        pair[1].0 == StreamName::Policy && pair[1].1.occurred_at + TimeDelta::days(3) < pair[0].1.occurred_at
    });
    assert!(late_publications.count() > 5, "hardly anything was published late");
    let reader = projector.reader(Projection::People).unwrap();
    let entropy = SeededEntropy::new(11);
    let entropy: &dyn Entropy = &entropy;
    let mut seen = 0;
    for round in 0..80 {
        let number = |limit: usize| u32::from_le_bytes(entropy.bytes::<4>()) as usize % limit;
        let moment = log[number(log.len())].1.occurred_at.timestamp_micros();
        let at = instant(moment + [0, -1, 1, 86_400_000_000][round % 4]);
        // Often just before or at a publication, whose rows are judged in pieces.
        let published = |place: usize| log[place..].iter().find(|(stream, _)| *stream == StreamName::Policy);
        let place = number(log.len());
        let known = match (round % 3, published(place)) {
            (0, _) | (_, None) => place as u64 + 1,
            (back, Some((_, event))) => event.position.number() + 1 - back as u64,
        }
        .min(all);
        // Often just when an event becomes known that begins or ends rows at that very moment.
        let (at, known) = match round % 2 {
            0 => (log[place].1.occurred_at, place as u64 + 1),
            _ => (at, known),
        };
        let expected = refolded(&log, at, known);
        for table in Projection::People.tables() {
            let rows = reader
                .versions(table, &everything(), at.timestamp_micros(), Position::new(known))
                .await
                .unwrap();
            for row in &rows {
                let published = log.iter().map(|(stream, event)| (stream, event.position));
                let published = published.filter(|(stream, position)| {
                    **stream == StreamName::Policy && *position <= row.known_from
                });
                let last = published.map(|(_, position)| position).max().unwrap_or(Position::START);
                assert_eq!(row.judged_at, last, "{row:?}");
            }
            let rows: Vec<_> =
                rows.into_iter().map(|row| (row.subject, row.key, row.at_us, row.body)).collect();
            let expected: Vec<_> = expected
                .iter()
                .filter(|(_, row)| row.table == *table)
                .map(|(subject, row)| {
                    (subject.clone(), row.key.to_string(), row.at.timestamp_micros(), row.body.to_string())
                })
                .collect();
            seen += rows.len();
            assert_eq!(rows, expected, "{} at {at} as known at {known}", table.name);
        }
    }
    assert!(seen > 1000, "{seen} rows compared");
    projector.stop().await;
}

async fn a_search_by_any_column_answers_what_filtering_by_hand_does(on: On) {
    let folder = on.home().await;
    let (projector, _tape, all) = followed(&folder).await;
    let at = parsed(late().await).iter().map(|(_, event)| event.occurred_at).max().unwrap();
    let (at_us, known) = (at.timestamp_micros(), Position::new(all));
    let rows = refolded(&parsed(late().await), at, all);
    let reader = projector.reader(Projection::People).unwrap();
    let mut narrowed = 0;
    for table in Projection::People.tables() {
        let own: Vec<_> = rows.iter().filter(|(_, row)| row.table == *table).collect();
        let names = |rows: Vec<&(String, Row)>| -> Vec<(String, String)> {
            rows.into_iter().map(|(subject, row)| (subject.clone(), row.key.to_string())).collect()
        };
        let mut searches = Vec::new();
        for (place, column) in table.columns.iter().enumerate() {
            let mut cells: Vec<Cell> = Vec::new();
            match column.kind {
                ColumnKind::Flags(words) => cells.extend((0..words.len()).map(|bit| Cell::Integer(1 << bit))),
                _ => {
                    for (_, row) in &own {
                        if !cells.contains(&row.cells[place]) && cells.len() < 5 {
                            cells.push(row.cells[place].clone());
                        }
                    }
                }
            }
            for cell in cells {
                let holds = |row: &Row| match (column.kind, &cell, &row.cells[place]) {
                    (ColumnKind::Flags(_), Cell::Integer(bit), Cell::Integer(flags)) => flags & bit != 0,
                    (ColumnKind::Flags(_), ..) => false,
                    (_, wanted, cell) => wanted == cell,
                };
                let found: Vec<_> = own.iter().copied().filter(|(_, row)| holds(row)).collect();
                searches.push((Filter { equals: vec![(column.name, cell.clone())], ..everything() }, found));
            }
        }
        for (subject, row) in own.iter().step_by(5).copied() {
            let moment = row.at.timestamp_micros();
            let of = own.iter().copied().filter(|(other, _)| other == subject).collect();
            searches.push((Filter { subject: Some(subject.clone()), ..everything() }, of));
            let from = own.iter().copied().filter(|(_, row)| row.at.timestamp_micros() >= moment).collect();
            searches.push((Filter { from_us: Some(moment), ..everything() }, from));
            let to = own.iter().copied().filter(|(_, row)| row.at.timestamp_micros() < moment).collect();
            searches.push((Filter { to_us: Some(moment), ..everything() }, to));
        }
        for (filter, expected) in searches {
            narrowed += usize::from(!expected.is_empty() && expected.len() < own.len());
            let mut expected = names(expected);
            for newest_first in [false, true] {
                let mut page = Filter { newest_first, limit: 7, ..filter.clone() };
                let mut found = Vec::new();
                loop {
                    let rows = reader.versions(table, &page, at_us, known).await.unwrap();
                    let Some(last) = rows.last() else { break };
                    page.cursor = Some(Cursor::Version {
                        at_us: last.at_us,
                        subject: last.subject.clone(),
                        key: last.key.clone(),
                    });
                    found.extend(rows.into_iter().map(|row| (row.subject, row.key)));
                    assert!(found.len() <= own.len(), "pages overlap: {page:?}");
                }
                assert_eq!(found, expected, "{} by {page:?}", table.name);
                expected.reverse();
            }
        }
    }
    assert!(narrowed > 50, "{narrowed} searches narrow anything");
    projector.stop().await;
}

async fn pages_of_the_history_hold_what_had_happened_and_was_known_once_each(on: On) {
    let folder = on.home().await;
    let (projector, _tape, all) = followed(&folder).await;
    let log = parsed(late().await);
    let reader = projector.reader(Projection::History).unwrap();
    for part in [1, 2, 3] {
        let known = all * part / 3;
        let at = log[log.len() * 2 / 3].1.occurred_at;
        let visible = log
            .iter()
            .map(|(_, event)| event)
            .filter(|event| event.position.number() <= known && event.occurred_at <= at);
        let mut expected: Vec<_> =
            visible.map(|event| (event.occurred_at.timestamp_micros(), event.position)).collect();
        expected.sort_unstable();
        for newest_first in [false, true] {
            let mut page = Filter { newest_first, limit: 50, ..Filter::default() };
            let mut found = Vec::new();
            loop {
                let rows = reader
                    .events(&HISTORY, &page, at.timestamp_micros(), Position::new(known))
                    .await
                    .unwrap();
                let Some(last) = rows.last() else { break };
                page.cursor = Some(Cursor::Event { time_us: last.time_us, position: last.position });
                found.extend(rows.iter().map(|row| (row.time_us, row.position)));
                assert!(found.len() <= expected.len(), "pages overlap");
            }
            assert_eq!(found, expected);
            expected.reverse();
        }
    }
    projector.stop().await;
}

async fn cut_off_while_persons_are_judged_anew_loses_and_doubles_nothing(on: On) {
    let undisturbed = on.home().await;
    let (projector, _tape, all) = followed(&undisturbed).await;
    let expected = digests(&projector, all).await;
    projector.stop().await;

    let folder = on.home().await;
    let tape = Tape::of(late().await);
    tape.show_all();
    let mut settings = small(8);
    (settings.rejudged_people, settings.people_cache_bytes_max) = (1, 50_000);
    let entropy = SeededEntropy::new(5);
    let entropy: &dyn Entropy = &entropy;
    let mut in_the_midst = 0;
    for _ in 0..30 {
        // One read to begin with and one a person: it ends with a read that never answers.
        tape.hang_after(3 + usize::from(entropy.bytes::<1>()[0]) % 8);
        let projector = open(&folder, settings, &tape).await;
        let done =
            projector.wait_for(Projection::People, Position::new(all), std::time::Duration::from_secs(60));
        let is_done = tokio::select! {
            done = done => done.is_ok(),
            () = tape.hangs() => false,
        };
        drop(projector);
        // Whatever was being committed is, or is not, as with a process that is killed.
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        let cursors = folder.number(Projection::People, 1, "SELECT count(*) FROM judging_anew").await;
        in_the_midst += cursors;
        if is_done {
            break;
        }
    }
    tape.hang_after(usize::MAX);
    let projector = open(&folder, settings, &tape).await;
    reach(&projector, all).await;
    assert_eq!(digests(&projector, all).await, expected);
    assert!(in_the_midst > 5, "{in_the_midst} cuts met a judging anew");
    projector.stop().await;
}

on_both! {
    at_any_instant_and_position_rows_are_those_of_a_fold_from_nothing,
    a_search_by_any_column_answers_what_filtering_by_hand_does,
    pages_of_the_history_hold_what_had_happened_and_was_known_once_each,
    cut_off_while_persons_are_judged_anew_loses_and_doubles_nothing,
}
