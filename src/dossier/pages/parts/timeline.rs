//! The timeline: every event in plain words, with its place and the hash of its leaf.

use super::{Block, Cell, Table, Voice, Widths, body_text, number, section};
use crate::dossier::pages::blocks::Para;
use crate::dossier::pages::ink::{Ink, Span, Style};
use crate::dossier::pages::words::filled;
use crate::dossier::report::{Line, LineValues, Report, StreamKind};

pub(super) fn blocks(report: &Report, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    if report.timeline.is_empty() {
        return vec![section(words.timeline), body_text(words.timeline_none)];
    }
    let count = report.timeline.len().to_string();
    let table = Table {
        widths: Widths::Shares(vec![0.2, 0.57, 0.23]),
        head: [words.when, words.what, words.proof].map(str::to_owned).to_vec(),
        rows: report.timeline.iter().map(|line| row(line, voice)).collect(),
    };
    let intro = body_text(filled(words.timeline_intro, &[("count", &count)]));
    vec![section(words.timeline), intro, Block::Table(table)]
}

fn row(line: &Line, voice: Voice) -> Vec<Cell> {
    vec![when(line, voice), what(line, voice), proof(line, voice)]
}

fn when(line: &Line, voice: Voice) -> Cell {
    let note = |text| Para::text(text, Style::NOTE);
    Cell::of(vec![
        note(voice.words.happened),
        Para::text(voice.instant(line.occurred_at), Style::CELL).after(2.0),
        note(voice.words.recorded),
        Para::text(voice.instant(line.recorded_at), Style::NOTE),
    ])
}

fn what(line: &Line, voice: Voice) -> Cell {
    let words = voice.words;
    let mut paras = vec![
        Para::text(&line.title, Style::CELL.bold().sized(9.0)).after(1.0),
        Para::text(&line.sentence, Style::CELL.sized(9.0)).after(2.0),
    ];
    if line.withdrawn {
        paras.push(Para::text(words.line_withdrawn, Style::CELL.bold().ink(Ink::Warning)).after(2.0));
    }
    match &line.values {
        LineValues::None => {}
        LineValues::Withheld => paras.push(Para::text(words.line_withheld, Style::NOTE)),
        LineValues::Shredded => paras.push(Para::text(words.line_shredded, Style::NOTE)),
        LineValues::Lost => paras.push(Para::text(words.line_lost, Style::NOTE.bold().ink(Ink::Warning))),
        LineValues::Shown(values) => paras.extend(values.iter().map(|value| {
            Para::of(vec![
                Span::new(format!("{}: ", value.name), Style::CELL.ink(Ink::Grey)),
                Span::new(&value.text, Style::CELL),
            ])
        })),
    }
    let mut by = vec![Span::new(format!("{}: ", words.source), Style::NOTE), code(&line.source)];
    if let Some(actor) = &line.actor {
        by.push(Span::new(format!(" · {}: ", words.actor), Style::NOTE));
        by.push(code(actor));
    }
    by.push(Span::new(" · ", Style::NOTE));
    by.push(code(&line.event_type));
    paras.push(Para::of(by));
    Cell::of(paras)
}

fn proof(line: &Line, voice: Voice) -> Cell {
    let words = voice.words;
    let stream = match line.stream_kind {
        StreamKind::Subject => words.of_subject,
        StreamKind::Access => words.of_access,
        StreamKind::Policy => words.of_policy,
        StreamKind::Office => words.of_office,
    };
    Cell::of(vec![
        Para::of(vec![
            Span::new(format!("{} ", words.position), Style::NOTE),
            Span::new(number(line.position), Style::CELL.bold()),
        ]),
        Para::text(format!("{stream}, {} {}", words.revision, line.revision), Style::NOTE).after(2.0),
        Para::text(&line.leaf_hash, Style::CODE.sized(6.2).ink(Ink::Grey)),
    ])
}

fn code(text: &str) -> Span {
    Span::new(text, Style::CODE.sized(6.8).ink(Ink::Grey))
}
