//! Axis *completeness*: of the person's streams nothing is missing that the dossier does not declare, up to the
//! position that the committed heads take into account.
//!
//! A stream is a chain: each event names the leaf hash of the one before. Its end is proven by the heads map, whose
//! root stands in an event of the log. What was appended after that commitment is outside the claim.

use std::collections::BTreeSet;

use subject_record_schemas::{EventType, Fact, LeafHash, StreamName};

use super::Trust;
use super::history::Proven;
use super::reading::{Line, Reading};
use super::verdict::{Axis, Finding, Level, Verdict};
use crate::dossier::evidence::{EntryEvidence, LeftOut, StreamEvidence, StreamRole};
use crate::notary::heads::{StreamEnd, check_absent, check_head};

type Shown<'a, 'r> = [(&'r EntryEvidence, &'r Line<'a>)];

pub(super) fn check(reading: &Reading<'_>, trust: &Trust, proven: &Proven) -> Verdict {
    let mut found = Finding::default();
    let heads_index = committed(reading, &mut found);
    let by_stream = reading.streams();
    let mut named = BTreeSet::new();
    let mut is_whole = true;
    for stream in &reading.evidence.streams {
        if !named.insert(stream.stream.as_str()) {
            found.fault(None, "stream_twice", format!("the stream {:?} is told twice", stream.stream));
            continue;
        }
        let shown = by_stream.get(stream.stream.as_str()).map(Vec::as_slice).unwrap_or_default();
        if stream.role == StreamRole::Cited {
            found.detail(format!(
                "{}: {} events cited, no claim that these are all",
                stream.stream,
                shown.len()
            ));
            continue;
        }
        is_whole &= one(reading, stream, shown, &mut found);
    }
    for (name, shown) in &by_stream {
        if !named.contains(name) {
            let position = shown.first().map(|(entry, _)| entry.position);
            found.fault(position, "stream_untold", format!("nothing is said about its stream {name:?}"));
        }
    }
    is_whole &= is_about(reading, &mut found);
    let level = match (found.is_sound(), is_whole) {
        (false, _) => Level::Broken,
        (true, false) => Level::Partial,
        (true, true) => vouched(trust, proven, heads_index, &mut found),
    };
    found.verdict(Axis::Completeness, level, matches!(level, Level::Claimed | Level::Audited))
}

/// The event that committed to the ends of all streams: it must be shown, and say what the dossier says it does.
fn committed(reading: &Reading<'_>, found: &mut Finding) -> Option<u64> {
    let heads = &reading.evidence.heads;
    let mut commitments = reading.of_type(EventType::StreamHeadsCommitted);
    let Some((entry, fact)) = commitments.find(|(entry, _)| entry.position == heads.position) else {
        let text = "the event that committed to the ends of the streams is not shown";
        found.fault(Some(heads.position), "heads_missing", text);
        return None;
    };
    let says = match &fact {
        Fact::StreamHeadsCommitted(said) => {
            said.root.as_str() == heads.root.to_string() && said.at_position == heads.at_position
        }
        _ => false,
    };
    if !says || entry.stream != StreamName::Office.to_string() {
        let text = "committed to another root, or at another position, than the dossier says";
        found.fault(Some(heads.position), "heads_differ", text);
    }
    if heads.at_position >= heads.position {
        let text = "cannot take into account what comes after it";
        found.fault(Some(heads.position), "heads_ahead", text);
    }
    if let Some(manifest) = reading.manifest.filter(|manifest| manifest.scope.known_at > heads.at_position) {
        let text =
            format!("the dossier is to reach position {}, its proof does not", manifest.scope.known_at);
        found.fault(Some(heads.at_position), "heads_behind", text);
    }
    found.detail(format!(
        "ends of the streams committed at position {}, for everything up to position {}",
        heads.position, heads.at_position
    ));
    Some(entry.index)
}

/// Checks one stream that is claimed to be complete, and answers whether all of it is shown.
fn one(reading: &Reading<'_>, stream: &StreamEvidence, shown: &Shown<'_, '_>, found: &mut Finding) -> bool {
    let name = &stream.stream;
    let until = reading.evidence.heads.at_position;
    if !is_of_role(stream) {
        found.fault(None, "stream_role", format!("{name:?} is no stream of its role"));
    }
    for (entry, _) in shown.iter().filter(|(entry, _)| entry.position > until) {
        let text = format!("comes after position {until}, which the proof of {name} ends at");
        found.fault(Some(entry.position), "after_the_end", text);
    }
    let root = *reading.evidence.heads.root.bytes();
    let (Some(revision), Some(leaf_hash)) = (stream.revision, stream.leaf_hash) else {
        let absent = stream.proof.as_ref().map(|proof| check_absent(name, proof, &root));
        match absent {
            Some(Ok(())) if shown.is_empty() => {}
            Some(Ok(())) => {
                found.fault(None, "stream_not_empty", format!("{name} is told to be empty, and is not"))
            }
            Some(Err(error)) => found.fault(None, "head_not_proven", format!("{name} is not empty: {error}")),
            None => found.fault(None, "head_not_proven", format!("the end of {name} is not proven")),
        }
        found.detail(format!("{name}: no events up to position {until}"));
        return true;
    };
    let end = StreamEnd { revision, leaf_hash: *leaf_hash.bytes() };
    match stream.proof.as_ref().map(|proof| check_head(name, &end, proof, &root)) {
        Some(Ok(())) => {}
        Some(Err(error)) => {
            let text = format!("that {name} ends with revision {revision} is not proven: {error}");
            found.fault(None, "head_not_proven", text);
        }
        None => found.fault(None, "head_not_proven", format!("the end of {name} is not proven")),
    }
    let gaps = gaps(stream, revision, found);
    chain(name, shown, gaps, (revision, leaf_hash), found);
    if gaps.is_empty() {
        found.detail(format!("{name}: revisions 0 to {revision}, all of them, up to position {until}"));
        return true;
    }
    let left: Vec<String> = gaps.iter().map(|gap| format!("{} to {}", gap.from, gap.to)).collect();
    found.detail(format!(
        "{name}: revisions 0 to {revision}, of which the dossier leaves out {}, by its own word for the {}",
        left.join(", "),
        gaps.iter()
            .map(|gap| gap.reason.word())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(" and "),
    ));
    false
}

fn is_of_role(stream: &StreamEvidence) -> bool {
    match stream.stream.parse() {
        Ok(StreamName::Subject(_)) => stream.role == StreamRole::Subject,
        Ok(StreamName::Access(_)) => stream.role == StreamRole::Access,
        Ok(StreamName::Policy | StreamName::Office) | Err(_) => false,
    }
}

/// The declared gaps, in order, none inside out, overlapping or beyond the end.
fn gaps<'s>(stream: &'s StreamEvidence, revision: u64, found: &mut Finding) -> &'s [LeftOut] {
    let gaps = stream.left_out.as_slice();
    let in_order = gaps.is_sorted_by(|before, after| before.to < after.from);
    if !in_order || gaps.iter().any(|gap| gap.from > gap.to || gap.to > revision) {
        let text = format!("what {} leaves out is not told in order and within the stream", stream.stream);
        found.fault(None, "left_out_shape", text);
    }
    gaps
}

