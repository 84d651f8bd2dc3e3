//! The registers over HTTP and the command line: searched by their columns, at two times, page by page, in three forms.

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::given::{Changed, answered, consented, disclosed, event, fresh, moved_to, registered};
use super::server::Server;

/// Position up to which the log has come.
async fn head(auditor: &Client) -> String {
    format!("{:016}", auditor.last_position().await)
}

/// A list that knows all that was recorded.
async fn list(auditor: &Client, path: &str) -> Value {
    let sign = if path.contains('?') { '&' } else { '?' };
    let answer = auditor.get(&format!("{path}{sign}after={}", head(auditor).await)).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

fn rows(answer: &Value) -> &[Value] {
    answer["rows"].as_array().unwrap_or_else(|| unreachable!("{answer}"))
}

fn members(answer: &Value, member: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    rows(answer).iter().map(|row| text(&row[member])).collect()
}

async fn accepting(client: &Client, path: &str, media_type: &str) -> Answer {
    client.send(client.request(reqwest::Method::GET, path).header("accept", media_type)).await
}

#[tokio::test]
async fn history_is_searched_by_every_column_and_speaks_in_sentences() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let made = disclosed("p-invented-2").with("/actor", "staff-1").with("/correlationid", "case-7");
    let made = made.with("/time", "2026-03-02T06:40:00Z");
    emitter
        .record(&[
            registered("p-invented-1"),
            consented("p-invented-1"),
            registered("p-invented-2"),
            made.clone(),
        ])
        .await;
    let id = made["id"].as_str().unwrap();
    for (query, found) in [
        ("type=disclosure.made.v1", 1),
        ("actor=staff-1", 1),
        ("correlation=case-7", 1),
        ("purposes=service&type=disclosure.made.v1", 1),
        ("purposes=advertising", 0),
        ("ground=3.5.1", 1),
        ("recipient=lawyer-bureau-7", 1),
        ("subject=p-invented-2&type=disclosure.made.v1", 1),
        ("from=2026-03-02&to=2026-03-02", 1),
        ("from=2026-03-02T06:40:00Z&to=2026-03-02T06:40:00Z", 1),
        ("to=2026-03-01&type=disclosure.made.v1", 0),
        ("as_of=2026-03-01&type=disclosure.made.v1", 0),
        ("known_at=1&type=disclosure.made.v1", 0),
    ] {
        let answer = list(&auditor, &format!("/v1/history?lang=en&{query}")).await;
        assert_eq!(rows(&answer).len(), found, "{query}: {answer}");
        if found == 1 {
            let row = &rows(&answer)[0];
            assert_eq!(row["id"], id, "{query}");
            assert!(row["sentence"].as_str().unwrap().contains("lawyer-bureau-7"), "{row}");
            assert_eq!((&row["stream"], &row["actor"]), (&json!("subject-p-invented-2"), &json!("staff-1")));
            assert_eq!((row["leaf_hash"].as_str().unwrap().len(), row["data"].get("personal")), (64, None));
        }
    }
    let all = list(&auditor, "/v1/history?subject=p-invented-1").await;
    assert!(!all.to_string().contains("gulnur@example.kz"), "pseudonymous: {all}");
}

#[tokio::test]
async fn a_list_answers_as_of_one_time_and_as_known_at_another() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let early = disclosed("p-invented-1").with("/time", "2026-02-20T00:00:00Z");
    let receipts = emitter.record(&[registered("p-invented-1"), early.clone()]).await;
    let known = receipts[1]["position"].as_str().unwrap();
    let late = disclosed("p-invented-1").with("/time", "2026-02-10T00:00:00Z");
    emitter.record(std::slice::from_ref(&late)).await;
    let ids = async |query: &str| {
        members(&list(&auditor, &format!("/v1/disclosures?{query}")).await, "disclosure_id")
    };
    let id = |event: &Value| event["data"]["disclosure_id"].as_str().unwrap().to_owned();
    assert_eq!(ids("").await, [id(&late), id(&early)], "in the order of happening");
    assert_eq!(ids("newest_first=true").await, [id(&early), id(&late)]);
    assert_eq!(ids("as_of=2026-02-15").await, [id(&late)]);
    assert_eq!(ids(&format!("known_at={known}")).await, [id(&early)], "the late one had not come in");
    assert_eq!(ids(&format!("known_at={known}&as_of=2026-02-15")).await, Vec::<String>::new());
    let answer = list(&auditor, &format!("/v1/disclosures?known_at={known}")).await;
    assert_eq!(answer["known_at"], *known, "{answer}");
}

