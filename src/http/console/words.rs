//! The console's own words, in Russian, Kazakh and English.
//!
//! One static a language, all fields required: a missing translation does not compile.

mod en;
mod kk;
mod ru;

use subject_record_schemas::vocabulary::{
    AccessPurpose, EvidenceAsker, Language, PolicyAnswer, Role, SubjectKind,
};

use super::model::ConsentStanding;
use crate::dossier::report::Values;

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    /// Name of the language in itself.
    pub(super) language: &'static str,
    /// The same, in three letters.
    pub(super) language_short: &'static str,
    pub(super) problems: ProblemWords,
    pub(super) chrome: ChromeWords,
    pub(super) search: SearchWords,
    pub(super) sign_in: SignInWords,
    pub(super) person: PersonWords,
    pub(super) timeline: TimelineWords,
    pub(super) states: StateWords,
    pub(super) consents: ConsentWords,
    pub(super) policy: PolicyWords,
    pub(super) audit: AuditWords,
    pub(super) dossier: DossierWords,
    pub(super) dates: DateWords,
    roles: RoleWords,
    purposes: PurposeWords,
}

/// Why something was not shown.
#[derive(Debug)]
pub(super) struct ProblemWords {
    pub(super) id_malformed: &'static str,
    pub(super) case_malformed: &'static str,
    pub(super) day_malformed: &'static str,
    pub(super) purpose_unknown: &'static str,
    pub(super) purpose_not_of_role: &'static str,
    pub(super) failed: &'static str,
    pub(super) token_unknown: &'static str,
    pub(super) token_of_no_reader: &'static str,
    pub(super) from_another_site: &'static str,
    pub(super) showcase: &'static str,
}

/// Around every page.
#[derive(Debug)]
pub(super) struct ChromeWords {
    pub(super) tagline: &'static str,
    pub(super) skip: &'static str,
    pub(super) languages: &'static str,
    pub(super) lists: &'static str,
    pub(super) signed_in: &'static str,
    pub(super) sign_out: &'static str,
    pub(super) simulated: &'static str,
    pub(super) simulated_text: &'static str,
}

/// The search form, and what is said when there is nobody to show.
#[derive(Debug)]
pub(super) struct SearchWords {
    pub(super) title: &'static str,
    pub(super) subject: &'static str,
    pub(super) subject_hint: &'static str,
    pub(super) as_of: &'static str,
    pub(super) purpose: &'static str,
    pub(super) purpose_none: &'static str,
    pub(super) case: &'static str,
    pub(super) show: &'static str,
    pub(super) welcome: &'static str,
    pub(super) welcome_find: &'static str,
    pub(super) welcome_day: &'static str,
    pub(super) welcome_purpose: &'static str,
    pub(super) examples: &'static str,
    pub(super) not_found: &'static str,
    pub(super) not_found_text: &'static str,
    pub(super) problem: &'static str,
}

/// The page on which a token is shown.
#[derive(Debug)]
pub(super) struct SignInWords {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) token: &'static str,
    pub(super) token_hint: &'static str,
    pub(super) submit: &'static str,
}

/// The head of a person's page, and their profile.
#[derive(Debug)]
pub(super) struct PersonWords {
    pub(super) shown_as_of: &'static str,
    pub(super) show_latest: &'static str,
    pub(super) looked: &'static str,
    pub(super) looked_purpose: &'static str,
    pub(super) looked_case: &'static str,
    pub(super) no_purpose: &'static str,
    pub(super) unregistered: &'static str,
    pub(super) registered: &'static str,
    pub(super) erased: &'static str,
    pub(super) erased_text: &'static str,
    pub(super) since: &'static str,
    pub(super) subject_person: &'static str,
    pub(super) subject_entity: &'static str,
    pub(super) subject_proprietor: &'static str,
    pub(super) profile: &'static str,
    pub(super) profile_empty: &'static str,
}

