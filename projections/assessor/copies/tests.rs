use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::facts::{HASH, consent, example, recipient};
use crate::given::{Given, fact};

fn placed(place: &str, ground: Value, consent: Value) -> Fact {
    let data = json!({
        "place_id": place, "copy_kind": "backup", "categories": ["full_name"], "cross_border_ground": ground,
        "consent_id": consent,
    });
    fact("copy.placed.v1", &data)
}

fn place(id: &str, country: &str, holder: Value) -> Fact {
    let data = json!({
        "place_id": id, "country": country, "role": "replica", "holder_id": holder, "from": "2026-01-01T00:00:00Z",
    });
    fact("storage_place.registered.v1", &data)
}

fn destroyed(scope: &str, place: &str) -> Fact {
    let data = json!({
        "scope": scope, "trigger": "unlawful_processing", "method": "overwritten", "places_done": [place],
    });
    fact("data.destroyed.v1", &data)
}

/// A place at home and one abroad, and a consent: positions begin at 5.
fn given(change: Value) -> Given {
    let text = example("consent_text.published.v1", |data| {
        (data["text_id"], data["version"], data["text_hash"]) = ("services".into(), "1".into(), HASH.into());
    });
    Given::default()
        .published(-9, text)
        .published(-9, place("home-1", "KZ", json!(null)))
        .published(-9, place("cloud-1", "DE", json!("host-1")))
        .at(-8, consent("c-1", change))
}

fn none() -> [String; 0] {
    []
}

#[test]
fn a_copy_at_home_needs_no_ground_and_one_abroad_does() {
    assert_eq!(given(json!({})).at(0, placed("home-1", json!(null), json!(null))).findings(100), none());
    assert_eq!(
        given(json!({})).at(0, placed("cloud-1", json!("consent"), json!("c-1"))).findings(100),
        none()
    );
    for ground in [json!(null), json!("none"), json!({ "unlisted": "habit" })] {
        let abroad = given(json!({})).at(0, placed("cloud-1", ground, json!("c-1")));
        assert_eq!(abroad.findings(100), ["F27:5"]);
    }
    let nowhere = given(json!({})).at(0, placed("cloud-9", json!(null), json!(null)));
    assert_eq!(nowhere.findings(100), ["F27:5"], "a place that nobody registered");
}

#[test]
fn archive_copies_abroad_do_not_override_a_consent_to_stay_in_the_country() {
    let stays = || given(json!({ "cross_border": false, "countries": [] }));
    assert_eq!(stays().at(0, placed("cloud-1", json!("consent"), json!("c-1"))).findings(100), ["F27:5"]);
    let assured = json!({ "recipient_id": "host-1", "kind": "provider", "country": "DE" });
    for named in [json!("c-1"), json!(null)] {
        let protecting = stays().published(-1, recipient(assured.clone()));
        let placed = placed("cloud-1", json!("protecting_state"), named);
        assert_eq!(protecting.at(0, placed).findings(100), ["F27:6"]);
    }
}

#[test]
fn a_country_protects_data_only_if_somebody_has_assessed_it() {
    let protecting = || placed("cloud-1", json!("protecting_state"), json!(null));
    assert_eq!(given(json!({})).at(0, protecting()).findings(100), ["F27:5"]);
    for (assessment, found) in [("assured", vec![]), ("not_assured", vec!["F27:6"])] {
        let host = json!({
            "recipient_id": "host-1", "kind": "provider", "country": "DE", "country_assessment": assessment,
        });
        assert_eq!(given(json!({})).published(-1, recipient(host)).at(0, protecting()).findings(100), found);
    }
}

#[test]
fn the_destruction_of_the_copy_mends_it() {
    let abroad = || given(json!({})).at(0, placed("cloud-1", json!("none"), json!(null)));
    assert_eq!(abroad().at(1, destroyed("copy", "cloud-1")).findings(100), ["F27:5 cured by 6"]);
    assert_eq!(abroad().at(1, destroyed("copy", "home-1")).findings(100), ["F27:5"]);
    assert_eq!(abroad().at(1, destroyed("document", "cloud-1")).findings(100), ["F27:5"]);
}
