use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::facts::{
    HASH, agreement, consent, disclosure, example, limitation, registered, withdrawal,
};
use crate::given::{Given, fact};

/// Name and phone are used for the service, by a consent `c-1`, with changes.
fn used(change: Value) -> Fact {
    let mut data = json!({
        "action": "use", "purpose": "service", "categories": ["full_name", "phone"],
        "basis": { "kind": "consent", "reference": "c-1" }, "automated": false, "system": "case-desk",
    });
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    fact("processing.performed.v1", &data)
}

fn on(kind: Value) -> Value {
    json!({ "basis": { "kind": kind } })
}

/// A person who consented at minute 1: positions 1 and 2, and 3 for the text.
fn client() -> Given {
    given_by(&json!({}))
}

fn given_by(change: &Value) -> Given {
    Given::default().at(0, registered()).at(1, consent("c-1", change.clone())).published(-9, text())
}

/// The text that consents of these tests name.
fn text() -> Fact {
    example("consent_text.published.v1", |data| {
        (data["text_id"], data["version"]) = ("services".into(), "1".into());
    })
}

fn accepted() -> Fact {
    example("policy_version.answered.v1", |data| data["answer"] = "accepted".into())
}

fn authority(scope: Value, until: &str) -> Fact {
    let data = json!({
        "representation_id": "rep-1", "representative": "p-mother-1", "kind": "parent", "scope": scope,
        "valid_from": "2026-01-01", "valid_until": until,
    });
    fact("representation.recorded.v1", &data)
}

fn destroyed(change: Value) -> Fact {
    let mut data = json!({ "scope": "subject", "trigger": "unlawful_processing", "method": "overwritten" });
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    fact("data.destroyed.v1", &data)
}

const NONE: [&str; 0] = [];

#[test]
fn what_a_live_consent_covers_is_lawful() {
    assert_eq!(client().at(2, used(json!({}))).findings(9), NONE);
}

#[test]
fn acceptance_of_the_policy_is_no_consent() {
    let given = Given::default().at(0, registered()).at(1, accepted());
    let given = given.at(2, used(on(json!({ "unlisted": "policy-acceptance" }))));
    let found = given.clone().findings(9);
    assert!(found.contains(&"F01:3".to_owned()), "{found:?}");
    let cured = given.at(5, consent("c-1", json!({}))).findings(9);
    assert!(cured.contains(&"F01:3 cured by 4".to_owned()), "{cured:?}");
}

#[test]
fn a_case_of_the_law_has_to_be_named() {
    let by_law = json!({ "basis": { "kind": "article9", "reference": "94-V/9" } });
    let own_duty = json!({ "basis": { "kind": "operator_duty", "reference": "94-V/22" } });
    let given = Given::default().at(0, registered()).at(1, used(by_law)).at(2, used(own_duty));
    assert_eq!(given.clone().findings(9), NONE);
    let given = given.at(3, used(on(json!("article9")))).at(4, used(on(json!("operator_duty"))));
    assert_eq!(given.findings(9), ["F01:4", "F01:5"]);
}

#[test]
fn the_need_of_an_agreement_is_no_ground_in_law_and_a_consent_has_to_carry_it() {
    assert_eq!(client().at(2, used(on(json!("agreement")))).findings(9), NONE);
    let without = Given::default().at(0, registered()).at(1, agreement("live", &[]));
    assert_eq!(without.at(2, used(on(json!("agreement")))).findings(9), ["F01:3"]);
}

#[test]
fn technical_data_of_a_known_person_is_personal() {
    let clicks = json!({ "categories": ["technical"], "basis": { "kind": "none" } });
    let given = client().at(2, used(clicks));
    assert_eq!(given.clone().findings(9), ["F03:4"]);
    let covering = consent("c-2", json!({ "categories": ["technical", "phone"] }));
    assert_eq!(given.at(3, covering).findings(9), ["F03:4 cured by 5"]);
    let mixed = json!({ "categories": ["technical", "phone"], "basis": { "kind": "none" } });
    assert_eq!(client().at(2, used(mixed)).findings(9), ["F01:4", "F03:4"]);
}

