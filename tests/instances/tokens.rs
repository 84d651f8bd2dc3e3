//! A token that is revoked on one instance is refused on all of them from the answer on.

use std::time::{Duration, Instant};

use reqwest::Method;

use super::site::{PATIENCE, Site, Way, until};
use crate::doors::client::Client;
use crate::doors::given::answered;
use crate::doors::server::Server;
use crate::postgres::Proxy;

/// As long as an instance that is cut off may go on with what it has in memory, and a little.
const HELD_UP_MAX: Duration = Duration::from_secs(20);

/// A token made on one instance, as it is used on another.
async fn used_on(one: &Server, other: &Server) -> Client {
    let text = {
        let body = serde_json::json!({ "name": "invented", "role": "emitter", "sources": ["platform/*"] });
        let operator = one.as_role("operator");
        let made = operator.post("/v1/tokens", "application/json", body.to_string()).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["token"].as_str().unwrap().to_owned()
    };
    let client = other.emitter().with_token(&text);
    until(|| async { client.append(&answered("p-invented-1")).await }, |answer| answer.status == 201).await;
    client
}

async fn revoke(server: &Server) -> Duration {
    let (since, operator) = (Instant::now(), server.as_role("operator"));
    let request = operator.request(Method::DELETE, "/v1/tokens/invented");
    let revoked = tokio::time::timeout(PATIENCE, operator.send(request)).await.unwrap();
    assert_eq!(revoked.status, 204, "{revoked:?}");
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_revoked_on_one_instance_is_refused_on_all() {
    let site = Site::new().await;
    let (one, other) = (site.instance(Way::Direct).await, site.instance(Way::Direct).await);
    let client = used_on(&one, &other).await;
    let took = revoke(&one).await;
    assert_eq!(client.append(&answered("p-invented-1")).await.status, 401);
    println!("revoked on two instances in {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_cannot_hear_of_it_takes_no_token_that_was_revoked() {
    let site = Site::new().await;
    let proxy = site.proxy().await;
    let (one, other) = (site.instance(Way::Direct).await, site.instance(Way::KeysThrough(&proxy)).await);
    let client = used_on(&one, &other).await;
    proxy.cut_to_client();
    let took = revoke(&one).await;
    assert!(took < HELD_UP_MAX, "{took:?}");
    let answer = client.append(&answered("p-invented-1")).await;
    println!("revoked in {took:?} beside an instance that is cut off, which then answers {}", answer.status);
    assert!([401, 503].contains(&answer.status), "{answer:?}");
    proxy.heal();
    let kept = other.emitter();
    until(|| async { kept.append(&answered("p-invented-1")).await }, |answer| answer.status == 201).await;
    assert_eq!(client.append(&answered("p-invented-1")).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_slept_takes_no_token_that_was_revoked_meanwhile() {
    let site = Site::new().await;
    let (one, other) = (site.instance(Way::Direct).await, site.instance(Way::Direct).await);
    let client = used_on(&one, &other).await;
    other.signal("STOP");
    let took = revoke(&one).await;
    assert!(took < HELD_UP_MAX, "{took:?}");
    let asked = tokio::spawn(async move { client.append(&answered("p-invented-1")).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    other.signal("CONT");
    let answer = tokio::time::timeout(PATIENCE, asked).await.unwrap().unwrap();
    assert!([401, 503].contains(&answer.status), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_only_the_keys_go_through_is_what_it_says() {
    // That the tests above show something: with the keys cut off, events still come and go.
    let site = Site::new().await;
    let proxy: Proxy = site.proxy().await;
    let server = site.instance(Way::KeysThrough(&proxy)).await;
    server.emitter().record(&[answered("p-invented-1")]).await;
    proxy.cut();
    assert_eq!(server.as_role("auditor").get("/health/ready").await.json()["store"], true);
}
