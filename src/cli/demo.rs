//! `demo`: a simulated log, filled and served.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::serve::stop_signal;
use super::simulate::{demo_operator, events_bar, fill, open_simulated, opens_at, put_texts, simulation};
use super::{CommandError, output, write_secret};
use crate::app::App;
use crate::clock::{SetClock, SystemEntropy};
use crate::config::{FILE_NAME, Log};
use crate::simulate::{SHOWCASE, Simulation};

/// Open a simulated log, fill it and serve it: the quickest way to look around.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Folder of the log; a second start serves what is there.
    #[arg(long, default_value = "subject-record-demo")]
    dir: PathBuf,
    /// Port on this machine.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// People of the simulated year.
    #[arg(long, default_value_t = 200)]
    subjects: u32,
    /// The same seed gives the same year.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// File of a demo's tokens, for a second start and for a shell: `. subject-record-demo/demo.env`. Tokens of real
/// people's data are never kept like this.
const KEPT_FILE: &str = "demo.env";

/// Stands in the folder once the whole year is in it: from then on a start only serves.
const LOADED_FILE: &str = "demo-loaded";

/// An event for a newcomer to send: a disclosure without any ground, which is recorded all the same. It happens
/// when the showcase's story has just ended, so that it lies ahead neither of simulated nor of real time.
const EVENT_TO_TRY: &str = r#"{"specversion":"1.0","id":"try-1","source":"platform/try","type":"disclosure.made.v1","subject":"SHOWCASE","time":"2025-11-13T11:45:00+05:00","data":{"disclosure_id":"d-try-1","recipient_id":"unknown-buyer","ground":"none","categories":["phone"],"purpose":"advertising","country":"KZ","channel":"email","subject_notice":"none"}}"#;

/// What a demo remembers.
#[derive(Debug, Clone)]
struct Kept {
    seed: u64,
    subjects: u32,
    /// Role in capitals, token.
    tokens: Vec<(String, String)>,
}

impl Kept {
    fn text(&self) -> String {
        let tokens: String = self.tokens.iter().map(|(role, token)| format!("{role}={token}\n")).collect();
        format!("SEED={}\nSUBJECTS={}\n{tokens}", self.seed, self.subjects)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut kept = Self { seed: 0, subjects: 0, tokens: Vec::new() };
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match name {
                "SEED" => kept.seed = value.parse().ok()?,
                "SUBJECTS" => kept.subjects = value.parse().ok()?,
                role => kept.tokens.push((role.to_owned(), value.to_owned())),
            }
        }
        (!kept.tokens.is_empty()).then_some(kept)
    }
}

impl Demo {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        crate::telemetry::start(&Log { filter: "warn".into(), json: false })?;
        let kept = self.kept().await?;
        let simulation = simulation(kept.seed, kept.subjects, None);
        let clock = Arc::new(SetClock::at(opens_at(&simulation)));
        let mut app = open_simulated(&self.dir, kept.seed, &clock).await?;
        app.config.server.listen = SocketAddr::from(([127, 0, 0, 1], self.port));
        let app = Arc::new(app);
        go_on_from_the_last_event(&app, &clock).await?;

