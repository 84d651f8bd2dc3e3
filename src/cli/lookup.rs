//! `subject lookup`: people by what identifies them.

use std::fmt;
use std::io::{BufRead, IsTerminal, Read};

use clap::Args;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use subject_record_schemas::Reference;

use super::CommandError;
use super::client::Client;
use super::output::{self, text};

/// Bytes of a value from standard input at most.
const VALUE_BYTES_MAX: u64 = 1024;

/// Whom to look for, and why.
#[derive(Args)]
pub(super) struct Lookup {
    #[command(flatten)]
    by: By,
    /// Why: support, subject_request, claim, audit, regulator, court, incident or verification. A look is recorded
    /// for everybody who is found.
    #[arg(long)]
    purpose: String,
    /// The case it belongs to.
    #[arg(long)]
    case: Option<Reference>,
}

/// One of these. `-` reads the value from standard input, or asks for it on a terminal: on the command line it stays in
/// the shell's history.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct By {
    /// IIN; `-` reads it from standard input.
    #[arg(long)]
    iin: Option<String>,
    /// BIN; `-` reads it from standard input.
    #[arg(long)]
    bin: Option<String>,
    /// Phone number in any usual spelling; `-` reads it from standard input, so that it stays out of the shell's history.
    #[arg(long)]
    phone: Option<String>,
    /// E-mail address; `-` reads it from standard input.
    #[arg(long)]
    email: Option<String>,
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lookup(…, {})", self.purpose)
    }
}

impl Lookup {
    /// Reads the value that `-` stands for.
    pub(super) fn read_value(&mut self) -> Result<(), CommandError> {
        let By { iin, bin, phone, email } = &mut self.by;
        for (name, value) in [("IIN", iin), ("BIN", bin), ("phone number", phone), ("e-mail address", email)]
        {
            if value.as_deref() == Some("-") {
                *value = Some(read_line(name)?);
            }
        }
        Ok(())
    }

    /// The value goes in the body, never in an address.
    pub(super) fn request(&self, client: &Client) -> RequestBuilder {
        let by = &self.by;
        let given = [("iin", &by.iin), ("bin", &by.bin), ("phone", &by.phone), ("email", &by.email)];
        let given =
            given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
        let purpose = match &self.case {
            Some(case) => format!("{}; case=\"{case}\"", self.purpose),
            None => self.purpose.clone(),
        };
        let request = client.request(Method::POST, "/v1/subjects/lookup");
        request.header("access-purpose", purpose).json(&Value::Object(given.collect()))
    }
}

fn read_line(name: &str) -> Result<String, CommandError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprint!("{name}: ");
    }
    let mut line = String::new();
    let read = stdin.lock().take(VALUE_BYTES_MAX).read_line(&mut line);
    read.map_err(CommandError::io("cannot read standard input"))?;
    Ok(line.trim().to_owned())
}

pub(super) fn print(answer: &Value) -> Result<(), CommandError> {
    let found = answer.get("subjects").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if found.is_empty() {
        return output::print("nobody was found\n");
    }
    let state = |found: &Value| if found.get("former") == Some(&json!(true)) { "formerly" } else { "now" };
    let rows: Vec<_> =
        found.iter().map(|found| vec![text(found, "subject"), state(found).to_owned()]).collect();
    output::table(&["SUBJECT", "BEARS IT"], &rows)?;
    match answer.get("more") {
        Some(Value::Bool(true)) => output::print("(there are more)\n"),
        _ => Ok(()),
    }
}
