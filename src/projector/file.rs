//! Files of read models: one a projection and generation. A rebuild fills the next generation; the newest one that
//! is whole is read.
//!
//! Nothing in them is evidence: a file that does not fit is thrown away and filled again from the log.

use std::path::Path;

use sqlx::migrate::Migrator;

use super::Projection;
use super::generation::{Generation, Stands};
use super::progress::{Progress, Use, make, progress, run};
use super::tables::description;
use crate::db::sql::{Connection, Engine, Sql, query};
use crate::db::{DatabaseError, WriterTuning, open_writer};

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite/read_models");

static MADE: Sql = Sql::both("SELECT count(*) FROM progress");
static WHOLE: Sql = Sql::both("UPDATE progress SET building = 0");
static TO_WAL: Sql = Sql::both("PRAGMA journal_mode = WAL");

/// Opens a file for its writer, or makes it.
pub(super) async fn open(
    path: &Path,
    projection: Projection,
    wanted: Use,
) -> Result<(Connection, Progress), DatabaseError> {
    let tuning = WriterTuning { page_bytes: 8192, statements_max: 100, wal_checkpoint_pages: 10_000 };
    let failed = |source| DatabaseError::Open { path: path.to_owned(), source };
    let mut connection = Connection::Sqlite(open_writer(path, &MIGRATOR, tuning).await?);
    set_up(&mut connection, projection, wanted).await.map_err(failed)?;
    let progress = progress(&mut connection).await.map_err(failed)?;
    Ok((connection, progress))
}

async fn set_up(connection: &mut Connection, projection: Projection, wanted: Use) -> Result<(), sqlx::Error> {
    // What power takes from these files is read from the log again; nothing in them is personal.
    run(connection, "PRAGMA secure_delete = OFF").await?;
    run(connection, "PRAGMA cache_size = -65536").await?;
    if query(&MADE).fetch_one(&mut *connection).await?.integer(0)? == 0 {
        make(connection, projection, wanted).await?;
    }
    match wanted {
        Use::Live => run(connection, "PRAGMA synchronous = NORMAL").await,
        // The disk knows by now that the file is being built. It is never gone on with: what is cut short is thrown
        // away and begun again, so nothing in it has to be undone.
        Use::Building => {
            run(connection, "PRAGMA journal_mode = OFF").await?;
            run(connection, "PRAGMA synchronous = OFF").await
        }
    }
}

/// Ends the building of a file: from now on it is the one that is read. One commit decides.
pub(super) async fn finish(connection: &mut Connection) -> Result<(), sqlx::Error> {
    // Everything that was written without waiting for the disk is on it before the file is called whole: the change
    // of its mode is a commit, which waits for the whole file.
    run(connection, "PRAGMA synchronous = FULL").await?;
    let mode = query(&TO_WAL).fetch_one(&mut *connection).await?.text(0)?;
    if mode != "wal" {
        return Err(sqlx::Error::Protocol(format!("a file that was built keeps the journal mode {mode}")));
    }
    query(&WHOLE).execute(&mut *connection).await?;
    run(connection, "PRAGMA synchronous = NORMAL").await
}

/// What of a projection lies in a folder.
#[derive(Debug)]
pub(super) struct Found {
    /// The newest whole file of this form, opened.
    pub(super) live: Option<(Generation, Connection, Progress)>,
    /// Whether a rebuild was cut short.
    pub(super) cut_short: bool,
    /// The next generation that is free.
    pub(super) next: u64,
}

/// Looks through a folder, and removes what is of no use any more.
pub(super) async fn find(folder: &Path, projection: Projection) -> std::io::Result<Found> {
    let mut generations = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".db"));
        let number = name.and_then(|name| name.strip_prefix(projection.name())?.strip_prefix('-'));
        generations.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    generations.sort_unstable_by(|a, b| b.cmp(a));
    let next = generations.first().map_or(1, |newest| newest + 1);
    let mut found = Found { live: None, cut_short: false, next };
    let wanted = description(projection.tables(), Engine::Sqlite);
    for generation in generations {
        let file = Generation::in_folder(folder, projection, generation);
        if let (None, Stands::File { path, .. }) = (&found.live, &file.stands) {
            match open(path, projection, Use::Live).await {
                Ok((connection, progress)) if !progress.building && progress.tables == wanted => {
                    found.live = Some((file, connection, progress));
                    continue;
                }
                Ok((_, progress)) => found.cut_short |= progress.building,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, file = %path.display(), "read models that do not open are built again");
                }
            }
        }
        file.retire();
    }
    Ok(found)
}
