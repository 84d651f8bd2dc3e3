//! Reading rows of `events.db`, many at a time.
//!
//! Handing over a row costs more than all that is checked of it, so a run of rows comes as one row of long texts:
//! numbers side by side, bodies end to end with their lengths beside them. Where that does not add up, or a page
//! cannot be read, the run is read again row by row, and says which row it is.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::fault::{Fault, FaultKind, Faults};

/// Positions of a run. A whole number of tiles, and 64 MiB of the longest events at most.
pub(super) const RUN_POSITIONS: i64 = 1_024;

const EVENTS: &str = "SELECT count(*), group_concat(position), group_concat(stream), group_concat(revision), \
    group_concat(source), group_concat(id, char(10)), group_concat(mark), group_concat(recorded_us), \
    group_concat(leaf, ''), group_concat(octet_length(body)), group_concat(body, '') \
    FROM events WHERE position BETWEEN ?1 AND ?2";
const BOXES: &str = "SELECT count(*), group_concat(position), group_concat(generation), \
    group_concat(octet_length(sealed)), group_concat(sealed, '') FROM boxes WHERE position BETWEEN ?1 AND ?2";
const POSITIONS: &str = "SELECT position FROM events WHERE position BETWEEN ?1 AND ?2 \
    UNION SELECT position FROM boxes WHERE position BETWEEN ?1 AND ?2";
// A column of another type than it should have is told apart from one that is merely wrong.
const EVENT: &str = "SELECT position, iif(typeof(stream) = 'integer', stream, NULL), \
    iif(typeof(revision) = 'integer', revision, NULL), iif(typeof(source) = 'integer', source, NULL), \
    CAST(id AS BLOB), iif(typeof(mark) = 'integer', mark, NULL), \
    iif(typeof(recorded_us) = 'integer', recorded_us, NULL), CAST(leaf AS BLOB), CAST(body AS BLOB) \
    FROM events WHERE position = ?1";
const BOX: &str = "SELECT position, iif(typeof(generation) = 'integer', generation, NULL), CAST(sealed AS BLOB) \
    FROM boxes WHERE position = ?1";
const NEXT: &str = "SELECT min(position) FROM (SELECT min(position) AS position FROM events WHERE position >= ?1 \
    UNION ALL SELECT min(position) FROM boxes WHERE position >= ?1)";

/// An event's row.
#[derive(Debug)]
pub(super) struct EventRow<'a> {
    pub(super) position: i64,
    pub(super) stream: i64,
    pub(super) revision: i64,
    pub(super) source: i64,
    pub(super) id: &'a [u8],
    pub(super) mark: i64,
    pub(super) recorded_us: i64,
    pub(super) leaf: &'a [u8],
    pub(super) body: &'a [u8],
}

/// A box's row.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoxRow<'a> {
    pub(super) position: i64,
    pub(super) generation: i64,
    pub(super) sealed: &'a [u8],
}

/// Rows of one run.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Numbers of each event: position, stream, revision, source, mark, recorded time.
    numbers: [Vec<i64>; 6],
    ids: Vec<u8>,
    id_ends: Vec<usize>,
    leaves: Vec<u8>,
    leaf_ends: Vec<usize>,
    bodies: Vec<u8>,
    body_ends: Vec<usize>,
    box_numbers: [Vec<i64>; 2],
    sealed: Vec<u8>,
    sealed_ends: Vec<usize>,
}

/// Why a run could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Misread {
    /// The long texts do not fit together.
    #[error("the columns do not add up")]
    Uneven,
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] sqlx::Error),
}

impl Run {
    /// Reads the rows of [`RUN_POSITIONS`] positions from `first` on.
    pub(super) async fn read(connection: &mut SqliteConnection, first: i64, faults: &mut Faults) -> Self {
        match Self::read_at_once(connection, first).await {
            Ok(run) => run,
            Err(_) => Self::read_one_by_one(connection, first, faults).await,
        }
    }

