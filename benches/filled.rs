//! A log of invented people of any size, for the benchmarks that read: a simulated year, each life told as many
//! times as asked, under as many names.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use chrono::TimeDelta;
use subject_record::app::{App, NewLog};
use subject_record::caller::{Caller, Role, SourcePattern, TokenId};
use subject_record::clock::{SetClock, SystemEntropy};
use subject_record::config::Config;
use subject_record::intake::NewEvent;
use subject_record::simulate::{SOURCES, SimulatedEvent, Simulation};
use subject_record::store::ExpectedRevision;
use subject_record_schemas::Position;

/// Whatever stops a measurement.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Seed of the year.
const SEED: u64 = 1;
/// People whose lives are told; each again under other names until the log is as long as asked.
const PEOPLE: u32 = 3_000;
/// Events recorded together.
const GROUP_EVENTS: usize = 1_000;
/// Simulated time that a group spans: recorded any later, every event would be found to be recorded late.
const GROUP_SPAN: TimeDelta = TimeDelta::hours(1);

/// Makes settings and keys in a folder, with the binary of this tree; answers the tokens by name.
pub(crate) fn init(folder: &Path) -> Result<HashMap<String, String>, Failure> {
    let made = Command::new(env!("CARGO_BIN_EXE_subject-record"))
        .args(["init", "--name", "Benchmark LLP", "--bin", "991240000013", "--address", "Astana", "--dir"])
        .arg(folder)
        .stderr(Stdio::inherit())
        .output()?;
    if !made.status.success() {
        return Err("init failed".into());
    }
    let printed = String::from_utf8(made.stdout)?;
    let tokens = printed.lines().filter_map(|line| line.trim().split_once("  "));
    Ok(tokens.map(|(name, token)| (name.trim().to_owned(), token.trim().to_owned())).collect())
}

/// The year's documents, and how many times each life has to be told for so many events.
pub(crate) struct Source {
    /// The year, in the order of sending.
    pub(crate) events: Vec<SimulatedEvent>,
    /// How often each life is told.
    pub(crate) copies: usize,
    /// Number of the first copy. 0 is told under its own name, and the office with it.
    pub(crate) first_copy: usize,
    /// Its texts, by hash.
    pub(crate) texts: Vec<(String, String)>,
}

impl Source {
    /// For a log of about this many events.
    pub(crate) fn of(events: usize) -> Self {
        let people = PEOPLE.min(u32::try_from(events / 14 + 1).unwrap_or(PEOPLE));
        let year = Simulation { seed: SEED, subjects: people, start: Simulation::default_start() }.year();
        let copies = events.div_ceil(year.events.len()).max(1);
        let texts = year.texts.into_iter().map(|text| (text.hash, text.body)).collect();
        Self { events: year.events, copies, first_copy: 0, texts }
    }

    /// The first moment.
    pub(crate) fn opens_at(&self) -> chrono::DateTime<chrono::Utc> {
        self.events.first().map(|event| event.sent_at - chrono::TimeDelta::days(1)).unwrap_or_default()
    }

    /// Every document in the order of sending, each life as often as asked.
    fn documents(&self) -> impl Iterator<Item = SimulatedEvent> {
        self.events.iter().flat_map(|event| {
            let subject = event.document["subject"].as_str().map(str::to_owned);
            let copies = match (&subject, self.first_copy) {
                (Some(_), first) => first..first + self.copies,
                (None, 0) => 0..1,
                (None, _) => 0..0,
            };
            copies.map(move |copy| {
                let mut event = event.clone();
                if let (Some(subject), 1..) = (&subject, copy) {
                    let id = event.document["id"].as_str().unwrap_or_default();
                    let id = format!("{}.{}", lettered(id), letters(copy));
                    event.document["id"] = id.into();
                    event.document["subject"] = named(subject, copy).into();
                }
                event
            })
        })
    }

    /// Documents as intake checks them, in groups, the clock set to the last.
    pub(crate) fn groups<'s>(
        &'s self,
        app: &'s App,
        clock: &'s SetClock,
        events: usize,
    ) -> Result<impl Iterator<Item = Result<Vec<NewEvent>, Failure>> + 's, Failure> {
        let caller = caller()?;
        let mut documents = self.documents().peekable();
        Ok(std::iter::from_fn(move || {
            let mut group = Vec::with_capacity(events);
            let last = documents.peek()?.sent_at + GROUP_SPAN;
            while group.len() < events
                && let Some(event) = documents.next_if(|event| event.sent_at < last)
            {
                clock.run_to(event.sent_at);
                match app.intake.validators().check_value(&caller, event.document, clock) {
                    Ok(new) => group.push(new),
                    Err(refusal) => return Some(Err(refusal.into())),
                }
            }
            (!group.is_empty()).then_some(Ok(group))
        }))
    }

    /// Records a group, and answers the last position.
    pub(crate) async fn record(app: &App, group: &[NewEvent]) -> Result<Position, Failure> {
        let mut last = Position::START;
        for answer in app.intake.record_each(&caller()?.token, group, ExpectedRevision::Any).await {
            last = last.max(answer?.receipt.position);
        }
        Ok(last)
    }

    /// Records every document; `progress` hears how many are recorded.
    pub(crate) async fn fill(
        &self,
        app: &App,
        clock: &SetClock,
        mut progress: impl FnMut(usize),
    ) -> Result<usize, Failure> {
        for (hash, body) in &self.texts {
            app.texts.put_text(hash, body.as_bytes()).await?;
        }
        let mut recorded = 0;
        for group in self.groups(app, clock, GROUP_EVENTS)? {
            let group = group?;
            Self::record(app, &group).await?;
            recorded += group.len();
            progress(recorded);
        }
        Ok(recorded)
    }
}

/// The platform.
fn caller() -> Result<Caller, Failure> {
    let token = TokenId::parse("platform").ok_or("no token id")?;
    let sources = vec![SourcePattern::parse(SOURCES)?];
    Ok(Caller { token, role: Role::Emitter, sources })
}

/// The name of a person's copy.
pub(crate) fn named(subject: &str, copy: usize) -> String {
    if copy == 0 { subject.to_owned() } else { format!("{subject}-{}", letters(copy)) }
}

/// A number in letters.
fn letters(number: usize) -> String {
    lettered(&number.to_string())
}

/// A text with letters for its digits, which might look like a phone number or an IIN.
fn lettered(text: &str) -> String {
    text.chars()
        .map(|c| c.to_digit(10).and_then(|digit| char::from_digit(digit + 10, 36)).unwrap_or(c))
        .collect()
}

/// Opens the folder, under a clock that stands where it is set.
pub(crate) async fn open(folder: &Path, clock: &Arc<SetClock>) -> Result<App, Failure> {
    let config = Config::load(&folder.join(subject_record::config::FILE_NAME), std::env::vars())?;
    let new = NewLog::Simulated { seed: SEED };
    Ok(App::open(config, new, Arc::<SetClock>::clone(clock), Arc::new(SystemEntropy)).await?)
}
