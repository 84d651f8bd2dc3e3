//! Whole documents, read back by poppler.

mod faces;
mod sample;
mod tools;

use subject_record_schemas::vocabulary::Language;

use super::moments;
use super::words::{Words, filled};
use super::*;
use crate::dossier::report::{Cell, LineValues, ShownValue, Table, Values};
use sample::{attachments, report};
use tools::{attached, detach, fonts, squeeze, squeezed, text};

#[test]
fn a_report_with_everything_becomes_pdf_a_in_every_language() {
    for language in Language::ALL {
        let bytes = render(&report(*language, 50), attachments()).expect("conforms");
        let raw = String::from_utf8_lossy(&bytes);
        assert!(raw.contains("<pdfaid:part>3</pdfaid:part>"), "{language}");
        assert!(raw.contains("<pdfaid:conformance>A</pdfaid:conformance>"), "{language}");
        let words = Words::of(*language);
        let printed = squeezed(&bytes);
        for heading in [words.disputes, words.timeline, words.findings, words.custody, words.files] {
            assert!(printed.matches(&squeeze(heading)).count() >= 2, "{language}: {heading}");
        }
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let first = render(&report(Language::Kk, 30), attachments()).expect("conforms");
    for _ in 0..2 {
        assert!(first == render(&report(Language::Kk, 30), attachments()).expect("conforms"));
    }
    let mut later = report(Language::Kk, 30);
    later.cover.made_at += chrono::Duration::seconds(1);
    assert!(first != render(&later, attachments()).expect("conforms"));
}

#[test]
fn every_font_is_embedded() {
    let fonts = fonts(&render(&report(Language::Ru, 5), vec![]).expect("conforms"));
    assert_eq!(fonts.len(), 3, "{fonts:?}");
    assert!(fonts.iter().all(|(name, embedded)| name.contains("+NotoSans") && *embedded), "{fonts:?}");
}

#[test]
fn attachments_come_out_as_they_went_in() {
    let files = attachments();
    let bytes = render(&report(Language::En, 1), files.clone()).expect("conforms");
    let names = attached(&bytes);
    assert_eq!(names.len(), files.len());
    for (index, name) in names.iter().enumerate() {
        let file = files.iter().find(|file| file.name == *name).expect("attached");
        assert_eq!(detach(&bytes, index + 1), file.bytes, "{name}");
    }
    let raw = String::from_utf8_lossy(&bytes);
    for (relationship, count) in [("Data", 1), ("Source", 1), ("Supplement", 3)] {
        assert_eq!(raw.matches(&format!("/AFRelationship/{relationship}")).count(), count);
    }
    assert!(raw.contains("/Subtype/application#2Fx-ndjson"));
}

#[test]
fn a_thousand_events_are_all_printed() {
    let mut report = report(Language::Kk, 1000);
    for (number, line) in report.timeline.iter_mut().enumerate() {
        line.source = format!("source{number:06}");
        line.sentence = format!("№ {number}");
    }
    let printed = squeezed(&render(&report, vec![]).expect("conforms"));
    for line in &report.timeline {
        assert_eq!(printed.matches(&line.source).count(), 1, "{}", line.source);
        assert!(printed.contains(&squeeze(&line.title)), "{}", line.title);
    }
}

#[test]
fn a_row_higher_than_a_page_is_split_and_loses_nothing() {
    let mut report = report(Language::En, 3);
    let word = |number: usize| format!("word{number:05}");
    report.timeline[1].sentence = (0..4000).map(|number| word(number) + " ").collect();
    let printed = text(&render(&report, vec![]).expect("conforms"));
    for number in 0..4000 {
        assert_eq!(printed.matches(&word(number)).count(), 1, "{number}");
    }
}

#[test]
fn every_page_names_the_dossier_and_its_number() {
    let report = report(Language::Ru, 40);
    let printed = text(&render(&report, vec![]).expect("conforms"));
    let pages: Vec<_> = printed.split_terminator('\u{c}').collect();
    assert!(pages.len() > 8);
    for (index, page) in pages.iter().enumerate() {
        let number = format!("Страница {} из {}", index + 1, pages.len());
        assert!(page.contains(&number), "{number}");
        assert!(page.contains(&report.cover.dossier_id));
        assert!(page.contains("МОДЕЛЬНЫЙ ЖУРНАЛ"), "page {index}");
    }
}

#[test]
fn a_real_log_has_no_banner() {
    let real = crate::dossier::report::Report { simulated: false, ..report(Language::Ru, 3) };
    assert!(!text(&render(&real, vec![]).expect("conforms")).contains("МОДЕЛЬНЫЙ"));
}

#[test]
fn the_contents_name_the_page_on_which_a_section_begins() {
    let printed = text(&render(&report(Language::En, 60), vec![]).expect("conforms"));
    let pages: Vec<_> = printed.split_terminator('\u{c}').collect();
    let words = Words::of(Language::En);
    let contents = pages.iter().find(|page| page.contains("\nContents\n")).expect("contents");
    let numbers = contents.lines().filter_map(|line| line.trim().parse::<usize>().ok()).collect::<Vec<_>>();
    for heading in [words.timeline, words.findings, words.custody, words.verification] {
        let page =
            1 + pages.iter().rposition(|page| page.lines().any(|line| line == heading)).expect(heading);
        assert!(numbers.contains(&page), "{heading} on {page}, {numbers:?}");
    }
}

#[test]
fn a_claim_is_late_by_one_calendar_and_in_time_by_another() {
    // Received on 14 October at half past midnight in Kazakhstan, which is still the 13th in UTC.
    let printed = text(&render(&report(Language::En, 1), vec![]).expect("conforms"));
    let printed = printed.replace('\u{a0}', " ");
    assert!(printed.contains("14 Oct 2026 00:30:00 +05:00"));
    let words = Words::of(Language::En);
    assert_eq!(printed.lines().filter(|line| line.trim() == words.late).count(), 1);
    assert_eq!(printed.lines().filter(|line| line.trim() == words.in_time).count(), 1);
}

#[test]
fn an_unknown_venue_is_said_and_not_left_blank() {
    let mut report = report(Language::Ru, 1);
    report.cover.operator_address = None;
    let printed = squeezed(&render(&report, vec![]).expect("conforms"));
    assert!(printed.contains(&squeeze(Words::of(Language::Ru).venue_unknown)));
}

#[test]
fn withheld_shredded_and_lost_values_are_told_apart() {
    for (values, said) in [
        (LineValues::Withheld, Words::of(Language::Kk).line_withheld),
        (LineValues::Shredded, Words::of(Language::Kk).line_shredded),
        (LineValues::Lost, Words::of(Language::Kk).line_lost),
    ] {
        let mut report = report(Language::Kk, 1);
        report.timeline[0].values = values;
        assert!(squeezed(&render(&report, vec![]).expect("conforms")).contains(&squeeze(said)), "{said}");
    }
}

#[test]
fn an_empty_report_says_so_in_every_section() {
    for language in Language::ALL {
        let mut report = report(*language, 0);
        report.cover.values = Values::None;
        (report.disputes, report.tables, report.findings) = (vec![], vec![], vec![]);
        (report.texts, report.custody) = (vec![], vec![]);
        (report.proof.stamps, report.proof.heads) = (vec![], None);
        let printed = squeezed(&render(&report, vec![]).expect("conforms"));
        let words = Words::of(*language);
        for said in [
            words.disputes_none,
            words.timeline_none,
            words.tables_none,
            words.findings_none,
            words.texts_none,
            words.custody_none,
            words.stamps_none,
            words.heads_missing,
            words.values_none,
        ] {
            assert!(printed.contains(&squeeze(said)), "{language}: {said}");
        }
    }
}

#[test]
fn values_with_characters_of_other_scripts_do_not_stop_a_dossier() {
    let mut report = report(Language::Ru, 1);
    let odd = "李小龙 🙂 \u{202e}gnp \u{e000} محمد \u{fffe}".to_owned();
    report.timeline[0].values =
        LineValues::Shown(vec![ShownValue { name: "имя".to_owned(), text: odd.clone() }]);
    report.cover.case_ref = Some(odd.clone());
    report.disputes[0].dispute_ref = odd.clone();
    report.cover.dossier_id = odd;
    let printed = squeezed(&render(&report, vec![]).expect("conforms"));
    for code in ["U+674E", "U+1F642", "U+202E", "U+E000", "U+0645"] {
        assert!(printed.contains(code), "{code}");
    }
}

#[test]
fn a_table_with_too_few_cells_or_many_columns_is_printed() {
    let mut report = report(Language::En, 1);
    let columns: Vec<String> = (0..14).map(|number| format!("column{number:02}")).collect();
    let cells: Vec<Cell> = (0..14).map(|number| Cell::Text(format!("cell{number:02}"))).collect();
    report.tables = vec![
        Table {
            name: "unknown_table".to_owned(),
            columns: columns.clone(),
            rows: vec![cells.clone(), vec![]],
        },
        Table {
            name: "short".to_owned(),
            columns: columns[..3].to_vec(),
            rows: vec![cells[..1].to_vec(), cells],
        },
        Table { name: "none".to_owned(), columns: vec![], rows: vec![vec![]] },
    ];
    let printed = squeezed(&render(&report, vec![]).expect("conforms"));
    for number in 0..14 {
        assert!(printed.contains(&format!("column{number:02}")));
        assert!(printed.contains(&format!("cell{number:02}")));
    }
}

#[test]
fn an_attachment_twice_or_without_a_media_type_is_an_error() {
    let mut twice = attachments();
    twice.push(twice[0].clone());
    let refused = render(&report(Language::En, 1), twice);
    assert!(matches!(refused, Err(RenderError::TwiceAttached(name)) if name == "manifest.json"));
    let mut nameless = attachments();
    nameless[0].media_type = "json".to_owned();
    let refused = render(&report(Language::En, 1), nameless);
    assert!(matches!(refused, Err(RenderError::MediaType(name)) if name == "manifest.json"));
}

#[test]
fn times_are_told_by_the_clocks_of_kazakhstan_with_the_offset() {
    let at = sample::at("2026-03-01T19:30:59.9Z");
    assert_eq!(moments::instant(Language::Ru, at), "02.03.2026 00:30:59\u{a0}+05:00");
    assert_eq!(moments::instant(Language::En, at), "2\u{a0}Mar\u{a0}2026 00:30:59\u{a0}+05:00");
    assert_eq!(moments::day(Language::Kk, moments::day_of(at)), "02.03.2026");
}

#[test]
fn the_footer_names_the_checkpoint() {
    let report = report(Language::En, 1);
    let root: String = report.proof.checkpoint_root.chars().take(16).collect();
    let footer = filled(Words::of(Language::En).checkpoint, &[("size", "4711"), ("root", &root)]);
    assert!(text(&render(&report, vec![]).expect("conforms")).contains(&footer));
}

#[test]
fn the_report_survives_json() {
    let report = report(Language::Kk, 12);
    let json = serde_json::to_string(&report).expect("JSON");
    assert_eq!(serde_json::from_str::<crate::dossier::report::Report>(&json).expect("a report"), report);
}
