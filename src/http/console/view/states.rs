//! Personal values as they meet the eye: shown, masked, sealed, destroyed, lost. Each looks different, with
//! a word and a drawing of its own, so that nobody has to tell them apart by colour.

use maud::{Markup, html};
use subject_record_schemas::personal::Personal;

use super::super::model::{MemberValue, MemberView};
use super::super::words::StateWords;
use super::icons;

/// Stands for any masked value. Its length says nothing about the value's.
const MASK: &str = "••••••";

/// A value of an opened box.
pub(super) fn member(words: &StateWords, value: &MemberValue) -> Markup {
    match value {
        MemberValue::Shown(text) => html! { span class="value" { (text) } },
        MemberValue::Masked { reveal_href } => html! {
            span class="state masked" title=(words.masked) {
                (icons::masked()) span class="mask" aria-hidden="true" { (MASK) }
                span class="by-ear" { (words.masked) }
            }
            @if let Some(href) = reveal_href {
                " " a class="reveal" href=(href) rel="nofollow" { (words.reveal) }
            }
        },
    }
}

/// A single value, or what became of it.
pub(super) fn value(words: &StateWords, value: &Personal<MemberValue>) -> Markup {
    match value {
        Personal::Open(value) => member(words, value),
        Personal::Sealed => html! {
            span class="state sealed" title=(words.sealed_text) { (icons::lock()) (words.sealed) }
        },
        Personal::Shredded => html! {
            span class="state shredded" title=(words.shredded_text) { (icons::shredded()) (words.shredded) }
        },
        Personal::Lost => html! {
            span class="state lost" title=(words.lost_text) { (icons::alert()) (words.lost) }
        },
    }
}

/// The state of all personal values of an event, in a word.
pub(super) fn badge(words: &StateWords, personal: &Personal<Vec<MemberView>>) -> Markup {
    let masked = |member: &MemberView| matches!(member.value, MemberValue::Masked { .. });
    match personal {
        Personal::Open(members) if members.iter().all(masked) => html! {
            span class="state masked" { (icons::masked()) (words.masked) }
        },
        Personal::Open(members) if members.iter().any(masked) => html! {
            span class="state masked" { (icons::masked()) (words.partly_masked) }
        },
        Personal::Open(_) => html! { span class="state open" { (icons::eye()) (words.open) } },
        Personal::Sealed => value(words, &Personal::Sealed),
        Personal::Shredded => value(words, &Personal::Shredded),
        Personal::Lost => value(words, &Personal::Lost),
    }
}

/// All personal values of an event, or why there is none to show.
pub(super) fn members(words: &StateWords, personal: &Personal<Vec<MemberView>>) -> Markup {
    match personal {
        Personal::Open(members) => html! {
            dl class="pairs" {
                @for one in members {
                    div { dt { (one.label) } dd { (member(words, &one.value)) } }
                }
            }
        },
        Personal::Sealed => html! { p class="closed sealed" { (words.sealed_text) } },
        Personal::Shredded => html! { p class="closed shredded" { (words.shredded_text) } },
        Personal::Lost => html! { p class="closed lost" role="note" { (words.lost_text) } },
    }
}
