//! Read model `profile`: where a person stands, and which sealed boxes hold their values. Never a value itself.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use subject_record_schemas::vocabulary::{
    AgreementState, AuthorityScope, DataCategory, DuplicateReason, Language, ProfileField,
    RepresentationKind, RestrictionKind, SubjectKind,
};
use subject_record_schemas::{Fact, Position, Reference, SubjectId};

use crate::assessor::Step;
use crate::subject::{Person, Standing};
use crate::table::{Cell, Column, ReadRow, Shape, Table};
use crate::versions::Draft;

/// Table of the read model.
pub static PROFILE: Table = Table {
    name: "profile",
    shape: Shape::Versions,
    columns: &[
        Column::indexed_text("standing"),
        Column::text("kind"),
        Column::text("language"),
        Column::flags("restrictions", RESTRICTIONS),
    ],
};

/// Kinds of restriction, as words of a set.
const RESTRICTIONS: &[&str] = &["block", "legal_hold"];

/// A stream has one profile.
const KEY: &str = "profile";

/// Where a person stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProfileRow {
    /// `unregistered`, `registered` or `erased`.
    pub standing: &'static str,
    /// Person, entity or proprietor; absent before registration and after erasure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<SubjectKind>,
    /// Language of the registration form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// When the first event about the person happened.
    pub since: DateTime<Utc>,
    /// When the person registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<DateTime<Utc>>,
    /// When it was decided to erase the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<DateTime<Utc>>,
    /// Boxes that hold the profile's values, oldest first: a later value replaces an earlier.
    pub boxes: Vec<ProfileBox>,
    /// Other ids of the same person. Their histories stay apart.
    pub duplicates: Vec<Duplicate>,
    /// Who may act for the person.
    pub representatives: Vec<Representative>,
    /// Agreements that are live.
    pub live_agreements: Vec<Reference>,
    /// Blocks and legal holds that stand.
    pub restrictions: Vec<Standstill>,
}

/// A sealed box of the profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProfileBox {
    /// The event whose box it is.
    pub position: Position,
    /// The value that it holds, if it is a change of one (E14).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<ProfileField>,
}

/// Another id of the same person (E12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// That id.
    pub subject: SubjectId,
    /// By what it was found.
    pub reason: DuplicateReason,
    /// The event.
    pub position: Position,
}

/// Who may act for a person (E09), as recorded last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Representative {
    /// The platform's name for the representation.
    pub representation_id: Reference,
    /// Who acts.
    pub representative: SubjectId,
    /// By what.
    pub kind: RepresentationKind,
    /// What they may do.
    pub scope: Vec<AuthorityScope>,
    /// First day of the authority.
    pub valid_from: NaiveDate,
    /// Last day, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<NaiveDate>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// The event.
    pub position: Position,
}

/// A block or a legal hold that stands (E36).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standstill {
    /// The platform's name for it.
    pub restriction_id: Reference,
    /// Which of the two.
    pub kind: RestrictionKind,
    /// Categories it covers; empty for all.
    pub categories: Vec<DataCategory>,
    /// When it was set.
    pub since: DateTime<Utc>,
    /// The event.
    pub position: Position,
}

impl ProfileRow {
    /// Of a person after the last event.
    fn of(person: &Person, since: DateTime<Utc>) -> Self {
        let dealings = &person.dealings;
        let (standing, kind, language, erased_at) = match &person.standing {
            Standing::Unregistered => ("unregistered", None, None, None),
            Standing::Registered { kind, language, .. } => ("registered", Some(*kind), Some(*language), None),
            Standing::Erased { at } => ("erased", None, None, Some(*at)),
        };
        let boxes = person.profile_boxes.iter().map(|position| ProfileBox {
            position: *position,
            field: person.box_fields.get(position).copied(),
        });
        let duplicates = dealings.duplicates.iter().map(|(subject, (reason, told))| Duplicate {
            subject: subject.clone(),
            reason: reason.clone(),
            position: told.position,
        });
        let representatives = dealings.representations.iter().map(|(id, held)| Representative {
            representation_id: id.clone(),
            representative: held.recorded.representative.clone(),
            kind: held.recorded.kind.clone(),
            scope: held.recorded.scope.clone(),
            valid_from: held.recorded.valid_from,
            valid_until: held.recorded.valid_until,
            revoked_at: held.recorded.revoked_at,
            position: held.told.position,
        });
        let live = dealings.agreements.iter().filter(|(_, held)| held.state == AgreementState::Live);
        let standing_still = dealings.restrictions.iter().filter(|(_, held)| held.lifted.is_none());
        let restrictions = standing_still.map(|(id, held)| Standstill {
            restriction_id: id.clone(),
            kind: held.kind,
            categories: held.categories.clone(),
            since: held.set.at,
            position: held.set.position,
        });
        Self {
            standing,
            kind,
            language,
            since,
            registered_at: person.registered_at,
            erased_at,
            boxes: boxes.collect(),
            duplicates: duplicates.collect(),
            representatives: representatives.collect(),
            live_agreements: live.map(|(id, _)| id.clone()).collect(),
            restrictions: restrictions.collect(),
        }
    }
}

impl ReadRow for ProfileRow {
    const TABLE: &'static Table = &PROFILE;

    fn key(&self) -> String {
        KEY.to_owned()
    }

    fn at(&self) -> DateTime<Utc> {
        self.since
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.standing),
            Cell::maybe(self.kind.map(|kind| kind.to_string())),
            Cell::maybe(self.language.map(|language| language.to_string())),
            Cell::set(RESTRICTIONS, self.restrictions.iter().map(|held| &held.kind)),
        ]
    }
}

/// Rows that an event changes.
pub(crate) fn project(step: &Step<'_>, draft: &mut Draft<'_>) {
    let known = draft.at(&PROFILE, KEY, step.at).map(|row| row.at);
    if known.is_some() && !changes(&step.event.fact) {
        return;
    }
    let since = known.unwrap_or(step.at);
    draft.set(step.at, ProfileRow::of(step.person, since).row());
}

/// Whether an event of this kind changes a profile.
const fn changes(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::SubjectRegistered(_)
            | Fact::ProfileChanged(_)
            | Fact::DuplicateLinked(_)
            | Fact::RepresentationRecorded(_)
            | Fact::AgreementChanged(_)
            | Fact::RestrictionChanged(_)
            | Fact::ErasureDecided(_)
    )
}

#[cfg(test)]
mod tests;
