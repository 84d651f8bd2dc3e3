//! Health, limits and habits of the HTTP door; one process owns a folder.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::given::answered;
use super::server::Server;

#[tokio::test]
async fn anybody_may_ask_whether_it_lives_and_is_ready() {
    let server = Server::new().await;
    let nobody = server.emitter().with_token("nobody");
    assert_eq!(nobody.get("/health/live").await.status, 200);
    let ready = nobody.get("/health/ready").await;
    assert_eq!((ready.status, ready.json()["ready"].clone()), (200, true.into()), "{ready:?}");
}

#[tokio::test]
async fn one_process_owns_a_folder() {
    let server = Server::new().await;
    let second = server.house().run(&["serve", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("another process owns") && said.contains("--url"), "it says what to do: {said}");
    let listing = server.house().run(&["token", "list"]);
    assert_eq!(listing.status.code(), Some(1), "nor does a command go behind its back");
    assert_eq!(server.emitter().append(&answered("p-invented-1")).await.status, 201, "the first one goes on");
    let (house, _) = server.stop().await;
    assert!(house.run(&["token", "list"]).status.success(), "once it has stopped the folder is free");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let server = Server::new().await;
    let other = super::server::House::new();
    let taken = other.run(&["serve", "--listen", &server.address.to_string()]);
    let said = String::from_utf8(taken.stderr).unwrap();
    assert!(taken.status.code() == Some(1) && said.contains(&server.address.to_string()), "{said}");
    assert!(said.contains("--listen"), "{said}");
}

#[tokio::test]
async fn keys_and_settings_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::new().await;
    server.emitter().append(&super::given::registered("p-invented-1")).await;
    let house = server.house();
    let mode = |name: &str| std::fs::metadata(house.path(name)).unwrap().permissions().mode() & 0o777;
    for folder in ["data", "keys"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
        for entry in std::fs::read_dir(house.path(folder)).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert!(mode & 0o077 == 0 || entry.file_name() == "lock", "{:?} {mode:o}", entry.path());
        }
    }
    assert_eq!(mode("subject-record.toml"), 0o600);
}

#[tokio::test]
async fn every_answer_has_an_id_and_is_not_kept_in_between() {
    let server = Server::new().await;
    let auditor = server.as_role("auditor");
    for path in ["/health/live", "/v1/events/1", "/v1/events/999", "/nowhere", "/v1/subjects/p-invented-1"] {
        let answer = auditor.get(path).await;
        assert!(!answer.headers["x-request-id"].is_empty(), "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
    }
    let request = auditor.request(reqwest::Method::GET, "/v1/events/1").header("x-request-id", "mine-7");
    assert_eq!(auditor.send(request).await.headers["x-request-id"], "mine-7");
    assert_eq!(auditor.get("/nowhere").await.refusal(), (404, "not_found".into()));
    let method = auditor.send(auditor.request(reqwest::Method::PATCH, "/v1/events")).await;
    assert_eq!(method.refusal(), (405, "request.method".into()));
}

/// Sends bytes and answers the first line of what comes back.
async fn first_line(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // A server that has read enough may close before all is sent.
    let _ = stream.write_all(bytes).await;
    let mut received = vec![0; 4096];
    let length = stream.read(&mut received).await.unwrap_or(0);
    String::from_utf8_lossy(&received[..length]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_is_no_good_request_is_turned_away_and_the_service_goes_on() {
    let server = Server::new().await;
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let line =
        first_line(&server, format!("GET /health/live HTTP/1.1\r\nhost: x\r\n{many}\r\n").as_bytes()).await;
    assert!(line.contains(" 431 "), "too many headers: {line}");
    let long = "y".repeat(200_000);
    let line =
        first_line(&server, format!("GET /health/live HTTP/1.1\r\nx: {long}\r\n\r\n").as_bytes()).await;
    assert!(line.contains(" 431 ") || line.is_empty(), "headers too long: {line}");
    let line = first_line(&server, b"\x16\x03\x01 no request at all\r\n\r\n").await;
    assert!(line.contains(" 400 ") || line.is_empty(), "{line}");
    assert_eq!(server.emitter().get("/health/live").await.status, 200);
    assert_eq!(server.emitter().append(&answered("p-invented-1")).await.status, 201);
}
