//! `source` + `id` name an event once and for ever.

use std::sync::Arc;

use subject_record::store::append::STORED_BYTES_MAX;
use subject_record::store::{
    Append, AppendError, Appended, EventKey, ExpectedRevision, Names, Outcome, Receipt, SealedEvent,
};
use subject_record_schemas::{Revision, Source};

use super::checker::check_log;
use super::given::{Fresh, Shape, any, append, event, event_of, expecting, key, nth, person, record};

/// The receipt of an append of one event that was recorded before.
fn recorded_before(result: Result<Appended, AppendError>) -> Receipt {
    let mut outcomes = result.unwrap().outcomes;
    match outcomes.pop() {
        Some(Outcome::AlreadyRecorded(receipt)) if outcomes.is_empty() => receipt,
        other => unreachable!("{other:?}"),
    }
}

pub(super) async fn a_name_is_answered_before_the_revision_is_looked_at(it: &Fresh) {
    let given = expecting(ExpectedRevision::NoStream, &person(1), [event("e-1")]);
    let first = record(&*it.store, given.clone()).await.remove(0);
    it.clock.run_to(first.recorded_at + chrono::TimeDelta::hours(1));
    record(&*it.store, any(&person(1), [event("e-2")])).await;
    assert_eq!(recorded_before(append(&*it.store, given.clone()).await), first);
    let appended = append(&*it.store, given).await.unwrap();
    assert_eq!(appended.head, Some(Revision::new(1)), "the head is where the stream ends now");
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 2);
}

pub(super) async fn a_name_is_answered_before_the_size_is_looked_at(it: &Fresh) {
    let first = record(&*it.store, any(&person(1), [event("e-1")])).await.remove(0);
    let other_content = any(&person(1), [event("e-1").long(STORED_BYTES_MAX)]);
    assert_eq!(recorded_before(append(&*it.store, other_content).await), first);
}

pub(super) async fn a_name_twice_in_one_append_is_one_event(it: &Fresh) {
    let given = any(&person(1), [event("e-1").boxed(1), event("e-2"), event("e-1").boxed(9)]);
    let outcomes = append(&*it.store, given).await.unwrap().outcomes;
    let [Outcome::Appended(first), Outcome::Appended(_), Outcome::AlreadyRecorded(again)] = &outcomes[..]
    else {
        unreachable!("{outcomes:?}")
    };
    assert_eq!(again, first);
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 2);
}

pub(super) async fn a_name_twice_in_one_batch_is_one_event(it: &Fresh) {
    let once = || expecting(ExpectedRevision::NoStream, &person(1), [event("e-1")]);
    let mut results = it.store.append_each(vec![once(), any(&person(2), [event("e-2")]), once()]).await;
    let again = recorded_before(results.pop().unwrap());
    let first = results.remove(0).unwrap().outcomes.remove(0);
    assert_eq!(first, Outcome::Appended(again));
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 2);
}

pub(super) async fn a_name_in_concurrent_batches_is_appended_once(it: &Fresh) {
    const CALLERS: u32 = 16;
    const NAMES: usize = 20;
    let callers = (0..CALLERS).map(|caller| {
        let store = Arc::clone(&it.store);
        tokio::spawn(async move {
            let mut outcomes = Vec::new();
            for number in 0..NAMES {
                let own = event(&format!("own-{caller}-{number}"));
                let batch: Vec<Append> = vec![
                    any(&person(caller), [own]),
                    any(&person(caller % 3), [event(&format!("shared-{number}"))]),
                ];
                let mut results = store.append_each(batch).await;
                outcomes.push(results.pop().unwrap().unwrap().outcomes.remove(0));
            }
            outcomes
        })
    });
    let mut by_name = vec![Vec::new(); NAMES];
    for caller in callers.collect::<Vec<_>>() {
        for (number, outcome) in caller.await.unwrap().into_iter().enumerate() {
            by_name[number].push(outcome);
        }
    }
    let log = check_log(&*it.store).await.unwrap();
    assert_eq!(log.events.len(), NAMES * (1 + CALLERS as usize));
    for (number, outcomes) in by_name.iter().enumerate() {
        let appended = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Appended(_))).count();
        assert_eq!(appended, 1, "shared-{number}");
        let stands = log.receipt(&key(&format!("shared-{number}")));
        assert!(outcomes.iter().all(|outcome| Some(outcome.receipt()) == stands.as_ref()), "shared-{number}");
    }
}

pub(super) async fn a_name_is_taken_in_every_stream_but_only_for_its_source(it: &Fresh) {
    let first = record(&*it.store, any(&person(1), [event("e-1")])).await.remove(0);
    let elsewhere = expecting(ExpectedRevision::StreamExists, &person(2), [event("e-1")]);
    assert_eq!(recorded_before(append(&*it.store, elsewhere).await), first);
    assert_eq!(it.store.head(&person(2)).await.unwrap(), None);

    let other = |id| EventKey { source: Source::parse("platform/other").unwrap(), ..key(id) };
    let case = record(&*it.store, any(&person(1), [event("E-1"), event_of(other("e-0"))])).await.remove(0);
    let mut results = it
        .store
        .append_each(vec![any(&person(1), [event("e-1")]), any(&person(1), [event_of(other("e-1"))])])
        .await;
    let second = results.pop().unwrap().unwrap().outcomes.remove(0);
    assert!(matches!(second, Outcome::Appended(_)), "{second:?}");
    let expected = [nth(&*it.store, 2).await, nth(&*it.store, 4).await];
    assert_eq!([case.position, second.receipt().position], expected);
    check_log(&*it.store).await.unwrap();
}

