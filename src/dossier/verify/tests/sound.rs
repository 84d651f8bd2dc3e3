//! What must hold: a dossier as it is made, and what may rightly be missing from one.

use serde_json::json;

use super::given::{Dossier, Log, OTHER, PERSON, faults, log_key, report, trust};
use crate::dossier::evidence::{LeftOut, LeftOutReason};
use crate::dossier::verify::{Axis, Level, Requirements, Trust, table, verify};

fn levels(dossier: &Dossier) -> [(Level, bool); 5] {
    let verdicts = dossier.verified();
    assert_eq!(faults(&verdicts), []);
    Axis::ALL.map(|axis| verdicts.on(axis).map(|verdict| (verdict.level, verdict.holds)).unwrap())
}

#[test]
fn a_dossier_as_it_is_made_holds_by_itself() {
    let dossier = Log::committed().dossier();
    let holds = [
        (Level::Intact, true),
        (Level::Consistent, true),
        (Level::Claimed, true),
        (Level::SelfOnly, false),
        (Level::Asserted, false),
    ];
    assert_eq!(levels(&dossier), holds);
    assert_eq!(Requirements::default().unmet(&dossier.verified()), []);
}

#[test]
fn a_verdict_names_streams_revisions_and_the_position_it_ends_at() {
    let verdicts = Log::committed().dossier().verified();
    let details = &verdicts.on(Axis::Completeness).unwrap().details;
    for told in [
        format!("subject-{PERSON}: revisions 0 to 3, all of them, up to position 0000000000000010"),
        format!("access-{PERSON}: revisions 0 to 1, all of them, up to position 0000000000000010"),
        "policy: 1 events cited, no claim that these are all".to_owned(),
    ] {
        assert!(details.contains(&told), "{told} is not in {details:#?}");
    }
}

#[test]
fn without_a_key_from_elsewhere_history_does_not_hold() {
    let verdicts = verify(&Log::committed().dossier().packed(), &Trust::default(), None);
    let history = verdicts.on(Axis::History).unwrap();
    assert_eq!((history.level, history.holds, history.faults.len()), (Level::Unchecked, false, 0));
    assert!(history.details.iter().any(|detail| detail.starts_with("key not checked")));
}

#[test]
fn values_that_are_withheld_or_erased_leave_every_axis_as_it_was() {
    let shown = Log::committed().dossier();
    let mut erased = shown.clone();
    erased.evidence.entries.iter_mut().for_each(|entry| entry.openings.clear());
    assert_eq!(levels(&erased), levels(&shown));
}

#[test]
fn a_declared_gap_makes_it_partial_and_nothing_else() {
    let mut dossier = Log::committed().dossier();
    dossier.remove(5);
    dossier.remove(7);
    let reason = LeftOutReason::Period;
    dossier.evidence.streams[0].left_out = vec![LeftOut { from: 1, to: 2, reason }];
    assert_eq!(levels(&dossier)[2], (Level::Partial, false));
    let verdicts = dossier.verified();
    let unmet = |text: &str| text.parse::<Requirements>().unwrap().unmet(&verdicts).len();
    assert_eq!(
        (unmet("completeness"), unmet("completeness=partial"), unmet("completeness=claimed")),
        (1, 0, 1)
    );
    let details = &verdicts.on(Axis::Completeness).unwrap().details;
    assert!(
        details.iter().any(|detail| detail.contains("leaves out 1 to 2, by its own word for the period"))
    );
}

#[test]
fn a_stream_that_nobody_wrote_to_is_proven_to_be_empty() {
    let mut log = Log::story();
    let access = format!("access-{PERSON}");
    log.events.retain(|event| event.stream != access);
    log.commit();
    let dossier = log.dossier();
    assert_eq!(dossier.evidence.streams[1].revision, None);
    assert_eq!(levels(&dossier)[2], (Level::Claimed, true));
}

#[test]
fn withdrawn_bytes_break_nothing_and_every_verdict_shows_them() {
    let mut log = Log::story();
    let stream = format!("subject-{PERSON}");
    let withdrawal = json!({
        "position": "0000000000000005", "reason": "personal_data", "decided_by": ["officer-1", "officer-2"],
    });
    log.append((&stream, "event.withdrawn.v1"), withdrawal, &[]);
    log.commit();
    log.events[4].is_withdrawn = true;
    let dossier = log.dossier();
    assert_eq!(
        levels(&dossier)[..3],
        [(Level::Intact, true), (Level::Consistent, true), (Level::Claimed, true)]
    );
    for verdict in dossier.verified().verdicts {
        let told = "the bytes of position 0000000000000005 were withdrawn";
        assert!(verdict.details.iter().any(|detail| detail.starts_with(told)), "{}", verdict.axis);
    }
}

#[test]
fn a_proof_may_lead_to_an_older_checkpoint_that_the_newest_grew_from() {
    let log = Log::committed();
    let mut dossier = log.dossier();
    let at = dossier.at(3);
    dossier.evidence.entries[at].proof = log.proof(2, &log.checkpoint(8)).to_string();
    levels(&dossier);
}

#[test]
fn who_asked_and_why_is_the_operators_word_and_no_verdict_covers_it() {
    let mut dossier = Log::committed().dossier();
    dossier.manifest.case.case_ref = Some("case-5".to_owned());
    dossier.manifest.dossier_id = "d-2026-9999".to_owned();
    levels(&dossier);
}

#[test]
fn manifest_and_pages_that_say_different_things_are_noticed() {
    let mut dossier = Log::committed().dossier();
    dossier.report = report(&dossier.manifest);
    dossier.report["cover"]["case_ref"] = "case-5".into();
    assert_eq!(faults(&dossier.verified()), [(Axis::Bytes, "manifest_differs")]);
}

#[test]
fn a_dossier_about_another_person_than_its_streams_does_not_pass() {
    let mut dossier = Log::committed().dossier();
    dossier.manifest.subject = OTHER.to_owned();
    assert_eq!(faults(&dossier.verified()), [(Axis::Completeness, "subject_missing")]);
}

#[test]
fn verdicts_read_the_same_for_people_and_machines() {
    let verdicts = verify(&Log::committed().dossier().packed(), &trust(), None);
    let text = table(&verdicts);
    let json = serde_json::to_value(&verdicts).unwrap();
    for (at, line) in [
        "bytes         intact      yes    0",
        "history       consistent  yes    0",
        "completeness  claimed     yes    0",
        "witness       self        no     0",
        "time          asserted    no     0",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        let words: Vec<&str> = line.split_whitespace().collect();
        let verdict = &json["verdicts"][at];
        assert_eq!((&verdict["axis"], &verdict["level"]), (&words[0].into(), &words[1].into()));
        assert_eq!(verdict["holds"], words[2] == "yes");
    }
    assert_eq!(json["dossier"]["origin"], log_key().verifier_key().name());
}

#[test]
fn a_dossier_cannot_write_to_the_terminal_of_the_one_who_checks_it() {
    let mut dossier = Log::committed().dossier();
    dossier.manifest.dossier_id = "d\u{1b}[2J".to_owned();
    assert!(!table(&dossier.verified()).contains('\u{1b}'));
}
