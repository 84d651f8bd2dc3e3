//! Talking to a server: a running one, or one opened for this command over a folder that no process owns.
//!
//! Either way a command goes through the HTTP door, with the same roles and the same access records.

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{CommandError, Common};
use crate::app::{App, NewLog};
use crate::clock::{SystemClock, SystemEntropy};
use crate::http::ServeError;
use crate::outbound::{self, Trust};

/// Whether a token and personal data may go to an address: over plain HTTP they stay on this machine, unless
/// `--insecure` says that the way is safe.
fn check_address(base: &str, insecure: bool) -> Result<(), CommandError> {
    let url = Url::parse(base).ok().filter(|url| url.scheme() == "http");
    let Some(host) = url.as_ref().and_then(Url::host_str) else {
        return Err(CommandError::Said(format!(
            "{base} is no http:// address; put TLS in front of the server and run this beside it"
        )));
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if local || insecure {
        return Ok(());
    }
    Err(CommandError::Said(format!(
        "{base} is not on this machine, and http:// would show the token and personal data to the network; \
         run this beside the server, through a tunnel, or say --insecure when the way is safe"
    )))
}

/// A way to a server.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    own_server: Option<OwnServer>,
}

struct OwnServer {
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ServeError>>,
}

impl Client {
    /// A way to the server of `--url`, or to one opened over the data folder of the settings. `new_log` says what
    /// happens where that folder holds no log yet.
    pub(super) async fn open(common: &Common, new_log: NewLog) -> Result<Self, CommandError> {
        let token = common.token.clone().ok_or_else(|| {
            CommandError::Said("say who asks: --token sr_…, or the variable SUBJECT_RECORD_TOKEN".into())
        })?;
        // The token goes to the address that was named and nowhere else: through no proxy, after no redirect.
        let way = outbound::client(common.url.as_deref().unwrap_or_default(), Trust::Machine);
        let way = way.map_err(|source| CommandError::Said(super::with_causes(&source)))?;
        let http = way.build().map_err(|source| CommandError::Said(super::with_causes(&source)))?;
        if let Some(url) = &common.url {
            let base = url.trim_end_matches('/').to_owned();
            check_address(&base, common.insecure)?;
            return Ok(Self { http, base, token, own_server: None });
        }
        let mut config = common.config()?;
        config.server.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let clock = Arc::new(SystemClock::default());
        let app = App::open(config, new_log, clock, Arc::new(SystemEntropy)).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let running = tokio::spawn(crate::http::serve(
            Arc::new(app),
            async {
                let _ = stopped.await;
            },
            move |address| {
                let _ = tell.send(address);
            },
        ));
        match told.await {
            Ok(address) => {
                let own_server = Some(OwnServer { stop, running });
                Ok(Self { http, base: format!("http://{address}"), token, own_server })
            }
            Err(_) => match running.await {
                Ok(Err(error)) => Err(error.into()),
                _ => Err(CommandError::Said("the data folder could not be served".into())),
            },
        }
    }

    /// Lets an own server finish what it has begun.
    pub(super) async fn close(self) {
        if let Some(own) = self.own_server {
            let _ = own.stop.send(());
            let _ = own.running.await;
        }
    }

    /// A request to a path of the server.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Sends a request and answers its response, or the problem it came back with.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, CommandError> {
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let problem: Value = response.json().await.unwrap_or_default();
        let text = |member: &str| super::output::text(&problem, member);
        let mut detail = [text("title"), text("detail"), text("advice")].join(". ");
        for fault in problem.get("errors").and_then(Value::as_array).into_iter().flatten() {
            detail.push_str(&format!(
                "\n  {}: {}",
                super::output::text(fault, "pointer"),
                super::output::text(fault, "detail")
            ));
        }
        let code = text("code");
        Err(CommandError::Refused { code: if code.is_empty() { status.to_string() } else { code }, detail })
    }

    /// Sends a request and reads its answer as JSON.
    pub(super) async fn json(&self, request: RequestBuilder) -> Result<Value, CommandError> {
        self.send(request).await?.json().await.map_err(|error| self.unreachable(error))
    }

    pub(super) fn unreachable(&self, source: reqwest::Error) -> CommandError {
        CommandError::Unreachable { url: self.base.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine_unless_told_otherwise() {
        for local in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:9", "http://127.8.0.1"] {
            assert!(check_address(local, false).is_ok(), "{local}");
        }
        for away in ["http://10.0.0.1:8080", "http://localhost@example.kz", "http://localhost.example.kz"] {
            assert!(check_address(away, false).is_err(), "{away}");
            assert!(check_address(away, true).is_ok(), "{away}");
        }
        for none in ["https://localhost", "localhost:8080", "http://"] {
            assert!(check_address(none, true).is_err(), "{none}");
        }
    }
}
