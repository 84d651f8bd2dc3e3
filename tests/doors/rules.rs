//! Rules and working days through the real doors, and what `doctor` makes of them.

use chrono::Datelike;
use serde_json::{Value, json};
use subject_record_projections::rules::RulePack;

use super::client::Answer;
use super::given::{Changed, event, now, text_of};
use super::server::Server;

/// The program's own pack under another version.
fn pack(version: &str) -> String {
    RulePack::BUILT_IN_TEXT.replacen("2026-1", version, 1)
}

async fn publish(server: &Server, text: &str) -> Answer {
    server.as_role("officer").post("/v1/rules", "application/toml", text.to_owned()).await
}

#[tokio::test]
async fn a_pack_is_published_once_and_is_in_force_from_then_on() {
    let server = Server::new().await;
    let auditor = server.as_role("auditor");
    let before = auditor.get("/v1/rules").await.json();
    assert_eq!((&before["pack"]["name"], &before["simulated"]), (&json!("kz-94v@2026-1"), &json!(false)));
    assert_eq!(before["pack"]["origin"], "built_in");
    let first = publish(&server, &pack("2026-2")).await;
    assert_eq!(first.status, 201, "{first:?}");
    let (published, again) = (first.json(), publish(&server, &pack("2026-2")).await);
    assert_eq!((again.status, again.json()), (200, published.clone().with("/seen_before", true)));
    let after = auditor.get("/v1/rules").await.json();
    assert_eq!(after["pack"]["name"], "kz-94v@2026-2");
    assert_eq!(after["pack"]["position"], published["position"]);
    let position = published["position"].as_str().unwrap();
    let stored = auditor.get(&format!("/v1/events/{position}")).await.json();
    assert_eq!(stored["type"], "rule_pack.published.v1");
    assert_eq!((&stored["actor"], &stored["recordedby"]), (&json!("officer-1"), &json!("service")));
    assert_eq!(stored["data"]["supersedes"], "2026-1");
    let hash = published["text_hash"].as_str().unwrap();
    assert_eq!(auditor.get(&format!("/v1/texts/{hash}")).await.body, pack("2026-2").into_bytes());
    for (query, text) in [("", pack("2026-2")), ("?version=2026-1", RulePack::BUILT_IN_TEXT.into())] {
        let answer = auditor.get(&format!("/v1/rules/text{query}")).await;
        assert_eq!(answer.headers["content-type"], "application/toml");
        assert_eq!(answer.body, text.into_bytes(), "{query}");
    }
    assert_eq!(auditor.get("/v1/rules/text?version=2031-1").await.refusal(), (404, "not_found".into()));
    let (house, _) = server.stop().await;
    let server = house.serve().await;
    assert_eq!(publish(&server, &pack("2026-2")).await.status, 200, "after a restart too");
    assert_eq!(server.as_role("operator").get("/v1/rules").await.json()["pack"]["name"], "kz-94v@2026-2");
}

#[tokio::test]
async fn a_version_is_given_one_text_and_a_text_that_is_none_says_where() {
    let server = Server::new().await;
    assert_eq!(publish(&server, &pack("2026-2")).await.status, 201);
    let last = server.as_role("auditor").last_position().await;
    for other in [pack("2026-2") + "# more\n", pack("2026-1") + "# more\n"] {
        let refused = publish(&server, &other).await;
        assert_eq!(refused.refusal(), (409, "rules.version_taken".into()));
        assert!(refused.json()["detail"].as_str().unwrap().contains("give it a new version"), "{refused:?}");
    }
    let broken = pack("2026-3").replacen("[limits]", "[limits", 1);
    let line = broken.lines().position(|line| line == "[limits").unwrap() + 1;
    let refused = publish(&server, &broken).await;
    assert_eq!(refused.refusal(), (422, "rules.invalid".into()));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with(&format!("line {line}, column ")), "{detail}");
    let officer = server.as_role("officer");
    let not_text = officer.post("/v1/rules", "application/toml", vec![0xFF, 0xFE]).await;
    assert_eq!(not_text.refusal(), (422, "rules.invalid".into()));
    let long = officer.post("/v1/rules", "application/toml", "#".repeat((1 << 20) + 1)).await;
    assert_eq!(long.refusal(), (413, "event.too_large".into()));
    assert_eq!(server.as_role("auditor").last_position().await, last, "nothing was written");
}

