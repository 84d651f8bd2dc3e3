//! Sets paragraphs: shaping and line breaking by parley, with the embedded faces only.
//!
//! A character that no face has is never dropped: it is printed as its code point in a frame, and so are
//! characters that nobody could see (controls, marks that turn the direction of text), since what a judge reads
//! must be all that is there.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::{
    FontContext, FontFamily, FontFamilyName, FontWeight, Layout, LayoutContext, LineHeight, OverflowWrap,
    StyleProperty,
};

use super::RenderError;
use super::ink::{Face, Ink, Span, Style};

/// Height of a line, in sizes of the text.
const LINE_HEIGHT: f32 = 1.38;
/// How often text is set again because a character is missing. Then all that is not ASCII is spelled out.
const ROUNDS: usize = 4;

pub(super) static REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.ttf");
pub(super) static BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.ttf");
pub(super) static MONO: &[u8] = include_bytes!("../fonts/NotoSansMono-Regular.ttf");

/// A paragraph, broken into lines. Positions are in points from its upper left corner.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) text: String,
    pub(super) lines: Vec<LaidLine>,
    pub(super) height: f32,
}

/// A line of a paragraph.
#[derive(Debug)]
pub(super) struct LaidLine {
    pub(super) top: f32,
    pub(super) bottom: f32,
    pub(super) baseline: f32,
    pub(super) runs: Vec<LaidRun>,
}

/// Glyphs of one face, size and colour.
#[derive(Debug)]
pub(super) struct LaidRun {
    pub(super) x: f32,
    pub(super) width: f32,
    pub(super) face: Face,
    pub(super) size: f32,
    pub(super) ink: Ink,
    pub(super) glyphs: Vec<LaidGlyph>,
}

/// A glyph and the bytes of the paragraph’s text that it shows. Distances in sizes of the text.
#[derive(Clone, Debug)]
pub(super) struct LaidGlyph {
    pub(super) id: u32,
    pub(super) advance: f32,
    /// Rightwards and upwards.
    pub(super) shift: (f32, f32),
    pub(super) text: Range<usize>,
}

/// Sets paragraphs; keeps its scratch memory between them.
pub(super) struct Setter {
    fonts: FontContext,
    scratch: LayoutContext<Ink>,
    faces: [(u64, Face); 3],
}

impl Setter {
    /// Reads the embedded faces.
    pub(super) fn new() -> Result<Self, RenderError> {
        let options = CollectionOptions { shared: false, system_fonts: false };
        let mut collection = Collection::new(options);
        let mut faces = [(0, Face::Regular); 3];
        for (slot, (bytes, face)) in
            faces.iter_mut().zip([(REGULAR, Face::Regular), (BOLD, Face::Bold), (MONO, Face::Mono)])
        {
            let blob = Blob::new(Arc::new(bytes));
            *slot = (blob.id(), face);
            if collection.register_fonts(blob, None).is_empty() {
                return Err(RenderError::Face(face.name()));
            }
        }
        let fonts = FontContext { collection, source_cache: SourceCache::default() };
        Ok(Self { fonts, scratch: LayoutContext::new(), faces })
    }

    /// Sets a paragraph in a column of this width, in points.
    pub(super) fn set(&mut self, spans: &[Span], width: f32) -> Laid {
        let (text, mut layout) = self.shape(spans);
        layout.break_all_lines(Some(width));
        self.read(text, &layout)
    }

    /// The narrowest and the widest column that a paragraph can make use of, in points.
    pub(super) fn measure(&mut self, spans: &[Span]) -> (f32, f32) {
        let (_, layout) = self.shape(spans);
        let widths = layout.calculate_content_widths();
        (widths.min, widths.max)
    }

    /// Shapes text until every glyph is there.
    fn shape(&mut self, spans: &[Span]) -> (String, Layout<Ink>) {
        let mut spans = visible(spans);
        for round in 1.. {
            let text: String = spans.iter().map(|span| span.text.as_str()).collect();
            let mut layout = self.layout(&text, &spans);
            layout.break_all_lines(None);
            let missing = missing(&layout);
            if missing.is_empty() {
                return (text, layout);
            }
            spans = if round < ROUNDS {
                spelled(&spans, |at, _| missing.iter().any(|range| range.contains(&at)))
            } else {
                spelled(&spans, |_, character| !character.is_ascii())
            };
            if round > ROUNDS {
                return (text, layout);
            }
        }
        (String::new(), Layout::new())
    }

