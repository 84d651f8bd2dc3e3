use proptest::prelude::*;
use subject_record_schemas::Position;

use super::*;
use crate::given::minute;
use crate::given::tables::Tables;
use crate::table::Shape;

static TABLE: Table = Table { name: "things", shape: Shape::Versions, columns: &[] };
const KEYS: usize = 3;
const MINUTES: usize = 8;

fn row(key: usize, content: u8) -> Row {
    Row {
        table: &TABLE,
        key: format!("key-{key}").into(),
        at: minute(0),
        cells: [].into(),
        body: content.to_string().into(),
    }
}

fn from(minutes: usize) -> DateTime<Utc> {
    minute(i64::try_from(minutes).unwrap())
}

/// Something a draft is told.
#[derive(Clone, Debug)]
enum Saying {
    Set(usize, u8),
    Clear(usize),
    SetThen(usize, u8, usize, Option<u8>),
}

fn sayings() -> impl Strategy<Value = Vec<(usize, Saying)>> {
    let saying = prop_oneof![
        (0..MINUTES, 0u8..3).prop_map(|(from, content)| Saying::Set(from, content)),
        (0..MINUTES).prop_map(Saying::Clear),
        (0..MINUTES, 0u8..3, 0..MINUTES, proptest::option::of(0u8..3))
            .prop_map(|(from, content, then, later)| Saying::SetThen(from, content, then, later)),
    ];
    proptest::collection::vec((0..KEYS, saying), 0..5)
}

/// What each key holds in each minute: the plainest picture there is.
type Picture = [[Option<u8>; MINUTES]; KEYS];

fn paint(picture: &mut Picture, key: usize, saying: &Saying) {
    match *saying {
        Saying::Set(from, content) => picture[key][from..].fill(Some(content)),
        Saying::Clear(from) => picture[key][from..].fill(None),
        Saying::SetThen(from, content, then, later) => {
            picture[key][from..].fill(Some(content));
            picture[key][then.max(from)..].fill(later);
        }
    }
}

fn say(draft: &mut Draft<'_>, key: usize, saying: &Saying) {
    match *saying {
        Saying::Set(at, content) => draft.set(from(at), row(key, content)),
        Saying::Clear(at) => draft.clear(&TABLE, &row(key, 0).key, from(at)),
        Saying::SetThen(at, content, then, later) => {
            draft.set_then(from(at), row(key, content), from(then), later.map(|content| row(key, content)));
        }
    }
}

fn painted(picture: &Picture, minutes: usize) -> Vec<Row> {
    let held = picture.iter().enumerate();
    held.filter_map(|(key, contents)| Some(row(key, contents[minutes]?))).collect()
}

/// Changes to different keys come in no order.
fn sorted(changes: &[Change]) -> Vec<String> {
    let mut told: Vec<_> = changes.iter().map(|change| format!("{change:?}")).collect();
    told.sort();
    told
}

proptest! {
    #[test]
    fn rows_written_by_changes_show_each_picture_as_it_was_known(
        drafts in proptest::collection::vec(sayings(), 1..8),
    ) {
        let (mut versions, mut tables) = (Versions::default(), Tables::default());
        let mut pictures = vec![Picture::default()];
        for (number, sayings) in (1..).zip(&drafts) {
            let mut picture = *pictures.last().unwrap();
            let before = versions.clone();
            let mut draft = versions.draft();
            for (key, saying) in sayings {
                say(&mut draft, *key, saying);
                paint(&mut picture, *key, saying);
            }
            let changes = draft.changes();
            prop_assert_eq!(sorted(&versions.changes_since(&before)), sorted(&changes));
            let taken: usize = versions.places.values().flatten().map(bytes_of).sum();
            prop_assert_eq!(versions.bytes(), taken + versions.places.len() * PLACE_BYTES);
            tables.take(Position::new(number), changes);
            pictures.push(picture);
        }
        for (known_at, picture) in (0..).zip(&pictures) {
            for minutes in 0..MINUTES {
                let visible = tables.visible(from(minutes), Position::new(known_at));
                prop_assert_eq!(visible, painted(picture, minutes), "minute {}, known {}", minutes, known_at);
            }
        }
        let last = pictures.last().unwrap();
        for minutes in 0..MINUTES {
            let now: Vec<_> = versions.all_at(from(minutes)).cloned().collect();
            prop_assert_eq!(now, painted(last, minutes));
        }
    }
}

#[test]
fn a_row_that_is_said_again_is_no_change() {
    let mut versions = Versions::default();
    let mut draft = versions.draft();
    draft.set_then(from(1), row(0, 1), from(5), None);
    assert_eq!(draft.changes().len(), 1);
    let mut draft = versions.draft();
    draft.set_then(from(1), row(0, 1), from(5), None);
    assert_eq!(draft.changes(), []);
}

#[test]
fn an_end_that_becomes_known_later_ends_the_row_and_retracts_nothing() {
    let mut versions = Versions::default();
    let mut draft = versions.draft();
    draft.set(from(1), row(0, 1));
    let _ = draft.changes();
    let mut draft = versions.draft();
    draft.clear(&TABLE, "key-0", from(3));
    let name = RowName { table: "things", key: "key-0".into(), from: from(1) };
    assert_eq!(draft.changes(), [Change::End { row: name, until: from(3) }]);
}

#[test]
fn what_time_would_bring_at_once_is_all_that_holds() {
    let mut versions = Versions::default();
    let mut draft = versions.draft();
    draft.set_then(from(3), row(0, 1), from(2), Some(row(0, 2)));
    let _ = draft.changes();
    assert_eq!(versions.at(&TABLE, "key-0", from(3)), Some(&row(0, 2)));
    assert_eq!(versions.at(&TABLE, "key-0", from(2)), None);
}

#[test]
fn a_draft_keeps_aside_only_the_end_of_a_long_history() {
    let mut versions = Versions::default();
    for number in 0..100 {
        let mut draft = versions.draft();
        draft.set(from(number), row(0, u8::try_from(number).unwrap()));
        assert_eq!(draft.changes().len(), if number == 0 { 1 } else { 2 });
    }
    let mut draft = versions.draft();
    draft.set(from(100), row(0, 200));
    draft.set(from(98), row(0, 201));
    assert!(draft.before.values().all(|tail| tail.kept == 98 && tail.entries.len() == 2));
    assert_eq!(versions.at(&TABLE, "key-0", from(97)), Some(&row(0, 97)));
}
