//! Operations of the platform backend.

use subject_record_schemas::EventType;
use subject_record_schemas::vocabulary::Role::{Auditor, Emitter, Officer, Support};

use super::super::answers;
use super::super::operation::{
    Answer, Body, Group, Kind, LINES, Method, Operation, Parameter, Payload, Place,
};
use super::{STORE, WRITING};
use crate::error;

pub(super) const ALL: &[Operation] = &[APPEND, EVENT_BY_NAME, EVENT];

const APPEND: Operation = Operation {
    id: "appendEvents",
    method: Method::Post,
    path: "/v1/events",
    group: Group::Platform,
    roles: &[Emitter, Officer],
    summary: "Append one event, a batch, or a stream of lines",
    text: &[
        "A fact is never refused because it is unlawful: it is recorded and judged. Refused is only what is \
         malformed, or would put personal data where it cannot be erased. A refused event leaves nothing behind.",
        "201 and 200 mean synced to disk. The same source and id with the same content answers the first \
         receipt again, for ever: after a broken connection send everything once more. With other content it \
         answers 409.",
        "A batch and a stream of lines answer 200 with a status per event, each as if it had been sent alone.",
    ],
    parameters: &[&[
        Parameter {
            name: "atomic",
            place: Place::Query,
            kind: Kind::Flag,
            required: false,
            text: "A batch about one subject is recorded all or nothing, with one status: 201 when anything was \
                   new. Goes with `application/cloudevents-batch+json` only.",
            example: "true",
        },
        Parameter {
            name: "dry_run",
            place: Place::Query,
            kind: Kind::Flag,
            required: false,
            text: "Everything is checked and nothing written; answers 200.",
            example: "true",
        },
        Parameter {
            name: "answers",
            place: Place::Query,
            kind: Kind::OneOf(&["all", "refused"]),
            required: false,
            text: "Which lines of a stream are answered: `all`, as without it, or only those `refused` (status 400 \
                   and above). Then the last line says what became of the rest: \
                   `{\"summary\":true,\"recorded\":n,\"seen_before\":n,\"would_record\":n,\"refused\":n}`; when it is \
                   missing, the stream did not end well and is sent again. Goes with `application/x-ndjson` only.",
            example: "refused",
        },
        Parameter {
            name: "If-Match",
            place: Place::Header,
            kind: Kind::Pattern("^(\"[0-9]+\"|\\*)$"),
            required: false,
            text: "The revision at which the stream must end, in quotes, or `*` for a stream with any event. With \
                   one event or an atomic batch.",
            example: "\"41\"",
        },
        Parameter {
            name: "If-None-Match",
            place: Place::Header,
            kind: Kind::OneOf(&["*"]),
            required: false,
            text: "The stream must have no event yet. Not together with `If-Match`.",
            example: "*",
        },
        Parameter {
            name: "Prefer",
            place: Place::Header,
            kind: Kind::Pattern("^wait(=[0-9]+)?$"),
            required: false,
            text: "`wait=10` waits up to ten seconds for a signed checkpoint over the events and puts a `proof` (C2SP \
                   tlog-proof) into each receipt; then the answer says `Preference-Applied: wait`. Without it in \
                   time the events are recorded all the same. Not with a stream of lines.",
            example: "wait=10",
        },
    ]],
    bodies: &[
        Body {
            media_type: "application/cloudevents+json",
            schema: "Event",
            text: "One event.",
            example: Payload::Event(EventType::ConsentGiven),
        },
        Body {
            media_type: "application/cloudevents-batch+json",
            schema: "EventBatch",
            text: "Up to 1000 events (setting `server.batch_events_max`), each answered on its own unless `atomic=true`.",
            example: Payload::Batch(&[EventType::SubjectRegistered, EventType::PolicyVersionAnswered]),
        },
        Body {
            media_type: LINES,
            schema: "Event",
            text: "One event a line, as many as you like. Answers come line by line while the body still goes out \
                   and have to be read meanwhile: whoever sends everything first is cut off once the answers fill \
                   the sockets, unless it asks for `answers=refused`. A line that stayed without an answer is sent \
                   again.",
            example: Payload::Lines(&[EventType::ProcessingPerformed, EventType::DisclosureMade]),
        },
    ],
    answers: &[
        Answer {
            status: 201,
            text: "Appended and synced to disk.",
            content: &[("application/json", "AppendAnswer")],
            headers: &[
                ("ETag", "Revision at which the stream ends now, in quotes: what the next `If-Match` says."),
                ("Location", "Where the stored event is read."),
            ],
            example: answers::RECEIPT,
        },
        Answer {
            status: 200,
            text: "Seen before; or a dry run; or the answer to a batch or a stream of lines, with a status per event.",
            content: &[("application/json", "AppendAnswer"), (LINES, "Result")],
            headers: &[
                ("ETag", "As with 201; absent for batches, lines and dry runs."),
                ("Location", "As with 201; absent for batches, lines and dry runs."),
            ],
            example: answers::RESULTS,
        },
    ],
    refusals: &[
        &[
            error::NOT_JSON,
            error::NOT_CLOUDEVENT,
            error::BAD_REQUEST,
            error::RESERVED_TYPE,
            error::FOREIGN_SOURCE,
            error::ALREADY_REGISTERED,
            error::OTHER_CONTENT,
            error::ERASED,
            error::WRONG_REVISION,
            error::TOO_LARGE,
            error::MEDIA_TYPE,
            error::UNKNOWN_TYPE,
            error::INVALID,
            error::FROM_THE_FUTURE,
            error::RATE_LIMITED,
            error::KEY_LOST,
        ],
        WRITING,
    ],
    example_query: "",
};

