//! Paths and bundles as C2SP writes them, and tiles that answer for every node.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::notary::tree::{check_consistency, check_inclusion, leaf_hash};

/// Leaves that differ.
pub(in crate::notary) fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

/// All tiles of the tree of these leaves, by the definition: each hash is the root of a full tile below.
pub(in crate::notary) fn tiles(leaves: &[Hash]) -> BTreeMap<TileId, Vec<u8>> {
    let mut tiles = BTreeMap::new();
    let (mut level, mut hashes) = (0, leaves.to_vec());
    while !hashes.is_empty() {
        let mut above = Vec::new();
        for (number, tile) in (0..).zip(hashes.chunks(256)) {
            let bytes = tile.concat();
            above.extend(full_tile_root(&bytes));
            tiles.insert(TileId { level, number }, bytes);
        }
        (level, hashes) = (level + 1, above);
    }
    tiles
}

/// The largest tree here, made once.
static LEAVES: LazyLock<Vec<Hash>> = LazyLock::new(|| leaves(70_000));
static TILES: LazyLock<BTreeMap<TileId, Vec<u8>>> = LazyLock::new(|| tiles(&LEAVES));

fn tile(level: u8, number: u64) -> TileId {
    TileId { level, number }
}

#[test]
fn a_tile_is_named_by_level_and_number_in_groups_of_three_digits() {
    for (id, width, path) in [
        (tile(0, 0), 256, "0/000"),
        (tile(0, 1_234_067), 256, "0/x001/x234/067"),
        (tile(0, 1_234), 17, "0/x001/234.p/17"),
        (tile(2, 0), 1, "2/000.p/1"),
        (tile(63, 999), 255, "63/999.p/255"),
        (tile(1, 1_000), 256, "1/x001/000"),
        (tile(0, u64::MAX), 256, "0/x018/x446/x744/x073/x709/x551/615"),
    ] {
        assert_eq!(tile_path(id, width), path);
        assert_eq!(parse_tile_path(path), Some((id, width)));
        let entries = path.split_once('/').unwrap().1;
        assert_eq!(parse_entries_path(entries), Some((id.number, width)));
    }
}

#[test]
fn only_the_one_way_to_write_a_path_is_read() {
    for path in [
        "",
        "0",
        "0/",
        "/000",
        "00/000",
        "64/000",
        "256/000",
        "+1/000",
        "x/000",
        "0/0",
        "0/0000",
        "0/x000",
        "0/x000/000",
        "0/001/234",
        "0/x001/x234",
        "0/x001//234",
        "0/-01",
        "0/+01",
        "0/1000",
        "0/x1000/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/017",
        "0/000.p/",
        "0/000.p/1.p/1",
        "0/000.p",
        "0/000/",
        " 0/000",
        "0/000\n",
        "0/x018/x446/x744/x073/x709/x551/616",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
        "0/٠٠٠",
    ] {
        assert_eq!(parse_tile_path(path), None, "{path:?}");
    }
    for path in ["", "0", "x001", "234.p/0", "234.p/256", "0/000", "entries/000"] {
        assert_eq!(parse_entries_path(path), None, "{path:?}");
    }
}

#[test]
fn a_bundle_is_entries_after_their_lengths_and_a_withdrawn_one_is_empty() {
    let longest = vec![7; 65_535];
    let entries: [&[u8]; 4] = [b"ab", b"", &longest, b"c"];
    let bundle = entry_bundle(entries.into_iter()).unwrap();
    assert_eq!(&bundle[..8], [0, 2, b'a', b'b', 0, 0, 0xff, 0xff]);
    assert_eq!(read_bundle(&bundle).unwrap(), entries);
    assert_eq!(read_bundle(&[]).unwrap(), Vec::<&[u8]>::new());
}

#[test]
fn a_bundle_that_is_cut_or_overfull_is_refused() {
    let too_long = vec![0; 65_536];
    assert_eq!(entry_bundle([&too_long[..]].into_iter()), Err(BundleError::TooLong(65_536)));
    assert!(entry_bundle(std::iter::repeat_n(&b""[..], 256)).is_ok());
    assert_eq!(entry_bundle(std::iter::repeat_n(&b""[..], 257)), Err(BundleError::TooMany));
    assert_eq!(read_bundle(&[0; 512]).unwrap().len(), 256);
    assert_eq!(read_bundle(&[0; 514]), Err(BundleError::TooMany));
    for cut in [&[0][..], &[0, 1], &[0, 2, 1], &[0, 1, 1, 0]] {
        assert_eq!(read_bundle(cut), Err(BundleError::Cut));
    }
}

#[test]
fn a_tree_of_70_000_has_the_tiles_that_the_text_of_c2sp_counts() {
    let tiles = &*TILES;
    let widths = |level: u8| -> Vec<usize> {
        tiles.iter().filter(|(id, _)| id.level == level).map(|(_, bytes)| bytes.len() / 32).collect()
    };
    assert_eq!((widths(0).len(), widths(0).last()), (274, Some(&112)));
    assert_eq!(widths(1), [256, 17]);
    assert_eq!(widths(2), [1]);
    assert!(widths(3).is_empty());
}