/// The timeline and its entries.
#[derive(Debug)]
pub(super) struct TimelineWords {
    pub(super) title: &'static str,
    pub(super) total: &'static str,
    pub(super) local_time: &'static str,
    pub(super) order: &'static str,
    pub(super) newest: &'static str,
    pub(super) oldest: &'static str,
    pub(super) open_all: &'static str,
    pub(super) close_all: &'static str,
    pub(super) as_of_day: &'static str,
    pub(super) older: &'static str,
    pub(super) later: &'static str,
    pub(super) from_start: &'static str,
    pub(super) empty: &'static str,
    pub(super) details: &'static str,
    pub(super) personal: &'static str,
    pub(super) origin: &'static str,
    pub(super) happened: &'static str,
    pub(super) recorded: &'static str,
    pub(super) actor: &'static str,
    pub(super) actor_unknown: &'static str,
    pub(super) source: &'static str,
    pub(super) evidence: &'static str,
    pub(super) stored_bytes: &'static str,
}

/// What becomes of personal values.
#[derive(Debug)]
pub(super) struct StateWords {
    pub(super) open: &'static str,
    pub(super) partly_masked: &'static str,
    pub(super) masked: &'static str,
    pub(super) sealed: &'static str,
    pub(super) sealed_text: &'static str,
    pub(super) shredded: &'static str,
    pub(super) shredded_text: &'static str,
    pub(super) lost: &'static str,
    pub(super) lost_text: &'static str,
    pub(super) reveal: &'static str,
}

/// The table of consents.
#[derive(Debug)]
pub(super) struct ConsentWords {
    pub(super) title: &'static str,
    pub(super) empty: &'static str,
    pub(super) purposes: &'static str,
    pub(super) until: &'static str,
    pub(super) state: &'static str,
    pub(super) given: &'static str,
    pub(super) until_achieved: &'static str,
    pub(super) third_party: &'static str,
    pub(super) cross_border: &'static str,
    pub(super) public: &'static str,
    pub(super) ended_purpose: &'static str,
    running: &'static str,
    partly_withdrawn: &'static str,
    withdrawn: &'static str,
    expired: &'static str,
    ended: &'static str,
}

/// Answers to the policy.
#[derive(Debug)]
pub(super) struct PolicyWords {
    pub(super) title: &'static str,
    pub(super) empty: &'static str,
    pub(super) version: &'static str,
    pub(super) text: &'static str,
    accepted: &'static str,
    declined: &'static str,
    stopped_using: &'static str,
}

/// The form for a dossier.
#[derive(Debug)]
pub(super) struct DossierWords {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) asked_by: &'static str,
    pub(super) legal_ref: &'static str,
    pub(super) values: &'static str,
    pub(super) submit: &'static str,
    subject: &'static str,
    regulator: &'static str,
    court: &'static str,
    prosecutor: &'static str,
    operator: &'static str,
    shown: &'static str,
    withheld: &'static str,
    none: &'static str,
}

impl DossierWords {
    /// Who asks.
    #[must_use]
    pub(super) const fn asker(&self, asker: EvidenceAsker) -> &'static str {
        match asker {
            EvidenceAsker::Subject => self.subject,
            EvidenceAsker::Regulator => self.regulator,
            EvidenceAsker::Court => self.court,
            EvidenceAsker::Prosecutor => self.prosecutor,
            EvidenceAsker::Operator => self.operator,
        }
    }

    /// What becomes of values.
    #[must_use]
    pub(super) const fn of_values(&self, values: Values) -> &'static str {
        match values {
            Values::Shown => self.shown,
            Values::Withheld => self.withheld,
            Values::None => self.none,
        }
    }
}

/// The auditor's lists, and findings on a timeline.
#[derive(Debug)]
pub(super) struct AuditWords {
    pub(super) people: &'static str,
    pub(super) findings: &'static str,
    pub(super) deadlines: &'static str,
    pub(super) no_findings: &'static str,
    pub(super) no_deadlines: &'static str,
    pub(super) not_caught_up: &'static str,
    pub(super) narrow: &'static str,
    pub(super) any: &'static str,
    pub(super) finding: &'static str,
    pub(super) event: &'static str,
    pub(super) recipient: &'static str,
    pub(super) state: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) open: &'static str,
    pub(super) cured: &'static str,
    pub(super) since: &'static str,
    pub(super) ground: &'static str,
    pub(super) particulars: &'static str,
    pub(super) law: &'static str,
    pub(super) clause: &'static str,
    pub(super) due: &'static str,
    pub(super) provisional: &'static str,
    pub(super) paused_by: &'static str,
    pub(super) counted_by: &'static str,
    pub(super) further: &'static str,
    pending: &'static str,
    missed: &'static str,
    paused: &'static str,
    met: &'static str,
    met_late: &'static str,
    due_kinds: [&'static str; DUE_KINDS.len()],
}

