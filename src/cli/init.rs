//! `init`: settings, keys and first tokens.

use std::path::{Path, PathBuf};

use clap::Args;
use subject_record_schemas::identifiers::Bin;
use subject_record_schemas::vocabulary::Role;

use super::{CommandError, make_folder, output, random_key, with_causes, write_secret};
use crate::caller::SourcePattern;
use crate::clock::{Clock, Entropy, SystemClock};
use crate::config::FILE_NAME;
use crate::vault::KeyFile;
use crate::vault::tokens::Tokens;

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

impl Init {
    /// For another command that needs a folder of its own.
    pub(super) fn of(dir: &Path, name: &str, bin: &str, address: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            keys: PathBuf::from("keys"),
            name: name.into(),
            bin: bin.into(),
            address: address.into(),
            sources: vec!["platform/*".into()],
        }
    }

    pub(super) async fn run(self, entropy: &dyn Entropy) -> Result<(), CommandError> {
        let tokens = self.make(entropy).await?;
        let config = self.dir.join(FILE_NAME);
        let mut text = format!(
            "settings  {}\ndata      {}\nkeys      {} (back these up apart from the data, and never together)\n\n",
            config.display(),
            self.dir.join("data").display(),
            self.dir.join(&self.keys).display(),
        );
        text.push_str("First tokens, shown this once:\n");
        for (name, token) in &tokens {
            text.push_str(&format!("  {name:<10}  {token}\n"));
        }
        text.push_str(&format!("\nNext: subject-record serve --config {}\n", config.display()));
        output::print(&text)
    }

    /// Makes everything and answers the first tokens.
    pub(super) async fn make(
        &self,
        entropy: &dyn Entropy,
    ) -> Result<Vec<(&'static str, String)>, CommandError> {
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
        make_folder(&self.dir)?;
        make_folder(&data)?;
        make_folder(&keys)?;
        write_secret(&keys.join("kek"), &random_key(entropy))?;
        write_secret(&keys.join("signing_key"), &random_key(entropy))?;

        let key_file =
            KeyFile::open(&data.join("keys.db")).await.map_err(|e| CommandError::Said(with_causes(&e)))?;
        let tokens = Tokens::load(&key_file).await.map_err(|e| CommandError::Said(with_causes(&e)))?;
        let now = SystemClock::default().now();
        let mut made = Vec::with_capacity(FIRST_TOKENS.len());
        for (name, role) in FIRST_TOKENS {
            let owned =
                if matches!(role, Role::Emitter | Role::Officer) { sources.clone() } else { Vec::new() };
            let token = tokens.create(&key_file, name, role, owned, now, entropy).await;
            made.push((name, token.map_err(|e| CommandError::Said(with_causes(&e)))?.to_string()));
        }
        // Last, so that an init that broke off is not taken for a finished one.
        write_secret(&config, &self.settings()?)?;
        Ok(made)
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
        let text = toml::to_string(&table).map_err(|error| CommandError::Said(error.to_string()))?;
        Ok(format!(
            "# Settings of subject-record. All of them, with defaults and units: docs/settings.md\n\n{text}"
        ))
    }
}
