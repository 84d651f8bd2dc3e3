//! Proofs that stand alone: their one text, and what they do and do not show.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::notary::checkpoint::Checkpoint;
use crate::notary::note::SigningKey;
use crate::notary::tile::TileSet;
use crate::notary::tile::tests::{leaves, tiles};
use crate::notary::tree::{prove_inclusion, root};

fn proof(index: u64, size: u64, extra: Option<Vec<u8>>) -> TlogProof {
    let nodes = TileSet::new(tiles(&leaves(size)));
    let key = SigningKey::from_seed("log.example", Zeroizing::new([3; 32])).unwrap();
    let checkpoint = Checkpoint { origin: "log.example".into(), size, root: root(size, &nodes).unwrap() };
    let hashes = prove_inclusion(index, size, &nodes).unwrap();
    TlogProof { extra, index, hashes, checkpoint: SignedCheckpoint::sign(checkpoint, &key).unwrap() }
}

#[test]
fn a_proof_is_written_line_by_line_as_c2sp_says() {
    let made = proof(2, 3, Some(b"beside".to_vec()));
    let text = made.to_string();
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", "extra YmVzaWRl", "index 2"]);
    assert_eq!((lines[3].len(), lines[4], lines[5], lines[6]), (44, "", "log.example", "3"));
    assert!(text.ends_with(&format!("\n\n{}", made.checkpoint.note)));
    assert_eq!(TlogProof::parse(&text), Ok(made));
}

#[test]
fn the_only_entry_of_a_log_is_proved_without_hashes() {
    let made = proof(0, 1, None);
    let text = made.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example\n1\n"), "{text}");
    assert_eq!(TlogProof::parse(&text).unwrap().check(&leaves(1)[0]), Ok(()));
}

#[test]
fn a_proof_shows_its_leaf_at_its_index_only() {
    let leaves = leaves(300);
    let made = proof(257, 300, None);
    assert_eq!(made.check(&leaves[257]), Ok(()));
    assert_eq!(made.check(&leaves[256]), Err(ProofError::Mismatch));
    for index in [256, 258, 0, 299] {
        assert_eq!(TlogProof { index, ..made.clone() }.check(&leaves[257]), Err(ProofError::Mismatch));
    }
    let outside = TlogProof { index: 300, ..made.clone() }.check(&leaves[257]);
    assert_eq!(outside, Err(ProofError::OutOfRange { wanted: 300, size: 300 }));
    let other = TlogProof { checkpoint: proof(257, 299, None).checkpoint, ..made };
    assert_eq!(other.check(&leaves[257]), Err(ProofError::Mismatch));
}

#[test]
fn a_malformed_proof_is_refused() {
    let good = proof(2, 5, Some(vec![1])).to_string();
    assert!(TlogProof::parse(&good).is_ok());
    let hash = good.lines().nth(3).unwrap();
    for (from, to) in [
        ("proof@v1", "proof@v2"),
        ("c2sp", " c2sp"),
        ("extra AQ==", "extra AQ"),
        ("extra AQ==", "extra  AQ=="),
        ("extra AQ==", "extra AR=="),
        ("extra AQ==", "extra"),
        ("extra AQ==\nindex 2\n", "index 2\nextra AQ==\n"),
        ("index 2", "index 02"),
        ("index 2", "index +2"),
        ("index 2", "index -2"),
        ("index 2", "index"),
        ("index 2\n", ""),
        ("index 2", "index 18446744073709551616"),
        (hash, &hash[1..]),
        (hash, &hash.replace('=', "")),
        (hash, "AAAA"),
        ("\n\nlog.example", "\nlog.example"),
        ("\n\nlog.example", "\n\n\nlog.example"),
        ("log.example\n5\n", "log.example\n05\n"),
        ("\n— log", "\n- log"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert!(TlogProof::parse(&bad).is_err(), "{bad}");
    }
    let unknown = TlogProof::parse(&good.replacen("@v1", "@v2", 1));
    assert_eq!(unknown, Err(MalformedProof::Line("it does not begin as a tlog-proof")));
    let crlf = good.replace('\n', "\r\n");
    assert!(TlogProof::parse(&crlf).is_err());
}

#[test]
fn a_proof_of_more_hashes_than_any_tree_needs_is_refused() {
    let made = proof(0, 1, None);
    let with = |count: usize| TlogProof { hashes: vec![[1; 32]; count], ..made.clone() }.to_string();
    assert!(TlogProof::parse(&with(63)).is_ok());
    for count in [64, 10_000] {
        let refused = MalformedProof::Line("its hashes are not up to 63 of 32 bytes");
        assert_eq!(TlogProof::parse(&with(count)), Err(refused));
    }
}

proptest! {
    #[test]
    fn a_proof_reads_back_and_no_text_stops_the_reader(
        index in 0..40_u64, extra in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        cut: prop::sample::Index, wild: String,
    ) {
        let made = proof(index, 40, extra);
        let text = made.to_string();
        prop_assert_eq!(TlogProof::parse(&text), Ok(made));
        prop_assert!(TlogProof::parse(&wild).is_err());
        let cut: String = text.chars().take(cut.index(text.chars().count())).collect();
        prop_assert!(TlogProof::parse(&cut).is_err());
    }
}
