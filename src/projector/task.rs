//! Work that goes on beside other work until it is told to stop.

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A task and what ends it.
pub(super) struct Task<T> {
    pub(super) handle: JoinHandle<T>,
    stop: watch::Sender<bool>,
}

impl<T: Send + 'static> Task<T> {
    pub(super) fn begin<F>(work: impl FnOnce(watch::Receiver<bool>) -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        Self { handle: tokio::spawn(work(stopped)), stop }
    }

    pub(super) fn tell_to_stop(&self) {
        self.stop.send_replace(true);
    }

    pub(super) async fn end(mut self) -> Option<T> {
        self.tell_to_stop();
        (&mut self.handle).await.ok()
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
