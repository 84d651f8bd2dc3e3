//! What the record found against its own operator. The words claim no more than an automatic remark can.

use subject_record_projections::finding::Severity;

use super::{Block, Cell, Table, Voice, Widths, body_text, positions, section};
use crate::dossier::pages::blocks::Para;
use crate::dossier::pages::ink::{Ink, Span, Style};
use crate::dossier::report::{FindingLine, Report};

pub(super) fn blocks(report: &Report, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let mut blocks = vec![section(words.findings), body_text(words.findings_intro)];
    if report.findings.is_empty() {
        blocks.push(body_text(words.findings_none));
        return blocks;
    }
    blocks
        .push(Block::Notice { paras: vec![Para::text(words.findings_caution, Style::BODY)], warning: false });
    blocks.push(Block::Table(Table {
        widths: Widths::Shares(vec![0.2, 0.56, 0.24]),
        head: [words.when, words.what, words.rests_on].map(str::to_owned).to_vec(),
        rows: report.findings.iter().map(|finding| row(finding, voice)).collect(),
    }));
    blocks
}

fn row(finding: &FindingLine, voice: Voice) -> Vec<Cell> {
    let words = voice.words;
    let (severity, ink) = match finding.severity {
        Severity::Violation => (words.violation, Ink::Warning),
        Severity::Deadline => (words.deadline, Ink::Warning),
        Severity::Warning => (words.warning, Ink::Grey),
    };
    let note = |text: &str| Para::text(text, Style::NOTE);
    let mut when = vec![note(words.since), Para::text(voice.instant(finding.at), Style::CELL).after(2.0)];
    match finding.cured_at {
        None => when.push(note(words.still_open)),
        Some(at) => when.extend([note(words.until), Para::text(voice.instant(at), Style::CELL)]),
    }
    let mut what = vec![
        Para::of(vec![
            Span::new(format!("{}  ", finding.code), Style::CODE.sized(8.5)),
            Span::new(severity, Style::CELL.bold().ink(ink)),
        ])
        .after(1.0),
        Para::text(&finding.title, Style::CELL.bold().sized(9.0)).after(1.0),
    ];
    if !finding.text.is_empty() {
        what.push(Para::text(&finding.text, Style::CELL.sized(9.0)));
    }
    let mut rests = Vec::new();
    if let Some(legal) = &finding.legal {
        rests.push(Para::text(legal, Style::CELL).after(2.0));
    }
    let at = format!("{}: {}", words.position, positions(&finding.positions));
    rests.push(Para::text(at, Style::CELL).after(2.0));
    rests.push(note(&format!("{}: {}", words.rules, finding.rule_pack)));
    vec![Cell::of(when), Cell::of(what), Cell::of(rests)]
}
