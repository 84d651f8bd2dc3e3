//! NDJSON of any length: a status a line, in order, while the body still comes in.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::Service;
use super::auth::unknown;
use super::emitters::{Answers, AppendQuery, answer_each, name_of, take_rate, with_name};
use super::lines::{Cutter, LINE_BYTES_MAX, Line};
use super::problem::Problem;
use crate::caller::Caller;
use crate::error;
use crate::intake::Refusal;
use crate::intake::check::read_json;

/// Lines recorded together at most.
const GROUP_LINES_MAX: usize = 500;

/// Frames of a body that are read ahead while a group is recorded, to share the next sync. A frame is at most
/// as long as [`crate::config::Server::header_bytes_max`].
const FRAMES_WAITING_MAX: usize = 16;

/// Groups of answers that may wait to be read before the body is read on.
const GROUPS_WAITING_MAX: usize = 8;

type Frame = Result<Bytes, axum::Error>;

/// Answers at once, and reads, records and answers line by line from then on.
pub(super) fn append(service: Arc<Service>, caller: Caller, query: AppendQuery, body: Body) -> Response {
    let patience = Duration::from_secs(service.app.config.server.request_seconds_max);
    let (answers, waiting) = mpsc::channel(GROUPS_WAITING_MAX);
    let (ahead, frames) = mpsc::channel(FRAMES_WAITING_MAX);
    tokio::spawn(read_ahead(body, ahead));
    let answering = Answering { answers, patience, only_refused: query.answers == Answers::Refused };
    let lines = Lines { service, caller, dry_run: query.dry_run, patience, answering };
    tokio::spawn(lines.run(frames).in_current_span());
    let stream = futures::stream::unfold(waiting, |mut waiting: mpsc::Receiver<Bytes>| async move {
        waiting.recv().await.map(|bytes| (Ok::<_, std::convert::Infallible>(bytes), waiting))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(stream)).into_response()
}

/// Reads frames until the body ends or breaks off, or nobody takes them any more.
async fn read_ahead(body: Body, ahead: mpsc::Sender<Frame>) {
    let mut body = body.into_data_stream();
    loop {
        let frame = tokio::select! {
            frame = body.next() => frame,
            () = ahead.closed() => return,
        };
        let Some(frame) = frame else { return };
        let broken = frame.is_err();
        if ahead.send(frame).await.is_err() || broken {
            return;
        }
    }
}

struct Lines {
    service: Arc<Service>,
    caller: Caller,
    dry_run: bool,
    patience: Duration,
    answering: Answering,
}

/// Nobody reads the answers any more.
struct Unread;

/// Why a stream of lines ends before its body did.
enum Stopped {
    Unread,
    /// The body broke off, and with it whoever would read why.
    BrokenOff,
    Because(Problem),
}

impl From<Unread> for Stopped {
    fn from(_: Unread) -> Self {
        Self::Unread
    }
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Because(problem)
    }
}

impl Lines {
    async fn run(self, frames: mpsc::Receiver<Frame>) {
        let mut tally = Tally::default();
        // Whoever stopped reading is not told so.
        let _ = match self.record(frames, &mut tally).await {
            Ok(()) => self.answering.summary(&tally).await,
            Err(Stopped::Because(problem)) => self.answering.end(&problem).await,
            Err(Stopped::Unread | Stopped::BrokenOff) => Ok(()),
        };
    }

    /// Records all lines of a body.
    async fn record(&self, mut frames: mpsc::Receiver<Frame>, tally: &mut Tally) -> Result<(), Stopped> {
        let mut draining = self.service.draining.clone();
        let mut cutter = Cutter::default();
        loop {
            if *self.service.draining.borrow() {
                return Err(Problem::new(error::DRAINING).into());
            }
            let mut here = Vec::new();
            let read = tokio::select! {
                read = tokio::time::timeout(
                    self.patience,
                    frames.recv_many(&mut here, FRAMES_WAITING_MAX),
                ) => read,
                _ = draining.changed() => continue,
            };
            let ended = read.map_err(|_| Problem::new(error::TIMED_OUT))? == 0;
            let mut lines = Vec::new();
            let mut broken = None;
            for frame in here {
                match frame {
                    Ok(frame) => cutter.cut(&frame, &mut lines),
                    Err(error) => broken = Some(error),
                }
            }
            if ended {
                lines.extend(cutter.rest());
                return self.answer(tally, &lines).await;
            }
            self.answer(tally, &lines).await?;
            if let Some(error) = broken {
                tracing::debug!(%error, "a stream of lines broke off");
                return Err(Stopped::BrokenOff);
            }
        }
    }

