//! `keys copy`.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{CommandError, Common, Format, output, with_causes};
use crate::clock::SystemEntropy;
use crate::db::FolderLock;
use crate::db::postgres::Postgres;
use crate::store::place::Place;
use crate::vault::{KeyFile, SCHEMA};

/// Name of the file of keys in a data folder.
const KEYS_FILE: &str = "keys.db";

/// Where keys are.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Copy wrapped keys, fences and tokens to another place, and compare the two. The key-encryption key stays where it
    /// is, and the lookup index is made again from the log.
    Copy(Copy),
}

/// From where to where.
#[derive(Debug, Args)]
pub(super) struct Copy {
    /// Where the keys are: `sqlite:FOLDER` or `postgres://role@host/database`. Nobody may write meanwhile.
    #[arg(long)]
    from: Place,
    /// Where they go.
    #[arg(long)]
    to: Place,
}

impl Keys {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        match self {
            Self::Copy(copy) => copy.run(common).await,
        }
    }
}

fn said(error: &dyn std::error::Error) -> CommandError {
    CommandError::Said(with_causes(error))
}

/// Keys that are opened, and the lock of their folder if they are a file.
struct Held {
    keys: KeyFile,
    _lock: Option<FolderLock>,
}

async fn hold(place: &Place, common: &Common, must_be_there: bool) -> Result<Held, CommandError> {
    let folder = match place {
        Place::Sqlite(None) => common.config()?.paths.data,
        Place::Sqlite(Some(path)) => path.clone(),
        Place::Postgres(url) => {
            let schema = Postgres::at(url, SCHEMA).map_err(|error| said(&error))?;
            let keys =
                KeyFile::connect(&schema, Arc::new(SystemEntropy)).await.map_err(|error| said(&error))?;
            return Ok(Held { keys, _lock: None });
        }
        Place::Kurrent(_) => return Err(CommandError::Said("KurrentDB holds no keys".into())),
    };
    let file = folder.join(KEYS_FILE);
    if must_be_there && !file.is_file() {
        return Err(CommandError::Said(format!("there is no file {}", file.display())));
    }
    super::make_folder(&folder)?;
    let lock = FolderLock::take(&folder).map_err(|error| said(&error))?;
    let keys = KeyFile::open(&file).await.map_err(|error| said(&error))?;
    Ok(Held { keys, _lock: Some(lock) })
}

impl Copy {
    async fn run(self, common: &Common) -> Result<(), CommandError> {
        if self.from == self.to {
            return Err(CommandError::Said("--from and --to are the same place".into()));
        }
        let (from, to) = (hold(&self.from, common, true).await?, hold(&self.to, common, false).await?);
        let copied = to.keys.take_over(&from.keys).await.map_err(|error| said(&error))?;
        if common.format == Format::Table {
            let row = [copied.keys, copied.fences, copied.tokens].map(|count| count.to_string());
            return output::table(&["KEYS", "FENCES", "TOKENS"], &[row.to_vec()]);
        }
        let answer = json!({ "keys": copied.keys, "fences": copied.fences, "tokens": copied.tokens });
        output::json(common.format, &answer, "")
    }
}
