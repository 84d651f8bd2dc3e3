//! Making and verifying the dossier of a person with many events.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use serde_json::json;
use subject_record::accesses::Access;
use subject_record::app::App;
use subject_record::caller::{Caller, Role, SourcePattern, TokenId};
use subject_record::clock::{Clock, SystemClock, SystemEntropy};
use subject_record::config::Config;
use subject_record::dossier::DossierQuestion;
use subject_record::dossier::report::Values;
use subject_record::dossier::verify::{Trust, unpack, verify};
use subject_record::store::ExpectedRevision;
use subject_record_schemas::SubjectId;
use subject_record_schemas::examples::Examples;
use subject_record_schemas::vocabulary::{EvidenceAsker, Language};

use super::filled::{self, Failure};

const PERSON: &str = "p-benchmark-person";

pub(super) async fn measure(folder: &Path, events: usize, runs: usize) -> Result<(), Failure> {
    filled::init(folder)?;
    let config = Config::load(&folder.join(subject_record::config::FILE_NAME), std::env::vars())?;
    let clock = Arc::new(SystemClock::default());
    let new = subject_record::app::NewLog::Real;
    let app = App::open(config, new, Arc::<SystemClock>::clone(&clock), Arc::new(SystemEntropy)).await?;
    fill(&app, &clock, events).await?;

    let auditor = caller(Role::Auditor, "auditor-1")?;
    let access = Access::parse("court; case=\"C-1\"")?;
    let question = DossierQuestion {
        subject: SubjectId::parse(PERSON)?,
        language: Language::Kk,
        period: None,
        groups: Vec::new(),
        values: Values::Shown,
        asked_by: EvidenceAsker::Court,
        legal_ref: None,
    };
    let trust = Trust { log_key: Some(app.notary.verifier_key().clone()), ..Trust::default() };
    let (mut made, mut verified, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..runs {
        let began = Instant::now();
        let dossier = app.dossiers.make(&auditor, &access, &question).await?;
        made.push(began.elapsed().as_secs_f64() * 1000.0);
        bytes = dossier.bytes.len();
        let began = Instant::now();
        let verdicts = verify(&unpack::unpack(&dossier.bytes)?, &trust, None);
        verified.push(began.elapsed().as_secs_f64() * 1000.0);
        let broken = verdicts.verdicts.iter().find(|verdict| !verdict.faults.is_empty());
        if let Some(broken) = broken {
            return Err(format!("the dossier does not verify: {broken:?}").into());
        }
    }
    println!("dossier     of {events} events, {} KiB: {}", bytes / 1024, super::spread(made));
    println!("verify      of that dossier: {}", super::spread(verified));
    Ok(())
}

/// Profile changes with personal values and processing without, in turn.
async fn fill(app: &App, clock: &SystemClock, events: usize) -> Result<(), Failure> {
    let emitter = caller(Role::Emitter, "platform")?;
    let document = |number: usize| {
        let time = (clock.now() - TimeDelta::seconds((events - number) as i64)).to_rfc3339();
        let common = |event_type: &str, data: serde_json::Value| {
            json!({
                "specversion": "1.0", "id": format!("e-{}", letters(number)), "source": "platform/bench",
                "type": event_type, "subject": PERSON, "time": time, "data": data,
            })
        };
        match number {
            0 => common("subject.registered.v1", example("subject.registered.v1")),
            n if n % 2 == 1 => common("profile.changed.v1", example("profile.changed.v1")),
            _ => common("processing.performed.v1", example("processing.performed.v1")),
        }
    };
    for first in (0..events).step_by(500) {
        let group = (first..(first + 500).min(events))
            .map(|number| app.intake.validators().check_value(&emitter, document(number), clock))
            .collect::<Result<Vec<_>, _>>()?;
        for recorded in app.intake.record_each(&emitter.token, &group, ExpectedRevision::Any).await {
            recorded?;
        }
    }
    Ok(())
}

/// The data of a type's published example.
fn example(wire_name: &str) -> serde_json::Value {
    let event_type: Option<subject_record_schemas::EventType> = wire_name.parse().ok();
    let example = event_type.and_then(|event_type| Examples::of(event_type).ok());
    example.and_then(|example| example.valid.get("data").cloned()).unwrap_or_default()
}

fn caller(role: Role, name: &str) -> Result<Caller, Failure> {
    let token = TokenId::parse(name).ok_or("no token id")?;
    let sources = if role == Role::Emitter { vec![SourcePattern::parse("platform/*")?] } else { Vec::new() };
    Ok(Caller { token, role, sources })
}

/// A number in letters, which look like no IIN.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}
