//! The person that a demonstration shows first: nearly everything happens to her, within ten weeks.

use serde_json::json;
use subject_record_schemas::EventType;

use super::super::acts::{Consent, Grant};
use super::super::dealings::Disclosure;
use super::super::life::Life;

const HOUR: u32 = 3_600_000;

/// Her story.
pub(in super::super) fn showcase(life: &mut Life<'_>) {
    let on = |life: &mut Life<'_>, day, hour| life.go_to(life.world.at(day, hour * HOUR));
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

/// Her papers go to a lawyer, as she agreed; her profile changes on the way.
fn helped_by_a_lawyer(life: &mut Life<'_>, services: &Consent) {
    life.open_case("case");
    life.go_to(life.world.at(8, 14 * HOUR));
    let grant = Grant { recipients: &["lawyer-bureau-7", "notary-almaty-3"], ..Grant::default() };
    let transfer = life.consent("transfer", &grant);
    life.go_to(life.world.at(10, 10 * HOUR));
    let disclosure = Disclosure {
        reference: Some(&transfer.id),
        categories: &["full_name", "phone", "document"],
        ..Disclosure::default()
    };
    let disclosed = life.disclose(&disclosure, Some(&transfer.told));
    life.go_to(life.world.at(14, 12 * HOUR));
    life.notify_of(&disclosed);
    life.go_to(life.world.at(18, 16 * HOUR));
    life.serve(services);
    life.close_case();
    life.go_to(life.world.at(20, 20 * HOUR));
    let data = json!({ "field": "email", "cause": "subject" });
    let address = json!({ "email": "e.samalbekova@example.kz" });
    life.fact(EventType::ProfileChanged, data).personal(address).tell();
    life.human.email = "e.samalbekova@example.kz".into();
    life.go_to(life.world.at(22, 4 * HOUR));
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
    life.go_to(life.world.at(47, 12 * HOUR));
    life.advertise(&advertising);
    life.go_to(life.world.at(49, 21 * HOUR));
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
    life.go_to(life.world.at(55, 12 * HOUR));
    life.notify_of(&disclosed);
    life.go_to(life.world.at(57, 10 * HOUR));
    let dispute = life.claim(1, true);
    life.working_days(4);
    life.dispute_is(&dispute, "claim_answered", &json!({}));
    life.close_case();
}
