use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::facts::{example, recipient};
use crate::given::{Given, fact};

fn asked(who: &str, change: Value) -> Fact {
    example("state_request.received.v1", |data| {
        (data["request_id"], data["recipient_id"]) = ("sr-1".into(), who.into());
        let Value::Object(change) = change else { return };
        for (name, value) in change {
            data[name] = value;
        }
    })
}

fn decided(decision: &str) -> Fact {
    fact("state_request.decided.v1", &json!({ "request_id": "sr-1", "decision": decision }))
}

/// Registered are the police, a court, a bank and a bureau of advocates: positions begin at 5.
fn given() -> Given {
    let kinds =
        [("police-2", "state_body"), ("court-1", "court"), ("bank-3", "bank"), ("bureau-7", "lawyer")];
    kinds.into_iter().fold(Given::default(), |given, (who, kind)| {
        given.published(-9, recipient(json!({ "recipient_id": who, "kind": kind })))
    })
}

fn none() -> [String; 0] {
    []
}

#[test]
fn a_reasoned_and_signed_request_of_a_state_body_may_be_answered() {
    for who in ["police-2", "court-1"] {
        assert_eq!(
            given().at(0, asked(who, json!({}))).at(1, decided("comply")).findings(100),
            none(),
            "{who}"
        );
    }
}

#[test]
fn a_request_without_reasons_or_signature_is_refused_or_it_is_found() {
    for flaw in [json!({ "reasons_given": false }), json!({ "signed": false })] {
        let asked = given().at(0, asked("police-2", flaw));
        assert_eq!(asked.clone().at(1, decided("refuse")).findings(100), none());
        assert_eq!(asked.clone().at(1, decided("ask_more")).findings(100), none());
        assert_eq!(asked.clone().at(1, decided("narrow")).findings(100), ["F29:6"]);
        assert_eq!(asked.at(1, decided("comply")).findings(100), ["F29:6"]);
    }
}

#[test]
fn who_writes_like_a_state_body_is_none_by_that() {
    for who in ["bank-3", "bureau-7", "nobody-9"] {
        let complied = given().at(0, asked(who, json!({}))).at(1, decided("comply"));
        assert_eq!(complied.findings(100), ["F29:6"], "{who}");
    }
}

#[test]
fn a_later_refusal_mends_a_decision_to_answer() {
    let complied = given().at(0, asked("bank-3", json!({}))).at(1, decided("comply"));
    assert_eq!(complied.clone().at(2, decided("refuse")).findings(100), ["F29:6 cured by 7"]);
    assert_eq!(complied.at(2, decided("narrow")).findings(100), ["F29:6", "F29:7"]);
}
