//! What was agreed, asked, passed on, restricted, disputed and destroyed, as far as later events refer to it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use subject_record_schemas::types::disclosure::{
    DisclosureMade, RecipientNotified, StateRequestDecided, StateRequestReceived,
};
use subject_record_schemas::types::incident::IncidentRecorded;
use subject_record_schemas::types::representation::RepresentationRecorded;
use subject_record_schemas::types::rights::SubjectRequestReceived;
use subject_record_schemas::vocabulary::{
    AgreementState, AuthorityScope, CourtOrder, DataCategory, DestructionScope, DisputeStage,
    DuplicateReason, GivenBy, Purpose, RequestOutcome, RestrictionGround, RestrictionKind,
};
use subject_record_schemas::{Fact, Position, Reference, SubjectId};

use crate::due::legal_day;
use crate::event::SubjectEvent;

/// The event that told of something, and the moment from which it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The event.
    pub position: Position,
    /// When it happened, and never before what it refers to.
    pub at: DateTime<Utc>,
}

/// What a person has to do with the operator, beside consents.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Dealings {
    /// Agreements, by the platform's names for them.
    pub agreements: BTreeMap<Reference, Agreement>,
    /// Who may act for the person.
    pub representations: BTreeMap<Reference, Representation>,
    /// Purposes for which a consent was refused, and when last.
    #[serde(skip)]
    pub refusals: Vec<(Purpose, Told)>,
    /// What the person asked for.
    pub requests: BTreeMap<Reference, Request>,
    /// What state bodies asked about the person.
    pub state_requests: BTreeMap<Reference, StateRequest>,
    /// What was passed on.
    #[serde(skip)]
    pub disclosures: BTreeMap<Reference, Disclosure>,
    /// Blocks and legal holds.
    pub restrictions: BTreeMap<Reference, Restriction>,
    /// Disputes.
    pub disputes: BTreeMap<Reference, Dispute>,
    /// Categories that are public now, and since which event.
    #[serde(skip)]
    pub public: BTreeMap<DataCategory, Told>,
    /// Ids under which the same person stands elsewhere.
    #[serde(skip)]
    pub duplicates: BTreeMap<SubjectId, (DuplicateReason, Told)>,
    /// What recipients were told later.
    #[serde(skip)]
    pub recipient_notices: Vec<(RecipientNotified, Told)>,
    /// What was destroyed.
    #[serde(skip)]
    pub destructions: Vec<Destruction>,
    /// When all that is the person's was destroyed, unless the person has begun anew since.
    #[serde(skip)]
    gone: Option<Told>,
    /// Stages of incidents, in order.
    #[serde(skip)]
    pub incidents: BTreeMap<Reference, Vec<(IncidentRecorded, Told)>>,
}

/// An agreement on services (clause 1.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// Its state.
    pub state: AgreementState,
    /// Service it is about.
    pub service: Reference,
    /// Obligations that were unfulfilled at the last change.
    pub obligations_open: Vec<Reference>,
    /// Obligations that were unfulfilled at any change.
    #[serde(skip)]
    pub obligations_ever: BTreeSet<Reference>,
    /// The last change.
    pub told: Told,
}

/// An authority to act for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Representation {
    /// What was last recorded of it.
    pub recorded: RepresentationRecorded,
    /// By which event.
    pub told: Told,
}

/// A request of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// As it came in.
    pub received: SubjectRequestReceived,
    /// By which event.
    pub told: Told,
    /// Its answer, if there is one.
    pub closed: Option<(RequestOutcome, Told)>,
}

/// A request of a state body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateRequest {
    /// As it came in.
    pub received: StateRequestReceived,
    /// By which event.
    pub told: Told,
    /// What was decided last, if anything.
    pub decided: Option<(StateRequestDecided, Told)>,
}

/// Data passed to a third party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disclosure {
    /// As it was made.
    pub made: DisclosureMade,
    /// By which event.
    pub told: Told,
    /// When the person was told of it, if so.
    pub notified: Option<Told>,
}

