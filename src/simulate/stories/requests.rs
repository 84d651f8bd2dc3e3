//! Requests of people: access, correction, blocking, deletion, removal from public view.

use chrono::TimeDelta;
use serde_json::json;
use subject_record_schemas::EventType;

use super::super::consenting::{Consent, Grant};
use super::super::life::{Life, Told};
use super::super::rights::Request;

const DAYS_TO_ANSWER: u32 = 3;
const DAYS_TO_MEND: u32 = 1;

fn client(life: &mut Life<'_>) -> Consent {
    let services = life.register();
    life.identify();
    life.pass_days(4, 20);
    life.serve(&services);
    life.pass_days(2, 12);
    services
}

fn ask_access(life: &mut Life<'_>) -> Request {
    let words = life.words(
        "Какие мои данные у вас есть и что вы с ними делали?",
        "Менің қандай деректерім бар және олармен не істедіңіздер?",
    );
    life.ask("access", None, DAYS_TO_ANSWER, &words)
}

/// Two questions, both answered in time.
pub(super) fn access(life: &mut Life<'_>) {
    let services = client(life);
    let request = ask_access(life);
    life.working_days(2);
    life.answer(&request, "done", &[]);
    life.pass_days(5, 20);
    let words = life.words("Кому вы передавали мои данные?", "Деректерімді кімге бердіңіздер?");
    let request = life.ask("disclosures", None, DAYS_TO_ANSWER, &words);
    life.pass_minutes(60, 200);
    life.answer(&request, "done", &[]);
    life.pass_days(2, 9);
    life.serve(&services);
}

/// A machine decided; a person asks a human to look, who changes it.
pub(super) fn human_review(life: &mut Life<'_>) {
    client(life);
    let decision = life.reference("dec");
    let data = json!({
        "decision_id": decision, "decision_kind": "aid-eligibility", "model_version": "elig-7.2",
        "categories": ["document", "technical"], "outcome_code": "not-eligible", "reviewable": true,
    });
    let decided = life.fact(EventType::AutomatedDecisionMade, data.clone()).tell();
    life.pass_days(2, 8);
    let words = life.words("Прошу, чтобы решение проверил человек.", "Шешімді адам тексергенін сұраймын.");
    let request = life.ask("human_review", Some(&decision), DAYS_TO_ANSWER, &words);
    life.working_days(1);
    let mut reviewed = data;
    reviewed["reviewed_by"] = json!("staff-legal-2");
    reviewed["review_outcome"] = json!("changed");
    reviewed["outcome_code"] = json!("eligible");
    life.fact(EventType::AutomatedDecisionMade, reviewed).because(&decided).by("staff-legal-2").tell();
    life.answer(&request, "done", &[]);
}

/// Answered weeks after the term.
pub(super) fn access_late(life: &mut Life<'_>) {
    client(life);
    let request = ask_access(life);
    life.plant("F39", &request.told, "answered long after three working days");
    life.working_days(12);
    life.answer(&request, "done", &[]);
}

/// Refused, and nothing says why.
pub(super) fn refused_without_reasons(life: &mut Life<'_>) {
    client(life);
    let request = ask_access(life);
    life.working_days(1);
    let refused = life.answer(&request, "refused", &[]);
    life.plant("F39", &refused, "refused without reasons");
}

fn ask_correction(life: &mut Life<'_>) -> Request {
    let words =
        life.words("Исправьте адрес электронной почты.", "Электрондық пошта мекенжайын түзетіңіздер.");
    life.ask("correct", None, DAYS_TO_MEND, &words)
}

/// Corrected a week after the term.
pub(super) fn corrected_late(life: &mut Life<'_>) {
    client(life);
    let request = ask_correction(life);
    life.plant("F40", &request.told, "corrected long after one working day");
    life.working_days(7);
    let data = json!({ "field": "email", "cause": "correction_request", "request_ref": request.id });
    let address = json!({ "email": format!("new.{}", life.human.email) });
    life.fact(EventType::ProfileChanged, data).personal(address).because(&request.told).tell();
    life.answer(&request, "done", &[]);
}

/// Blocked a week after the term.
pub(super) fn blocked_late(life: &mut Life<'_>) {
    let services = client(life);
    let words = life.words(
        "Заблокируйте мои данные: их кто-то смотрел.",
        "Деректерімді бұғаттаңыздар: оларды біреу қараған.",
    );
    let request = life.ask("block", None, DAYS_TO_MEND, &words);
    life.plant("F40", &request.told, "blocked long after one working day");
    life.working_days(6);
    let block = life.reference("block");
    life.restrict(&block, "block", true, "violation_reported", &request.id).because(&request.told).tell();
    life.answer(&request, "done", &[]);
    life.working_days(3);
    life.restrict(&block, "block", false, "violation_not_confirmed", &request.id).tell();
    life.pass_days(1, 5);
    life.serve(&services);
}

