//! Threads that give way. What may lag runs on them: read models are followed there, so that appends, checkpoints and
//! answers, which somebody waits for, get the processor first.

use std::future::Future;

use rustix::process::setpriority_process;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;

/// How much these threads give way (nice value): about a tenth of the processor while others want all of it, and all of
/// it when nobody does.
const NICE: i32 = 10;

/// Threads of their own.
#[derive(Debug)]
pub struct Background(Option<Runtime>);

impl Background {
    /// Starts as many as there are processors.
    ///
    /// # Errors
    /// When no threads can be started.
    pub fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name("background")
            // Where it is not allowed they are threads like others. What they start inherits it.
            .on_thread_start(|| {
                let _ = setpriority_process(None, NICE);
            })
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs work there, and whatever tasks it starts.
    ///
    /// # Errors
    /// When it panicked.
    pub async fn run<F>(&self, work: F) -> Result<F::Output, JoinError>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match &self.0 {
            Some(runtime) => runtime.spawn(work).await,
            None => tokio::spawn(work).await,
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Not waited for: whoever has something to finish there was stopped before.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[tokio::test]
    async fn what_runs_there_gives_way_and_nobody_else_does() {
        let before = getpriority_process(None).unwrap();
        let background = Background::start().unwrap();
        let there = background.run(async {
            let apart = tokio::task::spawn_blocking(|| getpriority_process(None).unwrap());
            (getpriority_process(None).unwrap(), apart.await.unwrap())
        });
        assert_eq!(there.await.unwrap(), (NICE.max(before), NICE.max(before)));
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
