use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::facts::{
    HASH, agreement, consent, disclosure, example, recipient, recipient_told, withdrawal,
};
use crate::given::{Given, fact};

/// Registered are: a bureau of lawyers, the police, a translator abroad; and the text of the consents is published.
/// What a test adds begins at position 5.
fn given() -> Given {
    let police = json!({ "recipient_id": "police-2", "kind": "state_body" });
    let translator = json!({ "recipient_id": "translator-1", "kind": "provider", "country": "DE" });
    Given::default()
        .published(-100, recipient(json!({})))
        .published(-100, recipient(police))
        .published(-100, recipient(translator))
        .published(-100, consent_text())
}

fn consent_text() -> Fact {
    example("consent_text.published.v1", |data| {
        (data["text_id"], data["version"], data["text_hash"]) = ("services".into(), "1".into(), HASH.into());
    })
}

fn lawyer() -> Fact {
    let data = json!({
        "assignment_id": "as-1", "role": "lawyer", "holder_ref": "staff-lawyer-1", "from": "2026-01-01T00:00:00Z",
    });
    fact("responsibility.assigned.v1", &data)
}

/// The police asks for name and phone.
fn asked(id: &str, change: Value) -> Fact {
    example("state_request.received.v1", |data| {
        (data["request_id"], data["recipient_id"]) = (id.into(), "police-2".into());
        merge(data, change);
    })
}

fn decided(id: &str, decision: &str, change: Value) -> Fact {
    let mut data =
        json!({ "request_id": id, "decision": decision, "privilege_checked_by": "staff-lawyer-1" });
    merge(&mut data, change);
    fact("state_request.decided.v1", &data)
}

/// Name and phone go to the police on a request.
fn answered(id: &str, request: &str, categories: &[&str]) -> Fact {
    let change = json!({ "recipient_id": "police-2", "ground": "3.4.1", "categories": categories });
    disclosure(id, request, change)
}

fn merge(data: &mut Value, change: Value) {
    let Value::Object(change) = change else { return };
    for (name, value) in change {
        data[name] = value;
    }
}

/// A disclosure that rests on nothing that it names.
fn resting_on(ground: &str, more: Value) -> Fact {
    example("disclosure.made.v1", |data| {
        data.as_object_mut().unwrap().remove("ground_ref");
        data["ground"] = ground.into();
        merge(data, more);
    })
}

/// The bureau is told that the data is destroyed, and answers.
fn destroyed_at_recipient(given: Given, reference: &str, answer: &str) -> Given {
    let notice = json!({ "matter": "destroyed", "reference": reference });
    let data = json!({
        "notice_id": "n-1", "recipient_id": "lawyer-bureau-7", "answer": answer,
        "acknowledged_at": "2026-03-02T00:00:00Z",
    });
    given.at(50, recipient_told(notice)).at(60, fact("recipient_notice.acknowledged.v1", &data))
}

fn severity(given: Given, finding: &str) -> Value {
    let rows = given.rows(&crate::findings::FINDINGS, 100);
    rows.into_iter().find(|(_, body)| body["finding"] == finding).unwrap().1["severity"].take()
}

fn none() -> [String; 0] {
    []
}

#[test]
fn what_a_consent_covers_and_a_fit_recipient_gets_is_lawful() {
    let lawful = given().at(0, consent("c-1", json!({}))).at(1, disclosure("d-1", "c-1", json!({})));
    assert_eq!(lawful.findings(100), none());
}

#[test]
fn a_consent_that_does_not_name_the_recipient_carries_no_disclosure_to_it() {
    for change in [json!({ "recipients": ["lawyer-bureau-9"] }), json!({ "third_party": false })] {
        let outside = given().at(0, consent("c-1", change)).at(1, disclosure("d-1", "c-1", json!({})));
        assert_eq!(outside.findings(100), ["F07:6"]);
    }
    let unknown = given().at(1, disclosure("d-1", "c-9", json!({})));
    assert_eq!(unknown.findings(100), ["F07:5"]);
}

#[test]
fn a_consent_carries_a_disclosure_that_does_not_name_it() {
    let unnamed = given().at(0, consent("c-1", json!({}))).at(1, resting_on("3.5.1", json!({})));
    assert_eq!(unnamed.findings(100), none());
}

#[test]
fn a_withdrawal_racing_a_disclosure_is_decided_by_what_happened_first() {
    let disclosed_first = given()
        .at(0, consent("c-1", json!({})))
        .at(9, withdrawal("c-1", json!({})))
        .at(8, disclosure("d-1", "c-1", json!({})));
    assert_eq!(disclosed_first.findings(100), none(), "recorded later, and yet before the withdrawal");
    let withdrawn_first = given()
        .at(0, consent("c-1", json!({})))
        .at(9, disclosure("d-1", "c-1", json!({})))
        .at(8, withdrawal("c-1", json!({})));
    assert_eq!(withdrawn_first.findings(100), ["F06:6"], "the late record makes it unlawful");
}