/// Every revision is shown or declared left out, and names the leaf hash of the one before.
fn chain(
    name: &str,
    shown: &Shown<'_, '_>,
    gaps: &[LeftOut],
    (last, end): (u64, LeafHash),
    found: &mut Finding,
) {
    let mut unread = Vec::new();
    let mut before: Option<&EntryEvidence> = None;
    let mut next = 0;
    for (entry, line) in shown {
        let (revision, position) = (entry.revision, Some(entry.position));
        if revision > last {
            let text = format!("is revision {revision} of {name}, which ends with {last}");
            found.fault(position, "after_the_end", text);
            continue;
        }
        if revision < next {
            found.fault(position, "revision_twice", format!("is revision {revision} of {name} once more"));
            continue;
        }
        if before.is_some_and(|before| before.position >= entry.position) {
            found.fault(
                position,
                "revision_order",
                format!("does not stand behind revision {} of {name}", next - 1),
            );
        }
        missing(name, next, revision, gaps, found);
        if gap_at(gaps, revision).is_some_and(|gap| gap.from <= revision) {
            found.fault(
                position,
                "left_out_shown",
                format!("is told to be left out of {name}, and is shown"),
            );
        }
        match &line.event {
            Some(event) if !is_linked(event.previous, revision, before) => {
                let text = format!("does not follow the event that is shown before it in {name}");
                found.fault(position, "not_linked", text);
            }
            Some(_) => {}
            None => unread.push(entry.position),
        }
        if revision == last && entry.leaf_hash != end {
            found.fault(position, "other_end", format!("is not the event that {name} ends with"));
        }
        before = Some(entry);
        next = revision.saturating_add(1);
    }
    missing(name, next, last.saturating_add(1), gaps, found);
    if !unread.is_empty() {
        let at = super::verdict::positions(&unread);
        found.detail(format!(
            "{name}: {at} cannot be read; the next event holds the chain by their leaf hash"
        ));
    }
}

