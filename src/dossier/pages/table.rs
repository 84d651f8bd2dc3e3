//! Sets tables: widths of columns, rows kept whole, the head repeated on each page.

use std::ops::Range;
use std::rc::Rc;

use super::blocks::{Cell, Para, Table, Widths};
use super::flow::{BOTTOM, Fill, Flow, LEFT, Placed, SLACK, TOP, WIDTH};
use super::ink::{Ink, Style};
use super::setter::Laid;
use super::tags::{Role, TagId};

/// Space within a cell, at its sides and above and below.
const PAD: (f32, f32) = (4.0, 3.5);
/// A row is split once it is higher than this and does not fit.
const WHOLE: f32 = (BOTTOM - TOP) * 0.45;
/// So many rows decide on the widths of columns.
const MEASURED_ROWS: usize = 200;
/// A column that is fitted is at least so wide.
const NARROWEST: f32 = 34.0;

/// A row, set.
struct Row {
    cells: Vec<Vec<SetPara>>,
    height: f32,
}

/// A paragraph of a cell and where it begins in it.
struct SetPara {
    top: f32,
    laid: Rc<Laid>,
    tag: Option<TagId>,
}

impl Flow<'_> {
    pub(super) fn table(&mut self, table: &Table) {
        let widths = self.widths(table);
        let tag = self.tags.within(self.section, Role::Table);
        let head_row = (!table.head.is_empty()).then(|| table.head_cells());
        let head = head_row.as_ref().map(|cells| {
            let row = self.tags.within(tag, Role::Row);
            self.row(cells, &widths, row, |_| Role::ColumnHead)
        });
        let mut head_is_due = true;
        let mut is_first = true;
        for cells in &table.rows {
            let row_tag = self.tags.within(tag, Role::Row);
            let heads_rows = table.head.is_empty();
            let role = |column| if heads_rows && column == 0 { Role::RowHead } else { Role::Cell };
            let row = self.row(cells, &widths, row_tag, role);
            let head_height = head.as_ref().map_or(0.0, |head| head.height);
            let wanted = row.height + if head_is_due { head_height } else { 0.0 };
            if self.y > TOP && wanted > self.left() && (row.height < WHOLE || self.left() < WHOLE) {
                self.break_page();
                head_is_due = true;
            }
            if head_is_due {
                self.head(head.as_ref(), &widths, is_first);
                (head_is_due, is_first) = (false, false);
            }
            self.draw_row(&row, &widths, head.as_ref());
        }
        self.y += 10.0;
    }

    fn left(&self) -> f32 {
        BOTTOM + SLACK - self.y
    }

    /// The head belongs to the structure once; repeated, it is decoration of the page.
    fn head(&mut self, head: Option<&Row>, widths: &[f32], tagged: bool) {
        let Some(head) = head else { return };
        let y = self.y;
        let fill = Fill { x: LEFT, y, width: WIDTH, height: head.height, ink: Ink::Shade };
        self.page().fills.push(fill);
        self.cells(head, widths, 0.0..f32::MAX, tagged);
        self.y += head.height;
        self.rule();
    }

    fn rule(&mut self) {
        let fill = Fill { x: LEFT, y: self.y - 0.25, width: WIDTH, height: 0.5, ink: Ink::Line };
        self.page().fills.push(fill);
    }

    /// Draws a row, over several pages if it is higher than one.
    fn draw_row(&mut self, row: &Row, widths: &[f32], head: Option<&Row>) {
        let mut from = 0.0;
        let mut fresh = TOP;
        loop {
            let above = if from > 0.0 { PAD.1 } else { 0.0 };
            let rest = row.height - from + above;
            if rest <= self.left() {
                self.cells(row, widths, from..f32::MAX, true);
                self.y += rest;
                self.rule();
                return;
            }
            let until = row.cut(from, self.left() - above);
            if until > from {
                self.cells(row, widths, from..until, true);
                from = until;
            } else if self.y <= fresh {
                // Not even a line fits a whole page: it is drawn over its edge rather than moved for ever.
                self.cells(row, widths, from..f32::MAX, true);
                self.y = BOTTOM;
                return;
            }
            self.break_page();
            self.head(head, widths, false);
            fresh = self.y;
        }
    }

    /// Places the lines of a row that begin within these heights.
    fn cells(&mut self, row: &Row, widths: &[f32], part: Range<f32>, tagged: bool) {
        let mut x = LEFT;
        for (cell, width) in row.cells.iter().zip(widths) {
            for set in cell {
                let begins = |at: usize| set.laid.lines.get(at).map_or(f32::MAX, |line| set.top + line.top);
                let first = (0..set.laid.lines.len()).find(|at| begins(*at) >= part.start);
                let Some(first) = first.filter(|at| begins(*at) < part.end) else { continue };
                let last = (first..set.laid.lines.len()).take_while(|at| begins(*at) < part.end).count();
                let above = if part.start > 0.0 { PAD.1 } else { 0.0 };
                let placed = Placed {
                    x: x + PAD.0,
                    y: self.y + above + begins(first) - part.start,
                    laid: Rc::clone(&set.laid),
                    lines: first..first + last,
                    tag: set.tag.filter(|_| tagged),
                };
                self.page().texts.push(placed);
            }
            x += width;
        }
    }

    /// Sets the cells of a row.
    fn row(&mut self, cells: &[Cell], widths: &[f32], row: TagId, role: impl Fn(usize) -> Role) -> Row {
        let mut height: f32 = 0.0;
        let mut set_cells = Vec::with_capacity(cells.len());
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let cell_tag = self.tags.within(row, role(column));
            let mut top = PAD.1;
            let mut set = Vec::with_capacity(cell.paras.len());
            for para in &cell.paras {
                let tag = self.tags.within(cell_tag, para.role());
                let laid = Rc::new(self.setter.set(&para.spans, (width - 2.0 * PAD.0).max(1.0)));
                let below = top + laid.height + para.after;
                set.push(SetPara { top, laid, tag: Some(tag) });
                top = below;
            }
            height = height.max(top + PAD.1);
            set_cells.push(set);
        }
        Row { cells: set_cells, height }
    }

    fn widths(&mut self, table: &Table) -> Vec<f32> {
        match &table.widths {
            Widths::Shares(shares) => {
                let sum: f32 = shares.iter().sum();
                shares.iter().map(|share| share / sum.max(f32::EPSILON) * WIDTH).collect()
            }
            Widths::Fitted => self.fitted(table),
        }
    }

    /// Every column gets its narrowest width, and its part of what is left by how much it could use.
    fn fitted(&mut self, table: &Table) -> Vec<f32> {
        let mut wants: Vec<(f32, f32)> = table.head.iter().map(|_| (NARROWEST, NARROWEST)).collect();
        let head = table.head_cells();
        for cells in std::iter::once(&head).chain(table.rows.iter().take(MEASURED_ROWS)) {
            for (cell, want) in cells.iter().zip(&mut wants) {
                for para in &cell.paras {
                    let (narrow, wide) = self.setter.measure(&para.spans);
                    want.0 = want.0.max(narrow + 2.0 * PAD.0 + 1.0);
                    want.1 = want.1.max(wide + 2.0 * PAD.0 + 1.0).max(want.0);
                }
            }
        }
        let narrow: f32 = wants.iter().map(|want| want.0).sum();
        let wide: f32 = wants.iter().map(|want| want.1).sum();
        if narrow >= WIDTH {
            return wants.iter().map(|want| want.0 / narrow * WIDTH).collect();
        }
        if wide <= WIDTH {
            return wants.iter().map(|want| want.1 / wide.max(f32::EPSILON) * WIDTH).collect();
        }
        let part = (WIDTH - narrow) / (wide - narrow).max(f32::EPSILON);
        wants.iter().map(|want| want.0 + (want.1 - want.0) * part).collect()
    }
}

impl Row {
    /// Where to cut what is below `from` so that no line of the upper part ends below `from + space`.
    fn cut(&self, from: f32, space: f32) -> f32 {
        let lines =
            self.cells.iter().flatten().flat_map(|set| {
                set.laid.lines.iter().map(|line| (set.top + line.top, set.top + line.bottom))
            });
        let late = lines.filter(|(top, bottom)| *top >= from && *bottom > from + space);
        late.map(|(top, _)| top).fold(self.height, f32::min)
    }
}

impl Table {
    fn head_cells(&self) -> Vec<Cell> {
        let style = Style::CELL.bold().sized(8.0);
        self.head.iter().map(|text| Cell::of(vec![Para::text(text, style)])).collect()
    }
}
