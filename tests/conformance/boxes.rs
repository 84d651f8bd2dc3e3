//! Sealed boxes beside the events, fences before them, and published texts.

use subject_record::store::{AppendError, Outcome};
use subject_record_schemas::{Position, Revision, StreamName};

use super::checker::check_log;
use super::given::{Fresh, Shape, any, append, box_of, event, nth, person, record};

pub(super) async fn boxes_are_kept_with_their_events(it: &Fresh) {
    record(&*it.store, any(&person(1), [event("e-1").boxed(1), event("e-2")])).await;
    record(&*it.store, any(&person(2), [event("e-3").boxed(3)])).await;
    let mut asked = Vec::new();
    for number in [3, 2, 1, 99, 1] {
        asked.push(nth(&*it.store, number).await);
    }
    let expected = [Some(box_of(3)), None, Some(box_of(1)), None, Some(box_of(1))];
    assert_eq!(it.store.boxes(&asked).await.unwrap(), expected);
    assert_eq!(it.store.boxes(&[]).await.unwrap(), []);
    // Sent again with another box, an event keeps its first one.
    append(&*it.store, any(&person(1), [event("e-1").boxed(7)])).await.unwrap();
    assert_eq!(it.store.boxes(&[nth(&*it.store, 1).await]).await.unwrap(), [Some(box_of(1))]);
}

pub(super) async fn destroying_the_boxes_of_a_stream_is_complete_and_can_be_repeated(it: &Fresh) {
    record(&*it.store, any(&person(1), [event("e-1").boxed(1), event("e-2"), event("e-3").boxed(3)])).await;
    record(&*it.store, any(&person(2), [event("e-4").boxed(4)])).await;
    let before = it.store.read_all(Position::START, 10).await.unwrap();
    let positions: Vec<_> = before.iter().map(|event| event.position).collect();
    assert!(it.store.has_box(&person(1)).await.unwrap());
    assert!(!it.store.has_box(&person(3)).await.unwrap());

    for destroyed in [2, 0] {
        assert_eq!(it.store.destroy_boxes(&person(1)).await.unwrap(), destroyed);
        assert!(!it.store.has_box(&person(1)).await.unwrap());
        let boxes = it.store.boxes(&positions).await.unwrap();
        assert_eq!(boxes, [None, None, None, Some(box_of(4))]);
    }
    assert_eq!(it.store.destroy_boxes(&person(3)).await.unwrap(), 0);
    assert_eq!(it.store.read_all(Position::START, 10).await.unwrap(), before, "no event changes by it");
    check_log(&*it.store).await.unwrap();

    // Without a fence, a box may come again.
    record(&*it.store, any(&person(1), [event("e-5").boxed(5)])).await;
    assert!(it.store.has_box(&person(1)).await.unwrap());
}

pub(super) async fn behind_a_fence_no_box_is_stored_but_events_are(it: &Fresh) {
    let boxed = || any(&person(1), [event("e-1").boxed(1)]);
    let first = record(&*it.store, boxed()).await.remove(0);
    record(&*it.store, any(&person(1), [event("e-2").fencing()])).await;

    let several = any(&person(1), [event("e-3"), event("e-4").boxed(4)]);
    let refused = append(&*it.store, several).await;
    assert!(matches!(refused, Err(AppendError::Fenced)), "{refused:?}");
    record(&*it.store, any(&person(1), [event("e-3")])).await;
    record(&*it.store, any(&person(2), [event("e-4").boxed(4)])).await;
    let StreamName::Subject(id) = person(1) else { unreachable!() };
    record(&*it.store, any(&StreamName::Access(id), [event("e-5").boxed(5)])).await;

    // What was recorded before the fence is answered as ever.
    let again = append(&*it.store, boxed()).await.unwrap().outcomes.remove(0);
    assert_eq!(again, Outcome::AlreadyRecorded(first));
    assert_eq!(it.store.head(&person(1)).await.unwrap().map(|head| head.revision), Some(Revision::new(2)));
    check_log(&*it.store).await.unwrap();
}

pub(super) async fn a_fence_holds_for_what_follows_it_in_its_own_append_and_batch(it: &Fresh) {
    let mut results = it
        .store
        .append_each(vec![
            any(&person(1), [event("e-1").fencing(), event("e-2").boxed(2)]),
            any(&person(2), [event("e-3").boxed(3), event("e-4").fencing()]),
            any(&person(2), [event("e-5").boxed(5)]),
            any(&person(3), [event("e-6").boxed(6)]),
        ])
        .await;
    assert!(results.pop().unwrap().is_ok(), "a neighbour is not harmed");
    let in_batch = results.pop().unwrap();
    assert!(matches!(in_batch, Err(AppendError::Fenced)), "{in_batch:?}");
    assert!(results.pop().unwrap().is_ok(), "a box may stand before the fence");
    let in_append = results.pop().unwrap();
    assert!(matches!(in_append, Err(AppendError::Fenced)), "{in_append:?}");
    assert_eq!(it.store.head(&person(1)).await.unwrap(), None);
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 3);
}

pub(super) async fn a_second_fence_is_an_event_like_any_other(it: &Fresh) {
    record(&*it.store, any(&person(1), [event("e-1").fencing()])).await;
    let mut results = it
        .store
        .append_each(vec![
            any(&person(1), [event("e-2").fencing()]),
            any(&person(2), [event("e-3").fencing(), event("e-4").fencing()]),
        ])
        .await;
    assert!(results.pop().unwrap().is_ok(), "two fences in one append");
    let second = results.pop().unwrap();
    assert!(second.is_ok(), "{second:?}");
    let refused = append(&*it.store, any(&person(1), [event("e-5").boxed(5)])).await;
    assert!(matches!(refused, Err(AppendError::Fenced)), "{refused:?}");
    assert_eq!(it.store.fenced_streams().await.unwrap().len(), 2, "each stream is named once");
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 4);
}

pub(super) async fn fenced_streams_are_named(it: &Fresh) {
    assert_eq!(it.store.fenced_streams().await.unwrap(), []);
    for number in 1..=4 {
        record(&*it.store, any(&person(number), [event(&format!("e-{number}"))])).await;
    }
    record(&*it.store, any(&person(4), [event("f-4").fencing()])).await;
    record(&*it.store, any(&person(2), [event("f-2").fencing()])).await;
    let mut fenced = it.store.fenced_streams().await.unwrap();
    fenced.sort();
    assert_eq!(fenced, [person(2), person(4)]);
    for number in 1..=4 {
        let head = it.store.head(&person(number)).await.unwrap().unwrap();
        assert_eq!(head.fenced, number % 2 == 0, "{number}");
        assert!(!head.registered);
    }
}

pub(super) async fn a_text_is_kept_as_it_was_first_put(it: &Fresh) {
    let (hash, body) = ("d0cb", "Политика v1\0\u{feff}".as_bytes());
    assert_eq!(it.texts.text(hash).await.unwrap(), None);
    it.texts.put_text(hash, body).await.unwrap();
    it.texts.put_text(hash, body).await.unwrap();
    it.texts.put_text("0000", b"").await.unwrap();
    assert_eq!(it.texts.text(hash).await.unwrap().as_deref(), Some(body));
    assert_eq!(it.texts.text("0000").await.unwrap().as_deref(), Some(&b""[..]));
    // The caller compares text and hash; what is kept changes for nobody.
    it.texts.put_text(hash, b"something else").await.unwrap();
    assert_eq!(it.texts.text(hash).await.unwrap().as_deref(), Some(body));
}
