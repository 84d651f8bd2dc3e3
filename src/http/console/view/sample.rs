//! Invented pages for tests: every outcome, standing, order and state of a value.

mod entries;

use chrono::{DateTime, NaiveDate, Utc};
use subject_record_projections::sentences::Sentences;
use subject_record_schemas::personal::Personal;
use subject_record_schemas::vocabulary::{AccessPurpose, Language, PolicyAnswer, Role, SubjectKind};

use super::super::model::{
    AcceptanceView, Chrome, ConsentStanding, ConsentView, Example, MemberValue, Outcome, PersonPage,
    PersonView, ProfileRow, PurposeChip, SignInPage, StandingView,
};
use super::super::query::{Order, Query};

pub(crate) const SUBJECT: &str = "usr_7Kd2mQ9x";
pub(crate) const NAME: &str = "Өмірбекова Айгүл Ғаниқызы";
pub(crate) const EMAIL: &str = "aigul@example.com";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// One of three texts, in the order Russian, Kazakh, English.
fn say(language: Language, texts: [&str; 3]) -> String {
    let [ru, kk, en] = texts;
    match language {
        Language::Ru => ru,
        Language::Kk => kk,
        Language::En => en,
    }
    .to_owned()
}

fn label(language: Language, member: &str) -> String {
    Sentences::of(language).member(member).to_owned()
}

fn shown(text: &str) -> MemberValue {
    MemberValue::Shown(text.to_owned())
}

pub(crate) fn chrome() -> Chrome {
    let purposes = AccessPurpose::ALL.to_vec();
    Chrome { viewer: "support-1".into(), role: Role::Support, purposes, simulated: true, audits: false }
}

pub(crate) fn query(language: Language) -> Query {
    Query {
        subject: SUBJECT.into(),
        purpose: Some(AccessPurpose::Support),
        case_ref: Some("T-1042".into()),
        ..Query::empty(language)
    }
}

fn consents(language: Language) -> Vec<ConsentView> {
    let chip = |texts, runs| PurposeChip { label: say(language, texts), runs };
    let service = ["услуги", "қызметтер", "services"];
    let consent = ConsentView {
        id: "cons-1".into(),
        state: ConsentStanding::PartlyWithdrawn,
        purposes: vec![chip(service, true), chip(["реклама", "жарнама", "advertising"], false)],
        given_at: at("2026-03-12T08:59:58Z"),
        until: Some(at("2026-12-31T19:00:00Z")),
        third_party: true,
        cross_border: false,
        public: false,
    };
    let over = |id: &str, state| ConsentView {
        id: id.into(),
        state,
        purposes: vec![chip(["исследования", "зерттеулер", "research"], false)],
        cross_border: true,
        public: true,
        ..consent.clone()
    };
    vec![
        ConsentView {
            id: "cons-2".into(),
            state: ConsentStanding::Running,
            purposes: vec![chip(service, true), chip(["уведомления", "хабарламалар", "notices"], true)],
            until: None,
            ..consent.clone()
        },
        over("cons-0", ConsentStanding::Withdrawn),
        over("cons-00", ConsentStanding::Expired),
        over("cons-000", ConsentStanding::Ended),
        consent,
    ]
}

/// A registered person with something of everything.
pub(crate) fn full(language: Language) -> PersonView {
    let row = |name, value| ProfileRow { label: label(language, name), value };
    let masked = MemberValue::Masked { reveal_href: Some(query(language).revealing("iin").href()) };
    let answer = |version: &str, answer, text_href| AcceptanceView {
        version: version.into(),
        language,
        answer,
        at: at("2026-03-12T08:58:40Z"),
        text_href,
    };
    PersonView {
        id: SUBJECT.into(),
        standing: StandingView::Registered { kind: SubjectKind::Person, since: at("2026-03-12T08:58:31Z") },
        name: Some(Personal::Open(shown(NAME))),
        profile: vec![
            row("full_name", Personal::Open(shown(NAME))),
            row("iin", Personal::Open(masked)),
            row("phone", Personal::Open(shown("+7 700 000 00 12"))),
            row("email", Personal::Open(shown(EMAIL))),
            row("address_registered", Personal::Open(MemberValue::Masked { reveal_href: None })),
            row("address_delivery", Personal::Lost),
        ],
        consents: consents(language),
        acceptances: vec![
            answer("2026-04", PolicyAnswer::Declined, None),
            answer("2026-01", PolicyAnswer::Accepted, Some("/v1/texts/9f2c".into())),
            answer("2025-07", PolicyAnswer::StoppedUsing, None),
        ],
        entries: entries::entries(language),
        events_total: 23,
        findings_complete: true,
        next_href: Some(query(language).at("2210").href()),
        looked: Some(AccessPurpose::Support),
    }
}

