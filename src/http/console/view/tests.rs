use maud::Markup;
use subject_record_schemas::EventType;
use subject_record_schemas::personal::Personal;
use subject_record_schemas::vocabulary::{AccessPurpose, Language, Role};

use super::super::audit;
use super::super::kind::EntryKind;
use super::super::model::{MemberValue, MemberView, Outcome, PersonPage, PersonView, ProfileRow};
use super::super::query::Query;
use super::super::words::Words;
use super::{person_page, sample, sign_in_page};

const STYLE: &str = include_str!("../style.css");

fn every_page() -> Vec<(String, Language, String)> {
    let mut pages = Vec::new();
    for &language in Language::ALL {
        let name = |page: &str| format!("{page} in {}", language);
        for (page, model) in sample::pages(language) {
            pages.push((name(page), language, person_page(&model).into_string()));
        }
        for (page, model) in audit::sample::pages(language) {
            pages.push((name(page), language, audit::view::page(&model).into_string()));
        }
        for (number, model) in sample::sign_ins(language).iter().enumerate() {
            pages.push((name(&format!("sign-in {number}")), language, sign_in_page(model).into_string()));
        }
    }
    pages
}

fn page_of(query: Query, outcome: Outcome) -> String {
    person_page(&PersonPage { chrome: sample::chrome(), query, outcome }).into_string()
}

fn page_of_person(person: PersonView) -> String {
    page_of(sample::query(Language::En), Outcome::Person(Box::new(person)))
}

/// The opening tags of a page, each without its angle brackets.
fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag)
}

/// Names of a tag's attributes.
fn attributes(tag: &str) -> Vec<&str> {
    let outside_values = tag.split('"').step_by(2);
    outside_values.flat_map(str::split_whitespace).skip(1).map(|name| name.trim_end_matches('=')).collect()
}

