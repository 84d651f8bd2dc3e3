//! When the parts of a consent end, and what keeps a withdrawn one going.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use subject_record_schemas::types::consent::{ConsentWithdrawn, WithdrawalLimited};
use subject_record_schemas::vocabulary::{
    AgreementState, ConsentEndReason, EndTrigger, LimitationGround, Purpose, WithdrawalScope,
};

use super::{Agreement, Consent, ConsentState, Dealings, Told};

/// The end of a part of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// What the part became.
    pub state: ConsentState,
    /// First instant at which it runs no more. It may lie ahead of the event that told of it.
    pub at: DateTime<Utc>,
    /// The event that told of it.
    pub told: Told,
}

/// Ends of the parts of a consent, as far as they are known: of each the earliest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Of purposes.
    pub purposes: BTreeMap<Purpose, End>,
    /// Of leave to pass data to third parties.
    pub third_party: Option<End>,
    /// Of leave to send data abroad.
    pub cross_border: Option<End>,
    /// Of leave to make data public.
    pub public: Option<End>,
}

impl Ends {
    /// Every end.
    pub fn all(&self) -> impl Iterator<Item = &End> {
        let parts = [&self.third_party, &self.cross_border, &self.public];
        self.purposes.values().chain(parts.into_iter().flatten())
    }

    /// The first end after an instant.
    pub(super) fn next_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.all().map(|end| end.at).filter(|end| *end > at).min()
    }
}

/// Whether a part that may end still runs at an instant.
fn runs(end: Option<&End>, at: DateTime<Utc>) -> bool {
    end.is_none_or(|end| end.at > at)
}

fn sooner(known: &mut Option<End>, end: End) {
    if runs(known.as_ref(), end.at) {
        *known = Some(end);
    }
}

impl Consent {
    /// Takes a withdrawal in. It takes effect when it says, and never before it was told.
    pub(super) fn withdraw(&mut self, withdrawn: &ConsentWithdrawn, told: Told) {
        let at = withdrawn.effective_at.map_or(told.at, |effective| effective.max(told.at));
        let end = End { state: ConsentState::Withdrawn, at, told };
        match withdrawn.scope {
            WithdrawalScope::All => {
                let named = |purpose: &&Purpose| {
                    withdrawn.purposes.is_empty() || withdrawn.purposes.contains(*purpose)
                };
                // A withdrawal that comes again carries out what an earlier one had to leave.
                self.purposes_kept.retain(|purpose| !named(&purpose));
                if self.purposes_kept.is_empty() {
                    self.limited_by = None;
                }
                for purpose in self.purposes.iter().filter(named) {
                    let known = self.ends.purposes.entry(purpose.clone()).or_insert(end);
                    if known.at > end.at {
                        *known = end;
                    }
                }
            }
            WithdrawalScope::ThirdParty if self.third_party => sooner(&mut self.ends.third_party, end),
            WithdrawalScope::CrossBorder if self.cross_border => sooner(&mut self.ends.cross_border, end),
            WithdrawalScope::Public if self.public => sooner(&mut self.ends.public, end),
            // What was never allowed has nothing to end.
            WithdrawalScope::ThirdParty | WithdrawalScope::CrossBorder | WithdrawalScope::Public => {}
        }
        self.pass(told.at);
    }

    /// Ends what still runs, and what a limited withdrawal kept going.
    pub(super) fn end(&mut self, reason: &ConsentEndReason, told: Told) {
        self.state = match reason {
            ConsentEndReason::Expired => ConsentState::Expired,
            ConsentEndReason::PurposeAchieved => ConsentState::PurposeAchieved,
            ConsentEndReason::Invalidated => ConsentState::Invalidated,
            ConsentEndReason::RevokedByOperator => ConsentState::Revoked,
            ConsentEndReason::Unlisted(_) => ConsentState::Ended,
        };
        let end = End { state: self.state, at: told.at, told };
        let ending = self.purposes.drain(..).chain(self.purposes_kept.drain(..));
        self.ends.purposes.extend(ending.map(|purpose| (purpose, end)));
        self.ended_at.get_or_insert(told.at);
        self.limited_by = None;
    }

    /// Lets ends take effect that were told of before and have come by now.
    pub(super) fn pass(&mut self, now: DateTime<Utc>) {
        let Self { ends, purposes, .. } = self;
        let ran = !purposes.is_empty();
        purposes.retain(|purpose| runs(ends.purposes.get(purpose), now));
        if ran && purposes.is_empty() {
            self.state = ConsentState::Withdrawn;
            let last = self.purposes_given.iter().filter_map(|purpose| ends.purposes.get(purpose));
            self.ended_at = self.ended_at.or_else(|| last.map(|end| end.at).max());
        }
        self.third_party &= runs(ends.third_party.as_ref(), now);
        self.cross_border &= runs(ends.cross_border.as_ref(), now);
        self.public &= runs(ends.public.as_ref(), now);
    }
}

impl Dealings {
    /// Whether what limited a withdrawal still bars it (Art. 8(2)): an obligation until no agreement leaves it open,
    /// an agreement until it ends. Any other bar stands until an event ends it.
    #[must_use]
    pub fn bars(&self, limited: &WithdrawalLimited) -> bool {
        let Some(named) = &limited.ground_ref else { return true };
        let agreement = self.agreements.get(named);
        let is_over = match (&limited.ground, &limited.until_trigger) {
            // The agreement itself may be named, or an obligation under it.
            (_, Some(EndTrigger::AgreementEnded)) => {
                let under = |held: &&Agreement| held.obligations_ever.contains(named);
                let agreement = agreement.or_else(|| self.agreements.values().find(under));
                agreement.is_some_and(|agreement| agreement.state == AgreementState::Ended)
            }
            (LimitationGround::UnfulfilledObligation, _) | (_, Some(EndTrigger::ObligationFulfilled)) => {
                let known = self.agreements.values().any(|held| held.obligations_ever.contains(named));
                let open = self.agreements.values().any(|held| held.obligations_open.contains(named));
                agreement.is_some_and(|agreement| agreement.obligations_open.is_empty()) || (known && !open)
            }
            _ => false,
        };
        !is_over
    }
}
