//! Claims under clause 5.2.

use serde_json::json;

use super::super::life::Life;
use super::super::rights::Dispute;

/// A client with an agreement, some time later.
fn client(life: &mut Life<'_>, least: u32, most: u32) {
    let services = life.register();
    life.identify();
    life.pass_days(1, 6);
    life.agree();
    life.pass_days(6, 15);
    life.serve(&services);
    life.pass_days(least, most);
}

fn answer_claim(life: &mut Life<'_>, dispute: &Dispute) {
    life.working_days(7);
    life.dispute_is(dispute, "claim_answered", &json!({}));
    life.working_days(5);
}

/// A claim in time, with a hold; some go on to court.
pub(super) fn claim(life: &mut Life<'_>) {
    client(life, 20, 40);
    let dispute = life.claim(12, true);
    answer_claim(life, &dispute);
    if life.chance(50) {
        life.dispute_is(&dispute, "suit", &json!({}));
        life.working_days(15);
        let act = life.reference("act");
        let order = life.pick(["dismiss", "compensate"]);
        life.dispute_is(&dispute, "court_act", &json!({ "act_ref": act, "orders": [order] }));
        life.working_days(3);
    }
    life.settle(&dispute);
}

/// A claim is open and nobody sets a hold.
pub(super) fn no_hold(life: &mut Life<'_>) {
    client(life, 20, 40);
    let dispute = life.claim(12, false);
    let received = dispute.told.clone();
    life.plant("F42", &received, "a claim is open and no hold was set");
    answer_claim(life, &dispute);
    life.dispute_is(&dispute, "closed", &json!({}));
    life.close_case();
}

/// The hold is lifted while the claim is open.
pub(super) fn hold_released(life: &mut Life<'_>) {
    client(life, 20, 40);
    let dispute = life.claim(12, true);
    life.working_days(3);
    let (hold, id) = (dispute.hold.clone(), dispute.id.clone());
    let released = life.restrict(&hold, "legal_hold", false, "none", &id).tell();
    life.plant("F42", &released, "the hold was lifted before the dispute was closed");
    answer_claim(life, &dispute);
    life.dispute_is(&dispute, "closed", &json!({}));
    life.close_case();
}

/// A claim after more than thirty working days.
pub(super) fn late_claim(life: &mut Life<'_>) {
    client(life, 80, 95);
    let dispute = life.claim(70, true);
    let received = dispute.told.clone();
    life.plant("F43", &received, "the claim came more than thirty working days after the dispute arose");
    answer_claim(life, &dispute);
    life.settle(&dispute);
}
