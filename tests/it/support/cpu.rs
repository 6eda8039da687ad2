//! How much of a processor a process uses.

use std::time::Duration;

/// All that it has used so far, as the kernel counts it: in hundredths of a second.
pub fn used(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
    // Its name, which may hold anything, stands in brackets; after it, the 12th and 13th fields are user and system time.
    let (_, fields) = stat.rsplit_once(") ").expect("a name");
    let ticks: u64 = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 10)
}

/// The part of one processor, in percent, that it uses while nothing is done but waiting.
pub fn percent_during(process: u32, time: Duration) -> f64 {
    let before = used(process);
    std::thread::sleep(time);
    used(process).saturating_sub(before).as_secs_f64() / time.as_secs_f64() * 100.0
}
