use proptest::prelude::*;
use subject_record_schemas::examples::Examples;
use subject_record_schemas::{EventType, Fact};

use super::*;
use crate::given::fact;

const TEXT: &str = include_str!("kz-94v.toml");

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The built-in pack with one place changed.
fn changed(from: &str, to: &str) -> Result<RulePack, RulePackError> {
    assert!(TEXT.contains(from), "{from}");
    RulePack::parse(&TEXT.replacen(from, to, 1))
}

#[test]
fn the_built_in_pack_parses_and_says_what_every_finding_rests_on() {
    let pack = RulePack::parse(TEXT).unwrap();
    assert_eq!(&pack, RulePack::built_in());
    assert_eq!(pack.name(), "kz-94v@2026-1");
    for code in FindingCode::ALL {
        let rule = pack.finding(*code);
        assert_eq!(rule.code, *code);
        assert!(!rule.articles.is_empty(), "{code}");
        assert_eq!(rule.otherwise.is_some(), rule.otherwise_note.is_some(), "{code}");
    }
    let two_cases = |code| {
        let rule = pack.finding(code);
        (rule.severity, rule.severity_otherwise())
    };
    assert_eq!(two_cases(FindingCode::F09), (Severity::Warning, Severity::Violation));
    assert_eq!(two_cases(FindingCode::F34), (Severity::Violation, Severity::Deadline));
    assert_eq!(two_cases(FindingCode::F39), (Severity::Deadline, Severity::Violation));
    assert_eq!(two_cases(FindingCode::F43), (Severity::Warning, Severity::Warning));
}

#[test]
fn a_term_is_known_only_where_the_law_or_the_policy_sets_one() {
    use DeadlineSubject as S;
    let working = |amount| Some(DeadlineTerm::WorkingDays { amount });
    for (subject, term) in [
        (S::AccessRequest, working(3)),
        (S::DisclosuresRequest, working(3)),
        (S::Refusal, working(3)),
        (S::CorrectionRequest, working(1)),
        (S::BlockRequest, working(1)),
        (S::Unblocking, working(1)),
        (S::UnlawfulDataDestruction, working(1)),
        (S::PublicRemovalRequest, working(1)),
        (S::BreachNotice, working(1)),
        (S::DisclosureNotice, working(10)),
        (S::Claim, working(30)),
        (S::DestructionRequest, Some(DeadlineTerm::CalendarDays { amount: 15, roll_forward: false })),
        (S::WithdrawalRequest, None),
        (S::HumanReviewRequest, None),
        (S::Complaint, None),
        (S::StateRequest, None),
    ] {
        let rule = RulePack::built_in().deadline(subject, day("2026-05-06"));
        assert_eq!(rule.map(|rule| rule.term), term, "{subject:?}");
        assert!(rule.is_none_or(|rule| !rule.articles.is_empty()), "{subject:?}");
    }
    assert_eq!(S::of_request(&RequestKind::Destroy), Some(S::DestructionRequest));
    assert_eq!(S::of_request(&RequestKind::Unlisted("x".parse().unwrap())), None);
}

#[test]
fn a_rule_holds_from_its_first_day_to_its_last() {
    let pack = RulePack::built_in();
    assert!(pack.deadline(DeadlineSubject::BreachNotice, day("2024-06-30")).is_none());
    assert!(pack.deadline(DeadlineSubject::BreachNotice, day("2024-07-01")).is_some());
    let ended = changed("valid_from = \"2024-07-01\"", "valid_until = \"2026-07-01\"").unwrap();
    assert!(ended.deadline(DeadlineSubject::BreachNotice, day("2026-07-01")).is_some());
    assert!(ended.deadline(DeadlineSubject::BreachNotice, day("2026-07-02")).is_none());
}

#[test]
fn lists_and_limits_are_those_of_the_policy_and_the_law() {
    let RulePack { lists, limits, .. } = RulePack::built_in();
    assert_eq!(lists.purposes.get(&Purpose::Advertising).map(String::as_str), Some("2.2.4"));
    assert_eq!(lists.purposes.len(), 5);
    assert!(!lists.purposes.contains_key(&Purpose::Unlisted("x".parse().unwrap())));
    assert_eq!(lists.categories.get(&DataCategory::Iin).map(String::as_str), Some("2.3.2"));
    assert!(!lists.categories.contains_key(&DataCategory::Technical));
    assert!(lists.state_bodies.contains(&RecipientKind::Court));
    assert!(!lists.state_bodies.contains(&RecipientKind::Notary));
    assert!(lists.privileged_categories.contains(&DataCategory::Document));
    assert_eq!((limits.late_recording_hours, limits.limitation_years), (24, 3));
    let night = |hour, minute| limits.is_night(NaiveTime::from_hms_opt(hour, minute, 0).unwrap());
    assert_eq!(
        [(21, 59), (22, 0), (0, 0), (5, 59), (6, 0)].map(|(h, m)| night(h, m)),
        [false, true, true, true, false]
    );
}

