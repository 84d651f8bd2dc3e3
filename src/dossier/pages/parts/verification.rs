//! How to verify, what is proved and what is not, and the hashes of what is attached.

use std::collections::BTreeSet;

use super::cover::list;
use super::{Block, Cell, Table, Voice, Widths, body_text, number, pairs, section, subsection};
use crate::dossier::pages::blocks::Para;
use crate::dossier::pages::ink::Style;
use crate::dossier::pages::words::filled;
use crate::dossier::report::{ProofSummary, Report};

pub(super) fn blocks(report: &Report, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let proof = &report.proof;
    let mut blocks = vec![section(words.verification), body_text(words.verification_intro)];
    blocks.extend([
        body_text(words.step_verify),
        commands(&["subject-record dossier verify DOSSIER.pdf --key KEY"]),
        body_text(words.step_key),
        body_text(words.step_extract),
        commands(&extraction(proof)),
        body_text(words.step_hash),
        commands(&["find FOLDER -type f | xargs sha256sum"]),
    ]);
    if !proof.stamps.is_empty() {
        blocks.push(body_text(words.step_stamp));
        blocks.push(commands(&["openssl ts -verify -in SIZE.tsr -data CHECKPOINT -CAfile AUTHORITY.pem"]));
    }
    blocks.extend([subsection(words.axes), axes(voice), subsection(words.limits)]);
    blocks.push(list(&[
        words.limit_reported,
        words.limit_time,
        words.limit_truth,
        words.limit_outside,
        words.limit_pages,
    ]));
    blocks.push(subsection(words.facts));
    blocks.extend(facts(proof, voice));
    blocks
}

/// poppler saves into folders only if they are there.
fn extraction(proof: &ProofSummary) -> Vec<String> {
    let folders = proof.files.iter().filter_map(|file| file.name.rsplit_once('/').map(|(folder, _)| folder));
    let folders: BTreeSet<String> = folders.map(|folder| format!("FOLDER/{folder}")).collect();
    let all: Vec<String> = std::iter::once("FOLDER".to_owned()).chain(folders).collect();
    vec![format!("mkdir -p {}", all.join(" ")), "pdfdetach -saveall -o FOLDER DOSSIER.pdf".to_owned()]
}

fn commands(lines: &[impl AsRef<str>]) -> Block {
    let paras = lines.iter().map(|line| Para::text(line.as_ref(), Style::CODE.sized(8.0))).collect();
    Block::Notice { paras, warning: false }
}

fn axes(voice: Voice) -> Block {
    let words = voice.words;
    let rows = [
        (words.bytes, words.bytes_asks, words.bytes_rises),
        (words.history, words.history_asks, words.history_rises),
        (words.completeness, words.completeness_asks, words.completeness_rises),
        (words.witness, words.witness_asks, words.witness_rises),
        (words.time, words.time_asks, words.time_rises),
    ];
    let name = |text| Cell::of(vec![Para::text(text, Style::CELL.bold())]);
    Block::Table(Table {
        widths: Widths::Shares(vec![0.17, 0.4, 0.43]),
        head: [words.axis, words.axis_asks, words.axis_rises].map(str::to_owned).to_vec(),
        rows: rows.map(|(axis, asks, rises)| vec![name(axis), Cell::text(asks), Cell::text(rises)]).to_vec(),
    })
}

fn facts(proof: &ProofSummary, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let heads = proof.heads.as_ref().map_or_else(
        || Cell::text(words.heads_missing),
        |heads| {
            let places = [("position", number(heads.position)), ("until", number(heads.at_position))];
            let places = places.each_ref().map(|(name, value)| (*name, value.as_str()));
            Cell::of(vec![
                Para::text(&heads.root, Style::CODE),
                Para::text(filled(words.heads_value, &places), Style::CELL),
            ])
        },
    );
    let signers = proof.signatures.iter().map(|name| Para::text(name, Style::CODE)).collect();
    let mut blocks = vec![pairs(vec![
        (words.size, Cell::text(proof.checkpoint_size.to_string())),
        (words.root, Cell::code(&proof.checkpoint_root)),
        (words.key, Cell::code(&proof.verifier_key)),
        (words.signers, Cell::of(signers)),
        (words.heads, heads),
    ])];
    let streams = proof.streams.iter().map(|covered| {
        let complete = if covered.complete { words.complete_claimed } else { words.complete_cited };
        vec![Cell::code(&covered.stream), Cell::text(&covered.revisions), Cell::text(complete)]
    });
    blocks.push(Block::Table(Table {
        widths: Widths::Shares(vec![0.46, 0.2, 0.34]),
        head: [words.stream, words.revisions, words.complete].map(str::to_owned).to_vec(),
        rows: streams.collect(),
    }));
    if proof.stamps.is_empty() {
        blocks.push(body_text(words.stamps_none));
        return blocks;
    }
    let stamps = proof.stamps.iter().map(|stamp| {
        let (at, size) = (voice.instant(stamp.at), stamp.checkpoint_size.to_string());
        vec![Cell::text(&stamp.authority), Cell::text(at), Cell::text(size)]
    });
    blocks.push(Block::Table(Table {
        widths: Widths::Shares(vec![0.4, 0.3, 0.3]),
        head: [words.authority, words.time, words.size].map(str::to_owned).to_vec(),
        rows: stamps.collect(),
    }));
    blocks
}

/// The attached files and their hashes.
pub(super) fn files(report: &Report, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let rows = report.proof.files.iter().map(|file| vec![Cell::code(&file.name), Cell::code(&file.sha256)]);
    vec![
        section(words.files),
        body_text(words.files_intro),
        Block::Table(Table {
            widths: Widths::Shares(vec![0.36, 0.64]),
            head: [words.file, words.hash].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }),
    ]
}
