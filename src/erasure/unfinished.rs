//! Erasures that were decided and not carried out: an instance died in the midst of one and another is here, or the
//! decision came from outside, as an event.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::Erasure;

/// Pause between two looks for them in a service.
pub const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Carries them out for as long as it is held.
#[derive(Debug)]
pub struct Unfinished(JoinHandle<()>);

impl Unfinished {
    /// Looks for them now and then.
    #[must_use]
    pub fn start(erasure: Erasure, every: Duration) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                match erasure.resume().await {
                    Ok(0) => {}
                    Ok(finished) => tracing::info!(finished, "erasures that others decided are carried out"),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(
                            error,
                            "an erasure is decided and cannot be carried out; it is tried again"
                        );
                    }
                }
            }
        }))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.abort();
    }
}
