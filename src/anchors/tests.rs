use super::*;
use zeroize::Zeroizing;

const ORIGIN: &str = "record.example/log one";

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, Zeroizing::new([seed; 32])).unwrap()
}

fn signed(key: &SigningKey, size: u64, root: u8) -> SignedCheckpoint {
    let origin = key.verifier_key().name().to_owned();
    SignedCheckpoint::sign(Checkpoint { origin, size, root: [root; 32] }, key).unwrap()
}

fn people(ids: &[&str]) -> BTreeSet<SubjectId> {
    ids.iter().map(|id| SubjectId::parse(*id).unwrap()).collect()
}

struct Given {
    outside: tempfile::TempDir,
    key: SigningKey,
    anchor: Anchor,
}

fn given() -> Given {
    let outside = tempfile::tempdir().unwrap();
    let key = key(&ORIGIN.replace(' ', "/"), 1);
    let anchor = Anchor::new(outside.path(), key.verifier_key().clone());
    Given { outside, key, anchor }
}

impl Given {
    fn write(&self, size: u64, root: u8, ids: &[&str], extends: bool) -> Result<(), AnchorError> {
        self.anchor.write(&signed(&self.key, size, root), &people(ids), &self.key, |_| extends)
    }

    fn alter(&self, file: &str, change: impl FnOnce(String) -> String) {
        let path = self.anchor.folder().join(file);
        std::fs::write(&path, change(std::fs::read_to_string(&path).unwrap())).unwrap();
    }
}

#[test]
fn what_was_written_is_read_back_from_a_folder_named_after_the_origin() {
    let given = given();
    assert!(given.anchor.read().unwrap().checkpoint.is_none(), "nothing was anchored yet");
    given.write(7, 1, &["p-invented-2", "p-invented-1"], true).unwrap();
    let anchored = given.anchor.read().unwrap();
    assert_eq!(anchored.checkpoint.unwrap().checkpoint.size, 7);
    assert_eq!((anchored.erased, anchored.erased_at), (people(&["p-invented-1", "p-invented-2"]), 7));
    let register = given.outside.path().join("record.example-log-one/erased");
    let register = std::fs::read_to_string(register).unwrap();
    let body = "subject-record/erased@v1\nrecord.example/log/one\n7\n2\np-invented-1\np-invented-2\n\n";
    assert!(register.starts_with(body), "{register}");
}

#[test]
fn an_anchor_never_goes_back_to_a_smaller_or_another_tree() {
    let given = given();
    given.write(7, 1, &[], true).unwrap();
    given.write(7, 1, &[], false).unwrap();
    for (size, root, extends, why) in [
        (6, 1, true, "rolled back"),
        (7, 2, true, "forked at the same size"),
        (8, 2, false, "does not extend"),
    ] {
        let refused = given.write(size, root, &[], extends);
        assert!(matches!(refused, Err(AnchorError::WouldRollBack { anchored: 7, .. })), "{why}: {refused:?}");
    }
    given.write(8, 2, &[], true).unwrap();
    assert_eq!(given.anchor.read().unwrap().checkpoint.unwrap().checkpoint.size, 8);
}

#[test]
fn an_anchor_forgets_nobody_who_was_erased() {
    let given = given();
    given.write(7, 1, &["p-invented-1", "p-invented-2"], true).unwrap();
    let refused = given.write(8, 1, &["p-invented-2", "p-invented-3"], true);
    assert!(matches!(refused, Err(AnchorError::WouldForget { missing: 1, .. })), "{refused:?}");
    assert_eq!(given.anchor.read().unwrap().checkpoint.unwrap().checkpoint.size, 7, "it is as it was");
}

#[test]
fn an_unchanged_register_is_not_signed_anew() {
    let given = given();
    given.write(7, 1, &["p-invented-1"], true).unwrap();
    given.write(9, 1, &["p-invented-1"], true).unwrap();
    assert_eq!(given.anchor.read().unwrap().erased_at, 7);
    given.write(9, 1, &["p-invented-1", "p-invented-2"], true).unwrap();
    assert_eq!(given.anchor.read().unwrap().erased_at, 9);
}

