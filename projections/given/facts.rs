//! Facts for tests: short ways to say the ones that many tests need.

use serde_json::{Value, json};
use subject_record_schemas::Fact;
use subject_record_schemas::examples::Examples;

use super::fact;

/// SHA-256 that stands for a text.
pub(crate) const HASH: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f";

/// The example of a type, with changes.
pub(crate) fn example(wire_name: &str, change: impl FnOnce(&mut Value)) -> Fact {
    let mut data = Examples::of(wire_name.parse().unwrap()).unwrap().valid["data"].take();
    data.as_object_mut().unwrap().remove("personal");
    change(&mut data);
    fact(wire_name, &data)
}

/// A person registers.
pub(crate) fn registered() -> Fact {
    example("subject.registered.v1", |data| data["kind"] = "person".into())
}

/// A consent for `service` and `advertising`, which lets the lawyers of bureau 7 have name and phone, with changes.
pub(crate) fn consent(id: &str, change: Value) -> Fact {
    let mut data = json!({
        "consent_id": id, "text_id": "services", "version": "1", "text_hash": HASH,
        "purposes": ["service", "advertising"], "categories": ["full_name", "phone"],
        "recipients": ["lawyer-bureau-7"], "third_party": true, "cross_border": true, "countries": ["DE"],
        "public": true, "term": "not_stated", "form": "other", "strength": "click", "by": "self",
    });
    change_members(&mut data, change);
    fact("consent.given.v1", &data)
}

/// A withdrawal of a consent as a whole, with changes.
pub(crate) fn withdrawal(id: &str, change: Value) -> Fact {
    let mut data = json!({ "consent_id": id, "scope": "all", "form": "other" });
    change_members(&mut data, change);
    fact("consent.withdrawn.v1", &data)
}

/// A withdrawal waits for `service`, until an obligation is fulfilled.
pub(crate) fn limitation(id: &str, obligation: &str) -> Fact {
    let data = json!({
        "consent_id": id, "purposes_kept": ["service"], "ground": "unfulfilled_obligation", "ground_ref": obligation,
    });
    fact("withdrawal.limited.v1", &data)
}

/// An agreement is in a state and leaves these obligations open.
pub(crate) fn agreement(state: &str, obligations: &[&str]) -> Fact {
    let data = json!({
        "agreement_ref": "ag-1", "state": state, "service": "consultation", "obligations_open": obligations,
    });
    fact("agreement.changed.v1", &data)
}

/// A disclosure to the lawyers of bureau 7 by a consent, with changes.
pub(crate) fn disclosure(id: &str, consent: &str, change: Value) -> Fact {
    example("disclosure.made.v1", |data| {
        (data["disclosure_id"], data["ground_ref"]) = (id.into(), consent.into());
        change_members(data, change);
    })
}

/// The lawyers of bureau 7 are registered as a recipient, with changes.
pub(crate) fn recipient(change: Value) -> Fact {
    example("recipient.registered.v1", |data| change_members(data, change))
}

/// The lawyers of bureau 7 are told of a withdrawal, with changes.
pub(crate) fn recipient_told(change: Value) -> Fact {
    let mut data = json!({
        "notice_id": "n-1", "recipient_id": "lawyer-bureau-7", "matter": "consent_withdrawn",
        "sent_at": "2026-03-01T00:00:00Z", "channel": "secure_api",
    });
    change_members(&mut data, change);
    fact("recipient.notified.v1", &data)
}

fn change_members(data: &mut Value, change: Value) {
    let Value::Object(change) = change else { return };
    for (name, value) in change {
        data[name] = value;
    }
}
