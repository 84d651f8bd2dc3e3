//! Operations of the data-protection officer, of the operator, and of anybody.

use subject_record_schemas::vocabulary::Role::{self, Officer, Operator};

use super::super::answers;
use super::super::operation::{Answer, Body, Group, Kind, Method, Operation, Parameter, Payload, Place};
use super::{STORE, SUBJECT, TEXT_HASH, WRITING};
use crate::error;

pub(super) const ALL: &[Operation] =
    &[PUT_TEXT, TEXT, ERASE, TOKENS, CREATE_TOKEN, REVOKE_TOKEN, LIVE, READY, DOCUMENT, PAGE];

const PUT_TEXT: Operation = Operation {
    id: "putText",
    method: Method::Put,
    path: "/v1/texts/{sha256}",
    group: Group::Officer,
    roles: &[Officer],
    summary: "Keep a published text",
    text: &[
        "Policies and consent texts exactly as people saw them, in UTF-8, under the hash that events name. \
         Never a personal document: texts are not erased with a person.",
    ],
    parameters: &[&[TEXT_HASH]],
    bodies: &[Body {
        media_type: "text/plain; charset=utf-8",
        schema: "Text",
        text: "The exact bytes; any content type is taken.",
        example: Payload::File("consent.ru.txt"),
    }],
    answers: &[
        Answer { status: 201, text: "Kept.", content: &[], headers: &[], example: "" },
        Answer { status: 200, text: "Kept before.", content: &[], headers: &[], example: "" },
    ],
    refusals: &[&[error::BAD_REQUEST, error::TEXT_MISMATCH, error::TOO_LARGE], STORE],
    example_query: "",
};

const TEXT: Operation = Operation {
    id: "readText",
    method: Method::Get,
    path: "/v1/texts/{sha256}",
    group: Group::Officer,
    roles: Role::ALL,
    summary: "Read a published text",
    text: &[],
    parameters: &[&[TEXT_HASH]],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "The exact bytes that were put.",
        content: &[("text/plain; charset=utf-8", "Text")],
        headers: &[],
        example: "",
    }],
    refusals: &[&[error::BAD_REQUEST, error::NOT_FOUND], STORE],
    example_query: "",
};

const ERASE: Operation = Operation {
    id: "eraseSubject",
    method: Method::Post,
    path: "/v1/subjects/{id}/erasure",
    group: Group::Officer,
    roles: &[Officer],
    summary: "Erase a person for good",
    text: &[
        "Records the request and the decision, then destroys every sealed value and every generation of the \
         person's key, then records that it is done. The log keeps a pseudonymous skeleton, and no proof breaks.",
        "Asked again it goes on where it stopped and answers the same. There is no way back.",
    ],
    parameters: &[&[SUBJECT]],
    bodies: &[Body {
        media_type: "application/json",
        schema: "ErasureRequest",
        text: "Why the person is erased.",
        example: Payload::Json("{ \"basis\": \"subject_request\", \"basis_ref\": \"request-2026-0017\" }"),
    }],
    answers: &[Answer {
        status: 200,
        text: "Erased: values, wrapped keys and keys in memory are gone.",
        content: &[("application/json", "Erased")],
        headers: &[],
        example: answers::ERASED,
    }],
    refusals: &[
        &[error::BAD_REQUEST, error::NOT_FOUND, error::TOO_LARGE, error::MEDIA_TYPE, error::NOT_SCRUBBED],
        WRITING,
    ],
    example_query: "",
};

const BY_OPERATOR: &[Role] = &[Operator];

const TOKENS: Operation = Operation {
    id: "listTokens",
    method: Method::Get,
    path: "/v1/tokens",
    group: Group::Operator,
    roles: BY_OPERATOR,
    summary: "List all tokens",
    text: &["Their secrets are kept as hashes only and never listed."],
    parameters: &[],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "All tokens, revoked ones too.",
        content: &[("application/json", "Tokens")],
        headers: &[],
        example: answers::TOKENS,
    }],
    refusals: &[],
    example_query: "",
};

