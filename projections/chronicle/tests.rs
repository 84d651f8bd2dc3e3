use proptest::prelude::*;
use subject_record_schemas::Position;

use super::*;
use crate::given::streams::{Arrived, Story, TICK_MINUTES, TICKS, stories};
use crate::given::tables::Tables;
use crate::given::{leaf, minute};
use crate::table::Row;

/// A chronicle that learns event by event, and the tables that its changes are written to.
#[derive(Default)]
struct Live {
    chronicle: Chronicle,
    office: Governance,
    heard: Vec<SubjectEvent>,
    tables: Tables,
}

impl Live {
    fn hear(&mut self, arrived: &Arrived) {
        let learned = match arrived {
            Arrived::OfPerson(event) => {
                self.heard.push(event.clone());
                self.chronicle.learn(event, &self.office)
            }
            Arrived::Published(event) => {
                self.office.learn(event);
                self.chronicle.govern(event, &self.office)
            }
        };
        let changes = match learned {
            Learned::Changed(changes) => changes,
            Learned::Late => {
                let again = self.folded_again();
                let changes = again.changes_since(&self.chronicle);
                self.chronicle = again;
                changes
            }
        };
        self.tables.take(arrived.position(), changes);
    }

    fn folded_again(&self) -> Chronicle {
        Chronicle::of(self.heard.clone(), &self.office)
    }
}

/// What holds at an instant, from those events alone that had happened by then and were known by a position.
fn refolded(story: &Story, at: DateTime<Utc>, known_at: Position) -> Vec<Row> {
    let (mut events, mut office) = (Vec::<SubjectEvent>::new(), Governance::default());
    for arrived in story.stored() {
        if arrived.position() > known_at || arrived.event().occurred_at > at {
            continue;
        }
        match arrived {
            Arrived::Published(event) => office.learn(&event),
            Arrived::OfPerson(mut event) => {
                // The chain of what is left has no gaps.
                let number = events.len() as u64;
                event.revision = Revision::new(number);
                event.leaf_hash = leaf(number + 1);
                event.previous = (number > 0).then(|| leaf(number));
                events.push(event);
            }
        }
    }
    Chronicle::of(events, &office).versions().all_at(at).cloned().collect()
}

fn instants_and_positions() -> impl Strategy<Value = Vec<(DateTime<Utc>, Position)>> {
    let instant = (0..TICKS + 5, prop_oneof![Just(-1i64), Just(0), Just(1)])
        .prop_map(|(tick, minutes)| minute(tick * TICK_MINUTES + minutes));
    proptest::collection::vec((instant, (0u64..20).prop_map(Position::new)), 12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn learning_event_by_event_gives_what_folding_from_nothing_gives(story in stories(16)) {
        let mut live = Live::default();
        for arrived in story.stored() {
            live.hear(&arrived);
            let fresh = live.folded_again();
            prop_assert_eq!(live.chronicle.versions(), fresh.versions(), "after {:?}", arrived);
            prop_assert_eq!(live.chronicle.person(), fresh.person());
        }
    }

    #[test]
    fn what_was_so_and_known_is_what_the_events_of_then_alone_would_give(
        story in stories(16),
        asked in instants_and_positions(),
    ) {
        let mut live = Live::default();
        for arrived in story.stored() {
            live.hear(&arrived);
        }
        for (at, known_at) in asked {
            let expected = refolded(&story, at, known_at);
            prop_assert_eq!(live.tables.visible(at, known_at), expected, "at {} known {}", at, known_at);
        }
    }
}
