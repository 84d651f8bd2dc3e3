//! What the disk gives when nothing else is done.

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::Failure;

/// Bytes of each write.
const BLOCK: usize = 4096;

/// Writes of 4 KiB a second, each followed by `fdatasync`, one run an entry.
#[derive(Debug, Default)]
pub(super) struct Flushes {
    /// Each at the end of a file that grows.
    pub(super) appending: Vec<f64>,
    /// Each over blocks written before, as a write-ahead log is.
    pub(super) overwriting: Vec<f64>,
}

impl Flushes {
    /// Measures both for a while.
    pub(super) fn measure(&mut self, folder: &Path, each: Duration) -> Result<(), Failure> {
        let path = folder.join("flushes");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
        let mut run = |rewind: bool, blocks: u64| -> Result<(f64, u64), Failure> {
            let (began, mut writes) = (Instant::now(), 0);
            while began.elapsed() < each {
                if rewind && writes % blocks == 0 {
                    file.seek(SeekFrom::Start(0))?;
                }
                file.write_all(&[7; BLOCK])?;
                file.sync_data()?;
                writes += 1;
            }
            Ok((writes as f64 / began.elapsed().as_secs_f64(), writes))
        };
        let (appending, blocks) = run(false, 1)?;
        let (overwriting, _) = run(true, blocks)?;
        self.appending.push(appending);
        self.overwriting.push(overwriting);
        std::fs::remove_file(path)?;
        Ok(())
    }
}
