//! A double of KurrentDB: a gRPC server for the calls that its client makes here, with faults to be had.

#![expect(clippy::result_large_err, reason = "errors of gRPC are as large as its library makes them")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tonic::codec::ProstCodec;
use tonic::server::Grpc;
use tonic::{Request, Response, Status, Streaming};

use super::log::{Log, Refusal, Written, wrong};
use super::wire::{
    AppendContent, AppendReq, AppendResp, AppendResult, ClusterInfo, CurrentRevision, EndPoint, Expected,
    FilterOn, FromPosition, FromRevision, LogPosition, Member, NotFound, Proposed, ReadContent, ReadCount,
    ReadEvent, ReadFilter, ReadReq, ReadResp, ReadWhat, Success, SuccessPosition, SupportedMethods,
};

/// What goes wrong with the next append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection breaks, and nothing is written.
    CutBefore,
    /// It is written, and the connection breaks.
    CutAfter,
    /// The connection breaks, and it is written when [`Double::release`] is called.
    Late,
    /// It takes this many milliseconds.
    Slow(u64),
    /// The server says that the revision is wrong, whatever it is, and writes nothing.
    WrongRevision,
    /// The server says that it is written, and writes nothing.
    Lie,
    /// Nothing happens, until whoever asked goes away.
    HoldBefore,
    /// It is written, and then nothing happens.
    HoldAfter,
}

struct State {
    /// Shared with replicas.
    log: Arc<Mutex<Log>>,
    faults: Mutex<VecDeque<Fault>>,
    /// Reads of `$all` are not answered.
    hold_reads: Mutex<bool>,
    appends: Mutex<u64>,
    /// The leader, where this node is none.
    leader: Mutex<Option<SocketAddr>>,
    reached: Notify,
    release: Notify,
    address: SocketAddr,
}

/// The server, until it is dropped.
pub(crate) struct Double {
    state: Arc<State>,
    runtime: Mutex<Option<Runtime>>,
}

impl Double {
    /// A server with an empty log, on a port of its own.
    pub(crate) fn start() -> Self {
        Self::holding(Arc::default())
    }

    /// A server that holds the same log and refers everybody to its leader.
    pub(crate) fn replica_of(leader: &Self) -> Self {
        let replica = Self::holding(Arc::clone(&leader.state.log));
        *replica.state.leader.lock().unwrap() = Some(leader.state.address);
        replica
    }

    /// From now on this node leads.
    pub(crate) fn lead(&self) {
        *self.state.leader.lock().unwrap() = None;
    }

    fn holding(log: Arc<Mutex<Log>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = Arc::new(State {
            log,
            faults: Mutex::default(),
            hold_reads: Mutex::default(),
            appends: Mutex::default(),
            leader: Mutex::default(),
            reached: Notify::new(),
            release: Notify::new(),
            address: listener.local_addr().unwrap(),
        });
        let runtime = Mutex::new(Some(serve(Arc::clone(&state), listener)));
        Self { state, runtime }
    }

    /// The connection string that leads to it.
    pub(crate) fn url(&self) -> String {
        format!("kurrentdb://{}?tls=false&discoveryInterval=20&maxDiscoverAttempts=2", self.state.address)
    }

    /// One that asks for the members of the cluster first.
    pub(crate) fn cluster_url(&self) -> String {
        self.url().replace("kurrentdb://", "kurrentdb+discover://")
    }

    /// Breaks every connection, and lets nobody in.
    pub(crate) fn stop(&self) {
        if let Some(runtime) = self.runtime.lock().unwrap().take() {
            runtime.shutdown_background();
        }
    }

