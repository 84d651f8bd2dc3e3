//! Recorded times: what the clock may do to them, and what was known at an instant.

use chrono::{TimeDelta, Utc};
use subject_record::store::{AppendError, ExpectedRevision, Outcome};
use subject_record_schemas::Position;

use super::checker::check_log;
use super::given::{Fresh, any, append, event, expecting, morning, person, record};

pub(super) async fn recorded_time_never_goes_back(it: &Fresh) {
    let first = record(&*it.store, any(&person(1), [event("e-1")])).await.remove(0);
    assert_eq!(first.recorded_at, morning());
    it.clock.leap_to(morning() - TimeDelta::seconds(30));
    let second = record(&*it.store, any(&person(1), [event("e-2")])).await.remove(0);
    assert_eq!(second.recorded_at, morning(), "time stands while the clock catches up");
    it.clock.run_to(morning() - TimeDelta::seconds(1));
    let third = record(&*it.store, any(&person(2), [event("e-3")])).await.remove(0);
    assert_eq!(third.recorded_at, morning());
    it.clock.run_to(morning() + TimeDelta::microseconds(1));
    let last = record(&*it.store, any(&person(2), [event("e-4")])).await.remove(0);
    assert_eq!(last.recorded_at, morning() + TimeDelta::microseconds(1));
    check_log(&*it.store).await.unwrap();
}

pub(super) async fn a_clock_that_leapt_is_refused_until_it_is_set_right(it: &Fresh) {
    let first = record(&*it.store, any(&person(1), [event("e-1")])).await.remove(0);
    for seconds in [61, -61, 31_536_000] {
        it.clock.leap_to(morning() + TimeDelta::seconds(seconds));
        let refused = append(&*it.store, any(&person(1), [event("e-2")])).await;
        assert!(matches!(refused, Err(AppendError::ClockLeapt)), "{seconds} s: {refused:?}");
        assert_eq!(it.store.last_position().await.unwrap(), first.position);
    }
    it.clock.leap_to(morning());
    it.clock.run_to(morning() + TimeDelta::hours(9));
    let receipt = record(&*it.store, any(&person(1), [event("e-2")])).await.remove(0);
    assert_eq!(receipt.recorded_at, morning() + TimeDelta::hours(9));
    check_log(&*it.store).await.unwrap();
}

pub(super) async fn what_is_recorded_is_answered_under_a_clock_that_leapt(it: &Fresh) {
    let given = any(&person(1), [event("e-1")]);
    let first = record(&*it.store, given.clone()).await.remove(0);
    it.clock.leap_to(morning() + TimeDelta::hours(1));
    let stale = expecting(ExpectedRevision::NoStream, &person(1), [event("e-1")]);
    for given in [given, stale] {
        let again = append(&*it.store, given).await.unwrap().outcomes.remove(0);
        assert_eq!(again, Outcome::AlreadyRecorded(first.clone()));
    }
}

pub(super) async fn the_position_of_an_instant_is_the_last_one_recorded_by_then(it: &Fresh) {
    let position_at = async |instant| it.store.position_at(instant).await.unwrap();
    assert_eq!(position_at(morning()).await, Position::START);

    // Steps of nothing, a little and much, so that many events share an instant and others stand alone.
    let mut now = morning();
    for number in 0_u32..120 {
        let step = [0, 0, 1, 1_000_000, 0, 3_600_000_000][number as usize * 7 % 11 % 6];
        now += TimeDelta::microseconds(step);
        it.clock.run_to(now);
        let [first, second] = [0, 1].map(|part| event(&format!("e-{number}-{part}")));
        if number % 5 == 0 {
            record(&*it.store, any(&person(number % 3), [first, second])).await;
        } else {
            record(&*it.store, any(&person(number % 3), [first])).await;
        }
    }
    let all = check_log(&*it.store).await.unwrap().events;
    let naive = |instant| {
        let mut known = all.iter().filter(|event| event.recorded_at <= instant);
        known.next_back().map_or(Position::START, |event| event.position)
    };
    let mut instants: Vec<chrono::DateTime<Utc>> = all.iter().map(|event| event.recorded_at).collect();
    instants.dedup();
    assert!((20..100).contains(&instants.len()), "{}", instants.len());
    for instant in instants {
        for instant in [-1, 0, 1].map(|off| instant + TimeDelta::microseconds(off)) {
            assert_eq!(position_at(instant).await, naive(instant), "{instant}");
        }
    }
    for far in [morning() - TimeDelta::days(36_500), now + TimeDelta::days(36_500)] {
        assert_eq!(position_at(far).await, naive(far), "{far}");
    }
}
