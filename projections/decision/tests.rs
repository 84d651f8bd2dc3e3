use proptest::prelude::*;
use serde_json::{Value, json};
use subject_record_schemas::Fact;

use super::*;
use crate::finding::FindingCode;
use crate::findings::FINDINGS;
use crate::given::facts::{agreement, consent, example, limitation, registered, withdrawal};
use crate::given::{Given, fact, minute};

fn question(asked: Value) -> Question {
    serde_json::from_value(asked).unwrap()
}

fn answer(given: &Given, asked: Value, minutes: i64) -> Answer {
    let (person, office) = (given.clone().person(), given.office());
    decide(&person, &office, RulePack::built_in(), &question(asked), minute(minutes))
}

#[test]
fn a_question_names_what_is_to_be_done_and_nothing_else() {
    let asked = json!({ "processing": { "purpose": "service", "categories": ["phone"] } });
    let asked = question(asked);
    let plain = |asked: &ProcessingQuestion| asked.action == ProcessingAction::Use && asked.basis.is_none();
    assert!(matches!(&asked, Question::Processing(asked) if plain(asked)), "{asked:?}");
    for wrong in [
        json!({ "processing": { "purpose": "service", "categories": [] } }),
        json!({ "processing": { "purpose": "service", "categories": ["phone"], "person": "p-1" } }),
        json!({ "processing": { "purpose": "astrology", "categories": ["phone"] } }),
        json!({ "message": { "class": "service" } }),
        json!({ "guess": {} }),
    ] {
        assert!(serde_json::from_value::<Question>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn an_answer_says_on_what_it_rests_and_when() {
    let policy =
        example("policy_version.published.v1", |data| data["posted_at"] = "2026-02-01T00:00:00Z".into());
    let given = Given::default().published(-9, policy).at(0, registered()).at(1, consent("c-1", json!({})));
    let asked = json!({ "processing": { "purpose": "service", "categories": ["phone"] } });
    let answer = answer(&given, asked, 2).known_at(Position::new(3));
    assert_eq!((answer.allowed, answer.as_of, answer.objections.len()), (Allowed::Yes, minute(2), 0));
    assert_eq!(answer.grounds[0].reference, Some(Reference::parse("c-1").unwrap()));
    assert_eq!(answer.policy_in_force[0].event, Position::new(1));
    assert_eq!(answer.rule_pack, RulePack::built_in().name());
    let told = serde_json::to_value(&answer).unwrap();
    assert_eq!((&told["allowed"], &told["known_at"]), (&json!("yes"), &json!("0000000000000003")));
}

#[test]
fn what_forbids_a_use_says_what_would_make_it_lawful() {
    let given = Given::default().at(0, registered()).at(1, consent("c-1", json!({})));
    let asked = json!({ "processing": { "purpose": "research", "categories": ["phone"] } });
    let told = serde_json::to_value(answer(&given, asked, 2)).unwrap();
    assert_eq!(told["allowed"], "no");
    let objection = &told["objections"][0];
    assert_eq!((&objection["finding"], &objection["consent"]), (&json!("F07"), &json!("c-1")));
    let remedy = json!({ "do": "ask_consent", "purpose": "research", "categories": ["phone"] });
    assert_eq!(objection["remedy"], remedy);
}

#[test]
fn what_somebody_should_look_at_is_a_warning() {
    let given = Given::default().at(0, registered()).at(1, consent("c-1", json!({})));
    let basis = json!({ "kind": "agreement", "reference": "ag-1" });
    let asked = json!({ "processing": { "purpose": "service", "categories": ["phone"], "basis": basis } });
    assert_eq!(answer(&given, asked, 2).allowed, Allowed::WithWarnings);
}

#[test]
fn a_consent_that_has_run_out_by_the_instant_asked_about_carries_nothing_then() {
    let month = consent("c-1", json!({ "term": { "months": 1 } }));
    let given = Given::default().at(0, registered()).at(1, month);
    let asked = json!({ "processing": { "purpose": "service", "categories": ["phone"] } });
    assert_eq!(answer(&given, asked.clone(), 2).allowed, Allowed::Yes);
    assert_eq!(answer(&given, asked, 50_000).allowed, Allowed::No);
}

/// Something that happens to a person in the property test.
fn happening() -> impl Strategy<Value = Fact> {
    let id = prop::sample::select(vec!["c-1", "c-2"]);
    let purposes = prop::sample::subsequence(vec!["service", "advertising", "research"], 1..=3);
    let categories = prop::sample::subsequence(vec!["full_name", "phone", "technical"], 1..=3);
    let term = prop::sample::select(vec![
        json!("purpose_achieved"),
        json!({ "months": 1 }),
        json!({ "until": "2026-02-25" }),
    ]);
    let by = prop::sample::select(vec![json!("self"), json!({ "representative": "p-mother-1" })]);
    let state = prop::sample::select(vec!["live", "suspended", "ended"]);
    let block = any::<bool>().prop_map(|set| {
        let data = json!({
            "restriction_id": "b-1", "kind": "block", "set": set, "ground": "subject_demand", "categories": ["phone"],
        });
        fact("restriction.changed.v1", &data)
    });
    let given = (id.clone(), purposes.clone(), categories, term, by).prop_map(
        |(id, purposes, categories, term, by)| {
            let change = json!({ "purposes": purposes, "categories": categories, "term": term, "by": by });
            consent(id, change)
        },
    );
    let refused = purposes.clone().prop_map(|purposes| {
        fact("consent.refused.v1", &json!({ "text_id": "t", "version": "1", "purposes": purposes }))
    });
    prop_oneof![
        4 => given,
        2 => (id.clone(), purposes).prop_map(|(id, purposes)| withdrawal(id, json!({ "purposes": purposes }))),
        1 => id.prop_map(|id| limitation(id, "obl-1")),
        2 => state.prop_map(|state| agreement(state, if state == "live" { &["obl-1"] } else { &[] })),
        1 => refused,
        1 => block,
        1 => Just(registered()),
        1 => Just(fact("data.destroyed.v1", &json!({
            "scope": "subject", "trigger": "term_ended", "method": "overwritten",
        }))),
    ]
}

/// A use of data, as the question and as the fact, and the wire name of the fact.
fn doing() -> impl Strategy<Value = (Value, &'static str, Value)> {
    let purpose = prop::sample::select(vec![
        json!("service"),
        json!("advertising"),
        json!("research"),
        json!({ "unlisted": "scoring" }),
    ]);
    let categories = prop::sample::subsequence(vec!["full_name", "phone", "technical"], 1..=3);
    let basis = prop::sample::select(vec![
        json!({ "kind": "consent", "reference": "c-1" }),
        json!({ "kind": "consent" }),
        json!({ "kind": "none" }),
        json!({ "kind": "article9" }),
        json!({ "kind": "operator_duty", "reference": "94-V/22" }),
        json!({ "kind": "agreement", "reference": "ag-1" }),
        json!({ "kind": { "unlisted": "habit" } }),
    ]);
    let action = prop::sample::select(vec!["use", "store", "block", "destroy"]);
    let processing = (purpose.clone(), categories.clone(), basis, action).prop_map(
        |(purpose, categories, basis, action)| {
            let asked =
                json!({ "purpose": purpose, "categories": categories, "basis": basis, "action": action });
            let mut done = asked.clone();
            (done["automated"], done["system"]) = (false.into(), "case-desk".into());
            (json!({ "processing": asked }), "processing.performed.v1", done)
        },
    );
    let ground = prop::sample::select(vec![
        json!({ "ground": "3.5.1", "ground_ref": "c-1" }),
        json!({ "ground": "3.5.1" }),
        json!({ "ground": "3.5.2", "ground_ref": "ag-1" }),
        json!({ "ground": "3.4.1" }),
        json!({ "ground": "3.4.2", "law_article": "94-V/9" }),
        json!({ "ground": "none" }),
    ]);
    let country = prop::sample::select(vec!["KZ", "DE"]);
    let disclosure =
        (purpose, categories, ground, country).prop_map(|(purpose, categories, ground, country)| {
            let mut asked = ground;
            (asked["purpose"], asked["categories"]) = (purpose, json!(categories));
            (asked["country"], asked["recipient_id"]) = (country.into(), "lawyer-bureau-7".into());
            let mut made = asked.clone();
            (made["disclosure_id"], made["channel"], made["subject_notice"]) =
                ("d-1".into(), "courier".into(), "none".into());
            (json!({ "disclosure": asked }), "disclosure.made.v1", made)
        });
    let class = prop::sample::select(vec!["service", "advertising"]);
    let channel = prop::sample::select(vec!["sms", "account"]);
    let message = (class.clone(), class, channel).prop_map(|(class, template_class, channel)| {
        let asked = json!({ "class": class, "template_class": template_class, "channel": channel });
        let mut sent = asked.clone();
        (sent["template_id"], sent["template_version"]) = ("spring-offer".into(), "1".into());
        (json!({ "message": asked }), "message.sent.v1", sent)
    });
    prop_oneof![2 => processing, 2 => disclosure, 1 => message]
}

proptest! {
    #[test]
    fn what_a_decision_forbids_is_a_violation_once_it_is_done_and_nothing_else_is(
        history in prop::collection::vec(happening(), 0..8),
        new in prop::sample::subsequence(vec!["research", "advertising"], 0..=2),
        (asked, wire_name, done) in doing(),
        minutes in prop::sample::select(vec![9_i64, 1_000, 50_000]),
    ) {
        let policy = example("policy_version.published.v1", |data| {
            data["posted_at"] = "2026-02-25T06:16:20Z".into();
            data["new_purposes"] = json!(new);
        });
        let recipient = example("recipient.registered.v1", |_| {});
        let given = Given::default().published(-2, recipient).published(3, policy);
        let timed = history.into_iter().zip(1..);
        let given = timed.fold(given, |given, (fact, minute)| given.at(minute, fact));
        let answer = answer(&given, asked, minutes);
        let objected: Vec<_> = answer.objections.iter().filter_map(|objection| objection.finding).collect();

        let judged = given.at(minutes, fact(wire_name, &done));
        let about = judged.clone().events().last().unwrap().position.to_string();
        let of_it = |body: &Value| body["about"].as_str() == Some(&about);
        let rows: Vec<_> =
            judged.rows(&FINDINGS, minutes).into_iter().map(|(_, body)| body).filter(of_it).collect();
        // Recording and notices have rules of their own.
        let weighed = |body: &&Value| !["F47", "F33"].iter().any(|code| body["finding"] == *code);
        let found = |body: &Value| serde_json::from_value::<FindingCode>(body["finding"].clone()).unwrap();
        let violation = rows.iter().filter(weighed).any(|body| body["severity"] == "violation");
        // What is wrong about a message alone is no finding yet.
        let alone = answer.objections.iter().any(|objection| objection.finding.is_none());
        if !(wire_name == "message.sent.v1" && alone) {
            prop_assert_eq!(violation, answer.allowed == Allowed::No, "{:?}", rows);
        }
        let codes: Vec<_> = rows.iter().filter(weighed).map(found).collect();
        prop_assert!(codes.iter().all(|code| objected.contains(code)), "{:?} {:?}", codes, objected);
        prop_assert!(objected.iter().all(|code| codes.contains(code)), "{:?} {:?}", codes, objected);
    }
}
