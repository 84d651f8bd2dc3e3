//! Attachments out of files that anybody may have made.

use std::collections::BTreeMap;

use lopdf::{Document, Object, Stream, dictionary};

use super::super::unpack::{Limits, UnpackError, attached, open, unpack};
use super::given::{Log, trust};
use crate::dossier::verify::{Attachments, Axis, verify};

/// A PDF with these attachments, in a tree of names with a branch for each.
fn pdf(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut document = Document::with_version("1.7");
    let mut kids: Vec<Object> = Vec::new();
    for (name, bytes) in files {
        let mut stream = Stream::new(dictionary! { "Type" => "EmbeddedFile" }, bytes.clone());
        stream.compress().unwrap();
        let stream = document.add_object(stream);
        let specification = document.add_object(dictionary! {
            "Type" => "Filespec", "F" => Object::string_literal(*name), "UF" => Object::string_literal(*name),
            "EF" => dictionary! { "F" => stream },
        });
        let names = vec![Object::string_literal(*name), specification.into()];
        kids.push(document.add_object(dictionary! { "Names" => names }).into());
    }
    let tree = document.add_object(dictionary! { "Kids" => kids });
    saved(document, tree.into())
}

fn saved(mut document: Document, tree: Object) -> Vec<u8> {
    let pages = document.add_object(dictionary! { "Type" => "Pages", "Kids" => vec![], "Count" => 0 });
    let catalog = document.add_object(dictionary! {
        "Type" => "Catalog", "Pages" => pages, "Names" => dictionary! { "EmbeddedFiles" => tree },
    });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn dossier_pdf() -> (BTreeMap<String, Vec<u8>>, Vec<u8>) {
    let files = Log::committed().dossier().files();
    let listed: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let pdf = pdf(&listed);
    (files, pdf)
}

#[test]
fn every_attachment_comes_out_as_it_went_in() {
    let (files, pdf) = dossier_pdf();
    assert_eq!(unpack(&pdf).unwrap(), Attachments::from_iter(files));
}

#[test]
fn a_folder_of_saved_attachments_is_the_same_dossier() {
    let (files, pdf) = dossier_pdf();
    let saved = tempfile::tempdir().unwrap();
    for (name, bytes) in &files {
        std::fs::write(saved.path().join(name), bytes).unwrap();
    }
    assert_eq!(open(saved.path()).unwrap(), unpack(&pdf).unwrap());
}

#[test]
fn a_file_that_was_put_beside_the_saved_ones_is_not_listed() {
    let (files, _) = dossier_pdf();
    let saved = tempfile::tempdir().unwrap();
    for (name, bytes) in files.iter().filter(|(name, _)| !name.starts_with("text-")) {
        std::fs::write(saved.path().join(name), bytes).unwrap();
    }
    std::fs::write(saved.path().join("note.txt"), "trust me").unwrap();
    let verdicts = verify(&open(saved.path()).unwrap(), &trust(), None);
    let faults = &verdicts.on(Axis::Bytes).unwrap().faults;
    assert!(faults.iter().any(|fault| fault.code == "file_not_listed" && fault.text.contains("note.txt")));
    assert!(faults.iter().any(|fault| fault.code == "file_missing" && fault.text.contains("text-")));
}

#[test]
fn a_file_that_unpacks_to_more_than_is_read_is_refused() {
    let bomb = pdf(&[("events.jsonl", vec![0; 1 << 20])]);
    assert!(bomb.len() < 1 << 14, "{}", bomb.len());
    let limits = Limits { file_bytes: 1 << 19, total_bytes: 1 << 20 };
    assert!(matches!(attached(&bomb, limits), Err(UnpackError::Pdf(_))));
    // Together, though each alone would pass.
    let half = || vec![0; 1 << 19];
    let many = pdf(&[("a.txt", half()), ("b.txt", half()), ("c.txt", half())]);
    assert!(attached(&many, limits).is_err());
    assert!(attached(&many, Limits { total_bytes: 3 << 19, ..limits }).is_ok());
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in ["../evidence.json", "/etc/hosts", "text/a.txt", "a\\b.txt", ""] {
        let found = unpack(&pdf(&[(name, b"x".to_vec())]));
        assert!(matches!(found, Err(UnpackError::Name(_))), "{name}: {found:?}");
    }
}

#[test]
fn two_attachments_of_one_name_are_refused() {
    let twice = pdf(&[("evidence.json", b"{}".to_vec()), ("evidence.json", b"[]".to_vec())]);
    assert!(matches!(unpack(&twice), Err(UnpackError::Twice(_))));
}

#[test]
fn a_tree_of_names_that_leads_back_is_refused() {
    let mut document = Document::with_version("1.7");
    let tree = document.new_object_id();
    document.set_object(tree, dictionary! { "Kids" => vec![tree.into()] });
    let found = unpack(&saved(document, tree.into()));
    assert!(matches!(&found, Err(UnpackError::Pdf(why)) if why.contains("leads back")), "{found:?}");
}

#[test]
fn a_file_that_is_no_dossier_is_named_as_such() {
    assert!(matches!(unpack(b"hello"), Err(UnpackError::Pdf(_))));
    assert!(matches!(unpack(&pdf(&[])), Err(UnpackError::NothingAttached)));
    let missing = tempfile::tempdir().unwrap().path().join("dossier.pdf");
    assert!(matches!(open(&missing), Err(UnpackError::File { .. })));
}

#[test]
fn no_damage_to_a_file_is_more_than_a_refusal_or_a_fault() {
    let (files, pdf) = dossier_pdf();
    let right = Attachments::from_iter(files);
    let step = 211;
    for at in (0..pdf.len()).step_by(step) {
        let mut flipped = pdf.clone();
        flipped[at] ^= 1 << (at / step % 8);
        for damaged in [flipped.as_slice(), &pdf[..at]] {
            if let Ok(found) = unpack(damaged)
                && found != right
            {
                let bytes = verify(&found, &trust(), None);
                assert!(!bytes.on(Axis::Bytes).unwrap().holds, "byte {at}");
            }
        }
    }
}