#[test]
fn a_withdrawal_leaves_past_disclosures_lawful() {
    let withdrawn = given()
        .at(0, consent("c-1", json!({})))
        .at(1, disclosure("d-1", "c-1", json!({})))
        .at(2, withdrawal("c-1", json!({ "scope": "third_party" })));
    assert_eq!(withdrawn.clone().findings(100), none());
    assert_eq!(withdrawn.at(3, disclosure("d-2", "c-1", json!({}))).findings(100), ["F07:8"]);
}

#[test]
fn a_recipient_has_to_be_registered_and_dutiful_by_the_time_of_the_disclosure() {
    let consent = |who: &str| consent("c-1", json!({ "recipients": [who] }));
    let to = |who: &str| disclosure("d-1", "c-1", json!({ "recipient_id": who }));
    let later = given()
        .at(0, consent("expert-9"))
        .at(1, to("expert-9"))
        .published(2, recipient(json!({ "recipient_id": "expert-9" })));
    assert_eq!(later.clone().findings(100), ["F32:6"]);
    assert_eq!(later.at(3, to("expert-9")).findings(100), ["F32:6"], "from then on it is fit");
    let shop = json!({ "recipient_id": "shop-5", "duties_accepted": false });
    let undutiful = given().published(0, recipient(shop)).at(1, consent("shop-5")).at(2, to("shop-5"));
    assert_eq!(undutiful.findings(100), ["F32:7"]);
}

#[test]
fn the_need_of_an_agreement_is_thin_without_a_consent_that_lets_data_pass() {
    let on_agreement = || disclosure("d-1", "ag-1", json!({ "ground": "3.5.2" }));
    let both = given().at(0, agreement("live", &[])).at(1, consent("c-1", json!({})));
    assert_eq!(both.at(2, on_agreement()).findings(100), none());
    let alone = given().at(0, agreement("live", &[])).at(1, on_agreement());
    assert_eq!(alone.clone().findings(100), ["F09:6"]);
    assert_eq!(severity(alone, "F09"), "warning");
    let forbids = consent("c-1", json!({ "third_party": false }));
    let forbidden = given().at(0, agreement("live", &[])).at(1, forbids).at(2, on_agreement());
    assert_eq!(forbidden.findings(100), ["F09:7"]);
}

#[test]
fn an_agreement_that_is_over_carries_no_disclosure() {
    let on_agreement = || disclosure("d-1", "ag-1", json!({ "ground": "3.5.2" }));
    let over = given().at(0, agreement("ended", &[])).at(1, consent("c-1", json!({}))).at(2, on_agreement());
    assert_eq!(over.clone().findings(100), ["F09:7"]);
    assert_eq!(severity(over, "F09"), "violation");
    let never = given().at(1, consent("c-1", json!({}))).at(2, on_agreement());
    assert_eq!(never.findings(100), ["F09:6"]);
}

#[test]
fn a_disclosure_on_no_ground_no_request_or_no_article_is_found() {
    for ground in [json!("none"), json!({ "unlisted": "habit" }), json!("3.4.1"), json!("3.4.2")] {
        let made = given().at(0, resting_on("none", json!({ "ground": ground })));
        assert_eq!(made.findings(100), ["F28:5"], "{ground}");
    }
    let by_law = given().at(0, resting_on("3.4.2", json!({ "law_article": "94-V/9" })));
    assert_eq!(by_law.findings(100), none());
}

#[test]
fn a_proper_request_is_answered_as_it_was_decided() {
    let narrowed = given()
        .at(0, asked("sr-1", json!({})))
        .at(1, decided("sr-1", "narrow", json!({ "categories_allowed": ["full_name"] })));
    let kept_to = narrowed.clone().at(2, answered("d-1", "sr-1", &["full_name"]));
    assert_eq!(kept_to.findings(100), none());
    let too_much = narrowed.at(2, answered("d-1", "sr-1", &["full_name", "phone"]));
    assert_eq!(too_much.findings(100), ["F30:7"]);
}

#[test]
fn what_was_never_asked_for_may_not_be_added_to_an_answer() {
    let complied = given().at(0, asked("sr-1", json!({}))).at(1, decided("sr-1", "comply", json!({})));
    assert_eq!(
        complied.clone().at(2, answered("d-1", "sr-1", &["full_name", "phone"])).findings(100),
        none()
    );
    assert_eq!(complied.at(2, answered("d-1", "sr-1", &["full_name", "iin"])).findings(100), ["F30:7"]);
    let all = json!({ "scope_categories": [] });
    let open = given().at(0, asked("sr-1", all)).at(1, decided("sr-1", "comply", json!({})));
    assert_eq!(open.at(2, answered("d-1", "sr-1", &["iin"])).findings(100), none());
}

