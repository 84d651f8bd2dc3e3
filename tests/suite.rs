//! The one test binary. A file under `tests/` that nobody declares fails the first test.
#![expect(clippy::unwrap_used, reason = "tests")]

mod assessor;
mod conformance;
mod demo;
mod documents;
mod doors;
mod guards;
mod instances;
mod intake;
mod kurrent;
mod notary;
mod opening;
mod outside;
mod page;
pub(crate) mod postgres;
mod projector;
mod proofs;
mod readme;
mod stamps;
mod tools;
mod traces;
mod vault;
mod witness;

use std::path::{Path, PathBuf};

/// Modules that a source text declares, in order.
fn declared(source: &str) -> Vec<&str> {
    source
        .lines()
        .filter_map(|line| line.strip_suffix(';')?.trim_start_matches("pub(crate) ").strip_prefix("mod "))
        .collect()
}

/// Rust files under a folder of tests that no source text above them declares.
fn strays(folder: &Path, root: &Path) -> Vec<PathBuf> {
    let source = std::fs::read_to_string(root).unwrap_or_default();
    let declared = declared(&source);
    let mut strays = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_declared =
            path.file_stem().is_some_and(|name| declared.iter().any(|declared| name == *declared));
        if path.is_dir() {
            let inner = path.join("mod.rs");
            if inner.exists() && !is_declared {
                strays.push(inner.clone());
            }
            strays.extend(self::strays(&path, &inner));
        } else if path.extension().is_some_and(|end| end == "rs") && path != root && !is_declared {
            strays.push(path);
        }
    }
    strays
}

#[test]
fn no_test_file_is_forgotten() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    assert_eq!(strays(&folder, &folder.join("suite.rs")), Vec::<PathBuf>::new());
}

#[test]
fn modules_are_declared_in_order() {
    let declared = declared(include_str!("suite.rs"));
    assert!(declared.is_sorted(), "{declared:?}");
}
