//! Events as a platform sends them. The people are invented, their numbers impossible.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use subject_record::clock::{Clock, SystemClock};

/// Passes its check and lies in the past.
pub(crate) const IIN: &str = "910708200012";
/// SHA-256 of some text.
pub(crate) const TEXT_HASH: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f";

/// An id that nobody else has.
pub(crate) fn fresh(what: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{what}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The machine's time, moved by seconds, as an emitter writes it.
pub(crate) fn from_now(seconds: i64) -> String {
    text_of(now() + TimeDelta::seconds(seconds))
}

/// The machine's time.
pub(crate) fn now() -> DateTime<Utc> {
    SystemClock::default().now()
}

pub(crate) fn text_of(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A fresh event.
pub(crate) fn event(wire_name: &str, subject: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": fresh("e"), "source": "platform/tests", "type": wire_name, "subject": subject,
        "time": "2026-02-03T04:15:00Z", "data": data,
    })
}

/// The registration of an invented person.
pub(crate) fn registered(subject: &str) -> Value {
    let data = json!({
        "kind": "person", "channel": "site", "form_version": "reg-4", "language": "kk",
        "personal": {
            "full_name": { "family": "Әлімқұлова", "given": "Гүлнұр" }, "iin": IIN,
            "address_registered": "Алматы, Сынақ көшесі 1, 2-пәтер", "email": "gulnur@example.kz",
            "phone": "+77000000001",
        },
    });
    event("subject.registered.v1", subject, data)
}

/// An answer to the policy, which has nothing personal.
pub(crate) fn answered(subject: &str) -> Value {
    let data = json!({
        "policy_version": "2026-01", "text_hash": TEXT_HASH, "language": "kk", "answer": "accepted", "channel": "site",
    });
    event("policy_version.answered.v1", subject, data)
}

/// A consent for a year.
pub(crate) fn consented(subject: &str) -> Value {
    let data = json!({
        "consent_id": fresh("c"), "text_id": "services", "version": "3", "text_hash": TEXT_HASH,
        "purposes": ["service"], "categories": ["full_name", "iin"], "third_party": false, "cross_border": false,
        "public": false, "term": { "until": "2027-02-03" }, "form": "nonstate_service", "strength": "otp",
        "by": "self", "personal": { "signer": { "family": "Әлімқұлова", "given": "Гүлнұр" } },
    });
    event("consent.given.v1", subject, data)
}

/// A lawful disclosure.
pub(crate) fn disclosed(subject: &str) -> Value {
    let data = json!({
        "disclosure_id": fresh("d"), "recipient_id": "lawyer-bureau-7", "ground": "3.5.1", "ground_ref": "c-0001",
        "categories": ["full_name"], "purpose": "service", "country": "KZ", "channel": "secure_api",
        "subject_notice": "required",
    });
    event("disclosure.made.v1", subject, data)
}

/// A new e-mail address.
pub(crate) fn moved_to(subject: &str, email: &str) -> Value {
    let data = json!({ "field": "email", "cause": "subject", "personal": { "email": email } });
    event("profile.changed.v1", subject, data)
}

/// What else an event of a test may be.
pub(crate) trait Changed {
    /// With a member set, by JSON pointer; its parent is there.
    fn with(self, pointer: &str, value: impl Into<Value>) -> Self;
    /// Without a member, by JSON pointer.
    fn without(self, pointer: &str) -> Self;
}

impl Changed for Value {
    fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let (members, name) = place(&mut self, pointer);
        members.insert(name, value.into());
        self
    }

    fn without(mut self, pointer: &str) -> Self {
        let (members, name) = place(&mut self, pointer);
        assert!(members.remove(&name).is_some(), "{pointer} is not there");
        self
    }
}

fn place<'a>(document: &'a mut Value, pointer: &str) -> (&'a mut Map<String, Value>, String) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    (document.pointer_mut(parent).and_then(Value::as_object_mut).unwrap(), name.to_owned())
}

/// Events, one a line.
pub(crate) fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}
