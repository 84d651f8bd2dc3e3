//! How a stretch of text looks: which of the three faces, how large, in which colour.

use krilla::color::rgb;

/// A face that is embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Noto Sans.
    Regular,
    /// Noto Sans Bold.
    Bold,
    /// Noto Sans Mono: hashes, keys, commands, code points.
    Mono,
}

/// A colour with a meaning. No meaning is carried by the colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ink {
    /// Text.
    #[default]
    Black,
    /// What is said beside it.
    Grey,
    /// Rules between rows.
    Line,
    /// Ground of table heads and commands.
    Shade,
    /// Headings.
    Accent,
    /// What must not be overlooked.
    Warning,
    /// Ground of what must not be overlooked.
    WarningShade,
    /// Stands for a character that the faces lack: drawn with a frame.
    Missing,
}

impl Ink {
    /// Dark inks keep a contrast of 4.5:1 on white, so that a copied page stays legible.
    pub(super) fn colour(self) -> rgb::Color {
        match self {
            Self::Black => rgb::Color::new(20, 20, 20),
            Self::Grey => rgb::Color::new(92, 92, 92),
            Self::Line => rgb::Color::new(200, 203, 208),
            Self::Shade => rgb::Color::new(240, 242, 245),
            Self::Accent => rgb::Color::new(22, 56, 99),
            Self::Warning | Self::Missing => rgb::Color::new(150, 30, 20),
            Self::WarningShade => rgb::Color::new(253, 238, 235),
        }
    }
}

/// Face, size and colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) face: Face,
    /// In points.
    pub(super) size: f32,
    pub(super) ink: Ink,
}

impl Style {
    /// Running text.
    pub(super) const BODY: Self = Self { face: Face::Regular, size: 9.5, ink: Ink::Black };
    /// Text of tables.
    pub(super) const CELL: Self = Self { face: Face::Regular, size: 8.5, ink: Ink::Black };
    /// What stands beside: labels, sources, revisions.
    pub(super) const NOTE: Self = Self { face: Face::Regular, size: 7.5, ink: Ink::Grey };
    /// Hashes, keys, references.
    pub(super) const CODE: Self = Self { face: Face::Mono, size: 7.5, ink: Ink::Black };

    /// The same in bold.
    pub(super) const fn bold(self) -> Self {
        Self { face: Face::Bold, ..self }
    }

    /// The same at another size, in points.
    pub(super) const fn sized(self, size: f32) -> Self {
        Self { size, ..self }
    }

    /// The same in another colour.
    pub(super) const fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }
}

/// A stretch of text in one style.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Span {
    pub(super) fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}
