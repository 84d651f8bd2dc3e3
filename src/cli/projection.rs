//! `projection list|status|rebuild|resume|digest`.

use std::time::Duration;

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::client::Client;
use super::output::{self, local_time, text};
use super::simulate::events_bar;
use super::{CommandError, Common, Format};
use crate::app::NewLog;
use crate::error;

/// Pause between two questions how far something is.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// How often a resumed projection is asked whether it runs: three seconds.
const RESUME_TRIES: u32 = 30;

/// Projections.
#[derive(Debug, Subcommand)]
pub(super) enum Projection {
    /// List projections and their read models.
    List,
    /// How far they are and whether one stands: exit status 1 when one does.
    Status {
        /// Only this one.
        name: Option<String>,
    },
    /// Build read models again from the log, beside the live ones, until they have taken their place. Ctrl-C gives up.
    Rebuild {
        /// Which.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        name: Option<String>,
        /// All of them, one after the other.
        #[arg(long)]
        all: bool,
    },
    /// Let a projection that stands try again, once its cause is mended: exit status 1 when it still stands.
    Resume {
        /// Which.
        name: String,
    },
    /// Digest of each of its read models, to compare what was built anew, or another copy.
    Digest {
        /// Which.
        name: String,
        /// As known at this position; without it as far as rows are written.
        #[arg(long)]
        at: Option<String>,
    },
}

impl Projection {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let client = Client::open(common, NewLog::Refuse).await?;
        let result = self.ask(&client, common.format).await;
        client.close().await;
        result
    }

    async fn ask(self, client: &Client, format: Format) -> Result<(), CommandError> {
        match self {
            Self::List => list(&all(client).await?, format),
            Self::Status { name } => {
                let rows = match name {
                    Some(name) => vec![one(client, &name).await?],
                    None => all(client).await?,
                };
                status(&rows, format)
            }
            Self::Rebuild { name, .. } => {
                let names = match name {
                    Some(name) => vec![name],
                    None => all(client).await?.iter().map(|row| text(row, "projection")).collect(),
                };
                let mut rows = Vec::new();
                for name in names {
                    let row = rebuild(client, &name).await?;
                    if format == Format::Table {
                        output::print(&format!("{name} is built anew, up to {}\n", text(&row, "position")))?;
                    }
                    rows.push(row);
                }
                if format == Format::Table { Ok(()) } else { print_rows(format, &rows) }
            }
            Self::Resume { name } => {
                let row = resume(client, &name).await?;
                if format == Format::Table {
                    output::print(&format!("{name} runs, {} events behind\n", text(&row, "lag_events")))
                } else {
                    output::json(format, &row, "")
                }
            }
            Self::Digest { name, at } => {
                let request =
                    client.request(Method::GET, &format!("/v1/projections/{}/digest", plain(&name)?));
                let request = if let Some(at) = at { request.query(&[("at", at)]) } else { request };
                digest(&client.json(request).await?, format)
            }
        }
    }
}

/// A name as it may stand in a path.
fn plain(name: &str) -> Result<&str, CommandError> {
    name.parse::<crate::projector::Projection>()
        .map(crate::projector::Projection::name)
        .map_err(|error| CommandError::Said(error.to_string()))
}

async fn all(client: &Client) -> Result<Vec<Value>, CommandError> {
    let answer = client.json(client.request(Method::GET, "/v1/projections")).await?;
    Ok(answer.get("projections").and_then(Value::as_array).cloned().unwrap_or_default())
}

async fn one(client: &Client, name: &str) -> Result<Value, CommandError> {
    let name = plain(name)?;
    let found = all(client).await?.into_iter().find(|row| text(row, "projection") == name);
    found.ok_or_else(|| CommandError::Said(format!("the server has no projection {name}")))
}

fn print_rows(format: Format, rows: &[Value]) -> Result<(), CommandError> {
    output::json(format, &json!({ "projections": rows }), "projections")
}

fn member<'a>(row: &'a Value, name: &str) -> Option<&'a Value> {
    row.get(name).filter(|value| !value.is_null())
}

/// What a projection does, in words.
fn doing(row: &Value) -> String {
    let mut words = match (member(row, "stopped"), member(row, "trouble")) {
        (Some(stop), _) => format!("stands at {}: {}", text(stop, "position"), text(stop, "cause")),
        (None, Some(_)) => format!("does not get on: {}", text(row, "trouble")),
        (None, None) => "runs".to_owned(),
    };
    if let Some(rebuilding) = member(row, "rebuilding") {
        let (done, total) = (text(rebuilding, "done"), text(rebuilding, "total"));
        words.push_str(&format!("; rebuild at {done} of {total}"));
    }
    words
}

