//! What the check found, for programs and for people.

use serde::Serialize;
use subject_record_schemas::Position;

use super::claimed::Held;
use super::events::Counts;
use super::fault::{Axis, Fault};

/// What `log check` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Id of the log, by its first event.
    pub log_id: Option<String>,
    /// Name of the log in its checkpoints.
    pub origin: Option<String>,
    /// The key of its checkpoints (C2SP signed-note).
    pub verifier_key: Option<String>,
    /// Its last position.
    pub position: Position,
    /// Streams that have an event.
    pub streams: u64,
    /// Root of the tree of all events (RFC 6962), as hexadecimal digits; absent when an event is missing.
    pub root: Option<String>,
    /// Events and their personal parts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Published texts.
    pub texts: u64,
    /// What follows from the events as it is claimed.
    pub held: Held,
    /// Database files that were gone through.
    pub files: Vec<String>,
    /// What is wrong, by position; what has none comes last.
    pub faults: Vec<Fault>,
    /// Faults beyond those, of kinds that are told often enough.
    pub faults_left_out: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// How an axis stands, in words.
    #[must_use]
    pub fn verdict(&self, axis: Axis) -> &'static str {
        if self.faults.iter().any(|fault| fault.axis == axis) {
            return match axis {
                Axis::Bytes => "altered",
                Axis::History | Axis::Completeness | Axis::Witness | Axis::Time => "broken",
            };
        }
        match axis {
            Axis::Bytes => "intact",
            Axis::History => "consistent",
            Axis::Completeness => "claimed",
            Axis::Witness if self.held.anchors > 0 => "anchored",
            Axis::Witness => "self",
            Axis::Time => "asserted",
        }
    }

    /// Verdicts and what they rest on, as rows of a table under `axis`, `verdict`, `rests on`.
    #[must_use]
    pub fn verdict_rows(&self) -> Vec<Vec<String>> {
        let Counts { events, bytes, opened, shredded, lost, not_opened, withdrawn } = self.counts;
        let up_to = |size: Option<u64>| size.map_or(String::new(), |size| format!(", up to entry {size}"));
        let held = &self.held;
        let axes = [
            (
                Axis::Bytes,
                format!(
                    "{events} events of {bytes} bytes, {withdrawn} withdrawn; personal parts: {opened} opened, {shredded} destroyed, {lost} lost, {not_opened} not opened; {} texts",
                    self.texts
                ),
            ),
            (
                Axis::History,
                format!(
                    "{} checkpoints{}, {} tiles",
                    held.checkpoints,
                    up_to(held.checkpoint_size),
                    held.tiles
                ),
            ),
            (
                Axis::Completeness,
                format!(
                    "{} streams up to position {}, {} recorded roots over their ends{}",
                    self.streams,
                    self.position,
                    held.heads,
                    match held.heads_unplaced {
                        0 => String::new(),
                        unplaced => format!(
                            "; {unplaced} more name positions of another engine (KurrentDB), and were not derived again"
                        ),
                    }
                ),
            ),
            (Axis::Witness, format!("{} checkpoints held outside{}", held.anchors, up_to(held.anchor_size))),
            (Axis::Time, "recorded times that never go back".to_owned()),
        ];
        axes.into_iter()
            .map(|(axis, rests)| vec![axis.to_string(), self.verdict(axis).to_owned(), rests])
            .collect()
    }

    /// Faults as rows of a table under `position`, `axis`, `code`, `what`.
    #[must_use]
    pub fn fault_rows(&self) -> Vec<Vec<String>> {
        let row = |fault: &Fault| {
            let position = fault.position.map_or("-".to_owned(), |position| position.to_string());
            vec![position, fault.axis.to_string(), fault.kind.code().to_owned(), fault.text.clone()]
        };
        self.faults.iter().map(row).collect()
    }
}
