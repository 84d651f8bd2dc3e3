//! A life as it is lived: time passes, facts are told, and what was wrong about them is noted apart.

use chrono::{DateTime, Days, SecondsFormat, SubsecRound, TimeDelta, Utc};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha20Rng;
use serde_json::{Map, Value, json};
use subject_record_schemas::vocabulary::Language;
use subject_record_schemas::{EventId, EventType, SubjectId};

use super::calendar::{add_working_days, at_local, is_working, local_day, local_seconds};
use super::people::{Fate, Human};
use super::wire::{actor_of, source_of};
use super::world::World;
use super::{Planted, SimulatedEvent};

const HOUR: u32 = 3_600_000;

/// One person's life, or the office's.
pub(super) struct Life<'w> {
    pub(super) world: &'w World,
    pub(super) human: Human,
    /// Now, for this person. Each fact takes a few seconds.
    pub(super) now: DateTime<Utc>,
    /// Newest policy version that the person has answered, from 0.
    pub(super) answered_policy: Option<usize>,
    /// Whether everything about the person was destroyed.
    pub(super) destroyed: bool,
    /// Somebody who registered earlier, for stories of two people.
    pub(super) neighbour: Option<Human>,
    pub(super) events: Vec<SimulatedEvent>,
    pub(super) planted: Vec<Planted>,
    /// Whom facts are about: the person, or nobody when the office keeps its own papers.
    subject: Option<String>,
    case: Option<String>,
    rng: ChaCha20Rng,
    references: u32,
    last_time: DateTime<Utc>,
    last_sent: DateTime<Utc>,
}

/// A fact that was told: what later ones refer to.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) id: String,
}

/// A fact that is being told.
#[must_use]
pub(super) struct Telling<'l, 'w> {
    life: &'l mut Life<'w>,
    event_type: EventType,
    data: Value,
    actor: String,
    cause: Option<String>,
    same_moment: bool,
    late: TimeDelta,
    waits: bool,
}

impl<'w> Life<'w> {
    /// The life of a person.
    pub(super) fn of(world: &'w World, human: Human, fate: Fate) -> Self {
        let subject = Some(human.subject.clone());
        Self::new(world, human, subject, fate)
    }

    /// The office's own papers.
    pub(super) fn of_office(world: &'w World, fate: Fate) -> Self {
        Self::new(world, Human::officer(), None, fate)
    }

    fn new(world: &'w World, human: Human, subject: Option<String>, fate: Fate) -> Self {
        let now = world.at(0, 9 * HOUR);
        Self {
            world,
            human,
            now,
            answered_policy: None,
            destroyed: false,
            neighbour: None,
            events: Vec::new(),
            planted: Vec::new(),
            subject,
            case: None,
            rng: fate.draw(world.seed),
            references: 0,
            last_time: now,
            last_sent: now,
        }
    }

    /// A number from `least` to `most`.
    pub(super) fn between(&mut self, least: u32, most: u32) -> u32 {
        self.rng.random_range(least..=most)
    }

