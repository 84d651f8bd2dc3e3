//! Programs that some tests need besides a Rust toolchain.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Names the tools whose tests must run, separated by spaces: `tests/run` sets it to what it has provided.
const VARIABLE: &str = "SUBJECT_RECORD_TEST_TOOLS";

/// Whether the tests that need a tool are to run here; `programs` are what it is made of.
///
/// - The variable names the tool: they run, and a missing program fails them.
/// - The variable does not name it: they are passed over.
/// - There is no such variable: they run where all programs are, and say so where one is missing.
pub(crate) fn wanted(tool: &str, programs: &[&str]) -> bool {
    let missing: Vec<_> = programs.iter().filter(|program| !answers(program)).collect();
    match std::env::var(VARIABLE) {
        Ok(named) if named.split_whitespace().any(|name| name == tool) => {
            assert!(missing.is_empty(), "{VARIABLE} names {tool}, and these are missing: {missing:?}");
            true
        }
        Ok(_) => false,
        Err(_) if missing.is_empty() => true,
        Err(_) => {
            // Not by `eprintln!`, which the test runner keeps to itself when a test passes.
            let said = format!("passed over: {tool} is needed, and these are missing: {missing:?}\n");
            let _ = std::io::stderr().write_all(said.as_bytes());
            false
        }
    }
}

/// Whether a program is there.
fn answers(program: &str) -> bool {
    let silent = || Stdio::null();
    let asked =
        Command::new(program).arg("--version").stdin(silent()).stdout(silent()).stderr(silent()).status();
    asked.is_ok_and(|status| status.success())
}
