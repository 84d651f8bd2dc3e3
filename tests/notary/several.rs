//! Several instances over one log and one schema: exactly one signs, and whatever befalls it, no two published
//! checkpoints are of different trees.

use std::sync::Arc;
use std::time::{Duration, Instant};

use subject_record::db::postgres::Postgres;
use subject_record::notary::checkpoint::SignedCheckpoint;
use subject_record::notary::heads::{StreamEnd, check_absent, check_head};
use subject_record::notary::note::CosigningKey;
use subject_record::notary::tile::TileId;
use subject_record::notary::tree::{Frontier, check_consistency};
use subject_record::notary::{Notary, NotaryError, Place, Refusal, TablesError};
use subject_record_schemas::Position;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::given::{Engine, Given, ORIGIN, PATIENCE, leads, refusal, stream};
use crate::postgres::{Cluster, Proxy};

/// Within which another instance signs after the one that did is gone or cut off: five seconds, and time on a busy
/// machine.
const TAKEOVER_MAX: Duration = Duration::from_secs(15);
/// Longer than the server bears silence.
const QUIET: Duration = Duration::from_secs(5);
/// Long enough for whoever looks on to have looked.
const LOOKS: Duration = Duration::from_secs(1);

/// Two instances, the first of which signs.
async fn two() -> (Given, Notary, Notary) {
    let given = Given::log(Engine::Postgres, 1).await;
    let first = given.instance("first").await;
    leads(&first, true).await;
    let second = given.instance("second").await;
    (given, first, second)
}

/// Writes down whatever an instance publishes.
fn published(notary: &Notary) -> JoinHandle<Vec<Arc<SignedCheckpoint>>> {
    let mut states = notary.watch();
    tokio::spawn(async move {
        let mut published = Vec::new();
        while states.changed().await.is_ok() {
            published.extend(states.borrow_and_update().checkpoint.clone());
        }
        published
    })
}

/// Everything that was published is a beginning of the log, and never went back.
fn holds(given: &Given, published: &[Arc<SignedCheckpoint>]) {
    assert!(!published.is_empty());
    assert!(published.is_sorted_by_key(|signed| signed.checkpoint.size), "{published:?}");
    let (mut tree, mut roots) = (Frontier::default(), vec![Frontier::default().root()]);
    for entry in given.log.entries.lock().unwrap().iter() {
        tree.push(entry.leaf_hash);
        roots.push(tree.root());
    }
    for signed in published {
        let size = usize::try_from(signed.checkpoint.size).unwrap();
        assert_eq!(signed.checkpoint.root, roots[size], "{size} entries");
    }
}

#[tokio::test]
async fn of_two_instances_one_signs_and_the_other_publishes_and_proves_the_same() {
    let (given, first, second) = two().await;
    given.log.add(300);
    let old = second.covering(given.log.last(), PATIENCE).await.unwrap();
    given.log.add(400);
    let new = second.covering(given.log.last(), PATIENCE).await.unwrap();
    assert_eq!(new.checkpoint, first.covering(given.log.last(), PATIENCE).await.unwrap().checkpoint);
    assert_eq!(new.checkpoint.root, given.log.root());
    new.verify(second.verifier_key()).unwrap();
    assert_eq!(given.kept("second").read().unwrap().unwrap(), *new, "kept before it is published");
    assert!(*first.leads().borrow() && !*second.leads().borrow());

    let entries = given.log.entries.lock().unwrap().clone();
    let positions: Vec<Position> = entries.iter().map(|entry| entry.position).collect();
    for (proof, entry) in second.prove(&positions, &new).await.unwrap().iter().zip(&entries) {
        proof.check(&entry.leaf_hash).unwrap();
    }
    let (old, new) = (&old.checkpoint, &new.checkpoint);
    let consistency = second.prove_consistency(old.size, new.size).await.unwrap();
    check_consistency(&consistency, (old.size, &old.root), (new.size, &new.root)).unwrap();
    assert!(second.extends(old).await.unwrap());
    let tile = TileId { level: 0, number: 2 };
    assert_eq!(second.tile(tile, 188).await.unwrap(), first.tile(tile, 188).await.unwrap());
    assert_eq!(second.tile(tile, 189).await.unwrap(), None);
    assert!(second.entries(2, 188).await.unwrap().is_some());
}

