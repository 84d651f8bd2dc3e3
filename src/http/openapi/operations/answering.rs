//! Operations on decisions, on published versions, and on a person's own copy.

use subject_record_schemas::vocabulary::Role::{self, Auditor, Emitter, Officer, Support};

use super::super::operation::{Answer, Body, Group, Kind, Method, Operation, Parameter, Payload, Place};
use super::{STORE, SUBJECT, WRITING};
use crate::error;

pub(super) const ALL: &[Operation] = &[DECIDE, EXPORT, POLICIES, IN_FORCE, DIFFERENCE, CONSENT_TEXTS, POLICY];

const READERS: &[Role] = &[Support, Auditor, Officer];

pub(super) const fn asked(
    name: &'static str,
    kind: Kind,
    text: &'static str,
    example: &'static str,
) -> Parameter {
    Parameter { name, place: Place::Query, kind, required: false, text, example }
}

pub(super) const LANG: Parameter = asked(
    "lang",
    Kind::OneOf(&["ru", "kk", "en"]),
    "Language of titles and sentences. Without it `Accept-Language` decides, and Russian is the rest.",
    "en",
);

pub(super) const AS_OF: Parameter = asked(
    "as_of",
    Kind::Text,
    "What had happened by then: an instant (RFC 3339), or a day in Kazakhstan, to its end.",
    "2026-03-02",
);

pub(super) const KNOWN_AT: Parameter = asked(
    "known_at",
    Kind::Text,
    "What was recorded by then: an instant, a day in Kazakhstan, or a position.",
    "2026-03-02T11:40:00+05:00",
);

const AT: Parameter = asked(
    "at",
    Kind::Text,
    "The moment at which a version is in force or not: an instant, or a day in Kazakhstan. Now without it.",
    "2026-03-02",
);

pub(super) const VERSION: Parameter = Parameter {
    name: "version",
    place: Place::Path,
    kind: Kind::Text,
    required: true,
    text: "The operator's name for the version.",
    example: "2026-01",
};

const fn read(
    id: &'static str,
    path: &'static str,
    summary: &'static str,
    text: &'static [&'static str],
    parameters: &'static [&'static [Parameter]],
    answers: &'static [Answer],
) -> Operation {
    Operation {
        id,
        method: Method::Get,
        path,
        group: Group::Readers,
        roles: READERS,
        summary,
        text,
        parameters,
        bodies: &[],
        answers,
        refusals: &[&[error::BAD_REQUEST], STORE],
        example_query: "",
    }
}

const fn answer(text: &'static str, content: &'static [(&'static str, &'static str)]) -> Answer {
    Answer { status: 200, text, content, headers: &[], example: "" }
}

const DECIDE: Operation = Operation {
    id: "decide",
    method: Method::Post,
    path: "/v1/decisions",
    group: Group::Platform,
    roles: &[Emitter, Auditor, Officer],
    summary: "May I? Of one person or of many",
    text: &[
        "Whether data may be processed, a message sent or data passed on, with the grounds that carry it, what speaks \
         against it and what would make it lawful. The same rules judge what was recorded, so what is allowed here is \
         no finding when it is done at that moment.",
        "Each person is read from the store when asked: a withdrawal of a moment ago counts. Of somebody unknown \
         nothing is allowed, and `known` is false.",
    ],
    parameters: &[],
    bodies: &[Body {
        media_type: "application/json",
        schema: "DecisionRequest",
        text: "One question, about one `subject` or up to 1,000 `subjects`.",
        example: Payload::Json(
            r#"{
  "question": { "message": { "class": "advertising", "channel": "email" } },
  "subjects": ["p-0192a1b2", "p-0192a1b3"]
}"#,
        ),
    }],
    answers: &[answer("One answer a person, in their order.", &[("application/json", "Decisions")])],
    refusals: &[&[error::BAD_REQUEST, error::TOO_LARGE, error::MEDIA_TYPE], STORE],
    example_query: "",
};

