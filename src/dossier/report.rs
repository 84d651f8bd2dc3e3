//! What the pages of a dossier print, as data: collected once, printed by `pages`, attached as `report.json`.
//!
//! The report repeats nothing that could be proved and proves nothing itself: the evidence lies in the other
//! attachments. It holds no secret beside the values that were asked for, and nothing that depends on the
//! machine or the moment of printing, so that the same report gives the same bytes.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use subject_record_projections::finding::Severity;
use subject_record_schemas::Position;
use subject_record_schemas::vocabulary::{
    AccessPurpose, DisputeStage, EvidenceAsker, Language, Role, ViewedThing,
};

/// All that the pages print.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Language of the pages.
    pub locale: Language,
    /// The log was opened as simulated: every page says so.
    pub simulated: bool,
    /// Program and version that made the dossier.
    pub made_by: String,
    /// What stands on the first page.
    pub cover: Cover,
    /// Disputes of the person (clause 5.2).
    pub disputes: Vec<Dispute>,
    /// Every event that is shown, in the order in which it is to be read.
    pub timeline: Vec<Line>,
    /// What was derived from the events: consents, acceptances, disclosures, due dates.
    pub tables: Vec<Table>,
    /// What the record found against itself.
    pub findings: Vec<FindingLine>,
    /// Published texts that the events cite, as they were shown.
    pub texts: Vec<Text>,
    /// Who looked at the data of the person.
    pub custody: Vec<Look>,
    /// What the evidence rests on.
    pub proof: ProofSummary,
}

/// The first page: whose data, who asked, on what ground, and what was left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cover {
    /// Name of the dossier; the event `evidence.exported.v1` bears it too.
    pub dossier_id: String,
    /// When it was made. The document's own dates are this one.
    pub made_at: DateTime<Utc>,
    /// Who asked for it.
    pub asked_by: EvidenceAsker,
    /// Request, ruling or article it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_ref: Option<String>,
    /// What for.
    pub purpose: AccessPurpose,
    /// Case it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_ref: Option<String>,
    /// Id of the log.
    pub log_id: String,
    /// Origin of the log: the name under which its checkpoints are signed.
    pub origin: String,
    /// Name of the operator, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_name: Option<String>,
    /// BIN of the operator, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_bin: Option<String>,
    /// Registered address of the operator, if it is known: the venue of clause 5.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_address: Option<String>,
    /// The platform's id of the person; never a value.
    pub subject: String,
    /// As of which moment in `time`; everything when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// Last position that the dossier takes account of.
    pub known_at: Position,
    /// First and last moment that are covered; everything when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Groups of the catalogue that were asked for, by their labels; all when empty.
    pub groups: Vec<String>,
    /// What was done with personal values.
    pub values: Values,
}

/// What a dossier does with personal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Values {
    /// They are printed, and their openings attached.
    Shown,
    /// Events that carry some are there, without the values and openings.
    Withheld,
    /// The dossier is without personal data at all.
    None,
}

impl Values {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Withheld => "withheld",
            Self::None => "none",
        }
    }
}

/// A dispute as clause 5.2 asks about it. Both parties' words stand side by side; none is preferred.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispute {
    /// The platform's name for it.
    pub dispute_ref: String,
    /// How far it has come.
    pub stage: DisputeStage,
    /// The day on which it arose, by the person's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arose_at_subject: Option<NaiveDate>,
    /// The day on which it arose, by the operator's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arose_at_operator: Option<NaiveDate>,
    /// Last day of the written claim, for each party's day and each version of the calendar.
    pub due: Vec<ClaimDue>,
    /// When the written claim came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<DateTime<Utc>>,
    /// The policy in force on the day on which the dispute arose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_in_force: Option<TextCited>,
    /// Events it was read from.
    pub positions: Vec<Position>,
}

/// The last day of a written claim: 30 working days, counted in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimDue {
    /// Whose day of the dispute it is counted from.
    pub by: Party,
    /// Version of the calendar of working days.
    pub calendar_version: String,
    /// The last day, in Kazakhstan.
    pub date: NaiveDate,
}

/// A party to a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The person.
    Subject,
    /// The operator.
    Operator,
}

/// A published text, by version and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextCited {
    /// Its version.
    pub version: String,
    /// SHA-256 of its bytes, hex.
    pub hash: String,
}

/// An event in plain words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its position in the log.
    pub position: Position,
    /// Its revision in its stream, from 0.
    pub revision: u64,
    /// Kind of its stream.
    pub stream_kind: StreamKind,
    /// When it happened, by the emitter's word.
    pub occurred_at: DateTime<Utc>,
    /// When the service recorded it.
    pub recorded_at: DateTime<Utc>,
    /// Wire name.
    pub event_type: String,
    /// Heading of the type.
    pub title: String,
    /// What it says.
    pub sentence: String,
    /// Who sent it.
    pub source: String,
    /// Who acted, if the emitter said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Personal values it carries.
    pub values: LineValues,
    /// Its leaf in the tree, hex.
    pub leaf_hash: String,
    /// Its bytes were withdrawn from the store.
    pub withdrawn: bool,
}

