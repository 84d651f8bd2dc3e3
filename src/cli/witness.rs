//! `witness init|serve`: a mirror witness, a service apart from the log's own, best on a machine of somebody else.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::serve::stop_signal;
use super::{CommandError, Common, make_folder, output, random_key, with_causes, write_secret};
use crate::clock::{Entropy, SystemClock};
use crate::config;
use crate::notary::note::{CosigningKey, KeyKind, VerifierKey};
use crate::witness::mirror::{LogReader, Mirror, Opening};

/// Name of the settings in a witness's folder.
const FILE_NAME: &str = "witness.toml";

/// A mirror witness: reads every entry of a log, derives tree and heads again, and only then cosigns.
#[derive(Debug, Subcommand)]
pub(super) enum Witness {
    /// Make a key and settings for a witness of one log, and print its verifier key.
    Init {
        /// Folder for settings and state.
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// Folder for the witness's key, outside the state.
        #[arg(long, default_value = "keys")]
        keys: PathBuf,
        /// The witness's name: best a domain of its operator with a path, without a scheme.
        #[arg(long)]
        name: String,
        /// The log's verifier key, as in name+0123abcd+base64.
        #[arg(long)]
        log_key: String,
        /// Address of the log's server.
        #[arg(long)]
        log_url: String,
        /// File that holds the token of an auditor at the log's server.
        #[arg(long)]
        token_file: Option<PathBuf>,
    },
    /// Serve until told to stop: answer add-checkpoint (C2SP tlog-witness) and show what it is at.
    Serve {
        /// Folder that init made.
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// Address and port; wins over the settings.
        #[arg(long)]
        listen: Option<SocketAddr>,
        /// Forget why nothing was cosigned any more, and read those entries once more.
        #[arg(long)]
        audit_again: bool,
    },
}

/// Settings of a witness. Relative paths start at its folder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The witness's name.
    name: String,
    /// Its key.
    key: PathBuf,
    /// The log's verifier key.
    log_key: String,
    /// Address of the log's server.
    log_url: String,
    /// File with the token of an auditor there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_file: Option<PathBuf>,
    /// Address and port to listen on.
    #[serde(default = "default_listen")]
    listen: SocketAddr,
    /// What is written about its own running.
    #[serde(default, skip_serializing)]
    log: config::Log,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8081))
}

impl Witness {
    pub(super) async fn run(self, common: &Common, entropy: &dyn Entropy) -> Result<(), CommandError> {
        match self {
            Self::Init { dir, keys, name, log_key, log_url, token_file } => {
                let key = keys.join("witness_key");
                let listen = default_listen();
                let log = config::Log::default();
                let settings = Settings { name, key, log_key, log_url, token_file, listen, log };
                init(&dir, &settings, common.insecure, entropy)
            }
            Self::Serve { dir, listen, audit_again } => serve(&dir, listen, audit_again, common).await,
        }
    }
}

fn init(dir: &Path, settings: &Settings, insecure: bool, entropy: &dyn Entropy) -> Result<(), CommandError> {
    let file = dir.join(FILE_NAME);
    if file.exists() {
        return Err(CommandError::Said(format!("{} is there already: nothing was changed", file.display())));
    }
    log_key(&settings.log_key)?;
    check_address(&settings.log_url, insecure)?;
    // A name that no key can have is refused before anything is made.
    cosigning_key(&settings.name, Zeroizing::new([0; 32]))?;
    let key = dir.join(&settings.key);
    make_folder(dir)?;
    make_folder(&dir.join("state"))?;
    make_folder(key.parent().unwrap_or(dir))?;
    if !key.exists() {
        write_secret(&key, &random_key(entropy))?;
    }
    let own_key = cosigning_key(&settings.name, read_key(&key)?)?;
    let text = toml::to_string(settings).map_err(|error| CommandError::Said(error.to_string()))?;
    // Last, so that an init that broke off is not taken for a finished one.
    write_secret(&file, &format!("# Settings of a mirror witness.\n\n{text}"))?;
    let verifier_key = own_key.verifier_key();
    output::print(&format!(
        "settings      {}\nkey           {}\nverifier key  {verifier_key}\n\n\
         The log asks it once its settings say:\n\n[[notary.witnesses]]\nurl = \"http://{}\"\n\
         verifier_key = \"{verifier_key}\"\n\nNext: subject-record witness serve --dir {}\n",
        file.display(),
        key.display(),
        settings.listen,
        dir.display(),
    ))
}

