//! The pages of a dossier: from the report to a PDF/A-3a file with the evidence attached.
//!
//! [`render`] is pure: it reads no clock, no file and no fonts of the machine, so the same report and
//! attachments give the same bytes. Text is set by parley and written by krilla, whose check of PDF/A-3a is on: a
//! document that would not conform is an error, never a file.
//!
//! Order of work: the report becomes blocks (`parts`), blocks are set and placed (`flow`, `table`, `setter`),
//! the table of contents follows from where headings came to stand (`contents`), and pages are drawn (`draw`).

mod blocks;
mod contents;
mod draw;
mod flow;
mod ink;
mod moments;
mod parts;
mod setter;
mod table;
mod tags;
#[cfg(test)]
mod tests;
mod words;

use super::report::Report;
use draw::{About, Press};
use flow::{Flow, Mark};
use setter::Setter;
use tags::Tags;
use words::Words;

/// A file that is attached to the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, unique in the document.
    pub name: String,
    /// Its media type, such as `application/json`.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How it relates to the pages (`AFRelationship`).
    pub relationship: Relationship,
}

/// How an attachment relates to the pages (ISO 19005-3, `AFRelationship`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relationship {
    /// The pages show what it holds.
    Data,
    /// It adds to the pages.
    Supplement,
    /// The pages were made from it.
    Source,
}

/// Why no document was made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// An embedded face cannot be read.
    #[error("the typeface {0} cannot be read")]
    Face(&'static str),
    /// An attachment's media type has not the form of one.
    #[error("the media type of the attachment {0} is malformed")]
    MediaType(String),
    /// Two attachments bear the same name.
    #[error("two attachments are named {0}")]
    TwiceAttached(String),
    /// The document would not conform to PDF/A-3a, or could not be written.
    #[error("writing the document: {0}")]
    Document(String),
}

/// Draws the report and attaches the files, as PDF/A-3a.
///
/// # Errors
/// When an attachment is malformed or named twice, or the document would not conform.
pub fn render(report: &Report, attachments: Vec<Attachment>) -> Result<Vec<u8>, RenderError> {
    let words = Words::of(report.locale);
    let mut setter = Setter::new()?;
    let mut tags = Tags::default();

    let mut flow = Flow::new(&mut setter, &mut tags);
    flow.place(&parts::front(report));
    let front = flow.pages;

    let contents_section = tags.section();
    let mut flow = Flow::new(&mut setter, &mut tags);
    flow.place(&parts::body(report));
    let (body, marks) = (flow.pages, flow.marks);

    let rows = contents::rows(&mut setter, &marks);
    let before = front.len() + contents::pages_needed(&rows);
    let marks: Vec<Mark> = marks.into_iter().map(|mark| Mark { page: mark.page + before, ..mark }).collect();
    let contents = contents::pages(&mut setter, &mut tags, contents_section, words, rows, &marks);

    let pages: Vec<_> = front.into_iter().chain(contents).chain(body).collect();
    let mut press = Press::new()?;
    for (index, page) in pages.iter().enumerate() {
        let frame = contents::frame(&mut setter, report, words, index + 1, pages.len());
        press.page(page, &frame, &mut tags, &marks)?;
    }
    let cover = &report.cover;
    let about = About {
        title: format!("{} {}", words.title, cover.dossier_id),
        description: words.subtitle.to_owned(),
        language: words.tag,
        made_at: cover.made_at,
        made_by: report.made_by.clone(),
        id: cover.dossier_id.clone(),
    };
    press.finish(&about, &marks, &tags, attachments)
}
