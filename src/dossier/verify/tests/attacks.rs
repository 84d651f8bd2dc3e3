//! What somebody might do to a dossier, each caught on the axis that it breaks. The forger is a good one: every hash
//! of the manifest is made again.

use serde_json::json;

use super::given::{Dossier, Log, OTHER, PERSON, faults, log_key, opening, trust};
use crate::dossier::evidence::{LeftOut, LeftOutReason};
use crate::dossier::verify::{Axis, Level, Trust, verify};
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::heads::HeadProof;
use crate::notary::note::SigningKey;
use crate::notary::proof::TlogProof;
use zeroize::Zeroizing;

/// The faults of the dossier after an attack.
fn after(attack: impl FnOnce(&mut Dossier)) -> Vec<(Axis, &'static str)> {
    let mut dossier = Log::committed().dossier();
    attack(&mut dossier);
    faults(&dossier.verified())
}

#[test]
fn event_removed_from_the_middle() {
    assert_eq!(after(|dossier| dossier.remove(5)), [(Axis::Completeness, "left_out")]);
}

#[test]
fn tail_cut() {
    assert_eq!(after(|dossier| dossier.remove(8)), [(Axis::Completeness, "left_out")]);
}

#[test]
fn tail_cut_and_an_earlier_end_claimed() {
    let found = after(|dossier| {
        dossier.remove(8);
        let last = dossier.evidence.entries[dossier.at(7)].leaf_hash;
        let stream = &mut dossier.evidence.streams[0];
        (stream.revision, stream.leaf_hash) = (Some(2), Some(last));
    });
    assert_eq!(found, [(Axis::Completeness, "head_not_proven")]);
}

#[test]
fn every_event_of_a_stream_removed_and_the_stream_called_empty() {
    let found = after(|dossier| {
        dossier.remove(6);
        dossier.remove(10);
        let stream = &mut dossier.evidence.streams[1];
        (stream.revision, stream.leaf_hash) = (None, None);
    });
    assert_eq!(found, [(Axis::Completeness, "head_not_proven")]);
}

#[test]
fn looks_left_out_with_their_whole_stream() {
    let found = after(|dossier| {
        dossier.remove(6);
        dossier.evidence.streams.remove(1);
    });
    assert_eq!(found, [(Axis::Completeness, "stream_untold")]);
}

#[test]
fn looks_left_out_and_never_mentioned() {
    // Nothing contradicts it; it is called partial, which nobody who asks for completeness is content with.
    let mut dossier = Log::committed().dossier();
    dossier.remove(6);
    dossier.remove(10);
    dossier.evidence.streams.remove(1);
    let verdicts = dossier.verified();
    let completeness = verdicts.on(Axis::Completeness).unwrap();
    assert_eq!((faults(&verdicts), completeness.level, completeness.holds), (vec![], Level::Partial, false));
}

#[test]
fn two_events_swapped() {
    let found = after(|dossier| {
        let (one, other) = (dossier.at(5), dossier.at(7));
        dossier.lines.swap(one, other);
    });
    assert_eq!(found, [(Axis::Bytes, "event_altered")]);
}

#[test]
fn two_entries_swapped_with_their_places() {
    let found = after(|dossier| {
        let (one, other) = (dossier.at(5), dossier.at(7));
        dossier.lines.swap(one, other);
        dossier.evidence.entries.swap(one, other);
        let entries = &mut dossier.evidence.entries;
        let (a, b) = (entries[one].clone(), entries[other].clone());
        (entries[one].position, entries[other].position) = (b.position, a.position);
        (entries[one].index, entries[other].index) = (b.index, a.index);
    });
    assert!(found.contains(&(Axis::History, "not_included")), "{found:?}");
}

#[test]
fn row_moved_to_another_subject() {
    // An event of somebody else, shown as the person's, in the place of one that was removed.
    let log = Log::committed();
    let mut dossier = log.dossier();
    dossier.remove(5);
    dossier.show(&log, 3, |moved| (moved.stream, moved.revision) = (format!("subject-{PERSON}"), 1));
    assert_eq!(
        faults(&dossier.verified()),
        [
            (Axis::Bytes, "revision_differs"),
            (Axis::Bytes, "stream_differs"),
            (Axis::Completeness, "not_linked"),
        ]
    );
}