    fn layout(&mut self, text: &str, spans: &[Span]) -> Layout<Ink> {
        let mut builder = self.scratch.ranged_builder(&mut self.fonts, text, 1.0, false);
        builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(LINE_HEIGHT)));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::BreakWord));
        // A line is at least as high as the default style asks for, so that is the smallest that is set.
        let smallest = spans.iter().map(|span| span.style).min_by(|a, b| a.size.total_cmp(&b.size));
        let smallest = smallest.unwrap_or(Style::NOTE);
        builder.push_default(StyleProperty::FontFamily(FontFamily::List(Cow::Borrowed(
            smallest.face.families().0,
        ))));
        builder.push_default(StyleProperty::FontSize(smallest.size));
        let mut at = 0;
        for span in spans {
            let range = at..at + span.text.len();
            at = range.end;
            let (families, weight) = span.style.face.families();
            let list = FontFamily::List(Cow::Borrowed(families));
            builder.push(StyleProperty::FontFamily(list), range.clone());
            builder.push(StyleProperty::FontWeight(weight), range.clone());
            builder.push(StyleProperty::FontSize(span.style.size), range.clone());
            if span.style.face == Face::Mono {
                builder.push(StyleProperty::OverflowWrap(OverflowWrap::Anywhere), range.clone());
            }
            builder.push(StyleProperty::Brush(span.style.ink), range);
        }
        builder.build(text)
    }

    fn read(&self, text: String, layout: &Layout<Ink>) -> Laid {
        let mut lines = Vec::with_capacity(layout.len());
        let mut top = 0.0;
        for line in layout.lines() {
            let metrics = line.metrics();
            let bottom = top + metrics.line_height;
            let mut x = metrics.offset;
            let mut runs: Vec<LaidRun> = Vec::new();
            for run in line.runs() {
                let id = run.font().data.id();
                let face = self.faces.iter().find(|(known, _)| *known == id).map_or(Face::Regular, |f| f.1);
                let size = run.font_size();
                let mut open: Option<LaidRun> = None;
                for cluster in run.visual_clusters() {
                    let ink = cluster.style().brush;
                    if open.as_ref().is_some_and(|run| run.ink != ink) {
                        runs.extend(open.take());
                    }
                    let start = x;
                    let run =
                        open.get_or_insert(LaidRun { x: start, width: 0.0, face, size, ink, glyphs: vec![] });
                    if cluster.is_ligature_continuation() {
                        if let Some(glyph) = run.glyphs.last_mut() {
                            glyph.text.end = cluster.text_range().end;
                        }
                        continue;
                    }
                    for glyph in cluster.glyphs() {
                        run.glyphs.push(LaidGlyph {
                            id: glyph.id,
                            advance: glyph.advance / size,
                            // parley counts downwards, krilla upwards.
                            shift: (glyph.x / size, -glyph.y / size),
                            text: cluster.text_range(),
                        });
                        run.width += glyph.advance;
                        x += glyph.advance;
                    }
                }
                runs.extend(open);
            }
            lines.push(LaidLine { top, bottom, baseline: metrics.baseline, runs });
            top = bottom;
        }
        Laid { text, lines, height: top }
    }
}

impl Face {
    /// Families in the order in which a glyph is looked for, and the weight.
    fn families(self) -> (&'static [FontFamilyName<'static>], FontWeight) {
        const SANS: FontFamilyName<'static> = FontFamilyName::Named(Cow::Borrowed("Noto Sans"));
        const MONO: FontFamilyName<'static> = FontFamilyName::Named(Cow::Borrowed("Noto Sans Mono"));
        match self {
            Self::Regular => (&[SANS, MONO], FontWeight::NORMAL),
            Self::Bold => (&[SANS, MONO], FontWeight::BOLD),
            Self::Mono => (&[MONO, SANS], FontWeight::NORMAL),
        }
    }

    /// Its name, for errors.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Regular => "Noto Sans",
            Self::Bold => "Noto Sans Bold",
            Self::Mono => "Noto Sans Mono",
        }
    }
}

/// Bytes of the text that came out as the glyph for nothing.
fn missing(layout: &Layout<Ink>) -> Vec<Range<usize>> {
    let runs = layout.lines().flat_map(|line| line.runs().collect::<Vec<_>>());
    runs.flat_map(|run| {
        let lacking = |cluster: &parley::Cluster<'_, Ink>| cluster.glyphs().any(|glyph| glyph.id == 0);
        run.clusters().filter(lacking).map(|cluster| cluster.text_range()).collect::<Vec<_>>()
    })
    .collect()
}

/// White space becomes a space, what cannot be seen is spelled out.
fn visible(spans: &[Span]) -> Vec<Span> {
    let spaced = spans.iter().map(|span| {
        let text =
            span.text.replace(['\n', '\r', '\t', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], " ");
        Span::new(text, span.style)
    });
    let spans: Vec<_> = spaced.collect();
    if spans.iter().all(|span| !span.text.chars().any(is_invisible)) {
        return spans;
    }
    spelled(&spans, |_, character| is_invisible(character))
}

/// Replaces the characters that are named by their place in the joined text by their code points.
fn spelled(spans: &[Span], replaced: impl Fn(usize, char) -> bool) -> Vec<Span> {
    let mut result: Vec<Span> = Vec::new();
    let mut start = 0;
    for span in spans {
        let mut kept = String::new();
        for (at, character) in span.text.char_indices() {
            if !replaced(start + at, character) {
                kept.push(character);
                continue;
            }
            if kept.is_empty() && result.last().is_some_and(|last| last.style.ink == Ink::Missing) {
                kept.push('\u{2009}');
            }
            if !kept.is_empty() {
                result.push(Span::new(std::mem::take(&mut kept), span.style));
            }
            let style =
                super::ink::Style { face: Face::Mono, size: span.style.size * 0.8, ink: Ink::Missing };
            result.push(Span::new(format!("U+{:04X}", u32::from(character)), style));
        }
        if !kept.is_empty() {
            result.push(Span::new(kept, span.style));
        }
        start += span.text.len();
    }
    result
}

/// Controls, marks of direction, joiners, variation selectors, fillers, tags: nothing of them would be seen.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}