        let loaded = self.dir.join(LOADED_FILE);
        let rest = if loaded.exists() {
            clock.hand_over();
            None
        } else {
            let showcase = simulation.showcase();
            put_texts(&app, &showcase).await?;
            fill(&app, &clock, &showcase.events, |_| {}).await?;
            Some(tokio::spawn(load_the_rest(Arc::clone(&app), clock, simulation, loaded)))
        };
        let served =
            crate::http::serve(Arc::clone(&app), stop_signal(), |address| self.greet(address, &kept)).await;
        if let Some(rest) = rest {
            rest.abort();
        }
        served.map_err(CommandError::from)
    }

    /// What an earlier start kept, or a new folder.
    async fn kept(&self) -> Result<Kept, CommandError> {
        let path = self.dir.join(KEPT_FILE);
        if self.dir.join(FILE_NAME).exists() {
            let other = || format!("{} holds no demo; choose another --dir", self.dir.display());
            let text = std::fs::read_to_string(&path).map_err(CommandError::io(other()))?;
            return Kept::parse(&text).ok_or_else(|| CommandError::Said(other()));
        }
        let made = demo_operator(&self.dir).make(&SystemEntropy).await?.anew(&self.dir)?;
        let role = |name: &str| name.split('-').next().unwrap_or(name).to_uppercase();
        let tokens = made.into_iter().map(|(name, token)| (role(name), token)).collect();
        let kept = Kept { seed: self.seed, subjects: self.subjects, tokens };
        write_secret(&path, &kept.text())?;
        Ok(kept)
    }

    fn greet(&self, address: SocketAddr, kept: &Kept) {
        let token = |role: &str| {
            let found = kept.tokens.iter().find(|(name, _)| name == role);
            found.map(|(_, token)| token.as_str()).unwrap_or_default()
        };
        let program = std::env::args().next().unwrap_or_else(|| "subject-record".into());
        let (support, emitter, dir) = (token("SUPPORT"), token("EMITTER"), self.dir.display());
        let mut text = format!(
            "\nsubject-record demo: invented people, simulated year, in {dir}\n\n\
             page   http://{address}/sign-in?next=%2F%3Fsubject%3D{SHOWCASE}%26purpose%3Dsupport%26case%3DT-1042#token={support}\n\
             docs   http://{address}/docs\n\ntokens (a shell takes them by `. {dir}/{KEPT_FILE}`)\n"
        );
        for (role, token) in &kept.tokens {
            text.push_str(&format!("  {role:<8}  {token}\n"));
        }
        let event = EVENT_TO_TRY.replace("SHOWCASE", SHOWCASE);
        text.push_str(&format!(
            "\ntry\n\n\
             curl -s 'http://{address}/v1/subjects/{SHOWCASE}/timeline?lang=en' \\\n  \
               -H 'Authorization: Bearer {support}' -H 'Access-Purpose: support; case=\"T-1042\"'\n\n\
             {program} subject timeline {SHOWCASE} --lang en --purpose support --case T-1042 \\\n  \
               --url http://{address} --token {support}\n\n\
             curl -s http://{address}/v1/events -H 'Authorization: Bearer {emitter}' \\\n  \
               -H 'Content-Type: application/cloudevents+json' -d '{event}'\n\n\
             Ctrl-C stops it; the same command serves it again.\n\n"
        ));
        // A terminal that went away is no reason not to serve.
        let _ = output::print(&text);
    }
}

/// A demo that was stopped while it filled goes on where it was: recorded times never go back.
async fn go_on_from_the_last_event(app: &App, clock: &SetClock) -> Result<(), CommandError> {
    let failed = |error: crate::store::StoreError| CommandError::Said(super::with_causes(&error));
    let last = app.store.last_position().await.map_err(failed)?;
    if let Some(event) = app.store.event_at(last).await.map_err(failed)? {
        clock.run_to(event.recorded_at);
    }
    Ok(())
}

/// Fills the rest of the year behind a progress bar, then lets the clock show real time.
async fn load_the_rest(app: Arc<App>, clock: Arc<SetClock>, simulation: Simulation, loaded: PathBuf) {
    let rest = simulation.everyone_else();
    let bar = events_bar(rest.events.len());
    let loading = async {
        put_texts(&app, &rest).await?;
        fill(&app, &clock, &rest.events, |done| bar.set_position(done)).await?;
        std::fs::write(&loaded, "").map_err(CommandError::io(format!("cannot write {}", loaded.display())))
    };
    match loading.await {
        Ok(()) => bar.finish_with_message("the year is loaded"),
        Err(error) => bar.abandon_with_message(super::with_causes(&error)),
    }
    clock.hand_over();
}
