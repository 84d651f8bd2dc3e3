//! The operator's own papers: calendars, people in charge, recipients, lists, texts, and what touches nobody alone.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use subject_record_schemas::EventType;

use super::calendar::{TABLES, YearTable, at_local, corrected_from};
use super::life::Life;
use super::stories::{INCIDENT_KIND, IncidentStage, incident_stages};
use super::texts::{CONSENTS, ConsentText, LANGUAGES, OPERATOR_BIN, OPERATOR_NAME, POLICIES};
use super::wire::{CLERK, LAWYER, OFFICER, SUPPORT};
use super::world::{
    LATE_RECIPIENT, LATE_RECIPIENT_DAY, OPENING_DAYS, PLACES, POSTING_TIME, RECIPIENTS, Recipient,
    THIRD_POLICY_EFFECTIVE_DAY, YEAR_DAYS,
};

/// Purposes with the categories that each needs, and what ends the need.
const LIST: [(&str, &[&str], &str); 5] = [
    (
        "service",
        &[
            "full_name",
            "iin",
            "address_registered",
            "address_delivery",
            "email",
            "phone",
            "technical",
            "document",
        ],
        "agreement_ended",
    ),
    ("identify", &["full_name", "iin", "address_registered", "document"], "agreement_ended"),
    ("notify", &["full_name", "address_delivery", "email", "phone"], "agreement_ended"),
    ("advertising", &["full_name", "email", "phone"], "consent_withdrawn"),
    ("research", &["address_registered", "technical"], "purpose_achieved"),
];

/// Months for which data is kept once its need has ended: as long as anybody can still claim.
const RETENTION_MONTHS: u16 = 36;

/// What is in place before anybody registers, and the second policy version in the sixth week.
pub(super) fn opening(life: &mut Life<'_>) {
    let known = |table: &&YearTable| table.version != "2026-2" || corrected_from() <= life.world.start;
    for table in TABLES.iter().filter(known) {
        publish_calendar(life, table, life.now);
    }
    for (role, holder) in [
        ("responsible_person", OFFICER),
        ("lawyer", LAWYER),
        ("access_list_member", CLERK),
        ("access_list_member", SUPPORT),
        ("access_list_member", "staff-security-5"),
    ] {
        let data = json!({ "assignment_id": format!("as-{holder}"), "role": role, "holder_ref": holder, "from": life.now });
        let personal = if holder == OFFICER {
            json!({ "holder": life.human.full_name, "contact_email": life.human.email, "contact_phone": life.human.phone })
        } else {
            json!({})
        };
        life.fact(EventType::ResponsibilityAssigned, data).personal(personal).tell();
    }
    for (place, country, role) in PLACES {
        let data = json!({ "place_id": place, "country": country, "role": role, "from": life.now });
        life.fact(EventType::StoragePlaceRegistered, data).tell();
    }
    for recipient in &RECIPIENTS {
        register(life, recipient);
    }
    life.go_to(life.world.at(0, POSTING_TIME));
    publish_texts(life, 0);
    life.go_to(life.world.at(POLICIES[1].posted_day, POSTING_TIME));
    publish_texts(life, POLICIES[1].posted_day);
}

