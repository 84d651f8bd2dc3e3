//! Messages: notices of the service (clause 2.2.3) and advertising (clause 2.2.4).

use subject_record_schemas::vocabulary::{
    AgreementState, DataCategory, MessageChannel, MessageClass, Purpose,
};

use crate::finding::{FindingCode, Severity};
use crate::lawfulness::consent::{self, Need};
use crate::lawfulness::{Case, Ground, Message, Objection, Remedy, Weighed};

/// Category of the address that a way of sending uses: none where the message stays with the operator.
pub(super) const fn address(channel: MessageChannel) -> Option<DataCategory> {
    match channel {
        MessageChannel::Email => Some(DataCategory::Email),
        MessageChannel::Sms | MessageChannel::Mms | MessageChannel::Messenger | MessageChannel::Call => {
            Some(DataCategory::Phone)
        }
        MessageChannel::Post => Some(DataCategory::AddressDelivery),
        MessageChannel::Push | MessageChannel::Account | MessageChannel::InPerson => None,
    }
}

pub(super) fn weigh(case: &Case<'_>, message: &Message<'_>) -> Weighed {
    let mut weighed = Weighed::default();
    let from_advertising = message.template_class == Some(MessageClass::Advertising);
    // What mixes notice and advertising is advertising (clause 2.2.4).
    if message.class == MessageClass::Service && !from_advertising {
        service(case, message, &mut weighed);
        return weighed;
    }
    if message.class == MessageClass::Service {
        let objection = case.objection(FindingCode::F07, Remedy::SendAsAdvertising);
        weighed.objections.push(objection.uncoded(clauses(case, &Purpose::Notify)));
    }
    weighed.take(on_consent(case, message, &Purpose::Advertising));
    weighed
}

/// A notice needs an agreement in force; and since the law knows no such ground, a consent is better to have too.
fn service(case: &Case<'_>, message: &Message<'_>, weighed: &mut Weighed) {
    let agreements = &case.person.dealings.agreements;
    let live = agreements.iter().find(|(_, agreement)| agreement.state == AgreementState::Live);
    match live {
        Some((id, agreement)) => weighed.grounds.push(Ground {
            clause: clauses(case, &Purpose::Notify).pop(),
            articles: Vec::new(),
            reference: Some(id.clone()),
            events: vec![agreement.told.position],
        }),
        None => {
            let ended = agreements.values().map(|agreement| agreement.told.position);
            let objection = case.objection(FindingCode::F01, Remedy::EnterAgreement);
            weighed.objections.push(objection.uncoded(clauses(case, &Purpose::Notify)).shown_by(ended));
        }
    }
    match on_consent(case, message, &Purpose::Notify) {
        Err(objection) if live.is_some() => weighed.objections.push(objection.graded(Severity::Warning)),
        Err(_) => {}
        Ok(ground) => weighed.grounds.push(ground),
    }
}

/// Weighs the consent that a message rests on. What is wrong about messages is no finding of its own yet.
fn on_consent(case: &Case<'_>, message: &Message<'_>, purpose: &Purpose) -> Result<Ground, Objection> {
    let categories: Vec<DataCategory> = address(message.channel).into_iter().collect();
    let need = Need { purpose, categories: &categories };
    let found = match message.consent {
        Some(id) => consent::named(case, id, &need),
        None => consent::best(case, &need, |_| true),
    };
    found.map_err(|objection| objection.uncoded(clauses(case, purpose)))
}

/// The clause of a purpose.
fn clauses(case: &Case<'_>, purpose: &Purpose) -> Vec<String> {
    case.rules.lists.purposes.get(purpose).cloned().into_iter().collect()
}
