//! Something was published: whoever it touches is judged anew, before anything later is taken in.
//!
//! It touches streams that have a moment at or after it, and, when working days or rules change, streams with
//! something due. They are taken in the order of their names and in chunks, each written by itself with the name
//! of the last one; progress passes the event with the last chunk. So a reader sees all of it or nothing, and after
//! a crash it goes on where it was.

use std::sync::Arc;

use subject_record_projections::SubjectEvent;
use subject_record_projections::chronicle::{Chronicle, Learned};
use subject_record_projections::governance::Governance;
use subject_record_projections::versions::Change;
use subject_record_schemas::{Fact, Position, StreamName, SubjectId};

use super::batch::{Batch, Cursor, Mark, number};
use super::engine::{Fault, Ground, Outlet, apart};
use super::generation::Generation;
use super::people::{People, Streams, read_streams, subject_of, take_pack};
use super::progress;
use crate::db::sql::{Sql, query};

static TOUCHED: Sql = Sql::both("SELECT subject FROM people WHERE latest_us >= $1");
static OWED: Sql = Sql::both(
    "SELECT DISTINCT subject FROM deadlines WHERE state IN ('pending', 'paused') \
     AND known_from < $2 AND known_until >= $2 AND valid_until > $1",
);

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Engine(Box::new(error))
}

/// How far a judging anew had come that was cut short.
pub(super) async fn cursor(generation: &Generation) -> Result<Option<Cursor>, Fault> {
    let readers = generation.readers().await.map_err(failed)?;
    let cursor = progress::cursor(&readers).await?;
    generation.let_go(readers).await;
    Ok(cursor)
}

/// The stream whose rows bear a name.
fn stream_of(subject: &str) -> Option<StreamName> {
    match subject {
        "policy" => None,
        "office" => Some(StreamName::Office),
        id => SubjectId::parse(id).ok().map(StreamName::Subject),
    }
}

