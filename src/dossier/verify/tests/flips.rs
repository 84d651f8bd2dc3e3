//! Any single bit, in any attachment.

use std::collections::BTreeMap;

use super::given::{Log, faults, trust};
use crate::dossier::evidence::REPORT_FILE;
use crate::dossier::manifest::{MANIFEST_FILE, Manifest};
use crate::dossier::verify::{Attachments, Axis, verify};

/// One byte in so many is tried, each with another bit: a prime, so that no member is stepped over for ever.
const STEP: usize = 97;
/// Likewise in the manifest, which is small and has no hash of its own.
const STEP_IN_MANIFEST: usize = 23;

/// A flip that no fault on the axis of bytes tells of.
struct Unnoticed {
    place: String,
    files: BTreeMap<String, Vec<u8>>,
}

fn unnoticed(
    files: &BTreeMap<String, Vec<u8>>,
    of: impl Fn(&str) -> bool,
    step: usize,
) -> (usize, Vec<Unnoticed>) {
    let (mut tried, mut unnoticed) = (0, Vec::new());
    for (name, bytes) in files.iter().filter(|(name, _)| of(name)) {
        for at in (0..bytes.len()).step_by(step) {
            let mut flipped = files.clone();
            let bit = 1 << ((at / step) % 8);
            flipped.get_mut(name).unwrap()[at] ^= bit;
            let verdicts = verify(&Attachments::from_iter(flipped.clone()), &trust(), None);
            tried += 1;
            if verdicts.on(Axis::Bytes).unwrap().holds {
                let around = &bytes[at.saturating_sub(30)..bytes.len().min(at + 30)];
                let around = String::from_utf8_lossy(around);
                let place = format!("{name}, byte {at}, bit {bit}: {around}");
                unnoticed.push(Unnoticed { place, files: flipped });
            }
        }
    }
    (tried, unnoticed)
}

fn places(unnoticed: &[Unnoticed]) -> Vec<&str> {
    unnoticed.iter().map(|flip| flip.place.as_str()).collect()
}

#[test]
fn no_bit_of_an_attachment_can_be_flipped_unnoticed() {
    let files = Log::committed().dossier().files();
    let (tried, unnoticed) = unnoticed(&files, |name| name != MANIFEST_FILE, STEP);
    assert!(tried > 100, "{tried}");
    assert_eq!(places(&unnoticed), Vec::<&str>::new());
}

#[test]
fn no_bit_of_the_manifest_can_be_flipped_unnoticed_while_the_pages_say_the_same() {
    let files = Log::committed().dossier().files();
    let (tried, unnoticed) = unnoticed(&files, |name| name == MANIFEST_FILE, STEP_IN_MANIFEST);
    assert!(tried > 50, "{tried}");
    assert_eq!(places(&unnoticed), Vec::<&str>::new());
}

#[test]
fn without_the_pages_only_the_operators_own_words_can_be_flipped_unnoticed() {
    let mut files = Log::committed().dossier().files();
    files.remove(REPORT_FILE);
    let mut manifest = Manifest::read(&files[MANIFEST_FILE]).unwrap();
    manifest.files.retain(|file| file.name != REPORT_FILE);
    files.insert(MANIFEST_FILE.to_owned(), manifest.to_bytes().unwrap());
    let (_, mut unnoticed) = unnoticed(&files, |name| name == MANIFEST_FILE, STEP_IN_MANIFEST);
    // Whom it is about, the axis of completeness tells.
    unnoticed.retain(|flip| {
        faults(&verify(&Attachments::from_iter(flip.files.clone()), &trust(), None)).is_empty()
    });
    assert!(!unnoticed.is_empty(), "then who asked and why would be proven, which it cannot be");
    for flip in &unnoticed {
        let Manifest { dossier_id, made_by, made_at, case, scope, .. } = manifest.clone();
        let flipped = Manifest::read(&flip.files[MANIFEST_FILE]).unwrap();
        let but_for_words = Manifest { dossier_id, made_by, made_at, case, scope, ..flipped };
        assert_eq!(but_for_words, manifest, "{}", flip.place);
    }
}
