//! `rules show|text|publish`.

use std::path::PathBuf;

use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::client::Client;
use super::output::{self, local_time, text};
use super::{CommandError, Common, Format};
use crate::app::NewLog;

/// Rules and working days.
#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// Rule packs and working days: which are in force, and how far they reach.
    Show,
    /// Print the text of a rule pack, to start a new version from.
    Text {
        /// Version, or whole name of the pack; without it the one in force.
        version: Option<String>,
    },
    /// Publish a rule pack. From then on it judges, as far as it is in effect.
    Publish {
        /// The pack, as TOML.
        file: PathBuf,
    },
}

impl Rules {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let client = Client::open(common, NewLog::Refuse).await?;
        let result = self.ask(&client, common.format).await;
        client.close().await;
        result
    }

    async fn ask(self, client: &Client, format: Format) -> Result<(), CommandError> {
        match self {
            Self::Show => {
                let rules = client.json(client.request(Method::GET, "/v1/rules")).await?;
                if format == Format::Table { show(&rules) } else { output::json(format, &rules, "packs") }
            }
            Self::Text { version } => {
                let mut request = client.request(Method::GET, "/v1/rules/text");
                if let Some(version) = version {
                    request = request.query(&[("version", version)]);
                }
                let response = client.send(request).await?;
                output::print(&response.text().await.map_err(|error| client.unreachable(error))?)
            }
            Self::Publish { file } => {
                let reading = CommandError::io(format!("cannot read {}", file.display()));
                let body = tokio::fs::read(&file).await.map_err(reading)?;
                let request = client.request(Method::POST, "/v1/rules");
                let request = request.header("content-type", "application/toml").body(body);
                let published = client.json(request).await?;
                if format != Format::Table {
                    return output::json(format, &published, "");
                }
                let before = published.get("seen_before").and_then(Value::as_bool).unwrap_or(false);
                output::print(&format!(
                    "{}@{} {}, in effect from {}, position {}\n",
                    text(&published, "pack_id"),
                    text(&published, "version"),
                    if before { "was published before" } else { "is published" },
                    local_time(&published, "effective_at"),
                    text(&published, "position"),
                ))
            }
        }
    }
}

fn show(rules: &Value) -> Result<(), CommandError> {
    let list = |name: &str| rules.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let marked = |row: &Value, member: &str| {
        let is_so = row.get(member).and_then(Value::as_bool).unwrap_or(false);
        if is_so { "yes".to_owned() } else { String::new() }
    };
    let published = |row: &Value| match text(row, "origin").as_str() {
        "built_in" => "with the program".to_owned(),
        _ => local_time(row, "published_at"),
    };
    let packs = list("packs");
    let row = |pack: &Value| {
        vec![text(pack, "name"), marked(pack, "in_force"), local_time(pack, "effective_at"), published(pack)]
    };
    output::table(
        &["PACK", "IN FORCE", "EFFECTIVE", "PUBLISHED"],
        &packs.iter().map(row).collect::<Vec<_>>(),
    )?;
    for pack in list("unread_packs") {
        let (id, version, why) = (text(&pack, "pack_id"), text(&pack, "version"), text(&pack, "why"));
        output::print(&format!("{id}@{version} judges nothing: {why}\n"))?;
    }
    output::print("\n")?;
    let row = |calendar: &Value| {
        vec![
            text(calendar, "year"),
            text(calendar, "version"),
            marked(calendar, "counts"),
            text(calendar, "days_off"),
            text(calendar, "extra_working"),
            published(calendar),
        ]
    };
    let calendars: Vec<_> = list("calendars").iter().map(row).collect();
    output::table(&["YEAR", "CALENDAR", "COUNTS", "DAYS OFF", "WEEKENDS WORKED", "PUBLISHED"], &calendars)?;
    let (last, left) = (text(rules, "last_covered_day"), text(rules, "days_left"));
    output::print(&format!("\nworking days are known to {last}, {left} days from today\n"))
}