/// Names of the streams that an event of the policy touches, beside its own, in order.
async fn touched(
    generation: &Generation,
    event: &SubjectEvent,
    office: &Governance,
) -> Result<Vec<String>, Fault> {
    let moment = event.occurred_at.timestamp_micros();
    let readers = generation.readers().await.map_err(failed)?;
    let mut found = query(&TOUCHED).bind(moment).fetch_all(&readers).await?;
    let counts = matches!(event.fact, Fact::WorkCalendarPublished(_) | Fact::RulePackPublished(_));
    if counts || !office.calendars_after(event.occurred_at).is_empty() {
        let owed = query(&OWED).bind(moment).bind(number(event.position));
        found.extend(owed.fetch_all(&readers).await?);
    }
    generation.let_go(readers).await;
    let mut names = found.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// What changes in a stream, whose chronicle is `chronicle`, by what was published.
fn govern(
    chronicle: &mut Chronicle,
    events: &[SubjectEvent],
    event: &SubjectEvent,
    office: &Governance,
) -> Vec<Change> {
    match chronicle.govern(event, office) {
        Learned::Changed(changes) => changes,
        Learned::Late => {
            let anew = Chronicle::of(events.to_vec(), office);
            let changes = anew.changes_since(chronicle);
            *chronicle = anew;
            changes
        }
    }
}

impl People {
    /// Takes in an event of the policy: first whom it touches, then its own stream.
    pub(super) async fn publish(
        self: &mut Box<Self>,
        place: Mark,
        event: SubjectEvent,
        mut batch: Batch,
        ground: &Ground,
        generation: &Generation,
        outlet: &Outlet,
    ) -> Result<Batch, Fault> {
        let before = batch.place;
        // Whom it touches is asked of the rows, so everything before it has to be there.
        outlet.flush(batch).await?;
        let names = touched(generation, &event, &self.office).await?;
        let mut judged = 0;
        if let Some(cursor) = self.cursor.take().filter(|cursor| cursor.position == number(event.position)) {
            judged = names.partition_point(|name| **name <= *cursor.subject);
        }
        let governed = self.office.clone();
        self.office.learn(&event);
        take_pack(&mut self.office, &event, ground).await?;
        let event = Arc::new(event);
        batch = Batch::after(before);
        let chunk = ground.settings.rejudged_people.max(1);
        let mut chunks = names.get(judged..).unwrap_or_default().chunks(chunk).peekable();
        while let Some(names) = chunks.next() {
            self.judge_anew(names, &governed, &event, before.position, &mut batch, ground).await?;
            if let (Some(last), Some(_)) = (names.last(), chunks.peek()) {
                batch.cursor =
                    Some(Cursor { position: number(event.position), subject: last.as_str().into() });
                outlet.flush(batch).await?;
                batch = Batch::after(before);
            }
        }
        self.tell_the_rest(&event, &names);
        self.learn_own(&event, &governed, ground, &mut batch).await?;
        batch.reach(place);
        outlet.flush(batch).await?;
        Ok(Batch::after(place))
    }

    async fn judge_anew(
        &mut self,
        names: &[String],
        governed: &Governance,
        event: &Arc<SubjectEvent>,
        until: Position,
        batch: &mut Batch,
        ground: &Ground,
    ) -> Result<(), Fault> {
        let names: Vec<StreamName> = names.iter().filter_map(|name| stream_of(name)).collect();
        let streams = read_streams(ground, names.iter().cloned(), until).await?;
        let work: Vec<_> = names
            .into_iter()
            .map(|stream| {
                let chronicle = self.chronicles.peek(&stream).cloned();
                (stream, chronicle)
            })
            .collect();
        let (office, governed, event) = (self.office.clone(), governed.clone(), Arc::clone(event));
        let position = event.position;
        let judged = apart(move || judge(work, &streams, &governed, &office, &event)).await?;
        for (stream, chronicle, changes) in judged {
            batch.take(&subject_of(&stream), changes, position, self.office.position());
            let _ = self.chronicles.change(&stream, |kept| *kept = chronicle);
        }
        Ok(())
    }

    /// Chronicles that are kept and that it does not touch hear of it too, so that they stand as if folded now.
    fn tell_the_rest(&mut self, event: &SubjectEvent, touched: &[String]) {
        let office = &self.office;
        self.chronicles.retain(|stream, chronicle| {
            let is_told = touched.binary_search_by(|name| (**name).cmp(&*subject_of(stream))).is_ok();
            is_told || *stream == StreamName::Policy || chronicle.govern(event, office) != Learned::Late
        });
    }

    async fn learn_own(
        &mut self,
        event: &SubjectEvent,
        governed: &Governance,
        ground: &Ground,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        let own = StreamName::Policy;
        let streams = read_streams(ground, [own.clone()], event.position).await?;
        let known = streams.get(&own).map(|events| events.as_slice()).unwrap_or_default();
        if !self.chronicles.contains(&own) {
            let before = known.iter().filter(|known| known.position < event.position).cloned().collect();
            self.chronicles.put(own.clone(), Chronicle::of(before, governed));
        }
        self.learn_one(&own, event, Some(known), batch);
        Ok(())
    }
}

type Judged = (StreamName, Chronicle, Vec<Change>);

fn judge(
    work: Vec<(StreamName, Option<Chronicle>)>,
    streams: &Streams,
    governed: &Governance,
    office: &Governance,
    event: &SubjectEvent,
) -> Vec<Judged> {
    let judge = |(stream, chronicle): (StreamName, Option<Chronicle>)| {
        let events = streams.get(&stream)?;
        let mut chronicle = chronicle.unwrap_or_else(|| Chronicle::of(events.to_vec(), governed));
        let changes = govern(&mut chronicle, events, event, office);
        Some((stream, chronicle, changes))
    };
    work.into_iter().filter_map(judge).collect()
}
