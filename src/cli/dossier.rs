//! `dossier export|verify|page`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;
use subject_record_schemas::vocabulary::Language;
use subject_record_schemas::{Reference, SubjectId};

use super::client::Client;
use super::{CommandError, Common, Format, output, with_causes};
use crate::app::NewLog;
use crate::dossier::verify::{self, Requirements, StampChecker, Trust, unpack};
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::note::VerifierKey;
use crate::stamps;

/// Dossiers: one file for a court, and its check.
#[derive(Debug, Subcommand)]
pub(super) enum Dossier {
    /// Make a dossier of a person. The export is recorded, and so is the look if values are shown.
    Export(Export),
    /// Check a dossier: no network, server or database is needed. Exit status 1 when something required does not hold.
    Verify(Verify),
    /// Print the page that checks a dossier in a browser, offline.
    Page,
}

/// What to make.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The platform's id of the person.
    id: SubjectId,
    /// Who asked: subject, regulator, court, prosecutor or operator.
    #[arg(long)]
    asked_by: String,
    /// Request, ruling or article it rests on.
    #[arg(long)]
    legal_ref: Option<Reference>,
    /// Why values are opened: audit, regulator or court; an officer's may be any purpose.
    #[arg(long)]
    purpose: String,
    /// The case it belongs to.
    #[arg(long)]
    case: Option<Reference>,
    /// Only what happened from then on: a day in Kazakhstan or an instant.
    #[arg(long)]
    from: Option<String>,
    /// Only what happened until then: a day in Kazakhstan or an instant.
    #[arg(long)]
    to: Option<String>,
    /// Only these groups: registration, policy, consents, processing, looks, disclosures, rights, incidents, disputes,
    /// notes.
    #[arg(long = "group")]
    groups: Vec<String>,
    /// Personal values: shown, withheld, or none (a dossier without personal data at all).
    #[arg(long, default_value = "shown")]
    values: String,
    /// Language of the pages: ru, kk or en.
    #[arg(long, default_value = "ru")]
    lang: Language,
    /// File or folder that the dossier goes to.
    #[arg(long, default_value = ".")]
    out: PathBuf,
}

/// What to check, and what is believed.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The dossier, or a folder with its attachments (`pdfdetach -saveall`).
    file: PathBuf,
    /// The log's verifier key, from elsewhere than the dossier; or a file that holds it.
    #[arg(long)]
    key: Option<String>,
    /// Verifier key of a witness, or a file that holds it. May be given again.
    #[arg(long = "witness")]
    witnesses: Vec<String>,
    /// Verifier key of a mirror, which reads every entry before it signs; or a file that holds it. May be given again.
    #[arg(long = "mirror")]
    mirrors: Vec<String>,
    /// A checkpoint that was kept outside, or an anchor's folder with all of them. May be given again.
    #[arg(long = "anchor")]
    anchors: Vec<PathBuf>,
    /// Root certificates of the time-stamping authority, PEM.
    #[arg(long)]
    authority: Option<PathBuf>,
    /// What must hold: bytes, history, completeness[=audited], witness[=anchored], time, separated by commas.
    #[arg(long, default_value = "bytes,history,completeness")]
    require: String,
}

/// The page that checks a dossier in a browser.
const PAGE: &str = include_str!("../dossier/page.html");

impl Dossier {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        match self {
            Self::Export(export) => export.run(common).await,
            Self::Verify(verify) => verify.run(common),
            Self::Page => output::print(PAGE),
        }
    }
}

impl Export {
    async fn run(self, common: &Common) -> Result<(), CommandError> {
        let client = Client::open(common, NewLog::Refuse).await?;
        let made = self.ask(&client).await;
        client.close().await;
        let (name, bytes) = made?;
        let path = if self.out.is_dir() { self.out.join(format!("{name}.pdf")) } else { self.out };
        super::write_private(&path, &bytes)?;
        output::print(&format!("{}\n", path.display()))
    }

