//! The person that a demonstration shows first: nearly everything happens to her, within ten weeks.

use serde_json::json;
use subject_record_schemas::EventType;

use super::super::consenting::{Consent, Grant};
use super::super::disclosing::Disclosure;
use super::super::life::Life;

/// Her story.
pub(in super::super) fn showcase(life: &mut Life<'_>) {
    on(life, 2, 10);
    let services = life.register();
    life.identify();
    on(life, 3, 11);
    life.agree();
    on(life, 4, 15);
    life.serve(&services);
    on(life, 6, 12);
    life.service_message();
    helped_by_a_lawyer(life, &services);
    on(life, 24, 10);
    asked_about(life);
    on(life, 31, 13);
    let request = life.ask("access", None, 3, "Менің қандай деректерім бар және олармен не істедіңіздер?");
    life.working_days(2);
    life.answer(&request, "done", &[]);
    on(life, 44, 19);
    life.answer_policy("accepted");
    life.pass_minutes(1, 3);
    advertising_for_a_week(life);
    on(life, 51, 16);
    wronged(life);
    on(life, 66, 11);
    life.serve(&services);
}

/// Waits for an hour of a day, and some minutes.
fn on(life: &mut Life<'_>, day: u32, hour: u32) {
    let milliseconds = life.between(0, 3_000_000);
    life.go_to(life.world.at(day, hour * 3_600_000 + milliseconds));
}

/// Her papers go to a lawyer, as she agreed; her profile changes on the way.
fn helped_by_a_lawyer(life: &mut Life<'_>, services: &Consent) {
    life.open_case("case");
    on(life, 8, 14);
    let grant = Grant { recipients: &["lawyer-bureau-7", "notary-almaty-3"], ..Grant::default() };
    let transfer = life.consent("transfer", &grant);
    on(life, 10, 10);
    let disclosure = Disclosure {
        reference: Some(&transfer.id),
        categories: &["full_name", "phone", "document"],
        ..Disclosure::default()
    };
    let disclosed = life.disclose(&disclosure, Some(&transfer.told));
    on(life, 14, 12);
    life.notify_of(&disclosed);
    on(life, 18, 16);
    life.serve(services);
    life.close_case();
    on(life, 20, 20);
    let data = json!({ "field": "email", "cause": "subject" });
    let address = json!({ "email": "e.samalbekova@example.kz" });
    life.fact(EventType::ProfileChanged, data).personal(address).tell();
    life.human.email = "e.samalbekova@example.kz".into();
    on(life, 22, 4);
    life.copy_to("dc-almaty-1", "replica");
}

/// The police asks for everything, and gets what its ground covers.
fn asked_about(life: &mut Life<'_>) {
    let asked = ["full_name", "iin", "phone", "address_registered", "document"];
    let request = life.state_request("police-almaty-2", &asked, true, true);
    life.working_days(2);
    let allowed = ["full_name", "phone"];
    let decided = life.decide(&request, "narrow", &["too_wide", "privileged"], &allowed, true);
    life.pass_minutes(60, 90);
    life.answer_state_request(&request, &allowed, &decided);
    life.close_case();
}

/// Under the new policy she agrees to advertising, and thinks better of it.
fn advertising_for_a_week(life: &mut Life<'_>) {
    let advertising = life.consent("advertising", &Grant::default());
    on(life, 47, 12);
    life.advertise(&advertising);
    on(life, 49, 21);
    life.withdraw(&advertising, &[]);
}

/// Her data goes to a partner on no ground. She learns of it and claims.
fn wronged(life: &mut Life<'_>) {
    let disclosure = Disclosure {
        recipient: "partner-edu-4",
        ground: "none",
        categories: &["full_name", "email", "phone"],
        ..Disclosure::default()
    };
    let disclosed = life.disclose(&disclosure, None);
    life.plant("F28", &disclosed.told, "no ground at all");
    on(life, 55, 12);
    life.notify_of(&disclosed);
    on(life, 57, 10);
    let dispute = life.claim(1, true);
    life.working_days(4);
    life.dispute_is(&dispute, "claim_answered", &json!({}));
    life.close_case();
}