#[tokio::test]
async fn each_register_has_its_own_columns_and_refuses_what_is_none() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let out_of_list = disclosed("p-invented-1").with("/data/ground", "none").without("/data/ground_ref");
    emitter
        .record(&[
            registered("p-invented-1"),
            consented("p-invented-1"),
            answered("p-invented-1"),
            out_of_list,
        ])
        .await;
    server.as_role("officer").look("/v1/subjects/p-invented-1", "claim; case=\"T-7\"").await;
    for (path, found) in [
        ("/v1/consents?state=given&purpose=service", 1),
        ("/v1/consents?state=withdrawn", 0),
        ("/v1/consents?categories=iin", 1),
        ("/v1/consents?public=true", 0),
        ("/v1/acceptances?policy_version=2026-01&answer=accepted", 1),
        ("/v1/acceptances?language=ru", 0),
        ("/v1/disclosures?recipient=lawyer-bureau-7&ground=none&country=KZ", 1),
        ("/v1/disclosures?ground=3.4.1", 0),
        ("/v1/accesses?viewer=officer-1&purpose=claim&case_ref=T-7", 1),
        ("/v1/accesses?purpose=audit", 0),
    ] {
        let answer = list(&auditor, path).await;
        assert_eq!(rows(&answer).len(), found, "{path}: {answer}");
        assert!(members(&answer, "subject").iter().all(|subject| subject == "p-invented-1"), "{answer}");
    }
    for path in [
        "/v1/consents?colour=red",
        "/v1/consents?state=red",
        "/v1/consents?categories=shoe_size",
        "/v1/consents?subject=910708200012",
        "/v1/history?type=x.y.v1",
        "/v1/history?limit=0",
        "/v1/history?limit=many",
        "/v1/history?limit=1&limit=2",
        "/v1/history?cursor=x",
        "/v1/history?after=soon",
        "/v1/history?lang=de",
        "/v1/findings?finding=F99",
        "/v1/deadlines?as_of=soon",
        "/v1/accesses?newest_first=perhaps",
    ] {
        let refused = auditor.get(path).await;
        assert_eq!(refused.refusal(), (400, "request.malformed".into()), "{path}");
        assert!(!String::from_utf8_lossy(&refused.body).contains("910708200012"), "nothing is repeated");
    }
    let named = auditor.get("/v1/consents?colour=red").await.json();
    assert!(named["detail"].as_str().unwrap().contains("consent_id"), "the known ones are named: {named}");
    let words = auditor.get("/v1/consents?state=red").await.json();
    assert!(words["detail"].as_str().unwrap().contains("withdrawn"), "{words}");
}

#[tokio::test]
async fn a_finding_names_the_events_that_prove_it_by_page_and_by_command() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let unlawful = disclosed("p-invented-1").with("/data/ground", "none").without("/data/ground_ref");
    emitter.record(&[registered("p-invented-1"), unlawful.clone()]).await;
    let found = list(&auditor, "/v1/findings?state=open&recipient=lawyer-bureau-7").await;
    assert!(!rows(&found).is_empty(), "{found}");
    for row in rows(&found) {
        let events = row["evidence_events"].as_array().unwrap();
        assert_eq!(events.len(), row["evidence"].as_array().unwrap().len(), "{row}");
        let about = &events[0];
        assert_eq!((&about["id"], &about["type"]), (&unlawful["id"], &json!("disclosure.made.v1")), "{row}");
        assert!(
            row["severity"].is_string() && row["known_from"].is_string() && row["holds_from"].is_string(),
            "{row}"
        );
    }
    let after = head(&auditor).await;
    let printed =
        server.run_as("auditor", &["finding", "list", "--recipient", "lawyer-bureau-7", "--after", &after]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(
        printed.contains("p-invented-1") && printed.contains(rows(&found)[0]["finding"].as_str().unwrap()),
        "{printed}"
    );
    let lines = ["history", "--type", "disclosure.made.v1", "--format", "ndjson", "--after", &after];
    let lines = String::from_utf8(server.run_as("auditor", &lines).stdout).unwrap();
    let line: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((lines.lines().count(), &line["id"]), (1, &unlawful["id"]));
    let wrong = server.run_as("auditor", &["finding", "list", "--finding", "F99"]);
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("request.malformed"));
}

