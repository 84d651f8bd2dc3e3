//! What somebody might do to a real dossier, each caught on the axis that it breaks. The forger is a good one: every
//! hash of the manifest is made again.

use serde_json::{Value, json};
use subject_record::dossier::evidence::{EntryEvidence, Evidence, LeftOut, LeftOutReason, OlderCheckpoint};
use subject_record::dossier::manifest::{FileEntry, Manifest};
use subject_record::dossier::verify::{Axis, Trust, Verdicts, unpack, verify};
use subject_record::notary::checkpoint::{Checkpoint, SignedCheckpoint};
use subject_record::notary::note::{SigningKey, VerifierKey};
use subject_record::notary::proof::TlogProof;
use subject_record::notary::tile::tiles_needed;
use subject_record::notary::tree::{leaf_hash, prove_consistency, prove_inclusion};
use subject_record_schemas::LeafHash;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::given::{
    Files, PERSON, SOUND, checkpoint_over, dossier, faults, files_of, for_court, holding, levels, log_key,
    tiles, verdicts,
};
use crate::doors::client::number;
use crate::doors::given::{consented, disclosed, moved_to, registered};
use crate::doors::server::Server;

const OTHER: &str = "p-invented-2";

/// A dossier that a real service made, and what else a forger can lay hands on.
struct Real {
    pdf: Vec<u8>,
    key: VerifierKey,
    /// An event of somebody else, proven under the dossier's own checkpoint.
    foreign: (EntryEvidence, Vec<u8>),
    /// A checkpoint that the log signed after the dossier was made, with the proof that it grew from it.
    later: OlderCheckpoint,
    /// One that it signed before.
    earlier: OlderCheckpoint,
}

async fn make() -> Real {
    let server = Server::new().await;
    let emitter = server.emitter();
    let events =
        [registered(PERSON), consented(PERSON), disclosed(PERSON), moved_to(PERSON, "new@example.kz")];
    emitter.record(&events).await;
    let other = emitter.record(&[registered(OTHER).with_iin("880315100011")]).await.remove(0);
    let earlier = checkpoint_over(server.address, 6).await;
    let pdf = dossier(&server, &for_court()).await.body;
    let checkpoint = Evidence::read(&files_of(&pdf)["evidence.json"]).unwrap().checkpoint;
    let checkpoint = SignedCheckpoint::parse(&checkpoint).unwrap();
    let size = checkpoint.checkpoint.size;
    let later = checkpoint_over(server.address, size + 1).await;
    let sizes = [earlier.checkpoint.size, size, later.checkpoint.size];
    let index = number(&other["position"]) - 1;
    let known = tiles(server.address, tiles_needed(&[index], &sizes), later.checkpoint.size).await;
    let grown = |old: u64, new: u64| {
        let hashes = prove_consistency(old, new, &known).unwrap();
        hashes.iter().map(|hash| base64(hash)).collect::<Vec<String>>()
    };
    let proof =
        TlogProof { extra: None, index, hashes: prove_inclusion(index, size, &known).unwrap(), checkpoint };
    let bytes = server.as_role("auditor").get(&format!("/v1/events/{}", index + 1)).await.body;
    let entry = json!({
        "position": other["position"], "index": index, "stream": other["stream"],
        "revision": other["revision"].as_str().unwrap().parse::<u64>().unwrap(), "leaf_hash": other["leaf_hash"],
        "proof": proof.to_string(),
    });
    let of = |signed: &SignedCheckpoint, consistency| OlderCheckpoint {
        checkpoint: signed.note.to_string(),
        consistency,
    };
    Real {
        pdf,
        key: log_key(&server).await,
        foreign: (serde_json::from_value(entry).unwrap(), bytes),
        later: of(&later, grown(size, later.checkpoint.size)),
        earlier: of(&earlier, grown(earlier.checkpoint.size, size)),
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

trait WithIin {
    fn with_iin(self, iin: &str) -> Self;
}

impl WithIin for Value {
    fn with_iin(self, iin: &str) -> Self {
        crate::doors::given::Changed::with(self, "/data/personal/iin", iin)
    }
}

/// Made once: what is done to it is done to copies.
async fn real() -> &'static Real {
    static REAL: OnceCell<Real> = OnceCell::const_new();
    REAL.get_or_init(make).await
}

/// The same dossier under a forger's hands.
struct Forged {
    files: Files,
    evidence: Evidence,
    lines: Vec<Vec<u8>>,
}

impl Forged {
    fn of(real: &Real) -> Self {
        let files = files_of(&real.pdf);
        let evidence = Evidence::read(&files["evidence.json"]).unwrap();
        let lines = files["events.jsonl"]
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| line.trim_ascii_end().to_vec());
        let lines = lines.collect();
        Self { files, evidence, lines }
    }

    /// Where the event of a revision of the person stands among the entries.
    fn at(&self, revision: u64) -> usize {
        let stream = format!("subject-{PERSON}");
        let mut entries = self.evidence.entries.iter();
        entries.position(|entry| entry.stream == stream && entry.revision == revision).unwrap()
    }

    fn remove(&mut self, revision: u64) {
        let at = self.at(revision);
        self.evidence.entries.remove(at);
        self.lines.remove(at);
    }

    /// The files, with every hash of the manifest made anew.
    fn files(mut self) -> Files {
        self.files.insert(
            "events.jsonl".into(),
            self.lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect(),
        );
        self.files.insert("evidence.json".into(), self.evidence.to_bytes().unwrap());
        let mut manifest = Manifest::read(&self.files["manifest.json"]).unwrap();
        let others = self.files.iter().filter(|(name, _)| *name != "manifest.json");
        manifest.files = others.map(|(name, bytes)| FileEntry::of(name, bytes)).collect();
        if let Ok(newest) = SignedCheckpoint::parse(&self.evidence.checkpoint) {
            (manifest.checkpoint.size, manifest.checkpoint.root) =
                (newest.checkpoint.size, hex::encode(newest.checkpoint.root));
        }
        self.files.insert("manifest.json".into(), manifest.to_bytes().unwrap());
        self.files
    }
}

