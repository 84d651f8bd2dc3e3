//! Operations on the registers. Parameters of their own are their columns, which a test holds them to.

use subject_record_schemas::vocabulary::Role::{self, Auditor, Officer, Support};

use super::super::operation::{Answer, Group, Kind, LINES, Method, Operation, Parameter};
use super::STORE;
use super::answering::{AS_OF, KNOWN_AT, LANG, VERSION, asked};
use crate::error;

pub(super) const ALL: &[Operation] =
    &[HISTORY, CONSENTS, ACCEPTANCES, DISCLOSURES, DEADLINES, FINDINGS, ACCESSES, UNANSWERED];

const READERS: &[Role] = &[Support, Auditor, Officer];
const AUDITORS: &[Role] = &[Auditor, Officer];

const PAGE: &[Parameter] = &[
    AS_OF,
    KNOWN_AT,
    asked(
        "after",
        Kind::Pattern("^[0-9]{1,20}$"),
        "Wait until the rows know this position; the setting `server.after_seconds_max` says how long.",
        "0000000000000003",
    ),
    asked(
        "limit",
        Kind::Count,
        "Rows at most. JSON never has more than `server.page_events_max`. NDJSON and CSV have every row without it.",
        "50",
    ),
    asked("cursor", Kind::Pattern("^[A-Za-z0-9_-]+$"), "Where the page before ended.", "WzE3N10"),
];

const SHARED: &[Parameter] = &[
    asked(
        "subject",
        Kind::Text,
        "Only of this person, or of `policy` or `office`. Support has to name a person.",
        "p-0192a1b2",
    ),
    asked(
        "from",
        Kind::Text,
        "Listed from this moment on: an instant, or a day in Kazakhstan.",
        "2026-01-01",
    ),
    asked(
        "to",
        Kind::Text,
        "Listed up to this moment: an instant, or a day in Kazakhstan, to its end.",
        "2026-03-31",
    ),
    asked("newest_first", Kind::Flag, "Newest first.", "true"),
    LANG,
];

const ROWS: &[Answer] = &[Answer {
    status: 200,
    text: "Rows, in the order of the moment by which they are listed. In CSV (RFC 4180) lists are joined by \
           semicolons, and a text that a spreadsheet would take for a formula has an apostrophe in front.",
    content: &[("application/json", "Rows"), (LINES, "Row"), ("text/csv", "Text")],
    headers: &[(
        "record-next",
        "With a limit in NDJSON and CSV: the cursor of the next page, if there is one.",
    )],
    example: "",
}];

const fn register(
    id: &'static str,
    path: &'static str,
    roles: &'static [Role],
    summary: &'static str,
    parameters: &'static [&'static [Parameter]],
    example_query: &'static str,
) -> Operation {
    Operation {
        id,
        method: Method::Get,
        path,
        group: Group::Readers,
        roles,
        summary,
        text: &[
            "Pseudonymous: no purpose of access is needed. Rows are shown as of one time and as known at another; a \
             value that no row can have is refused, and so is a parameter that is not listed here.",
        ],
        parameters,
        bodies: &[],
        answers: ROWS,
        refusals: &[&[error::BAD_REQUEST, error::ROWS_FAULT, error::BEHIND], STORE],
        example_query,
    }
}

const HISTORY: Operation = register(
    "readHistory",
    "/v1/history",
    READERS,
    "Every event, searched",
    &[
        &[
            asked("type", Kind::Text, "Wire name.", "disclosure.made.v1"),
            asked("actor", Kind::Text, "Who acted.", "staff-1"),
            asked("correlation", Kind::Text, "What ties events of one doing together.", "case-2026-0042"),
            asked("purposes", Kind::Text, "A purpose that the event was for.", "advertising"),
            asked("ground", Kind::Text, "What it rests on.", "3.5.1"),
            asked("recipient", Kind::Text, "Whom outside it is about.", "lawyer-bureau-7"),
            asked(
                "stream",
                Kind::OneOf(&["subject", "access", "policy", "office"]),
                "Kind of stream.",
                "subject",
            ),
        ],
        SHARED,
        PAGE,
    ],
    "?type=disclosure.made.v1&from=2026-01-01&to=2026-03-31",
);

const CONSENTS: Operation = register(
    "readConsents",
    "/v1/consents",
    READERS,
    "What people allowed, by purpose and recipient",
    &[
        &[
            asked("consent_id", Kind::Text, "The platform's name for the consent.", "c-0001"),
            asked("purpose", Kind::Text, "What for.", "advertising"),
            asked("recipient", Kind::Text, "Who may receive data.", "lawyer-bureau-7"),
            asked("state", Kind::Text, "Whether it holds: given, kept, withdrawn and others.", "given"),
            asked("categories", Kind::Text, "A category of data that it covers.", "email"),
            asked("third_party", Kind::Flag, "Whether third parties may get data.", "true"),
            asked("cross_border", Kind::Flag, "Whether data may leave the country.", "true"),
            asked("public", Kind::Flag, "Whether data may be public.", "true"),
        ],
        SHARED,
        PAGE,
    ],
    "?purpose=advertising&state=given",
);

const ACCEPTANCES: Operation = register(
    "readAcceptances",
    "/v1/acceptances",
    READERS,
    "What people answered to the policy",
    &[
        &[
            asked("policy_version", Kind::Text, "Version that was shown.", "2026-01"),
            asked("answer", Kind::Text, "What was answered.", "accepted"),
            asked("language", Kind::OneOf(&["ru", "kk", "en"]), "Language of the text.", "kk"),
        ],
        SHARED,
        PAGE,
    ],
    "?policy_version=2026-01",
);

