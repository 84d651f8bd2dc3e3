//! Old shapes of data to new ones: pure steps of one version each, chained.
//!
//! Stored bytes are never rewritten. A reader that meets `noun.past_tense.v1` and knows `.v2` upcasts what it
//! parsed, step by step, and folds the newest shape.

use serde_json::{Map, Value};

/// Members of an event's data.
pub type Data = Map<String, Value>;

/// One step: from a version of a type to the next.
#[derive(Clone, Copy, Debug)]
pub struct Upcaster {
    /// Wire name it reads.
    pub from: &'static str,
    /// Wire name it gives: the same words, one version higher.
    pub to: &'static str,
    /// The change of shape. Total and pure: it never fails and asks nobody.
    pub apply: fn(Data) -> Data,
}

/// The steps this build knows. None yet: every type is at its first version.
pub const UPCASTERS: &[Upcaster] = &[];

/// Takes data of `wire_name` as many steps up as `steps` has for it.
#[must_use]
pub fn upcast<'a>(steps: &'a [Upcaster], mut wire_name: &'a str, mut data: Data) -> (&'a str, Data) {
    while let Some(step) = steps.iter().find(|step| step.from == wire_name) {
        data = (step.apply)(data);
        wire_name = step.to;
    }
    (wire_name, data)
}

/// Whether every step goes from one version of a type to the next of the same type, and none twice.
#[must_use]
pub fn well_formed(steps: &[Upcaster]) -> bool {
    let version = |name: &str| {
        name.rsplit_once(".v").and_then(|(words, v)| Some((words.to_owned(), v.parse::<u32>().ok()?)))
    };
    steps.iter().enumerate().all(|(i, step)| {
        let one_up = match (version(step.from), version(step.to)) {
            (Some((from, v)), Some((to, w))) => from == to && w == v + 1,
            _ => false,
        };
        one_up && steps[..i].iter().all(|other| other.from != step.from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A type for tests only: v2 splits a name, v3 adds a language.
    const STEPS: &[Upcaster] = &[
        Upcaster {
            from: "lamp.lit.v1",
            to: "lamp.lit.v2",
            apply: |mut data| {
                if let Some(colour) = data.remove("color") {
                    data.insert("colour".into(), colour);
                }
                data
            },
        },
        Upcaster {
            from: "lamp.lit.v2",
            to: "lamp.lit.v3",
            apply: |mut data| {
                data.entry("brightness").or_insert(json!("full"));
                data
            },
        },
    ];

    fn members(value: Value) -> Data {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn an_old_event_climbs_every_step_to_the_newest_version() {
        let (name, data) = upcast(STEPS, "lamp.lit.v1", members(json!({ "color": "red" })));
        assert_eq!(
            (name, Value::Object(data)),
            ("lamp.lit.v3", json!({ "colour": "red", "brightness": "full" }))
        );
    }

    #[test]
    fn the_newest_version_is_left_alone() {
        let newest = members(json!({ "colour": "red", "brightness": "dim" }));
        assert_eq!(upcast(STEPS, "lamp.lit.v3", newest.clone()), ("lamp.lit.v3", newest));
    }

    #[test]
    fn steps_go_one_version_up_and_never_fork() {
        assert!(well_formed(UPCASTERS));
        assert!(well_formed(STEPS));
        let jump = Upcaster { from: "lamp.lit.v1", to: "lamp.lit.v3", apply: |data| data };
        assert!(!well_formed(&[jump]));
        assert!(!well_formed(&[STEPS[0], STEPS[0]]));
    }
}
