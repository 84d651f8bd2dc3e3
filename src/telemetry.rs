//! What the service writes about its own running. No subject id, no token, no personal value goes in.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::Log;

/// Starts writing to standard error, as the settings say. A second call does nothing.
pub fn start(settings: &Log) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    let started = if settings.json { builder.json().try_init() } else { builder.try_init() };
    if started.is_err() {
        tracing::debug!("telemetry had been started before");
    }
}
