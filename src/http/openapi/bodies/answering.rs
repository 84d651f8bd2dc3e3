//! Schemas of rows, of published versions, of decisions and of a person's own copy.

use serde_json::{Value, json};
use subject_record_schemas::vocabulary::{AccessPurpose, DataCategory, Language, Purpose, Role, ViewedThing};

use super::{instant, list, named, object, of, said};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    rows().into_iter().chain(policies()).chain(decisions()).chain(copies()).collect()
}

fn flag(text: &str) -> Value {
    json!({ "type": "boolean", "description": text })
}

fn any(text: &str) -> Value {
    json!({ "type": "object", "description": text })
}

fn maybe_instant(text: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "date-time", "description": text })
}

fn rows() -> Vec<(&'static str, Value)> {
    let rows = [
        ("as_of", instant("The moment whose state is shown.")),
        ("known_at", said("The last position that is taken into account: never more than the rows know.")),
        ("simulated", flag("Whether the log was opened as simulated.")),
        ("rows", list(&named("Row"))),
        (
            "next",
            json!({ "type": ["string", "null"], "description": "Cursor of the next page; null on the last." }),
        ),
    ];
    let row = json!({
        "type": "object",
        "description": "A row. One of history or accesses is an event, with its `position` and leaf hash. Every other \
                        one says whose it is, since when it holds (`holds_from`, `holds_until`) and by which event that \
                        is known (`known_from`); one of findings names its evidence (`evidence_events`).",
        "properties": {
            "subject": { "type": ["string", "null"], "description": "The person's id, policy or office." },
        },
        "required": ["subject"],
    });
    vec![("Rows", object("A page of rows.", &rows)), ("Row", row)]
}

fn policies() -> Vec<(&'static str, Value)> {
    let text = [
        ("language", of::<Language>()),
        ("text_hash", said("SHA-256 of its bytes: read it at /v1/texts/{sha256}.")),
        ("kept", flag("Whether the text itself is kept here.")),
        ("posted_at", instant("When it was posted.")),
        ("effective_from", instant("From when it is in force.")),
        ("withdrawn_at", maybe_instant("When it was taken down.")),
        ("position", said("The event that published it, as it was told last.")),
    ];
    let version = [
        ("version", named("Reference")),
        ("posted_at", instant("When its first text was posted.")),
        ("effective_from", instant("From when its first text is in force.")),
        ("withdrawn_at", maybe_instant("When its last text was taken down, if all are.")),
        ("in_force", flag("Whether it is in force at the moment that was asked about.")),
        ("supersedes", list(&named("Reference"))),
        ("new_purposes", list(&of::<Purpose>())),
        ("new_categories", list(&of::<DataCategory>())),
        ("new_recipients", list(&named("Reference"))),
        ("new_countries", list(&json!({ "type": "string" }))),
        ("texts", list(&named("PolicyText"))),
    ];
    let at = || ("at", instant("The moment that was asked about."));
    let part = [("text", said("Words.")), ("changed", flag("Whether the other text has other words here."))];
    let number = |text: &str| json!({ "type": "integer", "minimum": 1, "description": text });
    let line = [
        ("change", json!({ "enum": ["same", "removed", "added"] })),
        ("old_line?", number("Its number in the older text.")),
        ("new_line?", number("Its number in the newer text.")),
        ("parts", list(&object("Words of a line.", &part))),
    ];
    let hunk = [("lines", list(&object("A line of one text or of both.", &line)))];
    let difference = [
        ("from", named("Reference")),
        ("to", named("Reference")),
        ("language", of::<Language>()),
        ("old_hash", said("SHA-256 of the older text.")),
        ("new_hash", said("SHA-256 of the newer text.")),
        ("hunks", list(&object("A place where two texts differ.", &hunk))),
    ];
    let consent_texts =
        list(&any("What the text says of itself, as its event told, with `at`, `position` and `kept`."));
    let in_force = json!({ "anyOf": [named("PolicyVersion"), { "type": "null" }] });
    vec![
        ("PolicyText", object("A text of a version.", &text)),
        ("PolicyVersion", object("A version of the policy.", &version)),
        ("PolicyVersions", object("Every version.", &[at(), ("versions", list(&named("PolicyVersion")))])),
        ("PolicyInForce", object("The version in force.", &[at(), ("in_force", in_force)])),
        ("PolicyDifference", object("What is different between two texts.", &difference)),
        ("ConsentTexts", object("Published consent texts.", &[at(), ("consent_texts", consent_texts)])),
    ]
}

