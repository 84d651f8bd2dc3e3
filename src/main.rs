//! The one binary of subject-record.

use std::process::ExitCode;

fn main() -> ExitCode {
    subject_record::cli::main()
}
