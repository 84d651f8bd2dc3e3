//! Boxes beside the server, until they are destroyed for good.

use std::path::Path;

use subject_record::store::EventStore;

use super::double::Fault;
use super::given::It;
use crate::conformance::given::{Shape, any, append, event, person, record};

/// Whether the content of a box filled with this byte lies in a file or its write-ahead log.
fn lies_in(beside: &Path, fill: u8) -> bool {
    let name = beside.file_name().unwrap().to_str().unwrap();
    ["", "-wal"].iter().any(|end| {
        let bytes = std::fs::read(beside.with_file_name(format!("{name}{end}"))).unwrap_or_default();
        bytes.windows(32).any(|window| window == [fill; 32])
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn destroyed_boxes_leave_nothing_in_the_file_beside_the_server() {
    let it = It::new();
    let store = it.open().await;
    record(&*store, any(&person(1), [event("e-1").boxed(0xa7)])).await;
    record(&*store, any(&person(2), [event("e-2").boxed(0xb8)])).await;
    assert!(lies_in(&it.beside(), 0xa7));
    assert_eq!(store.destroy_boxes(&person(1)).await.unwrap(), 1);
    assert!(!lies_in(&it.beside(), 0xa7) && lies_in(&it.beside(), 0xb8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_box_of_an_unknown_outcome_is_destroyed_with_the_others() {
    let it = It::new();
    let store = it.open().await;
    record(&*store, any(&person(1), [event("e-1").boxed(0xa7)])).await;
    it.server.fail([Fault::CutBefore; 5]);
    assert!(append(&*store, any(&person(1), [event("e-2").boxed(0xb8)])).await.is_err());
    it.server.stop();
    assert!(
        store.destroy_boxes(&person(1)).await.is_err(),
        "its event may come, and must not come without a box"
    );
    it.server.go_on();
    assert_eq!(store.destroy_boxes(&person(1)).await.unwrap(), 2);
    assert!(!lies_in(&it.beside(), 0xa7) && !lies_in(&it.beside(), 0xb8));
    assert!(!store.has_any_box().await.unwrap());
}