#[test]
fn row_of_somebody_else_shown_among_the_cited() {
    let log = Log::committed();
    let mut dossier = log.dossier();
    dossier.show(&log, 3, |foreign| foreign.stream = "policy".to_owned());
    assert_eq!(faults(&dossier.verified()), [(Axis::Bytes, "stream_differs")]);
}

#[test]
fn event_replaced_by_another_that_claims_its_place() {
    // The log itself holds both, by the operator's doing: only the next event tells which one it follows.
    let mut log = Log::story();
    let consent = String::from_utf8(log.events[4].bytes.clone()).unwrap();
    log.events[3].bytes = consent.replace("c-1", "c-7").into_bytes();
    log.commit();
    let mut dossier = log.dossier();
    dossier.remove(5);
    dossier.show(&log, 3, |twin| {
        (twin.stream, twin.revision) = (format!("subject-{PERSON}"), 1);
        twin.openings.clear();
    });
    assert_eq!(faults(&dossier.verified()), [(Axis::Completeness, "not_linked")]);
}

#[test]
fn look_shown_as_a_dealing() {
    // The event of an access stream is about the same person; its type says where it belongs.
    let found = after(|dossier| {
        let at = dossier.at(6);
        dossier.evidence.entries[at].stream = "subject-p-aigerim-01".to_owned();
    });
    assert!(found.contains(&(Axis::Bytes, "stream_differs")), "{found:?}");
}

#[test]
fn opening_swapped_between_events() {
    let found = after(|dossier| {
        let (one, other) = (dossier.at(5), dossier.at(8));
        let from = dossier.evidence.entries[other].openings.clone();
        dossier.evidence.entries[one].openings = from;
    });
    assert_eq!(found, [(Axis::Bytes, "opening_foreign")]);
}

#[test]
fn value_altered_in_an_opening() {
    let found = after(|dossier| {
        let at = dossier.at(5);
        dossier.evidence.entries[at].openings =
            vec![opening("5 evidence_note", "evidence_note", &json!("signed"))];
    });
    assert_eq!(found, [(Axis::Bytes, "opening_foreign")]);
}

#[test]
fn opening_told_twice() {
    let found = after(|dossier| {
        let at = dossier.at(5);
        let openings = &mut dossier.evidence.entries[at].openings;
        openings.push(openings[0].clone());
    });
    assert_eq!(found, [(Axis::Bytes, "opening_twice")]);
}

#[test]
fn value_altered_in_an_event() {
    let found = after(|dossier| {
        let at = dossier.at(7);
        let text = String::from_utf8(dossier.lines[at].clone()).unwrap();
        dossier.lines[at] = text.replace("c-1", "c-3").into_bytes();
    });
    assert_eq!(found, [(Axis::Bytes, "event_altered")]);
}

#[test]
fn event_called_withdrawn_to_hide_it() {
    let found = after(|dossier| {
        let at = dossier.at(7);
        dossier.lines[at].clear();
        dossier.evidence.entries[at].withdrawn = true;
    });
    assert_eq!(found, [(Axis::Bytes, "withdrawal_unexplained")]);
}

#[test]
fn proof_index_off_by_one() {
    let found = after(|dossier| {
        let at = dossier.at(5);
        let mut proof = TlogProof::parse(&dossier.evidence.entries[at].proof).unwrap();
        proof.index += 1;
        dossier.evidence.entries[at].proof = proof.to_string();
    });
    assert_eq!(found, [(Axis::History, "not_included")]);
}

#[test]
fn proof_and_entry_off_by_one() {
    let found = after(|dossier| {
        let at = dossier.at(8);
        let mut proof = TlogProof::parse(&dossier.evidence.entries[at].proof).unwrap();
        proof.index += 1;
        dossier.evidence.entries[at].proof = proof.to_string();
        dossier.evidence.entries[at].index += 1;
    });
    assert_eq!(
        found,
        [(Axis::Bytes, "entry_order"), (Axis::Bytes, "position_differs"), (Axis::History, "not_included"),]
    );
}

#[test]
fn position_told_otherwise() {
    let found = after(|dossier| {
        let at = dossier.at(8);
        dossier.evidence.entries[at].position = "0000000000000009".parse().unwrap();
    });
    assert_eq!(found, [(Axis::Bytes, "entry_order"), (Axis::Bytes, "position_differs")]);
}