/// Publishes invented working days of every year up to the one after this.
async fn know_the_working_days(server: &Server) {
    for year in 2027..=now().year() + 1 {
        let data = json!({
            "year": year, "version": format!("kz-{year}-1"), "days_off": [format!("{year}-01-01")],
            "source_ref": format!("order-{year}"), "published_at": text_of(now()),
        });
        let published = event("work_calendar.published.v1", "", data).without("/subject");
        let published = published.with("/time", text_of(now()));
        assert_eq!(server.as_role("officer").append(&published).await.status, 201);
    }
}

/// What `doctor` found, by check, and its exit status.
fn doctor(server: &Server, role: &str, arguments: &[&str]) -> (Vec<(String, String)>, Option<i32>) {
    let output = server.run_as(role, &[&["doctor", "--format", "json"], arguments].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| unreachable!("{output:?}"));
    let text = |check: &Value, member: &str| check[member].as_str().unwrap().to_owned();
    let checks = answer["checks"].as_array().unwrap();
    (checks.iter().map(|check| (text(check, "name"), text(check, "level"))).collect(), output.status.code())
}

#[tokio::test]
async fn the_doctor_is_content_when_working_days_are_known_and_warns_when_they_end_soon() {
    let server = Server::new().await;
    know_the_working_days(&server).await;
    let level = |found: &[(String, String)], name: &str| {
        found.iter().find(|(check, _)| check == name).map(|(_, level)| level.clone()).unwrap()
    };
    for role in ["operator", "auditor", "officer"] {
        let (found, status) = doctor(&server, role, &[]);
        assert_eq!(status, Some(0), "{found:?}");
        for check in ["server", "clock", "rules", "calendar", "log"] {
            assert_eq!(level(&found, check), "ok", "{check} as {role}: {found:?}");
        }
    }
    let (found, status) = doctor(&server, "operator", &["--calendar-warning-days", "1000"]);
    assert_eq!((level(&found, "calendar"), status), ("warn".into(), Some(0)), "a warning is no failure");
    let shown = server.run_as("operator", &["doctor", "--calendar-warning-days", "1000"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    let line = shown.lines().find(|line| line.contains("calendar")).unwrap();
    assert!(line.starts_with("warn") && line.contains("work_calendar.published.v1"), "{shown}");
}

#[tokio::test]
async fn the_doctor_fails_where_it_may_not_ask_or_nobody_answers() {
    let server = Server::new().await;
    know_the_working_days(&server).await;
    let (found, status) = doctor(&server, "emitter", &[]);
    assert_eq!(status, Some(1), "{found:?}");
    assert!(found.contains(&("rules".into(), "fail".into())), "{found:?}");
    let (house, _) = server.stop().await;
    let nobody = house.run(&["doctor", "--url", "http://127.0.0.1:9", "--token", "sr_x", "--format", "json"]);
    assert_eq!(nobody.status.code(), Some(1));
    let answer: Value = serde_json::from_slice(&nobody.stdout).unwrap();
    assert_eq!((&answer["healthy"], &answer["checks"][0]["name"]), (&json!(false), &json!("server")));
    let inside = house.run(&["doctor", "--token", house.token("operator")]);
    assert!(inside.status.success(), "a folder that no process owns: {inside:?}");
}

#[tokio::test]
async fn rules_are_shown_copied_and_published_on_the_command_line() {
    let server = Server::new().await;
    let text = server.run_as("auditor", &["rules", "text"]);
    assert_eq!(String::from_utf8(text.stdout).unwrap(), RulePack::BUILT_IN_TEXT);
    let file = server.house().path("pack.toml");
    std::fs::write(&file, pack("2026-2")).unwrap();
    let said = |again: bool| {
        let output = server.run_as("officer", &["rules", "publish", file.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        let word = if again { "kz-94v@2026-2 was published before" } else { "kz-94v@2026-2 is published" };
        assert!(said.starts_with(word) && said.contains("2025-01-01 00:00:00"), "{said}");
    };
    said(false);
    said(true);
    let shown = String::from_utf8(server.run_as("auditor", &["rules", "show"]).stdout).unwrap();
    let pack = shown.lines().find(|line| line.starts_with("kz-94v@2026-2")).unwrap();
    assert!(pack.contains("yes") && shown.contains("kz-2026-2"), "{shown}");
    let json = server.run_as("auditor", &["rules", "show", "--format", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["pack"]["name"], "kz-94v@2026-2");
    let refused = server.run_as("auditor", &["rules", "publish", file.to_str().unwrap()]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && said.contains("role.forbids"), "{said}");
}
