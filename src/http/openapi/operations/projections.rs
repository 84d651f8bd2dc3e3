//! Operations on projections, and numbers for whatever watches over the service.

use subject_record_schemas::vocabulary::Role::{self, Auditor, Officer, Operator};

use super::super::answers;
use super::super::operation::{Answer, Group, Kind, Method, Operation, Parameter, Place};
use super::STORE;
use crate::error::{self, Code};

pub(super) const ALL: &[Operation] = &[LIST, REBUILD, GIVE_UP, RESUME, DIGEST, METRICS];

const READERS: &[Role] = &[Auditor, Officer, Operator];

const NAME: Parameter = Parameter {
    name: "name",
    place: Place::Path,
    kind: Kind::OneOf(&["history", "people"]),
    required: true,
    text: "Name of the projection.",
    example: "people",
};

const NAMED: &[Code] = &[error::BAD_REQUEST, error::NOT_FOUND];

const LIST: Operation = Operation {
    id: "listProjections",
    method: Method::Get,
    path: "/v1/projections",
    group: Group::Operator,
    roles: READERS,
    summary: "How far the read models are",
    text: &[
        "Position, lag and age of the last advance. A projection that meets an event that it cannot handle stands \
         there, with the cause, and skips nothing: mend the cause, then resume it.",
    ],
    parameters: &[],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "All projections.",
        content: &[("application/json", "Projections")],
        headers: &[],
        example: answers::PROJECTIONS,
    }],
    refusals: &[],
    example_query: "",
};

const ACCEPTED: Answer = Answer {
    status: 202,
    text: "It is told; how it stands now.",
    content: &[("application/json", "Projection")],
    headers: &[],
    example: answers::PROJECTION,
};

const REBUILD: Operation = Operation {
    id: "rebuildProjection",
    method: Method::Post,
    path: "/v1/projections/{name}/rebuild",
    group: Group::Operator,
    roles: &[Operator],
    summary: "Build read models again from the log",
    text: &[
        "Beside the live rows, which are read until the new ones have caught up and take their place at once. \
         Ask how the projection stands for `rebuilding`; once it is gone the new rows are read, unless \
         `rebuild_failed` says why not.",
    ],
    parameters: &[&[NAME]],
    bodies: &[],
    answers: &[ACCEPTED],
    refusals: &[NAMED, &[error::REBUILDING, error::DRAINING, error::ROWS_FAULT]],
    example_query: "",
};

const GIVE_UP: Operation = Operation {
    id: "giveUpRebuild",
    method: Method::Delete,
    path: "/v1/projections/{name}/rebuild",
    group: Group::Operator,
    roles: &[Operator],
    summary: "Give up a rebuild",
    text: &["The live rows stay as they are. Where no rebuild is under way nothing happens."],
    parameters: &[&[NAME]],
    bodies: &[],
    answers: &[ACCEPTED],
    refusals: &[NAMED],
    example_query: "",
};

const RESUME: Operation = Operation {
    id: "resumeProjection",
    method: Method::Post,
    path: "/v1/projections/{name}/resume",
    group: Group::Operator,
    roles: &[Operator],
    summary: "Let a projection that stands try again",
    text: &["It tries the event at which it stands once more. One that runs goes on as before."],
    parameters: &[&[NAME]],
    bodies: &[],
    answers: &[ACCEPTED],
    refusals: &[NAMED],
    example_query: "",
};

const DIGEST: Operation = Operation {
    id: "digestProjection",
    method: Method::Get,
    path: "/v1/projections/{name}/digest",
    group: Group::Operator,
    roles: READERS,
    summary: "Compare read models by their digests",
    text: &[
        "SHA-256 over the rows of each read model as they were known at a position. It is the same before and after \
         a rebuild, and in every copy of the same log. Every row is read: this takes a while on a long log.",
    ],
    parameters: &[&[
        NAME,
        Parameter {
            name: "at",
            place: Place::Query,
            kind: Kind::Text,
            required: false,
            text: "The position; without it that of the last event whose rows are written. One that is recorded and \
                   not written yet is waited for, as with `after`.",
            example: "0000000000000017",
        },
    ]],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "The digests. The answer begins at once, and breaks off if a read model cannot be read to its end.",
        content: &[("application/json", "Digests")],
        headers: &[],
        example: answers::DIGESTS,
    }],
    refusals: &[NAMED, &[error::BEHIND, error::DRAINING, error::ROWS_FAULT]],
    example_query: "",
};

const METRICS: Operation = Operation {
    id: "metrics",
    method: Method::Get,
    path: "/metrics",
    group: Group::Operator,
    roles: &[Operator],
    summary: "Numbers for monitoring",
    text: &[
        "The text format of OpenMetrics 1.0, which Prometheus reads; give it the operator's token as bearer token. \
         The position of the log, and of each projection position, head, lag, age of the last advance, whether and \
         where it stands, and how far a rebuild is. The README explains each.",
    ],
    parameters: &[],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "As they are now.",
        content: &[("application/openmetrics-text; version=1.0.0; charset=utf-8", "Text")],
        headers: &[],
        example: "",
    }],
    refusals: &[STORE],
    example_query: "",
};
