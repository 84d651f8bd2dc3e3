//! What proofs cost: an inclusion proof in a large log, a check of everything, a dossier and its verification.
//!
//! In process, on real files in a fresh folder. Prints its conditions; nothing here passes or fails.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "figures of a benchmark"
)]

mod checking;
mod dossiers;
#[path = "../filled.rs"]
mod filled;
mod large;

use std::path::PathBuf;

use clap::Parser;

use self::filled::Failure;

/// Measure proofs.
#[derive(Debug, Parser)]
#[command(name = "proof")]
struct Options {
    /// Entries of the log in which inclusion is proven.
    #[arg(long, default_value_t = 10_000_000)]
    leaves: u64,
    /// Proofs that are made, of entries all over the log.
    #[arg(long, default_value_t = 5_000)]
    proofs: usize,
    /// Events of the log that is checked.
    #[arg(long, default_value_t = 300_000)]
    events: usize,
    /// Events of the person whose dossier is made.
    #[arg(long, default_value_t = 1_000)]
    dossier_events: usize,
    /// Times that dossiers are made and the log is checked.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// One short run: does it work at all?
    #[arg(long)]
    quick: bool,
    /// Only parts whose name contains this: inclusion, check, dossier.
    #[arg(long, default_value = "")]
    only: String,
    /// Where folders are made; the disk under it is what is measured.
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut options = Options::parse();
    if options.quick {
        (options.leaves, options.proofs, options.events) = (20_000, 100, 2_000);
        (options.dossier_events, options.runs) = (100, 1);
    }
    let cores = std::thread::available_parallelism()?;
    println!("machine     {cores} cores, optimised: {}", !cfg!(debug_assertions));
    let folder = options.dir.join(format!("bench-proof-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = measure(&options, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure(options: &Options, folder: &std::path::Path) -> Result<(), Failure> {
    if "inclusion".contains(&options.only) {
        large::measure(&folder.join("large"), options.leaves, options.proofs).await?;
    }
    if "check".contains(&options.only) {
        checking::measure(&folder.join("check"), options.events, options.runs).await?;
    }
    if "dossier".contains(&options.only) {
        dossiers::measure(&folder.join("dossier"), options.dossier_events, options.runs).await?;
    }
    Ok(())
}

/// Least, median and most of times, in milliseconds.
fn spread(mut millis: Vec<f64>) -> String {
    millis.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = ((millis.len() as f64 * share).ceil() as usize).saturating_sub(1);
        millis.get(place).copied().unwrap_or(0.0)
    };
    format!(
        "median {:.2} ms, p99 {:.2} ms, most {:.2} ms ({} times)",
        at(0.5),
        at(0.99),
        at(1.0),
        millis.len()
    )
}
