//! The table of contents, and what frames every page: its banner, header and footer.

use std::rc::Rc;

use super::draw::Frame;
use super::flow::{BOTTOM, Fill, LEFT, Link, Mark, PAGE, Page, Placed, RIGHT, TOP, WIDTH};
use super::ink::{Ink, Span, Style};
use super::setter::{Laid, Setter};
use super::tags::{Role, TagId, Tags};
use super::words::{Words, filled};
use crate::dossier::report::Report;

/// Width that is kept for the number of a page.
const NUMBER: f32 = 40.0;
/// Space between entries.
const BETWEEN: f32 = 5.0;
/// Space that the heading takes on the first page.
const HEADING: f32 = 40.0;
/// Signs of the root that the footer shows.
const ROOT: usize = 16;

/// An entry, set.
pub(super) struct Row {
    laid: Laid,
    indent: f32,
    height: f32,
}

/// Sets the entries. Their height does not depend on the numbers of pages, which are not yet known.
pub(super) fn rows(setter: &mut Setter, marks: &[Mark]) -> Vec<Row> {
    let mut set = |mark: &Mark| {
        let (indent, style) = match mark.heading.level {
            1 => (0.0, Style::BODY.bold().sized(10.0)),
            _ => (16.0, Style::BODY),
        };
        let laid = setter.set(&[Span::new(&mark.heading.text, style)], WIDTH - NUMBER - indent);
        Row { height: laid.height + BETWEEN, laid, indent }
    };
    marks.iter().map(&mut set).collect()
}

/// Page and height of every entry, from the first page of the contents.
fn places(rows: &[Row]) -> Vec<(usize, f32)> {
    let (mut page, mut y) = (0, TOP + HEADING);
    let place = |row: &Row| {
        if y + row.height > BOTTOM {
            page += 1;
            y = TOP;
        }
        let place = (page, y);
        y += row.height;
        place
    };
    rows.iter().map(place).collect()
}

/// How many pages the entries fill.
pub(super) fn pages_needed(rows: &[Row]) -> usize {
    places(rows).last().map_or(1, |(page, _)| page + 1)
}

/// The pages of the contents. `marks` know their final pages.
pub(super) fn pages(
    setter: &mut Setter,
    tags: &mut Tags,
    section: TagId,
    words: &Words,
    rows: Vec<Row>,
    marks: &[Mark],
) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    pages.resize_with(pages_needed(&rows), Page::default);
    let role = Role::Heading { level: 1, title: words.contents.to_owned() };
    let heading_tag = tags.within(section, role);
    let style = Style::BODY.bold().sized(15.0).ink(Ink::Accent);
    let heading = setter.set(&[Span::new(words.contents, style)], WIDTH);
    if let Some(first) = pages.first_mut() {
        first.texts.push(placed(heading, LEFT, TOP, Some(heading_tag)));
    }
    let list = tags.within(section, Role::Contents);
    let places = places(&rows);
    for (index, ((row, mark), (page, y))) in rows.into_iter().zip(marks).zip(places).enumerate() {
        let item = tags.within(list, Role::ContentsItem);
        let tag = tags.within(item, Role::Link);
        let number = setter.set(&[Span::new((mark.page + 1).to_string(), Style::BODY)], NUMBER);
        let (x, height) = (LEFT + row.indent, row.laid.height);
        let Some(page) = pages.get_mut(page) else { continue };
        let number_x = RIGHT - width(&number);
        page.texts.push(placed(row.laid, x, y, Some(tag)));
        page.texts.push(placed(number, number_x, y, Some(tag)));
        page.fills.push(Fill { x, y: y + height + 1.5, width: RIGHT - x, height: 0.4, ink: Ink::Line });
        page.links.push(Link { x, y, width: RIGHT - x, height, heading: index, tag });
    }
    pages
}

/// What stands around the text of a page.
pub(super) fn frame(setter: &mut Setter, report: &Report, words: &Words, number: usize, of: usize) -> Frame {
    let cover = &report.cover;
    let mut fills = Vec::new();
    let mut header = Vec::new();
    if report.simulated {
        let style = Style::NOTE.bold().sized(8.5).ink(Ink::Warning);
        let banner = setter.set(&[Span::new(words.simulated, style)], WIDTH);
        fills.push(Fill { x: 0.0, y: 0.0, width: PAGE.0, height: 26.0, ink: Ink::WarningShade });
        fills.push(Fill { x: 0.0, y: 26.0, width: PAGE.0, height: 1.0, ink: Ink::Warning });
        header.push(placed(banner, LEFT, 7.0, None));
    }
    let mut line = |left: Vec<Span>, right: Vec<Span>, y: f32, to: &mut Vec<Placed>| {
        let right = setter.set(&right, WIDTH / 2.0);
        let left = setter.set(&left, WIDTH - width(&right) - 10.0);
        let x = RIGHT - width(&right);
        to.push(placed(left, LEFT, y, None));
        to.push(placed(right, x, y, None));
    };
    let note = |text: &str| Span::new(text, Style::NOTE);
    let code = |text: &str| Span::new(text, Style::CODE.sized(7.0).ink(Ink::Grey));
    let left = vec![note(words.dossier), note(" "), code(&cover.dossier_id)];
    line(left, vec![code(&cover.subject)], 42.0, &mut header);
    fills.push(Fill { x: LEFT, y: 57.0, width: WIDTH, height: 0.6, ink: Ink::Line });

    let root: String = report.proof.checkpoint_root.chars().take(ROOT).collect();
    let size = report.proof.checkpoint_size.to_string();
    let checkpoint = filled(words.checkpoint, &[("size", &size), ("root", &root)]);
    let page = filled(words.page, &[("n", &number.to_string()), ("m", &of.to_string())]);
    let mut footer = Vec::new();
    line(vec![note(&checkpoint)], vec![note(&page)], PAGE.1 - 42.0, &mut footer);
    fills.push(Fill { x: LEFT, y: PAGE.1 - 48.0, width: WIDTH, height: 0.6, ink: Ink::Line });
    Frame { fills, header, footer }
}

fn placed(laid: Laid, x: f32, y: f32, tag: Option<TagId>) -> Placed {
    let lines = 0..laid.lines.len();
    Placed { x, y, laid: Rc::new(laid), lines, tag }
}

/// Width of the widest line.
fn width(laid: &Laid) -> f32 {
    let ends = laid.lines.iter().filter_map(|line| line.runs.last().map(|run| run.x + run.width));
    ends.fold(0.0, f32::max)
}
