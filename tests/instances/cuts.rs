//! The network between one instance and the database is cut: it says so and recovers by itself, and others go on.

use std::time::{Duration, Instant};

use super::site::{PATIENCE, Site, Way, has_caught_up, is_busy, until};
use crate::doors::client::{Answer, Client};
use crate::doors::given::{answered, moved_to, registered};
use crate::doors::log::Log;
use crate::postgres::Proxy;

/// How long an instance may think before it says that it cannot: shorter than callers' own patience.
const REFUSED_WITHIN: Duration = Duration::from_secs(30);
/// How long others may be held up by locks of the one that is cut off.
const HELD_UP_MAX: Duration = Duration::from_secs(20);

/// The answer to a question, and how long it took.
async fn timed(asked: impl Future<Output = Answer>) -> (Answer, Duration) {
    let since = Instant::now();
    let answer = tokio::time::timeout(PATIENCE, asked).await.unwrap();
    (answer, since.elapsed())
}

async fn is_recorded(emitter: &Client, person: &str) -> Duration {
    let since = Instant::now();
    let event = moved_to(person, "new@example.kz");
    until(|| emitter.append(&event), |answer| matches!(answer.status, 200 | 201)).await;
    since.elapsed()
}

async fn is_cut_and_heals(cut: fn(&Proxy), resets: bool) {
    let site = Site::new().await;
    let proxy = site.proxy().await;
    let (one, other) = (site.instance(Way::Through(&proxy)).await, site.instance(Way::Direct).await);
    one.emitter().record(&[registered("p-invented-1")]).await;
    until(
        || async { other.emitter().append(&answered("p-invented-1")).await },
        |answer| matches!(answer.status, 200 | 201),
    )
    .await;

    cut(&proxy);
    let ours = moved_to("p-invented-1", "cut@example.kz");
    let cut_off = one.emitter();
    let (refused, beside) = tokio::join!(timed(cut_off.append(&ours)), async {
        let since = Instant::now();
        is_recorded(&other.emitter(), "p-invented-1").await;
        since.elapsed()
    });
    println!("cut off: refused after {:?}; another instance was held up for {beside:?}", refused.1);
    assert!(is_busy(&refused.0), "{:?}", refused.0);
    assert!(refused.1 < REFUSED_WITHIN, "{:?}", refused.1);
    assert!(beside < HELD_UP_MAX, "{beside:?}");
    let reader = one.as_role("officer");
    for path in ["/v1/events/1", "/v1/history", "/v1/subjects/p-invented-1"] {
        let (answer, took) = timed(reader.look(path, "audit")).await;
        assert!(is_busy(&answer) && took < REFUSED_WITHIN, "{path}: {took:?} {answer:?}");
    }
    let (ready, took) = timed(reader.get("/health/ready")).await;
    assert!(ready.status == 503 && took < REFUSED_WITHIN, "{took:?} {ready:?}");
    assert_eq!(reader.get("/health/live").await.status, 200);
    assert!(is_recorded(&other.emitter(), "p-invented-2").await < HELD_UP_MAX, "the other one goes on");

    if resets {
        proxy.reset();
    }
    proxy.heal();
    let since = Instant::now();
    let sent_again =
        until(|| async { one.emitter().append(&ours).await }, |answer| answer.status < 300).await;
    println!("recovered by itself after {:?}: {sent_again:?}", since.elapsed());
    until(|| reader.get("/health/ready"), |answer| answer.status == 200).await;
    for server in [&one, &other] {
        has_caught_up(server).await;
    }
    let log = Log::read(&one.as_role("auditor")).await;
    let times = log.events.iter().filter(|event| event.document["id"] == ours["id"]).count();
    assert_eq!(times, 1, "recorded once, whether or not its first answer was lost");
    assert_eq!(Log::read(&other.as_role("auditor")).await.events.len(), log.events.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_not_heard_by_the_database_says_so_and_recovers() {
    is_cut_and_heals(Proxy::cut_to_server, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_does_not_hear_the_database_says_so_and_recovers() {
    is_cut_and_heals(Proxy::cut_to_client, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_cut_off_both_ways_says_so_and_recovers() {
    is_cut_and_heals(Proxy::cut, true).await;
}