/// A block or a legal hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restriction {
    /// Which of the two.
    pub kind: RestrictionKind,
    /// Categories it covers; empty for all.
    pub categories: Vec<DataCategory>,
    /// What it rests on.
    pub ground: RestrictionGround,
    /// The request, dispute or act.
    pub ground_ref: Option<Reference>,
    /// When it was set.
    pub set: Told,
    /// When it was lifted, if so.
    pub lifted: Option<Told>,
}

/// A dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dispute {
    /// Stage it reached last.
    pub stage: DisputeStage,
    /// The event that told of it first.
    pub began: Told,
    /// The last one.
    pub told: Told,
    /// Day it arose, by the person's word.
    pub arose_on_per_subject: Option<NaiveDate>,
    /// Day it arose, by the operator's word.
    pub arose_on_per_operator: Option<NaiveDate>,
    /// The act of a court by which data is to be kept as evidence or blocked, while it holds.
    #[serde(skip)]
    pub preserved: Option<Told>,
}

/// Data that was destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Destruction {
    /// How much.
    pub scope: DestructionScope,
    /// Which document or copy.
    pub scope_ref: Option<Reference>,
    /// Which categories; empty for all within the scope.
    pub categories: Vec<DataCategory>,
    /// Places where nothing is left.
    pub places_done: BTreeSet<Reference>,
    /// Places where a copy was left.
    pub places_left: BTreeSet<Reference>,
    /// By which event.
    pub told: Told,
}

impl Restriction {
    /// Whether it stands and covers one of these categories.
    #[must_use]
    pub fn covers(&self, categories: &[DataCategory]) -> bool {
        let all = self.categories.is_empty() || categories.is_empty();
        self.lifted.is_none() && (all || self.categories.iter().any(|category| categories.contains(category)))
    }
}

impl Representation {
    /// Whether it lets its holder do something at an instant. Its days are those of Kazakhstan, the last one included.
    #[must_use]
    pub fn allows(&self, scope: AuthorityScope, at: DateTime<Utc>) -> bool {
        let (held, day) = (&self.recorded, legal_day(at));
        held.scope.contains(&scope)
            && held.valid_from <= day
            && held.valid_until.is_none_or(|last| day <= last)
            && held.revoked_at.is_none_or(|revoked| at < revoked)
    }
}

impl Dealings {
    /// Restrictions of a kind that stand and cover one of these categories (none: any at all).
    pub fn standing(
        &self,
        kind: RestrictionKind,
        categories: &[DataCategory],
    ) -> impl Iterator<Item = (&Reference, &Restriction)> {
        self.restrictions.iter().filter(move |(_, held)| held.kind == kind && held.covers(categories))
    }

    /// Whether somebody may give a consent at an instant: the person always may, a representative with an authority
    /// for consents that holds on that day (Art. 8).
    #[must_use]
    pub fn may_consent(&self, by: &GivenBy, at: DateTime<Utc>) -> bool {
        let GivenBy::Representative(who) = by else { return true };
        let of_them = |held: &&Representation| held.recorded.representative == *who;
        self.representations.values().filter(of_them).any(|held| held.allows(AuthorityScope::Consent, at))
    }

    /// When all that is the person's was destroyed, if it was. Whoever registers or consents after that begins anew.
    #[must_use]
    pub const fn destroyed(&self) -> Option<Told> {
        self.gone
    }

