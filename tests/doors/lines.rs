//! NDJSON: a status a line, in order, while the body still comes in; the whole can be sent again safely.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::client::LINES;
use super::given::{Changed, answered, consented, lines, moved_to, registered};
use super::log::Log;
use super::server::Server;

fn statuses(answers: &[Value]) -> Vec<u64> {
    answers.iter().map(|answer| answer["status"].as_u64().unwrap()).collect()
}

fn numbers(answers: &[Value]) -> Vec<u64> {
    answers.iter().map(|answer| answer["line"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn thousands_of_lines_are_recorded_in_order_and_all_seen_before_when_sent_again() {
    let server = Server::new().await;
    let emitter = server.emitter();
    let person = |n: usize| format!("p-invented-{}", n % 50);
    let events: Vec<_> = (0..5_000)
        .map(|n| {
            if n % 10 == 0 { moved_to(&person(n), &format!("n{n}@example.kz")) } else { answered(&person(n)) }
        })
        .collect();
    let first = emitter.post("/v1/events", LINES, lines(&events)).await;
    assert_eq!((first.status, first.headers["content-type"].to_str().unwrap()), (200, LINES));
    let first = first.lines();
    assert_eq!(numbers(&first), (1..=5_000).collect::<Vec<_>>());
    assert!(
        first.iter().all(|answer| answer["status"] == 201),
        "{:?}",
        first.iter().find(|a| a["status"] != 201)
    );
    assert!(first.iter().zip(&events).all(|(answer, event)| answer["id"] == event["id"]));
    assert!(first.windows(2).all(|pair| pair[0]["position"].as_str() < pair[1]["position"].as_str()));
    let again = emitter.post("/v1/events", LINES, lines(&events)).await.lines();
    assert_eq!(again.len(), 5_000);
    for (first, again) in first.iter().zip(&again) {
        assert_eq!(again["status"], 200, "{again}");
        assert_eq!((&first["position"], &first["leaf_hash"]), (&again["position"], &again["leaf_hash"]));
    }
    assert_eq!(server.as_role("auditor").last_position().await, 5_001);
}

#[tokio::test]
async fn a_bad_line_is_answered_in_its_place_and_the_rest_is_recorded() {
    let server = Server::new().await;
    let [a, b, c, d] = [(); 4].map(|()| answered("p-invented-1"));
    let too_long = "x".repeat(600_000);
    let twice = &a;
    let body = format!("\n{a}\n  \r\n{{\"id\":\n{b}\r\n{too_long}\n[]\n\u{a0}\n{c}\n{twice}\n\n{d}");
    let answers = server.emitter().post("/v1/events", LINES, body).await.lines();
    assert_eq!(numbers(&answers), [2, 4, 5, 6, 7, 8, 9, 10, 12], "{answers:?}");
    assert_eq!(statuses(&answers), [201, 400, 201, 413, 400, 400, 201, 200, 201], "{answers:?}");
    let log = Log::read(&server.as_role("auditor")).await;
    assert_eq!(log.events.len(), 1 + 4, "the last line needs no end of line");
}

#[tokio::test]
async fn a_line_that_is_too_long_and_never_ends_is_answered_once() {
    let server = Server::new().await;
    let event = answered("p-invented-1");
    let body = format!("{event}\n{}", "x".repeat(900_000));
    let answers = server.emitter().post("/v1/events", LINES, body).await.lines();
    assert_eq!((numbers(&answers), statuses(&answers)), (vec![1, 2], vec![201, 413]), "{answers:?}");
    let nothing = server.emitter().post("/v1/events", LINES, "").await;
    assert_eq!((nothing.status, nothing.body.len()), (200, 0));
}

#[tokio::test]
async fn lines_see_what_lines_before_them_did() {
    let server = Server::new().await;
    let person = registered("p-invented-1");
    let events = [
        person.clone(),
        registered("p-invented-1"),
        person.clone(),
        person.with("/data/channel", "app"),
        consented("p-invented-1"),
    ];
    let answers = server.emitter().post("/v1/events", LINES, lines(&events)).await.lines();
    assert_eq!(statuses(&answers), [201, 409, 200, 409, 201], "{answers:?}");
}

#[tokio::test]
async fn a_line_is_answered_while_the_body_still_comes_in() {
    let server = Server::new().await;
    let (read, mut write) = TcpStream::connect(server.address).await.unwrap().into_split();
    let mut read = BufReader::new(read);
    let token = server.house().token("emitter");
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {LINES}\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    write.write_all(head.as_bytes()).await.unwrap();
    let next_answer = async |read: &mut BufReader<_>| {
        let deadline = Duration::from_secs(60);
        loop {
            let mut line = String::new();
            let length = tokio::time::timeout(deadline, read.read_line(&mut line)).await.unwrap().unwrap();
            assert!(length > 0, "the connection ended");
            if line.starts_with("{\"") || line.starts_with('{') {
                return serde_json::from_str::<Value>(&line).unwrap();
            }
        }
    };
    for line in 1..=3 {
        let text = lines(&[answered("p-invented-1")]);
        // Half a line is not answered; its other half comes in a chunk of its own.
        for half in [&text[..20], &text[20..]] {
            write.write_all(format!("{:x}\r\n{half}\r\n", half.len()).as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let answer = next_answer(&mut read).await;
        assert_eq!((answer["line"].as_u64(), answer["status"].as_u64()), (Some(line), Some(201)));
    }
    write.write_all(b"0\r\n\r\n").await.unwrap();
    let mut rest = String::new();
    let mut buffer = [0; 64];
    while !rest.contains("0\r\n\r\n") {
        let length = read.read(&mut buffer).await.unwrap();
        rest.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_keeps_what_was_answered() {
    let server = Server::new().await;
    let token = server.house().token("emitter").to_owned();
    let whole = [answered("p-invented-1"), answered("p-invented-1")];
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let text = format!("{}{}", lines(&whole), &answered("p-invented-1").to_string()[..30]);
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {LINES}\r\n\
         content-length: 100000\r\n\r\n{text}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    while received.windows(9).filter(|window| *window == b"leaf_hash").count() < 2 {
        let length =
            tokio::time::timeout(Duration::from_secs(60), stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&buffer[..length]);
    }
    drop(stream);
    let again = server.emitter().post("/v1/events", LINES, lines(&whole)).await.lines();
    assert_eq!(statuses(&again), [200, 200]);
    assert_eq!(server.as_role("auditor").last_position().await, 3, "half a line is nothing");
}
