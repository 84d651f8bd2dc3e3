//! Requests of state bodies, and of those who write like one (clause 3.4.1).

use super::super::consenting::Consent;
use super::super::disclosing::Disclosure;
use super::super::life::Life;

const NAME_AND_PHONE: &[&str] = &["full_name", "phone"];

/// A client with a matter in hand.
fn client(life: &mut Life<'_>) -> Consent {
    let services = life.register();
    life.identify();
    life.pass_days(1, 6);
    life.agree();
    life.pass_days(4, 20);
    life.serve(&services);
    life.pass_days(2, 14);
    services
}

/// A proper letter that asks for too much: it gets what its ground covers, and nothing privileged.
pub(super) fn narrowed(life: &mut Life<'_>) {
    let services = client(life);
    let request =
        life.state_request("police-almaty-2", &["full_name", "iin", "phone", "document"], true, true);
    life.working_days(2);
    let decided = life.decide(&request, "narrow", &["too_wide", "privileged"], NAME_AND_PHONE, true);
    life.pass_minutes(30, 120);
    life.answer_state_request(&request, NAME_AND_PHONE, &decided);
    life.close_case();
    life.pass_days(3, 9);
    life.serve(&services);
}

/// A letter without reasons is sent back; the next one has them, and its secrecy puts off telling the person.
pub(super) fn refused_first(life: &mut Life<'_>) {
    let services = client(life);
    let request = life.state_request("akimat-astana-1", NAME_AND_PHONE, false, true);
    life.working_days(1);
    life.decide(&request, "refuse", &["no_reasons", "no_legal_ground"], &[], true);
    life.close_case();
    life.pass_days(5, 12);
    let request = life.state_request("akimat-astana-1", NAME_AND_PHONE, true, true);
    life.working_days(2);
    let decided = life.decide(&request, "comply", &[], NAME_AND_PHONE, true);
    life.pass_minutes(30, 120);
    let disclosure = Disclosure {
        recipient: request.body,
        ground: "3.4.1",
        reference: Some(&request.id),
        categories: NAME_AND_PHONE,
        notice: "deferred",
        notice_ground: Some("231-V/201"),
        ..Disclosure::default()
    };
    let disclosed = life.disclose(&disclosure, Some(&decided));
    life.pass_days(6, 9);
    life.notify_of(&disclosed);
    life.close_case();
    life.serve(&services);
}

/// A request that should have been refused is complied with.
fn complied(life: &mut Life<'_>, body: &'static str, reasoned: bool, signed: bool, why: &'static str) {
    client(life);
    let request = life.state_request(body, NAME_AND_PHONE, reasoned, signed);
    life.working_days(1);
    let decided = life.decide(&request, "comply", &[], NAME_AND_PHONE, true);
    life.plant("F29", &decided, why);
    life.pass_minutes(30, 120);
    life.answer_state_request(&request, NAME_AND_PHONE, &decided);
    life.close_case();
}

/// It gives no reasons.
pub(super) fn unreasoned(life: &mut Life<'_>) {
    complied(life, "police-almaty-2", false, true, "the request gives no reasons and is complied with");
}

/// It is not signed.
pub(super) fn unsigned(life: &mut Life<'_>) {
    complied(life, "police-almaty-2", true, false, "the request is not signed and is complied with");
}

/// It comes from a bank.
pub(super) fn bank(life: &mut Life<'_>) {
    complied(life, "bank-03", true, true, "a bank is no state body, and its request is complied with");
}

/// More goes out than was allowed.
pub(super) fn too_much(life: &mut Life<'_>) {
    client(life);
    let request = life.state_request("police-almaty-2", &["full_name", "iin", "phone"], true, true);
    life.working_days(2);
    let decided = life.decide(&request, "narrow", &["too_wide"], &["full_name"], true);
    life.pass_minutes(30, 120);
    let disclosed = life.answer_state_request(&request, &["full_name", "iin", "phone"], &decided);
    life.plant("F30", &disclosed.told, "only the name was allowed");
    life.close_case();
}

/// Data goes out on the day of the letter; the decision comes two days later.
pub(super) fn before_decision(life: &mut Life<'_>) {
    client(life);
    let request = life.state_request("police-almaty-2", NAME_AND_PHONE, true, true);
    life.pass_minutes(60, 180);
    let received = request.told.clone();
    let disclosed = life.answer_state_request(&request, NAME_AND_PHONE, &received);
    life.plant("F31", &disclosed.told, "disclosed before anybody decided");
    life.working_days(2);
    life.decide(&request, "comply", &[], NAME_AND_PHONE, true);
    life.close_case();
}

/// Papers of a case go out, and no lawyer has looked at them.
pub(super) fn privileged(life: &mut Life<'_>) {
    client(life);
    let asked: &[&str] = &["full_name", "document"];
    let request = life.state_request("police-almaty-2", asked, true, true);
    life.working_days(1);
    let decided = life.decide(&request, "comply", &[], asked, false);
    life.pass_minutes(30, 120);
    let disclosed = life.answer_state_request(&request, asked, &decided);
    life.plant("F31", &disclosed.told, "papers of a case, and nobody checked for privilege");
    life.close_case();
}