    /// Learns an event that counts from `at` on.
    pub(crate) fn apply(&mut self, event: &SubjectEvent, at: DateTime<Utc>) {
        let told = Told { position: event.position, at };
        match &event.fact {
            Fact::AgreementChanged(changed) => {
                let known = self.agreements.remove(&changed.agreement_ref);
                let mut obligations_ever =
                    known.map(|agreement| agreement.obligations_ever).unwrap_or_default();
                obligations_ever.extend(changed.obligations_open.iter().cloned());
                let agreement = Agreement {
                    obligations_ever,
                    state: changed.state,
                    service: changed.service.clone(),
                    obligations_open: changed.obligations_open.clone(),
                    told,
                };
                self.agreements.insert(changed.agreement_ref.clone(), agreement);
            }
            Fact::RepresentationRecorded(recorded) => {
                let representation = Representation { recorded: recorded.clone(), told };
                self.representations.insert(recorded.representation_id.clone(), representation);
            }
            Fact::ConsentRefused(refused) => {
                self.refusals.extend(refused.purposes.iter().map(|purpose| (purpose.clone(), told)));
            }
            Fact::SubjectRequestReceived(received) => {
                let request = Request { received: received.clone(), told, closed: None };
                self.requests.insert(received.request_id.clone(), request);
            }
            Fact::SubjectRequestClosed(closed) => {
                if let Some(request) = self.requests.get_mut(&closed.request_id) {
                    request.closed.get_or_insert((closed.outcome, told));
                }
            }
            Fact::StateRequestReceived(received) => {
                let request = StateRequest { received: received.clone(), told, decided: None };
                self.state_requests.insert(received.request_id.clone(), request);
            }
            Fact::StateRequestDecided(decided) => {
                if let Some(request) = self.state_requests.get_mut(&decided.request_id) {
                    request.decided = Some((decided.clone(), told));
                }
            }
            Fact::DisclosureMade(made) => {
                let disclosure = Disclosure { made: made.clone(), told, notified: None };
                self.disclosures.insert(made.disclosure_id.clone(), disclosure);
            }
            Fact::DisclosureNotified(notified) => {
                if let Some(disclosure) = self.disclosures.get_mut(&notified.disclosure_id) {
                    disclosure.notified.get_or_insert(told);
                }
            }
            Fact::RestrictionChanged(changed) if changed.set => {
                let restriction = Restriction {
                    kind: changed.kind,
                    categories: changed.categories.clone(),
                    ground: changed.ground.clone(),
                    ground_ref: changed.ground_ref.clone(),
                    set: told,
                    lifted: None,
                };
                self.restrictions.insert(changed.restriction_id.clone(), restriction);
            }
            Fact::RestrictionChanged(changed) => {
                if let Some(restriction) = self.restrictions.get_mut(&changed.restriction_id) {
                    restriction.lifted.get_or_insert(told);
                }
            }
            Fact::PublicFlagChanged(changed) => {
                for category in &changed.categories {
                    if changed.public {
                        self.public.entry(category.clone()).or_insert(told);
                    } else {
                        self.public.remove(category);
                    }
                }
            }
            Fact::DuplicateLinked(linked) => {
                self.duplicates.insert(linked.other_subject.clone(), (linked.reason.clone(), told));
            }
            Fact::RecipientNotified(notified) => self.recipient_notices.push((notified.clone(), told)),
            Fact::DataDestroyed(destroyed) => {
                if destroyed.scope == DestructionScope::Subject {
                    self.gone.get_or_insert(told);
                }
                self.destructions.push(Destruction {
                    scope: destroyed.scope,
                    scope_ref: destroyed.scope_ref.clone(),
                    categories: destroyed.categories.clone(),
                    places_done: destroyed.places_done.iter().cloned().collect(),
                    places_left: destroyed.places_left.iter().cloned().collect(),
                    told,
                });
            }
            Fact::SubjectRegistered(_) | Fact::ConsentGiven(_) => self.gone = None,
            Fact::IncidentRecorded(recorded) => {
                self.incidents
                    .entry(recorded.incident_id.clone())
                    .or_default()
                    .push((recorded.clone(), told));
            }
            Fact::DisputeChanged(changed) => {
                let dispute = self.disputes.entry(changed.dispute_id.clone()).or_insert(Dispute {
                    stage: changed.stage,
                    began: told,
                    told,
                    arose_on_per_subject: None,
                    arose_on_per_operator: None,
                    preserved: None,
                });
                (dispute.stage, dispute.told) = (changed.stage, told);
                let keeps = |order: &CourtOrder| matches!(order, CourtOrder::Preserve | CourtOrder::Block);
                if changed.orders.iter().any(keeps) {
                    dispute.preserved = Some(told);
                } else if changed.stage == DisputeStage::Closed
                    || changed.orders.contains(&CourtOrder::Destroy)
                {
                    dispute.preserved = None;
                }
                let keep = |known: &mut Option<NaiveDate>, said: Option<NaiveDate>| *known = said.or(*known);
                keep(&mut dispute.arose_on_per_subject, changed.arose_on_per_subject);
                keep(&mut dispute.arose_on_per_operator, changed.arose_on_per_operator);
            }
            // Registration, consents and answers are the person's own; the rest leaves nothing to refer to.
            _ => {}
        }
    }
}
