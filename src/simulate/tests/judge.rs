//! A plain judge of simulated lives: what is planted is unlawful by the rules as read here, and nothing else is.
//!
//! It sees documents as sent and knows nothing of stories. It is a second reading of the rules, not the assessor.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use super::super::calendar::{add_working_days, at_local, local_day};
use super::super::{SimulatedEvent, Simulation, Year};
use super::{simulation, text};

type Instant = DateTime<Utc>;
/// A finding and the event that it is about.
type Finding = (&'static str, String);

const FOREVER: Instant = Instant::MAX_UTC;

/// What the office published.
#[derive(Default)]
struct Governance {
    policies: BTreeMap<String, (Instant, BTreeSet<String>)>,
    policy_hashes: BTreeMap<(String, String), String>,
    new_purposes: Vec<(String, Instant)>,
    consent_texts: BTreeMap<String, Instant>,
    recipients: BTreeMap<String, (Instant, String, bool)>,
    places: BTreeMap<String, String>,
}

struct Consent {
    data: Value,
    ended: Instant,
    kept: BTreeSet<String>,
}

/// What is known of a person so far.
#[derive(Default)]
struct Person {
    registered: Option<Instant>,
    consents: BTreeMap<String, Consent>,
    agreements: BTreeMap<String, Option<Instant>>,
    authorities: Vec<(String, NaiveDate)>,
    requests: BTreeMap<String, Value>,
    decisions: BTreeMap<String, Value>,
    notices: BTreeMap<String, (Instant, String)>,
    open: BTreeMap<String, (Value, String)>,
    blocked: bool,
    held: bool,
    disputes: BTreeMap<String, String>,
    limited: Vec<(String, String, String)>,
    destroyed: bool,
}

fn list(data: &Value, name: &str) -> BTreeSet<String> {
    let values = data.get(name).and_then(Value::as_array).into_iter().flatten();
    values.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

fn word<'v>(data: &'v Value, name: &str) -> &'v str {
    data.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn instant(data: &Value, name: &str) -> Instant {
    word(data, name).parse().unwrap()
}

fn code(event: &SimulatedEvent) -> &'static str {
    text(event, "/type").parse::<subject_record_schemas::EventType>().unwrap().code()
}

impl Governance {
    fn learn(&mut self, event: &SimulatedEvent, found: &mut BTreeSet<Finding>) {
        let (data, time) = (&event.document["data"], text(event, "/time").parse().unwrap());
        match code(event) {
            "E01" => {
                let from = data.get("effective_at").map_or(time, |_| instant(data, "effective_at"));
                self.policies.entry(word(data, "version").into()).or_insert((from, BTreeSet::new()));
                self.policy_hashes.insert(
                    (word(data, "version").into(), word(data, "language").into()),
                    word(data, "text_hash").into(),
                );
                self.new_purposes
                    .extend(list(data, "new_purposes").into_iter().map(|purpose| (purpose, from)));
            }
            "E02" => {
                if !["operator_bin", "third_party", "cross_border", "public"]
                    .iter()
                    .all(|name| data.get(name).is_some())
                {
                    found.insert(("F02", text(event, "/id").into()));
                }
                self.consent_texts.insert(word(data, "text_hash").into(), time);
            }
            "E05" => {
                let duties = data["duties_accepted"] == true;
                self.recipients
                    .insert(word(data, "recipient_id").into(), (time, word(data, "kind").into(), duties));
            }
            "E06" => drop(self.places.insert(word(data, "place_id").into(), word(data, "country").into())),
            _ => {}
        }
    }

    fn in_force(&self, at: Instant) -> Option<&String> {
        self.policies
            .iter()
            .filter(|(_, (from, _))| *from <= at)
            .max_by_key(|(_, (from, _))| *from)
            .map(|(version, _)| version)
    }
}