/// Shows the person's name beside a review, by consent.
fn published(life: &mut Life<'_>) -> Consent {
    client(life);
    let publicity = life.consent("publicity", &Grant::default());
    life.pass_minutes(20, 200);
    let data = json!({
        "categories": ["full_name"], "public": true, "ground": "consent", "consent_id": publicity.id,
    });
    life.fact(EventType::PublicFlagChanged, data).because(&publicity.told).tell();
    life.pass_days(15, 45);
    publicity
}

fn ask_removal(life: &mut Life<'_>) -> Request {
    let words = life.words("Уберите моё имя с сайта.", "Атымды сайттан алып тастаңыздар.");
    life.ask("public_removal", None, DAYS_TO_MEND, &words)
}

fn remove(life: &mut Life<'_>, request: &Request) {
    let data = json!({
        "categories": ["full_name"], "public": false, "ground": "subject_demand", "demand_ref": request.id,
    });
    life.fact(EventType::PublicFlagChanged, data).because(&request.told).tell();
    life.answer(request, "done", &[]);
}

/// The name is public by consent, and taken down on the day on which that is asked for.
pub(super) fn publicity(life: &mut Life<'_>) {
    let publicity = published(life);
    let request = ask_removal(life);
    life.pass_minutes(30, 150);
    remove(life, &request);
    life.pass_minutes(5, 50);
    life.withdraw(&publicity, &[]);
}

/// Taken down a week after the term.
pub(super) fn removed_late(life: &mut Life<'_>) {
    published(life);
    let request = ask_removal(life);
    life.plant("F40", &request.told, "removed from public view long after one working day");
    life.working_days(6);
    remove(life, &request);
}

/// The matter is over, and the person asks for everything to be destroyed.
fn ask_destruction(life: &mut Life<'_>) -> Request {
    let services = life.register();
    life.identify();
    life.pass_days(1, 5);
    let agreement = life.agree();
    life.pass_days(4, 15);
    life.serve(&services);
    life.copy_to("archive-almaty-1", "archive");
    life.pass_days(3, 15);
    let ended = life.end_agreement(&agreement);
    life.consent_ends(&services, "purpose_achieved", &agreement.id, &ended);
    life.pass_days(3, 15);
    let words = life.words("Удалите все мои данные.", "Барлық деректерімді жойыңыздар.");
    life.ask("destroy", None, DAYS_TO_MEND, &words)
}

/// Asks, and it is destroyed on the same day.
fn destroyed_at_once(life: &mut Life<'_>, places_left: &[&str]) -> Told {
    let request = ask_destruction(life);
    life.pass_minutes(30, 150);
    let destroyed = life.destroy(&request, places_left);
    life.answer(&request, "done", &[]);
    destroyed
}

/// Destroyed everywhere, in time.
pub(super) fn destroyed(life: &mut Life<'_>) {
    destroyed_at_once(life, &[]);
}

/// Destroyed weeks after any term.
pub(super) fn destroyed_late(life: &mut Life<'_>) {
    let request = ask_destruction(life);
    life.plant("F41", &request.told, "destroyed long after fifteen days");
    life.now += TimeDelta::days(26);
    life.office();
    life.destroy(&request, &[]);
    life.answer(&request, "done", &[]);
}

/// A copy in the archive is forgotten for two weeks.
pub(super) fn copy_left(life: &mut Life<'_>) {
    let destroyed = destroyed_at_once(life, &["archive-almaty-1"]);
    life.plant("F34", &destroyed, "said to be destroyed while a copy lies in the archive");
    life.pass_days(10, 18);
    let data = json!({
        "scope": "copy", "scope_ref": "archive-almaty-1", "trigger": "subject_request", "method": "overwritten",
        "places_done": ["archive-almaty-1"],
    });
    life.fact(EventType::DataDestroyed, data).because(&destroyed).tell();
}

/// A copy in the archive is forgotten for good.
pub(super) fn copy_forgotten(life: &mut Life<'_>) {
    let destroyed = destroyed_at_once(life, &["archive-almaty-1"]);
    life.plant("F34", &destroyed, "said to be destroyed while a copy lies in the archive");
}

/// Weeks after the destruction a message goes to an address that should be gone.
pub(super) fn message_after_destruction(life: &mut Life<'_>) {
    destroyed_at_once(life, &[]);
    life.pass_days(14, 40);
    let sent = life.service_message();
    life.plant("F37", &sent, "a message after everything was destroyed");
    life.plant("F22", &sent, "a message of the service without an agreement in force");
}
