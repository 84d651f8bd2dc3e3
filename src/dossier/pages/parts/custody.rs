//! The chain of custody: who looked at the person's data in this record.

use super::{Block, Cell, Table, Voice, Widths, body_text, number, section};
use crate::dossier::pages::blocks::Para;
use crate::dossier::pages::ink::Style;
use crate::dossier::report::{Look, Report};

pub(super) fn blocks(report: &Report, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let mut blocks = vec![section(words.custody), body_text(words.custody_intro)];
    if report.custody.is_empty() {
        blocks.push(body_text(words.custody_none));
        return blocks;
    }
    let head = [words.when, words.viewer, words.purpose, words.what, words.opened, words.position];
    blocks.push(Block::Table(Table {
        widths: Widths::Shares(vec![0.17, 0.19, 0.2, 0.15, 0.18, 0.11]),
        head: head.map(str::to_owned).to_vec(),
        rows: report.custody.iter().map(|look| row(look, voice)).collect(),
    }));
    blocks
}

fn row(look: &Look, voice: Voice) -> Vec<Cell> {
    let words = voice.words;
    let role = Para::text(voice.word(&look.role.to_string()), Style::CELL);
    let mut why = vec![Para::text(voice.purpose(look.purpose), Style::CELL)];
    if let Some(case) = &look.case_ref {
        why.push(Para::text(format!("{}: {case}", words.case_ref), Style::NOTE));
    }
    let opened = if look.categories.is_empty() {
        words.none_opened.to_owned()
    } else {
        voice.listed(&look.categories)
    };
    vec![
        Cell::text(voice.instant(look.at)),
        Cell::of(vec![role, Para::text(&look.viewer, Style::CODE.sized(6.8))]),
        Cell::of(why),
        Cell::text(voice.word(&look.what.to_string())),
        Cell::text(opened),
        Cell::text(number(look.position)),
    ]
}
