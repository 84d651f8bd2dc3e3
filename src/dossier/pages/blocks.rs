//! What the pages are made of, before it is known where it stands.

use subject_record_schemas::vocabulary::Language;

use super::ink::{Ink, Span, Style};

/// A part of the document, from top to bottom.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// A heading: entry of the table of contents and of the outline.
    Heading(Heading),
    /// A paragraph.
    Para(Para),
    /// Paragraphs with a mark before each.
    List(Vec<Para>),
    /// Paragraphs on a coloured ground, with a bar at the left.
    Notice { paras: Vec<Para>, warning: bool },
    /// A table.
    Table(Table),
    /// Space, in points; none at the top of a page.
    Gap(f32),
}

/// A heading.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    /// 1 for a section, 2 within one.
    pub(super) level: u8,
    pub(super) text: String,
}

/// A paragraph.
#[derive(Clone, Debug)]
pub(super) struct Para {
    pub(super) spans: Vec<Span>,
    /// Space below, in points.
    pub(super) after: f32,
    /// Its language, if it is not that of the document.
    pub(super) language: Option<Language>,
}

impl Para {
    pub(super) const fn of(spans: Vec<Span>) -> Self {
        Self { spans, after: 0.0, language: None }
    }

    pub(super) fn text(text: impl Into<String>, style: Style) -> Self {
        Self::of(vec![Span::new(text, style)])
    }

    /// Running text, with the space that separates paragraphs.
    pub(super) fn body(text: impl Into<String>) -> Self {
        Self::text(text, Style::BODY).after(5.0)
    }

    pub(super) const fn after(mut self, points: f32) -> Self {
        self.after = points;
        self
    }

    pub(super) const fn language(mut self, language: Option<Language>) -> Self {
        self.language = language;
        self
    }
}

/// A table: its head is repeated on each page, its rows are not split while they fit one.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) widths: Widths,
    /// Heads of the columns; a table without any has its heads in the first column.
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// How the width of a page is shared out among the columns.
#[derive(Clone, Debug)]
pub(super) enum Widths {
    /// In these proportions.
    Shares(Vec<f32>),
    /// By what stands in them.
    Fitted,
}

/// A cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) paras: Vec<Para>,
}

impl Cell {
    pub(super) const fn of(paras: Vec<Para>) -> Self {
        Self { paras }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::of(vec![Para::text(text, Style::CELL)])
    }

    pub(super) fn code(text: impl Into<String>) -> Self {
        Self::of(vec![Para::text(text, Style::CODE)])
    }

    pub(super) fn label(text: impl Into<String>) -> Self {
        Self::of(vec![Para::text(text, Style::CELL.ink(Ink::Grey))])
    }
}
