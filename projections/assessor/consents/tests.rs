use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::facts::{agreement, consent, example, limitation, registered, withdrawal};
use crate::given::{Given, fact};

const OTHER: &str = "4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a";
const NONE: [&str; 0] = [];
/// Minutes from noon to the end of its day in Kazakhstan.
const MIDNIGHT: i64 = 767;

/// A registered person and a published text: positions 1 and 2.
fn person() -> Given {
    let text = example("consent_text.published.v1", |data| {
        (data["text_id"], data["version"]) = ("services".into(), "1".into());
    });
    Given::default().at(0, registered()).published(-9, text)
}

fn authority(change: Value) -> Fact {
    let mut data = json!({
        "representation_id": "rep-1", "representative": "p-mother-1", "kind": "parent", "scope": ["consent"],
        "valid_from": "2026-01-01", "valid_until": "2026-02-25",
    });
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
    }
    fact("representation.recorded.v1", &data)
}

fn by_mother() -> Value {
    json!({ "by": { "representative": "p-mother-1" } })
}

fn ended(id: &str) -> Fact {
    fact("consent.ended.v1", &json!({ "consent_id": id, "reason": "purpose_achieved" }))
}

/// A consent that was withdrawn while an obligation was open: positions 1 to 6.
fn waiting() -> Given {
    let given = person().at(1, consent("c-1", json!({}))).at(2, agreement("live", &["obl-1"]));
    given.at(3, withdrawal("c-1", json!({}))).at(4, limitation("c-1", "obl-1"))
}

#[test]
fn a_consent_to_a_published_text_is_as_it_should_be() {
    assert_eq!(person().at(1, consent("c-1", json!({}))).findings(9), NONE);
}

#[test]
fn a_consent_names_a_text_that_was_published_by_then() {
    for wrong in [json!({ "text_hash": OTHER }), json!({ "version": "2" }), json!({ "text_id": "research" })]
    {
        assert_eq!(person().at(1, consent("c-1", wrong)).findings(9), ["F04:3"]);
    }
    let early = person().at(-20, consent("c-1", json!({})));
    assert_eq!(early.findings(9), ["F04:3"], "published eleven minutes later");
}

#[test]
fn a_consent_to_an_unpublished_text_is_mended_by_another_or_by_its_end() {
    let given = person().at(1, consent("c-1", json!({ "text_hash": OTHER })));
    assert_eq!(given.clone().at(2, consent("c-2", json!({}))).findings(9), ["F04:3 cured by 4"]);
    assert_eq!(given.clone().at(2, ended("c-1")).findings(9), ["F04:3 cured by 4"]);
    let narrower = consent("c-2", json!({ "purposes": ["service"] }));
    assert_eq!(given.at(2, narrower).findings(9), ["F04:3"], "advertising still rests on the first");
}

#[test]
fn an_authority_holds_through_its_last_day_in_kazakhstan() {
    let given = person().at(1, authority(json!({})));
    let on_the_day = given.clone().at(MIDNIGHT - 1, consent("c-1", by_mother()));
    assert_eq!(on_the_day.findings(9_999), NONE);
    let next_day = given.at(MIDNIGHT, consent("c-1", by_mother()));
    assert_eq!(next_day.findings(9_999), ["F08:4"]);
}

#[test]
fn an_authority_that_is_absent_or_does_not_cover_consents_or_was_revoked_gives_none() {
    assert_eq!(person().at(2, consent("c-1", by_mother())).findings(9), ["F08:3"]);
    for held in [
        json!({ "scope": ["requests"] }),
        json!({ "valid_from": "2026-03-01", "valid_until": "2027-03-01" }),
        json!({ "revoked_at": "2026-02-25T06:14:20Z" }),
        json!({ "representative": "p-uncle-01" }),
    ] {
        let given = person().at(1, authority(held.clone())).at(2, consent("c-1", by_mother()));
        assert_eq!(given.findings(9), ["F08:4"], "{held}");
    }
}

#[test]
fn the_person_mends_a_consent_that_somebody_gave_without_authority() {
    let given = person().at(1, consent("c-1", by_mother()));
    assert_eq!(given.clone().at(2, consent("c-2", by_mother())).findings(9), ["F08:3", "F08:4"]);
    assert_eq!(given.clone().at(2, consent("c-2", json!({}))).findings(9), ["F08:3 cured by 4"]);
    assert_eq!(given.at(2, withdrawal("c-1", json!({}))).findings(9), ["F08:3 cured by 4"]);
}

