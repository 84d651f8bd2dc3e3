//! Group commit: whatever waits when the writer is free becomes one batch.
//!
//! One task owns what writes; callers put their appends into a bounded queue and are answered when they are durable.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use subject_record_schemas::StreamName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::{Append, AppendError, Appended, StoreError, TakenOver};

/// What writes batches, alone.
#[async_trait]
pub(super) trait Writes: Send + 'static {
    /// Writes a batch of at most as many events as one commit takes, and answers every append of it.
    async fn append(&mut self, batch: &[Append]) -> Vec<Result<Appended, AppendError>>;

    /// Destroys the boxes of a stream.
    async fn destroy_boxes(&mut self, stream: &StreamName) -> Result<u64, StoreError>;

    /// Takes over events of another store.
    async fn take_over(&mut self, events: Vec<TakenOver>) -> Result<(), StoreError>;

    /// Keeps a published text.
    async fn put_text(&mut self, hash: String, body: Vec<u8>) -> Result<(), StoreError>;

    /// Whether an append would be taken now.
    async fn ready(&mut self) -> Result<(), AppendError>;

    /// How long nothing is asked of it before it looks around by itself.
    fn idle(&self) -> Duration {
        Duration::MAX
    }

    /// Looks around, since nothing is asked of it.
    async fn look(&mut self) {}
}

type Appends = Vec<Result<Appended, AppendError>>;