#[tokio::test]
async fn pages_cover_every_row_once_and_streams_have_them_all() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let mut events = vec![registered("p-invented-1")];
    events.extend((0..11).map(|n| {
        moved_to("p-invented-1", "new@example.kz")
            .with("/time", format!("2026-02-{:02}T00:00:00Z", 4 + n % 5))
    }));
    emitter.record(&events).await;
    let path = "/v1/history?type=profile.changed.v1";
    let whole = members(&list(&auditor, path).await, "position");
    assert_eq!(whole.len(), 11);
    for (limit, newest_first) in [(1, false), (4, false), (5, true), (11, true)] {
        let (mut read, mut cursor) = (Vec::new(), String::new());
        loop {
            let page =
                list(&auditor, &format!("{path}&limit={limit}&newest_first={newest_first}{cursor}")).await;
            read.extend(members(&page, "position"));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if newest_first {
            read.reverse();
        }
        assert_eq!(read, whole, "limit {limit}");
    }
    let ndjson = accepting(&auditor, path, "application/x-ndjson").await;
    let streamed: Vec<_> =
        ndjson.lines().iter().map(|row| row["position"].as_str().unwrap().to_owned()).collect();
    assert_eq!(streamed, whole);
    let csv = accepting(&auditor, path, "text/csv").await;
    assert!(csv.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    let csv = String::from_utf8(csv.body).unwrap();
    assert!(csv.starts_with("position,time,recorded_at,stream,subject,type,sentence"), "{csv}");
    assert_eq!(csv.split("\r\n").filter(|line| !line.is_empty()).count(), 12, "{csv}");
    let page = accepting(&auditor, &format!("{path}&limit=4"), "text/csv").await;
    let next = page.headers["record-next"].to_str().unwrap().to_owned();
    let rest = list(&auditor, &format!("{path}&cursor={next}")).await;
    assert_eq!(members(&rest, "position"), whole[4..]);
}

#[tokio::test]
async fn a_question_waits_for_what_was_just_recorded_and_says_how_far_it_is_when_that_is_not_to_be() {
    let server =
        super::server::House::new().serve_with(&[("SUBJECT_RECORD_SERVER__AFTER_SECONDS_MAX", "1")]).await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    for _ in 0..5 {
        let person = fresh("p-invented");
        let position =
            emitter.append(&registered(&person)).await.json()["position"].as_str().unwrap().to_owned();
        let found = auditor.get(&format!("/v1/history?subject={person}&after={position}")).await.json();
        assert_eq!(rows(&found).len(), 1, "{found}");
    }
    let beyond = auditor.get("/v1/history?after=999999").await;
    assert_eq!(beyond.refusal(), (504, "rows.behind".into()));
    assert!(beyond.json()["detail"].as_str().unwrap().contains("00000000000000"), "{beyond:?}");
}

#[tokio::test]
async fn support_asks_about_one_person_and_never_who_looked() {
    let server = Server::new().await;
    server.emitter().record(&[registered("p-invented-1"), registered("p-invented-2")]).await;
    server.as_role("officer").look("/v1/subjects/p-invented-1", "claim").await;
    let (support, auditor) = (server.as_role("support"), server.as_role("auditor"));
    let all = list(&auditor, "/v1/history?subject=p-invented-1").await;
    assert!(members(&all, "type").contains(&"record.viewed.v1".to_owned()), "{all}");
    let own = list_as(&support, &auditor, "/v1/history?subject=p-invented-1").await;
    assert_eq!(members(&own.json(), "type"), ["subject.registered.v1"]);
    for path in
        ["/v1/history", "/v1/findings", "/v1/history?subject=office", "/v1/accesses?subject=p-invented-1"]
    {
        assert_eq!(support.get(path).await.refusal(), (403, "role.forbids".into()), "{path}");
    }
    for role in ["emitter", "operator"] {
        assert_eq!(server.as_role(role).get("/v1/history?subject=p-invented-1").await.status, 403, "{role}");
    }
}

async fn list_as(reader: &Client, auditor: &Client, path: &str) -> Answer {
    reader.get(&format!("{path}&after={}", head(auditor).await)).await
}

#[tokio::test]
async fn who_has_not_answered_a_version_is_told_until_they_do() {
    let server = Server::new().await;
    let (emitter, auditor) = (server.emitter(), server.as_role("auditor"));
    let officer = server.as_role("officer");
    let data = json!({ "version": "2026-01", "language": "ru", "text_hash": super::given::TEXT_HASH, "posted_at": "2026-01-12T04:00:00Z" });
    let policy = event("policy_version.published.v1", "p-nobody-1", data).without("/subject");
    assert_eq!(officer.append(&policy).await.status, 201);
    let people: Vec<_> = (0..5).map(|_| fresh("p-invented")).collect();
    let registrations: Vec<_> = people.iter().map(|person| registered(person)).collect();
    emitter.record(&registrations).await;
    emitter.record(&[answered(&people[1]), answered(&people[3]), consented("p-unregistered-1")]).await;
    let path = "/v1/policies/2026-01/unanswered";
    let mut told = members(&list(&auditor, path).await, "subject");
    told.sort();
    let mut expected = vec![people[0].clone(), people[2].clone(), people[4].clone()];
    expected.sort();
    assert_eq!(told, expected);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(&auditor, &format!("{path}?limit=1{cursor}")).await;
        assert!(rows(&page).len() <= 1);
        paged.extend(members(&page, "subject"));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    paged.sort();
    assert_eq!(paged, expected);
    assert_eq!(auditor.get("/v1/policies/2099-01/unanswered").await.refusal(), (404, "not_found".into()));
    let printed = server.run_as("auditor", &["policy", "unanswered", "2026-01", "--format", "csv"]);
    assert_eq!(String::from_utf8(printed.stdout).unwrap().lines().count(), 4);
}