#[test]
fn each_item_of_a_consent_text_is_missed_when_the_text_is_silent() {
    let mut data = Examples::of(EventType::ConsentTextPublished).unwrap().valid["data"].take();
    data.as_object_mut().unwrap().remove("personal");
    let Fact::ConsentTextPublished(full) = fact(EventType::ConsentTextPublished.wire_name(), &data) else {
        unreachable!("the example of E02")
    };
    let missing = |text: &ConsentTextPublished| -> Vec<_> {
        let items = &RulePack::built_in().lists.consent_text;
        items.iter().copied().filter(|item| !item.is_said_by(text)).collect()
    };
    assert_eq!(missing(&full), []);
    type Silence = fn(&mut ConsentTextPublished);
    let silences: [(ConsentTextItem, Silence); 7] = [
        (ConsentTextItem::OperatorName, |text| text.operator_named = false),
        (ConsentTextItem::OperatorNumber, |text| text.operator_bin = None),
        (ConsentTextItem::Term, |text| text.term = Term::NotStated),
        (ConsentTextItem::ThirdParty, |text| text.third_party = None),
        (ConsentTextItem::CrossBorder, |text| text.cross_border = None),
        (ConsentTextItem::Public, |text| text.public = None),
        (ConsentTextItem::Categories, |text| text.categories.clear()),
    ];
    for (item, silence) in silences {
        let mut text = full.clone();
        silence(&mut text);
        assert_eq!(missing(&text), [item]);
    }
}

#[test]
fn a_pack_that_contradicts_itself_is_refused() {
    use RulePackError as E;
    let refused = |from, to| changed(from, to).unwrap_err();
    assert!(matches!(refused("art25-refusal-3wd", "art25-access-3wd"), E::NamedTwice(_)));
    assert!(matches!(refused("subject = \"refusal\"", "subject = \"access_request\""), E::Overlap(..)));
    assert!(matches!(refused("subject = \"state_request\"", "subject = \"claim\""), E::Overlap(..)));
    let empty = "valid_from = \"2024-07-01\"\nvalid_until = \"2024-06-30\"";
    assert!(matches!(refused("valid_from = \"2024-07-01\"", empty), E::NeverValid(_)));
    assert!(matches!(refused("amount = 30", "amount = 0"), E::TermLength(_)));
    assert!(matches!(refused("amount = 30", "amount = 3661"), E::TermLength(_)));
    assert!(matches!(refused("\"F02\"", "\"F01\""), E::FindingTwice(FindingCode::F01)));
    assert!(matches!(refused("\"F02\"", "\"F99\""), E::Shape(_)));
    let (before_last, _) = TEXT.rsplit_once("[[finding]]").unwrap();
    assert!(matches!(RulePack::parse(before_last), Err(E::FindingMissing(FindingCode::F50))));
    assert!(matches!(refused("working_days", "moons"), E::Shape(_)));
    assert!(matches!(refused("[limits]", "[limits]\nmore = 1"), E::Shape(_)));
    assert!(matches!(refused(", roll_forward = false", ""), E::Shape(_)));
}

#[test]
fn two_rules_of_one_matter_may_follow_each_other() {
    let both = changed(
        "[[stated]]",
        r#"[[deadline]]
id = "art25-breach-notice-2wd"
subject = "breach_notice"
term = { unit = "working_days", amount = 2 }
articles = ["94-V/25"]
valid_until = "2024-06-30"
source_note = "Invented."

[[stated]]"#,
    )
    .unwrap();
    let id = |on| both.deadline(DeadlineSubject::BreachNotice, day(on)).unwrap().id.to_string();
    assert_eq!(id("2024-06-30"), "art25-breach-notice-2wd");
    assert_eq!(id("2024-07-01"), "art25-breach-notice-1wd");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        prop_assert!(RulePack::parse(&text).is_err());
    }

    #[test]
    fn no_damage_to_a_pack_makes_the_parser_panic(at in 0..TEXT.len(), cut in 0_usize..80, put in "[\\[\\]={}\"\\n0-9a-z.-]{0,12}") {
        let floor = |at: usize| (0..=at.min(TEXT.len())).rev().find(|at| TEXT.is_char_boundary(*at)).unwrap();
        let (head, tail) = (&TEXT[..floor(at)], &TEXT[floor(at + cut)..]);
        if let Ok(pack) = RulePack::parse(&format!("{head}{put}{tail}")) {
            for rule in &pack.deadlines {
                let (DeadlineTerm::WorkingDays { amount } | DeadlineTerm::CalendarDays { amount, .. }) = rule.term;
                prop_assert!((1..=3660).contains(&amount));
            }
        }
    }
}
