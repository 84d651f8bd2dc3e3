//! Lines out of the frames of a body, however it was cut.

use bytes::{Bytes, BytesMut};

use crate::store::append::STORED_BYTES_MAX;

/// Bytes of a line at most: what is sent is longer than what is stored only by its personal part.
pub(super) const LINE_BYTES_MAX: usize = 4 * STORED_BYTES_MAX;

/// A line of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Its bytes, with its end.
    Whole(Bytes),
    /// It is longer than [`LINE_BYTES_MAX`] and was passed over.
    TooLong,
}

/// Cuts frames into lines. Holds one unfinished line at most.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    unfinished: BytesMut,
    /// Bytes of the unfinished line that hold no end of line.
    searched: usize,
    /// Whether the rest of a line that is too long is passed over.
    skipping: bool,
}

impl Cutter {
    /// Takes a frame and adds the lines that end in it.
    pub(super) fn cut(&mut self, frame: &[u8], lines: &mut Vec<Line>) {
        self.unfinished.extend_from_slice(frame);
        while let Some(at) = self.unfinished.iter().skip(self.searched).position(|byte| *byte == b'\n') {
            let line = self.unfinished.split_to(self.searched + at + 1);
            self.searched = 0;
            if !std::mem::take(&mut self.skipping) {
                lines.push(line_of(line));
            }
        }
        if self.unfinished.len() > LINE_BYTES_MAX {
            self.unfinished.clear();
            if !std::mem::replace(&mut self.skipping, true) {
                lines.push(Line::TooLong);
            }
        }
        self.searched = self.unfinished.len();
    }

    /// The last line, which needs no end.
    pub(super) fn rest(self) -> Option<Line> {
        (!self.skipping && !self.unfinished.is_empty()).then(|| line_of(self.unfinished))
    }
}

fn line_of(bytes: BytesMut) -> Line {
    if bytes.len() > LINE_BYTES_MAX { Line::TooLong } else { Line::Whole(bytes.freeze()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_the_body_was_cut() {
        let long = "x".repeat(LINE_BYTES_MAX + 1);
        let body = format!("one\n\n{long}\ntwo\r\nthree");
        let whole = |text: &'static str| Line::Whole(Bytes::from_static(text.as_bytes()));
        let expected = [whole("one\n"), whole("\n"), Line::TooLong, whole("two\r\n"), whole("three")];
        for size in [1, 7, 4096, body.len()] {
            let (mut cutter, mut lines) = (Cutter::default(), Vec::new());
            body.as_bytes().chunks(size).for_each(|frame| cutter.cut(frame, &mut lines));
            lines.extend(cutter.rest());
            assert!(lines == expected, "cut every {size} bytes");
        }
    }

    #[test]
    fn a_long_line_that_never_ends_is_told_once_and_not_kept() {
        let (mut cutter, mut lines) = (Cutter::default(), Vec::new());
        for _ in 0..4 {
            cutter.cut(&[b'x'; LINE_BYTES_MAX], &mut lines);
        }
        assert_eq!(lines, [Line::TooLong]);
        assert!(cutter.unfinished.len() <= LINE_BYTES_MAX);
        assert_eq!(cutter.rest(), None);
    }
}