/// The same person after an erasure.
pub(crate) fn erased(language: Language) -> PersonView {
    let full = full(language);
    let mut entries = full.entries;
    for entry in &mut entries {
        entry.personal = entry.personal.take().map(|_| Personal::Shredded);
    }
    PersonView {
        standing: StandingView::Erased { at: at("2026-06-01T07:00:00Z") },
        name: Some(Personal::Shredded),
        profile: full
            .profile
            .into_iter()
            .map(|row| ProfileRow { value: Personal::Shredded, ..row })
            .collect(),
        entries,
        looked: None,
        next_href: None,
        ..full
    }
}

/// The same person for a reader who states no purpose.
pub(crate) fn sealed(language: Language) -> PersonView {
    let full = full(language);
    let mut entries = full.entries;
    for entry in &mut entries {
        entry.personal = entry.personal.take().map(|_| Personal::Sealed);
    }
    PersonView {
        name: Some(Personal::Sealed),
        profile: full.profile.into_iter().map(|row| ProfileRow { value: Personal::Sealed, ..row }).collect(),
        entries,
        looked: None,
        ..full
    }
}

/// A person whom events name and nothing more.
pub(crate) fn bare() -> PersonView {
    PersonView {
        id: SUBJECT.into(),
        standing: StandingView::Unregistered,
        name: None,
        profile: Vec::new(),
        consents: Vec::new(),
        acceptances: Vec::new(),
        entries: Vec::new(),
        events_total: 0,
        findings_complete: false,
        next_href: None,
        looked: None,
    }
}

fn examples(language: Language) -> Vec<Example> {
    let note = [
        "отзыв согласия и спорная передача",
        "келісімді кері қайтару және даулы беру",
        "a withdrawal and a contested disclosure",
    ];
    vec![Example { subject: SUBJECT.into(), note: say(language, note) }]
}

/// Every kind of page in a language, with a name for messages.
pub(crate) fn pages(language: Language) -> Vec<(&'static str, PersonPage)> {
    let page = |query, outcome| PersonPage { chrome: chrome(), query, outcome };
    let person = |query, person| page(query, Outcome::Person(Box::new(person)));
    let asked = query(language);
    let unstated = Query { purpose: None, case_ref: None, ..asked.clone() };
    let mut oldest = full(language);
    oldest.entries.reverse();
    let replayed =
        Query { order: Order::Oldest, as_of: NaiveDate::from_ymd_opt(2026, 5, 14), ..asked.clone() };
    let problem = say(
        language,
        [
            "Эта роль не видит личных данных.",
            "Бұл рөл дербес деректерді көрмейді.",
            "This role sees no personal data.",
        ],
    );
    vec![
        ("full", person(asked.clone(), full(language))),
        ("oldest", person(replayed.at("2210"), oldest)),
        ("sealed", person(unstated.clone(), sealed(language))),
        ("erased", person(unstated, erased(language))),
        ("bare", person(asked.clone(), bare())),
        ("welcome", page(Query::empty(language), Outcome::NotAsked { examples: examples(language) })),
        ("blank", page(Query::empty(language), Outcome::NotAsked { examples: Vec::new() })),
        ("absent", page(asked.clone(), Outcome::NotFound)),
        ("problem", page(asked, Outcome::Problem(problem))),
    ]
}

/// The sign-in page, first and after a failed attempt.
pub(crate) fn sign_ins(language: Language) -> [SignInPage; 2] {
    let first = SignInPage { language, simulated: true, problem: None, next: None };
    let problem = say(language, ["Такого токена нет.", "Мұндай токен жоқ.", "There is no such token."]);
    [first.clone(), SignInPage { problem: Some(problem), next: Some(query(language).href()), ..first }]
}
