//! What an erasure does to what was proven before, and to what can be proven afterwards.

use serde_json::json;

use super::given::{
    Files, PERSON, SOUND, ask_dossier, checkpoint_over, dossier, erase, faults, files_of, for_court, holding,
    levels, log_check, log_key, read, verdicts,
};
use crate::doors::given::{IIN, consented, disclosed, moved_to, registered};
use crate::doors::server::Server;
use crate::traces::files_under;

/// Openings of the person's values.
fn openings(files: &Files) -> Vec<String> {
    let evidence = read(files, "evidence.json");
    let entries = evidence["entries"].as_array().unwrap().iter();
    let of_person = entries.filter(|entry| entry["stream"] == format!("subject-{PERSON}"));
    of_person
        .flat_map(|entry| entry["openings"].as_array().unwrap().clone())
        .map(|opening| opening.as_str().unwrap().to_owned())
        .collect()
}

fn text(files: &Files) -> String {
    files.values().map(|bytes| String::from_utf8_lossy(bytes)).collect()
}

#[tokio::test]
async fn after_an_erasure_old_proofs_hold_and_the_value_can_neither_be_read_nor_proven_any_more() {
    let server = Server::new().await;
    server
        .emitter()
        .record(&[registered(PERSON), consented(PERSON), moved_to(PERSON, "canary@example.kz")])
        .await;
    let trust = holding(&log_key(&server).await);
    let before = checkpoint_over(server.address, 4).await;
    let old = files_of(&dossier(&server, &for_court()).await.body);
    let handed_over = openings(&old);
    assert_eq!(handed_over.len(), 5 + 1 + 1);
    assert!(text(&old).contains("canary@example.kz") && text(&old).contains(IIN));

    erase(&server).await;
    let last = server.as_role("auditor").last_position().await;
    let after = checkpoint_over(server.address, last).await;
    assert!(after.checkpoint.size > before.checkpoint.size);
    let found = verdicts(&old, &trust);
    assert_eq!(
        (levels(&found), faults(&found)),
        (SOUND.to_vec(), vec![]),
        "what was handed over stays proven"
    );

    // The same proofs, made anew: not an event is missing, and not a value is there.
    for values in ["shown", "withheld"] {
        let body = json!({ "asked_by": "court", "language": "en", "values": values });
        let new = files_of(&dossier(&server, &body).await.body);
        let found = verdicts(&new, &trust);
        assert_eq!((levels(&found), faults(&found)), (SOUND.to_vec(), vec![]), "{values}");
        assert_eq!(openings(&new), [""; 0]);
        for gone in ["canary@example.kz", IIN, "Гүлнұр", "Әлімқұлова"]
            .into_iter()
            .chain(handed_over.iter().map(String::as_str))
        {
            assert!(!text(&new).contains(gone), "{values}: {gone}");
        }
        let lines = |files: &Files| String::from_utf8(files["events.jsonl"].clone()).unwrap();
        let of_person = |text: &str| {
            let lines = text.lines().filter(|line| line.contains("\"_sd\"") && line.contains(PERSON));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of_person(&lines(&old)), of_person(&lines(&new)), "the same bytes with the same digests");
        let report = read(&new, "report.json");
        let state = &report["timeline"][0]["values"];
        assert!(state.to_string().contains("shredded") || values == "withheld", "{state}");
    }

    // No door opens them.
    let (auditor, officer) = (server.as_role("auditor"), server.as_role("officer"));
    let mut answers = Vec::new();
    for (client, path, purpose) in [
        (&auditor, format!("/v1/subjects/{PERSON}/timeline"), "court"),
        (&officer, format!("/v1/subjects/{PERSON}/timeline"), "claim"),
        (&officer, format!("/v1/subjects/{PERSON}/export"), "subject_request"),
        (&auditor, format!("/v1/subjects/{PERSON}/export"), "court"),
        (&officer, format!("/v1/subjects/{PERSON}"), "claim"),
    ] {
        let answer = client.look(&path, purpose).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answers.push(answer.body);
    }
    let support = server.as_role("support").look(&format!("/v1/subjects/{PERSON}/timeline"), "support").await;
    answers.push(support.body);
    let values = ["canary@example.kz".as_bytes(), IIN.as_bytes(), "Гүлнұр".as_bytes()];
    let openings = handed_over.iter().map(|opening| opening.as_bytes());
    let gone: Vec<&[u8]> = values.into_iter().chain(openings).collect();
    for answer in &answers {
        assert!(gone.iter().all(|gone| !holds(answer, gone)), "{}", String::from_utf8_lossy(answer));
    }
    let late = server.emitter().append(&disclosed(PERSON)).await;
    assert_eq!(late.status, 201, "dealings go on being recorded");
    let for_person = ask_dossier(&officer, "subject_request", &json!({ "asked_by": "subject" })).await;
    assert_eq!(for_person.status, 200);

    // Nor does anything that lies on the disk, and the log holds.
    let (house, _) = server.stop().await;
    for path in files_under(&house.path("data")) {
        let bytes = std::fs::read(&path).unwrap();
        assert!(gone.iter().all(|gone| !holds(&bytes, gone)), "{}", path.display());
    }
    let (status, report) = log_check(&house, &[]);
    assert_eq!((status, &report["faults"]), (Some(0), &json!([])), "{report}");
    assert!(report["shredded"].as_u64().unwrap() >= 3 && report["lost"] == 0, "{report}");
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
