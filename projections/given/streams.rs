//! Made-up streams of a person, with what is published meanwhile: late, doubled, out of order, at equal times.

use proptest::prelude::*;
use serde_json::{Value, json};
use subject_record_schemas::{Fact, Position};

use super::facts::{HASH, withdrawal};
use super::facts::{
    agreement, consent, disclosure, example, limitation, recipient, recipient_told, registered,
};
use super::{Given, fact, minute};
use crate::event::SubjectEvent;

/// Instants that a stream touches lie this many minutes apart: three days.
pub(crate) const TICK_MINUTES: i64 = 3 * 24 * 60;
/// How many of them there are.
pub(crate) const TICKS: i64 = 20;

/// Events in the order in which they arrive.
#[derive(Clone, Debug)]
pub(crate) struct Story(Vec<(i64, Told)>);

#[derive(Clone, Debug)]
enum Told {
    OfPerson(Fact),
    Published(Fact),
}

/// An event of a story.
#[derive(Clone, Debug)]
pub(crate) enum Arrived {
    OfPerson(SubjectEvent),
    Published(SubjectEvent),
}

impl Arrived {
    pub(crate) const fn event(&self) -> &SubjectEvent {
        match self {
            Self::OfPerson(event) | Self::Published(event) => event,
        }
    }

    pub(crate) fn position(&self) -> Position {
        self.event().position
    }
}

impl Story {
    /// Its events, stored in the order in which they arrive.
    pub(crate) fn stored(&self) -> Vec<Arrived> {
        let mut given = Given::default();
        for (tick, told) in &self.0 {
            let minutes = tick * TICK_MINUTES;
            given = match told {
                Told::OfPerson(fact) => given.at(minutes, fact.clone()),
                Told::Published(fact) => given.published(minutes, fact.clone()),
            };
        }
        let published: Vec<_> = given.published.iter().cloned().map(Arrived::Published).collect();
        let mut all: Vec<_> = given.events.into_iter().map(Arrived::OfPerson).chain(published).collect();
        all.sort_by_key(Arrived::position);
        all
    }
}

/// Stories of up to `events_max` events.
pub(crate) fn stories(events_max: usize) -> impl Strategy<Value = Story> {
    let told =
        prop_oneof![8 => of_person().prop_map(Told::OfPerson), 2 => published().prop_map(Told::Published)];
    proptest::collection::vec((0..TICKS, told), 1..=events_max).prop_map(Story)
}

fn when(tick: i64) -> Value {
    json!(minute(tick * TICK_MINUTES).to_rfc3339())
}

fn day(tick: i64) -> Value {
    json!(minute(tick * TICK_MINUTES).date_naive().to_string())
}

fn name(letter: char) -> impl Strategy<Value = String> {
    (1..=2).prop_map(move |number| format!("{letter}-{number}"))
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(words)
}

fn purposes() -> impl Strategy<Value = Value> {
    let words: &[&[&str]] = &[&[], &["service"], &["advertising"], &["service", "advertising"]];
    proptest::sample::select(words).prop_map(|words| json!(words))
}

fn of_person() -> impl Strategy<Value = Fact> {
    prop_oneof![
        3 => of_consents(),
        2 => of_disclosures(),
        2 => of_requests(),
        2 => of_the_rest(),
    ]
}

fn of_consents() -> impl Strategy<Value = Fact> {
    let term = prop_oneof![
        Just(json!("not_stated")),
        Just(json!("purpose_achieved")),
        Just(json!({ "months": 1 })),
        (0..TICKS).prop_map(|tick| json!({ "until": day(tick) })),
    ];
    let given =
        (name('c'), term, any::<bool>(), any::<bool>()).prop_map(|(id, term, third_party, public)| {
            consent(&id, json!({ "term": term, "third_party": third_party, "public": public }))
        });
    let scope = word(&["all", "all", "all", "third_party", "cross_border", "public"]);
    let withdrawn = (name('c'), purposes(), scope, proptest::option::of(0..TICKS));
    let withdrawn = withdrawn.prop_map(|(id, purposes, scope, effective)| {
        let mut change = json!({ "purposes": purposes, "scope": scope });
        if let Some(tick) = effective {
            change["effective_at"] = when(tick);
        }
        withdrawal(&id, change)
    });
    let reason = word(&["expired", "purpose_achieved", "invalidated", "revoked_by_operator"]);
    let ended = (name('c'), reason)
        .prop_map(|(id, reason)| fact("consent.ended.v1", &json!({ "consent_id": id, "reason": reason })));
    let refused = json!({ "text_id": "services", "version": "1", "purposes": ["advertising"] });
    prop_oneof![
        4 => given,
        4 => withdrawn,
        2 => (name('c'), word(&["ob-1", "ag-1"])).prop_map(|(id, obligation)| limitation(&id, obligation)),
        1 => ended,
        1 => Just(fact("consent.refused.v1", &refused)),
    ]
}