    /// Serves again, at the same address, what it held.
    pub(crate) fn go_on(&self) {
        let listener = (0..200).find_map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            TcpListener::bind(self.state.address).ok()
        });
        *self.runtime.lock().unwrap() = Some(serve(Arc::clone(&self.state), listener.unwrap()));
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.state.log.lock().unwrap()
    }

    /// What goes wrong with the next appends, one after another.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.lock().unwrap().extend(faults);
    }

    /// As [`Double::fail`], in place of what was to go wrong before.
    pub(crate) fn fail_only(&self, faults: Vec<Fault>) {
        *self.state.faults.lock().unwrap() = faults.into();
    }

    /// Whether reads of `$all` are left without an answer.
    pub(crate) fn hold_reads(&self, hold: bool) {
        *self.state.hold_reads.lock().unwrap() = hold;
    }

    /// Appends that were asked for, those that failed too.
    pub(crate) fn appends(&self) -> u64 {
        *self.state.appends.lock().unwrap()
    }

    /// Waits until a fault that holds something has been reached.
    pub(crate) async fn reached(&self) {
        tokio::time::timeout(Duration::from_secs(60), self.state.reached.notified()).await.unwrap();
    }

    /// Lets what is late happen.
    pub(crate) fn release(&self) {
        self.state.release.notify_one();
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(state: Arc<State>, listener: TcpListener) -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    listener.set_nonblocking(true).unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener).inspect(|stream| {
            // Else each answer waits for the other side's next acknowledgement.
            if let Ok(stream) = stream {
                stream.set_nodelay(true).unwrap();
            }
        });
        let calls = tower::service_fn(move |request| call(Arc::clone(&state), request));
        let routes = tonic::service::Routes::from(axum::Router::new().fallback_service(calls));
        tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming).await.unwrap();
    });
    runtime
}

type HttpResponse = axum::http::Response<tonic::body::Body>;

async fn call(state: Arc<State>, request: axum::extract::Request) -> Result<HttpResponse, Infallible> {
    let path = request.uri().path().to_owned();
    Ok(match path.as_str() {
        "/event_store.client.streams.Streams/Append" => {
            let append = tower::service_fn(move |request| append(Arc::clone(&state), request));
            Grpc::new(ProstCodec::default()).client_streaming(append, request).await
        }
        "/event_store.client.streams.Streams/Read" => {
            let read = tower::service_fn(move |request| read(Arc::clone(&state), request));
            Grpc::new(ProstCodec::default()).server_streaming(read, request).await
        }
        "/event_store.client.server_features.ServerFeatures/GetSupportedMethods" => {
            let features = tower::service_fn(|_: Request<()>| async {
                Ok::<_, Status>(Response::new(SupportedMethods { version: "25.1.0".into() }))
            });
            Grpc::new(ProstCodec::default()).unary(features, request).await
        }
        "/event_store.client.gossip.Gossip/Read" => {
            let (address, port) = (state.address.ip().to_string(), u32::from(state.address.port()));
            let end_point = Some(EndPoint { address, port });
            // The state of a leader.
            let member = Member { instance: None, state: 8, is_alive: true, end_point };
            let gossip = tower::service_fn(move |_: Request<()>| {
                let members = vec![member.clone()];
                async { Ok::<_, Status>(Response::new(ClusterInfo { members })) }
            });
            Grpc::new(ProstCodec::default()).unary(gossip, request).await
        }
        _ => Status::unimplemented(path).into_http(),
    })
}

/// The engine asks nobody but the leader.
fn asks_the_leader<T>(state: &State, request: &Request<T>) -> Result<(), Status> {
    if request.metadata().get("requires-leader").is_none_or(|asked| asked != "true") {
        return Err(Status::failed_precondition("the leader is not asked for"));
    }
    let Some(leader) = *state.leader.lock().unwrap() else { return Ok(()) };
    let mut status = Status::not_found("leader info available");
    let told = status.metadata_mut();
    told.insert("exception", "not-leader".parse().unwrap());
    told.insert("leader-endpoint-host", leader.ip().to_string().parse().unwrap());
    told.insert("leader-endpoint-port", leader.port().to_string().parse().unwrap());
    Err(status)
}

fn cut() -> Status {
    Status::unavailable("the connection broke")
}