async fn after_with(trust: impl FnOnce(&Real) -> Trust, attack: impl FnOnce(&mut Forged, &Real)) -> Verdicts {
    let real = real().await;
    let mut forged = Forged::of(real);
    attack(&mut forged, real);
    verdicts(&forged.files(), &trust(real))
}

/// Axes and codes of what is found by whoever holds the log's key.
async fn after(attack: impl FnOnce(&mut Forged, &Real)) -> Vec<(Axis, &'static str)> {
    faults(&after_with(|real| holding(&real.key), attack).await)
}

#[tokio::test]
async fn a_dossier_in_which_nothing_is_changed_is_sound_with_older_checkpoints_or_without() {
    let found = after_with(|real| holding(&real.key), |_, _| ()).await;
    assert_eq!((levels(&found), faults(&found)), (SOUND.to_vec(), vec![]));
    let add = |forged: &mut Forged, real: &Real| forged.evidence.history.push(real.earlier.clone());
    let anchored =
        |real: &Real| Trust { anchors: vec![real.earlier.checkpoint.clone()], ..holding(&real.key) };
    let found = after_with(anchored, add).await;
    assert_eq!(faults(&found), []);
    assert_eq!(found.on(Axis::Witness).unwrap().level.word(), "anchored");
}

#[tokio::test]
async fn attack_dossier_with_an_event_left_out() {
    for revision in 0..4 {
        let found = after(|forged, _| forged.remove(revision)).await;
        assert_eq!(found, [(Axis::Completeness, "left_out")], "revision {revision}");
    }
    let declared = |forged: &mut Forged, _: &Real| {
        forged.remove(2);
        forged.evidence.streams[0].left_out.push(LeftOut { from: 2, to: 2, reason: LeftOutReason::Group });
    };
    let found = after_with(|real| holding(&real.key), declared).await;
    assert_eq!((levels(&found)[2], faults(&found)), (("completeness", "partial", false), vec![]));
}

#[tokio::test]
async fn attack_dossier_whose_tail_is_cut_and_an_earlier_end_claimed() {
    let found = after(|forged, _| {
        forged.remove(3);
        let last = forged.evidence.entries[forged.at(2)].leaf_hash;
        (forged.evidence.streams[0].revision, forged.evidence.streams[0].leaf_hash) = (Some(2), Some(last));
    });
    assert_eq!(found.await, [(Axis::Completeness, "head_not_proven")]);
}

