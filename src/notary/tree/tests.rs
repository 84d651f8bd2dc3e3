//! Known roots and proofs of RFC 6962, and proofs that hold for what they say and nothing else.

use proptest::prelude::*;

use super::*;
use crate::notary::tile::TileSet;
use crate::notary::tile::tests::{leaves, tiles};

/// The definition of RFC 6962, section 2.1, word by word.
fn defined_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&defined_root(left), &defined_root(right))
        }
    }
}

fn grown(leaves: &[Hash]) -> Frontier {
    let mut tree = Frontier::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree
}

fn root_of(entries: &[&[u8]]) -> String {
    hex::encode(grown(&entries.iter().map(|entry| leaf_hash(entry)).collect::<Vec<_>>()).root())
}

#[test]
fn small_trees_have_the_known_roots() {
    assert_eq!(root_of(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(hex::encode(empty_root()), root_of(&[]));
    for (entries, root) in [
        (&[&b""[..]][..], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (&[b"a"], "022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c"),
        (&[b"a", b"b"], "b137985ff484fb600db93107c77b0365c80d78f5b429ded0fd97361d077999eb"),
        (&[b"a", b"b", b"c"], "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1"),
    ] {
        assert_eq!(root_of(entries), root);
    }
}

/// The eight entries that implementations of Certificate Transparency are tested with.
fn known_leaves() -> Vec<Hash> {
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        .iter()
        .map(|entry| leaf_hash(&hex::decode(entry).unwrap()))
        .collect()
}

#[test]
fn the_trees_of_certificate_transparency_have_their_published_roots() {
    for (size, root) in (1..).zip([
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]) {
        assert_eq!(hex::encode(grown(&known_leaves()[..size]).root()), root);
    }
}

#[test]
fn the_seven_leaves_of_rfc_6962_section_2_1_3_have_its_proofs() {
    let leaves = &known_leaves()[..7];
    let nodes = TileSet::new(tiles(leaves));
    let [a, b, c, d, e, f, j] = <[Hash; 7]>::try_from(leaves).unwrap();
    let (g, h, i) = (node_hash(&a, &b), node_hash(&c, &d), node_hash(&e, &f));
    let (k, l) = (node_hash(&g, &h), node_hash(&i, &j));
    assert_eq!(root(7, &nodes).unwrap(), node_hash(&k, &l));
    for (index, path) in [(0, vec![b, h, l]), (3, vec![c, g, l]), (4, vec![f, j, k]), (6, vec![i, k])] {
        assert_eq!(prove_inclusion(index, 7, &nodes).unwrap(), path);
    }
    for (old, proof) in [(3, vec![c, d, g, l]), (4, vec![l]), (6, vec![i, j, k])] {
        assert_eq!(prove_consistency(old, 7, &nodes).unwrap(), proof);
    }
}

#[test]
fn the_empty_tree_is_the_start_of_every_tree_and_needs_no_proof() {
    let nodes = TileSet::new(tiles(&leaves(5)));
    let (empty, five) = (empty_root(), root(5, &nodes).unwrap());
    assert!(prove_consistency(0, 5, &nodes).unwrap().is_empty());
    assert_eq!(check_consistency(&[], (0, &empty), (5, &five)), Ok(()));
    assert_eq!(check_consistency(&[], (0, &empty), (0, &empty)), Ok(()));
    assert_eq!(check_consistency(&[], (0, &five), (5, &five)), Err(ProofError::Mismatch));
    assert_eq!(check_consistency(&[], (0, &five), (0, &five)), Err(ProofError::Mismatch));
    assert_eq!(check_consistency(&[five], (0, &empty), (5, &five)), Err(ProofError::Mismatch));
}

#[test]
fn a_tree_is_consistent_with_itself_only_by_an_equal_root() {
    let (one, other) = ([1; 32], [2; 32]);
    assert!(prove_consistency(5, 5, &TileSet::default()).unwrap().is_empty());
    assert_eq!(check_consistency(&[], (5, &one), (5, &one)), Ok(()));
    assert_eq!(check_consistency(&[], (5, &one), (5, &other)), Err(ProofError::Mismatch));
    assert_eq!(check_consistency(&[one], (5, &one), (5, &one)), Err(ProofError::Mismatch));
}

#[test]
fn what_is_outside_a_tree_is_refused_before_it_is_looked_for() {
    let nodes = TileSet::new(tiles(&leaves(5)));
    for refused in [
        prove_inclusion(5, 5, &nodes),
        prove_inclusion(0, 0, &nodes),
        prove_inclusion(0, SIZE_MAX + 1, &nodes),
        prove_inclusion(u64::MAX, u64::MAX, &nodes),
        prove_consistency(6, 5, &nodes),
        prove_consistency(1, u64::MAX, &nodes),
    ] {
        assert!(matches!(refused, Err(TreeError::OutOfRange { .. })), "{refused:?}");
    }
    assert!(matches!(root(u64::MAX, &nodes), Err(TreeError::OutOfRange { .. })));
    assert!(matches!(Frontier::load(u64::MAX, &nodes), Err(TreeError::OutOfRange { .. })));
    let (hash, too_large) = ([0; 32], SIZE_MAX + 1);
    for (refused, wanted, size) in [
        (check_inclusion(&[], 5, 5, &hash, &hash), 5, 5),
        (check_inclusion(&[], 0, too_large, &hash, &hash), 0, too_large),
        (check_consistency(&[], (6, &hash), (5, &hash)), 6, 5),
        (check_consistency(&[], (1, &hash), (too_large, &hash)), 1, too_large),
    ] {
        assert_eq!(refused, Err(ProofError::OutOfRange { wanted, size }));
    }
}

#[test]
fn nodes_that_are_missing_or_miscounted_are_an_error() {
    struct Miscounting;
    impl Nodes for Miscounting {
        fn nodes(&self, _: &[Node]) -> Result<Vec<Hash>, TreeError> {
            Ok(vec![[0; 32]; 9])
        }
    }
    let nodes = TileSet::new(tiles(&leaves(5)));
    assert!(matches!(root(6, &nodes), Err(TreeError::Missing(Node { level: 1, index: 2 }))));
    assert!(matches!(prove_inclusion(0, 8, &nodes), Err(TreeError::Missing(_))));
    assert!(matches!(Frontier::load(7, &nodes), Err(TreeError::Missing(_))));
    assert!(matches!(root(6, &Miscounting), Err(TreeError::Count { asked: 2, got: 9 })));
    assert!(matches!(Frontier::load(6, &Miscounting), Err(TreeError::Count { asked: 2, got: 9 })));
}

#[test]
fn a_proof_longer_than_any_tree_is_deep_is_refused_unread() {
    for (length, refused) in
        [(63, ProofError::Mismatch), (64, ProofError::TooLong), (100_000, ProofError::TooLong)]
    {
        let (proof, hash) = (vec![[0; 32]; length], [0; 32]);
        assert_eq!(check_inclusion(&proof, 0, SIZE_MAX, &hash, &hash), Err(refused));
        assert_eq!(check_consistency(&proof, (1, &hash), (SIZE_MAX, &hash)), Err(refused));
    }
}

/// Everything that differs from a proof by one bit, one hash more, one less, or two in other places.
fn altered(proof: &[Hash], at: prop::sample::Index, bit: usize) -> Vec<Vec<Hash>> {
    let mut all = vec![[proof, &[[0; 32]]].concat(), [&[[0; 32]], proof].concat()];
    if !proof.is_empty() {
        let at = at.index(proof.len());
        let mut flipped = proof.to_vec();
        flipped[at][bit / 8] ^= 1 << (bit % 8);
        let mut without = proof.to_vec();
        without.remove(at);
        all.extend([flipped, without]);
        if at > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(at - 1, at);
            all.push(swapped);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_tree_has_one_root_however_it_is_reached(size in 0_u64..2_000) {
        let leaves = leaves(size);
        let nodes = TileSet::new(tiles(&leaves));
        let tree = grown(&leaves);
        prop_assert_eq!(tree.root(), defined_root(&leaves));
        prop_assert_eq!(root(size, &nodes).unwrap(), tree.root());
        prop_assert_eq!(tree.size(), size);
        prop_assert_eq!(Frontier::load(size, &nodes).unwrap(), tree);
    }

    #[test]
    fn a_proof_of_inclusion_holds_for_its_leaf_and_place_only(
        size in 1_u64..2_000, place: prop::sample::Index, other: prop::sample::Index,
        at: prop::sample::Index, bit in 0..256_usize,
    ) {
        let leaves = leaves(size);
        let nodes = TileSet::new(tiles(&leaves));
        let (place, other) = (place.index(leaves.len()), other.index(leaves.len()));
        let (index, leaf, root) = (place as u64, &leaves[place], root(size, &nodes).unwrap());
        let proof = prove_inclusion(index, size, &nodes).unwrap();
        prop_assert_eq!(check_inclusion(&proof, index, size, leaf, &root), Ok(()));
        for altered in altered(&proof, at, bit) {
            prop_assert!(check_inclusion(&altered, index, size, leaf, &root).is_err());
        }
        if other != place {
            prop_assert!(check_inclusion(&proof, other as u64, size, leaf, &root).is_err());
            prop_assert!(check_inclusion(&proof, index, size, &leaves[other], &root).is_err());
        }
        for outside in [size, size + 1, u64::MAX] {
            prop_assert!(check_inclusion(&proof, outside, size, leaf, &root).is_err());
        }
        for (near, count) in [(size - 1, leaves.len() - 1), (size + 1, leaves.len())] {
            let near_root = if near < size { defined_root(&leaves[..count]) } else {
                defined_root(&[&leaves[..], &[*leaf]].concat())
            };
            prop_assert!(check_inclusion(&proof, index, near, leaf, &near_root).is_err());
        }
    }

    #[test]
    fn a_proof_of_consistency_holds_for_its_two_trees_only(
        new in 1_u64..2_000, old: prop::sample::Index, other: prop::sample::Index,
        at: prop::sample::Index, bit in 0..256_usize,
    ) {
        let leaves = leaves(new);
        let nodes = TileSet::new(tiles(&leaves));
        let (old, other) = (old.index(leaves.len()) as u64 + 1, other.index(leaves.len()) as u64 + 1);
        let (old_root, new_root) = (root(old, &nodes).unwrap(), root(new, &nodes).unwrap());
        let proof = prove_consistency(old, new, &nodes).unwrap();
        prop_assert_eq!(check_consistency(&proof, (old, &old_root), (new, &new_root)), Ok(()));
        for altered in altered(&proof, at, bit) {
            prop_assert!(check_consistency(&altered, (old, &old_root), (new, &new_root)).is_err());
        }
        let flipped = |root: &Hash| { let mut root = *root; root[bit / 8] ^= 1 << (bit % 8); root };
        prop_assert!(check_consistency(&proof, (old, &flipped(&old_root)), (new, &new_root)).is_err());
        prop_assert!(check_consistency(&proof, (old, &old_root), (new, &flipped(&new_root))).is_err());
        if other != old {
            prop_assert!(check_consistency(&proof, (other, &old_root), (new, &new_root)).is_err());
            let other_root = root(other, &nodes).unwrap();
            prop_assert!(check_consistency(&proof, (old, &other_root), (new, &new_root)).is_err());
        }
        prop_assert!(check_consistency(&proof, (new + 1, &new_root), (new, &new_root)).is_err());
    }

    #[test]
    fn a_rewritten_past_is_never_consistent(new in 2_u64..500, old: prop::sample::Index, place: prop::sample::Index) {
        let kept = leaves(new);
        let old = old.index(kept.len() - 1) + 1;
        let mut rewritten = kept.clone();
        rewritten[place.index(old)] = leaf_hash(b"rewritten");
        let nodes = TileSet::new(tiles(&rewritten));
        let proof = prove_consistency(old as u64, new, &nodes).unwrap();
        let (old_root, new_root) = (defined_root(&kept[..old]), defined_root(&rewritten));
        prop_assert_eq!(
            check_consistency(&proof, (old as u64, &old_root), (new, &new_root)), Err(ProofError::Mismatch)
        );
    }

    #[test]
    fn no_arguments_stop_the_process(
        proof in prop::collection::vec(any::<Hash>(), 0..70), size: u64, shift in 0..64_u32, index: u64, hash: Hash,
    ) {
        let sizes = [size, size >> shift, SIZE_MAX, SIZE_MAX + 1, 0, 1];
        let indexes = [index, index >> shift, size, u64::MAX, 0];
        let nodes = TileSet::new(tiles(&leaves(3)));
        for (size, index) in sizes.into_iter().flat_map(|size| indexes.map(|index| (size, index))) {
            prop_assert!(check_inclusion(&proof, index, size, &hash, &[9; 32]).is_err());
            prop_assert!(check_consistency(&proof, (index, &hash), (size, &[9; 32])).is_err());
            let _made = (root(size, &nodes), prove_inclusion(index, size, &nodes));
            let _made = (prove_consistency(index, size, &nodes), Frontier::load(size, &nodes));
        }
    }
}
