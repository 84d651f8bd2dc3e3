//! Documents are held to the code: every setting with its default and unit, every error code, every finding and due
//! date with what the rules say of it.
#![expect(clippy::panic, reason = "a test says what it met")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use subject_record::config::Config;
use subject_record::error;
use subject_record_projections::rules::{FindingCode, RulePack};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

const ERRORS_BEGIN: &str = "# Error codes

Every refusal bears one of these codes: as `code` of a problem document (RFC 9457) over HTTP, in front of the
message on the command line. A code never changes its meaning. What caused an error within the service is
written to its own log, under the request id of the answer, and never sent.

| Status | Code | Meaning | What to do |
|---|---|---|---|
";

/// With `UPDATE_PUBLISHED=1` in the environment the file is written anew instead.
#[test]
fn every_error_code_is_listed_with_its_status_meaning_and_advice() {
    let mut codes = error::ALL.to_vec();
    codes.sort_by_key(|code| code.status);
    let row = |code: &error::Code| {
        format!("| {} | `{}` | {}. | {} |\n", code.status, code.word, code.title, code.advice)
    };
    let text = ERRORS_BEGIN.to_owned() + &codes.iter().map(row).collect::<String>();
    if std::env::var_os("UPDATE_PUBLISHED").is_some() {
        std::fs::write(path("errors.md"), &text).unwrap();
    }
    let kept = std::fs::read_to_string(path("errors.md")).unwrap_or_default();
    assert_eq!(kept, text, "docs/errors.md differs; UPDATE_PUBLISHED=1 cargo test writes it anew");
}

/// Settings by section and name, as the document has them: default and unit.
fn documented() -> BTreeMap<(String, String), (String, String)> {
    let text = std::fs::read_to_string(path("settings.md")).unwrap();
    let mut found = BTreeMap::new();
    for section in text.split("\n## `[").skip(1) {
        let (name, rows) = section.split_once("]`").unwrap();
        for row in rows.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let [_, setting, default, unit, says, _] = cells.as_slice() else { panic!("{row}") };
            assert!(!unit.is_empty() && says.ends_with('.'), "{row}");
            let setting = setting.trim_matches('`').to_owned();
            let there = found.insert((name.to_owned(), setting), ((*default).to_owned(), (*unit).to_owned()));
            assert_eq!(there, None, "{row} stands there twice");
        }
    }
    found
}

/// Settings that have no default: where things lie is said by `init`.
const REQUIRED: &str = "paths";

#[test]
fn every_setting_is_documented_with_its_default_and_unit_and_no_other() {
    let paths = "[paths]\ndata = ''\nkek = ''\nsigning_key = ''\n";
    let config = serde_json::to_value(toml::from_str::<Config>(paths).unwrap()).unwrap();
    let mut documented = documented();
    for (section, settings) in config.as_object().unwrap() {
        for (name, default) in settings.as_object().unwrap() {
            let shown = documented.remove(&(section.clone(), name.clone()));
            let (shown, unit) = shown.unwrap_or_else(|| panic!("docs/settings.md lacks {section}.{name}"));
            if section == REQUIRED {
                assert!(shown.starts_with("required"), "{section}.{name}: {shown}");
            } else {
                assert_eq!(shown, format!("`{default}`"), "{section}.{name}");
            }
            assert_eq!(unit_in_name(name).unwrap_or(&unit), unit, "{section}.{name}");
            assert!(
                matches!(default, Value::String(_) | Value::Number(_) | Value::Bool(_))
                    || *default == json!([]),
                "{section}.{name}"
            );
        }
    }
    assert_eq!(documented, BTreeMap::new(), "docs/settings.md has settings that do not exist");
}

/// The unit that a setting's name carries.
fn unit_in_name(name: &str) -> Option<&str> {
    let units = ["bytes", "milliseconds", "seconds", "events", "headers", "connections", "pages"];
    if name.contains("per_second") {
        return Some("events per second");
    }
    let name = name.trim_end_matches("_max");
    units.into_iter().find(|unit| name.ends_with(unit))
}

fn findings() -> String {
    std::fs::read_to_string(path("findings.md")).unwrap()
}

#[test]
fn every_finding_is_documented_with_its_severity_clauses_and_articles_and_no_other() {
    let listed = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let judged = FindingCode::ALL.iter().map(|code| {
        let rule = RulePack::built_in().finding(*code);
        let severity = match (rule.otherwise, &rule.otherwise_note) {
            (Some(otherwise), Some(note)) => format!("{}; {otherwise}: {note}", rule.severity),
            _ => rule.severity.to_string(),
        };
        [code.to_string(), severity, listed(&rule.clauses), listed(&rule.articles)]
    });
    let text = findings();
    let is_code = |cell: &str| cell.strip_prefix('F').is_some_and(|number| number.parse::<u8>().is_ok());
    let rows = text.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let documented = rows.filter(|cells| cells.get(1).is_some_and(|cell| is_code(cell))).map(|cells| {
        let [_, code, says, opens, cured, severity, clauses, articles, _] = cells.as_slice() else {
            panic!("{cells:?}")
        };
        assert!([says, opens, cured].iter().all(|cell| !cell.is_empty()), "{cells:?}");
        [code, severity, clauses, articles].map(|cell| (*cell).to_owned())
    });
    assert_eq!(documented.collect::<Vec<_>>(), judged.collect::<Vec<_>>());
}

#[test]
fn every_rule_that_sets_a_due_date_is_documented_and_no_other() {
    let pack: toml::Table = toml::from_str(RulePack::BUILT_IN_TEXT).unwrap();
    let rules = ["deadline", "stated"].into_iter().flat_map(|kind| pack[kind].as_array().unwrap());
    let mut rules: Vec<_> = rules.map(|rule| format!("`{}`", rule["id"].as_str().unwrap())).collect();
    let text = findings();
    let section = text.split("\n## ").find(|section| section.starts_with("Due dates")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut documented: Vec<_> =
        rows.map(|row| row.split('|').nth(3).unwrap_or_default().trim().to_owned()).collect();
    rules.sort();
    documented.sort();
    assert_eq!(documented, rules);
}
