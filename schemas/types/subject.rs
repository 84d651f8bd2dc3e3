//! E08, E10 to E12, E14: a person, their documents and profile.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::{Bin, Email, FullName, Iin, Phone};
use crate::ids::SubjectId;
use crate::reference::Reference;
use crate::types::{
    DocumentNumber, EXACT_INTEGER_MAX, EventKey, OrganisationName, PersonalFileHash, PostalAddress,
};
use crate::vocabulary::{
    Assurance, Channel, DataCategory, DocumentKind, DuplicateReason, IdentityMethod, IdentityResult,
    Language, Medium, PaperGround, ProfileChangeCause, ProfileField, Purpose, SubjectKind,
};

/// E08: a user registered (clauses 1.2, 1.6, 1.7, 2.3). A stream has at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectRegistered {
    /// Person, legal entity or sole proprietor.
    pub kind: SubjectKind,
    /// Site or app (clause 1.1), or another way in.
    pub channel: Channel,
    /// Version of the registration form (clause 1.7).
    pub form_version: Reference,
    /// Language in which the form was shown.
    pub language: Language,
    /// BIN of a legal entity. A sole proprietor uses the IIN, which is personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bin: Option<Bin>,
}

/// Personal members of E08, E13 and E14: the list of clause 2.3.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ProfilePersonal {
    /// Full name; the patronymic is optional (2.3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<FullName>,
    /// IIN (2.3.2). A failed check digit is recorded and judged, not refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iin: Option<Iin>,
    /// Registered address (2.3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_registered: Option<PostalAddress>,
    /// Delivery address (2.3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_delivery: Option<PostalAddress>,
    /// E-mail address (2.3.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Phone number, kept as E.164 (2.3.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
}

/// E10: an identity was checked (clause 2.2.2; Art. 7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityChecked {
    /// How.
    pub method: IdentityMethod,
    /// How much it assures.
    pub assurance: Assurance,
    /// What came of it.
    pub result: IdentityResult,
    /// Categories of data that were compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub attributes_checked: Vec<DataCategory>,
    /// The platform's evidence, by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_ref: Option<Reference>,
}

/// E11: a document came in (clause 1.6; Art. 7 on copies of identity documents).
///
/// The scan stays with the platform; here lies its hash, and what was read from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentReceived {
    /// The platform's name for the document.
    pub doc_ref: Reference,
    /// What it is.
    pub doc_kind: DocumentKind,
    /// File or paper.
    pub medium: Medium,
    /// Exception for a paper copy of an identity document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper_ground: Option<PaperGround>,
    /// What it was asked for.
    pub purpose: Purpose,
    /// Categories of data that were read from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub fields_read: Vec<DataCategory>,
    /// Size of the file in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = EXACT_INTEGER_MAX))]
    pub size_bytes: Option<u64>,
}

/// Personal members of E11.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct DocumentReceivedPersonal {
    /// Hash of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob_commitment: Option<PersonalFileHash>,
    /// Number of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_number: Option<DocumentNumber>,
    /// Name as it stands in the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<FullName>,
    /// IIN as it stands in the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iin: Option<Iin>,
    /// Date of birth as it stands in the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<NaiveDate>,
    /// Address as it stands in the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
    /// Who issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_by: Option<OrganisationName>,
    /// Day of issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<NaiveDate>,
    /// Last day of validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<NaiveDate>,
}

/// E12: two subject ids were found to be one person (clause 2.1). Both histories stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DuplicateLinked {
    /// The other id.
    pub other_subject: SubjectId,
    /// By what it was found.
    pub reason: DuplicateReason,
    /// Who decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Reference>,
}

/// E14: a value of the profile was changed or supplemented (clause 2.3; Art. 13, 25).
///
/// The new value is the member of `personal` that `field` names; a BIN is public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileChanged {
    /// Which value.
    pub field: ProfileField,
    /// What led to it.
    pub cause: ProfileChangeCause,
    /// The new BIN, if that is what changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bin: Option<Bin>,
    /// Document that supports it (E11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supporting_doc_ref: Option<Reference>,
    /// Request that asked for it (E34).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_ref: Option<Reference>,
    /// Event that held the old value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces_event: Option<EventKey>,
}
