//! Eyes from outside: who raises which axis, and how far.

use serde_json::json;

use super::given::{Dossier, Log, cosigner, faults, log_key, stamp, stamps, trust};
use crate::dossier::verify::{Axis, Level, RequirementError, Requirements, Trust, Verdict, verify};
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::note::{CosigningKey, Note, VerifierKey};

const WITNESS: &str = "witness.example/w1";
const MIRROR: &str = "mirror.example/m1";
const SEEN_AT: i64 = 1_772_355_600;

fn key(name: &str) -> VerifierKey {
    cosigner(name).verifier_key().clone()
}

/// The dossier with a cosignature on its newest checkpoint, as everything in it repeats that note.
fn cosigned(mut dossier: Dossier, by: &CosigningKey) -> Dossier {
    let old = dossier.evidence.checkpoint.clone();
    let note = Note::parse(&old).unwrap();
    let note = note.with_signature(&by.cosign(note.text(), SEEN_AT).unwrap()).unwrap().to_string();
    for entry in &mut dossier.evidence.entries {
        entry.proof = entry.proof.replace(&old, &note);
    }
    dossier.evidence.checkpoint = note;
    dossier
}

fn on(axis: Axis, dossier: &Dossier, trust: &Trust) -> Verdict {
    let verdicts = verify(&dossier.packed(), trust, Some(&stamps));
    assert_eq!(faults(&verdicts), []);
    verdicts.on(axis).unwrap().clone()
}

#[test]
fn a_witness_raises_witness_and_leaves_completeness_to_mirrors() {
    let dossier = cosigned(Log::committed().dossier(), &cosigner(WITNESS));
    let trust = Trust { witnesses: vec![key(WITNESS)], ..trust() };
    let witness = on(Axis::Witness, &dossier, &trust);
    assert_eq!((witness.level, witness.holds), (Level::Witnessed, true));
    let told = format!("{WITNESS} cosigned size 12 at 2026-03-01T09:00:00Z: it covers all 9 entries");
    assert_eq!(witness.details, [told]);
    assert_eq!(on(Axis::Completeness, &dossier, &trust).level, Level::Claimed);
}

#[test]
fn a_mirror_makes_completeness_audited() {
    let dossier = cosigned(Log::committed().dossier(), &cosigner(MIRROR));
    let trust = Trust { mirrors: vec![key(MIRROR)], ..trust() };
    let completeness = on(Axis::Completeness, &dossier, &trust);
    assert_eq!((completeness.level, completeness.holds), (Level::Audited, true));
    assert_eq!(on(Axis::Witness, &dossier, &trust).level, Level::Witnessed);
}

#[test]
fn a_mirror_that_had_not_read_the_commitment_audits_nothing() {
    let mut dossier = Log::committed().dossier();
    let older = Note::parse(&dossier.evidence.history[1].checkpoint).unwrap();
    let line = cosigner(MIRROR).cosign(older.text(), SEEN_AT).unwrap();
    dossier.evidence.history[1].checkpoint = older.with_signature(&line).unwrap().to_string();
    let trust = Trust { mirrors: vec![key(MIRROR)], ..trust() };
    assert_eq!(on(Axis::Completeness, &dossier, &trust).level, Level::Claimed);
    // It did see a part, which the verdict names, without holding for the whole.
    let witness = on(Axis::Witness, &dossier, &trust);
    assert_eq!((witness.level, witness.holds), (Level::Witnessed, false));
    assert!(
        witness.details[0].ends_with("it covers 7 of the 9 entries, up to position 0000000000000008"),
        "{witness:?}"
    );
}

#[test]
fn a_witness_that_nobody_named_counts_for_nothing() {
    let dossier = cosigned(Log::committed().dossier(), &cosigner(WITNESS));
    assert_eq!(on(Axis::Witness, &dossier, &trust()).level, Level::SelfOnly);
}

#[test]
fn the_log_cannot_be_its_own_witness_under_another_name() {
    let own = CosigningKey::from_seed("friend.example", zeroize::Zeroizing::new([7; 32])).unwrap();
    let dossier = cosigned(Log::committed().dossier(), &own);
    let keys = vec![own.verifier_key().clone()];
    let trust = Trust { witnesses: keys.clone(), mirrors: keys, ..trust() };
    assert_eq!(on(Axis::Witness, &dossier, &trust).level, Level::SelfOnly);
    assert_eq!(on(Axis::Completeness, &dossier, &trust).level, Level::Claimed);
}

#[test]
fn a_forged_cosignature_breaks_the_witness_axis_only() {
    let mut dossier = Log::committed().dossier();
    let other = Log::story();
    let old = dossier.evidence.checkpoint.clone();
    let line = cosigner(WITNESS).cosign(other.checkpoint(4).note.text(), SEEN_AT).unwrap();
    let note = Note::parse(&old).unwrap().with_signature(&line).unwrap().to_string();
    for entry in &mut dossier.evidence.entries {
        entry.proof = entry.proof.replace(&old, &note);
    }
    dossier.evidence.checkpoint = note;
    let verdicts = verify(&dossier.packed(), &Trust { witnesses: vec![key(WITNESS)], ..trust() }, None);
    assert_eq!(faults(&verdicts), [(Axis::Witness, "cosignature_wrong")]);
}

fn anchored(anchors: &[SignedCheckpoint]) -> Verdict {
    let anchors = anchors.iter().map(|anchor| anchor.note.to_string()).collect();
    on(Axis::Witness, &Log::committed().dossier(), &Trust { anchors, ..trust() })
}