/// Kind of the stream that an event stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// Of the person.
    Subject,
    /// Looks at the person's data.
    Access,
    /// What the operator published.
    Policy,
    /// What belongs to no single person.
    Office,
}

/// Personal values of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineValues {
    /// It carries none.
    None,
    /// Opened for this dossier.
    Shown(Vec<ShownValue>),
    /// It carries some that were not asked for.
    Withheld,
    /// Destroyed with the key, by erasure.
    Shredded,
    /// Neither there nor destroyed on record.
    Lost,
}

/// A personal value in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownValue {
    /// Label of the member, in the language of the pages.
    pub name: String,
    /// The value.
    pub text: String,
}

/// Rows of a read model. A name or column that the pages have a word for is translated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Name of the read model.
    pub name: String,
    /// Keys of the columns.
    pub columns: Vec<String>,
    /// Cells, in the order of the columns.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table; the kind decides how it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Nothing is known.
    Empty,
    /// Words in the language of the pages.
    Text(String),
    /// A reference, hash or other code.
    Code(String),
    /// Values of closed lists, by their wire names.
    Words(Vec<String>),
    /// An instant.
    At(DateTime<Utc>),
    /// A legal day.
    Day(NaiveDate),
    /// Yes or no.
    Flag(bool),
    /// A position in the log.
    Position(Position),
}

/// A published text as it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// SHA-256 of its bytes, hex.
    pub hash: String,
    /// What it is.
    pub kind: TextKind,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Language>,
    /// When it was published, by the emitter's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<DateTime<Utc>>,
    /// The text; absent when only its hash is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What a published text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// A version of the policy.
    Policy,
    /// A consent text.
    Consent,
    /// A rule pack. Its body is not printed: it is attached.
    RulePack,
    /// Another one.
    Other,
}

/// A finding of the assessor about this person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingLine {
    /// Code, such as `F05`.
    pub code: String,
    /// What a finding of this code says.
    pub title: String,
    /// How grave it is.
    pub severity: Severity,
    /// From when it stands.
    pub at: DateTime<Utc>,
    /// Until when, if it was cured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cured_at: Option<DateTime<Utc>>,
    /// Events it rests on.
    pub positions: Vec<Position>,
    /// What it is about in this case; may be empty.
    pub text: String,
    /// Clauses and articles it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal: Option<String>,
    /// Rule pack and version that judged.
    pub rule_pack: String,
}

/// Somebody looked at the person's data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// When.
    pub at: DateTime<Utc>,
    /// Id of the token.
    pub viewer: String,
    /// Role of the token.
    pub role: Role,
    /// Why.
    pub purpose: AccessPurpose,
    /// Case it belonged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_ref: Option<String>,
    /// What was looked at.
    pub what: ViewedThing,
    /// Categories that were opened, by their wire names; none when empty.
    pub categories: Vec<String>,
    /// The event that says so.
    pub position: Position,
}

/// What the evidence rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProofSummary {
    /// Entries under the checkpoint.
    pub checkpoint_size: u64,
    /// Root of the tree, hex.
    pub checkpoint_root: String,
    /// The log's verifier key.
    pub verifier_key: String,
    /// Names of the keys that signed the checkpoint, the log's first.
    pub signatures: Vec<String>,
    /// The heads that the last revisions are proved against, if they were logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<HeadsCommitted>,
    /// Streams that are covered.
    pub streams: Vec<StreamCovered>,
    /// Time stamps (RFC 3161) over checkpoints.
    pub stamps: Vec<Stamp>,
    /// Attached files with their hashes; without the report and the manifest, which name these pages' own data.
    pub files: Vec<FileHash>,
}

/// A root over the heads of all streams, in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsCommitted {
    /// The event that says so.
    pub position: Position,
    /// Last position it takes account of.
    pub at_position: Position,
    /// The root, hex.
    pub root: String,
}

/// A stream and which part of it is attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCovered {
    /// Its name.
    pub stream: String,
    /// Which revisions, such as `0–41`, in digits.
    pub revisions: String,
    /// Whether it is claimed that nothing in between is left out. Cited streams claim nothing.
    pub complete: bool,
}

/// An RFC 3161 time stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Name of the authority.
    pub authority: String,
    /// The time it states.
    pub at: DateTime<Utc>,
    /// Entries under the stamped checkpoint.
    pub checkpoint_size: u64,
}

/// An attached file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// Its name inside the dossier.
    pub name: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}
