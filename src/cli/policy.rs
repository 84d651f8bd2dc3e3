//! `policy list|show|in-force|diff|unanswered`: published versions, and who has not answered one.

use clap::{Args, Subcommand};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use subject_record_schemas::Reference;
use subject_record_schemas::vocabulary::Language;

use super::client::Client;
use super::listing::{self, Paging};
use super::output::{self, local_time, text};
use super::{CommandError, Common, Format};
use crate::app::NewLog;

/// Versions of the policy.
#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Every version, in the order of publication.
    List {
        #[command(flatten)]
        moment: Moment,
    },
    /// One version: its texts, and what it says is new.
    Show {
        /// The operator's name for the version.
        version: Reference,
        #[command(flatten)]
        moment: Moment,
    },
    /// The version that bound everybody at a moment.
    InForce {
        #[command(flatten)]
        moment: Moment,
    },
    /// What is different between the texts of two versions.
    Diff {
        /// The older version.
        from: Reference,
        /// The newer version.
        to: Reference,
        /// Language of both texts: ru, kk or en.
        #[arg(long, default_value = "ru")]
        lang: Language,
        /// What was recorded by then: an instant, a day in Kazakhstan, or a position.
        #[arg(long)]
        known_at: Option<String>,
    },
    /// Who is registered and has not answered a version.
    Unanswered {
        /// The operator's name for the version.
        version: Reference,
        #[command(flatten)]
        paging: Paging,
    },
}

/// Which moment is asked about.
#[derive(Debug, Args)]
pub(super) struct Moment {
    /// Moment at which a version is in force or not: an instant, or a day in Kazakhstan. Now if not said.
    #[arg(long)]
    at: Option<String>,
    /// What was recorded by then: an instant, a day in Kazakhstan, or a position.
    #[arg(long)]
    known_at: Option<String>,
}

impl Moment {
    fn on(&self, request: RequestBuilder) -> RequestBuilder {
        let pairs = [("at", &self.at), ("known_at", &self.known_at)];
        let said = pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        request.query(&said.collect::<Vec<_>>())
    }
}

impl Policy {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let client = Client::open(common, NewLog::Refuse).await?;
        let asked = self.ask(&client, common.format).await;
        client.close().await;
        asked
    }

    async fn ask(&self, client: &Client, format: Format) -> Result<(), CommandError> {
        let get = |path: &str| client.request(Method::GET, path);
        let (answer, rows) = match self {
            Self::List { moment } => (client.json(moment.on(get("/v1/policies"))).await?, "versions"),
            Self::Show { version, moment } => {
                (client.json(moment.on(get(&format!("/v1/policies/{version}")))).await?, "texts")
            }
            Self::InForce { moment } => {
                (client.json(moment.on(get("/v1/policies/in-force"))).await?, "in_force")
            }
            Self::Diff { from, to, lang, known_at } => {
                let mut request = get("/v1/policies/difference").query(&[
                    ("from", from.as_str()),
                    ("to", to.as_str()),
                    ("lang", &lang.to_string()),
                ]);
                if let Some(known_at) = known_at {
                    request = request.query(&[("known_at", known_at)]);
                }
                (client.json(request).await?, "hunks")
            }
            Self::Unanswered { version, paging } => {
                let path = format!("/v1/policies/{version}/unanswered");
                return listing::print(client, format, &path, paging.pairs(), &["subject", "at"]).await;
            }
        };
        match (self, format) {
            (_, Format::Json | Format::Ndjson | Format::Csv) => output::json(format, &answer, rows),
            (Self::Diff { .. }, Format::Table) => print_difference(&answer),
            (Self::List { .. }, Format::Table) => {
                let versions = answer.get("versions").and_then(Value::as_array);
                print_versions(versions.map_or(&[], Vec::as_slice))
            }
            (Self::Show { .. }, Format::Table) => print_version(&answer),
            (_, Format::Table) => match answer.get("in_force") {
                Some(version) if !version.is_null() => print_version(version),
                _ => output::print("no version was in force\n"),
            },
        }
    }
}

fn print_versions(versions: &[Value]) -> Result<(), CommandError> {
    let row = |version: &Value| {
        let texts = version.get("texts").and_then(Value::as_array).into_iter().flatten();
        let languages: Vec<_> = texts.map(|one| text(one, "language")).collect();
        let in_force = version.get("in_force") == Some(&Value::Bool(true));
        vec![
            text(version, "version"),
            local_time(version, "posted_at"),
            local_time(version, "effective_from"),
            local_time(version, "withdrawn_at"),
            languages.join(","),
            if in_force { "in force".into() } else { String::new() },
        ]
    };
    let rows: Vec<_> = versions.iter().map(row).collect();
    output::table(&["VERSION", "POSTED", "EFFECTIVE", "WITHDRAWN", "TEXTS", ""], &rows)
}

fn print_version(version: &Value) -> Result<(), CommandError> {
    print_versions(std::slice::from_ref(version))?;
    for what in ["supersedes", "new_purposes", "new_categories", "new_recipients", "new_countries"] {
        let said = version.get(what).and_then(Value::as_array).filter(|said| !said.is_empty());
        if let Some(said) = said {
            let words: Vec<_> = said
                .iter()
                .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
                .collect();
            output::print(&format!(
                "{:<15} {}\n",
                what.replace('_', " "),
                output::harmless(&words.join(", "))
            ))?;
        }
    }
    let row = |one: &Value| {
        let kept = one.get("kept") == Some(&Value::Bool(true));
        let kept = if kept { "kept" } else { "not kept here" };
        vec![text(one, "language"), text(one, "position"), text(one, "text_hash"), kept.to_owned()]
    };
    let texts = version.get("texts").and_then(Value::as_array);
    let rows: Vec<_> = texts.into_iter().flatten().map(row).collect();
    output::table(&["TEXT", "POSITION", "SHA-256", ""], &rows)
}

/// As people know it from `diff`: what is gone with a minus, what came with a plus, changed words in brackets.
fn print_difference(answer: &Value) -> Result<(), CommandError> {
    let hunks = answer.get("hunks").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    if hunks.is_empty() {
        return output::print("the texts are the same\n");
    }
    let list = |value: &Value, member: &str| {
        value.get(member).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let mut printed = String::new();
    for hunk in hunks {
        printed.push_str("@@\n");
        for line in list(hunk, "lines") {
            let sign = match text(&line, "change").as_str() {
                "removed" => "-",
                "added" => "+",
                _ => " ",
            };
            printed.push_str(sign);
            for part in list(&line, "parts") {
                let words = text(&part, "text");
                let changed = part.get("changed") == Some(&Value::Bool(true));
                printed.push_str(&if changed { format!("[{words}]") } else { words });
            }
            printed.push('\n');
        }
    }
    output::print(&printed)
}
