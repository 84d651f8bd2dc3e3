//! A demo of the real binary, in a folder of the test's own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use subject_record::simulate::{SimulatedEvent, Simulation};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_subject-record");

/// How long a demo may take to start, load or stop, in tries, 20 milliseconds apart.
pub(crate) const PATIENCE_TRIES: u32 = 3000;

/// What a demo of these tests tells: twenty people besides the showcase.
pub(crate) const SIMULATION: &[&str] = &["--subjects", "20", "--seed", "1"];

/// The same, event by event.
pub(crate) fn simulation() -> Simulation {
    Simulation { seed: 1, subjects: 20, start: Simulation::default_start() }
}

/// A program without what the environment of the tests may say to it.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SUBJECT_RECORD_"))
    {
        command.env_remove(name);
    }
    command.env("NO_PROXY", "*").env("no_proxy", "*").stdin(Stdio::null());
    command
}

/// A demo, running.
pub(crate) struct Demo {
    child: Child,
    http: reqwest::Client,
    /// Folder in which it was started; it keeps its log in a folder within.
    pub(crate) folder: PathBuf,
    /// What it printed when it was ready.
    pub(crate) greeting: String,
}

/// An event as stored.
#[derive(Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) stream: String,
    pub(crate) document: Value,
}

impl Demo {
    /// Starts it in a folder; it is back once the address is printed.
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_with(folder, SIMULATION).await
    }

    /// The same with other arguments.
    pub(crate) async fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let printed = folder.join("printed");
        let mut child = program(BINARY)
            .args(["demo", "--port", "0"])
            .args(arguments)
            .current_dir(folder)
            .stdout(File::create(&printed).unwrap())
            .spawn()
            .unwrap();
        for _ in 0..PATIENCE_TRIES {
            let greeting = std::fs::read_to_string(&printed).unwrap();
            if greeting.ends_with("serves it again.\n\n") {
                let http = subject_record::outbound::client("", subject_record::outbound::Trust::Machine)
                    .unwrap()
                    .build()
                    .unwrap();
                return Self { child, http, folder: folder.to_owned(), greeting };
            }
            assert_eq!(child.try_wait().unwrap(), None, "the demo did not start: {greeting}");
            pause().await;
        }
        child.kill().unwrap();
        unreachable!("the demo has printed no address after a long time")
    }

    /// `http://` and the address that it printed.
    pub(crate) fn url(&self) -> &str {
        let docs = self.greeting.lines().find_map(|line| line.strip_prefix("docs")).unwrap();
        docs.trim().strip_suffix("/docs").unwrap()
    }

    /// The token of a role, in capitals, from the file that it keeps.
    pub(crate) fn token(&self, role: &str) -> String {
        let kept = std::fs::read_to_string(self.folder.join("subject-record-demo/demo.env")).unwrap();
        let of_role = |line: &str| Some(line.strip_prefix(role)?.strip_prefix('=')?.to_owned());
        kept.lines().find_map(of_role).unwrap()
    }

    /// Status and body of an answer to a role.
    pub(crate) async fn get(&self, role: &str, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}{path}", self.url())).bearer_auth(self.token(role));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Whether a simulated event is recorded.
    pub(crate) async fn has(&self, event: &SimulatedEvent) -> bool {
        let text = |name: &str| event.document[name].as_str().unwrap().to_owned();
        let path = format!("/v1/events?source={}&id={}", text("source"), text("id"));
        self.get("AUDITOR", &path).await.0 == 200
    }

    /// Waits for a simulated event.
    pub(crate) async fn wait_for(&self, event: &SimulatedEvent) {
        for _ in 0..PATIENCE_TRIES {
            if self.has(event).await {
                return;
            }
            pause().await;
        }
        unreachable!("not loaded after a long time: {}", event.document)
    }

    /// Waits for the last event of the year.
    pub(crate) async fn is_loaded(&self) {
        self.wait_for(simulation().year().events.last().unwrap()).await;
    }

    /// Waits for the rows of the last event of the year too: read models give way to whatever else there is to do.
    pub(crate) async fn is_followed(&self) {
        self.is_loaded().await;
        let url = format!("{}/health/ready", self.url());
        for _ in 0..1_500 {
            let ready: serde_json::Value = self.http.get(&url).send().await.unwrap().json().await.unwrap();
            let projections = ready["projections"].as_array().unwrap();
            if projections.iter().all(|p| p["lag_events"] == 0 && p.get("rebuilding").is_none()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        }
        unreachable!("the read models never caught up");
    }

    /// Every event, by position from 1 on.
    pub(crate) async fn log(&self) -> Vec<Stored> {
        let mut log = Vec::new();
        loop {
            let url = format!("{}/v1/events/{}", self.url(), log.len() + 1);
            let response = self.http.get(url).bearer_auth(self.token("AUDITOR")).send().await.unwrap();
            if response.status().as_u16() == 404 {
                return log;
            }
            let stream = response.headers()["record-stream"].to_str().unwrap().to_owned();
            log.push(Stored { stream, document: response.json().await.unwrap() });
        }
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(mut self) {
        terminate(&self.child);
        assert_eq!(ended(&mut self.child).await, Some(0));
    }
}

impl Drop for Demo {
    /// Kills it with SIGKILL, unless it has ended.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends SIGTERM.
pub(crate) fn terminate(child: &Child) {
    // The shell has a `kill` of its own; a bare container may lack the program.
    let kill = format!("kill -TERM {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// The exit status, once it has ended by itself.
pub(crate) async fn ended(child: &mut Child) -> Option<i32> {
    for _ in 0..PATIENCE_TRIES {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        pause().await;
    }
    unreachable!("it does not stop")
}

pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
