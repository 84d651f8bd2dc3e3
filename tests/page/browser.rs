//! A real Chromium, asked over the WebDriver protocol (W3C) through chromedriver.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::demo::{PATIENCE_TRIES, pause};

/// Without sandbox and GPU it runs in a container too; nothing it would do by itself goes out. A page that scrolls
/// smoothly would move under a click.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
    "--window-size=1280,900",
];

/// The member that names an element in answers and arguments (W3C WebDriver, section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window and a profile of its own.
pub(super) struct Browser {
    driver: Child,
    http: reqwest::Client,
    address: String,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts it.
    pub(super) async fn start() -> Self {
        let profile = TempDir::new().unwrap();
        let said = profile.path().join("driver.log");
        let start = || {
            Command::new("chromedriver")
                .arg("--port=0")
                .stdin(Stdio::null())
                .stdout(File::create(&said).unwrap())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let driver = start();
        let http = subject_record::outbound::client("", subject_record::outbound::Trust::Machine)
            .unwrap()
            .build()
            .unwrap();
        let (address, session) = (String::new(), String::new());
        let mut browser = Self { driver, http, address, session, _profile: profile };
        for _ in 0..2 * PATIENCE_TRIES {
            // The port it picks for one family of addresses may be taken in the other: then it gives up.
            if browser.driver.try_wait().unwrap().is_some() {
                browser.driver = start();
            }
            let said = std::fs::read_to_string(&said).unwrap();
            if let Some((port, _)) =
                said.split_once("successfully on port ").and_then(|(_, rest)| rest.split_once(".\n"))
            {
                browser.address = format!("127.0.0.1:{port}");
                break;
            }
            pause().await;
        }
        assert!(!browser.address.is_empty(), "chromedriver does not listen");
        let folder = format!("--user-data-dir={}", browser._profile.path().join("profile").display());
        let flags: Vec<_> = FLAGS.iter().copied().chain([folder.as_str()]).collect();
        let wanted = json!({ "alwaysMatch": {
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "binary": chromium(), "args": flags },
        } });
        let url = format!("http://{}/session", browser.address);
        let made = browser.ask(browser.http.post(url).json(&json!({ "capabilities": wanted }))).await;
        browser.session = made["sessionId"].as_str().unwrap().to_owned();
        browser
    }

    /// Sends a request to the driver and answers its `value`.
    async fn ask(&self, request: reqwest::RequestBuilder) -> Value {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(answer["value"].get("error").is_none(), "{answer:#}");
        answer["value"].clone()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("http://{}/session/{}/{path}", self.address, self.session);
        self.ask(self.http.post(url).json(&body)).await
    }

    /// Goes to an address.
    pub(super) async fn go(&self, url: &str) {
        self.post("url", json!({ "url": url })).await;
    }

    /// What a script in the page returns.
    pub(super) async fn run(&self, script: &str) -> Value {
        self.post("execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// The same, as text.
    pub(super) async fn text(&self, script: &str) -> String {
        let value = self.run(script).await;
        value.as_str().unwrap_or_else(|| unreachable!("{script}: {value}")).to_owned()
    }

    /// Clicks the first element of a CSS selector, as a reader does: it has to be in sight and uncovered.
    pub(super) async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.post(&format!("element/{element}/click"), json!({})).await;
    }

    /// Types into a field, in place of what it holds.
    pub(super) async fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.post(&format!("element/{element}/clear"), json!({})).await;
        self.post(&format!("element/{element}/value"), json!({ "text": text })).await;
    }

    async fn element(&self, selector: &str) -> String {
        let found = self.post("element", json!({ "using": "css selector", "value": selector })).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Waits until an element of a CSS selector is there.
    pub(super) async fn wait_for(&self, selector: &str) {
        let there = format!("return document.querySelector({}) !== null", json!(selector));
        for _ in 0..PATIENCE_TRIES {
            if self.run(&there).await == true {
                return;
            }
            pause().await;
        }
        unreachable!("no {selector} in {}", self.text("return document.documentElement.outerHTML").await)
    }

    /// Makes the window as wide as a telephone.
    pub(super) async fn narrow(&self, width: u32) {
        let metrics = json!({ "width": width, "height": 844, "deviceScaleFactor": 2, "mobile": true });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.post("goog/cdp/execute", command).await;
    }

    /// What the browser's console has said since it was last asked: faults of scripts and of loading, and what the
    /// content security policy refused.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let entries = self.post("se/log", json!({ "type": "browser" })).await;
        entries
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The browser's program, which chromedriver does not find by this name everywhere.
fn chromium() -> String {
    let folders = std::env::var_os("PATH").unwrap();
    let mut programs = std::env::split_paths(&folders).map(|folder| folder.join("chromium"));
    programs.find(|program| program.is_file()).unwrap().to_str().unwrap().to_owned()
}

impl Drop for Browser {
    /// Lets the driver end the browser, which would outlive a driver that was killed.
    fn drop(&mut self) {
        if let Ok(mut connection) = TcpStream::connect(&self.address) {
            let (session, host) = (&self.session, &self.address);
            let _ = write!(
                connection,
                "DELETE /session/{session} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            );
            // The answer comes once the browser has ended; the connection may stay open.
            let _ = connection.read(&mut [0]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
