//! Rule packs: deadlines, lists, limits, and what each finding rests on, as versioned data.
//!
//! One pack is built in (`rules/kz-94v.toml`). A pack published later is named by an event and lies among the
//! published texts; code that judges asks a pack, and knows no term, clause or article by itself.

mod check;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use subject_record_schemas::Reference;
use subject_record_schemas::types::governance::ConsentTextPublished;
use subject_record_schemas::vocabulary::{DataCategory, Purpose, RecipientKind, RequestKind, Term};

use check::PackFile;

pub use crate::finding::{FindingCode, Severity};
pub use check::RulePackError;

static BUILT_IN: LazyLock<RulePack> = LazyLock::new(|| {
    // A test parses the file. Without it nothing may be judged.
    RulePack::parse(RulePack::BUILT_IN_TEXT).unwrap_or_else(|_| std::process::abort())
});

/// A version of the rules, free of contradiction and with a rule for every finding.
#[derive(Clone, Debug, PartialEq)]
pub struct RulePack {
    /// Name of the pack, such as `kz-94v`.
    pub pack_id: Reference,
    /// Its version.
    pub version: Reference,
    /// First day on which its rules hold, by its own word; the event that publishes it may say otherwise.
    pub effective_from: NaiveDate,
    /// What state of the law it is.
    pub source_note: String,
    deadlines: Vec<DeadlineRule>,
    stated: Vec<StatedRule>,
    /// Closed lists.
    pub lists: Lists,
    /// Limits that are no deadlines.
    pub limits: Limits,
    /// One for each code, in the order of [`FindingCode::ALL`].
    findings: Vec<FindingRule>,
}

/// What has a due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineSubject {
    /// Request for what data there is and what was done with it.
    AccessRequest,
    /// Request for those to whom data was passed.
    DisclosuresRequest,
    /// Request to change or supplement.
    CorrectionRequest,
    /// Request to block.
    BlockRequest,
    /// Demand to remove from public sources.
    PublicRemovalRequest,
    /// Request to delete.
    DestructionRequest,
    /// Withdrawal of a consent, as a request.
    WithdrawalRequest,
    /// Request that a human look at an automated decision.
    HumanReviewRequest,
    /// A complaint.
    Complaint,
    /// A reasoned refusal of any request.
    Refusal,
    /// Lifting a block after no violation was found.
    Unblocking,
    /// Destruction of data whose processing was found unlawful.
    UnlawfulDataDestruction,
    /// Telling the person of a disclosure.
    DisclosureNotice,
    /// Telling the authorised body of a breach.
    BreachNotice,
    /// The person's written claim.
    Claim,
    /// Answer to a state body.
    StateRequest,
}

impl DeadlineSubject {
    /// What a person's request is; none for a kind outside the list.
    #[must_use]
    pub const fn of_request(kind: &RequestKind) -> Option<Self> {
        Some(match kind {
            RequestKind::Access => Self::AccessRequest,
            RequestKind::Disclosures => Self::DisclosuresRequest,
            RequestKind::Correct => Self::CorrectionRequest,
            RequestKind::Block => Self::BlockRequest,
            RequestKind::PublicRemoval => Self::PublicRemovalRequest,
            RequestKind::Destroy => Self::DestructionRequest,
            RequestKind::Withdraw => Self::WithdrawalRequest,
            RequestKind::HumanReview => Self::HumanReviewRequest,
            RequestKind::Complaint => Self::Complaint,
            RequestKind::Unlisted(_) => return None,
        })
    }
}

/// A term that the law or the policy sets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineRule {
    /// Stable name, such as `art25-access-3wd`.
    pub id: Reference,
    /// What it is for.
    pub subject: DeadlineSubject,
    /// How long, and in which days.
    pub term: DeadlineTerm,
    /// Clauses of the policy.
    #[serde(default)]
    pub clauses: Vec<String>,
    /// Articles of laws, such as `94-V/25`.
    pub articles: Vec<String>,
    /// First day on which a clock may start under it; open when absent.
    pub valid_from: Option<NaiveDate>,
    /// Last such day; open when absent.
    pub valid_until: Option<NaiveDate>,
    /// Where it comes from and what of it is unconfirmed.
    pub source_note: String,
}

/// How long a deadline runs. The day on which the clock starts is never counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "unit", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeadlineTerm {
    /// So many working days.
    WorkingDays {
        /// Number of days, 1 to 3660.
        amount: u16,
    },
    /// So many days, whatever days they are.
    CalendarDays {
        /// Number of days, 1 to 3660.
        amount: u16,
        /// Whether an end on a day off moves to the next working day (Civil Code 175).
        roll_forward: bool,
    },
}

