//! What only the events in their order show: positions, recorded times, the chain of each stream, the ends of all.

use std::collections::{BTreeMap, HashMap, HashSet};

use subject_record_schemas::LeafHash;
use subject_record_schemas::types::log::StreamHeadsCommitted;

use super::derived::Derived;
use super::events::{Before, Checked, Ground, Says};
use super::fault::{Fault, FaultKind, Faults};
use crate::notary::heads::{HeadsMap, StreamEnd};
use crate::notary::tree::Hash;

/// The ends of all streams at one position: root and number of streams.
type Ends = (Hash, u64);

/// The log as far as it was walked.
pub(super) struct Chains<'a> {
    ground: &'a Ground,
    ends: HashMap<i64, End>,
    heads: HeadsMap,
    /// Streams that moved since the map was brought up to date.
    moved: Vec<i64>,
    /// Ends at the positions that recorded roots are said to hold for.
    ends_at: BTreeMap<i64, Option<Ends>>,
    /// Recorded roots that hold.
    pub(super) heads_held: u64,
    /// Recorded roots whose positions are none of this log.
    pub(super) heads_unplaced: u64,
    position: i64,
    recorded_us: i64,
    names: Vec<(u64, i64)>,
    withdrawn: Vec<i64>,
    withdrawals: HashSet<i64>,
    destroyed: HashSet<i64>,
    pub(super) tree: Derived,
    pub(super) faults: Faults,
}

#[derive(Clone, Copy)]
struct End {
    revision: u64,
    leaf: Option<Hash>,
    position: i64,
    moved: bool,
}

impl<'a> Chains<'a> {
    /// Before the first event. `heads_wanted`: positions that recorded roots over the ends of streams name.
    pub(super) fn new(ground: &'a Ground, heads_wanted: &[i64], tree: Derived) -> Self {
        Self {
            ground,
            ends: HashMap::with_capacity(ground.streams.len()),
            heads: HeadsMap::default(),
            moved: Vec::new(),
            ends_at: heads_wanted.iter().map(|position| (*position, None)).collect(),
            heads_held: 0,
            heads_unplaced: 0,
            position: 0,
            recorded_us: i64::MIN,
            names: Vec::new(),
            withdrawn: Vec::new(),
            withdrawals: HashSet::new(),
            destroyed: HashSet::new(),
            tree,
            faults: Faults::default(),
        }
    }

    /// The last position.
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    /// Streams that have an event.
    pub(super) fn streams(&self) -> u64 {
        self.ends.len() as u64
    }

    /// Walks on by one event.
    pub(super) fn walk(&mut self, event: Checked) {
        let is_placed = self.follow_position(&event);
        if event.recorded_us < self.recorded_us {
            let text = "its recorded time is before that of the event before it";
            self.faults.add(Fault::at(event.position, FaultKind::TimeBack, text));
        }
        self.recorded_us = self.recorded_us.max(event.recorded_us);
        if event.name != 0 {
            self.names.push((event.name, event.position));
        }
        // What an event says of the log is said of what stood before it.
        match &event.says {
            Says::HeadsCommitted(committed) => self.check_heads(event.position, committed),
            Says::WithdrawnAt(position) => {
                self.withdrawals.extend(i64::try_from(position.number()));
            }
            Says::IsWithdrawn => self.withdrawn.push(event.position),
            Says::Destroyed => {
                self.destroyed.insert(event.stream);
            }
            Says::Fence | Says::Nothing => {}
        }
        self.follow_stream(&event);
        if is_placed {
            self.tree.push(event.leaf);
        }
        if self.ends_at.contains_key(&event.position) {
            let ends = self.current_ends();
            self.ends_at.insert(event.position, ends);
        }
    }

    /// Whether the event has a place in the tree.
    fn follow_position(&mut self, event: &Checked) -> bool {
        let expected = self.position + 1;
        if event.position < expected {
            let text = format!("the log begins at position 1, and an event stands at {}", event.position);
            self.faults.add(Fault::whole(FaultKind::Gap, text));
            return false;
        }
        if event.position > expected {
            let last = event.position - 1;
            let text = if last == expected {
                "the event at this position is missing".to_owned()
            } else {
                format!("the events from this position to {last} are missing")
            };
            self.faults.add(Fault::at(expected, FaultKind::Gap, text));
            self.tree.skip(expected, last);
        }
        self.position = event.position;
        true
    }

