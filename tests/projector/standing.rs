//! What cannot be handled stops a projection, with its place and cause, and is never skipped.

use std::sync::Arc;

use subject_record::projector::{Log, Projection, Projector, Status};
use subject_record_schemas::{LeafHash, Position, StreamName, SubjectId};

use super::given::{On, PATIENCE, Tape, digests, on_both, open, reach, small, year};

fn status(projector: &Projector, projection: Projection) -> Status {
    projector.status().into_iter().find(|status| status.projection == projection).unwrap()
}

/// How a projection stands, once it does.
async fn standing(projector: &Projector, projection: Projection) -> Status {
    let standing = async {
        loop {
            let status = status(projector, projection);
            if status.stopped.is_some() {
                return status;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, standing).await.unwrap()
}

/// A place in the middle of the log where a person's event stands.
async fn middle() -> u64 {
    let year = year().await;
    let later = year[year.len() / 2..].iter();
    let mut subjects = later.filter(|event| event.stream.to_string().starts_with("subject-"));
    subjects.next().unwrap().kept.position.number()
}

async fn an_event_of_an_unknown_type_stops_until_it_can_be_read(on: On) {
    let (tape, folder, at) = (Tape::of(year().await), on.home().await, middle().await);
    let original = year().await[usize::try_from(at).unwrap() - 1].bytes.clone();
    tape.alter(at, |event| event.bytes = event.bytes.replacen(".v1\"", ".v99\"", 1).into());
    let projector = open(&folder, small(50), &tape).await;
    let all = tape.show_all().number();
    for projection in Projection::ALL {
        let status = standing(&projector, projection).await;
        let stop = status.stopped.unwrap();
        assert_eq!((stop.position.number(), status.position.number()), (at, at - 1), "{stop:?}");
        assert!(stop.cause.contains("v99"), "{stop:?}");
        let waited = projector.wait_for(projection, Position::new(at), std::time::Duration::ZERO).await;
        assert_eq!(waited, Err(Position::new(at - 1)));
    }
    // It stands over a start, too.
    projector.stop().await;
    let projector = open(&folder, small(50), &tape).await;
    tape.alter(at, |event| event.bytes = original);
    assert_eq!(standing(&projector, Projection::People).await.position.number(), at - 1);
    for projection in Projection::ALL {
        projector.resume(projection);
    }
    reach(&projector, all).await;
    let found = digests(&projector, all).await;
    projector.stop().await;

    let (clean, folder) = (Tape::of(year().await), on.home().await);
    let projector = open(&folder, small(2000), &clean).await;
    clean.show_all();
    reach(&projector, all).await;
    assert_eq!(found, digests(&projector, all).await);
    projector.stop().await;
}

async fn attack_an_altered_event_stops_what_was_written_for_it(on: On) {
    let (tape, folder, at) = (Tape::of(year().await), on.home().await, middle().await);
    let projector = open(&folder, small(50), &tape).await;
    tape.show(at);
    reach(&projector, at).await;
    tape.alter(at, |event| event.kept.leaf_hash = LeafHash::new([7; 32]));
    tape.show_all();
    for projection in Projection::ALL {
        let status = standing(&projector, projection).await;
        let stop = status.stopped.unwrap();
        assert_eq!((stop.position.number(), status.position.number()), (at, at), "{stop:?}");
        assert!(stop.cause.contains("leaf hash"), "{stop:?}");
    }
    projector.stop().await;
}

async fn a_projection_that_stands_does_not_hold_up_the_other(on: On) {
    // A look at a person, which one projection reads and the other has no use for.
    let mut log = year().await.to_vec();
    let look = log.len() as u64 / 2;
    let reader = StreamName::Access(SubjectId::parse("p-invented-1").unwrap());
    let place = log.iter_mut().find(|event| event.kept.position.number() == look).unwrap();
    (place.stream, place.bytes) = (reader, Arc::from("{}"));
    let (tape, folder) = (Tape::of(&log), on.home().await);
    let projector = open(&folder, small(50), &tape).await;
    let all = tape.show_all();
    assert_eq!(tape.head().borrow().number(), all.number());
    assert_eq!(standing(&projector, Projection::History).await.position.number(), look - 1);
    assert_eq!(projector.wait_for(Projection::People, all, PATIENCE).await, Ok(()));
    projector.stop().await;
}

on_both! {
    an_event_of_an_unknown_type_stops_until_it_can_be_read,
    attack_an_altered_event_stops_what_was_written_for_it,
    a_projection_that_stands_does_not_hold_up_the_other,
}
