//! Operations on rules and working days.

use subject_record_schemas::vocabulary::Role::{self, Auditor, Officer, Operator};

use super::super::answers;
use super::super::operation::{Answer, Body, Group, Kind, Method, Operation, Parameter, Payload, Place};
use super::{STORE, WRITING};
use crate::error;

pub(super) const ALL: &[Operation] = &[RULES, PUBLISH, TEXT];

const READERS: &[Role] = &[Auditor, Officer, Operator];

const RULES: Operation = Operation {
    id: "readRules",
    method: Method::Get,
    path: "/v1/rules",
    group: Group::Officer,
    roles: READERS,
    summary: "Rules and working days in force",
    text: &[
        "The rule pack by which facts are judged, every pack and table of working days there is, and the last day \
         up to which working days are known. Beyond it due dates are provisional: publish \
         `work_calendar.published.v1` for the year that follows.",
    ],
    parameters: &[],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "As they are now.",
        content: &[("application/json", "Rules")],
        headers: &[],
        example: answers::RULES,
    }],
    refusals: &[STORE],
    example_query: "",
};

const PUBLISH: Operation = Operation {
    id: "publishRules",
    method: Method::Post,
    path: "/v1/rules",
    group: Group::Officer,
    roles: &[Officer],
    summary: "Publish a rule pack",
    text: &[
        "Terms, lists and limits as TOML, with a version of its own; start from the text in force. It is checked \
         whole, kept, and told of by `rule_pack.published.v1`. From then on it judges whatever happens once it is \
         in effect, which is from the start of `effective_from` in Kazakhstan.",
        "The same text again answers the first publication. A version is never given another text.",
    ],
    parameters: &[],
    bodies: &[Body {
        media_type: "application/toml",
        schema: "Text",
        text: "The rule pack, in UTF-8; any content type is taken.",
        example: Payload::File("kz-94v.toml"),
    }],
    answers: &[
        Answer {
            status: 201,
            text: "Published.",
            content: &[("application/json", "RulesPublished")],
            headers: &[],
            example: answers::RULES_PUBLISHED,
        },
        Answer {
            status: 200,
            text: "Published before.",
            content: &[("application/json", "RulesPublished")],
            headers: &[],
            example: "",
        },
    ],
    refusals: &[&[error::RULES_TAKEN, error::TOO_LARGE, error::RULES_INVALID], WRITING],
    example_query: "",
};

const TEXT: Operation = Operation {
    id: "readRulesText",
    method: Method::Get,
    path: "/v1/rules/text",
    group: Group::Officer,
    roles: READERS,
    summary: "Read the text of a rule pack",
    text: &[],
    parameters: &[&[Parameter {
        name: "version",
        place: Place::Query,
        kind: Kind::Text,
        required: false,
        text: "A version, or a pack's whole name; without it the pack in force.",
        example: "2026-1",
    }]],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "The exact bytes that were published, or that are part of the program.",
        content: &[("application/toml", "Text")],
        headers: &[],
        example: "",
    }],
    refusals: &[&[error::BAD_REQUEST, error::NOT_FOUND], STORE],
    example_query: "?version=2026-1",
};
