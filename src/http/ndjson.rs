//! NDJSON of any length: a status a line, in order, while the body still comes in.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::mpsc;

use super::Service;
use super::emitters::{AppendQuery, answer_each, name_of, refused, take_rate, with_name};
use super::problem::Problem;
use crate::caller::Caller;
use crate::error;
use crate::intake::Refusal;
use crate::intake::check::read_json;
use crate::store::append::STORED_BYTES_MAX;

/// Bytes of a line at most: what is sent is longer than what is stored only by its personal part.
const LINE_BYTES_MAX: usize = 4 * STORED_BYTES_MAX;

/// Lines recorded together at most.
const GROUP_LINES_MAX: usize = 500;

/// Groups of answers that may wait to be read before the body is read on.
const GROUPS_WAITING_MAX: usize = 8;

/// Answers at once, and reads, records and answers line by line from then on.
pub(super) fn append(service: Arc<Service>, caller: Caller, query: AppendQuery, body: Body) -> Response {
    let (answers, waiting) = mpsc::channel(GROUPS_WAITING_MAX);
    tokio::spawn(async move { Lines { service, caller, query, answers }.run(body).await });
    let stream = futures::stream::unfold(waiting, |mut waiting: mpsc::Receiver<Bytes>| async move {
        waiting.recv().await.map(|bytes| (Ok::<_, std::convert::Infallible>(bytes), waiting))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(stream)).into_response()
}

struct Lines {
    service: Arc<Service>,
    caller: Caller,
    query: AppendQuery,
    answers: mpsc::Sender<Bytes>,
}

impl Lines {
    async fn run(self, body: Body) {
        let patience = Duration::from_secs(self.service.app.config.server.request_seconds_max);
        let mut draining = self.service.draining.clone();
        let mut frames = body.into_data_stream();
        let mut buffer = BytesMut::new();
        // Set while the rest of a line that is too long is passed over.
        let mut skipping = false;
        let mut number = 0;
        loop {
            if *self.service.draining.borrow() {
                self.end(Problem::new(error::DRAINING)).await;
                return;
            }
            let frame = tokio::select! {
                frame = tokio::time::timeout(patience, frames.next()) => frame,
                _ = draining.changed() => continue,
            };
            match frame {
                Ok(Some(Ok(frame))) => buffer.extend_from_slice(&frame),
                Ok(None) => break,
                Ok(Some(Err(error))) => {
                    tracing::debug!(%error, "a stream of lines broke off");
                    return;
                }
                Err(_) => {
                    self.end(Problem::new(error::TIMED_OUT)).await;
                    return;
                }
            }
            let mut lines = Vec::new();
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line = buffer.split_to(end + 1);
                if !std::mem::take(&mut skipping) {
                    lines.push(line.freeze());
                }
            }
            if !self.answer(&mut number, lines).await {
                return;
            }
            if buffer.len() > LINE_BYTES_MAX {
                buffer.clear();
                if !std::mem::replace(&mut skipping, true) && !self.answer_too_long(&mut number).await {
                    return;
                }
            }
        }
        if !skipping && !buffer.is_empty() {
            let last = vec![buffer.freeze()];
            self.answer(&mut number, last).await;
        }
    }

    /// Records lines in groups and sends their answers. False when nobody reads them any more.
    async fn answer(&self, number: &mut u64, lines: Vec<Bytes>) -> bool {
        for group in lines.chunks(GROUP_LINES_MAX) {
            let mut names = Vec::with_capacity(group.len());
            let mut checked = Vec::with_capacity(group.len());
            let limited = take_rate(&self.service, &self.caller, group.len()).err();
            if let Some(problem) = limited {
                self.end(problem).await;
                return false;
            }
            for line in group {
                *number += 1;
                let line = line.trim_ascii();
                if line.is_empty() {
                    continue;
                }
                let document = read_json(line);
                names.push((*number, document.as_ref().map_or((Value::Null, Value::Null), name_of)));
                let intake = &self.service.app.intake;
                checked.push(
                    document.and_then(|d| intake.validators().check_value(&self.caller, d, intake.clock())),
                );
            }
            let answers = answer_each(&self.service, &self.caller, self.query.dry_run, checked).await;
            let mut text = Vec::new();
            for ((number, name), answer) in names.into_iter().zip(answers) {
                write_line(&mut text, number, with_name(name, answer));
            }
            if !text.is_empty() && self.answers.send(text.into()).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn answer_too_long(&self, number: &mut u64) -> bool {
        *number += 1;
        let mut text = Vec::new();
        write_line(&mut text, *number, refused(&Refusal::TooLarge { bytes: LINE_BYTES_MAX }));
        self.answers.send(text.into()).await.is_ok()
    }

    /// Says why the stream ends before its body did. Lines that were not answered are sent again.
    async fn end(&self, problem: Problem) {
        let mut text = problem.document().to_string().into_bytes();
        text.push(b'\n');
        let _ = self.answers.send(text.into()).await;
    }
}

fn write_line(text: &mut Vec<u8>, number: u64, mut answer: Value) {
    if let Some(members) = answer.as_object_mut() {
        members.insert("line".into(), Value::from(number));
    }
    text.extend_from_slice(answer.to_string().as_bytes());
    text.push(b'\n');
}
