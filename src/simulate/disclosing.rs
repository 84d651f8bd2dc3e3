//! Data goes out to third parties, and state bodies ask for it.

use chrono::{Days, SecondsFormat};
use serde_json::json;
use subject_record_schemas::EventType;

use super::calendar::add_working_days;
use super::consenting::Consent;
use super::life::{Life, Told};
use super::wire::LAWYER;

/// Data on its way to somebody.
pub(super) struct Disclosure<'a> {
    pub(super) recipient: &'a str,
    pub(super) ground: &'a str,
    /// The consent, agreement or request; for `3.4.2` the article.
    pub(super) reference: Option<&'a str>,
    pub(super) categories: &'a [&'a str],
    pub(super) country: &'a str,
    pub(super) cross_border_ground: Option<&'a str>,
    /// `required`, `deferred` or `none`.
    pub(super) notice: &'a str,
    /// Ground for telling the person late.
    pub(super) notice_ground: Option<&'a str>,
}

impl Default for Disclosure<'_> {
    fn default() -> Self {
        Self {
            recipient: "lawyer-bureau-7",
            ground: "3.5.1",
            reference: None,
            categories: &["full_name", "phone"],
            country: "KZ",
            cross_border_ground: None,
            notice: "required",
            notice_ground: None,
        }
    }
}

/// A disclosure that was made.
pub(super) struct Disclosed {
    pub(super) id: String,
    pub(super) told: Told,
}

/// A request of a state body, or of somebody who writes like one.
pub(super) struct StateRequest {
    pub(super) id: String,
    pub(super) body: &'static str,
    pub(super) told: Told,
}

impl Life<'_> {
    /// Data goes to somebody.
    pub(super) fn disclose(&mut self, disclosure: &Disclosure<'_>, cause: Option<&Told>) -> Disclosed {
        let id = self.reference("d");
        let mut data = json!({
            "disclosure_id": id, "recipient_id": disclosure.recipient, "ground": disclosure.ground,
            "categories": disclosure.categories, "purpose": "service", "country": disclosure.country,
            "channel": self.pick(["secure_api", "encrypted_email", "courier"]), "subject_notice": disclosure.notice,
        });
        if let Some(reference) = disclosure.reference {
            data[if disclosure.ground == "3.4.2" { "law_article" } else { "ground_ref" }] = json!(reference);
        }
        if let Some(ground) = disclosure.cross_border_ground {
            data["cross_border_ground"] = json!(ground);
        }
        if let Some(ground) = disclosure.notice_ground {
            data["notice_ground"] = json!(ground);
        }
        let personal = json!({ "package_commitment": self.file_hash() });
        let telling = self.fact(EventType::DisclosureMade, data).personal(personal);
        let told = match cause {
            Some(cause) => telling.because(cause).tell(),
            None => telling.tell(),
        };
        Disclosed { id, told }
    }

    /// Data goes to a recipient that a consent names, and the person is told within days.
    pub(super) fn disclose_on_consent(&mut self, consent: &Consent, recipient: &str) -> Disclosed {
        let disclosure = Disclosure { recipient, reference: Some(&consent.id), ..Disclosure::default() };
        let disclosed = self.disclose(&disclosure, Some(&consent.told));
        self.pass_days(1, 6);
        self.notify_of(&disclosed);
        disclosed
    }

    /// The person is told of a disclosure.
    pub(super) fn notify_of(&mut self, disclosed: &Disclosed) -> Told {
        let sent_at = self.now.to_rfc3339_opts(SecondsFormat::Millis, true);
        let data = json!({ "disclosure_id": disclosed.id, "sent_at": sent_at, "channel": "email" });
        self.fact(EventType::DisclosureNotified, data).because(&disclosed.told).tell()
    }

    /// A letter asks for the person's data. `reasoned` and `signed` say whether it is as it should be.
    pub(super) fn state_request(
        &mut self,
        body: &'static str,
        asked: &[&str],
        reasoned: bool,
        signed: bool,
    ) -> StateRequest {
        self.office();
        self.open_case("sr-case");
        let id = self.reference("sr");
        let today = self.today();
        let number = self.between(1, 999);
        let mut data = json!({
            "request_id": id, "recipient_id": body, "number": format!("SR-{number}"), "dated": today - Days::new(2),
            "reasons_given": reasoned, "signed": signed, "scope_categories": asked,
            "period": { "from": today - Days::new(90), "until": today - Days::new(3) }, "secrecy": false,
            "answer_due": add_working_days(today, 10, today),
        });
        if reasoned {
            data["legal_ground_cited"] = json!("231-V/185");
        }
        let query = self.words(
            "Сведения о заявителе по материалам проверки.",
            "Тексеру материалдары бойынша өтініш беруші туралы мәлімет.",
        );
        let personal =
            json!({ "officer": { "family": "Травнев", "given": "Игорь" }, "subject_query": query });
        let told = self.fact(EventType::StateRequestReceived, data).personal(personal).tell();
        StateRequest { id, body, told }
    }

    /// The request is decided on. A lawyer has looked for privileged material if `checked`.
    pub(super) fn decide(
        &mut self,
        request: &StateRequest,
        decision: &str,
        reasons: &[&str],
        allowed: &[&str],
        checked: bool,
    ) -> Told {
        let mut data = json!({ "request_id": request.id, "decision": decision });
        if !reasons.is_empty() {
            data["reasons"] = json!(reasons);
        }
        if !allowed.is_empty() {
            data["categories_allowed"] = json!(allowed);
        }
        if checked {
            data["privilege_checked_by"] = json!(LAWYER);
        }
        self.fact(EventType::StateRequestDecided, data).because(&request.told).tell()
    }

    /// Data goes to the body that asked.
    pub(super) fn answer_state_request(
        &mut self,
        request: &StateRequest,
        categories: &[&str],
        cause: &Told,
    ) -> Disclosed {
        let disclosure = Disclosure {
            recipient: request.body,
            ground: "3.4.1",
            reference: Some(&request.id),
            categories,
            notice: "none",
            ..Disclosure::default()
        };
        self.disclose(&disclosure, Some(cause))
    }
}
