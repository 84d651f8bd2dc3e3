//! Life stories. Each is a function that lives a person's life and notes what in it was unlawful.
//!
//! What a story is careful about, so that nothing but what is noted is unlawful:
//!
//! - A registration form carries the answer to the policy and the consent to services at the same moment.
//! - Who rests on a consent names it, and stays within its purposes, categories, recipients and countries.
//! - Data goes only to registered recipients that accepted their duties, and the person is told within days.
//! - Requests come in while the office is open and are answered within the strictest term that could apply.
//! - A hold is set at the very moment at which the claim comes in, and lifted after the dispute is closed.
//! - Processing and disclosures are judged by consent; messages by their class alone.
//! - Facts are sent within seconds, or within hours with nothing told in between.

mod consents;
mod disclosures;
mod disputes;
mod ordinary;
mod people;
mod policy;
mod requests;
mod restricted;
mod showcase;
mod state;
mod unlawful;

use super::life::Life;
use super::world::{LATE_RECIPIENT_DAY, OPENING_DAYS, THIRD_POLICY_DAY, YEAR_DAYS};

pub(super) use ordinary::ORDINARY;
pub(super) use people::{INCIDENT_KIND, IncidentStage, incident_stages};
pub(super) use showcase::showcase;

/// Day on which the first of everybody else registers.
const FIRST: u32 = OPENING_DAYS;
/// Day after the last.
const LAST: u32 = OPENING_DAYS + YEAR_DAYS;