async fn append(
    state: Arc<State>,
    request: Request<Streaming<AppendReq>>,
) -> Result<Response<AppendResp>, Status> {
    asks_the_leader(&state, &request)?;
    *state.appends.lock().unwrap() += 1;
    let mut messages = request.into_inner();
    let (mut options, mut events) = (None, Vec::new());
    while let Some(message) = messages.message().await? {
        match message.content {
            Some(AppendContent::Options(given)) => options = Some(given),
            Some(AppendContent::Proposed(event)) => events.push(event),
            None => return Err(Status::invalid_argument("an empty message")),
        }
    }
    let options = options.ok_or_else(|| Status::invalid_argument("no options"))?;
    let stream = options.stream.ok_or_else(|| Status::invalid_argument("no stream"))?.name;
    let stream = String::from_utf8(stream.to_vec()).map_err(|_| Status::invalid_argument("no name"))?;
    let expected = options.expected.ok_or_else(|| Status::invalid_argument("no revision"))?;
    let count = events.len() as u64;

    let fault = state.faults.lock().unwrap().pop_front();
    match fault {
        Some(Fault::CutBefore) => return Err(cut()),
        Some(Fault::Late) => {
            let late = Arc::clone(&state);
            tokio::spawn(async move {
                late.release.notified().await;
                let _ = late.log.lock().unwrap().append(&stream, expected, events);
                late.reached.notify_one();
            });
            return Err(cut());
        }
        Some(Fault::Slow(milliseconds)) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
        Some(Fault::WrongRevision) => {
            let actual = state.log.lock().unwrap().head(&stream);
            let wrong = AppendResult::Wrong(wrong(actual, actual));
            return Ok(Response::new(AppendResp { result: Some(wrong) }));
        }
        Some(Fault::Lie) => {
            let first = if let Expected::Revision(revision) = expected { revision + 1 } else { 0 };
            return Ok(success(Written { revision: first + count - 1, position: 7 }));
        }
        Some(Fault::HoldBefore) => {
            state.reached.notify_one();
            std::future::pending().await
        }
        Some(Fault::CutAfter | Fault::HoldAfter) | None => {}
    }
    let written = commit(&state, &stream, expected, events)?;
    match fault {
        Some(Fault::CutAfter) => Err(cut()),
        Some(Fault::HoldAfter) => {
            state.reached.notify_one();
            std::future::pending().await
        }
        _ => Ok(written),
    }
}

fn commit(
    state: &State,
    stream: &str,
    expected: Expected,
    events: Vec<Proposed>,
) -> Result<Response<AppendResp>, Status> {
    match state.log.lock().unwrap().append(stream, expected, events) {
        Ok(written) => Ok(success(written)),
        Err(Refusal::Wrong(wrong)) => {
            Ok(Response::new(AppendResp { result: Some(AppendResult::Wrong(wrong)) }))
        }
        Err(Refusal::Invalid(why)) => Err(Status::invalid_argument(why)),
    }
}

fn success(written: Written) -> Response<AppendResp> {
    let at = LogPosition { commit: written.position, prepare: written.position };
    let success = Success {
        current: Some(CurrentRevision::Revision(written.revision)),
        position: Some(SuccessPosition::Position(at)),
    };
    Response::new(AppendResp { result: Some(AppendResult::Success(success)) })
}

type Page = stream::Iter<std::vec::IntoIter<Result<ReadResp, Status>>>;

async fn read(state: Arc<State>, request: Request<ReadReq>) -> Result<Response<Page>, Status> {
    asks_the_leader(&state, &request)?;
    let unsupported = || Status::unimplemented("a read that the double does not know");
    let options = request.into_inner().options.ok_or_else(unsupported)?;
    let Some(ReadCount::Count(count)) = options.count else { return Err(unsupported()) };
    if options.direction != 0 || options.resolve_links || count == 0 {
        return Err(unsupported());
    }
    let found: Option<Vec<ReadEvent>> = match (options.what, options.filter) {
        (Some(ReadWhat::Stream(stream)), Some(ReadFilter::NoFilter(()))) => {
            let name = stream.stream.clone().ok_or_else(unsupported)?.name;
            let Some(FromRevision::Revision(from)) = stream.from else { return Err(unsupported()) };
            let name = String::from_utf8(name.to_vec()).map_err(|_| unsupported())?;
            let found = state.log.lock().unwrap().of_stream(&name, from, count);
            if found.is_none() {
                let none = ReadContent::NotFound(NotFound { stream: stream.stream });
                return Ok(Response::new(stream::iter(vec![Ok(ReadResp { content: Some(none) })])));
            }
            found
        }
        (Some(ReadWhat::All(all)), Some(ReadFilter::Filter(filter))) => {
            let Some(FilterOn::Stream(expression)) = filter.on else { return Err(unsupported()) };
            if !expression.regex.is_empty() {
                return Err(unsupported());
            }
            if *state.hold_reads.lock().unwrap() {
                state.reached.notify_one();
                std::future::pending::<()>().await;
            }
            let from = match all.from {
                Some(FromPosition::Position(from)) => Some(from),
                Some(FromPosition::Start(())) => None,
                _ => return Err(unsupported()),
            };
            state.log.lock().unwrap().all(from, count, &expression.prefixes)
        }
        _ => return Err(unsupported()),
    };
    let found = found.ok_or_else(|| Status::invalid_argument("no position of an event"))?;
    let page: Vec<_> =
        found.into_iter().map(|event| Ok(ReadResp { content: Some(ReadContent::Event(event)) })).collect();
    Ok(Response::new(stream::iter(page)))
}
