//! One function for each figure, G1 to G12. All interleave what they compare, and take the median of the rounds.

use super::client::Client;
use super::hash::{self, AsShipped};
use super::load::{Crowd, middle_and_tail, probed};
use super::machine::{cores, watched};
use super::report::{Limit, Report, measured, median};
use super::seed::Size;
use super::server::{Home, PASSWORD, Server};
use super::signing::{self, Key};
use serde_json::json;
use std::time::{Duration, Instant};
use time::OffsetDateTime;

mod pages;
mod scale;
mod service;
mod signed_reads;

pub type Cell = fn(&mut Run);

pub const CELLS: [(&str, Cell); 12] = [
    ("G1", sign_ins_at_once),
    ("G2", hash_against_the_crate),
    ("G3", one_at_a_time),
    ("G4", all_but_the_hash),
    ("G5", pages::pages),
    ("G6", service::memory),
    ("G7", service::start),
    ("G8", signed_reads::signed_reads),
    ("G9", scale::many_users),
    ("G10", too_many_at_once),
    ("G11", remembered_passwords),
    ("G12", service::two_processes),
];

const CREDENTIALS: &str = "/console/security-credentials";
const CHANGE: &str = "/console/security-credentials/password";

pub struct Run {
    pub postgres: Option<String>,
    pub short: bool,
    /// Of the larger database of G9.
    pub size: Size,
    pub report: Report,
}

impl Run {
    fn home(&self) -> Home {
        Home::new(self.postgres.as_deref())
    }

    fn rounds(&self) -> usize {
        if self.short { 1 } else { 3 }
    }

    fn seconds(&self, seconds: u64) -> Duration {
        if self.short { Duration::from_millis(500) } else { Duration::from_secs(seconds) }
    }

    fn times(&self, times: usize) -> usize {
        if self.short { times.div_ceil(20) } else { times }
    }
}

/// 64 at once against as many hashing threads as the server has: what of the CPU goes into hashes.
fn sign_ins_at_once(run: &mut Run) {
    let home = run.home();
    home.furnish(64);
    let server = home.start();
    let mut crowd = Crowd::gather(&server.host, 64, 64);
    crowd.sign_in_for(Duration::from_millis(500));
    let mut shares = Vec::new();
    for round in 0..run.rounds() {
        let hash = hash::ours(cores(), run.seconds(5));
        let (outcome, seen) = watched(&[server.pid()], || crowd.sign_in_for(run.seconds(8)));
        let each = seen.servers * 1000.0 / outcome.signed_in as f64;
        shares.push(hash / each);
        let rate = outcome.signed_in as f64 / seen.took.as_secs_f64();
        measured(
            "G1",
            home.engine,
            json!({"round": round, "hash_cpu_ms": hash, "sign_in_cpu_ms": each, "signed_in": outcome.signed_in,
                "sent_away": outcome.sent_away, "per_second": rate, "to_others": seen.to_others}),
        );
    }
    let what = "sign-ins of a CPU second at 64 at once, to hashes of one";
    run.report.figure("G1", home.engine, what, median(shares), Limit::AtLeast(0.9));
}

fn hash_against_the_crate(run: &mut Run) {
    let shipped = AsShipped::build();
    let hashes = u32::try_from(run.times(200)).expect("a number");
    let mut to_shipped = Vec::new();
    for round in 0..run.rounds() {
        let (ours, shipped) = (hash::ours(1, run.seconds(3)), shipped.fresh(hashes));
        to_shipped.push(ours / shipped);
        measured("G2", "-", json!({"round": round, "ours_ms": ours, "as_shipped_ms": shipped}));
    }
    let what = "CPU of our hash to that of the crate as it comes, with fresh memory";
    run.report.figure("G2", "-", what, median(to_shipped), Limit::AtMost(0.5));
}

/// Milliseconds of the server's CPU for each of so many.
fn each_cpu(server: &Server, times: usize, mut act: impl FnMut(usize)) -> f64 {
    let ((), seen) = watched(&[server.pid()], || (0..times).for_each(&mut act));
    seen.servers * 1000.0 / times as f64
}

fn signed_in_again(client: &mut Client, user: &str) {
    let visit = client.visit();
    assert_eq!(client.submit_sign_in(user, PASSWORD).status, 303);
    client.come_again(&visit);
}

/// Changes the password of a client who has the form before it; the page that follows has no form.
fn change(client: &mut Client, old: &str, new: &str) {
    client.get(CHANGE);
    let fields = [("username", ""), ("old_password", old), ("new_password", new), ("confirm_password", new)];
    let status = client.post(CHANGE, &fields).status;
    assert_eq!(status, 303, "the change is taken: {}", client.body());
}

