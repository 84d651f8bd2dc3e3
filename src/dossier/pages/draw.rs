//! Draws filled pages with krilla, as PDF/A-3a: tagged, with outline, attachments and the frame of each page.

use chrono::{Datelike as _, Timelike as _};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::destination::{Destination, XyzDestination};
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata, TextDirection};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill as Paint, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag};
use krilla::text::{Font, Glyph, GlyphId};
use krilla::{Document, SerializeSettings};

use super::flow::{Fill, Link, Mark, PAGE, Page, Placed};
use super::ink::{Face, Ink};
use super::setter::{BOLD, LaidGlyph, LaidRun, MONO, REGULAR};
use super::tags::Tags;
use super::{Attachment, Relationship, RenderError};

/// What stands on every page around the text.
pub(super) struct Frame {
    pub(super) fills: Vec<Fill>,
    pub(super) header: Vec<Placed>,
    pub(super) footer: Vec<Placed>,
}

/// What the document says of itself.
pub(super) struct About {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) language: &'static str,
    pub(super) made_at: chrono::DateTime<chrono::Utc>,
    pub(super) made_by: String,
    pub(super) id: String,
}

/// A document that is being drawn.
pub(super) struct Press {
    document: Document,
    fonts: [Font; 3],
}

impl Press {
    pub(super) fn new() -> Result<Self, RenderError> {
        let configuration = ConfigurationBuilder::new()
            .with_archival_validator(Archival::A3_A)
            .finish()
            .map_err(|fault| RenderError::Document(format!("{fault:?}")))?;
        let settings =
            SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() };
        let font = |bytes: &'static [u8], face: Face| {
            Font::new(bytes.into(), 0).ok_or(RenderError::Face(face.name()))
        };
        let fonts = [font(REGULAR, Face::Regular)?, font(BOLD, Face::Bold)?, font(MONO, Face::Mono)?];
        Ok(Self { document: Document::new_with(settings), fonts })
    }

    /// Draws a page. Texts are entered in the structure in the order in which they are drawn.
    pub(super) fn page(
        &mut self,
        page: &Page,
        frame: &Frame,
        tags: &mut Tags,
        marks: &[Mark],
    ) -> Result<(), RenderError> {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1)
            .ok_or_else(|| RenderError::Document("the size of the page".to_owned()))?;
        let mut sheet = self.document.start_page_with(settings);
        let mut surface = sheet.surface();
        let fills: Vec<_> = frame.fills.iter().chain(&page.fills).collect();
        if !fills.is_empty() {
            surface.start_tagged(artifact(ArtifactType::Layout));
            fills.iter().for_each(|fill| rectangle(&mut surface, fill));
            surface.end_tagged();
        }
        for (texts, kind) in [(&frame.header, ArtifactType::Header), (&frame.footer, ArtifactType::Footer)] {
            for placed in texts {
                surface.start_tagged(artifact(kind));
                text(&mut surface, &self.fonts, placed);
                surface.end_tagged();
            }
        }
        for placed in &page.texts {
            match placed.tag {
                None => {
                    surface.start_tagged(artifact(ArtifactType::PaginationOther));
                    text(&mut surface, &self.fonts, placed);
                    surface.end_tagged();
                }
                Some(tag) => {
                    let content = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
                    text(&mut surface, &self.fonts, placed);
                    surface.end_tagged();
                    tags.leaf(tag, content);
                }
            }
        }
        surface.finish();
        for link in &page.links {
            if let Some(annotation) = annotation(link, marks) {
                let content = sheet.add_tagged_annotation(annotation);
                tags.leaf(link.tag, content);
            }
        }
        sheet.finish();
        Ok(())
    }

    /// The bytes of the document.
    pub(super) fn finish(
        mut self,
        about: &About,
        marks: &[Mark],
        tags: &Tags,
        attachments: Vec<Attachment>,
    ) -> Result<Vec<u8>, RenderError> {
        let date = date(about.made_at);
        self.document.set_metadata(
            Metadata::new()
                .title(about.title.clone())
                .description(about.description.clone())
                .language(about.language.to_owned())
                .creator(about.made_by.clone())
                .creation_date(date)
                .document_id(about.id.clone())
                .text_direction(TextDirection::LeftToRight),
        );
        self.document.set_outline(outline(marks));
        self.document.set_tag_tree(tags.tree(about.language));
        for attachment in attachments {
            let name = attachment.name.clone();
            let file = attachment.embedded(date).ok_or_else(|| RenderError::MediaType(name.clone()))?;
            self.document.embed_file(file).ok_or(RenderError::TwiceAttached(name))?;
        }
        self.document.finish().map_err(|fault| RenderError::Document(format!("{fault}: {fault:?}")))
    }
}