const EXPORT: Operation = Operation {
    id: "exportSubject",
    method: Method::Get,
    path: "/v1/subjects/{id}/export",
    group: Group::Readers,
    roles: &[Auditor, Officer],
    summary: "A person's own copy",
    text: &[
        "Everything that is held of a person and was done with it: values, the timeline in sentences, consents, \
         answers, disclosures, due dates, requests, and who looked, by date, role and purpose. The look is recorded \
         before the first byte is sent.",
        "What a state body asked under secrecy of investigation, and what follows from it, is left out, unless the \
         purpose is `court`. Findings are the operator's own judgement and stand in an auditor's copy only.",
        "`Accept: text/html` gets a page that needs nothing from outside and prints well.",
    ],
    parameters: &[
        &[SUBJECT, AS_OF],
        &[
            asked(
                "known_at",
                Kind::Text,
                "What was recorded by then: an instant, or a day in Kazakhstan.",
                "2026-03-02",
            ),
            LANG,
            asked("findings", Kind::Flag, "With findings, for an auditor.", "true"),
            asked("page", Kind::Flag, "With the page as the member `page` of the JSON document.", "true"),
            Parameter {
                name: "Access-Purpose",
                place: Place::Header,
                kind: Kind::Text,
                required: true,
                text: "Why personal values are opened, and the case.",
                example: "subject_request; case=\"R-12\"",
            },
        ],
    ],
    bodies: &[],
    answers: &[answer("The copy.", &[("application/json", "Copy"), ("text/html; charset=utf-8", "Text")])],
    refusals: &[&[error::BAD_REQUEST, error::PURPOSE_MISSING, error::NOT_FOUND], WRITING],
    example_query: "?lang=en",
};

const POLICIES: Operation = read(
    "readPolicies",
    "/v1/policies",
    "Versions of the policy",
    &["In the order of publication; two of one moment sort by position."],
    &[&[AT, KNOWN_AT]],
    &[answer("Every version.", &[("application/json", "PolicyVersions")])],
);

const IN_FORCE: Operation = read(
    "readPolicyInForce",
    "/v1/policies/in-force",
    "The version that bound everybody at a moment",
    &["With its texts in every language (clause 5.4: in force on posting, unless the text says otherwise)."],
    &[&[AT, KNOWN_AT]],
    &[answer("The version, or null.", &[("application/json", "PolicyInForce")])],
);

const DIFFERENCE: Operation = Operation {
    refusals: &[&[error::BAD_REQUEST, error::NOT_FOUND], STORE],
    example_query: "?from=2026-01&to=2026-02&lang=ru",
    ..read(
        "readPolicyDifference",
        "/v1/policies/difference",
        "What changed between two versions",
        &["By lines, with the changed words marked and a few lines around each change."],
        &[
            &[
                Parameter { required: true, ..asked("from", Kind::Text, "The older version.", "2026-01") },
                Parameter { required: true, ..asked("to", Kind::Text, "The newer version.", "2026-02") },
                asked("lang", Kind::OneOf(&["ru", "kk", "en"]), "Language of both texts.", "ru"),
            ],
            &[KNOWN_AT],
        ],
        &[answer("The places where they differ.", &[("application/json", "PolicyDifference")])],
    )
};

const CONSENT_TEXTS: Operation = read(
    "readConsentTexts",
    "/v1/policies/consent-texts",
    "Published consent texts",
    &["With what each says of itself, in the order of publication."],
    &[&[AT, KNOWN_AT]],
    &[answer("Every text.", &[("application/json", "ConsentTexts")])],
);

const POLICY: Operation = Operation {
    refusals: &[&[error::BAD_REQUEST, error::NOT_FOUND], STORE],
    ..read(
        "readPolicy",
        "/v1/policies/{version}",
        "One version of the policy",
        &[],
        &[&[VERSION, AT, KNOWN_AT]],
        &[answer("Its texts, and what it says is new.", &[("application/json", "PolicyVersion")])],
    )
};