#[tokio::test]
async fn attack_two_events_of_a_dossier_swapped() {
    let found = after(|forged, _| {
        let (one, other) = (forged.at(1), forged.at(2));
        forged.lines.swap(one, other);
    });
    assert_eq!(found.await, [(Axis::Bytes, "event_altered")]);
    let found = after(|forged, _| {
        let (one, other) = (forged.at(1), forged.at(2));
        forged.lines.swap(one, other);
        let leaves = [one, other].map(|at| forged.evidence.entries[at].leaf_hash);
        (forged.evidence.entries[one].leaf_hash, forged.evidence.entries[other].leaf_hash) =
            (leaves[1], leaves[0]);
    });
    let found = found.await;
    assert!(found.contains(&(Axis::History, "not_included")), "{found:?}");
    assert!(found.contains(&(Axis::Bytes, "revision_differs")), "{found:?}");
}

#[tokio::test]
async fn attack_event_of_another_person_in_the_place_of_one_that_is_removed() {
    let found = after(|forged, real| {
        forged.remove(3);
        let (mut entry, bytes) = real.foreign.clone();
        (entry.stream, entry.revision) = (format!("subject-{PERSON}"), 3);
        let at = forged.evidence.entries.iter().position(|other| other.position > entry.position).unwrap();
        forged.evidence.streams[0].leaf_hash = Some(entry.leaf_hash);
        forged.evidence.entries.insert(at, entry);
        forged.lines.insert(at, bytes);
    });
    let found = found.await;
    assert!(found.contains(&(Axis::Bytes, "stream_differs")), "{found:?}");
    assert!(found.contains(&(Axis::Completeness, "head_not_proven")), "{found:?}");
    assert!(found.iter().all(|(axis, _)| *axis != Axis::History), "it does stand in the log: {found:?}");
}

#[tokio::test]
async fn attack_opening_swapped_with_that_of_another_event() {
    let found = after(|forged, _| {
        let (one, other) = (forged.at(0), forged.at(3));
        let email = forged.evidence.entries[other].openings.remove(0);
        let place =
            forged.evidence.entries[one].openings.iter_mut().find(|opening| name_of(opening) == "email");
        let first = std::mem::replace(place.unwrap(), email);
        forged.evidence.entries[other].openings.push(first);
    });
    assert_eq!(found.await, [(Axis::Bytes, "opening_foreign")]);
}

fn decoded(opening: &str) -> Value {
    use base64::Engine as _;
    serde_json::from_slice(&base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(opening).unwrap()).unwrap()
}

