//! Settings: flags over `SUBJECT_RECORD_*` variables over `subject-record.toml` over defaults.
//!
//! Every setting is a named member of a section here, with its unit in its name. An unknown one is refused.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Beginning of the variables that set a setting: `SUBJECT_RECORD_SERVER__LISTEN=127.0.0.1:9000`.
pub const VARIABLE_PREFIX: &str = "SUBJECT_RECORD_";

/// Name of the file of settings in a data folder's parent or wherever `--config` says.
pub const FILE_NAME: &str = "subject-record.toml";

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where things lie.
    pub paths: Paths,
    /// Who runs the platform.
    #[serde(default)]
    pub operator: Operator,
    /// The HTTP door.
    #[serde(default)]
    pub server: Server,
    /// The event store.
    #[serde(default)]
    pub store: Store,
    /// Read models.
    #[serde(default)]
    pub projector: Projector,
    /// The vault.
    #[serde(default)]
    pub vault: Vault,
    /// The transparency log.
    #[serde(default)]
    pub notary: Notary,
    /// The log.
    #[serde(default)]
    pub log: Log,
}

/// Where things lie. Relative paths start at the file of settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// The data folder: events and wrapped keys. One process owns it.
    pub data: PathBuf,
    /// The key-encryption key. Outside the data folder, and outside its backups.
    pub kek: PathBuf,
    /// The key that signs checkpoints. Outside the data folder.
    pub signing_key: PathBuf,
}

/// Who runs the platform (clause 5.2 needs name and registered address; Art. 8(4) the name and BIN).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Operator {
    /// Name.
    pub name: String,
    /// BIN, twelve digits.
    pub bin: String,
    /// Registered address: the venue of disputes.
    pub address: String,
}

/// The HTTP door.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Bytes of a body at most; a stream of NDJSON may be longer, each of its lines not.
    pub body_bytes_max: usize,
    /// Bytes of the request line and headers together.
    pub header_bytes_max: usize,
    /// Headers of a request.
    pub headers_max: usize,
    /// Open connections; more wait to be accepted.
    pub connections_max: usize,
    /// Time for the headers of a request to arrive.
    pub header_seconds_max: u64,
    /// Time for a request that is not a stream.
    pub request_seconds_max: u64,
    /// Time that running requests get when the service stops.
    pub drain_seconds_max: u64,
    /// Events of a batch.
    pub batch_events_max: usize,
    /// Events of one page of a timeline, and rows of one page of a list.
    pub page_events_max: u32,
    /// How long a list of rows as NDJSON or CSV may take in all.
    pub rows_seconds_max: u64,
    /// How long a question waits for the read models to know the event that it names with `after`.
    pub after_seconds_max: u64,
    /// Events a token may send in a second, on average; 0 sets no limit.
    pub token_events_per_second_max: u32,
    /// Whether browsers reach the console over TLS that something in front of the service ends.
    pub behind_tls: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            body_bytes_max: 8 * 1024 * 1024,
            header_bytes_max: 32 * 1024,
            headers_max: 64,
            connections_max: 1024,
            header_seconds_max: 10,
            request_seconds_max: 30,
            drain_seconds_max: 20,
            batch_events_max: 1000,
            page_events_max: 500,
            rows_seconds_max: 600,
            after_seconds_max: 10,
            token_events_per_second_max: 0,
            behind_tls: false,
        }
    }
}

/// The event store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// Where events are: `sqlite:` (files in the data folder), `postgres://role@host/database`, or `kurrentdb://host:2113`.
    pub url: String,
    /// Events that may wait for the writer; more are answered 503.
    pub queue_events_max: u32,
    /// Events of one commit, and so of one atomic batch.
    pub batch_events_max: usize,
    /// Streams whose ends are kept in memory.
    pub stream_heads_max: usize,
    /// Pages of write-ahead log after which a commit copies them into the file. Longer intervals write hot
    /// index pages less often.
    pub wal_checkpoint_pages: u32,
    /// PostgreSQL: connections that read events, of one instance.
    pub connections_max: u32,
    /// PostgreSQL: how long an append is tried again while the database is away, before it is answered 503.
    pub outage_seconds_max: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: "sqlite:".into(),
            queue_events_max: 20_000,
            batch_events_max: 1_000,
            stream_heads_max: 200_000,
            wal_checkpoint_pages: 10_000,
            connections_max: 10,
            outage_seconds_max: 5,
        }
    }
}