#[test]
fn what_came_before_the_consent_is_made_good_by_it() {
    let given = Given::default().at(0, registered()).published(-9, text()).at(1, used(on(json!("consent"))));
    assert_eq!(given.clone().findings(9), ["F05:3"]);
    assert_eq!(given.clone().at(2, consent("c-9", json!({}))).findings(9), ["F05:3 cured by 4"]);
    let other = consent("c-9", json!({ "purposes": ["advertising"] }));
    assert_eq!(given.at(2, other).findings(9), ["F05:3"], "for another purpose");
}

#[test]
fn a_consent_that_is_not_named_and_covers_it_carries_it_all_the_same() {
    assert_eq!(client().at(2, used(on(json!("consent")))).findings(9), NONE);
}

#[test]
fn a_consent_that_nobody_gave_yet_carries_nothing() {
    let early = used(json!({ "basis": { "kind": "consent", "reference": "c-2" } }));
    assert_eq!(client().at(2, early).findings(9), ["F05:4"]);
}

#[test]
fn a_withdrawn_consent_carries_nothing_until_it_is_given_again() {
    let given = client().at(2, withdrawal("c-1", json!({}))).at(3, used(json!({})));
    assert_eq!(given.clone().findings(9), ["F06:5"]);
    assert_eq!(given.at(4, consent("c-2", json!({}))).findings(9), ["F06:5 cured by 6"]);
}

#[test]
fn a_purpose_that_was_withdrawn_alone_leaves_the_others() {
    let given = client().at(2, withdrawal("c-1", json!({ "purposes": ["advertising"] })));
    let given = given.at(3, used(json!({}))).at(4, used(json!({ "purpose": "advertising" })));
    assert_eq!(given.findings(9), ["F06:6"]);
}

#[test]
fn a_consent_runs_through_its_last_day_in_kazakhstan() {
    // Noon of these tests is 25 February 2026, 06:13 in UTC: the day ends at 19:00 UTC.
    let given = given_by(&json!({ "term": { "until": "2026-02-25" } }));
    let given = given.at(766, used(json!({}))).at(767, used(json!({})));
    assert_eq!(given.findings(9_999), ["F06:5"]);
}

#[test]
fn an_ended_consent_carries_nothing() {
    let ended = fact("consent.ended.v1", &json!({ "consent_id": "c-1", "reason": "invalidated" }));
    assert_eq!(client().at(2, ended).at(3, used(json!({}))).findings(9), ["F06:5"]);
}

#[test]
fn a_refused_purpose_is_not_tried_on_another_consent() {
    let refused = json!({ "text_id": "research", "version": "1", "purposes": ["research"] });
    let given = client().at(2, fact("consent.refused.v1", &refused));
    assert_eq!(given.at(3, used(json!({ "purpose": "research" }))).findings(9), ["F06:5"]);
}

#[test]
fn a_withdrawal_with_an_effective_day_counts_from_then() {
    let later = withdrawal("c-1", json!({ "effective_at": "2026-02-25T06:23:20Z" }));
    let given = client().at(2, later).at(9, used(json!({}))).at(11, used(json!({})));
    assert_eq!(given.findings(20), ["F06:6"]);
}

#[test]
fn withdrawal_with_an_open_obligation_stops_advertising_and_leaves_the_service() {
    let given = client().at(2, agreement("live", &["obl-1"])).at(3, withdrawal("c-1", json!({})));
    let given = given.at(4, limitation("c-1", "obl-1"));
    let given = given.at(5, used(json!({}))).at(6, used(json!({ "purpose": "advertising" })));
    assert_eq!(given.clone().findings(9), ["F06:8"]);
    let over = given.at(10, agreement("ended", &[])).at(12, used(json!({})));
    assert_eq!(over.findings(20), ["F06:8", "F06:10"], "once the obligation is over, nothing is kept");
}

