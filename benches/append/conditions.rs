//! What a figure depends on, and what the kernel knows of a process.

use std::fs;
use std::io;
use std::path::Path;

use super::Options;
use super::server::{PEOPLE_CACHE_BYTES, Server};

/// Clock ticks a second in `/proc`: 100 on every Linux that is not built otherwise.
const TICKS_PER_SECOND: f64 = 100.0;

/// Prints what the figures were measured under.
pub(super) fn print(options: &Options, servers: &mut [Server]) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let build = if cfg!(debug_assertions) { "debug: the figures mean nothing" } else { "release" };
    println!("machine     {cores} cores of {}, shared by server and load", cpu_model());
    println!("disk        {}", disk_of(&options.dir));
    for server in servers {
        let page_bytes = server.page_bytes().unwrap_or(0);
        println!(
            "server      {}{}; pages of {} bytes; up to {} events a commit; {} GiB for folded people; settings as `init` makes them",
            server.label,
            server.durability,
            page_bytes,
            subject_record::config::Store::default().batch_events_max,
            PEOPLE_CACHE_BYTES >> 30,
        );
    }
    println!("build       {build}, of this tree");
    println!(
        "runs        {} of {} s each, rows in turn; median [least-most]; closed loop, kept connections",
        options.runs, options.seconds
    );
    println!(
        "streams     {} people with {} events each before the first run",
        options.people, options.preload
    );
}

fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "an unknown CPU".into(), |(_, name)| name.trim().to_owned())
}

/// File system and device under a folder.
fn disk_of(folder: &Path) -> String {
    let folder = fs::canonicalize(folder).unwrap_or_default();
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (device, place, kind) = (fields.next()?, fields.next()?, fields.next()?);
        folder.starts_with(place).then(|| (place.len(), format!("{kind} on {device}")))
    });
    mounted.max_by_key(|(depth, _)| *depth).map_or_else(|| "unknown".into(), |(_, text)| text)
}

/// CPU seconds a process has used, in user and kernel.
pub(super) fn cpu_seconds(process: u32) -> io::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name stands in parentheses and may hold anything; user and system time are the 12th and 13th after it.
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks =
        after_name.split_ascii_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    Ok(ticks.sum::<f64>() / TICKS_PER_SECOND)
}

/// Most memory that a process held, in bytes.
pub(super) fn peak_memory(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"));
    peak.and_then(|kib| kib.trim().parse::<u64>().ok()).map_or(0, |kib| kib * 1024)
}
