//! Where keys, tree and read models are, once it is settled where events are.

use std::sync::Arc;
use std::time::Duration;

use super::OpenError;
use crate::clock::Entropy;
use crate::config::Config;
use crate::db::lease;
use crate::db::postgres::Postgres;
use crate::db::sql::Connection;
use crate::store::place::Place;
use crate::vault::{self, KeyFile};
use crate::{notary, projector, store};

/// How long a start waits for another instance that is opening the log.
const OPENING_WAIT_MAX: Duration = Duration::from_secs(30);
/// How often it asks.
const OPENING_ASKED_EVERY: Duration = Duration::from_millis(100);

/// The keys of the settings.
pub(crate) async fn open_keys(
    config: &Config,
    events: &Place,
    entropy: &Arc<dyn Entropy>,
) -> Result<KeyFile, OpenError> {
    match (events, config.vault.url.parse()?) {
        (Place::Postgres(_), Place::Sqlite(_)) => Err(OpenError::KeysInFile),
        (_, Place::Sqlite(None)) => Ok(KeyFile::open(&config.paths.data.join("keys.db")).await?),
        (_, Place::Sqlite(Some(_)) | Place::Kurrent(_)) => Err(OpenError::KeysPlace),
        (events, Place::Postgres(url)) => {
            let keys = Postgres::at(&url, vault::SCHEMA)?;
            if let Place::Postgres(url) = events
                && Postgres::at(url, store::postgres::SCHEMA)?.shares_cluster_with(&keys)
                && !config.vault.shares_cluster
            {
                return Err(OpenError::SharedCluster);
            }
            Ok(KeyFile::connect(&keys, Arc::clone(entropy)).await?)
        }
    }
}

/// The tree: beside the events in a database, else a file.
pub(super) fn tree(config: &Config, events: &Place) -> Result<notary::Place, OpenError> {
    Ok(match events {
        Place::Postgres(url) => notary::Place::Postgres(Postgres::at(url, "log")?),
        Place::Sqlite(_) | Place::Kurrent(_) => notary::Place::File(config.paths.data.join("log.db")),
    })
}

/// Read models: beside the events in a database, else files.
pub(super) fn read_models(config: &Config, events: &Place) -> Result<projector::Place, OpenError> {
    Ok(match events {
        Place::Postgres(url) => projector::Place::Postgres(Postgres::at(url, "read_models")?),
        Place::Sqlite(_) | Place::Kurrent(_) => {
            projector::Place::Folder(config.paths.data.join("read_models"))
        }
    })
}

/// The right to open a new log: of instances that start together on an empty database one does.
pub(super) async fn opening(events: &Place) -> Result<Option<Connection>, OpenError> {
    let Place::Postgres(url) = events else { return Ok(None) };
    let place = Postgres::at(url, store::postgres::SCHEMA)?;
    let taking = async {
        loop {
            match lease::take(&place, "opening").await {
                Ok(Some(held)) => return Ok(Some(held)),
                Ok(None) => tokio::time::sleep(OPENING_ASKED_EVERY).await,
                Err(error) => return Err(OpenError::Store(error.into())),
            }
        }
    };
    tokio::time::timeout(OPENING_WAIT_MAX, taking).await.unwrap_or(Err(OpenError::OthersOpening))
}
