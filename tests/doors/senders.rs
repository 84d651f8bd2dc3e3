//! Who may send and read what: tokens, roles and sources. Deny by default.

use serde_json::json;

use super::client::{BATCH, LINES, ONE};
use super::given::{Changed, answered, event, fresh, registered};
use super::server::Server;

const ROLES: [&str; 5] = ["emitter", "support", "auditor", "officer", "operator"];

#[tokio::test]
async fn without_a_good_token_nothing_is_answered() {
    let server = Server::new().await;
    let good = server.house().token("emitter").to_owned();
    let body = answered("p-invented-1").to_string();
    let name = "sr_emitter-1";
    let secret = good.strip_prefix("sr_emitter-1_").unwrap();
    let other_name = good.replace("emitter", "officer");
    let shorter = &good[..good.len() - 1];
    for bad in ["", "x", "sr_", name, secret, &other_name, shorter, &format!("{good}A"), &good.to_uppercase()]
    {
        let caller = server.emitter().with_token(bad);
        for path in [
            "/v1/events?source=platform/tests&id=e",
            "/v1/events/1",
            "/v1/subjects/p-invented-1",
            "/v1/tokens",
        ] {
            let answer = caller.get(path).await;
            assert_eq!(answer.refusal(), (401, "token.missing_or_unknown".into()), "{bad} {path}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
        let answer = caller.post("/v1/events", ONE, body.clone()).await;
        assert_eq!(answer.refusal(), (401, "token.missing_or_unknown".into()), "{bad}");
    }
    let bare = subject_record::outbound::client("", subject_record::outbound::Trust::Machine)
        .unwrap()
        .build()
        .unwrap();
    let request =
        bare.post(format!("http://{}/v1/events", server.address)).header("content-type", ONE).body(body);
    assert_eq!(server.emitter().send(request).await.refusal(), (401, "token.missing_or_unknown".into()));
    assert_eq!(server.as_role("auditor").last_position().await, 1, "nothing was written");
}

#[tokio::test]
async fn a_revoked_token_is_refused_from_then_on_also_after_a_restart() {
    let server = Server::new().await;
    let second = server.new_token("emitter-2", "emitter", &["platform/tests"]).await;
    assert_eq!(second.append(&answered("p-invented-1")).await.status, 201);
    let operator = server.as_role("operator");
    let revoked = operator.send(operator.request(reqwest::Method::DELETE, "/v1/tokens/emitter-2")).await;
    assert_eq!(revoked.status, 204, "{revoked:?}");
    let answer = second.append(&answered("p-invented-1")).await;
    assert_eq!(answer.refusal(), (401, "token.missing_or_unknown".into()));
    let again = operator.send(operator.request(reqwest::Method::DELETE, "/v1/tokens/emitter-2")).await;
    assert_eq!(again.refusal(), (404, "not_found".into()));
    let listed = operator.get("/v1/tokens").await.json();
    assert!(
        listed["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .any(|t| t["token"] == "emitter-2" && t["revoked_at"].is_string())
    );
    let (house, _) = server.stop().await;
    let revoked_at = house.run(&["token", "list", "--format", "json"]);
    assert!(String::from_utf8_lossy(&revoked_at.stdout).contains("emitter-2"), "{revoked_at:?}");
    let server = house.serve().await;
    let back = server.new_token("emitter-3", "emitter", &["platform/tests"]).await;
    assert_eq!(back.append(&answered("p-invented-1")).await.status, 201);
    let taken = json!({ "name": "emitter-2", "role": "emitter", "sources": ["platform/tests"] });
    let taken = server.as_role("operator").post("/v1/tokens", "application/json", taken.to_string()).await;
    assert_eq!(taken.refusal(), (400, "request.malformed".into()), "a name is not used twice");
}

#[tokio::test]
async fn each_route_is_for_its_roles_alone() {
    let server = Server::new().await;
    assert_eq!(server.emitter().append(&registered("p-invented-1")).await.status, 201);
    let get = reqwest::Method::GET;
    let post = reqwest::Method::POST;
    let delete = reqwest::Method::DELETE;
    let put = reqwest::Method::PUT;
    let hash = super::given::TEXT_HASH;
    for (method, path, roles) in [
        (&post, "/v1/events", &["emitter", "officer"][..]),
        (&get, "/v1/events?source=platform/tests&id=e", &["emitter", "auditor", "officer"]),
        (&get, "/v1/subjects/p-invented-1", &["support", "auditor", "officer"]),
        (&get, "/v1/subjects/p-invented-1/timeline", &["support", "auditor", "officer"]),
        (&post, "/v1/subjects/p-nobody-99/erasure", &["officer"]),
        (&put, &format!("/v1/texts/{hash}"), &["officer"]),
        (&get, &format!("/v1/texts/{hash}"), &ROLES),
        (&get, "/v1/rules", &["auditor", "officer", "operator"]),
        (&post, "/v1/rules", &["officer"]),
        (&get, "/v1/rules/text", &["auditor", "officer", "operator"]),
        (&get, "/v1/tokens", &["operator"]),
        (&post, "/v1/tokens", &["operator"]),
        (&delete, "/v1/tokens/nobody", &["operator"]),
    ] {
        for role in ROLES {
            let client = server.as_role(role);
            let answer = client.send(client.request(method.clone(), path)).await;
            let refused = answer.status == 403;
            assert_eq!(refused, !roles.contains(&role), "{method} {path} as {role}: {answer:?}");
            if refused {
                assert_eq!(answer.refusal(), (403, "role.forbids".into()));
            }
        }
    }
}

#[tokio::test]
async fn a_type_is_for_its_roles_alone() {
    let server = Server::new().await;
    let officer = server.as_role("officer");
    let office = server.as_role("auditor");
    for event in [registered("p-invented-1"), answered("p-invented-1")] {
        assert_eq!(officer.append(&event).await.refusal(), (403, "role.forbids".into()), "{event}");
    }
    for role in ["support", "auditor", "operator"] {
        for media_type in [ONE, BATCH, LINES] {
            let answer = server
                .as_role(role)
                .post("/v1/events", media_type, answered("p-invented-1").to_string())
                .await;
            assert_eq!(answer.refusal(), (403, "role.forbids".into()), "{role}");
        }
    }
    assert_eq!(office.last_position().await, 1, "nothing was written");
    let hash = super::given::TEXT_HASH;
    let posted = json!({ "version": "2026-01", "language": "ru", "text_hash": hash, "posted_at": "2026-01-12T04:00:00Z" });
    let policy = event("policy_version.published.v1", "", posted).without("/subject");
    assert_eq!(officer.append(&policy).await.status, 201, "the officer governs");
}

#[tokio::test]
async fn a_source_is_for_its_tokens_alone() {
    let server = Server::new().await;
    let other = server.new_token("emitter-2", "emitter", &["platform/consents"]).await;
    for source in
        ["platform/tests", "platform/consent", "platform/consents/x", "platform", "other", "subject-record"]
    {
        let event = answered("p-invented-1").with("/source", source).with("/id", fresh("e"));
        let answer = other.append(&event).await;
        assert_eq!(answer.refusal(), (403, "event.foreign_source".into()), "{source}");
        assert_eq!(answer.pointers(), ["/source"]);
    }
    assert_eq!(server.as_role("auditor").last_position().await, 1, "nothing was written");
    assert_eq!(
        other.append(&answered("p-invented-1").with("/source", "platform/consents")).await.status,
        201
    );
}

#[tokio::test]
async fn nobody_owns_the_source_of_the_services_own_events() {
    let server = Server::new().await;
    for (name, source) in [("emitter-all", "*"), ("emitter-own", "subject-record")] {
        let body = json!({ "name": name, "role": "emitter", "sources": [source] }).to_string();
        let made = server.as_role("operator").post("/v1/tokens", "application/json", body).await;
        if made.status != 201 {
            continue;
        }
        let emitter = server.emitter().with_token(made.json()["token"].as_str().unwrap());
        let event = answered("p-invented-1").with("/source", "subject-record").with("/id", fresh("own"));
        assert_eq!(emitter.append(&event).await.refusal(), (403, "event.foreign_source".into()), "{source}");
    }
    assert_eq!(server.as_role("auditor").last_position().await, 1, "nothing was written");
}

#[tokio::test]
async fn the_cookie_of_the_console_changes_nothing() {
    let server = Server::new().await;
    let token = server.house().token("emitter").to_owned();
    let bare = subject_record::outbound::client("", subject_record::outbound::Trust::Machine)
        .unwrap()
        .build()
        .unwrap();
    let request = bare
        .post(format!("http://{}/v1/events", server.address))
        .header("cookie", format!("subject_record_token={token}"))
        .header("content-type", ONE)
        .body(answered("p-invented-1").to_string());
    let answer = server.emitter().send(request).await;
    assert_eq!(
        answer.refusal(),
        (401, "token.missing_or_unknown".into()),
        "another site can make a browser send it"
    );
    assert_eq!(server.as_role("auditor").last_position().await, 1, "nothing was written");
}

#[tokio::test]
async fn a_token_that_sends_too_much_has_to_wait() {
    let house = super::server::House::new();
    let server = house.serve_with(&[("SUBJECT_RECORD_SERVER__TOKEN_EVENTS_PER_SECOND_MAX", "1")]).await;
    let mut refused = None;
    for _ in 0..30 {
        let answer = server.emitter().append(&answered("p-invented-1")).await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.refusal(), (429, "token.rate".into()));
    assert!(refused.headers.contains_key("retry-after"));
    let other = server.new_token("emitter-2", "emitter", &["platform/tests"]).await;
    assert_eq!(
        other.append(&answered("p-invented-1")).await.status,
        201,
        "another token has its own measure"
    );
}
