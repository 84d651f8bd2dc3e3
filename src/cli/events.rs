//! `events append`: sends a file of events, one a line, and can be run again safely.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

use super::client::Client;
use super::output::{self, text};
use super::{CommandError, Common, Format};
use crate::app::NewLog;

/// Events.
#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// Append events from a file, or from standard input with `-`: one JSON document a line.
    Append {
        /// The file.
        file: PathBuf,
        /// Check everything and write nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Lines sent by one request.
const GROUP_LINES: usize = 1_000;

/// Times a line is sent again when the server is at its limit or does not answer.
const TRIES_MAX: u32 = 8;

/// What became of the lines.
#[derive(Debug, Default)]
struct Tally {
    recorded: u64,
    seen_before: u64,
    would_record: u64,
    refused: u64,
}

impl Events {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let Self::Append { file, dry_run } = self;
        // A check of documents is no reason to open a log.
        let new_log = if dry_run { NewLog::Refuse } else { NewLog::Real };
        let client = Client::open(common, new_log).await?;
        let result = append(&client, &file, dry_run).await;
        client.close().await;
        let tally = result?;
        let answer = json!({
            "recorded": tally.recorded,
            "seen_before": tally.seen_before,
            "would_record": tally.would_record,
            "refused": tally.refused,
        });
        match common.format {
            Format::Table if dry_run => output::print(&format!(
                "{} would be recorded, {} seen before, {} refused\n",
                tally.would_record, tally.seen_before, tally.refused
            ))?,
            Format::Table => output::print(&format!(
                "{} recorded, {} seen before, {} refused\n",
                tally.recorded, tally.seen_before, tally.refused
            ))?,
            format => output::json(format, &answer, "")?,
        }
        match tally.refused {
            0 => Ok(()),
            refused => {
                Err(CommandError::Said(format!("{refused} event(s) were refused; see the lines above")))
            }
        }
    }
}

async fn append(client: &Client, path: &Path, dry_run: bool) -> Result<Tally, CommandError> {
    let reading = || format!("cannot read {}", path.display());
    let (bytes, mut lines): (Option<u64>, Box<dyn AsyncBufRead + Unpin + Send>) = if path == Path::new("-") {
        (None, Box::new(BufReader::new(tokio::io::stdin())))
    } else {
        let file = tokio::fs::File::open(path).await.map_err(CommandError::io(reading()))?;
        let bytes = file.metadata().await.map_err(CommandError::io(reading()))?.len();
        (Some(bytes), Box::new(BufReader::new(file)))
    };
    let progress = progress_bar(bytes);
    let mut tally = Tally::default();
    let mut number = 0;
    loop {
        let mut group = Vec::with_capacity(GROUP_LINES);
        while group.len() < GROUP_LINES {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line).await.map_err(CommandError::io(reading()))? == 0 {
                break;
            }
            number += 1;
            progress.inc(line.len() as u64);
            if !line.trim_ascii().is_empty() {
                group.push((number, line.trim_ascii().to_vec()));
            }
        }
        if group.is_empty() {
            progress.finish_and_clear();
            return Ok(tally);
        }
        send_group(client, group, dry_run, &mut tally, &progress).await?;
        progress.set_message(format!("{} events", tally.recorded + tally.seen_before + tally.would_record));
    }
}

/// Sends lines until each has an answer that stands.
async fn send_group(
    client: &Client,
    mut group: Vec<(u64, Vec<u8>)>,
    dry_run: bool,
    tally: &mut Tally,
    progress: &ProgressBar,
) -> Result<(), CommandError> {
    for attempt in 0..TRIES_MAX {
        let body: Vec<u8> = group.iter().flat_map(|(_, line)| line.iter().copied().chain([b'\n'])).collect();
        let path = if dry_run { "/v1/events?dry_run=true" } else { "/v1/events" };
        let request =
            client.request(Method::POST, path).header("content-type", "application/x-ndjson").body(body);
        let answers = match client.send(request).await {
            // A connection that breaks leaves the lines unanswered: what was recorded is seen before next time.
            Ok(response) => response.text().await.unwrap_or_default(),
            Err(CommandError::Unreachable { .. }) if attempt + 1 < TRIES_MAX => String::new(),
            Err(error) => return Err(error),
        };
        let mut again = group.clone();
        for answer in answers.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let place =
                answer.get("line").and_then(Value::as_u64).and_then(|line| usize::try_from(line).ok());
            let Some((number, sent)) = place.and_then(|place| group.get(place.saturating_sub(1))) else {
                continue;
            };
            match answer.get("status").and_then(Value::as_u64) {
                Some(429 | 503) => continue,
                Some(201) => tally.recorded += 1,
                Some(200) if answer.get("would_record") == Some(&Value::Bool(true)) => {
                    tally.would_record += 1
                }
                Some(200) => tally.seen_before += 1,
                _ => {
                    tally.refused += 1;
                    progress.suspend(|| eprintln!("line {number}: {}", refusal(&answer)));
                }
            }
            again.retain(|(line, bytes)| line != number || bytes != sent);
        }
        if again.is_empty() {
            return Ok(());
        }
        group = again;
        tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
    }
    Err(CommandError::Said(
        "the server stays at its limit; run the same command again later, nothing is doubled".into(),
    ))
}

fn refusal(answer: &Value) -> String {
    let mut said = format!("{}: {}", text(answer, "code"), text(answer, "detail"));
    for fault in answer.get("errors").and_then(Value::as_array).into_iter().flatten() {
        said.push_str(&format!("\n  {}: {}", text(fault, "pointer"), text(fault, "detail")));
    }
    said
}

/// A bar with rate and rest, or, when the length is not known, a spinner with the rate. Neither shows where there
/// is no terminal.
fn progress_bar(bytes: Option<u64>) -> ProgressBar {
    let (bar, template) = match bytes {
        Some(bytes) => {
            (ProgressBar::new(bytes), "{bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {msg}")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {bytes_per_sec}  {msg}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
