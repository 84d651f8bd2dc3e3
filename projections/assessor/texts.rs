//! Texts that say too little, and answers to texts that were not the right ones (F02, F04).

use subject_record_schemas::types::governance::ConsentTextPublished;
use subject_record_schemas::types::policy::PolicyVersionAnswered;
use subject_record_schemas::{EventType, Fact};

use crate::assessor::{Step, Verdict};
use crate::finding::FindingCode;
use crate::findings::{Finding, Matter};

/// What is wrong about a text, or an answer to one.
pub(super) fn judge(step: &Step<'_>) -> Vec<Verdict> {
    match &step.event.fact {
        Fact::ConsentTextPublished(text) if !is_complete(step, text) => {
            let matter = Matter { thing: Some(text.text_id.clone()), ..Matter::default() };
            vec![Verdict::Open(step.finding(FindingCode::F02).on(matter))]
        }
        Fact::PolicyVersionAnswered(answered) if !is_in_force(step, answered) => {
            let matter = Matter { thing: Some(answered.policy_version.clone()), ..Matter::default() };
            let finding = step.finding(FindingCode::F04).on(matter);
            let in_force = step.office.policy_in_force(step.at);
            let in_force = in_force.iter().find(|text| text.fact.language == answered.language);
            vec![Verdict::Open(match in_force {
                Some(text) => finding.shown_by(text.position),
                None => finding,
            })]
        }
        _ => Vec::new(),
    }
}

/// What an event mends.
pub(super) fn settle(step: &Step<'_>) -> Vec<Verdict> {
    match &step.event.fact {
        Fact::ConsentTextPublished(text) if is_complete(step, text) => completed(step, text),
        Fact::PolicyVersionAnswered(answered) if is_in_force(step, answered) => answered_again(step),
        _ => Vec::new(),
    }
}

/// Whether a consent text says all that Art. 8(4) asks for.
fn is_complete(step: &Step<'_>, text: &ConsentTextPublished) -> bool {
    step.rules.lists.consent_text.iter().all(|item| item.is_said_by(text))
}

/// Whether what was answered is the text in force, in the language in which it was shown.
fn is_in_force(step: &Step<'_>, answered: &PolicyVersionAnswered) -> bool {
    step.office.policy_in_force(step.at).iter().any(|text| {
        let text = &text.fact;
        (&text.version, text.language, &text.text_hash)
            == (&answered.policy_version, answered.language, &answered.text_hash)
    })
}

/// The text is complete now, in the same language.
fn completed(step: &Step<'_>, text: &ConsentTextPublished) -> Vec<Verdict> {
    let texts = step.office.consent_texts(step.at);
    let same = |finding: &&Finding| {
        let silent = texts.iter().find(|other| other.position == finding.about);
        silent.is_some_and(|silent| {
            silent.fact.text_id == text.text_id && silent.fact.language == text.language
        })
    };
    let open = step.docket.open(&[FindingCode::F02], step.at);
    open.filter(same).map(|finding| step.cures(finding)).collect()
}

/// The text in force was answered: answers to other texts count no more.
fn answered_again(step: &Step<'_>) -> Vec<Verdict> {
    let answer = |finding: &&Finding| finding.event == EventType::PolicyVersionAnswered.wire_name();
    let open = step.docket.open(&[FindingCode::F04], step.at);
    open.filter(answer).map(|finding| step.cures(finding)).collect()
}

#[cfg(test)]
mod tests;
