//! Requests of people, blocks and holds, disputes, destruction.

use chrono::{Days, NaiveDate, SecondsFormat};
use serde_json::{Value, json};
use subject_record_schemas::EventType;

use super::calendar::{YearTable, add_working_days};
use super::life::{Life, Telling, Told};
use super::wire::OFFICER;

/// A request of the person.
pub(super) struct Request {
    pub(super) id: String,
    pub(super) told: Told,
}

/// A dispute under clause 5.2, with its legal hold.
pub(super) struct Dispute {
    pub(super) id: String,
    pub(super) hold: String,
    pub(super) told: Told,
}

impl<'w> Life<'w> {
    /// The person asks for something, while the office is open. `term` is in working days.
    pub(super) fn ask(&mut self, kind: &str, concerns: Option<&str>, term: u32, words: &str) -> Request {
        self.office();
        self.open_case("req-case");
        let id = self.reference("req");
        let today = self.today();
        let due = add_working_days(today, term, today);
        let mut data = json!({
            "request_id": id, "kind": kind, "identity_checked": true, "due_at": due,
            "received_at": self.now.to_rfc3339_opts(SecondsFormat::Millis, true), "rule_id": format!("kz-94v-{kind}"),
        });
        if let Some(version) = calendar_version(due, today) {
            data["calendar_version"] = json!(version);
        }
        if let Some(concerns) = concerns {
            data["concerns"] = json!(concerns);
        }
        let told =
            self.fact(EventType::SubjectRequestReceived, data).personal(json!({ "text": words })).tell();
        Request { id, told }
    }

    /// The request is answered.
    pub(super) fn answer(&mut self, request: &Request, outcome: &str, reasons: &[&str]) -> Told {
        let sent_at = self.now.to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut data = json!({ "request_id": request.id, "outcome": outcome, "sent_at": sent_at });
        if !reasons.is_empty() {
            data["reasons"] = json!(reasons);
        }
        let answer = self.words("Ответ на ваше обращение во вложении.", "Өтінішіңіздің жауабы қосымшада.");
        let personal = json!({ "answer": answer, "content_commitment": self.file_hash() });
        let destroyed = self.destroyed;
        let telling = self.fact(EventType::SubjectRequestClosed, data).because(&request.told);
        // Once everything is destroyed, nothing personal is kept again, not even the answer.
        let told = if destroyed { telling.tell() } else { telling.personal(personal).tell() };
        self.close_case();
        told
    }

    /// A block or a legal hold is set or lifted.
    pub(super) fn restrict(
        &mut self,
        id: &str,
        kind: &str,
        set: bool,
        ground: &str,
        reference: &str,
    ) -> Telling<'_, 'w> {
        let data = json!({
            "restriction_id": id, "kind": kind, "set": set, "ground": ground, "ground_ref": reference,
        });
        self.fact(EventType::RestrictionChanged, data)
    }

    /// A written claim comes in, so many days after the dispute arose. A legal hold goes with it at the same
    /// moment, unless somebody forgets it.
    pub(super) fn claim(&mut self, arose_days_ago: u64, with_hold: bool) -> Dispute {
        self.office();
        self.open_case("claim");
        let (id, hold) = (self.reference("disp"), self.reference("hold"));
        let (today, received_at) = (self.today(), self.now.to_rfc3339_opts(SecondsFormat::Millis, true));
        let arose = today - Days::new(arose_days_ago);
        let due = add_working_days(arose, 30, today);
        let mut data = json!({
            "dispute_id": id, "stage": "claim_received", "arose_on_per_subject": arose,
            "arose_on_per_operator": arose - Days::new(2), "received_at": received_at, "due_at": due,
            "rule_id": "policy-5.2",
        });
        if let Some(version) = calendar_version(due, today) {
            data["calendar_version"] = json!(version);
        }
        let text = self.words(
            "Прошу вернуть оплату и объяснить, кому переданы мои данные.",
            "Төлемді қайтаруды және деректерім кімге берілгенін түсіндіруді сұраймын.",
        );
        let told = if with_hold {
            self.restrict(&hold, "legal_hold", true, "dispute", &id).tell();
            self.fact(EventType::DisputeChanged, data).personal(json!({ "text": text })).same_moment().tell()
        } else {
            self.fact(EventType::DisputeChanged, data).personal(json!({ "text": text })).tell()
        };
        Dispute { id, hold, told }
    }

    /// The dispute goes on to another stage.
    pub(super) fn dispute_is(&mut self, dispute: &Dispute, stage: &str, more: &Value) -> Told {
        let mut data = json!({ "dispute_id": dispute.id, "stage": stage });
        if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
            data.extend(more.clone());
        }
        self.fact(EventType::DisputeChanged, data).because(&dispute.told).tell()
    }

    /// The dispute is settled; the hold goes after it.
    pub(super) fn settle(&mut self, dispute: &Dispute) {
        self.dispute_is(dispute, "closed", &Value::Null);
        self.pass_minutes(20, 180);
        let (hold, id) = (dispute.hold.clone(), dispute.id.clone());
        self.restrict(&hold, "legal_hold", false, "dispute_closed", &id).tell();
        self.close_case();
    }

    /// Everything about the person is destroyed, but for what lies in `places_left`.
    pub(super) fn destroy(&mut self, request: &Request, places_left: &[&str]) -> Told {
        self.destroyed = true;
        let places_done: Vec<_> =
            ["dc-astana-1", "dc-almaty-1"].into_iter().filter(|place| !places_left.contains(place)).collect();
        let mut data = json!({
            "scope": "subject", "trigger": "subject_request", "trigger_ref": request.id, "method": "overwritten",
            "places_done": places_done, "witness": OFFICER,
        });
        if !places_left.is_empty() {
            data["places_left"] = json!(places_left);
        }
        self.fact(EventType::DataDestroyed, data).because(&request.told).tell()
    }
}

/// Version of the calendar by which a due day is counted.
fn calendar_version(due: NaiveDate, known_on: NaiveDate) -> Option<&'static str> {
    YearTable::of(due, known_on).map(|table| table.version)
}