fn list(rows: &[Value], format: Format) -> Result<(), CommandError> {
    if format != Format::Table {
        return print_rows(format, rows);
    }
    let row = |row: &Value| {
        let models = row.get("models").and_then(Value::as_array).cloned().unwrap_or_default();
        let models: Vec<_> = models.iter().filter_map(Value::as_str).map(output::harmless).collect();
        vec![text(row, "projection"), models.join(" "), doing(row)]
    };
    output::table(&["PROJECTION", "READ MODELS", "STATE"], &rows.iter().map(row).collect::<Vec<_>>())
}

fn status(rows: &[Value], format: Format) -> Result<(), CommandError> {
    if format == Format::Table {
        let row = |row: &Value| {
            let age = row.get("last_advanced_seconds").and_then(Value::as_f64);
            vec![
                text(row, "projection"),
                text(row, "position"),
                text(row, "head"),
                text(row, "lag_events"),
                local_time(row, "last_advanced_at"),
                age.map(|age| format!("{age:.1} s")).unwrap_or_default(),
                doing(row),
            ]
        };
        let headings = ["PROJECTION", "POSITION", "HEAD", "LAG", "LAST ADVANCE", "AGE", "STATE"];
        output::table(&headings, &rows.iter().map(row).collect::<Vec<_>>())?;
    } else {
        print_rows(format, rows)?;
    }
    let standing: Vec<_> = rows.iter().filter(|row| member(row, "stopped").is_some()).collect();
    if standing.is_empty() {
        return Ok(());
    }
    let resume: Vec<_> =
        standing.iter().map(|row| format!("projection resume {}", text(row, "projection"))).collect();
    Err(CommandError::Said(format!("a projection stands; once mended: {}", resume.join(", "))))
}

/// Begins a rebuild, or joins the one that is under way, and follows it to its end.
async fn rebuild(client: &Client, name: &str) -> Result<Value, CommandError> {
    let path = format!("/v1/projections/{}/rebuild", plain(name)?);
    let mut interrupts =
        signal(SignalKind::interrupt()).map_err(CommandError::io("cannot listen for Ctrl-C"))?;
    match client.send(client.request(Method::POST, &path)).await {
        Ok(_) => {}
        Err(CommandError::Refused { code, .. }) if code == error::REBUILDING.word => {
            eprintln!("a rebuild of {name} is under way already and is followed");
        }
        Err(error) => return Err(error),
    }
    let bar = events_bar(0);
    let mut is_given_up = false;
    let row = loop {
        let row = one(client, name).await?;
        let Some(rebuilding) = member(&row, "rebuilding") else { break row };
        let number = |member: &str| rebuilding.get(member).and_then(Value::as_u64).unwrap_or(0);
        bar.set_length(number("total"));
        bar.set_position(number("done"));
        tokio::select! {
            () = tokio::time::sleep(ASK_AGAIN) => {}
            Some(()) = interrupts.recv() => {
                if is_given_up {
                    return Err(CommandError::Said(format!("the rebuild of {name} ends without being waited for")));
                }
                is_given_up = true;
                client.send(client.request(Method::DELETE, &path)).await?;
            }
        }
    };
    bar.finish_and_clear();
    match member(&row, "rebuild_failed") {
        None => Ok(row),
        Some(_) => {
            let why = text(&row, "rebuild_failed");
            Err(CommandError::Said(format!("{name} stays as it was: {why}")))
        }
    }
}

async fn resume(client: &Client, name: &str) -> Result<Value, CommandError> {
    client.send(client.request(Method::POST, &format!("/v1/projections/{}/resume", plain(name)?))).await?;
    let mut row = one(client, name).await?;
    let mut running = 0;
    for _ in 0..RESUME_TRIES {
        // One that cannot get past its event runs for a moment before it stands again.
        running = if member(&row, "stopped").is_some() { 0 } else { running + 1 };
        if running == 3 {
            return Ok(row);
        }
        tokio::time::sleep(ASK_AGAIN).await;
        row = one(client, name).await?;
    }
    Err(CommandError::Said(format!("{name} {}", doing(&row))))
}

fn digest(answer: &Value, format: Format) -> Result<(), CommandError> {
    if format != Format::Table {
        return output::json(format, answer, "digests");
    }
    let rows = answer.get("digests").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows: Vec<_> = rows.iter().map(|row| vec![text(row, "table"), text(row, "digest")]).collect();
    output::table(&["READ MODEL", "DIGEST"], &rows)?;
    output::print(&format!("(as known at position {})\n", text(answer, "position")))
}
