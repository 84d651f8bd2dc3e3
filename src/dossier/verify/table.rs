//! Verdicts for people to read.

use std::fmt::Write;

use super::Verdicts;
use super::verdict::Verdict;

/// Faults of one axis that are printed. The machine form has all that are listed.
const FAULTS_PRINTED_MAX: usize = 20;

/// A table of the five axes, and below it what exactly holds and what does not.
#[must_use]
pub fn table(verdicts: &Verdicts) -> String {
    let mut text = String::new();
    if let Some(named) = &verdicts.dossier {
        text += &format!("Dossier {} about {}\n", plain(&named.dossier_id), plain(&named.subject));
        text += &format!("Log     {} of {}\n\n", plain(&named.log_id), plain(&named.origin));
    }
    text += &format!("{:<14}{:<12}{:<7}{}\n", "AXIS", "VERDICT", "HOLDS", "FAULTS");
    for Verdict { axis, level, holds, faults, .. } in &verdicts.verdicts {
        let holds = if *holds { "yes" } else { "no" };
        text += &format!("{axis:<14}{level:<12}{holds:<7}{}\n", faults.len());
    }
    for verdict in &verdicts.verdicts {
        let _ = write!(text, "\n{}: {}\n", verdict.axis, verdict.level);
        for fault in verdict.faults.iter().take(FAULTS_PRINTED_MAX) {
            let place = fault.position.map(|position| format!("position {position} ")).unwrap_or_default();
            text += &format!("  ! {}: {place}{}\n", fault.code, plain(&fault.text));
        }
        let more = verdict.faults.len().saturating_sub(FAULTS_PRINTED_MAX);
        if more > 0 {
            text += &format!("  ! and {more} more\n");
        }
        for detail in &verdict.details {
            text += &format!("  - {}\n", plain(detail));
        }
    }
    text
}

/// What a dossier says of itself may hold anything: nothing of it may move the cursor of a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{FFFD}' } else { letter }).collect()
}