#[test]
fn only_a_full_tile_has_a_hash_above_it() {
    let bytes = leaves(256).concat();
    assert_eq!(full_tile_root(&bytes), Some(root(256, &TileSet::new(tiles(&leaves(256)))).unwrap()));
    assert_eq!(full_tile_root(&bytes[32..]), None);
    assert_eq!(full_tile_root(&[]), None);
}

#[test]
fn a_node_beyond_the_tiles_is_named_as_missing() {
    let set = TileSet::new(tiles(&leaves(300)));
    let reach = |level, index| set.nodes(&[Node { level, index }]);
    assert!(reach(0, 299).is_ok() && reach(2, 74).is_ok() && reach(8, 0).is_ok());
    for (level, index) in [
        (0, 300),
        (2, 75),
        (8, 1),
        (9, 0),
        (0, u64::MAX),
        (62, 0),
        (1, 1 << 63),
        (62, 0),
        (63, 0),
        (64, 0),
        (255, u64::MAX),
    ] {
        let missing = reach(level, index).unwrap_err();
        assert!(matches!(missing, TreeError::Missing(node) if node == Node { level, index }), "{missing}");
    }
}

#[test]
fn a_tile_of_broken_length_gives_no_node_beyond_its_whole_hashes() {
    let set = TileSet::new(BTreeMap::from([(tile(0, 0), vec![0; 63])]));
    assert!(set.nodes(&[Node { level: 0, index: 0 }]).is_ok());
    assert!(set.nodes(&[Node { level: 0, index: 1 }]).is_err());
    assert!(set.nodes(&[Node { level: 1, index: 0 }]).is_err());
}

#[test]
fn nothing_is_needed_for_an_empty_tree_or_an_index_outside() {
    assert!(tiles_needed(&[0, 7], &[0]).is_empty());
    assert_eq!(tiles_needed(&[u64::MAX], &[10]), BTreeSet::from([tile(0, 0)]));
    assert!(tiles_needed(&[1], &[u64::MAX]).is_empty());
}

#[test]
fn a_tile_that_only_a_proof_of_consistency_reads_is_needed() {
    let of_each = &tiles_needed(&[], &[65_541]) | &tiles_needed(&[], &[200_000]);
    let of_both = tiles_needed(&[], &[65_541, 200_000]);
    assert_eq!(of_both.difference(&of_each).collect::<Vec<_>>(), [&tile(1, 1)]);
}

#[test]
fn a_proof_in_ten_million_leaves_needs_few_tiles() {
    assert!(tiles_needed(&[1_234_567], &[10_000_000]).len() <= 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_tiles_needed_are_enough_for_every_proof_they_are_needed_for(
        mut sizes in prop::collection::vec(1_u64..70_000, 1..5),
        index in any::<prop::sample::Index>(),
    ) {
        sizes.sort_unstable();
        let largest = *sizes.last().unwrap();
        let index = index.index(usize::try_from(sizes[0]).unwrap());
        let needed = tiles_needed(&[index as u64], &sizes);
        let set = TileSet::new(needed.iter().map(|id| (*id, TILES[id].clone())).collect());
        let newest = root(largest, &set).unwrap();
        for pair in sizes.iter().flat_map(|old| sizes.iter().map(move |new| (*old, *new))).filter(|pair| pair.0 <= pair.1) {
            let proof = prove_consistency(pair.0, pair.1, &set).unwrap();
            let roots = (root(pair.0, &set).unwrap(), root(pair.1, &set).unwrap());
            prop_assert_eq!(check_consistency(&proof, (pair.0, &roots.0), (pair.1, &roots.1)), Ok(()));
        }
        let proof = prove_inclusion(index as u64, largest, &set).unwrap();
        prop_assert_eq!(check_inclusion(&proof, index as u64, largest, &LEAVES[index], &newest), Ok(()));
    }

    #[test]
    fn a_path_reads_back_and_no_text_stops_the_reader(
        level in 0..=63_u8, number: u64, width in 1..=256_u16, text in "[0-9x/.p]{0,24}", wild: String,
    ) {
        let path = tile_path(tile(level, number), width);
        prop_assert_eq!(parse_tile_path(&path), Some((tile(level, number), width)));
        for text in [text, wild] {
            if let Some((id, width)) = parse_tile_path(&text) {
                prop_assert_eq!(tile_path(id, width), text.clone());
            }
            let _read = parse_entries_path(&text);
        }
    }

    #[test]
    fn no_bytes_stop_the_reader_of_bundles(bytes in prop::collection::vec(0..3_u8, 0..600)) {
        if let Ok(entries) = read_bundle(&bytes) {
            prop_assert_eq!(entry_bundle(entries.into_iter()).unwrap(), bytes);
        }
    }
}
