use serde_json::json;
use subject_record_schemas::Fact;

use crate::given::{Given, fact};

fn dispute(id: &str, stage: &str) -> Fact {
    fact("dispute.changed.v1", &json!({ "dispute_id": id, "stage": stage }))
}

fn hold(id: &str, set: bool) -> Fact {
    let data = json!({ "restriction_id": id, "kind": "legal_hold", "set": set, "ground": "dispute" });
    fact("restriction.changed.v1", &data)
}

fn found(given: Given) -> Vec<String> {
    given.findings(100).into_iter().filter(|told| told.starts_with("F42")).collect()
}

fn none() -> [String; 0] {
    []
}

#[test]
fn a_claim_goes_with_a_hold_from_its_own_moment_on() {
    let before = Given::default().at(0, hold("h-1", true)).at(0, dispute("disp-1", "claim_received"));
    assert_eq!(found(before), none());
    let behind = Given::default().at(0, dispute("disp-1", "claim_received")).at(0, hold("h-1", true));
    assert_eq!(found(behind), none(), "stored after the claim, and set at the same moment");
}

#[test]
fn a_claim_without_a_hold_is_found_once_and_ends_with_a_hold_or_the_dispute() {
    let claim = || Given::default().at(0, dispute("disp-1", "claim_received"));
    let goes_on = claim().at(1, dispute("disp-1", "claim_answered")).at(2, dispute("disp-1", "suit"));
    assert_eq!(found(goes_on), ["F42:1"]);
    assert_eq!(found(claim().at(1, hold("h-1", true))), ["F42:1 cured by 2"]);
    assert_eq!(found(claim().at(1, dispute("disp-1", "closed"))), ["F42:1 cured by 2"]);
    assert_eq!(found(claim().at(1, dispute("disp-2", "closed"))), ["F42:1"]);
}

#[test]
fn a_hold_outlasts_every_dispute() {
    let held = || Given::default().at(0, hold("h-1", true)).at(0, dispute("disp-1", "claim_received"));
    let early = held().at(1, hold("h-1", false));
    assert_eq!(found(early.clone()), ["F42:3"]);
    assert_eq!(found(early.clone().at(2, dispute("disp-1", "claim_answered"))), ["F42:3"]);
    assert_eq!(found(early.clone().at(2, hold("h-2", true))), ["F42:3 cured by 4"]);
    assert_eq!(found(early.at(2, dispute("disp-1", "closed"))), ["F42:3 cured by 4"]);
    let in_time = held().at(1, dispute("disp-1", "closed")).at(2, hold("h-1", false));
    assert_eq!(found(in_time), none());
}

#[test]
fn another_hold_that_stands_is_enough() {
    let two = Given::default().at(0, hold("h-1", true)).at(0, hold("h-2", true));
    let one_left = two.at(1, dispute("disp-1", "claim_received")).at(2, hold("h-1", false));
    assert_eq!(found(one_left), none());
}

#[test]
fn a_hold_lifted_too_early_in_two_disputes_is_wrong_until_both_are_closed() {
    let lifted = Given::default()
        .at(0, hold("h-1", true))
        .at(1, dispute("disp-1", "claim_received"))
        .at(2, dispute("disp-2", "claim_received"))
        .at(3, hold("h-1", false))
        .at(4, dispute("disp-1", "closed"));
    assert_eq!(found(lifted.clone()), ["F42:4"]);
    assert_eq!(found(lifted.at(5, dispute("disp-2", "closed"))), ["F42:4 cured by 6"]);
}