#[test]
fn a_use_outside_purpose_or_categories_is_none_of_the_consent() {
    let given = client().at(2, used(json!({ "purpose": "research" })));
    let given = given.at(3, used(json!({ "categories": ["phone", "iin"] })));
    assert_eq!(given.clone().findings(9), ["F07:4", "F07:5"]);
    let wider = consent("c-2", json!({ "categories": ["phone", "iin"] }));
    assert_eq!(given.at(4, wider).findings(9), ["F07:4", "F07:5 cured by 6"]);
}

#[test]
fn destroying_what_was_used_unlawfully_makes_up_for_it() {
    let given = client().at(2, used(json!({ "categories": ["phone", "iin"] })));
    let some = destroyed(json!({ "scope": "field", "categories": ["iin"] }));
    assert_eq!(given.clone().at(3, some).findings(9), ["F07:4"], "the phone number is still there");
    let all = destroyed(json!({ "scope": "field", "categories": ["iin", "phone"] }));
    assert_eq!(given.at(3, all).findings(9), ["F07:4 cured by 5"]);
}

#[test]
fn a_purpose_outside_the_policy_is_found_beside_the_consent_that_lacks_it() {
    let scoring = json!({ "purpose": { "unlisted": "partner-scoring" } });
    let given = client().at(2, used(scoring));
    assert_eq!(given.clone().findings(9), ["F07:4", "F10:4"]);
    let asked = consent("c-2", json!({ "purposes": [{ "unlisted": "partner-scoring" }] }));
    assert_eq!(given.at(3, asked).findings(9), ["F07:4 cured by 5", "F10:4 cured by 5"]);
}

fn policy(version: &str, change: Value) -> Fact {
    example("policy_version.published.v1", |data| {
        let posted = "2026-02-25T06:33:20Z";
        (data["version"], data["posted_at"], data["new_purposes"]) =
            (version.into(), posted.into(), json!([]));
        for (name, value) in change.as_object().unwrap() {
            data[name] = value.clone();
        }
    })
}

#[test]
fn a_new_policy_binds_at_once_and_does_not_widen_what_was_consented_to() {
    let research = json!({ "purpose": "research" });
    let given = client().published(20, policy("2", json!({ "new_purposes": ["research"] })));
    let given = given.at(21, used(research.clone()));
    assert_eq!(given.clone().findings(30), ["F07:5", "F11:5"]);
    let asked = consent("c-2", json!({ "purposes": ["research"] }));
    let cured = given
        .at(25, asked)
        .at(26, used(json!({ "purpose": "research", "basis": { "kind": "consent", "reference": "c-2" } })));
    assert_eq!(cured.findings(30), ["F07:5 cured by 6", "F11:5 cured by 6"]);
    let newcomer = Given::default().published(20, policy("2", json!({ "new_purposes": ["research"] })));
    let newcomer = newcomer.at(40, registered()).at(41, consent("c-1", json!({}))).at(42, used(research));
    assert!(!newcomer.findings(50).iter().any(|found| found.starts_with("F11")), "collected under it");
}

#[test]
fn a_new_category_of_a_policy_needs_a_consent_too() {
    let given = client().published(20, policy("2", json!({ "new_categories": ["document"] })));
    let before = used(json!({ "categories": ["document"] }));
    assert_eq!(given.clone().at(19, before.clone()).findings(30), ["F07:5"], "not in force yet");
    assert_eq!(given.at(21, before).findings(30), ["F07:5", "F11:5"]);
}

#[test]
fn a_consent_for_a_case_ends_with_the_case() {
    let single = given_by(&json!({ "term": "purpose_achieved", "purposes": ["service"] }));
    let given = single.at(2, agreement("live", &[])).at(3, used(json!({})));
    let given = given.at(4, agreement("ended", &[])).at(5, used(json!({})));
    assert_eq!(given.clone().findings(9), ["F13:7"]);
    assert_eq!(given.at(6, consent("c-2", json!({}))).findings(9), ["F13:7 cured by 8"]);
}

