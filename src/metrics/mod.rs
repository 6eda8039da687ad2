//! What an operator watches: counts, times and levels of this process, in the text format of Prometheus. All of them are
//! named here, in one list; the rooms count by calling a method and know no name.
//!
//! Why static: as the log, it is about the process and nothing decides by it; a handle passed through every room would
//! say no more. Why no label holds a name, an ID or an address: each value is a series that is kept for ever, and the
//! figures are for more eyes than the records are.

mod process;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Counts<const N: usize> = Family<Labels<N>, Counter>;
type Times<const N: usize> = Family<Labels<N>, Histogram, Buckets>;

/// In seconds: from what a page takes to the longest that a request may take.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Clone)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(BUCKETS)
    }
}

/// Those of this process. The first call notes when it was.
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);
    &METRICS
}

/// How the connections to the database stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub in_use: u32,
    pub most: u32,
}

/// A request that was answered, for its series.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// `console` or `query-api`.
    pub door: &'static str,
    /// The pattern of the route, never the address; empty where there is none.
    pub route: &'a str,
    pub method: &'a str,
    pub status: u16,
    pub took: Duration,
}

pub struct Metrics {
    registry: Registry,
    requests: Counts<4>,
    request_durations: Times<2>,
    sign_ins: Counts<1>,
    operations: Counts<3>,
    calls: Counts<2>,
    throttled: Counts<1>,
    hashing_queue: Gauge,
    hashing_waits: Histogram,
    hashing_durations: Histogram,
    hashing_refusals: Counter,
    connections_in_use: Gauge,
    connections_most: Gauge,
    database_durations: Times<1>,
    database_errors: Counts<1>,
    audit_failures: Counter,
    sessions_deleted: Counter,
    process: process::Gauges,
}

/// A row of the list.
fn row<M: Metric + Clone>(list: &mut Registry, name: &str, help: &str, metric: M) -> M {
    list.register(name, help, metric.clone());
    metric
}

/// There from the beginning, so that the first of them is a rise.
fn from_zero<const M: usize>(label: &'static str, values: [&'static str; M]) -> Counts<1> {
    let counts = Counts::default();
    for value in values {
        drop(counts.get_or_create(&[(label, value.into())]));
    }
    counts
}

fn times<const N: usize>() -> Times<N> {
    Family::new_with_constructor(Buckets)
}

impl Metrics {
    /// The whole list. What comes to it is a field, a row and a method here.
    /// The library adds `_total` to a counter's name and a full stop to the help.
    #[rustfmt::skip]
    fn new() -> Self {
        let mut registry = Registry::default();
        let list = &mut registry;
        Self {
            requests: row(list, "msc_http_requests", "Requests, by door, route, method and class of status", Family::default()),
            request_durations: row(list, "msc_http_request_duration_seconds", "From the head of a request to its answer", times()),
            sign_ins: row(list, "msc_sign_ins", "Passwords given on a sign-in page, by outcome", Family::default()),
            operations: row(list, "msc_operations", "What was asked for, through which door, and how it ended", Family::default()),
            calls: row(list, "msc_api_calls", "Calls of the IAM Query API, by action and error code", Family::default()),
            throttled: row(list, "msc_password_checks_throttled", "Password checks that were put off, for the user's sake or the address's", from_zero("for", ["user", "address"])),
            hashing_queue: row(list, "msc_hashing_queue_length", "Passwords that wait to be hashed", Gauge::default()),
            hashing_waits: row(list, "msc_hashing_wait_seconds", "How long passwords waited to be hashed", Histogram::new(BUCKETS)),
            hashing_durations: row(list, "msc_hashing_duration_seconds", "How long the hashing took", Histogram::new(BUCKETS)),
            hashing_refusals: row(list, "msc_hashing_refused", "Passwords that were not hashed, because too many waited", Counter::default()),
            connections_in_use: row(list, "msc_database_connections_in_use", "Connections to the database that are in use", Gauge::default()),
            connections_most: row(list, "msc_database_connections_max", "Connections to the database that may be in use", Gauge::default()),
            database_durations: row(list, "msc_database_duration_seconds", "Reads and transactions, the wait for a connection included", times()),
            database_errors: row(list, "msc_database_errors", "Reads and transactions that failed", Family::default()),
            audit_failures: row(list, "msc_audit_records_failed", "Records of refusals that could not be written", Counter::default()),
            sessions_deleted: row(list, "msc_sessions_deleted", "Sessions that were over and were deleted", Counter::default()),
            process: process::Gauges::register(list),
            registry,
        }
    }

    pub fn answered(&self, answered: &Answered<'_>) {
        let route: Cow<'static, str> =
            if answered.route.is_empty() { "none".into() } else { answered.route.to_owned().into() };
        let method = ["GET", "HEAD", "POST"].into_iter().find(|known| *known == answered.method).unwrap_or("other");
        let status = match answered.status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        let door = ("door", answered.door.into());
        let seconds = answered.took.as_secs_f64();
        self.request_durations.get_or_create(&[door.clone(), ("route", route.clone())]).observe(seconds);
        self.requests
            .get_or_create(&[door, ("route", route), ("method", method.into()), ("status", status.into())])
            .inc();
    }

    pub fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&[("outcome", outcome.into())]).inc();
    }

    pub fn operation(&self, door: &'static str, operation: &'static str, outcome: Cow<'static, str>) {
        let labels = [("door", door.into()), ("operation", operation.into()), ("outcome", outcome)];
        self.operations.get_or_create(&labels).inc();
    }

    pub fn call(&self, action: &'static str, code: &'static str) {
        self.calls.get_or_create(&[("action", action.into()), ("code", code.into())]).inc();
    }

    /// `whose`: `user` or `address`.
    pub fn throttled(&self, whose: &'static str) {
        self.throttled.get_or_create(&[("for", whose.into())]).inc();
    }

    pub fn hash_queued(&self) {
        self.hashing_queue.inc();
    }

    /// It waits no longer, for whatever reason.
    pub fn hash_fetched(&self, queued_at: Instant) {
        self.hashing_queue.dec();
        self.hashing_waits.observe(queued_at.elapsed().as_secs_f64());
    }

    pub fn hash_done(&self, began: Instant) {
        self.hashing_durations.observe(began.elapsed().as_secs_f64());
    }

    pub fn hash_refused(&self) {
        self.hashing_refusals.inc();
    }

    /// `kind`: `read` or `transaction`.
    pub fn database(&self, kind: &'static str, began: Instant, failed: bool) {
        let labels = [("kind", kind.into())];
        self.database_durations.get_or_create(&labels).observe(began.elapsed().as_secs_f64());
        // From the beginning, so that the first failure is a rise.
        self.database_errors.get_or_create(&labels).inc_by(failed.into());
    }

    pub fn audit_failed(&self) {
        self.audit_failures.inc();
    }

    pub fn sessions_deleted(&self, rows: u64) {
        self.sessions_deleted.inc_by(rows);
    }

    /// All of them, as they stand now, in version 1.0 of the format, which Prometheus reads.
    pub fn text(&self, connections: Connections) -> String {
        self.connections_in_use.set(connections.in_use.into());
        self.connections_most.set(connections.most.into());
        self.process.read();
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Of what `Metrics::text` gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
