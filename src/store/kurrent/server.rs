//! Talking to the server by way of the maintained client, and to nobody else.
//!
//! The client keeps a node that failed, ends for good after some failed connections, and panics on answers that it
//! does not know. So each call runs in a task of its own, under a time limit, and a failed connection makes
//! a new client. Its subscriptions are not used: they spin without end when a server closes one in good order.
//! Every call asks for the leader: what a follower lacks was never there for whoever asks it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eventstore::{
    AppendToStreamOptions, Client, ClientSettings, Error as ClientError, EventData, Position as LogPosition,
    ReadAllOptions, ReadStream, ReadStreamOptions, StreamPosition, StreamState, SubscriptionFilter,
};
use subject_record_schemas::{Revision, StreamName};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::event::Seen;
use crate::store::StoreError;

/// How long an append may take before its outcome counts as unknown. The client itself allows as much.
const APPEND_SECONDS_MAX: u64 = 10;
/// How long a page of events may take.
const READ_SECONDS_MAX: u64 = 10;
/// A page that took this long is not asked for again.
const READ_AGAIN_MAX: Duration = Duration::from_secs(8);
/// Times a page is asked for when the connection fails.
const READ_TRIES: u32 = 3;
/// Pause after the first failed try; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// Why an append was not acknowledged.
#[derive(Debug)]
pub(super) enum Fault {
    /// It never reached a server that could have written it.
    Down(StoreError),
    /// It reached a node that is not the leader; the client knows the leader now.
    Elsewhere(StoreError),
    /// The server does not let us.
    Refused(StoreError),
    /// The server takes it from nobody, now or later, and did not take it before.
    Unfit(StoreError),
    /// The stream does not end where the append needs it.
    Moved,
    /// It may be written now, later, or never.
    Unknown(StoreError),
}

/// The server, and the prefix of the streams that are ours there.
#[derive(Clone)]
pub(super) struct Server {
    settings: ClientSettings,
    prefix: Arc<str>,
    current: Arc<Mutex<(u64, Option<Client>)>>,
}

