//! Where a document breaks its schema, as JSON pointers (RFC 6901).

use std::collections::BTreeSet;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

/// Pointers of all faults. A missing or superfluous member counts as the fault, not the object around it.
pub(crate) fn pointers(validator: &Validator, document: &Value) -> BTreeSet<String> {
    let mut pointers = BTreeSet::new();
    for error in validator.iter_errors(document) {
        let place = error.instance_path().to_string();
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                pointers.extend(property.as_str().map(|name| member(&place, name)));
            }
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                pointers.extend(unexpected.iter().map(|name| member(&place, name)));
            }
            _ => {
                pointers.insert(place);
            }
        }
    }
    pointers
}

fn member(place: &str, name: &str) -> String {
    format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_missing_and_a_superfluous_member_are_pointed_at_by_name() {
        let schema = json!({
            "properties": { "a": {
                "properties": { "n": { "type": "integer" } }, "required": ["m"], "additionalProperties": false,
            } },
        });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let found = pointers(&validator, &json!({ "a": { "n": "x", "y/z": 1 } }));
        assert_eq!(found, BTreeSet::from(["/a/m", "/a/n", "/a/y~1z"].map(String::from)));
    }
}