#[test]
fn a_consent_with_a_term_of_its_own_outlives_the_agreement() {
    let given = given_by(&json!({ "term": { "months": 12 } })).at(2, agreement("live", &[]));
    assert_eq!(given.at(3, agreement("ended", &[])).at(4, used(json!({}))).findings(9), NONE);
}

#[test]
fn a_parent_consents_for_a_minor_and_nothing_rests_on_a_consent_without_authority() {
    let by = json!({ "by": { "representative": "p-mother-1" } });
    let given = Given::default().at(0, registered()).published(-9, text());
    let lawful = given.clone().at(1, authority(json!(["consent"]), "2030-01-01"));
    assert_eq!(lawful.at(2, consent("c-1", by.clone())).at(3, used(json!({}))).findings(9), NONE);
    let without = given.at(1, consent("c-1", by)).at(2, used(json!({})));
    assert_eq!(without.clone().findings(9), ["F08:3", "F08:4"]);
    let shown = without.at(3, authority(json!(["consent"]), "2030-01-01"));
    assert_eq!(shown.findings(9), ["F08:3 cured by 5", "F08:4 cured by 5"], "it held on that day");
}

#[test]
fn a_sole_proprietor_is_protected_like_anybody() {
    let proprietor = example("subject.registered.v1", |data| data["kind"] = "proprietor".into());
    let given = Given::default().at(0, proprietor).at(1, used(json!({ "categories": ["iin"] })));
    assert_eq!(given.findings(9), ["F05:2"]);
}

#[test]
fn a_withdrawal_that_becomes_known_late_creates_a_finding_and_a_late_use_before_it_is_none() {
    let late = client().at(5, used(json!({}))).at(3, withdrawal("c-1", json!({})));
    assert_eq!(late.findings(9), ["F06:4"], "used after it was withdrawn, though that was told later");
    let early = client().at(5, withdrawal("c-1", json!({}))).at(3, used(json!({})));
    assert_eq!(early.findings(9), NONE, "used while it ran, though that was told later");
}

#[test]
fn what_was_passed_on_before_a_withdrawal_stays_lawful() {
    let given = client().published(-5, example("recipient.registered.v1", |_| {}));
    let given = given.at(2, disclosure("d-1", "c-1", json!({ "categories": ["phone"] })));
    let before = given.clone().findings(9);
    assert_eq!(given.at(3, withdrawal("c-1", json!({}))).findings(9), before);
}

#[test]
fn blocked_data_is_not_used_and_destroyed_data_is_not_there() {
    let block = json!({
        "restriction_id": "b-1", "kind": "block", "set": true, "ground": "subject_demand", "categories": ["phone"],
    });
    let given = client().at(2, fact("restriction.changed.v1", &block)).at(3, used(json!({})));
    let given = given.at(4, used(json!({ "categories": ["full_name"] })));
    assert_eq!(given.findings(9), ["F36:5"]);
    let gone = client().at(2, destroyed(json!({ "trigger": "subject_request" }))).at(3, used(json!({})));
    assert_eq!(gone.findings(9), ["F37:5"]);
}

#[test]
fn to_block_and_to_destroy_need_no_consent() {
    let given = Given::default().at(0, registered());
    let given = given.at(1, used(json!({ "action": "block", "basis": { "kind": "none" } })));
    let given = given.at(2, used(json!({ "action": "destroy", "basis": { "kind": "none" } })));
    assert_eq!(given.findings(9), NONE);
}

#[test]
fn work_on_many_people_is_judged_in_their_own_streams() {
    let many = json!({ "basis": { "kind": "consent" }, "subjects_count": 40 });
    assert_eq!(Given::default().at(0, used(many)).findings(9), NONE);
    assert_eq!(Given::default().at(0, used(on(json!("consent")))).findings(9), ["F05:1"]);
}

#[test]
fn the_text_hash_of_these_tests_is_that_of_the_text() {
    assert!(matches!(text(), Fact::ConsentTextPublished(text) if text.text_hash.as_str() == HASH));
}
