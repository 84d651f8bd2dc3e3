//! Published versions: which there are, which bound whom and when, what changed, as the real service answers.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::given::{Changed, event};
use super::server::Server;

/// Puts a text and answers its hash.
async fn put(officer: &Client, text: &str) -> String {
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(text));
    let request = officer.request(reqwest::Method::PUT, &format!("/v1/texts/{hash}")).body(text.to_owned());
    assert!(officer.send(request).await.status < 300);
    hash
}

/// A version of the policy, posted at an instant.
fn posted(version: &str, language: &str, text_hash: &str, at: &str) -> Value {
    let data = json!({ "version": version, "language": language, "text_hash": text_hash, "posted_at": at });
    event("policy_version.published.v1", "p-nobody-1", data).without("/subject").with("/time", at)
}

async fn published(officer: &Client, event: &Value) -> String {
    let answer = officer.append(event).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["position"].as_str().unwrap().to_owned()
}

fn versions(answer: &Answer) -> Vec<(String, bool)> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    let versions = answer["versions"].as_array().unwrap().iter();
    versions.map(|v| (v["version"].as_str().unwrap().to_owned(), v["in_force"] == true)).collect()
}

const OLD: &str = "1. Общие положения\n2. Данные хранятся в Казахстане.\n3. Иск подаётся в суд.\n";
const NEW: &str = "1. Общие положения\n2. Данные хранятся за рубежом.\n3. Иск подаётся в суд.\n";

#[tokio::test]
async fn a_version_is_in_force_from_posting_on_unless_it_says_otherwise_and_every_language_is_named() {
    let server = Server::new().await;
    let (officer, auditor) = (server.as_role("officer"), server.as_role("auditor"));
    let [old, new, kk] =
        [put(&officer, OLD).await, put(&officer, NEW).await, put(&officer, "1. Жалпы\n").await];
    published(&officer, &posted("2026-01", "ru", &old, "2026-01-12T04:00:00Z")).await;
    let second = published(&officer, &posted("2026-01", "kk", &kk, "2026-01-12T04:00:00Z")).await;
    let later = posted("2026-02", "ru", &new, "2026-02-01T04:00:00Z")
        .with("/data/effective_at", "2026-03-01T00:00:00Z")
        .with("/data/new_purposes", json!(["research"]))
        .with("/data/supersedes", "2026-01");
    published(&officer, &later).await;

    let at = async |query: &str| auditor.get(&format!("/v1/policies/in-force{query}")).await.json();
    assert_eq!(at("?at=2026-01-12T03:59:59Z").await["in_force"], Value::Null);
    let first = at("?at=2026-02-28T23:59:59Z").await;
    assert_eq!(first["in_force"]["version"], "2026-01", "{first}");
    let texts = first["in_force"]["texts"].as_array().unwrap();
    let told: Vec<_> =
        texts.iter().map(|t| (t["language"].as_str().unwrap(), t["text_hash"].as_str().unwrap())).collect();
    assert!(told.contains(&("ru", &old)) && told.contains(&("kk", &kk)) && told.len() == 2, "{told:?}");
    assert!(texts.iter().all(|text| text["kept"] == true), "{first}");
    assert_eq!(at("?at=2026-03-01T00:00:00Z").await["in_force"]["version"], "2026-02");
    assert_eq!(at(&format!("?at=2026-03-02&known_at={second}")).await["in_force"]["version"], "2026-01");

    let list = auditor.get("/v1/policies?at=2026-02-10").await;
    assert_eq!(versions(&list), [("2026-01".into(), true), ("2026-02".into(), false)]);
    let one = server.as_role("support").get("/v1/policies/2026-02").await.json();
    assert_eq!(
        (&one["new_purposes"], &one["supersedes"]),
        (&json!(["research"]), &json!(["2026-01"])),
        "{one}"
    );
    assert_eq!(one["effective_from"], "2026-03-01T00:00:00Z");
    assert_eq!(auditor.get("/v1/policies/2026-09").await.refusal(), (404, "not_found".into()));
    assert_eq!(auditor.get("/v1/policies?at=soon").await.refusal(), (400, "request.malformed".into()));
    assert_eq!(server.emitter().get("/v1/policies").await.refusal(), (403, "role.forbids".into()));
}