#[test]
fn an_authority_that_is_revoked_later_leaves_the_consents_it_gave() {
    let given = person().at(1, authority(json!({}))).at(2, consent("c-1", by_mother()));
    let revoked = authority(json!({ "revoked_at": "2026-02-25T06:23:20Z" }));
    assert_eq!(given.at(20, revoked).findings(30), NONE);
}

#[test]
fn a_withdrawal_waits_for_an_open_obligation() {
    assert_eq!(waiting().findings(9), NONE);
}

#[test]
fn a_withdrawal_waits_for_nothing_without_a_ground_and_its_reference() {
    let limited = |change: Value| {
        let mut data = json!({ "consent_id": "c-1", "purposes_kept": ["service"], "ground": "law" });
        for (name, value) in change.as_object().unwrap() {
            data[name] = value.clone();
        }
        fact("withdrawal.limited.v1", &data)
    };
    let given = person().at(1, consent("c-1", json!({}))).at(2, withdrawal("c-1", json!({})));
    let cases = [
        json!({ "ground": "none", "ground_ref": "94-V/8" }),
        json!({}),
        json!({ "ground": { "unlisted": "habit" }, "ground_ref": "94-V/8" }),
        json!({ "ground_ref": "94-V/8", "purposes_kept": ["service", "advertising"] }),
    ];
    for wrong in cases {
        assert_eq!(given.clone().at(3, limited(wrong.clone())).findings(9), ["F14:5"], "{wrong}");
    }
    let by_law = limited(json!({ "ground_ref": "94-V/8" }));
    assert_eq!(given.clone().at(3, by_law.clone()).findings(9), NONE);
    let wrong = given.at(3, limited(json!({})));
    assert_eq!(wrong.clone().at(4, by_law).findings(9), ["F14:5 cured by 6"], "the ground was named");
    assert_eq!(wrong.at(4, withdrawal("c-1", json!({}))).findings(9), ["F14:5 cured by 6"]);
}

#[test]
fn once_the_obligation_is_over_the_withdrawal_is_to_be_carried_out_on_that_day() {
    let over = waiting().at(10, agreement("ended", &[]));
    assert_eq!(over.clone().findings(MIDNIGHT - 1), NONE, "the day is not over");
    assert_eq!(over.clone().findings(MIDNIGHT), ["F14:6"]);
    let executed = over.clone().at(30, ended("c-1"));
    assert_eq!(executed.findings(9_999), NONE, "carried out in time");
    for late in [ended("c-1"), withdrawal("c-1", json!({}))] {
        let late = over.clone().at(2_000, late);
        assert_eq!(late.clone().findings(1_999), ["F14:6"]);
        assert_eq!(late.findings(9_999), ["F14:6 cured by 8"]);
    }
}

#[test]
fn an_obligation_may_be_over_before_its_agreement() {
    let over = waiting().at(10, agreement("live", &["obl-2"]));
    assert_eq!(over.findings(MIDNIGHT), ["F14:6"]);
    let open = waiting().at(10, agreement("suspended", &["obl-1"]));
    assert_eq!(open.findings(MIDNIGHT), NONE);
}

#[test]
fn an_obligation_that_was_over_already_bars_nothing() {
    let given = person().at(1, consent("c-1", json!({}))).at(2, agreement("live", &["obl-1"]));
    let given = given.at(3, agreement("ended", &[])).at(4, withdrawal("c-1", json!({})));
    assert_eq!(given.at(5, limitation("c-1", "obl-1")).findings(9), ["F14:7"]);
}

#[test]
fn an_obligation_whose_wait_ends_with_the_agreement_waits_for_the_agreement() {
    let limited = json!({
        "consent_id": "c-1", "purposes_kept": ["service"], "ground": "unfulfilled_obligation",
        "ground_ref": "obl-1", "until_trigger": "agreement_ended",
    });
    let given = person().at(1, consent("c-1", json!({}))).at(2, agreement("live", &["obl-1"]));
    let given = given.at(3, withdrawal("c-1", json!({}))).at(4, fact("withdrawal.limited.v1", &limited));
    assert_eq!(given.clone().findings(MIDNIGHT), NONE);
    assert_eq!(given.at(5, agreement("ended", &[])).findings(MIDNIGHT), ["F14:6"]);
}