    /// True in so many of a hundred lives.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of several.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        from[self.rng.random_range(0..N)]
    }

    /// Sixty-four hexadecimal digits: the hash of a file that nobody has.
    pub(super) fn file_hash(&mut self) -> String {
        let mut bytes = [0; 32];
        self.rng.fill_bytes(&mut bytes);
        hex::encode(bytes)
    }

    /// A new reference of this person's: `agr-<tag>-3`.
    pub(super) fn reference(&mut self, kind: &str) -> String {
        self.references += 1;
        format!("{kind}-{}-{}", self.human.tag, self.references)
    }

    /// The text in the person's language.
    pub(super) fn words(&self, russian: &str, kazakh: &str) -> String {
        (if self.human.language == Language::Kk { kazakh } else { russian }).to_owned()
    }

    /// From now on facts belong to a case, until it is closed.
    pub(super) fn open_case(&mut self, kind: &str) -> String {
        let case = self.reference(kind);
        self.case = Some(case.clone());
        case
    }

    /// From now on facts belong to a case of many people.
    pub(super) fn join_case(&mut self, case: &str) {
        self.case = Some(case.to_owned());
    }

    /// From now on facts belong to no case.
    pub(super) fn close_case(&mut self) {
        self.case = None;
    }

    /// Starts on a day from `first` to `last`, between eight in the morning and ten in the evening.
    pub(super) fn arrive(&mut self, first: u32, last: u32) {
        let (day, time) = (self.between(first, last.max(first)), self.between(8 * HOUR, 22 * HOUR));
        self.go_to(self.world.at(day, time));
    }

    /// Waits until an instant. Does nothing when it has passed.
    pub(super) fn go_to(&mut self, instant: DateTime<Utc>) {
        self.now = self.now.max(instant);
    }

    /// Lets minutes pass.
    pub(super) fn pass_minutes(&mut self, least: u32, most: u32) {
        let milliseconds = self.between(least * 60_000, most * 60_000);
        self.now += TimeDelta::milliseconds(i64::from(milliseconds));
    }

    /// Lets days pass, to between nine in the morning and eight in the evening.
    pub(super) fn pass_days(&mut self, least: u32, most: u32) {
        let days = u64::from(self.between(least, most));
        let time = self.between(9 * HOUR, 20 * HOUR);
        let then = at_local(local_day(self.now) + Days::new(days), time);
        self.now = then.max(self.now + TimeDelta::minutes(30));
    }

    /// Waits for the office to be open: nine to five on a working day.
    pub(super) fn office(&mut self) {
        let today = local_day(self.now);
        let working = |day| is_working(day, today);
        match local_seconds(self.now) {
            0..32_400 if working(today) => {
                self.now = at_local(today, self.rng.random_range(9 * HOUR..12 * HOUR))
            }
            32_400..61_200 if working(today) => {}
            _ => self.working_days(1),
        }
    }

    /// Lets working days pass, to between nine and four.
    pub(super) fn working_days(&mut self, days: u32) {
        let today = local_day(self.now);
        let time = self.between(9 * HOUR, 16 * HOUR);
        self.now = at_local(add_working_days(today, days, today), time);
    }

    /// Notes that a fact is unlawful, and why.
    pub(super) fn plant(&mut self, finding: &'static str, told: &Told, why: &'static str) {
        // Ids made here parse; were one not to, the tests that count what is planted would miss it.
        let subject = self.subject.as_ref().map(SubjectId::parse).and_then(Result::ok);
        if let Ok(event) = EventId::parse(told.id.clone()) {
            self.planted.push(Planted { finding, subject, event, why });
        }
    }

    /// Begins to tell a fact of the public part `data`.
    pub(super) fn fact(&mut self, event_type: EventType, data: Value) -> Telling<'_, 'w> {
        let actor = actor_of(event_type).unwrap_or(&self.human.subject).to_owned();
        let (cause, late) = (None, TimeDelta::zero());
        Telling { life: self, event_type, data, actor, cause, same_moment: false, late, waits: true }
    }

    fn new_id(&mut self, time: DateTime<Utc>) -> String {
        let mut bytes = [0; 10];
        self.rng.fill_bytes(&mut bytes);
        let millis = u64::try_from(time.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid().to_string()
    }
}

impl Telling<'_, '_> {
    /// Its personal part, if it has any.
    pub(super) fn personal(mut self, personal: Value) -> Self {
        if personal.as_object().is_some_and(|members| !members.is_empty()) {
            self.data["personal"] = personal;
        }
        self
    }

    /// Who did it, if not whoever usually does.
    pub(super) fn by(mut self, actor: &str) -> Self {
        actor.clone_into(&mut self.actor);
        self
    }

    /// The fact that led to it.
    pub(super) fn because(mut self, cause: &Told) -> Self {
        self.cause = Some(cause.id.clone());
        self
    }

    /// It happened at the very moment of the fact before.
    pub(super) fn same_moment(mut self) -> Self {
        self.same_moment = true;
        self
    }

    /// It was sent so long after it happened, and nothing else was told in between.
    pub(super) fn late(mut self, late: TimeDelta) -> Self {
        self.late = late;
        self
    }

    /// It was sent so long after it happened, and life went on in between.
    pub(super) fn overtaken(mut self, late: TimeDelta) -> Self {
        self.late = late;
        self.waits = false;
        self
    }

    /// Tells it.
    pub(super) fn tell(self) -> Told {
        let Self { life, event_type, data, actor, cause, same_moment, late, waits } = self;
        let time = if same_moment { life.last_time } else { life.now.trunc_subsecs(3) };
        let id = life.new_id(time);
        let mut document = Map::new();
        let mut set =
            |name: &str, value: Option<Value>| value.map(|value| document.insert(name.into(), value));
        set("specversion", Some(json!("1.0")));
        set("id", Some(json!(id)));
        set("source", Some(json!(source_of(event_type))));
        set("type", Some(json!(event_type.wire_name())));
        set("subject", life.subject.clone().map(Value::String));
        set("time", Some(json!(time.to_rfc3339_opts(SecondsFormat::Millis, true))));
        set("actor", Some(json!(actor)));
        set("correlationid", life.case.clone().map(Value::String));
        set("causationid", cause.map(Value::String));
        set("data", Some(data));

        let on_the_way = TimeDelta::milliseconds(i64::from(life.between(300, 1_500)));
        let sent_at = (time + on_the_way).max(life.last_sent + TimeDelta::milliseconds(1)) + late;
        if waits {
            life.last_sent = sent_at;
            life.last_time = time;
            let seconds = TimeDelta::milliseconds(i64::from(life.between(4_000, 30_000)));
            life.now = life.now.max(time + late) + seconds;
        }
        life.events.push(SimulatedEvent { sent_at, document: Value::Object(document) });
        Told { id }
    }
}
