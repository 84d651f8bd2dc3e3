//! Notes and keys of the C2SP texts and of other implementations, and notes that are not to be believed.

use proptest::prelude::*;

use super::*;

/// Key and note from the text of C2SP `signed-note`.
const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// Private key (type byte and seed), key and note from the documentation of Go's `sumdb/note`.
const GO_PRIVATE: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_BODY: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";
const GO_LINE: &str = "— PeterNeumann \
    x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

/// Key of a cosigner and its note, made with `transparency-dev/formats`, which is written in Go.
const COSIGNER_KEY: &str = "vec.example/cosigv10+c12688da+BLMSTPoQj0PojM8eKiPf9xUT8g6b0OuMyvYb5sSu9JH5";
const COSIGNED: &str = "vec.example/cosigv10\n42\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — vec.example/cosigv10 wSaI2gAAAABqbL5Q3HjbTCJeqMg3tmpdYGAg05ijTi7k0pyreJSULmtv3g+yXH+G/Ko87JG+QkLF6af9+GVVNlEIgf6T0bw0wQyMDw==\n";

/// The cosigned checkpoint that the text of C2SP `tlog-cosignature` shows.
const BEHIND_THE_SOFA: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

fn log_key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, Zeroizing::new([seed; 32])).unwrap()
}

fn cosigner(name: &str, seed: u8) -> CosigningKey {
    CosigningKey::from_seed(name, Zeroizing::new([seed; 32])).unwrap()
}

#[test]
fn the_example_of_c2sp_is_verified_by_its_key() {
    let (key, note) = (VerifierKey::parse(EXAMPLE_KEY).unwrap(), Note::parse(EXAMPLE).unwrap());
    assert_eq!((key.name(), key.kind()), ("example.com/foo", KeyKind::Ed25519));
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    assert_eq!(note.verify(&key), Ok(Verified { at: None }));
    assert_eq!((note.text(), note.to_string()), ("This is an example message.\n", EXAMPLE.to_owned()));
}

#[test]
fn the_note_of_the_go_implementation_is_made_byte_for_byte() {
    let seed: [u8; 32] = BASE64.decode(GO_PRIVATE).unwrap()[1..].try_into().unwrap();
    let key = SigningKey::from_seed("PeterNeumann", Zeroizing::new(seed)).unwrap();
    assert_eq!(key.verifier_key().to_string(), GO_KEY);
    let note = Note::sign(GO_BODY, &key).unwrap();
    assert_eq!(note.as_str(), format!("{GO_BODY}\n{GO_LINE}\n"));
    assert_eq!(note.verify(&VerifierKey::parse(GO_KEY).unwrap()), Ok(Verified { at: None }));
}

#[test]
fn a_cosignature_of_the_go_implementation_is_verified_with_its_time() {
    let key = VerifierKey::parse(COSIGNER_KEY).unwrap();
    assert_eq!((key.kind(), key.to_string()), (KeyKind::Cosignature, COSIGNER_KEY.to_owned()));
    let note = Note::parse(COSIGNED).unwrap();
    assert_eq!(note.verify(&key), Ok(Verified { at: Some(1_785_511_504) }));
    for altered in
        [COSIGNED.replace("\n42\n", "\n43\n"), COSIGNED.replace("wSaI2gAAAABqbL5Q", "wSaI2gAAAABqbL5R")]
    {
        assert_ne!(altered, COSIGNED);
        let refused = Note::parse(&altered).unwrap().verify(&key);
        assert_eq!(refused, Err(NoteError::BadSignature(key.name().to_owned())));
    }
}

#[test]
fn the_cosigned_checkpoint_of_c2sp_shows_its_signers() {
    let note = Note::parse(BEHIND_THE_SOFA).unwrap();
    assert_eq!(note.signers().collect::<Vec<_>>(), ["example.com/behind-the-sofa", "witness.example.com/w1"]);
    let signatures: Vec<_> = note.signature_lines().filter_map(signature_of).collect();
    let [log, witness] = [0, 1].map(|line: usize| signatures[line].signature());
    assert_eq!((log.len(), witness.len()), (64, 72));
    assert_eq!(witness[..8], 1_679_315_147_u64.to_be_bytes());
}

