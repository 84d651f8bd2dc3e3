//! Attacks that only what is claimed, or held outside, can show.

use super::super::*;
use super::given::{Given, Story, note};

fn anchor(name: &str, note: &str) -> Anchor {
    Anchor { name: name.into(), note: note.into() }
}

#[tokio::test]
async fn attack_whole_log_rewritten_and_signed_again_passes_here_and_only_an_anchor_or_a_witness_shows_it() {
    let (it, before) = (Given::of(Story::Rewritten).await, Given::log().await);
    let report = it.check().await;
    assert_eq!(report.faults, [], "it follows from its own events, under its own key");
    for held in &before.notes {
        let claimed = Claimed { anchors: vec![anchor("the notary public", held)], ..it.claimed() };
        let report = it.check_claimed(claimed).await;
        assert_eq!(report.faults.len(), 1);
        assert_eq!(report.faults[0].kind, FaultKind::AnchorRoot);
        assert_eq!(report.verdict(Axis::Witness), "broken");
        assert_eq!(report.verdict(Axis::History), "consistent");
    }
}

#[tokio::test]
async fn an_anchor_of_this_log_holds() {
    let it = Given::log().await;
    let anchors = it.notes.iter().map(|note| anchor("folder b", note)).collect();
    let report = it.check_claimed(Claimed { anchors, ..it.claimed() }).await;
    assert_eq!(report.faults, []);
    assert_eq!((report.held.anchors, report.verdict(Axis::Witness)), (4, "anchored"));
}

#[tokio::test]
async fn attack_checkpoint_newer_than_the_log() {
    let it = Given::log().await;
    let newer = note(u64::try_from(it.size).unwrap() + 1, [1; 32]);
    let report = it.check_claimed(Claimed { kept: Some(newer.clone()), ..it.claimed() }).await;
    let expected = Some(Position::new(u64::try_from(it.size).unwrap() + 1));
    assert_eq!((report.faults[0].position, report.faults[0].kind), (expected, FaultKind::RolledBack));
    let anchors = vec![anchor("folder b", &newer)];
    let report = it.check_claimed(Claimed { anchors, ..it.claimed() }).await;
    assert_eq!((report.faults[0].position, report.faults[0].kind), (expected, FaultKind::AnchorNewer));
    assert_eq!(report.faults.len(), 1);
}

#[tokio::test]
async fn attack_checkpoints_that_are_none_of_this_log() {
    let it = Given::log().await;
    let altered = it.notes[0].replacen("subject-record", "another-record", 1);
    for (text, kind) in [(altered.as_str(), FaultKind::Signature), ("nothing", FaultKind::Signature)] {
        let report = it.check_claimed(Claimed { checkpoints: vec![text.into()], ..Claimed::nothing() }).await;
        assert_eq!(report.faults.iter().map(|fault| fault.kind).collect::<Vec<_>>(), [kind]);
    }
    let anchors = vec![anchor("folder b", &altered)];
    let report = it.check_claimed(Claimed { anchors, ..it.claimed() }).await;
    assert_eq!((report.faults[0].kind, report.faults[0].axis), (FaultKind::AnchorForeign, Axis::Witness));
}

#[tokio::test]
async fn attack_checkpoint_with_another_root() {
    let it = Given::log().await;
    let claimed = Claimed {
        checkpoints: vec![it.notes[0].clone(), note(200, [1; 32]), note(250, [1; 32])],
        ..it.claimed()
    };
    let report = it.check_claimed(claimed).await;
    assert_eq!(report.faults.len(), 1, "told once: {:#?}", report.faults);
    assert_eq!((report.faults[0].kind, report.faults[0].axis), (FaultKind::Root, Axis::History));
    assert!(report.faults[0].text.contains("between entry 10 and 200"), "{}", report.faults[0].text);
}

#[tokio::test]
async fn attack_tiles_missing_cut_or_altered() {
    use futures::{StreamExt as _, TryStreamExt as _};

    use crate::notary::tile::TileId;

    let it = Given::log().await;
    let tiles: Vec<(TileId, Vec<u8>)> = it.claimed().tiles.try_collect().await.unwrap();
    let check = |tiles: Vec<(TileId, Vec<u8>)>| {
        let tiles = futures::stream::iter(tiles.into_iter().map(Ok)).boxed();
        // All but the last checkpoint stand in log.db, so the last partial tile is not yet due there.
        it.check_claimed(Claimed { tiles, checkpoints: it.notes.clone(), ..it.claimed() })
    };
    assert_eq!(check(tiles.clone()).await.faults, []);
    for missing in 0..tiles.len() {
        let mut rest = tiles.clone();
        let (id, _) = rest.remove(missing);
        let report = check(rest).await;
        assert_eq!(report.faults.len(), 1, "{id:?}: {:#?}", report.faults);
        assert_eq!(report.faults[0].kind, FaultKind::TileMissing);
    }
    for (nth, byte, position) in [(0, 32 * 17 + 3, Some(18)), (1, 32 * 4, Some(261)), (2, 5, Some(1))] {
        let mut altered = tiles.clone();
        altered[nth].1[byte] ^= 1;
        let report = check(altered).await;
        assert_eq!(report.faults.len(), 1, "{:#?}", report.faults);
        assert_eq!(
            (report.faults[0].kind, report.faults[0].position),
            (FaultKind::Tile, position.map(Position::new))
        );
    }
    let mut beyond = tiles.clone();
    beyond[1].1.extend([9; 32]);
    let report = check(beyond).await;
    let expected = Some(Position::new(u64::try_from(it.size).unwrap() + 1));
    assert_eq!((report.faults[0].kind, report.faults[0].position), (FaultKind::Tile, expected));
}

#[tokio::test]
async fn attack_another_key_named_by_the_first_event_is_told_when_the_key_is_known() {
    let it = Given::log().await;
    let known = VerifierKey::new_ed25519(
        "subject-record",
        ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes(),
    );
    let folder = it.path("events.db");
    let question = Question {
        data: folder.parent().unwrap(),
        kek: None,
        verifier_key: Some(known.unwrap()),
        claimed: Claimed::nothing(),
        workers: 1,
    };
    let report = check(question, |_| ()).await.unwrap();
    assert_eq!(
        (report.faults[0].kind, report.faults[0].position),
        (FaultKind::Opening, Some(Position::new(1)))
    );
}
