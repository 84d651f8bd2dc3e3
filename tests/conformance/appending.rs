//! What an append writes, and where.

use sha2::{Digest, Sha256};
use subject_record::store::append::{STORE_MEMBERS_BYTES_MAX, STORED_BYTES_MAX};
use subject_record::store::{AppendError, ExpectedRevision, Outcome};
use subject_record_schemas::{LeafHash, Position, Revision};

use super::checker::check_log;
use super::given::{Fresh, Shape, any, append, event, expecting, key, nth, person, record};

pub(super) async fn what_was_appended_is_served_byte_for_byte(it: &Fresh) {
    let (first, second) = (event("e-1"), event("e-2"));
    let receipts = record(&*it.store, any(&person(1), [first.clone(), second.clone()])).await;
    let time = "2026-02-02T02:40:00.000000Z";
    let expected = [
        format!(
            r#"{}"recordedtime":"{time}","sequence":"000000000000",{}"#,
            first.text_before, first.text_after
        ),
        format!(
            r#"{}"recordedtime":"{time}","sequence":"000000000001","previous":"{}",{}"#,
            second.text_before,
            hex::encode(receipts[0].leaf_hash.bytes()),
            second.text_after
        ),
    ];
    let all = it.store.read_all(Position::START, 10).await.unwrap();
    let served: Vec<_> = all.iter().map(|event| &*event.bytes).collect();
    assert_eq!(served, expected);
    assert_eq!(it.store.read_stream(&person(1), Revision::FIRST, 10).await.unwrap(), all);
    for (place, id) in ["e-1", "e-2"].into_iter().enumerate() {
        assert_eq!(it.store.find(&key(id)).await.unwrap().as_ref(), Some(&all[place]));
        assert_eq!(it.store.event_at(all[place].position).await.unwrap().as_ref(), Some(&all[place]));
        let asked = [all[place].position, Position::new(u64::MAX), all[0].position, all[place].position];
        let expected = [Some(&all[place]), None, Some(&all[0]), Some(&all[place])];
        let answered = it.store.events_at(&asked).await.unwrap();
        assert!(answered.iter().map(Option::as_ref).eq(expected), "in the order in which they were asked");
    }
    for (served, sent) in all.iter().zip([first, second]) {
        assert!(
            served.bytes.len() - sent.text_before.len() - sent.text_after.len() <= STORE_MEMBERS_BYTES_MAX
        );
    }
}

pub(super) async fn the_leaf_hash_is_sha_256_of_a_zero_byte_and_what_is_served(it: &Fresh) {
    let receipts = record(&*it.store, any(&person(1), [event("e-1"), event("e-2")])).await;
    for receipt in receipts {
        let served = it.store.event_at(receipt.position).await.unwrap().unwrap();
        let hash = Sha256::digest([&[0], served.bytes.as_bytes()].concat());
        assert_eq!(receipt.leaf_hash, LeafHash::new(hash.into()));
        assert_eq!(served.leaf_hash, receipt.leaf_hash);
    }
}

pub(super) async fn positions_follow_the_order_of_answers_and_begin_at_1_without_a_gap_where_that_is_declared(
    it: &Fresh,
) {
    let mut positions = Vec::new();
    for number in 0..5 {
        let [first, second] = [0, 1].map(|part| event(&format!("e-{number}-{part}")));
        let receipts = record(&*it.store, any(&person(number % 2), [first, second])).await;
        positions.extend(receipts.iter().map(|receipt| receipt.position.number()));
        // What is refused takes no position.
        let refused =
            append(&*it.store, expecting(ExpectedRevision::NoStream, &person(0), [event("e-no")])).await;
        assert!(refused.is_err(), "{refused:?}");
    }
    assert!(positions.is_sorted_by(|before, after| before < after) && positions[0] > 0, "{positions:?}");
    if it.store.capabilities().gapless_positions {
        assert_eq!(positions, (1..=10).collect::<Vec<_>>());
    }
    let all = it.store.read_all(Position::START, 20).await.unwrap();
    assert!(all.iter().map(|event| event.position.number()).eq(positions));
    check_log(&*it.store).await.unwrap();
}

