//! Operations of support staff, auditors and officers.

use subject_record_schemas::vocabulary::Role::{self, Auditor, Officer, Support};

use super::super::answers;
use super::super::operation::{Answer, Body, Group, Kind, Method, Operation, Parameter, Payload, Place};
use super::{STORE, SUBJECT, WRITING};
use crate::error;

pub(super) const ALL: &[Operation] = &[LOOKUP, PERSON, TIMELINE];

const READERS: &[Role] = &[Support, Auditor, Officer];

/// Of everything that opens personal values.
const LOOK: &[Parameter] = &[
    Parameter {
        name: "as_of",
        place: Place::Query,
        kind: Kind::Text,
        required: false,
        text: "What had happened by then: an instant (RFC 3339), or a day in Kazakhstan, to its end.",
        example: "2026-03-02",
    },
    Parameter {
        name: "known_at",
        place: Place::Query,
        kind: Kind::Text,
        required: false,
        text: "What was recorded by then: an instant, or a day in Kazakhstan. Events that came in late are left out.",
        example: "2026-03-02T11:40:00+05:00",
    },
    Parameter {
        name: "reveal",
        place: Place::Query,
        kind: Kind::Text,
        required: false,
        text: "Names of masked personal members to open as well, separated by commas.",
        example: "iin,address_registered",
    },
    Parameter {
        name: "Access-Purpose",
        place: Place::Header,
        kind: Kind::Text,
        required: false,
        text: "Why personal values are opened, and the case. Without it the answer is pseudonymous.",
        example: "support; case=\"T-1042\"",
    },
];

const LOOKUP: Operation = Operation {
    id: "lookUpSubjects",
    method: Method::Post,
    path: "/v1/subjects/lookup",
    group: Group::Readers,
    roles: READERS,
    summary: "Find people by IIN, BIN, phone number or e-mail address",
    text: &[
        "One of the four, in any usual spelling: `8 (701) 000-00-01`, `+7 701 000 00 01`, an address in capitals. The \
         value stands in the body, never in an address, and is neither kept nor logged: what is compared is a keyed \
         hash of it.",
        "Everybody who bears it or bore it is answered, by all that was recorded before the question. Each of them \
         gets a record of this look first. Nobody found is an empty list, and no look.",
    ],
    parameters: &[&[Parameter {
        name: "Access-Purpose",
        place: Place::Header,
        kind: Kind::Text,
        required: true,
        text: "Why somebody is looked for, and the case.",
        example: "support; case=\"T-1042\"",
    }]],
    bodies: &[Body {
        media_type: "application/json",
        schema: "LookupRequest",
        text: "Exactly one of the four.",
        example: Payload::Json("{ \"phone\": \"8 (700) 000-00-01\" }"),
    }],
    answers: &[Answer {
        status: 200,
        text: "Who was found.",
        content: &[("application/json", "FoundSubjects")],
        headers: &[],
        example: answers::FOUND,
    }],
    refusals: &[
        &[
            error::BAD_REQUEST,
            error::PURPOSE_MISSING,
            error::TOO_LARGE,
            error::MEDIA_TYPE,
            error::LOOKUP_INVALID,
            error::LOOKUP_BEHIND,
        ],
        WRITING,
    ],
    example_query: "",
};

const PERSON: Operation = Operation {
    id: "readSubject",
    method: Method::Get,
    path: "/v1/subjects/{id}",
    group: Group::Readers,
    roles: READERS,
    summary: "A person: standing, profile, consents, acceptances",
    text: &[
        "Folded from the person's events when asked, as of any day. Without `Access-Purpose` personal values stay \
         sealed; with it, each answer that opened any is first recorded in the person's access stream.",
    ],
    parameters: &[&[SUBJECT], LOOK],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "The person as of the moment that was asked for.",
        content: &[("application/json", "Subject")],
        headers: &[(
            "ETag",
            "Revision at which the stream ends, in quotes: what the next `If-Match` says. Absent with `as_of` or \
             `known_at`.",
        )],
        example: answers::SUBJECT,
    }],
    refusals: &[&[error::BAD_REQUEST, error::PURPOSE_MISSING, error::NOT_FOUND], WRITING],
    example_query: "?as_of=2026-03-02",
};

const TIMELINE: Operation = Operation {
    id: "readTimeline",
    method: Method::Get,
    path: "/v1/subjects/{id}/timeline",
    group: Group::Readers,
    roles: READERS,
    summary: "A person's timeline, in plain sentences",
    text: &[
        "Events in the order in which they happened, each with a sentence a human reads, its public data, and its \
         personal members as far as the role may see: open with the opening that proves the value, masked, sealed, \
         shredded (erased for good) or lost.",
        "Pages follow a cursor: ask with `cursor` set to the `next` of the page before, until `next` is null.",
    ],
    parameters: &[
        &[SUBJECT],
        LOOK,
        &[
            Parameter {
                name: "type",
                place: Place::Query,
                kind: Kind::Text,
                required: false,
                text: "Only events of these types, wire names separated by commas.",
                example: "consent.given.v1,consent.withdrawn.v1",
            },
            Parameter {
                name: "newest_first",
                place: Place::Query,
                kind: Kind::Flag,
                required: false,
                text: "Newest first.",
                example: "true",
            },
            Parameter {
                name: "limit",
                place: Place::Query,
                kind: Kind::Count,
                required: false,
                text: "Events of a page; the setting `server.page_events_max` is the most, and what is meant without it.",
                example: "50",
            },
            Parameter {
                name: "cursor",
                place: Place::Query,
                kind: Kind::Pattern("^[0-9]{1,20}$"),
                required: false,
                text: "Where the page before ended.",
                example: "0000000000000003",
            },
            Parameter {
                name: "lang",
                place: Place::Query,
                kind: Kind::OneOf(&["ru", "kk", "en"]),
                required: false,
                text: "Language of titles and sentences. Without it `Accept-Language` decides, and Russian is the rest.",
                example: "en",
            },
        ],
    ],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "A page of the timeline.",
        content: &[("application/json", "Timeline")],
        headers: &[],
        example: answers::TIMELINE,
    }],
    refusals: &[&[error::BAD_REQUEST, error::PURPOSE_MISSING, error::NOT_FOUND], WRITING, STORE],
    example_query: "?as_of=2026-03-02&lang=en",
};
