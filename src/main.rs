//! The one binary of subject-record.

use std::process::ExitCode;

/// Threads beside one a core. Folding read models keeps a thread busy for a whole batch; were there only as many as
/// cores, appends and checkpoints would wait for it.
const MORE_THREADS: usize = 4;

fn main() -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) + MORE_THREADS;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(subject_record::cli::run()),
        Err(error) => {
            eprintln!("error: no threads can be started: {error}");
            ExitCode::FAILURE
        }
    }
}