fn name_of(opening: &str) -> String {
    decoded(opening)[1].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn attack_value_altered() {
    use base64::Engine as _;
    let found = after(|forged, _| {
        let at = forged.at(3);
        let opening = &mut forged.evidence.entries[at].openings[0];
        let mut member = decoded(opening);
        assert_eq!(member[2], "new@example.kz");
        member[2] = json!("other@example.kz");
        *opening = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(member.to_string());
    });
    assert_eq!(found.await, [(Axis::Bytes, "opening_foreign")]);
    let alter = |forged: &mut Forged| {
        let at = forged.at(2);
        let text = String::from_utf8(forged.lines[at].clone()).unwrap();
        forged.lines[at] = text.replace("lawyer-bureau-7", "lawyer-bureau-8").into_bytes();
        at
    };
    let found = after(|forged, _| _ = alter(forged)).await;
    assert_eq!(found, [(Axis::Bytes, "event_altered")]);
    let found = after(|forged, _| {
        let at = alter(forged);
        forged.evidence.entries[at].leaf_hash = LeafHash::new(leaf_hash(&forged.lines[at]));
    });
    assert_eq!(found.await, [(Axis::History, "not_included"), (Axis::Completeness, "not_linked")]);
}

#[tokio::test]
async fn attack_proof_index_off_by_one() {
    let shift = |proof: &mut String| {
        let mut shifted = TlogProof::parse(proof).unwrap();
        shifted.index += 1;
        *proof = shifted.to_string();
    };
    let found = after(|forged, _| {
        let at = forged.at(1);
        shift(&mut forged.evidence.entries[at].proof);
    });
    assert_eq!(found.await, [(Axis::History, "not_included")]);
    let found = after(|forged, _| {
        let at = forged.at(1);
        shift(&mut forged.evidence.entries[at].proof);
        forged.evidence.entries[at].index += 1;
    });
    let found = found.await;
    assert!(found.contains(&(Axis::History, "not_included")), "{found:?}");
    assert!(found.contains(&(Axis::Bytes, "position_differs")), "{found:?}");
}

#[tokio::test]
async fn attack_wrong_origin() {
    let found = after(|forged, _| {
        let origin = forged.evidence.log.origin.clone();
        forged.evidence.checkpoint = forged.evidence.checkpoint.replacen(&origin, "log.example/other", 1);
    });
    let found = found.await;
    for code in ["other_origin", "checkpoint_not_signed"] {
        assert!(found.contains(&(Axis::History, code)), "{code}: {found:?}");
    }
    let found = after(|forged, _| forged.evidence.log.origin = "log.example/other".into()).await;
    for fault in
        [(Axis::Bytes, "manifest_of_another"), (Axis::History, "other_origin"), (Axis::History, "other_log")]
    {
        assert!(found.contains(&fault), "{fault:?}: {found:?}");
    }
}

#[tokio::test]
async fn attack_checkpoint_newer_than_the_log_that_is_shown() {
    let found = after(|forged, real| forged.evidence.history.push(real.later.clone())).await;
    assert_eq!(found, [(Axis::History, "older_is_newer")]);
    let found = after(|forged, real| forged.evidence.checkpoint = real.later.checkpoint.clone()).await;
    assert_eq!(found, [(Axis::History, "not_included")], "proofs lead to another one");
    let larger = |forged: &mut Forged, _: &Real| {
        let mut newest = SignedCheckpoint::parse(&forged.evidence.checkpoint).unwrap().checkpoint;
        let body = newest.body();
        newest.size += 1;
        forged.evidence.checkpoint = forged.evidence.checkpoint.replacen(&body, &newest.body(), 1);
    };
    let found = after(larger).await;
    assert!(found.contains(&(Axis::History, "checkpoint_not_signed")), "{found:?}");
}

#[tokio::test]
async fn attack_dossier_signed_throughout_with_a_key_of_the_forger() {
    let resign = |forged: &mut Forged, real: &Real| {
        let forger = SigningKey::from_seed(real.key.name(), Zeroizing::new([9; 32])).unwrap();
        let sign = |note: &str| {
            let checkpoint: Checkpoint = SignedCheckpoint::parse(note).unwrap().checkpoint;
            SignedCheckpoint::sign(checkpoint, &forger).unwrap()
        };
        forged.evidence.checkpoint = sign(&forged.evidence.checkpoint).note.to_string();
        for entry in &mut forged.evidence.entries {
            let mut proof = TlogProof::parse(&entry.proof).unwrap();
            proof.checkpoint = sign(&proof.checkpoint.note.to_string());
            entry.proof = proof.to_string();
        }
        forged.evidence.log.verifier_key = forger.verifier_key().to_string();
        forged.files.insert("verifier-key.txt".into(), format!("{}\n", forger.verifier_key()).into_bytes());
    };
    let found = after(resign).await;
    assert_eq!(found, [(Axis::History, "checkpoint_not_signed"), (Axis::History, "other_key")]);
    let found = after_with(|_| Trust::default(), resign).await;
    assert_eq!(faults(&found), [(Axis::History, "other_key")], "the first event names the real one");
}

#[tokio::test]
async fn attack_any_single_bit_of_the_file_flipped() {
    let real = real().await;
    let trust = holding(&real.key);
    let attachments = unpack::unpack(&real.pdf).unwrap();
    let sound = verify(&attachments, &trust, None);
    let (mut refused, mut faulty, mut without_effect) = (0, 0, 0);
    for bit in (0..real.pdf.len() * 8).step_by(real.pdf.len() * 8 / 150 + 1) {
        let mut pdf = real.pdf.clone();
        pdf[bit / 8] ^= 1 << (bit % 8);
        let Ok(altered) = unpack::unpack(&pdf) else {
            refused += 1;
            continue;
        };
        let found = verify(&altered, &trust, None);
        if altered == attachments {
            assert_eq!(found, sound);
            without_effect += 1;
        } else {
            assert!(!faults(&found).is_empty(), "bit {bit} changes an attachment, and nobody notices");
            faulty += 1;
        }
    }
    println!("bits of the file: {refused} refused, {faulty} faulty, {without_effect} of pages alone");
    assert!(refused + faulty > 0 && without_effect > 0);
}