    fn follow_stream(&mut self, event: &Checked) {
        let before = self.ends.get(&event.stream).copied();
        let next = before.map_or(0, |end| end.revision.saturating_add(1));
        let name = || match self.ground.streams.get(&event.stream) {
            Some(stream) => stream.name.to_string(),
            None => format!("number {}", event.stream),
        };
        if event.revision != next {
            let text = format!("it is revision {} of stream {}, where {next} is due", event.revision, name());
            self.faults.add(Fault::at(event.position, FaultKind::Sequence, text));
        }
        if let Before::Said(previous) = event.previous {
            let due = before.map(|end| end.leaf);
            let follows = match due {
                None => previous.is_none(),
                Some(leaf) => leaf.is_none() || previous == leaf,
            };
            if !follows {
                let text = match before {
                    Some(end) => format!(
                        "it does not point at the event before it in stream {}, which is at position {}",
                        name(),
                        end.position
                    ),
                    None => {
                        format!("it points at an event before it in stream {}, and there is none", name())
                    }
                };
                self.faults.add(Fault::at(event.position, FaultKind::Previous, text));
            }
        }
        let is_marked = before.is_some_and(|end| end.moved);
        if !is_marked {
            self.moved.push(event.stream);
        }
        let (revision, leaf, position) = (event.revision, event.leaf, event.position);
        self.ends.insert(event.stream, End { revision, leaf, position, moved: true });
    }

    /// Brings the map of ends up to date. `None` when an end has no leaf hash.
    fn current_ends(&mut self) -> Option<Ends> {
        for number in self.moved.drain(..) {
            let end = self.ends.get_mut(&number)?;
            end.moved = false;
            let stream = self.ground.streams.get(&number)?;
            let end = StreamEnd { revision: end.revision, leaf_hash: end.leaf? };
            self.heads.note(&stream.name.to_string(), &end);
        }
        Some((self.heads.root(), self.heads.streams()))
    }

    fn check_heads(&mut self, position: i64, committed: &StreamHeadsCommitted) {
        let wrong = |text: String| Fault::at(position, FaultKind::Heads, text);
        let at = i64::try_from(committed.at_position.number()).unwrap_or(i64::MAX);
        // On KurrentDB positions are places in the whole server's log; `store copy` numbers events anew, and leaves what they
        // say as it is.
        if at >= position {
            self.heads_unplaced += 1;
            return;
        }
        let derived = if at == 0 {
            Some((HeadsMap::default().root(), 0))
        } else {
            self.ends_at.get(&at).copied().flatten()
        };
        let Some((root, streams)) = derived else {
            self.faults.add(wrong(format!("the ends of streams at position {at} cannot be derived again")));
            return;
        };
        if committed.root.as_str() != hex::encode(root) {
            let text =
                format!("the root over the ends of streams at position {at} does not follow from the events");
            self.faults.add(wrong(text));
        } else if committed.streams != streams {
            let text =
                format!("it counts {} streams at position {at}, and there are {streams}", committed.streams);
            self.faults.add(wrong(text));
        } else {
            self.heads_held += 1;
        }
    }

    /// What can be said only once all is walked. Answers pairs of events that seem to bear one name.
    pub(super) fn finish(&mut self) -> Vec<(i64, i64)> {
        for position in std::mem::take(&mut self.withdrawn) {
            if !self.withdrawals.contains(&position) {
                let text = "its bytes are gone, and no withdrawal is recorded";
                self.faults.add(Fault::at(position, FaultKind::NotWithdrawn, text));
            }
        }
        for (number, stream) in &self.ground.streams {
            match stream.fenced_at {
                Some(at) if !self.destroyed.contains(number) => {
                    let text =
                        format!("the erasure of {} is decided, and its end is not recorded", stream.name);
                    self.faults.add(Fault::at(at, FaultKind::ErasureOpen, text));
                }
                Some(at) if !self.ground.keys.is_fenced(&stream.name.to_string()) => {
                    let text = format!(
                        "{} was erased, and its keys are not fenced: they were put back",
                        stream.name
                    );
                    self.faults.add(Fault::at(at, FaultKind::BoxBehindFence, text));
                }
                _ => {}
            }
            if !self.ends.contains_key(number) {
                let text = format!("the stream {} is listed and has no event", stream.name);
                self.faults.add(Fault::whole(FaultKind::Stray, text));
            }
        }
        let fenced: HashSet<String> = self
            .ground
            .streams
            .values()
            .filter(|stream| stream.fenced_at.is_some())
            .map(|stream| stream.name.to_string())
            .collect();
        for owner in self.ground.keys.fenced_people().filter(|owner| !fenced.contains(*owner)) {
            let text = format!("keys.db says that {owner} was erased, and the log does not");
            self.faults.add(Fault::whole(FaultKind::ErasureUnknown, text));
        }
        let mut names = std::mem::take(&mut self.names);
        names.sort_unstable();
        let same = names.windows(2).filter_map(|pair| match pair {
            [(first, at), (second, again)] if first == second => Some((*at, *again)),
            _ => None,
        });
        same.collect()
    }
}

/// A leaf hash as text, for messages.
pub(super) fn hash_text(hash: &Hash) -> String {
    LeafHash::new(*hash).to_string()
}
