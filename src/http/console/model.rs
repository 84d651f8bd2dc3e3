//! What a page of the console shows: plain values, ready to be laid out.
//!
//! Whoever fills these has decided what the reader may see. **A value that may not be seen is not in
//! here**: the types have no place for it, so no page can leak one. Types that can hold a personal value
//! have no `Debug`.

use chrono::{DateTime, Utc};
use subject_record_schemas::EventType;
use subject_record_schemas::personal::Personal;
use subject_record_schemas::vocabulary::{AccessPurpose, Language, PolicyAnswer, Role, SubjectKind};

use super::query::Query;

/// The page of one person, or of the search for one.
#[derive(Clone)]
pub(super) struct PersonPage {
    /// Who looks, and at what kind of log.
    pub(super) chrome: Chrome,
    /// What was asked; the search form shows it again.
    pub(super) query: Query,
    /// What came of it.
    pub(super) outcome: Outcome,
}

/// What surrounds every page of a signed-in reader.
#[derive(Clone, Debug)]
pub(super) struct Chrome {
    /// Id of the reader's token.
    pub(super) viewer: String,
    /// Its role.
    pub(super) role: Role,
    /// Purposes of access that are the role's, in the order of the form.
    pub(super) purposes: Vec<AccessPurpose>,
    /// Whether the log was opened as simulated. Every page of such a log says so.
    pub(super) simulated: bool,
    /// Whether the lists of findings and due dates are the role's.
    pub(super) audits: bool,
}

/// What came of a query.
#[derive(Clone)]
pub(super) enum Outcome {
    /// No person was named yet.
    NotAsked {
        /// People to begin with; a simulated log names some.
        examples: Vec<Example>,
    },
    /// No event names the person, at least not by the day asked for.
    NotFound,
    /// The query cannot be answered, and why, in the reader's language.
    Problem(String),
    /// The person.
    Person(Box<PersonView>),
}

/// A person whom the empty search page offers.
#[derive(Clone, Debug)]
pub(super) struct Example {
    /// Platform id.
    pub(super) subject: String,
    /// What the person's story shows.
    pub(super) note: String,
}

/// A person as the page shows them.
#[derive(Clone)]
pub(super) struct PersonView {
    /// Platform id.
    pub(super) id: String,
    /// Registered, erased or neither.
    pub(super) standing: StandingView,
    /// Full name, or an organisation's; `None` when none was ever recorded.
    pub(super) name: Option<Personal<MemberValue>>,
    /// The profile's values, in the order in which they are shown.
    pub(super) profile: Vec<ProfileRow>,
    /// Consents, those that run first.
    pub(super) consents: Vec<ConsentView>,
    /// Answers to the policy, newest first.
    pub(super) acceptances: Vec<AcceptanceView>,
    /// Events of this page of the timeline, in the order of [`Query::order`].
    pub(super) entries: Vec<EntryView>,
    /// Events of the whole timeline, on all its pages.
    pub(super) events_total: usize,
    /// Whether every event that is shown has been held against the rules.
    pub(super) findings_complete: bool,
    /// The next page of the timeline, if there is one.
    pub(super) next_href: Option<String>,
    /// Purpose of the access event that this look left behind; `None` when no personal value was opened.
    pub(super) looked: Option<AccessPurpose>,
}

/// Where a person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StandingView {
    /// Events name the person, but no registration.
    Unregistered,
    /// Registered.
    Registered {
        /// Person, entity or proprietor.
        kind: SubjectKind,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Erased.
    Erased {
        /// When that was decided.
        at: DateTime<Utc>,
    },
}

/// A personal member that its box gave up: shown, or masked for this reader.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum MemberValue {
    /// The value as text.
    Shown(String),
    /// There is one, and the reader does not see it.
    Masked {
        /// The same page with this member revealed, if the role may.
        reveal_href: Option<String>,
    },
}

/// A value of the profile.
#[derive(Clone)]
pub(super) struct ProfileRow {
    /// What it is, in the reader's language.
    pub(super) label: String,
    /// The value, or what became of it.
    pub(super) value: Personal<MemberValue>,
}

