//! Looking for bytes that must be gone, in every file under a folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Bytes of a secret that are looked for together: a piece is a trace as well as the whole.
const PIECE_BYTES: usize = 12;

/// Every file in a folder and in the folders below it.
pub(crate) fn files_under(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

/// How many of these secrets have left a trace in a file of a folder. A secret has to be random, or its pieces
/// would be found by chance.
pub(crate) fn traces_in(folder: &Path, secrets: &[Vec<u8>]) -> usize {
    let mut pieces: HashMap<&[u8], usize> = HashMap::new();
    for (number, secret) in secrets.iter().enumerate() {
        assert!(secret.len() >= PIECE_BYTES, "too short to be recognised");
        pieces.extend(secret.chunks_exact(PIECE_BYTES).map(|piece| (piece, number)));
    }
    let mut found = vec![false; secrets.len()];
    for path in files_under(folder) {
        let content = std::fs::read(path).unwrap();
        for window in content.windows(PIECE_BYTES) {
            if let Some(number) = pieces.get(window) {
                found[*number] = true;
            }
        }
    }
    found.into_iter().filter(|found| *found).count()
}
