//! The invented person's events: every kind, and every state of personal values. What they say is what the
//! example documents of their types say.

use chrono::{DateTime, TimeDelta, Utc};
use subject_record_projections::sentences::Sentences;
use subject_record_schemas::EventType;
use subject_record_schemas::examples::Examples;
use subject_record_schemas::personal::Personal;
use subject_record_schemas::vocabulary::Language;

use super::super::super::model::{EntryView, FindingMark, MemberValue, MemberView};
use super::{EMAIL, NAME, at, label, query, shown};

fn entry(language: Language, number: u64, event_type: EventType, time: &str) -> EntryView {
    let sentences = Sentences::of(language);
    let document = Examples::of(event_type).unwrap().valid;
    let occurred_at: DateTime<Utc> = at(time);
    EntryView {
        position: format!("{number:016}"),
        event_type,
        title: sentences.title(event_type).to_owned(),
        sentence: sentences.sentence(event_type, &document["data"]),
        occurred_at,
        recorded_at: occurred_at + TimeDelta::milliseconds(740),
        actor: Some("self".into()),
        source: document["source"].as_str().unwrap().to_owned(),
        personal: None,
        findings: Vec::new(),
    }
}

/// A finding of every gravity, two that stand and one that was cured.
fn findings(language: Language) -> Vec<FindingMark> {
    let mark = |code: &str, severity: &str, cured_at| FindingMark {
        code: code.into(),
        text: Sentences::of(language).finding(code).to_owned(),
        severity: severity.into(),
        cured_at,
        law: vec!["3.5.1".into(), "94-V/8".into()],
    };
    vec![
        mark("F07", "violation", None),
        mark("F33", "deadline", Some(at("2026-05-20T06:00:00Z"))),
        mark("F09", "warning", None),
    ]
}

/// Newest first.
pub(super) fn entries(language: Language) -> Vec<EntryView> {
    let member = |name: &str, value| MemberView { label: label(language, name), value };
    let masked = MemberValue::Masked { reveal_href: Some(query(language).revealing("iin").href()) };
    let profile = vec![
        member("full_name", shown(NAME)),
        member("iin", masked),
        member("email", shown(EMAIL)),
        member("address_registered", MemberValue::Masked { reveal_href: None }),
    ];
    let late_by_hours = at("2026-04-02T13:31:09Z");
    vec![
        EntryView {
            personal: Some(Personal::Lost),
            ..entry(language, 4127, EventType::SubjectRequestReceived, "2026-05-14T11:20:41Z")
        },
        EntryView {
            personal: Some(Personal::Sealed),
            recorded_at: late_by_hours,
            actor: Some("staff-31".into()),
            findings: findings(language),
            ..entry(language, 3302, EventType::DisclosureMade, "2026-04-02T10:05:00Z")
        },
        entry(language, 3288, EventType::ConsentWithdrawn, "2026-04-02T04:47:12Z"),
        EntryView {
            actor: None,
            ..entry(language, 2961, EventType::ProcessingPerformed, "2026-03-20T06:30:00Z")
        },
        EntryView {
            actor: Some("service".into()),
            ..entry(language, 2213, EventType::IdentifierChecked, "2026-03-12T09:00:02Z")
        },
        EntryView {
            personal: Some(Personal::Shredded),
            ..entry(language, 2212, EventType::ConsentGiven, "2026-03-12T08:59:58Z")
        },
        entry(language, 2211, EventType::PolicyVersionAnswered, "2026-03-12T08:58:40Z"),
        EntryView {
            personal: Some(Personal::Open(profile)),
            ..entry(language, 2210, EventType::SubjectRegistered, "2026-03-12T08:58:31Z")
        },
    ]
}
