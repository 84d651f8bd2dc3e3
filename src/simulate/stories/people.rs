//! Stories of more than one person, and of numbers that were wrong.

use chrono::{DateTime, Days, TimeDelta, Utc};
use serde_json::json;
use subject_record_schemas::EventType;

use super::super::calendar::{add_working_days, at_local, is_working};
use super::super::consenting::Grant;
use super::super::disclosing::Disclosure;
use super::super::life::Life;
use super::super::people::{Human, mistyped};
use super::super::wire::{CLERK, SUPPORT};
use super::super::world::{INCIDENT_DAY, World};

/// Somebody with a power of attorney consents for the person: once while it holds, once when it has run out.
pub(super) fn authority_expired(life: &mut Life<'_>) {
    let Some(other) = life.neighbour.clone() else { return };
    let services = life.register();
    life.pass_days(2, 9);
    let document = life.reference("doc");
    let data = json!({
        "doc_ref": document, "doc_kind": "power_of_attorney", "medium": "electronic", "purpose": "identify",
        "fields_read": ["full_name"],
    });
    let personal = json!({ "blob_commitment": life.file_hash(), "full_name": life.human.full_name });
    let received = life.fact(EventType::DocumentReceived, data).personal(personal).tell();
    let (from, until) = (life.today() - Days::new(5), life.today() + Days::new(40));
    let data = json!({
        "representation_id": life.reference("rep"), "representative": other.subject, "kind": "power_of_attorney",
        "doc_ref": document, "scope": ["consent", "requests"], "valid_from": from, "valid_until": until,
    });
    life.fact(EventType::RepresentationRecorded, data).because(&received).tell();
    life.pass_days(2, 9);
    let by = Grant { representative: Some(other.subject), ..Grant::default() };
    let grant = Grant { recipients: &["lawyer-bureau-7"], ..by };
    let transfer = life.consent("transfer", &grant);
    life.disclose_on_consent(&transfer, "lawyer-bureau-7");
    life.go_to(at_local(until + Days::new(1), 0));
    life.pass_days(4, 30);
    let advertising = life.consent("advertising", &Grant { recipients: &[], ..grant });
    life.plant("F08", &advertising.told, "the power of attorney had run out");
    life.pass_days(2, 9);
    life.serve(&services);
}

/// A company's contact leaves, and another one comes.
pub(super) fn contact_changed(life: &mut Life<'_>) {
    let Some(director) = life.neighbour.clone() else { return };
    life.human = life.human.clone().into_entity();
    let services = life.register();
    life.identify();
    let from = life.today() - Days::new(200);
    let data = json!({
        "representation_id": life.reference("rep"), "representative": director.subject, "kind": "director",
        "scope": ["profile", "agreements", "requests", "disputes"], "valid_from": from,
    });
    life.fact(EventType::RepresentationRecorded, data).tell();
    life.pass_days(1, 5);
    life.agree();
    for _ in 0..2 {
        life.pass_days(10, 25);
        life.serve(&services);
    }
    life.pass_days(5, 15);
    let next = json!({ "family": "Үкілібаев", "given": "Мирас", "patronymic": "Ержанұлы" });
    let email = format!("office.{}", life.human.email);
    let registered = life.first_event();
    for (field, value) in [("full_name", next.clone()), ("email", json!(email))] {
        let mut data = json!({ "field": field, "cause": "subject" });
        if let Some(registered) = &registered {
            data["replaces_event"] = json!({ "source": registered.0, "id": registered.1 });
        }
        life.fact(EventType::ProfileChanged, data)
            .personal(json!({ field: value }))
            .by(&director.subject)
            .tell();
    }
    life.human = Human { full_name: next, email, ..life.human.clone() };
    let services = life.consent("services", &Grant::default());
    life.pass_days(3, 12);
    life.serve(&services);
}

impl Life<'_> {
    /// Source and id of the person's first event.
    fn first_event(&self) -> Option<(String, String)> {
        let document = &self.events.first()?.document;
        let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        Some((text("source")?, text("id")?))
    }
}

/// The same person registers a second time, from another account.
pub(super) fn duplicate(life: &mut Life<'_>) {
    let Some(first) = life.neighbour.clone() else { return };
    let (subject, tag) = (life.human.subject.clone(), life.human.tag.clone());
    let other_subject = first.subject.clone();
    life.human = Human { subject, tag, ..first };
    let services = life.register();
    life.pass_minutes(60, 400);
    life.office();
    let data = json!({ "other_subject": other_subject, "reason": "same_iin", "decided_by": SUPPORT });
    life.fact(EventType::DuplicateLinked, data).tell();
    life.pass_days(3, 15);
    life.serve(&services);
}