const DISCLOSURES: Operation = register(
    "readDisclosures",
    "/v1/disclosures",
    READERS,
    "What was passed to whom, on what ground",
    &[
        &[
            asked("recipient", Kind::Text, "Who received it.", "lawyer-bureau-7"),
            asked("ground", Kind::Text, "Clause it rests on, or none.", "3.5.1"),
            asked("country", Kind::Text, "Country of the recipient.", "KZ"),
            asked("purpose", Kind::Text, "What for.", "service"),
            asked("categories", Kind::Text, "A category of data that was passed on.", "iin"),
            asked(
                "notice",
                Kind::OneOf(&["none", "deferred", "owed", "told"]),
                "Where the person's notice stands.",
                "owed",
            ),
            asked("to_tell", Kind::Flag, "Whether the recipient has to be told to stop.", "true"),
        ],
        SHARED,
        PAGE,
    ],
    "?ground=3.5.1&from=2026-01-01&to=2026-03-31",
);

const DEADLINES: Operation = register(
    "readDeadlines",
    "/v1/deadlines",
    READERS,
    "What is due, when, by which rule, and why a clock stands",
    &[
        &[
            asked("kind", Kind::Text, "What is due.", "access_request"),
            asked(
                "state",
                Kind::OneOf(&["pending", "paused", "met", "met_late", "missed"]),
                "How it stands.",
                "missed",
            ),
            asked(
                "due_us",
                Kind::Text,
                "Instant at which it is missed, in microseconds since 1970.",
                "1772391600000000",
            ),
            asked(
                "provisional",
                Kind::Flag,
                "Whether it was counted through a year without working days.",
                "true",
            ),
            asked("reference", Kind::Text, "The request, disclosure, dispute or incident.", "sr-0009"),
        ],
        SHARED,
        PAGE,
    ],
    "?state=missed",
);

const FINDINGS: Operation = register(
    "readFindings",
    "/v1/findings",
    READERS,
    "What was found unlawful or overdue, and the events that prove it",
    &[
        &[
            asked("event", Kind::Text, "Wire name of the event it is about.", "disclosure.made.v1"),
            asked("finding", Kind::Text, "Its code.", "F05"),
            asked(
                "severity",
                Kind::OneOf(&["violation", "deadline", "warning"]),
                "How grave it is.",
                "violation",
            ),
            asked("state", Kind::OneOf(&["open", "cured"]), "Whether it stands.", "open"),
            asked("about", Kind::Text, "Position of the event it is about.", "0000000000000003"),
            asked("recipient", Kind::Text, "Who received the data.", "lawyer-bureau-7"),
        ],
        SHARED,
        PAGE,
    ],
    "?severity=violation&state=open&from=2026-01-01&to=2026-03-31",
);

const ACCESSES: Operation = register(
    "readAccesses",
    "/v1/accesses",
    AUDITORS,
    "Who looked at whom, and why",
    &[
        &[
            asked("viewer", Kind::Text, "Id of the token.", "support-1"),
            asked(
                "role",
                Kind::OneOf(&["emitter", "support", "auditor", "officer", "operator"]),
                "Its role.",
                "support",
            ),
            asked("purpose", Kind::Text, "Why.", "claim"),
            asked("what", Kind::Text, "What was looked at.", "profile"),
            asked("case_ref", Kind::Text, "Case it belongs to.", "T-1042"),
            asked("categories", Kind::Text, "A category of data that was opened.", "iin"),
        ],
        SHARED,
        PAGE,
    ],
    "?viewer=support-1&newest_first=true",
);

const UNANSWERED: Operation = Operation {
    text: &[
        "People who are registered and have not answered the version. A page may hold fewer rows than its limit, or \
         none, and still lead on: follow `next` until it is null.",
    ],
    refusals: &[&[error::BAD_REQUEST, error::NOT_FOUND, error::ROWS_FAULT, error::BEHIND], STORE],
    ..register(
        "readUnanswered",
        "/v1/policies/{version}/unanswered",
        AUDITORS,
        "Who has not answered a version of the policy",
        &[&[VERSION], PAGE],
        "",
    )
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::openapi::operation::Place;
    use crate::registers::{
        ACCEPTANCES_REGISTER, ACCESSES_REGISTER, CONSENTS_REGISTER, DEADLINES_REGISTER, DISCLOSURES_REGISTER,
        FINDINGS_REGISTER, HISTORY_REGISTER, SHARED_NAMES,
    };

    #[test]
    fn a_register_is_asked_by_its_columns_and_by_what_all_share() {
        for (operation, register) in [
            (&HISTORY, &HISTORY_REGISTER),
            (&CONSENTS, &CONSENTS_REGISTER),
            (&ACCEPTANCES, &ACCEPTANCES_REGISTER),
            (&DISCLOSURES, &DISCLOSURES_REGISTER),
            (&DEADLINES, &DEADLINES_REGISTER),
            (&FINDINGS, &FINDINGS_REGISTER),
            (&ACCESSES, &ACCESSES_REGISTER),
        ] {
            let mut told: Vec<_> = operation.parameters().map(|parameter| parameter.name).collect();
            let columns = register.columns().map(|column| column.name);
            let mut there: Vec<_> = columns.chain(SHARED_NAMES.iter().copied()).collect();
            told.sort_unstable();
            there.sort_unstable();
            assert_eq!(told, there, "{}", operation.path);
            assert!(operation.parameters().all(|parameter| parameter.place == Place::Query));
        }
    }
}
