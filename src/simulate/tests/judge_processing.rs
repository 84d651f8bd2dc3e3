//! Answers, consents, authorities, agreements, and the processing that rests on them.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::Value;

use super::super::SimulatedEvent;
use super::super::calendar::{at_local, local_day};
use super::judge::{Consent, FOREVER, Governance, Instant, Person, code, list, word};
use super::text;

impl Person {
    /// What is wrong with resting on a consent, if anything.
    pub(super) fn on_consent(
        &self,
        id: &str,
        purpose: &str,
        categories: &BTreeSet<String>,
        at: Instant,
    ) -> Option<&'static str> {
        let consent = self.consents.get(id)?;
        let (purposes, covered) = (list(&consent.data, "purposes"), list(&consent.data, "categories"));
        let achieved =
            consent.data["term"] == "purpose_achieved" && self.agreements.values().any(Option::is_some);
        let ended = consent.ended <= at && !consent.kept.contains(purpose);
        let until = consent.data.pointer("/term/until").and_then(Value::as_str);
        let expired =
            until.is_some_and(|day| at >= at_local(day.parse::<NaiveDate>().unwrap().succ_opt().unwrap(), 0));
        if ended || expired {
            Some("F06")
        } else if achieved {
            Some("F13")
        } else if !purposes.contains(purpose) || !categories.is_subset(&covered) {
            Some("F07")
        } else {
            None
        }
    }

    /// Judges what the person answered and what was done with the data.
    pub(super) fn judge_processing(
        &mut self,
        event: &SimulatedEvent,
        time: Instant,
        office: &Governance,
        find: &mut impl FnMut(&'static str),
    ) {
        let (data, id) = (&event.document["data"], text(event, "/id").to_owned());
        match code(event) {
            "E08" => self.registered = Some(time),
            "E09" => self.authorities.push((
                word(data, "representative").into(),
                data.get("valid_until")
                    .map_or(NaiveDate::MAX, |_| word(data, "valid_until").parse().unwrap()),
            )),
            "E15" => {
                let version = word(data, "policy_version").to_owned();
                let hash = office.policy_hashes.get(&(version.clone(), word(data, "language").into()));
                if office.in_force(time) != Some(&version)
                    || hash.map(String::as_str) != Some(word(data, "text_hash"))
                {
                    find("F04");
                }
            }
            "E17" => {
                if office.consent_texts.get(word(data, "text_hash")).is_none_or(|published| *published > time)
                {
                    find("F04");
                }
                let holds = |who: &str| {
                    self.authorities.iter().any(|(other, until)| other == who && *until >= local_day(time))
                };
                let representative = data.pointer("/by/representative").and_then(Value::as_str);
                if representative.is_some_and(|who| !holds(who)) {
                    find("F08");
                }
                let consent = Consent { data: data.clone(), ended: FOREVER, kept: BTreeSet::new() };
                self.consents.insert(word(data, "consent_id").into(), consent);
            }
            "E19" | "E21" => {
                let consent = self
                    .consents
                    .get_mut(word(data, "consent_id"))
                    .expect("a consent ends after it was given");
                assert!(consent.ended == FOREVER || code(event) == "E21", "withdrawn twice: {id}");
                consent.ended = consent.ended.min(time);
                consent.kept.clear();
                self.limited.retain(|(limited, ..)| limited != word(data, "consent_id"));
            }
            "E20" => {
                let ground = word(data, "ground");
                if ground == "none" || word(data, "ground_ref").is_empty() {
                    find("F14");
                } else {
                    self.limited.push((word(data, "consent_id").into(), word(data, "ground_ref").into(), id));
                }
                self.consents.get_mut(word(data, "consent_id")).unwrap().kept = list(data, "purposes_kept");
            }
            "E22" => {
                let ended = (word(data, "state") == "ended").then_some(time);
                self.agreements.insert(word(data, "agreement_ref").into(), ended);
            }
            "E23" => {
                let (purpose, categories) =
                    (data["purpose"].as_str().unwrap_or("unlisted"), list(data, "categories"));
                if purpose == "unlisted" {
                    find("F10");
                }
                let basis = &data["basis"];
                match (basis["kind"].as_str(), basis.get("reference").and_then(Value::as_str)) {
                    (Some("consent"), Some(consent)) => {
                        let wrong = self.on_consent(consent, purpose, &categories, time);
                        wrong.into_iter().for_each(&mut *find);
                        let new = office.new_purposes.iter().find(|(new, _)| new == purpose);
                        if wrong.is_some()
                            && new.is_some_and(|(_, from)| self.registered.is_some_and(|day| day < *from))
                        {
                            find("F11");
                        }
                    }
                    (Some("consent"), None) => find(if self.consents.is_empty() { "F05" } else { "F07" }),
                    (Some("none"), _) if categories.contains("technical") => find("F03"),
                    _ => find("F01"),
                }
            }
            _ => {}
        }
    }
}