/// What happens in the year in which everybody else lives; the incident touches so many of them.
pub(super) fn year(life: &mut Life<'_>, touched_by_incident: usize) {
    type Doing<'a> = (DateTime<Utc>, Box<dyn Fn(&mut Life<'_>) + 'a>);
    let world = life.world;
    let mut doings: Vec<Doing<'_>> = Vec::new();
    let corrected = at_local(corrected_from(), POSTING_TIME);
    if world.start < corrected_from() && corrected < world.end() {
        // In the opening weeks the office's events belong before the showcase's.
        let at = corrected.max(world.at(OPENING_DAYS, 3_600_000));
        doings.push((
            at,
            Box::new(|life| {
                TABLES
                    .iter()
                    .filter(|t| t.version == "2026-2")
                    .for_each(|t| publish_calendar(life, t, life.now))
            }),
        ));
    }
    for month in 0..YEAR_DAYS / 30 {
        let day = OPENING_DAYS + 3 + month * 30;
        doings.push((world.at(day, 32_000_000), Box::new(store_backup)));
        if day > THIRD_POLICY_EFFECTIVE_DAY + 20 {
            doings.push((world.at(day, 50_000_000), Box::new(anonymise)));
        }
    }
    for day in [POLICIES[2].posted_day, 300, 310] {
        doings.push((world.at(day, POSTING_TIME), Box::new(move |life| publish_texts(life, day))));
    }
    doings.push((world.at(LATE_RECIPIENT_DAY, 45_000_000), Box::new(|life| register(life, &LATE_RECIPIENT))));
    doings.push((world.at(150, 43_000_000), Box::new(asked_about_nobody)));
    doings.push((world.at(200, 43_000_000), Box::new(support_changes)));
    for IncidentStage { stage, at, measures } in incident_stages(world) {
        doings.push((at, Box::new(move |life| incident(life, stage, at, measures, touched_by_incident))));
    }
    doings.sort_by_key(|(at, _)| *at);
    for (at, doing) in doings {
        life.go_to(at);
        doing(life);
    }
}

/// Policy version, consent texts and data list of a day, the policy in both languages at one moment.
fn publish_texts(life: &mut Life<'_>, day: u32) {
    let world = life.world;
    for (number, policy) in POLICIES.iter().enumerate().filter(|(_, policy)| policy.posted_day == day) {
        let posted_at = world.at(day, POSTING_TIME);
        for (place, language) in LANGUAGES.into_iter().enumerate() {
            let mut data = json!({
                "version": policy.version, "language": language, "text_hash": world.policy_hash(number, language),
                "posted_at": posted_at, "clause_ids": policy.clauses(),
            });
            if policy.effective_after_days > 0 {
                data["effective_at"] = json!(world.effective_at(policy));
            }
            if let Some(before) = number.checked_sub(1).and_then(|before| POLICIES.get(before)) {
                data["supersedes"] = json!(before.version);
            }
            if let Some(purpose) = policy.new_purpose {
                data["new_purposes"] = json!([purpose]);
            }
            let telling = life.fact(EventType::PolicyVersionPublished, data);
            if place == 0 {
                telling.tell()
            } else {
                telling.same_moment().tell()
            };
        }
        approve_list(life, policy.version, 3 + number);
    }
    for text in CONSENTS.iter().filter(|text| text.posted_day == day) {
        for language in LANGUAGES {
            let data = consent_text_data(text, &world.consent_hash(text, language), &json!(language));
            let personal =
                if text.allows.is_some() { json!({ "operator_name": OPERATOR_NAME }) } else { json!({}) };
            let told = life.fact(EventType::ConsentTextPublished, data).personal(personal).tell();
            if text.allows.is_none() {
                life.plant("F02", &told, "the text names no operator, term, third parties or countries");
            }
        }
    }
}

fn consent_text_data(text: &ConsentText, hash: &Value, language: &Value) -> Value {
    let mut data = json!({
        "text_id": text.id, "version": text.version, "language": language, "text_hash": hash,
        "operator_named": text.allows.is_some(), "purposes": text.purposes, "categories": text.categories,
        "term": text.term(),
    });
    if let Some([third_party, cross_border, public]) = text.allows {
        data["operator_bin"] = json!(OPERATOR_BIN);
        data["third_party"] = json!(third_party);
        data["cross_border"] = json!(cross_border);
        data["public"] = json!(public);
        data["withdrawal_method"] = json!("nonstate_service");
    }
    data
}

/// The list of data for so many purposes of clause 2.2.
fn approve_list(life: &mut Life<'_>, version: &str, purposes: usize) {
    let lines = LIST.iter().take(purposes).flat_map(|(purpose, categories, trigger)| {
        categories.iter().map(move |category| {
            json!({
                "category": category, "purpose": purpose, "necessity": if *purpose == "research" { "voluntary" } else { "required" },
                "end_trigger": trigger, "retention": { "months": RETENTION_MONTHS },
            })
        })
    });
    let data = json!({ "list_version": version, "entries": lines.collect::<Vec<_>>() });
    life.fact(EventType::DataListApproved, data).tell();
}

