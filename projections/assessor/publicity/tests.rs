use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::facts::{HASH, consent, example, withdrawal};
use crate::given::{Given, fact};

fn flagged(public: bool, categories: &[&str], ground: &str, more: Value) -> Fact {
    let mut data = json!({ "categories": categories, "public": public, "ground": ground });
    if let Value::Object(more) = more {
        data.as_object_mut().unwrap().extend(more);
    }
    fact("public_flag.changed.v1", &data)
}

/// With a consent to publicity: positions begin at 3.
fn consented(change: Value) -> Given {
    let text = example("consent_text.published.v1", |data| {
        (data["text_id"], data["version"], data["text_hash"]) = ("services".into(), "1".into(), HASH.into());
    });
    Given::default().published(-9, text).at(-8, consent("c-1", change))
}

fn none() -> [String; 0] {
    []
}

#[test]
fn data_is_public_on_a_consent_that_says_so_and_lives() {
    let on_consent = || flagged(true, &["full_name"], "consent", json!({ "consent_id": "c-1" }));
    assert_eq!(consented(json!({})).at(0, on_consent()).findings(100), none());
    assert_eq!(consented(json!({ "public": false })).at(0, on_consent()).findings(100), ["F12:3"]);
    assert_eq!(consented(json!({ "categories": ["phone"] })).at(0, on_consent()).findings(100), ["F12:3"]);
    for scope in ["public", "all"] {
        let withdrawn = consented(json!({})).at(-1, withdrawal("c-1", json!({ "scope": scope })));
        assert_eq!(withdrawn.at(0, on_consent()).findings(100), ["F12:4"], "{scope}");
    }
}

#[test]
fn a_law_or_act_is_named_or_it_is_none() {
    for ground in ["law", "court_act", "state_body_decision"] {
        let named = flagged(true, &["full_name"], ground, json!({ "demand_ref": "act-1" }));
        assert_eq!(Given::default().at(0, named).findings(100), none(), "{ground}");
        let unnamed = flagged(true, &["full_name"], ground, json!({}));
        assert_eq!(Given::default().at(0, unnamed).findings(100), ["F12:1"], "{ground}");
    }
}

#[test]
fn once_none_of_it_is_public_any_more_it_is_mended() {
    let shown = || Given::default().at(0, flagged(true, &["full_name", "phone"], "none", json!({})));
    let gone = |categories: &[&str]| flagged(false, categories, "subject_demand", json!({}));
    assert_eq!(shown().findings(100), ["F12:1"]);
    let half = shown().at(1, gone(&["phone"]));
    assert_eq!(half.clone().findings(100), ["F12:1"]);
    assert_eq!(half.at(2, gone(&["full_name"])).findings(100), ["F12:1 cured by 3"]);
}
