//! The service as a whole: its memory, its start, and two of it.

use super::super::machine::exact_cpu;
use super::{Crowd, Duration, Limit, Run, cores, json, measured, median, middle_and_tail, probed, watched};

const STORM: usize = 300;
/// MiB that each hashing thread may take, and the storm's connections beside them.
const A_THREAD: f64 = 20.0;
const BESIDE: f64 = 30.0;

pub fn memory(run: &mut Run) {
    let home = run.home();
    home.furnish(64);
    let server = home.start();
    let mut crowd = Crowd::gather(&server.host, 1, 1);
    let idle = server.memory_mib("VmRSS");
    run.report.figure("G6", home.engine, "MiB before the first hash", idle, Limit::AtMost(30.0));
    crowd.storm();
    let mut crowd = Crowd::gather(&server.host, STORM, 64);
    let (mut peaks, mut tails, mut away, mut to_others) = (Vec::new(), Vec::new(), Vec::new(), 0.0_f64);
    for round in 0..run.rounds() {
        let ((answers, mut page), seen) =
            watched(&[server.pid()], || probed(&server.host, "/signin", || crowd.storm()));
        let count = |status: u16| answers.iter().filter(|(one, _)| *one == status).count();
        assert_eq!(count(303) + count(503), STORM, "served or sent away");
        let mut sent_away: Vec<f64> = answers.iter().filter(|(status, _)| *status == 503).map(|one| one.1).collect();
        let (page, refused) = (middle_and_tail(&mut page), middle_and_tail(&mut sent_away));
        peaks.push(server.memory_mib("VmHWM"));
        tails.push(page.1);
        away.push(refused.1);
        to_others = to_others.max(seen.to_others);
        measured(
            "G6",
            home.engine,
            json!({"round": round, "served": count(303), "sent_away": count(503), "took_ms": seen.took.as_secs_f64() * 1000.0,
                "sent_away_p50_ms": refused.0, "sent_away_p99_ms": refused.1, "page_p99_ms": page.1,
                "peak_mib": peaks.last(), "to_others": to_others}),
        );
    }
    let allowed = idle + cores() as f64 * A_THREAD + BESIDE;
    let (first, last) = (peaks[0], peaks[peaks.len() - 1]);
    run.report.figure("G6", home.engine, "MiB at the peak of a storm of 300", last, Limit::AtMost(allowed));
    run.report.figure("G6", home.engine, "MiB that a later storm adds", last - first, Limit::AtMost(4.0));
    let what = "p99 of the sign-in page in the storm, ms";
    run.report.timed("G6", home.engine, what, median(tails), Limit::AtMost(100.0), to_others);
}

pub fn start(run: &mut Run) {
    let home = run.home();
    home.furnish(1);
    let mut own = 0.0;
    let (starts, seen) = watched(&[], || {
        let mut ready = |_| {
            let server = home.start();
            let after = server.ready_after().as_secs_f64() * 1000.0;
            own += exact_cpu(server.pid());
            after
        };
        (0..run.times(10)).map(&mut ready).collect::<Vec<f64>>()
    });
    // The servers were not there when the watch began.
    let to_others = seen.to_others - own / (seen.took.as_secs_f64() * cores() as f64);
    measured("G7", home.engine, json!({"ready_after_ms": starts, "to_others": to_others}));
    let what = "ms until it is ready, on a database that is up to date";
    run.report.timed("G7", home.engine, what, median(starts), Limit::AtMost(100.0), to_others);
}

/// How much two of them carry, to one of them.
pub fn two_processes(run: &mut Run) {
    if run.postgres.is_none() {
        return run.report.no_verdict("G12", "sqlite", "two processes share a PostgreSQL, not a file");
    }
    let home = run.home();
    home.furnish(64);
    let nodes = [home.start(), home.start()];
    let pids = [nodes[0].pid(), nodes[1].pid()];
    let mut crowds = nodes.each_ref().map(|node| Crowd::gather(&node.host, 32, 64));
    let lasting = run.seconds(6);
    let (alone, first) = watched(&pids[..1], || crowds[0].sign_in_for(lasting));
    let (both, second) = watched(&pids, || both_for(&mut crowds, lasting));
    let rate = |signed_in: u64, took: Duration| signed_in as f64 / took.as_secs_f64();
    let (one, two) = (rate(alone.signed_in, first.took), rate(both, second.took));
    measured("G12", home.engine, json!({"one_per_second": one, "two_per_second": two, "cores": cores()}));
    if cores() < 6 {
        return run.report.no_verdict("G12", home.engine, "two processes need six cores to show what they add");
    }
    let what = "sign-ins of a second by two processes, to those by one";
    run.report.timed("G12", home.engine, what, two / one, Limit::AtLeast(1.0), second.to_others);
}

fn both_for(crowds: &mut [Crowd; 2], lasting: Duration) -> u64 {
    std::thread::scope(|scope| {
        let all = crowds.each_mut().map(|crowd| scope.spawn(move || crowd.sign_in_for(lasting).signed_in));
        all.into_iter().map(|one| one.join().expect("a crowd")).sum()
    })
}