#[tokio::test]
async fn of_two_postings_in_one_second_the_later_one_binds() {
    let server = Server::new().await;
    let officer = server.as_role("officer");
    let hash = put(&officer, OLD).await;
    // Told in the other order of their names: position decides.
    published(&officer, &posted("b-first", "ru", &hash, "2026-01-12T04:00:00Z")).await;
    published(&officer, &posted("a-second", "ru", &hash, "2026-01-12T04:00:00Z")).await;
    let in_force = officer.get("/v1/policies/in-force?at=2026-01-12T04:00:00Z").await.json();
    assert_eq!(in_force["in_force"]["version"], "a-second");
    let list = versions(&officer.get("/v1/policies?at=2026-01-12T04:00:00Z").await);
    assert_eq!(list, [("b-first".into(), false), ("a-second".into(), true)]);
}

#[tokio::test]
async fn the_difference_of_two_texts_names_the_words_that_changed() {
    let server = Server::new().await;
    let officer = server.as_role("officer");
    let (old, new) = (put(&officer, OLD).await, put(&officer, NEW).await);
    published(&officer, &posted("2026-01", "ru", &old, "2026-01-12T04:00:00Z")).await;
    published(&officer, &posted("2026-02", "ru", &new, "2026-02-12T04:00:00Z")).await;
    let absent = "9".repeat(64);
    published(&officer, &posted("2026-03", "ru", &absent, "2026-03-12T04:00:00Z")).await;

    let difference = officer.get("/v1/policies/difference?from=2026-01&to=2026-02&lang=ru").await.json();
    let lines = difference["hunks"][0]["lines"].as_array().unwrap();
    let kinds: Vec<_> = lines.iter().map(|line| line["change"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["same", "removed", "added", "same"], "{difference}");
    let changed = |line: &Value| -> String {
        let parts = line["parts"].as_array().unwrap().iter().filter(|part| part["changed"] == true);
        parts.map(|part| part["text"].as_str().unwrap()).collect()
    };
    assert!(
        changed(&lines[1]).contains("Казахстане") && changed(&lines[2]).contains("рубежом"),
        "{difference}"
    );
    assert!(!changed(&lines[1]).contains("хранятся"), "{difference}");
    let same = officer.get("/v1/policies/difference?from=2026-01&to=2026-01&lang=ru").await.json();
    assert_eq!(same["hunks"], json!([]));
    for query in
        ["from=2026-01&to=2026-02&lang=kk", "from=2026-01&to=2026-03&lang=ru", "from=x&to=2026-01&lang=ru"]
    {
        let refused = officer.get(&format!("/v1/policies/difference?{query}")).await;
        assert_eq!(refused.refusal(), (404, "not_found".into()), "{query}");
    }
    assert_eq!(officer.get("/v1/policies/difference?from=2026-01").await.status, 400);

    let printed = server.run_as("auditor", &["policy", "diff", "2026-01", "2026-02"]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("\n-2. Данные") && printed.contains("\n+2. Данные"), "{printed}");
    let listed = server.run_as("auditor", &["policy", "list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("2026-01") && listed.contains("in force"), "{listed}");
    let in_force =
        server.run_as("auditor", &["policy", "in-force", "--at", "2026-01-20", "--format", "json"]);
    let in_force: Value = serde_json::from_slice(&in_force.stdout).unwrap();
    assert_eq!(in_force["in_force"]["version"], "2026-01");
}

#[tokio::test]
async fn consent_texts_are_listed_with_what_they_say_of_themselves() {
    let server = Server::new().await;
    let officer = server.as_role("officer");
    let hash = put(&officer, OLD).await;
    let data = json!({
        "text_id": "services", "version": "3", "language": "ru", "text_hash": hash, "operator_named": true,
        "purposes": ["service"], "term": { "months": 12 },
    });
    let text = event("consent_text.published.v1", "p-nobody-1", data).without("/subject");
    published(&officer, &text).await;
    let texts = officer.get("/v1/policies/consent-texts").await.json();
    let text = &texts["consent_texts"][0];
    assert_eq!(
        (&text["text_id"], &text["kept"], &text["purposes"]),
        (&json!("services"), &json!(true), &json!(["service"])),
        "{texts}"
    );
    let before = officer.get("/v1/policies/consent-texts?at=2025-01-01").await.json();
    assert_eq!(before["consent_texts"], json!([]));
}
