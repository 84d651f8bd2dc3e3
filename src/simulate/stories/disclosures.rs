//! Data goes to third parties, lawfully and otherwise.

use serde_json::json;
use subject_record_schemas::EventType;

use super::super::consenting::{Consent, Grant};
use super::super::disclosing::Disclosure;
use super::super::life::Life;
use super::super::working::Agreement;

/// Registers, enters into an agreement and lets data go to these recipients.
fn with_transfer(life: &mut Life<'_>, recipients: &'static [&'static str]) -> (Consent, Agreement, Consent) {
    let services = life.register();
    life.identify();
    life.pass_days(1, 5);
    let agreement = life.agree();
    life.pass_days(2, 8);
    let transfer = life.consent("transfer", &Grant { recipients, ..Grant::default() });
    life.pass_days(3, 12);
    (services, agreement, transfer)
}

/// On consent at home and abroad, for the agreement, and by law: each as it should be.
pub(super) fn lawful(life: &mut Life<'_>) {
    let (services, agreement, transfer) =
        with_transfer(life, &["lawyer-bureau-7", "notary-almaty-3", "provider-sms-1"]);
    life.disclose_on_consent(&transfer, "notary-almaty-3");
    life.pass_days(2, 9);
    let for_agreement = Disclosure {
        recipient: "provider-sms-1",
        ground: "3.5.2",
        reference: Some(&agreement.id),
        ..Disclosure::default()
    };
    let disclosed = life.disclose(&for_agreement, None);
    life.pass_days(1, 5);
    life.notify_of(&disclosed);
    life.serve(&services);
    life.pass_days(1, 5);
    let grant = Grant { recipients: &["translator-de-1"], countries: &["DE"], ..Grant::default() };
    let abroad = life.consent("transfer-abroad", &grant);
    life.pass_days(1, 6);
    let translation = Disclosure {
        recipient: "translator-de-1",
        reference: Some(&abroad.id),
        categories: &["full_name", "document"],
        country: "DE",
        cross_border_ground: Some("consent"),
        ..Disclosure::default()
    };
    let disclosed = life.disclose(&translation, Some(&abroad.told));
    life.pass_days(1, 5);
    life.notify_of(&disclosed);
    let data = json!({
        "place_id": "cloud-frankfurt-1", "copy_kind": "replica", "categories": ["full_name", "document"],
        "cross_border_ground": "consent", "consent_id": abroad.id,
    });
    life.fact(EventType::CopyPlaced, data).because(&abroad.told).tell();
    life.pass_days(1, 6);
    let by_law = Disclosure {
        recipient: "court-astana-1",
        ground: "3.4.2",
        reference: Some("94-V/9"),
        notice: "none",
        ..Disclosure::default()
    };
    life.disclose(&by_law, None);
    life.pass_days(3, 9);
    life.withdraw(&abroad, &[]);
}

/// Makes a disclosure, notes what is wrong with it, and tells the person in time.
fn wrong(life: &mut Life<'_>, disclosure: &Disclosure<'_>, finding: &'static str, why: &'static str) {
    let disclosed = life.disclose(disclosure, None);
    life.plant(finding, &disclosed.told, why);
    life.pass_days(1, 5);
    life.notify_of(&disclosed);
}

/// Somebody passes data to a partner, on no ground at all.
pub(super) fn without_ground(life: &mut Life<'_>) {
    let (services, ..) = with_transfer(life, &["lawyer-bureau-7"]);
    let disclosure = Disclosure { recipient: "partner-edu-4", ground: "none", ..Disclosure::default() };
    wrong(life, &disclosure, "F28", "no ground at all");
    life.pass_days(2, 9);
    life.serve(&services);
}

/// A case in law that is not named.
pub(super) fn law_not_named(life: &mut Life<'_>) {
    let (services, ..) = with_transfer(life, &["lawyer-bureau-7"]);
    let disclosure = Disclosure { recipient: "notary-almaty-3", ground: "3.4.2", ..Disclosure::default() };
    wrong(life, &disclosure, "F28", "rests on a law and names no article");
    life.pass_days(2, 9);
    life.serve(&services);
}

/// A request of a state body that nobody recorded.
pub(super) fn request_not_named(life: &mut Life<'_>) {
    let (services, ..) = with_transfer(life, &["lawyer-bureau-7"]);
    let disclosure = Disclosure { recipient: "akimat-astana-1", ground: "3.4.1", ..Disclosure::default() };
    wrong(life, &disclosure, "F28", "rests on a request and names none");
    life.pass_days(2, 9);
    life.serve(&services);
}

/// The person agreed to the bureau and not to the country.
pub(super) fn abroad_against_consent(life: &mut Life<'_>) {
    let (.., transfer) = with_transfer(life, &["translator-de-1"]);
    let disclosure = Disclosure {
        recipient: "translator-de-1",
        reference: Some(&transfer.id),
        country: "DE",
        cross_border_ground: Some("consent"),
        ..Disclosure::default()
    };
    wrong(life, &disclosure, "F27", "the consent lets no data leave the country");
}

/// Abroad, and nobody asked by what right.
pub(super) fn abroad_without_ground(life: &mut Life<'_>) {
    let (.., transfer) = with_transfer(life, &["translator-de-1"]);
    let disclosure = Disclosure {
        recipient: "translator-de-1",
        reference: Some(&transfer.id),
        country: "DE",
        cross_border_ground: Some("none"),
        ..Disclosure::default()
    };
    wrong(life, &disclosure, "F27", "no ground for leaving the country");
}

/// A copy on a foreign server, without a ground.
pub(super) fn copy_abroad(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(2, 15);
    life.serve(&services);
    life.pass_days(2, 15);
    let data = json!({
        "place_id": "cloud-frankfurt-1", "copy_kind": "backup", "categories": ["full_name", "document"],
        "cross_border_ground": "none",
    });
    let placed = life.fact(EventType::CopyPlaced, data).tell();
    life.plant("F27", &placed, "a copy abroad without a ground");
}

/// Consented to, and yet the recipient cannot be trusted with it.
fn to_unfit(life: &mut Life<'_>, recipient: &'static [&'static str; 1], why: &'static str) {
    let (.., transfer) = with_transfer(life, recipient);
    let [recipient] = recipient;
    let disclosure = Disclosure { recipient, reference: Some(&transfer.id), ..Disclosure::default() };
    wrong(life, &disclosure, "F32", why);
}

/// The recipient was never registered.
pub(super) fn to_nobody_known(life: &mut Life<'_>) {
    to_unfit(life, &["survey-firm-8"], "the recipient was never registered");
}

/// The recipient was registered months later.
pub(super) fn to_late_registered(life: &mut Life<'_>) {
    to_unfit(life, &["expert-bureau-9"], "the recipient was registered only later");
}

/// The recipient has not taken on its duties.
pub(super) fn to_undutiful(life: &mut Life<'_>) {
    to_unfit(life, &["partner-shop-5"], "the recipient never took on the duty of confidentiality");
}

/// The agreement is said to need it; no consent lets data go to third parties.
pub(super) fn agreement_only(life: &mut Life<'_>) {
    let services = life.register();
    life.pass_days(1, 6);
    let agreement = life.agree();
    life.pass_days(4, 20);
    life.serve(&services);
    let disclosure = Disclosure {
        recipient: "provider-sms-1",
        ground: "3.5.2",
        reference: Some(&agreement.id),
        ..Disclosure::default()
    };
    life.pass_days(2, 9);
    wrong(life, &disclosure, "F09", "rests on the agreement, with no consent to third parties");
}

/// The agreement that is said to need it has ended.
pub(super) fn agreement_over(life: &mut Life<'_>) {
    let (_, agreement, _) = with_transfer(life, &["provider-sms-1"]);
    life.end_agreement(&agreement);
    life.pass_days(5, 20);
    let disclosure = Disclosure {
        recipient: "provider-sms-1",
        ground: "3.5.2",
        reference: Some(&agreement.id),
        ..Disclosure::default()
    };
    wrong(life, &disclosure, "F09", "the agreement it rests on has ended");
}

/// The person is never told.
pub(super) fn never_told(life: &mut Life<'_>) {
    let (.., transfer) = with_transfer(life, &["lawyer-bureau-12"]);
    let disclosure =
        Disclosure { recipient: "lawyer-bureau-12", reference: Some(&transfer.id), ..Disclosure::default() };
    let disclosed = life.disclose(&disclosure, Some(&transfer.told));
    life.plant("F33", &disclosed.told, "the person was never told");
}

/// The person is told after a month.
pub(super) fn told_late(life: &mut Life<'_>) {
    let (.., transfer) = with_transfer(life, &["lawyer-bureau-12"]);
    let disclosure =
        Disclosure { recipient: "lawyer-bureau-12", reference: Some(&transfer.id), ..Disclosure::default() };
    let disclosed = life.disclose(&disclosure, Some(&transfer.told));
    life.plant("F33", &disclosed.told, "the person was told after more than ten working days");
    life.pass_days(32, 45);
    life.notify_of(&disclosed);
}

/// Telling the person is put off, and nothing says why.
pub(super) fn deferred(life: &mut Life<'_>) {
    let (.., transfer) = with_transfer(life, &["lawyer-bureau-7"]);
    let disclosure =
        Disclosure { reference: Some(&transfer.id), notice: "deferred", ..Disclosure::default() };
    let disclosed = life.disclose(&disclosure, Some(&transfer.told));
    life.plant("F33", &disclosed.told, "telling the person is put off without a ground");
}
