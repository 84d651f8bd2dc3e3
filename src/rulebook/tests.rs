//! A pack is published once, its text before its event, and judges from then on.

use serde_json::json;
use subject_record_projections::due::due;
use subject_record_projections::rules::DeadlineSubject;
use subject_record_schemas::types::governance::WorkCalendarPublished;
use tempfile::TempDir;

use super::*;
use crate::clock::{Clock, SeededEntropy, SetClock};
use crate::store::memory::MemoryStore;
use crate::vault::kek::FileKek;
use crate::vault::{KeyFile, Vault, VaultSettings};

struct Given {
    rulebook: Rulebook,
    store: Arc<MemoryStore>,
    clock: Arc<SetClock>,
    _folder: TempDir,
}

impl Given {
    async fn nothing_published() -> Self {
        let folder = TempDir::new().unwrap();
        let (clock, entropy) = (Arc::new(SetClock::at(morning())), Arc::new(SeededEntropy::new(1)));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let keys = KeyFile::open(&folder.path().join("keys.db")).await.unwrap();
        let kek = Arc::new(FileKek::new([5; 32]));
        let vault = Arc::new(Vault::new(keys, kek, VaultSettings::default(), clock.clone(), entropy.clone()));
        let intake = Intake::new(store.clone(), vault, clock.clone(), entropy, "log".into());
        let governed = Arc::new(Governed::new(store.clone(), store.clone()));
        let rulebook = Rulebook::new(Arc::new(intake), store.clone(), store.clone(), governed);
        Self { rulebook, store, clock, _folder: folder }
    }

    async fn publish(&self, text: &str) -> Result<Publication, PublishError> {
        self.rulebook.publish(&TokenId::parse("officer-1").unwrap(), text).await
    }

    async fn calendar(&self, year: u16) {
        let intake = &self.rulebook.intake;
        let published: WorkCalendarPublished = serde_json::from_value(json!({
            "year": year, "version": format!("kz-{year}-1"), "days_off": [format!("{year}-01-01")],
            "source_ref": "order-1", "published_at": self.clock.now(),
        }))
        .unwrap();
        let id = intake.own_id().unwrap();
        let event = intake.own_event(id, StreamName::Policy, self.clock.now(), None, &published).unwrap();
        intake.record_own(event, ExpectedRevision::Any).await.unwrap();
    }

    /// Last day of an answer to whoever asks now what data there is, and the pack that says so.
    async fn due_now(&self) -> (String, String) {
        let (office, now) = (self.rulebook.governed.at(None).await.unwrap(), self.clock.now());
        let (pack, today) = (office.rules(now), subject_record_projections::due::legal_day(now));
        let rule = pack.deadline(DeadlineSubject::AccessRequest, today).unwrap();
        let due = due(rule, pack, now, &office.working_days(now));
        (due.last_day.to_string(), due.rule_pack)
    }

    async fn current(&self) -> Current {
        self.rulebook.current(self.clock.now()).await.unwrap()
    }
}

/// Monday, 2 November 2026, 11:00 in Kazakhstan.
fn morning() -> DateTime<Utc> {
    "2026-11-02T06:00:00Z".parse().unwrap()
}

/// A pack like the program's own, of another version, in which requests for access are due in one working day.
fn shorter(version: &str) -> String {
    let text = RulePack::BUILT_IN_TEXT.replacen("2026-1", version, 1);
    let subject = "subject = \"access_request\"\nterm = { unit = \"working_days\", amount = ";
    assert!(text.contains(subject));
    text.replacen(&format!("{subject}3"), &format!("{subject}1"), 1)
}

