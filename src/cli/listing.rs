//! Lists of the read models: `history`, and `list` of each register. One command for all of them, its filters made
//! from the columns of the table that is asked.

use std::io::Write;
use std::marker::PhantomData;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::client::Client;
use super::output::{self, local_time, text};
use super::{CommandError, Common, Format};
use crate::app::NewLog;
use crate::registers::{
    ACCEPTANCES_REGISTER, ACCESSES_REGISTER, CONSENTS_REGISTER, DEADLINES_REGISTER, DISCLOSURES_REGISTER,
    FINDINGS_REGISTER, HISTORY_REGISTER, Register, words,
};

/// Parameters that every list takes, each with what it says.
const SHARED: &[(&str, &str)] = &[
    ("subject", "Only of this person, by the platform's id, or of `policy` or `office`"),
    ("from", "From this moment on: an instant, or a day in Kazakhstan"),
    ("to", "Up to this moment: an instant, or a day in Kazakhstan, to its end"),
    ("as_of", "What had happened by then: an instant, or a day in Kazakhstan"),
    ("known_at", "What was recorded by then: an instant, a day in Kazakhstan, or a position"),
    ("after", "Wait until the list takes this position into account"),
    ("limit", "Rows at most; without it, all"),
    ("cursor", "Where the page before ended"),
];

/// Members that a table for people leaves out; JSON, NDJSON and CSV have them.
const NOT_IN_TABLES: &[&str] = &[
    "leaf_hash",
    "data",
    "rule_pack",
    "known_from",
    "source",
    "id",
    "text_hash",
    "recorded_at",
    "stream",
    "channel",
    "evidence",
    "correlationid",
    "strength",
    "given_by",
    "ended_by",
    "countries",
    "law_article",
    "subject_notice",
    "pauses",
    "extension",
    "per",
    "started_at",
];

/// What is listed.
pub(super) trait Noun: std::fmt::Debug + Clone + Send + Sync + 'static {
    /// Its register.
    const REGISTER: &'static Register;
}

macro_rules! nouns {
    ($($(#[$doc:meta])* $noun:ident $register:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(super) struct $noun;

        impl Noun for $noun {
            const REGISTER: &'static Register = &$register;
        }
    )+};
}

nouns! {
    /// Every event.
    History HISTORY_REGISTER;
    /// What people allowed.
    Consents CONSENTS_REGISTER;
    /// What people answered to the policy.
    Acceptances ACCEPTANCES_REGISTER;
    /// What was passed to whom.
    Disclosures DISCLOSURES_REGISTER;
    /// What is due.
    Deadlines DEADLINES_REGISTER;
    /// What was found.
    Findings FINDINGS_REGISTER;
    /// Who looked at whom.
    Accesses ACCESSES_REGISTER;
}

/// Verbs of a register.
#[derive(Debug, Subcommand)]
pub(super) enum Rows<N: Noun> {
    /// List rows, searched by any column. Add `--help` for the columns.
    List(Listing<N>),
}

impl<N: Noun> Rows<N> {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let Self::List(listing) = self;
        listing.run(common).await
    }
}

/// Which rows of a register.
#[derive(Debug)]
pub(super) struct Listing<N> {
    pairs: Vec<(String, String)>,
    noun: PhantomData<N>,
}

