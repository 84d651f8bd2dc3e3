//! Axis *witness*: who outside has seen this log as it is here.

use super::Trust;
use super::history::{Proven, Standing};
use super::reading::Reading;
use super::verdict::{Axis, Finding, Level, Verdict};
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::note::{NoteError, VerifierKey};

/// How large a tree was seen from outside, and in which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Witnessed(u64),
    Anchored(u64),
}

impl Seen {
    fn size(self) -> u64 {
        match self {
            Self::Witnessed(size) | Self::Anchored(size) => size,
        }
    }

    fn level(self) -> Level {
        match self {
            Self::Witnessed(_) => Level::Witnessed,
            Self::Anchored(_) => Level::Anchored,
        }
    }
}

pub(super) fn check(reading: &Reading<'_>, trust: &Trust, proven: &Proven) -> Verdict {
    let mut found = Finding::default();
    let mut seen: Vec<Seen> = Vec::new();
    for witness in trust.witnesses.iter().chain(&trust.mirrors) {
        seen.extend(cosigned(reading, witness, proven, &mut found));
    }
    for anchor in &trust.anchors {
        seen.extend(anchored(reading, anchor, proven, &mut found));
    }
    if seen.is_empty() {
        found.detail("nobody but the log itself vouches for its checkpoints");
    }
    let needed = reading.size_needed();
    // The best that covers every entry; if nothing does, the best that covers some.
    let best = seen.iter().filter(|seen| seen.size() >= needed).max().or_else(|| seen.iter().max());
    let holds = found.is_sound() && best.is_some_and(|best| best.size() >= needed);
    let level = match (found.is_sound(), best) {
        (false, _) => Level::Broken,
        (true, None) => Level::SelfOnly,
        (true, Some(best)) => best.level(),
    };
    found.verdict(Axis::Witness, level, holds)
}

/// The largest tree that a witness cosigned.
fn cosigned(
    reading: &Reading<'_>,
    witness: &VerifierKey,
    proven: &Proven,
    found: &mut Finding,
) -> Option<Seen> {
    let name = witness.name();
    if !proven.is_outside(witness) {
        found.detail(format!("{name} is the log's own key, and no witness"));
        return None;
    }
    let mut largest: Option<(u64, Option<i64>)> = None;
    for checkpoint in proven.all() {
        let size = checkpoint.checkpoint.size;
        match checkpoint.note.verify(witness) {
            Ok(verified) if largest.is_none_or(|(known, _)| size > known) => {
                largest = Some((size, verified.at));
            }
            Ok(_) | Err(NoteError::NotSigned(_)) => {}
            Err(error) => {
                let text = format!("the cosignature of {name} on the checkpoint of size {size}: {error}");
                found.fault(None, "cosignature_wrong", text);
            }
        }
    }
    let Some((size, at)) = largest else {
        found.detail(format!("{name} has cosigned none of the checkpoints"));
        return None;
    };
    let at = at.and_then(|at| chrono::DateTime::from_timestamp(at, 0));
    let at = at.map(|at| format!(" at {}", at.format("%Y-%m-%dT%H:%M:%SZ"))).unwrap_or_default();
    found.detail(format!("{name} cosigned size {size}{at}: it covers {}", reading.covered(size)));
    Some(Seen::Witnessed(size))
}

/// What a checkpoint that was kept outside says.
fn anchored(reading: &Reading<'_>, anchor: &str, proven: &Proven, found: &mut Finding) -> Option<Seen> {
    let anchor = SignedCheckpoint::parse(anchor).map_err(|error| error.to_string());
    let anchor = anchor.and_then(|anchor| {
        let signed = proven.key.as_ref().map(|key| anchor.verify(key));
        signed.transpose().map(|_| anchor).map_err(|error| error.to_string())
    });
    let anchor = match anchor {
        Ok(anchor) => anchor.checkpoint,
        Err(error) => {
            found.fault(None, "anchor_unusable", format!("a checkpoint that was kept outside: {error}"));
            return None;
        }
    };
    let size = anchor.size;
    match proven.standing(&anchor) {
        Standing::Same => {
            found.detail(format!("kept outside: size {size}, which covers {}", reading.covered(size)));
            Some(Seen::Anchored(size))
        }
        Standing::Fork => {
            let text = format!("the checkpoint of size {size} that was kept outside has another root");
            found.fault(None, "fork", text);
            None
        }
        Standing::Newer => {
            found.detail(format!(
                "kept outside: size {size}, newer than the dossier, which cannot say whether the log grew into it"
            ));
            None
        }
        Standing::Unknown => {
            found.detail(format!("kept outside: size {size}, about which the dossier holds no proof"));
            None
        }
    }
}
