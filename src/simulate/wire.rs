//! Which part of the platform tells a fact, and who usually acts.

use subject_record_schemas::EventType;

/// The operator's data-protection officer.
pub(super) const OFFICER: &str = "staff-dpo-1";
/// The lawyer who looks for privileged material.
pub(super) const LAWYER: &str = "staff-legal-2";
/// Who works on cases.
pub(super) const CLERK: &str = "staff-legal-3";
/// Who answers the phone.
pub(super) const SUPPORT: &str = "staff-support-4";

/// Source of a type's events.
pub(super) fn source_of(event_type: EventType) -> &'static str {
    match event_type.code() {
        "E08" | "E09" | "E10" | "E11" | "E12" => "platform/registration",
        "E14" | "E29" => "platform/profile",
        "E15" | "E16" | "E17" | "E18" | "E19" | "E20" | "E21" => "platform/consents",
        "E13" | "E22" | "E23" | "E27" => "platform/cases",
        "E24" => "platform/mail",
        "E26" => "platform/research",
        "E28" | "E37" => "platform/storage",
        "E32" | "E33" => "platform/disclosures",
        "E34" | "E35" => "platform/requests",
        "E38" => "platform/security",
        _ => "platform/legal",
    }
}

/// Who usually acts; nobody named means the person whom the event is about.
pub(super) fn actor_of(event_type: EventType) -> Option<&'static str> {
    match event_type.code() {
        "E08" | "E11" | "E14" | "E15" | "E17" | "E18" | "E19" | "E22" | "E34" => None,
        "E10" => Some("system/identity"),
        "E16" => Some("system/consents"),
        "E13" | "E23" | "E32" => Some(CLERK),
        "E24" | "E33" => Some("system/mail-out"),
        "E27" => Some("system/eligibility"),
        "E28" | "E37" => Some("system/storage"),
        "E12" | "E29" => Some(SUPPORT),
        "E30" | "E31" | "E40" => Some(LAWYER),
        "E38" => Some("staff-security-5"),
        _ => Some(OFFICER),
    }
}
