//! Blocks and legal holds, and what was done in spite of them.

use serde_json::json;
use subject_record_schemas::EventType;

use super::super::consenting::{Consent, Grant};
use super::super::disclosing::Disclosure;
use super::super::life::Life;
use super::super::rights::Request;

/// A client whose data is blocked on the day on which that is asked for.
struct Blocked {
    services: Consent,
    transfer: Consent,
    request: Request,
    block: String,
}

fn blocked(life: &mut Life<'_>) -> Blocked {
    let services = life.register();
    life.identify();
    life.pass_days(2, 9);
    let transfer = life.consent("transfer", &Grant { recipients: &["lawyer-bureau-7"], ..Grant::default() });
    life.pass_days(2, 9);
    life.serve(&services);
    life.pass_days(2, 9);
    let words = life.words("Заблокируйте мои данные до проверки.", "Тексергенше деректерімді бұғаттаңыздар.");
    let request = life.ask("block", None, 1, &words);
    life.pass_minutes(30, 150);
    let block = life.reference("block");
    life.restrict(&block, "block", true, "violation_reported", &request.id).because(&request.told).tell();
    life.answer(&request, "done", &[]);
    Blocked { services, transfer, request, block }
}

/// The violation is not confirmed, and the block is lifted.
fn unblock(life: &mut Life<'_>, blocked: &Blocked) {
    life.working_days(4);
    life.restrict(&blocked.block, "block", false, "violation_not_confirmed", &blocked.request.id).tell();
    life.pass_days(1, 5);
    life.serve(&blocked.services);
}

/// Nothing is touched while the block stands.
pub(super) fn blocked_and_unblocked(life: &mut Life<'_>) {
    let blocked = blocked(life);
    unblock(life, &blocked);
}

/// Somebody works on the matter as if nothing were.
pub(super) fn used_while_blocked(life: &mut Life<'_>) {
    let blocked = blocked(life);
    life.pass_days(1, 4);
    let used = life.serve(&blocked.services);
    life.plant("F36", &used, "used while blocked");
    unblock(life, &blocked);
}

/// The profile is changed.
pub(super) fn changed_while_blocked(life: &mut Life<'_>) {
    let blocked = blocked(life);
    life.pass_days(1, 4);
    let changed = life.move_house();
    life.plant("F36", &changed, "changed while blocked");
    unblock(life, &blocked);
}

/// Data goes to a lawyer, on a consent that would cover it.
pub(super) fn disclosed_while_blocked(life: &mut Life<'_>) {
    let blocked = blocked(life);
    life.pass_days(1, 4);
    let disclosure = Disclosure { reference: Some(&blocked.transfer.id), ..Disclosure::default() };
    let disclosed = life.disclose(&disclosure, Some(&blocked.transfer.told));
    life.plant("F36", &disclosed.told, "disclosed while blocked");
    life.pass_days(1, 3);
    life.notify_of(&disclosed);
    unblock(life, &blocked);
}

/// A value is destroyed.
pub(super) fn destroyed_while_blocked(life: &mut Life<'_>) {
    let blocked = blocked(life);
    life.pass_days(1, 4);
    let data = json!({
        "scope": "field", "categories": ["address_delivery"], "trigger": "term_ended", "method": "overwritten",
        "places_done": ["dc-astana-1", "dc-almaty-1"],
    });
    let destroyed = life.fact(EventType::DataDestroyed, data).tell();
    life.plant("F35", &destroyed, "destroyed while blocked");
    unblock(life, &blocked);
}

/// A document is destroyed while a claim is open and a hold stands.
pub(super) fn destroyed_on_hold(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(1, 5);
    life.agree();
    life.pass_days(20, 40);
    life.serve(&services);
    life.pass_days(10, 20);
    let dispute = life.claim(9, true);
    life.pass_days(3, 9);
    let document = life.reference("doc");
    let data = json!({
        "scope": "document", "scope_ref": document, "trigger": "term_ended", "method": "overwritten",
        "places_done": ["dc-astana-1", "dc-almaty-1"],
    });
    let destroyed = life.fact(EventType::DataDestroyed, data).tell();
    life.plant("F35", &destroyed, "destroyed while a legal hold stands");
    life.working_days(8);
    life.settle(&dispute);
}
