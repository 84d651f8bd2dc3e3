//! Reading back: pages, names, places.

use subject_record_schemas::{Position, Revision, StreamName};

use super::given::{Fresh, Shape, any, event, key, person, record};

/// Nine events, every third of them in the second stream.
async fn nine(it: &Fresh) {
    for number in 0..9 {
        let stream = if number % 3 == 1 { person(2) } else { person(1) };
        record(&*it.store, any(&stream, [event(&format!("e-{number}"))])).await;
    }
}

pub(super) async fn all_events_are_read_in_pages(it: &Fresh) {
    assert_eq!(it.store.read_all(Position::START, 10).await.unwrap(), []);
    nine(it).await;
    let all = it.store.read_all(Position::START, 100).await.unwrap();
    assert_eq!(all.len(), 9);
    let last = all[8].position.number();
    for limit in [0, 1, 2, 3, 9, 10] {
        for after in all.iter().map(|event| event.position.number() - 1).chain([last, last + 1]) {
            let page = it.store.read_all(Position::new(after), limit).await.unwrap();
            let expected = all.iter().filter(|event| event.position.number() > after).take(limit as usize);
            assert!(page.iter().eq(expected), "{limit} after {after}");
        }
    }
}

pub(super) async fn a_stream_is_read_in_pages(it: &Fresh) {
    nine(it).await;
    let all = it.store.read_all(Position::START, 100).await.unwrap();
    for (stream, length) in [(person(1), 6), (person(2), 3), (person(3), 0)] {
        let own: Vec<_> = all.iter().filter(|event| event.stream == stream).collect();
        assert_eq!(own.len(), length);
        for limit in [0, 1, 2, 6, 7] {
            for from in 0..=7 {
                let page = it.store.read_stream(&stream, Revision::new(from), limit).await.unwrap();
                let expected = own.iter().copied().filter(|event| event.revision.number() >= from);
                assert!(page.iter().eq(expected.take(limit as usize)), "{limit} of {stream} from {from}");
            }
        }
    }
}

pub(super) async fn what_is_not_there_is_absent(it: &Fresh) {
    assert_eq!(it.store.last_position().await.unwrap(), Position::START);
    assert_eq!(it.store.event_at(Position::START).await.unwrap(), None);
    nine(it).await;
    let last = it.store.read_all(Position::START, 10).await.unwrap()[8].position;
    for absent in [0, last.number() + 1, u64::MAX] {
        assert_eq!(it.store.event_at(Position::new(absent)).await.unwrap(), None, "{absent}");
    }
    assert_eq!(it.store.find(&key("e-9")).await.unwrap(), None);
    let other = subject_record_schemas::Source::parse("platform/other").unwrap();
    let elsewhere = subject_record::store::EventKey { source: other, ..key("e-1") };
    assert_eq!(it.store.find(&elsewhere).await.unwrap(), None);
    let StreamName::Subject(id) = person(1) else { unreachable!() };
    for stream in [StreamName::Access(id), StreamName::Policy, StreamName::Office, person(3)] {
        assert_eq!(it.store.head(&stream).await.unwrap(), None);
        assert_eq!(it.store.read_stream(&stream, Revision::FIRST, 10).await.unwrap(), []);
    }
    assert_eq!(it.store.last_position().await.unwrap(), last);
}

pub(super) async fn a_name_is_found_with_every_character_it_may_have(it: &Fresh) {
    // All but what makes a name look like a personal identifier.
    let graphic: String =
        (b'!'..=b'~').map(char::from).filter(|c| *c != '@' && !c.is_ascii_digit()).collect();
    let names = [&graphic[..40], &graphic[40..], "1", "-1", "0x1", "1e3", "null", "\\u0000", "%_", "[1]"];
    let mut receipts = Vec::new();
    for name in names {
        receipts.extend(record(&*it.store, any(&person(1), [event(name)])).await);
    }
    for (name, receipt) in names.into_iter().zip(receipts) {
        let found = it.store.find(&key(name)).await.unwrap().unwrap();
        assert_eq!(found.position, receipt.position, "{name}");
        let stored: serde_json::Value = serde_json::from_str(&found.bytes).unwrap();
        assert_eq!(stored["id"], name);
    }
}

pub(super) async fn the_head_is_the_end_of_the_stream(it: &Fresh) {
    let mut marks = Vec::new();
    for given in
        [event("e-1"), event("e-2").registering(), event("e-3"), event("e-4").fencing(), event("e-5")]
    {
        let receipt = record(&*it.store, any(&person(1), [given])).await.remove(0);
        let head = it.store.head(&person(1)).await.unwrap().unwrap();
        assert_eq!((head.revision, head.leaf_hash), (receipt.revision, receipt.leaf_hash));
        marks.push((head.registered, head.fenced));
    }
    assert_eq!(marks, [(false, false), (true, false), (true, false), (true, true), (true, true)]);
}
