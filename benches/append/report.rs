//! The table.

use super::client::{Measured, Target};
use super::events::People;
use super::limits::Flushes;

/// A row of the table and its runs.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) clients: usize,
    pub(super) batch: usize,
    pub(super) people: People,
    pub(super) target: Target,
    pub(super) runs: Vec<Measured>,
}

impl Row {
    pub(super) fn new(name: String, clients: usize, batch: usize, people: People, target: Target) -> Self {
        Self { name, clients, batch, people, target, runs: Vec::new() }
    }

    fn median(&self, of: impl Fn(&Measured) -> f64) -> f64 {
        spread(self.runs.iter().map(of).collect()).1
    }
}

/// Least, median and most.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(0.0);
    (at(0), at(values.len() / 2), at(values.len().saturating_sub(1)))
}

/// A latency in milliseconds that this share of the requests did not exceed.
fn latency_ms(measured: &Measured, share: f64) -> f64 {
    let place = ((measured.latencies_us.len() as f64 * share).ceil() as usize).saturating_sub(1);
    measured.latencies_us.get(place).map_or(0.0, |us| f64::from(*us) / 1000.0)
}

/// The value that this share of sorted values does not exceed.
fn at_share(sorted: &[f64], share: f64) -> f64 {
    let place = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0.0)
}

/// `12345.6` as `12,346`.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn rate((least, median, most): (f64, f64, f64)) -> String {
    format!("{} [{}-{}]", grouped(median), grouped(least), grouped(most))
}

/// Prints limits and rows.
pub(super) fn print(rows: &[Row], limits: &Flushes) {
    println!();
    println!("4 KiB + fdatasync, appending    {} /s", rate(spread(limits.appending.clone())));
    println!("4 KiB + fdatasync, overwriting  {} /s", rate(spread(limits.overwriting.clone())));
    println!();
    println!(
        "{:<38} {:>7} {:>6}  {:>26}  {:>8} {:>8}  {:>10}  {:>9} {:>9}  {:>8}  {:>16}",
        "",
        "clients",
        "bytes",
        "events/s",
        "p50 ms",
        "p99 ms",
        "events per",
        "server µs",
        "load µs",
        "peak",
        "to checkpoint"
    );
    println!(
        "{:<38} {:>7} {:>6}  {:>26}  {:>8} {:>8}  {:>10}  {:>9} {:>9}  {:>8}  {:>16}",
        "", "", "/event", "", "", "", "commit", "CPU/event", "CPU/event", "MiB", "p50/max ms"
    );
    for row in rows {
        let events = |m: &Measured| m.events.max(1) as f64;
        let per_commit = row.runs.iter().filter_map(|m| m.events_per_commit).collect::<Vec<_>>();
        let per_commit =
            if per_commit.is_empty() { "-".into() } else { format!("{:.1}", spread(per_commit).1) };
        let peak = row.median(|m| m.peak_memory as f64) / 1_048_576.0;
        let lag = |share: f64| row.median(|m| at_share(&m.checkpoint_lags_ms, share));
        let lags = if row.runs.iter().all(|m| m.checkpoint_lags_ms.is_empty()) {
            "-".into()
        } else {
            format!("{:.0}/{:.0}", lag(0.50), lag(1.0))
        };
        println!(
            "{:<38} {:>7} {:>6.0}  {:>26}  {:>8.2} {:>8.2}  {:>10}  {:>9.1} {:>9.1}  {:>8}  {lags:>16}",
            row.name,
            row.clients,
            row.median(|m| m.bytes as f64 / events(m)),
            rate(spread(row.runs.iter().map(|m| m.events as f64 / m.seconds).collect())),
            row.median(|m| latency_ms(m, 0.50)),
            row.median(|m| latency_ms(m, 0.99)),
            per_commit,
            row.median(|m| m.server_cpu * 1e6 / events(m)),
            row.median(|m| m.client_cpu * 1e6 / events(m)),
            if peak > 0.0 { format!("{peak:.0}") } else { "-".into() },
        );
    }
}