impl fmt::Debug for Server {
    /// Without the connection string, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn new(settings: ClientSettings, prefix: &str) -> Self {
        Self { settings, prefix: prefix.into(), current: Arc::new(Mutex::new((0, None))) }
    }

    fn stream_id(&self, stream: &StreamName) -> String {
        format!("{}{stream}", self.prefix)
    }

    /// What begins as names of our streams do. Whatever else begins like them stops us: it would stand in our pages.
    fn filter(&self) -> SubscriptionFilter {
        let kinds = ["subject-", "access-", "policy", "office"];
        kinds.iter().fold(SubscriptionFilter::on_stream_name(), |filter, kind| {
            filter.add_prefix(format!("{}{kind}", self.prefix))
        })
    }

    fn current(&self) -> MutexGuard<'_, (u64, Option<Client>)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of now, and which one it is.
    fn client(&self) -> Result<(u64, Client), Fault> {
        let mut current = self.current();
        let client = match &current.1 {
            Some(client) => client.clone(),
            None => {
                // It panics where a file of certificates does not read.
                let made = std::panic::catch_unwind(|| Client::new(self.settings.clone()));
                let made = made.map_err(|_| "the settings of the connection do not hold".to_owned());
                let made = made.and_then(|made| made.map_err(|error| format!("{error:#}")));
                made.map_err(|error| Fault::Down(StoreError::Engine(error.into())))?
            }
        };
        current.1 = Some(client.clone());
        Ok((current.0, client))
    }

    /// Gives up a client, unless somebody did before.
    fn give_up(&self, number: u64) {
        let mut current = self.current();
        if current.0 == number {
            *current = (number + 1, None);
        }
    }

    async fn call<T, F>(&self, seconds_max: u64, work: impl FnOnce(Client) -> F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ClientError>> + Send + 'static,
    {
        let (number, client) = self.client()?;
        // Ends with this future, panics apart from it.
        let mut task = JoinSet::new();
        task.spawn(work(client));
        let answer = tokio::time::timeout(Duration::from_secs(seconds_max), task.join_next()).await;
        let fault = match answer {
            Ok(Some(Ok(Ok(answer)))) => return Ok(answer),
            Ok(Some(Ok(Err(error)))) => match fault(error) {
                // The connection is well.
                fault @ (Fault::Moved | Fault::Refused(_) | Fault::Unfit(_) | Fault::Elsewhere(_)) => {
                    return Err(fault);
                }
                fault => fault,
            },
            Ok(Some(Err(error))) => Fault::Unknown(StoreError::Engine(Box::new(error))),
            Ok(None) | Err(_) => {
                Fault::Unknown(StoreError::Engine("KurrentDB did not answer in time".into()))
            }
        };
        self.give_up(number);
        Err(fault)
    }

    /// Appends events where the stream ends at `needed` (`None`: where it has no event), all or none.
    ///
    /// Answers the revision at which the server says the stream ends now. The server may say so of an event that it
    /// only believes to know: what is stored is seen in the log alone.
    pub(super) async fn append(
        &self,
        stream: &StreamName,
        needed: Option<Revision>,
        events: Vec<EventData>,
    ) -> Result<Revision, Fault> {
        let stream = self.stream_id(stream);
        let state = needed.map_or(StreamState::NoStream, |r| StreamState::StreamRevision(r.number()));
        let options = AppendToStreamOptions::default().stream_state(state).requires_leader(true);
        let written = self.call(APPEND_SECONDS_MAX, move |client| async move {
            client.append_to_stream(stream, &options, events).await
        });
        Ok(Revision::new(written.await?.next_expected_version))
    }

    /// Up to `count` events of a stream from a revision on; none where it has none.
    pub(super) async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
        count: usize,
    ) -> Result<Vec<Seen>, StoreError> {
        let options = ReadStreamOptions::default()
            .forwards()
            .position(StreamPosition::Position(from.number()))
            .max_count(count)
            .requires_leader(true);
        self.read(
            move |client, id| {
                let options = options.clone();
                async move { client.read_stream(id, &options).await }
            },
            &self.stream_id(stream),
        )
        .await
    }

    /// Up to `count` events of all streams of ours, from the commit and prepare position of one on, that one
    /// included; from the first on without.
    ///
    /// # Errors
    /// Also when an event does not read as one of this service.
    pub(super) async fn read_all(
        &self,
        from: Option<(u64, u64)>,
        count: usize,
    ) -> Result<Vec<Seen>, StoreError> {
        let from = from.map_or(StreamPosition::Start, |(commit, prepare)| {
            StreamPosition::Position(LogPosition { commit, prepare })
        });
        let options = ReadAllOptions::default()
            .forwards()
            .position(from)
            .filter(self.filter())
            .max_count(count)
            .requires_leader(true);
        self.read(
            move |client, _| {
                let options = options.clone();
                async move { client.read_all(&options).await }
            },
            "",
        )
        .await
    }

    async fn read<F>(
        &self,
        open: impl Fn(Client, String) -> F + Clone + Send + 'static,
        id: &str,
    ) -> Result<Vec<Seen>, StoreError>
    where
        F: Future<Output = Result<ReadStream, ClientError>> + Send,
    {
        let (mut tried, begun) = (0, Instant::now());
        loop {
            let (open, id, prefix) = (open.clone(), id.to_owned(), Arc::clone(&self.prefix));
            let page = self.call(READ_SECONDS_MAX, move |client| async move {
                match open(client, id).await {
                    Ok(mut stream) => collect(&mut stream, &prefix).await,
                    Err(ClientError::ResourceNotFound) => Ok(Ok(Vec::new())),
                    Err(error) => Err(error),
                }
            });
            tried += 1;
            match page.await {
                Ok(page) => return page,
                Err(Fault::Down(_) | Fault::Elsewhere(_) | Fault::Unknown(_))
                    if tried < READ_TRIES && begun.elapsed() < READ_AGAIN_MAX =>
                {
                    tokio::time::sleep(PAUSE * 2_u32.pow(tried)).await;
                }
                Err(
                    Fault::Down(error)
                    | Fault::Elsewhere(error)
                    | Fault::Refused(error)
                    | Fault::Unfit(error)
                    | Fault::Unknown(error),
                ) => return Err(error),
                Err(Fault::Moved) => {
                    return Err(StoreError::Engine("KurrentDB answered what no read asks".into()));
                }
            }
        }
    }
}

/// Reads what a call gives to its end.
async fn collect(
    stream: &mut ReadStream,
    prefix: &str,
) -> Result<Result<Vec<Seen>, StoreError>, ClientError> {
    let mut page = Vec::new();
    loop {
        let event = match stream.next().await {
            Ok(Some(resolved)) => resolved.link.or(resolved.event),
            Ok(None) => return Ok(Ok(page)),
            Err(ClientError::ResourceNotFound) => return Ok(Ok(Vec::new())),
            Err(error) => return Err(error),
        };
        let Some(event) = event else { continue };
        let Some(Ok(name)) = event.stream_id().strip_prefix(prefix).map(str::parse::<StreamName>) else {
            let fault = format!(
                "KurrentDB: {} is no stream of this service, and names that begin with {prefix} are reserved for it: delete that stream for good",
                event.stream_id()
            );
            return Ok(Err(StoreError::Row(fault)));
        };
        match Seen::read(name, &event) {
            Ok(seen) => page.push(seen),
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// gRPC's number of an argument that the server takes from nobody, such as an append above its size limit.
const INVALID_ARGUMENT: i32 = 3;

fn fault(error: ClientError) -> Fault {
    let as_fault = match &error {
        ClientError::WrongExpectedVersion { .. } => return Fault::Moved,
        ClientError::NotLeaderException(_) => Fault::Elsewhere,
        ClientError::ConnectionClosed
        | ClientError::GrpcConnectionError(_)
        | ClientError::InitializationError(_) => Fault::Down,
        ClientError::AccessDenied | ClientError::ResourceDeleted | ClientError::UnsupportedFeature => {
            Fault::Refused
        }
        ClientError::Grpc { code, .. } if *code as i32 == INVALID_ARGUMENT => Fault::Unfit,
        _ => Fault::Unknown,
    };
    as_fault(StoreError::Engine(Box::new(error)))
}
