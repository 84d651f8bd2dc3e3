//! The way to an authority, over HTTP and HTTPS.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use subject_record::outbound::Trust;
use subject_record::stamps::{
    ANSWER_BYTES_MAX, Client, ClientError, NewClientError, QUERY_TYPE, REPLY_TYPE, StampError,
};

use super::authority::{Authority, BODY, P_256, RSA, request};

/// Answers as an authority does over HTTP, and in some ways in which it must not.
pub(crate) async fn served(authority: Arc<Authority>) -> SocketAddr {
    let reply = |kind: &'static str, body: Vec<u8>| ([(header::CONTENT_TYPE, kind)], body).into_response();
    let stamp = move |headers: HeaderMap, body: Bytes| async move {
        if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != QUERY_TYPE) {
            return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
        }
        reply(REPLY_TYPE, authority.reply(&body, ""))
    };
    let slow = async || -> Response {
        tokio::time::sleep(Duration::from_secs(60)).await;
        StatusCode::OK.into_response()
    };
    let moved = async || (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/stamp")]);
    let router = Router::new()
        .route("/stamp", post(stamp))
        .route("/page", post(move || async move { reply("text/html; charset=utf-8", b"<p>".to_vec()) }))
        .route("/huge", post(move || async move { reply(REPLY_TYPE, vec![0x30; ANSWER_BYTES_MAX + 1]) }))
        .route("/empty", post(move || async move { reply(REPLY_TYPE, Vec::new()) }))
        .route("/broken", post(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/moved", post(moved))
        .route("/slow", post(slow));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn client(address: SocketAddr, path: &str) -> Client {
    let url = format!("http://{address}/{path}");
    Client::patient(&url, Trust::Machine, Duration::from_secs(2)).unwrap()
}

#[tokio::test]
async fn a_stamp_is_fetched_from_an_authority_and_kept_for_openssl() {
    for key in [RSA, P_256] {
        let authority = Arc::new(Authority::new(key));
        let address = served(Arc::clone(&authority)).await;
        let (answer, stamp) = client(address, "stamp").stamp(&request(), &authority.roots()).await.unwrap();
        assert_eq!(request().check(&answer, &authority.roots()).unwrap(), stamp);
        authority.openssl_accepts(&answer, BODY).unwrap();
        assert!(authority.openssl_accepts(&answer, b"another body").is_err());
    }
}

#[tokio::test]
async fn every_way_in_which_no_stamp_comes_has_its_own_error() {
    let authority = Arc::new(Authority::new(P_256));
    let address = served(Arc::clone(&authority)).await;
    let asked =
        async |path: &str| client(address, path).stamp(&request(), &authority.roots()).await.unwrap_err();

    let found = asked("page").await;
    assert!(matches!(&found, ClientError::ContentType { found, .. } if found == "text/html"), "{found:?}");
    assert!(matches!(asked("huge").await, ClientError::Stamp(StampError::TooLarge { .. })));
    assert!(matches!(asked("empty").await, ClientError::Stamp(StampError::Malformed { .. })));
    assert!(matches!(asked("broken").await, ClientError::Status { status: 500, .. }));
    assert!(matches!(asked("moved").await, ClientError::Status { status: 307, .. }));
    assert!(matches!(asked("nowhere").await, ClientError::Status { status: 404, .. }));
    assert!(matches!(asked("slow").await, ClientError::Unreachable { source, .. } if source.is_timeout()));
}

#[tokio::test]
async fn an_authority_that_is_not_there_is_said_to_be_unreachable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let found = client(free, "stamp").answer(&request()).await.unwrap_err();
    assert!(matches!(found, ClientError::Unreachable { source, .. } if source.is_connect()));
}

#[test]
fn only_addresses_of_the_web_are_taken() {
    for url in ["", "tsa.example", "ftp://tsa.example/", "file:///stamp"] {
        assert!(matches!(Client::new(url, Trust::Machine), Err(NewClientError::Address { .. })), "{url}");
    }
}

/// Answers one connection over TLS with given bytes, as `localhost`.
fn served_over_tls(authority: &Authority, answer: Vec<u8>) -> SocketAddr {
    let certificate = CertificateDer::from_pem_slice(&authority.read("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(&authority.read("server.key")).unwrap();
    let primitives = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(primitives)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, socket);
        // One read takes the handshake and the whole of a small request, or fails as the caller hangs up.
        if stream.read(&mut [0; 4096]).is_ok() {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {REPLY_TYPE}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                answer.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &answer].concat()).and_then(|()| stream.flush());
        }
    });
    address
}

#[tokio::test]
async fn an_authority_over_https_is_asked_where_its_certificate_is_trusted_and_nowhere_else() {
    let authority = Authority::new(P_256);
    authority.certificate("server", "root", "server");
    authority.root("stranger", "Another root");
    let answer = authority.good();
    let asked = async |name: &str, trusted: &str| {
        let address = served_over_tls(&authority, answer.clone());
        let url = format!("https://{name}:{}/stamp", address.port());
        let client = Client::new(&url, Trust::Only(&authority.text(trusted))).unwrap();
        client.stamp(&request(), &authority.roots()).await
    };
    assert!(asked("localhost", "root.pem").await.is_ok());
    assert!(matches!(asked("localhost", "stranger.pem").await, Err(ClientError::Unreachable { .. })));
    assert!(matches!(asked("127.0.0.2", "root.pem").await, Err(ClientError::Unreachable { .. })));
}
