//! Schemas of the bodies that the door itself takes and answers.

mod answering;
mod projections;
mod rules;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use subject_record_schemas::vocabulary::{
    DataCategory, ErasureBasis, EvidenceStrength, GivenBy, Language, PolicyAnswer, Purpose, Role, SubjectKind,
};

use crate::error;

/// All of them by name.
pub(super) fn all() -> impl Iterator<Item = (&'static str, Value)> {
    appending()
        .into_iter()
        .chain(reading())
        .chain(governing())
        .chain(rules::all())
        .chain(answering::all())
        .chain(projections::all())
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn said(text: &str) -> Value {
    json!({ "type": "string", "description": text })
}

fn instant(text: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": text })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// An object whose members are all there but those whose name ends in a question mark.
fn object(description: &str, members: &[(&str, Value)]) -> Value {
    let name = |name: &str| name.trim_end_matches('?').to_owned();
    let properties: Map<_, _> = members.iter().map(|(n, schema)| (name(n), schema.clone())).collect();
    let required: Vec<_> = members.iter().map(|(n, _)| *n).filter(|n| !n.ends_with('?')).collect();
    json!({ "type": "object", "description": description, "properties": properties, "required": required })
}

fn appending() -> Vec<(&'static str, Value)> {
    let status =
        |text: &str| json!({ "type": "integer", "minimum": 200, "maximum": 599, "description": text });
    let receipt = [
        ("status", status("201 appended, 200 seen before.")),
        ("stream", said("Its stream.")),
        ("revision", said("Its place in the stream, from 0.")),
        ("position", said("Its place in the log: opaque, ordered.")),
        ("leaf_hash", said("SHA-256(0x00 ‖ stored bytes), 64 hexadecimal digits (RFC 6962).")),
        ("recorded_at", instant("When it was stored.")),
        ("stream_revision", said("Where the stream ends now.")),
        (
            "proof?",
            said("Asked for with `Prefer: wait`: that the event stands in the log (C2SP tlog-proof)."),
        ),
        ("dry_run?", json!({ "const": true })),
        ("would_record?", json!({ "type": "boolean", "description": "In a dry run." })),
        ("source?", said("In a batch and on a line.")),
        ("id?", said("In a batch and on a line.")),
        ("line?", json!({ "type": "integer", "description": "On a line: its number, from 1." })),
    ];
    let would = [
        ("status", json!({ "const": 200 })),
        ("dry_run", json!({ "const": true })),
        ("would_record", json!({ "const": true })),
    ];
    let codes: Vec<_> = error::ALL.iter().map(|code| code.word).collect();
    let problem = [
        ("type", said("urn:subject-record:problem:<code>")),
        ("title", said("What the code means.")),
        ("status", status("The status of HTTP.")),
        (
            "code",
            json!({ "type": "string", "enum": codes, "description": "Stable; never changes its meaning." }),
        ),
        ("advice", said("What the caller can do.")),
        ("detail?", said("What was wrong this time. Never repeats a value.")),
        ("errors?", list(&named("Fault"))),
        (
            "actual?",
            json!({ "type": ["string", "null"], "description": "With stream.wrong_revision: where the stream ends, null for no event." }),
        ),
        ("source?", json!({ "type": ["string", "null"], "description": "In a batch and on a line." })),
        ("id?", json!({ "type": ["string", "null"], "description": "In a batch and on a line." })),
        ("line?", json!({ "type": "integer", "description": "On a line: its number, from 1." })),
    ];
    let fault = [
        ("pointer", said("JSON pointer (RFC 6901) to what is at fault.")),
        ("detail", said("What it should be.")),
    ];
    vec![
        ("EventBatch", json!({ "type": "array", "items": named("Event"), "minItems": 1 })),
        ("Receipt", object("Where an event stands.", &receipt)),
        ("WouldRecord", object("A dry run found nothing against it.", &would)),
        (
            "Result",
            json!({ "description": "What became of one event of many.", "anyOf": [named("Receipt"), named("WouldRecord"), named("Problem")] }),
        ),
        ("Results", object("One result an event, in their order.", &[("results", list(&named("Result")))])),
        ("DryRun", object("An atomic batch would be recorded.", &[("dry_run", json!({ "const": true }))])),
        (
            "AppendAnswer",
            json!({ "anyOf": [named("Receipt"), named("WouldRecord"), named("Results"), named("DryRun")] }),
        ),
        ("Problem", object("A refusal (RFC 9457).", &problem)),
        ("Fault", object("One fault of a document. All are listed.", &fault)),
        ("Text", json!({ "type": "string" })),
        ("Bytes", json!({ "type": "string", "format": "binary" })),
    ]
}

fn reading() -> Vec<(&'static str, Value)> {
    let flag = json!({ "type": "boolean" });
    let positions = list(&json!({ "type": "string" }));
    let simulated = json!({ "type": "boolean", "description": "Whether the log was opened as simulated." });
    let next =
        json!({ "type": ["string", "null"], "description": "Cursor of the next page; null on the last." });
    let state = json!({ "enum": ["registered", "unregistered", "erased"] });
    let text = [
        ("text_id", named("Reference")),
        ("version", named("Reference")),
        ("text_hash", said("SHA-256 of its bytes.")),
    ];
    let consent = [
        (
            "state",
            json!({ "enum": ["given", "withdrawn", "expired", "purpose_achieved", "invalidated", "revoked", "ended"] }),
        ),
        ("text", object("The text that was shown.", &text)),
        ("purposes", list(&of::<Purpose>())),
        ("purposes_kept", list(&of::<Purpose>())),
        ("categories", list(&of::<DataCategory>())),
        ("recipients", list(&named("Reference"))),
        ("third_party", flag.clone()),
        ("cross_border", flag.clone()),
        ("countries", list(&json!({ "type": "string" }))),
        ("public", flag),
        ("by", of::<GivenBy>()),
        ("strength", of::<EvidenceStrength>()),
        ("given_at", instant("When it was given.")),
        (
            "until",
            json!({ "type": ["string", "null"], "format": "date-time", "description": "First instant at which its term has run out." }),
        ),
        ("events", positions),
    ];
    let acceptance = [
        ("policy_version", named("Reference")),
        ("text_hash", said("SHA-256 of the text that was shown.")),
        ("language", of::<Language>()),
        ("answer", of::<PolicyAnswer>()),
        ("at", instant("When.")),
        ("position", said("The event.")),
    ];
    let member = [
        ("state", json!({ "enum": ["open", "masked", "sealed", "shredded", "lost"] })),
        ("name?", said("Name of the member, on a timeline.")),
        ("value?", json!({ "description": "When open." })),
        ("opening?", said("When open: proves the value against the digests of the stored bytes (RFC 9901).")),
        ("position?", said("In a profile: the event that the value came with.")),
    ];
    let personal = [
        ("state", json!({ "enum": ["open", "sealed", "shredded", "lost"] })),
        ("members?", list(&named("Member"))),
    ];
    let entry = [
        ("position", said("Its place in the log.")),
        ("revision", said("Its place in the stream.")),
        ("leaf_hash", said("SHA-256(0x00 ‖ stored bytes).")),
        ("type", said("Wire name.")),
        ("title", said("What happened, in a few words.")),
        ("sentence", said("What happened, in a sentence.")),
        ("time", instant("When it happened, by the emitter's word.")),
        ("recorded_at", instant("When it was stored.")),
        ("source", said("Which part of the platform emitted it.")),
        ("id", said("The emitter's name for it.")),
        ("data", json!({ "type": "object", "description": "Its public part." })),
        ("actor?", said("Who acted.")),
        ("correlationid?", said("Ties events of one doing together.")),
        ("personal?", named("Personal")),
    ];
    let standing = [
        ("state", state),
        ("kind?", of::<SubjectKind>()),
        ("language?", of::<Language>()),
        ("at?", instant("Since when.")),
    ];
    let subject = [
        ("subject", said("The person's id.")),
        ("simulated", simulated.clone()),
        ("revision?", said("Where the stream ends; absent with as_of or known_at.")),
        (
            "unopened",
            list(&object(
                "Personal values of the profile that were not opened.",
                &[
                    ("position", said("The event that brought them.")),
                    ("state", json!({ "enum": ["sealed", "shredded", "lost"] })),
                ],
            )),
        ),
        ("standing", object("Where the person stands.", &standing)),
        (
            "profile",
            json!({ "type": "object", "additionalProperties": named("Member"), "description": "Personal members by name." }),
        ),
        (
            "consents",
            json!({ "type": "object", "additionalProperties": named("Consent"), "description": "By the platform's names for them." }),
        ),
        ("acceptances", list(&named("Acceptance"))),
    ];
    let timeline = [
        ("subject", said("The person's id.")),
        ("simulated", simulated.clone()),
        ("entries", list(&named("Entry"))),
        ("next", next),
    ];
    let found = [
        ("subject", said("The person's id.")),
        (
            "former",
            json!({ "type": "boolean", "description": "Whether another value has replaced this one." }),
        ),
    ];
    let found = [
        ("simulated", simulated),
        ("subjects", list(&object("Somebody who was found.", &found))),
        ("more", json!({ "type": "boolean", "description": "Whether there are more than these hundred." })),
    ];
    vec![
        ("LookupRequest", lookup_request()),
        ("FoundSubjects", object("Those who bear a value before those who bore it.", &found)),
        ("Subject", object("A person.", &subject)),
        ("Consent", object("A consent and what became of it.", &consent)),
        ("Acceptance", object("An answer to the policy.", &acceptance)),
        ("Member", object("A personal member as its reader meets it.", &member)),
        (
            "Personal",
            object("The personal part of an event: open as far as the role may see, or not.", &personal),
        ),
        ("Entry", object("An event of a timeline.", &entry)),
        ("Timeline", object("A page of a timeline.", &timeline)),
    ]
}

fn lookup_request() -> Value {
    let members = ["iin", "bin", "phone", "email"].map(|name| (name.to_owned(), json!({ "type": "string" })));
    json!({
        "type": "object", "description": "What to look for, in any usual spelling.",
        "properties": Map::from_iter(members), "additionalProperties": false,
        "minProperties": 1, "maxProperties": 1,
    })
}

fn governing() -> Vec<(&'static str, Value)> {
    let count = json!({ "type": "integer", "minimum": 0 });
    let flag = json!({ "type": "boolean" });
    let sources =
        list(&json!({ "type": "string", "description": "A source, or the beginning of one and `*`." }));
    let name = json!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$" });
    let erased = [
        ("subject", said("The person's id.")),
        ("decided", said("Position of the decision, behind which no personal value is stored.")),
        ("destroyed", said("Position of the event that says it is done.")),
        (
            "boxes_destroyed",
            json!({ "type": "integer", "minimum": 0, "description": "Events whose personal part is gone." }),
        ),
        ("key_generations", list(&count)),
        (
            "seen_before",
            json!({ "type": "boolean", "description": "Whether the person had been erased before." }),
        ),
    ];
    let token = [
        ("token", name.clone()),
        ("role", of::<Role>()),
        ("sources", sources.clone()),
        ("created_at", instant("When it was made.")),
        ("revoked_at", json!({ "type": ["string", "null"], "format": "date-time" })),
    ];
    let request = [("basis", of::<ErasureBasis>()), ("basis_ref?", named("Reference"))];
    let new = [("name", name.clone()), ("role", of::<Role>()), ("sources?", sources)];
    let text = [("name", name), ("role", of::<Role>()), ("token", said("The token's text, this once."))];
    let ready = [
        ("ready", flag.clone()),
        ("store", flag.clone()),
        ("draining", flag),
        ("projections?", list(&named("Projection"))),
    ];
    vec![
        ("DossierQuestion", dossier_question()),
        ("ErasureRequest", object("Why a person is erased.", &request)),
        ("Erased", object("What an erasure did.", &erased)),
        ("Token", object("A token, without its secret.", &token)),
        ("Tokens", object("All tokens.", &[("tokens", list(&named("Token")))])),
        ("NewToken", object("A token to make.", &new)),
        ("TokenText", object("A token that was made.", &text)),
        ("Readiness", object("Whether events can be taken.", &ready)),
        ("OpenApi", json!({ "type": "object", "description": "An OpenAPI 3.1 document." })),
    ]
}

fn dossier_question() -> Value {
    let words = |words: Vec<&str>| json!({ "type": "string", "enum": words });
    let groups: Vec<&str> = crate::dossier::group::Group::ALL.iter().map(|group| group.word()).collect();
    let day = "A day in Kazakhstan, or an instant.";
    let question = [
        ("asked_by", words(vec!["subject", "regulator", "court", "prosecutor", "operator"])),
        ("legal_ref?", said("Request, ruling or article it rests on.")),
        ("language?", words(vec!["ru", "kk", "en"])),
        ("from?", said(day)),
        ("to?", said(day)),
        ("groups?", list(&words(groups))),
        ("values?", words(vec!["shown", "withheld", "none"])),
    ];
    object(
        "What a dossier is to hold; everything, in Russian and with values shown, unless said otherwise.",
        &question,
    )
}