const PLACE_HEADERS: &[(&str, &str)] = &[
    ("Record-Position", "Where it stands in the log."),
    ("Record-Stream", "Its stream."),
    ("Record-Revision", "Where it stands in its stream."),
    ("Record-Leaf-Hash", "SHA-256(0x00 ‖ body), 64 hexadecimal digits (RFC 6962)."),
];

const STORED: &[Answer] = &[Answer {
    status: 200,
    text: "The exact stored bytes, never written anew: what is hashed and what a court checks.",
    content: &[("application/cloudevents+json", "StoredEvent")],
    headers: PLACE_HEADERS,
    example: answers::STORED,
}];

const EVENT_BY_NAME: Operation = Operation {
    id: "findEvent",
    method: Method::Get,
    path: "/v1/events",
    group: Group::Platform,
    roles: &[Emitter, Auditor, Officer],
    summary: "Find an event by its source and id",
    text: &["An emitter sees events of its own sources; others answer 404."],
    parameters: &[&[
        Parameter {
            name: "source",
            place: Place::Query,
            kind: Kind::Text,
            required: true,
            text: "The event's source.",
            example: "platform/consents",
        },
        Parameter {
            name: "id",
            place: Place::Query,
            kind: Kind::Text,
            required: true,
            text: "The event's id.",
            example: "01926fd8-1c2b-7a11-8f00-000000000117",
        },
    ]],
    bodies: &[],
    answers: STORED,
    refusals: &[&[error::BAD_REQUEST, error::NOT_FOUND], STORE],
    example_query: "?source=platform/consents&id=01926fd8-1c2b-7a11-8f00-000000000117",
};

const EVENT: Operation = Operation {
    id: "readEvent",
    method: Method::Get,
    path: "/v1/events/{position}",
    group: Group::Platform,
    roles: &[Emitter, Support, Auditor, Officer],
    summary: "Read an event by its position",
    text: &[
        "Personal values are not in it: `data.personal` holds their digests (RFC 9901).",
        "An emitter sees events of its own sources, support those of people; others answer 404.",
    ],
    parameters: &[&[Parameter {
        name: "position",
        place: Place::Path,
        kind: Kind::Pattern("^[0-9]{1,20}$"),
        required: true,
        text: "A position as an append answered it. Opaque: compare it, do not count with it.",
        example: "0000000000000002",
    }]],
    bodies: &[],
    answers: STORED,
    refusals: &[&[error::BAD_REQUEST, error::NOT_FOUND], STORE],
    example_query: "",
};
