//! Published texts, word for word.

use super::{Block, Cell, Voice, body_text, pairs, section, subsection};
use crate::dossier::pages::blocks::Para;
use crate::dossier::pages::ink::Style;
use crate::dossier::report::{Report, Text, TextKind};

pub(super) fn blocks(report: &Report, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let mut blocks = vec![section(words.texts)];
    if report.texts.is_empty() {
        blocks.push(body_text(words.texts_none));
        return blocks;
    }
    blocks.push(body_text(words.texts_intro));
    for text in &report.texts {
        blocks.extend(one(text, voice));
    }
    blocks
}

fn one(text: &Text, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let kind = match text.kind {
        TextKind::Policy => words.policy_text,
        TextKind::Consent => words.consent_text,
        TextKind::RulePack => words.rule_pack_text,
        TextKind::Other => words.other_text,
    };
    let heading =
        text.version.as_ref().map_or_else(|| kind.to_owned(), |version| format!("{kind}, {version}"));
    let mut rows = Vec::new();
    if let Some(language) = text.locale {
        rows.push((words.language, Cell::text(voice.word(&language.to_string()))));
    }
    if let Some(at) = text.published_at {
        rows.push((words.published, Cell::text(voice.instant(at))));
    }
    rows.push((words.hash, Cell::code(&text.hash)));
    let mut blocks = vec![subsection(heading), pairs(rows)];
    match &text.body {
        None => blocks.push(body_text(words.body_missing)),
        Some(_) if text.kind == TextKind::RulePack => blocks.push(body_text(words.body_attached)),
        Some(body) => {
            let lines = body.split(['\n', '\u{2028}', '\u{2029}']).map(|line| line.trim_end_matches('\r'));
            let paras = lines.filter(|line| !line.trim().is_empty());
            let style = Style::BODY.sized(9.0);
            blocks.extend(
                paras.map(|line| Block::Para(Para::text(line, style).after(4.0).language(text.locale))),
            );
            blocks.push(Block::Gap(10.0));
        }
    }
    blocks
}
