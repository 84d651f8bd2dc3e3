//! Keys and boxes: whether every digest of the log still has its opening, or a recorded end.

use std::collections::{HashMap, HashSet};

use sqlx::{Row as _, SqliteConnection};
use subject_record_schemas::{EventType, StreamName};

use super::fault::{Fault, FaultKind, Faults};
use super::rows::BoxRow;
use crate::vault::KeyOwner;
use crate::vault::kek::KekProvider;
use crate::vault::seal::{BoxPlace, Dek, open_box};

const DEKS: &str = "SELECT owner, generation, kek_id, wrapped FROM deks";
const FENCES: &str = "SELECT owner FROM fences";

/// Every key of `keys.db`, unwrapped. Wiped when it is let go.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// `None` for a key that does not unwrap, which is told once and not again for each of its boxes.
    deks: HashMap<String, Vec<(i64, Option<Dek>)>>,
    fenced: HashSet<String>,
    /// Without the key-encryption key no box is opened.
    can_open: bool,
}

/// Where a box is said to belong.
pub(super) struct Place<'a> {
    pub(super) log_id: &'a str,
    pub(super) stream: &'a StreamName,
    pub(super) source: &'a str,
    pub(super) id: &'a str,
    pub(super) event_type: EventType,
}

/// What became of the personal part of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Every digest has its opening.
    Whole,
    /// There is no key-encryption key to try with.
    NotTried,
    /// It was destroyed, and that is recorded.
    Shredded,
    /// Something is wrong.
    Wrong(FaultKind, &'static str),
    /// Its key does not unwrap, which is told with the key.
    KeyShut,
}

impl Keys {
    /// Reads and unwraps every key.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) async fn load(
        connection: &mut SqliteConnection,
        kek: Option<&dyn KekProvider>,
        faults: &mut Faults,
    ) -> Result<Self, sqlx::Error> {
        let mut keys = Self { can_open: kek.is_some(), ..Self::default() };
        let fenced: Vec<Vec<u8>> = sqlx::query_scalar(FENCES).fetch_all(&mut *connection).await?;
        keys.fenced.extend(fenced.iter().map(|owner| String::from_utf8_lossy(owner).into_owned()));
        for row in sqlx::query(DEKS).fetch_all(connection).await? {
            let (Ok(owner), Ok(generation)) = (row.try_get::<&[u8], _>(0), row.try_get::<i64, _>(1)) else {
                faults.add(Fault::whole(FaultKind::Key, "a row of a key does not read"));
                continue;
            };
            let owner = String::from_utf8_lossy(owner).into_owned();
            if keys.fenced.contains(&owner) {
                let text = format!("generation {generation} of the key of {owner} is there behind a fence");
                faults.add(Fault::whole(FaultKind::BoxBehindFence, text));
            }
            let dek = match kek {
                None => None,
                Some(kek) => {
                    let dek = unwrap(kek, &row, &owner, generation).await;
                    if let Err(why) = &dek {
                        let text = format!("generation {generation} of the key of {owner}: {why}");
                        faults.add(Fault::whole(FaultKind::Key, text));
                    }
                    dek.ok()
                }
            };
            keys.deks.entry(owner).or_default().push((generation, dek));
        }
        Ok(keys)
    }

    /// Streams of people whose keys were destroyed.
    pub(super) fn fenced_people(&self) -> impl Iterator<Item = &str> {
        self.fenced.iter().map(String::as_str).filter(|owner| owner.starts_with("subject-"))
    }

    /// Whether a person's keys were destroyed.
    pub(super) fn is_fenced(&self, owner: &str) -> bool {
        self.fenced.contains(owner)
    }

    /// Opens what the log's digests say there must be.
    pub(super) fn open(
        &self,
        place: &Place<'_>,
        digests: &[&str],
        row: Option<BoxRow<'_>>,
        fenced: bool,
    ) -> Opened {
        use Opened::{KeyShut, NotTried, Shredded, Whole, Wrong};
        let owner = KeyOwner::of(place.stream, place.source, place.id);
        let owner_fenced = || self.fenced.contains(owner.as_str());
        let Some(row) = row else {
            // What belongs to no person has no fence in the log, only one at its key.
            let destroyed = fenced || (!matches!(place.stream, StreamName::Subject(_)) && owner_fenced());
            return if destroyed {
                Shredded
            } else {
                Wrong(FaultKind::BoxLost, "its box is gone, and no destruction is recorded")
            };
        };
        if fenced {
            return Wrong(FaultKind::BoxBehindFence, "its box is there though its person was erased");
        }
        let deks = self.deks.get(owner.as_str()).map(Vec::as_slice).unwrap_or_default();
        let dek = match deks.iter().find(|(generation, _)| *generation == row.generation) {
            Some((_, Some(dek))) => dek,
            Some((_, None)) => return if self.can_open { KeyShut } else { NotTried },
            None if owner_fenced() => {
                return Wrong(FaultKind::BoxBehindFence, "its box is there though its key was destroyed");
            }
            None => {
                let why = "the key of its box is gone, and no destruction is recorded";
                return Wrong(FaultKind::BoxLost, why);
            }
        };
        let place = BoxPlace {
            log_id: place.log_id,
            stream: place.stream,
            source: place.source,
            id: place.id,
            event_type: place.event_type,
        };
        let Ok(openings) = open_box(dek, &place, row.sealed) else {
            let why = "its box does not open: it was altered, or belongs to another event";
            return Wrong(FaultKind::BoxShut, why);
        };
        let mut found: Vec<_> = openings.iter().map(crate::vault::seal::Opening::digest).collect();
        found.sort_unstable();
        if found == digests {
            Whole
        } else {
            Wrong(FaultKind::BoxContent, "what its box holds does not have the digests of the event")
        }
    }
}

async fn unwrap(
    kek: &dyn KekProvider,
    row: &sqlx::sqlite::SqliteRow,
    owner: &str,
    generation: i64,
) -> Result<Dek, String> {
    let generation = u32::try_from(generation).map_err(|_| "no such generation can be".to_owned())?;
    let kek_id: &str = row.try_get(2).map_err(|error| error.to_string())?;
    let wrapped: &[u8] = row.try_get(3).map_err(|error| error.to_string())?;
    kek.unwrap(kek_id, owner, generation, wrapped).await.map_err(|error| error.to_string())
}
