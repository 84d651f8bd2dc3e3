use serde_json::{Value, json};
use subject_record_schemas::Fact;

use crate::given::Given;
use crate::given::facts::{HASH, example};

const OTHER: &str = "4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a";
const NONE: [&str; 0] = [];

/// A consent text with changes; a null leaves a member out.
fn text(change: &Value) -> Fact {
    example("consent_text.published.v1", |data| merge(data, change))
}

fn merge(data: &mut Value, change: &Value) {
    for (name, value) in change.as_object().unwrap() {
        data[name] = value.clone();
        if value.is_null() {
            data.as_object_mut().unwrap().remove(name);
        }
    }
}

fn policy(version: &str, change: Value) -> Fact {
    example("policy_version.published.v1", |data| {
        (data["version"], data["posted_at"]) = (version.into(), "2026-02-25T06:13:20Z".into());
        merge(data, &change);
    })
}

fn answered(version: &str, change: Value) -> Fact {
    example("policy_version.answered.v1", |data| {
        (data["policy_version"], data["text_hash"]) = (version.into(), HASH.into());
        (data["language"], data["answer"]) = ("ru".into(), "accepted".into());
        merge(data, &change);
    })
}

/// Version 1 in Russian and in Kazakh from noon on, version 2 after ten minutes.
fn published() -> Given {
    let second = json!({ "posted_at": "2026-02-25T06:23:20Z" });
    Given::default()
        .published(0, policy("1", json!({})))
        .published(0, policy("1", json!({ "language": "kk", "text_hash": OTHER })))
        .published(10, policy("2", second))
}

/// The texts as the stream that is judged.
fn stream(texts: &[(i64, Fact)]) -> Given {
    texts.iter().fold(Given::default(), |given, (minutes, text)| given.at(*minutes, text.clone()))
}

#[test]
fn a_consent_text_says_all_that_article_8_asks_for() {
    assert_eq!(stream(&[(0, text(&json!({})))]).findings(9), NONE);
    for silent in [
        json!({ "operator_named": false }),
        json!({ "operator_bin": null }),
        json!({ "third_party": null }),
        json!({ "cross_border": null }),
        json!({ "public": null }),
        json!({ "categories": [] }),
        json!({ "term": "not_stated" }),
    ] {
        assert_eq!(stream(&[(0, text(&silent))]).findings(9), ["F02:1"], "{silent}");
    }
}

#[test]
fn a_silent_text_is_mended_by_the_next_version_in_its_language() {
    let silent = text(&json!({ "public": null }));
    let kazakh = text(&json!({ "language": "kk", "version": "4" }));
    let given = stream(&[(0, silent.clone()), (5, kazakh)]);
    assert_eq!(given.findings(9), ["F02:1"], "in another language");
    let given = stream(&[(0, silent.clone()), (5, text(&json!({ "text_id": "research" })))]);
    assert_eq!(given.findings(9), ["F02:1"], "another text");
    let given = stream(&[(0, silent), (5, text(&json!({ "version": "4" })))]);
    assert_eq!(given.clone().findings(4), ["F02:1"]);
    assert_eq!(given.findings(9), ["F02:1 cured by 2"]);
}

#[test]
fn an_answer_to_the_text_in_force_is_as_it_should_be() {
    let kazakh = json!({ "language": "kk", "text_hash": OTHER });
    let given = published().at(1, answered("1", json!({}))).at(2, answered("1", kazakh));
    assert_eq!(given.at(11, answered("2", json!({}))).findings(20), NONE);
}

#[test]
fn an_answer_to_a_superseded_version_is_flagged_and_mended_by_one_to_the_version_in_force() {
    let given = published().at(11, answered("1", json!({})));
    assert_eq!(given.clone().findings(20), ["F04:4"]);
    assert_eq!(given.at(15, answered("2", json!({}))).findings(20), ["F04:4 cured by 5"]);
}

#[test]
fn an_answer_names_the_text_in_the_language_in_which_it_was_shown() {
    let given = published().at(1, answered("1", json!({ "text_hash": OTHER })));
    assert_eq!(given.findings(9), ["F04:4"]);
}

#[test]
fn a_version_that_was_never_published_or_not_yet_cannot_be_answered() {
    let given = published().at(1, answered("9", json!({}))).at(2, answered("2", json!({})));
    assert_eq!(given.findings(9), ["F04:4", "F04:5"]);
}

#[test]
fn of_two_versions_posted_at_one_moment_the_later_recorded_one_is_in_force() {
    let given = Given::default().published(0, policy("1", json!({}))).published(0, policy("2", json!({})));
    let given = given.at(0, answered("2", json!({}))).at(1, answered("1", json!({})));
    assert_eq!(given.findings(9), ["F04:4"]);
}

#[test]
fn a_version_that_takes_effect_later_is_not_in_force_before() {
    let later = json!({ "effective_at": "2026-02-25T06:43:20Z" });
    let given = Given::default().published(0, policy("1", json!({}))).published(1, policy("2", later));
    let given = given.at(29, answered("1", json!({}))).at(31, answered("1", json!({})));
    assert_eq!(given.findings(60), ["F04:4"]);
}
