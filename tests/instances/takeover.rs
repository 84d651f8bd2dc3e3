//! The instance that signs is killed, put to sleep or cut off: another one takes over within seconds, and the first signs
//! nothing more.

use std::time::{Duration, Instant};

use futures::future::join_all;

use super::site::{PATIENCE, Site, Way};
use crate::doors::client::Client;
use crate::doors::given::answered;
use crate::doors::server::Server;

/// The silence after which the server ends a session, the next try of another instance, and time on a busy machine.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(50);

async fn leads(client: &Client) -> Option<bool> {
    let asked = client.try_send(client.request(reqwest::Method::GET, "/health/ready"));
    tokio::time::timeout(Duration::from_secs(5), asked).await.ok()??.json()["notary"]["leads"].as_bool()
}

/// Which of several instances signs, once exactly one says that it does.
async fn leader(servers: &[&Server]) -> usize {
    let since = Instant::now();
    loop {
        let clients: Vec<_> = servers.iter().map(|server| server.emitter()).collect();
        let all = join_all(clients.iter().map(leads)).await;
        let those: Vec<_> = (0..all.len()).filter(|number| all[*number] == Some(true)).collect();
        if let [one] = those[..] {
            return one;
        }
        assert!(since.elapsed() < PATIENCE, "{all:?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn size_shown(client: &Client) -> u64 {
    let answer = client.get("/log/checkpoint").await;
    let text = String::from_utf8(answer.body).unwrap();
    text.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
}

/// An event through an instance, and how long it takes until that one shows a checkpoint over it.
async fn signed_after(server: &Server) -> Duration {
    let (since, client) = (Instant::now(), server.emitter());
    let position = client.record(&[answered("p-invented-1")]).await[0]["position"].clone();
    let position: u64 = position.as_str().unwrap().parse().unwrap();
    while size_shown(&client).await < position {
        assert!(since.elapsed() < PATIENCE, "nobody signs: {}", server.house().log());
        tokio::time::sleep(LOOK_EVERY).await;
    }
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_instance_signs_when_the_one_that_did_is_killed_asleep_or_cut_off() {
    let site = Site::new().await;
    let proxies = [site.proxy().await, site.proxy().await, site.proxy().await];
    let mut servers = Vec::new();
    for proxy in &proxies {
        servers.push(site.instance(Way::Through(proxy)).await);
    }
    let all = || servers.iter().collect::<Vec<_>>();
    for server in all() {
        let took = signed_after(server).await;
        assert!(
            took < TAKEN_OVER_WITHIN,
            "an instance that signs not shows what another one signed: {took:?}"
        );
    }

    let asleep = leader(&all()).await;
    servers[asleep].signal("STOP");
    let others: Vec<&Server> = (0..3).filter(|other| *other != asleep).map(|other| &servers[other]).collect();
    let took = signed_after(others[0]).await;
    println!("taken over after {took:?} from an instance asleep");
    assert!(took < TAKEN_OVER_WITHIN, "{took:?}");
    let next = leader(&others).await;
    servers[asleep].signal("CONT");
    let awake = servers[asleep].emitter();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(leads(&awake).await, Some(false), "it slept through the end of its lease");
    assert_eq!(leader(&others).await, next);
    signed_after(&servers[asleep]).await;

    let cut_off = leader(&all()).await;
    proxies[cut_off].cut();
    let others: Vec<&Server> =
        (0..3).filter(|other| *other != cut_off).map(|other| &servers[other]).collect();
    let took = signed_after(others[0]).await;
    println!("taken over after {took:?} from an instance that is cut off");
    assert!(took < TAKEN_OVER_WITHIN, "{took:?}");
    leader(&others).await;
    proxies[cut_off].heal();
    let since = Instant::now();
    while leads(&servers[cut_off].emitter()).await != Some(false) {
        assert!(since.elapsed() < PATIENCE, "it still believes that it signs");
        tokio::time::sleep(LOOK_EVERY).await;
    }

    let killed = leader(&all()).await;
    drop(servers.remove(killed).kill());
    let took = signed_after(&servers[0]).await;
    println!("taken over after {took:?} from an instance that was killed");
    assert!(took < TAKEN_OVER_WITHIN, "{took:?}");
    for server in &servers {
        signed_after(server).await;
        assert!(!server.house().log().contains("refuses"), "{}", server.house().log());
    }
}
