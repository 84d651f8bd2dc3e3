//! Tables of what follows from the events: consents, answers to the policy, disclosures, due dates.

use super::{Block, Cell, Table, Voice, Widths, body_text, number, section, subsection};
use crate::dossier::pages::blocks::Para;
use crate::dossier::pages::ink::{Ink, Span, Style};
use crate::dossier::pages::words::{of_key, of_state};
use crate::dossier::report::{Cell as Value, Report, Table as Rows};

/// A table with more columns is set as one paragraph a row, so that nothing is squeezed out of sight.
const COLUMNS: usize = 6;

pub(super) fn blocks(report: &Report, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let mut blocks = vec![section(words.tables), body_text(words.tables_intro)];
    if report.tables.is_empty() {
        blocks.push(body_text(words.tables_none));
    }
    for rows in &report.tables {
        blocks.push(subsection(label(&rows.name, voice)));
        if rows.rows.is_empty() {
            blocks.push(body_text(words.table_empty));
        } else if rows.columns.len() <= COLUMNS {
            blocks.push(narrow(rows, voice));
        } else {
            blocks.push(wide(rows, voice));
        }
    }
    blocks
}

fn label(key: &str, voice: Voice) -> String {
    of_key(voice.language, key).map_or_else(|| key.to_owned(), str::to_owned)
}

/// As many cells as there are columns, whatever came.
fn padded(row: &[Value], columns: usize) -> impl Iterator<Item = &Value> {
    row.iter().chain(std::iter::repeat(&Value::Empty)).take(columns)
}

fn narrow(rows: &Rows, voice: Voice) -> Block {
    let count = rows.columns.len();
    let cell = |value: &Value| Cell::of(vec![Para::of(vec![span(value, voice)])]);
    Block::Table(Table {
        widths: Widths::Fitted,
        head: rows.columns.iter().map(|key| label(key, voice)).collect(),
        rows: rows.rows.iter().map(|row| padded(row, count).map(cell).collect()).collect(),
    })
}

/// The first column stays one; the others follow one another with their labels.
fn wide(rows: &Rows, voice: Voice) -> Block {
    let count = rows.columns.len();
    let row = |row: &Vec<Value>| {
        let mut cells = padded(row, count);
        let first = cells.next().map(|value| span(value, voice));
        let lead = first.map(|span| Para::of(vec![Span::new(span.text, span.style.bold())]));
        let mut spans = Vec::new();
        for (key, value) in rows.columns.iter().skip(1).zip(cells).filter(|(_, v)| **v != Value::Empty) {
            if !spans.is_empty() {
                spans.push(Span::new("  ·  ", Style::NOTE));
            }
            let name = format!("{}:\u{a0}", label(key, voice));
            spans.push(Span::new(name, Style::CELL.sized(8.0).ink(Ink::Grey)));
            spans.push(span(value, voice));
        }
        vec![Cell::of(lead.into_iter().collect()), Cell::of(vec![Para::of(spans)])]
    };
    let head = rows.columns.first().map(|key| label(key, voice)).unwrap_or_default();
    Block::Table(Table {
        widths: Widths::Shares(vec![0.24, 0.76]),
        head: vec![head, voice.words.what.to_owned()],
        rows: rows.rows.iter().map(row).collect(),
    })
}

fn span(value: &Value, voice: Voice) -> Span {
    let words = voice.words;
    let text = match value {
        Value::Empty => words.nothing.to_owned(),
        Value::Text(text) => text.clone(),
        Value::Code(code) => return Span::new(code, Style::CODE),
        Value::Words(values) if values.is_empty() => words.nothing.to_owned(),
        Value::Words(values) => {
            let said = |value: &String| {
                of_state(voice.language, value).map_or_else(|| voice.word(value), str::to_owned)
            };
            values.iter().map(said).collect::<Vec<_>>().join(", ")
        }
        Value::At(at) => voice.instant(*at),
        Value::Day(date) => voice.day(*date),
        Value::Flag(true) => words.yes.to_owned(),
        Value::Flag(false) => words.no.to_owned(),
        Value::Position(position) => number(*position),
    };
    Span::new(text, Style::CELL)
}