#[test]
fn wrong_origin() {
    let found = after(|dossier| dossier.evidence.log.origin = "log.example/another".to_owned());
    assert_eq!(found, [(Axis::History, "other_log"), (Axis::History, "other_origin")]);
}

#[test]
fn log_of_the_right_key_under_another_origin() {
    let seed = Zeroizing::new([7; 32]);
    let renamed = SigningKey::from_seed("log.example/another", seed).unwrap();
    let log = Log::committed();
    let mut dossier = log.dossier();
    let newest = log.checkpoint_by(&renamed, log.events.len());
    for entry in &mut dossier.evidence.entries {
        entry.proof = log.proof(entry.index, &newest).to_string();
    }
    dossier.evidence.checkpoint = newest.note.to_string();
    dossier.evidence.log.verifier_key = renamed.verifier_key().to_string();
    dossier.evidence.log.origin = "log.example/another".to_owned();
    dossier.evidence.history.clear();
    let found = faults(&dossier.verified());
    assert!(found.contains(&(Axis::History, "checkpoint_not_signed")), "{found:?}");
    assert!(found.iter().all(|(axis, _)| *axis == Axis::History), "{found:?}");
}

#[test]
fn other_key() {
    let other = SigningKey::from_seed(log_key().verifier_key().name(), Zeroizing::new([8; 32])).unwrap();
    let trust = Trust { log_key: Some(other.verifier_key().clone()), ..Trust::default() };
    let verdicts = verify(&Log::committed().dossier().packed(), &trust, None);
    assert_eq!(
        faults(&verdicts),
        [
            (Axis::History, "checkpoint_not_signed"),
            (Axis::History, "older_not_signed"),
            (Axis::History, "other_key"),
        ]
    );
}

#[test]
fn dossier_signed_throughout_with_a_key_of_the_forger() {
    // Without the right key from elsewhere, all of it looks well: that is why the key has to be given.
    let forger = SigningKey::from_seed(log_key().verifier_key().name(), Zeroizing::new([8; 32])).unwrap();
    let log = Log::committed();
    let mut dossier = log.dossier();
    let newest = log.checkpoint_by(&forger, log.events.len());
    for entry in &mut dossier.evidence.entries {
        entry.proof = log.proof(entry.index, &newest).to_string();
    }
    dossier.evidence.checkpoint = newest.note.to_string();
    dossier.evidence.log.verifier_key = forger.verifier_key().to_string();
    dossier.evidence.history.clear();
    dossier.evidence.timestamps.clear();
    dossier.remove(1);
    let unchecked = verify(&dossier.packed(), &Trust::default(), None);
    assert_eq!((faults(&unchecked), unchecked.on(Axis::History).unwrap().holds), (vec![], false));
    let found = faults(&dossier.verified());
    assert_eq!(found, [(Axis::History, "checkpoint_not_signed"), (Axis::History, "other_key")]);
}

#[test]
fn checkpoint_altered() {
    let found = after(|dossier| {
        let newest = SignedCheckpoint::parse(&dossier.evidence.checkpoint).unwrap();
        let mut altered = newest.checkpoint.clone();
        altered.size += 1;
        let note = dossier.evidence.checkpoint.replace(&newest.checkpoint.body(), &altered.body());
        for entry in &mut dossier.evidence.entries {
            entry.proof = entry.proof.replace(&dossier.evidence.checkpoint, &note);
        }
        dossier.evidence.checkpoint = note;
        dossier.evidence.history.clear();
    });
    assert_eq!(found[0], (Axis::History, "checkpoint_not_signed"));
    assert!(found.iter().all(|(axis, _)| *axis == Axis::History), "{found:?}");
}

#[test]
fn older_checkpoint_with_another_root() {
    // Signed by the log itself, which told somebody something else then.
    let mut told_then = Log::committed();
    told_then.events[2].bytes.push(b' ');
    let found = after(|dossier| {
        dossier.evidence.history[0].checkpoint = told_then.checkpoint(5).note.to_string();
    });
    assert_eq!(found, [(Axis::History, "not_consistent")]);
}

#[test]
fn two_roots_for_one_size() {
    let mut told_then = Log::committed();
    told_then.events[2].bytes.push(b' ');
    let found = after(|dossier| {
        let mut twice = dossier.evidence.history[0].clone();
        twice.checkpoint = told_then.checkpoint(5).note.to_string();
        dossier.evidence.history.push(twice);
    });
    assert_eq!(found, [(Axis::History, "fork")]);
}