impl<N: Noun> Args for Listing<N> {
    fn augment_args(command: Command) -> Command {
        let option = |name: &'static str, help: String| {
            Arg::new(name).long(name.replace('_', "-")).value_name(name.to_uppercase()).help(help)
        };
        let shared = SHARED.iter().map(|(name, help)| option(name, (*help).to_owned()));
        let columns = N::REGISTER.columns().map(|column| {
            let listed = words(N::REGISTER.table.name, column.name).filter(|words| words.len() <= 12);
            let listed = listed.map(|words| format!(": {}", words.join(", "))).unwrap_or_default();
            option(column.name, format!("Only rows of this {}{listed}", column.name.replace('_', " ")))
        });
        let newest =
            Arg::new("newest_first").long("newest-first").action(ArgAction::SetTrue).help("Newest first");
        let lang = option("lang", "Language of sentences: ru, kk or en".into());
        let command = command.args(columns).args(shared).arg(newest);
        if N::REGISTER.table.name == "history" { command.arg(lang) } else { command }
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<N: Noun> FromArgMatches for Listing<N> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let columns = N::REGISTER.columns().map(|column| column.name);
        let names = columns.chain(SHARED.iter().map(|(name, _)| *name)).chain(["lang"]);
        let mut pairs: Vec<_> = names
            .filter_map(|name| {
                let value = matches.try_get_one::<String>(name).ok().flatten()?;
                Some((name.to_owned(), value.clone()))
            })
            .collect();
        if matches.get_flag("newest_first") {
            pairs.push(("newest_first".into(), "true".into()));
        }
        Ok(Self { pairs, noun: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<N: Noun> Listing<N> {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let client = Client::open(common, NewLog::Refuse).await?;
        let register = N::REGISTER;
        let path = format!("/v1/{}", register.table.name);
        let printed = print(&client, common.format, &path, self.pairs, register.fields).await;
        client.close().await;
        printed
    }
}

/// Which rows of a list that has no columns.
#[derive(Debug, Args)]
pub(super) struct Paging {
    /// Rows at most; without it, all.
    #[arg(long)]
    limit: Option<u32>,
    /// What had happened by then: an instant, or a day in Kazakhstan.
    #[arg(long)]
    as_of: Option<String>,
    /// What was recorded by then: an instant, a day in Kazakhstan, or a position.
    #[arg(long)]
    known_at: Option<String>,
    /// Wait until the list takes this position into account.
    #[arg(long)]
    after: Option<String>,
}

impl Paging {
    /// As parameters of a query.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let limit = self.limit.map(|limit| limit.to_string());
        let pairs =
            [("limit", &limit), ("as_of", &self.as_of), ("known_at", &self.known_at), ("after", &self.after)];
        pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
    }
}

/// Asks for rows and prints them: as they come where a line is a row, else whole.
pub(super) async fn print(
    client: &Client,
    format: Format,
    path: &str,
    mut pairs: Vec<(String, String)>,
    fields: &[&str],
) -> Result<(), CommandError> {
    let media_type = match format {
        Format::Csv => Some("text/csv"),
        Format::Ndjson => Some("application/x-ndjson"),
        Format::Table | Format::Json => None,
    };
    if let Some(media_type) = media_type {
        let request = client.request(Method::GET, path).query(&pairs).header("accept", media_type);
        let mut response = client.send(request).await?;
        while let Some(bytes) = response.chunk().await.map_err(|error| client.unreachable(error))? {
            if !wrote(&bytes)? {
                return Ok(());
            }
        }
        return Ok(());
    }
    let wanted: Option<usize> =
        pairs.iter().find(|(name, _)| name == "limit").and_then(|(_, limit)| limit.parse().ok());
    let mut whole: Option<Value> = None;
    loop {
        let mut answer = client.json(client.request(Method::GET, path).query(&pairs)).await?;
        let next = answer.get("next").and_then(Value::as_str).map(str::to_owned);
        let whole = match &mut whole {
            None => whole.insert(answer),
            Some(whole) => {
                let more = answer.get_mut("rows").and_then(Value::as_array_mut).map(std::mem::take);
                if let Some(rows) = whole.get_mut("rows").and_then(Value::as_array_mut) {
                    rows.extend(more.unwrap_or_default());
                }
                whole["next"] = next.clone().into();
                whole
            }
        };
        let have = rows_of(whole).len();
        let left = wanted.map(|wanted| wanted.saturating_sub(have));
        let Some(next) = next.filter(|_| left != Some(0)) else {
            return match format {
                Format::Table => print_table(whole, fields),
                _ => output::json(format, whole, "rows"),
            };
        };
        pairs.retain(|(name, _)| name != "cursor" && name != "limit");
        pairs.push(("cursor".into(), next));
        pairs.extend(left.map(|left| ("limit".into(), left.to_string())));
    }
}

/// Writes bytes, and answers whether anybody still reads them.
fn wrote(bytes: &[u8]) -> Result<bool, CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CommandError::io("cannot print")(error)),
    }
}

fn rows_of(answer: &Value) -> &[Value] {
    answer.get("rows").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn print_table(answer: &Value, fields: &[&str]) -> Result<(), CommandError> {
    let shown: Vec<_> = fields.iter().copied().filter(|field| !NOT_IN_TABLES.contains(field)).collect();
    let headings: Vec<_> = shown.iter().map(|field| field.to_uppercase().replace('_', " ")).collect();
    let headings: Vec<_> = headings.iter().map(String::as_str).collect();
    let row = |row: &Value| shown.iter().map(|field| cell(row, field)).collect();
    let rows: Vec<Vec<String>> = rows_of(answer).iter().map(row).collect();
    output::table(&headings, &rows)?;
    if answer.get("simulated") == Some(&Value::Bool(true)) {
        output::print("(simulated log: invented people)\n")?;
    }
    match answer.get("next") {
        Some(Value::String(_)) => output::print("(there is more: raise --limit, or leave it out for all)\n"),
        _ => Ok(()),
    }
}

/// A member of a row for people: instants by the clocks of Kazakhstan, lists with commas.
fn cell(row: &Value, field: &str) -> String {
    match row.get(field) {
        Some(Value::Array(items)) => {
            let item = |item: &Value| item.as_str().map_or_else(|| item.to_string(), output::harmless);
            items.iter().map(item).collect::<Vec<_>>().join(",")
        }
        Some(due @ Value::Object(_)) if due.get("last_day").is_some() => text(due, "last_day"),
        Some(Value::String(value)) if value.contains('T') => local_time(row, field),
        _ => text(row, field),
    }
}