#[test]
fn no_page_has_an_inline_style_script_or_event_handler() {
    for (name, _, page) in every_page() {
        for tag in tags(&page) {
            assert!(!tag.starts_with("style"), "{name}: <{tag}>");
            for attribute in attributes(tag) {
                assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: <{tag}>");
            }
        }
        assert_eq!(page.matches("<script").count(), 1, "{name}");
        assert!(page.contains(r#"<script src="/assets/script.js" defer></script>"#), "{name}");
        assert!(!page.contains("javascript:"), "{name}");
    }
    assert_eq!(attributes(r#"a href="/ onclick=" onclick="x""#), ["href", "onclick"]);
}

#[test]
fn no_page_and_no_style_fetches_anything_from_outside() {
    for (name, _, page) in every_page() {
        assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("\"//"), "{name}");
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"), "the style sheet fetches something");
}

#[test]
fn every_page_names_its_language_and_has_one_title_one_main_and_one_main_heading() {
    for (name, language, page) in every_page() {
        let html = format!("<!DOCTYPE html><html lang=\"{}\">", language);
        assert!(page.starts_with(&html), "{name}");
        let (_, title) = page.split_once("<title>").unwrap();
        assert!(title.split_once("</title>").unwrap().0.ends_with("· subject-record"), "{name}");
        for once in ["<title>", "<main ", "<h1"] {
            assert_eq!(page.matches(once).count(), 1, "{name}: {once}");
        }
    }
}

#[test]
fn every_field_has_a_label_and_no_id_occurs_twice() {
    for (name, _, page) in every_page() {
        let mut ids = std::collections::BTreeSet::new();
        for tag in tags(&page) {
            let id = tag.split_once(" id=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(id, _)| id);
            assert!(id.is_none_or(|id| ids.insert(id)), "{name}: {id:?} twice");
            let field = tag.starts_with("input") || tag.starts_with("select");
            if field && !tag.contains("type=\"hidden\"") {
                let label = format!("for=\"{}\"", id.unwrap());
                assert!(page.contains(&label), "{name}: <{tag}> has no label");
            }
        }
    }
}

#[test]
fn every_class_on_a_page_is_one_the_style_sheet_knows() {
    // The plain form of a family, which needs no rule of its own.
    const UNSTYLED: [&str; 1] = ["none"];
    for (name, _, page) in every_page() {
        for tag in tags(&page) {
            let Some((_, rest)) = tag.split_once("class=\"") else { continue };
            for class in rest.split('"').next().unwrap().split_whitespace() {
                let known = STYLE.contains(&format!(".{class}")) || UNSTYLED.contains(&class);
                assert!(known, "{name}: class {class} is not in the style sheet");
            }
        }
    }
}

#[test]
fn what_a_reader_types_is_text_and_never_markup() {
    let attack = "\"><script>alert(1)</script>";
    for &language in Language::ALL {
        let query =
            Query { subject: attack.into(), case_ref: Some(attack.into()), ..sample::query(language) };
        let outcomes = [
            Outcome::NotFound,
            Outcome::Problem(attack.into()),
            Outcome::NotAsked { examples: Vec::new() },
            Outcome::Person(Box::new(PersonView { id: attack.into(), ..sample::full(language) })),
        ];
        for outcome in outcomes {
            let page = page_of(query.clone(), outcome);
            assert!(!page.contains("<script>"), "{page}");
            assert!(page.contains("&lt;script&gt;"), "the search form forgets what was typed");
        }
    }
}

#[test]
fn what_the_record_holds_is_text_and_never_markup() {
    let attack = || "<img src=x onerror=alert(1)>".to_owned();
    let mut person = sample::full(Language::En);
    let value = || Personal::Open(MemberValue::Shown(attack()));
    person.name = Some(value());
    person.profile = vec![ProfileRow { label: attack(), value: value() }];
    for entry in &mut person.entries {
        (entry.sentence, entry.title, entry.source, entry.actor) =
            (attack(), attack(), attack(), Some(attack()));
        let member = MemberView { label: attack(), value: MemberValue::Shown(attack()) };
        entry.personal = Some(Personal::Open(vec![member]));
    }
    let page = page_of_person(person);
    assert!(!page.contains("<img") && page.contains("&lt;img src=x"));
}

#[test]
fn a_value_that_is_not_open_leaves_no_trace_of_itself() {
    let open = page_of_person(sample::full(Language::En));
    assert!(open.contains(sample::NAME) && open.contains(sample::EMAIL));
    for person in [sample::sealed(Language::En), sample::erased(Language::En)] {
        let page = page_of_person(person);
        assert!(!page.contains(sample::NAME) && !page.contains(sample::EMAIL) && !page.contains("+7 700"));
    }
}

#[test]
fn a_personal_value_stands_in_no_title_and_no_address() {
    for &language in Language::ALL {
        for (name, model) in sample::pages(language) {
            let page = person_page(&model).into_string();
            let (_, title) = page.split_once("<title>").unwrap();
            assert!(!title.split_once("</title>").unwrap().0.contains(sample::NAME), "{name}");
            for tag in tags(&page) {
                assert!(!tag.contains(sample::NAME) && !tag.contains(sample::EMAIL), "{name}: <{tag}>");
            }
        }
    }
}

#[test]
fn each_state_of_a_value_looks_and_reads_differently() {
    let words = &Words::of(Language::En).states;
    let masked = || MemberValue::Masked { reveal_href: None };
    let states = [
        Personal::Open(MemberValue::Shown("x".into())),
        Personal::Open(masked()),
        Personal::Sealed,
        Personal::Shredded,
        Personal::Lost,
    ];
    let shown: std::collections::BTreeSet<String> =
        states.iter().map(|value| super::states::value(words, value).into_string()).collect();
    assert_eq!(shown.len(), states.len());
    let some = |values: Vec<MemberValue>| {
        let members = values.into_iter().map(|value| MemberView { label: "IIN".into(), value }).collect();
        let badge: Markup = super::states::badge(words, &Personal::Open(members));
        badge.into_string()
    };
    assert!(some(vec![masked(), masked()]).ends_with("masked</span>"));
    assert!(some(vec![masked(), MemberValue::Shown("x".into())]).ends_with("partly masked</span>"));
    assert!(some(vec![MemberValue::Shown("x".into())]).ends_with("open</span>"));
}

#[test]
fn a_masked_value_offers_a_reveal_only_where_the_model_has_one() {
    let page = page_of_person(sample::full(Language::En));
    let reveals = page.matches("class=\"reveal\"").count();
    assert_eq!(reveals, 2, "one in the profile, one in the registration");
    assert!(page.contains("case=T-1042&amp;reveal=iin"));
}

#[test]
fn a_simulated_log_says_so_on_every_page_and_a_real_one_on_none() {
    for (name, language, page) in every_page() {
        assert!(page.contains(Words::of(language).chrome.simulated), "{name}");
    }
    let chrome = super::super::model::Chrome { simulated: false, ..sample::chrome() };
    let outcome = Outcome::NotFound;
    let page = person_page(&PersonPage { chrome, query: sample::query(Language::En), outcome }).into_string();
    assert!(!page.contains(Words::of(Language::En).chrome.simulated));
}

#[test]
fn the_form_offers_the_purposes_of_the_role_and_no_other() {
    let purposes = vec![AccessPurpose::Audit, AccessPurpose::Court];
    let chrome = super::super::model::Chrome { purposes, ..sample::chrome() };
    let outcome = Outcome::NotFound;
    let page = person_page(&PersonPage { chrome, query: sample::query(Language::En), outcome }).into_string();
    let offered: Vec<_> = AccessPurpose::ALL
        .iter()
        .filter(|purpose| page.contains(&format!("<option value=\"{purpose}\"")))
        .collect();
    assert_eq!(offered, [&AccessPurpose::Audit, &AccessPurpose::Court]);
}

#[test]
fn a_look_that_was_recorded_says_so_with_its_purpose_and_case() {
    let words = Words::of(Language::En);
    let page = page_of_person(sample::full(Language::En));
    let (_, notice) = page.split_once(words.person.looked).unwrap();
    let (notice, _) = notice.split_once("</p>").unwrap();
    assert!(
        notice.contains("record.viewed.v1")
            && notice.contains("helping the person")
            && notice.contains("T-1042")
    );
    let unlooked = page_of_person(sample::erased(Language::En));
    assert!(!unlooked.contains(words.person.looked));
}

#[test]
fn events_stand_under_the_day_they_happened_on_in_kazakhstan() {
    let mut person = sample::full(Language::En);
    person.entries.truncate(2);
    person.entries[0].occurred_at = "2026-03-11T19:30:00Z".parse().unwrap();
    person.entries[1].occurred_at = "2026-03-11T18:30:00Z".parse().unwrap();
    let page = page_of_person(person);
    let places: Vec<_> = ["12\u{a0}March 2026", ">00:30<", "11\u{a0}March 2026", ">23:30<"]
        .iter()
        .map(|text| page.find(text).unwrap())
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn a_late_record_is_marked_and_every_event_leads_to_its_stored_bytes() {
    let page = page_of_person(sample::full(Language::En));
    assert_eq!(page.matches("class=\"late\"").count(), 1);
    assert!(page.contains("recorded 3\u{a0}h later"));
    for entry in sample::full(Language::En).entries {
        assert!(page.contains(&format!("href=\"/v1/events/{}\"", entry.position)));
    }
}

#[test]
fn every_type_has_a_kind_and_the_five_facts_have_kinds_of_their_own() {
    let kinds = [
        (EventType::SubjectRegistered, EntryKind::Registration),
        (EventType::ConsentWithdrawn, EntryKind::Consent),
        (EventType::PolicyVersionAnswered, EntryKind::Policy),
        (EventType::ProcessingPerformed, EntryKind::Processing),
        (EventType::DisclosureMade, EntryKind::Disclosure),
    ];
    for (event_type, kind) in kinds {
        assert_eq!(EntryKind::of(event_type), kind);
    }
}

#[test]
fn no_two_roles_or_purposes_share_a_name_in_any_language() {
    for &language in Language::ALL {
        let words = Words::of(language);
        let roles: std::collections::BTreeSet<_> = Role::ALL.iter().map(|role| words.role(*role)).collect();
        let purposes: std::collections::BTreeSet<_> =
            AccessPurpose::ALL.iter().map(|purpose| words.purpose(*purpose)).collect();
        assert_eq!((roles.len(), purposes.len()), (Role::ALL.len(), AccessPurpose::ALL.len()), "{language}");
    }
}
