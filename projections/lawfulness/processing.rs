//! Processing by the operator itself: it needs a consent, or a case of the law (Art. 7, 9).

use subject_record_schemas::Reference;
use subject_record_schemas::types::processing::Basis;
use subject_record_schemas::vocabulary::{BasisKind, DataCategory, ProcessingAction};

use crate::finding::{FindingCode, Severity};
use crate::lawfulness::consent::{self, Need};
use crate::lawfulness::policy;
use crate::lawfulness::{Case, Ground, Objection, Processing, Remedy, Weighed};

pub(super) fn weigh(case: &Case<'_>, processing: &Processing<'_>) -> Weighed {
    let mut weighed = Weighed::default();
    weighed.objections.extend(policy::outside(case, processing.purpose));
    // To block and to destroy are duties towards the person, who need not ask for them (Art. 18, 25).
    if matches!(processing.action, ProcessingAction::Block | ProcessingAction::Destroy) {
        return weighed;
    }
    let need = Need { purpose: processing.purpose, categories: processing.categories };
    match processing.basis {
        None => weighed.take(consent::best(case, &need, |_| true)),
        Some(basis) => on(case, basis, &need, &mut weighed),
    }
    if weighed.grounds.is_empty() {
        let new = policy::Added { purpose: need.purpose, categories: need.categories, to: None };
        weighed.objections.extend(policy::applied_backwards(case, &new));
    }
    weighed
}

/// Weighs what a processing is said to rest on.
fn on(case: &Case<'_>, basis: &Basis, need: &Need<'_>, weighed: &mut Weighed) {
    match (&basis.kind, &basis.reference) {
        (BasisKind::Consent, Some(id)) => weighed.take(consent::named(case, id, need)),
        // The law asks for a consent, not for its name: one that covers it carries it.
        (BasisKind::Consent, None) => weighed.take(consent::best(case, need, |_| true)),
        (BasisKind::Article9 | BasisKind::OperatorDuty, Some(article)) => {
            weighed.grounds.push(by_law(article));
        }
        (BasisKind::Article9 | BasisKind::OperatorDuty, None) => {
            weighed.objections.push(case.objection(FindingCode::F01, Remedy::NameArticle));
        }
        // Needing data for an agreement is a ground of the policy, not of the law: a consent has to carry it.
        (BasisKind::Agreement, _) => match consent::best(case, need, |_| true) {
            Ok(ground) => {
                let named = case.objection(FindingCode::F01, Remedy::NameConsent);
                weighed.objections.push(Objection { finding: None, ..named }.graded(Severity::Warning));
                weighed.grounds.push(ground);
            }
            Err(lacking) => {
                let objection = case.objection(FindingCode::F01, need.remedy());
                weighed.objections.push(objection.shown_by(lacking.events));
            }
        },
        (BasisKind::None, _) => on_nothing(case, need, weighed),
        (BasisKind::Unlisted(_), _) => {
            let answers = case.person.acceptances.iter().map(|answer| answer.position);
            let objection = case.objection(FindingCode::F01, need.remedy());
            weighed.objections.push(objection.shown_by(answers));
        }
    }
}

/// Technical data is held to be nobody's by clause 1.5; of a known person it is personal all the same.
fn on_nothing(case: &Case<'_>, need: &Need<'_>, weighed: &mut Weighed) {
    let is_technical = |category: &&DataCategory| **category == DataCategory::Technical;
    let (technical, other): (Vec<_>, Vec<_>) = need.categories.iter().partition(is_technical);
    for (code, categories) in [(FindingCode::F03, technical), (FindingCode::F01, other)] {
        let categories: Vec<DataCategory> = categories.into_iter().cloned().collect();
        if !categories.is_empty() {
            let need = Need { purpose: need.purpose, categories: &categories };
            weighed.objections.push(case.objection(code, need.remedy()));
        }
    }
}

fn by_law(article: &Reference) -> Ground {
    Ground { clause: None, articles: vec![article.to_string()], reference: None, events: Vec::new() }
}
