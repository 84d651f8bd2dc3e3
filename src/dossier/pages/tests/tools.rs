//! The programs of poppler-utils, which read what was written independently of the crate that wrote it.

use std::path::Path;
use std::process::Command;

/// What a program prints about a document.
fn run(program: &str, arguments: &[&str], document: &[u8], after: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dossier.pdf");
    std::fs::write(&path, document).expect("written");
    let output = Command::new(program).args(arguments).arg(&path).args(after).output();
    let output = output.expect("the package poppler-utils is installed");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The text of all pages, a form feed after each.
pub(super) fn text(document: &[u8]) -> String {
    run("pdftotext", &[], document, &["-"])
}

/// The text of all pages without any white space, so that line breaks do not matter.
pub(super) fn squeezed(document: &[u8]) -> String {
    squeeze(&text(document))
}

pub(super) fn squeeze(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

/// Names of the attached files.
pub(super) fn attached(document: &[u8]) -> Vec<String> {
    let listed = run("pdfdetach", &["-list"], document, &[]);
    listed.lines().skip(1).filter_map(|line| line.split_once(": ").map(|(_, name)| name.to_owned())).collect()
}

/// The bytes of an attached file.
pub(super) fn detach(document: &[u8], number: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let name = out.to_str().expect("UTF-8");
    run("pdfdetach", &["-save", &number.to_string(), "-o", name], document, &[]);
    std::fs::read(Path::new(name)).expect("saved")
}

/// Names of the fonts, and whether each is embedded.
pub(super) fn fonts(document: &[u8]) -> Vec<(String, bool)> {
    let listed = run("pdffonts", &[], document, &[]);
    let lines = listed.lines().skip(2);
    lines
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let embedded = words.get(words.len().saturating_sub(5)).copied() == Some("yes");
            (words.first().copied().unwrap_or_default().to_owned(), embedded)
        })
        .collect()
}