#[tokio::test]
async fn signatures_of_others_are_kept_by_the_one_that_signs_and_seen_by_all() {
    let (given, first, second) = two().await;
    given.log.add(5);
    let signed = second.covering(given.log.last(), PATIENCE).await.unwrap();
    let witness = CosigningKey::from_seed("witness.example/w1", Zeroizing::new([9; 32])).unwrap();
    let line = witness.cosign(signed.note.text(), 1_800_000_000).unwrap();
    let refused = second.add_signatures(&signed, std::slice::from_ref(&line)).await;
    assert!(matches!(refused, Err(NotaryError::Tables(TablesError::Lost))), "{refused:?}");
    let cosigned = first.add_signatures(&signed, &[line]).await.unwrap();
    let mut states = second.watch();
    let seen = states.wait_for(|state| state.checkpoint.as_deref() == Some(&cosigned));
    tokio::time::timeout(PATIENCE, seen).await.unwrap().unwrap();
    assert_eq!(second.kept_checkpoints(100, 9).await.unwrap(), [cosigned]);
}

#[tokio::test]
async fn heads_are_committed_to_on_an_instance_that_does_not_sign_by_the_one_that_does() {
    let (given, first, second) = two().await;
    for events in [5, 20, 900] {
        given.log.add(events);
        for asked in [&second, &first] {
            let heads = asked.commit_heads(vec![stream("person-3"), stream("nobody-1")]).await.unwrap();
            assert_eq!((heads.at_position, heads.streams), (given.log.last(), events.min(7)));
            let entries = given.log.entries.lock().unwrap().clone();
            let last = entries.iter().rfind(|entry| entry.stream == stream("person-3")).unwrap();
            let end = StreamEnd { revision: last.revision, leaf_hash: last.leaf_hash };
            check_head("subject-person-3", &end, &heads.proofs[0], &heads.root).unwrap();
            check_absent("subject-nobody-1", &heads.proofs[1], &heads.root).unwrap();
        }
    }
}

#[tokio::test]
async fn an_instance_that_has_nothing_to_sign_stays_the_one_that_signs() {
    let (given, first, second) = two().await;
    let (mut firsts, mut seconds) = (first.leads(), second.leads());
    firsts.mark_unchanged();
    seconds.mark_unchanged();
    tokio::time::sleep(QUIET).await;
    assert!(!firsts.has_changed().unwrap() && !seconds.has_changed().unwrap());
    given.log.add(1);
    first.covering(given.log.last(), PATIENCE).await.unwrap();
}

