//! Checkpoints as C2SP writes them, and checkpoints of somebody else.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::notary::note::CosigningKey;
use crate::notary::tree::empty_root;

const BODY: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(name, Zeroizing::new([4; 32])).unwrap()
}

fn checkpoint(origin: &str) -> Checkpoint {
    Checkpoint { origin: origin.to_owned(), size: 3, root: [8; 32] }
}

#[test]
fn the_example_of_c2sp_reads_and_writes_the_same() {
    let read = Checkpoint::parse_body(BODY).unwrap();
    assert_eq!((&read.origin[..], read.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(BASE64.encode(read.root), ROOT);
    assert_eq!(read.body(), BODY);
}

#[test]
fn the_empty_log_has_size_zero_and_the_empty_root() {
    let body = "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let empty = Checkpoint { origin: "log.example".into(), size: 0, root: empty_root() };
    assert_eq!(Checkpoint::parse_body(body), Ok(empty));
}

#[test]
fn lines_after_the_root_are_allowed_and_stay_signed() {
    let key = key("example.com/behind-the-sofa");
    let signed = Note::sign(&format!("{BODY}an extension\nanother\n"), &key).unwrap();
    let read = SignedCheckpoint::parse(signed.as_str()).unwrap();
    assert_eq!(read.checkpoint, Checkpoint::parse_body(BODY).unwrap());
    assert_eq!(read.verify(key.verifier_key()), Ok(()));
    let altered = SignedCheckpoint::parse(&signed.as_str().replace("another", "a lie")).unwrap();
    assert!(matches!(
        altered.verify(key.verifier_key()),
        Err(CheckpointError::Note(NoteError::BadSignature(_)))
    ));
}

#[test]
fn a_malformed_checkpoint_is_refused() {
    for body in [
        String::new(),
        "\n\n\n".to_owned(),
        format!("\n3\n{ROOT}\n"),
        format!("log.example\n\n{ROOT}\n"),
        format!("log.example\n03\n{ROOT}\n"),
        format!("log.example\n+3\n{ROOT}\n"),
        format!("log.example\n-3\n{ROOT}\n"),
        format!("log.example\n3 \n{ROOT}\n"),
        format!("log.example\n18446744073709551616\n{ROOT}\n"),
        format!("log.example\n3\n{ROOT}"),
        format!("log.example\n3\n{ROOT}\n\n"),
        format!("log.example\n3\n{ROOT}\n\nextension\n"),
        format!("log.example\n3\n{ROOT}\nextension"),
        "log.example\n3\n\n".to_owned(),
        "log.example\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2\n".to_owned(),
        "log.example\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n".to_owned(),
        "log.example\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n".to_owned(),
        format!("log.example\n3\n{ROOT}\n{}\n", "x".repeat(1_000_000)),
    ] {
        assert_eq!(Checkpoint::parse_body(&body), Err(CheckpointError::Malformed), "{:?}", body.get(..80));
    }
}

#[test]
fn a_body_that_looks_whole_where_reading_stops_is_refused() {
    let padding = "x".repeat(1_000_000 - BODY.len() - 1);
    assert!(Checkpoint::parse_body(&format!("{BODY}{}\n", &padding[1..])).is_ok());
    let longer = format!("{BODY}{padding}\n\nnever read\n");
    assert_eq!(Checkpoint::parse_body(&longer), Err(CheckpointError::Malformed));
}

#[test]
fn a_checkpoint_is_signed_by_the_key_of_its_log() {
    let (key, other) = (key("log.example/1"), key("log.example/2"));
    let signed = SignedCheckpoint::sign(checkpoint("log.example/1"), &key).unwrap();
    assert_eq!(signed.verify(key.verifier_key()), Ok(()));
    assert_eq!(SignedCheckpoint::parse(signed.note.as_str()), Ok(signed.clone()));
    let wrong_origin =
        Err(CheckpointError::Origin { expected: "log.example/2".into(), found: "log.example/1".into() });
    assert_eq!(signed.verify(other.verifier_key()), wrong_origin);
    assert_eq!(SignedCheckpoint::sign(checkpoint("log.example/1"), &other).map(|_| ()), wrong_origin);
}

#[test]
fn a_checkpoint_that_another_key_signed_is_not_of_the_log() {
    let forger = SigningKey::from_seed("log.example", Zeroizing::new([5; 32])).unwrap();
    let forged = SignedCheckpoint::sign(checkpoint("log.example"), &forger).unwrap();
    let refused = forged.verify(key("log.example").verifier_key());
    assert_eq!(refused, Err(CheckpointError::Note(NoteError::NotSigned("log.example".into()))));
    // A signature of the right key under another log's body does not help.
    let signed = Note::sign(&checkpoint("other.example").body(), &key("log.example")).unwrap();
    let moved = SignedCheckpoint::parse(signed.as_str()).unwrap();
    assert!(matches!(moved.verify(key("log.example").verifier_key()), Err(CheckpointError::Origin { .. })));
}

#[test]
fn a_cosignature_alone_does_not_make_a_checkpoint_of_the_log() {
    let witness = CosigningKey::from_seed("witness.example", Zeroizing::new([6; 32])).unwrap();
    let body = checkpoint("log.example").body();
    let note = format!("{body}\n{}\n", witness.cosign(&body, 7).unwrap());
    let cosigned = SignedCheckpoint::parse(&note).unwrap();
    assert!(cosigned.note.verify(witness.verifier_key()).is_ok());
    assert!(cosigned.verify(key("log.example").verifier_key()).is_err());
}

#[test]
fn what_is_read_beside_the_note_is_not_believed() {
    let key = key("log.example");
    let mut signed = SignedCheckpoint::sign(checkpoint("log.example"), &key).unwrap();
    signed.checkpoint.size = 4;
    assert_eq!(signed.verify(key.verifier_key()), Err(CheckpointError::Malformed));
}

proptest! {
    #[test]
    fn a_checkpoint_reads_back(origin in "[^\\x00-\\x1f]{1,20}", size: u64, root: Hash) {
        let checkpoint = Checkpoint { origin, size, root };
        prop_assert_eq!(Checkpoint::parse_body(&checkpoint.body()), Ok(checkpoint));
    }

    #[test]
    fn no_text_stops_the_reader(wild: String, near in "(log|\n|3|0|CsUY){0,6}\n[0-9]{0,22}\n[A-Za-z/=]{0,44}\n{0,3}") {
        for text in [wild, near] {
            if let Ok(read) = Checkpoint::parse_body(&text) {
                prop_assert!(text.starts_with(&read.body()));
            }
            let _read = SignedCheckpoint::parse(&text);
        }
    }
}
