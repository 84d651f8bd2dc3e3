//! The house of the README, kept by tests: walls between rooms, sizes, folders, banned words.

#![expect(clippy::panic, reason = "a guard says which file breaks the house")]

use std::path::{Path, PathBuf};

const LINES_MAX: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder of this project, without what builds leave behind.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{extension} file in {folder}");
    found
}

fn rust_files() -> Vec<PathBuf> {
    ["src", "schemas", "projections", "tests", "benches"]
        .iter()
        .flat_map(|folder| files(folder, "rs"))
        .collect()
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// Files that only tests are made of.
fn is_for_tests(path: &Path) -> bool {
    let name = name(path);
    name.ends_with("/tests.rs")
        || name.contains("/tests/")
        || name.contains("/sample")
        || name.ends_with("/given.rs")
        || name.contains("/given/")
}

/// The part of a file that is not its tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// Rooms of `src/`, lower ones first: a room may use what stands before it.
const ROOMS: &[&[&str]] = &[
    &["clock", "error", "config", "telemetry", "db", "caller", "outbound", "background"],
    &["store", "vault", "projector", "notary", "stamps"],
    &[
        "intake",
        "copying",
        "timeline",
        "accesses",
        "erasure",
        "lookup",
        "log_check",
        "simulate",
        "governed",
        "rulebook",
        "policies",
        "decision",
        "export",
        "registers",
        "proofs",
        "anchors",
        "witness",
        "outside",
        "dossier",
    ],
    &["app"],
    &["http"],
    &["cli"],
];

fn level(room: &str) -> usize {
    ROOMS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("src/{room} has no room in ROOMS"))
}

/// Rooms that a file names as `crate::room`.
fn rooms_used(code: &str) -> Vec<&str> {
    let word = |rest: &'_ str| {
        rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("").len()
    };
    code.split("crate::").skip(1).map(|rest| &rest[..word(rest)]).filter(|room| !room.is_empty()).collect()
}

#[test]
fn a_room_uses_only_rooms_below_it() {
    for path in files("src", "rs") {
        let inside = path.strip_prefix(root().join("src")).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        if matches!(room.as_str(), "lib" | "main") {
            continue;
        }
        for used in rooms_used(&code(&path)) {
            let allowed =
                used == room || level(used) < level(&room) || level(&room) == level(used) && level(used) != 1;
            assert!(allowed, "{} uses crate::{used}, which stands above it", name(&path));
        }
    }
}

#[test]
fn engines_do_not_know_one_another() {
    for (room, others) in [
        ("src/store", ["vault", "projector"]),
        ("src/vault", ["store", "projector"]),
        ("src/projector", ["store", "vault"]),
    ] {
        for path in files(room, "rs") {
            for used in rooms_used(&code(&path)) {
                assert!(!others.contains(&used), "{} uses crate::{used}", name(&path));
            }
        }
    }
}

#[test]
fn only_the_doors_know_http_or_a_terminal() {
    for path in files("src", "rs") {
        let inside = name(&path);
        let code = code(&path);
        let names = |word: &str| code.contains(word);
        if !inside.starts_with("src/http/") {
            assert!(!names("axum::") && !names("maud::"), "{inside} knows HTTP");
        }
        if !inside.starts_with("src/cli/") {
            assert!(!names("println!") && !names("indicatif"), "{inside} knows the terminal");
        }
    }
}

#[test]
fn the_pure_crates_know_no_clock_network_database_or_cipher() {
    for path in files("schemas", "rs").into_iter().chain(files("projections", "rs")) {
        let code = code(&path);
        for word in ["tokio", "sqlx", "axum", "chacha20", "std::net", "SystemTime", "Utc::now", "async fn"] {
            assert!(!code.contains(word), "{} names {word}", name(&path));
        }
    }
}

#[test]
fn no_file_is_longer_than_the_ceiling() {
    for path in rust_files() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines: look for the second thing in it", name(&path));
    }
}

#[test]
fn nothing_unwraps_outside_tests() {
    for path in files("src", "rs").into_iter().chain(files("schemas", "rs")).chain(files("projections", "rs"))
    {
        if is_for_tests(&path) {
            continue;
        }
        let code = code(&path);
        for word in [".unwrap()", ".expect(", "todo!(", "unimplemented!(", "panic!(", "unreachable!("] {
            assert!(!code.contains(word), "{} has {word}", name(&path));
        }
    }
}

#[test]
fn the_readme_lists_the_folders_that_are_there() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let map = readme.split("## Folder map").nth(1).unwrap().split("\n## ").next().unwrap();
    let listed: Vec<_> = map
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|rest| rest.split('`').next().unwrap().trim_end_matches('/'))
        .collect();
    for path in &listed {
        assert!(root().join(path).exists(), "the README lists {path}, which is not there");
    }
    let mut there: Vec<String> = Vec::new();
    for folder in ["", "src", "migrations/sqlite", "migrations/postgres"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let shown = name(&path);
            let hidden =
                shown.starts_with('.') || shown == "target" || shown.starts_with("subject-record-demo");
            let is_rust = path.is_dir() || folder == "src";
            if !hidden && (is_rust || folder.is_empty()) {
                there.push(shown);
            }
        }
    }
    for path in there {
        let inside = format!("{path}/");
        let is_listed = listed.iter().any(|listed| *listed == path || listed.starts_with(&inside));
        assert!(is_listed, "{path} is there, and the README's folder map does not list it");
    }
}

#[test]
fn the_top_level_is_the_one_that_was_asked_for() {
    let allowed = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "benches",
        "deploy",
        "docs",
        "migrations",
        "projections",
        "schemas",
        "src",
        "target",
        "tests",
    ];
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let generated = name == "subject-record-demo";
        assert!(
            name.starts_with('.') || generated || allowed.contains(&name.as_str()),
            "{name} does not belong here"
        );
    }
}

#[test]
fn no_file_tells_where_it_was_written() {
    // In two halves, or this file would be found.
    let words = [concat!("/wo", "rk/"), concat!("../sha", "red"), concat!("/ro", "ot/")];
    for (folder, extension) in [
        ("src", "rs"),
        ("schemas", "rs"),
        ("projections", "rs"),
        ("tests", "rs"),
        ("benches", "rs"),
        ("docs", "md"),
        ("migrations", "sql"),
        ("schemas", "json"),
        ("projections", "toml"),
    ] {
        for path in files(folder, extension) {
            let text = std::fs::read_to_string(&path).unwrap();
            for word in words {
                assert!(!text.contains(word), "{} names {word}", name(&path));
            }
        }
    }
}