    /// Records lines in groups and sends their answers.
    async fn answer(&self, tally: &mut Tally, lines: &[Line]) -> Result<(), Stopped> {
        let app = &self.service.app;
        for group in lines.chunks(GROUP_LINES_MAX) {
            if !app.tokens.is_live(&self.caller.token).await.map_err(|error| unknown(&error))? {
                return Err(Problem::new(error::UNAUTHENTICATED).into());
            }
            take_rate(&self.service, &self.caller, group.len())?;
            let mut names = Vec::with_capacity(group.len());
            let mut checked = Vec::with_capacity(group.len());
            for line in group {
                tally.lines += 1;
                let document = match line {
                    Line::Whole(line) if line.trim_ascii().is_empty() => continue,
                    Line::Whole(line) => read_json(line.trim_ascii()),
                    Line::TooLong => Err(Refusal::TooLarge { bytes: LINE_BYTES_MAX }),
                };
                names.push((tally.lines, document.as_ref().map_or((Value::Null, Value::Null), name_of)));
                let (validators, clock) = (app.intake.validators(), app.intake.clock());
                checked.push(document.and_then(|d| validators.check_value(&self.caller, d, clock)));
            }
            let answers = answer_each(&self.service, &self.caller, self.dry_run, checked).await;
            let answers = names.into_iter().zip(answers);
            let answers = answers.map(|((number, name), answer)| numbered(number, with_name(name, answer)));
            let answers: Vec<_> = answers.inspect(|answer| tally.count(answer)).collect();
            self.answering.answers(&answers).await?;
        }
        Ok(())
    }
}

fn numbered(number: u64, mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.insert("line".into(), Value::from(number));
    }
    answer
}

/// What became of the lines of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Lines so far, empty ones too: a line is known by its number.
    lines: u64,
    recorded: u64,
    seen_before: u64,
    would_record: u64,
    refused: u64,
}

impl Tally {
    fn count(&mut self, answer: &Value) {
        let would_record = answer.get("would_record") == Some(&Value::Bool(true));
        let count = match answer.get("status").and_then(Value::as_u64) {
            Some(201) => &mut self.recorded,
            Some(200) if would_record => &mut self.would_record,
            Some(200) => &mut self.seen_before,
            _ => &mut self.refused,
        };
        *count += 1;
    }
}

/// Where answers go.
struct Answering {
    answers: mpsc::Sender<Bytes>,
    /// How long answers may wait to be read.
    patience: Duration,
    only_refused: bool,
}

impl Answering {
    async fn answers(&self, answers: &[Value]) -> Result<(), Unread> {
        let is_told = |answer: &&Value| {
            !self.only_refused || answer.get("status").and_then(Value::as_u64).is_none_or(|s| s >= 400)
        };
        self.send(answers.iter().filter(is_told)).await
    }

    /// Counts the lines of a stream that ended well, for a sender that was told of refused ones only.
    async fn summary(&self, tally: &Tally) -> Result<(), Unread> {
        let summary = json!({
            "summary": true,
            "recorded": tally.recorded,
            "seen_before": tally.seen_before,
            "would_record": tally.would_record,
            "refused": tally.refused,
        });
        self.send(self.only_refused.then_some(&summary)).await
    }

    /// Says why the stream ends before its body did. Lines that were not answered are sent again.
    async fn end(&self, problem: &Problem) -> Result<(), Unread> {
        self.send([&problem.document()]).await
    }

    async fn send(&self, answers: impl IntoIterator<Item = &Value>) -> Result<(), Unread> {
        let mut text = Vec::new();
        for answer in answers {
            text.extend_from_slice(answer.to_string().as_bytes());
            text.push(b'\n');
        }
        if text.is_empty() {
            return if self.answers.is_closed() { Err(Unread) } else { Ok(()) };
        }
        self.answers.send_timeout(text.into(), self.patience).await.map_err(|_| Unread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answering(only_refused: bool) -> (Answering, mpsc::Receiver<Bytes>) {
        let (answers, read) = mpsc::channel(1);
        (Answering { answers, patience: Duration::from_millis(20), only_refused }, read)
    }

    #[tokio::test]
    async fn answers_that_nobody_reads_end_the_stream() {
        let (answering, _read) = answering(false);
        assert!(answering.answers(&[json!({ "status": 201 })]).await.is_ok());
        assert!(answering.answers(&[json!({ "status": 201 })]).await.is_err());
    }

    #[tokio::test]
    async fn a_sender_may_ask_for_refused_lines_and_a_summary_only() {
        let all = [
            json!({ "status": 201 }),
            json!({ "status": 200 }),
            json!({ "status": 409, "line": 3 }),
            json!({ "status": 200, "would_record": true }),
        ];
        let mut tally = Tally::default();
        all.iter().for_each(|answer| tally.count(answer));
        let (answering, mut read) = answering(true);
        assert!(answering.answers(&all).await.is_ok());
        assert_eq!(read.recv().await.unwrap(), "{\"line\":3,\"status\":409}\n");
        assert!(answering.summary(&tally).await.is_ok());
        let summary: Value = serde_json::from_slice(&read.recv().await.unwrap()).unwrap();
        let expected =
            json!({ "summary": true, "recorded": 1, "seen_before": 1, "would_record": 1, "refused": 1 });
        assert_eq!(summary, expected);
    }
}
