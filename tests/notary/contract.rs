//! What a notary does over a log in memory, and what it does when the log, its tables or the key's checkpoint is
//! another one, whichever engine keeps the tree.

use subject_record::notary::checkpoint::{Checkpoint, SignedCheckpoint};
use subject_record::notary::heads::{StreamEnd, check_absent, check_head};
use subject_record::notary::note::CosigningKey;
use subject_record::notary::tile::{TileId, read_bundle};
use subject_record::notary::tree::{check_consistency, leaf_hash};
use subject_record::notary::{Notary, NotaryError, Refusal};
use subject_record_schemas::Position;
use zeroize::Zeroizing;

use super::given::{Engine, Given, PATIENCE, key, refusal, stream};

macro_rules! on_both_engines {
    ($($name:ident)*) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $name() {
                super::$name(super::Engine::Sqlite).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test]
            async fn $name() {
                super::$name(super::Engine::Postgres).await;
            }
        )*}
    };
}

on_both_engines! {
    a_checkpoint_covers_every_entry_and_is_kept_beside_the_key_before_it_is_published
    every_entry_is_proven_and_older_trees_are_beginnings_of_newer_ones_whatever_the_positions
    tiles_and_entries_are_served_as_far_as_a_checkpoint_covers_them_and_no_further
    heads_are_proven_and_so_is_that_a_stream_is_not_there
    a_notary_goes_on_where_it_stopped_and_makes_its_file_anew_if_that_is_gone
    a_log_that_was_cut_is_refused_with_and_without_the_file_of_the_tree
    a_rewritten_entry_is_refused_even_when_the_tree_is_made_anew_of_it
    bytes_without_their_leaf_hash_are_never_put_under_a_checkpoint
    an_altered_tile_is_not_signed_over
    nothing_is_signed_that_does_not_extend_what_is_held_outside
    a_key_of_another_log_signs_nothing_for_this_one
    signatures_of_others_stay_with_the_checkpoint_they_were_given_for
}

async fn a_checkpoint_covers_every_entry_and_is_kept_beside_the_key_before_it_is_published(engine: Engine) {
    let given = Given::log(engine, 1).await;
    let notary = given.notary().await;
    for events in [1, 254, 1, 1, 700] {
        given.log.add(events);
        let signed = notary.covering(given.log.last(), PATIENCE).await.unwrap();
        signed.verify(notary.verifier_key()).unwrap();
        assert_eq!(signed.checkpoint.root, given.log.root());
        let kept = given.kept("first").read().unwrap().unwrap();
        assert!(kept.checkpoint.size >= signed.checkpoint.size);
    }
}

async fn every_entry_is_proven_and_older_trees_are_beginnings_of_newer_ones_whatever_the_positions(
    engine: Engine,
) {
    for step in [1, 3] {
        let given = Given::log(engine, step).await;
        let notary = given.notary().await;
        given.log.add(300);
        let old = notary.covering(given.log.last(), PATIENCE).await.unwrap();
        given.log.add(613);
        let new = notary.covering(given.log.last(), PATIENCE).await.unwrap();
        let entries = given.log.entries.lock().unwrap().clone();
        let positions: Vec<Position> = entries.iter().map(|entry| entry.position).collect();
        for (index, (proof, entry)) in
            notary.prove(&positions, &new).await.unwrap().iter().zip(&entries).enumerate()
        {
            assert_eq!(proof.index, index as u64);
            proof.check(&entry.leaf_hash).unwrap();
        }
        let (old, new) = (&old.checkpoint, &new.checkpoint);
        let consistency = notary.prove_consistency(old.size, new.size).await.unwrap();
        check_consistency(&consistency, (old.size, &old.root), (new.size, &new.root)).unwrap();
        let above = Position::new(positions.last().unwrap().number() + step);
        assert!(matches!(
            notary.prove(&[above], &notary.state().checkpoint.unwrap()).await,
            Err(NotaryError::NoEntry(_) | NotaryError::NotCovered(_))
        ));
        if step == 3 {
            let between = notary.prove(&[Position::new(4)], &notary.state().checkpoint.unwrap()).await;
            assert!(matches!(between, Err(NotaryError::NoEntry(_))), "{between:?}");
        }
    }
}

