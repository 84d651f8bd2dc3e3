//! What the platform does every day: checks identities, enters into agreements, works on matters, sends messages.

use chrono::NaiveDate;
use serde_json::{Value, json};
use subject_record_schemas::EventType;
use subject_record_schemas::vocabulary::SubjectKind;

use super::calendar::{local_day, local_seconds};
use super::consenting::{Consent, on_consent};
use super::life::{Life, Telling, Told};

/// An agreement that is in force.
pub(super) struct Agreement {
    pub(super) id: String,
    pub(super) service: &'static str,
    pub(super) obligation: String,
}

/// What work on a matter does with which data; every consent that covers services covers it.
const WORK: [(&str, &[&str]); 5] = [
    ("use", &["full_name", "phone"]),
    ("use", &["full_name", "document"]),
    ("accumulate", &["document"]),
    ("supplement", &["full_name", "email"]),
    ("use", &["full_name", "iin", "email"]),
];

impl<'w> Life<'w> {
    /// Proves who they are, with an identity card that comes as a file.
    pub(super) fn identify(&mut self) {
        self.pass_minutes(2, 15);
        let document = self.reference("doc");
        let human = self.human.clone();
        let (size, number) = (self.between(180_000, 900_000), self.between(1, 9_999));
        let (kind, fields) = if human.kind == SubjectKind::Entity {
            ("business_registration", json!(["full_name", "address_registered"]))
        } else {
            ("identity_card", json!(["full_name", "iin"]))
        };
        let mut personal = json!({
            "blob_commitment": self.file_hash(), "document_number": format!("00000{number:04}"),
            "full_name": human.full_name,
        });
        if kind == "identity_card" {
            personal["iin"] = json!(human.iin);
            personal["birth_date"] = json!(human.birth_date);
        }
        let data = json!({
            "doc_ref": document, "doc_kind": kind, "medium": "electronic", "purpose": "identify",
            "fields_read": fields, "size_bytes": size,
        });
        let received = self.fact(EventType::DocumentReceived, data).personal(personal).tell();
        let (method, assurance) =
            self.pick([("eds", "high"), ("document_inspection", "substantial"), ("video", "substantial")]);
        let data = json!({
            "method": method, "assurance": assurance, "result": "confirmed", "attributes_checked": ["full_name"],
            "evidence_ref": document,
        });
        self.fact(EventType::IdentityChecked, data).because(&received).tell();
    }

    /// Enters into an agreement, which has one obligation open.
    pub(super) fn agree(&mut self) -> Agreement {
        let service =
            self.pick(["consultation", "contract-review", "court-representation", "document-drafting"]);
        let agreement = Agreement { id: self.reference("agr"), service, obligation: self.reference("obl") };
        let offered = self.agreement_is(&agreement, "offered", None, false);
        self.pass_minutes(5, 90);
        self.agreement_is(&agreement, "live", Some(&offered), true);
        agreement
    }

    /// An agreement ends, with everything fulfilled.
    pub(super) fn end_agreement(&mut self, agreement: &Agreement) -> Told {
        self.agreement_is(agreement, "ended", None, false)
    }

    fn agreement_is(&mut self, agreement: &Agreement, state: &str, cause: Option<&Told>, open: bool) -> Told {
        let mut data = json!({ "agreement_ref": agreement.id, "state": state, "service": agreement.service });
        if open {
            data["obligations_open"] = json!([agreement.obligation]);
        }
        let telling = self.fact(EventType::AgreementChanged, data);
        match cause {
            Some(cause) => telling.because(cause).tell(),
            None => telling.tell(),
        }
    }

    /// Someone works on the person's matter, on the ground of a consent.
    pub(super) fn serve(&mut self, consent: &Consent) -> Told {
        let (action, categories) = self.pick(WORK);
        self.process(action, "service", categories, &on_consent(consent)).tell()
    }

    /// Data is processed, on some ground.
    pub(super) fn process(
        &mut self,
        action: &str,
        purpose: impl Into<Value>,
        categories: &[&str],
        basis: &Value,
    ) -> Telling<'_, 'w> {
        let automated = self.chance(20);
        let data = json!({
            "action": action, "purpose": purpose.into(), "categories": categories, "basis": basis,
            "automated": automated, "system": "case-desk",
        });
        self.fact(EventType::ProcessingPerformed, data)
    }

    /// A message of the service. The agreement has to be in force.
    pub(super) fn service_message(&mut self) -> Told {
        let template = self.pick(["appointment", "document-ready", "hearing-date"]);
        let data = json!({
            "class": "service", "channel": "email", "template_id": template, "template_version": "3",
            "template_class": "service", "local_time": self.clock_on_the_wall(),
        });
        let address = json!({ "email_used": self.human.email });
        self.fact(EventType::MessageSent, data).personal(address).tell()
    }

    /// An advertisement by text message, on the ground of a consent.
    pub(super) fn advertise(&mut self, consent: &Consent) -> Told {
        let template = self.pick(["spring-offer", "webinar", "partner-week"]);
        let data = json!({
            "class": "advertising", "channel": "sms", "template_id": template, "template_version": "1",
            "template_class": "advertising", "consent_id": consent.id, "local_time": self.clock_on_the_wall(),
        });
        let address = json!({ "phone_used": self.human.phone });
        self.fact(EventType::MessageSent, data).personal(address).tell()
    }

    fn clock_on_the_wall(&self) -> String {
        let minutes = local_seconds(self.now) / 60;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// A copy of the person's data is placed somewhere.
    pub(super) fn copy_to(&mut self, place: &str, kind: &str) -> Told {
        let data = json!({ "place_id": place, "copy_kind": kind, "categories": ["full_name", "document"] });
        self.fact(EventType::CopyPlaced, data).tell()
    }

    /// Today, in Kazakhstan.
    pub(super) fn today(&self) -> NaiveDate {
        local_day(self.now)
    }
}