async fn serve(
    dir: &Path,
    listen: Option<SocketAddr>,
    audit_again: bool,
    common: &Common,
) -> Result<(), CommandError> {
    let file = dir.join(FILE_NAME);
    let text = std::fs::read_to_string(&file);
    let text = text.map_err(CommandError::io(format!(
        "cannot read {}; `subject-record witness init` makes it",
        file.display()
    )))?;
    let settings: Settings = toml::from_str(&text)
        .map_err(|error| CommandError::Said(format!("{}: {}", file.display(), error.message())))?;
    crate::telemetry::start(&settings.log)?;
    let url = common.url.as_ref().unwrap_or(&settings.log_url);
    check_address(url, common.insecure)?;
    let token = match (&common.token, &settings.token_file) {
        (Some(token), _) => Some(Zeroizing::new(token.clone())),
        (None, Some(path)) => Some(read_token(&dir.join(path))?),
        (None, None) => None,
    };
    let said = |error: &dyn std::error::Error| CommandError::Said(with_causes(error));
    let opening = Opening {
        folder: &dir.join("state"),
        log_key: log_key(&settings.log_key)?,
        log: LogReader::new(url, token).map_err(|error| said(&error))?,
        key: cosigning_key(&settings.name, read_key(&dir.join(&settings.key))?)?,
        clock: Arc::new(SystemClock::default()),
        audit_again,
    };
    let mirror = Arc::new(Mirror::open(opening).await.map_err(|error| said(&error))?);
    let status = mirror.status();
    tracing::info!(
        origin = status.origin,
        verifier_key = status.verifier_key,
        entries = status.entries,
        "mirroring"
    );
    let server = config::Server { listen: listen.unwrap_or(settings.listen), ..config::Server::default() };
    let listening = |address| tracing::info!(%address, "listening");
    crate::http::serve_witness(mirror, &server, stop_signal(), listening).await?;
    tracing::info!("stopped");
    Ok(())
}

/// The log's key must be one that logs sign with.
fn log_key(text: &str) -> Result<VerifierKey, CommandError> {
    let key = VerifierKey::parse(text.trim())
        .map_err(|error| CommandError::Said(format!("the log's verifier key: {error}")))?;
    match key.kind() {
        KeyKind::Ed25519 => Ok(key),
        KeyKind::Cosignature => {
            Err(CommandError::Said("the log's verifier key: it is a witness's key, not a log's".into()))
        }
    }
}

fn cosigning_key(name: &str, seed: Zeroizing<[u8; 32]>) -> Result<CosigningKey, CommandError> {
    CosigningKey::from_seed(name, seed)
        .map_err(|error| CommandError::Said(format!("the witness's name: {error}")))
}

fn read_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, CommandError> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(CommandError::io(format!("cannot read {}", path.display())))?;
    let mut key = Zeroizing::new([0_u8; 32]);
    hex::decode_to_slice(text.trim(), key.as_mut_slice()).map_err(|_| {
        CommandError::Said(format!("{} holds no key of 64 hexadecimal digits", path.display()))
    })?;
    Ok(key)
}

fn read_token(path: &Path) -> Result<Zeroizing<String>, CommandError> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(CommandError::io(format!("cannot read {}", path.display())))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// Over plain HTTP the token and the entries stay on this machine, unless `--insecure` says that the way is safe.
fn check_address(base: &str, insecure: bool) -> Result<(), CommandError> {
    let url = Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
        return Err(CommandError::Said(format!("{base} is no http:// or https:// address")));
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if url.scheme() == "https" || local || insecure {
        return Ok(());
    }
    Err(CommandError::Said(format!(
        "{base} is not on this machine, and http:// would show the token and the entries to the network: \
         say https://, or --insecure when the way is safe"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;
    use crate::notary::note::SigningKey;

    fn settings(name: &str, log_url: &str) -> Settings {
        let log = SigningKey::from_seed("record.example/log", Zeroizing::new([1; 32])).unwrap();
        Settings {
            name: name.into(),
            key: "keys/witness_key".into(),
            log_key: log.verifier_key().to_string(),
            log_url: log_url.into(),
            token_file: None,
            listen: default_listen(),
            log: config::Log::default(),
        }
    }

    #[test]
    fn settings_that_init_wrote_are_read_back_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let made = settings("witness.example/one", "http://127.0.0.1:8080");
        init(dir.path(), &made, false, &SystemEntropy).unwrap();
        let text = std::fs::read_to_string(dir.path().join(FILE_NAME)).unwrap();
        let read: Settings = toml::from_str(&text).unwrap();
        assert_eq!(
            (read.name, read.log_key, read.listen),
            (made.name.clone(), made.log_key.clone(), made.listen)
        );
        let key = read_key(&dir.path().join("keys/witness_key")).unwrap();
        assert!(init(dir.path(), &made, false, &SystemEntropy).is_err());
        std::fs::remove_file(dir.path().join(FILE_NAME)).unwrap();
        init(dir.path(), &made, false, &SystemEntropy).unwrap();
        assert_eq!(
            *read_key(&dir.path().join("keys/witness_key")).unwrap(),
            *key,
            "a key that is there is kept"
        );
    }

    #[test]
    fn what_cannot_serve_is_refused_before_anything_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |settings: Settings| {
            let error = init(&dir.path().join("new"), &settings, false, &SystemEntropy).unwrap_err();
            assert!(!dir.path().join("new").exists());
            error.to_string()
        };
        assert!(refused(settings("a name", "http://127.0.0.1:8080")).contains("name"));
        assert!(refused(settings("witness.example", "http://10.0.0.1:8080")).contains("--insecure"));
        assert!(refused(settings("witness.example", "127.0.0.1:8080")).contains("address"));
        let own = cosigning_key("witness.example", Zeroizing::new([2; 32])).unwrap();
        let log_key = own.verifier_key().to_string();
        let swapped = Settings { log_key, ..settings("witness.example", "http://127.0.0.1:8080") };
        assert!(refused(swapped).contains("not a log's"));
    }

    #[test]
    fn a_token_goes_over_plain_http_only_on_this_machine_unless_told_otherwise() {
        for fine in ["https://log.example", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:9"] {
            assert!(check_address(fine, false).is_ok(), "{fine}");
        }
        assert!(check_address("http://log.example", false).is_err());
        assert!(check_address("http://log.example", true).is_ok());
    }
}
