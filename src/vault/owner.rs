//! Whose a key is.

use sha2::{Digest, Sha256};
use subject_record_schemas::StreamName;

/// Who a key belongs to: a person, or one event of a stream that is no person's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyOwner(pub(super) String);

impl KeyOwner {
    /// The owner of the key for an event's box: the person for `subject-` streams, the event alone for
    /// `policy` and `office`, so that one box can be destroyed without another.
    #[must_use]
    pub fn of(stream: &StreamName, source: &str, id: &str) -> Self {
        match stream {
            StreamName::Subject(_) => Self(stream.to_string()),
            StreamName::Access(_) | StreamName::Policy | StreamName::Office => {
                let hash = Sha256::new().chain_update(source).chain_update([0]).chain_update(id).finalize();
                Self(format!("event-{}", hex::encode(hash)))
            }
        }
    }

    /// The owner of a person's keys.
    #[must_use]
    pub fn person(stream: &StreamName) -> Self {
        Self(stream.to_string())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
