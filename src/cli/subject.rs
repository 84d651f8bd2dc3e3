//! `subject lookup|timeline|show|erase`.

use clap::{Args, Subcommand};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use subject_record_schemas::vocabulary::Language;
use subject_record_schemas::{Reference, SubjectId};

use super::client::Client;
use super::output::{self, local_time, text};
use super::{CommandError, Common, Format, lookup};
use crate::app::NewLog;

/// People.
#[derive(Debug, Subcommand)]
pub(super) enum Subject {
    /// Find people by IIN, BIN, phone number or e-mail address.
    Lookup(lookup::Lookup),
    /// Replay what happened with a person's data.
    Timeline {
        /// The platform's id of the person.
        id: SubjectId,
        #[command(flatten)]
        look: Look,
        /// Only these types, by wire name.
        #[arg(long = "type")]
        types: Vec<String>,
        /// Newest first.
        #[arg(long)]
        newest_first: bool,
        /// Events at most; without it, all.
        #[arg(long)]
        limit: Option<u32>,
        /// Language of the sentences: ru, kk or en.
        #[arg(long, default_value = "ru")]
        lang: Language,
    },
    /// Standing, profile, consents and answers to the policy.
    Show {
        /// The platform's id of the person.
        id: SubjectId,
        #[command(flatten)]
        look: Look,
    },
    /// Make the person's own copy: everything held and done, as JSON and as a page to print. The look is recorded.
    Export {
        /// The platform's id of the person.
        id: SubjectId,
        /// Folder that the two files go to.
        #[arg(long, default_value = ".")]
        out: std::path::PathBuf,
        /// Why the values are opened: subject_request, audit, court and others. A court's copy is whole; every other
        /// leaves out what is under secrecy of investigation.
        #[arg(long)]
        purpose: String,
        /// The case it belongs to.
        #[arg(long)]
        case: Option<Reference>,
        /// With findings, for an auditor.
        #[arg(long)]
        findings: bool,
        /// What had happened by then: an instant, or a day in Kazakhstan.
        #[arg(long)]
        as_of: Option<String>,
        /// What was recorded by then: an instant, or a day in Kazakhstan.
        #[arg(long)]
        known_at: Option<String>,
        /// Language of sentences and page: ru, kk or en.
        #[arg(long, default_value = "ru")]
        lang: Language,
    },
    /// Erase a person's values for good. A pseudonymous skeleton remains.
    Erase {
        /// The platform's id of the person.
        id: SubjectId,
        /// subject_request, term_ended, relations_ended, court_act, unlawful_processing or law.
        #[arg(long)]
        basis: String,
        /// The request, act or article.
        #[arg(long)]
        basis_ref: Option<Reference>,
        /// Do not ask whether it is meant.
        #[arg(long)]
        yes: bool,
    },
}

/// Which moment, and why somebody looks.
#[derive(Debug, Args)]
pub(super) struct Look {
    /// What had happened by then: an instant, or a day in Kazakhstan.
    #[arg(long)]
    as_of: Option<String>,
    /// What was recorded by then: an instant, or a day in Kazakhstan.
    #[arg(long)]
    known_at: Option<String>,
    /// Open personal values, for this purpose: support, subject_request, claim, audit, regulator, court, incident or
    /// verification. The look is recorded. Without it the answer is pseudonymous.
    #[arg(long)]
    purpose: Option<String>,
    /// The case it belongs to.
    #[arg(long, requires = "purpose")]
    case: Option<Reference>,
    /// Masked members to open as well, such as iin.
    #[arg(long, requires = "purpose")]
    reveal: Vec<String>,
}

impl Look {
    fn on(&self, request: RequestBuilder) -> RequestBuilder {
        let mut request = request;
        let pairs = [("as_of", &self.as_of), ("known_at", &self.known_at)];
        for (name, value) in pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            request = request.query(&[(name, value)]);
        }
        if !self.reveal.is_empty() {
            request = request.query(&[("reveal", self.reveal.join(","))]);
        }
        match (&self.purpose, &self.case) {
            (Some(purpose), Some(case)) => {
                request.header("access-purpose", format!("{purpose}; case=\"{case}\""))
            }
            (Some(purpose), None) => request.header("access-purpose", purpose),
            (None, _) => request,
        }
    }
}

