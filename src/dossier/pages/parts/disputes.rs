//! Disputes (clause 5.2): the venue, both parties' days, the last day of the written claim, the text in force.

use super::{Block, Cell, Table, Voice, Widths, body_text, pairs, positions, section, subsection};
use crate::dossier::pages::blocks::Para;
use crate::dossier::pages::ink::Style;
use crate::dossier::pages::moments::day_of;
use crate::dossier::pages::words::filled;
use crate::dossier::report::{ClaimDue, Dispute, Party, Report};

pub(super) fn blocks(report: &Report, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let mut blocks = vec![section(words.disputes), body_text(words.disputes_clause)];
    if report.disputes.is_empty() {
        blocks.push(body_text(words.disputes_none));
        return blocks;
    }
    blocks.push(body_text(words.disputes_caution));
    for dispute in &report.disputes {
        blocks.extend(one(report, dispute, voice));
    }
    blocks
}

fn one(report: &Report, dispute: &Dispute, voice: Voice) -> Vec<Block> {
    let words = voice.words;
    let day =
        |date: Option<_>| Cell::text(date.map_or_else(|| words.unknown.to_owned(), |date| voice.day(date)));
    let venue = report.cover.operator_address.as_deref().unwrap_or(words.venue_unknown);
    let received = dispute.received_at.map_or_else(|| words.claim_missing.to_owned(), |at| voice.instant(at));
    let text = match &dispute.text_in_force {
        None => Cell::text(words.text_missing),
        Some(text) => {
            Cell::of(vec![Para::text(&text.version, Style::CELL), Para::text(&text.hash, Style::CODE)])
        }
    };
    let facts = pairs(vec![
        (words.stage, Cell::text(voice.word(&dispute.stage.to_string()))),
        (words.venue, Cell::text(venue)),
        (words.arose_subject, day(dispute.arose_at_subject)),
        (words.arose_operator, day(dispute.arose_at_operator)),
        (words.claim_received, Cell::text(received)),
        (words.text_in_force, text),
        (words.rests_on, Cell::text(positions(&dispute.positions))),
    ]);
    let heading = subsection(filled(words.dispute, &[("reference", &dispute.dispute_ref)]));
    let mut blocks = vec![heading, facts];
    if dispute.due.is_empty() {
        blocks.push(body_text(words.due_missing));
    } else {
        blocks.push(Block::Para(Para::text(words.due, Style::BODY.bold()).after(4.0)));
        blocks.push(due(dispute, voice));
    }
    blocks
}

fn due(dispute: &Dispute, voice: Voice) -> Block {
    let words = voice.words;
    let row = |due: &ClaimDue| {
        let party = match due.by {
            Party::Subject => words.party_subject,
            Party::Operator => words.party_operator,
        };
        let came = match dispute.received_at {
            None => words.claim_missing,
            Some(at) if day_of(at) <= due.date => words.in_time,
            Some(_) => words.late,
        };
        let day = Para::text(voice.day(due.date), Style::CELL.bold());
        vec![Cell::text(party), Cell::code(&due.calendar_version), Cell::of(vec![day]), Cell::text(came)]
    };
    let head = [words.due_by, words.due_calendar, words.due_date, words.due_claim];
    Block::Table(Table {
        widths: Widths::Shares(vec![0.3, 0.28, 0.18, 0.24]),
        head: head.map(str::to_owned).to_vec(),
        rows: dispute.due.iter().map(row).collect(),
    })
}
