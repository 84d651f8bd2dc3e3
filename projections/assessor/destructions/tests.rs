use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::facts::{HASH, consent, example};
use crate::given::{Given, fact};

fn destroyed(scope: &str, done: &[&str], left: &[&str], more: Value) -> Fact {
    let mut data = json!({
        "scope": scope, "trigger": "subject_request", "method": "overwritten", "places_done": done,
        "places_left": left,
    });
    if let Value::Object(more) = more {
        data.as_object_mut().unwrap().extend(more);
    }
    fact("data.destroyed.v1", &data)
}

fn changed() -> Fact {
    example("profile.changed.v1", |_| {})
}

fn message() -> Fact {
    example("message.sent.v1", |_| {})
}

/// Findings of some codes.
fn of(codes: &[&str], given: Given) -> Vec<String> {
    let found = given.findings(100).into_iter();
    found.filter(|told| codes.iter().any(|code| told.starts_with(code))).collect()
}

fn none() -> [String; 0] {
    []
}

#[test]
fn a_destruction_ends_only_when_every_copy_is_reached() {
    let begun =
        || Given::default().at(0, destroyed("subject", &["dc-1"], &["archive-1", "cloud-1"], json!({})));
    assert_eq!(of(&["F34"], begun()), ["F34:1"]);
    let half = begun().at(1, destroyed("copy", &["archive-1"], &[], json!({})));
    assert_eq!(of(&["F34"], half.clone()), ["F34:1"]);
    let all = half.at(2, destroyed("copy", &["cloud-1"], &[], json!({})));
    assert_eq!(of(&["F34"], all), ["F34:1 cured by 3"]);
    let at_once = Given::default().at(0, destroyed("subject", &["dc-1", "archive-1"], &[], json!({})));
    assert_eq!(of(&["F34"], at_once), none());
}

#[test]
fn a_copy_that_is_left_is_a_matter_of_time() {
    let left = Given::default().at(0, destroyed("subject", &[], &["archive-1"], json!({})));
    let mut rows = left.rows(&crate::findings::FINDINGS, 100).into_iter().map(|(_, body)| body);
    assert_eq!(rows.find(|body| body["finding"] == "F34").unwrap()["severity"], "deadline");
}

#[test]
fn a_value_or_document_destroyed_later_is_not_the_copy_that_was_left() {
    let left = || Given::default().at(0, destroyed("subject", &[], &["archive-1"], json!({})));
    for (scope, more) in [
        ("field", json!({ "categories": ["phone"] })),
        ("document", json!({ "scope_ref": "doc-1" })),
        ("copy", json!({ "categories": ["phone"] })),
    ] {
        let other = left().at(1, destroyed(scope, &["archive-1"], &[], more));
        assert_eq!(of(&["F34"], other), ["F34:1"], "{scope}");
    }
}

#[test]
fn what_was_destroyed_is_not_used_again() {
    let gone = || Given::default().at(0, destroyed("subject", &["dc-1"], &[], json!({})));
    assert_eq!(of(&["F37"], gone().at(1, changed())), ["F37:2"]);
    assert_eq!(of(&["F37"], gone().at(1, message())), ["F37:2"]);
    let again = gone().at(1, changed()).at(2, destroyed("subject", &["dc-1"], &[], json!({})));
    assert_eq!(of(&["F37"], again), ["F37:2 cured by 3"]);
    let part = Given::default().at(0, destroyed("field", &["dc-1"], &[], json!({ "categories": ["phone"] })));
    assert_eq!(of(&["F37"], part.at(1, changed())), none());
    assert_eq!(
        of(&["F37"], Given::default().at(0, changed()).at(1, destroyed("subject", &[], &[], json!({})))),
        none()
    );
}

#[test]
fn to_carry_out_an_erasure_is_no_use_of_what_is_erased() {
    let processed = |action: &str| {
        example("processing.performed.v1", |data| {
            (data["action"], data["basis"]) = (action.into(), json!({ "kind": "none" }));
        })
    };
    let erased = || {
        Given::default().at(0, example("subject.registered.v1", |_| {})).at(
            1,
            example("erasure.decided.v1", |data| {
                (data["scope"], data["decision"]) = ("subject".into(), "approved".into());
            }),
        )
    };
    assert_eq!(of(&["F37"], erased().at(2, processed("destroy"))), none());
    assert_eq!(of(&["F37"], erased().at(2, processed("use"))), ["F37:3"]);
    let gone = || Given::default().at(0, destroyed("subject", &["dc-1"], &[], json!({})));
    assert_eq!(of(&["F37"], gone().at(1, processed("destroy"))), none());
    assert_eq!(of(&["F37"], gone().at(1, processed("store"))), ["F37:2"]);
}

#[test]
fn who_consents_after_a_destruction_begins_anew() {
    let text = example("consent_text.published.v1", |data| {
        (data["text_id"], data["version"], data["text_hash"]) = ("services".into(), "1".into(), HASH.into());
    });
    let anew = Given::default()
        .published(-1, text)
        .at(0, destroyed("subject", &["dc-1"], &[], json!({})))
        .at(1, consent("c-1", json!({})))
        .at(2, changed());
    assert_eq!(of(&["F37"], anew), none());
}