/// What may be due, in the order in which each language names it.
const DUE_KINDS: [&str; 16] = [
    "access_request",
    "disclosures_request",
    "correction_request",
    "block_request",
    "public_removal_request",
    "destruction_request",
    "withdrawal_request",
    "human_review_request",
    "complaint",
    "refusal",
    "unblocking",
    "unlawful_data_destruction",
    "disclosure_notice",
    "breach_notice",
    "claim",
    "state_request",
];

impl AuditWords {
    /// Name of something due; the word itself if there is none.
    #[must_use]
    pub(super) fn due_kind<'w>(&self, kind: &'w str) -> &'w str {
        let named = DUE_KINDS.iter().zip(self.due_kinds).find(|(known, _)| **known == kind);
        named.map_or(kind, |(_, name)| name)
    }

    /// Name of a due date's state.
    #[must_use]
    pub(super) fn due_state(&self, state: &str) -> &'static str {
        match state {
            "missed" => self.missed,
            "paused" => self.paused,
            "met" => self.met,
            "met_late" => self.met_late,
            _ => self.pending,
        }
    }
}

/// Words of dates and spans.
#[derive(Debug)]
pub(super) struct DateWords {
    pub(super) months: [&'static str; 12],
    pub(super) weekdays: [&'static str; 7],
    pub(super) minutes: &'static str,
    pub(super) hours: &'static str,
    pub(super) days: &'static str,
    pub(super) late_before: &'static str,
    pub(super) late_after: &'static str,
}

#[derive(Debug)]
struct RoleWords {
    emitter: &'static str,
    support: &'static str,
    auditor: &'static str,
    officer: &'static str,
    operator: &'static str,
}

#[derive(Debug)]
struct PurposeWords {
    support: &'static str,
    subject_request: &'static str,
    claim: &'static str,
    audit: &'static str,
    regulator: &'static str,
    court: &'static str,
    incident: &'static str,
    verification: &'static str,
}

impl Words {
    /// The words of a language.
    #[must_use]
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::Ru => &ru::WORDS,
            Language::Kk => &kk::WORDS,
            Language::En => &en::WORDS,
        }
    }

    /// Name of a role.
    #[must_use]
    pub(super) const fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Emitter => self.roles.emitter,
            Role::Support => self.roles.support,
            Role::Auditor => self.roles.auditor,
            Role::Officer => self.roles.officer,
            Role::Operator => self.roles.operator,
        }
    }

    /// Name of a purpose of access.
    #[must_use]
    pub(super) const fn purpose(&self, purpose: AccessPurpose) -> &'static str {
        match purpose {
            AccessPurpose::Support => self.purposes.support,
            AccessPurpose::SubjectRequest => self.purposes.subject_request,
            AccessPurpose::Claim => self.purposes.claim,
            AccessPurpose::Audit => self.purposes.audit,
            AccessPurpose::Regulator => self.purposes.regulator,
            AccessPurpose::Court => self.purposes.court,
            AccessPurpose::Incident => self.purposes.incident,
            AccessPurpose::Verification => self.purposes.verification,
        }
    }

    /// Name of a kind of user.
    #[must_use]
    pub(super) const fn subject_kind(&self, kind: SubjectKind) -> &'static str {
        match kind {
            SubjectKind::Person => self.person.subject_person,
            SubjectKind::Entity => self.person.subject_entity,
            SubjectKind::Proprietor => self.person.subject_proprietor,
        }
    }

    /// Name of what became of a consent.
    #[must_use]
    pub(super) const fn consent_standing(&self, standing: ConsentStanding) -> &'static str {
        match standing {
            ConsentStanding::Running => self.consents.running,
            ConsentStanding::PartlyWithdrawn => self.consents.partly_withdrawn,
            ConsentStanding::Withdrawn => self.consents.withdrawn,
            ConsentStanding::Expired => self.consents.expired,
            ConsentStanding::Ended => self.consents.ended,
        }
    }

    /// Name of an answer to the policy.
    #[must_use]
    pub(super) const fn policy_answer(&self, answer: PolicyAnswer) -> &'static str {
        match answer {
            PolicyAnswer::Accepted => self.policy.accepted,
            PolicyAnswer::Declined => self.policy.declined,
            PolicyAnswer::StoppedUsing => self.policy.stopped_using,
        }
    }
}
