//! A bare HTTP server on the same stack: what is left when nothing is checked, sealed or stored.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;

use super::Failure;
use super::client::Target;

/// The running echo server; ends when it is let go.
pub(super) struct Echo(Child);

impl Drop for Echo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts this program again as an echo server.
pub(super) fn start() -> Result<(Echo, Target), Failure> {
    let mut child =
        Command::new(std::env::current_exe()?).arg("--echo-server").stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().ok_or("the echo server has no output")?;
    let echo = Echo(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let target = Target { address: line.trim().parse()?, token: "none".into(), process: echo.0.id() };
    Ok((echo, target))
}

/// Serves: a body comes back as it was sent.
pub(super) fn serve() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let routes = Router::new().route("/v1/events", post(|body: Bytes| async move { body }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = TowerToHyperService::new(routes.clone());
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    })
}
