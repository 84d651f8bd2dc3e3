//! Processing that nothing covers, and facts that came too late.

use chrono::TimeDelta;
use serde_json::json;
use subject_record_schemas::EventType;

use super::super::consenting::{Grant, on_consent};
use super::super::disclosing::Disclosure;
use super::super::life::Life;

/// The platform takes the answer to the policy for a consent.
pub(super) fn on_policy_alone(life: &mut Life<'_>) {
    life.register_without_consent();
    life.pass_days(2, 15);
    let basis = json!({ "kind": { "unlisted": "policy-acceptance" } });
    let used = life.process("use", "service", &["full_name", "phone"], &basis).tell();
    life.plant("F01", &used, "accepted the policy, gave no consent");
}

/// Somebody starts before the person has answered anything.
pub(super) fn before_consent(life: &mut Life<'_>) {
    life.register_only();
    life.pass_minutes(3, 20);
    let used = life.process("use", "service", &["full_name", "phone"], &json!({ "kind": "consent" })).tell();
    life.plant("F05", &used, "processed before the consent was given");
    life.pass_minutes(30, 200);
    life.answer_policy("accepted");
    let services = life.consent("services", &Grant::default());
    life.pass_days(2, 12);
    life.serve(&services);
}

/// Data is used beyond what was consented to: for another purpose, of another category, by another recipient.
pub(super) fn other_purpose(life: &mut Life<'_>) {
    life.register_without_consent();
    let case = life.give_then(super::super::world::consent_text("single-case"), &Grant::default(), true);
    life.pass_days(3, 12);
    life.serve(&case);
    life.pass_days(3, 12);
    match life.between(0, 2) {
        0 => {
            let used = life.process("use", "advertising", &["phone"], &on_consent(&case)).tell();
            life.plant("F07", &used, "the consent covers a single case, not advertising");
        }
        1 => {
            let used = life.process("use", "service", &["address_delivery"], &on_consent(&case)).tell();
            life.plant("F07", &used, "the consent does not list the delivery address");
        }
        _ => {
            let transfer =
                life.consent("transfer", &Grant { recipients: &["lawyer-bureau-7"], ..Grant::default() });
            life.pass_days(1, 5);
            let disclosure = Disclosure {
                recipient: "lawyer-bureau-12",
                reference: Some(&transfer.id),
                ..Disclosure::default()
            };
            let disclosed = life.disclose(&disclosure, Some(&transfer.told));
            life.plant("F07", &disclosed.told, "the consent names another recipient");
            life.pass_days(1, 5);
            life.notify_of(&disclosed);
        }
    }
}

/// A purpose that is not in the policy at all.
pub(super) fn unlisted_purpose(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(5, 20);
    life.serve(&services);
    life.pass_days(5, 20);
    let purpose = json!({ "unlisted": "partner-scoring" });
    let used = life.process("use", purpose, &["full_name", "technical"], &on_consent(&services)).tell();
    life.plant("F10", &used, "no such purpose in clause 2.2");
    life.plant("F07", &used, "the consent to services does not cover it");
}

/// Clicks of a person, held to be nobody's.
pub(super) fn technical(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(3, 12);
    life.serve(&services);
    life.pass_days(3, 12);
    let used = life.process("accumulate", "service", &["technical"], &json!({ "kind": "none" })).tell();
    life.plant("F03", &used, "technical data of one person, classed as non-personal");
}

/// The name appears on the site, and nobody was asked.
pub(super) fn made_public(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(4, 15);
    life.serve(&services);
    life.pass_days(2, 9);
    let data = json!({ "categories": ["full_name"], "public": true, "ground": "none" });
    let shown = life.fact(EventType::PublicFlagChanged, data).tell();
    life.plant("F12", &shown, "made public without consent or law");
    life.pass_days(2, 9);
    let words =
        life.words("Почему моё имя на сайте? Уберите.", "Неге менің атым сайтта тұр? Алып тастаңыздар.");
    let request = life.ask("public_removal", None, 1, &words);
    life.pass_minutes(20, 120);
    let data = json!({
        "categories": ["full_name"], "public": false, "ground": "subject_demand", "demand_ref": request.id,
    });
    life.fact(EventType::PublicFlagChanged, data).because(&request.told).tell();
    life.answer(&request, "done", &[]);
}

/// A fact reaches the record weeks after it happened.
pub(super) fn recorded_late(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(4, 15);
    let days = i64::from(life.between(14, 25));
    let telling = life.process("use", "service", &["full_name", "document"], &on_consent(&services));
    let used = telling.late(TimeDelta::days(days)).tell();
    life.plant("F47", &used, "sent weeks after it happened");
    life.pass_days(2, 9);
    life.serve(&services);
}

/// A lawful fact reaches the record after the consent that covered it was withdrawn.
pub(super) fn overtaken(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(4, 15);
    let telling = life.process("use", "service", &["full_name", "phone"], &on_consent(&services));
    let used = telling.overtaken(TimeDelta::days(24)).tell();
    life.plant("F47", &used, "sent weeks after it happened, and after the withdrawal");
    life.pass_days(5, 9);
    life.move_house();
    life.pass_days(5, 9);
    life.withdraw(&services, &[]);
    // What comes later than the late fact, so that the stream does not end with it.
    life.pass_days(12, 20);
    let words = life.words("Какие мои данные у вас есть?", "Менің қандай деректерім бар?");
    let request = life.ask("access", None, 3, &words);
    life.pass_minutes(60, 200);
    life.answer(&request, "done", &[]);
}