#[tokio::test]
async fn a_pack_that_shortens_a_term_moves_due_dates_from_its_publication_on() {
    let given = Given::nothing_published().await;
    assert_eq!(given.due_now().await, ("2026-11-05".into(), "kz-94v@2026-1".into()));
    given.clock.run_to(morning() + TimeDelta::hours(1));
    let published = given.publish(&shorter("2026-2")).await.unwrap();
    assert!(!published.seen_before);
    assert_eq!(published.pack.effective_at, "2024-12-31T19:00:00Z".parse::<DateTime<Utc>>().unwrap());
    assert_eq!(published.pack.supersedes.as_ref().map(Reference::as_str), Some("2026-1"));
    assert_eq!(given.due_now().await, ("2026-11-03".into(), "kz-94v@2026-2".into()));
    let office = given.rulebook.governed.at(None).await.unwrap();
    assert_eq!(office.rules(morning()).name(), "kz-94v@2026-1", "an hour ago nobody knew of it");
    let before = Position::new(published.position.number() - 1);
    let known_before = given.rulebook.governed.at(Some(before)).await.unwrap();
    assert_eq!(known_before.rules(given.clock.now()).name(), "kz-94v@2026-1");
    let known_then = given.rulebook.governed.at(Some(published.position)).await.unwrap();
    assert_eq!(known_then.rules(given.clock.now()).name(), "kz-94v@2026-2");
}

#[tokio::test]
async fn a_pack_that_takes_effect_later_is_listed_and_judges_nothing_before() {
    let given = Given::nothing_published().await;
    let from = "effective_from = \"2025-01-01\"";
    let text = shorter("2026-2").replacen(from, "effective_from = \"2026-12-01\"", 1);
    given.publish(&text).await.unwrap();
    let current = given.current().await;
    assert_eq!(current.pack.name, "kz-94v@2026-1");
    assert_eq!(current.packs.iter().map(|pack| pack.in_force).collect::<Vec<_>>(), [true, false]);
    given.clock.run_to("2026-11-30T18:59:59Z".parse().unwrap());
    assert_eq!(given.current().await.pack.name, "kz-94v@2026-1");
    given.clock.run_to("2026-11-30T19:00:00Z".parse().unwrap());
    let current = given.current().await;
    assert_eq!(
        (current.pack.name.as_str(), current.today.to_string().as_str()),
        ("kz-94v@2026-2", "2026-12-01")
    );
    assert!(matches!(current.pack.origin, Origin::Published { .. }));
}

#[tokio::test]
async fn the_same_text_again_answers_the_first_publication_and_writes_nothing() {
    let given = Given::nothing_published().await;
    let first = given.publish(&shorter("2026-2")).await.unwrap();
    given.clock.run_to(morning() + TimeDelta::days(1));
    let again = given.publish(&shorter("2026-2")).await.unwrap();
    assert_eq!(again, Publication { seen_before: true, ..first });
    assert_eq!(given.store.last_position().await.unwrap(), again.position);
}

#[tokio::test]
async fn a_version_is_never_given_another_text() {
    let given = Given::nothing_published().await;
    let first = given.publish(&shorter("2026-2")).await.unwrap();
    for other in [shorter("2026-2") + "\n# more\n", shorter("2026-1")] {
        let refused = given.publish(&other).await.unwrap_err();
        assert_eq!(refused.code(), error::RULES_TAKEN);
        assert!(refused.to_string().contains("give it a new version"), "{refused}");
    }
    assert_eq!(given.store.last_position().await.unwrap(), first.position, "nothing was written");
    let back = given.publish(RulePack::BUILT_IN_TEXT).await.unwrap();
    assert_eq!(back.pack.supersedes.as_ref().map(Reference::as_str), Some("2026-2"));
    let current = given.current().await;
    assert_eq!(current.packs.iter().map(|pack| pack.in_force).collect::<Vec<_>>(), [false, false, true]);
}

#[tokio::test]
async fn a_text_that_is_no_rule_pack_says_what_and_where() {
    let given = Given::nothing_published().await;
    let refusal = async |text: &str| {
        let refused = given.publish(text).await.unwrap_err();
        assert_eq!(refused.code(), error::RULES_INVALID);
        refused.to_string()
    };
    assert!(refusal("pack_id = \"kz-94v\"\nversion = \n").await.starts_with("line 2, column "));
    let text = shorter("2026-2");
    let misspelt = text.replacen("unit = \"working_days\"", "unit = \"working_weeks\"", 1);
    let line = text.lines().position(|line| line.contains("working_days")).unwrap() + 1;
    let said = refusal(&misspelt).await;
    assert!(said.starts_with(&format!("line {line}, ")) && said.contains("working_weeks"), "{said}");
    let twice = text.replacen("id = \"art25-refusal-3wd\"", "id = \"art25-access-3wd\"", 1);
    assert_eq!(refusal(&twice).await, "two rules are named art25-access-3wd");
    assert!(refusal(&text.replacen("2026-2", &"v".repeat(64), 1)).await.contains("shorter"));
    assert_eq!(given.store.last_position().await.unwrap(), Position::START, "nothing was written");
}