pub(super) async fn revisions_begin_at_0_in_each_stream(it: &Fresh) {
    let mut revisions = Vec::new();
    for (number, stream) in [1, 2, 1, 1, 2].into_iter().enumerate() {
        let appended =
            append(&*it.store, any(&person(stream), [event(&format!("e-{number}"))])).await.unwrap();
        let receipt = appended.outcomes[0].receipt();
        assert_eq!((&receipt.stream, Some(receipt.revision)), (&person(stream), appended.head));
        revisions.push(receipt.revision.number());
    }
    assert_eq!(revisions, [0, 0, 1, 2, 1]);
}

pub(super) async fn previous_is_the_leaf_hash_of_the_streams_event_before(it: &Fresh) {
    record(&*it.store, any(&person(1), [event("e-1"), event("e-2")])).await;
    record(&*it.store, any(&person(2), [event("e-3")])).await;
    record(&*it.store, any(&person(1), [event("e-4")])).await;
    let mut before: Option<LeafHash> = None;
    for event in it.store.read_stream(&person(1), Revision::FIRST, 10).await.unwrap() {
        let stored: serde_json::Value = serde_json::from_str(&event.bytes).unwrap();
        let previous = stored.get("previous").map(|previous| previous.as_str().unwrap().to_owned());
        assert_eq!(previous, before.map(|hash| hex::encode(hash.bytes())), "revision {}", event.revision);
        before = Some(event.leaf_hash);
    }
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 4);
}

pub(super) async fn an_append_is_recorded_only_where_the_stream_ends_as_expected(it: &Fresh) {
    use ExpectedRevision::{Any, Exactly, NoStream, StreamExists};
    let exactly = |number| Exactly(Revision::new(number));
    let mut names = (0..).map(|number| event(&format!("e-{number}")));
    for (stream, ends_at) in [(person(1), None), (person(2), Some(0)), (person(3), Some(2))] {
        for _ in 0..ends_at.map_or(0, |end| end + 1) {
            record(&*it.store, any(&stream, [names.next().unwrap()])).await;
        }
        let wrong: &[_] = match ends_at {
            None => &[StreamExists, exactly(0), exactly(1)],
            Some(0) => &[NoStream, exactly(1), exactly(7)],
            Some(_) => &[NoStream, exactly(0), exactly(1), exactly(3)],
        };
        for wrong in wrong {
            let refused = append(&*it.store, expecting(*wrong, &stream, [names.next().unwrap()])).await;
            let actual = ends_at.map(Revision::new);
            assert!(
                matches!(refused, Err(AppendError::Conflict { actual: a }) if a == actual),
                "{wrong:?} in a stream that ends at {ends_at:?}: {refused:?}"
            );
        }
        let right = match ends_at {
            None => [NoStream, StreamExists, exactly(1), Any],
            Some(end) => [exactly(end), StreamExists, exactly(end + 2), Any],
        };
        for right in right {
            record(&*it.store, expecting(right, &stream, [names.next().unwrap()])).await;
        }
    }
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 4 + 12);
}

pub(super) async fn too_large_is_refused_and_nothing_written(it: &Fresh) {
    let small = record(&*it.store, any(&person(1), [event("e-1").long(0)])).await;
    let bytes = it.store.event_at(small[0].position).await.unwrap().unwrap().bytes.len();
    let fits = STORED_BYTES_MAX - bytes;
    let refused = append(&*it.store, any(&person(2), [event("e-2").long(fits + 1).boxed(1)])).await;
    let Err(AppendError::TooLarge { bytes }) = refused else { unreachable!("{refused:?}") };
    assert_eq!(bytes, STORED_BYTES_MAX + 1);
    assert_eq!(it.store.head(&person(2)).await.unwrap(), None);
    assert!(!it.store.has_box(&person(2)).await.unwrap());

    let largest = record(&*it.store, any(&person(2), [event("e-2").long(fits)])).await;
    let served = it.store.event_at(largest[0].position).await.unwrap().unwrap();
    assert_eq!(served.bytes.len(), STORED_BYTES_MAX);
    check_log(&*it.store).await.unwrap();
}

