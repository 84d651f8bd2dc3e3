//! Schemas of rules and working days.

use serde_json::{Value, json};

use super::{instant, list, named, object, said};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let flag = |text: &str| json!({ "type": "boolean", "description": text });
    let count = |text: &str| json!({ "type": "integer", "minimum": 0, "description": text });
    let day = |text: &str| json!({ "type": "string", "format": "date", "description": text });
    let origin = [
        ("origin", json!({ "enum": ["built_in", "published"] })),
        ("published_at?", instant("When, if it was published.")),
        ("position?", said("The event that published it.")),
    ];
    let with_origin = |members: &[(&'static str, Value)]| [members, origin.as_slice()].concat();
    let pack = with_origin(&[
        ("name", said("Name and version, as due dates and findings name it.")),
        ("in_force", flag("Whether facts are judged by it now.")),
        ("effective_at", instant("From when its rules hold.")),
        ("text_hash?", said("SHA-256 of its text, if it was published.")),
    ]);
    let calendar = with_origin(&[
        ("year", json!({ "type": "integer" })),
        ("version", said("Version of that year's table.")),
        ("counts", flag("Whether days are counted by it: the last one of a year is.")),
        ("days_off", count("Days off other than Saturdays and Sundays.")),
        ("extra_working", count("Saturdays and Sundays that are worked.")),
    ]);
    let version = [
        ("pack_id", named("Reference")),
        ("version", named("Reference")),
        ("text_hash", said("SHA-256 of its text.")),
    ];
    let unread = [version.as_slice(), &[("why", said("What is wrong with its text."))]].concat();
    let rules = [
        ("simulated", flag("Whether the log was opened as simulated.")),
        ("today", day("The day in Kazakhstan.")),
        ("pack", named("RulePack")),
        ("packs", list(&named("RulePack"))),
        (
            "unread_packs",
            list(&object(
                "A published pack by which nothing is judged, since its text does not read.",
                &unread,
            )),
        ),
        ("calendars", list(&named("WorkCalendar"))),
        ("last_covered_day", day("Last day up to which working days are known without a gap.")),
        (
            "days_left",
            json!({ "type": "integer", "description": "Days from today to that day; below 0 when it is past." }),
        ),
    ];
    let of_event = [
        ("effective_at", instant("From when its rules hold.")),
        ("supersedes?", named("Reference")),
        ("position", said("The event.")),
        ("recorded_at", instant("When it was stored.")),
        ("seen_before", flag("Whether the same text was published before.")),
    ];
    vec![
        ("RulePack", object("A rule pack.", &pack)),
        ("WorkCalendar", object("A table of the working days of a year.", &calendar)),
        ("Rules", object("Rules and working days in force.", &rules)),
        (
            "RulesPublished",
            object("A rule pack that is published.", &[version.as_slice(), &of_event].concat()),
        ),
    ]
}
