//! A person's own copy: everything held and done and who looked, without what is under secrecy, unless for a court.

use serde_json::{Value, json};

use super::given::{Changed, IIN, answered, consented, disclosed, event, fresh, registered};
use super::server::Server;

const PERSON: &str = "p-invented-1";

fn export(query: &str) -> String {
    format!("/v1/subjects/{PERSON}/export{query}")
}

/// A request of a state body, and the disclosure that answers it.
fn asked_by_the_police(secrecy: bool) -> Vec<Value> {
    let (request, disclosure) = (fresh("sr"), fresh("d"));
    let received = json!({
        "request_id": request, "recipient_id": "police-almaty-2", "number": "7712-26", "dated": "2026-03-13",
        "reasons_given": true, "signed": true, "scope_categories": ["full_name"], "secrecy": secrecy,
    });
    let decided = json!({ "request_id": request, "decision": "comply", "categories_allowed": ["full_name"] });
    let made = disclosed(PERSON)
        .with("/data/ground", "3.4.1")
        .with("/data/ground_ref", request.as_str())
        .with("/data/disclosure_id", disclosure.as_str())
        .with("/data/recipient_id", "police-almaty-2")
        .with("/time", "2026-03-18T04:00:00Z");
    vec![
        event("state_request.received.v1", PERSON, received).with("/time", "2026-03-16T04:00:00Z"),
        event("state_request.decided.v1", PERSON, decided).with("/time", "2026-03-17T04:00:00Z"),
        made,
    ]
}

fn types(copy: &Value) -> Vec<&str> {
    copy["timeline"].as_array().unwrap().iter().map(|entry| entry["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_copy_holds_values_consents_answers_disclosures_and_who_looked() {
    let server = Server::new().await;
    let officer = server.as_role("officer");
    let events = [
        registered(PERSON).with("/actor", "staff-1"),
        consented(PERSON),
        answered(PERSON),
        disclosed(PERSON),
    ];
    server.emitter().record(&events).await;
    officer.look(&format!("/v1/subjects/{PERSON}"), "claim; case=\"T-7\"").await;

    let copy = officer.look(&export("?lang=en"), "subject_request").await;
    assert_eq!(copy.status, 200, "{copy:?}");
    let copy = copy.json();
    assert_eq!(copy["form"], "subject-record.copy.v1");
    assert_eq!(copy["profile"]["iin"]["value"], IIN);
    assert_eq!(types(&copy).len(), 4, "{copy}");
    assert_eq!(copy["timeline"][0]["personal"]["state"], "open");
    assert_eq!(copy["consents"].as_object().unwrap().len(), 1);
    assert_eq!(copy["acceptances"].as_array().unwrap().len(), 1);
    let looks = copy["consultations"].as_array().unwrap();
    assert_eq!(looks.len(), 1, "the copy itself is looked at after it is gathered: {copy}");
    assert_eq!((&looks[0]["role"], &looks[0]["purpose"]), (&json!("officer"), &json!("claim")));
    let text = copy.to_string();
    for hidden in ["officer-1", "staff-1", "T-7", "\"findings\"", "\"revision\""] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let again = officer.look(&export(""), "subject_request").await.json();
    let looks = again["consultations"].as_array().unwrap();
    assert_eq!((looks.len(), &looks[1]["what"]), (2, &json!("export")), "each copy is itself a look");
}

#[tokio::test]
async fn a_copy_is_given_for_a_purpose_to_those_who_may_make_one() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON)]).await;
    let officer = server.as_role("officer");
    assert_eq!(officer.get(&export("")).await.refusal(), (400, "access.purpose_missing".into()));
    let support = server.as_role("support").look(&export(""), "support").await;
    assert_eq!(support.refusal(), (403, "role.forbids".into()));
    let auditor = server.as_role("auditor");
    assert_eq!(
        auditor.look(&export(""), "subject_request").await.refusal().0,
        403,
        "not an auditor's purpose"
    );
    assert_eq!(officer.look(&export("?findings=true"), "audit").await.refusal().0, 403, "for auditors");
    assert!(auditor.look(&export("?findings=true"), "audit").await.json()["findings"].is_array());
    let nobody = officer.look("/v1/subjects/p-nobody-99/export", "subject_request").await;
    assert_eq!(nobody.refusal(), (404, "not_found".into()));
    assert_eq!(officer.look(&export("?colour=red"), "subject_request").await.status, 400);
}