impl Attachment {
    fn embedded(self, date: DateTime) -> Option<EmbeddedFile> {
        Some(EmbeddedFile {
            mime_type: Some(MimeType::new(&self.media_type)?),
            description: Some(self.name.clone()),
            path: self.name,
            association_kind: match self.relationship {
                Relationship::Data => AssociationKind::Data,
                Relationship::Supplement => AssociationKind::Supplement,
                Relationship::Source => AssociationKind::Source,
            },
            data: self.bytes.into(),
            modification_date: Some(date),
            compress: Some(true),
            location: None,
        })
    }
}

fn artifact(kind: ArtifactType) -> ContentTag<'static> {
    ContentTag::Artifact(Artifact::with_kind(kind))
}

fn paint(ink: Ink) -> Paint {
    Paint { paint: ink.colour().into(), opacity: NormalizedF32::ONE, rule: Default::default() }
}

fn rectangle(surface: &mut Surface<'_>, fill: &Fill) {
    let mut path = PathBuilder::new();
    if let Some(rect) = Rect::from_xywh(fill.x, fill.y, fill.width, fill.height) {
        path.push_rect(rect);
    }
    if let Some(path) = path.finish() {
        surface.set_stroke(None);
        surface.set_fill(Some(paint(fill.ink)));
        surface.draw_path(&path);
    }
}

fn text(surface: &mut Surface<'_>, fonts: &[Font; 3], placed: &Placed) {
    let lines = placed.laid.lines.get(placed.lines.clone()).unwrap_or_default();
    let Some(first) = lines.first() else { return };
    for line in lines {
        let y = placed.y + line.baseline - first.top;
        for run in &line.runs {
            let [regular, bold, mono] = fonts;
            let font = match run.face {
                Face::Regular => regular,
                Face::Bold => bold,
                Face::Mono => mono,
            };
            if run.ink == Ink::Missing {
                frame(surface, placed.x + run.x, y, run);
            }
            surface.set_stroke(None);
            surface.set_fill(Some(paint(run.ink)));
            let start = Point::from_xy(placed.x + run.x, y);
            surface.draw_glyphs(start, &run.glyphs, font.clone(), &placed.laid.text, run.size, false);
        }
    }
}

/// The frame around a code point that stands for a character.
fn frame(surface: &mut Surface<'_>, x: f32, baseline: f32, run: &LaidRun) {
    let mut path = PathBuilder::new();
    let (top, height) = (baseline - run.size * 0.85, run.size * 1.1);
    if let Some(rect) = Rect::from_xywh(x - 0.4, top, run.width + 0.8, height) {
        path.push_rect(rect);
    }
    if let Some(path) = path.finish() {
        surface.set_fill(None);
        let paint = Ink::Missing.colour().into();
        surface.set_stroke(Some(Stroke { paint, width: 0.5, ..Stroke::default() }));
        surface.draw_path(&path);
    }
}

impl Glyph for LaidGlyph {
    fn glyph_id(&self) -> GlyphId {
        GlyphId::new(self.id)
    }

    fn text_range(&self) -> std::ops::Range<usize> {
        self.text.clone()
    }

    fn x_advance(&self, size: f32) -> f32 {
        self.advance * size
    }

    fn x_offset(&self, size: f32) -> f32 {
        self.shift.0 * size
    }

    fn y_offset(&self, size: f32) -> f32 {
        self.shift.1 * size
    }

    fn y_advance(&self, _: f32) -> f32 {
        0.0
    }

    fn location(&self) -> Option<krilla::surface::Location> {
        None
    }
}

fn destination(mark: &Mark) -> XyzDestination {
    XyzDestination::new(mark.page, Point::from_xy(0.0, (mark.y - 12.0).max(0.0)))
}

fn annotation(link: &Link, marks: &[Mark]) -> Option<Annotation> {
    let mark = marks.get(link.heading)?;
    let rect = Rect::from_xywh(link.x, link.y, link.width, link.height)?;
    let target = Target::Destination(Destination::Xyz(destination(mark)));
    Some(Annotation::new_link(LinkAnnotation::new(rect, target), Some(mark.heading.text.clone())))
}

/// Sections, and within them what has a heading of its own.
fn outline(marks: &[Mark]) -> Outline {
    let mut outline = Outline::new();
    let mut open: Option<OutlineNode> = None;
    for mark in marks {
        let node = OutlineNode::new(mark.heading.text.clone(), destination(mark));
        match (mark.heading.level, open.as_mut()) {
            (2.., Some(section)) => section.push_child(node),
            _ => {
                if let Some(done) = open.replace(node) {
                    outline.push_child(done);
                }
            }
        }
    }
    if let Some(done) = open {
        outline.push_child(done);
    }
    outline
}

/// A moment as PDF writes it, to the second, in UTC.
fn date(at: chrono::DateTime<chrono::Utc>) -> DateTime {
    let small = |number: u32| u8::try_from(number).unwrap_or(0);
    DateTime::new(u16::try_from(at.year()).unwrap_or(0))
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
