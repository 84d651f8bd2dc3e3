//! Small drawings, sixteen units square, in the colour of the text around them. Words beside them say the
//! same, so readers by ear lose nothing.

use maud::{Markup, PreEscaped};

fn icon(drawing: &str) -> Markup {
    PreEscaped(format!(
        r#"<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{drawing}</svg>"#
    ))
}

/// The product's mark: a file with a timeline on it.
pub(super) fn mark() -> Markup {
    icon(
        r#"<path d="M3 1.75h7l3 3v9.5H3z"/><path d="M6 6v5.5"/><path d="M8.5 6H10.5M8.5 8.75h2M8.5 11.5h2"/>"#,
    )
}

/// A closed lock: sealed.
pub(super) fn lock() -> Markup {
    icon(
        r#"<rect x="3" y="7" width="10" height="7" rx="1"/><path d="M5.25 7V4.75a2.75 2.75 0 0 1 5.5 0V7"/>"#,
    )
}

/// A struck eye: masked.
pub(super) fn masked() -> Markup {
    icon(
        r#"<path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z"/><path d="M2.5 13.5l11-11"/>"#,
    )
}

/// An open eye: looked at.
pub(super) fn eye() -> Markup {
    icon(
        r#"<path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z"/><circle cx="8" cy="8" r="2"/>"#,
    )
}

/// A sheet in strips: destroyed.
pub(super) fn shredded() -> Markup {
    icon(
        r#"<path d="M3.5 7V1.75h9V7"/><path d="M1.5 7.5h13"/><path d="M4 10v4M6.667 10v2.5M9.333 10v4M12 10v2.5"/>"#,
    )
}

/// A triangle with a stroke: something is wrong.
pub(in super::super) fn alert() -> Markup {
    icon(r#"<path d="M8 2L14.5 13.5h-13z"/><path d="M8 6.5v3"/><path d="M8 11.5v.01"/>"#)
}

/// A clock: another day is shown, or a fact came late.
pub(in super::super) fn clock() -> Markup {
    icon(r#"<circle cx="8" cy="8" r="6"/><path d="M8 4.75V8l2.25 1.5"/>"#)
}
