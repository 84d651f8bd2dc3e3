use serde_json::{Value, json};

use super::*;
use crate::given::facts::{agreement, consent, example, registered, withdrawal};
use crate::given::{Given, minute};

/// The profile at a minute.
fn profile(given: &Given, minutes: i64) -> Value {
    let mut rows = given.clone().rows(&PROFILE, minutes);
    assert!(rows.len() <= 1, "one row a person");
    rows.pop().map_or(Value::Null, |(_, body)| body)
}

fn changed(field: &str) -> Fact {
    example("profile.changed.v1", |data| data["field"] = field.into())
}

fn restricted(id: &str, kind: &str, set: bool) -> Fact {
    example("restriction.changed.v1", |data| {
        (data["restriction_id"], data["kind"], data["set"]) = (id.into(), kind.into(), set.into());
    })
}

#[test]
fn a_profile_begins_with_the_first_event_and_says_when_the_person_registered() {
    let given = Given::default().at(2, consent("c-1", json!({}))).at(5, registered());
    assert_eq!(profile(&given, 1), Value::Null);
    let before = profile(&given, 4);
    assert_eq!((&before["standing"], &before["kind"]), (&json!("unregistered"), &Value::Null));
    let after = profile(&given, 5);
    assert_eq!((&after["standing"], &after["kind"]), (&json!("registered"), &json!("person")));
    assert_eq!((&after["since"], &after["registered_at"]), (&json!(minute(2)), &json!(minute(5))));
}

#[test]
fn boxes_stand_in_order_so_that_a_correction_replaces_what_came_before_and_hides_nothing() {
    let given = Given::default().at(0, registered()).at(3, changed("email")).at(5, changed("phone"));
    let boxes = json!([
        { "position": "0000000000000001" },
        { "position": "0000000000000002", "field": "email" },
        { "position": "0000000000000003", "field": "phone" },
    ]);
    assert_eq!(profile(&given, 5)["boxes"], boxes);
    assert_eq!(profile(&given, 3)["boxes"].as_array().unwrap().len(), 2, "as it was then");
}

#[test]
fn of_several_changes_of_one_value_the_last_ones_box_holds_it() {
    let given = Given::default().at(0, registered()).at(3, changed("email")).at(4, changed("phone"));
    let given = given.at(5, changed("email")).at(6, changed("email"));
    let boxes = json!([
        { "position": "0000000000000001" },
        { "position": "0000000000000003", "field": "phone" },
        { "position": "0000000000000005", "field": "email" },
    ]);
    assert_eq!(profile(&given, 6)["boxes"], boxes);
    assert_eq!(profile(&given, 4)["boxes"][1]["position"], "0000000000000002", "as it was then");
}

#[test]
fn a_correction_that_happened_earlier_and_came_later_stands_in_the_order_of_happening() {
    let given = Given::default().at(0, registered()).at(5, changed("phone")).at(3, changed("email"));
    let boxes = profile(&given, 6)["boxes"].clone();
    let fields: Vec<_> = boxes.as_array().unwrap().iter().map(|held| held["field"].clone()).collect();
    assert_eq!(fields, [Value::Null, json!("email"), json!("phone")]);
}

#[test]
fn an_erasure_leaves_the_skeleton_and_no_box() {
    let erased = example("erasure.decided.v1", |data| {
        (data["decision"], data["scope"]) = ("approved".into(), "subject".into());
    });
    let given = Given::default().at(0, registered()).at(1, consent("c-1", json!({}))).at(5, erased);
    let after = profile(&given, 5);
    assert_eq!((&after["standing"], &after["boxes"]), (&json!("erased"), &json!([])));
    assert_eq!((&after["erased_at"], &after["registered_at"]), (&json!(minute(5)), &json!(minute(0))));
    assert_eq!(after["kind"], Value::Null);
    assert_eq!(profile(&given, 4)["standing"], "registered");
}

#[test]
fn two_ids_of_one_person_are_linked_and_their_histories_stay_apart() {
    let given = Given::default().at(0, registered()).at(4, example("duplicate.linked.v1", |_| {}));
    assert_eq!(profile(&given, 3)["duplicates"], json!([]));
    let linked = &profile(&given, 4)["duplicates"][0];
    assert_eq!((&linked["reason"], &linked["position"]), (&json!("same_iin"), &json!("0000000000000002")));
    assert_eq!(
        profile(&given, 4)["boxes"].as_array().unwrap().len(),
        1,
        "nothing of the other is taken over"
    );
}

#[test]
fn an_authority_is_shown_with_its_first_and_last_day_and_its_revocation() {
    let recorded = |revoked: bool| {
        example("representation.recorded.v1", |data| {
            (data["valid_from"], data["valid_until"]) = ("2026-01-01".into(), "2026-03-01".into());
            if revoked {
                data["revoked_at"] = json!(minute(6));
            }
        })
    };
    let given = Given::default().at(0, registered()).at(1, recorded(false)).at(6, recorded(true));
    let before = &profile(&given, 5)["representatives"][0];
    assert_eq!((&before["valid_until"], &before["revoked_at"]), (&json!("2026-03-01"), &Value::Null));
    let after = profile(&given, 6)["representatives"].clone();
    assert_eq!((after.as_array().unwrap().len(), &after[0]["revoked_at"]), (1, &json!(minute(6))));
}

#[test]
fn an_entity_is_a_user_too_and_its_number_is_no_part_of_the_row() {
    let entity = example("subject.registered.v1", |data| {
        (data["kind"], data["bin"]) = ("entity".into(), "991240000402".into());
    });
    let profile = profile(&Given::default().at(0, entity), 0);
    assert_eq!(profile["kind"], "entity");
    assert!(!profile.to_string().contains("991240000402"));
}

#[test]
fn live_agreements_and_standing_restrictions_are_listed_and_only_those() {
    let given = Given::default()
        .at(0, registered())
        .at(1, agreement("live", &[]))
        .at(2, restricted("b-1", "block", true))
        .at(3, restricted("h-1", "legal_hold", true))
        .at(4, restricted("b-1", "block", false))
        .at(5, agreement("ended", &[]));
    let kinds = |minutes| {
        let restrictions = profile(&given, minutes)["restrictions"].clone();
        restrictions.as_array().unwrap().iter().map(|held| held["kind"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((kinds(3), kinds(4)), (vec![json!("block"), json!("legal_hold")], vec![json!("legal_hold")]));
    assert_eq!(profile(&given, 4)["live_agreements"], json!(["ag-1"]));
    assert_eq!(profile(&given, 5)["live_agreements"], json!([]));
    let chronicle = given.chronicle();
    let cells = |minutes| chronicle.versions().at(&PROFILE, KEY, minute(minutes)).unwrap().cells.clone();
    assert_eq!((&cells(3)[3], &cells(4)[3]), (&Cell::Integer(0b11), &Cell::Integer(0b10)));
}

#[test]
fn a_profile_stands_unchanged_whatever_becomes_of_consents_which_have_rows_of_their_own() {
    let given = Given::default()
        .at(0, registered())
        .at(1, consent("c-1", json!({ "term": { "months": 1 } })))
        .at(2, withdrawal("c-1", json!({ "purposes": ["advertising"] })));
    let registered = profile(&given, 0);
    assert_eq!(registered["standing"], "registered");
    assert_eq!(
        [1, 2, 60 * 24 * 60].map(|minutes| profile(&given, minutes)),
        [(); 3].map(|()| registered.clone())
    );
}