impl Subject {
    pub(super) async fn run(mut self, common: &Common) -> Result<(), CommandError> {
        if let Self::Lookup(lookup) = &mut self {
            lookup.read_value()?;
        }
        if let Self::Erase { id, yes: false, .. } = &self {
            confirm(id)?;
        }
        let client = Client::open(common, NewLog::Refuse).await?;
        let answer = self.ask(&client).await;
        client.close().await;
        let answer = answer?;
        if let Self::Export { id, out, .. } = &self {
            return write_copy(id, out, answer);
        }
        match (&self, common.format) {
            (Self::Lookup(_), Format::Table) => lookup::print(&answer),
            (Self::Lookup(_), format) => output::json(format, &answer, "subjects"),
            (Self::Timeline { .. }, Format::Table) => print_timeline(&answer),
            (Self::Show { .. }, Format::Table) => print_person(&answer),
            (Self::Erase { .. }, Format::Table) => output::print(&format!(
                "{} is erased: {} sealed box(es) and key generation(s) {} destroyed; the record of it stands at {}\n",
                text(&answer, "subject"),
                text(&answer, "boxes_destroyed"),
                text(&answer, "key_generations"),
                text(&answer, "destroyed"),
            )),
            (_, format) => output::json(format, &answer, "entries"),
        }
    }

    async fn ask(&self, client: &Client) -> Result<Value, CommandError> {
        match self {
            Self::Lookup(lookup) => client.json(lookup.request(client)).await,
            Self::Timeline { id, look, types, newest_first, limit, lang } => {
                let page = |cursor: Option<String>, limit: Option<u32>| {
                    let mut request = client.request(Method::GET, &format!("/v1/subjects/{id}/timeline"));
                    request = look.on(request).query(&[("lang", lang.to_string())]);
                    if !types.is_empty() {
                        request = request.query(&[("type", types.join(","))]);
                    }
                    if *newest_first {
                        request = request.query(&[("newest_first", "true")]);
                    }
                    if let Some(limit) = limit {
                        request = request.query(&[("limit", limit)]);
                    }
                    if let Some(cursor) = cursor {
                        request = request.query(&[("cursor", cursor)]);
                    }
                    client.json(request)
                };
                all_pages(page, *limit).await
            }
            Self::Show { id, look } => {
                client.json(look.on(client.request(Method::GET, &format!("/v1/subjects/{id}")))).await
            }
            Self::Export { id, purpose, case, findings, as_of, known_at, lang, .. } => {
                let look = Look {
                    as_of: as_of.clone(),
                    known_at: known_at.clone(),
                    purpose: Some(purpose.clone()),
                    case: case.clone(),
                    reveal: Vec::new(),
                };
                let request = look.on(client.request(Method::GET, &format!("/v1/subjects/{id}/export")));
                let request = request.query(&[("page", "true"), ("lang", &lang.to_string())]);
                client.json(request.query(&[("findings", findings)])).await
            }
            Self::Erase { id, basis, basis_ref, .. } => {
                let body = json!({ "basis": basis, "basis_ref": basis_ref });
                client
                    .json(client.request(Method::POST, &format!("/v1/subjects/{id}/erasure")).json(&body))
                    .await
            }
        }
    }
}

/// Follows `next` until the end or until `limit` entries are there, and answers them as one page.
async fn all_pages<F: Future<Output = Result<Value, CommandError>>>(
    page: impl Fn(Option<String>, Option<u32>) -> F,
    limit: Option<u32>,
) -> Result<Value, CommandError> {
    let mut answer = page(None, limit).await?;
    loop {
        let have = u32::try_from(entries_of(&answer).len()).unwrap_or(u32::MAX);
        let wanted = limit.map(|limit| limit.saturating_sub(have));
        let Some(Value::String(cursor)) = answer.get("next").filter(|_| wanted != Some(0)) else {
            return Ok(answer);
        };
        let mut more = page(Some(cursor.clone()), wanted).await?;
        match (answer.get_mut("entries"), more.get_mut("entries").map(Value::take)) {
            (Some(Value::Array(all)), Some(Value::Array(entries))) if !entries.is_empty() => {
                all.extend(entries);
            }
            // A page without entries leads nowhere, whatever it says of a next one.
            _ => return Ok(answer),
        }
        answer["next"] = more.get_mut("next").map(Value::take).unwrap_or_default();
    }
}

