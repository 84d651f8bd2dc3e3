//! `token create|list|revoke`: at a running server by an operator's token, or on a folder that no process owns.

use std::sync::Arc;

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};
use subject_record_schemas::vocabulary::Role;

use super::client::Client;
use super::output::{self, text};
use super::{CommandError, Common, Format};
use crate::app::NewLog;
use crate::app::places::open_keys;
use crate::caller::SourcePattern;
use crate::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::db::FolderLock;
use crate::store::place::Place;
use crate::vault::tokens::Tokens;

/// Tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token and print it, once.
    Create {
        /// Its name: 1 to 64 of a-z, 0-9 and -. Events bear it.
        name: String,
        /// emitter, support, auditor, officer or operator.
        #[arg(long)]
        role: Role,
        /// A source it owns, such as platform/consents or platform/*. For emitters and officers.
        #[arg(long = "source")]
        sources: Vec<SourcePattern>,
    },
    /// List all tokens, never their secrets.
    List,
    /// Revoke a token.
    Revoke {
        /// Its name.
        name: String,
    },
}

impl Token {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let answer =
            if common.url.is_some() { self.at_server(common).await? } else { self.in_folder(common).await? };
        match (self, common.format) {
            (Self::Create { .. }, Format::Table) => output::print(&format!("{}\n", text(&answer, "token"))),
            (Self::List, Format::Table) => {
                let tokens = answer.get("tokens").and_then(Value::as_array).cloned().unwrap_or_default();
                let sources = |token: &Value| {
                    let sources = token.get("sources").and_then(Value::as_array).cloned().unwrap_or_default();
                    sources.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
                };
                let row = |token: &Value| {
                    let revoked = output::local_time(token, "revoked_at");
                    vec![
                        text(token, "token"),
                        text(token, "role"),
                        output::local_time(token, "created_at"),
                        revoked,
                        sources(token),
                    ]
                };
                let rows: Vec<_> = tokens.iter().map(row).collect();
                output::table(&["TOKEN", "ROLE", "CREATED", "REVOKED", "SOURCES"], &rows)
            }
            (Self::Revoke { name }, Format::Table) => output::print(&format!("{name} is revoked\n")),
            (_, format) => output::json(format, &answer, "tokens"),
        }
    }

    async fn at_server(&self, common: &Common) -> Result<Value, CommandError> {
        let client = Client::open(common, NewLog::Refuse).await?;
        match self {
            Self::Create { name, role, sources } => {
                let body = json!({ "name": name, "role": role, "sources": sources });
                client.json(client.request(Method::POST, "/v1/tokens").json(&body)).await
            }
            Self::List => client.json(client.request(Method::GET, "/v1/tokens")).await,
            Self::Revoke { name } => {
                client.send(client.request(Method::DELETE, &format!("/v1/tokens/{name}"))).await?;
                Ok(json!({ "name": name, "revoked": true }))
            }
        }
    }

    /// Whoever may read and write the key file needs no token: this is how the first ones are made.
    async fn in_folder(&self, common: &Common) -> Result<Value, CommandError> {
        let config = common.config()?;
        let failed = |error: &dyn std::error::Error| CommandError::Said(super::with_causes(error));
        let _lock = FolderLock::take(&config.paths.data).map_err(|error| failed(&error))?;
        let events: Place = config.store.url.parse().map_err(|error| failed(&error))?;
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let keys = open_keys(&config, &events, &entropy).await.map_err(|error| failed(&error))?;
        let tokens = Tokens::load(&keys).await.map_err(|error| failed(&error))?;
        let now = SystemClock::default().now();
        match self {
            Self::Create { name, role, sources } => {
                let created = tokens.create(&keys, name, *role, sources.clone(), now, &SystemEntropy).await;
                let token = created.map_err(|error| failed(&error))?;
                Ok(json!({ "name": name, "role": role, "token": *token }))
            }
            Self::List => Ok(json!({ "tokens": tokens.list() })),
            Self::Revoke { name } => {
                match tokens.revoke(&keys, name, now).await.map_err(|error| failed(&error))? {
                    true => Ok(json!({ "name": name, "revoked": true })),
                    false => Err(CommandError::Said(format!("there is no live token {name}"))),
                }
            }
        }
    }
}
