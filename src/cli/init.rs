//! `init`: settings, keys and first tokens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use subject_record_schemas::identifiers::Bin;
use subject_record_schemas::vocabulary::Role;
use zeroize::Zeroizing;

use super::{CommandError, make_folder, output, random_key, with_causes, write_secret};
use crate::app::places::open_keys;
use crate::caller::SourcePattern;
use crate::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::config::{Config, FILE_NAME};
use crate::store::place::Place;
use crate::vault::tokens::{TokenError, Tokens};

/// Make settings, keys and first tokens for a new data folder.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Folder for the settings; the data folder is made inside.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Folder for the key-encryption key and the signing key: outside the data folder and its backups.
    #[arg(long, default_value = "keys")]
    keys: PathBuf,
    /// Operator's name (Art. 8(4), clause 5.2).
    #[arg(long)]
    name: String,
    /// Operator's BIN, twelve digits.
    #[arg(long)]
    bin: String,
    /// Operator's registered address: the venue of disputes (clause 5.2).
    #[arg(long)]
    address: String,
    /// Where events are to be: `sqlite:`, `postgres://role@host/database` or `kurrentdb://host:2113` (`store.url`).
    #[arg(long, default_value = "sqlite:")]
    store: String,
    /// Where keys are to be: `sqlite:` or `postgres://role@host/database` (`vault.url`).
    #[arg(long, default_value = "sqlite:")]
    vault: String,
    /// Let keys lie in the PostgreSQL cluster of the events, and so in the same backups (`vault.shares_cluster`).
    #[arg(long)]
    shares_cluster: bool,
    /// Sources that the first emitter and officer tokens own.
    #[arg(long = "source", default_values_t = [String::from("platform/*")])]
    sources: Vec<String>,
}

/// First tokens, one a role.
pub(super) const FIRST_TOKENS: [(&str, Role); 5] = [
    ("emitter-1", Role::Emitter),
    ("support-1", Role::Support),
    ("auditor-1", Role::Auditor),
    ("officer-1", Role::Officer),
    ("operator-1", Role::Operator),
];

/// What an init made, and what one before it had left behind.
pub(super) struct Made {
    /// Names and texts of the tokens made.
    pub(super) tokens: Vec<(&'static str, String)>,
    /// Key files that were there and are used.
    keys_found: Vec<PathBuf>,
    /// Tokens that were there; their texts are lost.
    tokens_found: Vec<&'static str>,
}

impl Made {
    /// For commands that need every token of a new folder.
    pub(super) fn anew(self, folder: &Path) -> Result<Vec<(&'static str, String)>, CommandError> {
        if self.tokens_found.is_empty() {
            return Ok(self.tokens);
        }
        let folder = folder.display();
        Err(CommandError::Said(format!("{folder} was left half-made: remove it, or choose another folder")))
    }
}

impl Init {
    /// For another command that needs a folder of its own.
    pub(super) fn of(dir: &Path, name: &str, bin: &str, address: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            keys: PathBuf::from("keys"),
            store: "sqlite:".into(),
            vault: "sqlite:".into(),
            shares_cluster: false,
            name: name.into(),
            bin: bin.into(),
            address: address.into(),
            sources: vec!["platform/*".into()],
        }
    }

    pub(super) async fn run(self, entropy: &dyn Entropy) -> Result<(), CommandError> {
        let made = self.make(entropy).await?;
        let config = self.dir.join(FILE_NAME);
        let mut text = format!(
            "settings  {}\ndata      {}\nkeys      {} (back these up apart from the data, and never together)\n\n",
            config.display(),
            self.dir.join("data").display(),
            self.dir.join(&self.keys).display(),
        );
        for path in &made.keys_found {
            text.push_str(&format!("{} was there and is kept\n", path.display()));
        }
        if !made.tokens.is_empty() {
            text.push_str("First tokens, shown this once:\n");
        }
        for (name, token) in &made.tokens {
            text.push_str(&format!("  {name:<10}  {token}\n"));
        }
        if !made.tokens_found.is_empty() {
            text.push_str(
                "\nMade by an earlier init that broke off, and never to be shown again. Revoke each of them and \
                 make one of another name:\n",
            );
        }
        for name in &made.tokens_found {
            let (config, role) = (config.display(), name.split('-').next().unwrap_or(name));
            text.push_str(&format!(
                "  subject-record token revoke {name} --config {config}\n  \
                 subject-record token create {role}-2 --role {role}{} --config {config}\n",
                if matches!(role, "emitter" | "officer") { " --source SOURCE" } else { "" },
            ));
        }
        text.push_str(&format!("\nNext: subject-record serve --config {}\n", config.display()));
        output::print(&text)
    }

