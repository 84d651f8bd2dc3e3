//! Somebody with a token who sends requests.

use std::net::SocketAddr;

use reqwest::header::HeaderMap;
use serde_json::Value;

pub(crate) const ONE: &str = "application/cloudevents+json";
pub(crate) const BATCH: &str = "application/cloudevents-batch+json";
pub(crate) const LINES: &str = "application/x-ndjson";

/// Who asks, and where.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// What came back, whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| unreachable!("{error}: {self:?}"))
    }

    /// The body as lines of JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.body).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Status and code of a refusal, which is a problem document.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        assert!(problem["title"].is_string() && problem["advice"].is_string(), "{problem}");
        (self.status, problem["code"].as_str().unwrap().to_owned())
    }

    /// Pointers of the faults of a refusal, sorted.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap_or_else(|| unreachable!("{problem}"));
        let mut pointers: Vec<_> = errors.iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect();
        pointers.sort_unstable();
        pointers
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        let http = subject_record::outbound::client("", subject_record::outbound::Trust::Machine)
            .unwrap()
            .build()
            .unwrap();
        Self { http, base: format!("http://{address}"), token: token.to_owned() }
    }

    /// The same caller with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// A request, with the token.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Sends a request; `None` when the connection fails before the answer is whole.
    pub(crate) async fn try_send(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Answer { status, headers, body: response.bytes().await.ok()?.to_vec() })
    }

    /// Sends a request that must be answered.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, media_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(reqwest::Method::POST, path).header("content-type", media_type);
        self.send(request.body(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(reqwest::Method::GET, path)).await
    }

    /// GET with a purpose of access.
    pub(crate) async fn look(&self, path: &str, purpose: &str) -> Answer {
        self.send(self.request(reqwest::Method::GET, path).header("access-purpose", purpose)).await
    }

    /// Sends one event.
    pub(crate) async fn append(&self, event: &Value) -> Answer {
        self.post("/v1/events", ONE, event.to_string()).await
    }

    /// Sends one event with a header more.
    pub(crate) async fn append_if(&self, event: &Value, header: &str, value: &str) -> Answer {
        let request = self.request(reqwest::Method::POST, "/v1/events").header("content-type", ONE);
        self.send(request.header(header, value).body(event.to_string())).await
    }

    /// Sends events that must all be recorded now, and answers their receipts.
    pub(crate) async fn record(&self, events: &[Value]) -> Vec<Value> {
        let mut receipts = Vec::with_capacity(events.len());
        for group in events.chunks(1000) {
            let answer = self.post("/v1/events", BATCH, Value::from(group).to_string()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            receipts.extend(answer.json()["results"].as_array().unwrap().iter().cloned());
        }
        assert!(receipts.iter().all(|receipt| receipt["status"] == 201), "{receipts:?}");
        receipts
    }

    /// The number behind a position that an answer bears.
    pub(crate) async fn last_position(&self) -> u64 {
        // A look at the log's end that writes nothing: the first position that is not there.
        let (mut low, mut high) = (0, 1);
        while self.get(&format!("/v1/events/{high}")).await.status == 200 {
            (low, high) = (high, high * 2);
        }
        while high - low > 1 {
            let middle = u64::midpoint(low, high);
            if self.get(&format!("/v1/events/{middle}")).await.status == 200 {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// The number of a position.
pub(crate) fn number(position: &Value) -> u64 {
    position.as_str().unwrap_or_else(|| unreachable!("{position}")).parse().unwrap()
}