#[test]
fn a_cosignature_signs_the_two_lines_of_c2sp_before_the_body() {
    let body = Note::parse(BEHIND_THE_SOFA).unwrap().text().to_owned();
    let key = cosigner("witness.example.com/w1", 7);
    let line = key.cosign(&body, 1_679_315_147).unwrap();
    let signed = signature_of(&line).unwrap();
    let message = concat!(
        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    );
    let raw = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).sign(message.as_bytes());
    assert_eq!(signed.signature()[8..], raw.to_bytes());
    let note = Note::parse(BEHIND_THE_SOFA).unwrap().with_signature(&line).unwrap();
    assert_eq!(note.verify(key.verifier_key()), Ok(Verified { at: Some(1_679_315_147) }));
    assert_eq!(note.text(), body);
}

#[test]
fn a_signature_by_an_unknown_key_counts_for_nothing() {
    let (log, other) = (log_key("log.example/1", 1), log_key("other.example", 2));
    let note = Note::sign("body\n", &log).unwrap();
    assert_eq!(note.verify(other.verifier_key()), Err(NoteError::NotSigned("other.example".into())));
    // Neither the name alone nor the id alone makes a key known.
    let namesake = log_key("log.example/1", 3);
    assert_eq!(note.verify(namesake.verifier_key()), Err(NoteError::NotSigned("log.example/1".into())));
    let garbage = format!("— other.example {}", BASE64.encode([[0; 4].as_slice(), &[9; 64]].concat()));
    let note = note.with_signature(&garbage).unwrap();
    assert_eq!(note.verify(log.verifier_key()), Ok(Verified { at: None }));
}

#[test]
fn one_bad_signature_of_a_known_key_spoils_the_note_wherever_it_stands() {
    let key = VerifierKey::parse(GO_KEY).unwrap();
    let bad = GO_LINE.replace("BwJnAM=", "BwJnBM=");
    for lines in [vec![&bad[..]], vec![GO_LINE, &bad], vec![&bad, GO_LINE]] {
        let note = Note::parse(&format!("{GO_BODY}\n{}\n", lines.join("\n"))).unwrap();
        assert_eq!(note.verify(&key), Err(NoteError::BadSignature("PeterNeumann".into())), "{note}");
    }
}

#[test]
fn a_log_signature_is_no_cosignature_and_the_other_way_round() {
    let body = "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let (log, witness) = (log_key("one.example", 5), cosigner("one.example", 5));
    assert_ne!(log.verifier_key(), witness.verifier_key());
    let signed = Note::sign(body, &log).unwrap();
    assert!(matches!(signed.verify(witness.verifier_key()), Err(NoteError::NotSigned(_))));
    // With the other key's id put in front, the name and id match and the signature does not.
    let id = witness.verifier_key().named.id.to_be_bytes();
    let raw = signature_of(signed.signature_lines().next().unwrap()).unwrap().signature().to_vec();
    for raw in [raw.clone(), [&1_i64.to_be_bytes(), &raw[..]].concat(), Vec::from([0; 1])] {
        let line = format!("— one.example {}", BASE64.encode([&id, &raw[..]].concat()));
        let note = signed.with_signature(&line).unwrap();
        assert!(matches!(note.verify(witness.verifier_key()), Err(NoteError::BadSignature(_))));
    }
}

#[test]
fn a_new_signature_takes_the_place_of_the_same_keys_older_one() {
    let (log, witness) = (log_key("log.example", 1), cosigner("witness.example", 2));
    let note = Note::sign("body\n", &log).unwrap();
    let first = witness.cosign("body\n", 10).unwrap();
    let second = witness.cosign("body\n", 20).unwrap();
    let twice = note.with_signature(&first).unwrap().with_signature(&format!("{second}\n")).unwrap();
    assert_eq!(twice, note.with_signature(&second).unwrap());
    assert_eq!(twice.verify(witness.verifier_key()), Ok(Verified { at: Some(20) }));
    let both = Note::parse(&format!("{}{second}\n{first}\n", note.as_str())).unwrap();
    assert_eq!(both.verify(witness.verifier_key()), Ok(Verified { at: Some(20) }));
}