    /// Makes everything that is not there yet; after an init that broke off, goes on where it was.
    pub(super) async fn make(&self, entropy: &dyn Entropy) -> Result<Made, CommandError> {
        let bin = Bin::parse(&self.bin).map_err(|error| CommandError::Said(format!("--bin: {error}")))?;
        if !bin.check().check_digit.passes() {
            return Err(CommandError::Said("--bin: its check digit is wrong".into()));
        }
        if self.name.trim().is_empty() || self.address.trim().is_empty() {
            return Err(CommandError::Said(
                "--name and --address may not be empty: a dossier needs them".into(),
            ));
        }
        let sources: Result<Vec<_>, _> = self.sources.iter().map(SourcePattern::parse).collect();
        let sources = sources.map_err(|error| CommandError::Said(format!("--source: {error}")))?;
        let config = self.dir.join(FILE_NAME);
        if config.exists() {
            return Err(CommandError::Said(format!(
                "{} is there already: nothing was changed",
                config.display()
            )));
        }
        let (data, keys) = (self.dir.join("data"), self.dir.join(&self.keys));
        if keys.starts_with(&data) {
            return Err(CommandError::Said("--keys may not lie inside the data folder".into()));
        }
        if data.join("events.db").exists() {
            return Err(CommandError::Said(format!(
                "{} holds a log already, which needs its own settings and keys: nothing was changed",
                data.display()
            )));
        }
        make_folder(&self.dir)?;
        make_folder(&data)?;
        make_folder(&keys)?;
        let mut keys_found = Vec::new();
        for path in [keys.join("kek"), keys.join("signing_key")] {
            if path.exists() {
                check_key(&path)?;
                keys_found.push(path);
            } else {
                write_secret(&path, &random_key(entropy))?;
            }
        }

        let said = |error: &dyn std::error::Error| CommandError::Said(with_causes(error));
        let text = self.settings()?;
        let mut settings: Config = toml::from_str(&text).map_err(|error| said(&error))?;
        settings.paths.data = data;
        let events: Place = self.store.parse().map_err(|error| said(&error))?;
        let key_file = open_keys(&settings, &events, &(Arc::new(SystemEntropy) as Arc<dyn Entropy>)).await;
        let key_file = key_file.map_err(|error| said(&error))?;
        let tokens = Tokens::load(&key_file).await.map_err(|e| CommandError::Said(with_causes(&e)))?;
        let now = SystemClock::default().now();
        let (mut made, mut tokens_found) = (Vec::with_capacity(FIRST_TOKENS.len()), Vec::new());
        for (name, role) in FIRST_TOKENS {
            let owned =
                if matches!(role, Role::Emitter | Role::Officer) { sources.clone() } else { Vec::new() };
            match tokens.create(&key_file, name, role, owned, now, entropy).await {
                Ok(token) => made.push((name, token.to_string())),
                Err(TokenError::Taken) => tokens_found.push(name),
                Err(error) => return Err(CommandError::Said(with_causes(&error))),
            }
        }
        // Last, so that an init that broke off is not taken for a finished one.
        write_secret(&config, &text)?;
        Ok(Made { tokens: made, keys_found, tokens_found })
    }

    fn settings(&self) -> Result<String, CommandError> {
        let mut paths = toml::Table::new();
        let keys = self.keys.display();
        for (name, path) in [
            ("data", "data".to_owned()),
            ("kek", format!("{keys}/kek")),
            ("signing_key", format!("{keys}/signing_key")),
        ] {
            paths.insert(name.into(), path.into());
        }
        let mut operator = toml::Table::new();
        for (name, value) in [("name", &self.name), ("bin", &self.bin), ("address", &self.address)] {
            operator.insert(name.into(), value.trim().into());
        }
        let mut table = toml::Table::new();
        table.insert("paths".into(), paths.into());
        table.insert("operator".into(), operator.into());
        for (section, name, value, default) in [
            ("store", "url", toml::Value::from(self.store.as_str()), "sqlite:".into()),
            ("vault", "url", self.vault.as_str().into(), "sqlite:".into()),
            ("vault", "shares_cluster", self.shares_cluster.into(), false.into()),
        ] {
            if value != default {
                let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
                section.as_table_mut().map(|section| section.insert(name.into(), value));
            }
        }
        let text = toml::to_string(&table).map_err(|error| CommandError::Said(error.to_string()))?;
        Ok(format!(
            "# Settings of subject-record. All of them, with defaults and units: docs/settings.md\n\n{text}"
        ))
    }
}

/// A key file that an earlier init left is used when it holds a whole key.
fn check_key(path: &Path) -> Result<(), CommandError> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(CommandError::io(format!("cannot read {}", path.display())))?;
    let mut key = Zeroizing::new([0_u8; 32]);
    hex::decode_to_slice(text.trim(), key.as_mut_slice()).map_err(|_| {
        CommandError::Said(format!(
            "{} is there and holds no key of 64 hexadecimal digits: move it away and run init again",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    fn init(dir: &Path) -> Init {
        Init::of(dir, "Example", "991240000013", "Example street 1")
    }

    #[tokio::test]
    async fn an_init_that_broke_off_is_run_again_and_says_what_it_found() {
        let folder = tempfile::tempdir().unwrap();
        let first = init(folder.path()).make(&SystemEntropy).await.unwrap();
        assert!(first.keys_found.is_empty() && first.tokens_found.is_empty() && first.tokens.len() == 5);
        assert!(init(folder.path()).make(&SystemEntropy).await.is_err(), "a finished init is not repeated");

        let key = folder.path().join("keys/kek");
        let kept = std::fs::read_to_string(&key).unwrap();
        std::fs::remove_file(folder.path().join(FILE_NAME)).unwrap();
        let again = init(folder.path()).make(&SystemEntropy).await.unwrap();
        assert_eq!((again.keys_found.len(), again.tokens_found.len(), again.tokens.len()), (2, 5, 0));
        assert_eq!(std::fs::read_to_string(&key).unwrap(), kept);
        assert!(again.anew(folder.path()).is_err(), "a demo needs the texts of its tokens");
    }

    #[tokio::test]
    async fn half_a_key_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        make_folder(&folder.path().join("keys")).unwrap();
        write_secret(&folder.path().join("keys/kek"), "ab").unwrap();
        assert!(init(folder.path()).make(&SystemEntropy).await.is_err());
    }
}
