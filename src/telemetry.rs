//! What the service writes about its own running. No subject id, no token, no personal value goes in.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::Log;

/// The setting `log.filter` does not read.
#[derive(Debug, thiserror::Error)]
#[error("log.filter does not read: `info`, `warn`, or by module, `info,subject_record::store=debug`")]
pub struct FilterError(#[from] ParseError);

/// Starts writing to standard error, as the settings say. A second call does nothing.
///
/// # Errors
/// When the filter does not read: a log that says other things than it was told to is no log.
pub fn start(settings: &Log) -> Result<(), FilterError> {
    let filter = EnvFilter::try_new(&settings.filter)?;
    let colours = std::io::stderr().is_terminal();
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    let started = if settings.json { builder.json().try_init() } else { builder.try_init() };
    if started.is_err() {
        tracing::debug!("telemetry had been started before");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_does_not_read_is_an_error() {
        for filter in ["loud=very", "info,subject_record=sometimes"] {
            assert!(start(&Log { filter: filter.into(), json: false }).is_err(), "{filter}");
        }
    }
}