#[test]
fn a_hundred_signatures_are_read_and_one_more_is_not() {
    let lines = |count: usize| format!("{GO_BODY}\n{}", format!("{GO_LINE}\n").repeat(count));
    let key = VerifierKey::parse(GO_KEY).unwrap();
    for count in [16, 100] {
        assert_eq!(Note::parse(&lines(count)).unwrap().verify(&key), Ok(Verified { at: None }));
    }
    assert_eq!(Note::parse(&lines(101)), Err(NoteError::MalformedNote));
}

#[test]
fn a_malformed_note_is_refused() {
    for text in [
        String::new(),
        GO_BODY.to_owned(),
        format!("{GO_BODY}\n"),
        format!("{GO_BODY}\n{GO_LINE}"),
        format!("{GO_BODY}{GO_LINE}\n"),
        format!("{GO_LINE}\n"),
        format!("\u{1}{GO_BODY}\n{GO_LINE}\n"),
        format!("{GO_BODY}\r\n{GO_LINE}\n"),
        format!("{GO_BODY}\n{GO_LINE}\r\n"),
        format!("a\tb\n\n{GO_LINE}\n"),
        format!("{GO_BODY}\n{GO_LINE}\nmore\n"),
        format!("{GO_BODY}\n{GO_LINE}\n\n"),
        format!("{GO_BODY}\n{}\n", GO_LINE.replace("PeterNeumann", "Peter Neumann")),
        format!("{GO_BODY}\n{}\n", GO_LINE.replace("PeterNeumann", "Peter+Neumann")),
        format!("{GO_BODY}\n{}\n", GO_LINE.replace("PeterNeumann", "")),
        format!("{GO_BODY}\n{}\n", GO_LINE.replace('—', "-")),
        format!("{GO_BODY}\n{}\n", GO_LINE.trim_end_matches('=')),
        format!("{GO_BODY}\n— a AAAAAA==\n"),
        format!("{}\n\n{GO_LINE}\n", "a".repeat(1_000_000)),
    ] {
        assert_eq!(Note::parse(&text), Err(NoteError::MalformedNote), "{:?}", text.get(..90));
    }
}

#[test]
fn a_body_may_hold_empty_lines_and_other_alphabets() {
    let key = log_key("журнал.example", 1);
    for body in ["\n", "\n\n\n", "a\n\nb\n", "Қазақстан\n\n— not a signature\n"] {
        let note = Note::sign(body, &key).unwrap();
        assert_eq!((note.text(), note.signature_lines().count()), (body, 1));
        assert_eq!(note.verify(key.verifier_key()), Ok(Verified { at: None }));
    }
}

#[test]
fn a_body_that_no_note_can_have_is_not_signed() {
    for body in ["", "no newline", "tab\t\n", "bell\u{7}\n", "\r\n", "like a note\n\n— a AAAAAAA="] {
        assert_eq!(Note::sign(body, &log_key("log.example", 1)), Err(NoteError::MalformedNote), "{body:?}");
        let refused = cosigner("witness.example", 1).cosign(body, 0);
        assert_eq!(refused, Err(NoteError::MalformedNote), "{body:?}");
    }
    assert_eq!(cosigner("witness.example", 1).cosign("body\n", -1), Err(NoteError::MalformedTime));
}

#[test]
fn a_cosignature_of_a_time_before_1970_does_not_hold() {
    let key = cosigner("witness.example", 1);
    let raw = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).sign(b"cosignature/v1\ntime -1\nbody\n");
    let line = key.0.line(&[(-1_i64).to_be_bytes().as_slice(), &raw.to_bytes()].concat());
    let note = Note::parse(&format!("body\n\n{line}\n")).unwrap();
    assert!(matches!(note.verify(key.verifier_key()), Err(NoteError::BadSignature(_))));
}