#[tokio::test]
async fn a_published_pack_whose_text_is_lost_is_named_and_judges_once_the_text_is_back() {
    let given = Given::nothing_published().await;
    let text = shorter("2026-2");
    let fact = RulePackPublished {
        pack_id: Reference::parse("kz-94v").unwrap(),
        version: Reference::parse("2026-2").unwrap(),
        text_hash: TextHash::parse(hex::encode(Sha256::digest(&text))).unwrap(),
        effective_at: morning(),
        supersedes: None,
    };
    let intake = &given.rulebook.intake;
    let id = intake.own_id().unwrap();
    let event = intake.own_event(id, StreamName::Policy, morning(), None, &fact).unwrap();
    intake.record_own(event, ExpectedRevision::Any).await.unwrap();
    let unread = async || {
        let current = given.current().await;
        (current.pack.name, current.unread_packs.into_iter().map(|pack| pack.why).collect::<Vec<_>>())
    };
    assert_eq!(unread().await, ("kz-94v@2026-1".into(), vec!["its text is not kept here".into()]));
    given.store.put_text(fact.text_hash.as_str(), b"something else").await.unwrap();
    assert_eq!(unread().await.1, ["the text that is kept is not the one that was published"]);
    let given = Given::nothing_published().await;
    let intake = &given.rulebook.intake;
    let event =
        intake.own_event(intake.own_id().unwrap(), StreamName::Policy, morning(), None, &fact).unwrap();
    intake.record_own(event, ExpectedRevision::Any).await.unwrap();
    assert_eq!(given.current().await.unread_packs.len(), 1);
    given.store.put_text(fact.text_hash.as_str(), text.as_bytes()).await.unwrap();
    let current = given.current().await;
    assert_eq!((current.pack.name.as_str(), current.unread_packs), ("kz-94v@2026-2", vec![]));
}

#[tokio::test]
async fn a_published_calendar_lets_the_working_days_reach_further() {
    let given = Given::nothing_published().await;
    let before = given.current().await;
    assert_eq!((before.last_covered_day.to_string().as_str(), before.days_left), ("2026-12-31", 59));
    let count = before.calendars.len();
    given.calendar(2026).await;
    given.calendar(2027).await;
    let after = given.current().await;
    assert_eq!((after.last_covered_day.to_string().as_str(), after.days_left), ("2027-12-31", 424));
    assert_eq!(after.calendars.len(), count + 2);
    let counted: Vec<_> = after.calendars.iter().filter(|table| table.counts).collect();
    let said: Vec<_> = counted.iter().map(|table| (table.year, table.version.as_str())).collect();
    assert_eq!(said, [(2025, "kz-2025-1"), (2026, "kz-2026-1"), (2027, "kz-2027-1")]);
    assert!(matches!(counted[1].origin, Origin::Published { .. }), "{counted:?}");
    assert_eq!(counted[0].origin, Origin::BuiltIn);
}

#[tokio::test]
async fn the_text_of_a_pack_is_found_by_version_by_name_or_as_the_one_in_force() {
    let given = Given::nothing_published().await;
    given.publish(&shorter("2026-2")).await.unwrap();
    let text = async |version| given.rulebook.text(version, given.clock.now()).await.unwrap();
    assert_eq!(text(None).await, Some(shorter("2026-2")));
    assert_eq!(text(Some("kz-94v@2026-2")).await, Some(shorter("2026-2")));
    assert_eq!(text(Some("2026-1")).await.as_deref(), Some(RulePack::BUILT_IN_TEXT));
    assert_eq!(text(Some("2026")).await, None);
}