/// A due date that no law sets: the matter itself states the day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedRule {
    /// Stable name.
    pub id: Reference,
    /// What it is for.
    pub subject: DeadlineSubject,
    /// Clauses of the policy.
    #[serde(default)]
    pub clauses: Vec<String>,
    /// Articles of laws.
    #[serde(default)]
    pub articles: Vec<String>,
    /// Why there is no term.
    pub source_note: String,
}

/// Closed lists of the policy and the law.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lists {
    /// Purposes of clause 2.2, and the clause of each.
    pub purposes: BTreeMap<Purpose, String>,
    /// Categories of clause 2.3, and the clause of each.
    pub categories: BTreeMap<DataCategory, String>,
    /// What a consent text must say (Art. 8(4)).
    pub consent_text: BTreeSet<ConsentTextItem>,
    /// Recipients who may ask under clause 3.4.1.
    pub state_bodies: BTreeSet<RecipientKind>,
    /// Categories that a lawyer checks before a state body gets them.
    pub privileged_categories: BTreeSet<DataCategory>,
}

/// Something that Art. 8(4) asks a consent text to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentTextItem {
    /// The operator's name.
    OperatorName,
    /// The operator's BIN or IIN.
    OperatorNumber,
    /// Its term or period.
    Term,
    /// Whether third parties may get data.
    ThirdParty,
    /// Whether data may leave the country.
    CrossBorder,
    /// Whether data may be public.
    Public,
    /// The list of data.
    Categories,
}

impl ConsentTextItem {
    /// Whether a published consent text says it.
    #[must_use]
    pub const fn is_said_by(self, text: &ConsentTextPublished) -> bool {
        match self {
            Self::OperatorName => text.operator_named,
            Self::OperatorNumber => text.operator_bin.is_some(),
            Self::Term => !matches!(text.term, Term::NotStated),
            Self::ThirdParty => text.third_party.is_some(),
            Self::CrossBorder => text.cross_border.is_some(),
            Self::Public => text.public.is_some(),
            Self::Categories => !text.categories.is_empty(),
        }
    }
}

/// Limits that are no deadlines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Hours between an event and its recording beyond which it is late (the operator's own limit).
    pub late_recording_hours: u16,
    /// When the night begins in which advertising is limited, by Kazakhstan's clock.
    pub night_from: NaiveTime,
    /// When it ends.
    pub night_until: NaiveTime,
    /// General limitation period, in years (Civil Code 178).
    pub limitation_years: u16,
}

impl Limits {
    /// Whether a time of day in Kazakhstan lies in the night; its end does not.
    #[must_use]
    pub fn is_night(&self, local_time: NaiveTime) -> bool {
        let (evening, morning) = (local_time >= self.night_from, local_time < self.night_until);
        if self.night_from <= self.night_until { evening && morning } else { evening || morning }
    }
}

/// What a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRule {
    /// Which finding.
    pub code: FindingCode,
    /// How grave it is.
    pub severity: Severity,
    /// How grave its second case is, for a finding that has two.
    pub otherwise: Option<Severity>,
    /// What that second case is.
    pub otherwise_note: Option<String>,
    /// Clauses of the policy; `preamble` is one.
    pub clauses: Vec<String>,
    /// Articles of laws, such as `94-V/8(4)`.
    pub articles: Vec<String>,
}

impl FindingRule {
    /// How grave the second case is: no other than the first, where there is only one.
    #[must_use]
    pub fn severity_otherwise(&self) -> Severity {
        self.otherwise.unwrap_or(self.severity)
    }
}

impl RulePack {
    /// Text of the pack that is part of this program.
    pub const BUILT_IN_TEXT: &'static str = include_str!("rules/kz-94v.toml");

    /// The pack that is part of this program.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Parses a pack, and checks that it does not contradict itself.
    ///
    /// # Errors
    /// [`RulePackError`] for any text that is no such pack; it never panics.
    pub fn parse(text: &str) -> Result<Self, RulePackError> {
        toml::from_str::<PackFile>(text)?.checked()
    }

    /// Name and version, as due dates and findings name it: `kz-94v@2026-1`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.pack_id, self.version)
    }

    /// The term of a matter whose clock starts on a day (in Kazakhstan); none when no term is known.
    #[must_use]
    pub fn deadline(&self, subject: DeadlineSubject, on: NaiveDate) -> Option<&DeadlineRule> {
        self.deadlines.iter().find(|rule| rule.subject == subject && rule.holds_on(on))
    }

    /// The rule of a matter that states its due day itself.
    #[must_use]
    pub fn stated(&self, subject: DeadlineSubject) -> Option<&StatedRule> {
        self.stated.iter().find(|rule| rule.subject == subject)
    }

    /// What a finding rests on.
    #[must_use]
    pub fn finding(&self, code: FindingCode) -> &FindingRule {
        &self.findings[code as usize]
    }
}

impl DeadlineRule {
    /// Whether a clock may start under it on a day.
    #[must_use]
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_until.is_none_or(|until| day <= until)
    }
}

#[cfg(test)]
mod tests;
