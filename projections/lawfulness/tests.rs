use super::*;
use crate::given::facts::{agreement, consent, example, registered, withdrawal};
use crate::given::{Given, fact, minute};
use serde_json::json;

fn message(class: MessageClass, template_class: Option<MessageClass>) -> Doing<'static> {
    Doing::Message(Message { class, template_class, channel: MessageChannel::Sms, consent: None })
}

fn advertising() -> Doing<'static> {
    message(MessageClass::Advertising, None)
}

fn service() -> Doing<'static> {
    message(MessageClass::Service, Some(MessageClass::Service))
}

/// Whether a message may be sent nine minutes after noon, and what would make it so.
fn weighed(given: Given, doing: &Doing<'_>) -> (bool, Vec<Remedy>) {
    let office = given.office();
    let weighed = weigh(&given.person(), &office, RulePack::built_in(), doing, minute(9));
    let lawful = weighed.is_lawful();
    (lawful, weighed.objections.into_iter().map(|objection| objection.remedy).collect())
}

fn asks(purpose: Purpose) -> Remedy {
    let categories = vec![DataCategory::Phone];
    Remedy::AskConsent { purpose, categories, recipient: None, country: None }
}

#[test]
fn advertising_needs_a_live_consent_of_its_own() {
    let given = Given::default().at(0, registered());
    assert_eq!(weighed(given.clone(), &advertising()), (false, vec![asks(Purpose::Advertising)]));
    let services = given.clone().at(1, consent("c-1", json!({ "purposes": ["service"] })));
    assert_eq!(weighed(services, &advertising()), (false, vec![asks(Purpose::Advertising)]));
    let given = given.at(1, consent("c-1", json!({})));
    assert_eq!(weighed(given.clone(), &advertising()), (true, vec![]));
    let out = given.at(2, withdrawal("c-1", json!({ "purposes": ["advertising"] })));
    assert_eq!(weighed(out, &advertising()), (false, vec![asks(Purpose::Advertising)]));
}

#[test]
fn a_service_message_needs_an_agreement_in_force_and_had_better_have_a_consent_too() {
    let given = Given::default().at(0, registered());
    assert_eq!(weighed(given.clone(), &service()), (false, vec![Remedy::EnterAgreement]));
    let given = given.at(1, agreement("live", &[]));
    assert_eq!(weighed(given.clone(), &service()), (true, vec![asks(Purpose::Notify)]));
    let agreed = given.clone().at(2, consent("c-1", json!({ "purposes": ["notify"] })));
    assert_eq!(weighed(agreed, &service()), (true, vec![]));
    let over = given.at(2, agreement("ended", &[]));
    assert_eq!(weighed(over, &service()), (false, vec![Remedy::EnterAgreement]));
}

#[test]
fn a_service_message_from_an_advertising_template_is_advertising() {
    let mixed = message(MessageClass::Service, Some(MessageClass::Advertising));
    let given = Given::default().at(0, registered()).at(1, agreement("live", &[]));
    let both = vec![Remedy::SendAsAdvertising, asks(Purpose::Advertising)];
    assert_eq!(weighed(given.clone(), &mixed), (false, both));
    let consented = given.at(2, consent("c-1", json!({})));
    assert_eq!(weighed(consented, &mixed), (false, vec![Remedy::SendAsAdvertising]));
}

#[test]
fn what_is_wrong_about_a_message_is_no_finding_yet_and_names_its_clause() {
    let given = Given::default().at(0, registered());
    let weighed =
        weigh(&given.person(), &Governance::default(), RulePack::built_in(), &advertising(), minute(9));
    let objection = &weighed.objections[0];
    assert_eq!((objection.finding, &objection.clauses[..]), (None, &["2.2.4".to_owned()][..]));
    assert_eq!(objection.severity, Severity::Violation);
}

#[test]
fn nothing_is_sent_to_a_blocked_address_or_to_somebody_who_is_erased() {
    let block = json!({ "restriction_id": "b-1", "kind": "block", "set": true, "ground": "subject_demand" });
    let given = Given::default().at(0, registered()).at(1, consent("c-1", json!({})));
    let blocked = given.clone().at(2, fact("restriction.changed.v1", &block));
    let remedy = Remedy::LiftBlock { restriction: Reference::parse("b-1").unwrap() };
    assert_eq!(weighed(blocked.clone(), &advertising()), (false, vec![remedy]));
    let mut lifted = block;
    lifted["set"] = false.into();
    let lifted = blocked.at(3, fact("restriction.changed.v1", &lifted));
    assert_eq!(weighed(lifted, &advertising()), (true, vec![]));
    let hold = json!({ "restriction_id": "h-1", "kind": "legal_hold", "set": true, "ground": "dispute" });
    let held = given.clone().at(2, fact("restriction.changed.v1", &hold));
    assert_eq!(weighed(held, &advertising()), (true, vec![]), "a hold keeps, it does not stop");
    let erased = given.at(
        2,
        example("erasure.decided.v1", |data| {
            (data["decision"], data["scope"]) = ("approved".into(), "subject".into());
            data.as_object_mut().unwrap().remove("reasons");
        }),
    );
    assert_eq!(weighed(erased, &advertising()), (false, vec![Remedy::Nothing]));
}

#[test]
fn a_ground_names_its_clause_its_articles_and_the_events_that_show_it() {
    let text = example("consent_text.published.v1", |data| {
        (data["text_id"], data["version"]) = ("services".into(), "1".into());
    });
    let given = Given::default().published(-1, text).at(0, registered()).at(1, consent("c-1", json!({})));
    let office = given.office();
    let (purpose, categories) = (Purpose::Service, [DataCategory::Phone]);
    let action = ProcessingAction::Use;
    let doing = Doing::Processing(Processing {
        action: &action,
        purpose: &purpose,
        categories: &categories,
        basis: None,
    });
    let weighed = weigh(&given.person(), &office, RulePack::built_in(), &doing, minute(9));
    let ground = Ground {
        clause: Some("2.2.1".into()),
        articles: vec!["94-V/7".into(), "94-V/8".into()],
        reference: Some(Reference::parse("c-1").unwrap()),
        events: vec![Position::new(3), Position::new(1)],
    };
    assert_eq!((weighed.grounds, weighed.objections), (vec![ground], vec![]));
}

#[test]
fn of_several_consents_the_newest_that_covers_it_is_found() {
    let given = Given::default().at(0, registered()).at(1, consent("c-1", json!({})));
    let given =
        given.at(2, consent("c-2", json!({}))).at(3, consent("c-3", json!({ "purposes": ["research"] })));
    let given = given.at(4, withdrawal("c-2", json!({})));
    let office = given.office();
    let weighed = weigh(&given.person(), &office, RulePack::built_in(), &advertising(), minute(9));
    assert_eq!(weighed.grounds[0].reference, Some(Reference::parse("c-1").unwrap()));
}

#[test]
fn a_fact_is_the_use_that_it_tells_of() {
    let sent = example("message.sent.v1", |_| {});
    let advertising =
        |sent: &Message<'_>| (sent.class, sent.channel) == (MessageClass::Advertising, MessageChannel::Sms);
    assert!(matches!(Doing::of(&sent), Some(Doing::Message(message)) if advertising(&message)));
    assert_eq!(Doing::of(&consent("c-1", json!({}))), None);
}
