//! Copies, publicity, disclosures, requests, restrictions, destruction, disputes.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::Value;

use super::super::SimulatedEvent;
use super::super::calendar::{add_working_days, at_local, local_day};
use super::judge::{Consent, FOREVER, Finding, Governance, Instant, Person, code, instant, list, word};
use super::text;

impl Person {
    /// Judges what went out, what was asked, and what was stopped or destroyed.
    pub(super) fn judge_dealings(
        &mut self,
        event: &SimulatedEvent,
        time: Instant,
        office: &Governance,
        found: &mut BTreeSet<Finding>,
    ) {
        let (data, id) = (&event.document["data"], text(event, "/id").to_owned());
        let mut find = |finding| {
            found.insert((finding, id.clone()));
        };
        match code(event) {
            "E28" => {
                let abroad = office.places.get(word(data, "place_id")).is_none_or(|country| country != "KZ");
                if abroad && !self.may_leave(data, word(data, "consent_id")) {
                    find("F27");
                }
            }
            "E29" if data["public"] == true => {
                let consent = self.consents.get(word(data, "consent_id"));
                if !consent.is_some_and(|consent| consent.data["public"] == true && consent.ended > time) {
                    find("F12");
                }
            }
            "E30" => drop(self.requests.insert(word(data, "request_id").into(), data.clone())),
            "E31" => {
                let request = &self.requests[word(data, "request_id")];
                let kind =
                    office.recipients.get(word(request, "recipient_id")).map(|(_, kind, _)| kind.as_str());
                let proper = request["reasons_given"] == true
                    && request["signed"] == true
                    && kind == Some("state_body");
                if matches!(word(data, "decision"), "comply" | "narrow") && !proper {
                    find("F29");
                }
                self.decisions.insert(word(data, "request_id").into(), data.clone());
            }
            "E32" => self.judge_disclosure(event, time, office, &mut find),
            "E33" => {
                let (due, disclosed) =
                    self.notices.remove(word(data, "disclosure_id")).expect("told of what was disclosed");
                if time > due {
                    found.insert(("F33", disclosed));
                }
            }
            "E34" => drop(self.open.insert(word(data, "request_id").into(), (data.clone(), id))),
            "E35" => {
                let (request, asked) =
                    self.open.remove(word(data, "request_id")).expect("answered what was asked");
                let (received, day) = (local_day(instant(&request, "received_at")), local_day(time));
                let within = |days| day <= add_working_days(received, days, day);
                let late = match word(&request, "kind") {
                    "access" | "disclosures" if !within(3) => Some("F39"),
                    "correct" | "block" | "public_removal" if !within(1) => Some("F40"),
                    "destroy" if (day - received).num_days() > 15 => Some("F41"),
                    _ => None,
                };
                found.extend(late.map(|finding| (finding, asked)));
                if word(data, "outcome") == "refused" && data.get("reasons").is_none() {
                    found.insert(("F39", id));
                }
            }
            "E36" => {
                let flag = if word(data, "kind") == "block" { &mut self.blocked } else { &mut self.held };
                *flag = data["set"] == true;
                if word(data, "kind") == "legal_hold" && !self.held && !self.disputes.is_empty() {
                    find("F42");
                }
            }
            "E37" => {
                if self.blocked || self.held {
                    find("F35");
                }
                if data.get("places_left").is_some() {
                    find("F34");
                }
                self.destroyed |= word(data, "scope") == "subject";
            }
            "E40" => {
                let dispute = word(data, "dispute_id").to_owned();
                match word(data, "stage") {
                    "claim_received" => {
                        let arose: NaiveDate = word(data, "arose_on_per_subject").parse().unwrap();
                        if local_day(time) > add_working_days(arose, 30, local_day(time)) {
                            find("F43");
                        }
                        if !self.held {
                            find("F42");
                        }
                        self.disputes.insert(dispute, id);
                    }
                    "closed" => drop(self.disputes.remove(&dispute)),
                    _ => assert!(self.disputes.contains_key(&dispute)),
                }
            }
            _ => {}
        }
    }

    fn may_leave(&self, data: &Value, consent: &str) -> bool {
        let consent = self.consents.get(consent);
        word(data, "cross_border_ground") == "consent"
            && consent.is_some_and(|consent| consent.data["cross_border"] == true)
    }

    fn judge_disclosure(
        &mut self,
        event: &SimulatedEvent,
        time: Instant,
        office: &Governance,
        find: &mut impl FnMut(&'static str),
    ) {
        let data = &event.document["data"];
        let (reference, categories) = (word(data, "ground_ref"), list(data, "categories"));
        let recipient = word(data, "recipient_id");
        if !office.recipients.get(recipient).is_some_and(|(from, _, duties)| *from <= time && *duties) {
            find("F32");
        }
        if word(data, "country") != "KZ" && !self.may_leave(data, reference) {
            find("F27");
        }
        let names = |consent: &Consent| {
            consent.data["third_party"] == true && list(&consent.data, "recipients").contains(recipient)
        };
        match word(data, "ground") {
            "3.4.1" if reference.is_empty() => find("F28"),
            "3.4.1" => match self.decisions.get(reference) {
                None => find("F31"),
                Some(decision) => {
                    if !categories.is_subset(&list(decision, "categories_allowed")) {
                        find("F30");
                    }
                    if categories.contains("document") && decision.get("privilege_checked_by").is_none() {
                        find("F31");
                    }
                }
            },
            "3.4.2" if data.get("law_article").is_some() => {}
            "3.5.1" => {
                let outside = !self.consents.get(reference).is_some_and(names);
                let wrong = self.on_consent(reference, word(data, "purpose"), &categories, time);
                wrong.or(outside.then_some("F07")).into_iter().for_each(&mut *find);
            }
            "3.5.2" => {
                let live = self.agreements.get(reference).is_some_and(Option::is_none);
                if !live || !self.consents.values().any(names) {
                    find("F09");
                }
            }
            _ => find("F28"),
        }
        let mut notice = |due| {
            let disclosed = text(event, "/id").to_owned();
            self.notices.insert(word(data, "disclosure_id").into(), (due, disclosed));
        };
        match word(data, "subject_notice") {
            "required" => {
                let due = add_working_days(local_day(time), 10, local_day(time)).succ_opt().unwrap();
                notice(at_local(due, 0));
            }
            "deferred" if data.get("notice_ground").is_none() => find("F33"),
            "deferred" => notice(FOREVER),
            _ => {}
        }
    }
}
