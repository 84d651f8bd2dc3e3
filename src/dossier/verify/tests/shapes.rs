//! Dossiers that are not of the form that the format describes: the faults that no cunning needs.

use std::collections::BTreeMap;

use serde_json::json;

use super::given::{Dossier, Log, OTHER, PERSON, faults, stamps, trust};
use crate::dossier::evidence::{EVIDENCE_FILE, LeftOut, LeftOutReason, REPORT_FILE, StreamRole};
use crate::dossier::manifest::{FileEntry, MANIFEST_FILE, Manifest};
use crate::dossier::verify::{Attachments, Axis, Trust, verify};

const BYTES: Axis = Axis::Bytes;
const HISTORY: Axis = Axis::History;
const COMPLETENESS: Axis = Axis::Completeness;

type Found = Vec<(Axis, &'static str)>;

fn after(change: impl FnOnce(&mut Dossier)) -> Found {
    let mut dossier = Log::committed().dossier();
    change(&mut dossier);
    faults(&dossier.verified())
}

/// The faults after files were changed, without the manifest being made again.
fn with_files(change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> Found {
    let mut files = Log::committed().dossier().files();
    change(&mut files);
    faults(&verify(&Attachments::from_iter(files), &trust(), None))
}

/// The faults after the manifest itself was changed.
fn with_manifest(change: impl FnOnce(&mut Manifest)) -> Found {
    with_files(|files| {
        let mut manifest = Manifest::read(&files[MANIFEST_FILE]).unwrap();
        change(&mut manifest);
        files.insert(MANIFEST_FILE.to_owned(), manifest.to_bytes().unwrap());
    })
}

/// A file in another form, with the manifest made again.
fn with_file(name: &'static str, bytes: &'static [u8]) -> Found {
    with_files(|files| {
        let mut manifest = Manifest::read(&files[MANIFEST_FILE]).unwrap();
        let listed = manifest.files.iter_mut().find(|file| file.name == name).unwrap();
        *listed = FileEntry::of(name, bytes);
        files.insert(MANIFEST_FILE.to_owned(), manifest.to_bytes().unwrap());
        files.insert(name.to_owned(), bytes.to_vec());
    })
}

#[test]
fn files_that_are_not_what_the_manifest_says() {
    let missing = with_files(|files| drop(files.remove(MANIFEST_FILE)));
    assert_eq!(missing, [(BYTES, "manifest_missing")]);
    let unreadable = with_files(|files| drop(files.insert(MANIFEST_FILE.to_owned(), b"{}".to_vec())));
    assert_eq!(unreadable, [(BYTES, "manifest_unreadable")]);
    let later = with_manifest(|manifest| manifest.format = "subject-record/evidence@v2".to_owned());
    assert_eq!(later, [(BYTES, "manifest_unreadable")]);
    assert_eq!(with_manifest(|manifest| manifest.files.reverse()), [(BYTES, "manifest_order")]);
    let twice = with_manifest(|manifest| manifest.files.push(manifest.files.last().unwrap().clone()));
    assert_eq!(twice, [(BYTES, "manifest_order")]);
    let kind = with_manifest(|manifest| manifest.files[0].media_type = "text/html".to_owned());
    assert_eq!(kind, [(BYTES, "file_kind")]);
    let length = with_manifest(|manifest| manifest.files[0].bytes += 1);
    assert_eq!(length, [(BYTES, "file_altered")]);
    assert_eq!(with_manifest(|manifest| drop(manifest.files.remove(0))), [(BYTES, "file_not_listed")]);
    assert_eq!(with_files(|files| drop(files.remove(REPORT_FILE))), [(BYTES, "file_missing")]);
    assert_eq!(with_file(REPORT_FILE, b"no JSON"), [(BYTES, "report_unreadable")]);
    let another = with_manifest(|manifest| manifest.checkpoint.size += 1);
    assert_eq!(another, [(BYTES, "manifest_of_another")]);
    assert_eq!(with_file("verifier-key.txt", b"another+key"), [(BYTES, "key_differs")]);
    let renamed = after(|dossier| {
        let (_, text) = dossier.files.pop_first().unwrap();
        dossier.files.insert(format!("text-{}.txt", "0".repeat(64)), text);
    });
    assert_eq!(renamed, [(BYTES, "text_altered")]);
}

#[test]
fn evidence_that_cannot_be_read_leaves_no_axis_standing() {
    for bytes in [b"{}".as_slice(), br#"{"format":"subject-record/evidence@v2"}"#] {
        let found = with_file(EVIDENCE_FILE, bytes);
        assert_eq!(found, Axis::ALL.map(|axis| (axis, "evidence_unreadable")));
    }
}

#[test]
fn lines_that_do_not_fit_their_entries() {
    assert_eq!(after(|dossier| dossier.lines.push(b"{}".to_vec())), [(BYTES, "line_count")]);
    let short = after(|dossier| drop(dossier.lines.pop()));
    assert_eq!(short, [(BYTES, "line_count"), (BYTES, "line_missing"), (COMPLETENESS, "heads_missing")]);
    let at = Log::committed().dossier().at(7);
    assert_eq!(after(|dossier| dossier.lines[at].clear()), [(BYTES, "line_empty")]);
    let kept = after(|dossier| dossier.evidence.entries[at].withdrawn = true);
    assert_eq!(kept, [(BYTES, "withdrawal_unexplained"), (BYTES, "withdrawn_yet_shown")]);
}

#[test]
fn events_and_openings_of_another_form() {
    let mut log = Log::story();
    log.events[1].bytes = b"{}".to_vec();
    log.commit();
    assert_eq!(faults(&log.dossier().verified()), [(BYTES, "event_unreadable")]);
    let mut log = Log::story();
    let stream = format!("subject-{PERSON}");
    log.append((&stream, "consent.refused.v1"), json!({ "consent_id": "c-1", "_sd_alg": "sha-512" }), &[]);
    log.commit();
    assert_eq!(faults(&log.dossier().verified()), [(BYTES, "digest_kind")]);
    let at = log.dossier().at(3);
    for opening in ["no base64!", "bm8gSlNPTg", "WyJzYWx0Il0", "WyIiLCJuIiwxXQ"] {
        let found = after(|dossier| dossier.evidence.entries[at].openings[0] = opening.to_owned());
        assert_eq!(found, [(BYTES, "opening_shape")], "{opening}");
    }
    let many = after(|dossier| dossier.evidence.entries[at].openings = vec![String::new(); 2_001]);
    assert_eq!(many, [(BYTES, "opening_count")]);
}

#[test]
fn keys_and_checkpoints_that_do_not_read() {
    let mut dossier = Log::committed().dossier();
    dossier.evidence.log.verifier_key = "no key".to_owned();
    let verdicts = verify(&dossier.packed(), &Trust::default(), None);
    assert_eq!(faults(&verdicts), [(HISTORY, "key_unreadable")]);
    let newest = after(|dossier| dossier.evidence.checkpoint = "no note".to_owned());
    assert_eq!(newest, [(HISTORY, "checkpoint_unreadable"), (HISTORY, "not_included")]);
    let older = after(|dossier| dossier.evidence.history[0].checkpoint = "no note".to_owned());
    assert_eq!(older, [(HISTORY, "older_unreadable")]);
    let mut log = Log::committed();
    log.append(("office", "backup.restored.v1"), json!({ "backup_id": "b-2" }), &[]);
    let newer = log.checkpoint(13).note.to_string();
    let found = after(|dossier| dossier.evidence.history[0].checkpoint = newer);
    assert_eq!(found, [(HISTORY, "older_is_newer")]);
    let mut dossier = Log::committed().dossier();
    dossier.evidence.timestamps[0].checkpoint = "no note".to_owned();
    let verdicts = verify(&dossier.packed(), &trust(), Some(&stamps));
    assert_eq!(faults(&verdicts), [(Axis::Time, "stamped_unreadable")]);
}

#[test]
fn a_log_that_is_opened_by_another_than_its_first_entry() {
    let mut log = Log::story();
    let again = log.events[0].bytes.clone();
    log.append(("office", "key.rotated.v1"), json!({}), &[]);
    log.events[10].bytes = again;
    log.commit();
    let mut dossier = log.dossier();
    dossier.show(&log, 10, |_| {});
    let found = faults(&dossier.verified());
    assert!(found.contains(&(HISTORY, "opened_twice")), "{found:?}");
}

#[test]
fn commitments_that_reach_too_far_or_not_far_enough() {
    let mut log = Log::story();
    let root = hex::encode(log.heads(10).root());
    let data = json!({ "root": root, "streams": 4, "at_position": "0000000000000011" });
    log.append(("office", "stream_heads.committed.v1"), data, &[]);
    let mut dossier = log.dossier();
    dossier.evidence.heads.at_position = "0000000000000011".parse().unwrap();
    assert_eq!(faults(&dossier.verified()), [(COMPLETENESS, "heads_ahead")]);
    let behind = after(|dossier| dossier.manifest.scope.known_at = "0000000000000011".parse().unwrap());
    assert_eq!(behind, [(COMPLETENESS, "heads_behind")]);
}

#[test]
fn streams_that_are_told_in_another_way_than_they_are() {
    let role = after(|dossier| dossier.evidence.streams[1].role = StreamRole::Subject);
    assert_eq!(role, [(COMPLETENESS, "stream_role")]);
    let twice = after(|dossier| {
        let policy = dossier.evidence.streams[3].clone();
        dossier.evidence.streams.push(policy);
    });
    assert_eq!(twice, [(COMPLETENESS, "stream_twice")]);
    let reason = LeftOutReason::Group;
    for gaps in [[(3, 2), (3, 3)], [(2, 3), (2, 3)], [(2, 2), (3, 4)]] {
        let found = after(|dossier| {
            dossier.remove(7);
            dossier.remove(8);
            dossier.evidence.streams[0].left_out =
                gaps.map(|(from, to)| LeftOut { from, to, reason }).to_vec();
        });
        assert!(found.contains(&(COMPLETENESS, "left_out_shape")), "{gaps:?}: {found:?}");
    }
}

#[test]
fn a_look_after_the_commitment_in_a_stream_that_was_empty_until_then() {
    let mut log = Log::story();
    let access = format!("access-{PERSON}");
    log.events.retain(|event| event.stream != access);
    log.commit();
    log.append((&access, "record.viewed.v1"), json!({ "role": "support" }), &[]);
    let mut dossier = log.dossier();
    let look = log.events.len() - 1;
    dossier.show(&log, look, |_| {});
    let expected = [(COMPLETENESS, "after_the_end"), (COMPLETENESS, "stream_not_empty")];
    assert_eq!(faults(&dossier.verified()), expected);
}

#[test]
fn revisions_that_are_told_in_another_order() {
    let log = Log::committed();
    let person = format!("subject-{PERSON}");
    let twice = after(|dossier| {
        dossier.show(&log, 8, |entry| (entry.stream, entry.revision) = (person.clone(), 3));
    });
    assert!(twice.contains(&(COMPLETENESS, "revision_twice")), "{twice:?}");
    let swapped = after(|dossier| {
        let (one, other) = (dossier.at(5), dossier.at(7));
        dossier.evidence.entries[one].revision = 2;
        dossier.evidence.entries[other].revision = 1;
    });
    assert!(swapped.contains(&(COMPLETENESS, "revision_order")), "{swapped:?}");
    // The end of somebody else's stream in the place of the person's.
    let other = after(|dossier| {
        dossier.remove(8);
        dossier.show(&log, 8, |entry| (entry.stream, entry.revision) = (person.clone(), 3));
    });
    assert!(other.contains(&(COMPLETENESS, "other_end")), "{other:?}");
    assert_eq!(log.events[8].stream, format!("subject-{OTHER}"));
}