    async fn read_at_once(connection: &mut SqliteConnection, first: i64) -> Result<Self, Misread> {
        let last = last_of(first);
        let mut run = Self::default();
        let row = sqlx::query(EVENTS).bind(first).bind(last).fetch_one(&mut *connection).await?;
        let count = usize::try_from(row.try_get::<i64, _>(0)?).map_err(|_| Misread::Uneven)?;
        for (numbers, column) in run.numbers.iter_mut().zip([1, 2, 3, 4, 6, 7]) {
            *numbers = integers(&row, column, count)?;
        }
        run.ids = bytes(&row, 5)?;
        run.id_ends = ends_of_lines(&run.ids, count)?;
        run.leaves = bytes(&row, 8)?;
        if run.leaves.len() != count * 32 {
            return Err(Misread::Uneven);
        }
        run.leaf_ends = (1..=count).map(|nth| nth * 32).collect();
        run.bodies = bytes(&row, 10)?;
        run.body_ends = ends(&integers(&row, 9, count)?, run.bodies.len())?;
        let row = sqlx::query(BOXES).bind(first).bind(last).fetch_one(&mut *connection).await?;
        let count = usize::try_from(row.try_get::<i64, _>(0)?).map_err(|_| Misread::Uneven)?;
        for (numbers, column) in run.box_numbers.iter_mut().zip([1, 2]) {
            *numbers = integers(&row, column, count)?;
        }
        run.sealed = bytes(&row, 4)?;
        run.sealed_ends = ends(&integers(&row, 3, count)?, run.sealed.len())?;
        Ok(run)
    }

    /// Rows that do not read are left out and told.
    async fn read_one_by_one(connection: &mut SqliteConnection, first: i64, faults: &mut Faults) -> Self {
        let mut run = Self::default();
        let last = last_of(first);
        let listed: Result<Vec<i64>, _> =
            sqlx::query_scalar(POSITIONS).bind(first).bind(last).fetch_all(&mut *connection).await;
        // Where not even the list can be read, every position is tried.
        let positions = listed.unwrap_or_else(|_| (first..=last).collect());
        for position in positions {
            let told = |what: &str| Fault::at(position, FaultKind::Row, what.to_owned());
            match sqlx::query(EVENT).bind(position).fetch_optional(&mut *connection).await {
                Ok(Some(row)) => {
                    if run.take_event(&row).is_none() {
                        faults.add(told("a column of the event's row holds no value of its type"));
                    }
                }
                Ok(None) => {}
                Err(error) => faults.add(told(&format!("the event cannot be read: {error}"))),
            }
            match sqlx::query(BOX).bind(position).fetch_optional(&mut *connection).await {
                Ok(Some(row)) => {
                    if run.take_box(&row).is_none() {
                        faults.add(told("a column of the box's row holds no value of its type"));
                    }
                }
                Ok(None) => {}
                Err(error) => faults.add(told(&format!("the box cannot be read: {error}"))),
            }
        }
        run
    }

    fn take_event(&mut self, row: &SqliteRow) -> Option<()> {
        let mut numbers = [0; 6];
        for (number, column) in numbers.iter_mut().zip([0, 1, 2, 3, 5, 6]) {
            *number = row.try_get::<Option<i64>, _>(column).ok()??;
        }
        let mut texts = [&[][..]; 3];
        for (text, column) in texts.iter_mut().zip([4, 7, 8]) {
            *text = row.try_get::<Option<&[u8]>, _>(column).ok()??;
        }
        for (kept, number) in self.numbers.iter_mut().zip(numbers) {
            kept.push(number);
        }
        let [id, leaf, body] = texts;
        for (kept, ends, text) in [
            (&mut self.ids, &mut self.id_ends, id),
            (&mut self.leaves, &mut self.leaf_ends, leaf),
            (&mut self.bodies, &mut self.body_ends, body),
        ] {
            kept.extend_from_slice(text);
            ends.push(kept.len());
        }
        Some(())
    }

    fn take_box(&mut self, row: &SqliteRow) -> Option<()> {
        let position = row.try_get::<i64, _>(0).ok()?;
        let generation = row.try_get::<Option<i64>, _>(1).ok()??;
        let sealed = row.try_get::<Option<&[u8]>, _>(2).ok()??;
        let [positions, generations] = &mut self.box_numbers;
        positions.push(position);
        generations.push(generation);
        self.sealed.extend_from_slice(sealed);
        self.sealed_ends.push(self.sealed.len());
        Some(())
    }