async fn tiles_and_entries_are_served_as_far_as_a_checkpoint_covers_them_and_no_further(engine: Engine) {
    let given = Given::log(engine, 1).await;
    let notary = given.notary().await;
    given.log.add(600);
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    let level_0 = |number| TileId { level: 0, number };
    assert_eq!(notary.tile(level_0(1), 256).await.unwrap().unwrap().len(), 256 * 32);
    assert_eq!(notary.tile(level_0(2), 88).await.unwrap().unwrap().len(), 88 * 32);
    assert_eq!(notary.tile(level_0(2), 89).await.unwrap(), None);
    assert_eq!(notary.tile(TileId { level: 1, number: 0 }, 2).await.unwrap().unwrap().len(), 64);
    assert_eq!(notary.tile(TileId { level: 1, number: 0 }, 3).await.unwrap(), None);
    assert_eq!(notary.tile(level_0(u64::MAX), 256).await.unwrap(), None);
    assert_eq!(notary.tile(TileId { level: 255, number: 0 }, 1).await.unwrap(), None);
    let bundle = notary.entries(2, 88).await.unwrap().unwrap();
    let entries = read_bundle(&bundle).unwrap();
    assert_eq!((entries.len(), entries[87]), (88, &b"{\"event\":599}"[..]));
}

async fn heads_are_proven_and_so_is_that_a_stream_is_not_there(engine: Engine) {
    let given = Given::log(engine, 1).await;
    let notary = given.notary().await;
    for events in [5, 20, 900] {
        given.log.add(events);
        let streams = vec![stream("person-3"), stream("nobody-1")];
        let heads = notary.commit_heads(streams).await.unwrap();
        assert_eq!(heads.at_position, given.log.last());
        let entries = given.log.entries.lock().unwrap().clone();
        let last = entries.iter().rfind(|entry| entry.stream == stream("person-3")).unwrap();
        let end = StreamEnd { revision: last.revision, leaf_hash: last.leaf_hash };
        check_head("subject-person-3", &end, &heads.proofs[0], &heads.root).unwrap();
        check_absent("subject-nobody-1", &heads.proofs[1], &heads.root).unwrap();
        assert_eq!(heads.streams, events.min(7));
        let before = StreamEnd { revision: last.revision + 1, ..end };
        assert!(check_head("subject-person-3", &before, &heads.proofs[0], &heads.root).is_err());
    }
}

async fn a_notary_goes_on_where_it_stopped_and_makes_its_file_anew_if_that_is_gone(engine: Engine) {
    let given = Given::log(engine, 1).await;
    let root_of = async |notary: &Notary| {
        let signed = notary.covering(given.log.last(), PATIENCE).await.unwrap();
        let heads = notary.commit_heads(Vec::new()).await.unwrap();
        (signed.checkpoint.root, heads.root, heads.streams)
    };
    given.log.add(333);
    let first = root_of(&given.notary().await).await;
    assert_eq!(root_of(&given.notary().await).await, first, "nothing new");
    given.log.add(333);
    let second = root_of(&given.notary().await).await;
    assert_eq!(second.0, given.log.root());
    given.lose_tree().await;
    assert_eq!(root_of(&given.notary().await).await, second, "made anew");
}

async fn a_log_that_was_cut_is_refused_with_and_without_the_file_of_the_tree(engine: Engine) {
    for removes_file in [false, true] {
        let given = Given::log(engine, 1).await;
        given.log.add(400);
        let notary = given.notary().await;
        notary.covering(given.log.last(), PATIENCE).await.unwrap();
        drop(notary);
        given.log.change(|entries| entries.truncate(390));
        given.log.head.send_replace(Position::new(390));
        if removes_file {
            given.lose_tree().await;
        }
        let notary = given.notary().await;
        let refused = refusal(&notary).await;
        assert!(matches!(refused, Refusal::RolledBack { signed: 400, .. }), "{refused:?}");
        let above = notary.covering(Position::new(401), PATIENCE).await;
        assert!(matches!(above, Err(NotaryError::Refused(_))), "{above:?}");
        assert!(refused.to_string().contains("open a new log"), "{refused}");
    }
}

