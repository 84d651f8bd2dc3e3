//! The evidence of a dossier: proofs for all that is shown, and the files that hold them.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subject_record_schemas::LeafHash;
use subject_record_schemas::personal::Personal;
use subject_record_schemas::{Position, Reference};

use super::cited::Texts;
use super::evidence::{
    EVENTS_FILE, EVIDENCE_FILE, EntryEvidence, Evidence, FORMAT, HeadsEvidence, KEY_FILE, LogEvidence,
    OlderCheckpoint, REPORT_FILE, StampEvidence, StreamEvidence, StreamRole, TEXT_PREFIX, TIMESTAMP_PREFIX,
};
use super::gather::{Gathered, Part};
use super::manifest::{
    Case, CheckpointSummary, FileEntry, MANIFEST_FILE, Manifest, Period, Scope, media_type,
};
use super::pages::{Attachment, Relationship};
use super::report::{FileHash, Report};
use super::{DossierError, Dossiers, Matter, not_made};
use crate::notary::KeptStamp;
use crate::notary::checkpoint::SignedCheckpoint;
use crate::notary::heads::HeadProof;
use crate::timeline::Entry;

/// Older checkpoints that somebody outside holds, and stamps, that a dossier brings along at most.
const OLDER_MAX: u32 = 20;

/// The program that makes dossiers, and its version.
pub(super) const MADE_BY: &str = concat!("subject-record ", env!("CARGO_PKG_VERSION"));

/// Proofs for what is shown.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) checkpoint: Arc<SignedCheckpoint>,
    pub(super) evidence: Evidence,
    pub(super) events: Vec<u8>,
    pub(super) stamps: Vec<KeptStamp>,
}

/// What the pages are printed from, and what is attached to them.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) report: Report,
    pub(super) files: Vec<Attachment>,
}

impl Dossiers {
    /// Proves each event that is shown, that nothing of the person's streams is missing, and that the log only grew.
    pub(super) async fn prove(&self, gathered: &Gathered) -> Result<Proven, DossierError> {
        let notary = &self.parts.notary;
        let checkpoint = self.parts.outside.attest(gathered.heads.position, self.parts.wait_max).await?;
        let mut shown: Vec<&Entry> = gathered.subject.shown().chain(gathered.access.shown()).collect();
        shown.extend(&gathered.cited);
        shown.extend([&gathered.opened, &gathered.heads_event]);
        shown.sort_by_key(|entry| entry.recorded.position);
        let positions: Vec<Position> = shown.iter().map(|entry| entry.recorded.position).collect();
        let proofs = notary.prove(&positions, &checkpoint).await?;
        let (mut entries, mut events) = (Vec::with_capacity(shown.len()), Vec::new());
        for (entry, proof) in shown.iter().zip(proofs) {
            events.extend_from_slice(entry.recorded.bytes.as_bytes());
            events.push(b'\n');
            entries.push(EntryEvidence {
                position: entry.recorded.position,
                index: proof.index,
                stream: entry.recorded.stream.to_string(),
                revision: entry.recorded.revision.number(),
                leaf_hash: entry.recorded.leaf_hash,
                proof: proof.to_string(),
                withdrawn: false,
                openings: openings(entry),
            });
        }
        let size = checkpoint.checkpoint.size;
        let stamps = notary.stamps(size, OLDER_MAX).await?;
        let mut history = Vec::new();
        for older in notary.kept_checkpoints(size, OLDER_MAX).await? {
            if older.checkpoint.size < size {
                let proof = notary.prove_consistency(older.checkpoint.size, size).await?;
                let consistency = proof.iter().map(|hash| STANDARD.encode(hash)).collect();
                history.push(OlderCheckpoint { checkpoint: older.note.to_string(), consistency });
            }
        }
        let evidence = Evidence {
            format: FORMAT.into(),
            log: LogEvidence {
                log_id: self.parts.log_id.clone(),
                origin: notary.verifier_key().name().to_owned(),
                verifier_key: notary.verifier_key().to_string(),
                position_gaps: !self.parts.store.capabilities().gapless_positions,
            },
            checkpoint: checkpoint.note.to_string(),
            entries,
            heads: HeadsEvidence {
                position: gathered.heads.position,
                at_position: gathered.heads.commitment.at_position,
                root: LeafHash::new(gathered.heads.commitment.root),
            },
            streams: streams(gathered),
            history,
            timestamps: stamps.iter().map(stamp_evidence).collect(),
        };
        Ok(Proven { checkpoint, evidence, events, stamps })
    }

