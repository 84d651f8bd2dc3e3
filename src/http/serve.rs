//! Listening: limits on connections, headers and time, and a graceful end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::auth::Rates;
use super::patience::Patient;
use super::{Service, router};
use crate::app::App;
use crate::config::Server;

/// The service cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}: is another service there? Choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Serves until `stop` is done, then lets running requests end.
///
/// `listening` is told the address once it is open.
///
/// # Errors
/// [`ServeError::Listen`] when the address cannot be opened.
pub async fn serve(
    app: Arc<App>,
    stop: impl Future<Output = ()> + Send,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let settings = app.config.server.clone();
    let (drain, draining) = watch::channel(false);
    let service = Arc::new(Service { app, rates: Rates::default(), draining });
    let routes = router(&service);
    let drain = move || {
        let _ = drain.send(true);
    };
    listen(&settings, routes, stop, drain, listening).await?;
    service.app.projector.stop().await;
    if let Err(error) = service.app.instances.leave().await {
        tracing::warn!(%error, "the other instances are not told that this one ends; they notice within seconds");
    }
    Ok(())
}

/// Serves routes until `stop` is done; says so by `drain`, then lets running requests end.
pub(super) async fn listen(
    settings: &Server,
    routes: Router,
    stop: impl Future<Output = ()> + Send,
    drain: impl FnOnce(),
    listening: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let listen_error = |source| ServeError::Listen { address: settings.listen, source };
    let listener = TcpListener::bind(settings.listen).await.map_err(listen_error)?;
    let patience = Duration::from_secs(settings.request_seconds_max);
    listening(listener.local_addr().map_err(listen_error)?);

    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(settings.header_seconds_max))
        .max_headers(settings.headers_max)
        .max_buf_size(settings.header_bytes_max.max(8192));
    let connections = Arc::new(Semaphore::new(settings.connections_max));
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = &mut stop => break,
        };
        let Some((stream, permit)) = accepted else { continue };
        // Answers are written whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let stream = TokioIo::new(Patient::new(stream, patience));
        let connection = http.serve_connection(stream, TowerToHyperService::new(routes.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop(permit);
        });
    }
    drop(listener);
    drain();
    tracing::info!("draining: running requests may end, new ones are not taken");
    let patience = Duration::from_secs(settings.drain_seconds_max);
    if tokio::time::timeout(patience, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            "some requests did not end in time; what they were not answered for, their senders send again"
        );
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            // Out of file descriptors, mostly: let some connections end.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