async fn a_rewritten_entry_is_refused_even_when_the_tree_is_made_anew_of_it(engine: Engine) {
    let given = Given::log(engine, 1).await;
    given.log.add(400);
    let notary = given.notary().await;
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    drop(notary);
    given.log.change(|entries| {
        entries[17].bytes = "{\"event\":\"another\"}".into();
        entries[17].leaf_hash = leaf_hash(entries[17].bytes.as_bytes());
    });
    given.lose_tree().await;
    given.log.add(1);
    assert_eq!(refusal(&given.notary().await).await, Refusal::OtherRoot { size: 400 });
}

async fn bytes_without_their_leaf_hash_are_never_put_under_a_checkpoint(engine: Engine) {
    let given = Given::log(engine, 1).await;
    given.log.add(10);
    given.log.change(|entries| entries[6].bytes = "{\"event\":\"another\"}".into());
    assert_eq!(refusal(&given.notary().await).await, Refusal::Altered { position: Position::new(7) });
}

async fn an_altered_tile_is_not_signed_over(engine: Engine) {
    let given = Given::log(engine, 1).await;
    given.log.add(600);
    let notary = given.notary().await;
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    drop(notary);
    let altered = given
        .change(
            "UPDATE tiles SET hashes = zeroblob(64) WHERE tile >= (1 << 40)",
            "UPDATE log.tiles SET hashes = decode(repeat('00', 64), 'hex') WHERE tile >= (1::bigint << 40)",
        )
        .await;
    assert_eq!(altered, 1);
    assert_eq!(refusal(&given.notary().await).await, Refusal::OtherRoot { size: 600 });
}

async fn nothing_is_signed_that_does_not_extend_what_is_held_outside(engine: Engine) {
    let given = Given::log(engine, 1).await;
    given.log.add(50);
    let signed = |size, root| {
        let checkpoint = Checkpoint { origin: "example.kz/log".into(), size, root };
        SignedCheckpoint::sign(checkpoint, &key("example.kz/log")).unwrap()
    };
    let newer = vec![signed(51, given.log.root())];
    let refused = refusal(&given.notary_with("example.kz/log", newer).await).await;
    assert!(matches!(refused, Refusal::RolledBack { signed: 51, .. }), "{refused:?}");
    let other = vec![signed(50, [1; 32])];
    let refused = refusal(&given.notary_with("example.kz/log", other).await).await;
    assert_eq!(refused, Refusal::OtherRoot { size: 50 });
    let same = vec![signed(50, given.log.root())];
    let notary = given.notary_with("example.kz/log", same).await;
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
}

async fn a_key_of_another_log_signs_nothing_for_this_one(engine: Engine) {
    let given = Given::log(engine, 1).await;
    given.log.add(5);
    let notary = given.notary_with("example.kz/other", Vec::new()).await;
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    drop(notary);
    let refused = refusal(&given.notary().await).await;
    assert!(matches!(refused, Refusal::OtherOrigin { .. }), "{refused:?}");
}

async fn signatures_of_others_stay_with_the_checkpoint_they_were_given_for(engine: Engine) {
    let given = Given::log(engine, 1).await;
    let notary = given.notary().await;
    given.log.add(5);
    let signed = notary.covering(given.log.last(), PATIENCE).await.unwrap();
    let witness = CosigningKey::from_seed("witness.example/w1", Zeroizing::new([9; 32])).unwrap();
    let line = witness.cosign(signed.note.text(), 1_800_000_000).unwrap();
    let cosigned = notary.add_signatures(&signed, &[line]).await.unwrap();
    cosigned.note.verify(witness.verifier_key()).unwrap();
    assert_eq!(*notary.state().checkpoint.unwrap(), cosigned, "published");
    given.log.add(5);
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    assert_eq!(notary.kept_checkpoints(100, 9).await.unwrap(), [cosigned]);
}
