//! The form by which a dossier is taken from the page.

use subject_record::outbound::{Trust, client};

use super::given::{PERSON, files_of, read};
use crate::doors::given::{consented, registered};
use crate::doors::server::Server;

/// What came back: status, media type, body.
type Answer = (u16, String, Vec<u8>);

/// Sends the form as a browser would that is signed in as a role.
async fn send(server: &Server, role: &str, fields: &[(&str, &str)], site: &str) -> Answer {
    let http = client("", Trust::Machine).unwrap().build().unwrap();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookie = format!("subject_record_token={}", server.house().token(role));
    let response = http
        .post(format!("http://{}/dossier", server.address))
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", site)
        .body(body.join("&"))
        .send()
        .await
        .unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (response.status().as_u16(), kind.unwrap_or_default(), response.bytes().await.unwrap().to_vec())
}

const FORM: [(&str, &str); 6] = [
    ("lang", "kk"),
    ("subject", PERSON),
    ("purpose", "court"),
    ("case", "C-1"),
    ("asked_by", "court"),
    ("values", "withheld"),
];

#[tokio::test]
async fn an_auditor_takes_a_dossier_from_the_page_and_support_does_not() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON), consented(PERSON)]).await;
    let (status, kind, file) = send(&server, "auditor", &FORM, "same-origin").await;
    assert_eq!((status, kind.as_str()), (200, "application/pdf"));
    let manifest = read(&files_of(&file), "manifest.json");
    assert_eq!((&manifest["subject"], &manifest["case"]["case_ref"]), (&PERSON.into(), &"C-1".into()));
    assert_eq!(
        (&manifest["scope"]["values"], &manifest["scope"]["locale"]),
        (&"withheld".into(), &"kk".into())
    );

    let page = server.as_role("auditor").get(&format!("/?subject={PERSON}")).await;
    assert!(String::from_utf8(page.body).unwrap().contains("action=\"/dossier\""));
    let page = server.as_role("support").get(&format!("/?subject={PERSON}")).await;
    assert!(!String::from_utf8(page.body).unwrap().contains("action=\"/dossier\""));
    let (status, kind, _) = send(&server, "support", &FORM, "same-origin").await;
    assert!(
        status == 303 && kind != "application/pdf",
        "support is asked to sign in as somebody else: {status}"
    );
}

#[tokio::test]
async fn what_the_form_says_wrongly_is_said_on_the_page_and_nothing_is_exported() {
    let server = Server::new().await;
    server.emitter().record(&[registered(PERSON)]).await;
    let before = server.as_role("auditor").last_position().await;
    for (name, value, site, expected) in [
        ("subject", "910708200012", "same-origin", 400),
        ("case", "910708200012", "same-origin", 400),
        ("purpose", "curiosity", "same-origin", 400),
        ("purpose", "support", "same-origin", 403),
        ("subject", "p-unknown-person", "same-origin", 409),
        ("lang", "en", "cross-site", 403),
    ] {
        let fields = FORM.map(|field| if field.0 == name { (name, value) } else { field });
        let (status, kind, body) = send(&server, "auditor", &fields, site).await;
        assert!(status == expected && kind.starts_with("text/html"), "{name}={value}: {status}");
        assert!(!String::from_utf8(body).unwrap().contains("910708200012"), "what was sent is not repeated");
    }
    assert_eq!(server.as_role("auditor").last_position().await, before);
}
