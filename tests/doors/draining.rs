//! SIGTERM: what has begun is answered, nothing new is taken, and the process ends well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{LINES, ONE};
use super::given::{answered, lines};
use super::log::Log;
use super::server::Server;

fn head(server: &Server, media_type: &str, more: &str) -> String {
    let token = server.house().token("emitter");
    format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {media_type}\r\n{more}\r\n\r\n"
    )
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut received)).await.unwrap().unwrap();
    String::from_utf8(received).unwrap()
}

/// Waits until nobody answers any more who has not been answered yet.
async fn is_draining(server: &Server) {
    for _ in 0..500 {
        if server.house().log().contains("draining") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("{}", server.house().log());
}

#[tokio::test]
async fn a_request_that_has_begun_is_answered_and_no_other_taken() {
    let mut server = Server::new().await;
    let event = answered("p-invented-1").to_string();
    let mut begun = TcpStream::connect(server.address).await.unwrap();
    let more = format!("content-length: {}\r\nconnection: keep-alive", event.len());
    begun.write_all(head(&server, ONE, &more).as_bytes()).await.unwrap();
    begun.write_all(&event.as_bytes()[..40]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.ask_to_stop();
    is_draining(&server).await;
    assert!(TcpStream::connect(server.address).await.is_err(), "nothing new is taken");
    begun.write_all(&event.as_bytes()[40..]).await.unwrap();
    let answer = read_to_end(&mut begun).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(server.ended().await, Some(0), "it ended well");
    let server = server.kill().serve().await;
    assert_eq!(server.as_role("auditor").last_position().await, 2, "what was answered is there");
}

#[tokio::test]
async fn a_stream_of_lines_is_told_to_go_elsewhere() {
    let mut server = Server::new().await;
    let events = [answered("p-invented-1"), answered("p-invented-1")];
    let text = lines(&events);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let chunk = format!("{:x}\r\n{text}\r\n", text.len());
    stream
        .write_all(format!("{}{chunk}", head(&server, LINES, "transfer-encoding: chunked")).as_bytes())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.ask_to_stop();
    let answer = read_to_end(&mut stream).await;
    let said: Vec<Value> =
        answer.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect();
    let codes: Vec<_> = said.iter().map(|line| (line["status"].as_u64(), line["code"].as_str())).collect();
    assert_eq!(codes, [(Some(201), None), (Some(201), None), (Some(503), Some("store.closing"))], "{answer}");
    assert_eq!(server.ended().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_while_it_stops_is_there_when_it_is_back() {
    let server = Server::new().await;
    let stopping = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..20)
        .map(|_| {
            let (emitter, stopping) = (server.emitter(), Arc::clone(&stopping));
            tokio::spawn(async move {
                let mut receipts = Vec::new();
                loop {
                    let event = answered("p-invented-1");
                    let request =
                        emitter.request(reqwest::Method::POST, "/v1/events").header("content-type", ONE);
                    match emitter.try_send(request.body(event.to_string())).await {
                        Some(answer) if answer.status == 201 => receipts.push((event, answer.json())),
                        Some(answer) => {
                            assert_eq!(answer.refusal(), (503, "store.closing".into()));
                            assert!(answer.headers.contains_key("retry-after"));
                        }
                        None => {
                            assert!(stopping.load(Ordering::Relaxed), "nobody is cut off before");
                            return receipts;
                        }
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    stopping.store(true, Ordering::Relaxed);
    let (house, status) = server.stop().await;
    assert_eq!(status, Some(0), "{}", house.log());
    let server = house.serve().await;
    let log = Log::read(&server.as_role("auditor")).await;
    let mut answered = 0;
    for writer in writers {
        for (event, receipt) in writer.await.unwrap() {
            assert!(
                log.find("platform/tests", event["id"].as_str().unwrap()).unwrap().is_of(&receipt),
                "{receipt}"
            );
            answered += 1;
        }
    }
    assert!(answered > 0);
}
