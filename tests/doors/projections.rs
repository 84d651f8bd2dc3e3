//! Projections through the real doors: how far they are, built anew, given up, standing and resumed, and their digests.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::client::{Answer, Client, number};
use super::given::{answered, consented, registered};
use super::server::{House, Server};

/// Half a minute.
const TRIES: u32 = 6000;
const TRY_AGAIN: Duration = Duration::from_millis(20);
const NAMES: [&str; 2] = ["history", "people"];

fn events() -> [Value; 4] {
    let (one, two) = ("p-invented-1", "p-invented-2");
    [registered(one), answered(one), consented(one), answered(two)]
}

async fn statuses(client: &Client) -> Vec<Value> {
    let answer = client.get("/v1/projections").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["projections"].as_array().unwrap().clone()
}

async fn status(client: &Client, name: &str) -> Value {
    statuses(client).await.into_iter().find(|status| status["projection"] == name).unwrap()
}

/// How a projection stands, once that is so.
async fn once(client: &Client, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..TRIES {
        last = status(client, name).await;
        if is_so(&last) {
            return last;
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
    unreachable!("it never came to that: {last}")
}

fn has_caught_up(status: &Value) -> bool {
    status["lag_events"] == 0 && status.get("rebuilding").is_none()
}

async fn tell(client: &Client, method: Method, name: &str, what: &str) -> Answer {
    client.send(client.request(method, &format!("/v1/projections/{name}/{what}"))).await
}

async fn digests(client: &Client, at: &str) -> Vec<Value> {
    let mut digests = Vec::new();
    for name in NAMES {
        let answer = client.get(&format!("/v1/projections/{name}/digest?at={at}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        digests.push(answer.json());
    }
    digests
}

/// Value of a line of the metrics.
async fn metric(client: &Client, wanted: &str) -> Option<String> {
    let answer = client.get("/metrics").await;
    let media_type = answer.headers["content-type"].to_str().unwrap().to_owned();
    assert!(answer.status == 200 && media_type.starts_with("application/openmetrics-text"), "{answer:?}");
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let line = text.lines().find(|line| line.starts_with(wanted))?;
    Some(line.rsplit(' ').next().unwrap().to_owned())
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn files(house: &House) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(house.path("data/read_models")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "db")).collect()
}

#[tokio::test]
async fn what_was_recorded_is_soon_projected_and_the_status_and_metrics_say_so() {
    let server = Server::new().await;
    let (operator, auditor) = (server.as_role("operator"), server.as_role("auditor"));
    let receipts = server.emitter().record(&events()).await;
    let last = number(&receipts.last().unwrap()["position"]);
    for name in NAMES {
        let status =
            once(&operator, name, |status| has_caught_up(status) && number(&status["position"]) == last)
                .await;
        assert_eq!(number(&status["head"]), last, "{status}");
        assert!(status["last_advanced_seconds"].as_f64().unwrap() >= 0.0, "{status}");
        assert!(status.get("stopped").is_none() && status.get("rebuild_failed").is_none(), "{status}");
        for (gauge, value) in [("position", last), ("head", last), ("lag_events", 0), ("stopped", 0)] {
            let line = format!("subject_record_projection_{gauge}{{projection=\"{name}\"}}");
            assert_eq!(metric(&operator, &line).await, Some(value.to_string()), "{line}");
        }
        let age = format!("subject_record_projection_last_advance_age_seconds{{projection=\"{name}\"}}");
        assert!(metric(&operator, &age).await.unwrap().parse::<f64>().unwrap() >= 0.0);
    }
    assert_eq!(metric(&operator, "subject_record_store_position").await, Some(last.to_string()));
    assert_eq!(statuses(&auditor).await.len(), NAMES.len());
    let shown = server.run_as("auditor", &["projection", "status"]);
    assert!(shown.status.success() && printed(&shown).contains(&format!("{last:016}")), "{shown:?}");
    let shown = printed(&server.run_as("auditor", &["projection", "list"]));
    assert!(shown.lines().any(|line| line.starts_with("people") && line.contains("findings")), "{shown}");
}

#[tokio::test]
async fn each_door_of_projections_is_for_its_roles_and_names() {
    let server = Server::new().await;
    let readers = &["auditor", "officer", "operator"][..];
    let operator = &["operator"][..];
    for (method, path, roles) in [
        (Method::GET, "/v1/projections", readers),
        (Method::GET, "/v1/projections/people/digest", readers),
        (Method::POST, "/v1/projections/people/rebuild", operator),
        (Method::DELETE, "/v1/projections/people/rebuild", operator),
        (Method::POST, "/v1/projections/people/resume", operator),
        (Method::GET, "/metrics", operator),
    ] {
        for role in ["emitter", "support", "auditor", "officer", "operator"] {
            let client = server.as_role(role);
            let answer = client.send(client.request(method.clone(), path)).await;
            assert_eq!(answer.status == 403, !roles.contains(&role), "{method} {path} as {role}: {answer:?}");
            assert!(answer.status == 403 || answer.status < 300 || answer.status == 409, "{answer:?}");
        }
        let nobody = server.emitter().with_token("nobody");
        assert_eq!(nobody.send(nobody.request(method, path)).await.status, 401, "{path}");
    }
    let operator = server.as_role("operator");
    for (method, what) in [
        (Method::POST, "rebuild"),
        (Method::DELETE, "rebuild"),
        (Method::POST, "resume"),
        (Method::GET, "digest"),
    ] {
        assert_eq!(tell(&operator, method, "nothing", what).await.refusal(), (404, "not_found".into()));
    }
    let path = "/v1/projections/people/digest?at=soon";
    assert_eq!(operator.get(path).await.refusal(), (400, "request.malformed".into()));
}

#[tokio::test]
async fn a_digest_is_the_same_after_a_rebuild_and_another_one_at_another_position() {
    let server = Server::new().await;
    let operator = server.as_role("operator");
    let receipts = server.emitter().record(&events()).await;
    let [before, last] = [1, 3].map(|at: usize| receipts[at]["position"].as_str().unwrap());
    let live = digests(&operator, last).await;
    assert_eq!(live[1]["position"], last);
    assert_eq!(live[1]["digests"].as_array().unwrap().len(), 6, "{live:?}");
    let earlier = digests(&operator, before).await;
    assert_ne!(live[0]["digests"][0]["digest"], earlier[0]["digests"][0]["digest"], "history grew");
    let files_before = files(server.house());
    for name in NAMES {
        let built = server.run_as("operator", &["projection", "rebuild", name]);
        assert!(built.status.success(), "{built:?}");
        assert!(printed(&built).starts_with(&format!("{name} is built anew, up to {last}")), "{built:?}");
    }
    let files_after = files(server.house());
    assert!(files_after.iter().all(|file| !files_before.contains(file)), "other files: {files_after:?}");
    assert_eq!(digests(&operator, last).await, live);
    assert_eq!(digests(&operator, before).await, earlier);
    let shown = server.run_as("auditor", &["projection", "digest", "people", "--at", last]);
    for digest in live[1]["digests"].as_array().unwrap() {
        assert!(printed(&shown).contains(digest["digest"].as_str().unwrap()), "{shown:?}");
    }
    let refused = operator.get("/v1/projections/people/digest?at=999").await;
    assert_eq!(refused.refusal(), (504, "rows.behind".into()));
    assert!(refused.json()["detail"].as_str().unwrap().contains(last), "{refused:?}");
}

/// A server whose rebuilds take a while: every event comes by itself.
async fn slow(people: u32) -> (Server, String) {
    let server = House::new().serve_with(&[("SUBJECT_RECORD_PROJECTOR__BATCH_EVENTS", "1")]).await;
    let events: Vec<_> = (0..people).map(|person| answered(&format!("p-invented-{person}"))).collect();
    let receipts = server.emitter().record(&events).await;
    let last = receipts.last().unwrap()["position"].as_str().unwrap().to_owned();
    once(&server.as_role("operator"), "people", has_caught_up).await;
    once(&server.as_role("operator"), "history", has_caught_up).await;
    (server, last)
}

#[tokio::test]
async fn one_rebuild_runs_at_a_time_and_can_be_given_up() {
    let (server, last) = slow(800).await;
    let operator = server.as_role("operator");
    let live = digests(&operator, &last).await;
    let begun = tell(&operator, Method::POST, "people", "rebuild").await;
    assert_eq!((begun.status, begun.json()["rebuilding"]["total"].is_u64()), (202, true), "{begun:?}");
    let second = tell(&operator, Method::POST, "people", "rebuild").await;
    assert_eq!(second.refusal(), (409, "projection.rebuilding".into()));
    let total = "subject_record_projection_rebuild_total{projection=\"people\"}";
    assert!(metric(&operator, total).await.is_some());
    assert_eq!(tell(&operator, Method::DELETE, "people", "rebuild").await.status, 202);
    let ended = once(&operator, "people", has_caught_up).await;
    assert_eq!(ended["rebuild_failed"], "the rebuild was given up", "{ended}");
    assert_eq!(metric(&operator, total).await, None);
    assert_eq!(digests(&operator, &last).await, live);
    assert_eq!(tell(&operator, Method::POST, "people", "rebuild").await.status, 202, "another may begin");
    let ended = once(&operator, "people", has_caught_up).await;
    assert!(ended.get("rebuild_failed").is_none(), "{ended}");
    assert_eq!(digests(&operator, &last).await, live);
    assert_eq!(tell(&operator, Method::DELETE, "people", "rebuild").await.status, 202, "nothing to give up");
}

#[tokio::test]
async fn control_c_gives_a_rebuild_up() {
    let (server, _) = slow(800).await;
    let operator = server.as_role("operator");
    let (url, token) = (format!("http://{}", server.address), server.house().token("operator"));
    let child = Command::new(env!("CARGO_BIN_EXE_subject-record"))
        .args(["projection", "rebuild", "people", "--url", &url, "--token", token])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    once(&operator, "people", |status| status.get("rebuilding").is_some()).await;
    let interrupt = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(complaint(&output).contains("people stays as it was: the rebuild was given up"), "{output:?}");
}

/// Changes the stored bytes of an event, past what refuses it.
async fn alter(house: &House, position: u64, from: &str, to: &str) {
    let options = SqliteConnectOptions::new().filename(house.path("data/events.db"));
    let mut events = options.connect().await.unwrap();
    let refusing = "SELECT sql FROM sqlite_schema WHERE name = 'events_refuse_update'";
    let trigger: String = sqlx::query_scalar(refusing).fetch_one(&mut events).await.unwrap();
    sqlx::query("DROP TRIGGER events_refuse_update").execute(&mut events).await.unwrap();
    let change = "UPDATE events SET body = replace(body, ?1, ?2) WHERE position = ?3 AND instr(body, ?1) > 0";
    let change = sqlx::query(change).bind(from).bind(to).bind(i64::try_from(position).unwrap());
    assert_eq!(change.execute(&mut events).await.unwrap().rows_affected(), 1);
    sqlx::query(sqlx::AssertSqlSafe(trigger)).execute(&mut events).await.unwrap();
    events.close().await.unwrap();
}

#[tokio::test]
async fn a_projection_that_stands_says_where_and_why_through_every_door_and_is_resumed() {
    let server = Server::new().await;
    let receipts = server.emitter().record(&events()).await;
    let [at, last] = [2, 3].map(|at: usize| receipts[at]["position"].as_str().unwrap().to_owned());
    let whole = digests(&server.as_role("operator"), &last).await;
    let (house, _) = server.stop().await;
    let place: u64 = at.parse().unwrap();
    alter(&house, place, "consent.given.v1\"", "consent.given.v99\"").await;
    std::fs::remove_dir_all(house.path("data/read_models")).unwrap();

    let server = house.serve().await;
    let operator = server.as_role("operator");
    for name in NAMES {
        let standing = once(&operator, name, |status| status.get("stopped").is_some()).await;
        assert_eq!(standing["stopped"]["position"], at, "{standing}");
        assert!(standing["stopped"]["cause"].as_str().unwrap().contains("v99"), "{standing}");
        let line = |gauge: &str| format!("subject_record_projection_{gauge}{{projection=\"{name}\"");
        assert_eq!(metric(&operator, &line("stopped")).await.as_deref(), Some("1"));
        assert_eq!(metric(&operator, &line("stopped_position")).await, Some(place.to_string()));
        let refused = operator.get(&format!("/v1/projections/{name}/digest?at={last}")).await;
        assert_eq!(refused.refusal(), (504, "rows.behind".into()));
        assert!(refused.json()["detail"].as_str().unwrap().contains(&format!("{:016}", place - 1)));
    }
    let shown = server.run_as("auditor", &["projection", "status"]);
    assert_eq!(shown.status.code(), Some(1), "{shown:?}");
    assert!(
        printed(&shown).contains(&format!("stands at {at}")) && printed(&shown).contains("v99"),
        "{shown:?}"
    );
    assert!(complaint(&shown).contains("projection resume people"), "{shown:?}");
    let lines = server.run_as("auditor", &["projection", "status", "people", "--format", "ndjson"]);
    let line: Value = serde_json::from_str(printed(&lines).trim_end()).unwrap();
    assert_eq!((lines.status.code(), &line["stopped"]["position"]), (Some(1), &json!(at)));
    let vain = server.run_as("operator", &["projection", "resume", "people"]);
    assert!(vain.status.code() == Some(1) && complaint(&vain).contains("v99"), "nothing is mended: {vain:?}");

    let (house, _) = server.stop().await;
    alter(&house, place, "consent.given.v99\"", "consent.given.v1\"").await;
    let server = house.serve().await;
    let operator = server.as_role("operator");
    for name in NAMES {
        assert_eq!(status(&operator, name).await["stopped"]["position"], at, "it stands over a start");
        let resumed = server.run_as("operator", &["projection", "resume", name]);
        assert!(
            resumed.status.success() && printed(&resumed).starts_with(&format!("{name} runs")),
            "{resumed:?}"
        );
        let line = format!("subject_record_projection_stopped{{projection=\"{name}\"}}");
        assert_eq!(metric(&operator, &line).await.as_deref(), Some("0"));
    }
    assert!(server.run_as("auditor", &["projection", "status"]).status.success());
    assert_eq!(digests(&operator, &last).await, whole);
}

#[tokio::test]
async fn projections_of_a_folder_that_no_process_owns_are_asked_and_built_anew() {
    let server = Server::new().await;
    let receipts = server.emitter().record(&events()).await;
    let last = receipts.last().unwrap()["position"].as_str().unwrap().to_owned();
    let live = digests(&server.as_role("operator"), &last).await;
    let (house, _) = server.stop().await;
    let run = |arguments: &[&str]| {
        let asked = ["projection", "--token", house.token("operator")];
        house.run(&[&asked[..], arguments].concat())
    };
    let built = run(&["rebuild", "--all", "--format", "json"]);
    assert!(built.status.success(), "{built:?}");
    let built: Value = serde_json::from_slice(&built.stdout).unwrap();
    let positions = built["projections"].as_array().unwrap().iter().map(|row| row["position"].clone());
    assert_eq!(positions.collect::<Vec<_>>(), [json!(last), json!(last)]);
    for (name, live) in NAMES.iter().zip(&live) {
        let shown = run(&["digest", name, "--at", &last, "--format", "json"]);
        assert_eq!(serde_json::from_slice::<Value>(&shown.stdout).unwrap(), *live, "{shown:?}");
    }
    let lines = printed(&run(&["list", "--format", "ndjson"]));
    let names = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["projection"].clone());
    assert_eq!(names.collect::<Vec<_>>(), NAMES);
    let unknown = run(&["rebuild", "nothing"]);
    assert!(
        unknown.status.code() == Some(1) && complaint(&unknown).contains("history, people"),
        "{unknown:?}"
    );
    for wrong in [&["rebuild"][..], &["rebuild", "people", "--all"]] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}
