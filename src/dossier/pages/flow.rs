//! Fills pages with blocks: what stands where, and what is kept together.

use std::ops::Range;
use std::rc::Rc;

use super::blocks::{Block, Heading, Para};
use super::ink::{Ink, Span, Style};
use super::setter::{Laid, Setter};
use super::tags::{Role, TagId, Tags};

/// A4, in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// Left edge of the text: wider than the right one, for binding.
pub(super) const LEFT: f32 = 64.0;
/// Right edge of the text.
pub(super) const RIGHT: f32 = PAGE.0 - 46.0;
/// Upper edge of the text.
pub(super) const TOP: f32 = 76.0;
/// Lower edge of the text.
pub(super) const BOTTOM: f32 = PAGE.1 - 62.0;
/// Width of the text.
pub(super) const WIDTH: f32 = RIGHT - LEFT;
/// Space that must be left below a heading for what it heads.
const BELOW_HEADING: f32 = 64.0;
/// A section begins on a new page unless this much of one is left.
const BELOW_SECTION: f32 = 220.0;
/// Rounding of sums of heights.
pub(super) const SLACK: f32 = 0.01;

/// What is drawn on a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) fills: Vec<Fill>,
    pub(super) texts: Vec<Placed>,
    pub(super) links: Vec<Link>,
}

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fill {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) ink: Ink,
}

/// Lines of a paragraph on a page.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) x: f32,
    /// Where the first of the lines begins.
    pub(super) y: f32,
    pub(super) laid: Rc<Laid>,
    pub(super) lines: Range<usize>,
    /// Group of the structure; none for what is repeated on each page.
    pub(super) tag: Option<TagId>,
}

/// A place to click that leads to a heading.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
    /// Index of the heading.
    pub(super) heading: usize,
    pub(super) tag: TagId,
}

/// A heading that was placed.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) heading: Heading,
    /// Page, from 0 among the pages of the flow.
    pub(super) page: usize,
    pub(super) y: f32,
}

/// Pages that are being filled.
pub(super) struct Flow<'a> {
    pub(super) setter: &'a mut Setter,
    pub(super) tags: &'a mut Tags,
    pub(super) pages: Vec<Page>,
    pub(super) marks: Vec<Mark>,
    /// Where the next block begins.
    pub(super) y: f32,
    /// Where blocks belong in the structure.
    pub(super) section: TagId,
}

impl<'a> Flow<'a> {
    /// An empty page.
    pub(super) fn new(setter: &'a mut Setter, tags: &'a mut Tags) -> Self {
        let section = tags.section();
        Self { setter, tags, pages: vec![Page::default()], marks: Vec::new(), y: TOP, section }
    }

