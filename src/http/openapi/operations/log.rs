//! Operations on the transparency log.

use subject_record_schemas::vocabulary::Role::{Auditor, Emitter, Officer, Support};

use super::super::operation::{Answer, Body, Group, Kind, Method, Operation, Parameter, Payload, Place};
use super::{STORE, SUBJECT, WRITING};
use crate::error::{self, Code};

pub(super) const ALL: &[Operation] = &[DOSSIER, PROOF, ENTRIES, CHECKPOINT, KEY, TILE];

const NOTARY: &[Code] = &[error::NOTARY_FAULT];

const DOSSIER: Operation = Operation {
    id: "makeDossier",
    method: Method::Post,
    path: "/v1/subjects/{id}/dossiers",
    group: Group::Readers,
    roles: &[Auditor, Officer],
    summary: "Make a dossier: one file for a court",
    text: &[
        "PDF/A-3 in Russian, Kazakh or English, with the evidence attached inside: the events' exact bytes, openings of \
         their values, proofs, checkpoint, texts. `subject-record dossier verify` checks it without this service.",
        "The look at the person is recorded before a value is opened, the ends of all streams are committed to, and the \
         export is recorded before the file is answered.",
    ],
    parameters: &[&[
        SUBJECT,
        Parameter {
            name: "Access-Purpose",
            place: Place::Header,
            kind: Kind::Text,
            required: true,
            text: "Why: `audit`, `regulator`, `court`, and for officers any purpose; the case behind it is optional.",
            example: "court; case=\"7527-26-00-2/311\"",
        },
    ]],
    bodies: &[Body {
        media_type: "application/json",
        schema: "DossierQuestion",
        text: "Who asked, on what ground, and what the dossier holds.",
        example: Payload::Json(
            "{ \"asked_by\": \"court\", \"legal_ref\": \"7527-26-00-2/311\", \"language\": \"kk\", \"values\": \"withheld\" }",
        ),
    }],
    answers: &[Answer {
        status: 200,
        text: "The dossier.",
        content: &[("application/pdf", "Bytes")],
        headers: &[
            ("Record-Dossier", "Its name, as the event that records the export has it."),
            ("Record-Sha256", "SHA-256 of the file."),
            ("Record-Position", "Where the export is recorded."),
        ],
        example: "",
    }],
    refusals: &[
        &[
            error::BAD_REQUEST,
            error::PURPOSE_MISSING,
            error::NOT_FOUND,
            error::SECRECY,
            error::TOO_LARGE,
            error::MEDIA_TYPE,
            error::NOTARY_BEHIND,
            error::NOTARY_REFUSES,
        ],
        WRITING,
        NOTARY,
    ],
    example_query: "",
};

const PROOF: Operation = Operation {
    id: "proveEvent",
    method: Method::Get,
    path: "/v1/events/{position}/proof",
    group: Group::Readers,
    roles: &[Emitter, Support, Auditor, Officer],
    summary: "Prove that an event stands in the log",
    text: &[
        "A C2SP tlog-proof: the place in the tree, the hashes from the event's leaf hash to the root, and the \
         signed checkpoint that has this root. It needs no server to be checked. Waited for, if no checkpoint \
         covers the event yet.",
    ],
    parameters: &[&[Parameter {
        name: "position",
        place: Place::Path,
        kind: Kind::Pattern("^[0-9]{1,20}$"),
        required: true,
        text: "The position that an append answered.",
        example: "0000000000000002",
    }]],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "The proof.",
        content: &[("text/plain; charset=utf-8", "Text")],
        headers: &[],
        example: "",
    }],
    refusals: &[
        &[error::BAD_REQUEST, error::NOT_FOUND, error::NOTARY_BEHIND, error::NOTARY_REFUSES, error::DRAINING],
        STORE,
        NOTARY,
    ],
    example_query: "",
};

const CHECKPOINT: Operation = Operation {
    id: "checkpoint",
    method: Method::Get,
    path: "/log/checkpoint",
    group: Group::Anybody,
    roles: &[],
    summary: "The newest signed checkpoint of the log",
    text: &[
        "A C2SP tlog-checkpoint: name of the log, events under it, root hash, signatures. Whoever keeps one can \
             show later that nothing under it was altered or left out.",
    ],
    parameters: &[],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "The checkpoint.",
        content: &[("text/plain; charset=utf-8", "Text")],
        headers: &[("Cache-Control", "A second.")],
        example: "",
    }],
    refusals: &[&[error::NOT_FOUND, error::NOTARY_REFUSES]],
    example_query: "",
};

const KEY: Operation = Operation {
    id: "log_key",
    method: Method::Get,
    path: "/log/key",
    group: Group::Anybody,
    roles: &[],
    summary: "The key that verifies checkpoints",
    text: &[
        "A C2SP vkey: name of the log, hash of the key, key. Who does not trust this service has it from elsewhere too, \
             and compares.",
    ],
    parameters: &[],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "The key.",
        content: &[("text/plain; charset=utf-8", "Text")],
        headers: &[("Cache-Control", "A second.")],
        example: "",
    }],
    refusals: &[],
    example_query: "",
};

const TILE_PATH: Parameter = Parameter {
    name: "path",
    place: Place::Path,
    kind: Kind::Pattern("^[0-9]+(/x[0-9]{3})*/[0-9]{3}(\\.p/[0-9]+)?$"),
    required: true,
    text: "Level and number, and for a tile that is not full yet its width behind `.p/`.",
    example: "0/000.p/5",
};

const TILE: Operation = Operation {
    id: "tile",
    method: Method::Get,
    path: "/log/tile/{path}",
    group: Group::Anybody,
    roles: &[],
    summary: "Hashes of the tree, 256 at a time",
    text: &["C2SP tlog-tiles of height 8. A full tile never changes and may be cached for ever."],
    parameters: &[&[TILE_PATH]],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "Hashes of 32 bytes each.",
        content: &[("application/octet-stream", "Bytes")],
        headers: &[("Cache-Control", "For ever if the tile is full, else a second.")],
        example: "",
    }],
    refusals: &[&[error::NOT_FOUND], NOTARY],
    example_query: "",
};

const ENTRIES: Operation = Operation {
    id: "entries",
    method: Method::Get,
    path: "/log/tile/entries/{path}",
    group: Group::Readers,
    roles: &[Auditor, Officer],
    summary: "All events, 256 at a time, as the tree hashes them",
    text: &[
        "C2SP tlog-tiles entry bundles: each event's exact stored bytes behind their length in two bytes, the \
             high one first. A mirror reads the whole log by them and derives the tree again.",
    ],
    parameters: &[&[Parameter {
        name: "path",
        place: Place::Path,
        kind: Kind::Pattern("^(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]+)?$"),
        required: true,
        text: "Number of the bundle, and for one that is not full yet its width behind `.p/`.",
        example: "000.p/5",
    }]],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "The bundle.",
        content: &[("application/octet-stream", "Bytes")],
        headers: &[],
        example: "",
    }],
    refusals: &[&[error::NOT_FOUND], NOTARY],
    example_query: "",
};
