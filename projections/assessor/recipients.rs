//! What recipients do later: an unlawful disclosure is mended when they have destroyed what they got.

use subject_record_schemas::Fact;
use subject_record_schemas::types::disclosure::RecipientNoticeAcknowledged;
use subject_record_schemas::vocabulary::{RecipientAnswer, RecipientMatter};

use super::{Step, Verdict};
use crate::findings::Finding;
use crate::rules::FindingCode;
use crate::subject::Disclosure;

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
    let mended = |finding: &&Finding| {
        let mut made = step.person.dealings.disclosures.values();
        made.any(|made| made.told.position == finding.about && is_destroyed(step, answered, made))
    };
    let open = step.docket.open(OF_DISCLOSURES, step.at);
    open.filter(mended).map(|finding| step.cures(finding)).collect()
}

/// Whether the recipient was told after a disclosure to destroy the data, and says that it did.
fn is_destroyed(step: &Step<'_>, answered: &RecipientNoticeAcknowledged, disclosure: &Disclosure) -> bool {
    let mut notices = step.person.dealings.recipient_notices.iter();
    notices.any(|(notice, told)| {
        let made = &disclosure.made;
        let about = notice.reference.as_ref();
        notice.notice_id == answered.notice_id
            && answered.answer == RecipientAnswer::Done
            && notice.matter == RecipientMatter::Destroyed
            && [&notice.recipient_id, &answered.recipient_id].into_iter().all(|who| *who == made.recipient_id)
            && told.at >= disclosure.told.at
            && about
                .is_none_or(|about| *about == made.disclosure_id || made.ground_ref.as_ref() == Some(about))
    })
}

#[cfg(test)]
mod tests;