    /// Places blocks one below the other.
    pub(super) fn place(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Heading(heading) => self.heading(heading),
                Block::Para(para) => self.para(para),
                Block::List(items) => self.list(items),
                Block::Notice { paras, warning } => self.notice(paras, *warning),
                Block::Table(table) => self.table(table),
                Block::Gap(points) if self.y > TOP => self.y += points,
                Block::Gap(_) => {}
            }
        }
    }

    /// Page that is being filled.
    pub(super) fn page(&mut self) -> &mut Page {
        if self.pages.is_empty() {
            self.pages.push(Page::default());
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// Begins a page unless this much is left of the one that is being filled.
    pub(super) fn room(&mut self, points: f32) {
        if self.y > TOP && self.y + points > BOTTOM + SLACK {
            self.break_page();
        }
    }

    /// Begins a page.
    pub(super) fn break_page(&mut self) {
        self.pages.push(Page::default());
        self.y = TOP;
    }

    fn heading(&mut self, heading: &Heading) {
        let style = match heading.level {
            1 => Style::BODY.bold().sized(15.0).ink(Ink::Accent),
            _ => Style::BODY.bold().sized(11.0).ink(Ink::Accent),
        };
        let laid = self.setter.set(&[Span::new(heading.text.clone(), style)], WIDTH);
        let below = if heading.level == 1 { BELOW_SECTION } else { BELOW_HEADING };
        if self.y > TOP {
            self.y += if heading.level == 1 { 22.0 } else { 12.0 };
        }
        self.room(laid.height + below);
        if heading.level == 1 {
            self.section = self.tags.section();
        }
        let role = Role::Heading { level: heading.level, title: heading.text.clone() };
        let tag = self.tags.within(self.section, role);
        let (page, y) = (self.pages.len() - 1, self.y);
        self.marks.push(Mark { heading: heading.clone(), page, y });
        self.lines(laid, LEFT, tag);
        if heading.level == 1 {
            let fill = Fill { x: LEFT, y: self.y + 2.0, width: WIDTH, height: 1.2, ink: Ink::Accent };
            self.page().fills.push(fill);
            self.y += 5.0;
        }
        self.y += 5.0;
    }

    fn para(&mut self, para: &Para) {
        let laid = self.setter.set(&para.spans, WIDTH);
        let tag = self.tags.within(self.section, para.role());
        self.lines(laid, LEFT, tag);
        self.y += para.after;
    }

    fn list(&mut self, items: &[Para]) {
        const INDENT: f32 = 12.0;
        let list = self.tags.within(self.section, Role::List);
        for para in items {
            let item = self.tags.within(list, Role::Item);
            let mark = self.tags.within(item, Role::ItemMark);
            let body = self.tags.within(item, Role::ItemBody);
            let body = self.tags.within(body, para.role());
            let laid = self.setter.set(&para.spans, WIDTH - INDENT);
            self.room(first_lines(&laid));
            let bullet = Rc::new(self.setter.set(&[Span::new("•", Style::BODY)], INDENT));
            let lines = 0..bullet.lines.len();
            let (x, y) = (LEFT + 2.0, self.y);
            self.page().texts.push(Placed { x, y, laid: bullet, lines, tag: Some(mark) });
            self.lines(laid, LEFT + INDENT, body);
            self.y += para.after.max(2.0);
        }
        self.y += 4.0;
    }

    /// A notice is short: it is not split.
    fn notice(&mut self, paras: &[Para], warning: bool) {
        const PAD: f32 = 8.0;
        let laid: Vec<_> = paras.iter().map(|para| self.setter.set(&para.spans, WIDTH - 3.0 * PAD)).collect();
        let after = |index: usize| paras.get(index).map_or(0.0, |para| para.after);
        let inner: f32 = laid.iter().enumerate().map(|(at, laid)| laid.height + after(at)).sum();
        let height = inner + 2.0 * PAD;
        self.room(height);
        let (ground, bar) =
            if warning { (Ink::WarningShade, Ink::Warning) } else { (Ink::Shade, Ink::Accent) };
        let y = self.y;
        let page = self.page();
        page.fills.push(Fill { x: LEFT, y, width: WIDTH, height, ink: ground });
        page.fills.push(Fill { x: LEFT, y, width: 3.0, height, ink: bar });
        self.y += PAD;
        for (at, (laid, para)) in laid.into_iter().zip(paras).enumerate() {
            let tag = self.tags.within(self.section, para.role());
            self.lines(laid, LEFT + 2.0 * PAD, tag);
            self.y += after(at);
        }
        self.y += PAD + 8.0;
    }

    /// Places lines from here on, over as many pages as they need: at least two of them together.
    fn lines(&mut self, laid: Laid, x: f32, tag: TagId) {
        let laid = Rc::new(laid);
        let mut from = 0;
        while from < laid.lines.len() {
            let start = laid.lines.get(from).map_or(0.0, |line| line.top);
            let left = BOTTOM + SLACK - self.y;
            let fits = laid.lines[from..].iter().take_while(|line| line.bottom - start <= left).count();
            let mut until = from + fits;
            if until < laid.lines.len() && self.y > TOP {
                let rest = laid.lines.len() - until;
                if rest == 1 && until > from {
                    until -= 1;
                }
                if until - from < 2 {
                    self.break_page();
                    continue;
                }
            }
            // A line that is higher than a page is cut off rather than looked for a place for ever.
            let until = until.max(from + 1);
            let bottom = laid.lines.get(until - 1).map_or(start, |line| line.bottom);
            let (y, lines) = (self.y, from..until);
            self.page().texts.push(Placed { x, y, laid: Rc::clone(&laid), lines, tag: Some(tag) });
            self.y += bottom - start;
            from = until;
            if from < laid.lines.len() {
                self.break_page();
            }
        }
    }
}

/// Height of the first two lines.
fn first_lines(laid: &Laid) -> f32 {
    laid.lines.iter().take(2).map(|line| line.bottom).fold(0.0, f32::max)
}

impl Para {
    pub(super) const fn role(&self) -> Role {
        use subject_record_schemas::vocabulary::Language;
        let language = match self.language {
            None => None,
            Some(Language::Ru) => Some("ru"),
            Some(Language::Kk) => Some("kk"),
            Some(Language::En) => Some("en"),
        };
        Role::Para { language }
    }
}
