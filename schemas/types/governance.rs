//! E01 to E07, and rule packs: what the operator publishes, approves and registers. Stream `policy`.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::{Bin, Email, FullName, Phone};
use crate::reference::{Reference, TextHash};
use crate::types::OrganisationName;
use crate::vocabulary::{
    ConsentForm, Country, CountryAssessment, DataCategory, EndTrigger, Language, Necessity, Purpose,
    RecipientKind, ResponsibilityRole, Retention, StorageRole, Term,
};

/// E01: a version of the policy was posted (clauses 5.3, 5.4, 5.5; Art. 25).
///
/// Clause 5.4: in force on posting unless the text says otherwise, so `effective_at` is `posted_at` when
/// absent. One event per language; `text_hash` names the text kept in `texts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyVersionPublished {
    /// The operator's name for the version, such as `2026-01`.
    pub version: Reference,
    /// Language of this text.
    pub language: Language,
    /// SHA-256 of the text's bytes.
    pub text_hash: TextHash,
    /// When it was posted.
    pub posted_at: DateTime<Utc>,
    /// When it takes effect, if not on posting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<DateTime<Utc>>,
    /// The version it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Reference>,
    /// Ids of its clauses, so that one can be marked invalid without the rest (clause 5.3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub clause_ids: Vec<Reference>,
    /// Purposes that the version before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub new_purposes: Vec<Purpose>,
    /// Categories of data that the version before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub new_categories: Vec<DataCategory>,
    /// Recipients that the version before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub new_recipients: Vec<Reference>,
    /// Countries that the version before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub new_countries: Vec<Country>,
    /// When it was taken down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// E02: the text of a consent was published (clause 2.2; content by Art. 8(4)).
///
/// What the text is silent about is absent here, so that its gaps can be found before anyone signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentTextPublished {
    /// The operator's name for the text.
    pub text_id: Reference,
    /// Version of the text.
    pub version: Reference,
    /// Language of this text.
    pub language: Language,
    /// SHA-256 of the text's bytes.
    pub text_hash: TextHash,
    /// Whether the text names the operator.
    pub operator_named: bool,
    /// The operator's BIN, as the text states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_bin: Option<Bin>,
    /// Purposes it states.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub purposes: Vec<Purpose>,
    /// Categories of data it lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub categories: Vec<DataCategory>,
    /// Whether it lets data pass to third parties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party: Option<bool>,
    /// Whether it lets data leave the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_border: Option<bool>,
    /// Whether it lets data appear in public sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// Term or period it states.
    pub term: Term,
    /// How it says that consent is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_method: Option<ConsentForm>,
}

/// Personal members of E02.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ConsentTextPublishedPersonal {
    /// The operator's name as the text states it: a sole proprietor's is a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_name: Option<OrganisationName>,
}

/// E03: the list of data was approved: what is needed, for what, for how long (clauses 2.1, 2.3, 3.1; Art. 12, 25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataListApproved {
    /// Version of the list.
    pub list_version: Reference,
    /// One entry for each category and purpose.
    #[schemars(length(min = 1, max = 500))]
    pub entries: Vec<DataListEntry>,
    /// Rule pack that it was checked against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_pack: Option<Reference>,
}

/// One line of the list of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct DataListEntry {
    /// Category of data.
    pub category: DataCategory,
    /// Purpose that needs it.
    pub purpose: Purpose,
    /// How far the purpose needs it.
    pub necessity: Necessity,
    /// What ends the need.
    pub end_trigger: EndTrigger,
    /// How long it is kept after that.
    pub retention: Retention,
}

/// E04: someone was made responsible, or given or denied access (clauses 4.1, 4.2; Art. 25(3)).
///
/// The end of an assignment is a second event of the same `assignment_id`, with `until`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResponsibilityAssigned {
    /// The operator's name for the assignment.
    pub assignment_id: Reference,
    /// Part that the holder plays.
    pub role: ResponsibilityRole,
    /// Opaque name of the holder, as it stands in `actor` or names the token.
    pub holder_ref: Reference,
    /// Categories of data it covers; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub categories: Vec<DataCategory>,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when, if it has an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// Personal members of E04.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ResponsibilityAssignedPersonal {
    /// Who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<FullName>,
    /// E-mail address for requests and notices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_email: Option<Email>,
    /// Phone number for requests and notices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_phone: Option<Phone>,
}

/// E05: a recipient was registered, before data may go to it (clauses 3.4, 3.5; Art. 10, 16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecipientRegistered {
    /// The operator's name for the recipient.
    pub recipient_id: Reference,
    /// What it is.
    pub kind: RecipientKind,
    /// Its BIN, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bin: Option<Bin>,
    /// Country where it holds data.
    pub country: Country,
    /// What the operator makes of that country.
    pub country_assessment: CountryAssessment,
    /// Contract with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_ref: Option<Reference>,
    /// Whether it took on the duty of confidentiality.
    pub duties_accepted: bool,
}

/// Personal members of E05.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct RecipientRegisteredPersonal {
    /// Its name: an advocate's or a sole proprietor's is a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<OrganisationName>,
}

/// E06: a place where data is stored was registered or given up (clause 3.3; Art. 12(2)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoragePlaceRegistered {
    /// The operator's name for the place.
    pub place_id: Reference,
    /// Country where it stands.
    pub country: Country,
    /// What it is for.
    pub role: StorageRole,
    /// Who runs it (E05), if not the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder_id: Option<Reference>,
    /// From when it may hold data.
    pub from: DateTime<Utc>,
    /// Until when, if it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// E07: the working days of a year were published (clause 5.2; Art. 25).
///
/// Due dates name the calendar they were counted by. A later version of a year does not undo the earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkCalendarPublished {
    /// Year it is for.
    #[schemars(range(min = 2000, max = 2199))]
    pub year: u16,
    /// Version of that year's calendar.
    pub version: Reference,
    /// Days off other than Saturdays and Sundays.
    #[schemars(length(max = 200))]
    pub days_off: Vec<NaiveDate>,
    /// Saturdays and Sundays that are worked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub extra_working: Vec<NaiveDate>,
    /// Act or publication it was taken from.
    pub source_ref: Reference,
    /// When that was published.
    pub published_at: DateTime<Utc>,
}

/// A rule pack came into use: the deadlines and limits by which facts are judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RulePackPublished {
    /// Name of the pack, such as `kz-94v`.
    pub pack_id: Reference,
    /// Its version.
    pub version: Reference,
    /// SHA-256 of its bytes.
    pub text_hash: TextHash,
    /// From when its rules hold.
    pub effective_at: DateTime<Utc>,
    /// Version it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Reference>,
}