    async fn ask(&self, client: &Client) -> Result<(String, Vec<u8>), CommandError> {
        let body = json!({
            "asked_by": self.asked_by, "legal_ref": self.legal_ref, "language": self.lang,
            "from": self.from, "to": self.to, "groups": self.groups, "values": self.values,
        });
        let purpose = match &self.case {
            Some(case) => format!("{}; case=\"{case}\"", self.purpose),
            None => self.purpose.clone(),
        };
        let request = client.request(Method::POST, &format!("/v1/subjects/{}/dossiers", self.id));
        let response = client.send(request.header("access-purpose", purpose).json(&body)).await?;
        let name = response.headers().get("record-dossier").and_then(|name| name.to_str().ok());
        let name = name.unwrap_or("dossier").to_owned();
        let bytes = response.bytes().await.map_err(|error| client.unreachable(error))?;
        Ok((output::harmless(&name), bytes.to_vec()))
    }
}

impl Verify {
    fn run(self, common: &Common) -> Result<(), CommandError> {
        let requirements: Requirements =
            self.require.parse().map_err(|error| CommandError::Usage(with_causes(&error)))?;
        let keys =
            |named: &[String]| named.iter().map(|key| verifier_key(key)).collect::<Result<Vec<_>, _>>();
        let trust = Trust {
            log_key: self.key.as_deref().map(verifier_key).transpose()?,
            witnesses: keys(&self.witnesses)?,
            mirrors: keys(&self.mirrors)?,
            anchors: anchored(&self.anchors)?,
        };
        let roots = self.authority.as_deref().map(crate::outside::roots).transpose();
        let roots = roots.map_err(|error| CommandError::Said(with_causes(&error)))?;
        let check = |answer: &[u8], imprint: [u8; 32]| match &roots {
            Some(roots) => stamps::check(answer, &imprint, None, roots)
                .map(|stamp| stamp.at)
                .map_err(|error| with_causes(&error)),
            None => Err("say whose roots to believe: --authority FILE".into()),
        };
        let checker: Option<&StampChecker<'_>> = roots.is_some().then_some(&check);
        let attachments =
            unpack::open(&self.file).map_err(|error| CommandError::Said(with_causes(&error)))?;
        let verdicts = verify::verify(&attachments, &trust, checker);
        match common.format {
            Format::Table => output::print(&verify::table(&verdicts))?,
            format => {
                let answer = serde_json::to_value(&verdicts)
                    .map_err(|error| CommandError::Said(with_causes(&error)))?;
                output::json(format, &answer, "verdicts")?;
            }
        }
        let unmet: Vec<_> = requirements.unmet(&verdicts).iter().map(ToString::to_string).collect();
        if unmet.is_empty() {
            return Ok(());
        }
        Err(CommandError::Said(format!("what is required does not hold: {}", unmet.join(", "))))
    }
}

/// Checkpoints in files, and in all files below folders that read as checkpoints.
fn anchored(paths: &[PathBuf]) -> Result<Vec<String>, CommandError> {
    let mut notes = Vec::new();
    for path in paths {
        if path.is_dir() {
            below(path, &mut notes)?;
        } else {
            let read = std::fs::read_to_string(path);
            notes.push(read.map_err(CommandError::io(format!("cannot read {}", path.display())))?);
        }
    }
    Ok(notes)
}

/// An anchor's folder holds a register beside its checkpoints.
fn below(folder: &Path, notes: &mut Vec<String>) -> Result<(), CommandError> {
    let failed = || CommandError::io(format!("cannot read {}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_dir() {
            below(&path, notes)?;
        } else if let Ok(note) = std::fs::read_to_string(&path)
            && SignedCheckpoint::parse(&note).is_ok()
        {
            notes.push(note);
        }
    }
    Ok(())
}

/// A verifier key, or the first line of a file that holds one.
pub(super) fn verifier_key(text: &str) -> Result<VerifierKey, CommandError> {
    if let Ok(key) = VerifierKey::parse(text.trim()) {
        return Ok(key);
    }
    let said = |why: String| {
        CommandError::Usage(format!(
            "{text:?} is no verifier key (name+0123abcd+base64) and no file of one: {why}"
        ))
    };
    let read = std::fs::read_to_string(text).map_err(|error| said(error.to_string()))?;
    let line = read.lines().next().unwrap_or_default();
    VerifierKey::parse(line.trim()).map_err(|error| said(error.to_string()))
}
