//! What a dossier shows: the person's stream, the looks at them, and what those cite.

use chrono::{DateTime, Utc};
use subject_record_schemas::vocabulary::{AccessPurpose, EvidenceAsker, ViewedThing};
use subject_record_schemas::{Position, StreamName};

use super::evidence::{LeftOut, LeftOutReason};
use super::group::Group;
use super::report::Values;
use super::{DossierError, DossierQuestion, Dossiers};
use crate::accesses::Access;
use crate::caller::Caller;
use crate::export::under_secrecy;
use crate::proofs::CommittedHeads;
use crate::timeline::{Entry, Question, Sight, TimelineError, opened_names};

/// Times the person's stream is read before giving up when new events keep coming in.
const TRIES_MAX: u32 = 5;

/// All that a dossier rests on.
#[derive(Debug)]
pub(super) struct Gathered {
    /// When it was gathered.
    pub(super) made_at: DateTime<Utc>,
    /// All events of the person's stream, shown or not, in the order in which they happened.
    pub(super) subject: Part,
    /// All looks at the person.
    pub(super) access: Part,
    /// Published facts that the shown events cite.
    pub(super) cited: Vec<Entry>,
    /// The first event of the log.
    pub(super) opened: Entry,
    /// The event that commits to the ends of all streams.
    pub(super) heads_event: Entry,
    /// That commitment.
    pub(super) heads: CommittedHeads,
}

/// A stream up to where it is proven, and what of it is shown.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) stream: StreamName,
    /// All its events, in the order in which they happened.
    pub(super) all: Vec<Entry>,
    /// Revisions that are not shown.
    pub(super) left_out: Vec<LeftOut>,
}

impl Part {
    pub(super) fn is_shown(&self, entry: &Entry) -> bool {
        let revision = entry.recorded.revision.number();
        !self.left_out.iter().any(|gap| (gap.from..=gap.to).contains(&revision))
    }

    pub(super) fn shown(&self) -> impl Iterator<Item = &Entry> {
        self.all.iter().filter(|entry| self.is_shown(entry))
    }

    /// Its last event by revision.
    pub(super) fn last(&self) -> Option<&Entry> {
        self.all.iter().max_by_key(|entry| entry.recorded.revision)
    }
}

impl Dossiers {
    /// Gathers what is shown. Values are opened, and the look recorded, only if they are to be shown.
    pub(super) async fn gather(
        &self,
        caller: &Caller,
        access: &Access,
        question: &DossierQuestion,
    ) -> Result<Gathered, DossierError> {
        let stream = StreamName::Subject(question.subject.clone());
        let looks = StreamName::Access(question.subject.clone());
        for _ in 0..TRIES_MAX {
            let all = self.parts.timelines.entries(&stream, &Question::default()).await?;
            if all.is_empty() {
                return Err(DossierError::Unknown);
            }
            let events: Vec<_> = all.iter().map(|entry| entry.event.clone()).collect();
            let is_for_the_person = question.asked_by == EvidenceAsker::Subject
                || access.purpose == AccessPurpose::SubjectRequest;
            if is_for_the_person && !under_secrecy(&events).is_empty() {
                return Err(DossierError::Secrecy);
            }
            let mut subject = part(stream.clone(), all, question);
            if question.values == Values::Shown {
                self.open(&mut subject).await?;
                let seen = opened_names(subject.shown());
                self.accesses.record(caller, &question.subject, &seen, ViewedThing::Export, access).await?;
            }
            let heads = self.parts.proofs.commit_heads(vec![stream.clone(), looks.clone()]).await?;
            let at_position = heads.commitment.at_position;
            let until = |entries: Vec<Entry>| -> Vec<Entry> {
                entries.into_iter().filter(|entry| entry.recorded.position <= at_position).collect()
            };
            // What came in meanwhile would be missing: it is read, and its values looked at, once more.
            let now = until(self.parts.timelines.entries(&stream, &Question::default()).await?);
            if now.len() != subject.all.len() {
                continue;
            }
            let looks = until(self.parts.timelines.entries(&looks, &Question::default()).await?);
            let access = part(StreamName::Access(question.subject.clone()), looks, question);
            let mut opened = self.first_entry().await?;
            // The operator may be a person too, a sole proprietor.
            if question.values != Values::None {
                self.parts.timelines.open(std::slice::from_mut(&mut opened), &Sight::All).await?;
            }
            let heads_event = self.entry_at(heads.position).await?;
            let cited = self.cited(&subject, at_position).await?;
            let made_at = self.parts.clock.now();
            return Ok(Gathered { made_at, subject, access, cited, opened, heads_event, heads });
        }
        Err(DossierError::Busy)
    }

    async fn open(&self, part: &mut Part) -> Result<(), DossierError> {
        let shown: Vec<bool> = part.all.iter().map(|entry| part.is_shown(entry)).collect();
        let all = std::mem::take(&mut part.all);
        let (mut open, sealed): (Vec<_>, Vec<_>) =
            all.into_iter().enumerate().partition(|(place, _)| shown.get(*place) == Some(&true));
        let places: Vec<usize> = open.iter().map(|(place, _)| *place).collect();
        let mut entries: Vec<Entry> = open.drain(..).map(|(_, entry)| entry).collect();
        self.parts.timelines.open(&mut entries, &Sight::All).await?;
        let mut all: Vec<(usize, Entry)> = places.into_iter().zip(entries).chain(sealed).collect();
        all.sort_by_key(|(place, _)| *place);
        part.all = all.into_iter().map(|(_, entry)| entry).collect();
        Ok(())
    }

    /// The first event of the log.
    async fn first_entry(&self) -> Result<Entry, DossierError> {
        let first = self.parts.store.read_all(Position::START, 1).await?.pop();
        self.entry_at(first.map_or(Position::START, |first| first.position)).await
    }

    pub(super) async fn entry_at(&self, position: Position) -> Result<Entry, DossierError> {
        let recorded = self.parts.store.event_at(position).await?;
        let recorded = recorded.ok_or(DossierError::Notary(crate::notary::NotaryError::NoEntry(position)))?;
        let unreadable = |source| TimelineError::Unreadable { position, source };
        Ok(Entry::read(recorded).map_err(unreadable)?)
    }
}

/// What of a stream is shown: what happened in the period, of the groups that were asked for.
fn part(stream: StreamName, all: Vec<Entry>, question: &DossierQuestion) -> Part {
    let reason = |entry: &Entry| {
        let at = entry.event.occurred_at;
        let group = Group::of(entry.event.fact.event_type());
        if question.period.is_some_and(|(from, to)| at < from || at > to) {
            Some(LeftOutReason::Period)
        } else if !question.groups.is_empty() && !question.groups.contains(&group) {
            Some(LeftOutReason::Group)
        } else {
            None
        }
    };
    let mut gaps: Vec<(u64, LeftOutReason)> = all
        .iter()
        .filter_map(|entry| reason(entry).map(|reason| (entry.recorded.revision.number(), reason)))
        .collect();
    gaps.sort_unstable_by_key(|(revision, _)| *revision);
    let mut left_out: Vec<LeftOut> = Vec::new();
    for (revision, reason) in gaps {
        match left_out.last_mut() {
            Some(gap) if gap.to + 1 == revision && gap.reason == reason => gap.to = revision,
            _ => left_out.push(LeftOut { from: revision, to: revision, reason }),
        }
    }
    Part { stream, all, left_out }
}