#[test]
fn nothing_goes_out_before_the_decision_or_against_it() {
    let asked_only = given().at(0, asked("sr-1", json!({}))).at(1, answered("d-1", "sr-1", &["phone"]));
    let later = asked_only.at(2, decided("sr-1", "comply", json!({})));
    assert_eq!(later.findings(100), ["F31:6"], "a later decision does not reach back");
    for decision in ["refuse", "ask_more"] {
        let refused = given().at(0, asked("sr-1", json!({}))).at(1, decided("sr-1", decision, json!({})));
        assert_eq!(refused.at(2, answered("d-1", "sr-1", &["phone"])).findings(100), ["F31:7"]);
    }
    let unrecorded = given().at(1, answered("d-1", "sr-9", &["phone"]));
    assert_eq!(unrecorded.findings(100), ["F31:5"]);
}

#[test]
fn an_answer_goes_to_nobody_but_who_asked() {
    let complied = given().at(0, asked("sr-1", json!({}))).at(1, decided("sr-1", "comply", json!({})));
    let to_others = disclosure("d-1", "sr-1", json!({ "ground": "3.4.1" }));
    assert_eq!(complied.at(2, to_others).findings(100), ["F28:7"]);
}

#[test]
fn privileged_content_needs_a_look_of_the_operators_lawyer() {
    let wanted = || asked("sr-1", json!({ "scope_categories": ["document"] }));
    let answer = || answered("d-1", "sr-1", &["document"]);
    let checked = given().published(-1, lawyer()).at(0, wanted()).at(1, decided("sr-1", "comply", json!({})));
    assert_eq!(checked.at(2, answer()).findings(100), none());
    for nobody in
        [json!({ "privilege_checked_by": null }), json!({ "privilege_checked_by": "staff-clerk-3" })]
    {
        let unseen = given().published(-1, lawyer()).at(0, wanted()).at(1, decided("sr-1", "comply", nobody));
        assert_eq!(unseen.at(2, answer()).findings(100), ["F31:8"]);
    }
}

#[test]
fn data_leaves_the_country_on_a_consent_to_that_country_only() {
    let abroad = |id: &str, ground: Value| {
        let change =
            json!({ "recipient_id": "translator-1", "country": "DE", "cross_border_ground": ground });
        disclosure(id, "c-1", change)
    };
    let to_translator = |change: Value| {
        let mut all = json!({ "recipients": ["translator-1"] });
        merge(&mut all, change);
        given().at(0, consent("c-1", all))
    };
    assert_eq!(to_translator(json!({})).at(1, abroad("d-1", json!("consent"))).findings(100), none());
    for silent in [json!({ "countries": ["FR"] }), json!({ "cross_border": false, "countries": [] })] {
        let against = to_translator(silent).at(1, abroad("d-1", json!("consent")));
        assert_eq!(against.findings(100), ["F27:6"]);
    }
    for ground in [json!("none"), json!(null), json!({ "unlisted": "habit" })] {
        assert_eq!(to_translator(json!({})).at(1, abroad("d-1", ground)).findings(100), ["F27:6"]);
    }
    let treaty = to_translator(json!({ "cross_border": false })).at(1, abroad("d-1", json!("treaty")));
    assert_eq!(treaty.findings(100), none());
}

#[test]
fn a_consent_to_stay_in_the_country_is_not_overridden_by_the_policy() {
    let abroad = || {
        let change = json!({ "recipient_id": "translator-1", "country": "DE", "cross_border_ground": "protecting_state" });
        disclosure("d-1", "c-1", change)
    };
    let says = |cross_border: bool| {
        consent(
            "c-1",
            json!({ "recipients": ["translator-1"], "cross_border": cross_border, "countries": [] }),
        )
    };
    assert_eq!(given().at(0, says(true)).at(1, abroad()).findings(100), none(), "assessed as protecting");
    assert_eq!(given().at(0, says(false)).at(1, abroad()).findings(100), ["F27:6"]);
    let unsure = recipient(json!({
        "recipient_id": "translator-1", "kind": "provider", "country": "DE", "country_assessment": "not_assessed",
    }));
    assert_eq!(given().published(0, unsure).at(1, says(true)).at(2, abroad()).findings(100), ["F27:7"]);
}

#[test]
fn an_unlawful_disclosure_is_mended_when_its_recipient_has_destroyed_the_data() {
    let without_ground = || given().at(0, resting_on("none", json!({})));
    let done = destroyed_at_recipient(without_ground(), "d-0042", "done");
    assert_eq!(done.findings(100), ["F28:5 cured by 7"]);
    let received = destroyed_at_recipient(without_ground(), "d-0042", "received");
    assert_eq!(received.findings(100), ["F28:5"], "to have got the notice is not to have done it");
    let other = destroyed_at_recipient(without_ground(), "d-9", "done");
    assert_eq!(other.findings(100), ["F28:5"], "another disclosure");
    let again =
        destroyed_at_recipient(without_ground(), "d-0042", "done").at(70, resting_on("none", json!({})));
    assert_eq!(again.findings(100).last().unwrap(), "F28:8", "what comes later is not mended");
}