const CREATE_TOKEN: Operation = Operation {
    id: "createToken",
    method: Method::Post,
    path: "/v1/tokens",
    group: Group::Operator,
    roles: BY_OPERATOR,
    summary: "Make a token",
    text: &[
        "The token's text is answered once and never again. Names are not used twice, since events bear them.",
    ],
    parameters: &[],
    bodies: &[Body {
        media_type: "application/json",
        schema: "NewToken",
        text: "Emitters and officers need sources, other roles have none.",
        example: Payload::Json(
            "{ \"name\": \"consents-1\", \"role\": \"emitter\", \"sources\": [\"platform/consents\"] }",
        ),
    }],
    answers: &[Answer {
        status: 201,
        text: "Made.",
        content: &[("application/json", "TokenText")],
        headers: &[],
        example: answers::TOKEN_TEXT,
    }],
    refusals: &[&[error::BAD_REQUEST, error::TOO_LARGE, error::MEDIA_TYPE, error::VAULT_FAULT]],
    example_query: "",
};

const REVOKE_TOKEN: Operation = Operation {
    id: "revokeToken",
    method: Method::Delete,
    path: "/v1/tokens/{name}",
    group: Group::Operator,
    roles: BY_OPERATOR,
    summary: "Revoke a token",
    text: &[],
    parameters: &[&[Parameter {
        name: "name",
        place: Place::Path,
        kind: Kind::Pattern("^[a-z0-9-]{1,64}$"),
        required: true,
        text: "The token's name.",
        example: "consents-1",
    }]],
    bodies: &[],
    answers: &[Answer {
        status: 204,
        text: "Revoked; it opens nothing from now on.",
        content: &[],
        headers: &[],
        example: "",
    }],
    refusals: &[&[error::BAD_REQUEST, error::NOT_FOUND, error::VAULT_FAULT]],
    example_query: "",
};

const LIVE: Operation = Operation {
    id: "live",
    method: Method::Get,
    path: "/health/live",
    group: Group::Anybody,
    roles: &[],
    summary: "Whether the process answers",
    text: &[],
    parameters: &[],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "It does.",
        content: &[("text/plain; charset=utf-8", "Text")],
        headers: &[],
        example: "",
    }],
    refusals: &[],
    example_query: "",
};

const READY: Operation = Operation {
    id: "ready",
    method: Method::Get,
    path: "/health/ready",
    group: Group::Anybody,
    roles: &[],
    summary: "Whether events can be taken now",
    text: &[],
    parameters: &[],
    bodies: &[],
    answers: &[
        Answer {
            status: 200,
            text: "They can.",
            content: &[("application/json", "Readiness")],
            headers: &[],
            example: answers::READY,
        },
        Answer {
            status: 503,
            text: "The store does not write, its clock leapt, or the service is stopping.",
            content: &[("application/json", "Readiness")],
            headers: &[],
            example: answers::NOT_READY,
        },
    ],
    refusals: &[],
    example_query: "",
};

const DOCUMENT: Operation = Operation {
    id: "openapi",
    method: Method::Get,
    path: "/openapi.json",
    group: Group::Anybody,
    roles: &[],
    summary: "This description for programs (OpenAPI 3.1)",
    text: &[],
    parameters: &[],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "The OpenAPI document, with the schema and examples of every event type.",
        content: &[("application/json", "OpenApi")],
        headers: &[],
        example: "",
    }],
    refusals: &[],
    example_query: "",
};

const PAGE: Operation = Operation {
    id: "docs",
    method: Method::Get,
    path: "/docs",
    group: Group::Anybody,
    roles: &[],
    summary: "The same for people",
    text: &[],
    parameters: &[],
    bodies: &[],
    answers: &[Answer {
        status: 200,
        text: "One page without scripts and without anything from outside.",
        content: &[("text/html; charset=utf-8", "Text")],
        headers: &[],
        example: "",
    }],
    refusals: &[],
    example_query: "",
};