/// What the writer is asked to do.
#[derive(Debug)]
enum Command {
    Append {
        appends: Vec<Append>,
        events: usize,
        permit: OwnedSemaphorePermit,
        reply: oneshot::Sender<Appends>,
    },
    DestroyBoxes {
        stream: StreamName,
        reply: oneshot::Sender<Result<u64, StoreError>>,
    },
    TakeOver {
        events: Vec<TakenOver>,
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
    Ready {
        reply: oneshot::Sender<Result<(), AppendError>>,
    },
    PutText {
        hash: String,
        body: Vec<u8>,
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
}

/// Every append of a batch failed, and whether it was written is unknown.
pub(super) fn failed(batch: &[Append], error: &sqlx::Error) -> Appends {
    let fault = |_: &Append| Err(StoreError::Engine(error.to_string().into()).into());
    batch.iter().map(fault).collect()
}

pub(super) fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// One caller's appends within a batch, and where its answers go.
struct Waiting {
    appends: usize,
    reply: oneshot::Sender<Appends>,
    _permit: OwnedSemaphorePermit,
}

/// The way to the writer.
#[derive(Debug)]
pub(super) struct Queue {
    commands: mpsc::UnboundedSender<Command>,
    waiting: Arc<Semaphore>,
    batch_events_max: usize,
}

/// The writer is gone: it panicked or the process is ending.
fn closed() -> StoreError {
    StoreError::Engine("the writer of the event store has stopped".into())
}

impl Queue {
    /// Starts the task of a writer; it ends when the queue is dropped and empty.
    pub(super) fn start(writer: impl Writes, queue_events_max: u32, batch_events_max: usize) -> Self {
        // Unbounded, because `waiting` bounds what is in it.
        let (commands, inbox) = mpsc::unbounded_channel();
        tokio::spawn(run(writer, inbox, batch_events_max));
        let waiting = Arc::new(Semaphore::new(queue_events_max as usize));
        Self { commands, waiting, batch_events_max }
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).ok()?;
        answer.await.ok()
    }

    pub(super) async fn append_each(&self, appends: Vec<Append>) -> Appends {
        let mut results = Vec::with_capacity(appends.len());
        let mut rest = appends.into_iter().peekable();
        while rest.peek().is_some() {
            // As many appends as fit into one commit; one that never fits is refused alone.
            let mut events = 0;
            let mut group = Vec::new();
            while let Some(append) =
                rest.next_if(|a| group.is_empty() || events + a.events.len() <= self.batch_events_max)
            {
                events += append.events.len();
                group.push(append);
            }
            let count = group.len();
            let refuse = |refusal: fn() -> AppendError| (0..count).map(move |_| Err(refusal()));
            if events > self.batch_events_max {
                results.push(Err(AppendError::TooMany { events, max: self.batch_events_max }));
                continue;
            }
            let permits = u32::try_from(events).unwrap_or(u32::MAX);
            let Ok(permit) = Arc::clone(&self.waiting).try_acquire_many_owned(permits) else {
                results.extend(refuse(|| AppendError::QueueFull));
                continue;
            };
            match self.ask(|reply| Command::Append { appends: group, events, permit, reply }).await {
                Some(answers) => results.extend(answers),
                None => results.extend(refuse(|| closed().into())),
            }
        }
        results
    }

    pub(super) async fn ready(&self) -> Result<(), AppendError> {
        if self.waiting.available_permits() == 0 {
            return Err(AppendError::QueueFull);
        }
        self.ask(|reply| Command::Ready { reply }).await.unwrap_or_else(|| Err(closed().into()))
    }

    pub(super) async fn destroy_boxes(&self, stream: &StreamName) -> Result<u64, StoreError> {
        let stream = stream.clone();
        self.ask(|reply| Command::DestroyBoxes { stream, reply }).await.unwrap_or_else(|| Err(closed()))
    }

    pub(super) async fn take_over(&self, mut events: Vec<TakenOver>) -> Result<(), StoreError> {
        if events.len() > self.batch_events_max {
            let rest = events.split_off(self.batch_events_max);
            Box::pin(self.take_over(events)).await?;
            return Box::pin(self.take_over(rest)).await;
        }
        if events.is_empty() {
            return Ok(());
        }
        self.ask(|reply| Command::TakeOver { events, reply }).await.unwrap_or_else(|| Err(closed()))
    }

    pub(super) async fn put_text(&self, hash: &str, body: &[u8]) -> Result<(), StoreError> {
        let (hash, body) = (hash.to_owned(), body.to_vec());
        self.ask(|reply| Command::PutText { hash, body, reply }).await.unwrap_or_else(|| Err(closed()))
    }
}

/// Runs until every sender is gone and the queue is empty.
async fn run(mut writer: impl Writes, mut inbox: mpsc::UnboundedReceiver<Command>, batch_events_max: usize) {
    let mut next = None;
    loop {
        let command = match next.take() {
            Some(command) => command,
            None => match tokio::time::timeout(writer.idle(), inbox.recv()).await {
                Ok(Some(command)) => command,
                Ok(None) => break,
                Err(_) => {
                    writer.look().await;
                    continue;
                }
            },
        };
        match command {
            Command::Append { appends, events, permit, reply } => {
                let mut batch_events = events;
                let mut waiting = vec![Waiting { appends: appends.len(), reply, _permit: permit }];
                let mut batch = appends;
                while let Ok(command) = inbox.try_recv() {
                    match command {
                        Command::Append { appends, events, permit, reply }
                            if batch_events + events <= batch_events_max =>
                        {
                            batch_events += events;
                            waiting.push(Waiting { appends: appends.len(), reply, _permit: permit });
                            batch.extend(appends);
                        }
                        other => {
                            next = Some(other);
                            break;
                        }
                    }
                }
                let mut results = writer.append(&batch).await.into_iter();
                for caller in waiting {
                    // A caller that went away does not undo what it asked for.
                    let _ = caller.reply.send(results.by_ref().take(caller.appends).collect());
                }
            }
            Command::DestroyBoxes { stream, reply } => {
                let _ = reply.send(writer.destroy_boxes(&stream).await);
            }
            Command::TakeOver { events, reply } => {
                let _ = reply.send(writer.take_over(events).await);
            }
            Command::Ready { reply } => {
                let _ = reply.send(writer.ready().await);
            }
            Command::PutText { hash, body, reply } => {
                let _ = reply.send(writer.put_text(hash, body).await);
            }
        }
    }
}
