//! What a process takes, as the kernel tells it, and what times amount to.

use std::time::Duration;

/// In KiB; `VmRSS`, `VmHWM`.
pub fn memory(process: u32, field: &str) -> u64 {
    status(process, field)
}

pub fn threads(process: u32) -> u64 {
    status(process, "Threads")
}

pub fn descriptors(process: u32) -> u64 {
    std::fs::read_dir(format!("/proc/{process}/fd")).expect("a process").count() as u64
}

fn status(process: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect("a field");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

/// In milliseconds; of no times at all, 0.
pub fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get((times.len() * percent / 100).min(last)).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