fn one_at_a_time(run: &mut Run) {
    let home = run.home();
    home.furnish(2);
    let server = home.start();
    let mut visitor = Client::new(&server.host);
    visitor.open_sign_in();
    let mut owner = Client::signed_in(&server.host, "user-1", PASSWORD);
    let mut passwords = [PASSWORD.to_owned(), "Another-battery-2".to_owned()];
    let (mut sign_ins, mut changes) = (Vec::new(), Vec::new());
    for round in 0..run.rounds() {
        let hash = hash::ours(1, run.seconds(3));
        let sign_in = each_cpu(&server, run.times(200), |_| signed_in_again(&mut visitor, "user-0"));
        let one_change = each_cpu(&server, run.times(100), |_| {
            change(&mut owner, &passwords[0], &passwords[1]);
            passwords.swap(0, 1);
        });
        sign_ins.push(sign_in - (1.1 * hash + 0.5));
        changes.push(one_change - (3.0 * hash + 1.0));
        let seen = json!({"round": round, "hash_cpu_ms": hash, "sign_in_cpu_ms": sign_in, "change_cpu_ms": one_change});
        measured("G3", home.engine, seen);
    }
    let what = "ms of a sign-in above 1.1 hashes and 0.5 ms";
    run.report.figure("G3", home.engine, what, median(sign_ins), Limit::AtMost(0.0));
    let what = "ms of a change of the password, its form too, above 3 hashes and 1 ms";
    run.report.figure("G3", home.engine, what, median(changes), Limit::AtMost(0.0));
}

fn all_but_the_hash(run: &mut Run) {
    let home = run.home();
    home.furnish(2);
    let server = home.start_without_hashing();
    let mut owner = Client::signed_in(&server.host, "user-1", PASSWORD);
    let mut passwords = [PASSWORD.to_owned(), "Another-battery-2".to_owned()];
    let (mut sign_ins, mut changes) = (Vec::new(), Vec::new());
    // The first sign-in of each is the last one at full price, and so are changes while a password of that price is
    // remembered.
    drop(Client::signed_in(&server.host, "user-0", PASSWORD));
    for _ in 0..26 {
        change(&mut owner, &passwords[0], &passwords[1]);
        passwords.swap(0, 1);
    }
    let mut visitor = Client::new(&server.host);
    let nobody = visitor.visit();
    for round in 0..run.rounds() {
        let sign_in = each_cpu(&server, run.times(1000), |_| {
            visitor.come_again(&nobody);
            visitor.open_sign_in();
            let answer = visitor.submit_sign_in("user-0", PASSWORD);
            assert_eq!(visitor.follow(answer).status, 200, "the console");
        });
        let one_change = each_cpu(&server, run.times(1000), |_| {
            change(&mut owner, &passwords[0], &passwords[1]);
            assert_eq!(owner.get(CREDENTIALS).status, 200);
            passwords.swap(0, 1);
        });
        sign_ins.push(sign_in);
        changes.push(one_change);
        measured("G4", home.engine, json!({"round": round, "sign_in_ms": sign_in, "change_ms": one_change}));
    }
    let what = "ms of CPU for page, sign-in and console without the hash";
    run.report.figure("G4", home.engine, what, median(sign_ins), Limit::AtMost(0.5));
    let what = "ms of CPU for form, change and page without the hashes";
    run.report.figure("G4", home.engine, what, median(changes), Limit::AtMost(1.0));
}

fn too_many_at_once(run: &mut Run) {
    let home = run.home();
    home.furnish(64);
    let server = home.start();
    let (mut some, mut many) = (Crowd::gather(&server.host, 64, 64), Crowd::gather(&server.host, 512, 64));
    let (mut ratios, mut to_others) = (Vec::new(), 0.0_f64);
    for round in 0..run.rounds() {
        let (few, first) = watched(&[server.pid()], || some.sign_in_for(run.seconds(6)));
        let (lot, second) = watched(&[server.pid()], || many.sign_in_for(run.seconds(6)));
        let good = |signed_in: u64, took: Duration| signed_in as f64 / took.as_secs_f64();
        ratios.push(good(lot.signed_in, second.took) / good(few.signed_in, first.took));
        to_others = to_others.max(first.to_others).max(second.to_others);
        measured(
            "G10",
            home.engine,
            json!({"round": round, "at_64": good(few.signed_in, first.took), "at_512": good(lot.signed_in, second.took),
                "sent_away_at_64": few.sent_away, "sent_away_at_512": lot.sent_away, "to_others": to_others}),
        );
    }
    let what = "sign-ins of a second at 512 at once, to those at 64";
    run.report.timed("G10", home.engine, what, median(ratios), Limit::AtLeast(0.9), to_others);
}

fn remembered_passwords(run: &mut Run) {
    let homes = [run.home(), run.home()];
    let mut at_work = Vec::new();
    for (home, remembered) in homes.iter().zip([1_usize, 24]) {
        home.furnish(2);
        home.reuse_prevention(Some(&remembered.to_string()));
        let server = home.start();
        let mut owner = Client::signed_in(&server.host, "user-1", PASSWORD);
        let mut last = PASSWORD.to_owned();
        // Until as many are remembered as can be.
        for number in 0..run.times(24) {
            let next = format!("Before-battery-{number}");
            change(&mut owner, &last, &next);
            last = next;
        }
        at_work.push((server, owner, last));
    }
    let mut ratios = Vec::new();
    for round in 0..run.rounds() {
        let costs: Vec<f64> = at_work
            .iter_mut()
            .map(|(server, owner, last)| {
                each_cpu(server, run.times(60), |number| {
                    let next = format!("Battery-{round}-{number}");
                    change(owner, last, &next);
                    *last = next;
                })
            })
            .collect();
        ratios.push(costs[1] / costs[0]);
        measured("G11", homes[0].engine, json!({"round": round, "one_ms": costs[0], "of_24_ms": costs[1]}));
    }
    let what = "CPU of a change where 24 are remembered, to one where one is";
    run.report.figure("G11", homes[0].engine, what, median(ratios), Limit::AtMost(1.05));
}