/// Writes a person's copy as two files for their owner alone. Files that are there stay as they are.
fn write_copy(id: &SubjectId, out: &std::path::Path, mut answer: Value) -> Result<(), CommandError> {
    let page = answer.as_object_mut().and_then(|members| members.remove("page"));
    let page = page.as_ref().and_then(Value::as_str).unwrap_or_default();
    for (end, text) in [("json", format!("{answer:#}\n").as_str()), ("html", page)] {
        let path = out.join(format!("{id}.{end}"));
        super::write_secret(&path, text)?;
        output::print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}

fn entries_of(answer: &Value) -> &[Value] {
    answer.get("entries").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Asks on the terminal; without one, `--yes` is needed.
fn confirm(id: &SubjectId) -> Result<(), CommandError> {
    use std::io::{IsTerminal, stdin};
    if !stdin().is_terminal() {
        return Err(CommandError::Said("erasing cannot be undone: say --yes".into()));
    }
    eprint!("Erase the personal values of {id} for good? This cannot be undone. Type the id to go on: ");
    let mut typed = String::new();
    stdin().read_line(&mut typed).map_err(CommandError::io("cannot read the terminal"))?;
    if typed.trim() == id.as_str() { Ok(()) } else { Err(CommandError::Said("nothing was erased".into())) }
}

fn print_timeline(answer: &Value) -> Result<(), CommandError> {
    let row = |entry: &Value| {
        let mut sentence = text(entry, "sentence");
        if let Some(personal) = entry.get("personal") {
            sentence.push_str(&format!("  [{}]", personal_words(personal)));
        }
        vec![local_time(entry, "time"), text(entry, "position"), text(entry, "title"), sentence]
    };
    let rows: Vec<_> = entries_of(answer).iter().map(row).collect();
    output::table(&["TIME", "POSITION", "WHAT", "SENTENCE"], &rows)?;
    if answer.get("simulated") == Some(&Value::Bool(true)) {
        output::print("(simulated log: invented people)\n")?;
    }
    match answer.get("next") {
        Some(Value::String(_)) => output::print("(there is more: raise --limit, or leave it out for all)\n"),
        _ => Ok(()),
    }
}

fn personal_words(personal: &Value) -> String {
    let Some(members) = personal.get("members").and_then(Value::as_array) else {
        return text(personal, "state");
    };
    let member = |member: &Value| match member.get("value") {
        Some(value) => format!("{}: {}", text(member, "name"), plain(value)),
        None => format!("{}: {}", text(member, "name"), text(member, "state")),
    };
    members.iter().map(member).collect::<Vec<_>>().join(", ")
}

/// A personal value as one line: a name's parts in order, other objects as JSON.
fn plain(value: &Value) -> String {
    let parts = |value: &Value| {
        let parts = ["family", "given", "patronymic"].iter().map(|part| text(value, part));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    match value {
        Value::String(text) => output::harmless(text),
        Value::Object(object) if object.contains_key("family") => parts(value),
        other => output::harmless(&other.to_string()),
    }
}

fn print_person(answer: &Value) -> Result<(), CommandError> {
    let standing = answer.get("standing").cloned().unwrap_or_default();
    let mut lines = format!("{}  {}", text(answer, "subject"), text(&standing, "state"));
    if let Some(at) = standing.get("at") {
        lines.push_str(&format!(" since {}", local_time(&json!({ "at": at }), "at")));
    }
    lines.push_str("\n\nprofile\n");
    for (name, member) in answer.get("profile").and_then(Value::as_object).into_iter().flatten() {
        let value = member.get("value").map_or_else(|| text(member, "state"), plain);
        lines.push_str(&format!("  {:<20} {value}\n", output::harmless(name)));
    }
    for unopened in answer.get("unopened").and_then(Value::as_array).into_iter().flatten() {
        let (state, position) = (text(unopened, "state"), text(unopened, "position"));
        lines.push_str(&format!("  {state:<20} what the event at {position} brought\n"));
    }
    lines.push_str("\nconsents\n");
    for (id, consent) in answer.get("consents").and_then(Value::as_object).into_iter().flatten() {
        let until = local_time(consent, "until");
        let until = if until.is_empty() { String::new() } else { format!(" until {until}") };
        let purposes = text(consent, "purposes");
        let (id, state) = (output::harmless(id), text(consent, "state"));
        lines.push_str(&format!("  {id:<20} {state}{until}  {purposes}\n"));
    }
    lines.push_str("\nanswers to the policy\n");
    for answer in answer.get("acceptances").and_then(Value::as_array).into_iter().flatten() {
        let (version, given) = (text(answer, "policy_version"), text(answer, "answer"));
        lines.push_str(&format!("  {version:<20} {given}  {}\n", local_time(answer, "at")));
    }
    output::print(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries 0 to 6, two a page, behind numbered cursors.
    async fn page(cursor: Option<String>, limit: Option<u32>) -> Result<Value, CommandError> {
        let from: u32 = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let to = (from + limit.unwrap_or(2).min(2)).min(7);
        let next = (to < 7).then(|| to.to_string());
        Ok(json!({ "entries": (from..to).collect::<Vec<_>>(), "next": next }))
    }

    #[tokio::test]
    async fn a_timeline_is_followed_to_its_end_or_to_the_limit() {
        for (limit, entries, more) in
            [(None, 7, false), (Some(7), 7, false), (Some(3), 3, true), (Some(2), 2, true)]
        {
            let answer = all_pages(page, limit).await.unwrap();
            assert_eq!((entries_of(&answer).len(), answer["next"].is_string()), (entries, more), "{limit:?}");
        }
    }
}