    /// The report and all files, the manifest with their hashes last.
    pub(super) async fn attach(&self, matter: Matter<'_>) -> Result<Attached, DossierError> {
        let Matter { gathered, proven, .. } = matter;
        let texts = self.texts(&gathered.subject, &gathered.cited).await?;
        let mut files = vec![
            (EVENTS_FILE.to_owned(), proven.events.clone(), Relationship::Data),
            (
                EVIDENCE_FILE.to_owned(),
                proven.evidence.to_bytes().map_err(not_made)?,
                Relationship::Supplement,
            ),
            (
                KEY_FILE.to_owned(),
                format!("{}\n", self.parts.notary.verifier_key()).into_bytes(),
                Relationship::Supplement,
            ),
        ];
        files.extend(
            proven
                .stamps
                .iter()
                .map(|stamp| (stamp_file(stamp), stamp.answer.clone(), Relationship::Supplement)),
        );
        files.extend(text_files(&texts));
        files.sort_by(|one, other| one.0.cmp(&other.0));
        let hashes = files.iter().map(|(name, bytes, _)| {
            let FileEntry { name, sha256, .. } = FileEntry::of(name, bytes);
            FileHash { name, sha256 }
        });
        let report = self.report(matter, &texts, hashes.collect()).await?;
        let mut written = serde_json::to_vec_pretty(&report).map_err(not_made)?;
        written.push(b'\n');
        files.push((REPORT_FILE.to_owned(), written, Relationship::Source));
        files.sort_by(|one, other| one.0.cmp(&other.0));
        let manifest = self.manifest(matter, &files);
        files.push((
            MANIFEST_FILE.to_owned(),
            manifest.to_bytes().map_err(not_made)?,
            Relationship::Supplement,
        ));
        let attachment = |(name, bytes, relationship): (String, Vec<u8>, Relationship)| Attachment {
            media_type: media_type(&name).to_owned(),
            name,
            bytes,
            relationship,
        };
        Ok(Attached { report, files: files.into_iter().map(attachment).collect() })
    }

    fn manifest(&self, matter: Matter<'_>, files: &[(String, Vec<u8>, Relationship)]) -> Manifest {
        let Matter { dossier_id, access, question, gathered, proven } = matter;
        let checkpoint = &proven.checkpoint.checkpoint;
        Manifest {
            format: FORMAT.into(),
            dossier_id: dossier_id.to_string(),
            made_by: MADE_BY.into(),
            made_at: gathered.made_at,
            log_id: self.parts.log_id.clone(),
            origin: checkpoint.origin.clone(),
            subject: question.subject.to_string(),
            case: Case {
                asked_by: question.asked_by,
                legal_ref: question.legal_ref.as_ref().map(Reference::to_string),
                purpose: access.purpose,
                case_ref: access.case_ref.as_ref().map(Reference::to_string),
            },
            scope: Scope {
                as_of: None,
                known_at: gathered.heads.commitment.at_position,
                period: question.period.map(|(from, to)| Period { from, to }),
                groups: question.groups.iter().map(ToString::to_string).collect(),
                values: question.values,
                locale: question.language,
            },
            checkpoint: CheckpointSummary { size: checkpoint.size, root: hex::encode(checkpoint.root) },
            files: files.iter().map(|(name, bytes, _)| FileEntry::of(name, bytes)).collect(),
        }
    }
}

fn text_files(texts: &Texts) -> impl Iterator<Item = (String, Vec<u8>, Relationship)> + '_ {
    texts.iter().map(|(hash, body)| (format!("{TEXT_PREFIX}{hash}.txt"), body.clone(), Relationship::Source))
}

/// Openings of the members that are shown.
fn openings(entry: &Entry) -> Vec<String> {
    let Some(Personal::Open(members)) = &entry.personal else { return Vec::new() };
    let openings = members.iter().filter_map(|member| member.opening.as_ref());
    openings.map(|opening| opening.text().to_owned()).collect()
}

fn streams(gathered: &Gathered) -> Vec<StreamEvidence> {
    let proofs = &gathered.heads.commitment.proofs;
    let complete = |part: &Part, role: StreamRole, proof: Option<&HeadProof>| StreamEvidence {
        stream: part.stream.to_string(),
        role,
        revision: part.last().map(|last| last.recorded.revision.number()),
        leaf_hash: part.last().map(|last| last.recorded.leaf_hash),
        left_out: part.left_out.clone(),
        proof: proof.cloned(),
    };
    let mut streams = vec![
        complete(&gathered.subject, StreamRole::Subject, proofs.first()),
        complete(&gathered.access, StreamRole::Access, proofs.get(1)),
    ];
    let mut cited: Vec<String> = gathered
        .cited
        .iter()
        .chain([&gathered.opened, &gathered.heads_event])
        .map(|entry| entry.recorded.stream.to_string())
        .collect();
    cited.sort_unstable();
    cited.dedup();
    streams.extend(cited.into_iter().map(|stream| StreamEvidence {
        stream,
        role: StreamRole::Cited,
        revision: None,
        leaf_hash: None,
        left_out: Vec::new(),
        proof: None,
    }));
    streams
}

fn stamp_file(stamp: &KeptStamp) -> String {
    format!("{TIMESTAMP_PREFIX}{}.tsr", stamp.size)
}

fn stamp_evidence(stamp: &KeptStamp) -> StampEvidence {
    StampEvidence {
        checkpoint: stamp.note.clone(),
        authority: stamp.authority.clone(),
        file: stamp_file(stamp),
    }
}
