//! `serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;

use super::{CommandError, Common};
use crate::app::{App, NewLog};
use crate::clock::{SystemClock, SystemEntropy};

/// Serve HTTP until told to stop.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port; wins over the settings.
    #[arg(long)]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let mut config = common.config()?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        crate::telemetry::start(&config.log)?;
        let clock = Arc::new(SystemClock::default());
        let app = Arc::new(App::open(config, NewLog::Real, clock, Arc::new(SystemEntropy)).await?);
        tracing::info!(
            store = %app.place,
            durability = app.place.durability(),
            data = %app.config.paths.data.display(),
            simulated = app.log.simulated,
            "the log is open"
        );
        for warning in app.store.warnings().await.unwrap_or_default() {
            tracing::warn!("{warning}");
        }
        crate::http::serve(app, stop_signal(), |address| tracing::info!(%address, "listening")).await?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Done when the process is asked to stop.
pub(super) async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupted.await;
        }
    }
}