#[tokio::test]
async fn what_is_under_secrecy_of_investigation_is_for_a_court_alone() {
    let server = Server::new().await;
    let officer = server.as_role("officer");
    let (secret, open) = (asked_by_the_police(true), asked_by_the_police(false));
    let mut events = vec![registered(PERSON)];
    events.extend(secret.iter().chain(&open).cloned());
    server.emitter().record(&events).await;
    let request = secret[0]["data"]["request_id"].as_str().unwrap();
    let disclosure = secret[2]["data"]["disclosure_id"].as_str().unwrap();

    let own = officer.look(&export(""), "subject_request").await.json();
    assert_eq!(types(&own).len(), 4, "{own}");
    for hidden in [request, disclosure] {
        assert!(!own.to_string().contains(hidden), "{hidden}: {own}");
    }
    assert!(own.to_string().contains(open[2]["data"]["disclosure_id"].as_str().unwrap()), "{own}");
    let page = officer.request(reqwest::Method::GET, &export("?lang=en")).header("accept", "text/html");
    let page = officer.send(page.header("access-purpose", "subject_request")).await;
    assert!(!String::from_utf8(page.body).unwrap().contains(request));
    let whole = officer.look(&export(""), "court; case=\"2-117\"").await.json();
    assert_eq!(types(&whole).len(), 7);
    assert!(whole.to_string().contains(request) && whole.to_string().contains(disclosure));
}

#[tokio::test]
async fn the_page_is_whole_in_itself_and_says_the_same_in_three_languages() {
    let server = Server::new().await;
    let officer = server.as_role("officer");
    server.emitter().record(&[registered(PERSON), consented(PERSON), disclosed(PERSON)]).await;
    for (language, title) in [
        ("ru", "Копия ваших персональных данных"),
        ("kk", "Дербес деректеріңіздің көшірмесі"),
        ("en", "A copy of your personal data"),
    ] {
        let request = officer.request(reqwest::Method::GET, &export(&format!("?lang={language}")));
        let request = request.header("accept", "text/html").header("access-purpose", "subject_request");
        let answer = officer.send(request).await;
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
        let page = String::from_utf8(answer.body).unwrap();
        assert!(page.contains(title) && page.contains(IIN) && page.contains("Гүлнұр"), "{page}");
        for outside in ["<script", "http://", "https://", "src=", "@import", "<link"] {
            assert!(!page.contains(outside), "{outside} in {page}");
        }
    }
}

#[tokio::test]
async fn the_command_writes_both_files_by_one_look_and_over_none_that_is_there() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON)]).await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let command = ["subject", "export", PERSON, "--purpose", "subject_request", "--out", out, "--lang", "en"];
    let done = server.run_as("officer", &command);
    assert!(done.status.success(), "{done:?}");
    let read = |end: &str| std::fs::read_to_string(folder.path().join(format!("{PERSON}.{end}"))).unwrap();
    let copy: Value = serde_json::from_str(&read("json")).unwrap();
    assert_eq!((&copy["profile"]["iin"]["value"], copy.get("page")), (&json!(IIN), None));
    assert!(read("html").contains("A copy of your personal data"));
    assert!(!server.run_as("officer", &command).status.success(), "the files are there");
    let looks = server.as_role("officer").look(&export(""), "subject_request").await.json();
    assert_eq!(looks["consultations"].as_array().unwrap().len(), 2, "one look a command: {looks}");
}
