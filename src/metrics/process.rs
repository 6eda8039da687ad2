//! The process itself: when it started, its memory, its descriptors, its version. Read from `/proc`, so that where there
//! is none (off Linux) memory and descriptors stay at zero.

use super::{Labels, row};
use crate::clock::Clock;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub(super) struct Gauges {
    resident_memory: Gauge,
    open_descriptors: Gauge,
    most_descriptors: Gauge,
}

impl Gauges {
    pub fn register(list: &mut Registry) -> Self {
        let started = Gauge::<i64>::default();
        started.set(Clock::system().now().unix_timestamp());
        row(list, "process_start_time_seconds", "When the process started, since the epoch", started);
        let build = Family::<Labels<1>, Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION").into())]).set(1);
        row(list, "msc_build_info", "The version of this program", build);
        Self {
            resident_memory: row(list, "process_resident_memory_bytes", "Memory in use", Gauge::default()),
            open_descriptors: row(list, "process_open_fds", "Open file descriptors", Gauge::default()),
            most_descriptors: row(list, "process_max_fds", "File descriptors that may be open", Gauge::default()),
        }
    }

    pub fn read(&self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        self.resident_memory.set(number_after(&status, "VmRSS:").saturating_mul(1024));
        let descriptors = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        self.open_descriptors.set(i64::try_from(descriptors).unwrap_or(i64::MAX));
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        self.most_descriptors.set(number_after(&limits, "Max open files"));
    }
}

/// The first number behind the words; 0 where there is none.
fn number_after(text: &str, words: &str) -> i64 {
    let rest = text.split_once(words).map_or("", |(_, rest)| rest);
    rest.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::number_after;

    #[test]
    fn the_number_behind_the_words_is_read() {
        assert_eq!(number_after("VmPeak:\t  10 kB\nVmRSS:\t   45000 kB\n", "VmRSS:"), 45_000);
        assert_eq!(
            number_after("Max open files            20000                20000     files", "Max open files"),
            20_000
        );
        assert_eq!(number_after("Max open files            unlimited", "Max open files"), 0);
        assert_eq!(number_after("", "VmRSS:"), 0);
    }
}