#[test]
fn a_line_that_is_no_signature_is_not_added() {
    let note = Note::parse(EXAMPLE).unwrap();
    for line in [
        "",
        "\n",
        "— a",
        "— a b c",
        "a AAAAAAA=",
        &format!("{GO_LINE}\n\n"),
        &format!("{GO_LINE}\n{GO_LINE}"),
    ] {
        assert_eq!(note.with_signature(line), Err(NoteError::MalformedSignature), "{line:?}");
    }
}

#[test]
fn names_with_spaces_pluses_or_control_characters_are_no_names() {
    for name in ["", " ", "a b", "a+b", "a\u{a0}b", "a\u{3000}", "a\nb", "a\tb", "a\u{1}", "a\u{7f}"] {
        let refused = SigningKey::from_seed(name, Zeroizing::new([1; 32])).map(|_| ());
        assert_eq!(refused, Err(NoteError::MalformedName), "{name:?}");
    }
}

#[test]
fn a_verifier_key_is_read_in_one_way_only() {
    for text in [
        "",
        "+",
        "++",
        "a",
        "a+b",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        &GO_KEY.replace("c74f20a3", "C74F20A3"),
        &GO_KEY.replace("c74f20a3", "0c74f20a3"),
        &format!("{GO_KEY}\n"),
        &format!(" {GO_KEY}"),
        &format!("{GO_KEY}="),
        &GO_KEY.replace("PeterNeumann", "Peter"),
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    ] {
        assert!(
            matches!(VerifierKey::parse(text), Err(NoteError::MalformedKey | NoteError::MalformedName)),
            "{text:?}"
        );
    }
    let other_kind = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(VerifierKey::parse(other_kind), Err(NoteError::UnknownKind(0x65)));
}

#[test]
fn a_key_that_anybody_can_sign_for_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(VerifierKey::new_ed25519("log.example", &identity), Err(NoteError::MalformedKey));
    assert_eq!(VerifierKey::new_cosigner("log.example", &[0; 32]), Err(NoteError::MalformedKey));
}

#[test]
fn a_key_prints_its_public_half_only() {
    let (log, witness) = (log_key("log.example", 0xab), cosigner("witness.example", 0xab));
    assert_eq!(format!("{log:?}"), format!("SigningKey({}, …)", log.verifier_key()));
    assert_eq!(format!("{witness:?}"), format!("CosigningKey({}, …)", witness.verifier_key()));
}

proptest! {
    #[test]
    fn no_text_stops_the_readers(
        wild: String, noteish in "(a|\n|— | |b\\+|AAAAAAAA|é){0,12}\n\n(— a AAAAAAA=\n|— |\n){0,3}",
        keyish in "[a+]{0,4}\\+[0-9a-f]{0,9}\\+[A-Za-z0-9+/=]{0,48}",
    ) {
        let known = VerifierKey::parse(GO_KEY).unwrap();
        for text in [&wild, &noteish, &keyish] {
            if let Ok(key) = VerifierKey::parse(text) {
                prop_assert_eq!(&key.to_string(), text);
            }
            if let Ok(note) = Note::parse(text) {
                prop_assert_eq!(note.as_str(), text);
                prop_assert!(note.text().ends_with('\n') && note.signature_lines().count() > 0);
                prop_assert!(note.verify(&known).is_err());
            }
            let _added = Note::parse(EXAMPLE).unwrap().with_signature(text);
        }
    }

    #[test]
    fn any_altered_byte_of_a_note_is_found(at: prop::sample::Index, bit in 0..8_u8) {
        let key = VerifierKey::parse(EXAMPLE_KEY).unwrap();
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let believed = String::from_utf8(bytes).ok().and_then(|text| Note::parse(&text).ok());
        prop_assert!(believed.is_none_or(|note| note.verify(&key).is_err()));
    }
}
