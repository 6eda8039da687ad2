//! What the server takes, again and again, and whether it takes more and more.

use crate::support::figures::{descriptors, memory, threads};
use crate::support::process::Node;
use std::time::{Duration, Instant};

/// Memory may grow by so much in ten minutes: 1 MiB. What is less than `NOISE_KIB` in all is no growth that a short run could tell.
const KIB_IN_TEN_MINUTES: f64 = 1024.0;
const NOISE_KIB: f64 = 2048.0;
/// Connections to the database come and go.
const A_FEW: f64 = 3.0;
const TEN_MINUTES: f64 = 600.0;

#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Seconds since the load began.
    pub at: f64,
    pub memory_kib: f64,
    pub descriptors: f64,
    pub threads: f64,
    pub database_kib: f64,
    /// So far.
    pub rounds: f64,
}

fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).expect("not that many"))
}

impl Sample {
    pub fn take(node: &Node, began: Instant, database_bytes: u64, rounds: u64) -> Self {
        Self {
            at: began.elapsed().as_secs_f64(),
            memory_kib: number(memory(node.id(), "VmRSS")),
            descriptors: number(descriptors(node.id())),
            threads: number(threads(node.id())),
            database_kib: number(database_bytes / 1024),
            rounds: number(rounds),
        }
    }

    pub fn line(&self) -> String {
        let Self { at, memory_kib, descriptors, threads, database_kib, rounds } = self;
        format!(
            "{{\"at_s\":{at:.1},\"memory_kib\":{memory_kib},\"descriptors\":{descriptors},\"threads\":{threads},\
             \"database_kib\":{database_kib},\"rounds\":{rounds}}}"
        )
    }
}

/// What a row of samples says, of the part in which caches are full and pools have their size.
#[derive(Debug)]
pub struct Trend {
    pub seconds: f64,
    pub memory_kib_in_ten_minutes: f64,
    pub more_descriptors: f64,
    pub more_threads: f64,
}

impl Trend {
    pub fn of(samples: &[Sample], warm_up: Duration) -> Self {
        let judged: Vec<Sample> = samples.iter().copied().filter(|sample| sample.at >= warm_up.as_secs_f64()).collect();
        assert!(judged.len() >= 8, "{} samples say nothing", judged.len());
        Self {
            seconds: judged[judged.len() - 1].at - judged[0].at,
            memory_kib_in_ten_minutes: slope(&judged, |sample| sample.memory_kib) * TEN_MINUTES,
            more_descriptors: later(&judged, |sample| sample.descriptors),
            more_threads: later(&judged, |sample| sample.threads),
        }
    }

    /// What grows.
    pub fn growths(&self) -> Vec<String> {
        let grown = self.memory_kib_in_ten_minutes * self.seconds / TEN_MINUTES;
        let allowed = (KIB_IN_TEN_MINUTES * self.seconds / TEN_MINUTES).max(NOISE_KIB);
        let rows = [
            ("memory, in KiB", grown, allowed),
            ("descriptors", self.more_descriptors, A_FEW),
            ("threads", self.more_threads, A_FEW),
        ];
        let grown = rows.into_iter().filter(|(_, grown, allowed)| grown > allowed);
        grown.map(|(what, grown, allowed)| format!("{what}: {grown:.0} more, {allowed:.0} allowed")).collect()
    }
}

/// By least squares, for each second.
fn slope(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    let count = number(samples.len() as u64);
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (mean_at, mean_value) = (mean(&|sample| sample.at), mean(&value));
    let spread: f64 = samples.iter().map(|sample| (sample.at - mean_at).powi(2)).sum();
    samples.iter().map(|sample| (sample.at - mean_at) * (value(sample) - mean_value)).sum::<f64>() / spread
}

/// By how much the median of the last quarter is above that of the first.
fn later(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    let quarter = samples.len() / 4;
    let median = |samples: &[Sample]| {
        let mut values: Vec<f64> = samples.iter().map(&value).collect();
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() / 2]
    };
    median(&samples[samples.len() - quarter..]) - median(&samples[..quarter])
}

/// A sample each 10 s of half an hour, with a little noise.
fn made_up(memory: impl Fn(f64) -> f64, descriptors: impl Fn(f64) -> f64) -> Vec<Sample> {
    let sample = |turn: u32| {
        let at = f64::from(turn) * 10.0;
        let noise = f64::from(turn * 7919 % 101);
        let (memory_kib, descriptors) = (memory(at) + noise, descriptors(at).floor());
        Sample { at, memory_kib, descriptors, threads: 20.0, database_kib: 0.0, rounds: 0.0 }
    };
    (0..=180).map(sample).collect()
}

const WARM_UP: Duration = Duration::from_mins(5);

#[test]
fn a_server_that_grows_in_its_first_minutes_only_does_not_grow() {
    let filled = made_up(|at| 40_000.0 + at.min(240.0) * 100.0, |at| 30.0 + at.min(240.0) / 10.0);
    assert_eq!(Trend::of(&filled, WARM_UP).growths(), [""; 0]);
}

#[test]
fn two_mebibytes_in_ten_minutes_are_a_growth() {
    let leaking = Trend::of(&made_up(|at| 40_000.0 + at * 2048.0 / TEN_MINUTES, |_| 30.0), WARM_UP);
    assert!((leaking.memory_kib_in_ten_minutes - 2048.0).abs() < 50.0, "{leaking:?}");
    assert_eq!(leaking.growths().len(), 1, "{leaking:?}");
}

#[test]
fn a_descriptor_that_is_lost_every_other_minute_is_a_growth() {
    let leaking = Trend::of(&made_up(|_| 40_000.0, |at| 30.0 + at / 120.0), WARM_UP);
    assert_eq!(leaking.growths(), ["descriptors: 9 more, 3 allowed"]);
}
