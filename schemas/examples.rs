//! One valid and several invalid example documents a type: used by tests and shown in the OpenAPI document.
//!
//! A file `examples/<wire name>.json` holds the valid document and, for each invalid one, why it is refused,
//! a JSON merge patch (RFC 7396) that spoils the valid one, and the JSON pointer of the expected fault.

use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::EventType;

/// Example documents of one type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// A document that intake takes.
    pub valid: Value,
    /// Documents that intake refuses.
    pub invalid: Vec<InvalidExample>,
}

/// A document that intake refuses, as a patch of the valid one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvalidExample {
    /// What is wrong with it.
    pub why: String,
    /// JSON pointer of the fault.
    pub pointer: String,
    /// JSON merge patch that spoils the valid document.
    pub patch: Value,
}

impl Examples {
    /// The examples of a type.
    ///
    /// # Errors
    /// When the checked-in file is no such document; a test reads them all.
    pub fn of(event_type: EventType) -> Result<Self, serde_json::Error> {
        serde_json::from_str(event_type.examples_text())
    }

    /// The invalid documents, whole, each with its description.
    #[must_use]
    pub fn invalid_documents(&self) -> Vec<(&InvalidExample, Value)> {
        self.invalid.iter().map(|example| (example, merge(self.valid.clone(), &example.patch))).collect()
    }
}

/// JSON merge patch (RFC 7396, section 2).
fn merge(target: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut members = match target {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            let old = members.remove(name).unwrap_or(Value::Null);
            members.insert(name.clone(), merge(old, change));
        }
    }
    Value::Object(members)
}
