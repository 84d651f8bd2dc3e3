//! A bucket shown whole proves how a stream ends; anything taken from it or moved in it does not.

use proptest::prelude::*;

use super::*;

fn end(revision: u64) -> StreamEnd {
    StreamEnd { revision, leaf_hash: [u8::try_from(revision % 251).unwrap(); 32] }
}

fn hash(text: &str) -> Hash {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// Names whose first two bytes of hash are those of "subject-p-0": enough neighbours to disorder a bucket.
fn neighbours(count: usize) -> Vec<String> {
    let bucket = bucket_of(&name_hash("subject-p-0"));
    (0..)
        .map(|n| format!("subject-p-{n}"))
        .filter(|name| bucket_of(&name_hash(name)) == bucket)
        .take(count)
        .collect()
}

fn map_of(streams: &[String]) -> HeadsMap {
    let mut map = HeadsMap::default();
    (1..).zip(streams).for_each(|(revision, stream)| map.note(stream, &end(revision)));
    map
}

/// The root by the definition: every bucket's leaf, hashed level by level.
fn defined_root(streams: &[(String, StreamEnd)]) -> Hash {
    let mut sorted: Vec<(NameHash, Hash)> =
        streams.iter().map(|(stream, end)| (name_hash(stream), head_hash(end))).collect();
    sorted.sort_unstable();
    let mut level: Vec<Hash> = (0..=u16::MAX)
        .map(|bucket| {
            let from = sorted.partition_point(|(name, _)| bucket_of(name) < bucket);
            let to = sorted.partition_point(|(name, _)| bucket_of(name) <= bucket);
            bucket_leaf(&sorted[from..to])
        })
        .collect();
    while level.len() > 1 {
        level = level.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    level[0]
}

#[test]
fn names_heads_and_buckets_hash_as_written_down() {
    let name = name_hash("office");
    assert_eq!(name, hash("5cc3f82838ba7260203e4590ce03d00e1663d41f6a5167144f5c95d6be2166a0"));
    assert_eq!(bucket_of(&hash("0102030405060708091011121314151617181920212223242526272829303132")), 0x0102);
    let end = StreamEnd { revision: 258, leaf_hash: [0xab; 32] };
    assert_eq!(head_hash(&end), hash("3a0e099f496aec511fec1dc57f777a1d52754c22234f83cb0cae11e93dfd7f6c"));
    assert_eq!(bucket_leaf(&[]), hash("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
    assert_eq!(
        bucket_leaf(&[(name, head_hash(&end))]),
        hash("1c06d8de824b8aa51e3b904ded4ece7021c6cf7a7ac5d8d6e8b3217a3ea8332e")
    );
    assert_eq!(
        BucketTree::default().root(),
        hash("d83389ac9a207fb7dbdc492fbb56b9482f19170699e224be64694cc885a3a2a2")
    );
    let mut map = HeadsMap::default();
    map.note("office", &end);
    assert_eq!(map.root(), hash("5f1c6987abcb1e9c799d764c7db6e4fc1f1d624a283cb9b48de8e916cb6785dc"));
}

#[test]
fn a_stream_is_counted_once_and_ends_with_what_came_last() {
    let mut map = HeadsMap::default();
    let empty = map.root();
    map.note("subject-p-1", &end(1));
    let first = map.root();
    map.note("subject-p-1", &end(2));
    assert_eq!(map.streams(), 1);
    let (proof, root) = (map.proof("subject-p-1"), map.root());
    assert!(root != first && root != empty);
    assert_eq!(check_head("subject-p-1", &end(2), &proof, &root), Ok(()));
    assert_eq!(check_head("subject-p-1", &end(1), &proof, &root), Err(HeadError::OtherEnd));
    let same_revision = StreamEnd { leaf_hash: [0; 32], ..end(2) };
    assert_eq!(check_head("subject-p-1", &same_revision, &proof, &root), Err(HeadError::OtherEnd));
    assert_eq!(check_head("subject-p-1", &end(2), &proof, &first), Err(HeadError::Root));
}

#[test]
fn a_stream_that_is_not_there_is_shown_to_be_absent() {
    let streams = neighbours(3);
    let mut map = map_of(&streams[..2]);
    let root = map.root();
    let absent = map.proof(&streams[2]);
    assert_eq!(absent.members.len(), 2);
    assert_eq!(check_absent(&streams[2], &absent, &root), Ok(()));
    assert_eq!(check_head(&streams[2], &end(3), &absent, &root), Err(HeadError::Missing));
    assert_eq!(check_absent(&streams[0], &absent, &root), Err(HeadError::Present));
    let empty_bucket = HeadsMap::default().proof("subject-p-1");
    assert_eq!(check_absent("subject-p-1", &empty_bucket, &BucketTree::default().root()), Ok(()));
    assert_eq!(check_absent("subject-p-1", &empty_bucket, &root), Err(HeadError::Root));
}

#[test]
fn a_bucket_with_a_member_left_out_doubled_moved_or_altered_is_refused() {
    let streams = neighbours(4);
    let mut map = map_of(&streams);
    let (proof, root) = (map.proof(&streams[0]), map.root());
    let check = |members: Vec<String>| {
        let altered = HeadProof { members, ..proof.clone() };
        (check_head(&streams[0], &end(1), &altered, &root), check_absent(&streams[0], &altered, &root))
    };
    assert_eq!(check(proof.members.clone()), (Ok(()), Err(HeadError::Present)));
    for at in 0..4 {
        let mut left_out = proof.members.clone();
        left_out.remove(at);
        assert_eq!(check(left_out), (Err(HeadError::Root), Err(HeadError::Root)));
        let mut doubled = proof.members.clone();
        doubled.insert(at, doubled[at].clone());
        assert_eq!(check(doubled), (Err(HeadError::Order), Err(HeadError::Order)));
        let mut moved = proof.members.clone();
        moved.swap(at, (at + 1) % 4);
        assert_eq!(check(moved), (Err(HeadError::Order), Err(HeadError::Order)));
        let mut altered = proof.members.clone();
        let mut bytes = BASE64.decode(&altered[at]).unwrap();
        bytes[63] ^= 1;
        altered[at] = BASE64.encode(bytes);
        assert_eq!(check(altered), (Err(HeadError::Root), Err(HeadError::Root)));
    }
}

#[test]
fn the_same_name_twice_with_two_ends_is_refused() {
    let stream = &neighbours(1)[0];
    let members = [(name_hash(stream), head_hash(&end(1))), (name_hash(stream), head_hash(&end(2)))];
    let mut tree = BucketTree::default();
    tree.set(bucket_of(&name_hash(stream)), bucket_leaf(&members));
    let proof = HeadProof::new(&members, &tree.path(bucket_of(&name_hash(stream))));
    assert_eq!(check_head(stream, &end(1), &proof, &tree.root()), Err(HeadError::Order));
}

#[test]
fn a_member_of_another_bucket_is_refused_though_the_root_covers_it() {
    let stream = "subject-p-1";
    let bucket = bucket_of(&name_hash(stream)) ^ 1;
    let members = [(name_hash(stream), head_hash(&end(1)))];
    let mut tree = BucketTree::default();
    tree.set(bucket, bucket_leaf(&members));
    // Hidden in the bucket beside: neither its own bucket nor that one shows it.
    let proof = HeadProof::new(&members, &tree.path(bucket));
    assert_eq!(check_head(stream, &end(1), &proof, &tree.root()), Err(HeadError::Root));
    let other =
        (0..).map(|n| format!("subject-q-{n}")).find(|name| bucket_of(&name_hash(name)) == bucket).unwrap();
    assert_eq!(check_absent(&other, &proof, &tree.root()), Err(HeadError::Bucket));
}

#[test]
fn a_proof_of_another_bucket_says_nothing() {
    let mut map = map_of(&["subject-p-1".to_owned(), "subject-p-2".to_owned()]);
    let (proof, root) = (map.proof("subject-p-2"), map.root());
    assert!(check_absent("subject-p-1", &proof, &root).is_err());
    assert!(check_head("subject-p-1", &end(1), &proof, &root).is_err());
}

#[test]
fn a_malformed_proof_is_refused() {
    let mut map = map_of(&["subject-p-1".to_owned()]);
    let (proof, root) = (map.proof("subject-p-1"), map.root());
    let with = |change: &dyn Fn(&mut HeadProof)| {
        let mut changed = proof.clone();
        change(&mut changed);
        check_head("subject-p-1", &end(1), &changed, &root)
    };
    assert_eq!(with(&|_| ()), Ok(()));
    for change in [
        &(|proof: &mut HeadProof| proof.path.clear()) as &dyn Fn(&mut HeadProof),
        &|proof| drop(proof.path.pop()),
        &|proof| proof.path.push(proof.path[0].clone()),
        &|proof| proof.path[3] = "AAAA".into(),
        &|proof| proof.path[3] = "not base64".into(),
        &|proof| proof.members[0] = BASE64.encode([0; 63]),
        &|proof| proof.members[0] = BASE64.encode([0; 65]),
        &|proof| proof.members[0] = proof.members[0].trim_end_matches('=').into(),
        &|proof| proof.members.push(String::new()),
    ] {
        assert_eq!(with(change), Err(HeadError::Malformed));
    }
    assert_eq!(with(&|proof| proof.path.swap(0, 15)), Err(HeadError::Root));
}

#[test]
fn a_proof_is_two_lists_of_base64_in_json_and_nothing_else() {
    let proof = map_of(&["subject-p-1".to_owned()]).proof("subject-p-1");
    let text = serde_json::to_string(&proof).unwrap();
    assert!(text.starts_with("{\"members\":[\"") && text.contains("\"],\"path\":[\""), "{text}");
    assert_eq!(serde_json::from_str::<HeadProof>(&text).unwrap(), proof);
    assert!(serde_json::from_str::<HeadProof>(r#"{"members":[],"path":[],"more":1}"#).is_err());
}

#[test]
fn setting_many_leaves_at_once_is_setting_each() {
    let leaves = [(0, [1; 32]), (1, [2; 32]), (65_535, [3; 32]), (40_000, [4; 32]), (0, [5; 32])];
    let (mut one_by_one, mut together) = (BucketTree::default(), BucketTree::default());
    leaves.iter().for_each(|(bucket, leaf)| one_by_one.set(*bucket, *leaf));
    together.set_all(leaves);
    assert_eq!(one_by_one.root(), together.root());
    assert_eq!(one_by_one.path(1), together.path(1));
    assert_eq!(together.path(1)[0], [5; 32]);
    let before = together.root();
    together.set_all([]);
    assert_eq!(together.root(), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_root_is_that_of_the_definition_however_often_it_is_asked_for(
        noted in prop::collection::vec((0..60_u32, 0..9_u64, any::<bool>()), 0..120),
    ) {
        let mut map = HeadsMap::default();
        let mut ends = std::collections::BTreeMap::new();
        for (stream, revision, asked) in noted {
            let stream = format!("subject-p-{stream}");
            map.note(&stream, &end(revision));
            ends.insert(stream, end(revision));
            if asked {
                let _settled = map.root();
            }
        }
        prop_assert_eq!(map.streams(), ends.len() as u64);
        let ends: Vec<(String, StreamEnd)> = ends.into_iter().collect();
        let root = map.root();
        prop_assert_eq!(root, defined_root(&ends));
        for (stream, end) in &ends {
            prop_assert_eq!(check_head(stream, end, &map.proof(stream), &root), Ok(()));
        }
    }

    #[test]
    fn any_altered_bit_of_a_proof_is_refused(at: prop::sample::Index, bit in 0..8_u8) {
        let streams = neighbours(2);
        let mut map = map_of(&streams);
        let (proof, root) = (map.proof(&streams[0]), map.root());
        let mut bytes: Vec<Vec<u8>> =
            proof.members.iter().chain(&proof.path).map(|text| BASE64.decode(text).unwrap()).collect();
        let at = at.index(2 * 64 + 16 * 32);
        let (part, byte) = if at < 128 { (at / 64, at % 64) } else { (2 + (at - 128) / 32, at % 32) };
        bytes[part][byte] ^= 1 << bit;
        let mut texts = bytes.iter().map(|bytes| BASE64.encode(bytes));
        let altered = HeadProof { members: texts.by_ref().take(2).collect(), path: texts.collect() };
        prop_assert!(check_head(&streams[0], &end(1), &altered, &root).is_err());
        prop_assert!(check_absent(&streams[0], &altered, &root).is_err());
    }

    #[test]
    fn no_proof_stops_the_checks(
        members in prop::collection::vec("[A-Za-z0-9+/=]{0,90}", 0..4), path in prop::collection::vec("[A-Za-z0-9+/=]{0,48}", 0..18),
        stream: String, root: Hash,
    ) {
        let proof = HeadProof { members, path };
        prop_assert!(check_head(&stream, &end(1), &proof, &root).is_err());
        prop_assert!(check_absent(&stream, &proof, &root).is_err());
    }
}
