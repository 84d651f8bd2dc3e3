//! The policy changes: answered late, declined, answered in a stale form, taken for a consent.

use serde_json::json;

use super::super::consenting::{Consent, Grant, on_consent};
use super::super::life::Life;
use super::super::working::Agreement;
use super::super::world::THIRD_POLICY_EFFECTIVE_DAY;

const HOUR: u32 = 3_600_000;

/// Registers and is helped until the third policy version has taken effect.
fn until_third_policy(life: &mut Life<'_>) -> (Consent, Agreement) {
    let services = life.register();
    life.identify();
    life.pass_days(1, 4);
    let agreement = life.agree();
    let third = life.world.at(THIRD_POLICY_EFFECTIVE_DAY, 11 * HOUR);
    loop {
        life.pass_days(9, 25);
        if life.now >= third - chrono::TimeDelta::days(2) {
            break;
        }
        life.serve(&services);
    }
    life.go_to(third);
    life.pass_days(1, 5);
    (services, agreement)
}

/// Keeps using the platform under the new version, answers it weeks later, and consents to its new purpose.
pub(super) fn answered_late(life: &mut Life<'_>) {
    let (services, _) = until_third_policy(life);
    life.serve(&services);
    life.pass_days(21, 45);
    life.answer_policy("accepted");
    life.pass_minutes(1, 10);
    if life.chance(60) {
        let research = life.consent("research", &Grant::default());
        life.pass_days(5, 20);
        life.process("use", "research", &["address_registered", "technical"], &on_consent(&research)).tell();
    } else {
        life.refuse_consent("research");
    }
    life.pass_days(3, 15);
    life.serve(&services);
}

/// Declines the new version and leaves, as the policy asks of whoever disagrees.
pub(super) fn declined(life: &mut Life<'_>) {
    let (services, agreement) = until_third_policy(life);
    life.answer_policy("declined");
    life.pass_days(2, 9);
    let ended = life.end_agreement(&agreement);
    life.consent_ends(&services, "purpose_achieved", &agreement.id, &ended);
    life.pass_minutes(2, 30);
    life.answer_policy("stopped_using");
}

/// Sends a form that was opened before the third version took effect, and mends it two days later.
pub(super) fn stale_form(life: &mut Life<'_>) {
    life.go_to(life.world.at(THIRD_POLICY_EFFECTIVE_DAY, 12 * HOUR));
    life.pass_days(0, 5);
    life.register_only();
    let hash = life.world.policy_hash(1, life.human.language);
    let answered = life.answer_version(1, &hash, "accepted", true);
    life.plant("F04", &answered, "accepts version 2.0 when 3.0 was in force");
    let services = life.give_then(super::super::world::consent_text("services"), &Grant::default(), true);
    life.pass_days(2, 3);
    life.keep_up_with_policy();
    life.pass_days(3, 9);
    life.serve(&services);
}

/// The answer names the text in the other language than the one that was shown.
pub(super) fn other_language(life: &mut Life<'_>) {
    use subject_record_schemas::vocabulary::Language;
    life.register_only();
    let policy = life.world.policy_at(life.now);
    let other = if life.human.language == Language::Kk { Language::Ru } else { Language::Kk };
    let hash = life.world.policy_hash(policy, other);
    let answered = life.answer_version(policy, &hash, "accepted", true);
    life.plant("F04", &answered, "the hash is that of the text in another language");
    let services = life.give_then(super::super::world::consent_text("services"), &Grant::default(), true);
    life.pass_days(3, 9);
    life.serve(&services);
}

/// A consent names a text that was never published. Nothing rests on it.
pub(super) fn unpublished_text(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(4, 20);
    let shown = life.file_hash();
    let advertising = life.consent("advertising", &Grant { shown: Some(shown), ..Grant::default() });
    life.plant("F04", &advertising.told, "the hash is that of no published text");
    life.pass_days(4, 20);
    life.serve(&services);
}

/// The new version's purpose is applied to data collected before, on the old consent.
pub(super) fn new_purpose(life: &mut Life<'_>) {
    let (services, _) = until_third_policy(life);
    life.answer_policy("accepted");
    life.pass_days(5, 25);
    let used = life.process("use", "research", &["address_registered"], &on_consent(&services)).tell();
    life.plant("F11", &used, "research is new in version 3.0, the data was collected before it");
    life.plant("F07", &used, "the consent to services does not cover research");
    life.pass_days(2, 10);
    life.process("use", "service", &["document"], &json!({ "kind": "consent", "reference": services.id }))
        .tell();
}