    /// Its events, by position.
    pub(super) fn events(&self) -> impl Iterator<Item = EventRow<'_>> {
        let [positions, streams, revisions, sources, marks, times] = &self.numbers;
        let numbers = positions.iter().zip(streams).zip(revisions).zip(sources).zip(marks).zip(times);
        // Ids that came as lines have the line break at their end.
        let ids = cut(&self.ids, &self.id_ends).map(|id| id.strip_suffix(b"\n").unwrap_or(id));
        let texts = ids.zip(cut(&self.leaves, &self.leaf_ends)).zip(cut(&self.bodies, &self.body_ends));
        numbers.zip(texts).map(|(numbers, ((id, leaf), body))| {
            let (((((position, stream), revision), source), mark), recorded_us) = numbers;
            EventRow {
                position: *position,
                stream: *stream,
                revision: *revision,
                source: *source,
                id,
                mark: *mark,
                recorded_us: *recorded_us,
                leaf,
                body,
            }
        })
    }

    /// Its boxes, by position.
    pub(super) fn boxes(&self) -> impl Iterator<Item = BoxRow<'_>> {
        let [positions, generations] = &self.box_numbers;
        let numbers = positions.iter().zip(generations);
        numbers.zip(cut(&self.sealed, &self.sealed_ends)).map(|((position, generation), sealed)| BoxRow {
            position: *position,
            generation: *generation,
            sealed,
        })
    }
}

/// First positions of all runs that hold an event or a box, however far apart they lie.
///
/// Runs of positive positions begin where tiles begin.
pub(super) async fn runs(connection: &mut SqliteConnection) -> Result<Vec<i64>, sqlx::Error> {
    let mut runs = Vec::new();
    let mut from = Some(i64::MIN);
    while let Some(least) = from {
        let next: Option<i64> = sqlx::query_scalar(NEXT).bind(least).fetch_one(&mut *connection).await?;
        let Some(next) = next else { break };
        let offset = (next.saturating_sub(1)).rem_euclid(RUN_POSITIONS);
        let first = next.saturating_sub(offset);
        runs.push(first);
        from = first.checked_add(RUN_POSITIONS);
    }
    Ok(runs)
}

fn last_of(first: i64) -> i64 {
    first.saturating_add(RUN_POSITIONS - 1)
}

fn bytes(row: &SqliteRow, column: usize) -> Result<Vec<u8>, sqlx::Error> {
    Ok(row.try_get::<Option<Vec<u8>>, _>(column)?.unwrap_or_default())
}

/// Numbers that came side by side, as many as there are rows.
pub(super) fn integers(row: &SqliteRow, column: usize, count: usize) -> Result<Vec<i64>, Misread> {
    let text = row.try_get::<Option<&str>, _>(column)?.unwrap_or_default();
    let mut numbers = Vec::with_capacity(count);
    for number in text.split(',').filter(|_| !text.is_empty()) {
        numbers.push(number.parse().map_err(|_| Misread::Uneven)?);
    }
    if numbers.len() == count { Ok(numbers) } else { Err(Misread::Uneven) }
}

/// Where each line ends, its line break included.
pub(super) fn ends_of_lines(text: &[u8], count: usize) -> Result<Vec<usize>, Misread> {
    let mut ends: Vec<_> =
        text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
    if count > 0 {
        ends.push(text.len());
    }
    if ends.len() == count { Ok(ends) } else { Err(Misread::Uneven) }
}

/// Where each text ends, by the lengths of all.
fn ends(lengths: &[i64], whole: usize) -> Result<Vec<usize>, Misread> {
    let mut end = 0_usize;
    let mut ends = Vec::with_capacity(lengths.len());
    for length in lengths {
        end = usize::try_from(*length)
            .ok()
            .and_then(|length| end.checked_add(length))
            .ok_or(Misread::Uneven)?;
        ends.push(end);
    }
    if end == whole { Ok(ends) } else { Err(Misread::Uneven) }
}

pub(super) fn cut<'a>(text: &'a [u8], ends: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut start = 0;
    ends.iter().map(move |end| text.get(std::mem::replace(&mut start, *end)..*end).unwrap_or_default())
}
