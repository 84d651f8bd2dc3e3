//! A report that has everything, about invented people.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use subject_record_projections::finding::Severity;
use subject_record_projections::sentences::Sentences;
use subject_record_schemas::examples::Examples;
use subject_record_schemas::vocabulary::{
    AccessPurpose, DisputeStage, EvidenceAsker, Language, Role, ViewedThing,
};
use subject_record_schemas::{EventType, Position};

use crate::dossier::pages::{Attachment, Relationship};
use crate::dossier::report::*;

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// Something that looks like a hash.
fn hash(seed: u64) -> String {
    let part = |turn: u32| (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(turn);
    [0, 17, 31, 45].map(|turn| format!("{:016x}", part(turn))).concat()
}

/// Every type of event once, then again until there are enough.
pub(super) fn lines(language: Language, count: u64) -> Vec<Line> {
    let sentences = Sentences::of(language);
    let types: Vec<EventType> = EventType::ALL.to_vec();
    let first = at("2026-03-12T04:30:05Z");
    (0..count)
        .map(|number| {
            let event_type = types[usize::try_from(number).unwrap() % types.len()];
            let values = match number % 6 {
                1 => LineValues::Shown(vec![
                    ShownValue {
                        name: sentences.member("full_name").to_owned(),
                        text: "Әсемгүл Құрманғазықызы".to_owned(),
                    },
                    ShownValue {
                        name: sentences.member("email").to_owned(),
                        text: "asemgul@example.kz".to_owned(),
                    },
                ]),
                2 => LineValues::Withheld,
                3 => LineValues::Shredded,
                4 if number == 4 => LineValues::Lost,
                _ => LineValues::None,
            };
            let data = Examples::of(event_type).expect("examples").valid["data"].clone();
            Line {
                position: Position::new(number * 3 + 12),
                revision: number,
                stream_kind: [
                    StreamKind::Subject,
                    StreamKind::Subject,
                    StreamKind::Access,
                    StreamKind::Policy,
                ][usize::try_from(number % 4).unwrap()],
                occurred_at: first + Duration::hours(i64::try_from(number).unwrap() * 7),
                recorded_at: first
                    + Duration::hours(i64::try_from(number).unwrap() * 7)
                    + Duration::milliseconds(740),
                event_type: event_type.wire_name().to_owned(),
                title: sentences.title(event_type).to_owned(),
                sentence: sentences.sentence(event_type, &data),
                source: "urn:platform:backend".to_owned(),
                actor: (number % 3 == 0).then(|| "staff-7".to_owned()),
                values,
                leaf_hash: hash(number),
                withdrawn: number == 5,
            }
        })
        .collect()
}

/// A report with something in every part.
pub(super) fn report(language: Language, events: u64) -> Report {
    let body = "1. Сайт пен мобильді қосымшаны пайдаланушы — жеке немесе заңды тұлға. Әә Ғғ Ққ Ңң Өө Ұұ Үү Һһ Іі.\r\n\r\n2. Оператор обрабатывает только те данные, которые необходимы для оказания услуг: ФИО, ИИН, адрес, почта, телефон. Сумма — 1 200 ₸, § 8, № 4.\n";
    Report {
        locale: language,
        simulated: true,
        made_by: "subject-record 0.1.0".to_owned(),
        cover: Cover {
            dossier_id: "dossier-2026-000017".to_owned(),
            made_at: at("2026-11-20T09:15:00Z"),
            asked_by: EvidenceAsker::Court,
            legal_ref: Some("ruling-2-417-2026".to_owned()),
            purpose: AccessPurpose::Court,
            case_ref: Some("2-417/2026".to_owned()),
            log_id: "0197a5c0-6d1e-7c3b-9f53-0b6d2a4c8e10".to_owned(),
            origin: "log.example.kz/record".to_owned(),
            operator_name: Some("ТОО «Құқықтық көмек» (вымышленное)".to_owned()),
            operator_bin: Some("990140001233".to_owned()),
            operator_address: Some(
                "Қазақстан, Алматы қаласы, Әйтеке би көшесі, 1 / г. Алматы, ул. Айтеке би, 1".to_owned(),
            ),
            subject: "user-7f3a91c2".to_owned(),
            as_of: Some(at("2026-11-19T19:00:00Z")),
            known_at: Position::new(4711),
            period: Some((at("2026-01-01T00:00:00Z"), at("2026-11-19T18:59:59Z"))),
            groups: vec![],
            values: Values::Shown,
        },
        disputes: vec![Dispute {
            dispute_ref: "dispute-44".to_owned(),
            stage: DisputeStage::ClaimReceived,
            arose_at_subject: Some(day("2026-09-01")),
            arose_at_operator: None,
            due: vec![
                ClaimDue {
                    by: Party::Subject,
                    calendar_version: "kz-2026-1".to_owned(),
                    date: day("2026-10-13"),
                },
                ClaimDue {
                    by: Party::Subject,
                    calendar_version: "kz-2026-2".to_owned(),
                    date: day("2026-10-14"),
                },
            ],
            received_at: Some(at("2026-10-13T19:30:00Z")),
            text_in_force: Some(TextCited { version: "2026-02".to_owned(), hash: hash(900) }),
            positions: vec![Position::new(4001), Position::new(4100)],
        }],
        timeline: lines(language, events),
        tables: vec![
            Table {
                name: "consents".to_owned(),
                columns: [
                    "consent_id",
                    "purpose",
                    "state",
                    "from",
                    "until",
                    "third_party",
                    "categories",
                    "text_hash",
                ]
                .map(str::to_owned)
                .to_vec(),
                rows: vec![vec![
                    Cell::Code("consent-1".to_owned()),
                    Cell::Words(vec!["advertising".to_owned()]),
                    Cell::Words(vec!["withdrawn".to_owned()]),
                    Cell::At(at("2026-03-12T04:30:05Z")),
                    Cell::Empty,
                    Cell::Flag(false),
                    Cell::Words(vec!["full_name".to_owned(), "email".to_owned()]),
                    Cell::Code(hash(901)),
                ]],
            },
            Table {
                name: "acceptances".to_owned(),
                columns: ["at", "answer", "policy_version", "language", "channel", "position"]
                    .map(str::to_owned)
                    .to_vec(),
                rows: (0..40)
                    .map(|n| {
                        vec![
                            Cell::At(at("2026-03-12T04:30:05Z") + Duration::days(n)),
                            Cell::Words(vec!["accepted".to_owned()]),
                            Cell::Code("2026-02".to_owned()),
                            Cell::Words(vec!["kk".to_owned()]),
                            Cell::Words(vec!["site".to_owned()]),
                            Cell::Position(Position::new(77)),
                        ]
                    })
                    .collect(),
            },
            Table { name: "disclosures".to_owned(), columns: vec!["at".to_owned()], rows: vec![] },
            Table {
                name: "deadlines".to_owned(),
                columns: ["kind", "reference", "state", "last_day"].map(str::to_owned).to_vec(),
                rows: vec![vec![
                    Cell::Words(vec!["claim".to_owned()]),
                    Cell::Code("dispute-44".to_owned()),
                    Cell::Words(vec!["met_late".to_owned()]),
                    Cell::Day(day("2026-10-13")),
                ]],
            },
        ],
        texts: vec![
            Text {
                hash: hash(900),
                kind: TextKind::Policy,
                version: Some("2026-02".to_owned()),
                locale: Some(Language::Ru),
                published_at: Some(at("2026-02-01T05:00:00Z")),
                body: Some(body.repeat(12)),
            },
            Text {
                hash: hash(901),
                kind: TextKind::Consent,
                version: Some("3".to_owned()),
                locale: Some(Language::Kk),
                published_at: None,
                body: Some(body.to_owned()),
            },
            Text {
                hash: hash(902),
                kind: TextKind::RulePack,
                version: Some("kz-1".to_owned()),
                locale: None,
                published_at: None,
                body: Some("[rules]".to_owned()),
            },
            Text {
                hash: hash(903),
                kind: TextKind::Other,
                version: None,
                locale: None,
                published_at: None,
                body: None,
            },
        ],
        findings: vec![
            FindingLine {
                code: "F06".to_owned(),
                title: Sentences::of(language).finding("F06").to_owned(),
                severity: Severity::Violation,
                at: at("2026-06-01T05:00:00Z"),
                cured_at: None,
                positions: vec![Position::new(120), Position::new(131)],
                text: "consent-1, advertising".to_owned(),
                legal: Some("2.2.4; 7".to_owned()),
                rule_pack: "kz-1".to_owned(),
            },
            FindingLine {
                code: "F39".to_owned(),
                title: Sentences::of(language).finding("F39").to_owned(),
                severity: Severity::Deadline,
                at: at("2026-06-01T05:00:00Z"),
                cured_at: Some(at("2026-06-09T05:00:00Z")),
                positions: vec![Position::new(140)],
                text: String::new(),
                legal: None,
                rule_pack: "kz-1".to_owned(),
            },
        ],
        custody: vec![Look {
            at: at("2026-10-20T06:00:00Z"),
            viewer: "token-officer-2".to_owned(),
            role: Role::Officer,
            purpose: AccessPurpose::Court,
            case_ref: Some("2-417/2026".to_owned()),
            what: ViewedThing::Export,
            categories: vec!["full_name".to_owned(), "email".to_owned()],
            position: Position::new(4710),
        }],
        proof: ProofSummary {
            checkpoint_size: 4711,
            checkpoint_root: hash(1000),
            verifier_key: "log.example.kz/record+7a1bc9d2+AXN1YmplY3QtcmVjb3JkLXNhbXBsZS1rZXktMDAwMDAwMDE="
                .to_owned(),
            signatures: vec!["log.example.kz/record".to_owned(), "witness.example.org/w1".to_owned()],
            heads: Some(HeadsCommitted {
                position: Position::new(4709),
                at_position: Position::new(4708),
                root: hash(1001),
            }),
            streams: vec![
                StreamCovered {
                    stream: "subject-user-7f3a91c2".to_owned(),
                    revisions: "0–41".to_owned(),
                    complete: true,
                },
                StreamCovered { stream: "policy".to_owned(), revisions: "3, 7".to_owned(), complete: false },
            ],
            stamps: vec![Stamp {
                authority: "tsa.example.kz".to_owned(),
                at: at("2026-11-20T09:14:00Z"),
                checkpoint_size: 4700,
            }],
            files: ["events.jsonl", "evidence.json", "verifier-key.txt", "timestamp-4700.tsr"]
                .iter()
                .zip(0..)
                .map(|(name, seed)| FileHash { name: (*name).to_owned(), sha256: hash(seed) })
                .collect(),
        },
    }
}

/// Files to attach.
pub(super) fn attachments() -> Vec<Attachment> {
    [
        ("manifest.json", "application/json", Relationship::Supplement, "{}"),
        ("events.jsonl", "application/x-ndjson", Relationship::Data, "{}\n\n{}\n"),
        ("report.json", "application/json", Relationship::Source, "{}"),
        ("text-ab.txt", "text/plain", Relationship::Supplement, "Әділет"),
        ("timestamp-4700.tsr", "application/timestamp-reply", Relationship::Supplement, "0"),
    ]
    .map(|(name, media_type, relationship, bytes)| Attachment {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        bytes: bytes.as_bytes().to_vec(),
        relationship,
    })
    .to_vec()
}
