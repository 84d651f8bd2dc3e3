//! What recipients do later: an unlawful disclosure is mended when they have destroyed what they got.

use std::collections::BTreeSet;

use subject_record_schemas::types::disclosure::{RecipientNoticeAcknowledged, RecipientNotified};
use subject_record_schemas::vocabulary::{RecipientAnswer, RecipientMatter};
use subject_record_schemas::{Fact, Position, Reference};

use super::{Step, Verdict};
use crate::rules::FindingCode;
use crate::subject::{Disclosure, Told};

/// What may be wrong with a disclosure as such. That the person was not told of it is another matter.
const OF_DISCLOSURES: &[FindingCode] = &[
    FindingCode::F05,
    FindingCode::F06,
    FindingCode::F07,
    FindingCode::F08,
    FindingCode::F09,
    FindingCode::F10,
    FindingCode::F11,
    FindingCode::F13,
    FindingCode::F27,
    FindingCode::F28,
    FindingCode::F30,
    FindingCode::F31,
    FindingCode::F32,
    FindingCode::F36,
    FindingCode::F37,
];

/// What a recipient's word that the data is destroyed cures.
pub(super) fn settle(step: &Step<'_>) -> Vec<Verdict> {
    let Fact::RecipientNoticeAcknowledged(answered) = &step.event.fact else { return Vec::new() };
    let dealings = &step.person.dealings;
    let asked = dealings.recipient_notices.iter().filter(|(notice, _)| asks_for(notice, answered));
    let asked: Vec<_> = asked.collect();
    let destroyed = dealings.disclosures.values().filter(|made| {
        made.made.recipient_id == answered.recipient_id
            && asked.iter().any(|(notice, told)| is_about(notice, *told, made))
    });
    let destroyed: BTreeSet<Position> = destroyed.map(|made| made.told.position).collect();
    let open = step.docket.open(OF_DISCLOSURES, step.at);
    open.filter(|finding| destroyed.contains(&finding.about)).map(|finding| step.cures(finding)).collect()
}

/// Whether a notice told the recipient to destroy data, and the recipient now says that it did.
fn asks_for(notice: &RecipientNotified, answered: &RecipientNoticeAcknowledged) -> bool {
    notice.notice_id == answered.notice_id
        && notice.recipient_id == answered.recipient_id
        && notice.matter == RecipientMatter::Destroyed
        && answered.answer == RecipientAnswer::Done
}

/// Whether a notice is about a disclosure: it came after it, and names it, what it rests on, or nothing.
fn is_about(notice: &RecipientNotified, told: Told, disclosure: &Disclosure) -> bool {
    let made = &disclosure.made;
    let names = |about: &Reference| *about == made.disclosure_id || made.ground_ref.as_ref() == Some(about);
    told.at >= disclosure.told.at && notice.reference.as_ref().is_none_or(names)
}

#[cfg(test)]
mod tests;