/// Read models.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Projector {
    /// Events whose rows are written in one transaction.
    pub batch_events: u32,
    /// Memory for people whose fold is kept; others are folded again from their stream.
    pub people_cache_bytes_max: usize,
    /// People who are judged anew in one transaction when something is published.
    pub rejudged_people: usize,
    /// Events that the log may be ahead of an empty file before it is filled without indexes first.
    pub rebuild_from_events: u64,
}

impl Default for Projector {
    fn default() -> Self {
        Self {
            batch_events: 2_000,
            people_cache_bytes_max: 2 * 1024 * 1024 * 1024,
            rejudged_people: 500,
            rebuild_from_events: 10_000,
        }
    }
}

/// The vault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vault {
    /// Where keys are: `sqlite:` (a file in the data folder), or `postgres://role@host/database`.
    pub url: String,
    /// Whether keys may lie in the cluster of the events, and so in the same backups.
    pub shares_cluster: bool,
    /// Keys of people kept in memory.
    pub dek_cache_entries_max: usize,
    /// How long a key is kept in memory.
    pub dek_cache_seconds: u64,
    /// How long a search by IIN, BIN, phone or e-mail waits for what was recorded before it to be indexed.
    pub lookup_wait_seconds_max: u64,
}

impl Default for Vault {
    fn default() -> Self {
        Self {
            url: "sqlite:".into(),
            shares_cluster: false,
            dek_cache_entries_max: 50_000,
            dek_cache_seconds: 300,
            lookup_wait_seconds_max: 10,
        }
    }
}

/// The transparency log over the events, and who outside looks at it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notary {
    /// Name of a new log in its checkpoints: best a domain of the operator's with a path, without a scheme. Empty for
    /// a name made from the log's id. Fixed for ever by the first event.
    pub origin: String,
    /// How long new events gather before a checkpoint over them is signed.
    pub checkpoint_milliseconds: u64,
    /// Events that are read and put into the tree at a time.
    pub batch_events: u32,
    /// The ends of all streams are committed to at most this often, and only after other events.
    pub heads_seconds: u64,
    /// How long a receipt or a dossier waits for a checkpoint that covers it.
    pub receipt_seconds_max: u64,
    /// Folders outside that get a copy of the newest checkpoint and of the register of erased people.
    pub anchors: Vec<PathBuf>,
    /// Copies go to the anchors at most this often.
    pub anchor_seconds: u64,
    /// Witnesses that are asked to cosign checkpoints.
    pub witnesses: Vec<WitnessAt>,
    /// Witnesses are asked at most this often, and for each dossier.
    pub witness_seconds: u64,
    /// How long a witness or a time-stamping authority may take to answer.
    pub outside_seconds_max: u64,
    /// URL of the RFC 3161 authority that stamps checkpoints. Empty for none.
    pub timestamp_url: String,
    /// Name of that authority in the record.
    pub timestamp_authority: String,
    /// Its root certificates, PEM. Its stamps are checked against them before they are kept.
    pub timestamp_roots: PathBuf,
    /// A checkpoint is stamped at most this often.
    pub timestamp_seconds: u64,
}

/// A witness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessAt {
    /// Where it answers (C2SP tlog-witness); `/add-checkpoint` is put behind it.
    pub url: String,
    /// Its key, as in `name+0123abcd+base64`.
    pub verifier_key: String,
}

impl Default for Notary {
    fn default() -> Self {
        Self {
            origin: String::new(),
            checkpoint_milliseconds: 400,
            batch_events: 2_000,
            heads_seconds: 60,
            receipt_seconds_max: 10,
            anchors: Vec::new(),
            anchor_seconds: 60,
            witnesses: Vec::new(),
            witness_seconds: 10,
            outside_seconds_max: 5,
            timestamp_url: String::new(),
            timestamp_authority: "timestamp-authority".into(),
            timestamp_roots: PathBuf::new(),
            timestamp_seconds: 3_600,
        }
    }
}

/// What is written about the service's own running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, or a filter by module.
    pub filter: String,
    /// JSON lines instead of text.
    pub json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".into(), json: false }
    }
}

/// Settings that do not read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read the settings at {path}; `subject-record init` makes them, or name another file with --config"
    )]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{path} is no TOML: {reason}")]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// A variable that sets nothing.
    #[error("the variable {0} sets nothing: it should be SUBJECT_RECORD_<SECTION>__<SETTING>")]
    Variable(String),
    /// A setting that is unknown or has no such value.
    #[error("a setting is wrong: {0}")]
    Setting(String),
}

