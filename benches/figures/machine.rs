//! What the kernel says of the machine and of a process.

use sqlx::{Connection, PgConnection};
use std::fs::read_to_string;
use std::time::{Duration, Instant};

/// The unit of /proc: a hundredth of a second, on every Linux that Rust runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// User and system time of a process since its start, in seconds; of threads that have ended, too.
pub fn cpu(pid: u32) -> f64 {
    let stat = read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let after_name = stat.rsplit(") ").next().expect("fields");
    after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS_A_SECOND
}

/// The processes that serve the database of a PostgreSQL on this machine, just now.
pub fn database_pids(url: Option<&str>) -> Vec<u32> {
    let Some(url) = url else { return Vec::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let pids: Vec<i32> = runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.expect("the database");
        let asked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                     AND backend_type = 'client backend'";
        sqlx::query_scalar(asked).fetch_all(&mut connection).await.expect("what PostgreSQL does")
    });
    pids.into_iter().filter_map(|pid| u32::try_from(pid).ok()).collect()
}

/// The same for a process whose threads stay, to the nanosecond.
pub fn exact_cpu(pid: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    let on_a_core = |task: std::path::PathBuf| {
        let text = read_to_string(task.join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    tasks.flatten().filter_map(|task| on_a_core(task.path())).sum::<f64>() / 1e9
}

/// A field of /proc/PID/status that is given in KiB, in MiB.
pub fn memory_mib(pid: u32, field: &str) -> f64 {
    let status = read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with(field)).expect("a field");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("a number") / 1024.0
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Seconds that the machine's cores have worked, for anybody; what the host took away counts as work of others.
fn busy() -> f64 {
    let stat = read_to_string("/proc/stat").expect("the kernel's counts");
    let fields = stat.lines().next().expect("the sum of all cores").split_whitespace().skip(1);
    let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    (ticks.iter().take(8).sum::<f64>() - ticks[3] - ticks[4]) / TICKS_A_SECOND
}

/// Looks at the machine while something is measured.
pub struct Watch {
    pids: Vec<u32>,
    own: f64,
    all: f64,
    at: Instant,
}

/// What became of the cores meanwhile.
pub struct Seen {
    pub took: Duration,
    /// CPU of the servers, in seconds.
    pub servers: f64,
    /// Of all that the cores could have done, what went to neither the servers nor this process.
    pub to_others: f64,
}

impl Watch {
    pub fn begin(pids: &[u32]) -> Self {
        let servers: f64 = pids.iter().map(|pid| exact_cpu(*pid)).sum();
        Self { pids: pids.to_vec(), own: servers + cpu(std::process::id()), all: busy(), at: Instant::now() }
    }

    pub fn end(&self, servers_before: f64) -> Seen {
        let took = self.at.elapsed();
        let servers: f64 = self.pids.iter().map(|pid| exact_cpu(*pid)).sum();
        let others = (busy() - self.all) - (servers + cpu(std::process::id()) - self.own);
        let possible = took.as_secs_f64() * cores() as f64;
        Seen { took, servers: servers - servers_before, to_others: (others / possible).max(0.0) }
    }
}

/// Runs something and says what it cost the servers and what others took.
pub fn watched<T>(pids: &[u32], act: impl FnOnce() -> T) -> (T, Seen) {
    let before = pids.iter().map(|pid| exact_cpu(*pid)).sum();
    let watch = Watch::begin(pids);
    let outcome = act();
    (outcome, watch.end(before))
}