pub(super) async fn an_append_of_several_is_all_or_nothing(it: &Fresh) {
    record(&*it.store, any(&person(1), [event("e-1")])).await;
    let before = it.store.head(&person(1)).await.unwrap();
    let bad = event("e-4").long(STORED_BYTES_MAX);
    let several = any(&person(1), [event("e-2").boxed(2), event("e-3").fencing(), bad]);
    let refused = append(&*it.store, several).await;
    assert!(matches!(refused, Err(AppendError::TooLarge { .. })), "{refused:?}");
    assert_eq!(it.store.head(&person(1)).await.unwrap(), before);
    assert!(!it.store.has_box(&person(1)).await.unwrap());
    assert_eq!(it.store.find(&key("e-2")).await.unwrap(), None);

    // Nothing of it is remembered: names are free, the stream is not fenced, the chain goes on.
    let receipts =
        record(&*it.store, any(&person(1), [event("e-3").boxed(3), event("e-2"), event("e-4")])).await;
    assert_eq!(receipts.last().map(|last| last.position), Some(nth(&*it.store, 4).await));
    check_log(&*it.store).await.unwrap();
}

pub(super) async fn appends_of_one_batch_are_answered_each_for_itself(it: &Fresh) {
    let recorded =
        record(&*it.store, any(&person(1), [event("e-1").registering(), event("e-2").fencing()])).await;
    let results = it
        .store
        .append_each(vec![
            any(&person(2), [event("e-3")]),
            expecting(ExpectedRevision::NoStream, &person(1), [event("e-4")]),
            any(&person(3), [event("e-5").long(STORED_BYTES_MAX)]),
            any(&person(1), [event("e-6").boxed(6)]),
            any(&person(1), [event("e-7").registering()]),
            any(&person(2), [event("e-1")]),
            any(&person(3), [event("e-8")]),
        ])
        .await;
    let [first, conflict, large, fenced, registered, again, last] = &results[..] else {
        unreachable!("{results:?}")
    };
    assert!(matches!(conflict, Err(AppendError::Conflict { actual: Some(_) })), "{conflict:?}");
    assert!(matches!(large, Err(AppendError::TooLarge { .. })), "{large:?}");
    assert!(matches!(fenced, Err(AppendError::Fenced)), "{fenced:?}");
    assert!(matches!(registered, Err(AppendError::AlreadyRegistered)), "{registered:?}");
    let again = &again.as_ref().unwrap().outcomes[0];
    assert!(
        matches!(again, Outcome::AlreadyRecorded(receipt) if receipt.position == recorded[0].position),
        "{again:?}"
    );
    for (appended, position) in [(first, 3), (last, 4)] {
        let receipt = appended.as_ref().unwrap().outcomes[0].receipt();
        assert_eq!(receipt.position, nth(&*it.store, position).await);
    }
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 4);
}

pub(super) async fn appends_of_one_batch_see_those_before_them(it: &Fresh) {
    let exactly = |number| ExpectedRevision::Exactly(Revision::new(number));
    let results = it
        .store
        .append_each(vec![
            expecting(ExpectedRevision::NoStream, &person(1), [event("e-1"), event("e-2")]),
            expecting(exactly(1), &person(1), [event("e-3")]),
            expecting(exactly(1), &person(1), [event("e-4")]),
            expecting(ExpectedRevision::StreamExists, &person(1), [event("e-5")]),
        ])
        .await;
    let heads: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().ok().and_then(|appended| Some(appended.head?.number())))
        .collect();
    assert_eq!(heads, [Some(1), Some(2), None, Some(3)]);
    let actual = Some(Revision::new(2));
    assert!(
        matches!(results[2], Err(AppendError::Conflict { actual: a }) if a == actual),
        "{:?}",
        results[2]
    );
    check_log(&*it.store).await.unwrap();
}

pub(super) async fn an_append_of_nothing_writes_nothing(it: &Fresh) {
    assert_eq!(it.store.append_each(Vec::new()).await.len(), 0);
    record(&*it.store, any(&person(1), [event("e-1"), event("e-2")])).await;
    let nothing = append(&*it.store, any(&person(1), [])).await.unwrap();
    assert_eq!((nothing.outcomes.len(), nothing.head), (0, Some(Revision::new(1))));
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 2);
}
