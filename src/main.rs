//! The one binary of subject-record.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    subject_record::cli::run().await
}
