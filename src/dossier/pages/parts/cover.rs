//! The first page, and how to read what follows.

use super::{Block, Cell, Voice, number, pairs, section};
use crate::dossier::pages::blocks::Para;
use crate::dossier::pages::ink::{Ink, Style};
use crate::dossier::pages::words::filled;
use crate::dossier::report::{Report, Values};

pub(super) fn blocks(report: &Report, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let cover = &report.cover;
    let mut blocks = vec![
        Block::Para(Para::text(words.title, Style::BODY.bold().sized(22.0).ink(Ink::Accent)).after(6.0)),
        Block::Para(Para::text(words.subtitle, Style::BODY.sized(11.0).ink(Ink::Grey)).after(14.0)),
    ];
    if report.simulated {
        let banner = Para::text(words.simulated, Style::BODY.bold().sized(11.0).ink(Ink::Warning));
        blocks.push(Block::Notice { paras: vec![banner], warning: true });
    }
    let known = |text: &Option<String>| Cell::text(text.as_deref().unwrap_or(words.operator_unknown));
    let period = cover.period.map_or_else(
        || words.period_all.to_owned(),
        |(from, to)| format!("{} – {}", voice.instant(from), voice.instant(to)),
    );
    let groups = if cover.groups.is_empty() { words.groups_all.to_owned() } else { cover.groups.join(", ") };
    let values = match cover.values {
        Values::Shown => words.values_shown,
        Values::Withheld => words.values_withheld,
        Values::None => words.values_none,
    };
    let as_of = cover.as_of.map_or_else(|| words.as_of_all.to_owned(), |at| voice.instant(at));
    let mut rows = vec![
        (words.dossier, Cell::code(&cover.dossier_id)),
        (words.operator, known(&cover.operator_name)),
        (words.bin, known(&cover.operator_bin)),
        (words.address, known(&cover.operator_address)),
        (words.subject, Cell::code(&cover.subject)),
        (words.asked_by, Cell::text(voice.word(&cover.asked_by.to_string()))),
        (words.legal_ref, Cell::text(cover.legal_ref.as_deref().unwrap_or(words.unknown))),
        (words.purpose, Cell::text(voice.purpose(cover.purpose))),
    ];
    if let Some(case) = &cover.case_ref {
        rows.push((words.case_ref, Cell::text(case)));
    }
    rows.extend([
        (words.period, Cell::text(period)),
        (words.as_of, Cell::text(as_of)),
        (words.known_at, Cell::text(number(cover.known_at))),
        (words.groups, Cell::text(groups)),
        (words.values, Cell::text(values)),
        (words.made_at, Cell::text(voice.instant(cover.made_at))),
        (words.made_by, Cell::text(&report.made_by)),
        (
            words.log,
            Cell::of(vec![Para::text(&cover.origin, Style::CELL), Para::text(&cover.log_id, Style::CODE)]),
        ),
        (words.checkpoint_label, checkpoint(report, voice)),
    ]);
    blocks.push(pairs(rows));
    blocks.push(Block::Notice { paras: vec![Para::text(words.about, Style::BODY)], warning: false });
    blocks
}

fn checkpoint(report: &Report, voice: Voice) -> Cell {
    let size = filled(voice.words.checkpoint_value, &[("size", &report.proof.checkpoint_size.to_string())]);
    Cell::of(vec![Para::text(size, Style::CELL), Para::text(&report.proof.checkpoint_root, Style::CODE)])
}

/// What a reader has to know of times, places and values.
pub(super) fn reading(voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let items = [
        words.reading_time,
        words.reading_zone,
        words.reading_position,
        words.reading_person,
        words.reading_values,
        words.reading_counts,
    ];
    vec![section(words.reading), list(&items)]
}

/// Items with a mark before each.
pub(super) fn list(items: &[&str]) -> Block {
    Block::List(items.iter().map(|text| Para::text(*text, Style::BODY).after(3.0)).collect())
}