#[tokio::test]
async fn when_the_one_that_signs_is_gone_another_signs_within_seconds() {
    let (given, first, second) = two().await;
    let both = [published(&first), published(&second)];
    for _ in 0..20 {
        given.log.add(37);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(first);
    let gone = Instant::now();
    given.log.add(100);
    let signed = second.covering(given.log.last(), PATIENCE).await.unwrap();
    assert!(gone.elapsed() < TAKEOVER_MAX, "{:?}", gone.elapsed());
    assert_eq!(signed.checkpoint.root, given.log.root());
    assert!(*second.leads().borrow());
    drop(second);
    for published in both {
        holds(&given, &published.await.unwrap());
    }
}

#[tokio::test]
async fn an_instance_that_is_cut_off_publishes_nothing_and_another_signs_within_seconds() {
    let given = Given::log(Engine::Postgres, 1).await;
    let proxy = Proxy::before(Cluster::shared()).await;
    let Place::Postgres(_) = &given.place else { unreachable!() };
    let cut_off = Place::Postgres(Postgres::at(&proxy.url(given.url()), "log").unwrap());
    let first = given.open(cut_off, "first", ORIGIN, Vec::new()).await;
    leads(&first, true).await;
    let second = given.instance("second").await;
    let both = [published(&first), published(&second)];
    given.log.add(100);
    let before = first.covering(given.log.last(), PATIENCE).await.unwrap();

    proxy.cut();
    let cut = Instant::now();
    given.log.add(100);
    second.covering(given.log.last(), PATIENCE).await.unwrap();
    assert!(cut.elapsed() < TAKEOVER_MAX, "{:?}", cut.elapsed());
    assert_eq!(*first.state().checkpoint.unwrap(), *before, "it cannot have written it");

    proxy.heal();
    given.log.add(100);
    let after = first.covering(given.log.last(), PATIENCE).await.unwrap();
    assert_eq!(after.checkpoint.root, given.log.root());
    leads(&first, false).await;
    assert!(*second.leads().borrow());
    drop((first, second));
    for published in both {
        holds(&given, &published.await.unwrap());
    }
}

#[tokio::test]
async fn a_session_that_the_server_ends_signs_nothing_more_and_one_instance_goes_on() {
    let (given, first, second) = two().await;
    let both = [published(&first), published(&second)];
    for round in 1..=4 {
        given.log.add(50);
        let ended = given
            .change(
                "",
                "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database \
                 WHERE locktype = 'advisory' AND granted AND datname = current_database()",
            )
            .await;
        assert_eq!(ended, 1, "round {round}: one session holds the lease");
        given.log.add(50);
        for notary in [&first, &second] {
            let signed = notary.covering(given.log.last(), PATIENCE).await.unwrap();
            assert_eq!(signed.checkpoint.root, given.log.root(), "round {round}");
        }
        tokio::time::sleep(LOOKS).await;
        assert!(*first.leads().borrow() != *second.leads().borrow(), "round {round}: one signs");
    }
    drop((first, second));
    for published in both {
        holds(&given, &published.await.unwrap());
    }
}

#[tokio::test]
async fn what_an_instance_saw_others_publish_it_holds_against_tables_that_were_rolled_back() {
    let (given, first, second) = two().await;
    given.log.add(300);
    second.covering(given.log.last(), PATIENCE).await.unwrap();
    drop((first, second));
    given.lose_tree().await;
    given.log.change(|entries| entries.truncate(200));
    given.log.head.send_replace(Position::new(200));
    let refused = refusal(&given.instance("second").await).await;
    assert_eq!(refused, Refusal::RolledBack { signed: 300, position: Position::new(200) });
}

#[tokio::test]
async fn nothing_is_signed_that_does_not_extend_what_the_tables_say_was_signed() {
    let given = Given::log(Engine::Postgres, 1).await;
    given.log.add(300);
    let first = given.instance("first").await;
    first.covering(given.log.last(), PATIENCE).await.unwrap();
    drop(first);
    let altered = given.change(
        "",
        "UPDATE log.tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE tile < 1000000",
    );
    assert!(altered.await > 0);
    let refused = refusal(&given.instance("second").await).await;
    assert_eq!(refused, Refusal::OtherRoot { size: 300 }, "though this one kept nothing yet");
}

#[tokio::test]
async fn why_nothing_is_signed_is_seen_by_the_others_and_they_do_not_sign_it_instead() {
    let (given, first, second) = two().await;
    given.log.add(10);
    second.covering(given.log.last(), PATIENCE).await.unwrap();
    given.log.change(|entries| entries[9].bytes = "{}".into());
    given.log.add(1);
    given.log.change(|entries| entries[10].bytes = "{}".into());
    given.log.add(1);
    let refused = refusal(&first).await;
    assert_eq!(refused, Refusal::Altered { position: Position::new(11) });
    let mut states = second.watch();
    let told = Some(Refusal::Elsewhere(refused.to_string()));
    tokio::time::timeout(PATIENCE, states.wait_for(|state| state.refusal == told)).await.unwrap().unwrap();
    tokio::time::sleep(LOOKS).await;
    assert!(!*second.leads().borrow());
    assert_eq!(second.state().position, Position::new(10), "what was signed is served all the same");
}

#[tokio::test]
async fn an_instance_that_cannot_keep_what_it_signs_lets_another_sign() {
    let given = Given::log(Engine::Postgres, 1).await;
    let first = given.instance("not there/first").await;
    leads(&first, true).await;
    let second = given.instance("second").await;
    given.log.add(10);
    let signed = second.covering(given.log.last(), PATIENCE).await.unwrap();
    assert_eq!(signed.checkpoint.root, given.log.root());
    assert!(*second.leads().borrow());
    assert_eq!(first.state().checkpoint, None, "what it cannot keep it does not publish");
}

#[tokio::test]
async fn a_database_that_goes_away_is_told_of_and_gone_on_with_when_it_is_back() {
    let cluster = Cluster::own();
    let url = cluster.database().await;
    let given = Given::log(Engine::Sqlite, 1).await;
    let place = Place::Postgres(Postgres::at(&url, "log").unwrap());
    let notary = given.open(place, "first", ORIGIN, Vec::new()).await;
    given.log.add(100);
    notary.covering(given.log.last(), PATIENCE).await.unwrap();
    cluster.stop().await;
    given.log.add(100);
    let mut states = notary.watch();
    let failed = states.wait_for(|state| state.refusal == Some(Refusal::Failed));
    tokio::time::timeout(PATIENCE, failed).await.unwrap().unwrap();
    cluster.start().await;
    let signed = notary.covering(given.log.last(), PATIENCE).await.unwrap();
    assert_eq!(signed.checkpoint.root, given.log.root());
    tokio::time::sleep(LOOKS).await;
    assert_eq!(notary.state().refusal, None);
}