fn publish_calendar(life: &mut Life<'_>, table: &YearTable, published_at: DateTime<Utc>) {
    let mut data = json!({
        "year": table.year, "version": table.version, "days_off": table.dates(table.days_off),
        "source_ref": format!("calendar-{}", table.version), "published_at": published_at,
    });
    if !table.extra_working.is_empty() {
        data["extra_working"] = json!(table.dates(table.extra_working));
    }
    life.fact(EventType::WorkCalendarPublished, data).tell();
}

fn register(life: &mut Life<'_>, recipient: &Recipient) {
    let mut data = json!({
        "recipient_id": recipient.id, "kind": recipient.kind, "country": recipient.country,
        "country_assessment": if recipient.country == "KZ" { "assured" } else { "not_assured" },
        "duties_accepted": recipient.duties_accepted,
    });
    if !matches!(recipient.kind, "state_body" | "court") {
        data["contract_ref"] = json!(format!("ct-{}", recipient.id));
    }
    life.fact(EventType::RecipientRegistered, data).personal(json!({ "name": recipient.name })).tell();
}

/// The monthly backup of the whole base, which touches no single person.
fn store_backup(life: &mut Life<'_>) {
    let people = life.between(150, 400);
    let data = json!({
        "action": "store", "purpose": "service", "categories": ["full_name", "document"],
        "basis": { "kind": "operator_duty", "reference": "94-V/22" }, "automated": true, "system": "backup",
        "subjects_count": people,
    });
    life.fact(EventType::ProcessingPerformed, data).by("system/storage").tell();
}

fn anonymise(life: &mut Life<'_>) {
    let (dataset, people, group) = (life.reference("ds"), life.between(100, 300), life.between(8, 30));
    let data = json!({
        "dataset_id": dataset, "purpose": "research", "method": "aggregation", "subjects_count": people,
        "risk_measure": { "k_anonymity": group }, "reviewer": OFFICER,
    });
    life.fact(EventType::DatasetAnonymised, data).tell();
}

/// A state body wants everybody who had a certain kind of case: refused.
fn asked_about_nobody(life: &mut Life<'_>) {
    let request = life.state_request("akimat-astana-1", &["full_name", "phone", "document"], true, true);
    life.working_days(2);
    life.decide(&request, "refuse", &["too_wide", "privileged"], &[], true);
    life.close_case();
}

/// One assignment ends and another begins.
fn support_changes(life: &mut Life<'_>) {
    let (began, ended) = (life.world.at(0, POSTING_TIME), life.now);
    let assignment = |id: &str, holder: &str, from: DateTime<Utc>| json!({ "assignment_id": id, "role": "access_list_member", "holder_ref": holder, "from": from });
    let mut ending =
        assignment("as-staff-support-6", "staff-support-6", began.max(ended - TimeDelta::days(90)));
    ending["until"] = json!(ended);
    life.fact(EventType::ResponsibilityAssigned, ending).tell();
    let beginning = assignment("as-staff-support-7", "staff-support-7", life.now);
    life.fact(EventType::ResponsibilityAssigned, beginning).tell();
}

fn incident(life: &mut Life<'_>, stage: &str, at: DateTime<Utc>, measures: &[&str], touched: usize) {
    life.join_case("inc-0001");
    let mut data = json!({
        "incident_id": "inc-0001", "stage": stage, "at": at, "kind": INCIDENT_KIND, "categories": ["email", "phone"],
        "subjects_count": touched,
    });
    if !measures.is_empty() {
        data["measures"] = json!(measures);
    }
    if stage == "authority_told" {
        data["contact_role"] = json!("responsible_person");
        data["subjects_listed"] = json!(true);
    }
    life.fact(EventType::IncidentRecorded, data).tell();
    life.close_case();
}
