//! The one binary of subject-record.

use std::process::ExitCode;

/// Read models are folded on many threads and kept for long. The system's allocator has a heap for each of them, and none
/// is given what another one lets go of.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    subject_record::cli::main()
}
