//! Read model `history`: every event, by what it is searched for.

use subject_record_schemas::vocabulary::{Purpose, WithdrawalScope};
use subject_record_schemas::{Fact, Reference, StreamName};

use crate::event::SubjectEvent;
use crate::table::{Cell, Column, EventRow, PURPOSES, Shape, Table};

/// Table of the read model.
pub static HISTORY: Table = Table {
    name: "history",
    shape: Shape::Events,
    columns: &[
        Column::indexed_text("type"),
        Column::indexed_text("actor"),
        Column::indexed_text("correlation"),
        Column::indexed_flags("purposes", PURPOSES),
        Column::indexed_text("ground"),
        Column::indexed_text("recipient"),
        Column::text("stream"),
    ],
};

/// The row of an event of a stream.
#[must_use]
pub fn row(stream: &StreamName, event: &SubjectEvent) -> EventRow {
    let fact = &event.fact;
    EventRow {
        table: &HISTORY,
        position: event.position,
        subject: subject(stream),
        at: event.occurred_at,
        cells: vec![
            Cell::text(fact.event_type().wire_name()),
            Cell::maybe(event.actor.as_ref().map(Reference::as_str)),
            Cell::maybe(event.correlation.as_ref().map(Reference::as_str)),
            purposes(fact),
            ground(fact),
            Cell::maybe(recipient(fact).map(Reference::as_str)),
            Cell::text(kind(stream)),
        ],
    }
}

/// Whose stream it is, as every read model has it.
pub(crate) fn subject(stream: &StreamName) -> std::sync::Arc<str> {
    stream.subject().map_or(kind(stream), |id| id.as_str()).into()
}

const fn kind(stream: &StreamName) -> &'static str {
    match stream {
        StreamName::Subject(_) => "subject",
        StreamName::Access(_) => "access",
        StreamName::Policy => "policy",
        StreamName::Office => "office",
    }
}

/// What an event says it was for. A consent withdrawn as a whole concerns every purpose.
fn purposes(fact: &Fact) -> Cell {
    let set = |purposes: &[Purpose]| Cell::set(PURPOSES, purposes);
    let one = |purpose: &Purpose| Cell::set(PURPOSES, [purpose]);
    match fact {
        Fact::PolicyVersionPublished(published) => set(&published.new_purposes),
        Fact::ConsentTextPublished(published) => set(&published.purposes),
        Fact::DataListApproved(approved) => {
            Cell::set(PURPOSES, approved.entries.iter().map(|entry| &entry.purpose))
        }
        Fact::DocumentReceived(received) => one(&received.purpose),
        Fact::ConsentRequested(requested) => set(&requested.purposes),
        Fact::ConsentGiven(given) => set(&given.purposes),
        Fact::ConsentRefused(refused) => set(&refused.purposes),
        Fact::ConsentWithdrawn(all) if all.purposes.is_empty() && all.scope == WithdrawalScope::All => {
            Cell::Integer((1 << PURPOSES.len()) - 1)
        }
        Fact::ConsentWithdrawn(withdrawn) => set(&withdrawn.purposes),
        Fact::WithdrawalLimited(limited) => set(&limited.purposes_kept),
        Fact::ProcessingPerformed(performed) => one(&performed.purpose),
        Fact::DatasetAnonymised(anonymised) => one(&anonymised.purpose),
        Fact::DisclosureMade(made) => one(&made.purpose),
        _ => Cell::Integer(0),
    }
}

/// What an event says it rests on.
fn ground(fact: &Fact) -> Cell {
    match fact {
        Fact::WithdrawalLimited(limited) => Cell::word(&limited.ground),
        Fact::ProcessingPerformed(performed) => Cell::word(&performed.basis.kind),
        Fact::CopyPlaced(placed) => placed.cross_border_ground.as_ref().map_or(Cell::Null, Cell::word),
        Fact::PublicFlagChanged(changed) => Cell::word(&changed.ground),
        Fact::DisclosureMade(made) => Cell::word(&made.ground),
        Fact::RestrictionChanged(changed) => Cell::word(&changed.ground),
        Fact::ErasureRequested(requested) => Cell::word(&requested.basis),
        _ => Cell::Null,
    }
}

/// Whom outside an event is about.
const fn recipient(fact: &Fact) -> Option<&Reference> {
    match fact {
        Fact::RecipientRegistered(registered) => Some(&registered.recipient_id),
        Fact::StateRequestReceived(received) => Some(&received.recipient_id),
        Fact::DisclosureMade(made) => Some(&made.recipient_id),
        Fact::RecipientNotified(notified) => Some(&notified.recipient_id),
        Fact::RecipientNoticeAcknowledged(acknowledged) => Some(&acknowledged.recipient_id),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
