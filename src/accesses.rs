//! Looks at a person: each is an event in `access-<id>` before the first byte of the answer is sent.

use std::sync::Arc;

use subject_record_schemas::types::access::RecordViewed;
use subject_record_schemas::vocabulary::{AccessPurpose, DataCategory, Role, ViewedThing};
use subject_record_schemas::{Reference, StreamName, SubjectId};

use crate::caller::{Caller, TokenId};
use crate::intake::{Intake, Refusal};
use crate::store::ExpectedRevision;

/// Why somebody looks, as the request said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Purpose, of a closed list.
    pub purpose: AccessPurpose,
    /// The case it belongs to.
    pub case_ref: Option<Reference>,
}

/// A purpose that does not read, or is not the role's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Not `purpose` or `purpose; case="reference"`.
    #[error("the purpose of access reads: support; case=\"T-1042\" (the case is optional)")]
    Malformed,
    /// No such purpose.
    #[error(
        "a purpose of access is support, subject_request, claim, audit, regulator, court, incident or verification"
    )]
    Unknown,
    /// Not a purpose of this role.
    #[error("this purpose of access is not one of the token's role")]
    NotOfRole,
}

impl Access {
    /// Reads a purpose and its case: `support; case="T-1042"`.
    ///
    /// # Errors
    /// [`AccessError::Malformed`] or [`AccessError::Unknown`].
    pub fn parse(text: &str) -> Result<Self, AccessError> {
        let (purpose, parameters) = text.split_once(';').map_or((text, None), |(p, rest)| (p, Some(rest)));
        let purpose = purpose.trim().parse().map_err(|_| AccessError::Unknown)?;
        let case_ref = match parameters {
            None => None,
            Some(parameters) => {
                let quoted = parameters.trim().strip_prefix("case=").ok_or(AccessError::Malformed)?;
                let case = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted);
                Some(Reference::parse(case).map_err(|_| AccessError::Malformed)?)
            }
        };
        Ok(Self { purpose, case_ref })
    }

    /// Whether a role may open values for this purpose.
    ///
    /// # Errors
    /// [`AccessError::NotOfRole`] when it may not.
    pub fn allowed_to(self, role: Role) -> Result<Self, AccessError> {
        let outside =
            matches!(self.purpose, AccessPurpose::Audit | AccessPurpose::Regulator | AccessPurpose::Court);
        let allowed = match role {
            Role::Officer => true,
            Role::Auditor => outside,
            Role::Support => !outside,
            Role::Emitter | Role::Operator => false,
        };
        if allowed { Ok(self) } else { Err(AccessError::NotOfRole) }
    }
}

/// Records looks.
#[derive(Debug)]
pub struct Accesses {
    intake: Arc<Intake>,
}

impl Accesses {
    /// Records through intake.
    #[must_use]
    pub fn new(intake: Arc<Intake>) -> Self {
        Self { intake }
    }

    /// Records that a caller is about to see these members of a person.
    ///
    /// # Errors
    /// When it could not be recorded: then nothing may be answered.
    pub async fn record(
        &self,
        caller: &Caller,
        subject: &SubjectId,
        members: &[String],
        what: ViewedThing,
        access: &Access,
    ) -> Result<(), Refusal> {
        self.record_group(caller, std::slice::from_ref(subject), members, what, access).await
    }

    /// Records that a caller is about to see these members of several people, one look each.
    ///
    /// # Errors
    /// When one could not be recorded: then nothing may be answered, of any of them.
    pub async fn record_group(
        &self,
        caller: &Caller,
        subjects: &[SubjectId],
        members: &[String],
        what: ViewedThing,
        access: &Access,
    ) -> Result<(), Refusal> {
        let mut categories: Vec<_> = members.iter().filter_map(|member| category_of(member)).collect();
        categories.sort();
        categories.dedup();
        let data = RecordViewed {
            viewer: Reference::parse(caller.token.as_str()).map_err(|_| Refusal::Store)?,
            role: caller.role,
            categories,
            what,
            purpose: access.purpose,
            case_ref: access.case_ref.clone(),
        };
        let now = self.intake.clock().now();
        let look = |subject: &SubjectId| {
            let stream = StreamName::Access(subject.clone());
            self.intake.own_event(self.intake.own_id()?, stream, now, Some(&caller.token), &data)
        };
        let looks = subjects.iter().map(look).collect::<Result<Vec<_>, _>>()?;
        let recorded = self.intake.record_each(&TokenId::service(), &looks, ExpectedRevision::Any).await;
        recorded.into_iter().try_for_each(|recorded| recorded.map(drop))
    }
}

/// The category of data that a personal member belongs to. One outside the list of clause 2.3 goes by its name.
fn category_of(member: &str) -> Option<DataCategory> {
    let listed = serde_json::from_value(serde_json::Value::from(member)).ok();
    listed.or_else(|| Reference::parse(member).ok().map(DataCategory::Unlisted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_reads_with_and_without_its_case() {
        let read = Access::parse("support; case=\"T-1042\"").unwrap();
        assert_eq!((read.purpose, read.case_ref.unwrap().as_str()), (AccessPurpose::Support, "T-1042"));
        assert_eq!(Access::parse("court").unwrap().case_ref, None);
        assert_eq!(Access::parse("curiosity"), Err(AccessError::Unknown));
        assert_eq!(Access::parse("support; ticket=1"), Err(AccessError::Malformed));
        assert_eq!(
            Access::parse("support; case=\"880315100011\""),
            Err(AccessError::Malformed),
            "an IIN is no case"
        );
    }

    #[test]
    fn support_does_not_look_in_the_name_of_a_court() {
        let court = Access::parse("court").unwrap();
        assert_eq!(court.clone().allowed_to(Role::Support), Err(AccessError::NotOfRole));
        assert_eq!(court.clone().allowed_to(Role::Emitter), Err(AccessError::NotOfRole));
        assert!(court.allowed_to(Role::Auditor).is_ok());
    }

    #[test]
    fn members_count_as_their_category() {
        assert_eq!(category_of("iin"), Some(DataCategory::Iin));
        assert!(matches!(category_of("officer"), Some(DataCategory::Unlisted(_))));
    }
}
