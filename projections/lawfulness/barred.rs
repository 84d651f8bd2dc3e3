//! What bars every use of data, whatever it rests on: a block, an erasure, a destruction.

use subject_record_schemas::vocabulary::{ProcessingAction, RestrictionKind};

use crate::finding::FindingCode;
use crate::lawfulness::{Case, Doing, Objection, Processing, Remedy, message};
use crate::subject::Standing;

/// What bars a use.
pub(super) fn weigh(case: &Case<'_>, doing: &Doing<'_>) -> Vec<Objection> {
    let mut objections = Vec::new();
    let destroys = matches!(doing, Doing::Processing(Processing { action: ProcessingAction::Destroy, .. }));
    if destroys {
        // It carries out an erasure, or repeats it; where something bars that, it is judged as a destruction (F35).
        return objections;
    }
    let dealings = &case.person.dealings;
    let destroyed = dealings.destroyed();
    if destroyed.is_some() || matches!(case.person.standing, Standing::Erased { .. }) {
        let objection = case.objection(FindingCode::F37, Remedy::Nothing);
        objections.push(objection.shown_by(destroyed.map(|told| told.position)));
    }
    let categories = match doing {
        // To keep or to block is no use of what is blocked.
        Doing::Processing(Processing {
            action: ProcessingAction::Block | ProcessingAction::Store, ..
        }) => {
            return objections;
        }
        Doing::Processing(processing) => processing.categories.to_vec(),
        Doing::Message(message) => message::address(message.channel).into_iter().collect(),
        Doing::Disclosure(disclosing) => disclosing.categories.to_vec(),
    };
    if let Some((id, block)) = dealings.standing(RestrictionKind::Block, &categories).next() {
        let objection = case.objection(FindingCode::F36, Remedy::LiftBlock { restriction: id.clone() });
        objections.push(objection.shown_by([block.set.position]));
    }
    objections
}