pub(super) async fn an_append_that_is_partly_recorded_records_the_rest(it: &Fresh) {
    let first = record(&*it.store, any(&person(1), [event("e-1")])).await.remove(0);
    let stale = expecting(ExpectedRevision::NoStream, &person(1), [event("e-1"), event("e-2")]);
    let refused = append(&*it.store, stale).await;
    assert!(matches!(refused, Err(AppendError::Conflict { actual: Some(Revision::FIRST) })), "{refused:?}");

    let outcomes = append(&*it.store, any(&person(1), [event("e-1"), event("e-2")])).await.unwrap().outcomes;
    let [Outcome::AlreadyRecorded(again), Outcome::Appended(second)] = &outcomes[..] else {
        unreachable!("{outcomes:?}")
    };
    assert_eq!((again, second.revision), (&first, Revision::new(1)));
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 2);
}

pub(super) async fn a_second_registration_is_refused_but_the_same_one_is_not(it: &Fresh) {
    record(&*it.store, any(&person(1), [event("e-0")])).await;
    let first = record(&*it.store, any(&person(1), [event("e-1").registering()])).await.remove(0);
    record(&*it.store, any(&person(1), [event("e-2")])).await;
    let refused = append(&*it.store, any(&person(1), [event("e-3").registering()])).await;
    assert!(matches!(refused, Err(AppendError::AlreadyRegistered)), "{refused:?}");
    let again = append(&*it.store, any(&person(1), [event("e-1").registering()])).await;
    assert_eq!(recorded_before(again), first);
    record(&*it.store, any(&person(2), [event("e-3").registering()])).await;
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 4);
}

pub(super) async fn two_registrations_in_one_append_are_refused_together(it: &Fresh) {
    let two = any(&person(1), [event("e-1").registering(), event("e-2").registering()]);
    let mut results = it.store.append_each(vec![any(&person(2), [event("e-3")]), two]).await;
    let refused = results.pop().unwrap();
    assert!(matches!(refused, Err(AppendError::AlreadyRegistered)), "{refused:?}");
    assert!(results.pop().unwrap().is_ok(), "a neighbour is not harmed");
    assert_eq!(it.store.head(&person(1)).await.unwrap(), None);
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 1);
}

pub(super) async fn a_refused_name_stays_free(it: &Fresh) {
    let nowhere = expecting(ExpectedRevision::StreamExists, &person(1), [event("e-1")]);
    assert!(append(&*it.store, nowhere.clone()).await.is_err());
    assert_eq!(it.store.find(&key("e-1")).await.unwrap(), None);
    // Also within one batch: the first is refused, the second takes the name.
    let mut results = it.store.append_each(vec![nowhere, any(&person(2), [event("e-1")])]).await;
    let taken = results.pop().unwrap().unwrap().outcomes.remove(0);
    assert!(matches!(taken, Outcome::Appended(_)), "{taken:?}");
    assert!(results.pop().unwrap().is_err());
    check_log(&*it.store).await.unwrap();
}

pub(super) async fn what_follows_an_event_is_recorded_with_it_and_never_without_it(it: &Fresh) {
    let follower = |id| SealedEvent { follows: true, ..event(id) };
    let appended = append(&*it.store, any(&person(1), [event("e-1"), follower("n-1")])).await.unwrap();
    assert_eq!(
        (appended.outcomes.len(), appended.head),
        (1, Some(Revision::new(1))),
        "one outcome, two events"
    );
    // The event again, with something new to say about it: it was said when it was recorded, or never.
    let again = append(&*it.store, any(&person(1), [event("e-1"), follower("n-2")])).await.unwrap();
    assert!(matches!(again.outcomes[..], [Outcome::AlreadyRecorded(_)]), "{again:?}");
    assert_eq!(it.store.find(&key("n-2")).await.unwrap(), None);
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 2);
}

pub(super) async fn an_append_of_new_names_only_is_refused_whole_when_one_stands(it: &Fresh) {
    record(&*it.store, any(&person(1), [event("e-1")])).await;
    let new_only = |events: [SealedEvent; 2]| Append { names: Names::MustBeNew, ..any(&person(1), events) };
    let refused = append(&*it.store, new_only([event("e-2"), event("e-1")])).await;
    assert!(matches!(refused, Err(AppendError::NameTaken)), "{refused:?}");
    assert_eq!(it.store.find(&key("e-2")).await.unwrap(), None);
    // The name is looked at before the revision: it says more.
    let stale = Append { expected: ExpectedRevision::NoStream, ..new_only([event("e-2"), event("e-1")]) };
    assert!(matches!(append(&*it.store, stale).await, Err(AppendError::NameTaken)));
    record(&*it.store, new_only([event("e-2"), event("e-3")])).await;
    assert_eq!(check_log(&*it.store).await.unwrap().events.len(), 3);
}
