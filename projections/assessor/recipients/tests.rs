use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::facts::{example, recipient, recipient_told};
use crate::given::{Given, fact};

/// Data goes to the bureau on no ground, and the bureau answers a notice.
fn answered(notice: Value, answer: Value) -> Vec<String> {
    let made = example("disclosure.made.v1", |data| data["ground"] = "none".into());
    Given::default()
        .published(-1, recipient(json!({})))
        .at(0, made)
        .at(1, recipient_told(notice))
        .at(2, acknowledged(answer))
        .findings(100)
}

fn acknowledged(change: Value) -> Fact {
    example("recipient_notice.acknowledged.v1", |data| {
        data["notice_id"] = "n-1".into();
        let Value::Object(change) = change else { return };
        for (name, value) in change {
            data[name] = value;
        }
    })
}

#[test]
fn only_the_recipients_word_that_it_destroyed_the_data_mends_a_disclosure() {
    let destroy = || json!({ "matter": "destroyed" });
    assert!(answered(destroy(), json!({}))[0].starts_with("F28:2 cured by"));
    assert_eq!(answered(json!({}), json!({})), ["F28:2"], "told of a withdrawal");
    for answer in [
        json!({ "answer": "refused" }),
        json!({ "answer": "received" }),
        json!({ "notice_id": "n-9" }),
        json!({ "recipient_id": "bank-3" }),
    ] {
        assert_eq!(answered(destroy(), answer), ["F28:2"]);
    }
}

#[test]
fn a_notice_that_went_out_before_the_disclosure_mends_nothing() {
    let made = example("disclosure.made.v1", |data| data["ground"] = "none".into());
    let data = json!({
        "notice_id": "n-1", "recipient_id": "lawyer-bureau-7", "answer": "done",
        "acknowledged_at": "2026-03-02T00:00:00Z",
    });
    let early = Given::default()
        .published(-1, recipient(json!({})))
        .at(0, recipient_told(json!({ "matter": "destroyed" })))
        .at(1, made)
        .at(2, fact("recipient_notice.acknowledged.v1", &data));
    assert_eq!(early.findings(100), ["F28:3"]);
}
