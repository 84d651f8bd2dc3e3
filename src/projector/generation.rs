//! A generation of read models: a file in the data folder, or a schema of a database.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use super::Projection;
use crate::db::postgres::Postgres;
use crate::db::sql::Pool;
use crate::db::{DatabaseError, open_readers};

/// Readers of one schema. They ask over a network, so that more of them than a file has keep the cores busy.
const READERS_MAX: u32 = 4;

/// Where the rows of a generation stand. A file is removed with its last user once it is retired; schemas are
/// removed by the instance that runs the projection, since others may read them.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) number: u64,
    pub(super) stands: Stands,
}

/// In what.
#[derive(Debug)]
pub(super) enum Stands {
    File {
        path: PathBuf,
        retired: AtomicBool,
    },
    Schema {
        place: Postgres,
        /// Connections of all its readers.
        readers: OnceCell<Pool>,
    },
}

/// The file of a generation.
pub(super) fn file_of(folder: &Path, projection: Projection, number: u64) -> PathBuf {
    folder.join(format!("{}-{number}.db", projection.name()))
}

impl Generation {
    /// The file of a generation.
    pub(super) fn in_folder(folder: &Path, projection: Projection, number: u64) -> Self {
        let path = file_of(folder, projection, number);
        Self { number, stands: Stands::File { path, retired: AtomicBool::new(false) } }
    }

    /// A schema.
    pub(super) fn in_schema(place: Postgres, number: u64) -> Self {
        Self { number, stands: Stands::Schema { place, readers: OnceCell::new() } }
    }

    /// Connections that read it. Give them back to [`Generation::let_go`].
    pub(super) async fn readers(&self) -> Result<Pool, DatabaseError> {
        match &self.stands {
            Stands::File { path, .. } => Ok(Pool::Sqlite(open_readers(path).await?)),
            Stands::Schema { place, readers } => {
                let open = || async { Ok(Pool::Postgres(place.pool(READERS_MAX).await?)) };
                readers.get_or_try_init(open).await.cloned()
            }
        }
    }

    /// Lets go of connections that were taken for one question.
    pub(super) async fn let_go(&self, readers: Pool) {
        if let Stands::File { .. } = self.stands {
            readers.close().await;
        }
    }

    /// It is removed as soon as nobody uses it any more.
    pub(super) fn retire(&self) {
        self.set_retired(true);
    }

    /// It stays.
    pub(super) fn keep(&self) {
        self.set_retired(false);
    }

    fn set_retired(&self, is_retired: bool) {
        if let Stands::File { retired, .. } = &self.stands {
            retired.store(is_retired, Ordering::Relaxed);
        }
    }
}

fn remove(file: &Path) {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut path = file.to_owned().into_os_string();
        path.push(end);
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %file.display(), "an old file of read models stays behind");
        }
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        if let Stands::File { path, retired } = &self.stands
            && retired.load(Ordering::Relaxed)
        {
            remove(path);
        }
    }
}
