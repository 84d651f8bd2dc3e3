//! Every stored byte of a log read again, everything derived again.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use subject_record::clock::SetClock;
use subject_record::log_check::{Claimed, Question, check};
use subject_record::notary::Place;
use subject_record::notary::stored::StoredLog;
use subject_record::vault::kek::FileKek;

use super::filled::{self, Failure, Source};

/// How long the tree may take to grow.
const PATIENCE: Duration = Duration::from_secs(3600);

pub(super) async fn measure(folder: &Path, events: usize, runs: usize) -> Result<(), Failure> {
    filled::init(folder)?;
    let source = Source::of(events);
    let clock = Arc::new(SetClock::at(source.opens_at()));
    let app = filled::open(folder, &clock).await?;
    source.fill(&app, &clock, |_| ()).await?;
    let heads = app.proofs.commit_heads(Vec::new()).await?;
    app.notary.covering(heads.position, PATIENCE).await?;
    let (data, kek) = (app.config.paths.data.clone(), app.config.paths.kek.clone());
    app.projector.stop().await;
    drop(app);

    let workers = std::thread::available_parallelism()?.get();
    let bytes = std::fs::metadata(data.join("events.db"))?.len();
    let mut rates = Vec::with_capacity(runs);
    for _ in 0..runs {
        let stored = StoredLog::open(&Place::File(data.join("log.db"))).await?.ok_or("no log.db")?;
        let mut claimed = Claimed::nothing();
        claimed.checkpoints = stored.checkpoints().await?;
        claimed.tiles = stored.tiles();
        let question = Question {
            data: &data,
            kek: Some(Arc::new(FileKek::read(&kek)?)),
            verifier_key: None,
            claimed,
            workers,
        };
        let began = Instant::now();
        let report = check(question, |_| ()).await?;
        let seconds = began.elapsed().as_secs_f64();
        if !report.is_clean() {
            return Err(format!("the log does not hold: {:?}", report.faults).into());
        }
        rates.push(report.position.number() as f64 / seconds);
    }
    rates.sort_by(f64::total_cmp);
    let at = |share: usize| rates.get(rates.len() * share / 4).or(rates.last()).copied().unwrap_or(0.0);
    println!(
        "log check   {} events, {} MiB, boxes opened: {:.0} [{:.0}-{:.0}] events/s ({runs} runs, {workers} workers)",
        heads.position.number(),
        bytes / 1_048_576,
        at(2),
        at(0),
        at(4)
    );
    Ok(())
}
