//! A log of invented people of any size, for the benchmarks that read: a simulated year, each life told as many
//! times as asked, under as many names.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use subject_record::app::{App, NewLog};
use subject_record::caller::{Caller, Role, SourcePattern, TokenId};
use subject_record::clock::{SetClock, SystemEntropy};
use subject_record::config::Config;
use subject_record::simulate::{SOURCES, Simulation, SimulatedEvent};
use subject_record::store::ExpectedRevision;

/// Whatever stops a measurement.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Seed of the year.
const SEED: u64 = 1;
/// People whose lives are told; each again under other names until the log is as long as asked.
const PEOPLE: u32 = 3_000;
/// Events recorded together.
const GROUP_EVENTS: usize = 1_000;

/// Makes settings and keys in a folder, with the binary of this tree.
pub(crate) fn init(folder: &Path) -> Result<(), Failure> {
    let made = Command::new(env!("CARGO_BIN_EXE_subject-record"))
        .args(["init", "--name", "Benchmark LLP", "--bin", "991240000013", "--address", "Astana", "--dir"])
        .arg(folder)
        .stdout(Stdio::null())
        .status()?;
    if made.success() { Ok(()) } else { Err("init failed".into()) }
}

/// The year's documents, and how many times each life has to be told for so many events.
pub(crate) struct Source {
    events: Vec<SimulatedEvent>,
    copies: usize,
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
        Self { events: year.events, copies, texts }
    }

    /// The first moment.
    pub(crate) fn opens_at(&self) -> chrono::DateTime<chrono::Utc> {
        self.events.first().map(|event| event.sent_at - chrono::TimeDelta::days(1)).unwrap_or_default()
    }

    /// Every document in the order of sending, each life as often as asked.
    fn documents(&self) -> impl Iterator<Item = SimulatedEvent> {
        self.events.iter().flat_map(|event| {
            let subject = event.document["subject"].as_str().map(str::to_owned);
            let copies = if subject.is_some() { self.copies } else { 1 };
            (0..copies).map(move |copy| {
                let mut event = event.clone();
                if let (Some(subject), 1..) = (&subject, copy) {
                    let id = event.document["id"].as_str().unwrap_or_default();
                    let id = format!("{id}.{}", letters(copy));
                    event.document["id"] = id.into();
                    event.document["subject"] = format!("{subject}-{}", letters(copy)).into();
                }
                event
            })
        })
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
        let token = TokenId::parse("platform").ok_or("no token id")?;
        let sources = vec![SourcePattern::parse(SOURCES)?];
        let caller = Caller { token, role: Role::Emitter, sources };
        let (mut group, mut recorded) = (Vec::with_capacity(GROUP_EVENTS), 0);
        let mut documents = self.documents().peekable();
        while let Some(event) = documents.next() {
            clock.run_to(event.sent_at);
            group.push(app.intake.validators().check_value(&caller, event.document, clock)?);
            if group.len() == GROUP_EVENTS || documents.peek().is_none() {
                for answer in app.intake.record_each(&caller.token, &group, ExpectedRevision::Any).await {
                    answer?;
                }
                recorded += group.len();
                group.clear();
                progress(recorded);
            }
        }
        Ok(recorded)
    }
}

/// A number in letters: digits might look like a phone number or an IIN.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(b'a' + (digit - b'0'))).collect()
}

/// Opens the folder, under a clock that stands where it is set.
pub(crate) async fn open(folder: &Path, clock: &Arc<SetClock>) -> Result<App, Failure> {
    let config = Config::load(&folder.join(subject_record::config::FILE_NAME), std::env::vars())?;
    let new = NewLog::Simulated { seed: SEED };
    Ok(App::open(config, new, Arc::<SetClock>::clone(clock), Arc::new(SystemEntropy)).await?)
}