/// Somebody hands over this person's data, first without and then with a document; then the person registers.
pub(super) fn third_person(life: &mut Life<'_>) {
    let Some(submitter) = life.neighbour.clone() else { return };
    life.open_case("case");
    let data = json!({
        "submitter": submitter.subject, "categories": ["full_name"], "decision": "rejected", "reason": "no_authority",
    });
    life.fact(EventType::ThirdPersonDataSubmitted, data).tell();
    life.pass_days(2, 6);
    let data = json!({
        "submitter": submitter.subject, "categories": ["full_name", "phone"], "decision": "accepted",
        "authority_doc_ref": life.reference("doc"), "authority_scope": ["submit_data"], "reason": "authority_shown",
    });
    let personal = json!({ "full_name": life.human.full_name, "phone": life.human.phone });
    life.fact(EventType::ThirdPersonDataSubmitted, data).personal(personal).by(CLERK).tell();
    life.close_case();
    life.pass_days(2, 9);
    let services = life.register();
    life.identify();
    life.pass_days(4, 20);
    life.serve(&services);
}

/// The IIN is mistyped on the form; the check of identity finds it, and it is mended on the same day.
pub(super) fn mistyped_number(life: &mut Life<'_>) {
    life.human = life.human.clone().into_person();
    let right = life.human.iin.clone();
    life.human.iin = mistyped(&right);
    let services = life.register();
    life.human.iin = right;
    life.pass_days(1, 4);
    let data = json!({
        "method": "state_register", "assurance": "substantial", "result": "mismatch", "attributes_checked": ["iin"],
    });
    life.fact(EventType::IdentityChecked, data).tell();
    life.pass_minutes(30, 200);
    let words = life
        .words("В ИИН ошибка, исправьте по удостоверению.", "ЖСН қате, жеке куәлік бойынша түзетіңіздер.");
    let request = life.ask("correct", None, 1, &words);
    life.identify();
    let data = json!({ "field": "iin", "cause": "correction_request", "request_ref": request.id });
    let number = json!({ "iin": life.human.iin });
    life.fact(EventType::ProfileChanged, data).personal(number).because(&request.told).tell();
    life.answer(&request, "done", &[]);
    life.pass_days(3, 10);
    life.serve(&services);
}

/// What the incident is.
pub(in super::super) const INCIDENT_KIND: &str = "unauthorised_access";

/// A stage of the incident.
pub(in super::super) struct IncidentStage {
    pub(in super::super) stage: &'static str,
    pub(in super::super) at: DateTime<Utc>,
    pub(in super::super) measures: &'static [&'static str],
}

/// The stages of the incident: found and confirmed in the morning, the authority is told before the evening.
pub(in super::super) fn incident_stages(world: &World) -> [IncidentStage; 5] {
    let known_on = world.day(INCIDENT_DAY);
    let first = known_on.iter_days().find(|day| is_working(*day, known_on)).unwrap_or(known_on);
    let (next, last) = (add_working_days(first, 1, first), add_working_days(first, 8, first));
    let stage = |stage, at, measures| IncidentStage { stage, at, measures };
    [
        stage("detected", at_local(first, 33_120_000), &[]),
        stage("breach_confirmed", at_local(first, 41_400_000), &["access_closed"]),
        stage("authority_told", at_local(first, 60_300_000), &["access_closed", "credentials_changed"]),
        stage("subjects_told", at_local(next, 36_000_000), &["access_closed", "credentials_changed"]),
        stage("closed", at_local(last, 54_000_000), &["access_closed", "credentials_changed", "flaw_mended"]),
    ]
}

/// One of those whose contacts were looked at by somebody who should not.
pub(super) fn incident(life: &mut Life<'_>) {
    let services = life.register();
    if life.chance(70) {
        life.identify();
    }
    life.join_case("inc-0001");
    for IncidentStage { stage, at, measures } in incident_stages(life.world) {
        let seconds = life.between(5, 240);
        life.go_to(at + TimeDelta::seconds(i64::from(seconds)));
        let mut data = json!({
            "incident_id": "inc-0001", "stage": stage, "at": at, "kind": INCIDENT_KIND, "categories": ["email", "phone"],
        });
        if !measures.is_empty() {
            data["measures"] = json!(measures);
        }
        if stage == "authority_told" {
            data["contact_role"] = json!("responsible_person");
            data["subjects_listed"] = json!(true);
        }
        let told = life.fact(EventType::IncidentRecorded, data).tell();
        // The notice to the authorised body lists the people, and so is itself a disclosure.
        if stage == "authority_told" {
            let notice = Disclosure {
                recipient: "digital-ministry",
                ground: "3.4.2",
                reference: Some("94-V/25"),
                notice: "none",
                ..Disclosure::default()
            };
            life.disclose(&notice, Some(&told));
        }
    }
    life.close_case();
    life.pass_days(3, 20);
    life.serve(&services);
}