/// A kind of life.
pub(super) struct Story {
    /// Lives it.
    pub(super) tell: fn(&mut Life<'_>),
    /// First and last day on which somebody with this story registers.
    pub(super) arrives: (u32, u32),
    /// Whether something in it is unlawful.
    pub(super) unlawful: bool,
    /// Whether it needs somebody who registered earlier.
    pub(super) of_two: bool,
    /// Whether the person is one of those whom the incident touches.
    pub(super) incident: bool,
}

/// A lawful story that takes up to so many days.
const fn lawful(days: u32, tell: fn(&mut Life<'_>)) -> Story {
    Story { tell, arrives: (FIRST, LAST - days), unlawful: false, of_two: false, incident: false }
}

/// An unlawful story that takes up to so many days.
const fn unlawful(days: u32, tell: fn(&mut Life<'_>)) -> Story {
    Story { unlawful: true, ..lawful(days, tell) }
}

impl Story {
    /// The same, for people who were there before a day.
    const fn before(self, day: u32) -> Self {
        Self { arrives: (FIRST, day - 12), ..self }
    }

    /// The same, together with somebody who registered in the first weeks.
    const fn of_two(self) -> Self {
        Self { arrives: (FIRST + COMPANION_DAYS + 5, self.arrives.1), of_two: true, ..self }
    }
}

/// Days within which a companion registers.
const COMPANION_DAYS: u32 = 50;

/// When somebody registers who comes before a story of two.
pub(super) const COMPANION_ARRIVES: (u32, u32) = (FIRST, FIRST + COMPANION_DAYS);

/// A person whom the incident touches.
const INCIDENT: Story =
    Story { incident: true, ..lawful(0, people::incident).before(super::world::INCIDENT_DAY) };

/// Every story but the ordinary one, lawful and unlawful ones by turns.
#[rustfmt::skip]
pub(super) const SPECIAL: [Story; 92] = [
    lawful(0, policy::answered_late).before(THIRD_POLICY_DAY),
    unlawful(90, consents::advertised_after_withdrawal),
    lawful(90, consents::advertising_stopped),
    unlawful(60, state::unreasoned),
    lawful(120, consents::withdrawal_waited),
    unlawful(70, disclosures::without_ground),
    lawful(70, state::narrowed),
    unlawful(80, disclosures::abroad_against_consent),
    lawful(150, disputes::claim),
    unlawful(70, disclosures::to_nobody_known),
    INCIDENT,
    unlawful(40, requests::access_late),
    lawful(70, requests::access),
    unlawful(40, unlawful::before_consent),
    lawful(70, restricted::blocked_and_unblocked),
    unlawful(150, people::authority_expired).of_two(),
    lawful(150, people::contact_changed).of_two(),
    unlawful(40, unlawful::on_policy_alone),
    lawful(60, people::duplicate).of_two(),
    unlawful(90, consents::expired),
    lawful(60, people::third_person).of_two(),
    unlawful(60, unlawful::other_purpose),
    INCIDENT,
    unlawful(60, unlawful::unlisted_purpose),
    lawful(90, disclosures::lawful),
    unlawful(60, unlawful::technical),
    lawful(40, people::mistyped_number),
    unlawful(60, policy::stale_form).before(THIRD_POLICY_DAY),
    lawful(120, requests::publicity),
    unlawful(60, policy::other_language),
    INCIDENT,
    unlawful(60, policy::unpublished_text),
    lawful(120, requests::destroyed),
    unlawful(60, state::unsigned),
    lawful(70, state::refused_first),
    unlawful(60, state::bank),
    lawful(0, policy::declined).before(THIRD_POLICY_DAY),
    unlawful(60, state::too_much),
    lawful(70, requests::human_review),
    unlawful(60, state::before_decision),
    lawful(90, consents::advertising_stopped),
    unlawful(60, state::privileged),
    lawful(120, consents::withdrawal_waited),
    unlawful(70, disclosures::law_not_named),
    lawful(70, state::narrowed),
    unlawful(70, disclosures::request_not_named),
    INCIDENT,
    unlawful(60, disclosures::copy_abroad),
    lawful(150, disputes::claim),
    unlawful(80, disclosures::abroad_without_ground),
    lawful(90, disclosures::lawful),
    unlawful(60, disclosures::to_late_registered).before(LATE_RECIPIENT_DAY - 60),
    lawful(0, policy::answered_late).before(THIRD_POLICY_DAY),
    unlawful(70, disclosures::to_undutiful),
    lawful(70, requests::access),
    unlawful(60, disclosures::agreement_only),
    INCIDENT,
    unlawful(90, disclosures::agreement_over),
    lawful(40, people::mistyped_number),
    unlawful(60, disclosures::never_told),
    lawful(120, requests::destroyed),
    unlawful(100, disclosures::told_late),
    unlawful(60, disclosures::deferred),
    unlawful(0, policy::new_purpose).before(THIRD_POLICY_DAY),
    lawful(70, restricted::blocked_and_unblocked),
    unlawful(60, unlawful::made_public),
    unlawful(120, consents::purpose_achieved),
    unlawful(60, consents::refused_withdrawal),
    lawful(70, state::refused_first),
    unlawful(120, consents::never_executed),
    unlawful(100, requests::copy_left),
    unlawful(100, requests::copy_forgotten),
    INCIDENT,
    unlawful(120, restricted::destroyed_on_hold),
    unlawful(60, restricted::destroyed_while_blocked),
    unlawful(60, restricted::used_while_blocked),
    lawful(120, requests::publicity),
    unlawful(60, restricted::changed_while_blocked),
    unlawful(80, restricted::disclosed_while_blocked),
    unlawful(120, requests::message_after_destruction),
    lawful(70, requests::human_review),
    unlawful(40, requests::refused_without_reasons),
    unlawful(50, requests::corrected_late),
    unlawful(50, requests::blocked_late),
    lawful(0, policy::declined).before(THIRD_POLICY_DAY),
    unlawful(120, requests::removed_late),
    unlawful(110, requests::destroyed_late),
    unlawful(120, disputes::no_hold),
    unlawful(120, disputes::hold_released),
    unlawful(180, disputes::late_claim),
    unlawful(80, unlawful::recorded_late),
    unlawful(90, unlawful::overtaken),
];

/// The story of the person of an index. Every other person is an ordinary one, so that whoever has a special
/// story has an ordinary neighbour. After the first round unlawful stories come in one round of five only.
pub(super) fn story_of(index: u32) -> &'static Story {
    let rounds = u32::try_from(2 * SPECIAL.len()).unwrap_or(u32::MAX);
    let (round, place) = (index / rounds, index % rounds);
    let special = usize::try_from(place / 2).ok().and_then(|place| SPECIAL.get(place));
    match special {
        Some(story) if place % 2 == 1 && (!story.unlawful || round % 5 == 0) => story,
        _ => &ORDINARY,
    }
}
