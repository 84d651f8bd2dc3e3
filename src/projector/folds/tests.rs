use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;
use subject_record_projections::SubjectEvent;
use subject_record_projections::governance::Governance;
use subject_record_schemas::{EventId, Fact, LeafHash, Position, Revision, Source, SubjectId};

use super::*;

const PEOPLE: usize = 6;
const ROOM: usize = 30_000;

fn person(number: usize) -> StreamName {
    StreamName::Subject(SubjectId::parse(format!("p-invented-{number}")).unwrap())
}

fn changed(revision: u64) -> SubjectEvent {
    let at = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(i64::try_from(revision).unwrap());
    let data = json!({ "field": "email", "cause": "subject" });
    SubjectEvent {
        position: Position::new(revision + 1),
        revision: Revision::new(revision),
        leaf_hash: LeafHash::new([0; 32]),
        previous: (revision > 0).then_some(LeafHash::new([0; 32])),
        intact: true,
        source: Source::parse("platform/tests").unwrap(),
        id: EventId::parse(format!("e-{revision}")).unwrap(),
        actor: None,
        correlation: None,
        occurred_at: at,
        recorded_at: at,
        fact: Fact::read("profile.changed.v1".parse().unwrap(), &data).unwrap(),
        has_personal: true,
    }
}

fn chronicle(events: u64) -> Chronicle {
    Chronicle::of((0..events).map(changed).collect(), &Governance::default())
}

fn learns(chronicle: &mut Chronicle, revision: u64) {
    let _ = chronicle.learn(&changed(revision), &Governance::default());
}

fn bytes(folds: &Folds) -> usize {
    folds.kept.iter().map(|(_, chronicle)| chronicle.bytes()).sum()
}

#[test]
fn who_was_needed_least_lately_is_let_go_when_another_one_grows() {
    let mut folds = Folds::within(chronicle(1).bytes() * 3);
    for number in 0..3 {
        folds.put(person(number), chronicle(1));
    }
    folds.change(&person(0), |_| ());
    let _ = folds.peek(&person(1));
    folds.change(&person(2), |chronicle| learns(chronicle, 1));
    let kept: Vec<_> = (0..3).filter(|number| folds.contains(&person(*number))).collect();
    assert_eq!(kept, [0, 2]);
}

#[test]
fn the_one_that_is_needed_stays_however_large() {
    let mut folds = Folds::within(0);
    for number in 0..3 {
        folds.put(person(number), chronicle(4));
        assert!(folds.contains(&person(number)) && folds.kept.len() == 1);
    }
    assert_eq!(folds.change(&person(2), |chronicle| learns(chronicle, 4)), Some(()));
    assert!(folds.contains(&person(2)));
    assert_eq!(folds.change(&person(1), |_| ()), None);
}

proptest! {
    #[test]
    fn what_they_take_is_known_and_within_bounds(
        steps in proptest::collection::vec((0..4u8, 0..PEOPLE, 0..6u64), 1..40),
    ) {
        let mut folds = Folds::within(ROOM);
        for (step, number, events) in steps {
            match step {
                0 => folds.put(person(number), chronicle(events)),
                1 => {
                    let _ = folds.change(&person(number), |kept| *kept = chronicle(events));
                }
                2 => {
                    let _ = folds.change(&person(number), |kept| learns(kept, events));
                }
                _ => folds.retain(|stream, kept| {
                    learns(kept, events);
                    *stream != person(number)
                }),
            }
            prop_assert_eq!(folds.bytes, bytes(&folds));
            prop_assert!(folds.bytes <= ROOM || folds.kept.len() == 1);
        }
    }
}
