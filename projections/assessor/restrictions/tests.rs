use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::facts::{HASH, agreement, consent, example};
use crate::given::{Given, fact};

fn restricted(kind: &str, set: bool, categories: &[&str]) -> Fact {
    let data = json!({
        "restriction_id": kind, "kind": kind, "set": set, "categories": categories, "ground": "violation_reported",
    });
    fact("restriction.changed.v1", &data)
}

fn changed(field: &str) -> Fact {
    example("profile.changed.v1", |data| data["field"] = field.into())
}

fn destroyed(categories: &[&str]) -> Fact {
    let data = json!({
        "scope": "field", "categories": categories, "trigger": "term_ended", "method": "overwritten",
    });
    fact("data.destroyed.v1", &data)
}

fn processed(action: &str) -> Fact {
    let data = json!({
        "action": action, "purpose": "service", "categories": ["phone"], "automated": false, "system": "crm",
        "basis": { "kind": "consent", "reference": "c-1" },
    });
    fact("processing.performed.v1", &data)
}

fn court(stage: &str, orders: Value) -> Fact {
    fact("dispute.changed.v1", &json!({ "dispute_id": "disp-1", "stage": stage, "orders": orders }))
}

/// A client whose consent is published and live: positions begin at 4.
fn client() -> Given {
    let text = example("consent_text.published.v1", |data| {
        (data["text_id"], data["version"], data["text_hash"]) = ("services".into(), "1".into(), HASH.into());
    });
    Given::default().published(-9, text).at(-8, agreement("live", &[])).at(-7, consent("c-1", json!({})))
}

fn none() -> [String; 0] {
    []
}

#[test]
fn blocked_data_is_neither_used_nor_changed_until_the_block_is_lifted() {
    let blocked = client().at(0, restricted("block", true, &[]));
    let used = blocked.clone().at(1, processed("use"));
    assert_eq!(used.clone().findings(100), ["F36:5"]);
    let lifted = used.at(2, restricted("block", false, &[]));
    assert_eq!(lifted.clone().findings(100), ["F36:5 cured by 6"]);
    assert_eq!(lifted.at(3, processed("use")).findings(100), ["F36:5 cured by 6"]);
    assert_eq!(blocked.at(1, changed("phone")).findings(100), ["F36:5"]);
    assert_eq!(client().at(1, processed("use")).at(2, changed("phone")).findings(100), none());
}

#[test]
fn a_block_of_some_categories_leaves_the_others_free() {
    let blocked = client().at(0, restricted("block", true, &["email"]));
    assert_eq!(blocked.clone().at(1, changed("phone")).at(2, processed("use")).findings(100), none());
    assert_eq!(blocked.at(1, changed("email")).findings(100), ["F36:5"]);
}

#[test]
fn what_is_blocked_may_lie_where_it_lies() {
    let blocked = client().at(0, restricted("block", true, &[]));
    for action in ["store", "block", "destroy"] {
        assert_eq!(blocked.clone().at(1, processed(action)).findings(100), none(), "{action}");
    }
    for action in ["accumulate", "change", "supplement", "disseminate", "anonymise"] {
        assert_eq!(blocked.clone().at(1, processed(action)).findings(100), ["F36:5"], "{action}");
    }
}

#[test]
fn a_legal_hold_keeps_data_and_does_not_stop_its_use() {
    let held = client().at(0, restricted("legal_hold", true, &[]));
    assert_eq!(held.at(1, processed("use")).at(2, changed("phone")).findings(100), none());
}

#[test]
fn the_number_of_a_legal_entity_is_nobodys_data_and_not_blocked() {
    let blocked = client().at(0, restricted("block", true, &[]));
    assert_eq!(blocked.at(1, changed("bin")).findings(100), none());
}

#[test]
fn a_destruction_during_a_block_or_hold_has_to_wait() {
    for kind in ["block", "legal_hold"] {
        let held = client().at(0, restricted(kind, true, &["phone"]));
        assert_eq!(held.clone().at(1, destroyed(&["email"])).findings(100), none());
        let destroyed_too_early = held.clone().at(1, destroyed(&["phone"]));
        assert_eq!(destroyed_too_early.clone().findings(100), ["F35:5"], "{kind}");
        let lifted = destroyed_too_early.at(2, restricted(kind, false, &[]));
        assert_eq!(lifted.findings(100), ["F35:5 cured by 6"]);
        let waited = held.at(1, restricted(kind, false, &[])).at(2, destroyed(&["phone"]));
        assert_eq!(waited.findings(100), none());
    }
}

#[test]
fn of_two_restrictions_the_last_to_go_ends_the_wrong() {
    let held = client().at(0, restricted("block", true, &[])).at(0, restricted("legal_hold", true, &[]));
    let first = held.at(1, destroyed(&[])).at(2, restricted("block", false, &[]));
    assert_eq!(first.clone().findings(100), ["F35:6"]);
    assert_eq!(first.at(3, restricted("legal_hold", false, &[])).findings(100), ["F35:6 cured by 8"]);
}

#[test]
fn an_order_of_a_court_to_keep_data_bars_its_destruction_while_the_dispute_lasts() {
    let found = |given: Given| {
        let found = given.findings(100).into_iter();
        found.filter(|told| told.starts_with("F35")).collect::<Vec<_>>()
    };
    let ordered = || client().at(0, court("court_act", json!(["preserve"])));
    let early = ordered().at(1, destroyed(&[]));
    assert_eq!(found(early.clone()), ["F35:5"]);
    assert_eq!(found(early.at(2, court("closed", json!([])))), ["F35:5 cured by 6"]);
    assert_eq!(found(ordered().at(1, court("court_act", json!(["destroy"]))).at(2, destroyed(&[]))), none());
    let blocked = client().at(0, court("court_act", json!(["block"])));
    assert_eq!(found(blocked.at(1, destroyed(&[]))), ["F35:5"]);
    assert_eq!(found(client().at(0, court("court_act", json!(["dismiss"]))).at(1, destroyed(&[]))), none());
}