/// A personal member of an opened event.
#[derive(Clone)]
pub(super) struct MemberView {
    /// What it is, in the reader's language.
    pub(super) label: String,
    /// The value, shown or masked.
    pub(super) value: MemberValue,
}

/// A consent.
#[derive(Clone, Debug)]
pub(super) struct ConsentView {
    /// The platform's name for it.
    pub(super) id: String,
    /// What became of it by the moment shown.
    pub(super) state: ConsentStanding,
    /// Purposes, in the reader's language.
    pub(super) purposes: Vec<PurposeChip>,
    /// When it was given.
    pub(super) given_at: DateTime<Utc>,
    /// First instant at which its term has run out. Without one it runs until its purpose is achieved.
    pub(super) until: Option<DateTime<Utc>>,
    /// Whether third parties may get the data.
    pub(super) third_party: bool,
    /// Whether the data may leave the country.
    pub(super) cross_border: bool,
    /// Whether the data may be public.
    pub(super) public: bool,
}

/// A purpose of a consent.
#[derive(Clone, Debug)]
pub(super) struct PurposeChip {
    /// The purpose, in the reader's language.
    pub(super) label: String,
    /// Whether the consent still runs for it.
    pub(super) runs: bool,
}

/// What became of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConsentStanding {
    /// It runs.
    Running,
    /// Withdrawn for some purposes or kinds of use.
    PartlyWithdrawn,
    /// Withdrawn in full.
    Withdrawn,
    /// Its term ran out.
    Expired,
    /// Ended otherwise.
    Ended,
}

/// An answer to a policy version.
#[derive(Clone, Debug)]
pub(super) struct AcceptanceView {
    /// Version that was shown.
    pub(super) version: String,
    /// Language in which it was shown.
    pub(super) language: Language,
    /// What was answered.
    pub(super) answer: PolicyAnswer,
    /// When.
    pub(super) at: DateTime<Utc>,
    /// Where the text can be read, if it is stored.
    pub(super) text_href: Option<String>,
}

/// An event of the timeline.
#[derive(Clone)]
pub(super) struct EntryView {
    /// Position, as text.
    pub(super) position: String,
    /// Its type.
    pub(super) event_type: EventType,
    /// Name of the type, in the reader's language.
    pub(super) title: String,
    /// What happened, in one plain sentence. Holds no personal value.
    pub(super) sentence: String,
    /// When it happened, by the emitter's word.
    pub(super) occurred_at: DateTime<Utc>,
    /// When it was recorded.
    pub(super) recorded_at: DateTime<Utc>,
    /// Who acted, by reference.
    pub(super) actor: Option<String>,
    /// Which system reported it.
    pub(super) source: String,
    /// Its personal members: none, or one of four states.
    pub(super) personal: Option<Personal<Vec<MemberView>>>,
    /// What was found about it.
    pub(super) findings: Vec<FindingMark>,
}

/// A finding, as it stands beside the event that it is about.
#[derive(Clone, Debug)]
pub(super) struct FindingMark {
    /// Its code.
    pub(super) code: String,
    /// What it says, in the reader's language.
    pub(super) text: String,
    /// How grave it is: `violation`, `deadline` or `warning`.
    pub(super) severity: String,
    /// Until when it stood, if it was cured.
    pub(super) cured_at: Option<DateTime<Utc>>,
    /// Clauses and articles, as they are cited.
    pub(super) law: Vec<String>,
}

/// The page on which a reader shows a token.
#[derive(Clone, Debug)]
pub(super) struct SignInPage {
    /// Language of the page.
    pub(super) language: Language,
    /// Whether the log was opened as simulated.
    pub(super) simulated: bool,
    /// Why the last attempt failed, in the reader's language.
    pub(super) problem: Option<String>,
    /// Path and query to go to afterwards. The handler has checked that it stays within the console.
    pub(super) next: Option<String>,
}