#[test]
fn a_folder_that_is_not_there_is_no_empty_anchor() {
    let given = given();
    let nowhere = Anchor::new(&given.outside.path().join("unmounted"), given.key.verifier_key().clone());
    assert!(matches!(nowhere.read(), Err(AnchorError::Unreadable { .. })));
    let written = nowhere.write(&signed(&given.key, 1, 1), &people(&[]), &given.key, |_| true);
    assert!(matches!(written, Err(AnchorError::Unreadable { .. })));
}

#[test]
fn what_is_altered_in_an_anchor_is_noticed() {
    type Change = fn(String) -> String;
    let changes: [(&str, Change); 6] = [
        ("checkpoint", |text| text.replacen("\n7\n", "\n6\n", 1)),
        ("checkpoint", |text| text.split("\n\n").next().unwrap().to_owned() + "\n"),
        ("checkpoint", |_| String::new()),
        ("erased", |text| text.replace("p-invented-1\n", "")),
        ("erased", |text| text.replacen("\n7\n", "\n9\n", 1)),
        ("erased", |text| text.replace("p-invented-1", "p-invented-9")),
    ];
    for (file, change) in changes {
        let given = given();
        given.write(7, 1, &["p-invented-1"], true).unwrap();
        given.alter(file, change);
        let read = given.anchor.read();
        assert!(matches!(read, Err(AnchorError::NotSigned { .. })), "{file}: {read:?}");
    }
    let given = given();
    given.write(7, 1, &["p-invented-1"], true).unwrap();
    std::fs::remove_file(given.anchor.folder().join("erased")).unwrap();
    assert!(matches!(given.anchor.read(), Err(AnchorError::RegisterMissing { .. })));
}

#[test]
fn a_signed_note_that_is_no_register_is_refused() {
    let given = given();
    given.write(7, 1, &[], true).unwrap();
    let origin = given.key.verifier_key().name().to_owned();
    for body in [
        format!("subject-record/erased@v2\n{origin}\n7\n0\n"),
        String::from("subject-record/erased@v1\nother.example\n7\n0\n"),
        format!("subject-record/erased@v1\n{origin}\n7\n1\n"),
        format!("subject-record/erased@v1\n{origin}\n7\n2\np-invented-2\np-invented-1\n"),
        format!("subject-record/erased@v1\n{origin}\n7\n1\nshort\n"),
        format!("subject-record/erased@v1\n{origin}\n07\n0\n"),
    ] {
        let note = Note::sign(&body, &given.key).unwrap();
        given.alter("erased", |_| note.to_string());
        assert!(matches!(given.anchor.read(), Err(AnchorError::Malformed { .. })), "{body}");
    }
}

#[test]
fn the_anchor_of_another_log_or_another_key_is_refused() {
    let given = given();
    given.write(7, 1, &[], true).unwrap();
    let (other_key, other_log) = (key(given.key.verifier_key().name(), 2), key("other.example", 1));
    let anchor = Anchor::new(given.outside.path(), other_key.verifier_key().clone());
    assert!(matches!(anchor.read(), Err(AnchorError::NotSigned { .. })), "another key of the same name");
    let written = given.anchor.write(&signed(&other_log, 8, 1), &people(&[]), &given.key, |_| true);
    assert!(matches!(written, Err(AnchorError::NotSigned { .. })), "a checkpoint of another log");
}

#[test]
fn no_origin_leads_out_of_the_folder() {
    for name in ["..", ".", "a/../../b", "/etc"] {
        let anchor = Anchor::new(Path::new("/outside"), key(name, 1).verifier_key().clone());
        assert_eq!(anchor.folder().parent(), Some(Path::new("/outside")), "{name}");
        assert!(anchor.folder().file_name().is_some(), "{name}");
    }
}