#[test]
fn heads_event_missing() {
    let found = after(|dossier| dossier.remove(11));
    assert_eq!(found, [(Axis::Completeness, "heads_missing")]);
}

#[test]
fn heads_root_that_nobody_committed_to() {
    // The forger cuts the stream and makes a map of its own; only the log's root is missing for it.
    let found = after(|dossier| {
        dossier.remove(8);
        let last = dossier.evidence.entries[dossier.at(7)].leaf_hash;
        let mut heads = Log::committed().heads(7);
        let name = format!("subject-{PERSON}");
        let stream = &mut dossier.evidence.streams[0];
        (stream.revision, stream.leaf_hash) = (Some(2), Some(last));
        stream.proof = Some(heads.proof(&name));
        dossier.evidence.heads.root = heads.root().into_leaf();
    });
    assert_eq!(found, [(Axis::Completeness, "head_not_proven"), (Axis::Completeness, "heads_differ")]);
}

#[test]
fn heads_proof_of_another_stream() {
    let found = after(|dossier| {
        dossier.evidence.streams[0].proof =
            Some(Log::committed().heads(10).proof(&format!("subject-{OTHER}")));
    });
    assert_eq!(found, [(Axis::Completeness, "head_not_proven")]);
}

#[test]
fn member_left_out_of_a_bucket() {
    let found = after(|dossier| {
        let proof = dossier.evidence.streams[0].proof.clone().unwrap();
        dossier.evidence.streams[0].proof = Some(HeadProof { members: Vec::new(), ..proof });
    });
    assert_eq!(found, [(Axis::Completeness, "head_not_proven")]);
}

#[test]
fn event_shown_that_came_after_the_commitment() {
    let mut log = Log::committed();
    let stream = format!("subject-{PERSON}");
    log.append((&stream, "consent.refused.v1"), json!({ "consent_id": "c-9" }), &[]);
    let mut dossier = log.dossier();
    dossier.show(&log, 12, |_| {});
    assert_eq!(faults(&dossier.verified()), [(Axis::Completeness, "after_the_end")]);
}

#[test]
fn gap_declared_around_what_is_shown() {
    let found = after(|dossier| {
        dossier.evidence.streams[0].left_out = vec![LeftOut { from: 1, to: 1, reason: LeftOutReason::Group }];
    });
    assert_eq!(found, [(Axis::Completeness, "left_out_shown")]);
}

#[test]
fn whole_log_rewritten_and_signed_again_with_the_real_key() {
    let honest = Log::committed();
    let mut rewritten = Log::story();
    let withdrawn =
        rewritten.events.iter().position(|event| event.bytes.windows(9).any(|w| w == b"withdrawn")).unwrap();
    rewritten.events.truncate(withdrawn);
    let name = format!("subject-{PERSON}");
    rewritten.append((&name, "disclosure.made.v1"), json!({ "disclosure_id": "d-1" }), &[]);
    rewritten.append((&name, "message.sent.v1"), json!({ "purpose": "service" }), &[]);
    rewritten.commit();
    let dossier = rewritten.dossier();
    assert_eq!(faults(&dossier.verified()), [], "by itself it cannot be told");
    // A checkpoint that somebody kept, of a size that the dossier knows a root for.
    let anchors = vec![honest.checkpoint(8).note.to_string()];
    let verdicts = verify(&dossier.packed(), &Trust { anchors, ..trust() }, None);
    assert_eq!(faults(&verdicts), [(Axis::History, "fork"), (Axis::Witness, "fork")]);
    assert_eq!(verdicts.on(Axis::History).unwrap().level, Level::Broken);
    // A witness that saw the first history never cosigns the second.
    let witnesses = vec![super::given::cosigner("witness.example").verifier_key().clone()];
    let verdicts = verify(&dossier.packed(), &Trust { witnesses, ..trust() }, None);
    let witness = verdicts.on(Axis::Witness).unwrap();
    assert_eq!((witness.level, witness.holds), (Level::SelfOnly, false));
}

/// A tree's hash as the evidence writes it.
trait IntoLeaf {
    fn into_leaf(self) -> subject_record_schemas::LeafHash;
}

impl IntoLeaf for crate::notary::tree::Hash {
    fn into_leaf(self) -> subject_record_schemas::LeafHash {
        subject_record_schemas::LeafHash::new(self)
    }
}