fn decisions() -> Vec<(&'static str, Value)> {
    let id = said("The platform's id of the person.");
    let question = json!({
        "type": "object",
        "description": "One of `processing` (purpose, categories, action, basis), `message` (class, channel, \
                        template_class, consent_id) and `disclosure` (recipient_id, country, purpose, categories, \
                        ground, ground_ref, law_article, cross_border_ground).",
        "properties": {
            "processing": { "type": "object", "required": ["purpose", "categories"] },
            "message": { "type": "object", "required": ["class", "channel"] },
            "disclosure": { "type": "object", "required": ["recipient_id", "country", "purpose", "categories"] },
        },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    });
    let request = [
        ("question", question),
        ("subject?", id.clone()),
        ("subjects?", json!({ "type": "array", "items": id, "minItems": 1, "maxItems": 1000 })),
        ("as_of?", said("What had happened by then: an instant, or a day in Kazakhstan.")),
        ("known_at?", said("What was recorded by then: an instant, a day in Kazakhstan, or a position.")),
    ];
    let ground = any("What carries it: clause, articles, the consent, agreement or request, and events.");
    let objection = any(
        "What speaks against it: finding, severity, clauses, articles, events, and what would make it lawful.",
    );
    let decision = [
        ("subject", said("The person.")),
        ("known", flag("Whether anything was recorded of the person.")),
        ("allowed", json!({ "enum": ["yes", "with_warnings", "no"] })),
        ("grounds", list(&ground)),
        ("objections", list(&objection)),
        ("as_of", instant("The moment that was decided about.")),
        ("known_at", said("The last position that was taken into account.")),
        ("policy_in_force", list(&any("A text of the policy in force then."))),
        ("rule_pack", said("Rule pack by which it was decided.")),
    ];
    vec![
        ("DecisionRequest", object("A question about people.", &request)),
        ("Decision", object("The answer about one person.", &decision)),
        ("Decisions", object("One answer a person.", &[("decisions", list(&named("Decision")))])),
    ]
}

fn copies() -> Vec<(&'static str, Value)> {
    let look = [
        ("at", instant("When.")),
        ("role", of::<Role>()),
        ("purpose", of::<AccessPurpose>()),
        ("what", of::<ViewedThing>()),
        ("categories", list(&of::<DataCategory>())),
    ];
    let by_name = |text: &str| any(&format!("{text}, by the platform's names for them."));
    let rows = |text: &str| list(&any(text));
    let copy = [
        ("form", json!({ "const": "subject-record.copy.v1" })),
        ("subject", said("The person's id.")),
        ("simulated", flag("Whether the log was opened as simulated.")),
        ("operator", any("Name, BIN and address of the operator.")),
        ("as_of", instant("The moment whose state is shown.")),
        ("known_at", said("The last position that is taken into account.")),
        ("made_at", instant("When the copy was made.")),
        ("standing", any("Where the person stands.")),
        ("profile", json!({ "type": "object", "additionalProperties": named("Member") })),
        ("unopened", rows("A personal part of the profile that was not opened.")),
        ("timeline", rows("An event, in a sentence, without its revision and actor.")),
        ("consents", json!({ "type": "object", "additionalProperties": named("Consent") })),
        ("acceptances", rows("An answer to the policy.")),
        ("disclosures", rows("What was passed on.")),
        ("deadlines", rows("What is due.")),
        ("requests", by_name("Requests of the person")),
        ("agreements", by_name("Agreements")),
        ("representations", by_name("Authorities to act for the person")),
        ("restrictions", by_name("Blocks and legal holds")),
        ("disputes", by_name("Disputes")),
        ("state_requests", by_name("Requests of state bodies")),
        ("consultations", list(&object("A look at the person.", &look))),
        ("findings?", rows("A finding; in an auditor's copy.")),
        ("page?", said("The copy as a page of HTML, if it was asked for.")),
    ];
    vec![("Copy", object("A person's own copy.", &copy))]
}
