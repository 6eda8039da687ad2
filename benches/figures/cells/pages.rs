//! Pages: their CPU, and how long one waits for them while passwords are hashed.

use super::{
    CREDENTIALS, Client, Crowd, Duration, Limit, PASSWORD, Run, each_cpu, json, measured, median, middle_and_tail,
    probed, watched,
};

/// Several connections would share the work of waking; a page is asked for by one person after the other.
pub fn pages(run: &mut Run) {
    let home = run.home();
    home.furnish(64);
    let server = home.start();
    let mut visitor = Client::new(&server.host);
    let mut owner = Client::signed_in(&server.host, "user-1", PASSWORD);
    let (mut sign_in, mut credentials) = (Vec::new(), Vec::new());
    for round in 0..run.rounds() {
        let first = each_cpu(&server, run.times(4000), |_| visitor.open_sign_in());
        let second = each_cpu(&server, run.times(4000), |_| {
            assert_eq!(owner.get(CREDENTIALS).status, 200);
        });
        sign_in.push(first);
        credentials.push(second);
        measured("G5", home.engine, json!({"round": round, "sign_in_ms": first, "credentials_ms": second}));
    }
    run.report.figure("G5", home.engine, "ms of CPU of the sign-in page", median(sign_in), Limit::AtMost(0.1));
    run.report.figure("G5", home.engine, "ms of CPU of the credentials page", median(credentials), Limit::AtMost(0.25));
    in_a_storm(run, &server, home.engine);
}

fn in_a_storm(run: &mut Run, server: &super::Server, engine: &str) {
    let mut crowd = Crowd::gather(&server.host, 64, 64);
    crowd.sign_in_for(Duration::from_millis(300));
    let (mut tails, mut idles, mut to_others) = (Vec::new(), Vec::new(), 0.0_f64);
    for round in 0..run.rounds() {
        let lasting = run.seconds(4);
        let (((), mut idle), first) =
            watched(&[server.pid()], || probed(&server.host, "/signin", || std::thread::sleep(lasting)));
        let ((_, mut storm), second) =
            watched(&[server.pid()], || probed(&server.host, "/signin", || crowd.sign_in_for(lasting)));
        let (idle, storm) = (middle_and_tail(&mut idle), middle_and_tail(&mut storm));
        to_others = to_others.max(first.to_others).max(second.to_others);
        idles.push(idle.1);
        tails.push(storm.1);
        measured(
            "G5",
            engine,
            json!({"round": round, "idle_p50_ms": idle.0, "idle_p99_ms": idle.1, "storm_p50_ms": storm.0,
                "storm_p99_ms": storm.1, "to_others": to_others}),
        );
    }
    let (tail, idle) = (median(tails), median(idles));
    run.report.timed("G5", engine, "p99 of the sign-in page in a storm, ms", tail, Limit::AtMost(100.0), to_others);
    let what = "p99 of the sign-in page in a storm, to its idle p99";
    run.report.timed("G5", engine, what, tail / idle, Limit::AtMost(10.0), to_others);
}