fn of_disclosures() -> impl Strategy<Value = Fact> {
    let ground = word(&["3.4.1", "3.4.2", "3.5.1", "3.5.1", "3.5.1", "3.5.2", "none"]);
    let notice = word(&["required", "deferred", "none"]);
    let made = (name('d'), name('c'), ground, notice, word(&["KZ", "DE"])).prop_map(
        |(id, consent, ground, notice, country)| {
            let change = json!({ "ground": ground, "subject_notice": notice, "country": country });
            disclosure(&id, &consent, change)
        },
    );
    let notified = name('d').prop_map(|id| {
        fact("disclosure.notified.v1", &json!({ "disclosure_id": id, "sent_at": when(0), "channel": "sms" }))
    });
    let told = word(&["consent_withdrawn", "destroyed", "corrected"])
        .prop_map(|matter| recipient_told(json!({ "matter": matter })));
    prop_oneof![4 => made, 1 => notified, 2 => told]
}

fn of_requests() -> impl Strategy<Value = Fact> {
    let kind = word(&["access", "correct", "block", "destroy", "withdraw", "disclosures"]);
    let received = (name('r'), kind).prop_map(|(id, kind)| {
        example("subject_request.received.v1", |data| {
            (data["request_id"], data["kind"]) = (id.into(), kind.into());
        })
    });
    let closed = (name('r'), word(&["done", "partly", "refused"])).prop_map(|(id, outcome)| {
        fact("subject_request.closed.v1", &json!({ "request_id": id, "outcome": outcome }))
    });
    let asked = (name('s'), any::<bool>()).prop_map(|(id, reasons)| {
        example("state_request.received.v1", |data| {
            (data["request_id"], data["reasons_given"]) = (id.into(), reasons.into());
        })
    });
    let decided =
        (name('s'), word(&["comply", "narrow", "refuse", "ask_more"])).prop_map(|(id, decision)| {
            example("state_request.decided.v1", |data| {
                (data["request_id"], data["decision"]) = (id.into(), decision.into());
            })
        });
    prop_oneof![2 => received, 1 => closed, 2 => asked, 1 => decided]
}

fn of_the_rest() -> impl Strategy<Value = Fact> {
    let restricted =
        (name('h'), word(&["block", "legal_hold"]), any::<bool>()).prop_map(|(id, kind, set)| {
            example("restriction.changed.v1", |data| {
                (data["restriction_id"], data["kind"], data["set"]) = (id.into(), kind.into(), set.into());
            })
        });
    let stage = word(&["arisen", "claim_received", "claim_answered", "suit", "court_act", "closed"]);
    let disputed = stage.prop_map(|stage| example("dispute.changed.v1", |data| data["stage"] = stage.into()));
    let agreed = (word(&["offered", "live", "suspended", "ended"]), any::<bool>())
        .prop_map(|(state, open)| agreement(state, if open { &["ob-1"] } else { &[] }));
    let others = word(&[
        "processing.performed.v1",
        "message.sent.v1",
        "profile.changed.v1",
        "policy_version.answered.v1",
        "data.destroyed.v1",
        "public_flag.changed.v1",
        "copy.placed.v1",
        "representation.recorded.v1",
        "duplicate.linked.v1",
        "erasure.requested.v1",
        "erasure.decided.v1",
        "incident.recorded.v1",
        "deadline.paused.v1",
        "deadline.resumed.v1",
        "deadline.extended.v1",
        "consent.requested.v1",
        "document.received.v1",
        "third_person_data.submitted.v1",
    ]);
    prop_oneof![
        1 => Just(registered()),
        2 => restricted,
        2 => disputed,
        2 => agreed,
        5 => others.prop_map(|wire_name| example(wire_name, |_| {})),
    ]
}

fn published() -> impl Strategy<Value = Fact> {
    let policy = (0..TICKS, proptest::option::of(0..TICKS)).prop_map(|(posted, effective)| {
        example("policy_version.published.v1", |data| {
            data["posted_at"] = when(posted);
            if let Some(tick) = effective {
                data["effective_at"] = when(tick);
            }
        })
    });
    let text = any::<bool>().prop_map(|named| {
        example("consent_text.published.v1", |data| {
            (data["text_id"], data["version"]) = ("services".into(), "1".into());
            (data["text_hash"], data["operator_named"]) = (HASH.into(), named.into());
        })
    });
    let bound = any::<bool>().prop_map(|accepted| recipient(json!({ "duties_accepted": accepted })));
    let calendar = (0..TICKS, 1..4u8).prop_map(|(off, version)| {
        example("work_calendar.published.v1", |data| {
            data["version"] = format!("2026-{version}").into();
            data["days_off"].as_array_mut().unwrap().push(day(off));
        })
    });
    let others =
        word(&["data_list.approved.v1", "responsibility.assigned.v1", "storage_place.registered.v1"]);
    prop_oneof![policy, text, bound, calendar, others.prop_map(|wire_name| example(wire_name, |_| {})),]
}
