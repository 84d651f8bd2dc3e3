//! The real binary over a folder of its own: made by `init`, served, stopped, killed, served again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::client::Client;

const BINARY: &str = env!("CARGO_BIN_EXE_subject-record");

/// How long the service may take to start or stop: half a minute.
const PATIENCE_TRIES: u32 = 1500;
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// A folder that `init` made, and the tokens it printed.
pub(crate) struct House {
    folder: TempDir,
    tokens: BTreeMap<String, String>,
}

impl House {
    /// A new folder.
    pub(crate) fn new() -> Self {
        Self::of("ЖШС Сынақ", "Алматы, Сынақ көшесі 1")
    }

    /// A new folder of an operator with this name and address.
    pub(crate) fn of(name: &str, address: &str) -> Self {
        Self::made(name, address, &[])
    }

    /// A new record in a database of PostgreSQL, events and keys.
    pub(crate) fn on(url: &str) -> Self {
        Self::made(
            "ЖШС Сынақ",
            "Алматы, Сынақ көшесі 1",
            &["--store", url, "--vault", url, "--shares-cluster"],
        )
    }

    fn made(name: &str, address: &str, more: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let dir = folder.path().to_str().unwrap();
        let output = command(&["init", "--dir", dir, "--name", name, "--bin", "991240000013"])
            .args(["--address", address])
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let tokens: BTreeMap<_, _> = words
            .filter(|words| words.len() == 2 && words[1].starts_with("sr_"))
            .map(|words| (words[0].to_owned(), words[1].to_owned()))
            .collect();
        assert_eq!(tokens.len(), 5, "{text}");
        Self { folder, tokens }
    }

    /// Another instance's folder over the same record: copies of its keys, as on another machine, its tokens, and
    /// settings in which some are changed: section, setting, value.
    pub(crate) fn beside(&self, changed: &[(&str, &str, toml::Value)]) -> Self {
        let folder = TempDir::new().unwrap();
        let copied = Command::new("cp").arg("-rp").arg(self.path("keys")).arg(folder.path()).status();
        assert!(copied.unwrap().success());
        let settings = std::fs::read_to_string(self.path("subject-record.toml")).unwrap();
        let mut settings: toml::Table = toml::from_str(&settings).unwrap();
        for (section, setting, value) in changed {
            let section = settings.entry(*section).or_insert_with(|| toml::Table::new().into());
            section.as_table_mut().unwrap().insert((*setting).to_owned(), value.clone());
        }
        let text = toml::to_string(&settings).unwrap();
        std::fs::write(folder.path().join("subject-record.toml"), text).unwrap();
        Self { folder, tokens: self.tokens.clone() }
    }

    /// A file or folder within.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Everything the service ever wrote to its standard error.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("logs/server.log")).unwrap()
    }

    /// The first token of a role.
    pub(crate) fn token(&self, role: &str) -> &str {
        &self.tokens[&format!("{role}-1")]
    }

    /// Runs a command of the binary in this folder until it ends.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(command(arguments).arg("--config").arg(self.path("subject-record.toml")))
    }

    /// Starts the service on a free port.
    pub(crate) async fn serve(self) -> Server {
        self.serve_with(&[]).await
    }

    /// Starts the service on a free port, with settings as variables.
    pub(crate) async fn serve_with(self, settings: &[(&str, &str)]) -> Server {
        let log = self.log_file();
        let before = self.log().len();
        let mut child = command(&["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(self.path("subject-record.toml"))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        for _ in 0..PATIENCE_TRIES {
            let log = self.log();
            if let Some(address) = log.get(before..).and_then(address_in) {
                return Server { child, address, house: Some(self) };
            }
            assert_eq!(child.try_wait().unwrap(), None, "the service did not start: {log}");
            tokio::time::sleep(TRY_AGAIN).await;
        }
        child.kill().unwrap();
        unreachable!("the service is not listening after a long time: {}", self.log())
    }

    fn log_file(&self) -> File {
        std::fs::create_dir_all(self.path("logs")).unwrap();
        OpenOptions::new().create(true).append(true).open(self.path("logs/server.log")).unwrap()
    }
}

/// The address in the service's log, once it listens.
fn address_in(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains(" listening "))?;
    line.split("address=").nth(1)?.split_whitespace().next()?.parse().ok()
}

/// The binary, without what the environment of the tests may say.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("SUBJECT_RECORD_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// Runs a command until it ends. One that goes on for ever is ended, so that its test fails and does not hang.
fn run(command: &mut Command) -> Output {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    for _ in 0..PATIENCE_TRIES {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(TRY_AGAIN);
    }
    let _ = child.kill();
    child.wait_with_output().unwrap()
}

/// The service, running.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    house: Option<House>,
}

impl Server {
    /// A new folder, served.
    pub(crate) async fn new() -> Self {
        House::new().serve().await
    }

    /// Its folder.
    pub(crate) fn house(&self) -> &House {
        self.house.as_ref().unwrap()
    }

    /// Somebody who holds the first token of a role.
    pub(crate) fn as_role(&self, role: &str) -> Client {
        Client::new(self.address, self.house().token(role))
    }

    /// The platform backend.
    pub(crate) fn emitter(&self) -> Client {
        self.as_role("emitter")
    }

    /// Runs a command of the binary against this service, as a role.
    pub(crate) fn run_as(&self, role: &str, arguments: &[&str]) -> Output {
        let url = format!("http://{}", self.address);
        run(command(arguments).args(["--url", &url, "--token", self.house().token(role)]))
    }

    /// Makes a token, by the operator.
    pub(crate) async fn new_token(&self, name: &str, role: &str, sources: &[&str]) -> Client {
        let body = serde_json::json!({ "name": name, "role": role, "sources": sources });
        let made = self.as_role("operator").post("/v1/tokens", "application/json", body.to_string()).await;
        assert_eq!(made.status, 201, "{made:?}");
        Client::new(self.address, made.json()["token"].as_str().unwrap())
    }

    /// Asks it to stop, and answers the folder and the exit status.
    pub(crate) async fn stop(mut self) -> (House, Option<i32>) {
        self.ask_to_stop();
        let status = self.ended().await;
        (self.house.take().unwrap(), status)
    }

    /// Sends SIGTERM.
    pub(crate) fn ask_to_stop(&self) {
        self.signal("TERM");
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        // The shell has a `kill` of its own; a bare container may lack the program.
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// The exit status, once it has ended by itself.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        for _ in 0..PATIENCE_TRIES {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        unreachable!("the service does not stop: {}", self.house().log())
    }

    /// Kills it with SIGKILL, and answers the folder.
    pub(crate) fn kill(mut self) -> House {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.house.take().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
