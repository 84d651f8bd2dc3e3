//! Schemas of projections.

use serde_json::{Value, json};

use super::{instant, list, named, object, said};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let count = |text: &str| json!({ "type": "integer", "minimum": 0, "description": text });
    let name = json!({ "enum": ["history", "people"], "description": "Name of the projection." });
    let position = || said("A position of the log: opaque, ordered.");
    let stop = [
        ("position", said("The event that it cannot handle, or after which nothing fits.")),
        ("cause", said("Why.")),
    ];
    let rebuilding = [
        ("done", count("Number of the position that it has reached.")),
        ("total", count("Number of the position that it has to reach.")),
    ];
    let status = [
        ("projection", name.clone()),
        ("models", list(&said("A read model."))),
        ("position", said("The last event whose rows are written.")),
        ("head", said("The last event that there is.")),
        ("lag_events", count("Events between the two.")),
        ("last_advanced_at?", instant("When rows were written last.")),
        ("last_advanced_seconds?", json!({ "type": "number", "description": "Seconds since then." })),
        ("stopped?", object("Where it stands, if it does, until it is resumed.", &stop)),
        ("trouble?", said("Why it does not get on just now; it is tried again by itself.")),
        ("rebuilding?", object("How far a rebuild is, while one is under way.", &rebuilding)),
        ("rebuild_failed?", said("Why the last rebuild did not take the place of the live rows.")),
    ];
    let digest = [
        ("table", said("The read model.")),
        ("digest", said("SHA-256 over its rows as known at that position, 64 hexadecimal digits.")),
    ];
    let digests = [
        ("projection", name),
        ("position", position()),
        ("digests", list(&object("Digest of a read model.", &digest))),
    ];
    vec![
        ("Projection", object("How a projection stands.", &status)),
        ("Projections", object("How all projections stand.", &[("projections", list(&named("Projection")))])),
        ("Digests", object("Digests of the read models of a projection.", &digests)),
    ]
}