impl Person {
    /// What is wrong with resting on a consent, if anything.
    fn on_consent(
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

    #[expect(clippy::too_many_lines, reason = "one arm a type reads best in one place")]
    fn judge(&mut self, event: &SimulatedEvent, office: &Governance, found: &mut BTreeSet<Finding>) {
        let (data, id) = (&event.document["data"], text(event, "/id").to_owned());
        let time: Instant = text(event, "/time").parse().unwrap();
        let mut find = |finding| drop(found.insert((finding, id.clone())));
        if event.sent_at - time > TimeDelta::days(1) {
            find("F47");
        }
        if self.destroyed && matches!(code(event), "E14" | "E24" | "E32") {
            find("F37");
        }
        if self.blocked && matches!(code(event), "E14" | "E23" | "E32") {
            find("F36");
        }
        let reference = word(data, "ground_ref");
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
                if let Some(representative) = data.pointer("/by/representative").and_then(Value::as_str) {
                    if !self
                        .authorities
                        .iter()
                        .any(|(who, until)| who == representative && *until >= local_day(time))
                    {
                        find("F08");
                    }
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
                if ground == "none" || reference.is_empty() {
                    find("F14");
                } else {
                    self.limited.push((word(data, "consent_id").into(), reference.into(), id.clone()));
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
                        wrong.into_iter().for_each(&mut find);
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
            "E32" => self.judge_disclosure(data, time, office, &mut find),
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
                match word(&request, "kind") {
                    "access" | "disclosures" if !within(3) => drop(found.insert(("F39", asked))),
                    "correct" | "block" | "public_removal" if !within(1) => {
                        drop(found.insert(("F40", asked)))
                    }
                    "destroy" if (day - received).num_days() > 15 => drop(found.insert(("F41", asked))),
                    _ if word(data, "outcome") == "refused" && data.get("reasons").is_none() => find("F39"),
                    _ => {}
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
        data: &Value,
        time: Instant,
        office: &Governance,
        find: &mut impl FnMut(&'static str),
    ) {
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
        match word(data, "subject_notice") {
            "required" => {
                let due = add_working_days(local_day(time), 10, local_day(time)).succ_opt().unwrap();
                self.notices.insert(word(data, "disclosure_id").into(), (at_local(due, 0), String::new()));
            }
            "deferred" if data.get("notice_ground").is_none() => find("F33"),
            "deferred" => {
                drop(self.notices.insert(word(data, "disclosure_id").into(), (FOREVER, String::new())))
            }
            _ => {}
        }
    }
}

fn judged(year: &Year) -> BTreeSet<Finding> {
    let (mut office, mut found) = (Governance::default(), BTreeSet::new());
    let mut people: BTreeMap<&str, Vec<&SimulatedEvent>> = BTreeMap::new();
    for event in &year.events {
        match text(event, "/subject") {
            "" => office.learn(event, &mut found),
            subject => people.entry(subject).or_default().push(event),
        }
    }
    for events in people.values_mut() {
        // As it happened; what happened at one moment, as it was sent.
        events.sort_by_key(|event| text(event, "/time").parse::<Instant>().unwrap());
        let mut person = Person::default();
        for event in events {
            person.judge(event, &office, &mut found);
            if code(event) == "E32" {
                if let Some((_, disclosed)) = person.notices.get_mut(text(event, "/data/disclosure_id")) {
                    text(event, "/id").clone_into(disclosed);
                }
            }
        }
        found.extend(
            person.notices.into_values().filter(|(due, _)| *due < FOREVER).map(|(_, id)| ("F33", id)),
        );
        let executed =
            |agreement: &str| person.agreements.values().any(Option::is_some) && !agreement.is_empty();
        found.extend(
            person.limited.into_iter().filter(|(_, ground, _)| executed(ground)).map(|(.., id)| ("F14", id)),
        );
        assert!(person.open.is_empty(), "a request was never answered");
    }
    found
}

#[test]
fn what_is_planted_is_unlawful_and_nothing_else_is() {
    for seed in [1, 2, 3] {
        let year = Simulation { seed, ..simulation(1, 400) }.year();
        let found = judged(&year);
        // Messages are not judged here.
        let planted: BTreeSet<Finding> = year
            .planted
            .iter()
            .filter(|planted| !matches!(planted.finding, "F21" | "F22"))
            .map(|planted| (planted.finding, planted.event.as_str().to_owned()))
            .collect();
        let document = |id: &String| {
            year.events.iter().find(|event| text(event, "/id") == id).map(|e| e.document.to_string())
        };
        for (finding, id) in found.symmetric_difference(&planted) {
            panic!(
                "{finding} is {} only: {:?}",
                if found.contains(&(finding, id.clone())) { "found" } else { "planted" },
                document(id)
            );
        }
    }
}

#[test]
fn what_one_person_tells_follows_from_what_was_told_before() {
    let year = simulation(1, 200).year();
    let late: BTreeSet<_> =
        year.planted.iter().filter(|p| p.finding == "F47").map(|p| p.event.as_str()).collect();
    let mut told: BTreeMap<(&str, &str), Instant> = BTreeMap::new();
    let mut last: BTreeMap<&str, Instant> = BTreeMap::new();
    for event in &year.events {
        let (subject, id) = (text(event, "/subject"), text(event, "/id"));
        let time: Instant = text(event, "/time").parse().unwrap();
        let cause = text(event, "/causationid");
        assert!(
            cause.is_empty() || told.get(&(subject, cause)).is_some_and(|before| *before <= time),
            "{:#}",
            event.document
        );
        if !late.contains(id) {
            let before = last.insert(subject, time);
            assert!(before.is_none_or(|before| before <= time), "{:#}", event.document);
        }
        told.insert((subject, id), time);
    }
}
