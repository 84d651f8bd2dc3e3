//! Consents end: withdrawn, expired, held by an obligation; and what was done in spite of it.

use chrono::Days;
use serde_json::json;
use subject_record_schemas::EventType;

use super::super::consenting::{Consent, Grant, on_consent};
use super::super::life::{Life, Told};
use super::super::working::Agreement;
use super::super::world::consent_text;

/// Gets advertising on a consent, and withdraws it.
fn advertising_withdrawn(life: &mut Life<'_>) -> (Consent, Consent, Told) {
    let services = life.register();
    life.identify();
    life.pass_days(1, 6);
    let advertising = life.consent("advertising", &Grant::default());
    for _ in 0..life.between(2, 4) {
        life.pass_days(5, 9);
        life.advertise(&advertising);
    }
    life.pass_days(1, 4);
    let withdrawn = life.withdraw(&advertising, &[]);
    (services, advertising, withdrawn)
}

/// Advertising stops at once; services go on.
pub(super) fn advertising_stopped(life: &mut Life<'_>) {
    let (services, ..) = advertising_withdrawn(life);
    for _ in 0..2 {
        life.pass_days(4, 12);
        life.serve(&services);
    }
}

/// Advertising goes on.
pub(super) fn advertised_after_withdrawal(life: &mut Life<'_>) {
    let (_, advertising, withdrawn) = advertising_withdrawn(life);
    life.pass_days(6, 15);
    let used =
        life.process("use", "advertising", &["phone"], &on_consent(&advertising)).because(&withdrawn).tell();
    life.plant("F06", &used, "the phone number is used for advertising after the withdrawal");
    let sent = life.advertise(&advertising);
    life.plant("F21", &sent, "an advertisement is sent after the withdrawal");
    life.pass_days(1, 2);
    let words = life.words(
        "Я отозвал согласие, а реклама пришла снова.",
        "Келісімді қайтарып алдым, бірақ жарнама тағы келді.",
    );
    let complaint = life.ask("complaint", Some(&advertising.id), 3, &words);
    life.working_days(1);
    life.answer(&complaint, "done", &[]);
}

/// A consent to services that is withdrawn while an obligation is open: its service part waits.
fn withdrawn_with_obligation(life: &mut Life<'_>) -> (Consent, Agreement, Told) {
    let services = life.register();
    life.identify();
    life.pass_days(1, 5);
    let agreement = life.agree();
    life.pass_days(5, 20);
    life.serve(&services);
    life.pass_days(3, 12);
    let withdrawn = life.withdraw(&services, &[]);
    life.pass_minutes(5, 50);
    let data = json!({
        "consent_id": services.id, "purposes_kept": ["service"], "ground": "unfulfilled_obligation",
        "ground_ref": agreement.obligation, "until_trigger": "agreement_ended",
    });
    let limited = life.fact(EventType::WithdrawalLimited, data).because(&withdrawn).tell();
    for _ in 0..life.between(1, 2) {
        life.pass_days(4, 14);
        life.process("use", "service", &["full_name", "document"], &on_consent(&services)).tell();
    }
    life.pass_days(4, 20);
    (services, agreement, limited)
}

/// The agreement ends, and with it the rest of the consent.
pub(super) fn withdrawal_waited(life: &mut Life<'_>) {
    let (services, agreement, _) = withdrawn_with_obligation(life);
    let ended = life.end_agreement(&agreement);
    life.pass_minutes(5, 40);
    life.consent_ends(&services, "purpose_achieved", &agreement.id, &ended);
}

/// The agreement ends, and nobody carries out the withdrawal.
pub(super) fn never_executed(life: &mut Life<'_>) {
    let (_, agreement, limited) = withdrawn_with_obligation(life);
    life.end_agreement(&agreement);
    life.plant("F14", &limited, "the obligation ended and the withdrawal was never carried out");
}

/// A withdrawal is set aside without any ground.
pub(super) fn refused_withdrawal(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(8, 25);
    life.serve(&services);
    life.pass_days(3, 12);
    let withdrawn = life.withdraw(&services, &[]);
    life.pass_minutes(30, 200);
    let data = json!({ "consent_id": services.id, "purposes_kept": ["service", "notify"], "ground": "none" });
    let limited = life.fact(EventType::WithdrawalLimited, data).because(&withdrawn).tell();
    life.plant("F14", &limited, "the withdrawal is limited without ground or reference");
}

/// A consent of five weeks runs out; work goes on.
pub(super) fn expired(life: &mut Life<'_>) {
    life.register_without_consent();
    let until = life.today() + Days::new(35);
    let services =
        life.give_then(consent_text("services"), &Grant { until: Some(until), ..Grant::default() }, true);
    life.pass_days(10, 25);
    life.serve(&services);
    life.go_to(super::super::calendar::at_local(until + Days::new(1), 600_000));
    let given = services.told.clone();
    life.consent_ends(&services, "expired", &services.id, &given);
    life.pass_days(4, 20);
    let used = life.serve(&services);
    life.plant("F06", &used, "the consent ran out before");
}

/// A consent for one case only: the case is over, the work is not.
pub(super) fn purpose_achieved(life: &mut Life<'_>) {
    life.register_without_consent();
    let case = life.give_then(consent_text("single-case"), &Grant::default(), true);
    life.pass_days(1, 4);
    let agreement = life.agree();
    for _ in 0..life.between(2, 4) {
        life.pass_days(4, 10);
        life.serve(&case);
    }
    life.pass_days(2, 9);
    life.end_agreement(&agreement);
    life.pass_days(15, 40);
    let used = life.serve(&case);
    life.plant("F13", &used, "the consent ran until the case was over, and the case is over");
}