#[test]
fn a_checkpoint_kept_outside_anchors_what_it_covers() {
    let log = Log::committed();
    let whole = anchored(&[log.checkpoint(12)]);
    assert_eq!((whole.level, whole.holds), (Level::Anchored, true));
    let part = anchored(&[log.checkpoint(8)]);
    assert_eq!((part.level, part.holds), (Level::Anchored, false));
    assert!(part.details[0].contains("7 of the 9 entries"), "{part:?}");
}

#[test]
fn a_checkpoint_kept_outside_that_the_dossier_cannot_know_anchors_nothing() {
    let mut log = Log::committed();
    let between = anchored(&[log.checkpoint(6)]);
    assert_eq!((between.level, between.holds), (Level::SelfOnly, false));
    log.append(("office", "backup.restored.v1"), json!({ "backup_id": "b-2" }), &[]);
    let newer = anchored(&[log.checkpoint(13)]);
    assert_eq!((newer.level, newer.holds), (Level::SelfOnly, false));
    assert!(newer.details[0].contains("newer than the dossier"), "{newer:?}");
}

#[test]
fn two_checkpoints_kept_outside_that_contradict_each_other_break_the_history() {
    let mut elsewhere = Log::committed();
    elsewhere.events[2].bytes.push(b' ');
    let kept = [Log::committed().checkpoint(6), elsewhere.checkpoint(6)];
    let anchors = kept.iter().map(|anchor| anchor.note.to_string()).collect();
    let verdicts = verify(&Log::committed().dossier().packed(), &Trust { anchors, ..trust() }, None);
    assert_eq!(faults(&verdicts), [(Axis::History, "fork")]);
}

#[test]
fn a_note_that_the_log_never_signed_is_no_anchor() {
    let stranger = zeroize::Zeroizing::new([9; 32]);
    let stranger = crate::notary::note::SigningKey::from_seed("log.example/record", stranger).unwrap();
    let anchors = vec![Log::committed().checkpoint_by(&stranger, 12).note.to_string()];
    let verdicts = verify(&Log::committed().dossier().packed(), &Trust { anchors, ..trust() }, None);
    assert_eq!(faults(&verdicts), [(Axis::Witness, "anchor_unusable")]);
}

#[test]
fn a_stamp_raises_time_and_says_what_it_covers() {
    let time = on(Axis::Time, &Log::committed().dossier(), &trust());
    assert_eq!((time.level, time.holds), (Level::Stamped, true));
    assert_eq!(
        time.details,
        ["tsa.example stamped size 8 at 2026-03-01T09:00:00Z: before then there were 7 of the 9 entries, \
         up to position 0000000000000008"]
    );
}

#[test]
fn a_stamp_that_misses_an_event_of_the_person_does_not_hold_for_the_whole() {
    let log = Log::committed();
    let mut dossier = log.dossier();
    dossier.evidence.timestamps[0].checkpoint = log.checkpoint(5).note.to_string();
    dossier.files.insert("timestamp-8.tsr".to_owned(), stamp(&log.checkpoint(5)));
    let time = on(Axis::Time, &dossier, &trust());
    assert_eq!((time.level, time.holds), (Level::Stamped, false));
}

#[test]
fn stamps_are_counted_and_not_believed_without_the_authority() {
    let verdicts = Log::committed().dossier().verified();
    let time = verdicts.on(Axis::Time).unwrap();
    assert_eq!((time.level, time.holds), (Level::Asserted, false));
    assert!(time.details[0].starts_with("1 time-stamps are not checked"), "{time:?}");
}

#[test]
fn a_stamp_over_another_checkpoint_or_history_breaks_time_only() {
    let log = Log::committed();
    let mut elsewhere = Log::committed();
    elsewhere.events[2].bytes.push(b' ');
    type Attack = fn(&mut Dossier, &Log, &Log);
    let attacks: [(&str, Attack); 3] = [
        ("stamp_wrong", |dossier, log, _| {
            dossier.files.insert("timestamp-8.tsr".to_owned(), stamp(&log.checkpoint(5)));
        }),
        ("stamped_another", |dossier, _, elsewhere| {
            dossier.evidence.timestamps[0].checkpoint = elsewhere.checkpoint(8).note.to_string();
            dossier.files.insert("timestamp-8.tsr".to_owned(), stamp(&elsewhere.checkpoint(8)));
        }),
        ("stamp_missing", |dossier, _, _| {
            dossier.files.remove("timestamp-8.tsr");
        }),
    ];
    for (code, attack) in attacks {
        let mut dossier = log.dossier();
        attack(&mut dossier, &log, &elsewhere);
        let verdicts = verify(&dossier.packed(), &trust(), Some(&stamps));
        assert_eq!(faults(&verdicts), [(Axis::Time, code)]);
    }
}

#[test]
fn what_must_hold_is_read_and_asked_for() {
    let dossier = cosigned(Log::committed().dossier(), &cosigner(WITNESS));
    let trust = Trust { witnesses: vec![key(WITNESS)], ..trust() };
    let verdicts = verify(&dossier.packed(), &trust, Some(&stamps));
    let unmet = |text: &str| {
        let unmet = text.parse::<Requirements>().unwrap().unmet(&verdicts);
        unmet.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    assert_eq!(unmet("bytes,history,completeness,witness,time"), "");
    assert_eq!(unmet("completeness=audited, witness=anchored"), "completeness=audited,witness=anchored");
    assert_eq!(unmet("completeness=claimed,witness=self,time=stamped"), "");
    assert_eq!("proof".parse::<Requirements>(), Err(RequirementError::Axis("proof".to_owned())));
    for wrong in ["completeness=all", "bytes=altered", "time=broken", "history=audited", ""] {
        assert!(wrong.parse::<Requirements>().is_err(), "{wrong}");
    }
    assert_eq!(log_key().verifier_key().name(), verdicts.dossier.unwrap().origin);
}
