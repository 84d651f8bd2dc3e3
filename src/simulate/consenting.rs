//! People register, answer the policy, give, refuse and withdraw consents.

use chrono::NaiveDate;
use serde_json::{Value, json};
use subject_record_schemas::EventType;
use subject_record_schemas::vocabulary::SubjectKind;

use super::life::{Life, Told};
use super::texts::{ConsentText, POLICIES};
use super::world::consent_text;

/// A consent that was given.
#[derive(Clone)]
pub(super) struct Consent {
    pub(super) id: String,
    pub(super) told: Told,
}

/// What a consent is to say beyond its text.
#[derive(Default)]
pub(super) struct Grant {
    /// Recipients it names.
    pub(super) recipients: &'static [&'static str],
    /// Countries it names.
    pub(super) countries: &'static [&'static str],
    /// Last day, instead of the text's term.
    pub(super) until: Option<NaiveDate>,
    /// The representative who gives it.
    pub(super) representative: Option<String>,
    /// Hash of what was shown, instead of the published text's.
    pub(super) shown: Option<String>,
}

impl Life<'_> {
    /// Sends the registration form: with it come the answer to the policy and the consent to services.
    pub(super) fn register(&mut self) -> Consent {
        self.register_without_consent();
        self.give_then(consent_text("services"), &Grant::default(), true)
    }

    /// Sends the registration form with the answer to the policy, and no consent.
    pub(super) fn register_without_consent(&mut self) -> Told {
        let told = self.register_only();
        self.answer_policy_then("accepted", true);
        told
    }

    /// Sends the registration form alone.
    pub(super) fn register_only(&mut self) -> Told {
        let human = self.human.clone();
        let channel = self.pick(["site", "site", "app", "office"]);
        let mut data = json!({
            "kind": human.kind, "channel": channel, "form_version": "reg-4", "language": human.language,
        });
        let mut personal = json!({
            "full_name": human.full_name, "email": human.email, "phone": self.spelled_phone(),
            "address_registered": human.address,
        });
        if human.kind == SubjectKind::Entity {
            data["bin"] = json!(human.bin);
        } else {
            personal["iin"] = json!(human.iin);
        }
        if human.kind != SubjectKind::Entity && self.chance(40) {
            personal["address_delivery"] = json!(human.address_delivery);
        }
        self.fact(EventType::SubjectRegistered, data).personal(personal).tell()
    }

    /// The phone number as people write it.
    fn spelled_phone(&mut self) -> String {
        let digits = self.human.phone.clone();
        match (self.between(0, 2), digits.get(2..5), digits.get(5..8), digits.get(8..)) {
            (0, Some(code), Some(three), Some(four)) => format!("8 ({code}) {three}-{four}"),
            (1, ..) => digits.trim_start_matches('+').to_owned(),
            _ => digits,
        }
    }

    /// Answers the policy in force.
    pub(super) fn answer_policy(&mut self, answer: &str) -> Told {
        self.answer_policy_then(answer, false)
    }

    fn answer_policy_then(&mut self, answer: &str, same_moment: bool) -> Told {
        let policy = self.world.policy_at(self.now);
        let hash = self.world.policy_hash(policy, self.human.language);
        self.answer_version(policy, &hash, answer, same_moment)
    }

    /// Answers a version of the policy, shown under some hash.
    pub(super) fn answer_version(
        &mut self,
        policy: usize,
        hash: &Value,
        answer: &str,
        same_moment: bool,
    ) -> Told {
        self.answered_policy = Some(policy);
        let screen = self.reference("screen");
        let data = json!({
            "policy_version": POLICIES[policy.min(POLICIES.len() - 1)].version, "text_hash": hash,
            "language": self.human.language, "answer": answer, "channel": "site", "ui_evidence_ref": screen,
        });
        let telling = self.fact(EventType::PolicyVersionAnswered, data);
        if same_moment { telling.same_moment().tell() } else { telling.tell() }
    }

    /// Accepts the policy in force, if a newer one than was answered has taken effect.
    pub(super) fn keep_up_with_policy(&mut self) {
        if self.answered_policy.is_some_and(|answered| answered < self.world.policy_at(self.now)) {
            self.answer_policy("accepted");
            self.pass_minutes(1, 20);
        }
    }

    /// Is asked for a consent and gives it.
    pub(super) fn consent(&mut self, text: &str, grant: &Grant) -> Consent {
        let text = consent_text(text);
        self.request_consent(text);
        self.give_then(text, grant, false)
    }

    /// Is asked for a consent.
    pub(super) fn request_consent(&mut self, text: &'static ConsentText) -> Told {
        let hash = self.world.consent_hash(text, self.human.language);
        let data = json!({
            "text_id": text.id, "version": text.version, "text_hash": hash, "purposes": text.purposes, "channel": "site",
        });
        let told = self.fact(EventType::ConsentRequested, data).tell();
        self.pass_minutes(1, 4);
        told
    }

    /// Is asked for a consent and refuses it.
    pub(super) fn refuse_consent(&mut self, text: &str) {
        let text = consent_text(text);
        let asked = self.request_consent(text);
        let data = json!({ "text_id": text.id, "version": text.version, "purposes": text.purposes });
        self.fact(EventType::ConsentRefused, data).because(&asked).tell();
    }

    /// Gives a consent that nobody asked for just now: with a form, or through a representative.
    pub(super) fn give_then(
        &mut self,
        text: &'static ConsentText,
        grant: &Grant,
        same_moment: bool,
    ) -> Consent {
        let (id, receipt) = (self.reference("c"), self.reference("receipt"));
        let [third_party, cross_border, public] = text.allows.unwrap_or([false; 3]);
        let term = grant.until.map_or_else(|| text.term(), |day| json!({ "until": day }));
        let by =
            grant.representative.as_ref().map_or(json!("self"), |other| json!({ "representative": other }));
        let (form, strength) = self.pick([
            ("nonstate_service", "otp"),
            ("nonstate_service", "otp"),
            ("other", "click"),
            ("state_service", "eds"),
        ]);
        let mut data = json!({
            "consent_id": id, "text_id": text.id, "version": text.version,
            "text_hash": self.world.consent_hash(text, self.human.language),
            "purposes": text.purposes, "categories": text.categories, "third_party": third_party,
            "cross_border": cross_border, "public": public, "term": term, "form": form, "strength": strength,
            "by": by, "receipt_id": receipt,
        });
        if !grant.recipients.is_empty() {
            data["recipients"] = json!(grant.recipients);
        }
        if !grant.countries.is_empty() {
            data["countries"] = json!(grant.countries);
        }
        if let Some(shown) = &grant.shown {
            data["text_hash"] = json!(shown);
        }
        let actor = grant.representative.clone().unwrap_or_else(|| self.human.subject.clone());
        let personal = match &grant.representative {
            None => json!({ "signer": self.human.full_name, "commitment": self.file_hash() }),
            Some(_) => json!({ "commitment": self.file_hash() }),
        };
        let telling = self.fact(EventType::ConsentGiven, data).personal(personal).by(&actor);
        let told = if same_moment { telling.same_moment().tell() } else { telling.tell() };
        Consent { id, told }
    }

    /// Withdraws a consent, for some purposes or (with none named) for all.
    pub(super) fn withdraw(&mut self, consent: &Consent, purposes: &[&str]) -> Told {
        let mut data = json!({ "consent_id": consent.id, "scope": "all", "form": "nonstate_service" });
        if !purposes.is_empty() {
            data["purposes"] = json!(purposes);
        }
        self.fact(EventType::ConsentWithdrawn, data).because(&consent.told).tell()
    }

    /// A consent ends by itself.
    pub(super) fn consent_ends(&mut self, consent: &Consent, reason: &str, act: &str, cause: &Told) -> Told {
        let data = json!({ "consent_id": consent.id, "reason": reason, "act_ref": act });
        self.fact(EventType::ConsentEnded, data).because(cause).by("system/consents").tell()
    }
}

/// The ground of a consent.
pub(super) fn on_consent(consent: &Consent) -> Value {
    json!({ "kind": "consent", "reference": consent.id })
}