/// Whether an event names the one before it, as far as that one is shown.
fn is_linked(previous: Option<LeafHash>, revision: u64, before: Option<&EntryEvidence>) -> bool {
    match (revision.checked_sub(1), previous) {
        (None, previous) => previous.is_none(),
        (Some(_), None) => false,
        (Some(one_less), Some(previous)) => before
            .filter(|before| before.revision == one_less)
            .is_none_or(|before| before.leaf_hash == previous),
    }
}

/// The first gap that ends at a revision or behind it. Gaps stand in order, or a fault says that they do not.
fn gap_at(gaps: &[LeftOut], revision: u64) -> Option<&LeftOut> {
    gaps.get(gaps.partition_point(|gap| gap.to < revision))
}

/// Revisions from `from` to before `to` that are neither shown nor declared.
fn missing(name: &str, from: u64, to: u64, gaps: &[LeftOut], found: &mut Finding) {
    let mut next = from;
    while next < to {
        let gap = gap_at(gaps, next);
        if let Some(gap) = gap.filter(|gap| gap.from <= next) {
            next = gap.to.saturating_add(1);
            continue;
        }
        let until = gap.map_or(to, |gap| gap.from.min(to));
        let last = until - 1;
        let which =
            if last == next { format!("revision {next}") } else { format!("revisions {next} to {last}") };
        let text = format!("{which} of {name} is missing, and nothing says that it is left out");
        found.fault(None, "left_out", text);
        next = until;
    }
}

/// The dossier is about one person: that person's own stream must be among the complete ones. Answers whether the
/// looks at the person are too.
fn is_about(reading: &Reading<'_>, found: &mut Finding) -> bool {
    let Some(subject) = reading.manifest.map(|manifest| manifest.subject.as_str()) else { return true };
    let streams = &reading.evidence.streams;
    let covers =
        |role, name: String| streams.iter().any(|stream| stream.role == role && stream.stream == name);
    if !covers(StreamRole::Subject, format!("subject-{subject}")) {
        found.fault(None, "subject_missing", format!("the stream of {subject} is not among the streams"));
    }
    let covers_looks = covers(StreamRole::Access, format!("access-{subject}"));
    if !covers_looks {
        found.detail(format!("who looked at the data of {subject} is not covered"));
    }
    covers_looks
}

/// Whether a mirror cosigned a tree that the commitment stands in: it then derived the same heads root.
fn vouched(trust: &Trust, proven: &Proven, heads_index: Option<u64>, found: &mut Finding) -> Level {
    let covering = |size: u64| heads_index.is_some_and(|index| index < size);
    for checkpoint in proven.all().filter(|known| covering(known.checkpoint.size)) {
        for mirror in trust.mirrors.iter().filter(|mirror| proven.is_outside(mirror)) {
            if checkpoint.note.verify(mirror).is_ok() {
                let size = checkpoint.checkpoint.size;
                found.detail(format!(
                    "{} read all entries up to size {size} and found the same ends",
                    mirror.name()
                ));
                return Level::Audited;
            }
        }
    }
    found.detail("that these are the ends is the log's own word: no mirror that was named has read it all");
    Level::Claimed
}
