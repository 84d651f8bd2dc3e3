//! The page tells everything, leads nowhere wrong, and fetches nothing.

use std::collections::BTreeSet;

use subject_record_schemas::EventType;
use subject_record_schemas::publish::sent_schema;

use super::basics::ATTRIBUTES;
use super::catalogue::CHAPTERS;
use super::operations;
use crate::error;

#[test]
fn the_page_shows_every_operation_code_and_type_and_fetches_nothing_from_outside() {
    let html = super::html().into_string();
    for operation in operations::all() {
        assert!(html.contains(&format!("<article id=\"{}\"", operation.id)));
    }
    for code in error::ALL {
        assert!(html.contains(&format!("<tr id=\"{}\"", code.word)));
    }
    for event_type in EventType::ALL {
        assert_eq!(html.matches(&format!("id=\"{event_type}\"")).count(), 1, "{event_type}");
    }
    for banned in ["<script", "<style", " style=", " onclick", "<img", "url(http", "src="] {
        assert!(!html.contains(banned), "{banned}");
    }
    let style = include_str!("../docs.css");
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn links_within_the_page_lead_somewhere() {
    let html = super::html().into_string();
    let targets: BTreeSet<_> =
        html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(targets.len() > 40);
    for target in targets {
        assert_eq!(html.matches(&format!(" id=\"{target}\"")).count(), 1, "{target}");
    }
}

#[test]
fn chapters_hold_every_type_once_and_the_attributes_are_those_of_the_schema() {
    let mut held: Vec<_> = CHAPTERS.iter().flat_map(|chapter| chapter.types()).collect();
    held.sort();
    let mut all = EventType::ALL.to_vec();
    all.sort();
    assert_eq!(held, all);
    let schema = sent_schema(EventType::ConsentGiven);
    let properties: BTreeSet<_> =
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(ATTRIBUTES.map(|(name, _, _)| name).into_iter().collect::<BTreeSet<_>>(), properties);
    // A subject is required by some types and refused by others.
    let required =
        |name: &&str| *name != "subject" && schema["required"].as_array().unwrap().iter().any(|n| n == name);
    let told: Vec<_> =
        ATTRIBUTES.iter().filter(|(_, required, _)| *required).map(|(name, _, _)| *name).collect();
    assert_eq!(told, ATTRIBUTES.map(|(name, _, _)| name).into_iter().filter(required).collect::<Vec<_>>());
}