impl Config {
    /// Reads the file and lays the variables over it.
    ///
    /// # Errors
    /// [`ConfigError`], naming the file, variable or setting.
    pub fn load(path: &Path, variables: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let known = Self::known()?;
        for (name, value) in variables {
            overlay(&mut table, &known, &name, &value)?;
        }
        let mut config: Self =
            table.try_into().map_err(|error: toml::de::Error| ConfigError::Setting(error.to_string()))?;
        let base = path.parent().unwrap_or(Path::new("."));
        let fixed = [&mut config.paths.data, &mut config.paths.kek, &mut config.paths.signing_key];
        let roots = Some(&mut config.notary.timestamp_roots).filter(|roots| !roots.as_os_str().is_empty());
        for place in fixed.into_iter().chain(&mut config.notary.anchors).chain(roots) {
            if place.is_relative() {
                *place = base.join(&*place);
            }
        }
        Ok(config)
    }

    /// Every setting with some value of its type.
    fn known() -> Result<toml::Table, ConfigError> {
        let nowhere = Paths { data: PathBuf::new(), kek: PathBuf::new(), signing_key: PathBuf::new() };
        let some = Self {
            paths: nowhere,
            operator: Operator::default(),
            server: Server::default(),
            store: Store::default(),
            projector: Projector::default(),
            vault: Vault::default(),
            notary: Notary::default(),
            log: Log::default(),
        };
        toml::Table::try_from(some).map_err(|error| ConfigError::Setting(error.to_string()))
    }
}

/// Variables that are no settings: `SUBJECT_RECORD_CONFIG`, `…_URL`, `…_TOKEN` belong to the command line.
const COMMAND_LINE_VARIABLES: [&str; 3] = ["CONFIG", "URL", "TOKEN"];

fn overlay(table: &mut toml::Table, known: &toml::Table, name: &str, value: &str) -> Result<(), ConfigError> {
    let Some(setting) = name.strip_prefix(VARIABLE_PREFIX) else { return Ok(()) };
    if COMMAND_LINE_VARIABLES.contains(&setting) {
        return Ok(());
    }
    let (section, setting) =
        setting.split_once("__").ok_or_else(|| ConfigError::Variable(name.to_owned()))?;
    let (section, setting) = (section.to_lowercase(), setting.to_lowercase());
    // The setting's type decides: a BIN is a text of digits.
    let read = match known.get(&section).and_then(|section| section.get(&setting)) {
        Some(toml::Value::Integer(_)) => value.parse::<i64>().ok().map(toml::Value::from),
        Some(toml::Value::Boolean(_)) => value.parse::<bool>().ok().map(toml::Value::from),
        _ => None,
    };
    let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
    let section = section.as_table_mut().ok_or_else(|| ConfigError::Variable(name.to_owned()))?;
    section.insert(setting, read.unwrap_or_else(|| value.into()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[paths]\ndata = 'data'\nkek = '/k/kek'\nsigning_key = '/k/sign'\n";

    fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, text).unwrap();
        Config::load(&path, variables.iter().map(|(name, value)| (name.to_string(), value.to_string())))
    }

    #[test]
    fn a_variable_wins_over_the_file() {
        let config = load(
            FILE,
            &[
                ("SUBJECT_RECORD_SERVER__LISTEN", "127.0.0.1:9"),
                ("SUBJECT_RECORD_LOG__JSON", "true"),
                ("PATH", "x"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 9);
        assert!(config.log.json && config.paths.data.ends_with("data") && config.paths.data.is_absolute());
    }

    #[test]
    fn a_variable_has_the_type_of_its_setting() {
        let set = [
            ("SUBJECT_RECORD_OPERATOR__BIN", "991240000013"),
            ("SUBJECT_RECORD_OPERATOR__NAME", "true"),
            ("SUBJECT_RECORD_STORE__QUEUE_EVENTS_MAX", "7"),
            ("SUBJECT_RECORD_SERVER__BEHIND_TLS", "true"),
        ];
        let config = load(FILE, &set).unwrap();
        assert_eq!((config.operator.bin.as_str(), config.operator.name.as_str()), ("991240000013", "true"));
        assert_eq!((config.store.queue_events_max, config.server.behind_tls), (7, true));
        let wrong = load(FILE, &[("SUBJECT_RECORD_STORE__QUEUE_EVENTS_MAX", "many")]);
        assert!(matches!(wrong, Err(ConfigError::Setting(_))), "{wrong:?}");
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = load(&format!("{FILE}[server]\nlissten = 'x'\n"), &[]).unwrap_err().to_string();
        assert!(error.contains("lissten"), "{error}");
        assert!(matches!(load(FILE, &[("SUBJECT_RECORD_LISTEN", "x")]), Err(ConfigError::Variable(_))));
    }
}
